//! Forecasts and warnings as other programs read them.

use ::csv::{Terminator, Writer, WriterBuilder};
use serde::Serialize;
use sijill_log::Hash;
use sijill_projections::forecast::{
    Count, Forecasts, HISTORY, HORIZON, LIMITS, MEMORY, MODEL, Outlook, Score, Series, UnitForecast, Week,
};
use sijill_projections::warning::{NOTICE, Precision, RULES, Rule, Warning};
use utoipa::ToSchema;

use crate::call::view::harmless;
use crate::hash_text;

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Words {
    ar: String,
    en: String,
}

impl<T: ToString> From<&[T; 2]> for Words {
    fn from([ar, en]: &[T; 2]) -> Self {
        Self { ar: ar.to_string(), en: en.to_string() }
    }
}

/// What is expected of each unit.
#[derive(Debug, Serialize, ToSchema)]
pub struct ForecastAnswer {
    /// The model's name.
    #[schema(example = "unit-flow")]
    model: &'static str,
    /// Its version: another may say other things of the same past.
    version: u32,
    /// It follows from what the log's first so many entries say.
    size: u64,
    /// The log's root at that size, base64url; null where only the read models were asked, of an earlier size.
    #[schema(required = true)]
    root: Option<String>,
    /// The first day of the last week that was over; null if the log tells of no work.
    #[schema(required = true, example = "2026-11-15")]
    through: Option<String>,
    /// Weeks of a past from which a forecast is made.
    history: usize,
    /// What the model cannot know.
    limits: Words,
    forecasts: Vec<Expected>,
}

/// What is expected of one unit's work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Forecast)]
struct Expected {
    /// `cases` (open cases that the unit answers for) or `tasks` (what it owes by a time).
    #[schema(example = "tasks")]
    work: &'static str,
    agency: String,
    unit: String,
    /// How many weeks are known of it.
    weeks_known: usize,
    /// The latest of them, up to 26.
    past: Vec<Past>,
    /// Arrivals, completions, open, overdue; empty if the past is too short.
    series: Vec<ExpectedSeries>,
    /// What the forecast of each week follows from, sentence by sentence; empty if there is none.
    explained: Vec<Vec<Words>>,
}

/// A week that is over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForecastPast)]
struct Past {
    /// Its first day, a Sunday in Muscat.
    #[schema(example = "2026-11-15")]
    week: String,
    arrivals: u64,
    completions: u64,
    /// At its end.
    open: u64,
    /// At its end.
    overdue: u64,
}

/// What is expected of one series.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForecastSeries)]
struct ExpectedSeries {
    #[schema(example = "overdue")]
    series: &'static str,
    /// Whether the model erred less on the past than every naive forecast, at every distance.
    better_than_naive: bool,
    weeks: Vec<ExpectedWeek>,
}

/// What is expected of one week.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForecastWeek)]
struct ExpectedWeek {
    /// Its first day, a Sunday in Muscat.
    #[schema(example = "2026-11-22")]
    week: String,
    /// How many weeks after the last that was over.
    ahead: usize,
    /// In thousandths.
    expected: i64,
    /// Eight of ten past errors lay between this and `high`; null where too few are known.
    #[schema(required = true)]
    low: Option<u64>,
    #[schema(required = true)]
    high: Option<u64>,
    tried: Tried,
}

/// How the model did on the past, so many weeks ahead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForecastTried)]
struct Tried {
    /// How often it was asked.
    n: u64,
    /// Mean absolute error, in thousandths.
    error: i64,
    /// Mean error, in thousandths: above 0 it expected too much.
    bias: i64,
    /// How often what came lay in the range given then.
    within: u64,
    /// Of how often there was a range.
    within_of: u64,
    /// "As in the last week known": its mean absolute error over the same weeks, in thousandths.
    last_week_error: i64,
    /// "As in the same week a year before"; null where there is no such year.
    #[schema(required = true)]
    last_year: Option<LastYear>,
}

/// How a naive forecast did beside the model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForecastLastYear)]
struct LastYear {
    n: u64,
    /// Its mean absolute error, in thousandths.
    error: i64,
    /// The model's over the same weeks.
    model_error: i64,
}

impl ForecastAnswer {
    /// The forecasts of a log with this root.
    pub fn of(forecasts: &Forecasts, root: Option<&Hash>) -> Self {
        Self {
            model: MODEL.0,
            version: MODEL.1,
            size: forecasts.size,
            root: root.map(hash_text),
            through: forecasts.through.map(Week::first_day),
            history: HISTORY,
            limits: Words::from(&LIMITS),
            forecasts: forecasts.units.iter().map(Expected::of).collect(),
        }
    }
}

impl Expected {
    fn of(unit: &UnitForecast) -> Self {
        let UnitForecast { work, agency, unit, outlook } = unit;
        let explained = outlook.forecast.iter().flat_map(|forecast| {
            (1..=HORIZON).map(|ahead| forecast.explained(*work, ahead).iter().map(Words::from).collect())
        });
        Self {
            work: work.as_str(),
            agency: agency.clone(),
            unit: unit.clone(),
            weeks_known: outlook.past.len(),
            past: past(outlook),
            series: work.series().iter().filter_map(|series| ExpectedSeries::of(outlook, *series)).collect(),
            explained: explained.collect(),
        }
    }
}

