//! `sijill witness`: a witness of ledgers and other transparency logs.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;

use serde_json::{Value, json};
use sijill_audit::Fork;
use sijill_log::{Checkpoint, CosignatureSigner, KeyKind, NoteVerifier};
use sijill_web::CancellationToken;
use sijill_witness::{Settings, State, SystemClock, Witness};

use super::read_trust;
use super::serve::{cannot_listen, log_to_stderr, say_ready, stop_on_signal, stop_with_parent, url_of};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::gossip::{Ear, gossip};
use crate::key_file::write_secret;
use crate::mirror_dir::MirrorDir;
use crate::witness_dir::{WitnessDir, key_id};

/// `sijill witness …`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a witness: directory, settings, first key
    Init {
        /// Where its directory is made
        #[arg(long)]
        dir: PathBuf,
        /// Its name for good, best a URL without scheme: witness.moh.example
        #[arg(long)]
        name: String,
        /// Where it is to listen
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
    },
    /// Serve it: `POST /add-checkpoint` as C2SP tlog-witness v1.0.0 has it
    Serve(Serve),
    /// The logs it witnesses
    #[command(subcommand)]
    Logs(Logs),
    /// The keys it signs with
    #[command(subcommand)]
    Keys(Keys),
    /// Checkpoints that a log signed and that do not extend what was cosigned
    #[command(after_help = "Exit status 1 if a fork is among them.")]
    Evidence {
        /// The witness's directory
        #[arg(long)]
        dir: PathBuf,
        /// Write each to a file of its own in this folder
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
}

/// `sijill witness serve`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "When it is ready it prints one line of JSON on stdout: {\"serving\":\"http://…\"}. It stops on SIGINT or \
    SIGTERM; killed at any moment, it goes on from what it cosigned last."
)]
pub struct Serve {
    /// The witness's directory
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

/// `sijill witness logs …`
#[derive(Debug, clap::Subcommand)]
pub enum Logs {
    /// Show them, and what was cosigned last of each
    List {
        /// The witness's directory
        #[arg(long)]
        dir: PathBuf,
    },
    /// Witness a log from now on, also while the witness runs; or trust another key of it
    Add {
        /// The witness's directory
        #[arg(long)]
        dir: PathBuf,
        /// The log's verifier key, from somebody you believe
        #[arg(required_unless_present = "trust")]
        vkey: Option<String>,
        /// The first line of its checkpoints, if it is not the key's name
        #[arg(long, requires = "vkey")]
        origin: Option<String>,
        /// The ledger's trust file, instead of a key
        #[arg(long, value_name = "FILE", conflicts_with = "vkey")]
        trust: Option<PathBuf>,
    },
    /// Witness a log no more, or trust one key of it no more. What was cosigned of it stays known
    Remove {
        /// The witness's directory
        #[arg(long)]
        dir: PathBuf,
        /// The log
        origin: String,
        /// This key alone
        #[arg(long)]
        vkey: Option<String>,
    },
}

/// `sijill witness keys …`
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "To replace a key: `keys new`, start the witness anew, and let every policy that names the old key name the \
    new one; both sign meanwhile. Then `keys retire OLD`, and start it anew."
)]
pub enum Keys {
    /// Show them
    List {
        /// The witness's directory
        #[arg(long)]
        dir: PathBuf,
    },
    /// Make another one, under the same name; it signs from the next start on, beside those there are
    New {
        /// The witness's directory
        #[arg(long)]
        dir: PathBuf,
    },
    /// Let one sign no more, from the next start on
    Retire {
        /// The witness's directory
        #[arg(long)]
        dir: PathBuf,
        /// Its id, 8 hex digits
        id: String,
    },
}

/// Runs `sijill witness …`.
pub async fn run(command: Command) -> Result<Answer> {
    match command {
        Command::Init { dir, name, listen } => init(&dir, &name, listen).await,
        Command::Serve(args) => serve(&args).await,
        Command::Logs(command) => logs(command).await,
        Command::Keys(command) => keys(command),
        Command::Evidence { dir, out } => evidence(&dir, out.as_deref()).await,
    }
}

async fn init(path: &Path, name: &str, listen: Option<SocketAddr>) -> Result<Answer> {
    let dir = WitnessDir::create(path, name, listen)?;
    let key = dir.new_key()?;
    dir.state().await?.close().await;
    let shown = path.display();
    let text = format!(
        "witness {name} made in {shown}\nvkey {key}\ngive this key to whoever writes policies; let it witness a log: sijill witness logs \
         add --dir {shown} VKEY; start it: sijill witness serve --dir {shown}\nback up keys/ and nothing else: a restored witness.sqlite \
         would cosign a second history"
    );
    Ok(Answer::good(text, &json!({"dir": path, "name": name, "vkey": key.to_string()})))
}

