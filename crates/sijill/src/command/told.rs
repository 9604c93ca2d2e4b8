//! How a command tells what became of an event, and the file that proves possession of a key.

use std::path::Path;

use serde_json::{Value, json};
use sijill_domain::Signer;
use sijill_domain::event::{KeyAdded, Proof};
use sijill_event::{Json, PublicKey, parse_json};

use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::gate::Told;

/// The answer for one event; a refusal is an error.
pub(crate) fn answer(told: Told, what: &str) -> Result<Answer> {
    match told {
        Told::Appended { receipt, jti, hash, verified } => {
            let checked = if verified { "receipt verified" } else { "receipt not verified: no --trust" };
            let again = if receipt.first { "" } else { " (it was there already)" };
            let text = format!("{what}: entry {}{again}, {checked}\nhash {hash}", receipt.index);
            Ok(Answer::good(
                text,
                &json!({
                    "index": receipt.index, "received": receipt.received, "jti": jti, "hash": hash,
                    "first": receipt.first, "verified": verified, "proof": receipt.proof,
                }),
            ))
        }
        Told::Refused { code, message } => Err(Error::Refused { code, message }),
        Told::Unknown { message } => Err(Error::Unknown(message)),
    }
}

/// What became of one event of many, as a line of JSON.
pub(crate) fn line(told: &Told) -> Value {
    match told {
        Told::Appended { receipt, jti, verified, .. } => json!({
            "index": receipt.index, "received": receipt.received, "jti": jti, "verified": verified, "proof": receipt.proof,
        }),
        Told::Refused { code, message } => json!({"code": code, "message": message}),
        Told::Unknown { message } => json!({"code": "outcome-unknown", "message": message}),
    }
}

/// A key with the proof that its owner holds it: what `sijill keys proof` writes.
pub(crate) struct ProofFile {
    pub(crate) agency: String,
    pub(crate) officer: String,
    pub(crate) key: PublicKey,
    pub(crate) proof: Proof,
}

impl ProofFile {
    /// Reads and checks it: a wrong proof is better found here than by the ledger.
    pub(crate) fn read(path: &Path, origin: &str) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::unreadable(path))?;
        let json = parse_json(&bytes).map_err(|error| Error::malformed(path, error.to_string()))?;
        Self::of(&json, origin).map_err(|why| Error::malformed(path, why))
    }

    /// From its JSON, which may hold further members; the error is a sentence.
    pub(crate) fn of(json: &Json, origin: &str) -> Result<Self, String> {
        let text = |name: &str| {
            let value = json.get(name).and_then(Json::as_str);
            value
                .map(str::to_owned)
                .ok_or(format!("\"{name}\" is missing: make the file with `sijill keys proof`"))
        };
        if text("origin")? != origin {
            return Err(format!("it proves possession for {}, this ledger is {origin}", text("origin")?));
        }
        let member = |name: &'static str| (name, json.get(name).cloned().unwrap_or(Json::Null));
        let added = KeyAdded::parse(&Json::object([member("officer"), member("key"), member("proof")]));
        let KeyAdded { key, proof, .. } =
            added.map_err(|_| "it is not what `sijill keys proof` writes".to_string())?;
        let file = Self { agency: text("agency")?, officer: text("officer")?, key, proof };
        let signer = file.signer().ok_or("\"agency\" or \"officer\" is no id")?;
        if file.proof.holds(origin, &signer, &file.key) {
            Ok(file)
        } else {
            Err("the proof does not hold".to_string())
        }
    }

    fn signer(&self) -> Option<Signer> {
        let agency = sijill_domain::AgencyId::parse(&self.agency)?;
        if self.officer == crate::key_file::ROOT {
            return Some(Signer::Root(agency));
        }
        Some(Signer::Officer { agency, officer: sijill_domain::OfficerId::parse(&self.officer)? })
    }
}
