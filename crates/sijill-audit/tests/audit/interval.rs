//! Provable intervals: what witnesses' clocks prove of an entry's time, while fewer of them than a quorum are wrong.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use sijill_audit::{Evidence, ExportDirectory, FaultCode, FaultLevel, Report, Source, Trust, export};
use sijill_domain::event::{Clock, CosignedCheckpoint, LedgerCreated, LedgerRatified, LogWitnessed};
use sijill_log::{Checkpoint, CosignatureSigner, Note, Policy};

use crate::files::run;
use crate::made::{AGENCIES, Made, ORIGIN, START, created, draft, key, log_signer};

const DAY: i64 = 86_400;

/// A witness's key, by its number.
fn witness(number: usize) -> CosignatureSigner {
    let seed = sijill_event::Digest::of(format!("witness {number}")).0;
    CosignatureSigner::new(format!("w{number}.example").parse().expect("a name"), &seed)
}

/// How a policy of witnesses 0, 1, … is put together.
#[derive(Debug, Clone)]
enum Group {
    One(usize),
    Of(usize, Vec<Group>),
}

impl Group {
    fn of(threshold: usize, witnesses: usize) -> Self {
        Self::Of(threshold, (0..witnesses).map(Self::One).collect())
    }

    fn lines(&self, lines: &mut String, name: &str) {
        match self {
            Self::One(number) => {
                writeln!(lines, "witness {name} {}", witness(*number).verifier()).expect("a String");
            }
            Self::Of(threshold, members) => {
                let names: Vec<String> = (0..members.len()).map(|at| format!("{name}.{at}")).collect();
                members.iter().zip(&names).for_each(|(member, name)| member.lines(lines, name));
                writeln!(lines, "group {name} {threshold} {}", names.join(" ")).expect("a String");
            }
        }
    }

    fn policy(&self) -> Policy {
        let mut lines = String::new();
        self.lines(&mut lines, "q");
        (lines + "quorum q\n").parse().expect("a policy")
    }

    /// By its definition: whether these witnesses are a quorum.
    fn is_met(&self, by: &BTreeSet<usize>) -> bool {
        match self {
            Self::One(number) => by.contains(number),
            Self::Of(threshold, members) => {
                members.iter().filter(|member| member.is_met(by)).count() >= *threshold
            }
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Of(_, members) => members.iter().map(Self::count).sum(),
        }
    }
}

/// A ledger under rule-set 2, with an empty log of records.
fn begun() -> Made {
    let mut made = Made::founded(2);
    made.put_rules(2, None);
    made
}

/// Unix seconds of an entry's making.
fn second(index: u64) -> i64 {
    i64::try_from(START / 1000 + index).expect("a time")
}

fn trust(made: &Made, group: &Group) -> Trust {
    Trust { policy: group.policy(), ..made.trust() }
}

/// Something that is said, and is no record.
type Spoil = dyn Fn(&mut Made);

/// The checkpoint of now, cosigned by witnesses whose clocks are so many seconds wrong.
fn cosigned(made: &Made, clocks: &[(usize, i64)]) -> Note {
    let point = Checkpoint {
        origin: ORIGIN.parse().expect("a name"),
        size: made.edge.size(),
        root: made.edge.root(),
    };
    let mut note = point.sign(&log_signer()).expect("signed");
    for (number, wrong) in clocks {
        let time = u64::try_from(second(point.size) + wrong).expect("a time");
        note.add(witness(*number).cosign(&point, time).expect("a cosignature")).expect("room");
    }
    note
}

/// Records what those witnesses cosign now.
fn record(made: &mut Made, clocks: &[(usize, i64)]) -> u64 {
    let note = cosigned(made, clocks);
    let said = LogWitnessed { checkpoint: CosignedCheckpoint::new(note).expect("cosigned") };
    made.say("ledger/log", "log", draft(LogWitnessed::TYPE, &said.data()))
}

/// What was found at integrity and authority: these events have no rules.
fn found(report: &Report) -> Vec<(FaultCode, Option<u64>)> {
    let faults = report.faults.iter().filter(|fault| fault.code.level() != FaultLevel::Rules);
    faults.map(|fault| (fault.code, fault.index)).collect()
}

fn events(made: &mut Made, count: u64) -> Vec<u64> {
    (0..count).map(|number| made.case_event(&format!("case/c{}", number / 4), number)).collect()
}

