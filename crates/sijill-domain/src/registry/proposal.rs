//! What the registry knows of a proposal.

use std::collections::BTreeMap;

use serde::Serialize;
use sijill_event::{Digest, Timestamp};

use crate::AgencyId;
use crate::event::{Action, HolidayAnnounced};

/// A proposal and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The entry that opened it.
    pub index: u64,
    /// Who opened it.
    pub by: AgencyId,
    /// What it is for.
    pub action: Action,
    /// Not before this time.
    pub effective: Option<Timestamp>,
    /// Who approved it, and in which entry. An approval counts while its agency is a member.
    pub approvals: BTreeMap<AgencyId, u64>,
    /// What became of it.
    pub status: Status,
}

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Approvals are being gathered.
    Open,
    /// It passed with this entry and waits for its time.
    Scheduled(u64),
    /// It is in force from the entry after this one on.
    Enacted(u64),
    /// Its time came and it could not be enacted any more.
    Void {
        /// The last entry before.
        index: u64,
        /// The code of the refusal.
        code: &'static str,
    },
}

/// A version of a document that the members published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    /// 1, 2, 3…
    pub version: u64,
    /// SHA-256 of the document.
    pub hash: Digest,
    /// It is in force from the entry after this one on.
    pub index: u64,
    /// And from this Unix millisecond on: that entry's `received`, or the time it was scheduled for.
    pub since: u64,
}

/// Days announced as holidays by a delegated authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Announced {
    /// Which calendar, and which days.
    #[serde(flatten)]
    pub holiday: HolidayAnnounced,
    /// By whom.
    pub by: AgencyId,
    /// In which entry.
    pub index: u64,
    /// They count from this Unix millisecond on.
    pub since: u64,
}
