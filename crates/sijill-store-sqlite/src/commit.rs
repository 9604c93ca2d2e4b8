//! The commit: one transaction, the head first.

use futures::future::{BoxFuture, join};
use sijill_store::{
    Batch, CommitOutcome, DisclosureKey, FullTile, Hash, NewEntry, Result, SealedDisclosure, StoreError,
    StreamHead,
};
use sqlx::query_builder::Separated;
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

use crate::error::store_error;
use crate::open::empty_log;
use crate::value::stored;
use crate::{MAX_BINDS, case};

/// A row of parameters to be bound.
pub(crate) type Row<'q> = Separated<'q, Sqlite, &'static str>;

pub(crate) async fn commit(
    writer: &SqlitePool,
    batch: &Batch,
    before: BoxFuture<'_, Result<()>>,
) -> Result<CommitOutcome> {
    batch.check()?;
    let mut connection = writer.acquire().await.map_err(store_error)?;
    // From here on a return without commit rolls back, and so does a caller that stops waiting.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    let (written, before) = join(write(&mut transaction, batch), before).await;
    before?;
    if !written? {
        return Ok(CommitOutcome::HeadMoved);
    }
    transaction.commit().await.map_err(store_error)?;

    if !(batch.erased.is_empty() && batch.resealed.is_empty() && batch.erased_attachments.is_empty()) {
        // The batch is durable; that the log could not be emptied is no reason to say otherwise.
        let _ = empty_log(&mut connection).await;
    }
    Ok(CommitOutcome::Committed)
}

