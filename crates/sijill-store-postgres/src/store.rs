//! The store itself: which pool does what.

use std::ops::Range;
use std::path::Path;

use async_trait::async_trait;
use futures::future::BoxFuture;
use sijill_store::{
    Attachment, AttachmentRow, Batch, CaseRow, CommitOutcome, DeskCount, DeskEntry, DisclosureKey, Finished,
    Hash, Head, IndexRow, Irregularity, KeyId, MatchKey, Result, SealedDisclosure, Store, StoreError,
    StoredDisclosure, Stray, StreamHead, refuse_strays,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::error::store_error;
use crate::schema::{CASE_WAKE, DESK, DOCUMENT, MATCH_KEY};
use crate::{attachment, case, commit, connect, desk, document, irregular, lookup, page, schema, stray};

/// What to do instead of asking us for a backup.
pub(crate) const BACKUP: &str = "PostgreSQL is backed up with its own tools: `pg_dump --format=custom` for a copy, `pg_basebackup` with archived WAL \
     to return to a point in time; back up the ledger and the keys apart, and keep the keys' backups short";

/// The event store on PostgreSQL.
#[derive(Debug)]
pub struct PostgresStore {
    /// Apart from the readers, so that no number of them keeps a commit waiting. `None` when open for reading only.
    writers: Option<PgPool>,
    readers: PgPool,
    /// The first migration it lacks: an earlier release's database, open for reading only.
    lacks: Option<i64>,
}

impl PostgresStore {
    /// Connects to the ledger's database and brings its schema up to date.
    ///
    /// `url` is `postgres://user@host:port/database`, with `?sslmode=verify-full` where the network is not trusted; what
    /// it leaves out comes from the environment (`PGPASSWORD`, `PGPASSFILE` …). Refused, among others: `store-corrupt` if it
    /// holds rows that its head does not cover.
    pub async fn connect(url: &str) -> Result<Self> {
        let migrations = schema::ledger();
        let writers = connect::pool(url, &migrations, 4).await?;
        let (readers, lacks) = connect::reading_pool(url, &migrations, 8).await?;
        let store = Self { writers: Some(writers), readers, lacks };
        refuse_strays(&store).await?;
        Ok(store)
    }

    /// Connects to read only: as a user who may select and no more, or to a streaming replica, which may lag behind.
    /// An earlier release's database is read as it is: what that release did not keep is empty.
    pub async fn connect_read_only(url: &str) -> Result<Self> {
        let (readers, lacks) = connect::reading_pool(url, &schema::ledger(), 8).await?;
        Ok(Self { writers: None, readers, lacks })
    }

    /// Closes all connections.
    pub async fn close(self) {
        self.readers.close().await;
        if let Some(writers) = self.writers {
            writers.close().await;
        }
    }

    fn writers(&self) -> Result<&PgPool> {
        self.writers.as_ref().ok_or(StoreError::ReadOnly)
    }

    /// A read from what the migration `since` brought: nothing is there before.
    async fn read_since<T: Default>(&self, since: i64, read: impl Future<Output = Result<T>>) -> Result<T> {
        if self.lacks.is_some_and(|lacks| lacks <= since) { Ok(T::default()) } else { read.await }
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn head(&self) -> Result<Head> {
        page::head(&self.readers).await
    }

    async fn commit_after(&self, batch: &Batch, before: BoxFuture<'_, Result<()>>) -> Result<CommitOutcome> {
        commit::commit(self.writers()?, batch, before).await
    }

    async fn entries(&self, from: u64, limit: u32) -> Result<Vec<(u64, String)>> {
        page::entries(&self.readers, from, limit).await
    }

    async fn registry_entries(&self, from: u64, limit: u32) -> Result<Vec<(u64, String)>> {
        page::registry_entries(&self.readers, from, limit).await
    }

    async fn stream_heads(&self, streams: &[String]) -> Result<Vec<StreamHead>> {
        lookup::stream_heads(&self.readers, streams).await
    }

    async fn stream_entries(&self, stream: &str, from_seq: u64, limit: u32) -> Result<Vec<(u64, String)>> {
        page::stream_entries(&self.readers, stream, from_seq, limit).await
    }

    async fn entries_of(&self, streams: &[String]) -> Result<Vec<(u64, String)>> {
        lookup::entries_of(&self.readers, streams).await
    }

    async fn by_jti(&self, jtis: &[Uuid]) -> Result<Vec<(Uuid, u64, String)>> {
        lookup::by_jti(&self.readers, jtis).await
    }

    async fn known_digests(&self, digests: &[Hash]) -> Result<Vec<Hash>> {
        lookup::known_digests(&self.readers, digests).await
    }

    async fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>> {
        page::tile(&self.readers, level, index).await
    }

    async fn disclosures(
        &self,
        indexes: Range<u64>,
        after: Option<DisclosureKey>,
        limit: u32,
    ) -> Result<Vec<StoredDisclosure>> {
        page::disclosures(&self.readers, indexes, after, limit).await
    }

    async fn disclosures_of(&self, indexes: &[u64]) -> Result<Vec<StoredDisclosure>> {
        lookup::disclosures_of(&self.readers, indexes).await
    }

    async fn index_rows(&self, from: u64, limit: u32) -> Result<Vec<IndexRow>> {
        page::index_rows(&self.readers, from, limit).await
    }

    async fn stream_head_rows(&self, after: &str, limit: u32) -> Result<Vec<StreamHead>> {
        page::stream_head_rows(&self.readers, after, limit).await
    }

    async fn attachment_rows(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<AttachmentRow>> {
        attachment::rows(&self.readers, after, limit).await
    }

    async fn strays(&self) -> Result<Vec<Stray>> {
        stray::strays(&self.readers).await
    }

    async fn irregularities(&self) -> Result<Vec<Irregularity>> {
        irregular::irregularities(&self.readers, self.lacks).await
    }

    async fn remember_assertion(&self, id: Hash, expires_unix: i64, now: i64) -> Result<bool> {
        // Rows another server is purging are left to it: two purges never wait for each other.
        sqlx::query!(
            "DELETE FROM assertion WHERE id IN
             (SELECT id FROM assertion WHERE expires < $1 FOR UPDATE SKIP LOCKED)",
            now
        )
        .execute(self.writers()?)
        .await
        .map_err(store_error)?;
        let remembered = sqlx::query!(
            "INSERT INTO assertion (id, expires) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
            &id[..],
            expires_unix
        )
        .execute(self.writers()?)
        .await
        .map_err(store_error)?;
        Ok(remembered.rows_affected() == 1)
    }

    async fn begin_attachment(&self, upload: Uuid, now: i64) -> Result<()> {
        attachment::begin(self.writers()?, upload, now).await
    }

    async fn put_chunk(&self, upload: Uuid, number: u32, ciphertext: &[u8]) -> Result<()> {
        attachment::put_chunk(self.writers()?, upload, number, ciphertext).await
    }

    async fn finish_attachment(
        &self,
        upload: Uuid,
        digest: Hash,
        size: u64,
        key_id: KeyId,
    ) -> Result<Finished> {
        attachment::finish(self.writers()?, upload, digest, size, key_id).await
    }

    async fn attachment(&self, digest: Hash) -> Result<Option<Attachment>> {
        attachment::attachment(&self.readers, digest).await
    }

    async fn attachment_chunk(&self, digest: Hash, number: u32) -> Result<Option<Vec<u8>>> {
        attachment::chunk(&self.readers, digest, number).await
    }

    async fn known_attachments(&self, digests: &[Hash]) -> Result<Vec<Hash>> {
        lookup::known_attachments(&self.readers, digests).await
    }

    async fn sweep_attachments(&self, begun_before: i64) -> Result<Vec<KeyId>> {
        attachment::sweep(self.writers()?, begun_before).await
    }

    async fn put_document(&self, hash: Hash, bytes: &[u8], now_unix: i64) -> Result<()> {
        document::put(self.writers()?, hash, bytes, now_unix).await
    }

    async fn document(&self, hash: Hash) -> Result<Option<Vec<u8>>> {
        self.read_since(DOCUMENT, document::document(&self.readers, hash)).await
    }

    async fn documents(&self) -> Result<Vec<Hash>> {
        self.read_since(DOCUMENT, document::documents(&self.readers)).await
    }

    async fn sweep_documents(&self, before_unix: i64, keep: &[Hash]) -> Result<u64> {
        document::sweep(self.writers()?, before_unix, keep).await
    }

    async fn put_case_rows(&self, expected: Head, cases: &[CaseRow]) -> Result<CommitOutcome> {
        case::put(self.writers()?, expected, cases).await
    }

    async fn wake_all(&self, at_ms: u64) -> Result<u64> {
        let mut transaction = case::holding_head(self.writers()?).await?;
        let woken = case::wake_all(&mut transaction, at_ms).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(woken)
    }

    async fn clear_case_rows(&self) -> Result<()> {
        case::clear(self.writers()?).await
    }

    async fn due_cases(&self, until_ms: u64, limit: u32) -> Result<Vec<(String, u64)>> {
        self.read_since(CASE_WAKE, desk::due_cases(&self.readers, until_ms, limit)).await
    }

    async fn next_wake(&self) -> Result<Option<u64>> {
        self.read_since(CASE_WAKE, desk::next_wake(&self.readers)).await
    }

    async fn desk(
        &self,
        agency: &str,
        unit: &str,
        after: Option<&DeskEntry>,
        limit: u32,
    ) -> Result<Vec<DeskEntry>> {
        self.read_since(DESK, desk::desk(&self.readers, agency, unit, after, limit)).await
    }

    async fn desk_counts(&self, agency: &str, unit: &str, now_ms: u64) -> Result<Vec<DeskCount>> {
        self.read_since(DESK, desk::desk_counts(&self.readers, agency, unit, now_ms)).await
    }

    async fn cases_by_match(&self, keys: &[MatchKey]) -> Result<Vec<(MatchKey, String)>> {
        self.read_since(MATCH_KEY, desk::cases_by_match(&self.readers, keys)).await
    }

    async fn reseal(&self, anew: &[SealedDisclosure]) -> Result<()> {
        commit::seal_anew(self.writers()?, anew).await
    }

    async fn forget_match_keys(&self, case: &str) -> Result<()> {
        case::forget_match_keys(self.writers()?, case).await
    }

    async fn backup(&self, _to: &Path) -> Result<()> {
        Err(StoreError::BackupUnsupported(BACKUP))
    }
}
