//! Days on which one officer asked to see many cases: counted, and judged by nobody here.

use std::fmt::Write as _;

use super::answer::{Standing, Statement, Views};
use super::reader::Sight;
use crate::error::ProjectionError;
use crate::model::Cell;

/// Muscat is four hours ahead of UTC all year.
const MUSCAT_MS: i64 = 4 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// What one officer asked for on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusyDay {
    /// Its agency.
    pub agency: String,
    /// The officer.
    pub officer: String,
    /// When the day began in Muscat, Unix milliseconds.
    pub day_ms: u64,
    /// How many cases and contacts it asked to see.
    pub subjects: u64,
    /// How often it asked.
    pub requests: u64,
}

impl Views<'_> {
    /// The days, of view `accesses`, on which one officer asked to see the most cases and contacts, at most `limit`. What
    /// `sight` does not show, or is `withheld`, is not counted.
    ///
    /// # Errors
    /// [`ProjectionError`] of the database.
    pub async fn busiest(
        &self,
        standing: Standing,
        sight: &Sight,
        withheld: &[String],
        limit: u32,
    ) -> Result<Vec<BusyDay>, ProjectionError> {
        let mut statement = Statement::default();
        let at = statement.bind(standing.position);
        let table = standing.view.table().map_or("", |table| table.name);
        statement.text = format!(
            "SELECT t.agency, t.officer, CAST((t.since_ms + {MUSCAT_MS}) / {DAY_MS} AS BIGINT) AS day, \
             CAST(count(DISTINCT t.subject) AS BIGINT) AS subjects, CAST(count(*) AS BIGINT) AS requests \
             FROM {table}_{} t WHERE t.since < {at} AND t.until >= {at} AND t.officer IS NOT NULL AND \
             t.act IN ('access.requested', 'break_glass.invoked', 'child.looked_up')",
            standing.table
        );
        sight.narrow(standing.view.who, "t.subject", &format!("circle_{}", standing.circle), &mut statement);
        if !withheld.is_empty() {
            let list = statement.list(withheld);
            statement.and(&format!("t.subject NOT IN ({list})"));
        }
        let limit = statement.bind(u64::from(limit));
        let _ =
            write!(statement.text, " GROUP BY 1, 2, 3 ORDER BY 4 DESC, 5 DESC, 3 DESC, 1, 2 LIMIT {limit}");
        let rows = self.base.query(&statement.text, &statement.parameters).await?;
        Ok(rows.iter().filter_map(|row| busy(row)).collect())
    }
}

fn busy(row: &[Cell]) -> Option<BusyDay> {
    let [Cell::Text(agency), Cell::Text(officer), day, subjects, requests] = row else { return None };
    let whole = |n: i64| u64::try_from(n).unwrap_or(0);
    Some(BusyDay {
        agency: agency.to_string(),
        officer: officer.to_string(),
        day_ms: whole(day.integer() * DAY_MS - MUSCAT_MS),
        subjects: whole(subjects.integer()),
        requests: whole(requests.integer()),
    })
}
