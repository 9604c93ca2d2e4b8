//! The verdict of an audit.

use serde::Serialize;

use crate::{Account, Fault, Intervals};

/// What an audit of a ledger came to. Serialises as JSON of exactly these members.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The ledger, as its checkpoint names it; `None` if no checkpoint could be read.
    pub origin: Option<String>,
    /// Number of entries the checkpoint claims.
    pub size: Option<u64>,
    /// Root hash the checkpoint claims, base64url as all hashes in JSON.
    pub root: Option<String>,
    /// Number of entries that were there and were read.
    pub entries: u64,
    /// Whether a trust file said which ledger this has to be. Without one a wholly invented ledger audits clean.
    pub anchored: bool,
    /// The verdict at each level.
    pub levels: Levels,
    /// All faults, by index (those about the whole first) and code.
    pub faults: Vec<Fault>,
    /// How many entries have an interval by witnesses; `None` unless the trust file asks for some.
    pub intervals: Option<Intervals>,
    /// Of an evidence file: its entries, one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exhibits: Option<Vec<Account>>,
    /// How long it took.
    pub seconds: f64,
}

impl Report {
    /// Whether no fault was found. What was *not* checked, the levels say.
    pub fn is_faultless(&self) -> bool {
        self.faults.is_empty()
    }
}

/// The levels of `docs/ledger-format.md` §7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Levels {
    /// Nothing was altered, removed, reordered or invented.
    pub integrity: Level,
    /// Every signer was allowed to do what it signed.
    pub authority: Level,
    /// Every event and every act of the automation is what the rules prescribe.
    pub rules: Level,
    /// Rebuilt figures equal those attested.
    pub figures: Level,
}

/// The verdict at one level, counted in entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Level {
    /// The verdict.
    pub status: Status,
    /// Entries that were checked in full.
    pub checked: u64,
    /// Entries of which something, or everything, was not checked.
    pub unchecked: u64,
    /// What was not checked and why, where there is something.
    pub why: Option<String>,
}

/// A verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything was checked, nothing is wrong.
    Clean,
    /// Something is wrong.
    Faults,
    /// Nothing is wrong in what was checked, but not everything was.
    Partial,
    /// Nothing was checked.
    NotRun,
}

impl Level {
    pub(crate) fn of(faults: bool, checked: u64, unchecked: u64, why: &[String]) -> Self {
        let status = match (faults, unchecked) {
            (true, _) => Status::Faults,
            (false, 0) => Status::Clean,
            (false, _) => Status::Partial,
        };
        Self { status, checked, unchecked, why: (!why.is_empty()).then(|| why.join("; ")) }
    }

    pub(crate) fn not_run(unchecked: u64, why: &str) -> Self {
        Self { status: Status::NotRun, checked: 0, unchecked, why: Some(why.to_owned()) }
    }
}