fn past(outlook: &Outlook) -> Vec<Past> {
    let skipped = outlook.past.len().saturating_sub(MEMORY);
    let week = |(n, count): (usize, &Count)| Past {
        week: outlook.first.after(i64::try_from(n).unwrap_or(i64::MAX)).first_day(),
        arrivals: count.arrivals,
        completions: count.completions,
        open: count.open,
        overdue: count.overdue,
    };
    outlook.past.iter().enumerate().skip(skipped).map(week).collect()
}

impl ExpectedSeries {
    fn of(outlook: &Outlook, series: Series) -> Option<Self> {
        let forecast = outlook.forecast.as_ref()?;
        let week = |ahead: usize| {
            let (expected, range) = forecast.expected(series, ahead);
            ExpectedWeek {
                week: outlook.through().after(i64::try_from(ahead).unwrap_or(i64::MAX)).first_day(),
                ahead,
                expected,
                low: range.map(|(low, _)| low),
                high: range.map(|(_, high)| high),
                tried: Tried::from(forecast.score(series, ahead)),
            }
        };
        let weeks = (1..=HORIZON).map(week).collect();
        Some(Self { series: series.as_str(), better_than_naive: forecast.is_better(series), weeks })
    }
}

impl From<&Score> for Tried {
    fn from(score: &Score) -> Self {
        let last_year = score.last_year.map(|naive| LastYear {
            n: naive.n,
            error: naive.error,
            model_error: naive.model,
        });
        Self {
            n: score.n,
            error: score.error,
            bias: score.bias,
            within: score.within.0,
            within_of: score.within.1,
            last_week_error: score.last_week.error,
            last_year,
        }
    }
}

/// Early warnings, and how each rule did.
#[derive(Debug, Serialize, ToSchema)]
pub struct WarningsAnswer {
    /// What the log's first so many entries say.
    size: u64,
    /// The log's root at that size, base64url; null where only the read models were asked, of an earlier size.
    #[schema(required = true)]
    root: Option<String>,
    /// When the last of these entries was sequenced, Unix milliseconds: what is recent is counted from it.
    received: u64,
    /// What a warning is, and is not.
    notice: Words,
    rules: Vec<RuleTold>,
    /// How many warnings there are, on all pages.
    total: usize,
    warnings: Vec<WarningTold>,
    /// Where the next page is had; null if there is nothing more.
    #[schema(required = true)]
    next: Option<String>,
}

/// A rule, and how it did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WarningRule)]
struct RuleTold {
    #[schema(example = "missed-follow-up")]
    id: &'static str,
    version: u32,
    title: Words,
    /// What it looks at.
    definition: Words,
    /// How many of its warnings in this version were reviewed: by the caller's agency, for auditors by all.
    reviewed: u64,
    /// Of these, on how many something was done.
    acted: u64,
    /// For how many nothing had to be done.
    no_action: u64,
    /// How many were wrong.
    wrong: u64,
}

/// An early warning.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Warning)]
struct WarningTold {
    #[schema(example = "missed-follow-up")]
    rule: &'static str,
    version: u32,
    /// The case.
    case: String,
    /// Who answers for it.
    agency: String,
    unit: String,
    /// Who is in charge; null if nobody is.
    #[schema(required = true)]
    officer: Option<String>,
    /// Code of list `risk`.
    risk: String,
    /// When the last of what it rests on was sequenced, Unix milliseconds.
    since: u64,
    /// Why it is given.
    said: Words,
    /// Other cases and contacts that it tells of.
    others: Vec<String>,
    /// The events it rests on.
    rests_on: Vec<GroundTold>,
    /// What became of it; null as long as nobody has reviewed it.
    #[schema(required = true)]
    review: Option<ReviewTold>,
}

/// An event that a warning rests on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WarningGround)]
struct GroundTold {
    #[schema(example = "case/7Q")]
    stream: String,
    /// Its place in the log.
    entry: u64,
    /// Its hash.
    event: String,
    /// When it was sequenced, Unix milliseconds.
    at: u64,
}

/// What somebody made of a warning.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WarningReview)]
struct ReviewTold {
    /// The entry that says so.
    entry: u64,
    /// When it was sequenced, Unix milliseconds.
    at: u64,
    /// `no_action`, `acted` or `wrong`.
    outcome: String,
    reason: String,
    /// What else was looked at; null if nothing was named.
    #[schema(required = true)]
    ground: Option<String>,
    agency: String,
    unit: String,
    officer: String,
}

impl WarningsAnswer {
    /// All warnings of a log of this size, whose last entry was received then, with this root.
    pub fn of(
        warnings: &[Warning],
        precision: &[Precision],
        (size, received): (u64, u64),
        root: Option<&Hash>,
    ) -> Self {
        Self {
            size,
            root: root.map(hash_text),
            received,
            notice: Words::from(&NOTICE),
            rules: RULES.iter().map(|rule| RuleTold::of(rule, precision)).collect(),
            total: warnings.len(),
            warnings: warnings.iter().map(WarningTold::from).collect(),
            next: None,
        }
    }

