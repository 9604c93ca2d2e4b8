//! The commit: one transaction, the head and the entries in one statement.

use futures::future::{BoxFuture, join};
use sijill_store::{
    Batch, CommitOutcome, DisclosureKey, FullTile, Hash, Result, SealedDisclosure, StoreError, StreamHead,
};
use sqlx::{PgConnection, PgPool};

use crate::case;
use crate::connect::begin;
use crate::error::store_error;
use crate::value::{column, stored};

pub(crate) async fn commit(
    pool: &PgPool,
    batch: &Batch,
    before: BoxFuture<'_, Result<()>>,
) -> Result<CommitOutcome> {
    batch.check()?;
    // A return without commit rolls back, and so does a caller that stops waiting.
    let mut transaction = begin(pool).await?;
    let (written, before) = join(write(&mut transaction, batch), before).await;
    before?;
    if !written? {
        return Ok(CommitOutcome::HeadMoved);
    }
    transaction.commit().await.map_err(store_error)?;
    Ok(CommitOutcome::Committed)
}

/// Everything but the end of the transaction; nothing at all, and false, if the head is elsewhere.
async fn write(transaction: &mut PgConnection, batch: &Batch) -> Result<bool> {
    if !append(transaction, batch).await? {
        return Ok(false);
    }
    move_streams(transaction, &batch.streams).await?;
    insert_tiles(transaction, &batch.tiles).await?;
    insert_disclosures(transaction, &batch.disclosures).await?;
    attach(transaction, &batch.attached).await?;
    erase(transaction, &batch.erased).await?;
    reseal(transaction, &batch.resealed).await?;
    erase_attachments(transaction, &batch.erased_attachments).await?;
    if let Some(at) = batch.wake_all {
        case::wake_all(transaction, at).await?;
    }
    case::replace(transaction, &batch.cases).await?;
    case::add_match_keys(transaction, &batch.match_keys).await?;
    Ok(true)
}

/// Survivors of an erasure, sealed under another key.
pub(crate) async fn seal_anew(pool: &PgPool, anew: &[SealedDisclosure]) -> Result<()> {
    let mut transaction = begin(pool).await?;
    reseal(&mut transaction, anew).await?;
    transaction.commit().await.map_err(store_error)
}

/// Moves the head and inserts the entries behind it. A rival's update of the head row makes this one wait, look again
/// and find nothing to update: then there is nothing to insert either.
async fn append(connection: &mut PgConnection, batch: &Batch) -> Result<bool> {
    let Ok(expected) = i64::try_from(batch.expected.size) else { return Ok(false) };
    let entries = &batch.entries;
    let texts: Vec<&str> = entries.iter().map(|entry| entry.entry.as_str()).collect();
    let streams: Vec<&str> = entries.iter().map(|entry| entry.stream.as_str()).collect();
    let jtis: Vec<_> = entries.iter().map(|entry| entry.jti).collect();
    let registry: Vec<bool> = entries.iter().map(|entry| entry.registry).collect();
    let inserted = sqlx::query!(
        "WITH moved AS (
             UPDATE head SET size = $1, root = $2, received = $3 WHERE size = $4 AND root = $5 RETURNING 1
         )
         INSERT INTO entry (idx, seq, jti, registry, stream, entry)
         SELECT * FROM UNNEST($6::int8[], $7::int8[], $8::uuid[], $9::bool[], $10::text[], $11::text[])
         WHERE EXISTS (SELECT FROM moved)",
        stored("size", batch.head.size)?,
        &batch.head.root[..],
        stored("received", batch.head.received)?,
        expected,
        &batch.expected.root[..],
        &column("index", entries.iter().map(|entry| entry.index))?,
        &column("seq", entries.iter().map(|entry| entry.seq))?,
        &jtis,
        &registry,
        &streams as &[&str],
        &texts as &[&str],
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(inserted.rows_affected() > 0)
}

