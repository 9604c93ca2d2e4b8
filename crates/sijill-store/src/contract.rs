//! The two traits: the store, and the key store apart from it.

use std::ops::Range;
use std::path::Path;

use async_trait::async_trait;
use futures::future::{BoxFuture, ready};
use uuid::Uuid;

use crate::batch::Batch;
use crate::case::{CaseRow, DeskCount, DeskEntry, MatchKey};
use crate::error::{Result, StoreError};
use crate::types::{
    Attachment, AttachmentRow, CommitOutcome, DisclosureKey, Finished, Hash, Head, IndexRow, Irregularity,
    KeyId, SealedDisclosure, StoredDisclosure, Stray, StreamHead,
};

/// Most rows one page holds, whatever is asked: a bound on the memory one reader can take.
pub const MAX_PAGE: u32 = 10_000;

/// Largest sealed chunk of an attachment, bytes.
pub const MAX_CHUNK_BYTES: usize = 4 << 20;

/// Largest document, bytes.
pub const MAX_DOCUMENT_BYTES: usize = 1 << 20;

/// Entries, and what is kept beside them.
///
/// Pages hold at most the smaller of `limit` and [`MAX_PAGE`] rows. A short page is not the end; an empty one is.
/// Look-ups by a list answer in any order, once per match, and leave out what is not there.
#[async_trait]
pub trait Store: Send + Sync {
    /// Where the ledger ends.
    async fn head(&self) -> Result<Head>;

    /// Writes the batch in one transaction, if the head still has the expected size and root.
    ///
    /// After [`StoreError::Unavailable`] it is unknown whether the batch landed: read the head again.
    /// A unique constraint that fails is [`StoreError::Corrupt`], for the sequencer has checked all of them before.
    async fn commit(&self, batch: &Batch) -> Result<CommitOutcome> {
        self.commit_after(batch, Box::pin(ready(Ok(())))).await
    }

