//! `sijill mirror`: a mirror of a ledger on another agency's machine.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};
use sijill_audit::Fork;
use sijill_event::Digest;
use sijill_mirror::{Mirror, Opening};
use sijill_web::CancellationToken;
use sijill_witness::{SystemClock, Witness};

use super::read_trust;
use super::serve::{cannot_listen, log_to_stderr, say_ready, stop_on_signal, stop_with_parent, url_of};
use super::witness::settings;
use crate::answer::Answer;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::gossip::{Ear, gossip};
use crate::key_file::Author;
use crate::log_over_http::LogOverHttp;
use crate::mirror_dir::{MirrorConfig, MirrorDir};
use crate::witness_dir::WitnessDir;

/// `sijill mirror …`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a mirror of a ledger: directory, settings, the key it cosigns with
    Init(Init),
    /// Follow the ledger, cosign what was replayed, serve what is held
    #[command(
        after_help = "When it serves it prints one line of JSON on stdout: {\"serving\":\"http://…\"}; before that it judges anew \
        everything it holds. It stops on SIGINT or SIGTERM; killed at any moment, it goes on from what it holds."
    )]
    Serve(Serve),
    /// Tell how it stands; it need not be running
    #[command(
        after_help = "Exit status 1 if the log has two histories, or signed entries that are not sound."
    )]
    Status {
        /// The mirror's directory
        #[arg(long)]
        dir: PathBuf,
    },
    /// Let somebody read entries here: makes a token, which is shown once
    Reader {
        /// The mirror's directory
        #[arg(long)]
        dir: PathBuf,
    },
    /// Check fork evidence with nothing but the trust file
    #[command(after_help = "Exit status 1 if the evidence convicts the log, 2 if it proves nothing.")]
    CheckFork {
        /// The evidence: a file of a mirror's folder forks/, or of `sijill witness evidence --out`
        file: PathBuf,
        /// The ledger's trust file
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
    },
}

/// `sijill mirror init`
#[derive(Debug, clap::Args)]
pub struct Init {
    /// Where its directory is made
    #[arg(long)]
    dir: PathBuf,
    /// Its name for good, best a URL without scheme: mirror.unicef.example
    #[arg(long)]
    name: String,
    /// The ledger's server, or another mirror of it
    #[arg(long, value_name = "URL")]
    from: String,
    /// The ledger's trust file, from somebody you believe
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// The key file of an officer with role mirror or auditor; it stays where it is
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    key: Option<PathBuf>,
    /// To follow another mirror: the file of a token of its operator
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    /// Where it is to listen
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

/// `sijill mirror serve`
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// The mirror's directory
    #[arg(long)]
    dir: PathBuf,
    /// Where to listen, instead of what witness.toml says; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// How to log on stderr
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    log: String,
    /// Stop when standard input ends, as it does when whoever started this is gone
    #[arg(long, hide = true)]
    with_parent: bool,
}

/// Runs `sijill mirror …`.
pub async fn run(command: Command) -> Result<Answer> {
    match command {
        Command::Init(args) => init(&args).await,
        Command::Serve(args) => serve(&args).await,
        Command::Status { dir } => status(&dir),
        Command::Reader { dir } => reader(&dir),
        Command::CheckFork { file, trust } => check_fork(&file, &trust),
    }
}

