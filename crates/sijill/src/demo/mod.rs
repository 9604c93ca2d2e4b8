//! `sijill demo`: a ledger of a made-up month, audited, served, with what to try next.
//!
//! ```text
//! country    the agencies             figures    what the month is calibrated to
//! founding   how they come on the ledger, and the documents that decide
//! arrivals   what comes in            moves      what officers do next, asked of each case's own state
//! month      how it is played, and what happens to the registry
//! stage      signing and appending    following  every entry folded into its case
//! guards     witnesses and a mirror, each a process
//! calendar, chance    the time, and everything that looks random
//! told       what the command says         doors      links that lead to the desks
//! ```
//!
//! The same seed gives the same entries, byte for byte: keys, salts and idempotency keys come from the seed, those of the
//! ledger's services too. That is what a real ledger must never do.

pub mod arrivals;
pub mod calendar;
pub mod chance;
pub mod country;
pub mod doors;
pub mod figures;
pub mod following;
pub mod founding;
mod guards;
pub mod month;
pub mod moves;
pub mod stage;
mod told;

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use sijill_audit::{Options, Report, Trust, audit};
use sijill_domain::event::{Clock, Founder, Service};
use sijill_ledger::{Ledger, SimulatedClock};
use sijill_projections::MODELS;

use self::calendar::{END, FOUNDING};
use self::chance::Chance;
use self::country::{AGENCIES, Part, QUORUM};
use self::doors::Doorkeeper;
use self::guards::Guard;
use self::stage::{Stage, Who};
use self::told::Told;
use crate::answer::Answer;
use crate::command::{rebuild, serve};
use crate::config::{Config, Witnesses};
use crate::data_dir::{DataDir, service_key};
use crate::error::{Error, Result};
use crate::genesis::{Begun, Genesis};
use crate::key_file::{KeyFile, LEDGER, ROOT};
use crate::progress;
use crate::running::read_models;
use crate::source::{blocking, open_path};

/// The ledger's name.
const ORIGIN: &str = "sijill.example/demo";

/// `sijill demo`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Thirteen agencies, a month of contacts, cases and referrals between them, calibrated to published figures. \
    Nobody in it is real, and neither are its keys: they come from the seed, so that the same seed gives the same ledger, byte for byte."
)]
pub struct Args {
    /// Where the data directory is made [default: .sijill/demo, or the next free name]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// End when the ledger is made and audited
    #[arg(long)]
    no_serve: bool,
    /// Another month
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Where to listen [default: 127.0.0.1:8420, or a free port if that is taken]
    #[arg(long, value_name = "ADDR", conflicts_with = "no_serve")]
    listen: Option<SocketAddr>,
}

/// Runs `sijill demo`.
pub async fn run(args: Args, json: bool) -> Result<Answer> {
    let path = args.dir.clone().unwrap_or_else(free_name);
    let address = if args.no_serve { None } else { Some(free_address(args.listen)?) };
    let started = Instant::now();
    let (stage_told, dir, guards) = make(&path, args.seed, address).await?;
    let made = started.elapsed();
    let report = audited(&dir).await?;
    if address.is_some() {
        // The dashboards are what is looked at first.
        rebuild::make(&dir, &MODELS).await?;
    }
    let guards = guards.into_iter().map(Guard::start).collect::<Result<Vec<_>>>()?;
    let told = Told { dir: path.clone(), seed: args.seed, address, made, stage: stage_told, report, guards };
    let faults = !told.report.is_faultless();
    let Some(address) = address else {
        return Ok(Answer::good(told.text(), &told.json()).bad_if(faults));
    };
    let text = if json { told.json().to_string() } else { told.text() };
    // Nobody needs to be reading.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
    let doorkeeper = Doorkeeper { url: serve::url_of("http", address), keys: dir.path().join("keys"), json };
    let doors = tokio::spawn(doorkeeper.keep());
    let served = serve::run(serve::Args::of(path, address)).await;
    doors.abort();
    drop(told);
    served
}

