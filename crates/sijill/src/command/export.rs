//! `sijill export`: the whole ledger as files.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;
use sijill_audit::ExportError;

use crate::answer::Answer;
use crate::data_dir::DataDir;
use crate::database::{Database, Disclosed};
use crate::error::{Error, Result};
use crate::progress;
use crate::source::{Watched, blocking};

/// `sijill export`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An export is a C2SP tile-log directory with disclosures.jsonl (docs/ledger-format.md, Annex D). It appears under \
    its name when it is whole; an interrupted one leaves nothing there. Where \
    witnesses cosign it goes up to the newest checkpoint with their cosignatures, which a trust file may ask for. With disclosures it holds personal data in the clear.\n\n\
    Attachments are not in it: disclosures cite them by the SHA-256 of their bytes, and whoever is given a file checks it by that."
)]
pub struct Args {
    /// The data directory; it may be in use
    #[arg(long)]
    dir: PathBuf,
    /// A new directory
    #[arg(long)]
    out: PathBuf,
    /// Up to the newest sealed checkpoint, also if witnesses have not cosigned it
    #[arg(long)]
    newest: bool,
    /// Leave out what can be erased: for auditors who may not see it
    #[arg(long)]
    without_disclosures: bool,
}

/// Runs `sijill export`.
pub async fn run(args: Args) -> Result<Answer> {
    let (database, disclosed) = Database::open(&DataDir::open(&args.dir)?).await?;
    if let (Disclosed::Withheld(why), false) = (&disclosed, args.without_disclosures) {
        return Err(Error::Usage(format!(
            "the disclosures cannot be opened ({why}); export --without-disclosures"
        )));
    }
    let (out, disclose) = (args.out.clone(), !args.without_disclosures);
    let newest = args.newest;
    let exported = blocking(move || {
        let database = database.vouched(|_| !newest)?;
        let bar = progress::bar("exporting", database.size());
        let exported = sijill_audit::export(&Watched { source: &database, bar: &bar }, &out, disclose);
        bar.finish_and_clear();
        exported
    });
    let exported = exported.await?.map_err(|error: ExportError| match error {
        ExportError::Exists(path) => Error::Exists(path),
        error => Error::Audit { code: error.code(), message: error.to_string() },
    })?;
    let damaged = exported.left_out > 0 || exported.unreadable > 0;
    let mut text = format!(
        "{} entries and {} disclosures in {}",
        exported.entries,
        exported.disclosures,
        args.out.display()
    );
    if damaged {
        let _ = write!(
            text,
            "\n{} entries could not be written and {} disclosures not be opened: audit this ledger",
            exported.left_out, exported.unreadable
        );
    }
    text.push_str("\nattachments are not in it: they are cited by the SHA-256 of their bytes");
    let value = json!({
        "attachments": "none", "out": args.out, "entries": exported.entries, "disclosures": exported.disclosures,
        "left_out": exported.left_out, "unreadable": exported.unreadable,
    });
    Ok(Answer::good(text, &value).bad_if(damaged))
}