async fn init(args: &Init) -> Result<Answer> {
    let trust = read_trust(&args.trust)?;
    if let Some(key) = &args.key {
        // One that cannot be read is told now, not when it serves.
        Author::read(key)?;
    }
    let absolute = |path: &PathBuf| std::path::absolute(path).map_err(Error::unreadable(path));
    let config = MirrorConfig {
        from: args.from.clone(),
        key: args.key.as_ref().map(absolute).transpose()?,
        token: args.token.as_ref().map(absolute).transpose()?,
        every_ms: None,
        stale_after_s: None,
        most_gb: None,
        readers: Vec::new(),
    };
    Client::new(&args.from, None, None)?;
    let witness = WitnessDir::create(&args.dir, &args.name, args.listen)?;
    let key = witness.new_key()?;
    let state = witness.state().await?;
    let trusted = state.trust(&trust.origin, &trust.log_key).await;
    state.close().await;
    trusted?;
    MirrorDir::create(witness, config, &trust)?;
    let shown = args.dir.display();
    let text = format!(
        "mirror {} of {} made in {shown}\nvkey {key}\ngive this key to whoever writes policies; start it: sijill mirror serve --dir \
         {shown}\nback up keys/, mirror.toml and forks/; what is in log/ it fetches again, and witness.sqlite must never be restored",
        args.name, trust.origin
    );
    Ok(Answer::good(
        text,
        &json!({"dir": args.dir, "name": args.name, "origin": trust.origin, "vkey": key.to_string()}),
    ))
}

async fn serve(args: &Serve) -> Result<Answer> {
    log_to_stderr(&args.log);
    let dir = MirrorDir::open(&args.dir)?;
    let _lock = dir.witness.lock()?;
    let settings = settings(&dir.witness)?;
    let (mirror, witness) = open(&dir).await?;
    let address = args.listen.unwrap_or(dir.witness.config.listen);
    let listener = TcpListener::bind(address).map_err(|cause| cannot_listen(address, &cause))?;
    let address = listener.local_addr().map_err(|cause| cannot_listen(address, &cause))?;
    let tls = dir.witness.config.tls.as_ref().map(|tls| sijill_web::Tls {
        certificates: dir.witness.resolve(&tls.certificate),
        key: dir.witness.resolve(&tls.key),
    });
    let url = url_of(if tls.is_some() { "https" } else { "http" }, address);
    let stop = CancellationToken::new();
    let stopping = tokio::spawn(stop_on_signal(stop.clone()));
    if args.with_parent {
        stop_with_parent(stop.clone());
    }
    let readers = dir.readers().map_err(|why| Error::Config { path: args.dir.clone(), why })?;
    let router = sijill_mirror::router(&mirror, settings, readers);
    let mut serving = std::pin::pin!(sijill_web::listen(listener, router, tls.as_ref(), stop));
    let mut tasks = tokio::task::JoinSet::new();
    // The certificate is read first: nobody is told of a server that cannot be.
    let served = match futures::poll!(&mut serving) {
        Poll::Ready(served) => served,
        Poll::Pending => {
            let keys: Vec<String> = witness.keys().map(ToString::to_string).collect();
            tracing::info!(%url, ?keys, origin = mirror.standing().origin, size = mirror.standing().size, "mirroring");
            say_ready(&url);
            let following = mirror.clone();
            tasks.spawn(async move { following.follow().await });
            let (config, ear) = (dir.witness.config.clone(), Ear::Mirror(mirror.clone()));
            let cosigner = witness.clone();
            tasks.spawn(async move {
                if let Err(error) = gossip(config, cosigner, ear).await {
                    tracing::error!(code = error.code(), %error, "peers are not heard");
                }
            });
            tasks.spawn(tell(dir.clone(), mirror.clone()));
            serving.await
        }
    };
    stopping.abort();
    tasks.shutdown().await;
    witness.stop().await;
    served.map_err(|error| Error::Serve { code: error.code(), message: error.to_string() })?;
    dir.tell(&standing_json(&mirror))?;
    tracing::info!("stopped; everything cosigned is durable");
    Ok(Answer::good("", &json!({"stopped": true})))
}

