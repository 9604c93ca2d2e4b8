//! Attachments: uploads in chunks, the sweep, and what is held.

use sijill_store::{Attachment, AttachmentRow, Finished, Hash, KeyId, MAX_CHUNK_BYTES, Result, StoreError};
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::error::store_error;
use crate::open::empty_log;
use crate::value::{fixed, page_limit, stored, unsigned};

pub(crate) async fn begin(writer: &SqlitePool, upload: Uuid, now: i64) -> Result<()> {
    sqlx::query!("INSERT INTO attachment (upload, begun) VALUES (?, ?)", upload, now)
        .execute(writer)
        .await
        .map_err(store_error)?;
    Ok(())
}

pub(crate) async fn put_chunk(
    writer: &SqlitePool,
    upload: Uuid,
    number: u32,
    ciphertext: &[u8],
) -> Result<()> {
    if ciphertext.is_empty() || ciphertext.len() > MAX_CHUNK_BYTES {
        return Err(StoreError::ChunkSize { bytes: ciphertext.len(), max: MAX_CHUNK_BYTES });
    }
    let put = sqlx::query!(
        "INSERT INTO attachment_chunk (upload, number, ciphertext)
         SELECT upload, ?, ? FROM attachment WHERE upload = ? AND digest IS NULL
         ON CONFLICT (upload, number) DO UPDATE SET ciphertext = excluded.ciphertext",
        number,
        ciphertext,
        upload
    )
    .execute(writer)
    .await
    .map_err(store_error)?;
    if put.rows_affected() == 1 { Ok(()) } else { Err(StoreError::UploadUnknown) }
}

pub(crate) async fn finish(
    writer: &SqlitePool,
    upload: Uuid,
    digest: Hash,
    size: u64,
    key_id: KeyId,
) -> Result<Finished> {
    let size = stored("size", size)?;
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    let chunks = complete(&mut transaction, upload).await?;
    let (digest, key_id) = (&digest[..], &key_id[..]);
    let earlier = sqlx::query_scalar!("SELECT erased FROM attachment WHERE digest = ?", digest)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(store_error)?;
    let finished = match earlier {
        None => {
            sqlx::query!(
                "UPDATE attachment SET digest = ?, size = ?, chunks = ?, key_id = ? WHERE upload = ?",
                digest,
                size,
                chunks,
                key_id,
                upload
            )
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
            Finished::Stored
        }
        Some(erased) => {
            sqlx::query!("DELETE FROM attachment WHERE upload = ?", upload)
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
            if erased == 1 { Finished::Erased } else { Finished::AlreadyHeld }
        }
    };
    transaction.commit().await.map_err(store_error)?;
    Ok(finished)
}

/// The number of chunks of an upload in progress, when none is missing.
async fn complete(connection: &mut SqliteConnection, upload: Uuid) -> Result<i64> {
    let open = sqlx::query_scalar!("SELECT 1 FROM attachment WHERE upload = ? AND digest IS NULL", upload)
        .fetch_optional(&mut *connection)
        .await
        .map_err(store_error)?;
    if open.is_none() {
        return Err(StoreError::UploadUnknown);
    }
    let chunks = sqlx::query!(
        r#"SELECT count(*) AS "held!: i64", coalesce(max(number), 0) AS "last!: i64"
           FROM attachment_chunk WHERE upload = ?"#,
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

pub(crate) async fn attachment(readers: &SqlitePool, digest: Hash) -> Result<Option<Attachment>> {
    let wanted = &digest[..];
    let row = sqlx::query!(
        r#"SELECT size AS "size!", chunks AS "chunks!", key_id FROM attachment WHERE digest = ?"#,
        wanted
    )
    .fetch_optional(readers)
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

pub(crate) async fn chunk(readers: &SqlitePool, digest: Hash, number: u32) -> Result<Option<Vec<u8>>> {
    let digest = &digest[..];
    sqlx::query_scalar!(
        "SELECT attachment_chunk.ciphertext FROM attachment JOIN attachment_chunk USING (upload)
         WHERE digest = ? AND number = ?",
        digest,
        number
    )
    .fetch_optional(readers)
    .await
    .map_err(store_error)
}

type Row = (Uuid, i64, Option<Vec<u8>>, Option<i64>, bool);

/// All uploads behind one, by name.
pub(crate) async fn rows(
    readers: &SqlitePool,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<AttachmentRow>> {
    let query = match after {
        None => sqlx::query_as(
            "SELECT upload, begun, digest, entry, erased FROM attachment ORDER BY upload LIMIT ?1",
        ),
        Some(_) => sqlx::query_as(
            "SELECT upload, begun, digest, entry, erased FROM attachment WHERE upload > ?2 ORDER BY upload LIMIT ?1",
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

pub(crate) async fn sweep(writer: &SqlitePool, begun_before: i64) -> Result<Vec<KeyId>> {
    let mut connection = writer.acquire().await.map_err(store_error)?;
    // The chunks go with their upload.
    let swept: Vec<Vec<u8>> = sqlx::query_scalar(
        "DELETE FROM attachment WHERE begun < ? AND erased = 0 AND entry IS NULL RETURNING coalesce(key_id, upload)",
    )
    .bind(begun_before)
    .fetch_all(&mut *connection)
    .await
    .map_err(store_error)?;
    if !swept.is_empty() {
        let _ = empty_log(&mut connection).await;
    }
    swept.into_iter().map(|key_id| fixed(&key_id)).collect()
}
