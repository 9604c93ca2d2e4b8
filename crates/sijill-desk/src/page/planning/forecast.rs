//! A unit's forecast: charts of what was and what is expected, what it follows from, and how well such forecasts did.

use std::collections::BTreeMap;

use maud::{Markup, html};
use sijill_domain::event::Role;
use sijill_projections::forecast::{
    Forecasts, HISTORY, HORIZON, LIMITS, MEMORY, MODEL, Outlook, Series, UnitForecast, Work,
};
use sijill_projections::query::Sight;

use super::Asked;
use crate::chart::{Ahead, Chart, Known, Weeks};
use crate::desk::Office;
use crate::page::word;
use crate::part::form::{Choice, Field};
use crate::part::state;
use crate::text::texts;
use crate::{Session, Text, View};

texts! {
    TITLE: "ما يُنتظر من العمل", "What work to expect";
    UNIT: "الوحدة", "Unit";
    WORK: "العمل", "Work";
    CASES: "الحالات المفتوحة", "Open cases";
    TASKS: "ما على الوحدة عمله في موعد", "What the unit owes by a time";
    SHOW: "عرض", "Show";
    NO_UNIT: "لا عمل في السجل بعد", "No work in the log yet";
    NO_UNIT_NOTE: "لم يُسجَّل بعد أسبوع كامل من العمل لوحدة يمكنك أن ترى أرقامها.", "Not one whole week of work is on record yet for a unit whose figures you may see.";
    ARRIVALS: "كم يرد في الأسبوع؟", "How much comes in a week?";
    COMPLETIONS: "كم يُنجز في الأسبوع؟", "How much is done in a week?";
    OPEN: "كم يكون مفتوحًا في نهاية الأسبوع؟", "How much is open at the end of the week?";
    OVERDUE: "كم يكون متأخرًا في نهاية الأسبوع؟", "How much is overdue at the end of the week?";
    TOO_SHORT: "لا توقع: الماضي المعروف {known}، ويلزم {needed} على الأقل ليُختبر التوقع عليه. لا يُعرض رقم لا يُعرف خطؤه.", "No forecast: the past that is known is {known}, and {needed} at least are needed to test one on it. No figure is shown whose error is not known.";
    DEFINITIONS: "كيف يُحسب هذا", "How this is counted";
    MODEL_IS: "النموذج {model}، النسخة {version}. أُعدّ من آخر أسبوع انتهى.", "Model {model}, version {version}. Made from the last week that was over.";
    AHEAD: "بعد {weeks}:", "{weeks} ahead:";
    ERRORS: "كم أخطأ هذا التوقع في الماضي؟", "How far were such forecasts out in the past?";
    ERRORS_NOTE: "وُضع النموذج عند نهاية كل أسبوع مضى وسُئل عما بعده. وبجانب متوسط خطئه خطأ من يقول: كالأسبوع الماضي.", "The model was put at the end of each past week and asked about those after it. Beside its mean error stands that of saying: as in the last week.";
    SERIES: "الرقم", "Figure";
    DISTANCE: "البعد", "Ahead";
    MODEL_ERROR: "متوسط خطأ النموذج", "Model's mean error";
    NAIVE_ERROR: "خطأ «كالأسبوع الماضي»", "Error of “as last week”";
    YEAR_ERROR: "خطأ «كالعام الماضي»", "Error of “as last year”";
    WITHIN: "وقع في المدى", "Within the range";
    JUDGED: "الحكم", "Judgement";
    BETTER: "أفضل من التخمين", "Better than naive";
    NO_BETTER: "ليس أفضل من التخمين", "No better than naive";
    ARRIVALS_ROW: "الوارد", "Arrivals";
    COMPLETIONS_ROW: "المنجز", "Completions";
    OPEN_ROW: "المفتوح", "Open";
    OVERDUE_ROW: "المتأخر", "Overdue";
    NO_BETTER_NOTE: "تنبيه: أخطأ هذا التوقع في الماضي بقدر ما يخطئ من يقول إن الحال يبقى كما كان، أو أكثر.", "Take care: in the past this forecast was out by as much as saying that things stay as they were, or by more.";
}

