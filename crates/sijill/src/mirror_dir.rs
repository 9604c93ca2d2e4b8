//! The directory of a mirror: a witness's, and what it mirrors.
//!
//! ```text
//! D/witness.toml, D/witness.sqlite, D/keys/    as of a witness (witness_dir.rs): a mirror cosigns
//! D/mirror.toml                                which ledger, and under whose grant
//! D/trust.json                                 the ledger's trust file, from somebody you believe
//! D/log/                                       what is mirrored: a tile-log directory
//! D/forks/*.json                               evidence of forks. Never delete it: it convicts the log
//! D/standing.json                              how it stands, for `sijill mirror status`
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sijill_audit::Trust;
use sijill_event::Digest;
use sijill_mirror::{LOG_FOLDER, LogFiles, Readers};

use crate::command::read_trust;
use crate::error::{Error, Result};
use crate::key_file::{Author, write_secret};
use crate::witness_dir::WitnessDir;

const SETTINGS: &str = "mirror.toml";
const TRUST: &str = "trust.json";
const STANDING: &str = "standing.json";

/// The file `mirror.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MirrorConfig {
    /// URL of the ledger's server, or of another mirror of it; the log is below its `/log`.
    pub from: String,
    /// The key file of an officer with role mirror or auditor: entries are read under that grant. Relative paths start here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// Instead of a key, where another mirror is followed: the file of a token of its operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<PathBuf>,
    /// How often the ledger is asked for a checkpoint, milliseconds; 1,000 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_ms: Option<u64>,
    /// After how many seconds without a verified checkpoint the mirror says that it is stale; 900 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_after_s: Option<u64>,
    /// Most it may hold, GB; 200 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_gb: Option<u64>,
    /// Who may read entries here: SHA-256 of each token (`sijill mirror reader`); with none, nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<String>,
}

/// A mirror's directory whose settings have been read.
#[derive(Debug, Clone)]
pub struct MirrorDir {
    /// The witness it is besides.
    pub witness: WitnessDir,
    /// `mirror.toml`.
    pub config: MirrorConfig,
}

impl MirrorDir {
    /// Whether `path` is one.
    pub fn is(path: &Path) -> bool {
        path.join(SETTINGS).is_file()
    }

    /// Makes a witness's directory a mirror's.
    pub fn create(witness: WitnessDir, config: MirrorConfig, trust: &Trust) -> Result<Self> {
        let dir = Self { witness, config };
        write_secret(&dir.witness.resolve(Path::new(TRUST)), trust.to_json().as_bytes())?;
        dir.write()?;
        Ok(dir)
    }

    /// Reads the settings of an existing one.
    pub fn open(path: &Path) -> Result<Self> {
        let witness = WitnessDir::open(path)?;
        let file = path.join(SETTINGS);
        let text = fs::read_to_string(&file).map_err(Error::unreadable(&file))?;
        let wrong = |why: String| Error::Config { path: file.clone(), why };
        let config: MirrorConfig =
            toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        let dir = Self { witness, config };
        dir.readers().map_err(wrong)?;
        Ok(dir)
    }

    /// Writes the settings anew.
    pub fn write(&self) -> Result<()> {
        let file = self.witness.resolve(Path::new(SETTINGS));
        let text =
            toml::to_string(&self.config).map_err(|error| Error::malformed(&file, error.to_string()))?;
        let text =
            format!("# Settings of a Sijill mirror. An unknown name is refused when it is read.\n{text}");
        self.replace(SETTINGS, &text)
    }

    /// The ledger, by whose word.
    pub fn trust(&self) -> Result<Trust> {
        read_trust(&self.witness.resolve(Path::new(TRUST)))
    }

    /// Who reads the ledger's entries.
    pub fn author(&self) -> Result<Option<Author>> {
        self.config.key.as_ref().map(|key| Author::read(&self.witness.resolve(key))).transpose()
    }

    /// The token for another mirror's entries.
    pub fn token(&self) -> Result<Option<String>> {
        let Some(file) = &self.config.token else { return Ok(None) };
        let path = self.witness.resolve(file);
        let text = fs::read_to_string(&path).map_err(Error::unreadable(&path))?;
        Ok(Some(text.trim().to_owned()))
    }

    /// What it holds.
    pub fn files(&self) -> Result<LogFiles> {
        let most = self.config.most_gb.unwrap_or(200).saturating_mul(1_000_000_000);
        Ok(LogFiles::open(self.witness.resolve(Path::new(LOG_FOLDER)), most)?)
    }

    /// Where evidence of forks is kept.
    pub fn forks(&self) -> PathBuf {
        self.witness.resolve(Path::new("forks"))
    }

    /// How often the ledger is asked.
    pub fn every(&self) -> Duration {
        Duration::from_millis(self.config.every_ms.unwrap_or(1_000).max(10))
    }

    /// After how many seconds it is stale.
    pub fn stale_after(&self) -> u64 {
        self.config.stale_after_s.unwrap_or(900)
    }

    /// Who may read entries here.
    pub fn readers(&self) -> Result<Readers, String> {
        let read =
            |text: &String| Digest::parse(text).map_err(|_| format!("`readers`: `{text}` is no SHA-256"));
        Ok(Readers(self.config.readers.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// Tells whoever asks without a server how it stands.
    pub fn tell(&self, standing: &str) -> Result<()> {
        self.replace(STANDING, standing)
    }

    /// What was told last.
    pub fn told(&self) -> Result<Option<serde_json::Value>> {
        let path = self.witness.resolve(Path::new(STANDING));
        match fs::read(&path) {
            Ok(bytes) => {
                let told = serde_json::from_slice(&bytes);
                told.map(Some).map_err(|error| Error::malformed(&path, error.to_string()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::unreadable(&path)(error)),
        }
    }

    fn replace(&self, name: &str, text: &str) -> Result<()> {
        let (path, beside) =
            (self.witness.resolve(Path::new(name)), self.witness.resolve(Path::new(&format!("{name}.new"))));
        let _ = fs::remove_file(&beside);
        write_secret(&beside, text.as_bytes())?;
        fs::rename(&beside, &path).map_err(Error::unwritable(&path))
    }
}