    /// As [`commit`](Self::commit), but only after what has to be durable before: it is done while the batch is written, and the
    /// transaction waits for it at its very end. If it fails, nothing is committed, and its error is the answer. Once begun it is
    /// done to its end, unless the caller stops waiting for all of it.
    async fn commit_after(&self, batch: &Batch, before: BoxFuture<'_, Result<()>>) -> Result<CommitOutcome>;

    /// Entries from index `from` on, contiguous and ascending: (index, entry).
    async fn entries(&self, from: u64, limit: u32) -> Result<Vec<(u64, String)>>;

    /// Entries of the registry of authority with an index from `from` on, ascending: (index, entry).
    async fn registry_entries(&self, from: u64, limit: u32) -> Result<Vec<(u64, String)>>;

    /// The heads of these streams.
    async fn stream_heads(&self, streams: &[String]) -> Result<Vec<StreamHead>>;

    /// A stream's entries from `from_seq` on, contiguous in `seq` and ascending: (index, entry).
    async fn stream_entries(&self, stream: &str, from_seq: u64, limit: u32) -> Result<Vec<(u64, String)>>;

    /// All entries of these streams: (index, entry). No page: the caller asks for few streams at a time.
    async fn entries_of(&self, streams: &[String]) -> Result<Vec<(u64, String)>>;

    /// The entries with these idempotency keys: (jti, index, entry).
    async fn by_jti(&self, jtis: &[Uuid]) -> Result<Vec<(Uuid, u64, String)>>;

    /// Which of these disclosure digests occur in the log, erased ones included.
    async fn known_digests(&self, digests: &[Hash]) -> Result<Vec<Hash>>;

    /// A full tile's hashes; `None` while it is not full.
    async fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>>;

    /// Disclosures of the entries in `indexes`, by index and digest, beginning behind `after`.
    async fn disclosures(
        &self,
        indexes: Range<u64>,
        after: Option<DisclosureKey>,
        limit: u32,
    ) -> Result<Vec<StoredDisclosure>>;

    /// All disclosures of these entries. No page either.
    async fn disclosures_of(&self, indexes: &[u64]) -> Result<Vec<StoredDisclosure>>;

    /// What is kept beside the entries from `from` on, ascending: for an audit.
    async fn index_rows(&self, from: u64, limit: u32) -> Result<Vec<IndexRow>>;

    /// All stream heads behind `after`, by the bytes of the name: for an audit. The first page is behind `""`.
    async fn stream_head_rows(&self, after: &str, limit: u32) -> Result<Vec<StreamHead>>;

    /// All uploads behind `after`, by name: for an audit.
    async fn attachment_rows(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<AttachmentRow>>;

    /// Rows at positions that the head does not cover: the first entry, the first disclosure and the first tile of each
    /// level, as of one moment.
    async fn strays(&self) -> Result<Vec<Stray>>;

    /// What is wrong with the database as a whole: for an audit, which reads on whatever is. Rows that share a key or have no
    /// place come first, then damage the engine finds (as far as it looks), then the schema where it is not what the
    /// migrations make. Reads the whole database.
    async fn irregularities(&self) -> Result<Vec<Irregularity>>;

    /// Remembers a client assertion until it expires, for all servers that share the database (replay protection of
    /// RFC 7523 §3 `jti`). `false`: it is there already. Times are Unix seconds; `now` decides what is purged.
    async fn remember_assertion(&self, id: Hash, expires_unix: i64, now: i64) -> Result<bool>;

    /// Begins an upload under a fresh, unguessable name.
    async fn begin_attachment(&self, upload: Uuid, now: i64) -> Result<()>;

    /// Puts a sealed chunk of an upload in progress; the same number again replaces it, so that a client may retry.
    async fn put_chunk(&self, upload: Uuid, number: u32, ciphertext: &[u8]) -> Result<()>;

    /// Ends an upload: from now on it is held under its digest. `size` is the plaintext's, bytes.
    async fn finish_attachment(
        &self,
        upload: Uuid,
        digest: Hash,
        size: u64,
        key_id: KeyId,
    ) -> Result<Finished>;

    /// An attachment, held or erased.
    async fn attachment(&self, digest: Hash) -> Result<Option<Attachment>>;

    /// One sealed chunk of a held attachment.
    async fn attachment_chunk(&self, digest: Hash, number: u32) -> Result<Option<Vec<u8>>>;

    /// Which of these attachments are held, neither erased nor unfinished.
    async fn known_attachments(&self, digests: &[Hash]) -> Result<Vec<Hash>>;

    /// Drops uploads begun before `begun_before` (Unix seconds) that are unfinished or that no entry has attached.
    /// Answers the names of their keys, so that they can be destroyed too: an unfinished upload's key, if one is held yet,
    /// has the upload's own name.
    async fn sweep_attachments(&self, begun_before: i64) -> Result<Vec<KeyId>>;

    /// Holds a public document under its hash, which is the caller's word. Held already, it stays and counts as put now
    /// (Unix seconds): who is about to publish it puts it first, and no sweep takes it away in between. Refused:
    /// `document-size`.
    async fn put_document(&self, hash: Hash, bytes: &[u8], now_unix: i64) -> Result<()>;

    /// A document's bytes.
    async fn document(&self, hash: Hash) -> Result<Option<Vec<u8>>>;

    /// The hashes of all documents, ascending.
    async fn documents(&self) -> Result<Vec<Hash>>;

    /// Drops documents last put before `before_unix` (Unix seconds), except those in `keep`; answers how many.
    async fn sweep_documents(&self, before_unix: i64, keep: &[Hash]) -> Result<u64>;

    /// Replaces the rows of cases in which nothing happened: after a look that found nothing to do. If the head is not
    /// `expected`, nothing is written, for the rows were derived from a log that has gone on. Refused: as
    /// [`check_cases`](crate::check_cases) does.
    async fn put_case_rows(&self, expected: Head, cases: &[CaseRow]) -> Result<CommitOutcome>;

    /// Lets every case that would wake later wake at `at_ms` (Unix milliseconds), and none that would not wake at all;
    /// answers how many. See also [`Batch::wake_all`](crate::Batch::wake_all).
    async fn wake_all(&self, at_ms: u64) -> Result<u64>;

    /// Forgets all case rows, to derive them anew. Match keys stay: they do not follow from the log alone.
    async fn clear_case_rows(&self) -> Result<()>;

    /// Cases that wake at `until_ms` (Unix milliseconds) or before, by that time and then by name: (case, when).
    async fn due_cases(&self, until_ms: u64, limit: u32) -> Result<Vec<(String, u64)>>;

    /// When the next case wakes, Unix milliseconds; `None`: none does.
    async fn next_wake(&self) -> Result<Option<u64>>;

    /// A desk behind `after`, the last entry of the page before, in the order of [`DeskEntry`].
    async fn desk(
        &self,
        agency: &str,
        unit: &str,
        after: Option<&DeskEntry>,
        limit: u32,
    ) -> Result<Vec<DeskEntry>>;

    /// How much lies on a desk, by kind, ascending; kinds of which there is nothing are left out.
    async fn desk_counts(&self, agency: &str, unit: &str, now_ms: u64) -> Result<Vec<DeskCount>>;

    /// The cases of these match keys: a key may have several, and a case several keys.
    async fn cases_by_match(&self, keys: &[MatchKey]) -> Result<Vec<(MatchKey, String)>>;

    /// Seals disclosures anew that survive an erasure, all or none: until then their old key may not be destroyed. One
    /// that is not held, or was erased, is [`StoreError::Corrupt`].
    async fn reseal(&self, anew: &[SealedDisclosure]) -> Result<()>;

    /// Forgets all match keys of a case, as an erasure demands.
    async fn forget_match_keys(&self, case: &str) -> Result<()>;

    /// Writes a consistent copy to a new file while the store is in use.
    async fn backup(&self, to: &Path) -> Result<()>;
}

/// Wrapped data keys, in a database of their own with a backup rule of their own: destroying a key here is what makes
/// an erasure reach the older backups of the [`Store`].
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Adds keys, all or none. A name that is held already is [`StoreError::KeyExists`]: keys are never replaced.
    async fn put(&self, keys: &[(KeyId, Vec<u8>)]) -> Result<()>;

    /// The keys with these names; destroyed and unknown ones are left out.
    async fn get(&self, ids: &[KeyId]) -> Result<Vec<(KeyId, Vec<u8>)>>;

    /// Destroys keys for good; answers how many there were. Unknown names are no error.
    async fn destroy(&self, ids: &[KeyId]) -> Result<u64>;

    /// Writes a consistent copy to a new file while the store is in use.
    async fn backup(&self, to: &Path) -> Result<()>;
}

/// Refuses a database that holds rows its head does not cover, before a ledger stands on it: the first commit that reached
/// them would fail, and so would every one after it. Refused: `store-corrupt`.
pub async fn refuse_strays(store: &dyn Store) -> Result<()> {
    match store.strays().await?.first() {
        None => Ok(()),
        Some(stray) => Err(StoreError::corrupt(format!(
            "it holds {stray}: no ledger wrote that; run `sijill audit` on it, and restore it before it goes on"
        ))),
    }
}

/// Checks that a page's positions run on from `from` without a gap; a gap means rows were removed behind our back.
pub fn contiguous(from: u64, positions: impl IntoIterator<Item = u64>) -> Result<()> {
    for (expected, found) in (from..=u64::MAX).zip(positions) {
        if expected != found {
            return Err(StoreError::corrupt(format!(
                "position {expected} is missing; the next one held is {found}"
            )));
        }
    }
    Ok(())
}