/// Judges everything it holds, and is ready to follow.
pub(crate) async fn open(dir: &MirrorDir) -> Result<(Mirror, Witness)> {
    let trust = dir.trust()?;
    let state = dir.witness.state().await?;
    let clock = Arc::new(SystemClock);
    let witness = Witness::start(state.clone(), dir.witness.signers()?, clock.clone()).await?;
    let reader = match (dir.author()?, dir.token()?) {
        (Some(author), _) => Some(Client::new(&dir.config.from, Some(author), Some(trust.origin.clone()))?),
        (None, Some(token)) => Some(Client::new(&dir.config.from, None, None)?.with_token(token)),
        (None, None) => None,
    };
    let opening = Opening {
        trust,
        files: dir.files()?,
        forks: dir.forks(),
        upstream: Arc::new(LogOverHttp::new(&dir.config.from, reader)?),
        witness: witness.clone(),
        state,
        clock,
        every: dir.every(),
        stale_after: dir.stale_after(),
    };
    Ok((Mirror::open(opening).await?, witness))
}

/// Keeps the file that `sijill mirror status` reads.
async fn tell(dir: MirrorDir, mirror: Mirror) {
    let mut told = String::new();
    loop {
        let now = standing_json(&mirror);
        if now != told {
            match dir.tell(&now) {
                Ok(()) => told = now,
                Err(error) => {
                    tracing::warn!(code = error.code(), %error, "how the mirror stands was not written");
                }
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn standing_json(mirror: &Mirror) -> String {
    serde_json::to_string(&mirror.standing()).unwrap_or_default()
}

fn status(path: &Path) -> Result<Answer> {
    let dir = MirrorDir::open(path)?;
    let Some(told) = dir.told()? else {
        return Ok(Answer::good("it has never run", &json!({"origin": dir.trust()?.origin, "size": 0})));
    };
    let number = |name: &str| told[name].as_u64().map_or("?".to_owned(), |number| number.to_string());
    let mut text =
        format!("{}: {} entries held and judged\n", told["origin"].as_str().unwrap_or("?"), number("size"));
    let _ = match told["age"].as_u64() {
        Some(age) => writeln!(text, "a checkpoint was verified {age} s before it was last told"),
        None => writeln!(text, "no checkpoint was verified since it started"),
    };
    if told["stale"] == true {
        text.push_str("STALE: the ledger does not show what it has now\n");
    }
    for level in ["integrity", "authority", "rules"] {
        let (status, why) = (&told["levels"][level]["status"], &told["levels"][level]["why"]);
        let _ = writeln!(
            text,
            "{level}: {}{}",
            words(status),
            why.as_str().map_or(String::new(), |why| format!(" ({why})"))
        );
    }
    if let Some([code, why]) = told["last_error"].as_array().map(Vec::as_slice) {
        let _ = writeln!(text, "last attempt: {}: {}", words(code), words(why));
    }
    for fault in told["faults"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "fault {}: {}", words(&fault["code"]), words(&fault["message"]));
    }
    for fork in told["forks"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "FORK: evidence in {}", dir.forks().join(words(fork)).display());
    }
    let alarm = !told["alarm"].is_null();
    Ok(Answer::good(text, &told).bad_if(alarm))
}

fn words(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn reader(path: &Path) -> Result<Answer> {
    let mut dir = MirrorDir::open(path)?;
    // 244 random bits.
    let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let digest = Digest::of(&token).to_string();
    dir.config.readers.push(digest.clone());
    dir.write()?;
    let text = format!(
        "{token}\nwhoever has this token may read the entries that are mirrored, once the mirror is started anew; it is not kept \
         here. To take it back, remove {digest} from mirror.toml"
    );
    Ok(Answer::good(text, &json!({"token": token, "digest": digest})))
}

fn check_fork(file: &Path, trust: &Path) -> Result<Answer> {
    let bytes = std::fs::read(file).map_err(Error::unreadable(file))?;
    let fork = Fork::parse(&bytes).map_err(Error::audit)?;
    let trust = read_trust(trust)?;
    fork.check(&trust).map_err(Error::audit)?;
    let (smaller, larger) = fork.sizes();
    let text = format!("proved with the log key of {} alone: {}", trust.origin, fork.why());
    let value = json!({"origin": trust.origin, "forked": true, "smaller": smaller, "larger": larger, "why": fork.why()});
    Ok(Answer::good(text, &value).bad_if(true))
}
