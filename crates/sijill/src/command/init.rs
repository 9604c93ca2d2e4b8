//! `sijill init`: a new ledger.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use sijill_domain::event::{Clock, Founder, Grant};
use sijill_ledger::{SimulatedClock, SystemClock};

use super::words;
use crate::answer::Answer;
use crate::client::now_s;
use crate::config::{Config, Engine};
use crate::error::{Error, Result};
use crate::genesis::{Begun, Genesis};
use crate::key_file::{Author, KeyFile, ROOT};

/// `sijill init`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The founders' root keys are made by the founders (`sijill keys new --agency A --officer root --out A.key`); \
    give their public files, and let each ratify with `sijill members ratify`. For a trial on one machine give the \
    private files and --ratify."
)]
pub struct Args {
    /// Where the data directory is made
    #[arg(long)]
    dir: PathBuf,
    /// The ledger's name for good, best a URL without scheme: ledger.example/2026
    #[arg(long)]
    origin: String,
    /// A founding agency and the file of its root key (repeatable)
    #[arg(long = "founder", value_name = "AGENCY=FILE", required = true)]
    founders: Vec<String>,
    /// A founder's names in Arabic and English (repeatable; without it, its id)
    #[arg(long = "name", num_args = 3, value_names = ["AGENCY", "AR", "EN"])]
    names: Vec<String>,
    #[arg(long = "grants", value_name = "AGENCY=GRANT,…", help = grants_help())]
    grants: Vec<String>,
    /// How many founders it takes to decide: more than half, at most all
    #[arg(long)]
    quorum: u64,
    /// How the ledger's time goes: live; simulated, for demonstrations; imported, for old archives
    #[arg(long, default_value = "live", value_parser = ["live", "simulated", "imported"])]
    clock: String,
    /// The rule-set to begin with: 2 judges and automates the work on a case (docs/casework.md), 1 takes any, for rehearsals
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=2))]
    rules: u64,
    /// Keep the entries in this PostgreSQL database instead of a file
    #[arg(long, value_name = "URL", requires = "keystore_postgres")]
    postgres: Option<String>,
    /// Keep the data keys in this other PostgreSQL database instead of a file
    #[arg(long, value_name = "URL")]
    keystore_postgres: Option<String>,
    /// Ratify at once for every founder whose private key file was given
    #[arg(long)]
    ratify: bool,
}

/// Runs `sijill init`.
pub async fn run(args: Args) -> Result<Answer> {
    let files = args.founders.iter().map(|text| read_founder(text)).collect::<Result<Vec<_>>>()?;
    must_fit(args.quorum, files.len() as u64)?;
    let authors = if args.ratify { authors(&files)? } else { Vec::new() };
    let genesis = Genesis {
        config: config(&args),
        clock: Clock::parse(&args.clock)
            .ok_or(Error::Usage("--clock is live, simulated or imported".to_string()))?,
        founders: files.iter().map(|(agency, key)| founder(&args, agency, key)).collect::<Result<_>>()?,
        quorum: args.quorum,
        rules: args.rules,
    };
    let clock: Arc<dyn sijill_ledger::Clock> = match genesis.clock {
        Clock::Simulated => Arc::new(SimulatedClock::running(now_s() * 1000)),
        Clock::Live | Clock::Imported => Arc::new(SystemClock::new()),
    };
    let begun = genesis.begin(&args.dir, clock).await?;
    let ratified = ratify(&begun, &authors).await;
    let vkey = begun.dir.log_key()?.verifier().to_string();
    let (dir, created, genesis) = (begun.dir, begun.created, sijill_event::Digest(begun.genesis.0));
    begun.running.close().await;
    let ratified = ratified?;
    let all = ratified.len() == files.len();
    let next = if all {
        format!("all founders have ratified; start it: sijill serve --dir {}", args.dir.display())
    } else {
        format!(
            "start it: sijill serve --dir {}\nuntil every founder has ratified (`sijill members ratify`), nothing else \
             is admitted",
            args.dir.display()
        )
    };
    let text = format!(
        "ledger {} begun in {}\nlog key  {vkey}\ncreated  {created}  (what founders ratify)\ngenesis  {genesis}  (leaf \
         hash of entry 0)\n{} is what auditors need beforehand: hand it out, print its fingerprint\nback up keys/ \
         now, apart from everything else: master.key opens the disclosures, log.key speaks for the ledger\n{next}",
        args.origin,
        args.dir.display(),
        dir.trust_path().display(),
    );
    Ok(Answer::good(
        text,
        &json!({
            "dir": args.dir, "origin": args.origin, "log_key": vkey, "created": created, "genesis": genesis,
            "trust": dir.trust_path(), "ratified": ratified,
        }),
    ))
}

