//! What a model said of the log at an earlier size: no rebuild, for every row says from when until when it held.

use std::collections::BTreeMap;

use super::base::{Base, Generation, count_rows, named};
use super::projector::{Projector, generations};
use crate::MODELS;
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
        digest_at(self.base, model, number, size).await
    }
}

/// The live generations of the models of this release, as far as there are any.
pub async fn live(base: &dyn Base) -> Result<Vec<(&'static Model, Generation)>, ProjectionError> {
    let generations = generations(base).await?;
    let live = generations.into_iter().filter(|generation| generation.live).filter_map(|generation| {
        let of =
            |model: &&'static Model| model.name == generation.model && model.version == generation.version;
        Some((MODELS.into_iter().find(of)?, generation))
    });
    Ok(live.collect())
}

/// Whether a generation's tables hold rows of those subjects only that they are said to hold, and counts that these come to.
pub async fn hangs_together(base: &dyn Base, model: &Model, number: u64) -> Result<bool, ProjectionError> {
    let none =
        |rows: &[Vec<Cell>]| rows.iter().all(|row| row.first().is_some_and(|cell| cell.integer() == 0));
    for table in model.tables {
        let sql = format!(
            "SELECT count(*) FROM {} WHERE subject NOT IN (SELECT subject FROM projection_subject WHERE model = $1 AND number = $2) \
             OR since >= (SELECT position FROM projection WHERE model = $1 AND number = $2)",
            named(table.name, number)
        );
        if !none(&base.query(&sql, &[model.name.into(), number.into()]).await?) {
            return Ok(false);
        }
    }
    let Some(counts) = model.counts else { return Ok(true) };
    let by = counts.by.join(", ");
    let counted = format!("SELECT {by}, n, total FROM {} WHERE n <> 0", named(counts.name, number));
    let rows = count_rows(model, number, "TRUE");
    let differ = format!(
        "SELECT count(*) FROM (SELECT * FROM ({counted}) AS a EXCEPT SELECT * FROM ({rows}) AS b) AS c UNION ALL \
         SELECT count(*) FROM (SELECT * FROM ({rows}) AS d EXCEPT SELECT * FROM ({counted}) AS e) AS f"
    );
    Ok(none(&base.query(&differ, &[]).await?))
}

/// The digest of a generation as it was when the log had `size` entries: over its rows as they lie there.
pub async fn digest_at(
    base: &dyn Base,
    model: &Model,
    number: u64,
    size: u64,
) -> Result<ModelDigest, ProjectionError> {
    let (mut tally, mut after) = (Tally::default(), String::new());
    loop {
        let sql = "SELECT subject, gaps FROM projection_subject WHERE model = $1 AND number = $2 AND subject > $3 \
                       ORDER BY subject LIMIT $4";
        let parameters = [model.name.into(), number.into(), after.as_str().into(), SUBJECTS.into()];
        let page = base.query(sql, &parameters).await?;
        let Some(last) = page.last().and_then(|row| row.first()).map(|cell| cell.text().to_owned()) else {
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
            for row in base.query(&sql, &parameters).await? {
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
