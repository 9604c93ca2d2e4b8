//! One case out of a data directory, beside a running server, out of an export, or from a server as an officer may see it:
//! its entries with what they say openly and of class casework, folded into its state. Values of other classes are not
//! looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sijill_audit::{ExportDirectory, Source};
use sijill_casework::case::{CaseFile, Documents, World};
use sijill_casework::catalogue::{CaseEvent, Facts};
use sijill_domain::{Parties, Position, Registry};
use sijill_event::{Class, Digest, Disclosure, Entry, Stream, StreamKind};
use tokio::runtime::Handle;

use super::remote::Remote;
use crate::client::Client;
use crate::command::read_trust;
use crate::data_dir::DataDir;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::key_file::Author;
use crate::source::blocking;

/// Entries read at a time.
const PAGE: u32 = 2_000;
/// The streams of a case, and of a contact.
const KINDS: [StreamKind; 4] = [StreamKind::Contact, StreamKind::Case, StreamKind::Auto, StreamKind::Access];

/// Where a case is read from.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(group(clap::ArgGroup::new("from").required(true).args(["dir", "export", "url"])))]
pub struct From {
    /// A data directory; it may be in use
    #[arg(long)]
    dir: Option<PathBuf>,
    /// An export
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// URL of a server, which shows what the officer with --key may see
    #[arg(long, requires = "key")]
    url: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

/// Who asks a server.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Asking {
    /// With --url: the private key file of the officer who asks
    #[arg(long, value_name = "FILE", requires = "url")]
    key: Option<PathBuf>,
    /// With --url: trust file; no other ledger's server is asked
    #[arg(long, value_name = "FILE", requires = "url")]
    trust: Option<PathBuf>,
}

/// A ledger open for reading.
pub struct Reading {
    origin: Origin,
    registry: Arc<Registry>,
    world: World,
}

enum Origin {
    Database(Box<Database>, Handle),
    Export(Box<ExportDirectory>),
    Server(Box<Remote>),
}

/// One entry of a case.
#[derive(Debug, Clone)]
pub struct Line {
    /// The entry's index.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// Its routing and casework fields; `None` if they are not held any more, or it is of no type of the catalogue.
    pub read: Option<CaseEvent>,
}

/// A case or contact: its entries in log order, and what they make of it.
#[derive(Debug, Clone)]
pub struct History {
    /// The entries of the case, and those of the contacts it came from.
    pub lines: Vec<Line>,
    /// Its state; `None` if it began under rule-set 1, which has none.
    pub file: Option<CaseFile>,
}

impl From {
    /// Reads, and does `work` with it, beside the asynchronous tasks.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reading) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match (&self.dir, &self.export, &self.url) {
            (Some(dir), ..) => Reading::of_dir(dir, work).await,
            (None, Some(export), _) => {
                let export = export.clone();
                blocking(move || {
                    let directory = ExportDirectory::open(&export).map_err(Error::audit)?;
                    work(&Reading::open(Origin::Export(Box::new(directory)))?)
                })
                .await?
            }
            (None, None, Some(url)) => {
                let remote = Remote::new(self.asking.client(url).await?, Handle::current());
                blocking(move || work(&Reading::open(Origin::Server(Box::new(remote)))?)).await?
            }
            (None, None, None) => Err(Error::Usage("give --dir, --export or --url".to_owned())),
        }
    }
}

impl Asking {
    /// The server at `url`, asked with the key, if it is of the ledger that is trusted.
    pub async fn client(&self, url: &str) -> Result<Client> {
        let Some(key) = &self.key else {
            return Err(Error::Usage("a server is asked with an officer's key: give --key".to_owned()));
        };
        let trust = self.trust.as_deref().map(read_trust).transpose()?;
        let origin = trust.as_ref().map(|trust| trust.origin.clone());
        let client = Client::new(url, Some(Author::read(key)?), origin)?;
        if let Some(trust) = &trust {
            client.must_be(trust).await?;
        }
        Ok(client)
    }
}

