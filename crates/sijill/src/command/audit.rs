//! `sijill audit`: everything that can be checked offline, and every fault.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use indicatif::HumanCount;
use sijill_audit::{
    HeldCheckpoint, Level, Options, Receipt, Report, Source, Status, Trust, Unreadable, audit,
};

use super::target::read_trust;
use crate::answer::Answer;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::key_file::Author;
use crate::progress;
use crate::source::{Opened, blocking, is_url, open_path, open_url};

/// `sijill audit`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "SOURCE is a data directory (read only, also while it is served; PostgreSQL by its sijill.toml), an export, a tile \
    log's URL such as https://ledger.example/log, or an evidence file.\n\n\
    Exit status: 0 nothing is wrong in what was checked; 1 faults; 2 there was nothing that could be read, such as a URL that \
    has no checkpoint.\n\n\
    Without --trust an audit says first that it is not anchored: a wholly invented ledger is self-consistent. The trust file \
    in a data directory is the ledger's own word and is never used by itself."
)]
pub struct Args {
    /// What to audit
    source: String,
    /// Trust file, got from elsewhere than the ledger
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// A receipt the ledger gave (repeatable)
    #[arg(long = "receipt", value_name = "FILE")]
    receipts: Vec<PathBuf>,
    /// A checkpoint kept from an earlier day (repeatable)
    #[arg(long = "since", value_name = "FILE")]
    since: Vec<PathBuf>,
    /// Access token for a tile log's entries
    #[arg(long, env = "SIJILL_TOKEN", hide_env_values = true, conflicts_with = "key")]
    token: Option<String>,
    /// An auditor's private key file, to get a token with
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Runs `sijill audit`.
pub async fn run(args: Args) -> Result<Answer> {
    let trust = args.trust.as_deref().map(read_trust).transpose()?;
    let receipts = read_all(&args.receipts, Receipt::parse)?;
    let since = read_all(&args.since, HeldCheckpoint::parse)?;
    let (source, withheld) = open(&args, trust.as_ref()).await?;
    let report = blocking(move || run_audit(&*source, trust.as_ref(), &receipts, &since)).await?;
    let report = report.map_err(Error::audit)?;
    let text = summary(&report, args.trust.is_some(), withheld.as_deref());
    Ok(Answer::good(text, &report).bad_if(!report.is_faultless()))
}

fn run_audit(
    source: &dyn Source,
    trust: Option<&Trust>,
    receipts: &[Receipt],
    since: &[HeldCheckpoint],
) -> Result<Report, Unreadable> {
    let bar = progress::bar("auditing", 0);
    let show = |progress: sijill_audit::Progress| {
        bar.set_length(progress.size);
        bar.set_position(progress.done);
    };
    let report = audit(source, &Options { trust, receipts, since, progress: &show, threads: 0 });
    bar.finish_and_clear();
    report
}

/// The source, and why its disclosures are withheld, if they are.
async fn open(args: &Args, trust: Option<&Trust>) -> Result<Opened> {
    if !is_url(&args.source) {
        return open_path(Path::new(&args.source)).await;
    }
    let mut token = args.token.clone();
    if let Some(key) = &args.key {
        // The API stands where the log's prefix ends.
        let server = args.source.trim_end_matches('/').trim_end_matches("/log");
        let origin = trust.map(|trust| trust.origin.clone());
        token =
            Some(Client::new(server, Some(Author::read(key)?), origin)?.fetch_token().await?.access_token);
    }
    let url = args.source.clone();
    blocking(move || open_url(&url, token)).await?
}

fn read_all<T>(paths: &[PathBuf], parse: impl Fn(&[u8]) -> Result<T, Unreadable>) -> Result<Vec<T>> {
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).map_err(Error::unreadable(path))?;
        parse(&bytes).map_err(|error| Error::malformed(path, error.to_string()))
    };
    paths.iter().map(read).collect()
}

/// Faults of one code that are told one by one.
const TOLD_OF_A_CODE: usize = 10;

/// For people: what it is, what holds, what is wrong.
fn summary(report: &Report, trusting: bool, withheld: Option<&str>) -> String {
    let mut text = String::new();
    if trusting && !report.anchored {
        text +=
            "anchored: false: the trust file is of another ledger, and what follows was judged without it\n";
    } else if !report.anchored {
        text += "anchored: false: no trust file says which ledger this has to be, and an invented one is self-consistent\n";
    }
    let origin = report.origin.as_deref().unwrap_or("no checkpoint that can be read");
    let _ = writeln!(text, "{origin}: {} entries read", HumanCount(report.entries));
    if let (Some(size), Some(root)) = (report.size, &report.root) {
        let _ = writeln!(text, "checkpoint of size {}, root {root}", HumanCount(size));
    }
    if let Some(why) = withheld {
        let _ = writeln!(text, "disclosures withheld: {why}");
    }
    let levels = &report.levels;
    let named = [
        ("integrity", &levels.integrity),
        ("authority", &levels.authority),
        ("rules", &levels.rules),
        ("figures", &levels.figures),
    ];
    for (name, level) in named {
        let _ = writeln!(text, "{name:<10}{}", words(level));
    }
    match report.faults.len() {
        0 => text += "no faults\n",
        1 => text += "1 fault:\n",
        count => _ = writeln!(text, "{count} faults:"),
    }
    faults(&mut text, report);
    let _ = write!(text, "{:.1} s", report.seconds);
    text
}

/// Every fault, but of a code that occurs often only the first few: one altered entry makes every later author a witness
/// against it, and the line that matters would drown. `--json` has them all.
fn faults(text: &mut String, report: &Report) {
    let mut told: BTreeMap<&str, (usize, Option<u64>)> = BTreeMap::new();
    for fault in &report.faults {
        let (count, last) = told.entry(fault.code.as_str()).or_default();
        *count += 1;
        *last = fault.index;
        if *count <= TOLD_OF_A_CODE {
            let place = fault.index.map_or("whole".to_string(), |index| format!("entry {index}"));
            let _ = writeln!(text, "  {place:<14}{:<22}{}", fault.code.as_str(), fault.message);
        }
    }
    for (code, (count, last)) in told {
        let more = count.saturating_sub(TOLD_OF_A_CODE);
        if let (1.., Some(last)) = (more, last) {
            let more = HumanCount(u64::try_from(more).unwrap_or(u64::MAX));
            let _ = writeln!(
                text,
                "  … {more} more of {code}, the last at entry {last}; all of them with --json"
            );
        }
    }
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
        let _ = write!(words, ", {} unchecked", HumanCount(level.unchecked));
    }
    if let Some(why) = &level.why {
        let _ = write!(words, ": {why}");
    }
    words
}
