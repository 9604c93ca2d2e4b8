//! The figures level: read models are folded again from the entries, and compared with what the ledger attested of them, and with
//! what a source keeps of them (`docs/ledger-format.md` Annex C, `projections/README.md`).
//!
//! Entries come in the order of the log, and read models are folded case by case. So what has to be folded is put down in files
//! first, parted by the bucket that its case has in the digests: memory holds a 256th of it at a time.

mod months;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, Write};

use sijill_casework::case::World;
use sijill_casework::catalogue::Facts;
use sijill_domain::Position;
use sijill_domain::event::{FiguresPublished, ProjectionAttested};
use sijill_event::{Digest, Entry, Event, Json, parse_json};
use sijill_projections::digest::{self, BUCKETS, Tally, leaf};
use sijill_projections::{History, Line, MODELS, Model, SubjectRows, Timeline, indicators};

use self::months::Months;
use crate::Unreadable;
use crate::fault::{FaultCode, Faults};
use crate::report::Level;
use crate::rules::is_casework;

/// What destroys values (`docs/casework.md` §10).
const ERASURE_DONE: &str = "erasure.done";

/// What somebody says of read models at one size of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelClaim {
    /// The entry that says so; `None` for what a source keeps itself.
    pub index: Option<u64>,
    /// How many entries the log had.
    pub size: u64,
    /// The model.
    pub model: String,
    /// Its version.
    pub version: u64,
    /// The root over its rows.
    pub root: Digest,
    /// The roots of the 256 buckets, as far as they are told.
    pub buckets: Vec<Digest>,
}

/// What is gathered for this level while the entries go by.
#[derive(Default)]
pub(crate) struct Figures {
    claims: Vec<ModelClaim>,
    months: Months,
    spool: Option<Vec<BufWriter<File>>>,
    /// An entry went by before anything was known to be attested.
    passed: bool,
    /// Nothing is gathered: this level is not asked for.
    idle: bool,
}

impl Figures {
    /// Gathers nothing, whatever goes by: for an audit that has no end.
    pub(crate) fn none() -> Self {
        Self { idle: true, ..Self::default() }
    }

    /// With what a source keeps of read models itself.
    pub(crate) fn beside(kept: Vec<ModelClaim>) -> Self {
        Self { claims: kept, ..Self::default() }
    }

    /// Takes an entry that authority accepted under this rule-set. Rule-set 1 has nothing attested: there, only what is kept
    /// is worth the room.
    pub(crate) fn take(
        &mut self,
        index: u64,
        entry: &Entry,
        facts: Option<&Facts>,
        rules: Option<u64>,
    ) -> Result<(), Unreadable> {
        if self.idle {
            return Ok(());
        }
        let event = &entry.event;
        if event.event_type == ProjectionAttested::TYPE {
            if let Ok(said) = ProjectionAttested::parse(&event.data) {
                self.claims.extend(claims(index, &said));
            }
            return Ok(());
        }
        if event.event_type == FiguresPublished::TYPE {
            if let Ok(said) = FiguresPublished::parse(&event.data) {
                self.months.push(index, said);
            }
            return Ok(());
        }
        let Some(subject) = event.stream.id().filter(|_| is_casework(&event.stream)) else { return Ok(()) };
        if rules == Some(1) && self.claims.is_empty() {
            self.passed = true;
            return Ok(());
        }
        let spool = match &mut self.spool {
            Some(spool) => spool,
            none => none.insert(new_spool()?),
        };
        let facts = match facts {
            Some(Facts::Known(values)) => {
                Json::object(values.iter().map(|(n, v)| (n.as_str(), v.clone()))).to_string()
            }
            Some(Facts::Withheld) | None => "-".to_owned(),
        };
        match spool.get_mut(usize::from(digest::bucket(subject))) {
            Some(file) => writeln!(file, "{index} {} {} {facts}", entry.received, event.jwt).map_err(spooled),
            None => Ok(()),
        }
    }

