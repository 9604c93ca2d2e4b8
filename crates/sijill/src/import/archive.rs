//! The imported ledger: how it is founded, and the services that sign for the units of the old system.
//!
//! ```text
//! D.founding               a ledger that is not there yet; becomes D when its founder has ratified
//! D/keys/import/root.key   the importing agency's root key
//! D/keys/import/U.key      the key of the service `import.U`, which signs for unit U
//! ```

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sijill_domain::event::{Clock, Grant, KeyAdded, OfficerEnrolled, OfficerKind, Role, UnitOpened, prove};
use sijill_domain::{AgencyId, OfficerId, Signer, UnitId};
use sijill_event::{Json, Stream};
use sijill_ledger::{Ledger, SystemClock};
use sijill_store::Store as _;
use sijill_store_postgres::PostgresStore;
use sijill_store_sqlite::SqliteStore;

use super::map::{Map, Named};
use crate::config::{Config, Engine};
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::gate::{Desk, Gate, Told};
use crate::genesis::{self, Genesis};
use crate::key_file::{Author, KeyFile, ROOT};
use crate::new_event::NewEvent;
use crate::running::{Running, Time};

/// What an unfinished founding consists of: a folder with anything else in it is not ours to touch.
const FOUNDED: [&str; 9] = [
    "keys",
    "keystore",
    "sijill.toml",
    "sijill.toml.new",
    "lock",
    "seal",
    "ledger.sqlite",
    "ledger.sqlite-wal",
    "ledger.sqlite-shm",
];

/// An imported ledger, open to append.
pub struct Archive {
    dir: DataDir,
    running: Running,
    agency: AgencyId,
    root: Author,
    services: HashMap<String, Author>,
}

impl Archive {
    /// Opens the ledger in `path`; founds it if it is not there yet.
    pub async fn open(path: &Path, map: &Map, config: Config) -> Result<Self> {
        if !DataDir::is(path) {
            found(path, map, config).await?;
        }
        let dir = DataDir::open(path)?;
        let running = Running::open(&dir, Time::Own).await?;
        match admit(&dir, running.ledger(), map) {
            Ok((agency, root)) => Ok(Self { dir, running, agency, root, services: HashMap::new() }),
            Err(error) => {
                running.close().await;
                Err(error)
            }
        }
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        self.running.ledger()
    }

    /// Who signs for a unit; the unit is opened and its service enrolled if they are not yet.
    pub async fn service(&mut self, unit: &Named) -> Result<Author> {
        if let Some(author) = self.services.get(&unit.id) {
            return Ok(author.clone());
        }
        let author = self.enrol(unit).await?;
        self.services.insert(unit.id.clone(), author.clone());
        Ok(author)
    }

    async fn enrol(&self, named: &Named) -> Result<Author> {
        let officer = format!("import.{}", named.id);
        let no_id = || Error::Usage(format!("`{}` is no unit id", named.id));
        let (unit, id) = UnitId::parse(&named.id).zip(OfficerId::parse(&officer)).ok_or_else(no_id)?;
        let no_name =
            || Error::Usage(format!("the names of unit `{}` are 1 to 200 characters each", named.id));
        let name = named.name().ok_or_else(no_name)?;
        let author = author(&key_path(&self.dir, &named.id), self.agency.as_str(), &officer)?;
        let signer = Signer::Officer { agency: self.agency.clone(), officer: id.clone() };
        let (key, proof) = prove(&author.key, self.ledger().origin(), &signer);

        // Each step may have been taken by an import that was interrupted.
        let registry = self.ledger().registry();
        let agency = registry.agency(self.agency.as_str());
        if agency.and_then(|agency| agency.open_unit(unit.as_str())).is_none() {
            let opened = UnitOpened { unit: unit.clone(), name };
            self.tell(UnitOpened::TYPE, opened.data()).await?;
        }
        if agency.and_then(|agency| agency.officer(&officer)).is_none() {
            let (kind, roles) = (OfficerKind::Service, [Role::Importer].into());
            let enrolled = OfficerEnrolled { officer: id, kind, unit, roles, key, proof };
            self.tell(OfficerEnrolled::TYPE, enrolled.data()).await?;
        } else if registry.key(&author.key.public().kid()).is_none() {
            // Its key file was lost; the agency's root vouches for another.
            self.tell(KeyAdded::TYPE, KeyAdded { officer: id, key, proof }.data()).await?;
        }
        Ok(author)
    }

    /// Appends an event to the agency's registry, signed by its root.
    async fn tell(&self, event_type: &str, data: Json) -> Result<()> {
        let stream = Stream::parse(&format!("agency/{}", self.agency));
        let stream = stream.ok_or_else(|| Error::Usage(format!("`{}` is no agency id", self.agency)))?;
        let gate = Gate::Here(self.ledger().clone());
        let event = NewEvent::registry(stream, event_type, data);
        match Desk::new(&gate, &self.root, None).await?.append(&event, false).await? {
            Told::Appended { .. } => Ok(()),
            Told::Refused { code, message } => Err(Error::Refused { code, message }),
            Told::Unknown { message } => Err(Error::Unknown(message)),
        }
    }

    /// Closes the ledger; everything appended is durable.
    pub async fn close(self) {
        self.running.close().await;
    }
}

