//! A ledger under rule-set 2 is killed 200 times at random moments around its timers, then it is not there for three days.
//! It holds each act once, misses none, says which came late, and takes a late acknowledgement.
//!
//! What is killed is a process of its own, `src/bin/clockwork.rs`. Its cases are all alike, at high risk, and nobody
//! answers: what has to be in the log is therefore known without asking the rules, and is compared with what is there.
//! The audit recomputes every act besides.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};
use sijill_casework::catalogue::ReferralState;
use sijill_domain::event::Clock;
use sijill_event::{Digest, Entry, Json, Uuid, b64};
use sijill_ledger::testing::{Country, HELPLINE, START_MS};
use sijill_tests::chance::Chance;
use sijill_tests::country::{again, entries, found};
use sijill_tests::program::done;
use sijill_tests::town::text;

const KILLS: usize = 200;
/// Kills while it makes up for the outage.
const KILLS_AFTER: usize = 10;
/// A life ends at the last of this many timers, or fewer, that it meets: within this many milliseconds of it.
const TIMERS: usize = 4;
const AROUND: u64 = 24;
/// One life in so many ends before it has begun: while it opens its ledger, within this many milliseconds.
const UNBORN: usize = 8;
const OPENING: u64 = 120;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
/// `[grace]` of the shipped policy.
const GRACE: u64 = 5 * MINUTE;
/// What the shipped policy has the owner of a case at high risk do, and within how many minutes.
const OWED_BY_OWNER: [(&str, u64); 3] = [("assign", 60), ("see_child", 24 * 60), ("assess", 3 * 24 * 60)];
/// Likewise whoever an urgent referral is addressed to.
const OWED_BY_RECIPIENT: [(&str, u64); 2] = [("acknowledge", 30), ("accept", 3 * 60)];
/// To whom a case of a beaten child at high risk is referred.
const RECIPIENTS: [&str; 3] = ["cpc/ma", "moh/hospital-ma", "rop/desk"];

/// What the killed processes acknowledged: index and `jti`.
type Acknowledged = Vec<(u64, Uuid)>;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_neither_misses_nor_repeats_an_act() {
    let (seed, mut chance) = Chance::from_environment(200);
    eprintln!("SIJILL_SEED={seed}");
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("ledger");
    let mut country = found(&dir, Clock::Live).await;
    country.open_case("first", "high").await;
    country.ledger.shutdown().await;
    let key = b64::encode(country.officers[HELPLINE].key.seed().as_slice());
    let mut acknowledged = Acknowledged::new();
    for _ in 0..KILLS {
        acknowledged.extend(life_and_death(&dir, &key, &mut chance, None));
    }

    // Three cases at one instant, and then nobody is there.
    let received = country.ground.store.head().await.expect("a head").received;
    again(&mut country, &dir, received).await;
    for case in ["c1", "c2", "c3"] {
        country.open_case(case, "high").await;
    }
    let before = country.ledger.published().checkpoint.size;
    country.ledger.shutdown().await;
    let back = received + 3 * DAY + MINUTE;
    for _ in 0..KILLS_AFTER {
        life_and_death(&dir, &key, &mut chance, Some(back));
    }
    let received = country.ground.store.head().await.expect("a head").received;
    again(&mut country, &dir, received.max(back)).await;
    a_late_acknowledgement_is_accepted(&country).await;

    let all = entries(&country.ledger).await;
    country.ledger.shutdown().await;
    let wakes: BTreeSet<u64> = acts(&all).map(|(_, act)| act.received).collect();
    let told = format!("{} entries, {} acknowledged, {} wakes", all.len(), acknowledged.len(), wakes.len());
    eprintln!("{told}; {before} entries before the outage");
    for (index, jti) in &acknowledged {
        assert_eq!(all[usize::try_from(*index).expect("small")].event.jti, *jti, "acknowledged as {index}");
    }
    each_once(&all);
    none_is_missing(&all);
    assert!(wakes.len() > KILLS / 8 && acknowledged.len() > KILLS / 8, "too little happened: {told}");
    let late = late(&all, before, back);
    assert!(late > 3 * 20, "{late} acts in three cases");

    let report = done(["audit", text(&dir), "--trust", text(&dir.join("trust.json"))]);
    assert_eq!((&report["faults"], &report["anchored"]), (&json!([]), &json!(true)));
    for level in ["integrity", "authority", "rules"] {
        assert_eq!(report["levels"][level]["status"], "clean", "{report}");
    }
    let said = format!("{late} acts of the automation were appended late, as after an outage");
    assert_eq!(report["levels"]["rules"]["why"], Value::from(said));
}

/// The ledger's process lives, appends and is killed. What it acknowledged.
fn life_and_death(dir: &Path, key: &str, chance: &mut Chance, back: Option<u64>) -> Acknowledged {
    let mut process = Command::new(env!("CARGO_BIN_EXE_clockwork"));
    process.arg(dir).args([key, &chance.draw().to_string()]).args(back.map(|back| back.to_string()));
    let mut child = process.stdout(Stdio::piped()).spawn().expect("it starts");
    let stdout = BufReader::new(child.stdout.take().expect("its standard output"));
    let (say, said) = mpsc::channel();
    let listening = std::thread::spawn(move || {
        // Nobody hears what the unborn say.
        stdout.lines().map_while(Result::ok).for_each(|line| drop(say.send(line)));
    });
    let mut heard = Vec::new();
    let mut until = |what: &str| {
        while heard.last().is_none_or(|line| line != what) {
            heard.push(said.recv().expect("it opens after every kill, and goes on"));
        }
        heard.pop();
    };
    if chance.below(UNBORN) > 0 {
        until("ready");
        let timers = if back.is_some() { 0 } else { 1 + chance.below(TIMERS) };
        (0..timers).for_each(|_| until("timer"));
        std::thread::sleep(Duration::from_millis(chance.draw() % AROUND));
    } else {
        std::thread::sleep(Duration::from_millis(chance.draw() % OPENING));
    }
    child.kill().expect("killed");
    let ended = child.wait().expect("dead");
    assert_eq!(ended.signal(), Some(9), "it never ends by itself: {ended}");
    listening.join().expect("it listened to the end");
    // A line that the kill cut short is no acknowledgement.
    let whole =
        heard.into_iter().chain(said.try_iter()).filter_map(|line| line.strip_suffix(';').map(str::to_owned));
    whole
        .map(|line| {
            let (index, jti) = line.split_once(' ').expect("index and jti");
            (index.parse().expect("an index"), jti.parse().expect("a jti"))
        })
        .collect()
}

