//! The audit: reading, examining and judging, one behind the other and all at once.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use rayon::ThreadPool;
use sijill_event::Digest;
use sijill_log::{Checkpoint, Note, leaf_hash};

use crate::chunk::{Chunk, Chunks};
use crate::examination::{Examination, ExaminedChunk, Remains};
use crate::examine::Examiner;
use crate::fault::{FaultCode, FaultLevel, Faults};
use crate::figures::Figures;
use crate::interval::Times;
use crate::judge::Judge;
use crate::prints::Printer;
use crate::report::{Level, Levels, Report};
use crate::source::{Discrepancy, Facts, LedgerEnd, Source};
use crate::tree::{TileVerdict, first_leaf};
use crate::trust::read_checkpoint;
use crate::whole::{Whole, judge_documents, named_key};
use crate::{HeldCheckpoint, Receipt, Trust, Unreadable};

/// Things that a database says otherwise than its entries, told in the one sentence of that fault.
const TOLD_OF_THE_WHOLE: usize = 20;

/// What an audit holds against a ledger, and how it runs.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Which ledger it has to be.
    pub trust: Option<&'a Trust>,
    /// What the ledger answered when it took events.
    pub receipts: &'a [Receipt],
    /// Checkpoints kept from earlier days.
    pub since: &'a [HeldCheckpoint],
    /// Told now and then how far the audit is, from the thread that runs it.
    pub progress: &'a dyn Fn(Progress),
    /// Threads to examine entries on; 0 for as many as there are cores.
    pub threads: usize,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { trust: None, receipts: &[], since: &[], progress: &|_| (), threads: 0 }
    }
}

/// How far an audit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entries judged, missing ones included.
    pub done: u64,
    /// Entries the checkpoint claims.
    pub size: u64,
    /// Faults found so far.
    pub faults: usize,
}

