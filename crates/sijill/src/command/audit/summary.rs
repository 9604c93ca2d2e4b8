//! A report for people: what it is of, who vouches for it, what holds, what was not checked, what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use indicatif::HumanCount;
use sijill_audit::{Account, Evidence, Level, Report, Status};
use sijill_event::{Entry, StreamKind};

use crate::source::Said;

/// Faults of one code that are told one by one.
const TOLD_OF_A_CODE: usize = 10;

/// What is said of a report.
pub(super) struct Summary<'a> {
    pub(super) report: &'a Report,
    /// Whether a trust file was given.
    pub(super) trusting: bool,
    pub(super) said: Said,
    pub(super) exhibits: Option<Exhibits>,
}

/// What an evidence file is about: its entries that are none of the registry's.
pub(super) struct Exhibits {
    streams: BTreeSet<String>,
    indexes: BTreeSet<u64>,
    /// Entries of the registry that authority rests on.
    registry: u64,
}

impl Exhibits {
    pub(super) fn of(evidence: &Evidence) -> Self {
        let (mut streams, mut indexes, mut registry) = (BTreeSet::new(), BTreeSet::new(), 0);
        for exhibit in evidence.exhibits() {
            match Entry::parse(exhibit.entry.as_bytes()).map(|entry| entry.event.stream) {
                Ok(stream) if matches!(stream.kind(), StreamKind::Ledger | StreamKind::Agency) => {
                    registry += 1;
                }
                // A malformed one is a fault, and counts as what the file was made for.
                stream => {
                    streams.extend(stream.ok().map(|stream| stream.to_string()));
                    indexes.insert(exhibit.index);
                }
            }
        }
        Self { streams, indexes, registry }
    }

    fn name(&self) -> String {
        match self.streams.iter().collect::<Vec<_>>().as_slice() {
            [] => "this file".to_owned(),
            [one] => match one.split_once('/') {
                Some(("case", _)) => format!("this case ({one})"),
                Some(("contact", _)) => format!("this contact ({one})"),
                _ => (*one).clone(),
            },
            several => format!("these {} streams", several.len()),
        }
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        self.warn(f)?;
        let origin = report.origin.as_deref().unwrap_or("no checkpoint that can be read");
        match &self.exhibits {
            Some(Exhibits { indexes, registry, .. }) => writeln!(
                f,
                "{origin}: evidence of {}, with {} of the registry that they rest on",
                counted(indexes.len() as u64, "entry", "entries"),
                counted(*registry, "entry", "entries")
            )?,
            None => writeln!(f, "{origin}: {} read", counted(report.entries, "entry", "entries"))?,
        }
        if let (Some(size), Some(root)) = (report.size, &report.root) {
            writeln!(f, "checkpoint of size {}, root {root}", HumanCount(size))?;
        }
        if self.said.beyond > 0 {
            let beyond = counted(self.said.beyond, "entry", "entries");
            writeln!(
                f,
                "beyond the seal: {beyond}, committed and not published from here; no checkpoint vouches for them yet, and they \
                 were held against the database's head"
            )?;
        }
        if let Some(why) = &self.said.withheld {
            writeln!(f, "disclosures withheld: {why}")?;
        }
        match &self.exhibits {
            Some(exhibits) => self.evidence(f, exhibits)?,
            None => self.levels(f)?,
        }
        self.intervals(f)?;
        for account in report.exhibits.iter().flatten() {
            self.account(f, account)?;
        }
        let unanchored =
            if report.anchored { "" } else { ", and NOT ANCHORED: nobody outside vouches for this ledger" };
        match report.faults.len() {
            0 => writeln!(f, "no faults{unanchored}")?,
            1 => writeln!(f, "1 fault{unanchored}:")?,
            count => writeln!(f, "{count} faults{unanchored}:")?,
        }
        self.faults(f)?;
        write!(f, "{:.1} s", report.seconds)
    }
}

