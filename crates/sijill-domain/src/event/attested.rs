//! What the ledger says of its own figures on stream `log` (`docs/casework.md` §1).

use sijill_event::{Digest, Json, Timestamp};

use super::field::{Field, data, object};
use crate::UnitId;

object! {
    /// A read model as it was at that size.
    AttestedModel {
        /// Its name.
        name: UnitId,
        /// Its version.
        version: u64,
        /// The root over its rows (`projections/README.md`).
        root: Digest,
        /// How many cases and contacts have values that were gone by then, and are in no root; absent for none.
        gaps: Option<u64>,
    }
}

data! {
    /// What the read models said when the log had `size` entries.
    ProjectionAttested = "projection.attested" {
        /// How many entries.
        size: u64,
        /// The models, each once.
        models: Vec<AttestedModel>,
        /// The 256 roots under that of `indicators`: what an erasure leaves unchecked is then little.
        buckets: Vec<Digest>,
    }
}

impl ProjectionAttested {
    /// How many buckets there are.
    pub const BUCKETS: usize = 256;
}

/// A value that something is told apart by: 1 to 200 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellValue(String);

impl CellValue {
    /// What is not stated.
    pub const UNSTATED: &'static str = "-";

    /// Reads it; `None` if it is too long. Nothing at all is [`CellValue::UNSTATED`].
    pub fn of(text: &str) -> Option<Self> {
        let text = if text.is_empty() { Self::UNSTATED } else { text };
        (text.chars().count() <= 200).then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Field for CellValue {
    fn read(json: Option<&Json>) -> Option<Self> {
        json?.as_str().filter(|text| !text.is_empty()).and_then(Self::of)
    }

    fn write(&self) -> Option<Json> {
        Some(self.0.as_str().into())
    }
}

object! {
    /// How many, of one value of a dimension.
    PublishedCell {
        /// The value: a code, an agency, a band; `-` for what is not stated.
        value: CellValue,
        /// How many; absent if it is not shown.
        n: Option<u64>,
    }
}

object! {
    /// A figure by one dimension.
    PublishedTable {
        /// Which dimension.
        by: UnitId,
        /// The values that there are any of, ascending; absent if none of them is shown.
        cells: Option<Vec<PublishedCell>>,
    }
}

object! {
    /// How many in the month.
    PublishedFigure {
        /// What was counted.
        indicator: UnitId,
        /// How many; absent if it is not shown.
        total: Option<u64>,
        /// The same by dimensions; none if the total is not shown.
        tables: Vec<PublishedTable>,
    }
}

object! {
    /// How many there were when it was computed, roughly.
    PublishedStock {
        /// What was counted.
        indicator: UnitId,
        /// At least so many, and fewer than five more; absent for fewer than five.
        least: Option<u64>,
    }
}

data! {
    /// The figures of one month, as everybody may know them for ever (`docs/adr/0019-published-figures.md`).
    FiguresPublished = "figures.published" {
        /// The month in Oman: `202611`.
        month: u64,
        /// They are what the log's first so many entries say.
        size: u64,
        /// Which rule decided what is shown.
        version: u64,
        /// What there was any of.
        figures: Vec<PublishedFigure>,
        /// How many there were of what is counted as it stands, as far as that is shown.
        stocks: Vec<PublishedStock>,
    }
}

impl FiguresPublished {
    /// The first moment after the month in Oman, Unix milliseconds; `None` if `month` is no month from 1970 to 9998.
    pub fn ends_ms(&self) -> Option<u64> {
        let (year, month) = (self.month / 100, self.month % 100);
        if !(1970..=9998).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        // Oman has one offset all year.
        let next = format!("{:04}-{:02}-01T00:00:00+04:00", year + month / 12, month % 12 + 1);
        u64::try_from(Timestamp::parse(&next)?.unix_ms()).ok()
    }
}
