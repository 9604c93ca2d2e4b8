//! What an audit says: the sets of faults that the other tests compare, and ledgers without any.

use sijill_audit::{FaultCode, FaultLevel, Options, Report, Source, Status, Trust, audit};
use sijill_event::{Class, Digest, Draft, Event, Json, SdJwt, TYP, jws, parse_json};

use crate::made::{Made, Memory, ORIGIN, key};

pub(crate) type Found = Vec<(FaultCode, Option<u64>)>;

pub(crate) fn found(report: &Report) -> Found {
    let faults: Found = report.faults.iter().map(|fault| (fault.code, fault.index)).collect();
    let mut sorted = faults.clone();
    sorted.sort_by_key(|(code, index)| (*index, *code));
    sorted.dedup();
    assert_eq!(faults, sorted, "a report is sorted by index and code, without repetition");
    assert!(report.faults.iter().all(|fault| fault.message.len() > 20), "each fault has a sentence");
    faults
}

pub(crate) fn run(source: &dyn Source, options: &Options<'_>) -> Report {
    audit(source, options).expect("readable")
}

/// The faults of a ledger, with its own trust file and without: the same, where they do not concern trust.
pub(crate) fn faults(source: &Memory, trust: &Trust) -> Found {
    let anchored = found(&run(source, &Options { trust: Some(trust), ..Options::default() }));
    assert_eq!(found(&run(source, &Options::default())), anchored);
    anchored
}

/// What is found below the rules level: made cases are of no type that rule-set 2 knows.
pub(crate) fn below_rules(mut found: Found) -> Found {
    found.retain(|(code, _)| code.level() != FaultLevel::Rules);
    found
}

/// The faults of a ledger that hides nothing in its tree: what it sequenced is what it published.
pub(crate) fn faults_of(made: &Made) -> Found {
    faults(&made.source(), &made.trust())
}

pub(crate) fn at(code: FaultCode, index: u64) -> (FaultCode, Option<u64>) {
    (code, Some(index))
}

pub(crate) fn whole(code: FaultCode) -> (FaultCode, Option<u64>) {
    (code, None)
}

/// A ledger with a few cases, the next event of case `c0` signed, and what follows appended after it by `after`.
pub(crate) fn with_event(alter: impl FnOnce(&mut Made, Draft) -> SdJwt) -> (Made, u64) {
    let mut made = Made::with_cases(9);
    let referral = Draft::new("referral.accepted", 1).disclose(Class::Casework, "service", "health".into());
    let placed = made.placed("moh/o0", "case/c0", referral);
    let altered = alter(&mut made, placed);
    let index = made.append(&altered);
    (made, index)
}

pub(crate) fn continued(mut made: Made) -> Made {
    (0..6).for_each(|number| _ = made.case_event("case/c9", number));
    made
}

/// The event with another payload, signed by `who`.
pub(crate) fn resign(said: &SdJwt, who: &str, edit: impl FnOnce(&mut Vec<(String, Json)>)) -> Event {
    let payload = said.event.jwt.split('.').nth(1).expect("three parts");
    let Json::Object(mut members) =
        parse_json(&sijill_event::b64::decode(payload, "it").expect("base64")).expect("JSON")
    else {
        panic!("an object")
    };
    edit(&mut members);
    Event::parse(&jws::sign(Json::Object(members).to_string().as_bytes(), TYP, &key(who)))
        .expect("well formed")
}

pub(crate) fn set(members: &mut Vec<(String, Json)>, name: &str, value: Json) {
    members.retain(|(other, _)| other != name);
    members.push((name.to_owned(), value));
}

#[test]
fn a_clean_ledger_is_clean() {
    let made = Made::with_cases(40);
    let (source, trust) = (made.source(), made.trust());
    for options in [Options::default(), Options { trust: Some(&trust), threads: 1, ..Options::default() }] {
        let report = run(&source, &options);
        assert_eq!(found(&report), []);
        assert_eq!(report.anchored, options.trust.is_some());
        assert_eq!((report.entries, report.size), (56, Some(56)));
        // Under rule-set 1 a case has no rules, so nothing of it is left unchecked.
        for level in [&report.levels.integrity, &report.levels.authority, &report.levels.rules] {
            assert_eq!(
                (level.status, level.checked, level.unchecked, &level.why),
                (Status::Clean, 56, 0, &None)
            );
        }
        let level = &report.levels.figures;
        assert_eq!((level.status, level.checked, level.unchecked), (Status::Clean, 0, 0));
        assert!(level.why.is_some());
    }
}

#[test]
fn a_ledger_of_several_chunks_and_tile_levels_is_clean() {
    let made = Made::with_cases(9000);
    let seen = std::cell::RefCell::new(Vec::new());
    let report =
        run(&made.source(), &Options { progress: &|p| seen.borrow_mut().push(p.done), ..Options::default() });
    assert_eq!(found(&report), []);
    assert_eq!(report.entries, 9016);
    assert!(seen.borrow().len() >= 3 && seen.borrow().last() == Some(&9016) && seen.borrow().is_sorted());
}

#[test]
fn report_is_the_json_it_says() {
    let mut made = Made::with_cases(1);
    made.append_bytes(b"nonsense".to_vec());
    let report = serde_json::to_value(run(&made.source(), &Options::default())).expect("JSON");
    assert_eq!(report["origin"], ORIGIN);
    assert_eq!(report["root"], Digest(made.seen().root).to_string());
    assert_eq!(report["faults"][0]["code"], "entry-format");
    assert_eq!(report["faults"][0]["index"], 17);
    assert_eq!(report["levels"]["integrity"]["status"], "faults");
    assert_eq!(report["levels"]["authority"]["status"], "partial");
    // What is malformed did nothing, so that the rest can be judged.
    assert_eq!(report["levels"]["rules"]["status"], "partial");
    assert_eq!(report["levels"]["rules"]["unchecked"], 1);
    assert_eq!(report["levels"]["figures"]["why"], "nothing was attested");
    let members: Vec<&str> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        members,
        ["anchored", "entries", "faults", "intervals", "levels", "origin", "root", "seconds", "size"]
    );
}

#[test]
fn every_code_is_tested_here() {
    let source = [
        include_str!("whole.rs"),
        include_str!("entry.rs"),
        include_str!("authority.rs"),
        include_str!("heads.rs"),
        include_str!("../rules/attested.rs"),
        include_str!("../rules/doctored.rs"),
        include_str!("../rules/partial.rs"),
    ];
    let source = source.concat();
    for code in FaultCode::ALL {
        let name = format!("{code:?}");
        assert!(source.matches(&format!("({name}")).count() > 0, "{name} is expected nowhere");
    }
}
