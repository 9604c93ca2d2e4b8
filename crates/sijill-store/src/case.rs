//! Case rows: what wakes a case, and whose desk it lies on.
//!
//! They are read models. The log decides, they are derived from it and can be rebuilt from it; no audit compares them.
//! They are written with the batch they follow from, so that no event is ever without its alarm.

use std::collections::HashSet;

use crate::batch::{BatchFault, MAX_NUMBER, MAX_STREAM_BYTES};
use crate::types::Hash;

/// A keyed hash by which a child known already is found; opaque to the store.
pub type MatchKey = Hash;

/// Everything that is kept to find a case. Writing it replaces what was kept of the case before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// The case, 1 to 255 bytes.
    pub id: String,
    /// When the next thing falls due in it, Unix milliseconds; `None`: nothing does.
    pub wakes_at: Option<u64>,
    /// The desks it lies on: at most one row per agency, unit and kind.
    pub desks: Vec<DeskRow>,
}

/// A case on the desk of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskRow {
    /// The agency, 1 to 255 bytes.
    pub agency: String,
    /// Its unit, 1 to 255 bytes.
    pub unit: String,
    /// Why it lies there (as owner, as a referral's recipient …); opaque to the store.
    pub kind: u8,
    /// When it is due, Unix milliseconds, less than 2^63-1; `None`: at no time.
    pub due: Option<u64>,
    /// Whether it comes before everything that is not urgent.
    pub urgent: bool,
}

/// A case as a desk shows it. A desk sorts by `urgent` (true first), `due` (`None` last), `case` (by its bytes) and `kind`,
/// which together are unique on a desk: the last entry of a page is the cursor to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskEntry {
    /// The case.
    pub case: String,
    /// Why it lies there.
    pub kind: u8,
    /// When it is due, Unix milliseconds; `None`: at no time.
    pub due: Option<u64>,
    /// Whether it comes before everything that is not urgent.
    pub urgent: bool,
}

/// How much of one kind lies on a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeskCount {
    /// The kind.
    pub kind: u8,
    /// How many cases lie there.
    pub cases: u64,
    /// How many of them are due now or were before.
    pub overdue: u64,
}

/// Checks rows to be written outside a batch, as [`Batch::check`](crate::Batch::check) does those within. Refused:
/// `batch-case`, `batch-number`.
pub fn check_cases(cases: &[CaseRow]) -> Result<(), BatchFault> {
    let mut ids = HashSet::with_capacity(cases.len());
    for case in cases {
        if !is_name(&case.id) || !ids.insert(case.id.as_str()) {
            return Err(BatchFault::Case);
        }
        if case.wakes_at.is_some_and(|at| at > MAX_NUMBER) {
            return Err(BatchFault::Number);
        }
        let mut desks = HashSet::with_capacity(case.desks.len());
        for desk in &case.desks {
            let is_new = desks.insert((desk.agency.as_str(), desk.unit.as_str(), desk.kind));
            if !is_new || !is_name(&desk.agency) || !is_name(&desk.unit) {
                return Err(BatchFault::Case);
            }
            // The largest number itself stands for "at no time" in both engines.
            if desk.due.is_some_and(|due| due >= MAX_NUMBER) {
                return Err(BatchFault::Number);
            }
        }
    }
    Ok(())
}

/// Whether both engines can hold and index the name.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=MAX_STREAM_BYTES).contains(&name.len()) && !name.contains('\0')
}
