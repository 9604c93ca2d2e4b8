//! What the vault holds, held against the entries that name it: disclosures by their digests, attachments by the
//! disclosures that cite them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sijill_audit::{DisclosureRow, Disclosures, Facts, Unreadable};
use sijill_event::{Digest, Disclosure, Entry, Event, Json};
use sijill_ledger::VaultError;
use sijill_store::{AttachmentRow, Hash, Head, KeyId, MAX_PAGE, StoreError, StoredDisclosure};

use super::{Cited, Database, Keys, locked, told, unreadable};

/// How much later than an entry that cites it a file may have been begun, milliseconds: servers' clocks differ.
const SKEW_MS: i64 = 300_000;

impl Database {
    pub(super) fn read_disclosures(&self, range: Range<u64>) -> Result<Disclosures, Unreadable> {
        let stored = self.stored(range)?;
        locked(&self.held).extend(stored.iter().map(|row| (row.index, row.digest)));
        let Some(keys) = &self.keys else { return Ok(Disclosures::default()) };
        let ids: BTreeSet<KeyId> =
            stored.iter().filter_map(|row| Some(row.sealed.as_ref()?.key_id)).collect();
        let ids: Vec<KeyId> = ids.into_iter().collect();
        let wrapped = self.sound("the key store", keys.store.get(&ids))?.unwrap_or_default();
        let wrapped: BTreeMap<KeyId, Vec<u8>> = wrapped.into_iter().collect();
        let events = self.events(&stored)?;
        let rows =
            stored.iter().filter_map(|row| self.open_disclosure(keys, row, &wrapped, &events)).collect();
        Ok(Disclosures { rows, all: true })
    }

