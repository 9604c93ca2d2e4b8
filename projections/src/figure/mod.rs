//! Figures: what indicators count, added up by whatever is asked, and the facts behind each.
//!
//! A figure names the size of the log it was computed at. By the latest entry it comes from the table of counts; as known on an
//! earlier size from the facts that counted then (`span.rs`), and is what it was then.

mod ask;
mod scope;

pub use ask::{Ask, Dimension, Filter};
pub use scope::Scope;

use crate::engine::{Base, named};
use crate::error::ProjectionError;
use crate::indicators::{self, catalogue};
use crate::model::{Cell, Counts};

/// Figures at one size of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// How many entries the log had.
    pub size: u64,
    /// The figures, ascending by indicator and by what was asked for, in its order.
    pub figures: Vec<Figure>,
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Which indicator.
    pub indicator: &'static str,
    /// By which values: one for each dimension asked for, in that order; a month is `202611`, `0` for what is counted as it stands.
    pub by: Vec<String>,
    /// How many facts.
    pub n: u64,
    /// The sum of what was measured of them, milliseconds where it is a duration.
    pub total: i64,
}

/// What a figure counts, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedFact {
    /// The case or contact.
    pub subject: String,
    /// The entry that made it count.
    pub entry: u64,
    /// When that was sequenced, Unix milliseconds.
    pub at_ms: u64,
    /// The entry that a time is measured from, or the one that began it.
    pub begun: Option<u64>,
    /// Its code, band and to whom it is put down.
    pub kind: String,
    /// In which band the value lies.
    pub band: String,
    /// The agency.
    pub agency: String,
    /// The unit.
    pub unit: String,
    /// The governorate.
    pub governorate: String,
    /// The month, `202611`; 0 for what is counted as it stands.
    pub month: i64,
    /// What was measured.
    pub value: i64,
}

/// Reads figures.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Where the read models lie.
    pub base: &'a dyn Base,
}

/// The live generation: its number and how many entries it has taken in.
struct Live {
    number: u64,
    position: u64,
}

impl Reader<'_> {
    /// The figures asked for, as known when the log had `size` entries; by the latest entry taken in for `None`.
    ///
    /// # Errors
    /// [`ProjectionError::NotBuilt`] while the indicators are being built; [`ProjectionError::Ahead`] for a size that they have not
    /// reached; [`ProjectionError::Unknown`] for an indicator that does not exist.
    pub async fn figures(&self, ask: &Ask<'_>, size: Option<u64>) -> Result<Figures, ProjectionError> {
        let codes = codes(ask.indicators)?;
        let live = self.live(size).await?;
        let by: Vec<&str> = ask.by.iter().map(|by| by.column()).collect();
        let by = if by.is_empty() { String::new() } else { format!(", {}", by.join(", ")) };
        let mut parameters: Vec<Cell> = Vec::new();
        let list: Vec<String> = codes.iter().map(|code| placed(&mut parameters, (*code).into())).collect();
        let filter = ask.filter.condition(&mut parameters);
        let now = size.is_none_or(|size| size == live.position);
        let (from, count, when) = if now {
            (named(counts()?.name, live.number), "sum(n)", "n <> 0".to_owned())
        } else {
            let size = size.unwrap_or(live.position);
            let at = placed(&mut parameters, size.into());
            (named(FACTS, live.number), "count(*)", format!("since < {at} AND until >= {at}"))
        };
        let value = if now { "total" } else { "value" };
        // Position and counts in one statement: both of the same moment.
        let sql = format!(
            "SELECT (SELECT position FROM projection WHERE model = '{}' AND number = {}) AS size, indicator{by}, \
             CAST({count} AS BIGINT) AS n, CAST(sum({value}) AS BIGINT) AS total \
             FROM {from} WHERE indicator IN ({}) AND {when}{filter} GROUP BY indicator{by} ORDER BY indicator{by}",
            indicators::MODEL.name,
            live.number,
            list.join(", ")
        );
        let rows = self.base.query(&sql, &parameters).await?;
        let known =
            rows.first().and_then(|row| row.first()).map_or(live.position, |cell| whole(cell.integer()));
        let size = if now { size.unwrap_or(known) } else { size.unwrap_or(live.position) };
        if now && known != size && !rows.is_empty() {
            // More was taken in between the two questions: the size asked for is a past one by now.
            return Box::pin(self.figures(ask, Some(size))).await;
        }
        Ok(Figures { size, figures: rows.iter().filter_map(|row| figure(row)).collect() })
    }

    /// The facts that one figure counts, ascending by entry: at most `limit`, behind the first `skip`.
    ///
    /// # Errors
    /// As [`Reader::figures`].
    pub async fn facts(
        &self,
        indicator: &str,
        filter: &Filter,
        size: Option<u64>,
        (skip, limit): (u64, u64),
    ) -> Result<(u64, Vec<CountedFact>), ProjectionError> {
        let codes = codes(&[indicator])?;
        let live = self.live(size).await?;
        let size = size.unwrap_or(live.position);
        let mut parameters: Vec<Cell> = vec![codes.first().copied().unwrap_or_default().into(), size.into()];
        let filter = filter.condition(&mut parameters);
        let (limit, skip) = (placed(&mut parameters, limit.into()), placed(&mut parameters, skip.into()));
        let sql = format!(
            "SELECT subject, since, since_ms, begun, kind, band, agency, unit, governorate, month, value FROM {} \
             WHERE indicator = $1 AND since < $2 AND until >= $2{filter} \
             ORDER BY since, subject, kind, band, agency, unit, begun LIMIT {limit} OFFSET {skip}",
            named(FACTS, live.number)
        );
        let rows = self.base.query(&sql, &parameters).await?;
        Ok((size, rows.iter().filter_map(|row| fact(row)).collect()))
    }

    /// How many entries the indicators have taken in.
    ///
    /// # Errors
    /// [`ProjectionError::NotBuilt`] while they are being built.
    pub async fn position(&self) -> Result<u64, ProjectionError> {
        Ok(self.live(None).await?.position)
    }

    async fn live(&self, size: Option<u64>) -> Result<Live, ProjectionError> {
        let sql = "SELECT number, position FROM projection WHERE model = $1 AND live = 1 AND version = $2";
        let version = u64::from(indicators::MODEL.version);
        let rows = self.base.query(sql, &[indicators::MODEL.name.into(), version.into()]).await?;
        let Some([number, position]) = rows.first().map(Vec::as_slice) else {
            return Err(ProjectionError::NotBuilt(indicators::MODEL.name));
        };
        let live = Live { number: whole(number.integer()), position: whole(position.integer()) };
        match size {
            Some(size) if size > live.position => {
                Err(ProjectionError::Ahead { size, position: live.position })
            }
            _ => Ok(live),
        }
    }
}