async fn a_late_acknowledgement_is_accepted(country: &Country) {
    let file = country.case("c1").await;
    let case = file.case.as_ref().expect("a case");
    let mut referrals = case.referrals.iter();
    let (police, _) = referrals.find(|(_, referral)| referral.to.to_string() == "rop/desk").expect("asked");
    let answer = Json::object([("referral", Json::from(police.to_string()))]);
    country
        .act("rop/desk", "case/c1", "referral.acknowledged", answer)
        .await
        .expect("a late answer is legal");
    let file = country.case("c1").await;
    let referral = &file.case.as_ref().expect("a case").referrals[police];
    assert_eq!((referral.state, referral.breached), (ReferralState::Acknowledged, true));
}

fn acts(all: &[Entry]) -> impl Iterator<Item = (u64, &Entry)> {
    let numbered = (0..).zip(all);
    numbered.filter(|(_, entry)| entry.event.iss == "ledger" && entry.event.sub == "automation")
}

/// When an act was due: the time of its `jti`.
fn instant(act: &Entry) -> u64 {
    u64::try_from(act.event.jti.as_u128() >> 80).expect("48 bits")
}

fn open<'a>(act: &'a Entry, member: &str) -> &'a str {
    act.event.data.get(member).and_then(Json::as_str).unwrap_or_default()
}

/// No act is there twice, neither under its `jti` nor as the same act under another.
fn each_once(all: &[Entry]) {
    let ids: BTreeSet<Uuid> = all.iter().map(|entry| entry.event.jti).collect();
    assert_eq!(ids.len(), all.len());
    let mut seen = BTreeMap::new();
    for (index, act) in acts(all) {
        // What is hidden is salted anew each time, and no part of what the act is.
        let members = act.event.data.as_object().expect("an object").iter();
        let open: Vec<_> = members.filter(|(_, value)| value.get("_sd").is_none()).cloned().collect();
        let (stream, kind) = (act.event.stream.to_string(), act.event.event_type.as_str());
        if let Some(first) = seen.insert((stream, kind, instant(act), Json::Object(open).to_string()), index)
        {
            panic!("entries {first} and {index} are the same act");
        }
    }
}

/// What is said to have been missed is what nobody did, at its minute, and no more; and everybody was asked.
fn none_is_missing(all: &[Entry]) {
    let end = all.last().expect("entries").received;
    let (mut owed, mut asked) = (BTreeSet::new(), BTreeMap::<String, BTreeSet<String>>::new());
    let mut owe = |of: Digest, start: u64, what: &[(&'static str, u64)]| {
        let instants = what.iter().map(|(milestone, minutes)| (*milestone, start + minutes * MINUTE));
        owed.extend(instants.filter(|(_, due)| *due <= end).map(|(milestone, due)| (of, milestone, due)));
    };
    for entry in all {
        match entry.event.event_type.as_str() {
            "case.opened" => {
                owe(entry.event.hash(), entry.received, &OWED_BY_OWNER);
                asked.entry(entry.event.stream.id().expect("a case").to_owned()).or_default();
            }
            "referral.requested" => {
                owe(entry.event.hash(), entry.received, &OWED_BY_RECIPIENT);
                let to = entry.event.data.get("to").expect("somebody");
                let part = |member| to.get(member).and_then(Json::as_str).expect("an address");
                let case = asked.get_mut(entry.event.stream.id().expect("a case")).expect("opened before");
                assert!(case.insert(format!("{}/{}", part("agency"), part("unit"))), "asked twice");
            }
            _ => {}
        }
    }
    assert!(asked.values().all(|to| to.iter().eq(RECIPIENTS)), "{asked:?}");
    let missed: BTreeSet<_> = acts(all)
        .filter(|(_, act)| act.event.event_type.ends_with(".breached"))
        .map(|(_, act)| {
            (Digest::parse(open(act, "of")).expect("a hash"), open(act, "milestone"), instant(act))
        })
        .collect();
    let (more, less) = (missed.difference(&owed).next(), owed.difference(&missed).next());
    assert_eq!((more, less), (None, None), "recorded though not owed, owed though not recorded");
    assert!(
        owed.iter().any(|(_, _, due)| *due < START_MS + DAY) && owed.len() > 100,
        "{} missed",
        owed.len()
    );
}

/// How many acts came late. Before the outage none did, however often the ledger was killed.
fn late(all: &[Entry], before: u64, back: u64) -> usize {
    let late: Vec<_> = acts(all).filter(|(_, act)| instant(act) + GRACE < act.received).collect();
    for (index, act) in &late {
        assert!(*index >= before && act.received >= back, "entry {index}, due {}: {act:?}", instant(act));
    }
    late.len()
}