/// Evidence of some entries, audited.
fn proved(source: &dyn Source, wanted: &[u64], trust: &Trust) -> Report {
    let evidence = Evidence::gather(source, &wanted.iter().copied().collect(), false).expect("evidence");
    let evidence = Evidence::parse(&evidence.to_bytes().expect("packed")).expect("evidence");
    run(&evidence, Some(trust))
}

#[test]
fn an_interval_lies_between_two_records() {
    let group = Group::of(2, 3);
    let mut made = begun();
    let early = events(&mut made, 1)[0];
    let first = record(&mut made, &[(0, 0), (1, 4), (2, 9)]);
    let between = events(&mut made, 3);
    let size = made.edge.size();
    record(&mut made, &[(0, 0), (2, 7)]);
    let late = events(&mut made, 1)[0];
    let source = made.source();
    let trust = trust(&made, &group);
    let report = run(&source, Some(&trust));
    // The checkpoint itself nobody cosigned.
    assert_eq!(found(&report), [(FaultCode::Quorum, None)]);
    let intervals = report.intervals.expect("intervals");
    assert_eq!((intervals.both, intervals.after, intervals.outside), (3, 2, vec![]));
    assert_eq!(intervals.before, first + 1, "all before the first record, and that itself");

    let report = proved(&source, &[early, between[0], between[2], late], &trust);
    assert_eq!(found(&report), [(FaultCode::Quorum, None)]);
    let told: Vec<_> = report.exhibits.expect("told").iter().map(|one| (one.index, one.interval)).collect();
    let bound = |seconds: i64| u64::try_from(seconds).ok();
    // k-th largest and k-th smallest of two of three: 4 s late below; above, of two that signed, the later.
    let (after, before) = (bound(second(first) + 4), bound(second(size) + 7));
    assert_eq!(told[0], (early, sijill_audit::Interval { after: None, before: bound(second(first) + 4) }));
    for (at, index) in [(1, between[0]), (2, between[2])] {
        assert_eq!(told[at], (index, sijill_audit::Interval { after, before }));
    }
    let after = bound(second(size));
    assert_eq!(told[3], (late, sijill_audit::Interval { after, before: None }));
    assert!(run(&source, Some(&made.trust())).intervals.is_none(), "no witnesses are asked for");
    assert!(run(&source, None).intervals.is_none(), "nobody says whose clocks count");
}

#[test]
fn the_checkpoint_s_own_cosignatures_bound_what_no_record_covers() {
    let group = Group::of(2, 3);
    let mut made = begun();
    record(&mut made, &[(0, 0), (1, 0)]);
    let late = events(&mut made, 1)[0];
    let mut source = made.source();
    source.checkpoint = Some(cosigned(&made, &[(1, 3), (2, 5)]).to_string().into_bytes());
    let trust = trust(&made, &group);
    let report = run(&source, Some(&trust));
    assert_eq!(found(&report), []);
    let before = u64::try_from(second(made.edge.size()) + 5).ok();
    let report = proved(&source, &[late], &trust);
    assert_eq!(found(&report), []);
    assert_eq!(report.exhibits.expect("told")[0].interval.before, before);
    // An export has the same checkpoint, and so meets the same quorum.
    let temp = tempfile::tempdir().expect("a directory");
    export(&source, &temp.path().join("export"), true).expect("exported");
    let exported = ExportDirectory::open(temp.path().join("export")).expect("an export");
    let report = run(&exported, Some(&trust));
    assert_eq!(found(&report), []);
    assert_eq!(report.intervals.expect("intervals").after, 0, "everything is bounded from above");
    // A tree that is not the checkpoint's bounds nothing.
    source.entries.remove(&late);
    let intervals = run(&source, Some(&trust)).intervals.expect("intervals");
    assert_eq!((intervals.both, intervals.after), (0, 0));
}

#[test]
fn received_moved_by_two_hours_is_found() {
    let group = Group::of(2, 3);
    let exact = [(0, 0), (1, 0), (2, 0)];
    for (moved, code) in [(-7_200_000, true), (7_200_000, true), (-200_000, false), (200_000, false)] {
        let mut made = begun();
        record(&mut made, &exact);
        let case = events(&mut made, 1)[0];
        // What comes later has to come later still, or it would be another fault.
        let entry = &mut made.entries[usize::try_from(case).expect("small")];
        let text = String::from_utf8(entry.clone()).expect("text");
        let (received, jwt) = text.split_once(' ').expect("an entry");
        let received = received.parse::<i64>().expect("a time") + moved;
        *entry = format!("{received} {jwt}").into_bytes();
        let mut again = begun();
        assert_eq!(again.entries.len() + 2, made.entries.len());
        again.append_bytes(made.entries[made.entries.len() - 2].clone());
        again.append_bytes(made.entries[made.entries.len() - 1].clone());
        again.heads = made.heads.clone();
        record(&mut again, &exact);
        let report = run(&again.source(), Some(&trust(&again, &group)));
        let faults = found(&report);
        assert_eq!(faults.contains(&(FaultCode::ReceivedTime, Some(case))), code, "{moved}: {faults:?}");
        let untrusting = run(&again.source(), Some(&again.trust()));
        // Without witnesses only the author's own clock speaks against one that was set back.
        assert_eq!(found(&untrusting).contains(&(FaultCode::ReceivedTime, Some(case))), moved == -7_200_000);
    }
}

