//! What lies where the head says that nothing is.

use sijill_store::{Result, Stray};
use sqlx::SqlitePool;

use crate::error::store_error;

/// One statement, so that it sees one moment: a server may be appending. A tile of level *l* covers 2^(8(l+1)) entries, and
/// of a level above 6 none is ever full.
const STRAYS: &str = "
    WITH levels (level) AS (VALUES (0), (1), (2), (3), (4), (5), (6))
    SELECT 'entry', 0, (SELECT min(idx) FROM entry WHERE idx < 0)
    UNION ALL
    SELECT 'entry', 0, (SELECT min(idx) FROM entry WHERE idx >= (SELECT size FROM head))
    UNION ALL
    SELECT 'disclosure', 0, (SELECT min(idx) FROM disclosure WHERE idx < 0)
    UNION ALL
    SELECT 'disclosure', 0, (SELECT min(idx) FROM disclosure WHERE idx >= (SELECT size FROM head))
    UNION ALL
    SELECT 'tile', level, (SELECT min(idx) FROM tile WHERE tile.level = levels.level AND idx < 0) FROM levels
    UNION ALL
    SELECT 'tile', level, (SELECT min(idx) FROM tile WHERE tile.level = levels.level
        AND idx >= ((SELECT size FROM head) >> (8 * (levels.level + 1)))) FROM levels
    UNION ALL
    SELECT 'tile', min(level), min(idx) FROM tile WHERE level < 0
    UNION ALL
    SELECT 'tile', min(level), min(idx) FROM tile WHERE level > 6";

pub(crate) async fn strays(pool: &SqlitePool) -> Result<Vec<Stray>> {
    let rows: Vec<(String, Option<i64>, Option<i64>)> =
        sqlx::query_as(STRAYS).fetch_all(pool).await.map_err(store_error)?;
    let stray = |(what, level, index): (String, Option<i64>, Option<i64>)| {
        let index = index?;
        Some(match what.as_str() {
            "entry" => Stray::Entry(index),
            "disclosure" => Stray::Disclosure(index),
            _ => Stray::Tile { level: level?, index },
        })
    };
    Ok(rows.into_iter().filter_map(stray).collect())
}
