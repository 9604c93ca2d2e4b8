//! Attachments: uploads in chunks, the sweep, and what is held.

use sijill_store::{Attachment, AttachmentRow, Finished, Hash, KeyId, MAX_CHUNK_BYTES, Result, StoreError};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::connect::begin as begin_transaction;
use crate::error::{is_duplicate, store_error};
use crate::value::{fixed, page_limit, stored, unsigned};

pub(crate) async fn begin(pool: &PgPool, upload: Uuid, now: i64) -> Result<()> {
    sqlx::query!("INSERT INTO attachment (upload, begun) VALUES ($1, $2)", upload, now)
        .execute(pool)
        .await
        .map_err(store_error)?;
    Ok(())
}

pub(crate) async fn put_chunk(pool: &PgPool, upload: Uuid, number: u32, ciphertext: &[u8]) -> Result<()> {
    if ciphertext.is_empty() || ciphertext.len() > MAX_CHUNK_BYTES {
        return Err(StoreError::ChunkSize { bytes: ciphertext.len(), max: MAX_CHUNK_BYTES });
    }
    // The lock keeps the upload open until the chunk is in: what is finished never changes.
    let put = sqlx::query!(
        "WITH open AS (SELECT upload FROM attachment WHERE upload = $1 AND digest IS NULL FOR SHARE)
         INSERT INTO attachment_chunk (upload, number, ciphertext) SELECT upload, $2, $3 FROM open
         ON CONFLICT (upload, number) DO UPDATE SET ciphertext = excluded.ciphertext",
        upload,
        i64::from(number),
        ciphertext
    )
    .execute(pool)
    .await
    .map_err(store_error)?;
    if put.rows_affected() == 1 { Ok(()) } else { Err(StoreError::UploadUnknown) }
}

pub(crate) async fn finish(
    pool: &PgPool,
    upload: Uuid,
    digest: Hash,
    size: u64,
    key_id: KeyId,
) -> Result<Finished> {
    let size = stored("size", size)?;
    let mut transaction = begin_transaction(pool).await?;
    let chunks = complete(&mut transaction, upload).await?;
    let earlier = sqlx::query_scalar!("SELECT erased FROM attachment WHERE digest = $1", &digest[..])
        .fetch_optional(&mut *transaction)
        .await
        .map_err(store_error)?;
    let finished = match earlier {
        None => {
            sqlx::query!(
                "UPDATE attachment SET digest = $1, size = $2, chunks = $3, key_id = $4 WHERE upload = $5",
                &digest[..],
                size,
                chunks,
                &key_id[..],
                upload
            )
            .execute(&mut *transaction)
            .await
            // Another server finished the same file at this moment; the next attempt will find it held.
            .map_err(|error| {
                if is_duplicate(&error) { StoreError::Retry(error.into()) } else { store_error(error) }
            })?;
            Finished::Stored
        }
        Some(erased) => {
            sqlx::query!("DELETE FROM attachment WHERE upload = $1", upload)
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
            if erased { Finished::Erased } else { Finished::AlreadyHeld }
        }
    };
    transaction.commit().await.map_err(store_error)?;
    Ok(finished)
}

/// The number of chunks of an upload in progress, when none is missing. Locks the upload against further chunks.
async fn complete(connection: &mut PgConnection, upload: Uuid) -> Result<i64> {
    let open = sqlx::query_scalar!(
        "SELECT upload FROM attachment WHERE upload = $1 AND digest IS NULL FOR UPDATE",
        upload
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(store_error)?;
    if open.is_none() {
        return Err(StoreError::UploadUnknown);
    }
    let chunks = sqlx::query!(
        r#"SELECT count(*) AS "held!", coalesce(max(number), 0) AS "last!" FROM attachment_chunk WHERE upload = $1"#,
        upload
    )
    .fetch_one(connection)
    .await
    .map_err(store_error)?;
    if chunks.held == chunks.last + 1 {
        Ok(chunks.held)
    } else {
        Err(StoreError::UploadIncomplete { held: unsigned(chunks.held)?, last: unsigned(chunks.last)? })
    }
}

pub(crate) async fn attachment(pool: &PgPool, digest: Hash) -> Result<Option<Attachment>> {
    let row = sqlx::query!(
        r#"SELECT size AS "size!", chunks AS "chunks!", key_id FROM attachment WHERE digest = $1"#,
        &digest[..]
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)?;
    row.map(|row| {
        let chunks =
            u32::try_from(row.chunks).map_err(|_| StoreError::corrupt("an impossible number of chunks"))?;
        let key_id = row.key_id.as_deref().map(fixed).transpose()?;
        Ok(Attachment { digest, size: unsigned(row.size)?, chunks, key_id })
    })
    .transpose()
}

pub(crate) async fn chunk(pool: &PgPool, digest: Hash, number: u32) -> Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "SELECT attachment_chunk.ciphertext FROM attachment JOIN attachment_chunk USING (upload)
         WHERE digest = $1 AND number = $2",
        &digest[..],
        i64::from(number)
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)
}

type Row = (Uuid, i64, Option<Vec<u8>>, Option<i64>, bool);

/// All uploads behind one, by name.
pub(crate) async fn rows(readers: &PgPool, after: Option<Uuid>, limit: u32) -> Result<Vec<AttachmentRow>> {
    let query = match after {
        None => sqlx::query_as(
            "SELECT upload, begun, digest, entry, erased FROM attachment ORDER BY upload LIMIT $1",
        ),
        Some(_) => sqlx::query_as(
            "SELECT upload, begun, digest, entry, erased FROM attachment WHERE upload > $2 ORDER BY upload LIMIT $1",
        ),
    };
    let query = query.bind(page_limit(limit));
    let query = if let Some(after) = after { query.bind(after) } else { query };
    let rows: Vec<Row> = query.fetch_all(readers).await.map_err(store_error)?;
    rows.into_iter()
        .map(|(upload, begun, digest, entry, erased)| {
            let digest = digest.as_deref().map(fixed).transpose()?;
            Ok(AttachmentRow { upload, begun, digest, entry: entry.map(unsigned).transpose()?, erased })
        })
        .collect()
}

pub(crate) async fn sweep(pool: &PgPool, begun_before: i64) -> Result<Vec<KeyId>> {
    // The chunks go with their upload.
    let swept: Vec<Vec<u8>> = sqlx::query_scalar(
        "DELETE FROM attachment WHERE begun < $1 AND NOT erased AND entry IS NULL
         RETURNING coalesce(key_id, uuid_send(upload))",
    )
    .bind(begun_before)
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    swept.into_iter().map(|key_id| fixed(&key_id)).collect()
}
