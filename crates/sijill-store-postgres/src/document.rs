//! Documents: public bytes by their hash.

use sijill_store::{Hash, MAX_DOCUMENT_BYTES, Result, StoreError};
use sqlx::PgPool;

use crate::error::store_error;
use crate::value::hashes;

pub(crate) async fn put(pool: &PgPool, hash: Hash, bytes: &[u8], now: i64) -> Result<()> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(StoreError::DocumentSize { bytes: bytes.len(), max: MAX_DOCUMENT_BYTES });
    }
    // Two servers' clocks differ: it was last put when the later one says.
    sqlx::query!(
        "INSERT INTO document (hash, put, bytes) VALUES ($1, $2, $3)
         ON CONFLICT (hash) DO UPDATE SET put = greatest(document.put, excluded.put)",
        &hash[..],
        now,
        bytes
    )
    .execute(pool)
    .await
    .map_err(store_error)?;
    Ok(())
}

pub(crate) async fn document(pool: &PgPool, hash: Hash) -> Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("SELECT bytes FROM document WHERE hash = $1", &hash[..])
        .fetch_optional(pool)
        .await
        .map_err(store_error)
}

pub(crate) async fn documents(pool: &PgPool) -> Result<Vec<Hash>> {
    let rows = sqlx::query_scalar!("SELECT hash FROM document ORDER BY hash")
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    hashes(&rows)
}

pub(crate) async fn sweep(pool: &PgPool, before: i64, keep: &[Hash]) -> Result<u64> {
    let keep: Vec<&[u8]> = keep.iter().map(|hash| &hash[..]).collect();
    let swept = sqlx::query!(
        "DELETE FROM document WHERE put < $1 AND hash <> ALL($2::bytea[])",
        before,
        &keep as &[&[u8]]
    )
    .execute(pool)
    .await
    .map_err(store_error)?;
    Ok(swept.rows_affected())
}
