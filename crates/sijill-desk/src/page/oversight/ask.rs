//! What a reader asks of the dashboards: whose figures, where, of which months, as known when.

use std::fmt::Write as _;

use maud::{Markup, html};
use serde::Deserialize;
use sijill_ledger::Ledger;
use sijill_projections::figure::{Dimension, Filter};

use super::label::Labels;
use super::scope::Scope;
use crate::chart::Month;
use crate::part::form::{Choice, Field, errors};
use crate::text::texts;
use crate::{DeskError, Text};

texts! {
    NARROW: "اختيار ما يُعرض", "Choose what is shown";
    AGENCY: "الجهة", "Agency";
    ALL_AGENCIES: "كل الجهات", "All agencies";
    GOVERNORATE: "المحافظة", "Governorate";
    ALL_GOVERNORATES: "كل المحافظات", "All governorates";
    FROM: "من شهر", "From month";
    TO: "إلى شهر", "To month";
    MONTH_HINT: "مثل 2026-01", "Like 2026-01";
    AT: "كما كان معروفًا في", "As known on";
    AT_HINT: "يوم، مثل 2026-01-31، أو عدد قيود السجل. يُترك فارغًا لأحدث الأرقام.", "A day, like 2026-01-31, or a number of entries in the log. Leave empty for the latest.";
    SHOW: "عرض", "Show";
    WRONG_MONTH: "اكتب الشهر هكذا: 2026-01", "Write the month like this: 2026-01";
    WRONG_ORDER: "يبدأ المدى بعد نهايته", "It begins after it ends";
    WRONG_AT: "اكتب يومًا، مثل 2026-01-31، أو عدد قيود", "Write a day, like 2026-01-31, or a number of entries";
    AHEAD: "لم يبلغ السجل هذا بعد", "The log has not come so far";
    SINCE: "من {month}", "from {month}";
    UNTIL: "حتى {month}", "until {month}";
    ALL_MONTHS: "كل الشهور", "all months";
}

/// The query of a dashboard's address, as it was written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    agency: String,
    governorate: String,
    from: String,
    to: String,
    at: String,
    /// Which month's published figures, for whoever sees no others.
    pub(super) month: String,
}

/// The same, understood; what could not be is said beside its field.
pub(super) struct Narrowed {
    pub(super) filter: Filter,
    /// Only so many entries of the log.
    pub(super) size: Option<u64>,
    asked: Asked,
    wrong: Vec<(&'static str, Text)>,
}

/// Unix milliseconds of the first moment after a day in Muscat.
fn after_day(text: &str) -> Option<u64> {
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let next = day.succ_opt()?.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis();
    u64::try_from(next).ok()?.checked_sub(4 * 3_600_000)
}

/// `202611` or `2026-11`.
pub(super) fn month(text: &str) -> Option<Month> {
    let (year, month) = text.split_once('-').or_else(|| Some((text.get(..4)?, text.get(4..)?)))?;
    let (year, month): (i32, u8) = (year.parse().ok()?, month.parse().ok()?);
    ((1900..=9999).contains(&year) && (1..=12).contains(&month)).then_some(Month { year, month })
}

/// As the figures have it: `202611`.
pub(super) fn number(month: Month) -> i64 {
    i64::from(month.year) * 100 + i64::from(month.month)
}

impl Narrowed {
    /// Understands what was asked, within what may be.
    pub(super) async fn of(asked: Asked, scope: &Scope, ledger: &Ledger) -> Result<Self, DeskError> {
        let mut asked = Self::latin(asked);
        if scope.own().is_some() {
            asked.agency.clear();
        }
        let mut wrong = Vec::new();
        let mut read = |name, text: &str| {
            let read = month(text);
            if read.is_none() && !text.is_empty() {
                wrong.push((name, WRONG_MONTH));
            }
            read.map(number)
        };
        let (from, to) = (read("from", &asked.from), read("to", &asked.to));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            wrong.push(("to", WRONG_ORDER));
        }
        let published = ledger.published().checkpoint.size;
        let size = if asked.at.is_empty() {
            None
        } else if let Some(after) = after_day(&asked.at) {
            // As far as it was known when the day was over.
            Some(ledger.size_at(after.saturating_sub(1)).await?)
        } else {
            let size = asked.at.parse().ok();
            match size {
                None => wrong.push(("at", WRONG_AT)),
                Some(size) if size > published => wrong.push(("at", AHEAD)),
                Some(_) => {}
            }
            size
        };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let own = scope.own().map(ToString::to_string);
        // Of an agency or place that nobody has heard of, nothing is shown rather than everything.
        let agency = some(&asked.agency);
        let filter = Filter {
            agency: own.or(agency),
            governorate: some(&asked.governorate),
            from,
            to,
            ..Filter::default()
        };
        Ok(Self { filter, size, asked, wrong })
    }