async fn move_streams(connection: &mut PgConnection, heads: &[StreamHead]) -> Result<()> {
    if heads.is_empty() {
        return Ok(());
    }
    let streams: Vec<&str> = heads.iter().map(|head| head.stream.as_str()).collect();
    let last: Vec<&[u8]> = heads.iter().map(|head| &head.last[..]).collect();
    let parties: Vec<&str> = heads.iter().map(|head| head.parties.as_str()).collect();
    sqlx::query!(
        "INSERT INTO stream_head (stream, seq, last, parties)
         SELECT * FROM UNNEST($1::text[], $2::int8[], $3::bytea[], $4::text[])
         ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, last = excluded.last, parties = excluded.parties",
        &streams as &[&str],
        &column("seq", heads.iter().map(|head| head.seq))?,
        &last as &[&[u8]],
        &parties as &[&str],
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(())
}

async fn insert_tiles(connection: &mut PgConnection, tiles: &[FullTile]) -> Result<()> {
    if tiles.is_empty() {
        return Ok(());
    }
    let levels: Vec<i16> = tiles.iter().map(|tile| tile.level.into()).collect();
    let hashes: Vec<&[u8]> = tiles.iter().map(|tile| tile.hashes.as_slice()).collect();
    sqlx::query!(
        "INSERT INTO tile (level, idx, hashes) SELECT * FROM UNNEST($1::int2[], $2::int8[], $3::bytea[])",
        &levels,
        &column("tile index", tiles.iter().map(|tile| tile.index))?,
        &hashes as &[&[u8]],
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// The columns of a list of sealed disclosures.
struct Columns<'d> {
    indexes: Vec<i64>,
    digests: Vec<&'d [u8]>,
    key_ids: Vec<&'d [u8]>,
    ciphertexts: Vec<&'d [u8]>,
}

impl<'d> Columns<'d> {
    fn of(disclosures: &'d [SealedDisclosure]) -> Result<Self> {
        Ok(Self {
            indexes: column("index", disclosures.iter().map(|d| d.index))?,
            digests: disclosures.iter().map(|d| &d.digest[..]).collect(),
            key_ids: disclosures.iter().map(|d| &d.key_id[..]).collect(),
            ciphertexts: disclosures.iter().map(|d| &d.ciphertext[..]).collect(),
        })
    }
}

async fn insert_disclosures(connection: &mut PgConnection, disclosures: &[SealedDisclosure]) -> Result<()> {
    if disclosures.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(disclosures)?;
    sqlx::query!(
        "INSERT INTO disclosure (idx, digest, key_id, ciphertext)
         SELECT * FROM UNNEST($1::int8[], $2::bytea[], $3::bytea[], $4::bytea[])",
        &columns.indexes,
        &columns.digests as &[&[u8]],
        &columns.key_ids as &[&[u8]],
        &columns.ciphertexts as &[&[u8]],
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(())
}

async fn attach(connection: &mut PgConnection, attached: &[DisclosureKey]) -> Result<()> {
    if attached.is_empty() {
        return Ok(());
    }
    let digests: Vec<&[u8]> = attached.iter().map(|(_, digest)| &digest[..]).collect();
    // The first entry that named it stays named.
    let written = sqlx::query!(
        "UPDATE attachment SET entry = coalesce(attachment.entry, new.idx)
         FROM UNNEST($1::int8[], $2::bytea[]) AS new (idx, digest)
         WHERE attachment.digest = new.digest AND NOT attachment.erased",
        &column("index", attached.iter().map(|(index, _)| *index))?,
        &digests as &[&[u8]],
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    if written.rows_affected() == attached.len() as u64 { Ok(()) } else { Err(StoreError::AttachmentNotHeld) }
}

async fn erase(connection: &mut PgConnection, erased: &[DisclosureKey]) -> Result<()> {
    if erased.is_empty() {
        return Ok(());
    }
    let digests: Vec<&[u8]> = erased.iter().map(|(_, digest)| &digest[..]).collect();
    let written = sqlx::query!(
        "UPDATE disclosure SET key_id = NULL, ciphertext = NULL
         FROM UNNEST($1::int8[], $2::bytea[]) AS gone (idx, digest)
         WHERE disclosure.idx = gone.idx AND disclosure.digest = gone.digest",
        &column("index", erased.iter().map(|(index, _)| *index))?,
        &digests as &[&[u8]],
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    all_written("a disclosure to erase is not held", written.rows_affected(), erased.len())
}

async fn reseal(connection: &mut PgConnection, resealed: &[SealedDisclosure]) -> Result<()> {
    if resealed.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(resealed)?;
    let written = sqlx::query!(
        "UPDATE disclosure SET key_id = new.key_id, ciphertext = new.ciphertext
         FROM UNNEST($1::int8[], $2::bytea[], $3::bytea[], $4::bytea[]) AS new (idx, digest, key_id, ciphertext)
         WHERE disclosure.idx = new.idx AND disclosure.digest = new.digest AND disclosure.key_id IS NOT NULL",
        &columns.indexes,
        &columns.digests as &[&[u8]],
        &columns.key_ids as &[&[u8]],
        &columns.ciphertexts as &[&[u8]],
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    all_written("a disclosure to seal anew is not held", written.rows_affected(), resealed.len())
}

async fn erase_attachments(connection: &mut PgConnection, erased: &[Hash]) -> Result<()> {
    if erased.is_empty() {
        return Ok(());
    }
    let digests: Vec<&[u8]> = erased.iter().map(|digest| &digest[..]).collect();
    let written = sqlx::query!(
        "UPDATE attachment SET key_id = NULL, chunks = 0, erased = true WHERE digest = ANY($1::bytea[])",
        &digests as &[&[u8]],
    )
    .execute(&mut *connection)
    .await
    .map_err(store_error)?;
    if written.rows_affected() != erased.len() as u64 {
        return Err(StoreError::AttachmentNotHeld);
    }
    sqlx::query!(
        "DELETE FROM attachment_chunk USING attachment
         WHERE attachment_chunk.upload = attachment.upload AND attachment.digest = ANY($1::bytea[])",
        &digests as &[&[u8]],
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(())
}

fn all_written(what: &str, written: u64, asked: usize) -> Result<()> {
    if written == asked as u64 { Ok(()) } else { Err(StoreError::corrupt(what)) }
}
