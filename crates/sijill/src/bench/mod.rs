//! `sijill bench`: how fast this machine runs a ledger, measured from outside, as its users meet it.
//!
//! The server is a process of its own (`sijill serve` on a data directory made for the purpose); the client signs its
//! events beforehand and shares the same cores.

mod audit;
mod country;
mod desk;
mod load;
mod measure;
mod models;
mod program;
mod server;
mod town;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::error::{Error, Result};
use load::Kind;
use server::Server;
use town::Town;

/// `sijill bench`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Every figure is of this machine, this build and this moment: quote it with machine, command and date. \
    The measurements follow one another on the same ledger, which has --entries entries when they begin."
)]
pub struct Args {
    /// Entries in the ledger before anything is measured
    #[arg(long, default_value_t = 100_000)]
    entries: usize,
    /// Events each append measurement adds
    #[arg(long, default_value_t = 40_000)]
    events: usize,
    /// The rule-set: 1 takes the events as they are, 2 judges each by its case, acts on some, and is audited by doing it again
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=2))]
    rules: u64,
    /// What happens in its streams [default: plain, under rule-set 2 cases]
    #[arg(long, value_enum)]
    load: Option<Kind>,
    /// Only these measurements
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Measurement>,
    /// Keep the ledger in this new directory; otherwise in a temporary one
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Measure on this empty PostgreSQL database instead of SQLite
    #[arg(long, value_name = "URL", requires = "keystore_postgres")]
    postgres: Option<String>,
    /// The data keys' own empty PostgreSQL database
    #[arg(long, value_name = "URL")]
    keystore_postgres: Option<String>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// Batches of 1,000 events over 4 connections
    Append,
    /// Single events over 64 connections
    Post,
    /// 200 single events a second, latency
    Paced,
    /// Inclusion proofs of entries chosen all over the log
    Proof,
    /// From the start of the process to ready
    Start,
    /// Rule-set 2: what is due in all open cases, as the timer asks
    Due,
    /// Rule-set 2: the desk's queue of a unit and its page of a case
    Desk,
    /// Rule-set 2: the dashboards, 20 pages a second
    Dashboard,
    /// How far the read models are behind at 2,000 events a second
    Lag,
    /// The audit of an export, beside `verify_strict` alone on the same signatures
    Audit,
}

impl Measurement {
    fn needs_cases(self) -> bool {
        matches!(self, Self::Due | Self::Desk | Self::Dashboard)
    }
}

/// Runs `sijill bench`.
pub async fn run(args: Args) -> Result<Answer> {
    let temporary = tempfile::tempdir().map_err(|e| Error::Source(format!("no temporary directory: {e}")))?;
    let dir = args.dir.clone().unwrap_or_else(|| temporary.path().join("ledger"));
    let measurements =
        if args.only.is_empty() { Measurement::value_variants().to_vec() } else { args.only.clone() };
    let measurements = measurements.into_iter().filter(|of| args.rules == 2 || !of.needs_cases());

    let usual = if args.rules == 2 { Kind::Cases } else { Kind::Plain };
    let kind = args.load.unwrap_or(usual);
    if args.rules == 2 && kind == Kind::Plain {
        return Err(Error::Usage("rule-set 2 takes cases alone: --load cases".into()));
    }
    let town = Town::found(&dir, &args).await?;
    let mut load = town.grow(kind, args.entries).await?;
    let mut figures = Map::new();
    figures.insert("machine".into(), measure::machine());
    figures.insert("entries".into(), args.entries.into());
    figures.insert("rules".into(), args.rules.into());
    figures.insert("streams".into(), load.streams().into());
    figures.insert("engine".into(), if args.postgres.is_some() { "postgres" } else { "sqlite" }.into());
    // A server that finds none builds them while it serves, and everything else would be measured beside that.
    figures.insert("rebuild".into(), models::rebuild(&dir).await?);
    let mut server = Server::start(&dir).await?;
    for measurement in measurements {
        let (name, figure) = match measurement {
            Measurement::Append => ("append", measure::append(&server, &mut load, args.events).await?),
            Measurement::Post => ("post", measure::post(&server, &mut load, args.events).await?),
            Measurement::Paced => ("paced", measure::paced(&server, &mut load).await?),
            Measurement::Proof => ("proof", measure::proof(&server, args.entries).await?),
            Measurement::Start => {
                server.stop().await?;
                let started;
                (server, started) = measure::start(&dir).await?;
                ("start", started)
            }
            Measurement::Due => ("due", measure::due(&dir).await?),
            Measurement::Desk => ("desk", desk::pages(&server, &load).await?),
            Measurement::Dashboard => ("dashboard", desk::dashboards(&server, &load).await?),
            Measurement::Lag => ("lag", models::lag(&server, &dir, &mut load).await?),
            Measurement::Audit => ("audit", audit::audit(&dir).await?),
        };
        // Told at once: what fails later takes nothing with it.
        eprintln!("{}", json!({name: figure}));
        figures.insert(name.into(), figure);
    }
    server.stop().await?;
    Ok(Answer::good(table(&figures), &Value::Object(figures)))
}

fn table(figures: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (name, figure) in figures {
        match figure {
            Value::Object(parts) => {
                for (part, value) in parts {
                    let _ = writeln!(text, "{name:<8} {part:<28} {}", plain(value));
                }
            }
            value => {
                let _ = writeln!(text, "{name:<37} {}", plain(value));
            }
        }
    }
    text
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Rounded to a tenth, as JSON.
fn tenth(value: f64) -> Value {
    json!((value * 10.0).round() / 10.0)
}

/// Rounded to a hundredth, as JSON.
fn hundredth(value: f64) -> Value {
    json!((value * 100.0).round() / 100.0)
}
