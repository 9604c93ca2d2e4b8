//! Documents: public bytes by their hash.

use std::collections::HashSet;

use sijill_store::{Hash, MAX_DOCUMENT_BYTES, Result, StoreError};
use sqlx::SqlitePool;

use crate::commit::write_rows;
use crate::error::store_error;
use crate::value::fixed;

pub(crate) async fn put(writer: &SqlitePool, hash: Hash, bytes: &[u8], now: i64) -> Result<()> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(StoreError::DocumentSize { bytes: bytes.len(), max: MAX_DOCUMENT_BYTES });
    }
    let hash = &hash[..];
    // Two servers' clocks differ: it was last put when the later one says.
    sqlx::query!(
        "INSERT INTO document (hash, put, bytes) VALUES (?, ?, ?)
         ON CONFLICT (hash) DO UPDATE SET put = max(put, excluded.put)",
        hash,
        now,
        bytes
    )
    .execute(writer)
    .await
    .map_err(store_error)?;
    Ok(())
}

pub(crate) async fn document(readers: &SqlitePool, hash: Hash) -> Result<Option<Vec<u8>>> {
    let hash = &hash[..];
    sqlx::query_scalar!("SELECT bytes FROM document WHERE hash = ?", hash)
        .fetch_optional(readers)
        .await
        .map_err(store_error)
}

pub(crate) async fn documents(readers: &SqlitePool) -> Result<Vec<Hash>> {
    let rows = sqlx::query_scalar!("SELECT hash FROM document ORDER BY hash")
        .fetch_all(readers)
        .await
        .map_err(store_error)?;
    rows.iter().map(|hash| fixed(hash)).collect()
}

pub(crate) async fn sweep(writer: &SqlitePool, before: i64, keep: &[Hash]) -> Result<u64> {
    let keep: HashSet<&[u8]> = keep.iter().map(|hash| &hash[..]).collect();
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    let mut old = sqlx::query_scalar!("SELECT hash FROM document WHERE put < ?", before)
        .fetch_all(&mut *transaction)
        .await
        .map_err(store_error)?;
    old.retain(|hash| !keep.contains(hash.as_slice()));
    let delete = "DELETE FROM document WHERE hash IN (";
    let swept = write_rows::<1, _>(&mut transaction, delete, &old, ")", |mut row, hash| {
        row.push_bind(hash);
        Ok(())
    })
    .await?;
    transaction.commit().await.map_err(store_error)?;
    Ok(swept)
}
