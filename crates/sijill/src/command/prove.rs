//! `sijill prove`: evidence that stands without this ledger.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use sijill_audit::{Evidence, Source};
use sijill_event::{Entry, Json, Stream, StreamKind};
use sijill_log::{Note, TlogProof};

use crate::answer::Answer;
use crate::data_dir::DataDir;
use crate::database::{Database, Disclosed};
use crate::error::{Error, Result};
use crate::source::blocking;

/// `sijill prove`
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).multiple(true).args(["indexes", "stream", "case"]),
    after_help = "An evidence file holds the entries, every entry of the registry their authority rests on, the records of witnesses that \
    their times rest on, and hashes that lead to the signed checkpoint (docs/evidence.md). It is compressed unless its name ends \
    in .json. Check it with `sijill audit FILE --trust trust.json`."
)]
pub struct Args {
    /// The data directory; it may be in use
    #[arg(long)]
    dir: PathBuf,
    /// A case: what people and automation did in it, who asked for its values, and the contacts it came from
    #[arg(long, value_name = "ID")]
    case: Option<String>,
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
    #[arg(long, conflicts_with_all = ["stream", "case", "with_disclosures"])]
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
    let (count, what) = if args.tlog_proof {
        let [index] = wanted(&args, &database, database.size()).await?.into_iter().collect::<Vec<_>>()[..]
        else {
            return Err(Error::Usage("a tlog-proof is of exactly one entry".to_string()));
        };
        let proof = blocking(move || tlog_proof(&database, index)).await??;
        write_whole(&args.out, proof.as_bytes())?;
        (1, "tlog-proof")
    } else {
        let enough = args.indexes.iter().max().map_or(0, |last| last + 1);
        let database =
            blocking(move || database.vouched(|size| size >= enough)).await?.map_err(Error::audit)?;
        let wanted = wanted(&args, &database, database.size()).await?;
        let count = wanted.len();
        write_evidence(database, wanted, args.with_disclosures, &args.out).await?;
        (count, "evidence")
    };
    let text = format!("{what} of {count} entries in {}", args.out.display());
    Ok(Answer::good(text, &json!({"out": args.out, "kind": what, "entries": count})))
}

/// Writes an evidence file of these entries, without their disclosures.
pub(super) async fn write(dir: &Path, wanted: BTreeSet<u64>, out: &Path) -> Result<()> {
    if out.exists() {
        return Err(Error::Exists(out.to_owned()));
    }
    let (database, _) = Database::open(&DataDir::open(dir)?).await?;
    let enough = wanted.last().map_or(0, |last| last + 1);
    let database = blocking(move || database.vouched(|size| size >= enough)).await?.map_err(Error::audit)?;
    write_evidence(database, wanted, false, out).await
}

async fn write_evidence(database: Database, wanted: BTreeSet<u64>, disclose: bool, out: &Path) -> Result<()> {
    let plain = out.extension().is_some_and(|extension| extension == "json");
    let file = blocking(move || {
        let evidence = Evidence::prove(&database, &wanted, disclose)?;
        if plain { Ok(evidence.to_json().into_bytes()) } else { evidence.to_bytes() }
    });
    write_whole(out, &file.await?.map_err(Error::audit)?)
}

/// The published entries that are asked for.
async fn wanted(args: &Args, database: &Database, size: u64) -> Result<BTreeSet<u64>> {
    let mut wanted: BTreeSet<u64> = args.indexes.iter().copied().collect();
    if let Some(name) = &args.stream {
        let stream = Stream::parse(name)
            .ok_or_else(|| Error::Usage(format!("`{name}` is not the name of a stream")))?;
        let found = of_streams(database, vec![stream], size).await?;
        if found.is_empty() {
            return Err(Error::Usage(format!("stream {name} has no published entries")));
        }
        wanted.extend(found.into_iter().map(|(index, _)| index));
    }
    if let Some(case) = &args.case {
        wanted.extend(of_case(database, case, size).await?);
    }
    match wanted.last() {
        Some(last) if *last >= size => {
            Err(Error::Usage(format!("there is no published entry {last}: the log holds {size}")))
        }
        _ => Ok(wanted),
    }
}

/// All that is recorded of a case, and of the contacts it came from.
async fn of_case(database: &Database, case: &str, size: u64) -> Result<BTreeSet<u64>> {
    let none = || Error::Usage(format!("there is no case {case} in what is published"));
    let of = |kinds: &[StreamKind], id: &str| -> Option<Vec<Stream>> {
        kinds.iter().map(|kind| Stream::new(*kind, id)).collect()
    };
    let streams = of(&[StreamKind::Case, StreamKind::Auto, StreamKind::Access], case).ok_or_else(none)?;
    let found = of_streams(database, streams, size).await?;
    let mut contacts = Vec::new();
    for (_, text) in &found {
        let Ok(entry) = Entry::parse(text.as_bytes()) else { continue };
        let named = entry.event.data.get("contacts").and_then(Json::as_array).unwrap_or_default();
        for id in named.iter().filter_map(Json::as_str) {
            contacts.extend(of(&[StreamKind::Contact, StreamKind::Access], id).unwrap_or_default());
        }
    }
    if found.is_empty() {
        return Err(none());
    }
    let before = of_streams(database, contacts, size).await?;
    Ok(found.into_iter().chain(before).map(|(index, _)| index).collect())
}

async fn of_streams(database: &Database, streams: Vec<Stream>, size: u64) -> Result<Vec<(u64, String)>> {
    let names: Vec<String> = streams.iter().map(ToString::to_string).collect();
    let mut found = database.store().entries_of(&names).await?;
    found.retain(|(index, _)| *index < size);
    Ok(found)
}

fn tlog_proof(database: &Database, index: u64) -> Result<String> {
    let hashes = database.inclusion(index).map_err(Error::audit)?;
    let note = database.checkpoint().map_err(Error::audit)?.unwrap_or_default();
    let checkpoint = Note::parse(&note).map_err(|error| Error::Source(error.to_string()))?;
    Ok(TlogProof { extra: Vec::new(), index, hashes, checkpoint }.to_string())
}

/// A new file that appears under its name when it is whole, readable by its owner alone: it may hold disclosed values.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Error::unwritable(path))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(Error::unwritable(path))?;
    file.persist_noclobber(path).map_err(|error| error.error).map_err(Error::unwritable(path))?;
    Ok(())
}
