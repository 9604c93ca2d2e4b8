//! What an auditor holds from elsewhere: the trust file, receipts, older checkpoints (Annex D).

use sijill_event::{Digest, Json, names, parse_json};
use sijill_log::{Checkpoint, Hash, KeyKind, Note, NoteVerifier, Policy, TlogProof};

use crate::Unreadable;

/// Which ledger it has to be. An audit without one can only say that a ledger does not contradict itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The ledger's origin.
    pub origin: String,
    /// The key that signs its checkpoints.
    pub log_key: NoteVerifier,
    /// Leaf hash of entry 0.
    pub genesis: Hash,
    /// Which witnesses have to have cosigned.
    pub policy: Policy,
}

impl Trust {
    /// Reads a trust file: strict JSON, no other members. Refused: `trust-malformed`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::read(bytes).map_err(Unreadable::Trust)
    }

    fn read(bytes: &[u8]) -> Result<Self, String> {
        let json = parse_json(bytes).map_err(|error| error.to_string())?;
        exactly(&json, &["sijill", "origin", "log_key", "genesis", "policy"])?;
        if text(&json, "sijill")? != "trust/1" {
            return Err("`sijill` is not `trust/1`".to_owned());
        }
        let origin = text(&json, "origin")?.to_owned();
        if !names::is_origin(&origin) {
            return Err("`origin` is not one".to_owned());
        }
        let log_key: NoteVerifier =
            text(&json, "log_key")?.parse().map_err(|error| format!("log_key: {error}"))?;
        if log_key.name().as_str() != origin || log_key.kind() != KeyKind::Log {
            return Err("`log_key` is not the key of a log named as `origin`".to_owned());
        }
        let genesis = Digest::parse(text(&json, "genesis")?).map_err(|error| format!("genesis: {error}"))?;
        let policy = text(&json, "policy")?.parse().map_err(|error| format!("policy: {error}"))?;
        Ok(Self { origin, log_key, genesis: Hash(genesis.0), policy })
    }

    /// The trust file.
    pub fn to_json(&self) -> String {
        Json::object([
            ("sijill", "trust/1".into()),
            ("origin", self.origin.as_str().into()),
            ("log_key", self.log_key.to_string().into()),
            ("genesis", Digest(self.genesis.0).to_string().into()),
            ("policy", self.policy.to_string().into()),
        ])
        .to_string()
    }
}

/// What a ledger answered when it took an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The entry.
    pub index: u64,
    /// When the ledger said it sequenced it, Unix milliseconds.
    pub received: u64,
    /// The proof, with the checkpoint it leads to.
    pub proof: TlogProof,
    /// That checkpoint. Its signature is checked by the audit.
    pub checkpoint: Checkpoint,
}

impl Receipt {
    /// Reads a receipt; members other than `index`, `received` and `proof` are ignored. Refused: `receipt-malformed`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::read(bytes).map_err(Unreadable::Receipt)
    }

    fn read(bytes: &[u8]) -> Result<Self, String> {
        let json = parse_json(bytes).map_err(|error| error.to_string())?;
        let number = |name| json.get(name).and_then(Json::as_u64).ok_or(format!("`{name}` is not a number"));
        let (index, received) = (number("index")?, number("received")?);
        let proof =
            TlogProof::parse(text(&json, "proof")?.as_bytes()).map_err(|error| format!("proof: {error}"))?;
        let checkpoint = read_checkpoint(&proof.checkpoint)?;
        Ok(Self { index, received, proof, checkpoint })
    }
}

/// A checkpoint kept from an earlier day: what the ledger was then, it has to be still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCheckpoint {
    /// As it was signed.
    pub note: Note,
    /// What it says. Its signature is checked by the audit.
    pub checkpoint: Checkpoint,
}

impl HeldCheckpoint {
    /// Reads a checkpoint. Refused: `checkpoint-malformed`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let note = Note::parse(bytes).map_err(|error| Unreadable::Checkpoint(error.to_string()))?;
        let checkpoint = read_checkpoint(&note).map_err(Unreadable::Checkpoint)?;
        Ok(Self { note, checkpoint })
    }
}

/// The checkpoint that a note is: of a ledger, so its origin is one of Annex A.
pub(crate) fn read_checkpoint(note: &Note) -> Result<Checkpoint, String> {
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?;
    if names::is_origin(checkpoint.origin.as_str()) {
        Ok(checkpoint)
    } else {
        Err("its first line is no ledger's origin".to_owned())
    }
}

/// Refuses an object that has other members than these, or lacks one.
pub(crate) fn exactly(json: &Json, names: &[&str]) -> Result<(), String> {
    let members = json.as_object().ok_or("it is not a JSON object")?;
    if let Some((unknown, _)) = members.iter().find(|(name, _)| !names.contains(&name.as_str())) {
        return Err(format!("it has an unknown member `{unknown}`"));
    }
    match names.iter().find(|name| json.get(name).is_none()) {
        Some(missing) => Err(format!("it lacks `{missing}`")),
        None => Ok(()),
    }
}

pub(crate) fn text<'a>(json: &'a Json, name: &str) -> Result<&'a str, String> {
    json.get(name).and_then(Json::as_str).ok_or_else(|| format!("`{name}` is not a string"))
}
