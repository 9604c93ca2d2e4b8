//! The data directory: everything one ledger owns on this machine.
//!
//! ```text
//! D/sijill.toml             settings (config.rs)
//! D/lock                    held by the one process that writes
//! D/ledger.sqlite           entries, tiles, ciphertext; or PostgreSQL, by sijill.toml
//! D/keystore/keys.sqlite    data keys, wrapped by the master key; or another PostgreSQL database
//! D/seal                    the last signed checkpoint, outside the database
//! D/keys/                   0700: log.key, operator.key, service keys, token.key, master.key, each 0600
//! D/trust.json              what an auditor needs to know beforehand; hand it out
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sijill_domain::event::Service;
use sijill_event::SigningKey;
use sijill_ledger::{MasterKey, Seal, ServiceKeys};
use sijill_log::{KeyName, NoteSigner};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::key_file::{KeyFile, refuse_exposed, write_secret};

/// Environment variable that holds the master key itself.
pub const MASTER_KEY: &str = "SIJILL_MASTER_KEY";

/// The keys of a ledger, by file name.
pub const LOG_KEY: &str = "log.key";
/// Signs entry 0, and nothing else as yet.
pub const OPERATOR_KEY: &str = "operator.key";
/// Signs access tokens.
pub const TOKEN_KEY: &str = "token.key";
/// What a service of the ledger signs with, by file name.
pub fn service_key(service: Service) -> String {
    format!("service-{service}.key")
}

/// Wraps the data keys.
pub const MASTER_KEY_FILE: &str = "master.key";

/// A data directory whose settings have been read.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
    /// `sijill.toml`.
    pub config: Config,
}

/// Held while this process may write; released when dropped, or when the process dies.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock is the open file")] File);

impl DataDir {
    /// Makes a new data directory with its settings and empty key folders. Nothing that exists is touched.
    pub fn create(path: &Path, config: Config) -> Result<Self> {
        config.check().map_err(|why| Error::Config { path: path.join("sijill.toml"), why })?;
        if path.join("sijill.toml").exists() {
            return Err(Error::Exists(path.join("sijill.toml")));
        }
        fs::create_dir_all(path).map_err(Error::unwritable(path))?;
        let dir = Self { path: path.to_path_buf(), config };
        for folder in ["keys", "keystore"] {
            private_folder(&path.join(folder))?;
        }
        let text =
            dir.config.to_toml().map_err(|error| Error::malformed(dir.config_path(), error.to_string()))?;
        // At once or not at all: with this file a folder is a data directory. A URL in it may hold a password.
        let new = path.join("sijill.toml.new");
        if new.exists() {
            fs::remove_file(&new).map_err(Error::unwritable(&new))?;
        }
        write_secret(&new, text.as_bytes())?;
        fs::rename(&new, dir.config_path()).map_err(Error::unwritable(dir.config_path()))?;
        Ok(dir)
    }

    /// Reads the settings of an existing one.
    pub fn open(path: &Path) -> Result<Self> {
        let file = path.join("sijill.toml");
        if !file.is_file() {
            return Err(Error::NotADataDirectory(path.to_path_buf()));
        }
        Ok(Self { path: path.to_path_buf(), config: Config::read(&file)? })
    }

    /// Whether `path` is one.
    pub fn is(path: &Path) -> bool {
        path.join("sijill.toml").is_file()
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `sijill.toml`.
    pub fn config_path(&self) -> PathBuf {
        self.path.join("sijill.toml")
    }

    /// The ledger's database, where the engine is SQLite.
    pub fn database_path(&self) -> PathBuf {
        self.path.join("ledger.sqlite")
    }

    /// The key store's database, where it is SQLite.
    pub fn keystore_path(&self) -> PathBuf {
        self.path.join("keystore").join("keys.sqlite")
    }

    /// Makes the key store's folder, which only its owner may enter, if it is gone.
    pub fn make_keystore_folder(&self) -> Result<()> {
        private_folder(&self.path.join("keystore"))
    }

    /// The read models' file, where they lie in SQLite. Deleting it loses nothing.
    pub fn projections_path(&self) -> PathBuf {
        self.path.join("projections.db")
    }

    /// The trust file.
    pub fn trust_path(&self) -> PathBuf {
        self.path.join("trust.json")
    }

    /// A key file by name.
    pub fn key_path(&self, name: &str) -> PathBuf {
        self.path.join("keys").join(name)
    }

    /// A path of `sijill.toml`; relative ones start here.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.path.join(path)
    }

    /// The seal.
    pub fn seal(&self) -> Seal {
        Seal::at(self.path.join("seal"))
    }

    /// The newest checkpoint that witnesses cosigned, kept as the seal is.
    pub fn witnessed(&self) -> Seal {
        Seal::at(self.path.join("witnessed"))
    }

    /// The right to write. Servers that share a ledger on PostgreSQL each have a directory of their own, for each has a
    /// seal of its own: in a common one the slower would set back what the faster has sealed.
    pub fn lock(&self) -> Result<Lock> {
        lock(&self.path)
    }

    /// The key that signs checkpoints.
    pub fn log_key(&self) -> Result<NoteSigner> {
        let name = KeyName::new(&self.config.origin)
            .map_err(|error| Error::Config { path: self.config_path(), why: format!("`origin`: {error}") })?;
        let key = self.private_key(LOG_KEY)?;
        Ok(NoteSigner::new(name, &key.seed()))
    }

