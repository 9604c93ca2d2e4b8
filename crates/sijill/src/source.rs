//! What an audit reads: whichever of the four kinds of source is named.

use std::ops::Range;
use std::path::Path;

use indicatif::ProgressBar;
use sijill_audit::{
    Disclosures, Discrepancy, Evidence, ExportDirectory, Facts, HeldCheckpoint, LedgerEnd, Source, Stated,
    TileLog, Unreadable,
};
use sijill_event::Digest;
use sijill_log::{Hash, Tile};
use sijill_mirror::LOG_FOLDER;

use crate::client::cause;
use crate::data_dir::DataDir;
use crate::database::{Database, Disclosed};
use crate::error::{Error, Result};
use crate::mirror_dir::MirrorDir;

/// A source, and what is to be said of it whatever the verdict.
pub type Opened = (Box<dyn Source>, Said);

/// What is to be said of a source and is no fault.
#[derive(Debug, Default)]
pub struct Said {
    /// Why its disclosures are withheld, if that is known.
    pub withheld: Option<String>,
    /// How many entries a data directory holds beyond its seal.
    pub beyond: u64,
}

/// Whether `source` is a URL.
pub fn is_url(source: &str) -> bool {
    source.starts_with("http://") || source.starts_with("https://")
}

/// Opens what lies at `path`: data directory, export or evidence file.
pub async fn open_path(path: &Path) -> Result<Opened> {
    if DataDir::is(path) {
        let (database, disclosed) = Database::open(&DataDir::open(path)?).await?;
        let withheld = match disclosed {
            Disclosed::All => None,
            Disclosed::Withheld(why) => Some(why),
        };
        let beyond = database.beyond().await;
        return Ok((Box::new(database), Said { withheld, beyond }));
    }
    let metadata = std::fs::metadata(path).map_err(Error::unreadable(path))?;
    if metadata.is_dir() {
        // A mirror holds its log in a folder beside its settings.
        let log = if MirrorDir::is(path) { path.join(LOG_FOLDER) } else { path.to_path_buf() };
        if ExportDirectory::is_tile_log(&log) {
            return Ok((
                Box::new(ExportDirectory::open_tile_log(log).map_err(Error::audit)?),
                Said::default(),
            ));
        }
        return Ok((Box::new(ExportDirectory::open(path).map_err(Error::audit)?), Said::default()));
    }
    Ok((Box::new(read_evidence(path)?), Said::default()))
}

/// Reads an evidence file.
pub fn read_evidence(path: &Path) -> Result<Evidence> {
    let bytes = std::fs::read(path).map_err(Error::unreadable(path))?;
    Evidence::parse(&bytes).map_err(Error::audit)
}

/// Opens the tile log at a URL. It blocks: see [`blocking`].
pub fn open_url(url: &str, token: Option<String>) -> Result<Opened> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::blocking::Client::builder()
        .user_agent(concat!("sijill/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Error::Unreachable { url: url.to_string(), why: error.to_string() })?;
    let log = TileLog::open(client.clone(), url, token).map_err(|error| match client.get(url).send() {
        // The log's reader tries again and says that it did not answer; why, the library says.
        Err(why) if matches!(error, Unreadable::Http { .. }) => {
            let message = format!("cannot read {url}: {}", cause(&why));
            Error::Audit { code: error.code(), message }
        }
        _ => Error::audit(error),
    })?;
    Ok((Box::new(log), Said::default()))
}

/// Runs what blocks, and reading a source does, beside the asynchronous tasks.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Source(error.to_string()))
}

/// A source that shows how far it has been read.
pub struct Watched<'a> {
    /// What is read.
    pub source: &'a dyn Source,
    /// Where it shows.
    pub bar: &'a ProgressBar,
}

impl Source for Watched<'_> {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        self.source.checkpoint()
    }

    fn unsealed(&self) -> Result<Option<Discrepancy>, Unreadable> {
        self.source.unsealed()
    }

    fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>, Unreadable> {
        self.source.document(hash)
    }

    fn documents(&self) -> Result<Vec<Digest>, Unreadable> {
        self.source.documents()
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        self.bar.set_position(from);
        self.source.entries(from, limit)
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        self.source.tile(tile)
    }

    fn disclosures(&self, range: Range<u64>, size: u64) -> Result<Disclosures, Unreadable> {
        self.bar.set_length(size);
        self.source.disclosures(range, size)
    }

    fn stated(&self) -> Stated {
        self.source.stated()
    }

    fn partial_tiles(&self) -> bool {
        self.source.partial_tiles()
    }

    fn root(&self, size: u64) -> Option<Hash> {
        self.source.root(size)
    }

    fn witnessed(&self) -> &[HeldCheckpoint] {
        self.source.witnessed()
    }

    fn is_whole(&self) -> bool {
        self.source.is_whole()
    }

    fn check_rows(&self, facts: &[Facts<'_>]) -> Result<Vec<Discrepancy>, Unreadable> {
        self.source.check_rows(facts)
    }

    fn check_end(&self, end: &LedgerEnd<'_>) -> Result<Vec<Discrepancy>, Unreadable> {
        self.source.check_end(end)
    }
}
