//! `sijill restore`: a lost ledger's log comes back from a mirror or an export.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use sijill_audit::{ExportDirectory, HeldCheckpoint, Options, Report, Source, Trust, audit, export};
use sijill_event::Digest;
use sijill_ledger::{Kept, Restored, Restoring};

use super::read_trust;
use crate::answer::Answer;
use crate::client::now_s;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::progress;
use crate::running::{key_store, store_to_restore};
use crate::source::{Watched, blocking, is_url, open_path, open_url};

/// Entries written in one transaction.
const BATCH: usize = 2_000;

/// `sijill restore`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The data directory is the lost ledger's own: its settings, keys/, trust.json and seal, without a database. What \
    the mirror holds is audited by the trust file before anything is written, and has to lead to the seal: a ledger never goes on \
    from less than it has published.\n\n\
    Values come back only from an export with disclosures; a mirror has none. What is gone is said: it is not held any more, and an \
    audit of the directory says so too. Files (attachments) are in no mirror."
)]
pub struct Args {
    /// A mirror's URL or directory, or an export
    #[arg(long, value_name = "URL|DIR")]
    from_mirror: String,
    /// The data directory
    #[arg(long)]
    dir: PathBuf,
    /// The file of a token of the mirror's operator, where the mirror is a URL
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
}

/// Runs `sijill restore`.
pub async fn run(args: Args) -> Result<Answer> {
    let dir = DataDir::open(&args.dir)?;
    let _lock = dir.lock()?;
    let trust = read_trust(&dir.trust_path())?;
    let sealed = dir.seal().read().map_err(|error| Error::Source(error.to_string()))?;
    let Some(sealed) = sealed else {
        return Err(Error::Usage(
            "there is no seal in the data directory, and nothing else says how far the ledger had come: bring it back, or put \
             there the newest checkpoint that any receipt, witness or mirror holds"
                .to_owned(),
        ));
    };
    let held = HeldCheckpoint::parse(sealed.as_bytes()).map_err(Error::audit)?;
    let partial = args.dir.join("restore.partial");
    let source = open(&args, &partial).await?;
    let restored = bring_back(&dir, source, trust, held).await;
    let _ = fs::remove_dir_all(&partial);
    let (restored, documents) = restored?;
    Ok(told(&args, &restored, documents))
}

/// What lies on this machine is read where it is; a mirror elsewhere is copied first, so that what is audited is what is written.
async fn open(args: &Args, partial: &Path) -> Result<Box<dyn Source>> {
    let from = &args.from_mirror;
    if !is_url(from) {
        return Ok(open_path(Path::new(from)).await?.0);
    }
    let token = match &args.token {
        None => None,
        Some(file) => Some(fs::read_to_string(file).map_err(Error::unreadable(file))?.trim().to_owned()),
    };
    let (url, to) =
        (format!("{}/log", from.trim_end_matches('/').trim_end_matches("/log")), partial.to_path_buf());
    let _ = fs::remove_dir_all(&to);
    let copied = blocking(move || {
        let (source, _) = open_url(&url, token)?;
        let bar = progress::spinner("copying the mirror's log");
        let copied = export(&Watched { source: &*source, bar: &bar }, &to, false);
        bar.finish_and_clear();
        copied.map_err(|error| Error::Audit { code: error.code(), message: error.to_string() })
    });
    copied.await??;
    Ok(Box::new(ExportDirectory::open(partial).map_err(Error::audit)?))
}

