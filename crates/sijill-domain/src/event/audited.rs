//! What an auditor found, put on the record on stream `log` (`docs/casework.md` §1).

use sijill_event::{Digest, Timestamp};

use super::field::{data, object, words};
use crate::{OfficerId, UnitId};

words! {
    /// A level's verdict (`docs/ledger-format.md` §7).
    AuditStatus {
        /// Everything was checked, nothing is wrong.
        Clean = "clean",
        /// Something is wrong.
        Faults = "faults",
        /// Nothing was checked.
        NotRun = "not_run",
        /// Nothing is wrong in what was checked, but not everything was.
        Partial = "partial",
    }
}

object! {
    /// The verdict at one level, counted in entries.
    AuditedLevel {
        /// The verdict.
        status: AuditStatus,
        /// Entries that were checked in full; absent for none.
        checked: Option<u64>,
        /// Entries of which something was not checked; absent for none.
        unchecked: Option<u64>,
    }
}

object! {
    /// The four levels.
    AuditedLevels {
        /// Nothing was altered, removed, reordered or invented.
        integrity: AuditedLevel,
        /// Every signer was allowed to do what it signed.
        authority: AuditedLevel,
        /// Every event and every act of the automation is what the rules prescribe.
        rules: AuditedLevel,
        /// Rebuilt figures equal those attested.
        figures: AuditedLevel,
    }
}

object! {
    /// Faults of one code.
    CountedFaults {
        /// Their code.
        code: UnitId,
        /// How many.
        count: u64,
    }
}

data! {
    /// An audit of the ledger: of which checkpoint, how far, and what it came to. The auditor signs for it.
    AuditRecorded = "audit.recorded" {
        /// The audited checkpoint's size.
        size: u64,
        /// Its root. Whether that is the log's own, everybody sees: an audit of a forged log is put on record too.
        root: Digest,
        /// How many entries were there; absent for none.
        entries: Option<u64>,
        /// Whether a trust file said which ledger it had to be.
        anchored: bool,
        /// The verdict at each level.
        levels: AuditedLevels,
        /// The faults by code, ascending, each code once.
        faults: Vec<CountedFaults>,
        /// The program, as a unit id is written.
        tool: UnitId,
        /// Its version, as an officer id is written.
        version: OfficerId,
        /// When it began, by the auditor's clock.
        started: Timestamp,
        /// When it ended.
        ended: Timestamp,
    }
}

impl AuditedLevels {
    /// All of them, in their order.
    pub fn all(&self) -> [&AuditedLevel; 4] {
        [&self.integrity, &self.authority, &self.rules, &self.figures]
    }
}

impl AuditRecorded {
    /// The member that contradicts another or what can be; `None` if it is sound in itself, in the entry at `index`.
    pub(crate) fn unsound(&self, index: u64) -> Option<&'static str> {
        let ascending = self.faults.array_windows().all(|[a, b]| a.code < b.code);
        let faulty = self.levels.all().iter().any(|level| level.status == AuditStatus::Faults);
        match () {
            () if self.size > index => Some("size"),
            () if self.entries.is_some_and(|entries| entries > self.size) => Some("entries"),
            () if !ascending || faulty == self.faults.is_empty() => Some("faults"),
            () if self.ended.unix_ms() < self.started.unix_ms() => Some("ended"),
            () => None,
        }
    }
}
