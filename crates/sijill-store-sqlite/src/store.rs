//! The store itself: which connection does what.

use std::future::Future;
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use futures::future::BoxFuture;
use sijill_store::{
    Attachment, AttachmentRow, Batch, CaseRow, CommitOutcome, DeskCount, DeskEntry, DisclosureKey, Finished,
    Hash, Head, IndexRow, Irregularity, KeyId, MatchKey, Result, SealedDisclosure, Store, StoreError,
    StoredDisclosure, Stray, StreamHead, refuse_strays,
};
use sqlx::SqlitePool;
use uuid::Uuid;

use crate::error::store_error;
use crate::open::{self, Frozen};
use crate::schema::CASEWORK;
use crate::{attachment, case, commit, desk, document, irregular, lookup, page, schema, stray};

/// The event store on SQLite.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    readers: SqlitePool,
    /// `None` when open for reading only.
    writer: Option<SqlitePool>,
    /// Set while reading a file without locks.
    frozen: Option<Frozen>,
    /// The first migration it lacks: an earlier release's file, open for reading only.
    lacks: Option<i64>,
}

impl SqliteStore {
    /// Opens the ledger's file, which is created if there is none, and brings its schema up to date. Refused, among others:
    /// `store-corrupt` if it holds rows that its head does not cover.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = open::create(path.as_ref(), 0o640)?;
        let writer = open::writer(&path, &schema::LEDGER).await?;
        let readers = open::readers(&path).await?;
        let store = Self { path, readers, writer: Some(writer), frozen: None, lacks: None };
        refuse_strays(&store).await?;
        Ok(store)
    }

    /// Opens the ledger's file to read it, also where the user may not write and while a server is running. Creates
    /// nothing and changes nothing, unless a server ended abruptly: then SQLite needs to write `-shm` beside the file,
    /// and where it cannot, [`StoreError::NeedsRecovery`] says what to do.
    ///
    /// An earlier release's file is read as it is: what that release did not keep is empty.
    pub async fn open_read_only(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let (readers, frozen, lacks) = open::read_only(&path, &schema::LEDGER).await?;
        Ok(Self { path, readers, writer: None, frozen, lacks })
    }

    /// The first migration of this release that the file lacks; only a file open for reading only lacks any.
    pub fn lacks(&self) -> Option<i64> {
        self.lacks
    }

    /// Closes all connections; the last one folds the log into the file.
    pub async fn close(self) {
        self.readers.close().await;
        if let Some(writer) = self.writer {
            writer.close().await;
        }
    }

    /// Writes the whole file anew and empties its log, so that they hold nothing but the rows there are. `secure_delete` has
    /// overwritten what was erased; this takes what SQLite may have left when it moved rows between pages.
    pub async fn compact(&self) -> Result<()> {
        open::compact(self.writer()?).await
    }

    fn writer(&self) -> Result<&SqlitePool> {
        self.writer.as_ref().ok_or(StoreError::ReadOnly)
    }

    /// The connection whose page cache a commit has just filled: SQLite empties a reader's with every commit. For what is
    /// asked of thousands of rows all over the file, before the next commit.
    fn warm(&self) -> &SqlitePool {
        self.writer.as_ref().unwrap_or(&self.readers)
    }

    /// A read, and afterwards whether it was one of a file that stood still.
    async fn read<T>(&self, read: impl Future<Output = Result<T>>) -> Result<T> {
        let found = read.await;
        if let Some(frozen) = &self.frozen {
            frozen.still()?;
        }
        found
    }

    /// As [`read`](Self::read), from what the migration `since` brought: nothing is there before.
    async fn read_since<T: Default>(&self, since: i64, read: impl Future<Output = Result<T>>) -> Result<T> {
        if self.lacks.is_some_and(|lacks| lacks <= since) {
            return Ok(T::default());
        }
        self.read(read).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn head(&self) -> Result<Head> {
        self.read(page::head(&self.readers)).await
    }

    async fn commit_after(&self, batch: &Batch, before: BoxFuture<'_, Result<()>>) -> Result<CommitOutcome> {
        commit::commit(self.writer()?, batch, before).await
    }

    async fn entries(&self, from: u64, limit: u32) -> Result<Vec<(u64, String)>> {
        self.read(page::entries(&self.readers, from, limit)).await
    }

    async fn registry_entries(&self, from: u64, limit: u32) -> Result<Vec<(u64, String)>> {
        self.read(page::registry_entries(&self.readers, from, limit)).await
    }

    async fn stream_heads(&self, streams: &[String]) -> Result<Vec<StreamHead>> {
        self.read(lookup::stream_heads(&self.readers, streams)).await
    }

    async fn stream_entries(&self, stream: &str, from_seq: u64, limit: u32) -> Result<Vec<(u64, String)>> {
        self.read(page::stream_entries(&self.readers, stream, from_seq, limit)).await
    }

    async fn entries_of(&self, streams: &[String]) -> Result<Vec<(u64, String)>> {
        self.read(lookup::entries_of(&self.readers, streams)).await
    }

    async fn by_jti(&self, jtis: &[Uuid]) -> Result<Vec<(Uuid, u64, String)>> {
        self.read(lookup::by_jti(self.warm(), jtis)).await
    }

    async fn known_digests(&self, digests: &[Hash]) -> Result<Vec<Hash>> {
        self.read(lookup::known_digests(self.warm(), digests)).await
    }

    async fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>> {
        self.read(page::tile(&self.readers, level, index)).await
    }

    async fn disclosures(
        &self,
        indexes: Range<u64>,
        after: Option<DisclosureKey>,
        limit: u32,
    ) -> Result<Vec<StoredDisclosure>> {
        self.read(page::disclosures(&self.readers, indexes, after, limit)).await
    }

    async fn disclosures_of(&self, indexes: &[u64]) -> Result<Vec<StoredDisclosure>> {
        self.read(lookup::disclosures_of(&self.readers, indexes)).await
    }

    async fn index_rows(&self, from: u64, limit: u32) -> Result<Vec<IndexRow>> {
        self.read(page::index_rows(&self.readers, from, limit)).await
    }

    async fn stream_head_rows(&self, after: &str, limit: u32) -> Result<Vec<StreamHead>> {
        self.read(page::stream_head_rows(&self.readers, after, limit)).await
    }

    async fn attachment_rows(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<AttachmentRow>> {
        self.read(attachment::rows(&self.readers, after, limit)).await
    }

    async fn strays(&self) -> Result<Vec<Stray>> {
        self.read(stray::strays(&self.readers)).await
    }

    async fn irregularities(&self) -> Result<Vec<Irregularity>> {
        self.read(irregular::irregularities(&self.readers, self.lacks)).await
    }

    async fn remember_assertion(&self, id: Hash, expires_unix: i64, now: i64) -> Result<bool> {
        let mut transaction = self.writer()?.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
        sqlx::query!("DELETE FROM assertion WHERE expires < ?", now)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        let id = &id[..];
        let remembered = sqlx::query!(
            "INSERT INTO assertion (id, expires) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
            id,
            expires_unix
        )
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(remembered.rows_affected() == 1)
    }

    async fn begin_attachment(&self, upload: Uuid, now: i64) -> Result<()> {
        attachment::begin(self.writer()?, upload, now).await
    }

    async fn put_chunk(&self, upload: Uuid, number: u32, ciphertext: &[u8]) -> Result<()> {
        attachment::put_chunk(self.writer()?, upload, number, ciphertext).await
    }

    async fn finish_attachment(
        &self,
        upload: Uuid,
        digest: Hash,
        size: u64,
        key_id: KeyId,
    ) -> Result<Finished> {
        attachment::finish(self.writer()?, upload, digest, size, key_id).await
    }

    async fn attachment(&self, digest: Hash) -> Result<Option<Attachment>> {
        self.read(attachment::attachment(&self.readers, digest)).await
    }

    async fn attachment_chunk(&self, digest: Hash, number: u32) -> Result<Option<Vec<u8>>> {
        self.read(attachment::chunk(&self.readers, digest, number)).await
    }

    async fn known_attachments(&self, digests: &[Hash]) -> Result<Vec<Hash>> {
        self.read(lookup::known_attachments(&self.readers, digests)).await
    }

    async fn sweep_attachments(&self, begun_before: i64) -> Result<Vec<KeyId>> {
        attachment::sweep(self.writer()?, begun_before).await
    }

    async fn put_document(&self, hash: Hash, bytes: &[u8], now_unix: i64) -> Result<()> {
        document::put(self.writer()?, hash, bytes, now_unix).await
    }

    async fn document(&self, hash: Hash) -> Result<Option<Vec<u8>>> {
        self.read_since(CASEWORK, document::document(&self.readers, hash)).await
    }

    async fn documents(&self) -> Result<Vec<Hash>> {
        self.read_since(CASEWORK, document::documents(&self.readers)).await
    }

    async fn sweep_documents(&self, before_unix: i64, keep: &[Hash]) -> Result<u64> {
        document::sweep(self.writer()?, before_unix, keep).await
    }

    async fn put_case_rows(&self, expected: Head, cases: &[CaseRow]) -> Result<CommitOutcome> {
        case::put(self.writer()?, expected, cases).await
    }

    async fn wake_all(&self, at_ms: u64) -> Result<u64> {
        case::wake_all(&mut *self.writer()?.acquire().await.map_err(store_error)?, at_ms).await
    }

    async fn clear_case_rows(&self) -> Result<()> {
        case::clear(self.writer()?).await
    }

    async fn due_cases(&self, until_ms: u64, limit: u32) -> Result<Vec<(String, u64)>> {
        self.read_since(CASEWORK, desk::due_cases(&self.readers, until_ms, limit)).await
    }

    async fn next_wake(&self) -> Result<Option<u64>> {
        self.read_since(CASEWORK, desk::next_wake(&self.readers)).await
    }

    async fn desk(
        &self,
        agency: &str,
        unit: &str,
        after: Option<&DeskEntry>,
        limit: u32,
    ) -> Result<Vec<DeskEntry>> {
        self.read_since(CASEWORK, desk::desk(&self.readers, agency, unit, after, limit)).await
    }

    async fn desk_counts(&self, agency: &str, unit: &str, now_ms: u64) -> Result<Vec<DeskCount>> {
        self.read_since(CASEWORK, desk::desk_counts(&self.readers, agency, unit, now_ms)).await
    }

    async fn cases_by_match(&self, keys: &[MatchKey]) -> Result<Vec<(MatchKey, String)>> {
        self.read_since(CASEWORK, desk::cases_by_match(&self.readers, keys)).await
    }

    async fn reseal(&self, anew: &[SealedDisclosure]) -> Result<()> {
        commit::seal_anew(self.writer()?, anew).await
    }

    async fn forget_match_keys(&self, case: &str) -> Result<()> {
        case::forget_match_keys(self.writer()?, case).await
    }

    async fn backup(&self, to: &Path) -> Result<()> {
        self.writer()?;
        open::backup(&self.path, to).await
    }
}

#[cfg(test)]
mod tests {
    use sijill_store::NewEntry;

    use super::*;

    /// On `SQLITE_FULL` SQLite rolls back by itself, and sqlx does not know.
    #[tokio::test]
    async fn a_disk_that_was_full_is_written_to_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("ledger.sqlite")).await.unwrap();
        let writer = store.writer().unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(writer).await.unwrap();
        let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(limit).execute(writer).await.unwrap();

        let before = store.head().await.unwrap();
        let entry = NewEntry {
            index: 0,
            entry: "x".repeat(1 << 20),
            stream: "case/c1".to_owned(),
            seq: 0,
            jti: Uuid::from_u128(1),
            registry: false,
        };
        let mut batch = Batch::new(before, Head { size: 1, root: [1; 32], received: 1 }, vec![entry]);
        let (stream, parties) = ("case/c1".to_owned(), String::new());
        batch.streams = vec![StreamHead { stream, seq: 0, last: [2; 32], parties }];
        let full = store.commit(&batch).await.unwrap_err();
        assert_eq!(full.code(), "store-unavailable", "{full}");
        assert_eq!(store.head().await.unwrap(), before);

        // The limit was of that connection, as a full disk is of that hour.
        assert_eq!(store.commit(&batch).await.unwrap(), CommitOutcome::Committed);
        assert!(store.remember_assertion([7; 32], 10, 5).await.unwrap());
    }
}