impl Reading {
    /// Reads a data directory, and does `work` with it, beside the asynchronous tasks.
    pub async fn of_dir<T: Send + 'static>(
        dir: &Path,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (database, _) = Database::open(&DataDir::open(dir)?).await?;
        let handle = Handle::current();
        blocking(move || work(&Self::open(Origin::Database(Box::new(database), handle))?)).await?
    }

    fn open(origin: Origin) -> Result<Self> {
        let mut registry = Registry::new();
        for (index, entry) in origin.registry_entries()? {
            let at = Position { index, received: entry.received };
            registry.apply(at, &entry.event, &Parties::default()).map_err(|refusal| {
                Error::Source(format!("entry {index} does not stand ({refusal}): audit this ledger"))
            })?;
        }
        let mut documents = Documents::new();
        for (kind, _, versions) in registry.documents() {
            for version in versions {
                if let Some(bytes) = origin.document(&version.hash)?
                    && Digest::of(&bytes) == version.hash
                {
                    // One that cannot be read leaves its codes without labels; judging it is the audit's.
                    let _ = documents.insert(kind, &bytes);
                }
            }
        }
        let registry = Arc::new(registry);
        let world = World::new(Arc::clone(&registry), Arc::new(documents));
        Ok(Self { origin, registry, world })
    }

    /// Agencies, units and officers as published.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Documents and calendars as published.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Whether the bytes of a document are here.
    pub fn holds(&self, hash: &Digest) -> Result<bool> {
        Ok(self.origin.document(hash)?.is_some())
    }

    /// The case or contact with this id.
    pub fn history(&self, id: &str) -> Result<History> {
        let streams = KINDS.into_iter().filter_map(|kind| Stream::new(kind, id));
        let own = self.origin.entries_of(&streams.map(|stream| stream.to_string()).collect())?;
        let Some(first) = own.keys().next().copied() else {
            let or =
                if matches!(self.origin, Origin::Server(_)) { ", or none that this key may see" } else { "" };
            return Err(Error::Usage(format!("there is no case or contact `{id}` here{or}")));
        };
        let mut lines = self.lines(own)?;
        let file = (self.registry.rules_at(first) == Some(2)).then(|| self.fold(id, &lines));
        let contacts = file.iter().filter_map(|file| file.case.as_ref()).flat_map(|case| &case.contacts);
        let contacts: BTreeSet<String> = contacts.map(|contact| format!("contact/{contact}")).collect();
        if !contacts.is_empty() {
            lines.extend(self.lines(self.origin.entries_of(&contacts)?)?);
            lines.sort_by_key(|line| line.index);
            lines.dedup_by_key(|line| line.index);
        }
        Ok(History { lines, file })
    }

    fn lines(&self, entries: BTreeMap<u64, Entry>) -> Result<Vec<Line>> {
        let mut read = self.origin.read(&entries)?;
        Ok(entries
            .into_iter()
            .map(|(index, entry)| Line { index, read: read.remove(&index), entry })
            .collect())
    }

    fn fold(&self, id: &str, lines: &[Line]) -> CaseFile {
        let mut file = CaseFile::new(id);
        for line in lines {
            let at = Position { index: line.index, received: line.entry.received };
            match &line.read {
                Some(read) => {
                    file.evolve(&self.world, at, &line.entry.event, read);
                }
                None => file.skip(&self.world, at, &line.entry.event),
            }
        }
        file.settle(&self.world);
        file
    }
}

impl Origin {
    fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Database(database, _) => database.document(hash).map_err(Error::audit),
            Self::Export(export) => export.document(hash).map_err(Error::audit),
            Self::Server(server) => server.document(hash),
        }
    }

    fn registry_entries(&self) -> Result<Vec<(u64, Entry)>> {
        let (database, handle) = match self {
            Self::Database(database, handle) => (database, handle),
            Self::Export(export) => {
                let ours = |entry: &Entry| {
                    matches!(entry.event.stream.kind(), StreamKind::Ledger | StreamKind::Agency)
                };
                return Ok(scan(&**export, ours)?.into_iter().collect());
            }
            Self::Server(server) => return server.registry_entries(),
        };
        let (mut all, mut from) = (Vec::new(), 0);
        loop {
            let page = handle.block_on(database.store().registry_entries(from, PAGE))?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            from = last + 1;
            for (index, text) in page.into_iter().filter(|(index, _)| *index < database.size()) {
                all.push((index, parse(index, text.as_bytes())?));
            }
        }
    }

    /// The published entries of these streams.
    fn entries_of(&self, streams: &BTreeSet<String>) -> Result<BTreeMap<u64, Entry>> {
        let (database, handle) = match self {
            Self::Database(database, handle) => (database, handle),
            Self::Export(export) => {
                return scan(&**export, |entry| streams.contains(entry.event.stream.as_str()));
            }
            Self::Server(server) => return server.entries_of(streams),
        };
        let mut all = BTreeMap::new();
        for stream in streams {
            let mut from = 0;
            loop {
                let page = handle.block_on(database.store().stream_entries(stream, from, PAGE))?;
                if page.is_empty() {
                    break;
                }
                from += page.len() as u64;
                for (index, text) in page.into_iter().filter(|(index, _)| *index < database.size()) {
                    all.insert(index, parse(index, text.as_bytes())?);
                }
            }
        }
        Ok(all)
    }

    /// What these entries say, as far as it is held here and is of a type of the catalogue.
    fn read(&self, entries: &BTreeMap<u64, Entry>) -> Result<BTreeMap<u64, CaseEvent>> {
        let facts = match self {
            Self::Server(server) => return server.read(entries),
            Self::Database(database, _) => facts(&**database, database.size(), entries, false)?,
            Self::Export(export) => {
                facts(&**export, export.stated().size.unwrap_or_default(), entries, true)?
            }
        };
        let read = entries.iter().filter_map(|(index, entry)| {
            Some((*index, CaseEvent::read(&entry.event, facts.get(index)?).ok()?))
        });
        Ok(read.collect())
    }
}

