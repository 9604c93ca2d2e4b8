//! What a model said of the log at an earlier size: no rebuild, for every row says from when until when it held.

use std::collections::BTreeMap;

use super::base::named;
use super::projector::Projector;
use crate::digest::{ModelDigest, Tally, leaf};
use crate::error::ProjectionError;
use crate::model::{Cell, Model};
use crate::span::{Span, SubjectRows};

/// Subjects looked at together.
const SUBJECTS: u64 = 1_000;

/// How many cells of a row stand before the table's own.
const FIRST: usize = 5;

impl Projector<'_> {
    /// The digest of a generation as it was when the log had `size` entries.
    pub async fn digest_at(
        &self,
        model: &Model,
        number: u64,
        size: u64,
    ) -> Result<ModelDigest, ProjectionError> {
        let (mut tally, mut after) = (Tally::default(), String::new());
        loop {
            let sql = "SELECT subject, gaps FROM projection_subject WHERE model = $1 AND number = $2 AND subject > $3 \
                       ORDER BY subject LIMIT $4";
            let parameters = [model.name.into(), number.into(), after.as_str().into(), SUBJECTS.into()];
            let page = self.base.query(sql, &parameters).await?;
            let Some(last) = page.last().and_then(|row| row.first()).map(|cell| cell.text().to_owned())
            else {
                return Ok(tally.end());
            };
            let mut subjects: BTreeMap<String, SubjectRows> = BTreeMap::new();
            for row in &page {
                let [subject, gaps] = row.as_slice() else { continue };
                let gaps = u32::try_from(gaps.integer()).unwrap_or(u32::MAX);
                let subject = subject.text().to_owned();
                subjects.insert(subject.clone(), SubjectRows { subject, gaps, rows: Vec::new() });
            }
            for (position, table) in model.tables.iter().enumerate() {
                let own = table.columns.iter().fold(String::new(), |own, column| own + ", " + column.name);
                let sql = format!(
                    "SELECT subject, since, since_ms, until, until_ms{own} FROM {} WHERE subject > $1 AND subject <= $2 AND since < $3",
                    named(table.name, number)
                );
                let parameters = [after.as_str().into(), last.as_str().into(), size.into()];
                for row in self.base.query(&sql, &parameters).await? {
                    let Some(subject) = row.first().and_then(|cell| subjects.get_mut(cell.text())) else {
                        continue;
                    };
                    subject.rows.extend(span(position, &row).and_then(|span| span.known_at(size)));
                }
            }
            for (name, mut rows) in subjects {
                rows.rows
                    .sort_unstable_by(|a, b| (a.table, a.since, &a.cells).cmp(&(b.table, b.since, &b.cells)));
                // What it had no rows of then had no gaps then either.
                let gaps = if rows.rows.is_empty() { 0 } else { rows.gaps };
                tally.push(&name, leaf(model, &rows), gaps);
            }
            after = last;
        }
    }
}

fn span(table: usize, row: &[Cell]) -> Option<Span> {
    let at = |place: usize| Some(u64::try_from(row.get(place)?.integer()).unwrap_or(0));
    Some(Span {
        table,
        since: at(1)?,
        since_ms: at(2)?,
        until: at(3)?,
        until_ms: at(4)?,
        cells: row.get(FIRST..)?.to_vec(),
    })
}
