//! `sijill audit`: everything that can be checked offline, and every fault.

mod record;
mod summary;

use std::path::{Path, PathBuf};

use sijill_audit::{HeldCheckpoint, Options, Receipt, Report, Source, Trust, Unreadable, audit};

use self::summary::{Exhibits, Summary};
use super::target::read_trust;
use crate::answer::Answer;
use crate::client::{Client, now_s};
use crate::error::{Error, Result};
use crate::gate::Told;
use crate::key_file::Author;
use crate::progress;
use crate::source::{Said, blocking, is_url, open_path, open_url, read_evidence};

/// A source, and what the summary says of it.
struct Opened {
    source: Box<dyn Source>,
    said: Said,
    /// What an evidence file is about.
    exhibits: Option<Exhibits>,
}

/// `sijill audit`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "SOURCE is a data directory (read only, also while it is served; PostgreSQL by its sijill.toml), an export, a tile \
    log's URL such as https://ledger.example/log, or an evidence file.\n\n\
    Exit status: 0 nothing is wrong in what was checked; 1 faults; 2 there was nothing that could be read, such as a URL that \
    has no checkpoint.\n\n\
    Without --trust an audit is not anchored and says so first and last: it finds what contradicts itself, and a wholly invented \
    ledger does not. The trust file in a data directory is the ledger's own word and is never used by itself: keep one that you \
    got when the ledger began, from its operator's hand or from another founder.\n\n\
    With --record what was found goes on the ledger, signed with --key: an entry of type audit.recorded that everybody can read and \
    nobody can take back. Exit status 2 if it could not be put there."
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
    /// An auditor's private key file, to get a token with and to sign a record
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Put what was found on the ledger; a data directory must not be served meanwhile, or --url says by which server
    #[arg(long, requires = "key")]
    record: bool,
    /// The server to record at, where the source is no URL
    #[arg(long, requires = "record")]
    url: Option<String>,
}

/// Runs `sijill audit`.
pub async fn run(args: Args) -> Result<Answer> {
    let trust = args.trust.as_deref().map(read_trust).transpose()?;
    let receipts = read_all(&args.receipts, Receipt::parse)?;
    let since = read_all(&args.since, HeldCheckpoint::parse)?;
    // Said before hours are spent.
    let target = args.record.then(|| record::target(&args)).transpose()?;
    let started = now_s();
    let Opened { source, said, exhibits } = open(&args, trust.as_ref()).await?;
    if target.is_some() && exhibits.is_some() {
        let why = "evidence is a part of a log: what is found in it is no audit of the ledger to be recorded";
        return Err(Error::Usage(why.to_string()));
    }
    let report = blocking(move || run_audit(&*source, trust.as_ref(), &receipts, &since)).await?;
    let report = report.map_err(Error::audit)?;
    let trusting = args.trust.is_some();
    let text = Summary { report: &report, trusting, said, exhibits }.to_string();
    let answer = Answer::good(text, &report).bad_if(!report.is_faultless());
    let Some(target) = target else { return Ok(answer) };
    let told = record::record(&target, &record::found(&report, started, now_s())?).await;
    // Whatever became of the record, what was found is told.
    let told =
        told.unwrap_or_else(|error| Told::Refused { code: error.code().into(), message: error.to_string() });
    let (words, value, is_there) = record::told(&told);
    Ok(answer.and("recorded", &words, value).unfinished_if(!is_there))
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

async fn open(args: &Args, trust: Option<&Trust>) -> Result<Opened> {
    let path = Path::new(&args.source);
    if !is_url(&args.source) && path.is_file() {
        let evidence = read_evidence(path)?;
        let exhibits = Some(Exhibits::of(&evidence));
        return Ok(Opened { source: Box::new(evidence), said: Said::default(), exhibits });
    }
    let (source, said) =
        if is_url(&args.source) { open_log(args, trust).await? } else { open_path(path).await? };
    Ok(Opened { source, said, exhibits: None })
}

async fn open_log(args: &Args, trust: Option<&Trust>) -> Result<crate::source::Opened> {
    let mut token = args.token.clone();
    if let Some(key) = &args.key {
        let server = record::server(&args.source);
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
