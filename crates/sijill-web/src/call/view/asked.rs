//! What the query of a request asks of a view.

use sijill_event::Timestamp;
use sijill_projections::query::{Ask, MOST, Place, View};

use crate::app::App;
use crate::error::WebError;
use crate::extract::decimal;

/// Rows in a page if not asked otherwise.
const PAGE: u32 = 100;

/// A question to a view.
pub(super) struct Asked {
    pub(super) ask: Ask,
    /// As of when, if it was said.
    pub(super) at: Option<At>,
    /// After which row.
    pub(super) after: Option<Place>,
    /// The page's length, if it was said.
    pub(super) limit: Option<u32>,
    /// `csv` or `json`, if it was said.
    pub(super) csv: Option<bool>,
    /// The parameters that a next page has too.
    kept: Vec<(String, String)>,
}

/// As of when.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    Size(u64),
    /// Unix milliseconds.
    Time(u64),
}

impl Asked {
    /// Reads the parameters: what this call knows by name, and filters by columns.
    pub(super) fn read(view: &View, pairs: &[(String, String)]) -> Result<Self, WebError> {
        let (mut sort, mut limit, mut cursor, mut at, mut format) = (None, None, None, None, None);
        let mut filters = Vec::new();
        for (name, value) in pairs {
            let known = match name.as_str() {
                "sort" => &mut sort,
                "limit" => &mut limit,
                "cursor" => &mut cursor,
                "at" => &mut at,
                "format" => &mut format,
                _ => {
                    filters.push((name.as_str(), value.as_str()));
                    continue;
                }
            };
            if known.replace(value.as_str()).is_some() {
                return Err(WebError::Query("a parameter is there twice".into()));
            }
        }
        let limit = limit.map(|text| {
            let number = decimal(text).and_then(|number| u32::try_from(number).ok());
            number.ok_or_else(|| WebError::Query(format!("`limit` is 1 to {MOST}")))
        });
        let limit: Option<u32> = limit.transpose()?;
        let ask = Ask::read(view, filters, sort, limit.unwrap_or(PAGE))?;
        let after = cursor.map(|text| Place::read(text, view, &ask)).transpose()?;
        if after.is_some() && at.is_some() {
            return Err(WebError::Query("`cursor` says already as of when: leave `at` out".into()));
        }
        let csv = match format {
            None => None,
            Some("csv") => Some(true),
            Some("json") => Some(false),
            Some(_) => return Err(WebError::Query("`format` is `json` or `csv`".into())),
        };
        let at = at.map(At::read).transpose()?;
        let kept =
            pairs.iter().filter(|(name, _)| !["at", "cursor"].contains(&name.as_str())).cloned().collect();
        Ok(Self { ask, at, after, limit, csv, kept })
    }

    /// The size that is asked for, of a view that has come to `position`.
    pub(super) async fn size(&self, app: &App, position: u64) -> Result<u64, WebError> {
        let at = self.after.as_ref().map(|after| At::Size(after.size)).or(self.at);
        At::size(at, app, position).await
    }

    /// Where the page after a cursor is had.
    pub(super) fn next(&self, view: &View, cursor: &str) -> String {
        let kept = self.kept.iter().map(|(name, value)| format!("{}={}&", encoded(name), encoded(value)));
        format!("/v1/views/{}?{}cursor={cursor}", view.name, kept.collect::<String>())
    }
}

impl At {
    /// The size that is asked for, of what has come to `position`; the latest for `None`.
    pub(crate) async fn size(at: Option<Self>, app: &App, position: u64) -> Result<u64, WebError> {
        let published = app.ledger.published().checkpoint.size;
        let size = match at {
            Some(Self::Size(size)) => size,
            Some(Self::Time(time)) => app.ledger.size_at(time).await?,
            None => position.min(published),
        };
        match size {
            size if size > published => Err(WebError::NotPublished { size: published }),
            size if size > position => Err(WebError::ViewBehind { position }),
            size => Ok(size),
        }
    }

    pub(crate) fn read(text: &str) -> Result<Self, WebError> {
        let time = || u64::try_from(Timestamp::parse(text)?.unix_ms()).ok();
        decimal(text).map(Self::Size).or_else(|| time().map(Self::Time)).ok_or_else(|| {
            WebError::Query("`at` is a size of the log, or a time as RFC 3339 has it with an offset".into())
        })
    }
}

/// As it stands in a query (RFC 3986: all but the unreserved characters by their bytes).
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