    /// Compares. `world`: as the whole log left it, if everything it rests on is there.
    pub(crate) fn judge(mut self, world: Option<&World>, faults: &mut Faults) -> Result<Level, Unreadable> {
        let attested = self.attestations();
        if self.claims.is_empty() && self.months.len() == 0 {
            return Ok(Level::of(false, 0, 0, &["nothing was attested".to_owned()]));
        }
        let Some(world) = world.filter(|_| !self.passed) else {
            let why = if self.passed {
                "the ledger began under rule-set 1, of which this release folds no figures"
            } else {
                "entries or documents that figures follow from are not there"
            };
            let why = why.to_owned();
            return Ok(Level::of(false, 0, attested, &[why]));
        };
        let mut checks: Vec<Check> = self.claims.iter().map(Check::of).collect();
        self.fold(&Timeline::new(world.clone()), &mut checks)?;
        let mut unchecked = BTreeSet::new();
        let mut wrong = false;
        for (claim, check) in self.claims.iter().zip(checks) {
            match check.end(claim) {
                Verdict::Equal => {}
                Verdict::Unchecked => unchecked.extend(claim.index),
                Verdict::Other => {
                    wrong = true;
                    let model = &claim.model;
                    let message = match claim.index {
                        Some(index) => format!(
                            "entry {index} attests of `{model}` what {} entries do not give",
                            claim.size
                        ),
                        None => format!(
                            "the rows kept of `{model}` are not what {} entries give: `sijill rebuild {model}` makes them anew",
                            claim.size
                        ),
                    };
                    faults.add(FaultCode::Projection, claim.index, message);
                }
            }
        }
        let (otherwise, months) = std::mem::take(&mut self.months).judge(faults);
        wrong |= otherwise;
        let unchecked = unchecked.len() as u64 + months;
        let why = (unchecked > 0).then(|| {
            format!("{unchecked} rest on values that are gone, or on models that this release does not know")
        });
        Ok(Level::of(wrong, attested - unchecked, unchecked, why.as_slice()))
    }

    /// How many entries attest something.
    fn attestations(&self) -> u64 {
        let mut indexes: Vec<u64> = self.claims.iter().filter_map(|claim| claim.index).collect();
        indexes.dedup();
        indexes.len() as u64 + self.months.len()
    }

    /// Folds everything that was put down, and has each claim look at it.
    fn fold(&mut self, timeline: &Timeline, checks: &mut [Check]) -> Result<(), Unreadable> {
        let models: Vec<&'static Model> = MODELS.to_vec();
        let indicators =
            models.iter().position(|model| model.name == indicators::MODEL.name).unwrap_or(usize::MAX);
        for file in self.spool.take().unwrap_or_default() {
            for history in histories(file)? {
                let subject = history.subject.clone();
                let first = history.lines.first().map_or(u64::MAX, |line| line.at.index);
                // What this release cannot read was told at another level; nothing can be said of it here.
                let erased = erasures(&history);
                let rows = history.rows(timeline, u64::MAX, &models).ok();
                self.months.look(first, rows.as_ref().and_then(|rows| rows.get(indicators)), &erased);
                for check in checks.iter_mut().filter(|check| first < check.size) {
                    let of_model = |rows: &Vec<SubjectRows>| Some(rows.get(check.model?)?.clone());
                    check.look(&subject, rows.as_ref().and_then(of_model), &erased);
                }
            }
        }
        Ok(())
    }
}

/// A claim being checked.
struct Check {
    size: u64,
    /// Which of [`MODELS`]; `None` for one that this release does not know.
    model: Option<usize>,
    tally: Tally,
    /// Buckets with subjects of which not everything is known now, and more may have been known when it was claimed.
    gaps: Vec<bool>,
}

enum Verdict {
    Equal,
    Unchecked,
    Other,
}

impl Check {
    fn of(claim: &ModelClaim) -> Self {
        let known =
            |model: &&'static Model| model.name == claim.model && u64::from(model.version) == claim.version;
        Self {
            size: claim.size,
            model: MODELS.iter().position(known),
            tally: Tally::default(),
            gaps: vec![false; BUCKETS],
        }
    }

