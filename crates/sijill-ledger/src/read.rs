//! Reading the published log.

use std::collections::BTreeMap;

use sijill_domain::{Parties, Registry};
use sijill_event::{Digest, Seen, Stream, Uuid};
use sijill_log::{Hash, Tile, bundle};

use crate::error::LedgerError;
use crate::ledger::{Ledger, Receipt};
use crate::publish::tlog_proof;
use crate::state::{missing, parse, registry_after};

/// Where the next event of a stream goes.
#[derive(Debug, Clone)]
pub struct Next {
    /// Its position.
    pub seq: u64,
    /// Hash of the event before it.
    pub prev: Option<Digest>,
    /// The published checkpoint, to be named in `seen`; none before entry 0.
    pub seen: Option<Seen>,
    /// Who is party to the stream so far.
    pub parties: Parties,
}

impl Ledger {
    /// The head of a stream and the checkpoint to have seen.
    pub async fn next(&self, stream: &Stream) -> Result<Next, LedgerError> {
        let published = self.published();
        let heads = self.store().stream_heads(&[stream.to_string()]).await?;
        let head = heads.first();
        let size = published.checkpoint.size;
        Ok(Next {
            seq: head.map_or(0, |h| h.seq + 1),
            prev: head.map(|h| Digest(h.last)),
            seen: (size > 0).then(|| Seen { size, root: published.checkpoint.root.0 }),
            parties: head.and_then(|h| h.parties.parse().ok()).unwrap_or_default(),
        })
    }

    /// Entries from index `from` on, as (index, entry), below the published size only.
    pub async fn entries(&self, from: u64, limit: u32) -> Result<Vec<(u64, String)>, LedgerError> {
        let size = self.published().checkpoint.size;
        if from >= size {
            return Ok(Vec::new());
        }
        let mut page = self.store().entries(from, limit).await?;
        page.retain(|(index, _)| *index < size);
        Ok(page)
    }

    /// A stream's entries from `from_seq` on, published ones only.
    pub async fn stream_entries(
        &self,
        stream: &Stream,
        from_seq: u64,
        limit: u32,
    ) -> Result<Vec<(u64, String)>, LedgerError> {
        let size = self.published().checkpoint.size;
        let mut page = self.store().stream_entries(stream.as_str(), from_seq, limit).await?;
        page.retain(|(index, _)| *index < size);
        Ok(page)
    }

    /// Which of these idempotency keys the published log holds, with the index of each: what an author that may have
    /// been interrupted asks before it signs anything anew.
    pub async fn known(&self, jtis: &[Uuid]) -> Result<BTreeMap<Uuid, u64>, LedgerError> {
        let size = self.published().checkpoint.size;
        let held = self.store().by_jti(jtis).await?;
        Ok(held
            .into_iter()
            .filter(|(_, index, _)| *index < size)
            .map(|(jti, index, _)| (jti, index))
            .collect())
    }

    /// Who is party to each of these streams; streams without events are left out.
    pub async fn parties(&self, streams: &[Stream]) -> Result<BTreeMap<String, Parties>, LedgerError> {
        let names: Vec<String> = streams.iter().map(ToString::to_string).collect();
        let heads = self.store().stream_heads(&names).await?;
        Ok(heads.into_iter().filter_map(|h| Some((h.stream, h.parties.parse().ok()?))).collect())
    }

    /// Every entry of streams `ledger` and `agency/…` with a lower index than this, ascending.
    pub async fn registry_entries(&self, before: u64) -> Result<Vec<(u64, String)>, LedgerError> {
        let (mut found, mut from) = (Vec::new(), 0);
        loop {
            let page = self.store().registry_entries(from, 2_000).await?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            from = last + 1;
            found.extend(page.into_iter().filter(|(index, _)| *index < before));
            if from >= before {
                return Ok(found);
            }
        }
    }

    /// The registry as it was before entry `index`.
    pub async fn registry_at(&self, index: u64) -> Result<Registry, LedgerError> {
        let size = self.published().checkpoint.size;
        if index > size {
            return Err(LedgerError::OutOfRange(format!(
                "the log holds {size} entries; there is no entry {index} yet"
            )));
        }
        registry_after(self.store(), index).await
    }

    /// The roots of complete subtrees (level and number) of the first `size` entries, at most the published size.
    pub async fn subtrees(&self, size: u64, subtrees: &[(u8, u64)]) -> Result<Vec<Hash>, LedgerError> {
        self.tiles().subtrees(size, subtrees, &self.published().edge).await
    }

    /// The root of the log when it had `size` entries, at most the published size.
    pub async fn root_at(&self, size: u64) -> Result<Hash, LedgerError> {
        let published = self.published();
        if size == published.checkpoint.size {
            return Ok(published.checkpoint.root);
        }
        self.tiles().root(size, &published.edge).await
    }

    /// How many published entries had been sequenced by a time, Unix milliseconds. `received` never decreases along the log, so
    /// that a few entries looked at are enough.
    pub async fn size_at(&self, unix_ms: u64) -> Result<u64, LedgerError> {
        let (mut low, mut high) = (0, self.published().checkpoint.size);
        while low < high {
            let middle = low + (high - low) / 2;
            let page = self.store().entries(middle, 1).await?;
            let (_, text) = page.first().ok_or_else(|| missing(middle))?;
            if parse(middle, text)?.received <= unix_ms {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// Inclusion proof of entry `index` in the tree of `size`.
    pub async fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, LedgerError> {
        self.tiles().inclusion(index, size, &self.published().edge).await
    }

    /// Consistency proof between the trees of `from` and `to` entries.
    pub async fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, LedgerError> {
        self.tiles().consistency(from, to, &self.published().edge).await
    }

    /// The receipt of a published entry, against the checkpoint of now.
    pub async fn receipt(&self, index: u64) -> Result<Receipt, LedgerError> {
        let published = self.published();
        let size = published.checkpoint.size;
        let hashes = self.tiles().inclusion(index, size, &published.edge).await?;
        let page = self.store().entries(index, 1).await?;
        let (_, text) = page.first().ok_or_else(|| missing(index))?;
        let entry = parse(index, text)?;
        let proof = tlog_proof(&published.note, index, hashes);
        Ok(Receipt { index, received: entry.received, jti: entry.event.jti, proof, first: false })
    }

    /// A hash tile at its width; `None` beyond the published size.
    pub async fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, LedgerError> {
        self.tiles().read(tile, &self.published().edge).await
    }

    /// An entry bundle at its width (level 0); `None` beyond the published size.
    pub async fn bundle(&self, tile: Tile) -> Result<Option<Vec<u8>>, LedgerError> {
        let size = self.published().checkpoint.size;
        if Tile::in_tree(0, tile.index, size).is_none_or(|held| held.width < tile.width) {
            return Ok(None);
        }
        let page = self.store().entries(tile.index * 256, tile.width.into()).await?;
        if page.len() != usize::from(tile.width) {
            return Err(missing(tile.index * 256 + page.len() as u64));
        }
        let entries: Vec<&[u8]> = page.iter().map(|(_, text)| text.as_bytes()).collect();
        Ok(Some(bundle::encode(&entries)?))
    }

    /// Remembers a client assertion for its life; `false` if it was used before.
    pub async fn remember_assertion(&self, id: [u8; 32], expires: i64) -> Result<bool, LedgerError> {
        let now = i64::try_from(self.now_ms() / 1_000).unwrap_or(i64::MAX);
        Ok(self.store().remember_assertion(id, expires, now).await?)
    }
}