const WEEKS: crate::Count = crate::Count {
    ar: ["لا أسابيع", "أسبوع واحد", "أسبوعان", "{n} أسابيع", "{n} أسبوعًا", "{n} أسبوع"],
    en: ["{n} week", "{n} weeks"],
};

/// The forecast that is asked for, of a unit whose figures the reader may see.
pub(super) fn of(
    office: &Office,
    view: &View,
    session: &Session,
    sight: &Sight,
    (all, known): (&Forecasts, Known),
    asked: &Asked,
) -> Markup {
    let may = |unit: &&UnitForecast| match sight {
        Sight::Of(reader) => reader.audits || reader.agencies.contains(&unit.agency),
        Sight::Everything => true,
    };
    let shown: Vec<&UnitForecast> =
        all.units.iter().filter(may).filter(|unit| !unit.outlook.is_idle()).collect();
    let mut units: BTreeMap<String, Vec<&UnitForecast>> = BTreeMap::new();
    for unit in shown {
        units.entry(format!("{}/{}", unit.agency, unit.unit)).or_default().push(unit);
    }
    let own = format!("{}/{}", session.agency, session.unit);
    let chosen = [&asked.unit, &own].into_iter().find(|unit| units.contains_key(*unit));
    let Some(chosen) = chosen.or_else(|| units.keys().next()).cloned() else {
        return html! { section { h2 { (view.t(TITLE)) } (state::nothing(view, NO_UNIT, NO_UNIT_NOTE, None)) } };
    };
    let works = units.get(&chosen).map_or(&[][..], Vec::as_slice);
    let unit = works.iter().find(|unit| unit.work.as_str() == asked.work).or_else(|| works.last());
    let choice =
        Choosing { office, view, units: units.keys().map(String::as_str).collect(), chosen: &chosen };
    html! {
        section aria-labelledby="forecast" {
            h2 #forecast { (view.t(TITLE)) }
            @if let Some(unit) = unit {
                (choice.form(works, unit.work, session.may(Role::Auditor) || units.len() > 1 || works.len() > 1))
                (charts(view, unit, known))
            }
        }
    }
}

struct Choosing<'a> {
    office: &'a Office,
    view: &'a View,
    units: Vec<&'a str>,
    chosen: &'a str,
}

impl Choosing<'_> {
    fn form(&self, works: &[&UnitForecast], work: Work, several: bool) -> Markup {
        let view = self.view;
        let registry = self.office.desk.ledger.registry();
        let named = |unit: &str| {
            let address = sijill_casework::Address::parse(unit);
            address
                .map_or_else(|| html! { bdi { (unit) } }, |address| word::address(view, &registry, &address))
        };
        if !several {
            return html! { p { (named(self.chosen)) " · " (view.t(name(work))) } };
        }
        let units: Vec<Choice<'_>> = self
            .units
            .iter()
            .map(|unit| Choice { value: unit, label: named(unit), note: None, chosen: *unit == self.chosen })
            .collect();
        let works: Vec<Choice<'_>> = works
            .iter()
            .map(|unit| Choice {
                value: unit.work.as_str(),
                label: html! { (view.t(name(unit.work))) },
                note: None,
                chosen: unit.work == work,
            })
            .collect();
        html! {
            form.narrow method="get" action="/desk/planning" {
                (Field::new("unit", UNIT).select(view, &units))
                (Field::new("work", WORK).select(view, &works))
                div.row { button.button type="submit" { (view.t(SHOW)) } }
            }
        }
    }
}

fn name(work: Work) -> Text {
    match work {
        Work::Cases => CASES,
        Work::Tasks => TASKS,
    }
}

