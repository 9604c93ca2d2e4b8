//! How fast an audit is, beside checking the same signatures alone.
//!
//! ```text
//! audit_speed [ENTRIES [STREAMS]]    makes a ledger in a temporary directory and measures (default 200000 2000)
//! audit_speed make DIR ENTRIES STREAMS · audit DIR     one step at a time
//! ```
//!
//! The ledger: 300 officers, JWTs of about 1 kB with two or three digests, every event with a `seen` of its own time.
//! The bar is `verify_strict` over the same signatures on the same cores, with everything but the signatures done before.

#[path = "../tests/audit/made.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod made;

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use made::{AGENCIES, Made, ORIGIN, jti, key, stream};
use rayon::prelude::*;
use sijill_audit::{ExportDirectory, Options, Source, audit, export};
use sijill_event::{Class, Digest, Draft, Entry, Event, Json, Kid, PublicKey, SdJwt, Seen, SigningKey};

const OFFICERS: u64 = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", directory, entries, streams] => {
            write(Path::new(directory), entries.parse()?, streams.parse()?)
        }
        ["audit", directory] => measure(Path::new(directory)),
        [] => make_and_measure(200_000, 2_000),
        [entries] => make_and_measure(entries.parse()?, entries.parse::<u64>()? / 100),
        [entries, streams] => make_and_measure(entries.parse()?, streams.parse()?),
        _ => Err("usage: audit_speed [ENTRIES [STREAMS]] | make DIR ENTRIES STREAMS | audit DIR".into()),
    }
}

/// Measures in a process of its own, so that its memory is the audit's and not the maker's.
fn make_and_measure(entries: u64, streams: u64) -> Result<(), Box<dyn Error>> {
    let temp = tempfile::tempdir()?;
    let directory = temp.path().join("export");
    write(&directory, entries, streams)?;
    let status =
        std::process::Command::new(std::env::current_exe()?).arg("audit").arg(&directory).status()?;
    if status.success() { Ok(()) } else { Err("the measurement failed".into()) }
}

fn write(directory: &Path, entries: u64, streams: u64) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    export(&make(entries, streams.max(1)).source(), directory, true)?;
    say(&format!("made {entries} entries in {streams} streams in {:.0} s", started.elapsed().as_secs_f64()))
}

/// Rounds in which every stream gets one event, all of which have seen the round before.
fn make(entries: u64, streams: u64) -> Made {
    let mut made = Made::founded(usize::try_from(OFFICERS).unwrap_or(usize::MAX) / AGENCIES.len());
    let officers: Vec<(&str, String, SigningKey)> = (0..OFFICERS)
        .map(|number| {
            let (agency, officer) = (AGENCIES[(number % 3) as usize], format!("o{}", number / 3));
            let key = key(&format!("{agency}/{officer}"));
            (agency, officer, key)
        })
        .collect();
    let mut heads: Vec<(u64, Option<Digest>)> =
        vec![(0, None); usize::try_from(streams).unwrap_or(usize::MAX)];
    while (made.entries.len() as u64) < entries {
        let left = usize::try_from(entries).unwrap_or(usize::MAX) - made.entries.len();
        let (seen, now) = (made.seen(), made.now());
        let first = made.entries.len() as u64;
        let round: Vec<SdJwt> = heads
            .par_iter()
            .take(left)
            .enumerate()
            .map(|(case, (seq, prev))| {
                let number = first + case as u64;
                let author = &officers[((case as u64 * 7 + seq) % OFFICERS) as usize];
                event(case as u64, *seq, *prev, seen, now, number, author)
            })
            .collect();
        for (head, said) in heads.iter_mut().zip(round) {
            *head = (head.0 + 1, Some(said.event.hash()));
            made.append(&said);
        }
    }
    made
}