async fn serve(args: &Serve) -> Result<Answer> {
    log_to_stderr(&args.log);
    let dir = WitnessDir::open(&args.dir)?;
    if MirrorDir::is(&args.dir) {
        return Err(Error::Usage(
            "this is a mirror, which cosigns only what it has replayed: start it with `sijill mirror serve`"
                .to_owned(),
        ));
    }
    let _lock = dir.lock()?;
    let state = dir.state().await?;
    let witness = Witness::start(state, dir.signers()?, Arc::new(SystemClock)).await?;
    let address = args.listen.unwrap_or(dir.config.listen);
    let listener = TcpListener::bind(address).map_err(|cause| cannot_listen(address, &cause))?;
    let address = listener.local_addr().map_err(|cause| cannot_listen(address, &cause))?;
    let tls = dir.config.tls.as_ref().map(|tls| sijill_web::Tls {
        certificates: dir.resolve(&tls.certificate),
        key: dir.resolve(&tls.key),
    });
    let url = url_of(if tls.is_some() { "https" } else { "http" }, address);
    let stop = CancellationToken::new();
    let stopping = tokio::spawn(stop_on_signal(stop.clone()));
    if args.with_parent {
        stop_with_parent(stop.clone());
    }
    let router = sijill_witness::router(witness.clone(), settings(&dir)?);
    let mut serving = std::pin::pin!(sijill_web::listen(listener, router, tls.as_ref(), stop));
    let mut gossiping = None;
    // The certificate is read first: nobody is told of a server that cannot be.
    let served = match futures::poll!(&mut serving) {
        Poll::Ready(served) => served,
        Poll::Pending => {
            let keys: Vec<String> = witness.keys().map(ToString::to_string).collect();
            tracing::info!(%url, ?keys, "witnessing");
            say_ready(&url);
            let (config, cosigner) = (dir.config.clone(), witness.clone());
            gossiping = Some(tokio::spawn(async move {
                if let Err(error) = gossip(config, cosigner, Ear::Witness).await {
                    tracing::error!(code = error.code(), %error, "peers are not heard");
                }
            }));
            serving.await
        }
    };
    stopping.abort();
    if let Some(gossiping) = gossiping {
        gossiping.abort();
        let _ = gossiping.await;
    }
    witness.stop().await;
    served.map_err(|error| Error::Serve { code: error.code(), message: error.to_string() })?;
    tracing::info!("stopped; everything cosigned is durable");
    Ok(Answer::good("", &json!({"stopped": true})))
}

pub(super) fn settings(dir: &WitnessDir) -> Result<Settings> {
    let mut settings = Settings { behind_proxy: dir.config.behind_proxy, ..Settings::default() };
    if dir.config.rate_limit == Some(false) {
        settings.rate = None;
    }
    if dir.config.metrics.unwrap_or(true) {
        let recorded = sijill_web::record_metrics();
        let recorded =
            recorded.map_err(|error| Error::Serve { code: "metrics", message: error.to_string() })?;
        settings.metrics = Some(Arc::new(move || recorded.render()));
    }
    Ok(settings)
}

async fn logs(command: Logs) -> Result<Answer> {
    let (Logs::List { dir } | Logs::Add { dir, .. } | Logs::Remove { dir, .. }) = &command;
    let state = WitnessDir::open(dir)?.state().await?;
    let answer = change_logs(&state, command).await;
    state.close().await;
    answer
}

async fn change_logs(state: &State, command: Logs) -> Result<Answer> {
    match command {
        Logs::List { .. } => list_logs(state).await,
        Logs::Add { vkey, origin, trust, .. } => {
            let (origin, key) = match (trust, vkey) {
                (Some(file), _) => {
                    let trust = read_trust(&file)?;
                    (trust.origin, trust.log_key)
                }
                (None, Some(vkey)) => {
                    let key = read_vkey(&vkey)?;
                    (origin.unwrap_or_else(|| key.name().to_string()), key)
                }
                (None, None) => {
                    return Err(Error::Usage("which log? Give its key or --trust FILE".to_owned()));
                }
            };
            state.trust(&origin, &key).await?;
            let value = json!({"origin": origin, "vkey": key.to_string()});
            Ok(Answer::good(format!("{origin} is witnessed, signed by {key}"), &value))
        }
        Logs::Remove { origin, vkey, .. } => {
            let key = vkey.as_deref().map(read_vkey).transpose()?;
            state.distrust(&origin, key.as_ref()).await?;
            let left = state.keys_of(&origin).await?;
            let text = match left.len() {
                0 => format!("{origin} is witnessed no more"),
                _ => format!("{origin} is witnessed on, with {} key(s)", left.len()),
            };
            Ok(Answer::good(text, &json!({"origin": origin, "keys": vkeys(&left)})))
        }
    }
}

async fn list_logs(state: &State) -> Result<Answer> {
    let (mut text, mut all) = (String::new(), Vec::new());
    for (origin, keys) in state.logs().await? {
        let held = state.held(&origin).await?;
        let size = held.as_ref().map(|held| held.checkpoint.size);
        let last =
            size.map_or("nothing cosigned yet".to_owned(), |size| format!("cosigned up to size {size}"));
        let _ = writeln!(text, "{origin}: {last}");
        for key in &keys {
            let _ = writeln!(text, "  {key}");
        }
        let at = held.as_ref().map(|held| held.at);
        let root = held.map(|held| held.checkpoint.root.to_base64());
        all.push(json!({"origin": origin, "keys": vkeys(&keys), "size": size, "root": root, "at": at}));
    }
    let text = if text.is_empty() { "no log is witnessed yet".to_owned() } else { text };
    Ok(Answer::good(text, &Value::from(all)))
}

