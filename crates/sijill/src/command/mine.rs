//! `sijill mine`: event logs for process mining, and what to compare them with.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::answer::Answer;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::key_file::Author;
use crate::mining::log::TimeOf;
use crate::mining::{Format, Mined, Wish, mine, net};
use crate::progress;
use crate::source::{Opened, Watched, blocking, is_url, open_path, open_url};

/// `sijill mine …`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write what happened in all cases as an event log: OCEL 2.0 or XES
    Log(LogArgs),
    /// Write the referral's states and steps as a Petri net (PNML), to compare real paths with
    Net(NetArgs),
}

/// `sijill mine log`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "SOURCE is a data directory (also while it is served), an export, or a tile log's URL such as https://ledger.example/log. \
    The log says at which size and root of the ledger it was taken: audit that ledger, and the log is of what was audited. \
    The same ledger at the same size gives the same bytes.\n\n\
    It holds what events say openly and of class casework: pseudonyms, codes and times, no names, stories, findings or \
    reporters. Casework values that were erased, or that the source does not show, are left out and counted. \
    docs/process-mining.md says what events, objects and attributes there are."
)]
pub struct LogArgs {
    /// What to read
    source: String,
    /// What to write
    #[arg(long = "as", value_enum, value_name = "FORMAT")]
    format: Format,
    /// A new file
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// What an event's time is
    #[arg(long, value_enum, default_value_t = TimeOf::Received)]
    time: TimeOf,
    /// The ledger as it was when it had so many entries
    #[arg(long, value_name = "N")]
    size: Option<u64>,
    /// Access token for a tile log's entries
    #[arg(long, env = "SIJILL_TOKEN", hide_env_values = true, conflicts_with = "key")]
    token: Option<String>,
    /// An auditor's private key file, to get a token with
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// `sijill mine net`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The net is made of the rules that admission and audit apply (docs/casework.md §4), of no ledger."
)]
pub struct NetArgs {
    /// A new file
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs `sijill mine …`.
pub async fn run(command: Command) -> Result<Answer> {
    match command {
        Command::Log(args) => log(args).await,
        Command::Net(args) => write_net(&args.out),
    }
}

async fn log(args: LogArgs) -> Result<Answer> {
    let (source, said) = open(&args).await?;
    let (out, wish) = (args.out.clone(), Wish { format: args.format, time: args.time, size: args.size });
    let mined = blocking(move || {
        let bar = progress::bar("reading", 0);
        let mined = mine(&Watched { source: &*source, bar: &bar }, wish, &out, &bar);
        bar.finish_and_clear();
        mined
    });
    let mined = mined.await??;
    Ok(Answer::good(text(&mined, &args.out, said.withheld.as_deref()), &mined))
}

async fn open(args: &LogArgs) -> Result<Opened> {
    if !is_url(&args.source) {
        return open_path(Path::new(&args.source)).await;
    }
    let mut token = args.token.clone();
    if let Some(key) = &args.key {
        // The API stands where the log's prefix ends.
        let server = args.source.trim_end_matches('/').trim_end_matches("/log");
        token = Some(Client::new(server, Some(Author::read(key)?), None)?.fetch_token().await?.access_token);
    }
    let url = args.source.clone();
    blocking(move || open_url(&url, token)).await?
}

fn text(mined: &Mined, out: &Path, why: Option<&str>) -> String {
    let from = &mined.provenance;
    let mut text = format!(
        "{} cases and {} events in {}\nof {} at size {}, root {}",
        mined.cases,
        mined.events,
        out.display(),
        from.origin,
        from.size,
        from.root
    );
    // Writing to a string cannot fail.
    if !mined.objects.is_empty() {
        let objects: Vec<String> =
            mined.objects.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let _ = write!(text, "\nobjects: {}", objects.join(", "));
    }
    if mined.beside > 0 {
        let _ = write!(
            text,
            "\n{} events of {} contacts are in no case, and not in it",
            mined.beside, mined.contacts
        );
    }
    if mined.withheld > 0 {
        let _ = write!(text, "\n{} casework values are not held, and not in it", mined.withheld);
        if let Some(why) = why {
            let _ = write!(text, " ({why})");
        }
    }
    if mined.unfollowed > 0 {
        let _ = write!(
            text,
            "\nof {} cases and contacts it is not told to the end how things stood",
            mined.unfollowed
        );
    }
    text
}

fn write_net(out: &Path) -> Result<Answer> {
    let bytes = net::referral().map_err(Error::unwritable(out))?;
    let file = std::fs::File::create_new(out);
    let written = file.and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
    written.map_err(Error::unwritable(out))?;
    let text = format!("the referral's net in {}", out.display());
    Ok(Answer::good(text, &json!({"out": out, "net": "referral"})))
}