fn event(
    case: u64,
    seq: u64,
    prev: Option<Digest>,
    seen: Seen,
    now: u64,
    number: u64,
    (agency, officer, key): &(&str, String, SigningKey),
) -> SdJwt {
    let to = |agency: &str| Json::object([("agency", agency.into()), ("unit", "intake".into())]);
    // The first event names the second agency, the second the third: from then on all are parties.
    let next = AGENCIES[(AGENCIES.iter().position(|id| id == agency).unwrap_or(0) + 1) % 3];
    let mut draft = Draft::new("referral.sent", 1)
        .author(agency, officer)
        .aud(ORIGIN)
        .jti(jti(1 << 40 | number))
        .iat(now / 1000)
        .at(&stream(&format!("case/7Q3K-{case:08}")), seq, prev)
        .seen(seen)
        .open("to", to(next))
        .open("policy", Json::object([("id", "referral-oman".into()), ("version", Json::Integer(3))]))
        .disclose(Class::Casework, "priority", "high".into())
        .disclose(Class::Casework, "reason", format!("reason {number} in a few words").into());
    if number.is_multiple_of(2) {
        draft = draft.disclose(
            Class::Narrative,
            "note",
            "What was seen, said and done, in two or three sentences.".into(),
        );
    }
    let mut salt = number << 8;
    let salted = draft.sign_salted(key, || {
        salt += 1;
        Ok((u128::from(salt) << 64 | 0xb).to_be_bytes())
    });
    salted.expect("a well-formed event")
}

fn measure(directory: &Path) -> Result<(), Box<dyn Error>> {
    let source = ExportDirectory::open(directory)?;
    let report = audit(&source, &Options::default())?;
    let (peak, worked) = (peak_memory(), processor_seconds());
    if let Some(fault) = report.faults.first() {
        return Err(format!("{} faults, the first {fault:?}", report.faults.len()).into());
    }
    let (alone, bytes) = signatures_alone(&source, report.entries)?;
    let entries = f64::from(u32::try_from(report.entries)?);
    let line = |what: &str, wall: f64, worked: f64| {
        let rate = entries / wall;
        format!("{what:<14}{rate:>8.0} /s   {wall:>7.2} s, {worked:>7.2} s of processors")
    };
    say(&format!("{}, peak {peak}", line("audit", report.seconds, worked)))?;
    say(&format!("{}, JWTs of {bytes} bytes", line("verify_strict", alone.wall, alone.worked)))?;
    say(&format!(
        "{:<14}{:>8.2}      {:.2} by processor time",
        "ratio",
        alone.wall / report.seconds,
        alone.worked / worked
    ))
}

struct Time {
    wall: f64,
    worked: f64,
}

/// What `verify_strict` takes for every signature on all cores, and the average length of a JWT.
fn signatures_alone(source: &dyn Source, entries: u64) -> Result<(Time, u64), Box<dyn Error>> {
    let mut keys: HashMap<Kid, PublicKey> = HashMap::new();
    let (mut time, mut bytes, mut from) = (Time { wall: 0.0, worked: 0.0 }, 0, 0);
    while from < entries {
        let chunk = source.entries(from, 20_000)?;
        from += chunk.len() as u64;
        let events: Vec<Event> = chunk
            .iter()
            .map(|(_, entry)| Ok(Entry::parse(entry)?.event))
            .collect::<Result<_, Box<dyn Error>>>()?;
        for event in &events {
            bytes += event.jwt.len() as u64;
            for value in event.data.as_object().into_iter().flatten() {
                learn(&value.1, &mut keys);
            }
        }
        let (started, worked) = (Instant::now(), processor_seconds());
        let valid = events
            .par_iter()
            .filter(|event| keys.get(&event.kid).is_some_and(|key| event.verify(key).is_ok()))
            .count();
        time.wall += started.elapsed().as_secs_f64();
        time.worked += processor_seconds() - worked;
        if valid != events.len() {
            return Err("a signature is not valid".into());
        }
    }
    Ok((time, bytes / entries))
}

fn learn(value: &Json, keys: &mut HashMap<Kid, PublicKey>) {
    if let Ok(key) = PublicKey::from_jwk(value) {
        keys.insert(key.kid(), key);
    }
    value.as_array().into_iter().flatten().for_each(|value| learn(value, keys));
    value.as_object().into_iter().flatten().for_each(|(_, value)| learn(value, keys));
}

/// What this process has had of all processors so far; Linux counts in hundredths of a second.
fn processor_seconds() -> f64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = status.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}

fn say(line: &str) -> Result<(), Box<dyn Error>> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