/// Audits a ledger at all levels (`docs/ledger-format.md` §7, Annexes B and C): finds *all* faults.
///
/// Memory is bounded by what the whole ledger's ids take, some 200 bytes an entry; time mostly by its signatures.
/// Refused is only what leaves nothing to audit, such as a source without a checkpoint (`no-checkpoint`); whatever a ledger
/// itself does wrong is in the report.
pub fn audit(source: &dyn Source, options: &Options<'_>) -> Result<Report, Unreadable> {
    let started = Instant::now();
    let read = |note: Note| Some((read_checkpoint(&note).ok()?, note));
    let mut report = match source.checkpoint()? {
        None => unsealed(source, options)?,
        Some(bytes) => {
            if let Some((checkpoint, note)) = Note::parse(&bytes).ok().and_then(read) {
                audit_checkpoint(source, options, &checkpoint, &note)?
            } else {
                let what = "the checkpoint cannot be read: nothing else was checked";
                nothing_to_check(options, FaultCode::CheckpointSignature, what)
            }
        }
    };
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Without a checkpoint there is nothing to judge, unless it is the ledger's own and holds entries nevertheless.
fn unsealed(source: &dyn Source, options: &Options<'_>) -> Result<Report, Unreadable> {
    match source.unsealed()? {
        Some(found) => Ok(nothing_to_check(options, FaultCode::Store, &found.message)),
        None => Err(Unreadable::NoCheckpoint("it has no checkpoint".to_owned())),
    }
}

fn nothing_to_check(options: &Options<'_>, code: FaultCode, what: &str) -> Report {
    let mut faults = Faults::default();
    faults.add(code, None, what);
    let why = "there is no checkpoint that can be read";
    Report {
        origin: None,
        size: None,
        root: None,
        entries: 0,
        anchored: options.trust.is_some(),
        levels: Levels {
            integrity: Level::of(true, 0, 0, &[]),
            authority: Level::not_run(0, why),
            rules: Level::not_run(0, why),
            figures: Level::not_run(0, why),
        },
        exhibits: None,
        faults: faults.sorted(),
        intervals: None,
        seconds: 0.0,
    }
}

fn audit_checkpoint(
    source: &dyn Source,
    options: &Options<'_>,
    checkpoint: &Checkpoint,
    note: &Note,
) -> Result<Report, Unreadable> {
    let (options, other) = trusting(source, options, checkpoint)?;
    let options = &options;
    let origin = options.trust.map_or_else(|| checkpoint.origin.to_string(), |trust| trust.origin.clone());
    let prints = Printer::default();
    let figures = Figures::beside(source.models(checkpoint.size)?);
    let times = Times::new(options.trust.map(|trust| &trust.policy), source.is_whole());
    let mut judge = Judge::new(source.is_whole(), prints.clone(), figures, times);
    if let Some(other) = other {
        // First, so that it is this sentence the report has.
        judge.faults.add(FaultCode::CheckpointSignature, None, other);
    }
    let wanted = options.receipts.iter().map(|receipt| receipt.index).chain([0]);
    let mut examination = Examination::new(Examiner { origin, prints }, wanted);

    let mut missing = 0;
    let pool = pool(options.threads)?;
    let reading = Reading { source, from: 0, size: checkpoint.size };
    run(&reading, &mut examination, &pool, |chunk| {
        missing += judge_chunk(&mut judge, &chunk, source)?;
        let faults = judge.faults.len();
        (options.progress)(Progress { done: chunk.end, size: checkpoint.size, faults });
        Ok(())
    })?;
    let remains = examination.end();
    if judge.entries == 0 {
        judge.authority.skip(0, &mut judge.faults);
    }

    let log_key = match options.trust {
        Some(trust) => Some(trust.log_key.clone()),
        None => judge.log_key.as_ref().and_then(|key| named_key(checkpoint, key.as_bytes())),
    };
    judge.end_disclosures();
    judge_documents(judge.authority.registry(), source, &mut judge.faults)?;
    if judge.end == checkpoint.size {
        judge.rules.end(&mut judge.faults);
    }
    judge_end(&mut judge, source, checkpoint, &remains)?;
    let figures = judge_figures(&mut judge, source, checkpoint)?;
    let whole = Whole { checkpoint, note, log_key, remains: &remains, source };
    whole.judge(options, &mut judge.faults);
    let (witnessed, live) = (whole.witnessed(options), judge.is_live());
    let times = std::mem::take(&mut judge.times).end(witnessed, live, &mut judge.faults);
    let (intervals, bounds) = times.unzip();
    let (bounds, faults) = (bounds.unwrap_or_default(), judge.faults.sorted());
    let mut accounts = std::mem::take(&mut judge.accounts);
    for account in &mut accounts {
        account.complete(&bounds, &faults);
    }
    let levels = levels(&judge, checkpoint.size, missing, figures);
    Ok(Report {
        origin: Some(checkpoint.origin.to_string()),
        size: Some(checkpoint.size),
        root: Some(Digest(checkpoint.root.0).to_string()),
        entries: judge.entries,
        anchored: options.trust.is_some(),
        levels,
        faults,
        intervals,
        exhibits: (!source.is_whole()).then_some(accounts),
        seconds: 0.0,
    })
}

/// The figures level. Where entries are missing nothing follows from the rest.
fn judge_figures(
    judge: &mut Judge,
    source: &dyn Source,
    checkpoint: &Checkpoint,
) -> Result<Level, Unreadable> {
    let registry = judge.authority.registry().cloned();
    let complete = source.is_whole() && judge.entries == checkpoint.size;
    let world = match registry.filter(|_| complete) {
        Some(registry) => judge.rules.world_at_end(&registry, source)?,
        None => None,
    };
    if !source.is_whole() {
        return Ok(Level::not_run(checkpoint.size, "one file does not hold all that figures follow from"));
    }
    std::mem::take(&mut judge.figures).judge(world.as_ref(), &mut judge.faults)
}

/// The options without a trust file of another ledger, and what is wrong with it: by such a one every entry would be at
/// fault, and none of that would say anything about this ledger.
fn trusting<'a>(
    source: &dyn Source,
    options: &Options<'a>,
    checkpoint: &Checkpoint,
) -> Result<(Options<'a>, Option<String>), Unreadable> {
    let Some(trust) = options.trust.filter(|trust| trust.origin != checkpoint.origin.as_str()) else {
        return Ok((*options, None));
    };
    // A checkpoint that was given another name still stands over the trusted entry 0.
    let first = if checkpoint.size == 0 { Vec::new() } else { source.entries(0, 1)? };
    if first.first().is_some_and(|(index, bytes)| *index == 0 && leaf_hash(bytes) == trust.genesis) {
        return Ok((*options, None));
    }
    let other = format!(
        "the trust file is of another ledger, {}, and this one is {}: it is the wrong file, or the wrong ledger; the rest was \
         judged without it",
        trust.origin, checkpoint.origin
    );
    Ok((Options { trust: None, ..*options }, Some(other)))
}