impl Summary<'_> {
    fn warn(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.report.anchored, self.trusting) {
            (true, _) => Ok(()),
            (false, true) => writeln!(
                f,
                "anchored: false: the trust file is of another ledger, and what follows was judged without it"
            ),
            (false, false) => writeln!(
                f,
                "anchored: false: WARNING, nobody outside this ledger vouches for it. No trust file says which ledger it has to be; \
                 one that was invented from end to end would look the same. Give --trust FILE, got from elsewhere."
            ),
        }
    }

    fn levels(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels = &self.report.levels;
        for (name, level) in [
            ("integrity", &levels.integrity),
            ("authority", &levels.authority),
            ("rules", &levels.rules),
            ("figures", &levels.figures),
        ] {
            writeln!(f, "{name:<10}{}", words(level))?;
        }
        Ok(())
    }

    /// Of an evidence file: what it was made to show, and what one file cannot show. That it does not hold the rest of the log
    /// is no lack of it, and is not told as one.
    fn evidence(&self, f: &mut fmt::Formatter<'_>, exhibits: &Exhibits) -> fmt::Result {
        let (report, levels) = (self.report, &self.report.levels);
        let elsewhere = report.size.unwrap_or(report.entries).saturating_sub(report.entries);
        let faulty = report.faults.iter().filter_map(|fault| fault.index);
        let faulty = faulty.filter(|index| exhibits.indexes.contains(index)).collect::<BTreeSet<_>>().len();
        let events = exhibits.indexes.len();
        let verdict = if report.is_faultless() && levels.authority.unchecked == elsewhere {
            "all verified: signed by whom they name, with the authority to, unaltered, in the log".to_owned()
        } else if report.is_faultless() {
            "all signed by whom they name, unaltered, in the log".to_owned()
        } else {
            format!("{faulty} of them at fault, and the file as a whole has faults")
        };
        writeln!(f, "{}: {}, {verdict}", exhibits.name(), counted(events as u64, "event", "events"))?;
        for (what, level) in [("integrity", &levels.integrity), ("authority", &levels.authority)] {
            let unchecked = level.unchecked.saturating_sub(elsewhere);
            if unchecked > 0 {
                writeln!(f, "not checked in {what}: {}", why_besides(level, elsewhere, unchecked))?;
            }
        }
        if elsewhere > 0 {
            let others = counted(elsewhere, "other entry", "other entries");
            writeln!(f, "not in this file: {others} of the log")?;
        }
        writeln!(f, "not judged by one file: the rules of casework, and figures; they take the whole ledger")
    }

    /// How much witnesses prove of time, where the trust file asks for any.
    fn intervals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(found) = &self.report.intervals else { return Ok(()) };
        writeln!(
            f,
            "time      proved by witnesses: {} between two moments, {} after one, {} before one",
            counted(found.both, "entry", "entries"),
            HumanCount(found.after),
            HumanCount(found.before)
        )?;
        if !found.outside.is_empty() {
            let count = counted(found.outside.len() as u64, "entry claims", "entries claim");
            let some = found.outside.iter().take(TOLD_OF_A_CODE).map(|one| one.index.to_string());
            let some = some.collect::<Vec<_>>().join(", ");
            let more = if found.outside.len() > TOLD_OF_A_CODE { ", …" } else { "" };
            writeln!(
                f,
                "          {count} to be signed when it was not: {some}{more}; the proved interval is what counts"
            )?;
        }
        Ok(())
    }

    /// Who did what: when as they claim, when as the ledger says, when as witnesses prove.
    fn account(&self, f: &mut fmt::Formatter<'_>, account: &Account) -> fmt::Result {
        let Account { index, event_type, stream, seq, iss, sub, .. } = account;
        writeln!(f, "  {index:<8} {event_type} ({stream} #{seq}) by {iss}/{sub}")?;
        let received = at(account.received / 1000);
        write!(f, "           claimed {}, received {received}", at(account.iat))?;
        if self.report.intervals.is_some() {
            match (account.interval.after, account.interval.before) {
                (None, None) => write!(f, "; witnesses prove no time")?,
                (after, before) => {
                    let after = after.map(|time| format!(" after {}", at(time))).unwrap_or_default();
                    let before = before.map(|time| format!(" before {}", at(time))).unwrap_or_default();
                    write!(f, "; proved:{after}{before}")?;
                }
            }
            if !account.interval.admits(account.iat) {
                write!(f, ", OUTSIDE of which lies what is claimed")?;
            }
        }
        let codes: Vec<&str> = account.faults.iter().map(|code| code.as_str()).collect();
        if codes.is_empty() { writeln!(f) } else { writeln!(f, "\n           FAULT {}", codes.join(", ")) }
    }

    /// Every fault, but of a code that occurs often only the first few: one altered entry makes every later author a witness
    /// against it, and the line that matters would drown. `--json` has them all.
    fn faults(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told: BTreeMap<&str, (usize, Option<u64>)> = BTreeMap::new();
        for fault in &self.report.faults {
            let (count, last) = told.entry(fault.code.as_str()).or_default();
            *count += 1;
            *last = fault.index;
            if *count <= TOLD_OF_A_CODE {
                let place = fault.index.map_or("whole".to_string(), |index| format!("entry {index}"));
                writeln!(f, "  {place:<14}{:<22}{}", fault.code.as_str(), fault.message)?;
            }
        }
        for (code, (count, last)) in told {
            let more = count.saturating_sub(TOLD_OF_A_CODE);
            if let (1.., Some(last)) = (more, last) {
                let more = HumanCount(u64::try_from(more).unwrap_or(u64::MAX));
                writeln!(f, "  … {more} more of {code}, the last at entry {last}; all of them with --json")?;
            }
        }
        Ok(())
    }
}

/// Why a level is not whole, but for the entries that an evidence file leaves out.
fn why_besides(level: &Level, elsewhere: u64, unchecked: u64) -> String {
    let left_out = if elsewhere == 1 { "entry is not there" } else { "entries are not there" };
    let left_out = format!("{elsewhere} {left_out}");
    let why = level.why.as_deref().unwrap_or_default();
    let kinds: Vec<&str> = why.split("; ").filter(|kind| *kind != left_out && !kind.is_empty()).collect();
    match kinds.as_slice() {
        // The level's sentence counts them together with those that are elsewhere.
        [one] if level.status == Status::Partial && one.starts_with(&level.unchecked.to_string()) => {
            let rest = if unchecked == 1 { "rests" } else { "rest" };
            format!("{} {rest} on events that are not in the file", counted(unchecked, "entry", "entries"))
        }
        [] => counted(unchecked, "entry", "entries"),
        kinds => kinds.join("; "),
    }
}

/// Unix seconds as a moment.
fn at(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    at.map_or_else(|| format!("{seconds} s"), |at| at.format("%Y-%m-%d %H:%M:%SZ").to_string())
}

fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{} {}", HumanCount(count), if count == 1 { one } else { several })
}

fn words(level: &Level) -> String {
    let status = match level.status {
        Status::Clean => "clean",
        Status::Faults => "FAULTS",
        Status::Partial => "partial",
        Status::NotRun => "not run",
    };
    let mut words = format!("{status:<9}{} checked", HumanCount(level.checked));
    if level.unchecked > 0 {
        // Writing to a String cannot fail.
        let _ = write!(words, ", {} unchecked", HumanCount(level.unchecked));
    }
    if let Some(why) = &level.why {
        words.push_str(": ");
        words.push_str(why);
    }
    words
}
