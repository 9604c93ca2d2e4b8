//! Reading by position, page by page.

use std::ops::Range;

use sijill_store::{
    DisclosureKey, Head, IndexRow, Result, Sealed, StoreError, StoredDisclosure, StreamHead, contiguous,
};
use sqlx::SqlitePool;
use uuid::Uuid;

use crate::error::store_error;
use crate::value::{fixed, page_limit, position, unsigned};

pub(crate) async fn head(pool: &SqlitePool) -> Result<Head> {
    let row =
        sqlx::query!("SELECT size, root, received FROM head").fetch_one(pool).await.map_err(store_error)?;
    Ok(Head { size: unsigned(row.size)?, root: fixed(&row.root)?, received: unsigned(row.received)? })
}

pub(crate) async fn entries(pool: &SqlitePool, from: u64, limit: u32) -> Result<Vec<(u64, String)>> {
    let (start, limit) = (position(from), page_limit(limit));
    let rows = sqlx::query!("SELECT idx, entry FROM entry WHERE idx >= ? ORDER BY idx LIMIT ?", start, limit)
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    let page = rows.into_iter().map(|row| Ok((unsigned(row.idx)?, row.entry))).collect::<Result<Vec<_>>>()?;
    contiguous(from, page.iter().map(|(index, _)| *index))?;
    Ok(page)
}

pub(crate) async fn registry_entries(pool: &SqlitePool, from: u64, limit: u32) -> Result<Vec<(u64, String)>> {
    let (from, limit) = (position(from), page_limit(limit));
    let rows = sqlx::query!(
        "SELECT idx, entry FROM entry WHERE registry = 1 AND idx >= ? ORDER BY idx LIMIT ?",
        from,
        limit
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(|row| Ok((unsigned(row.idx)?, row.entry))).collect()
}

pub(crate) async fn stream_entries(
    pool: &SqlitePool,
    stream: &str,
    from_seq: u64,
    limit: u32,
) -> Result<Vec<(u64, String)>> {
    let (start, limit) = (position(from_seq), page_limit(limit));
    let rows = sqlx::query!(
        "SELECT idx, seq, entry FROM entry WHERE stream = ? AND seq >= ? ORDER BY seq LIMIT ?",
        stream,
        start,
        limit
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    let seqs = rows.iter().map(|row| unsigned(row.seq)).collect::<Result<Vec<_>>>()?;
    contiguous(from_seq, seqs)?;
    rows.into_iter().map(|row| Ok((unsigned(row.idx)?, row.entry))).collect()
}

pub(crate) async fn tile(pool: &SqlitePool, level: u8, index: u64) -> Result<Option<Vec<u8>>> {
    let index = position(index);
    sqlx::query_scalar!("SELECT hashes FROM tile WHERE level = ? AND idx = ?", level, index)
        .fetch_optional(pool)
        .await
        .map_err(store_error)
}

pub(crate) async fn disclosures(
    pool: &SqlitePool,
    indexes: Range<u64>,
    after: Option<DisclosureKey>,
    limit: u32,
) -> Result<Vec<StoredDisclosure>> {
    // Behind nothing: behind an entry that precedes the first.
    let (after_index, after_digest) =
        after.map_or((-1, Vec::new()), |(index, digest)| (position(index), digest.to_vec()));
    let (start, end, limit) = (position(indexes.start), position(indexes.end), page_limit(limit));
    let rows = sqlx::query!(
        "SELECT idx, digest, key_id, ciphertext FROM disclosure
         WHERE idx >= ? AND idx < ? AND (idx, digest) > (?, ?)
         ORDER BY idx, digest LIMIT ?",
        start,
        end,
        after_index,
        after_digest,
        limit
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(|row| disclosure(row.idx, &row.digest, row.key_id, row.ciphertext)).collect()
}

pub(crate) fn disclosure(
    index: i64,
    digest: &[u8],
    key_id: Option<Vec<u8>>,
    ciphertext: Option<Vec<u8>>,
) -> Result<StoredDisclosure> {
    let sealed = match (key_id, ciphertext) {
        (Some(key_id), Some(ciphertext)) => Some(Sealed { key_id: fixed(&key_id)?, ciphertext }),
        _ => None,
    };
    Ok(StoredDisclosure { index: unsigned(index)?, digest: fixed(digest)?, sealed })
}

pub(crate) async fn index_rows(pool: &SqlitePool, from: u64, limit: u32) -> Result<Vec<IndexRow>> {
    let (start, limit) = (position(from), page_limit(limit));
    let rows = sqlx::query!(
        "SELECT idx, stream, seq, jti, registry FROM entry WHERE idx >= ? ORDER BY idx LIMIT ?",
        start,
        limit
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    let page = rows
        .into_iter()
        .map(|row| {
            Ok(IndexRow {
                index: unsigned(row.idx)?,
                stream: row.stream,
                seq: unsigned(row.seq)?,
                jti: Uuid::from_bytes(fixed(&row.jti)?),
                registry: row.registry == 1,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    contiguous(from, page.iter().map(|row| row.index))?;
    Ok(page)
}

pub(crate) async fn stream_head_rows(pool: &SqlitePool, after: &str, limit: u32) -> Result<Vec<StreamHead>> {
    let limit = page_limit(limit);
    let rows = sqlx::query!(
        "SELECT stream, seq, last, parties FROM stream_head WHERE stream > ? ORDER BY stream LIMIT ?",
        after,
        limit
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(|row| stream_head(row.stream, row.seq, &row.last, row.parties)).collect()
}

pub(crate) fn stream_head(
    stream: String,
    seq: i64,
    last: &[u8],
    parties: String,
) -> Result<StreamHead, StoreError> {
    Ok(StreamHead { stream, seq: unsigned(seq)?, last: fixed(last)?, parties })
}
