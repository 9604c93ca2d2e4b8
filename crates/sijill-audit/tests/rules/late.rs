//! Timers that come late: after an outage everything is made up for, once, and the audit counts it.

use std::collections::BTreeSet;

use sijill_audit::Status;
use sijill_domain::event::Clock;
use sijill_event::Json;
use sijill_ledger::Wait;

use crate::copy::{Copy, values};
use crate::report;
use crate::story::{LINE, begin, note, run};

/// Three days pass at once in a country whose server was stopped; the acts with the instants they were due and came.
fn three_days(clock: Clock) -> (Copy, Vec<(u64, u64)>) {
    run(async {
        let dir = tempfile::tempdir().expect("a directory");
        let mut country = begin(dir.path(), clock).await;
        country.open_case("c1", "high").await;
        let opened = country.open_case("c2", "low").await;
        country.later(3 * 24 * 60);
        country.again().await;
        let note = values([("text", Json::from("…"))]);
        country.act(LINE, "case/c2", "note.added", note).await.expect("accepted");
        let copy = Copy::of(&country).await;
        let acts = (opened.index + 1..copy.size())
            .map(|index| copy.entry(index))
            .filter(|entry| entry.event.event_type != "referral.requested" && entry.event.iss == "ledger")
            .map(|entry| (instant(entry.event.jti), entry.received));
        let acts = acts.collect();
        (copy, acts)
    })
}

/// The time of a version 7 UUID, Unix milliseconds.
fn instant(jti: sijill_event::Uuid) -> u64 {
    u64::try_from(jti.as_u128() >> 80).expect("48 bits")
}

#[test]
fn a_simulated_ledger_goes_through_every_instant() {
    let (copy, acts) = three_days(Clock::Simulated);
    let report = report(&copy);
    assert!(report.is_faultless(), "{:?}", report.faults);
    assert_eq!((report.levels.rules.status, report.levels.rules.why), (Status::Clean, None));
    assert!(acts.len() > 20 && acts.iter().all(|(due, came)| due == came), "{acts:?}");
}

#[test]
fn a_live_ledger_makes_up_for_it_and_is_counted_late() {
    let (copy, acts) = three_days(Clock::Live);
    let report = report(&copy);
    assert!(report.is_faultless(), "{:?}", report.faults);
    let now = acts.last().expect("acts").1;
    assert!(acts.iter().all(|(_, came)| *came == now), "{acts:?}");
    let late = acts.iter().filter(|(due, _)| due + 5 * 60_000 < now).count();
    let why = report.levels.rules.why.expect("it says so");
    assert_eq!(why, format!("{late} acts of the automation were appended late, as after an outage"));
    assert_eq!(report.levels.rules.status, Status::Clean);
    // Each once, and the same acts as where time went step by step.
    let jtis: BTreeSet<_> = (0..copy.size()).map(|index| copy.entry(index).event.jti).collect();
    assert_eq!(jtis.len() as u64, copy.size());
    let due = |acts: &[(u64, u64)]| acts.iter().map(|(due, _)| *due).collect::<Vec<_>>();
    let (mut here, mut there) = (due(&acts), due(&three_days(Clock::Simulated).1));
    here.sort_unstable();
    there.sort_unstable();
    assert_eq!(here, there);
}

/// What is overdue from the start comes before what anybody says elsewhere in the same batch.
#[test]
fn a_report_of_days_ago_is_late_at_once() {
    let (copy, opened) = run(async {
        let dir = tempfile::tempdir().expect("a directory");
        let country = begin(dir.path(), Clock::Live).await;
        country.open_case("c2", "none").await;
        let three_days_ago = country.ledger.now_ms() - 3 * 86_400_000;
        let opened = country.opening("high", Some(three_days_ago));
        let opened = country.sign(&country.officers[LINE], "case/c1", opened).await;
        let note = country.sign(&country.officers[LINE], "case/c2", note()).await;
        let taken = country.ledger.append(vec![opened, note], Wait::Published).await.expect("room");
        let opened = taken.into_iter().map(|taken| taken.expect("accepted").index).min().expect("two");
        (Copy::of(&country).await, opened)
    });
    let report = report(&copy);
    assert!(report.is_faultless(), "{:?}", report.faults);
    let breach = copy.index_of("deadline.breached", opened).expect("a breach");
    let note = copy.index_of("note.added", opened).expect("a note");
    assert!(breach < note, "{breach} {note}");
}