const FACTS: &str = "indicator_fact";

fn counts() -> Result<Counts, ProjectionError> {
    indicators::MODEL.counts.ok_or(ProjectionError::NotBuilt(indicators::MODEL.name))
}

fn codes(asked: &[&str]) -> Result<Vec<&'static str>, ProjectionError> {
    let code = |code: &&str| {
        catalogue::indicator(code)
            .map(|found| found.code)
            .ok_or_else(|| ProjectionError::Unknown((*code).to_owned()))
    };
    asked.iter().map(code).collect()
}

/// Adds a parameter and answers its mark.
fn placed(parameters: &mut Vec<Cell>, value: Cell) -> String {
    parameters.push(value);
    format!("${}", parameters.len())
}

fn figure(row: &[Cell]) -> Option<Figure> {
    let [_, indicator, by @ .., n, total] = row else { return None };
    let by = by.iter().map(|cell| match cell {
        Cell::Integer(value) => value.to_string(),
        cell => cell.text().to_owned(),
    });
    Some(Figure {
        indicator: catalogue::indicator(indicator.text())?.code,
        by: by.collect(),
        n: whole(n.integer()),
        total: total.integer(),
    })
}

fn fact(row: &[Cell]) -> Option<CountedFact> {
    let [subject, since, since_ms, begun, kind, band, agency, unit, governorate, month, value] = row else {
        return None;
    };
    let text = |cell: &Cell| cell.text().to_owned();
    Some(CountedFact {
        subject: text(subject),
        entry: whole(since.integer()),
        at_ms: whole(since_ms.integer()),
        begun: (*begun != Cell::Null).then(|| whole(begun.integer())),
        kind: text(kind),
        band: text(band),
        agency: text(agency),
        unit: text(unit),
        governorate: text(governorate),
        month: month.integer(),
        value: value.integer(),
    })
}

fn whole(value: i64) -> u64 {
    // A negative count is a table that was changed by hand: the audit finds it, nobody is to fall over it.
    u64::try_from(value).unwrap_or(0)
}
