//! What the query of a request asks of an indicator.

use sijill_projections::figure::{Dimension, Filter};
use sijill_projections::indicators::catalogue::Indicator;

use crate::call::view::asked::{At, encoded};
use crate::error::WebError;
use crate::extract::decimal;

/// Events in a page if not asked otherwise.
const PAGE: u64 = 100;
/// Most events in a page.
pub(super) const MOST: u64 = 1_000;

/// What a figure is told apart by if nothing is said.
const BY: [Dimension; 1] = [Dimension::Kind];

/// What is asked of an indicator.
pub(super) struct Asked {
    /// By what figures are told apart; of events, nothing.
    pub(super) by: Vec<Dimension>,
    pub(super) filter: Filter,
    /// As of when, if it was said.
    pub(super) at: Option<At>,
    /// `csv` or `json`, if it was said.
    pub(super) csv: Option<bool>,
    /// Behind so many events.
    pub(super) skip: u64,
    /// At most so many events.
    pub(super) limit: u64,
    /// The parameters that a next page has too.
    kept: Vec<(String, String)>,
}

/// Which call it is: figures are told apart, events come in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Figures,
    Events,
}

impl Asked {
    /// Reads the parameters: what the call knows by name, and the indicator's dimensions.
    pub(super) fn read(of: &Indicator, call: Call, pairs: &[(String, String)]) -> Result<Self, WebError> {
        let (mut by, mut at, mut format, mut skip, mut limit) = (None, None, None, None, None);
        let (mut from, mut to) = (None, None);
        let mut filters: Vec<(Dimension, &str)> = Vec::new();
        for (name, value) in pairs {
            let known = match (name.as_str(), call) {
                ("by", Call::Figures) => &mut by,
                ("skip", Call::Events) => &mut skip,
                ("limit", Call::Events) => &mut limit,
                ("at", _) => &mut at,
                ("format", _) => &mut format,
                ("from", _) if !of.stock => &mut from,
                ("to", _) if !of.stock => &mut to,
                (name, _) => {
                    let dimension = dimension(of, name)?;
                    if filters.iter().any(|(other, _)| *other == dimension) {
                        return Err(twice());
                    }
                    if value.chars().any(char::is_control) {
                        return Err(WebError::Query("a value is a text without control characters".into()));
                    }
                    filters.push((dimension, value));
                    continue;
                }
            };
            if known.replace(value.as_str()).is_some() {
                return Err(twice());
            }
        }
        let mut filter = Filter { from: month(from)?, to: month(to)?, ..Filter::default() };
        for (dimension, value) in filters {
            set(&mut filter, dimension, value)?;
        }
        Ok(Self {
            by: by.map_or_else(|| Ok(usual(of)), |by| dimensions(of, by))?,
            filter,
            at: at.map(At::read).transpose()?,
            csv: format.map(is_csv).transpose()?,
            skip: skip.map_or(Ok(0), |text| number(text, "`skip` is a number of events"))?,
            limit: limit.map_or(Ok(PAGE), |text| {
                number(text, "`limit` is 1 to 1000").and_then(|limit| {
                    let within = (1..=MOST).contains(&limit);
                    if within { Ok(limit) } else { Err(WebError::Query("`limit` is 1 to 1000".into())) }
                })
            })?,
            kept: pairs
                .iter()
                .filter(|(name, _)| !["at", "skip"].contains(&name.as_str()))
                .cloned()
                .collect(),
        })
    }

    /// Where the page after this one is had: of the same size, whatever is appended meanwhile.
    pub(super) fn next(&self, of: &Indicator, size: u64) -> String {
        let kept = self.kept.iter().map(|(name, value)| format!("{}={}&", encoded(name), encoded(value)));
        let skip = self.skip.saturating_add(self.limit);
        format!("/v1/figures/{}/events?{}at={size}&skip={skip}", of.code, kept.collect::<String>())
    }
}

fn usual(of: &Indicator) -> Vec<Dimension> {
    let its = |dimension: &Dimension| Dimension::of(of).any(|other| other == *dimension);
    BY.into_iter().filter(its).collect()
}

fn dimensions(of: &Indicator, text: &str) -> Result<Vec<Dimension>, WebError> {
    let mut by = Vec::new();
    for word in text.split(',').filter(|word| !word.is_empty()) {
        let dimension = dimension(of, word)?;
        if by.contains(&dimension) {
            return Err(twice());
        }
        by.push(dimension);
    }
    Ok(by)
}

fn dimension(of: &Indicator, word: &str) -> Result<Dimension, WebError> {
    let its = |dimension: &Dimension| Dimension::of(of).any(|other| other == *dimension);
    Dimension::parse(word).filter(its).ok_or_else(|| {
        WebError::Query("a parameter names nothing this indicator is told apart by; see `/v1/figures`".into())
    })
}

fn set(filter: &mut Filter, dimension: Dimension, value: &str) -> Result<(), WebError> {
    let own = Some(value.to_owned());
    match dimension {
        Dimension::Kind => filter.kind = own,
        Dimension::Band => filter.band = own,
        Dimension::Agency => filter.agency = own,
        Dimension::Unit => filter.unit = own,
        Dimension::Governorate => filter.governorate = own,
        Dimension::Month if filter.from.is_some() || filter.to.is_some() => {
            return Err(WebError::Query("`month` is `from` and `to` at once: leave them out".into()));
        }
        Dimension::Month => {
            let month = month(Some(value))?;
            (filter.from, filter.to) = (month, month);
        }
    }
    Ok(())
}

fn month(text: Option<&str>) -> Result<Option<i64>, WebError> {
    let read = |text: &str| {
        let month = i64::try_from(decimal(text)?).ok()?;
        ((1..=12).contains(&(month % 100)) && (190_000..1_000_000).contains(&month)).then_some(month)
    };
    let month =
        text.map(|text| read(text).ok_or_else(|| WebError::Query("a month is written `202611`".into())));
    month.transpose()
}

fn is_csv(text: &str) -> Result<bool, WebError> {
    match text {
        "csv" => Ok(true),
        "json" => Ok(false),
        _ => Err(WebError::Query("`format` is `json` or `csv`".into())),
    }
}

fn number(text: &str, what: &str) -> Result<u64, WebError> {
    let number = decimal(text).filter(|number| i64::try_from(*number).is_ok());
    number.ok_or_else(|| WebError::Query(what.into()))
}

fn twice() -> WebError {
    WebError::Query("a parameter is there twice".into())
}