/// Makes the ledger: genesis, founding, the month; and if it is to be served, who watches it.
async fn make(
    path: &Path,
    seed: u64,
    served: Option<SocketAddr>,
) -> Result<(told::Played, DataDir, Vec<Guard>)> {
    let chance = Chance::of(seed);
    let clock = Arc::new(SimulatedClock::standing(FOUNDING));
    let begun = begin(path, chance, Arc::clone(&clock), served.is_some()).await?;
    let Begun { dir, running, created, .. } = begun;
    let mut stage = Stage::new(chance, running.ledger().clone(), clock);
    let spinner = progress::spinner("a month of child protection");
    let keys = dir.path().join("keys");
    let played = async {
        founding::found(&mut stage, &keys, created).await?;
        month::play(&mut stage, &keys).await?;
        publish(&dir, stage.ledger(), chance).await?;
        // Where they listen is not the seed's to say: the month itself stays the same, byte for byte.
        let Some(address) = served else { return Ok(Vec::new()) };
        let guards = Guard::make(dir.path(), &trust(&dir)?, address).await?;
        guards::decide(&mut stage, &guards).await?;
        Ok::<_, Error>(guards)
    };
    let played = played.await;
    spinner.finish_and_clear();
    let told = told::Played::of(&stage);
    drop(stage);
    running.close().await;
    played.map(|guards| (told, dir, guards))
}

/// Publishes the figures of the months that are over, as a real ledger does some days later.
async fn publish(dir: &DataDir, ledger: &Ledger, chance: Chance) -> Result<()> {
    let key = dir.private_key(&service_key(Service::Log))?;
    let base = read_models(dir).await?;
    let jti = |month| chance.jti(END, &format!("figures of {month}"));
    sijill_ledger::publish(ledger, &*base, &key, 0, &jti).await?;
    Ok(())
}

async fn begin(path: &Path, chance: Chance, clock: Arc<SimulatedClock>, watched: bool) -> Result<Begun> {
    let founder = |agency: &country::Agency| -> Result<Founder> {
        let key = chance.key(&Who::new(agency.id, ROOT).to_string())?;
        Genesis::founder(agency.id, agency.ar, agency.en, key.public().clone(), agency.grants)
    };
    let founders = AGENCIES.iter().filter(|agency| agency.part == Part::Founder).map(founder);
    let mut config = Config::new(ORIGIN);
    // Whom to ask, the members decide.
    config.witnesses = watched.then(Witnesses::default);
    let genesis = Genesis {
        config,
        clock: Clock::Simulated,
        founders: founders.collect::<Result<_>>()?,
        quorum: QUORUM,
        rules: 2,
    };
    let key = |name: &str| {
        // The key of access tokens is in no entry: it need not be known to whoever knows the seed.
        let key = match name {
            "token" => return KeyFile::generate(Some(LEDGER), Some(name)),
            _ => chance.key(&format!("{LEDGER}/{name}"))?,
        };
        Ok(KeyFile::private(key, Some(LEDGER), Some(name)))
    };
    let salts = chance.services_salts();
    genesis.begin_with(path, clock, key, chance.jti(FOUNDING, "entry 0"), Some(salts)).await
}

/// Audits the data directory by its trust file, as anyone could.
async fn audited(dir: &DataDir) -> Result<Report> {
    let trust = trust(dir)?;
    let (source, _) = open_path(dir.path()).await?;
    let report = move || audit(&*source, &Options { trust: Some(&trust), ..Options::default() });
    blocking(report).await?.map_err(Error::audit)
}

fn trust(dir: &DataDir) -> Result<Trust> {
    let path = dir.trust_path();
    let trust = std::fs::read(&path).map_err(Error::unreadable(&path))?;
    Trust::parse(&trust).map_err(|error| Error::malformed(&path, error.to_string()))
}

/// `.sijill/demo`, `.sijill/demo-2`, …
fn free_name() -> PathBuf {
    let names = (2..).map(|n| format!("demo-{n}"));
    let mut paths =
        std::iter::once("demo".to_owned()).chain(names).map(|name| Path::new(".sijill").join(name));
    paths.find(|path| !path.exists()).unwrap_or_default()
}

/// The address asked for; otherwise the usual one, or a free port where somebody has that already.
fn free_address(asked: Option<SocketAddr>) -> Result<SocketAddr> {
    let usual = Config::new(ORIGIN).listen;
    let bound = match asked {
        Some(address) => TcpListener::bind(address),
        None => TcpListener::bind(usual).or_else(|_| TcpListener::bind((usual.ip(), 0))),
    };
    let address = bound.and_then(|listener| listener.local_addr());
    let wanted = asked.unwrap_or(usual);
    address.map_err(|cause| Error::Serve {
        code: "listen",
        message: format!("cannot listen on {wanted}: {cause}"),
    })
}