/// The ledger refuses any other quorum (`quorum-arithmetic`); here the founders can still be told how to begin.
fn must_fit(quorum: u64, founders: u64) -> Result<()> {
    let least = founders / 2 + 1;
    if (least..=founders).contains(&quorum) {
        return Ok(());
    }
    let founders_are = if founders == 1 { "1 founder".to_owned() } else { format!("{founders} founders") };
    let range = if least == founders { format!("{least}") } else { format!("{least} to {founders}") };
    Err(Error::Usage(format!(
        "with {founders_are} --quorum is {range}, not {quorum}: a decision takes more than half of them and at most all"
    )))
}

fn config(args: &Args) -> Config {
    let mut config = Config::new(&args.origin);
    if let Some(url) = &args.postgres {
        config.engine = Engine::Postgres;
        config.url = Some(url.clone());
    }
    config.keystore_url.clone_from(&args.keystore_postgres);
    config
}

fn read_founder(text: &str) -> Result<(String, KeyFile)> {
    let Some((agency, file)) = text.split_once('=') else {
        return Err(Error::Usage(format!("--founder is AGENCY=FILE, not `{text}`")));
    };
    let path = PathBuf::from(file);
    let key = KeyFile::read(&path)?;
    let fits = |name: &Option<String>, expected: &str| name.as_deref().is_none_or(|name| name == expected);
    if !fits(&key.agency, agency) || !fits(&key.officer, ROOT) {
        let whose = format!("{}/{}", key.agency.unwrap_or_default(), key.officer.unwrap_or_default());
        return Err(Error::malformed(
            path,
            format!("this is the key of {whose}, not the root key of {agency}"),
        ));
    }
    Ok((agency.to_string(), key))
}

fn founder(args: &Args, agency: &str, key: &KeyFile) -> Result<Founder> {
    let named = args.names.chunks_exact(3).find(|names| names.first().is_some_and(|name| name == agency));
    let (ar, en) = match named {
        Some([_, ar, en]) => (ar.as_str(), en.as_str()),
        _ => (agency, agency),
    };
    let given =
        args.grants.iter().filter_map(|text| text.split_once('=')).find(|(whose, _)| *whose == agency);
    let grants = match given {
        None => vec![Grant::Casework],
        Some((_, words)) => {
            words.split(',').filter(|word| !word.is_empty()).map(read_grant).collect::<Result<_>>()?
        }
    };
    Genesis::founder(agency, ar, en, key.public().clone(), &grants)
}

fn grants_help() -> String {
    format!(
        "What a founder may have officers for: {} (repeatable; without it, casework)",
        words::all_grants()
    )
}

fn read_grant(word: &str) -> Result<Grant> {
    Grant::parse(word).ok_or_else(|| Error::Usage(format!("`{word}` is no grant: {}", words::all_grants())))
}

/// Those who can ratify now. A founder whose private key is not here ratifies by itself.
fn authors(files: &[(String, KeyFile)]) -> Result<Vec<Author>> {
    let authors: Vec<Author> = files
        .iter()
        .filter_map(|(agency, file)| {
            let key = file.signing_key()?.clone();
            Some(Author { agency: agency.clone(), officer: ROOT.to_string(), key })
        })
        .collect();
    if authors.is_empty() {
        return Err(Error::Usage(
            "--ratify needs a founder's private key file; only public ones were given".to_string(),
        ));
    }
    Ok(authors)
}

async fn ratify(begun: &Begun, authors: &[Author]) -> Result<Vec<String>> {
    let mut ratified = Vec::with_capacity(authors.len());
    for author in authors {
        begun.ratify(author).await?;
        ratified.push(author.agency.clone());
    }
    Ok(ratified)
}