fn charts(view: &View, unit: &UnitForecast, known: Known) -> Markup {
    let outlook = &unit.outlook;
    let version = MODEL.1.to_string();
    let definition = html! {
        p { (MODEL_IS.fill(view.lang, &[("model", &html! { bdi { (MODEL.0) } }), ("version", &view.figures(&version))])) }
        @if let Some(forecast) = &outlook.forecast {
            @for ahead in [1, HORIZON] {
                p { (AHEAD.fill(view.lang, &[("weeks", &view.count(WEEKS, ahead as u64))])) }
                ul { @for said in forecast.explained(unit.work, ahead) { li { (view.figures(if view.lang == crate::Lang::Ar { &said[0] } else { &said[1] })) } } }
            }
        }
        p { (view.t(Text { ar: LIMITS[0], en: LIMITS[1] })) }
    };
    html! {
        @if outlook.forecast.is_none() {
            (state::notice(state::Tone::Warn, &html! { p {
                (TOO_SHORT.fill(view.lang, &[("known", &view.count(WEEKS, outlook.past.len() as u64)), ("needed", &view.count(WEEKS, HISTORY as u64))]))
            } }))
        }
        @for series in unit.work.series() {
            @let better = outlook.forecast.as_ref().is_none_or(|forecast| forecast.is_better(*series));
            (weeks(outlook, *series).draw(&Chart {
                view,
                id: series.as_str(),
                title: view.t(question(*series)).to_owned(),
                definition: html! { @if !better { p { (view.t(NO_BETTER_NOTE)) } } (definition) },
                events: None,
                known,
            }))
        }
        @if outlook.forecast.is_some() { (errors(view, unit)) }
    }
}

fn question(series: Series) -> Text {
    match series {
        Series::Arrivals => ARRIVALS,
        Series::Completions => COMPLETIONS,
        Series::Open => OPEN,
        Series::Overdue => OVERDUE,
    }
}

fn weeks(outlook: &Outlook, series: Series) -> Weeks {
    let begins = |week: sijill_projections::forecast::Week| u64::try_from(week.begins_ms()).unwrap_or(0);
    let after = |n: usize| outlook.first.after(i64::try_from(n).unwrap_or(i64::MAX));
    let skipped = outlook.past.len().saturating_sub(MEMORY);
    let past = outlook.past.iter().enumerate().skip(skipped);
    let past = past.map(|(n, count)| (begins(after(n)), series.of(count))).collect();
    let ahead = outlook.forecast.iter().flat_map(|forecast| {
        (1..=HORIZON).map(|ahead| {
            let (expected, range) = forecast.expected(series, ahead);
            Ahead { begins: begins(after(outlook.past.len() - 1 + ahead)), expected: whole(expected), range }
        })
    });
    Weeks { past, ahead: ahead.collect() }
}

/// Thousandths that are not negative as the nearest whole number.
fn whole(milli: i64) -> u64 {
    u64::try_from(milli.max(0).saturating_add(500) / 1_000).unwrap_or(0)
}

fn errors(view: &View, unit: &UnitForecast) -> Markup {
    let Some(forecast) = &unit.outlook.forecast else { return html! {} };
    let head = [SERIES, DISTANCE, MODEL_ERROR, NAIVE_ERROR, YEAR_ERROR, WITHIN, JUDGED];
    let rows = unit.work.series().iter().flat_map(|series| [1, HORIZON].map(|ahead| (*series, ahead)));
    html! {
        h3 #errors { (view.t(ERRORS)) }
        p { (view.t(ERRORS_NOTE)) }
        div.table-wrap tabindex="0" role="group" aria-label=(view.t(ERRORS)) {
            table.figures {
                caption.visually-hidden { (view.t(ERRORS)) }
                thead { tr { @for name in head { th scope="col" { (view.t(name)) } } } }
                tbody {
                    @for (series, ahead) in rows {
                        @let score = forecast.score(series, ahead);
                        tr {
                            th scope="row" { (view.t(row(series))) }
                            td { (view.count(WEEKS, ahead as u64)) }
                            td { (tenths(view, score.error)) }
                            td { (tenths(view, score.last_week.error)) }
                            td { (score.last_year.map_or_else(String::new, |naive| tenths(view, naive.error))) }
                            td { @if score.within.1 > 0 { (view.share(score.within.0, score.within.1)) } }
                            td { (view.t(if score.is_better() { BETTER } else { NO_BETTER })) }
                        }
                    }
                }
            }
        }
    }
}

fn row(series: Series) -> Text {
    match series {
        Series::Arrivals => ARRIVALS_ROW,
        Series::Completions => COMPLETIONS_ROW,
        Series::Open => OPEN_ROW,
        Series::Overdue => OVERDUE_ROW,
    }
}

/// Thousandths to one place, in the digits of the page.
fn tenths(view: &View, milli: i64) -> String {
    let tenths = milli.max(0).saturating_add(50) / 100;
    view.figures(&format!("{}.{}", tenths / 10, tenths % 10)).into_owned()
}
