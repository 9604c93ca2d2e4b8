//! Key files: a JWK (RFC 8037) with who it speaks for, private ones readable by their owner alone.
//!
//! ```json
//! {"kty":"OKP","crv":"Ed25519","x":"…","d":"…","agency":"moh","officer":"intake-3"}
//! ```
//!
//! Without `d` it is a public key file, to be handed to whoever registers the key. `officer` is `root` for an
//! agency's root key; for a key of the ledger itself `agency` is `ledger` and `officer` the service.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sijill_event::{Json, PublicKey, SigningKey, b64, names, possession_message};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Name of an agency's root key where an officer's name stands.
pub const ROOT: &str = "root";
/// `iss` of the ledger's own services.
pub const LEDGER: &str = "ledger";

/// A key and who it speaks for.
#[derive(Debug, Clone)]
pub struct KeyFile {
    public: PublicKey,
    private: Option<SigningKey>,
    /// The agency, if the file names one.
    pub agency: Option<String>,
    /// The officer or service, if the file names one.
    pub officer: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    officer: Option<String>,
}

impl KeyFile {
    /// A new private key.
    pub fn generate(agency: Option<&str>, officer: Option<&str>) -> Result<Self> {
        let key =
            SigningKey::generate().map_err(|e| Error::Event { code: e.code(), message: e.to_string() })?;
        let file = Self::private(key, agency, officer);
        file.check_names().map_err(Error::Usage)?;
        Ok(file)
    }

    /// A private key held already.
    pub fn private(key: SigningKey, agency: Option<&str>, officer: Option<&str>) -> Self {
        let (agency, officer) = (agency.map(str::to_owned), officer.map(str::to_owned));
        Self { public: key.public().clone(), private: Some(key), agency, officer }
    }

    /// Reads a key file, private or public. A private one that others may read is refused.
    pub fn read(path: &Path) -> Result<Self> {
        let mut text = Zeroizing::new(String::new());
        let mut file = File::open(path).map_err(Error::unreadable(path))?;
        file.read_to_string(&mut text).map_err(Error::unreadable(path))?;
        let key = Self::parse(&text).map_err(|why| Error::malformed(path, why))?;
        if key.private.is_some() {
            refuse_exposed(path, &file)?;
        }
        Ok(key)
    }

    /// Reads the text of a key file; the error is a sentence and never repeats key material.
    pub fn parse(text: &str) -> Result<Self, String> {
        // serde's own message could quote a value of the file, and one of them is the secret.
        let jwk: Jwk = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!(
                "line {line}, column {column}: a key file is a JSON object of \"kty\", \"crv\", \"x\", and optionally \
                 \"d\", \"agency\", \"officer\""
            )
        })?;
        let members = [("crv", jwk.crv.into()), ("kty", jwk.kty.into()), ("x", jwk.x.into())];
        let public =
            PublicKey::from_jwk(&Json::object::<&str>(members)).map_err(|error| error.to_string())?;
        let private = match jwk.d {
            None => None,
            Some(d) => {
                let seed = b64::decode_array(d.as_bytes(), "d")
                    .map(Zeroizing::new)
                    .map_err(|error| error.to_string())?;
                let private = SigningKey::from_seed(&seed).map_err(|error| error.to_string())?;
                if *private.public() != public {
                    return Err(
                        "\"x\" is not the public key of \"d\": the file was altered or mixed up".to_string()
                    );
                }
                Some(private)
            }
        };
        let file = Self { public, private, agency: jwk.agency, officer: jwk.officer };
        file.check_names()?;
        Ok(file)
    }

    fn check_names(&self) -> Result<(), String> {
        if let Some(agency) = self.agency.as_ref().filter(|agency| !names::is_label(agency)) {
            return Err(format!(
                "`{agency}` is no agency id: lower-case letters, digits and hyphens, at most 32"
            ));
        }
        if let Some(officer) = self.officer.as_ref().filter(|officer| !names::is_officer_id(officer)) {
            return Err(format!(
                "`{officer}` is no officer id: lower-case letters, digits and . _ -, at most 64"
            ));
        }
        Ok(())
    }

    /// Writes a new file with mode 0600; an existing one is never overwritten.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = Zeroizing::new(self.to_json() + "\n");
        write_secret(path, text.as_bytes())
    }

    fn to_json(&self) -> String {
        let d = self.private.as_ref().map(|key| Zeroizing::new(b64::encode(key.seed().as_slice())));
        let jwk = Jwk {
            kty: "OKP".to_string(),
            crv: "Ed25519".to_string(),
            x: b64::encode(self.public().as_bytes()),
            d,
            agency: self.agency.clone(),
            officer: self.officer.clone(),
        };
        serde_json::to_string(&jwk).unwrap_or_default()
    }

    /// The same without its private part.
    #[must_use]
    pub fn to_public(&self) -> Self {
        Self { private: None, ..self.clone() }
    }

    /// The public key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The private key, if the file holds it.
    pub fn signing_key(&self) -> Option<&SigningKey> {
        self.private.as_ref()
    }

    /// Proof that its owner holds the key (Annex A), for the ledger `origin`; `None` without a private key.
    pub fn possession_proof(&self, origin: &str, agency: &str, officer: &str) -> Option<String> {
        let message = possession_message(origin, agency, officer, self.public().kid());
        self.signing_key().map(|key| b64::encode(key.sign(&message)))
    }
}