/// All entries of a source without an index by stream, from front to back.
fn scan(source: &dyn Source, wanted: impl Fn(&Entry) -> bool) -> Result<BTreeMap<u64, Entry>> {
    let (mut all, mut from) = (BTreeMap::new(), 0);
    loop {
        let page = source.entries(from, PAGE as usize).map_err(Error::audit)?;
        let Some((last, _)) = page.last() else { return Ok(all) };
        from = last + 1;
        for (index, bytes) in page {
            let entry = parse(index, &bytes)?;
            if wanted(&entry) {
                all.insert(index, entry);
            }
        }
    }
}

/// The casework values of these entries: looked up one by one, or `in_order` as an export is written, from front to back.
fn facts(
    source: &dyn Source,
    size: u64,
    entries: &BTreeMap<u64, Entry>,
    in_order: bool,
) -> Result<BTreeMap<u64, Facts>> {
    let mut values: BTreeMap<u64, BTreeMap<Digest, Disclosure>> = BTreeMap::new();
    let mut take = |range: std::ops::Range<u64>| {
        for row in source.disclosures(range, size).map_err(Error::audit)?.rows {
            let (Some(index), Ok(text)) = (row.index, row.disclosure) else { continue };
            let Some(entry) = entries.get(&index) else { continue };
            let digest = Digest::of(&text);
            if casework(entry).contains(&digest)
                && let Ok(disclosure) = Disclosure::parse(&text)
            {
                values.entry(index).or_default().insert(digest, disclosure);
            }
        }
        Ok::<(), Error>(())
    };
    if in_order {
        let end = entries.keys().next_back().map_or(0, |last| (last + 1).min(size));
        let mut from = 0;
        while from < end {
            let to = end.min(from + u64::from(PAGE));
            take(from..to)?;
            from = to;
        }
    } else {
        for index in entries.keys() {
            take(*index..index + 1)?;
        }
    }
    let facts = entries.iter().map(|(index, entry)| {
        let found = values.remove(index).unwrap_or_default();
        let facts = if found.len() == casework(entry).len() {
            Facts::Known(found.into_values().map(|one| (one.name, one.value)).collect())
        } else {
            Facts::Withheld
        };
        (*index, facts)
    });
    Ok(facts.collect())
}

fn casework(entry: &Entry) -> BTreeSet<Digest> {
    let classes = entry.event.digests.iter().filter(|(class, _)| *class == Class::Casework);
    classes.flat_map(|(_, digests)| digests.iter().copied()).collect()
}

/// An entry of the log, parsed.
pub(super) fn parse(index: u64, bytes: &[u8]) -> Result<Entry> {
    Entry::parse(bytes)
        .map_err(|error| Error::Source(format!("entry {index} is malformed ({error}): audit this ledger")))
}

/// The size that `--at` names, where only a size can be named.
pub(crate) fn size(at: Option<&str>) -> Result<Option<u64>> {
    let parsed = |at: &str| at.parse().map_err(|_| Error::Usage(format!("`{at}` is no size of a log")));
    at.map(parsed).transpose()
}
