//! The campaign: whatever a dishonest operator does to a ledger, with all of its database and all of its keys, is found
//! by an audit with the trust file; truncation and a history that is consistent throughout, by any holder of an older
//! checkpoint or receipt. The verifiers in Python and JavaScript find the same faults in the same ledger's export.
//!
//! `SIJILL_SEED` repeats a campaign of chance; every failure names its seed.

mod alterations;
mod authority;
mod chance;
mod entries;
mod lent;
mod operator;
mod order;
mod planted;
mod storage;
mod vault;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;

use sijill_tests::chance::Chance;
use sijill_tests::made::Made;

use alterations::{Alteration, By, Faults};
use operator::Operator;
use verdict::{Found, Held};

/// Entries of the ledger everything is done to.
const SIZE: u64 = 2_000;
/// Alterations by chance, and how many of them are compared with the other verifier.
const BY_CHANCE: usize = 120;
const COMPARED: usize = 5;
/// Damaged exports.
const DAMAGED: usize = 40;

#[test]
fn the_campaign() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let made = &runtime.block_on(Made::build(&folder.path().join("ledger"), 1, 1, SIZE));
    honest(made, folder.path());
    let unlocked = folder.path().join("unlocked");
    operator::unlock(made, &unlocked);
    named(made, &unlocked);
    by_chance(made, &unlocked);
    damaged(made, folder.path());
}

/// What nobody altered is clean, whatever an auditor holds. Its export stays in `folder`.
fn honest(made: &Made, folder: &Path) {
    let held = Held { older: true, newest: true, receipts: vec![0, 700, made.entries.len() - 1] };
    assert_eq!(verdict::audit(made, &made.dir, folder, &held), Found::new());
    assert_eq!(verdict::compare_export(made, &made.dir, folder, &held), Some(Ok(Found::new())));
}

fn named(made: &Made, unlocked: &Path) {
    let rows: Mutex<BTreeMap<usize, String>> = Mutex::default();
    let wrong: Mutex<Vec<String>> = Mutex::default();
    let tables = [
        entries::ALTERATIONS,
        lent::ALTERATIONS,
        order::ALTERATIONS,
        authority::ALTERATIONS,
        storage::ALTERATIONS,
        planted::ALTERATIONS,
    ];
    let all: Vec<&Alteration> = tables.into_iter().flatten().collect();
    in_parallel(all.len(), |number| {
        let alteration = all[number];
        let tried = catch_unwind(AssertUnwindSafe(|| try_alteration(made, unlocked, alteration, number)));
        let (found, judged) =
            tried.unwrap_or_else(|_| (Found::new(), Err("it could not be tried".to_owned())));
        let line = format!("{:<62} {:<8} {}", alteration.name, by(alteration.by), summary(&found));
        rows.lock().expect("sound").insert(number, line);
        if let Err(why) = judged {
            wrong.lock().expect("sound").push(format!("{}: {why}", alteration.name));
        }
    });
    eprintln!("{:<62} {:<8} codes (how many; the first)", "alteration", "found by");
    for line in rows.into_inner().expect("sound").values() {
        eprintln!("{line}");
    }
    let wrong = wrong.into_inner().expect("sound");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn try_alteration(
    made: &Made,
    unlocked: &Path,
    alteration: &Alteration,
    number: usize,
) -> (Found, Result<(), String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut operator =
        Operator::enter(made, unlocked, &folder.path().join("ledger"), Chance::new(number as u64));
    let expected = (alteration.apply)(&mut operator);
    let dir = operator.leave();
    let mut held = Held::default();
    let mut found = verdict::audit(made, &dir, folder.path(), &held);
    if alteration.by == By::Holder {
        if !found.is_empty() {
            return (
                found,
                Err("nobody but a holder of checkpoints or receipts could have found it".to_owned()),
            );
        }
        held.receipts = expected.iter().filter_map(|(_, index)| index.map(alterations::at)).collect();
        let by_receipt = verdict::audit(made, &dir, folder.path(), &held);
        let by_checkpoint =
            verdict::audit(made, &dir, folder.path(), &Held { newest: true, ..Held::default() });
        if by_checkpoint.is_empty() || by_receipt.is_empty() {
            return (found, Err(format!("by checkpoint {by_checkpoint:?}, by receipt {by_receipt:?}")));
        }
        found = by_receipt.union(&by_checkpoint).cloned().collect();
    }
    let judged = judge(&expected, &found);
    // What stands beside the entries is not exported.
    if expected.iter().all(|(code, _)| *code == "store") {
        return (found, judged);
    }
    let compared = verdict::compare_export(made, &dir, folder.path(), &held).unwrap_or(Ok(Found::new()));
    (found, judged.and(compared.map(drop)))
}

/// Any byte of any column. Where an event behind every `seen` was changed and covered, its receipt finds it.
fn by_chance(made: &Made, unlocked: &Path) {
    let (seed, mut chance) = Chance::from_environment(20_260_104);
    let seeds: Vec<u64> = (0..BY_CHANCE).map(|_| chance.draw()).collect();
    let rows: Mutex<BTreeMap<String, BTreeSet<String>>> = Mutex::default();
    let wrong: Mutex<Vec<String>> = Mutex::default();
    in_parallel(BY_CHANCE, |number| {
        let tried = catch_unwind(AssertUnwindSafe(|| {
            try_chance(made, unlocked, seeds[number], number % COMPARED == 0)
        }));
        match tried.unwrap_or_else(|_| Err("it could not be tried".to_owned())) {
            Ok((what, found)) => {
                let codes = found.into_iter().map(|(code, _)| code);
                rows.lock().expect("sound").entry(what).or_default().extend(codes);
            }
            Err(why) => wrong.lock().expect("sound").push(format!("seed {}: {why}", seeds[number])),
        }
    });
    eprintln!("{BY_CHANCE} alterations by chance, SIJILL_SEED={seed}");
    for (what, codes) in rows.into_inner().expect("sound") {
        eprintln!("{what:<62} {}", codes.into_iter().collect::<Vec<_>>().join("  "));
    }
    let wrong = wrong.into_inner().expect("sound");
    assert!(wrong.is_empty(), "SIJILL_SEED={seed}: {wrong:#?}");
}

fn try_chance(made: &Made, unlocked: &Path, seed: u64, compared: bool) -> Result<(String, Found), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut operator = Operator::enter(made, unlocked, &folder.path().join("ledger"), Chance::new(seed));
    let done = chance::alter(&mut operator);
    let dir = operator.leave();
    let mut held = Held::default();
    // Also a column no ledger can have written, such as a hash of 31 bytes, is a fault and ends no audit.
    let mut found = verdict::try_audit(made, &dir, folder.path(), &held)
        .map_err(|ended| format!("{}: {ended:?}", done.what))?;
    let behind = made.entries.iter().filter_map(|entry| Some(entry.event.seen?.size)).max();
    if found.is_empty() && done.entry >= behind {
        held.receipts = done.entry.map(alterations::at).into_iter().collect();
        found = verdict::audit(made, &dir, folder.path(), &held);
    }
    if found.is_empty() {
        return Err(format!("{} of entry {:?} was not found", done.what, done.entry));
    }
    if compared {
        verdict::compare_export(made, &dir, folder.path(), &held).transpose()?;
    }
    Ok((done.what, found))
}

