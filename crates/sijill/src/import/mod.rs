//! `sijill import`: an old system's event log becomes a ledger, signed and audited like any other.
//!
//! ```text
//! log/       the file, row by row: CSV or XES
//! map        what its columns mean (TOML)
//! script     rows → events, in order; pure
//! batch      what is there already is left out, the rest is signed and appended
//! archive    the ledger, its units and the services that sign for them
//! report     what was counted and what was refused
//! ```
//!
//! The importing agency vouches for having found these rows, no more: its services sign, and who did the act is a
//! disclosure they attest. The same file gives the same events, by idempotency keys that are a function of what the
//! rows say: an import that was interrupted is run again, and one that is run twice adds nothing.

pub mod archive;
mod batch;
pub mod log;
pub mod map;
pub mod name;
pub mod report;
pub mod script;
pub mod time;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::archive::Archive;
use self::log::Log;
use self::map::Map;
use self::report::Report;
use self::script::{Planned, Script};
use crate::answer::Answer;
use crate::config::{Config, Engine};
use crate::error::{Error, Result};
use crate::progress;

/// Events in one transaction.
const BATCH: usize = 1_000;

/// `sijill import …`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Import an event log, CSV or XES (IEEE 1849), into an imported ledger; makes the ledger if it is not there
    Eventlog(Args),
}

/// `sijill import eventlog`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The map says what the columns mean and what becomes of them; tools/import/receipt.toml is one, with comments.\n\n\
    Run it again after an interruption, or when a longer file has come: what is there already is not added twice. \
    To give up instead, remove the data directory D, or D.founding beside it if D was still being made (and on PostgreSQL \
    drop both databases).\n\n\
    Exit status: 0 every row is in the ledger; 1 some were refused and are listed with their lines, all others are in; \
    2 the import could not be carried out."
)]
pub struct Args {
    /// The event log
    file: PathBuf,
    /// What its columns mean (TOML)
    #[arg(long, value_name = "FILE")]
    map: PathBuf,
    /// The ledger's data directory; made if it is not there
    #[arg(long)]
    dir: PathBuf,
    /// For a new ledger: keep the entries in this PostgreSQL database instead of a file
    #[arg(long, value_name = "URL", requires = "keystore_postgres")]
    postgres: Option<String>,
    /// For a new ledger: keep the data keys in this other PostgreSQL database instead of a file
    #[arg(long, value_name = "URL")]
    keystore_postgres: Option<String>,
}

/// Runs `sijill import …`.
pub async fn run(command: Command) -> Result<Answer> {
    let Command::Eventlog(args) = command;
    let started = std::time::Instant::now();
    let map = Map::read(&args.map)?;
    let columns = map.columns();
    let log = Log::open(&args.file, &columns, map.source.separator)?;
    let mut archive = Archive::open(&args.dir, &map, config(&args, &map)).await?;
    let mut report = Report {
        file: args.file.clone(),
        format: log.format(),
        dir: args.dir.clone(),
        origin: map.origin.clone(),
        ..Report::default()
    };
    let imported = import(&args, &map, &columns, log, &mut archive, &mut report).await;
    let published = archive.ledger().published();
    archive.close().await;
    imported?;
    let checkpoint = &published.checkpoint;
    (report.size, report.root) = (checkpoint.size, sijill_event::b64::encode(checkpoint.root.0));
    report.seconds = (started.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0;
    Ok(Answer::good(report.text(), &report).bad_if(!report.whole()))
}

fn config(args: &Args, map: &Map) -> Config {
    let mut config = Config::new(&map.origin);
    if let Some(url) = &args.postgres {
        config.engine = Engine::Postgres;
        config.url = Some(url.clone());
    }
    config.keystore_url.clone_from(&args.keystore_postgres);
    config
}

async fn import(
    args: &Args,
    map: &Map,
    columns: &[String],
    mut log: Log,
    archive: &mut Archive,
    report: &mut Report,
) -> Result<()> {
    let mut script = Script::new(map, columns).map_err(|why| Error::malformed(&args.map, why))?;
    let length = std::fs::metadata(&args.file).map_err(Error::unreadable(&args.file))?.len();
    let bar = progress::bar("importing", length);
    let interrupted = watch_for_interrupt();
    let mut pending: Vec<Planned> = Vec::with_capacity(BATCH + 4);
    while let Some(row) = log.next_row() {
        let planned = row.and_then(|row| {
            report.read(map, columns, &row);
            script.row(&row)
        });
        match planned {
            Ok(planned) => pending.extend(planned),
            Err(trouble) => {
                report.refuse(trouble, true);
            }
        }
        if pending.len() >= BATCH {
            batch::append(archive, std::mem::take(&mut pending), report).await?;
            bar.set_position(log.position());
            if interrupted.load(Ordering::Relaxed) {
                bar.finish_and_clear();
                let done = report.rows.appended + report.rows.known;
                return Err(Error::Interrupted(format!(
                    "{done} rows are in the ledger; run the same command again to go on"
                )));
            }
        }
    }
    report.complete = !log.broken();
    // Behind a break the file may say more of the cases that are open.
    if report.complete {
        pending.extend(script.finish());
    }
    for chunk in chunks(pending) {
        batch::append(archive, chunk, report).await?;
    }
    report.cases = script.cases;
    bar.finish_and_clear();
    Ok(())
}

fn chunks(mut planned: Vec<Planned>) -> impl Iterator<Item = Vec<Planned>> {
    std::iter::from_fn(move || {
        let rest = planned.split_off(planned.len().min(BATCH));
        let chunk = std::mem::replace(&mut planned, rest);
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Set when the command is told to stop: it does so between two batches.
fn watch_for_interrupt() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    tokio::spawn(async move {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        flag.store(true, Ordering::Relaxed);
    });
    interrupted
}
