//! Looking up lists: one statement per list, or as few as its parameters allow.

use sijill_store::{Hash, Result, StoredDisclosure, StreamHead};
use sqlx::sqlite::SqliteRow;
use sqlx::{Encode, QueryBuilder, Row, Sqlite, SqlitePool, Type};
use uuid::Uuid;

use crate::MAX_BINDS;
use crate::error::store_error;
use crate::page::{disclosure, stream_head};
use crate::value::{fixed, position, unsigned};

/// All rows of `select` whose `column` is one of `values`.
pub(crate) async fn rows_with<'v, T, V>(
    pool: &SqlitePool,
    select: &str,
    values: &'v [V],
    bind: fn(&'v V) -> T,
) -> Result<Vec<SqliteRow>>
where
    T: Encode<'v, Sqlite> + Type<Sqlite>,
{
    let mut rows = Vec::new();
    for chunk in values.chunks(MAX_BINDS) {
        let mut query = QueryBuilder::new(select);
        query.push(" IN (");
        let mut list = query.separated(",");
        for value in chunk {
            list.push_bind(bind(value));
        }
        query.push(")");
        // Lists differ in length: keeping each statement would crowd out those that recur.
        rows.extend(query.build().persistent(false).fetch_all(pool).await.map_err(store_error)?);
    }
    Ok(rows)
}

pub(crate) async fn stream_heads(pool: &SqlitePool, streams: &[String]) -> Result<Vec<StreamHead>> {
    let select = "SELECT stream, seq, last, parties FROM stream_head WHERE stream";
    let streams = distinct(streams);
    let rows = rows_with(pool, select, &streams, |stream| stream.as_str()).await?;
    rows.iter()
        .map(|row| {
            let get = |error| store_error(error);
            stream_head(
                row.try_get(0).map_err(get)?,
                row.try_get(1).map_err(get)?,
                row.try_get(2).map_err(get)?,
                row.try_get(3).map_err(get)?,
            )
        })
        .collect()
}

pub(crate) async fn entries_of(pool: &SqlitePool, streams: &[String]) -> Result<Vec<(u64, String)>> {
    let streams = distinct(streams);
    let select = "SELECT idx, entry FROM entry WHERE stream";
    let rows = rows_with(pool, select, &streams, |stream| stream.as_str()).await?;
    rows.iter()
        .map(|row| {
            let index = unsigned(row.try_get(0).map_err(store_error)?)?;
            Ok((index, row.try_get(1).map_err(store_error)?))
        })
        .collect()
}

pub(crate) async fn disclosures_of(pool: &SqlitePool, indexes: &[u64]) -> Result<Vec<StoredDisclosure>> {
    let indexes = distinct(indexes);
    let select = "SELECT idx, digest, key_id, ciphertext FROM disclosure WHERE idx";
    let rows = rows_with(pool, select, &indexes, |index| position(**index)).await?;
    rows.iter()
        .map(|row| {
            let (index, digest) =
                (row.try_get(0).map_err(store_error)?, row.try_get(1).map_err(store_error)?);
            let (key_id, ciphertext) =
                (row.try_get(2).map_err(store_error)?, row.try_get(3).map_err(store_error)?);
            disclosure(index, digest, key_id, ciphertext)
        })
        .collect()
}

pub(crate) async fn by_jti(pool: &SqlitePool, jtis: &[Uuid]) -> Result<Vec<(Uuid, u64, String)>> {
    let jtis = distinct(jtis);
    let rows = rows_with(pool, "SELECT jti, idx, entry FROM entry WHERE jti", &jtis, |jti| **jti).await?;
    rows.iter()
        .map(|row| {
            let index = unsigned(row.try_get(1).map_err(store_error)?)?;
            Ok((row.try_get(0).map_err(store_error)?, index, row.try_get(2).map_err(store_error)?))
        })
        .collect()
}

pub(crate) async fn known_digests(pool: &SqlitePool, digests: &[Hash]) -> Result<Vec<Hash>> {
    hashes(pool, "SELECT digest FROM disclosure WHERE digest", digests).await
}

pub(crate) async fn known_attachments(pool: &SqlitePool, digests: &[Hash]) -> Result<Vec<Hash>> {
    hashes(pool, "SELECT digest FROM attachment WHERE erased = 0 AND digest", digests).await
}

async fn hashes(pool: &SqlitePool, select: &str, hashes: &[Hash]) -> Result<Vec<Hash>> {
    let hashes = distinct(hashes);
    let rows = rows_with(pool, select, &hashes, |hash| hash.as_slice()).await?;
    rows.iter().map(|row| fixed(row.try_get(0).map_err(store_error)?)).collect()
}

/// Each value once: two statements would otherwise answer the same row twice.
pub(crate) fn distinct<T: Ord>(values: &[T]) -> Vec<&T> {
    let mut distinct: Vec<&T> = values.iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}