    /// What was written with Arabic digits is meant as well.
    fn latin(asked: Asked) -> Asked {
        let latin = |text: String| {
            let digit = |c: char| {
                u32::from(c)
                    .checked_sub(u32::from('٠'))
                    .filter(|d| *d < 10)
                    .and_then(|d| char::from_digit(d, 10))
            };
            text.trim().chars().map(|c| digit(c).unwrap_or(c)).collect::<String>()
        };
        Asked { from: latin(asked.from), to: latin(asked.to), at: latin(asked.at), ..asked }
    }

    pub(super) fn is_wrong(&self) -> bool {
        !self.wrong.is_empty()
    }

    /// The models have not come to the size asked for.
    pub(super) fn ahead(&mut self) {
        self.wrong.push(("at", AHEAD));
    }

    /// The query again, for the other sections.
    pub(super) fn query(&self) -> String {
        let Asked { agency, governorate, from, to, at, .. } = &self.asked;
        let asked =
            [("agency", agency), ("governorate", governorate), ("from", from), ("to", to), ("at", at)];
        query(&asked.map(|(name, value)| (name, Some(value.as_str()).filter(|value| !value.is_empty()))))
    }

    /// In words, also on paper: "Muscat, from January 2026".
    pub(super) fn say(&self, labels: &Labels<'_>) -> String {
        let view = labels.view;
        let agency = self.filter.agency.as_deref();
        let place = self.filter.governorate.as_deref();
        let month = |text: Text, month: Option<i64>| {
            Some(view.t(text).replace("{month}", &labels.month(&month?.to_string())))
        };
        let months: Vec<_> =
            [month(SINCE, self.filter.from), month(UNTIL, self.filter.to)].into_iter().flatten().collect();
        let months = if months.is_empty() { view.t(ALL_MONTHS).to_owned() } else { months.join(" ") };
        let agency = agency.map_or_else(|| view.t(ALL_AGENCIES).to_owned(), |id| labels.agency(id));
        let place = place
            .map_or_else(|| view.t(ALL_GOVERNORATES).to_owned(), |code| labels.code("governorate", code));
        [agency, place, months].join(" · ")
    }

    /// The form. Folded unless it holds something.
    pub(super) fn form(&self, path: &str, scope: &Scope, labels: &Labels<'_>) -> Markup {
        let view = labels.view;
        let field = |name, label| {
            let wrong = self.wrong.iter().find(|(of, _)| *of == name).map(|(_, text)| *text);
            Field::new(name, label).wrong(wrong).optional()
        };
        let chosen = |value: &str, asked: &str| value == asked;
        let all = |text| Choice { value: "", label: html! { (view.t(text)) }, note: None, chosen: false };
        let mut agencies = vec![all(ALL_AGENCIES)];
        agencies.extend(labels.world.registry().agencies().map(|(id, _)| Choice {
            value: id.as_str(),
            label: html! { (labels.agency(id.as_str())) },
            note: None,
            chosen: chosen(id.as_str(), &self.asked.agency),
        }));
        let mut places = vec![all(ALL_GOVERNORATES)];
        places.extend(labels.book.current("governorate").map(|code| Choice {
            value: code.as_str(),
            label: html! { (labels.code("governorate", code.as_str())) },
            note: None,
            chosen: chosen(code.as_str(), &self.asked.governorate),
        }));
        let fields = [field("from", FROM), field("to", TO), field("at", AT)];
        html! {
            (errors(view, &fields))
            details.more open[self.is_wrong()] {
                summary { (view.t(NARROW)) }
                form.narrow method="get" action=(path) {
                    @if scope.own().is_none() { (field("agency", AGENCY).select(view, &agencies)) }
                    (field("governorate", GOVERNORATE).select(view, &places))
                    (fields[0].hint(MONTH_HINT).line(view, &self.asked.from, "ltr"))
                    (fields[1].hint(MONTH_HINT).line(view, &self.asked.to, "ltr"))
                    (fields[2].hint(AT_HINT).line(view, &self.asked.at, "ltr"))
                    div.row { button.button type="submit" { (view.t(SHOW)) } }
                }
            }
        }
    }
}