/// Any byte of any file of an export: all verifiers find it, and find the same.
fn damaged(made: &Made, folder: &Path) {
    let (seed, mut chance) = Chance::from_environment(7);
    let seeds: Vec<u64> = (0..DAMAGED).map(|_| chance.draw()).collect();
    let wrong: Mutex<Vec<String>> = Mutex::default();
    in_parallel(DAMAGED, |number| {
        let own = tempfile::tempdir().expect("a folder");
        let export = own.path().join("export");
        operator::copy(&folder.join("export"), &export);
        let what = chance::damage(&mut Chance::new(seeds[number]), &export);
        let why = match verdict::compare(made, &export, own.path(), &Held::default()) {
            Ok(found) if !found.is_empty() => return,
            Ok(_) => "nobody finds it".to_owned(),
            Err(why) => why,
        };
        wrong.lock().expect("sound").push(format!("seed {}: {what}: {why}", seeds[number]));
    });
    let wrong = wrong.into_inner().expect("sound");
    assert!(wrong.is_empty(), "SIJILL_SEED={seed}: {wrong:#?}");
}

/// Every expected fault is there, and no other code, but `store`: a database may contradict its entries besides.
fn judge(expected: &Faults, found: &Found) -> Result<(), String> {
    let missing: Vec<_> =
        expected.iter().filter(|(code, at)| !found.contains(&((*code).to_owned(), *at))).collect();
    let codes: BTreeSet<&str> = expected.iter().map(|(code, _)| *code).collect();
    let other = found.iter().filter(|(code, _)| !codes.contains(code.as_str()) && code != "store");
    let other: Vec<_> = other.take(5).collect();
    if missing.is_empty() && other.is_empty() {
        return Ok(());
    }
    Err(format!("missing {missing:?}, unexpected {other:?}, all {}", summary(found)))
}

/// `code (count; first index)`, code by code.
fn summary(found: &Found) -> String {
    let codes: BTreeSet<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
    let mut text = String::new();
    for code in codes {
        let indexes: Vec<Option<u64>> =
            found.iter().filter(|(other, _)| other == code).map(|(_, at)| *at).collect();
        let first = indexes.iter().flatten().next().map_or("whole".to_owned(), u64::to_string);
        let _ = write!(text, "{code} ({}; {first})  ", indexes.len());
    }
    if text.is_empty() { "nothing".to_owned() } else { text.trim_end().to_owned() }
}

fn by(by: By) -> &'static str {
    match by {
        By::Trust => "trust",
        By::Holder => "holders",
    }
}

/// Calls `work` for each number below `end`, on as many threads as there are cores.
fn in_parallel(end: usize, work: impl Fn(usize) + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if number >= end {
                        break;
                    }
                    work(number);
                }
            });
        }
    });
}

/// The trust file of a made ledger, as an auditor got it when the ledger began.
fn trust(made: &Made) -> std::path::PathBuf {
    made.dir.join("trust.json")
}

/// Writes what an auditor holds beside a ledger.
fn hold(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path
}
