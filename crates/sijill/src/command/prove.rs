//! `sijill prove`: evidence that stands without this ledger.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use sijill_audit::{Evidence, Source};
use sijill_event::Stream;
use sijill_log::{Note, TlogProof};
use sijill_store::MAX_PAGE;

use crate::answer::Answer;
use crate::data_dir::DataDir;
use crate::database::{Database, Disclosed};
use crate::error::{Error, Result};
use crate::progress;
use crate::source::{Watched, blocking};

/// `sijill prove`
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).multiple(true).args(["indexes", "stream"]),
    after_help = "An evidence file holds the entries, every entry of the registry their authority rests on, and inclusion proofs to the \
    signed checkpoint (docs/ledger-format.md, Annex D). Check it with `sijill audit FILE --trust trust.json`."
)]
pub struct Args {
    /// The data directory; it may be in use
    #[arg(long)]
    dir: PathBuf,
    /// An entry to prove (repeatable)
    #[arg(long = "index", value_name = "N")]
    indexes: Vec<u64>,
    /// Prove every entry of this stream
    #[arg(long)]
    stream: Option<String>,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Put in the entries' disclosed values, in the clear: only for who may have them
    #[arg(long)]
    with_disclosures: bool,
    /// Write a bare C2SP tlog-proof of one entry instead
    #[arg(long, conflicts_with_all = ["stream", "with_disclosures"])]
    tlog_proof: bool,
}

/// Runs `sijill prove`.
pub async fn run(args: Args) -> Result<Answer> {
    if args.out.exists() {
        return Err(Error::Exists(args.out));
    }
    if args.tlog_proof && args.indexes.len() != 1 {
        return Err(Error::Usage("a tlog-proof is of exactly one entry: give one --index".to_string()));
    }
    let (database, disclosed) = Database::open(&DataDir::open(&args.dir)?).await?;
    if let (Disclosed::Withheld(why), true) = (&disclosed, args.with_disclosures) {
        return Err(Error::Usage(format!("the disclosures cannot be opened: {why}")));
    }
    let wanted = wanted(&args, &database).await?;
    let (count, disclose, bare) = (wanted.len(), args.with_disclosures, args.tlog_proof);
    let gathered = blocking(move || {
        let bar = progress::bar("gathering", database.size());
        let evidence = Evidence::gather(&Watched { source: &database, bar: &bar }, &wanted, disclose);
        bar.finish_and_clear();
        let evidence = evidence.map_err(Error::audit)?;
        if bare { tlog_proof(&database, &evidence, &wanted) } else { Ok(evidence.to_json() + "\n") }
    });
    write_whole(&args.out, gathered.await??.as_bytes())?;
    let what = if bare { "tlog-proof" } else { "evidence" };
    let text = format!("{what} of {count} entries in {}", args.out.display());
    Ok(Answer::good(text, &json!({"out": args.out, "kind": what, "entries": count})))
}

/// Writes an evidence file of these entries, without their disclosures.
pub(super) async fn write(dir: &Path, wanted: BTreeSet<u64>, out: &Path) -> Result<()> {
    if out.exists() {
        return Err(Error::Exists(out.to_owned()));
    }
    let (database, _) = Database::open(&DataDir::open(dir)?).await?;
    let evidence =
        blocking(move || Evidence::gather(&database, &wanted, false).map_err(Error::audit)).await??;
    write_whole(out, (evidence.to_json() + "\n").as_bytes())
}

async fn wanted(args: &Args, database: &Database) -> Result<BTreeSet<u64>> {
    let mut wanted: BTreeSet<u64> = args.indexes.iter().copied().collect();
    if let Some(name) = &args.stream {
        let stream = Stream::parse(name)
            .ok_or_else(|| Error::Usage(format!("`{name}` is not the name of a stream")))?;
        let (before, mut next) = (wanted.len(), 0);
        loop {
            let page = database.store().stream_entries(stream.as_str(), next, MAX_PAGE).await?;
            let Ok(length) = u64::try_from(page.len()) else { break };
            if length == 0 {
                break;
            }
            next += length;
            wanted.extend(page.into_iter().map(|(index, _)| index).filter(|index| *index < database.size()));
        }
        if wanted.len() == before {
            return Err(Error::Usage(format!("stream {stream} has no published entries")));
        }
    }
    match wanted.last() {
        Some(last) if *last >= database.size() => Err(Error::Usage(format!(
            "there is no published entry {last}: the log holds {}",
            database.size()
        ))),
        _ => Ok(wanted),
    }
}

fn tlog_proof(database: &Database, evidence: &Evidence, wanted: &BTreeSet<u64>) -> Result<String> {
    let exhibit = evidence.exhibits().find(|exhibit| wanted.contains(&exhibit.index));
    let exhibit = exhibit.ok_or_else(|| Error::Source("the entry is not there".to_string()))?;
    let note = database.checkpoint().map_err(Error::audit)?.unwrap_or_default();
    let checkpoint = Note::parse(&note).map_err(|error| Error::Source(error.to_string()))?;
    Ok(TlogProof { extra: Vec::new(), index: exhibit.index, hashes: exhibit.proof.clone(), checkpoint }
        .to_string())
}

/// A new file that appears under its name when it is whole, readable by its owner alone: it may hold disclosed values.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Error::unwritable(path))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(Error::unwritable(path))?;
    file.persist_noclobber(path).map_err(|error| error.error).map_err(Error::unwritable(path))?;
    Ok(())
}