/// Audits, and writes what was audited; with the number of documents.
async fn bring_back(
    dir: &DataDir,
    source: Box<dyn Source>,
    trust: Trust,
    held: HeldCheckpoint,
) -> Result<(Restored, usize)> {
    let (source, report) = blocking(move || {
        let since = [held];
        let report = audit(&*source, &Options { trust: Some(&trust), since: &since, ..Options::default() });
        (source, report)
    })
    .await?;
    must_be_sound(&report.map_err(Error::audit)?)?;
    let store = store_to_restore(dir).await?;
    dir.make_keystore_folder()?;
    let begun =
        Restoring::begin(store.clone(), key_store(dir).await?, dir.master_key()?, &dir.config.origin).await;
    let Some(mut restoring) = begun.map_err(|error| Error::ledger(&error))? else {
        return Err(Error::Usage(
            "the ledger's database holds entries: nothing is ever written over them. Move it away first, if it is lost".to_owned(),
        ));
    };
    let documents = source.documents().map_err(Error::audit)?;
    for hash in &documents {
        if let Some(bytes) =
            source.document(hash).map_err(Error::audit)?.filter(|bytes| Digest::of(bytes) == *hash)
        {
            store.put_document(hash.0, &bytes, now_s().try_into().unwrap_or(0)).await?;
        }
    }
    let size = read_size(&*source)?;
    let bar = progress::bar("restoring", size);
    let mut next = 0;
    while next < size {
        let kept = read(&*source, next, size)?;
        next += kept.len() as u64;
        restoring.put(kept).await.map_err(|error| Error::ledger(&error))?;
        bar.set_position(next);
    }
    bar.finish_and_clear();
    let restored = restoring.end().await.map_err(|error| Error::ledger(&error))?;
    Ok((restored, documents.len()))
}

fn must_be_sound(report: &Report) -> Result<()> {
    // Values that are gone are told of. Who cosigned is of no matter to a ledger that holds its own seal.
    let passing = ["disclosure-missing", "quorum"];
    let Some(fault) = report.faults.iter().find(|fault| !passing.contains(&fault.code.as_str())) else {
        return Ok(());
    };
    let message = format!(
        "nothing was written: what the mirror holds is not all that this ledger published and sealed ({}: {}). Try another mirror",
        fault.code, fault.message
    );
    Err(Error::Open { code: "restore-unsound", message })
}

fn read_size(source: &dyn Source) -> Result<u64> {
    let bytes = source.checkpoint().map_err(Error::audit)?.unwrap_or_default();
    Ok(HeldCheckpoint::parse(&bytes).map_err(Error::audit)?.checkpoint.size)
}

fn read(source: &dyn Source, from: u64, size: u64) -> Result<Vec<Kept>> {
    let entries = source.entries(from, BATCH).map_err(Error::audit)?;
    let end = entries.last().map_or(from, |(index, _)| index + 1).min(size);
    let mut kept = Vec::with_capacity(entries.len());
    for (expected, (index, bytes)) in (from..end).zip(entries) {
        let entry = String::from_utf8(bytes).ok().filter(|_| index == expected);
        let entry =
            entry.ok_or_else(|| Error::Source(format!("entry {expected} is gone since it was audited")))?;
        kept.push(Kept { entry, disclosures: Vec::new() });
    }
    if kept.is_empty() {
        return Err(Error::Source(format!("entry {from} is gone since it was audited")));
    }
    let disclosures = source.disclosures(from..end, size).map_err(Error::audit)?;
    for row in disclosures.rows {
        let place = row.index.and_then(|index| usize::try_from(index.checked_sub(from)?).ok());
        if let (Some(kept), Ok(text)) = (place.and_then(|place| kept.get_mut(place)), row.disclosure) {
            kept.disclosures.push(text);
        }
    }
    Ok(kept)
}

fn told(args: &Args, restored: &Restored, documents: usize) -> Answer {
    let mut text = format!(
        "{} entries and {documents} documents are back, audited by the trust file and leading to the seal\n{} disclosures are back, \
         sealed anew",
        restored.head.size, restored.disclosures
    );
    if restored.gone > 0 {
        let _ = write!(
            text,
            "\n{} values are NOT back: what was restored from does not hold them. Their cases take nothing but their erasure; an \
             export with disclosures, or a backup of database and key store, would hold them",
            restored.gone
        );
    }
    let _ = write!(
        text,
        "\nfiles (attachments) are not back\nread models: sijill rebuild --dir {0}\nstart it: sijill serve --dir {0}",
        args.dir.display()
    );
    let value = json!({
        "entries": restored.head.size, "root": Digest(restored.head.root), "documents": documents,
        "disclosures": restored.disclosures, "gone": restored.gone,
    });
    Answer::good(text, &value)
}