#[test]
fn a_claim_outside_the_interval_is_listed() {
    let group = Group::of(1, 1);
    let mut made = begun();
    record(&mut made, &[(0, 0)]);
    let mut claimed = Vec::new();
    for wrong in [-DAY, -290, 290] {
        let draft = sijill_event::Draft::new("case.noted", 1);
        let placed = made.placed("moh/o1", &format!("case/x{}", claimed.len()), draft);
        let iat = made.now() / 1000;
        let placed = placed.iat(iat.checked_add_signed(wrong).expect("a time"));
        let said = made.sign_with(&key("moh/o1"), &placed);
        claimed.push((made.append(&said), iat.checked_add_signed(wrong).expect("a time")));
    }
    record(&mut made, &[(0, 0)]);
    let report = run(&made.source(), Some(&trust(&made, &group)));
    let outside = report.intervals.expect("intervals").outside;
    let listed: Vec<_> = outside.iter().map(|one| (one.index, one.iat)).collect();
    assert_eq!(listed, [claimed[0]]);
    assert!(outside[0].after.is_some() && outside[0].before.is_some());
}

#[test]
fn what_does_not_count_as_a_record() {
    let group = Group::of(2, 3);
    let exact = [(0, 0), (1, 0), (2, 0)];
    let intervals =
        |made: &Made| run(&made.source(), Some(&trust(made, &group))).intervals.expect("intervals");
    // Too few witnesses; a line that is wrong; a line twice.
    let mut spoiled: Vec<Box<Spoil>> = vec![Box::new(|made| _ = record(made, &[(1, 0)]))];
    let altered = |alter: fn(&mut Note, &Note)| {
        move |made: &mut Made| {
            let mut note = cosigned(made, &[(0, 0), (1, 0), (2, 0)]);
            let other = cosigned(made, &[(0, 60)]);
            alter(&mut note, &other);
            let said = LogWitnessed { checkpoint: CosignedCheckpoint::new(note).expect("cosigned") };
            made.say("ledger/log", "log", draft(LogWitnessed::TYPE, &said.data()));
        }
    };
    spoiled.push(Box::new(altered(|note, other| {
        let mut text = other.clone();
        let mut line = text.signatures()[1].clone();
        line.signature[20] ^= 1;
        text = Note::new(note.text().to_owned(), note.signatures()[0].clone()).expect("a note");
        text.add(line).expect("room");
        note.signatures()[2..].iter().for_each(|line| text.add(line.clone()).expect("room"));
        *note = text;
    })));
    spoiled.push(Box::new(altered(|note, other| note.add(other.signatures()[1].clone()).expect("room"))));
    for spoil in &spoiled {
        let mut made = begun();
        spoil(&mut made);
        events(&mut made, 2);
        assert_eq!(intervals(&made), sijill_audit::Intervals::default());
        record(&mut made, &exact);
        events(&mut made, 2);
        let found = intervals(&made);
        assert_eq!((found.both, found.after), (0, 2), "what saw it");
    }
    // A record of an older checkpoint than the one before says nothing new.
    let mut made = begun();
    events(&mut made, 1);
    let note = cosigned(&made, &exact);
    let seen = made.seen();
    events(&mut made, 2);
    record(&mut made, &exact);
    let before = intervals(&made);
    let said = LogWitnessed { checkpoint: CosignedCheckpoint::new(note).expect("cosigned") };
    let placed = made.placed("ledger/log", "log", draft(LogWitnessed::TYPE, &said.data())).seen(seen);
    let said = made.sign_with(&key("ledger/log"), &placed);
    made.append(&said);
    assert_eq!(intervals(&made), before, "neither has it seen the record, nor does it count as one");
}

