//! What figures are asked for.

use crate::indicators::catalogue::{Band, Indicator, Kind, Unit};
use crate::model::Cell;

/// Which figures.
#[derive(Debug, Clone, Default)]
pub struct Ask<'a> {
    /// Codes of the indicators.
    pub indicators: &'a [&'a str],
    /// By what they are told apart; added up over everything else.
    pub by: &'a [Dimension],
    /// Only these facts.
    pub filter: Filter,
}

/// What figures can be told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The indicator's own kind.
    Kind,
    /// The band of what was measured.
    Band,
    /// To whom it is put down.
    Agency,
    /// The unit of that agency.
    Unit,
    /// Where the child is.
    Governorate,
    /// In which month; what is counted as it stands has the month 0.
    Month,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Kind, Self::Band, Self::Agency, Self::Unit, Self::Governorate, Self::Month];

    /// Its word, also its column's name.
    pub fn column(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Band => "band",
            Self::Agency => "agency",
            Self::Unit => "unit",
            Self::Governorate => "governorate",
            Self::Month => "month",
        }
    }

    /// Those that figures of an indicator can be told apart by.
    pub fn of(indicator: &Indicator) -> impl Iterator<Item = Self> {
        let (kind, band, stock) =
            (indicator.kind != Kind::None, indicator.band != Band::None, indicator.stock);
        let placed = !matches!(indicator.unit(), Unit::Access | Unit::Entry);
        Self::ALL.into_iter().filter(move |dimension| match dimension {
            Self::Kind => kind,
            Self::Band => band,
            Self::Agency | Self::Unit => true,
            Self::Governorate => placed,
            Self::Month => !stock,
        })
    }

    /// The dimension of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.column() == word)
    }
}

/// Only the facts that have these values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// The kind.
    pub kind: Option<String>,
    /// The band.
    pub band: Option<String>,
    /// The agency.
    pub agency: Option<String>,
    /// The unit.
    pub unit: Option<String>,
    /// The governorate.
    pub governorate: Option<String>,
    /// From this month on (`202611`); what is counted as it stands has none and stays.
    pub from: Option<i64>,
    /// Up to this month, included.
    pub to: Option<i64>,
}

impl Filter {
    /// ` AND …` for each value, with its parameter.
    pub(super) fn condition(&self, parameters: &mut Vec<Cell>) -> String {
        let mut condition = String::new();
        let mut and = |sql: &str, value: Cell| {
            parameters.push(value);
            condition.push_str(" AND ");
            condition.push_str(&sql.replace('?', &format!("${}", parameters.len())));
        };
        let texts = [
            ("kind = ?", &self.kind),
            ("band = ?", &self.band),
            ("agency = ?", &self.agency),
            ("unit = ?", &self.unit),
            ("governorate = ?", &self.governorate),
        ];
        for (sql, value) in texts {
            if let Some(value) = value {
                and(sql, value.as_str().into());
            }
        }
        for (sql, month) in [("(month = 0 OR month >= ?)", self.from), ("(month = 0 OR month <= ?)", self.to)]
        {
            if let Some(month) = month {
                and(sql, Cell::Integer(month));
            }
        }
        condition
    }
}