/// Everything but the end of the transaction; nothing at all, and false, if the head is elsewhere.
async fn write(transaction: &mut SqliteConnection, batch: &Batch) -> Result<bool> {
    if !swap_head(transaction, batch).await? {
        return Ok(false);
    }
    insert_entries(transaction, &batch.entries).await?;
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
pub(crate) async fn seal_anew(writer: &SqlitePool, anew: &[SealedDisclosure]) -> Result<()> {
    let mut connection = writer.acquire().await.map_err(store_error)?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    reseal(&mut transaction, anew).await?;
    transaction.commit().await.map_err(store_error)?;
    let _ = empty_log(&mut connection).await;
    Ok(())
}

async fn swap_head(connection: &mut SqliteConnection, batch: &Batch) -> Result<bool> {
    let Ok(expected) = i64::try_from(batch.expected.size) else { return Ok(false) };
    let (size, received) = (stored("size", batch.head.size)?, stored("received", batch.head.received)?);
    let (root, expected_root) = (&batch.head.root[..], &batch.expected.root[..]);
    let swapped = sqlx::query!(
        "UPDATE head SET size = ?, root = ?, received = ? WHERE size = ? AND root = ?",
        size,
        root,
        received,
        expected,
        expected_root
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(swapped.rows_affected() == 1)
}

async fn insert_entries(connection: &mut SqliteConnection, entries: &[NewEntry]) -> Result<()> {
    let insert = "INSERT INTO entry (idx, stream, seq, jti, registry, entry) ";
    write_rows::<6, _>(connection, insert, entries, "", |mut row, entry| {
        row.push_bind(stored("index", entry.index)?)
            .push_bind(&entry.stream)
            .push_bind(stored("seq", entry.seq)?)
            .push_bind(entry.jti)
            .push_bind(entry.registry)
            .push_bind(&entry.entry);
        Ok(())
    })
    .await?;
    Ok(())
}

async fn move_streams(connection: &mut SqliteConnection, heads: &[StreamHead]) -> Result<()> {
    let upsert = "ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, last = excluded.last, parties = excluded.parties";
    write_rows::<4, _>(
        connection,
        "INSERT INTO stream_head (stream, seq, last, parties) ",
        heads,
        upsert,
        |mut row, head| {
            row.push_bind(&head.stream)
                .push_bind(stored("seq", head.seq)?)
                .push_bind(&head.last[..])
                .push_bind(&head.parties);
            Ok(())
        },
    )
    .await?;
    Ok(())
}

async fn insert_tiles(connection: &mut SqliteConnection, tiles: &[FullTile]) -> Result<()> {
    write_rows::<3, _>(connection, "INSERT INTO tile (level, idx, hashes) ", tiles, "", |mut row, tile| {
        row.push_bind(tile.level).push_bind(stored("tile index", tile.index)?).push_bind(&tile.hashes);
        Ok(())
    })
    .await?;
    Ok(())
}

async fn insert_disclosures(
    connection: &mut SqliteConnection,
    disclosures: &[SealedDisclosure],
) -> Result<()> {
    let insert = "INSERT INTO disclosure (idx, digest, key_id, ciphertext) ";
    write_rows::<4, _>(connection, insert, disclosures, "", sealed_row).await?;
    Ok(())
}

fn sealed_row(mut row: Row<'_>, disclosure: &SealedDisclosure) -> Result<()> {
    row.push_bind(stored("index", disclosure.index)?)
        .push_bind(&disclosure.digest[..])
        .push_bind(&disclosure.key_id[..])
        .push_bind(&disclosure.ciphertext);
    Ok(())
}

async fn attach(connection: &mut SqliteConnection, attached: &[DisclosureKey]) -> Result<()> {
    // The first entry that named it stays named.
    let update = "UPDATE attachment SET entry = coalesce(attachment.entry, new.column1) FROM (";
    let join = ") AS new WHERE attachment.digest = new.column2 AND attachment.erased = 0";
    let written = write_rows::<2, _>(connection, update, attached, join, key_row).await?;
    if written == attached.len() as u64 { Ok(()) } else { Err(StoreError::AttachmentNotHeld) }
}

async fn erase(connection: &mut SqliteConnection, erased: &[DisclosureKey]) -> Result<()> {
    let update = "UPDATE disclosure SET key_id = NULL, ciphertext = NULL FROM (";
    let join = ") AS gone WHERE disclosure.idx = gone.column1 AND disclosure.digest = gone.column2";
    let written = write_rows::<2, _>(connection, update, erased, join, key_row).await?;
    all_written("a disclosure to erase is not held", written, erased.len())
}

fn key_row(mut row: Row<'_>, (index, digest): &DisclosureKey) -> Result<()> {
    row.push_bind(stored("index", *index)?).push_bind(&digest[..]);
    Ok(())
}

async fn reseal(connection: &mut SqliteConnection, resealed: &[SealedDisclosure]) -> Result<()> {
    let update = "UPDATE disclosure SET key_id = new.column3, ciphertext = new.column4 FROM (";
    let join = ") AS new WHERE disclosure.idx = new.column1 AND disclosure.digest = new.column2
                AND disclosure.key_id IS NOT NULL";
    let written = write_rows::<4, _>(connection, update, resealed, join, sealed_row).await?;
    all_written("a disclosure to seal anew is not held", written, resealed.len())
}

async fn erase_attachments(connection: &mut SqliteConnection, digests: &[Hash]) -> Result<()> {
    let bind = |mut row: Row<'_>, digest: &Hash| {
        row.push_bind(&digest[..]);
        Ok(())
    };
    let delete =
        "DELETE FROM attachment_chunk WHERE upload IN (SELECT upload FROM attachment WHERE digest IN (";
    write_rows::<1, _>(connection, delete, digests, "))", bind).await?;
    let update = "UPDATE attachment SET key_id = NULL, chunks = 0, erased = 1 WHERE digest IN (";
    let written = write_rows::<1, _>(connection, update, digests, ")", bind).await?;
    if written == digests.len() as u64 { Ok(()) } else { Err(StoreError::AttachmentNotHeld) }
}

fn all_written(what: &str, written: u64, asked: usize) -> Result<()> {
    if written == asked as u64 { Ok(()) } else { Err(StoreError::corrupt(what)) }
}

/// Runs `before VALUES (…), (…) after` over all rows of `COLUMNS` parameters each, in as few statements as their number
/// allows, and counts the rows written.
pub(crate) async fn write_rows<const COLUMNS: usize, T>(
    connection: &mut SqliteConnection,
    before: &str,
    rows: &[T],
    after: &str,
    bind: impl Fn(Row<'_>, &T) -> Result<()>,
) -> Result<u64> {
    let mut written = 0;
    for chunk in rows.chunks(MAX_BINDS / COLUMNS) {
        let mut query = QueryBuilder::new(before);
        let mut bound = Ok(());
        query.push_values(chunk, |row, value| {
            if let Err(error) = bind(row, value) {
                bound = Err(error);
            }
        });
        bound?;
        query.push(" ").push(after);
        // Batches differ in length: keeping each statement would crowd out those that recur.
        let done = query.build().persistent(false).execute(&mut *connection).await.map_err(store_error)?;
        written += done.rows_affected();
    }
    Ok(written)
}