/// Threads to examine entries on; 0 for as many as there are cores.
pub(crate) fn pool(threads: usize) -> Result<ThreadPool, Unreadable> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Unreadable::Threads(error.to_string()))
}

/// What of a source is read.
pub(crate) struct Reading<'a> {
    pub(crate) source: &'a dyn Source,
    /// Entries below were read before.
    pub(crate) from: u64,
    /// Entries there are said to be.
    pub(crate) size: u64,
}

/// Runs the three stages at once: a thread reads, all cores examine, this thread judges. Each is a few chunks ahead of the
/// next at most, which bounds the memory they take.
pub(crate) fn run(
    reading: &Reading<'_>,
    examination: &mut Examination,
    pool: &ThreadPool,
    mut judge: impl FnMut(ExaminedChunk) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let Reading { source, from, size } = *reading;
    let (to_examine, read): (SyncSender<Result<Chunk, Unreadable>>, Receiver<_>) = sync_channel(1);
    // Judging is the quickest stage: an examined chunk, which takes most memory, never has to wait for it.
    let (to_judge, examined) = sync_channel(0);
    thread::scope(|scope| {
        scope.spawn(move || {
            // A send fails when nobody wants more: the audit has ended with an error.
            Chunks::behind(source, from, size).try_for_each(|chunk| to_examine.send(chunk))
        });
        let at_work = scope.spawn(move || {
            for chunk in read {
                let examine = |chunk| pool.install(|| examination.examine(chunk, source));
                if to_judge.send(chunk.map(examine)).is_err() {
                    break;
                }
            }
        });
        for chunk in examined {
            judge(chunk?)?;
        }
        at_work.join().map_err(|_| Unreadable::Threads("a thread of the audit failed".to_owned()))
    })
}

/// Judges a chunk; answers how many entries are missing before its end.
pub(crate) fn judge_chunk(
    judge: &mut Judge,
    chunk: &ExaminedChunk,
    source: &dyn Source,
) -> Result<u64, Unreadable> {
    if source.is_whole() {
        for (first, length) in &chunk.holes {
            let message = match length {
                1 => format!("entry {first} is missing: the checkpoint counts it, and it is not there"),
                _ => format!(
                    "{length} entries from {first} on are missing: the checkpoint counts them, and they are not there"
                ),
            };
            judge.faults.add(FaultCode::Root, *first, message);
        }
    }
    for (tile, verdict) in &chunk.tiles {
        let what =
            if *verdict == TileVerdict::Missing { "is missing" } else { "is not what its entries give" };
        judge.faults.add(FaultCode::Root, first_leaf(*tile), format!("the hash tile {} {what}", tile.path()));
    }
    for (index, why) in &chunk.rows {
        judge.faults.add(FaultCode::DisclosureMismatch, *index, why.as_str());
    }
    for entry in &chunk.entries {
        judge.judge(entry, chunk.all_disclosed, source)?;
    }
    let facts = chunk.entries.iter().filter_map(|entry| {
        let read = entry.read.as_ref().ok()?;
        let (received, event) = (read.entry.received, &read.entry.event);
        Some(Facts {
            index: entry.index,
            stream: &event.stream,
            seq: event.seq,
            jti: event.jti,
            received,
            digests: &event.digests,
        })
    });
    let found = source.check_rows(&facts.collect::<Vec<_>>())?;
    add_discrepancies(judge, found);
    Ok(chunk.holes.iter().map(|(_, length)| length).sum())
}