/// A query of those values that there are; with its `?`, if there are any. An empty value is one too: of what was not
/// stated.
pub(crate) fn query(values: &[(&str, Option<&str>)]) -> String {
    let mut query = String::new();
    for (name, value) in values.iter().filter_map(|(name, value)| Some((name, (*value)?))) {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(name);
        query.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                query.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(query, "%{byte:02X}");
            }
        }
    }
    query
}

/// A filter with these values of dimensions besides.
pub(super) fn narrower(filter: &Filter, by: &[(Dimension, &str)]) -> Filter {
    let mut filter = filter.clone();
    for (dimension, value) in by {
        let own = Some((*value).to_owned());
        match dimension {
            Dimension::Kind => filter.kind = own,
            Dimension::Band => filter.band = own,
            Dimension::Agency => filter.agency = own,
            Dimension::Unit => filter.unit = own,
            Dimension::Governorate => filter.governorate = own,
            // What is counted as it stands has the month 0.
            Dimension::Month => {
                let month = value.parse().ok().filter(|month| *month > 0);
                (filter.from, filter.to) = (month.or(filter.from), month.or(filter.to));
            }
        }
    }
    filter
}

/// Where the events that a figure counts are listed: of an indicator, at a size of the log.
pub(super) fn events(indicator: &str, filter: &Filter, size: u64) -> String {
    let bound = |month: Option<i64>| month.map(|month| month.to_string());
    let (from, to, size) = (bound(filter.from), bound(filter.to), size.to_string());
    let path = query(&[
        ("indicator", Some(indicator)),
        ("kind", filter.kind.as_deref()),
        ("band", filter.band.as_deref()),
        ("agency", filter.agency.as_deref()),
        ("unit", filter.unit.as_deref()),
        ("governorate", filter.governorate.as_deref()),
        ("from", from.as_deref()),
        ("to", to.as_deref()),
        ("at", Some(&size)),
    ]);
    format!("/desk/oversight/events{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_days_are_read_as_people_and_figures_write_them() {
        for (text, read) in [
            ("2026-01", Some(202_601)),
            ("202611", Some(202_611)),
            ("2026-13", None),
            ("", None),
            ("26-1", None),
            ("2026", None),
            ("٢٠٢٦", None),
        ] {
            assert_eq!(month(text).map(number), read, "{text}");
        }
        // The day is over at midnight in Muscat, 20:00 in UTC.
        assert_eq!(after_day("2026-01-31"), Some(1_769_889_600_000));
        assert_eq!(after_day("1200"), None);
    }

    #[test]
    fn a_link_names_what_its_figure_was_told_apart_by() {
        let filter = Filter { governorate: Some("OM-MA".into()), from: Some(202_601), ..Filter::default() };
        let by = [(Dimension::Kind, "a&b"), (Dimension::Month, "202605"), (Dimension::Unit, "")];
        let link = events("referrals", &narrower(&filter, &by), 7);
        assert_eq!(
            link,
            "/desk/oversight/events?indicator=referrals&kind=a%26b&unit=&governorate=OM-MA&from=202605&to=202605&at=7"
        );
        let stock = events("cases-open", &narrower(&filter, &[(Dimension::Month, "0")]), 7);
        assert!(stock.contains("from=202601") && !stock.contains("to="), "{stock}");
    }
}