/// A private key with its author, as every command that signs needs it.
#[derive(Debug, Clone)]
pub struct Author {
    /// `iss`.
    pub agency: String,
    /// `sub`.
    pub officer: String,
    /// The private key.
    pub key: SigningKey,
}

impl Author {
    /// Reads a private key file that names agency and officer.
    pub fn read(path: &Path) -> Result<Self> {
        let file = KeyFile::read(path)?;
        let Some(key) = file.signing_key().cloned() else {
            return Err(Error::KeyPublicOnly(path.to_path_buf()));
        };
        let (Some(agency), Some(officer)) = (file.agency, file.officer) else {
            let why = "signing needs to know for whom: the file names no \"agency\" or no \"officer\"";
            return Err(Error::malformed(path, why));
        };
        Ok(Self { agency, officer, key })
    }
}

/// Writes a new file that only its owner can read, durably.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(Error::unwritable(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::unwritable(path))
}

/// Refuses a file that group or others can read. On systems without such permissions nothing is checked.
pub fn refuse_exposed(path: &Path, file: &File) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map_err(Error::unreadable(path))?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(Error::KeyExposed { path: path.to_path_buf(), mode });
        }
    }
    #[cfg(not(unix))]
    let _ = (path, file);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_is_read_back_and_public_part_holds_no_secret() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let (private, public) = (dir.path().join("a.key"), dir.path().join("a.pub"));
        let key = KeyFile::generate(Some("moh"), Some("intake-3")).expect("generated");
        key.write(&private).expect("written");
        key.to_public().write(&public).expect("written");
        let author = Author::read(&private).expect("read");
        assert_eq!((author.agency.as_str(), author.officer.as_str()), ("moh", "intake-3"));
        assert_eq!(author.key.public(), key.public());
        assert!(!std::fs::read_to_string(&public).expect("read").contains("\"d\""));
        assert_eq!(Author::read(&public).expect_err("public").code(), "key-public-only");
        assert_eq!(key.write(&private).expect_err("never overwritten").code(), "file-exists");
    }

    #[test]
    #[cfg(unix)]
    fn exposed_private_keys_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("a.key");
        KeyFile::generate(Some("moh"), Some("root")).expect("generated").write(&path).expect("written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).expect("chmod");
        assert_eq!(KeyFile::read(&path).expect_err("exposed").code(), "key-exposed");
    }

    #[test]
    fn a_mixed_up_or_malformed_file_is_refused_without_quoting_it() {
        let one = KeyFile::generate(None, None).expect("generated").to_json();
        let two = KeyFile::generate(None, None).expect("generated").to_json();
        let (x1, x2) = (member(&one, "x"), member(&two, "x"));
        assert!(KeyFile::parse(&one.replace(&x1, &x2)).expect_err("mixed up").contains("mixed up"));
        let secret = member(&one, "d");
        for broken in
            [one.replace("\"d\":\"", "\"d\":[\""), one.replace("\"d\"", "\"e\""), one.replace("OKP", "EC")]
        {
            let why = KeyFile::parse(&broken).expect_err("malformed");
            assert!(!why.contains(&secret), "{why}");
        }
        assert!(KeyFile::generate(Some("MOH"), None).is_err());
        assert!(KeyFile::generate(Some("moh"), Some("Amal")).is_err());
    }

    fn member(json: &str, name: &str) -> String {
        let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
        value.get(name).and_then(serde_json::Value::as_str).expect("member").to_string()
    }
}
