//! What an audit finds (`docs/ledger-format.md`, Annex C).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

/// The name of a fault. Independent verifiers return the same names at the same indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// A checkpoint that cannot be read, or that the log did not sign for this origin.
    CheckpointSignature,
    /// The trusted quorum of witnesses did not cosign the checkpoint.
    Quorum,
    /// Entry 0 is not the trusted one.
    Genesis,
    /// The tree: an entry is missing, or entries, tiles, root or a held checkpoint contradict each other.
    Root,
    /// The entry is not what §2, §3 and Annex A say.
    EntryFormat,
    /// Sequenced earlier than an entry before it.
    ReceivedOrder,
    /// Signed later than it was sequenced.
    ReceivedTime,
    /// No earlier entry introduced the key.
    KeyUnknown,
    /// The signature is not valid.
    EventSignature,
    /// An event of the stream is missing before this one.
    StreamGap,
    /// The event does not continue its stream.
    StreamFork,
    /// An idempotency key stands twice.
    JtiReused,
    /// The event cites a tree that never was.
    SeenMismatch,
    /// A digest or disclosure that does not fit.
    DisclosureMismatch,
    /// A disclosure that should be there is not.
    DisclosureMissing,
    /// A published document was delivered with other bytes than those that were published.
    DocumentMismatch,
    /// A ledger's own database disagrees with its entries.
    Store,
    /// The key does not speak for the signer at this position.
    KeyNotValid,
    /// The signer may not do this.
    NotAuthorised,
    /// What the ledger committed itself to of streams and keys is not what the entries give.
    Heads,
    /// The event may not happen in this state of its case.
    Rule,
    /// An act of the ledger's services is missing, superfluous or another than the prescribed one.
    Automation,
    /// What was attested of a read model, or is kept of it, is not what the entries give.
    Projection,
    /// What was published of a month is not what the entries give, or is not to be known.
    Publication,
}

/// Which level of the audit a fault belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultLevel {
    /// Nothing was altered.
    Integrity,
    /// Everyone was allowed.
    Authority,
    /// Everything followed the rules.
    Rules,
    /// Figures are what the entries give.
    Figures,
}

impl FaultCode {
    /// All codes, integrity first.
    pub const ALL: [Self; 24] = [
        Self::CheckpointSignature,
        Self::Quorum,
        Self::Genesis,
        Self::Root,
        Self::EntryFormat,
        Self::ReceivedOrder,
        Self::ReceivedTime,
        Self::KeyUnknown,
        Self::EventSignature,
        Self::StreamGap,
        Self::StreamFork,
        Self::JtiReused,
        Self::SeenMismatch,
        Self::DisclosureMismatch,
        Self::DisclosureMissing,
        Self::DocumentMismatch,
        Self::Store,
        Self::KeyNotValid,
        Self::NotAuthorised,
        Self::Heads,
        Self::Rule,
        Self::Automation,
        Self::Projection,
        Self::Publication,
    ];

    /// The name in kebab case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CheckpointSignature => "checkpoint-signature",
            Self::Quorum => "quorum",
            Self::Genesis => "genesis",
            Self::Root => "root",
            Self::EntryFormat => "entry-format",
            Self::ReceivedOrder => "received-order",
            Self::ReceivedTime => "received-time",
            Self::KeyUnknown => "key-unknown",
            Self::EventSignature => "event-signature",
            Self::StreamGap => "stream-gap",
            Self::StreamFork => "stream-fork",
            Self::JtiReused => "jti-reused",
            Self::SeenMismatch => "seen-mismatch",
            Self::DisclosureMismatch => "disclosure-mismatch",
            Self::DisclosureMissing => "disclosure-missing",
            Self::DocumentMismatch => "document-mismatch",
            Self::Store => "store",
            Self::KeyNotValid => "key-not-valid",
            Self::NotAuthorised => "not-authorised",
            Self::Heads => "heads",
            Self::Rule => "rule",
            Self::Automation => "automation",
            Self::Projection => "projection",
            Self::Publication => "publication",
        }
    }

    /// The level it is found at.
    pub fn level(self) -> FaultLevel {
        match self {
            Self::KeyNotValid | Self::NotAuthorised | Self::Heads => FaultLevel::Authority,
            Self::Rule | Self::Automation => FaultLevel::Rules,
            Self::Projection | Self::Publication => FaultLevel::Figures,
            _ => FaultLevel::Integrity,
        }
    }
}

// Ordered by name, so that any other program sorts a report the same way.
impl Ord for FaultCode {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for FaultCode {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FaultCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What is wrong.
    pub code: FaultCode,
    /// The entry it is about, if it is about one.
    pub index: Option<u64>,
    /// A sentence for people. It quotes no disclosed value and no salt.
    pub message: String,
}

/// A set of faults: of the same code at the same index, the first sentence stays.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<(Option<u64>, FaultCode), Box<str>>);

impl Faults {
    pub(crate) fn add(
        &mut self,
        code: FaultCode,
        index: impl Into<Option<u64>>,
        message: impl Into<Box<str>>,
    ) {
        self.0.entry((index.into(), code)).or_insert_with(|| message.into());
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn holds(&self, code: FaultCode, index: u64) -> bool {
        self.0.contains_key(&(Some(index), code))
    }

    /// Whether there is one of this level.
    pub(crate) fn any(&self, level: FaultLevel) -> bool {
        self.0.keys().any(|(_, code)| code.level() == level)
    }

    /// By index, those without one first, then by code.
    pub(crate) fn sorted(&self) -> Vec<Fault> {
        let faults = self.0.iter();
        faults.map(|(&(index, code), message)| Fault { code, index, message: message.to_string() }).collect()
    }
}