    /// The keys of the services that act in cases, as far as they are here.
    pub fn service_keys(&self) -> Result<ServiceKeys> {
        let held = |service| {
            let name = service_key(service);
            self.key_path(&name).is_file().then(|| self.private_key(&name)).transpose()
        };
        let (automation, access) = (held(Service::Automation)?, held(Service::Access)?);
        Ok(ServiceKeys { automation, access, made_up: None })
    }

    /// A private key of the ledger by file name.
    pub fn private_key(&self, name: &str) -> Result<SigningKey> {
        let path = self.key_path(name);
        let file = KeyFile::read(&path)?;
        file.signing_key().cloned().ok_or(Error::KeyPublicOnly(path))
    }

    fn master_key_path(&self) -> PathBuf {
        match &self.config.master_key {
            Some(path) => self.resolve(path),
            None => self.key_path(MASTER_KEY_FILE),
        }
    }

    /// The key store and the master key, as far as the settings keep them in this directory and they are gone.
    ///
    /// A backup has neither by design, and never had: nor has it the folders and the lock that a directory in use has. What
    /// may be there and cannot be looked at (`keys/` is its owner's alone) is not gone.
    pub fn keys_gone(&self) -> Vec<PathBuf> {
        let gone = |path: &Path| matches!(path.try_exists(), Ok(false));
        if [self.path.join("keys"), self.path.join("keystore"), self.path.join("lock")]
            .iter()
            .all(|p| gone(p))
        {
            return Vec::new();
        }
        let master = self.master_key_path();
        let elsewhere = self.config.master_key_elsewhere || std::env::var_os(MASTER_KEY).is_some();
        let here = master.starts_with(&self.path) && !elsewhere;
        let store = self.config.keystore_url.is_none().then(|| self.keystore_path());
        here.then_some(master).into_iter().chain(store).filter(|path| gone(path)).collect()
    }

    /// The master key: from the environment, the file `sijill.toml` names, or `keys/master.key`.
    pub fn master_key(&self) -> Result<MasterKey> {
        if let Some(text) = std::env::var(MASTER_KEY).ok().map(Zeroizing::new) {
            return MasterKey::parse(&text).map_err(|error| Error::Usage(format!("{MASTER_KEY}: {error}")));
        }
        let path = self.master_key_path();
        let mut file = File::open(&path).map_err(Error::unreadable(&path))?;
        refuse_exposed(&path, &file)?;
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(Error::unreadable(&path))?;
        MasterKey::parse(&text).map_err(|error| Error::malformed(&path, error.to_string()))
    }
}

/// The right to write to a folder, which one process has at a time.
pub(crate) fn lock(dir: &Path) -> Result<Lock> {
    let path = dir.join("lock");
    let mut options = fs::OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(Error::unwritable(&path))?;
    match file.try_lock() {
        Ok(()) => {
            let pid = std::process::id().to_string();
            let written = file.set_len(0).and_then(|()| file.write_all(pid.as_bytes()));
            written.map_err(Error::unwritable(&path))?;
            Ok(Lock(file))
        }
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let holder = file.read_to_string(&mut pid).ok().map(|_| pid).filter(|pid| !pid.is_empty());
            Err(Error::InUse { dir: dir.to_path_buf(), holder })
        }
        Err(TryLockError::Error(cause)) => Err(Error::Unwritable { path, cause }),
    }
}

/// Makes a folder that only its owner may enter.
pub(crate) fn private_folder(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(Error::unwritable(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writer_and_the_second_learns_who() {
        let temporary = tempfile::tempdir().expect("temporary directory");
        let dir = DataDir::create(&temporary.path().join("d"), Config::new("o")).expect("created");
        let lock = dir.lock().expect("free");
        let error = dir.lock().expect_err("held");
        assert_eq!(error.code(), "data-directory-in-use");
        assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        drop(lock);
        dir.lock().expect("free again");
    }

    #[test]
    fn settings_are_read_back_and_nothing_is_overwritten() {
        let temporary = tempfile::tempdir().expect("temporary directory");
        let path = temporary.path().join("d");
        let made = DataDir::create(&path, Config::new("o")).expect("created");
        assert_eq!(DataDir::open(&path).expect("opened").config, made.config);
        assert_eq!(DataDir::create(&path, Config::new("p")).expect_err("exists").code(), "file-exists");
        assert_eq!(DataDir::open(temporary.path()).expect_err("none").code(), "not-a-data-directory");
    }

    #[test]
    #[cfg(unix)]
    fn keys_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let temporary = tempfile::tempdir().expect("temporary directory");
        let dir = DataDir::create(temporary.path(), Config::new("o")).expect("created");
        let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!(mode(&temporary.path().join("keys")), 0o700);
        assert_eq!(mode(&temporary.path().join("keystore")), 0o700);
        assert_eq!(mode(&dir.config_path()), 0o600);
        let master = dir.key_path(MASTER_KEY_FILE);
        fs::write(&master, MasterKey::generate().expect("random").to_text()).expect("written");
        fs::set_permissions(&master, PermissionsExt::from_mode(0o644)).expect("chmod");
        assert_eq!(dir.master_key().expect_err("exposed").code(), "key-exposed");
        fs::set_permissions(&master, PermissionsExt::from_mode(0o600)).expect("chmod");
        dir.master_key().expect("read");
    }
}