    /// `erased`: the entries that destroyed values of this subject, ascending. What was gone before the claim was made, it leaves out as well.
    fn look(&mut self, subject: &str, rows: Option<SubjectRows>, erased: &[u64]) {
        let Some(model) = self.model.and_then(|at| MODELS.get(at)) else { return };
        let gap = rows.as_ref().is_none_or(|rows| rows.gaps > 0);
        if let Some(mark) = self.gaps.get_mut(usize::from(digest::bucket(subject))) {
            *mark |= gap && !gone_before(erased, self.size);
        }
        let Some(mut rows) = rows.filter(|_| !gap) else { return };
        rows.rows = rows.rows.iter().filter_map(|span| span.known_at(self.size)).collect();
        rows.rows.sort_unstable_by(|a, b| (a.table, a.since, &a.cells).cmp(&(b.table, b.since, &b.cells)));
        self.tally.push(subject, leaf(model, &rows), 0);
    }

    fn end(self, claim: &ModelClaim) -> Verdict {
        if self.model.is_none() {
            return Verdict::Unchecked;
        }
        let found = self.tally.end();
        if found.root.0 == claim.root.0 {
            return Verdict::Equal;
        }
        if claim.buckets.len() != BUCKETS {
            // What is kept tells its buckets, unless its own rows contradict each other.
            return if claim.index.is_some() && self.gaps.contains(&true) {
                Verdict::Unchecked
            } else {
                Verdict::Other
            };
        }
        // The buckets have to lead to the root that they are said to lead to, and only those with gaps may differ.
        let told: Vec<_> = claim.buckets.iter().map(|bucket| sijill_log::Hash(bucket.0)).collect();
        let other =
            found.buckets.iter().zip(&told).zip(&self.gaps).any(|((found, told), gap)| found != told && !gap);
        if other || digest::over_buckets(&told).0 != claim.root.0 {
            Verdict::Other
        } else {
            Verdict::Unchecked
        }
    }
}

fn claims(index: u64, said: &ProjectionAttested) -> impl Iterator<Item = ModelClaim> {
    said.models.iter().map(move |model| ModelClaim {
        index: Some(index),
        size: said.size,
        model: model.name.to_string(),
        version: model.version,
        root: model.root,
        buckets: if model.name.as_str() == "indicators" { said.buckets.clone() } else { Vec::new() },
    })
}

/// The entries that destroyed values of a subject, ascending.
fn erasures(history: &History) -> Vec<u64> {
    let done = history.lines.iter().filter(|line| line.event.event_type == ERASURE_DONE);
    done.map(|line| line.at.index).collect()
}

/// Whether all of these, at least one, came before the log had that size.
fn gone_before(erased: &[u64], size: u64) -> bool {
    erased.last().is_some_and(|last| *last < size)
}

fn new_spool() -> Result<Vec<BufWriter<File>>, Unreadable> {
    (0..BUCKETS).map(|_| tempfile::tempfile().map(BufWriter::new).map_err(spooled)).collect()
}

/// What was put down in a file, by subject.
fn histories(file: BufWriter<File>) -> Result<Vec<History>, Unreadable> {
    let mut file = file.into_inner().map_err(|error| spooled(error.into_error()))?;
    file.rewind().map_err(spooled)?;
    let mut lines: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for text in BufReader::new(file).lines() {
        let text = text.map_err(spooled)?;
        let wrong = || spooled(std::io::Error::other("what was put down came back otherwise"));
        let line = line(&text).ok_or_else(wrong)?;
        let subject = line.event.stream.id().ok_or_else(wrong)?.to_owned();
        lines.entry(subject).or_default().push(line);
    }
    Ok(lines.into_iter().map(|(subject, lines)| History { subject, lines }).collect())
}

fn line(text: &str) -> Option<Line> {
    let mut parts = text.splitn(4, ' ');
    let index = parts.next()?.parse().ok()?;
    let received = parts.next()?.parse().ok()?;
    let event = Event::parse(parts.next()?).ok()?;
    let facts = match parts.next()? {
        "-" => Facts::Withheld,
        values => match parse_json(values.as_bytes()).ok()? {
            Json::Object(members) => Facts::Known(members.into_iter().collect()),
            _ => return None,
        },
    };
    Some(Line { at: Position { index, received }, event, facts })
}

fn spooled(cause: std::io::Error) -> Unreadable {
    Unreadable::Io { path: std::env::temp_dir(), cause }
}
