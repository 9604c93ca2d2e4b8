//! Looking up lists: one statement each, whatever their length.

use sijill_store::{Hash, Result, StoredDisclosure, StreamHead};
use sqlx::PgPool;
use uuid::Uuid;

use crate::error::store_error;
use crate::page::{StreamHeadRow, disclosure, stream_heads as stream_heads_of};
use crate::value::{hashes, position, unsigned};

pub(crate) async fn stream_heads(pool: &PgPool, streams: &[String]) -> Result<Vec<StreamHead>> {
    let rows = sqlx::query_as!(
        StreamHeadRow,
        "SELECT stream, seq, last, parties FROM stream_head WHERE stream = ANY($1)",
        streams
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    stream_heads_of(rows)
}

pub(crate) async fn entries_of(pool: &PgPool, streams: &[String]) -> Result<Vec<(u64, String)>> {
    let rows = sqlx::query!("SELECT idx, entry FROM entry WHERE stream = ANY($1)", streams)
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    rows.into_iter().map(|row| Ok((unsigned(row.idx)?, row.entry))).collect()
}

pub(crate) async fn disclosures_of(pool: &PgPool, indexes: &[u64]) -> Result<Vec<StoredDisclosure>> {
    let indexes: Vec<i64> = indexes.iter().map(|index| position(*index)).collect();
    let rows =
        sqlx::query!("SELECT idx, digest, key_id, ciphertext FROM disclosure WHERE idx = ANY($1)", &indexes)
            .fetch_all(pool)
            .await
            .map_err(store_error)?;
    rows.into_iter().map(|row| disclosure(row.idx, &row.digest, row.key_id, row.ciphertext)).collect()
}

pub(crate) async fn by_jti(pool: &PgPool, jtis: &[Uuid]) -> Result<Vec<(Uuid, u64, String)>> {
    let rows = sqlx::query!("SELECT jti, idx, entry FROM entry WHERE jti = ANY($1)", jtis)
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    rows.into_iter().map(|row| Ok((row.jti, unsigned(row.idx)?, row.entry))).collect()
}

pub(crate) async fn known_digests(pool: &PgPool, digests: &[Hash]) -> Result<Vec<Hash>> {
    let digests: Vec<&[u8]> = digests.iter().map(|digest| &digest[..]).collect();
    let known = sqlx::query_scalar!(
        "SELECT digest FROM disclosure WHERE digest = ANY($1::bytea[])",
        &digests as &[&[u8]]
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    hashes(&known)
}

pub(crate) async fn known_attachments(pool: &PgPool, digests: &[Hash]) -> Result<Vec<Hash>> {
    let digests: Vec<&[u8]> = digests.iter().map(|digest| &digest[..]).collect();
    let known = sqlx::query_scalar!(
        r#"SELECT digest AS "digest!" FROM attachment WHERE NOT erased AND digest = ANY($1::bytea[])"#,
        &digests as &[&[u8]]
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    hashes(&known)
}
