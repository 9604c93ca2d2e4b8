//! Event logs for process mining: the cases of a ledger as OCEL 2.0 (JSON, SQLite) or XES (IEEE 1849), with the size and
//! root they were taken at (`docs/process-mining.md`).
//!
//! ```text
//! survey     a source read once, from front to back: its root, its registry; what is of cases is set aside
//! spool      where it is set aside: on disk, without a name
//! value      what an event says openly and of class casework, as attributes                        (pure)
//! chapter    the entries under one id → events and objects                                         (pure)
//! things     the objects, and how they change                                                      (pure)
//! log        what an event log consists of, and what writes one
//! ocel_json, ocel_sqlite, xes    the three that do
//! net        the referral's machine as a Petri net, to compare the paths with
//! ```
//!
//! A source is read once and each case then by itself, so memory is bounded by the largest case and some thirty bytes an
//! entry. Values of other classes than casework are dropped as they are read; they reach neither the spool nor a log.

pub mod chapter;
pub mod log;
pub mod net;
mod ocel_json;
mod ocel_sqlite;
pub mod spool;
pub mod survey;
mod things;
pub mod value;
mod xes;

use std::collections::BTreeMap;
use std::path::Path;

use indicatif::ProgressBar;
use serde::Serialize;
use sijill_audit::Source;
use tempfile::NamedTempFile;

use self::chapter::{Ledger, Shared};
use self::log::{Object, Provenance, TimeOf, Writer};
use self::ocel_json::OcelJson;
use self::ocel_sqlite::OcelSqlite;
use self::survey::{Survey, survey};
use self::xes::Xes;
use crate::error::{Error, Result};

/// What a log is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// OCEL 2.0 in JSON: events, and the objects they are about
    OcelJson,
    /// OCEL 2.0 in an SQLite database
    OcelSqlite,
    /// XES (IEEE 1849): one trace per case
    Xes,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// What the log is written as.
    pub format: Format,
    /// Which of an event's times is its time.
    pub time: TimeOf,
    /// At which size of the ledger; `None` for all that it has published.
    pub size: Option<u64>,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Mined {
    /// Where the log comes from.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// Cases: ids with a stream `case/…`.
    pub cases: u64,
    /// Contacts: ids with a stream `contact/…`.
    pub contacts: u64,
    /// Events written.
    pub events: u64,
    /// Events of contacts, which a log of traces by case has no place for; none in OCEL.
    pub beside: u64,
    /// Objects written, by type; none in XES.
    pub objects: BTreeMap<&'static str, u64>,
    /// Casework values that are not in it because they are not held: erased, or withheld from this source.
    pub withheld: u64,
    /// Cases whose state is not told to the end because of that.
    pub unfollowed: u64,
}

impl Mined {
    fn count<W: Writer>(&mut self, objects: &[Object]) {
        for object in objects.iter().filter(|_| W::OBJECTS) {
            *self.objects.entry(object.kind.as_str()).or_default() += 1;
        }
    }
}

/// Writes what the source holds of cases to a new file, which appears under its name when it is whole.
pub fn mine(source: &dyn Source, wish: Wish, out: &Path, bar: &ProgressBar) -> Result<Mined> {
    if out.exists() {
        return Err(Error::Exists(out.to_path_buf()));
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(folder).map_err(Error::unwritable(out))?;
    let surveyed = survey(source, wish.size, wish.time, folder)?;
    bar.set_message("writing");
    bar.set_length(surveyed.ids() as u64);
    let mined = match wish.format {
        Format::OcelJson => write(surveyed, wish, bar, |survey| OcelJson::new(&file, out, folder, survey))?,
        Format::OcelSqlite => write(surveyed, wish, bar, |survey| OcelSqlite::new(file.path(), survey))?,
        Format::Xes => write(surveyed, wish, bar, |survey| Xes::new(&file, out, survey))?,
    };
    file.as_file().sync_all().map_err(Error::unwritable(out))?;
    file.persist_noclobber(out).map_err(|error| error.error).map_err(Error::unwritable(out))?;
    Ok(mined)
}

fn write<W: Writer>(
    mut survey: Survey,
    wish: Wish,
    bar: &ProgressBar,
    writer: impl FnOnce(&Survey) -> Result<W>,
) -> Result<Mined> {
    let mut writer = writer(&survey)?;
    let mut mined = Mined {
        provenance: survey.provenance.clone(),
        cases: 0,
        contacts: 0,
        events: 0,
        beside: 0,
        objects: BTreeMap::new(),
        withheld: survey.withheld,
        unfollowed: 0,
    };
    let mut shared = Shared::default();
    for place in 0.. {
        let Some((gathered, lines)) = survey.gather(place)? else { break };
        bar.set_position(place as u64);
        let ledger = Ledger { world: &survey.world, ids: &survey, time: wish.time };
        let chapter = ledger.tell(&gathered, &lines);
        mined.cases += u64::from(gathered.case);
        mined.contacts += u64::from(gathered.contact);
        mined.unfollowed += u64::from(!chapter.followed);
        if writer.chapter(&chapter)? {
            mined.events += chapter.events.len() as u64;
            mined.count::<W>(&chapter.objects);
            shared.extend(chapter.shared);
        } else {
            mined.beside += chapter.events.len() as u64;
        }
    }
    let objects = shared.objects(survey.world.registry());
    mined.count::<W>(&objects);
    writer.finish(&objects)?;
    Ok(mined)
}