fn judge_end(
    judge: &mut Judge,
    source: &dyn Source,
    checkpoint: &Checkpoint,
    remains: &Remains,
) -> Result<(), Unreadable> {
    let end = LedgerEnd {
        size: checkpoint.size,
        root: remains.tree.root(checkpoint.size),
        received: (judge.end == checkpoint.size).then_some(judge.received),
        streams: judge.streams(),
        stream: &|stream| judge.stream(stream),
    };
    let found = source.check_end(&end)?;
    let (whole, of_entries): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.index.is_none());
    add_discrepancies(judge, of_entries);
    // One fault, for they have one code and no index; its sentence tells them all, as far as one can be read.
    let more = whole.len().saturating_sub(TOLD_OF_THE_WHOLE);
    let mut told: Vec<String> =
        whole.into_iter().take(TOLD_OF_THE_WHOLE).map(|found| found.message).collect();
    if more > 0 {
        told.push(format!("and {more} more like these"));
    }
    if !told.is_empty() {
        judge.faults.add(FaultCode::Store, None, told.join("; "));
    }
    Ok(())
}

fn add_discrepancies(judge: &mut Judge, found: Vec<Discrepancy>) {
    for Discrepancy { index, message } in found {
        judge.faults.add(FaultCode::Store, index, message);
    }
}

/// What can be said at each level of a ledger of `size` entries, `missing` of which are not there.
pub(crate) fn levels(judge: &Judge, size: u64, missing: u64, figures: Level) -> Levels {
    let Judge { faults, unchecked, entries, authority, rules, .. } = judge;
    let because = |count: u64, one: &str, several: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {several}")),
    };
    let integrity: Vec<String> = [
        because(missing, "entry is not there", "entries are not there"),
        because(
            unchecked.withheld,
            "entry has disclosures that were withheld",
            "entries have disclosures that were withheld",
        ),
        because(
            unchecked.erased,
            "entry has disclosures that were erased by order",
            "entries have disclosures that were erased by order",
        ),
        because(
            unchecked.seen,
            "entry has seen a tree that includes entries which are not there",
            "entries have seen trees that include entries which are not there",
        ),
        because(
            unchecked.stream,
            "entry follows events of its stream that are not held",
            "entries follow events of their stream that are not held",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    let not_judged = (missing + unchecked.authority).min(size);
    let why = if authority.is_replaying() {
        because(
            not_judged,
            "entry is not there, malformed, not validly signed, or rests on events that are not held",
            "entries are not there, malformed, not validly signed, or rest on events that are not held",
        )
    } else {
        Some("entry 0 gives nobody authority, so nothing could be judged".to_owned())
    };
    let unruled = (missing + rules.unchecked).min(size);
    let of_rules: Vec<String> = [
        because(
            unruled - rules.undocumented.min(unruled),
            "entry is not there, was refused, or has values that are not held",
            "entries are not there, were refused, or have values that are not held",
        ),
        because(
            rules.undocumented,
            "entry rests on a published document that is not held",
            "entries rest on a published document that is not held",
        ),
        because(
            rules.delayed,
            "act of the automation was appended late, as after an outage",
            "acts of the automation were appended late, as after an outage",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    Levels {
        integrity: Level::of(
            faults.any(FaultLevel::Integrity),
            entries - unchecked.entries,
            missing + unchecked.entries,
            &integrity,
        ),
        authority: Level::of(
            faults.any(FaultLevel::Authority),
            entries.saturating_sub(unchecked.authority),
            not_judged,
            why.as_slice(),
        ),
        rules: Level::of(faults.any(FaultLevel::Rules), size.saturating_sub(unruled), unruled, &of_rules),
        figures,
    }
}