fn vkeys(keys: &[NoteVerifier]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

fn read_vkey(text: &str) -> Result<NoteVerifier> {
    let key: NoteVerifier = text.parse().map_err(|error| Error::Usage(format!("`{text}`: {error}")))?;
    if key.kind() == KeyKind::Log {
        return Ok(key);
    }
    Err(Error::Usage(format!("`{text}` is the key of a witness, not of a log")))
}

fn keys(command: Keys) -> Result<Answer> {
    match command {
        Keys::List { dir } => {
            let dir = WitnessDir::open(&dir)?;
            let signers = dir.signers()?;
            let signing: Vec<NoteVerifier> =
                signers.iter().map(CosignatureSigner::verifier).cloned().collect();
            let retired = dir.retired()?;
            let mut text = String::new();
            for (keys, said) in [(&signing, "signs"), (&retired, "retired")] {
                for key in keys {
                    let _ = writeln!(text, "{} {said} {key}", key_id(key));
                }
            }
            Ok(Answer::good(text, &json!({"signing": vkeys(&signing), "retired": vkeys(&retired)})))
        }
        Keys::New { dir } => {
            let dir = WitnessDir::open(&dir)?;
            if dir.signers()?.len() >= sijill_witness::MAX_KEYS {
                return Err(Error::Usage(
                    "the witness has as many keys as it may: retire one first".to_owned(),
                ));
            }
            let key = dir.new_key()?;
            let text = format!(
                "{} {key}\nit signs beside the others when the witness is started anew",
                key_id(&key)
            );
            Ok(Answer::good(text, &json!({"id": key_id(&key), "vkey": key.to_string()})))
        }
        Keys::Retire { dir, id } => {
            let key = WitnessDir::open(&dir)?.retire(&id)?;
            let text =
                format!("{id} signs no more once the witness is started anew; it lies in keys/retired");
            Ok(Answer::good(text, &json!({"id": id, "vkey": key.to_string()})))
        }
    }
}

async fn evidence(dir: &Path, out: Option<&Path>) -> Result<Answer> {
    let state = WitnessDir::open(dir)?.state().await?;
    let (kept, beyond) = state.evidence().await?;
    let (mut text, mut all, mut forked) = (String::new(), Vec::new(), false);
    for (nth, evidence) in kept.iter().enumerate() {
        let forks = evidence.kind == sijill_witness::EvidenceKind::Fork;
        forked |= forks;
        let why = if forks {
            "the log signed two roots for one size: it has two histories"
        } else {
            "the log signed a checkpoint that was not shown to extend the one cosigned before"
        };
        let _ = writeln!(
            text,
            "{} {}, {} time(s), first at {}: {why}\n{}\n{}",
            evidence.origin,
            evidence.kind.as_str(),
            evidence.times,
            evidence.seen.0,
            evidence.held,
            evidence.shown
        );
        let value = json!({
            "sijill": "fork-evidence/1", "origin": evidence.origin, "kind": evidence.kind.as_str(), "why": why,
            "held": evidence.held.to_string(), "shown": evidence.shown.to_string(), "old": evidence.old,
            "proof": evidence.proof.lines().collect::<Vec<_>>(), "first": evidence.seen.0, "last": evidence.seen.1,
            "times": evidence.times,
        });
        if let Some(folder) = out {
            std::fs::create_dir_all(folder).map_err(Error::unwritable(folder))?;
            let name = format!("{}-{nth}.json", evidence.kind.as_str());
            let file =
                fork_of(&state, evidence).await?.map_or_else(|| value.to_string(), |fork| fork.to_json());
            write_secret(&folder.join(name), format!("{file}\n").as_bytes())?;
        }
        all.push(value);
    }
    for (origin, times) in &beyond {
        let _ = writeln!(text, "{origin}: {times} more were counted and not kept");
    }
    state.close().await;
    let text =
        if text.is_empty() { "nothing: every log extended what was cosigned".to_owned() } else { text };
    let beyond: serde_json::Map<_, _> =
        beyond.into_iter().map(|(origin, times)| (origin, Value::from(times))).collect();
    Ok(Answer::good(text, &json!({"evidence": all, "beyond": beyond})).bad_if(forked))
}

/// A fork as a file that convicts the log by itself; `None` for what proves nothing.
async fn fork_of(state: &State, evidence: &sijill_witness::Evidence) -> Result<Option<Fork>> {
    let Ok(shown) = Checkpoint::parse(evidence.shown.text()) else { return Ok(None) };
    let keys = state.keys_of(&evidence.origin).await?;
    let prove = |key: &NoteVerifier| {
        Fork::prove(evidence.held.clone(), evidence.shown.clone(), shown.root, Vec::new(), key).ok()
    };
    Ok(keys.iter().find_map(prove))
}