    fn stored(&self, range: Range<u64>) -> Result<Vec<StoredDisclosure>, Unreadable> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            match self.runtime.block_on(self.store.disclosures(range.clone(), after, MAX_PAGE)) {
                Ok(page) => {
                    let Some(last) = page.last() else { return Ok(all) };
                    after = Some((last.index, last.digest));
                    all.extend(page);
                }
                Err(StoreError::Corrupt { .. }) => {
                    let from = after.map_or(range.start, |(index, _)| index);
                    all.retain(|row| row.index < from);
                    self.stored_one_by_one(from..range.end, &mut all)?;
                    return Ok(all);
                }
                Err(error) => return Err(unreadable(&error)),
            }
        }
    }

    /// Entry by entry, where a row is nothing a ledger writes.
    fn stored_one_by_one(
        &self,
        range: Range<u64>,
        all: &mut Vec<StoredDisclosure>,
    ) -> Result<(), Unreadable> {
        // A checkpoint can claim more entries than anyone can ask for; and where no row at all can be read, none need be tried.
        let what = "the disclosures";
        let bounded = range.end.min(range.start.saturating_add(u64::from(MAX_PAGE)));
        if self.sound(what, self.store.disclosures(0..0, None, 1))?.is_none() {
            return Ok(());
        }
        for index in range.start..bounded {
            match self.runtime.block_on(self.store.disclosures(index..index + 1, None, MAX_PAGE)) {
                Ok(page) => all.extend(page),
                Err(error @ StoreError::Corrupt { .. }) => {
                    self.note(
                        Some(index),
                        format!("{what} of entry {index} cannot be read: {}", told(&error)),
                    );
                }
                Err(error) => return Err(unreadable(&error)),
            }
        }
        Ok(())
    }

    /// The events these disclosures belong to; malformed entries have none.
    fn events(&self, stored: &[StoredDisclosure]) -> Result<BTreeMap<u64, Event>, Unreadable> {
        use sijill_audit::Source as _;
        let wanted: BTreeSet<u64> = stored.iter().map(|row| row.index).collect();
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(BTreeMap::new()) };
        let entries = self.entries(*first, usize::try_from(last - first + 1).unwrap_or(usize::MAX))?;
        let entries = entries.into_iter().filter(|(index, _)| wanted.contains(index));
        Ok(entries.filter_map(|(index, bytes)| Some((index, Entry::parse(&bytes).ok()?.event))).collect())
    }

    fn open_disclosure(
        &self,
        keys: &Keys,
        row: &StoredDisclosure,
        wrapped: &BTreeMap<KeyId, Vec<u8>>,
        events: &BTreeMap<u64, Event>,
    ) -> Option<DisclosureRow> {
        // Erased, or its key is gone: it is simply not there.
        let sealed = row.sealed.as_ref()?;
        let wrapped = wrapped.get(&sealed.key_id)?;
        let event = events.get(&row.index)?;
        let digest = Digest(row.digest);
        let opened = keys.vault.open(event, &digest, &sealed.key_id, wrapped, &sealed.ciphertext);
        let disclosure = opened.map_err(|error| format!("its ciphertext: {error}")).and_then(|text| {
            // By its digest a row is served and erased: with another's text it would be the other's value.
            if Digest::of(&text) == digest {
                Ok(text)
            } else {
                Err("its text has another digest".to_string())
            }
        });
        if let Ok(text) = &disclosure {
            self.note_attachment(row.index, text);
        }
        Some(DisclosureRow { index: Some(row.index), disclosure })
    }

    fn note_attachment(&self, index: u64, disclosure: &str) {
        let Ok(disclosure) = Disclosure::parse(disclosure) else { return };
        let Some(digest) = attachment_of(&disclosure.value) else { return };
        let size = disclosure.value.get("size").and_then(Json::as_u64);
        locked(&self.attachments).entry(digest).or_insert(Cited { index, size });
    }

    /// Holds the disclosures of these entries, erased ones too, against the digests that the entries name.
    pub(super) fn compare_held(&self, facts: &[Facts<'_>]) {
        let Some(last) = facts.last() else { return };
        let mut held = locked(&self.held);
        let behind = held.partition_point(|(index, _)| *index <= last.index);
        let mut rows: Vec<_> = held.drain(..behind).collect();
        drop(held);
        rows.sort_unstable();
        for run in rows.chunk_by(|one, next| one == next) {
            let Some((index, digest)) = run.first() else { continue };
            // An entry that is missing or malformed names nothing, and is at fault already.
            let Ok(place) = facts.binary_search_by_key(index, |fact| fact.index) else { continue };
            let named = facts.get(place).is_some_and(|fact| {
                fact.digests.iter().any(|(_, digests)| digests.iter().any(|named| named.0 == *digest))
            });
            if !named {
                let message = "the vault holds a disclosure under a digest that the entry does not name";
                self.note(Some(*index), message.to_string());
            } else if run.len() > 1 {
                self.note(Some(*index), "the vault holds a disclosure of it twice".to_string());
            }
        }
    }

    /// Holds the files against the entries that cite them, once all entries were read.
    pub(super) fn compare_attachments(&self, size: u64) -> Result<(), Unreadable> {
        let cited = std::mem::take(&mut *locked(&self.attachments));
        for (digest, cited) in &cited {
            self.compare_cited(*digest, cited)?;
        }
        let Some(head) = self.sound("the head", self.store.head())? else { return Ok(()) };
        let mut after = None;
        loop {
            let page = self.sound("the uploads", self.store.attachment_rows(after, MAX_PAGE))?;
            let Some(page) = page.filter(|page| !page.is_empty()) else { return Ok(()) };
            after = page.last().map(|row| row.upload);
            for row in page {
                let cited = row.digest.and_then(|digest| cited.get(&digest));
                self.compare_upload(&row, cited, size, &head)?;
            }
        }
    }

    fn compare_cited(&self, digest: Hash, cited: &Cited) -> Result<(), Unreadable> {
        let wrong = match self.runtime.block_on(self.store.attachment(digest)) {
            Err(error @ StoreError::Corrupt { .. }) => format!("an attachment it cites: {}", told(&error)),
            Err(error) => return Err(unreadable(&error)),
            Ok(None) => "it cites an attachment the vault does not hold".to_string(),
            // Whether it was rightly erased its row tells.
            Ok(Some(held)) if held.key_id.is_none() => return Ok(()),
            Ok(Some(held)) if cited.size.is_some_and(|size| size != held.size) => {
                format!("it cites an attachment of {} bytes as one of {:?}", held.size, cited.size)
            }
            Ok(Some(_)) => match self.open_attachment(Digest(digest))? {
                Ok(()) => return Ok(()),
                Err(error) => format!("an attachment it cites: {error}"),
            },
        };
        self.note(Some(cited.index), wrong);
        Ok(())
    }

    /// What an upload's row says beside its bytes: the first entry that cites it, and when it was begun.
    fn compare_upload(
        &self,
        row: &AttachmentRow,
        cited: Option<&Cited>,
        size: u64,
        head: &Head,
    ) -> Result<(), Unreadable> {
        let name = row.digest.map_or("an upload in progress".to_string(), |digest| {
            format!("the attachment {}", Digest(digest))
        });
        // A file goes with the value of the entry that cited it first, whoever else cites it.
        let ordered = match row.entry.filter(|_| row.erased) {
            Some(entry) => self.may_cite(entry)?,
            None => false,
        };
        if let Some(cited) = cited.filter(|_| row.erased && !ordered) {
            self.note(
                Some(cited.index),
                format!("{name}, which it cites, is kept as erased, and no entry ordered that"),
            );
        }
        match (row.entry, cited) {
            (Some(entry), _) if entry >= head.size => {
                self.note(
                    None,
                    format!("{name} is said to be cited by entry {entry}, which is beyond the head"),
                );
            }
            // Published is less than what is there: a server may be appending.
            (Some(entry), None) if entry >= size => {}
            (Some(entry), Some(cited)) if entry == cited.index => self.check_begun(row, entry, &name)?,
            (Some(entry), _) if self.may_cite(entry)? => {}
            (Some(entry), _) => {
                self.note(Some(entry), format!("{name} is said to be cited by it first, and is not"));
            }
            (None, Some(cited)) => {
                let message = format!("it cites {name}, which is kept as one that no entry cites");
                self.note(Some(cited.index), message);
            }
            (None, None) if row.erased => {
                self.note(None, format!("{name} is kept as erased, and no entry ever cited it"));
            }
            (None, None) => {}
        }
        Ok(())
    }

    fn check_begun(&self, row: &AttachmentRow, entry: u64, name: &str) -> Result<(), Unreadable> {
        let page = self.sound("the entries", self.store.entries(entry, 1))?.unwrap_or_default();
        let received =
            page.first().and_then(|(_, text)| Entry::parse(text.as_bytes()).ok()?.received.try_into().ok());
        let latest = received.map(|received: i64| received.saturating_add(SKEW_MS));
        if row.begun < 0 || latest.is_some_and(|latest| row.begun.saturating_mul(1_000) > latest) {
            self.note(
                Some(entry),
                format!("{name}, which it cites, is said to be begun at {} s, after it", row.begun),
            );
        }
        Ok(())
    }

    /// Whether an entry may cite a file that none of its disclosures is known to: it has disclosures, and not all of them
    /// can be read.
    fn may_cite(&self, entry: u64) -> Result<bool, Unreadable> {
        let page = self.sound("the entries", self.store.entries(entry, 1))?.unwrap_or_default();
        let parsed = page.first().and_then(|(_, text)| Entry::parse(text.as_bytes()).ok());
        let named =
            parsed.map(|entry| entry.event.digests.iter().map(|(_, digests)| digests.len()).sum::<usize>());
        // What is missing or malformed is at fault already.
        let Some(named) = named else { return Ok(true) };
        let read = self.read_disclosures(entry..entry + 1)?.rows;
        Ok(read.iter().filter(|row| row.disclosure.is_ok()).count() < named)
    }

    /// Reads the whole file. Attachments are known by what was disclosed, so the keys are here.
    fn open_attachment(&self, digest: Digest) -> Result<Result<(), VaultError>, Unreadable> {
        let Some(keys) = &self.keys else { return Ok(Ok(())) };
        let checked = self.runtime.block_on(keys.vault.check_attachment(&*self.store, &*keys.store, digest));
        checked.map_err(|error| Unreadable::Source(error.to_string()))
    }
}

/// The digest of `{"attachment": digest, …}`.
fn attachment_of(value: &Json) -> Option<Hash> {
    Digest::parse(value.get("attachment")?.as_str()?).ok().map(|digest| digest.0)
}
