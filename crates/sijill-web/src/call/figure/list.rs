//! `GET /v1/figures`: which indicators there are, and what each counts.

use axum::Json;
use serde::Serialize;
use sijill_projections::figure::Dimension;
use sijill_projections::indicators::MODEL;
use sijill_projections::indicators::catalogue::{
    Band, DURATIONS, INDICATORS, Indicator, Kind, LONGER, MORE_THAN_DOUBLE, RESULTS, SHARES,
};
use utoipa::ToSchema;

use crate::call::case::word::Label;
use crate::refusals::Any;

/// The indicators.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Figures {
    /// Of the functions that count; another version may count otherwise.
    version: u32,
    indicators: Vec<Shape>,
}

/// An indicator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Indicator)]
struct Shape {
    #[schema(example = "timeliness")]
    code: &'static str,
    /// What people call it.
    title: Label,
    /// What it counts, and what it does not.
    definition: Label,
    /// What it counts: `case`, `referral`, `wait`, `deadline`, `contact`, `access` or `entry`.
    #[schema(example = "deadline")]
    unit: &'static str,
    /// The same, as people say it.
    unit_label: Label,
    /// Whether it is counted as it stands; otherwise by the month in which something happened.
    stock: bool,
    /// By what its figures can be told apart and narrowed down: `kind`, `band`, `agency`, `unit`, `governorate`, `month`.
    dimensions: Vec<&'static str>,
    kind: KindShape,
    bands: Vec<BandShape>,
}

/// What the `kind` of an indicator's facts is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndicatorKind)]
struct KindShape {
    /// `none`, `code`, `word`, `agency`, `officer` (a pseudonym), `state` (of a referral), `milestone` or `event` (its type).
    #[serde(rename = "type")]
    #[schema(example = "code")]
    kind: &'static str,
    /// The code list that it is from.
    #[schema(required = true, example = "risk")]
    list: Option<&'static str>,
    /// The words it is one of.
    words: Vec<WordShape>,
}

/// A word and what people say for it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndicatorWord)]
struct WordShape {
    code: &'static str,
    label: Label,
}

/// What the values of an indicator are gathered in; ascending.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndicatorBand)]
struct BandShape {
    #[schema(example = "under_1d")]
    code: &'static str,
    /// A duration below this, milliseconds; null for the last, and for what is none.
    #[schema(required = true)]
    below_ms: Option<i64>,
    /// Up to so many per cent of the time allowed; null for the last, and for what is none.
    #[schema(required = true)]
    within_percent: Option<i64>,
    /// What people say for it, if it is no measure.
    #[schema(required = true)]
    label: Option<Label>,
}

/// List the indicators
#[utoipa::path(get, path = "/v1/figures", tag = "figures",
    responses((status = 200, body = Figures, description = "All indicators with what they count, in both languages"), Any))]
pub(crate) async fn figures() -> Json<Figures> {
    Json(Figures { version: MODEL.version, indicators: INDICATORS.iter().map(Shape::from).collect() })
}

impl From<&Indicator> for Shape {
    fn from(of: &Indicator) -> Self {
        Self {
            code: of.code,
            title: of.title.into(),
            definition: of.definition.into(),
            unit: of.unit().as_str(),
            unit_label: of.unit().label().into(),
            stock: of.stock,
            dimensions: Dimension::of(of).map(Dimension::column).collect(),
            kind: of.kind.into(),
            bands: bands(of.band),
        }
    }
}

impl From<Kind> for KindShape {
    fn from(kind: Kind) -> Self {
        let plain = |kind| Self { kind, list: None, words: Vec::new() };
        match kind {
            Kind::None => plain("none"),
            Kind::Code(list) => Self { list: Some(list), ..plain("code") },
            Kind::Agency => plain("agency"),
            Kind::Officer => plain("officer"),
            Kind::Words(words) => {
                let word =
                    |(code, ar, en): &(&'static str, _, _)| WordShape { code, label: [*ar, *en].into() };
                Self { words: words.iter().map(word).collect(), ..plain("word") }
            }
            Kind::State => plain("state"),
            Kind::Milestone => plain("milestone"),
            Kind::Event => plain("event"),
        }
    }
}

fn bands(band: Band) -> Vec<BandShape> {
    let none = |code| BandShape { code, below_ms: None, within_percent: None, label: None };
    match band {
        Band::None => Vec::new(),
        Band::Duration => {
            let below = |(code, below): &(_, i64)| BandShape { below_ms: Some(*below), ..none(*code) };
            DURATIONS.iter().map(below).chain([none(LONGER)]).collect()
        }
        Band::Share => {
            let within =
                |(code, within): &(_, i64)| BandShape { within_percent: Some(*within), ..none(*code) };
            SHARES.iter().map(within).chain([none(MORE_THAN_DOUBLE)]).collect()
        }
        Band::Result => {
            let said =
                |(code, ar, en): &(_, _, _)| BandShape { label: Some([*ar, *en].into()), ..none(*code) };
            RESULTS.iter().map(said).collect()
        }
    }
}