/// Who imports into this ledger, if it is the map's.
fn admit(dir: &DataDir, ledger: &Ledger, map: &Map) -> Result<(AgencyId, Author)> {
    let registry = ledger.registry();
    let agency = AgencyId::parse(&map.agency.id).filter(|id| registry.agency(id.as_str()).is_some());
    let fits = registry.clock() == Some(Clock::Imported) && ledger.origin() == map.origin;
    match agency.filter(|_| fits) {
        Some(agency) => Ok((agency, Author::read(&key_path(dir, ROOT))?)),
        None => Err(Error::Usage(format!(
            "{} holds {}, not the imported ledger {} of {}: give another --dir, or the map it was made with",
            dir.path().display(),
            ledger.origin(),
            map.origin,
            map.agency.id
        ))),
    }
}

/// Founds the ledger beside its place and moves it there when it is whole: an import that is killed on the way finds
/// what is half done and finishes it.
async fn found(path: &Path, map: &Map, config: Config) -> Result<()> {
    let occupied = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) || path.is_file();
    if occupied {
        return Err(Error::Exists(path.to_path_buf()));
    }
    let staged = staged(path)?;
    if !resume(&staged, &config).await? {
        begin(&staged, map, config).await?;
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(Error::unwritable(path))?;
    }
    fs::rename(&staged, path).map_err(Error::unwritable(path))
}

fn staged(path: &Path) -> Result<PathBuf> {
    let no_name = || Error::Usage(format!("{} names no directory that could be made", path.display()));
    let mut name = path.file_name().ok_or_else(no_name)?.to_os_string();
    name.push(".founding");
    Ok(path.with_file_name(name))
}

async fn begin(staged: &Path, map: &Map, config: Config) -> Result<()> {
    private_folder(&staged.join("keys").join("import"))?;
    let root = author(&staged.join("keys").join("import").join("root.key"), &map.agency.id, ROOT)?;
    let (id, ar, en) = (&map.agency.id, &map.agency.ar, &map.agency.en);
    let founder = Genesis::founder(id, ar, en, root.key.public().clone(), &[Grant::Audit, Grant::Casework])?;
    let genesis = Genesis { config, clock: Clock::Imported, founders: vec![founder], quorum: 1, rules: 1 };
    let begun = match genesis.begin(staged, Arc::new(SystemClock::new())).await {
        Ok(begun) => begun,
        Err(error) => {
            // The database is someone else's: nothing of ours is in it.
            if error.code() == "other-ledger" {
                discard(staged)?;
            }
            return Err(error);
        }
    };
    let ratified = begun.ratify(&root).await;
    begun.running.close().await;
    ratified.map(|_| ())
}

/// Finishes a founding that was interrupted; `false` if there is none, or nothing of it worth keeping.
async fn resume(staged: &Path, config: &Config) -> Result<bool> {
    if !staged.exists() {
        return Ok(false);
    }
    if !DataDir::is(staged) {
        discard(staged)?;
        return Ok(false);
    }
    let dir = DataDir::open(staged)?;
    let same = (dir.config.engine, &dir.config.url, &dir.config.keystore_url)
        == (config.engine, &config.url, &config.keystore_url);
    if !same || dir.config.origin != config.origin {
        let why =
            format!("{} is the beginning of another import; finish that one, or remove it", staged.display());
        return Err(Error::Usage(why));
    }
    let lock = dir.lock()?;
    if !has_begun(&dir).await? {
        drop(lock);
        discard(staged)?;
        return Ok(false);
    }
    let running = Running::open_locked(&dir, Time::Own, lock, None).await?;
    let finished = finish(&dir, running.ledger()).await;
    running.close().await;
    finished.map(|()| true)
}

/// Whether entry 0 is there. The store is opened to write, as the one that was interrupted did: its schema may be
/// half made.
async fn has_begun(dir: &DataDir) -> Result<bool> {
    if let (Engine::Postgres, Some(url)) = (dir.config.engine, &dir.config.url) {
        return Ok(PostgresStore::connect(url).await?.head().await?.size > 0);
    }
    if !dir.database_path().is_file() {
        return Ok(false);
    }
    let store = SqliteStore::open(&dir.database_path()).await?;
    let size = store.head().await?.size;
    store.close().await;
    Ok(size > 0)
}

async fn finish(dir: &DataDir, ledger: &Ledger) -> Result<()> {
    genesis::write_trust(dir, ledger).await?;
    let registry = ledger.registry();
    if let Some(created) = registry.created().filter(|_| !registry.ratified()) {
        let gate = Gate::Here(ledger.clone());
        genesis::ratify(&gate, &Author::read(&key_path(dir, ROOT))?, created).await?;
    }
    Ok(())
}

/// Removes a founding that never came to be.
fn discard(staged: &Path) -> Result<()> {
    let entries = fs::read_dir(staged).map_err(Error::unreadable(staged))?;
    for entry in entries {
        let name = entry.map_err(Error::unreadable(staged))?.file_name();
        if !FOUNDED.iter().any(|ours| name == *ours) {
            return Err(Error::Exists(staged.join(name)));
        }
    }
    fs::remove_dir_all(staged).map_err(Error::unwritable(staged))
}

fn key_path(dir: &DataDir, name: &str) -> PathBuf {
    dir.key_path("import").join(format!("{name}.key"))
}

/// The author whose key lies at `path`; made if it is not there, at once or not at all.
fn author(path: &Path, agency: &str, officer: &str) -> Result<Author> {
    if !path.exists() {
        let half = path.with_extension("key.new");
        if half.exists() {
            fs::remove_file(&half).map_err(Error::unwritable(&half))?;
        }
        KeyFile::generate(Some(agency), Some(officer))?.write(&half)?;
        fs::rename(&half, path).map_err(Error::unwritable(path))?;
    }
    Author::read(path)
}

fn private_folder(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(Error::unwritable(path))
}
