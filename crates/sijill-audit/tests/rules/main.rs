//! The rules level on what a real ledger wrote: a country under rule-set 2, played over days, and copies of its log
//! that were doctored by someone who holds every key.

mod attested;
mod committed;
mod copy;
mod doctored;
mod erased;
mod late;
mod moved;
mod partial;
mod story;

use sijill_audit::{FaultCode, Options, Report, Status, audit};

use copy::Copy;
use story::story;

/// What the audit says of a copy.
fn report(copy: &Copy) -> Report {
    audit(copy, &Options::default()).expect("a verdict")
}

/// The faults of a copy.
fn faults(copy: &Copy) -> Vec<(FaultCode, Option<u64>)> {
    report(copy).faults.iter().map(|fault| (fault.code, fault.index)).collect()
}

#[test]
fn what_the_ledger_wrote_is_clean() {
    let story = story();
    let report = report(&story.copy);
    assert!(report.is_faultless(), "{:?}", report.faults);
    let size = story.copy.size();
    for level in [&report.levels.integrity, &report.levels.authority, &report.levels.rules] {
        assert_eq!(
            (level.status, level.checked, level.unchecked, &level.why),
            (Status::Clean, size, 0, &None)
        );
    }
    // The story holds what the level is about.
    for kind in [
        "referral.requested",
        "referral.withdrawn",
        "notice.given",
        "reminder.sent",
        "referral.breached",
        "deadline.breached",
        "escalation.raised",
        "access.released",
        "break_glass.reviewed",
        "case.closed",
    ] {
        assert!(story.copy.index_of(kind, 0).is_some(), "{kind}");
    }
}

/// Wherever a checkpoint was signed between two transactions, the log before it is clean.
#[test]
fn every_beginning_that_was_ever_published_is_clean() {
    let story = story();
    for size in story.published.iter().copied() {
        assert_eq!(faults(&story.copy.up_to(size)), [], "{size} entries");
    }
}
