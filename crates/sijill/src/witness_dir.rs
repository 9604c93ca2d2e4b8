//! The directory of a witness.
//!
//! ```text
//! D/witness.toml        settings
//! D/lock                held by the one process that serves
//! D/witness.sqlite      what was cosigned last of each log, and evidence. Never restore it from a backup
//! D/keys/ID.key         0600: every key here signs; ID is its key id, 8 hex digits
//! D/keys/retired/       keys that sign no more
//! ```

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sijill_log::{CosignatureSigner, KeyName, NoteVerifier};
use sijill_witness::State;

use crate::config::Tls;
use crate::data_dir::{Lock, lock, private_folder};
use crate::error::{Error, Result};
use crate::key_file::{KeyFile, write_secret};

/// The file `witness.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// The witness's name for good, best a URL without scheme: `witness.moh.example`.
    pub name: String,
    /// Where it listens. Behind a reverse proxy keep the loopback address.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Serve HTTPS; without it plain HTTP, for a reverse proxy on the same machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Only a proxy reaches it, and it appends the client's address to `X-Forwarded-For`.
    #[serde(default)]
    pub behind_proxy: bool,
    /// `false`: no limit per client address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<bool>,
    /// `false`: `/metrics` shows nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<bool>,
    /// URLs of other witnesses and mirrors of the same logs: what each has cosigned is compared with what is held here, so that
    /// a log that shows two histories is found by whoever was shown either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<String>,
    /// How often they are asked, seconds; 60 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gossip_every_s: Option<u64>,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 8430))
}

/// A witness's directory whose settings have been read.
#[derive(Debug, Clone)]
pub struct WitnessDir {
    path: PathBuf,
    /// `witness.toml`.
    pub config: WitnessConfig,
    name: KeyName,
}

impl WitnessDir {
    /// Makes a new one, with no key yet. Nothing that exists is touched.
    pub fn create(path: &Path, name: &str, listen: Option<SocketAddr>) -> Result<Self> {
        let key_name = KeyName::new(name).map_err(|error| Error::Usage(format!("--name: {error}")))?;
        let config = WitnessConfig {
            name: name.to_owned(),
            listen: listen.unwrap_or_else(default_listen),
            tls: None,
            behind_proxy: false,
            rate_limit: None,
            metrics: None,
            peers: Vec::new(),
            gossip_every_s: None,
        };
        let file = path.join("witness.toml");
        if file.exists() {
            return Err(Error::Exists(file));
        }
        private_folder(path)?;
        private_folder(&path.join("keys").join("retired"))?;
        let text = toml::to_string(&config).map_err(|error| Error::malformed(&file, error.to_string()))?;
        let text =
            format!("# Settings of a Sijill witness. An unknown name is refused when it is read.\n{text}");
        write_secret(&file, text.as_bytes())?;
        Ok(Self { path: path.to_path_buf(), config, name: key_name })
    }

    /// Reads the settings of an existing one.
    pub fn open(path: &Path) -> Result<Self> {
        let file = path.join("witness.toml");
        let text = fs::read_to_string(&file).map_err(Error::unreadable(&file))?;
        let wrong = |why: String| Error::Config { path: file.clone(), why };
        let config: WitnessConfig =
            toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        let name = KeyName::new(&config.name).map_err(|error| wrong(format!("`name`: {error}")))?;
        Ok(Self { path: path.to_path_buf(), config, name })
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The right to serve it.
    pub fn lock(&self) -> Result<Lock> {
        lock(&self.path)
    }

    /// A path of `witness.toml`; relative ones start here.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.path.join(path)
    }

    /// What it must never forget.
    pub async fn state(&self) -> Result<State> {
        Ok(State::open(&self.path.join("witness.sqlite")).await?)
    }

    /// Every key that signs, in order of id.
    pub fn signers(&self) -> Result<Vec<CosignatureSigner>> {
        let mut files = key_files(&self.path.join("keys"))?;
        files.sort();
        files.iter().map(|file| self.signer(file)).collect()
    }

    /// The public keys that signed once and do no more.
    pub fn retired(&self) -> Result<Vec<NoteVerifier>> {
        let mut files = key_files(&self.path.join("keys").join("retired"))?;
        files.sort();
        files.iter().map(|file| Ok(self.signer(file)?.verifier().clone())).collect()
    }

    fn signer(&self, path: &Path) -> Result<CosignatureSigner> {
        let file = KeyFile::read(path)?;
        let key = file.signing_key().ok_or_else(|| Error::KeyPublicOnly(path.to_path_buf()))?;
        let signer = CosignatureSigner::new(self.name.clone(), &key.seed());
        let id = key_id(signer.verifier());
        if path.file_stem().is_none_or(|stem| stem != id.as_str()) {
            let why = format!(
                "under the name {} this key has the id {id}: was it renamed, or the witness?",
                self.name
            );
            return Err(Error::malformed(path, why));
        }
        Ok(signer)
    }

    /// Makes another key, which signs from the next start on.
    pub fn new_key(&self) -> Result<NoteVerifier> {
        let file = KeyFile::generate(None, None)?;
        let key = file.signing_key().ok_or_else(|| Error::KeyPublicOnly(self.path.clone()))?;
        let verifier = CosignatureSigner::new(self.name.clone(), &key.seed()).verifier().clone();
        file.write(&self.path.join("keys").join(format!("{}.key", key_id(&verifier))))?;
        Ok(verifier)
    }

    /// Lets a key sign no more, from the next start on. The last one cannot go.
    pub fn retire(&self, id: &str) -> Result<NoteVerifier> {
        let signers = self.signers()?;
        let verifier = signers.iter().map(CosignatureSigner::verifier).find(|key| key_id(key) == id);
        let Some(verifier) = verifier else {
            return Err(Error::Usage(format!(
                "no key {id} signs here; `sijill witness keys list` shows those that do"
            )));
        };
        if signers.len() == 1 {
            return Err(Error::Usage(format!(
                "{id} is the only key: make its successor first (`sijill witness keys new`), and retire it when every policy \
                 that names it names the successor"
            )));
        }
        let (file, keys) = (format!("{id}.key"), self.path.join("keys"));
        let to = keys.join("retired").join(&file);
        fs::rename(keys.join(&file), &to).map_err(Error::unwritable(&to))?;
        Ok(verifier.clone())
    }
}

/// A key's id as signature lines carry it, in hexadecimal.
pub fn key_id(key: &NoteVerifier) -> String {
    format!("{:08x}", u32::from_be_bytes(key.key_id()))
}

fn key_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(Error::unreadable(folder))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::unreadable(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "key") {
            files.push(path);
        }
    }
    Ok(files)
}
