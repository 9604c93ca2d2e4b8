//! A copy of a ledger in memory that can be doctored: cut off, and written on with any key.

use std::collections::BTreeMap;
use std::ops::Range;

use sijill_audit::{DisclosureRow, Disclosures, Source, Unreadable};
use sijill_event::{Digest, Disclosure, Draft, Entry, Json, Seen, Stream, Uuid};
use sijill_ledger::Vault;
use sijill_ledger::testing::{Actor, Country, ORIGIN};
use sijill_log::{Checkpoint, KeyName, NoteSigner, Tile, TileBuilder, leaf_hash};

/// Everything that an export holds.
#[derive(Clone)]
pub(crate) struct Copy {
    entries: Vec<Vec<u8>>,
    pub(crate) disclosures: Vec<(u64, String)>,
    pub(crate) documents: BTreeMap<Digest, Vec<u8>>,
    /// Whether `disclosures` are said to be all.
    pub(crate) all: bool,
}

impl Copy {
    /// Copies what a ledger published.
    pub(crate) async fn of(country: &Country) -> Self {
        let size = country.ledger.published().checkpoint.size;
        let (store, keys) = (&country.ground.store, &country.ground.keys);
        let mut copy =
            Self { entries: Vec::new(), disclosures: Vec::new(), documents: BTreeMap::new(), all: true };
        while copy.size() < size {
            let page = country.ledger.entries(copy.size(), 100).await.expect("entries");
            copy.entries.extend(page.into_iter().map(|(_, text)| text.into_bytes()));
        }
        copy.entries.truncate(usize::try_from(size).expect("small"));
        let vault = Vault::new(country.ground.master.clone(), ORIGIN);
        for index in 0..size {
            for row in store.disclosures(index..index + 1, None, 100).await.expect("disclosures") {
                let Some(sealed) = row.sealed else { continue };
                let (_, wrapped) = keys.get(&[sealed.key_id]).await.expect("keys").remove(0);
                let (event, digest) = (copy.entry(index).event, Digest(row.digest));
                let text = vault.open(&event, &digest, &sealed.key_id, &wrapped, &sealed.ciphertext);
                copy.disclosures.push((index, text.expect("it opens")));
            }
        }
        for hash in store.documents().await.expect("documents") {
            let bytes = store.document(hash).await.expect("documents").expect("held");
            copy.documents.insert(Digest(hash), bytes);
        }
        copy
    }

    pub(crate) fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(crate) fn entry(&self, index: u64) -> Entry {
        Entry::parse(&self.entries[usize::try_from(index).expect("small")]).expect("an entry")
    }

    /// The first entry of this type from `from` on.
    pub(crate) fn index_of(&self, kind: &str, from: u64) -> Option<u64> {
        (from..self.size()).find(|index| self.entry(*index).event.event_type == kind)
    }

    /// The log as it was when it had `size` entries.
    pub(crate) fn up_to(&self, size: u64) -> Self {
        let mut copy = self.clone();
        copy.entries.truncate(usize::try_from(size).expect("small"));
        copy.disclosures.retain(|(index, _)| *index < size);
        copy
    }

    /// The values of an entry, to be said again: open members and disclosures.
    pub(crate) fn draft(&self, index: u64) -> Draft {
        let event = self.entry(index).event;
        let open = event.data.as_object().expect("an object").iter();
        let draft = open.fold(Draft::new(&event.event_type, event.v), |draft, (name, value)| {
            draft.open(name, value.clone())
        });
        let texts = self.disclosures.iter().filter(|(of, _)| *of == index);
        texts.fold(draft, |draft, (_, text)| {
            let class = event.class_of(&Digest::of(text)).expect("its digest");
            let Disclosure { name, value, .. } = Disclosure::parse(text).expect("a disclosure");
            draft.disclose(class, &name, value)
        })
    }

    /// Appends an event of `who` to a stream; answers its index.
    pub(crate) fn say(&mut self, who: &Actor, stream: &str, draft: Draft, received: u64, jti: Uuid) -> u64 {
        let said = (0..self.size()).rev().map(|index| self.entry(index).event);
        let last = said.into_iter().find(|event| event.stream.as_str() == stream);
        let mut edge = TileBuilder::new();
        drop(edge.extend(self.entries.iter().map(|entry| leaf_hash(entry))));
        let signed = draft
            .author(&who.iss, &who.sub)
            .aud(ORIGIN)
            .jti(jti)
            .iat(received / 1_000)
            .at(
                &Stream::parse(stream).expect("a stream"),
                last.as_ref().map_or(0, |event| event.seq + 1),
                last.as_ref().map(sijill_event::Event::hash),
            )
            .seen(Seen { size: edge.size(), root: edge.root().0 })
            .sign(&who.key)
            .expect("signable");
        let index = self.size();
        self.entries.push(format!("{received} {}", signed.event.jwt).into_bytes());
        let texts = signed.disclosures.iter().map(|(_, disclosure)| (index, disclosure.encoded().to_owned()));
        self.disclosures.extend(texts);
        index
    }

    fn edge(&self) -> (TileBuilder, BTreeMap<Tile, Vec<u8>>) {
        let mut edge = TileBuilder::new();
        let full = edge.extend(self.entries.iter().map(|entry| leaf_hash(entry)));
        let tiles =
            full.into_iter().map(|full| (full.tile, full.bytes)).chain(edge.partial_tiles()).collect();
        (edge, tiles)
    }
}

/// An object of references and words.
pub(crate) fn values<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::object(members)
}

impl Source for Copy {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        let name = KeyName::new(ORIGIN).expect("a key name");
        let (edge, _) = self.edge();
        let checkpoint = Checkpoint { origin: name.clone(), size: edge.size(), root: edge.root() };
        let signed = checkpoint.sign(&NoteSigner::new(name, &[7; 32])).expect("its own origin");
        Ok(Some(signed.to_string().into_bytes()))
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        let from = usize::try_from(from).expect("small");
        Ok((0..)
            .zip(&self.entries)
            .skip(from)
            .take(limit)
            .map(|(index, entry)| (index, entry.clone()))
            .collect())
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.edge().1.remove(&tile))
    }

    fn disclosures(&self, range: Range<u64>, _: u64) -> Result<Disclosures, Unreadable> {
        let here = self.disclosures.iter().filter(|(index, _)| range.contains(index));
        let rows =
            here.map(|(index, text)| DisclosureRow { index: Some(*index), disclosure: Ok(text.clone()) });
        Ok(Disclosures { rows: rows.collect(), all: self.all })
    }

    fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.documents.get(hash).cloned())
    }

    fn documents(&self) -> Result<Vec<Digest>, Unreadable> {
        Ok(self.documents.keys().copied().collect())
    }
}
