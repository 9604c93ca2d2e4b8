//! Reading by position, page by page.

use std::ops::Range;

use sijill_store::{DisclosureKey, Head, IndexRow, Result, Sealed, StoredDisclosure, StreamHead, contiguous};
use sqlx::PgPool;

use crate::error::store_error;
use crate::value::{fixed, page_limit, position, unsigned};

pub(crate) async fn head(pool: &PgPool) -> Result<Head> {
    let row =
        sqlx::query!("SELECT size, root, received FROM head").fetch_one(pool).await.map_err(store_error)?;
    Ok(Head { size: unsigned(row.size)?, root: fixed(&row.root)?, received: unsigned(row.received)? })
}

pub(crate) async fn entries(pool: &PgPool, from: u64, limit: u32) -> Result<Vec<(u64, String)>> {
    let rows = sqlx::query!(
        "SELECT idx, entry FROM entry WHERE idx >= $1 ORDER BY idx LIMIT $2",
        position(from),
        page_limit(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    let page = rows.into_iter().map(|row| Ok((unsigned(row.idx)?, row.entry))).collect::<Result<Vec<_>>>()?;
    contiguous(from, page.iter().map(|(index, _)| *index))?;
    Ok(page)
}

pub(crate) async fn registry_entries(pool: &PgPool, from: u64, limit: u32) -> Result<Vec<(u64, String)>> {
    let rows = sqlx::query!(
        "SELECT idx, entry FROM entry WHERE registry AND idx >= $1 ORDER BY idx LIMIT $2",
        position(from),
        page_limit(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(|row| Ok((unsigned(row.idx)?, row.entry))).collect()
}

pub(crate) async fn stream_entries(
    pool: &PgPool,
    stream: &str,
    from_seq: u64,
    limit: u32,
) -> Result<Vec<(u64, String)>> {
    let rows = sqlx::query!(
        "SELECT idx, seq, entry FROM entry WHERE stream = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
        stream,
        position(from_seq),
        page_limit(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    let seqs = rows.iter().map(|row| unsigned(row.seq)).collect::<Result<Vec<_>>>()?;
    contiguous(from_seq, seqs)?;
    rows.into_iter().map(|row| Ok((unsigned(row.idx)?, row.entry))).collect()
}

pub(crate) async fn tile(pool: &PgPool, level: u8, index: u64) -> Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "SELECT hashes FROM tile WHERE level = $1 AND idx = $2",
        i16::from(level),
        position(index)
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)
}

pub(crate) async fn disclosures(
    pool: &PgPool,
    indexes: Range<u64>,
    after: Option<DisclosureKey>,
    limit: u32,
) -> Result<Vec<StoredDisclosure>> {
    // Behind nothing: behind an entry that precedes the first.
    let (after_index, after_digest) =
        after.map_or((-1, Vec::new()), |(index, digest)| (position(index), digest.to_vec()));
    let rows = sqlx::query!(
        "SELECT idx, digest, key_id, ciphertext FROM disclosure
         WHERE idx >= $1 AND idx < $2 AND (idx, digest) > ($3, $4)
         ORDER BY idx, digest LIMIT $5",
        position(indexes.start),
        position(indexes.end),
        after_index,
        after_digest,
        page_limit(limit)
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

pub(crate) async fn index_rows(pool: &PgPool, from: u64, limit: u32) -> Result<Vec<IndexRow>> {
    let rows = sqlx::query!(
        "SELECT idx, stream, seq, jti, registry FROM entry WHERE idx >= $1 ORDER BY idx LIMIT $2",
        position(from),
        page_limit(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    let page = rows
        .into_iter()
        .map(|row| {
            let (index, seq) = (unsigned(row.idx)?, unsigned(row.seq)?);
            Ok(IndexRow { index, stream: row.stream, seq, jti: row.jti, registry: row.registry })
        })
        .collect::<Result<Vec<_>>>()?;
    contiguous(from, page.iter().map(|row| row.index))?;
    Ok(page)
}

/// A row of stream heads.
pub(crate) struct StreamHeadRow {
    pub(crate) stream: String,
    pub(crate) seq: i64,
    pub(crate) last: Vec<u8>,
    pub(crate) parties: String,
}

pub(crate) async fn stream_head_rows(pool: &PgPool, after: &str, limit: u32) -> Result<Vec<StreamHead>> {
    let rows = sqlx::query_as!(
        StreamHeadRow,
        "SELECT stream, seq, last, parties FROM stream_head WHERE stream > $1 ORDER BY stream LIMIT $2",
        after,
        page_limit(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    stream_heads(rows)
}

pub(crate) fn stream_heads(rows: Vec<StreamHeadRow>) -> Result<Vec<StreamHead>> {
    let head = |row: StreamHeadRow| {
        Ok(StreamHead {
            stream: row.stream,
            seq: unsigned(row.seq)?,
            last: fixed(&row.last)?,
            parties: row.parties,
        })
    };
    rows.into_iter().map(head).collect()
}