#[test]
fn a_simulated_ledger_s_times_are_not_compared() {
    let mut made = Made::empty();
    let genesis = LedgerCreated { clock: Clock::Simulated, rules: 2, ..created() };
    made.say("ledger/operator", "ledger", draft(LedgerCreated::TYPE, &genesis.data()));
    let ratified = LedgerRatified { created: made.hash(0) };
    for id in AGENCIES {
        made.say(&format!("{id}/root"), "ledger", draft(LedgerRatified::TYPE, &ratified.data()));
    }
    // Witnesses live years after what is simulated.
    record(&mut made, &[(0, 1000 * DAY)]);
    let report = run(&made.source(), Some(&trust(&made, &Group::of(1, 1))));
    assert_eq!(found(&report), [(FaultCode::Quorum, None)]);
    let intervals = report.intervals.expect("intervals");
    assert_eq!((intervals.before, intervals.outside), (4, vec![]));
}

/// Policies of one to three groups of witnesses, each once.
fn policies() -> impl Strategy<Value = Group> {
    prop::collection::vec((1usize..4, 1usize..4), 1..4).prop_flat_map(|sizes| {
        let mut next = 0;
        let members: Vec<Group> = sizes
            .iter()
            .map(|(count, threshold)| {
                let of = (next..next + count).map(Group::One).collect();
                next += count;
                Group::Of((*threshold).min(*count), of)
            })
            .collect();
        (1..=members.len()).prop_map(move |threshold| Group::Of(threshold, members.clone()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whoever lies, as long as the liars alone are no quorum: every event was made in its interval. And the bounds are those
    /// of the definition, which tries every quorum there is.
    #[test]
    fn wrong_clocks_that_are_no_quorum_move_nothing(
        (group, wrong, who) in policies().prop_flat_map(|group| {
            let count = group.count();
            let wrong = prop::collection::vec(prop_oneof![Just(0), -9 * DAY..9 * DAY], count);
            (Just(group), wrong, prop::collection::vec(any::<bool>(), count))
        }),
        absent in any::<u16>(),
    ) {
        // Of those that are to lie, only as many do as are no quorum.
        let mut liars = BTreeSet::new();
        for number in (0..wrong.len()).filter(|number| who[*number]) {
            liars.insert(number);
            if group.is_met(&liars) {
                liars.remove(&number);
            }
        }
        let clock = |number: &usize| (*number, if liars.contains(number) { wrong[*number] } else { 0 });
        let here: Vec<usize> = (0..wrong.len()).filter(|number| absent >> number & 1 == 0).collect();
        let clocks: Vec<(usize, i64)> = here.iter().map(clock).collect();
        let is_quorum = group.is_met(&here.iter().copied().collect());

        let mut made = begun();
        let mut wanted = Vec::new();
        for _ in 0..3 {
            if !clocks.is_empty() {
                record(&mut made, &clocks);
            }
            wanted.extend(events(&mut made, 2));
        }
        let trust = Trust { policy: group.policy(), ..made.trust() };
        let report = proved(&made.source(), &wanted, &trust);
        prop_assert!(!found(&report).iter().any(|(code, _)| *code == FaultCode::ReceivedTime));
        for told in report.exhibits.expect("told") {
            let (interval, at) = (told.interval, u64::try_from(second(told.index)).expect("a time"));
            prop_assert_eq!(interval.after.is_some(), is_quorum);
            prop_assert!(interval.after.is_none_or(|after| after <= at), "{:?} {}", interval, at);
            prop_assert!(interval.before.is_none_or(|before| at <= before + 1), "{:?} {}", interval, at);
        }
        let whole = run(&made.source(), Some(&trust)).intervals.expect("intervals");
        prop_assert!(whole.outside.is_empty());

        if !clocks.is_empty() {
            let time = group.policy().satisfied_by(&cosigned(&made, &clocks)).expect("good lines").time;
            let quorums = (0u32..1 << clocks.len()).filter_map(|set| {
                let chosen = clocks.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, one)| *one);
                let chosen: Vec<(usize, i64)> = chosen.collect();
                group.is_met(&chosen.iter().map(|(number, _)| *number).collect()).then_some(chosen)
            });
            let (mut by, mut since) = (None, None);
            for quorum in quorums {
                let times = || quorum.iter().map(|(_, wrong)| *wrong);
                by = by.into_iter().chain(times().max()).min();
                since = since.into_iter().chain(times().min()).max();
            }
            let now = second(made.edge.size());
            let told = time.map(|time| (time.by.cast_signed() - now, time.since.cast_signed() - now));
            prop_assert_eq!(told, by.zip(since));
        }
    }
}