    /// The warnings are one page of so many.
    pub(super) fn is_page(&mut self, total: usize, next: Option<String>) {
        (self.total, self.next) = (total, next);
    }
}

impl RuleTold {
    fn of(rule: &Rule, precision: &[Precision]) -> Self {
        let own = precision.iter().find(|own| own.rule == rule.id && own.version == u64::from(rule.version));
        let of = |outcome: &str| own.and_then(|own| own.outcomes.get(outcome)).copied().unwrap_or(0);
        Self {
            id: rule.id,
            version: rule.version,
            title: Words::from(&rule.title),
            definition: Words::from(&rule.definition),
            reviewed: own.map_or(0, Precision::reviewed),
            acted: of("acted"),
            no_action: of("no_action"),
            wrong: of("wrong"),
        }
    }
}

impl From<&Warning> for WarningTold {
    fn from(warning: &Warning) -> Self {
        let rests_on = warning.rests_on.iter().map(|sign| GroundTold {
            stream: sign.stream(),
            entry: sign.entry,
            event: sign.event.clone(),
            at: sign.at_ms,
        });
        let review = warning.review.as_ref().map(|review| ReviewTold {
            entry: review.entry,
            at: review.at_ms,
            outcome: review.outcome.clone(),
            reason: review.reason.clone(),
            ground: review.ground.clone(),
            agency: review.agency.clone(),
            unit: review.unit.clone(),
            officer: review.officer.clone(),
        });
        Self {
            rule: warning.rule.id,
            version: warning.rule.version,
            case: warning.case.id.clone(),
            agency: warning.case.agency.clone(),
            unit: warning.case.unit.clone(),
            officer: warning.case.officer.clone(),
            risk: warning.case.risk.clone(),
            since: warning.since_ms(),
            said: Words::from(&warning.said),
            others: warning.others.clone(),
            rests_on: rests_on.collect(),
            review,
        }
    }
}

/// Forecasts as RFC 4180 has a table: a line for each unit, series and week.
///
/// # Errors
/// The table does not fit in memory.
pub fn forecast_table(forecasts: &Forecasts) -> Result<Vec<u8>, ::csv::Error> {
    let mut writer = table();
    writer.write_record([
        "work",
        "agency",
        "unit",
        "series",
        "week",
        "ahead",
        "expected",
        "low",
        "high",
        "tried",
        "error",
        "bias",
        "last_week_error",
        "better_than_naive",
    ])?;
    for unit in forecasts.units.iter().map(Expected::of) {
        for series in &unit.series {
            for week in &series.weeks {
                let end = |end: Option<u64>| end.map_or_else(String::new, |end| end.to_string());
                writer.write_record([
                    unit.work.to_owned(),
                    harmless(&unit.agency),
                    harmless(&unit.unit),
                    series.series.to_owned(),
                    week.week.clone(),
                    week.ahead.to_string(),
                    week.expected.to_string(),
                    end(week.low),
                    end(week.high),
                    week.tried.n.to_string(),
                    week.tried.error.to_string(),
                    week.tried.bias.to_string(),
                    week.tried.last_week_error.to_string(),
                    series.better_than_naive.to_string(),
                ])?;
            }
        }
    }
    finished(writer)
}

/// Warnings as RFC 4180 has a table.
///
/// # Errors
/// The table does not fit in memory.
pub fn warnings_table(warnings: &[Warning]) -> Result<Vec<u8>, ::csv::Error> {
    let mut writer = table();
    writer.write_record([
        "rule", "version", "case", "agency", "unit", "officer", "risk", "since", "said_ar", "said_en",
        "rests_on", "outcome", "reason", "reviewer",
    ])?;
    for warning in warnings {
        let rests_on: Vec<String> =
            warning.rests_on.iter().map(|sign| format!("{}#{}", sign.stream(), sign.entry)).collect();
        let review = warning.review.as_ref();
        let of = |text: Option<&String>| text.map_or_else(String::new, |text| harmless(text));
        writer.write_record([
            warning.rule.id.to_owned(),
            warning.rule.version.to_string(),
            harmless(&warning.case.id),
            harmless(&warning.case.agency),
            harmless(&warning.case.unit),
            of(warning.case.officer.as_ref()),
            harmless(&warning.case.risk),
            warning.since_ms().to_string(),
            harmless(&warning.said[0]),
            harmless(&warning.said[1]),
            rests_on.join(";"),
            of(review.map(|review| &review.outcome)),
            of(review.map(|review| &review.reason)),
            of(review.map(|review| &review.officer)),
        ])?;
    }
    finished(writer)
}

fn table() -> Writer<Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new())
}

fn finished(writer: Writer<Vec<u8>>) -> Result<Vec<u8>, ::csv::Error> {
    writer.into_inner().map_err(|error| error.into_error().into())
}
