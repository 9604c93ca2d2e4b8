//! `sijill serve`: a data directory over HTTP.

use std::io::{self, IsTerminal, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::json;
use sijill_domain::event::{Clock, Service};
use sijill_event::Timestamp;
use sijill_ledger::Ledger;
use sijill_projections::engine::Base;
use sijill_web::{CancellationToken, Settings};
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;

use crate::answer::Answer;
use crate::attesting::{every_day, keep_witnessed, record_heads, record_witnessed};
use crate::data_dir::{DataDir, TOKEN_KEY, service_key};
use crate::error::{Error, Result};
use crate::running::{Running, Time, read_models};

/// `sijill serve`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "When it is ready it prints one line of JSON on stdout: {\"serving\":\"http://…\"}. It stops on SIGINT or \
    SIGTERM when everything it has answered for is durable. SIJILL_LOG sets what is logged (default info); no log line holds a path, a body or a secret.\n\nA ledger that is behind its seal refuses to start: the \
    database was restored from a backup or a stale replica, and signing on would fork the log. The message says what to do."
)]
pub struct Args {
    /// The data directory
    #[arg(long)]
    dir: PathBuf,
    /// Where to listen, instead of what sijill.toml says; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Certificate chain, PEM: serve HTTPS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// How to log on stderr
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    log: String,
    /// Set the clock of a simulated ledger, RFC 3339; it runs on from there
    #[arg(long, value_name = "DATE-TIME")]
    clock_at: Option<String>,
}

impl Args {
    /// `sijill serve --dir DIR --listen ADDR`.
    pub(crate) fn of(dir: PathBuf, listen: SocketAddr) -> Self {
        Self {
            dir,
            listen: Some(listen),
            tls_cert: None,
            tls_key: None,
            log: "text".to_string(),
            clock_at: None,
        }
    }
}

/// Runs `sijill serve` until it is told to stop.
pub async fn run(args: Args) -> Result<Answer> {
    log_to_stderr(&args.log);
    let dir = DataDir::open(&args.dir)?;
    let at = args.clock_at.as_deref().map(read_time).transpose()?;
    let running = Running::open(&dir, at.map_or(Time::Own, Time::At)).await?;
    let ledger = running.ledger().clone();

    let address = args.listen.unwrap_or(dir.config.listen);
    let listener = TcpListener::bind(address).map_err(|cause| cannot_listen(address, &cause))?;
    let address = listener.local_addr().map_err(|cause| cannot_listen(address, &cause))?;
    let tls = tls(&args, &dir);
    let stop = CancellationToken::new();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = url_of(scheme, address);
    let sites = sites(&dir, &url, address.port());
    if let Some(note) = no_secure_context(scheme, address).filter(|_| dir.config.web.sites.is_empty()) {
        tracing::warn!("{note}");
    }
    let mail = dir.config.mail(sites.first().map_or("", String::as_str));
    let mail = mail.map_err(|why| Error::Config { path: dir.config_path(), why: why.to_string() })?;
    let read_models = read_models(&dir).await?;
    let mut desk = sijill_desk::Desk::new(ledger.clone(), sites);
    desk.read_models = Some(Arc::clone(&read_models));
    let mut settings = settings(&dir, tls.is_some())?;
    settings.read_models = Some(Arc::clone(&read_models));
    let desk = sijill_desk::router(desk);
    let router = sijill_web::router_beside(desk, ledger.clone(), settings, stop.clone());
    let mailing = mail.map(|mail| tokio::spawn(mail.follow(ledger.clone())));
    let attesting = attesting(&dir, &ledger, &read_models)?;
    let committing = committing(&dir, &ledger)?;
    let recording = recording(&dir, &ledger)?;
    let keeping =
        dir.config.witnesses.as_ref().map(|_| tokio::spawn(keep_witnessed(ledger.clone(), dir.witnessed())));
    let mut projecting = None;
    let stopping = tokio::spawn(stop_on_signal(stop.clone()));

    let size = ledger.published().checkpoint.size;
    let serving = sijill_web::serve(listener, router, tls.as_ref(), ledger.clone(), stop);
    let mut serving = std::pin::pin!(serving);
    // The certificate is read first: nobody is told of a server that cannot be.
    let served = match futures::poll!(&mut serving) {
        Poll::Ready(served) => served,
        Poll::Pending => {
            tracing::info!(%url, origin = ledger.origin(), size, "serving");
            say_ready(&url);
            projecting = Some(tokio::spawn(sijill_ledger::project(ledger.clone(), read_models)));
            serving.await
        }
    };
    stopping.abort();
    if let Some(projecting) = projecting {
        // It goes on where it stopped: position and rows are one transaction.
        projecting.abort();
        let _ = projecting.await;
    }
    let recording = recording.into_iter().chain(committing).chain(keeping);
    for task in mailing.into_iter().chain(attesting).chain(recording) {
        task.abort();
    }
    served.map_err(|error| Error::Serve { code: error.code(), message: error.to_string() })?;
    let size = ledger.published().checkpoint.size;
    drop(ledger);
    running.close().await;
    tracing::info!(size, "stopped; everything answered for is durable");
    Ok(Answer::good("", &json!({"stopped": true, "size": size})))
}

/// The daily word on the read models, of a ledger whose days are the world's and whose key for it is here.
fn attesting(dir: &DataDir, ledger: &Ledger, base: &Arc<dyn Base>) -> Result<Option<JoinHandle<()>>> {
    let registry = ledger.registry();
    let named = service_key(Service::Log);
    let wanted = dir.config.figures.attest.unwrap_or(true) && registry.clock() == Some(Clock::Live);
    if !wanted || registry.rules() != Some(2) || !dir.key_path(&named).is_file() {
        return Ok(None);
    }
    let key = dir.private_key(&named)?;
    let grace = dir.config.figures.grace_ms();
    Ok(Some(tokio::spawn(every_day(ledger.clone(), Arc::clone(base), key, grace))))
}

/// Records of what witnesses cosigned, of a ledger whose rules know them and whose key for it is here.
fn recording(dir: &DataDir, ledger: &Ledger) -> Result<Option<JoinHandle<()>>> {
    let named = service_key(Service::Log);
    let Some(settings) = &dir.config.witnesses else { return Ok(None) };
    // Witnesses vouch for the world's time, which is not a simulated or imported ledger's.
    let live = ledger.registry().clock() == Some(Clock::Live);
    if !live || ledger.registry().rules() != Some(2) || !dir.key_path(&named).is_file() {
        return Ok(None);
    }
    let (key, every) =
        (dir.private_key(&named)?, Duration::from_secs(settings.record_every_s.unwrap_or(600)));
    Ok(Some(tokio::spawn(record_witnessed(ledger.clone(), key, every))))
}

/// The ledger's commitments to its heads, likewise.
fn committing(dir: &DataDir, ledger: &Ledger) -> Result<Option<JoinHandle<()>>> {
    let named = service_key(Service::Log);
    let every = dir.config.heads.every();
    let Some(every) =
        every.filter(|_| ledger.registry().rules() == Some(2) && dir.key_path(&named).is_file())
    else {
        return Ok(None);
    };
    Ok(Some(tokio::spawn(record_heads(ledger.clone(), dir.private_key(&named)?, every))))
}

/// Where a server that listens here is reached from this machine: every address is also its own.
pub(crate) fn url_of(scheme: &str, address: SocketAddr) -> String {
    let port = address.port();
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("{scheme}://127.0.0.1:{port}"),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("{scheme}://[::1]:{port}"),
        _ => format!("{scheme}://{address}"),
    }
}

/// What whoever serves other machines without TLS is to know: a browser there can do everything but make a key and sign.
pub(crate) fn no_secure_context(scheme: &str, address: SocketAddr) -> Option<String> {
    (scheme == "http" && !address.ip().is_loopback()).then(|| {
        format!(
            "listening on {address} without TLS: browsers make keys and sign in secure contexts only, that is on https:// or, on this \
             machine, on http://127.0.0.1:{0} and http://localhost:{0}. For other devices give --tls-cert and --tls-key, or put a \
             proxy with TLS before it, and name the address they use in sijill.toml: [web], sites = [\"https://…\"]",
            address.port()
        )
    })
}

/// Where the pages are reached: what the settings say, or this server by its own address.
fn sites(dir: &DataDir, url: &str, port: u16) -> Vec<String> {
    if dir.config.web.sites.is_empty() {
        let scheme = url.split_once(':').map_or("http", |(scheme, _)| scheme);
        return vec![url.to_owned(), format!("{scheme}://localhost:{port}")];
    }
    dir.config.web.sites.clone()
}

fn settings(dir: &DataDir, https: bool) -> Result<Settings> {
    let web = &dir.config.web;
    let mut settings = Settings::new(dir.private_key(TOKEN_KEY)?);
    settings.behind_proxy = web.behind_proxy;
    settings.cors_origins.clone_from(&web.cors_origins);
    settings.https_only = https || web.https_only;
    if web.rate_limit == Some(false) {
        settings.rate = None;
    }
    if web.metrics.unwrap_or(true) {
        let metrics = sijill_web::record_metrics();
        let metrics =
            metrics.map_err(|error| Error::Serve { code: "metrics", message: error.to_string() })?;
        settings.metrics = Some(metrics);
    }
    Ok(settings)
}

fn tls(args: &Args, dir: &DataDir) -> Option<sijill_web::Tls> {
    match (&args.tls_cert, &args.tls_key) {
        (Some(certificates), Some(key)) => {
            Some(sijill_web::Tls { certificates: certificates.clone(), key: key.clone() })
        }
        _ => dir.config.tls.as_ref().map(|tls| sijill_web::Tls {
            certificates: dir.resolve(&tls.certificate),
            key: dir.resolve(&tls.key),
        }),
    }
}

/// One line on stdout, so that whoever started the server learns the port and that it is ready.
pub(super) fn say_ready(url: &str) {
    let mut out = io::stdout().lock();
    // Nobody needs to be reading.
    let _ = writeln!(out, "{}", json!({"serving": url})).and_then(|()| out.flush());
}

fn read_time(text: &str) -> Result<u64> {
    let time = Timestamp::parse(text).and_then(|time| u64::try_from(time.unix_ms()).ok());
    time.ok_or_else(|| Error::Usage(format!("`{text}` is no RFC 3339 date-time with offset")))
}

pub(super) fn cannot_listen(address: SocketAddr, cause: &io::Error) -> Error {
    Error::Serve { code: "listen", message: format!("cannot listen on {address}: {cause}") }
}

pub(super) fn log_to_stderr(format: &str) {
    let filter = EnvFilter::try_from_env("SIJILL_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second subscriber in one process is refused; the first then stays.
    let _ = match format {
        "json" => builder.json().flatten_event(true).try_init(),
        _ => builder.with_ansi(io::stderr().is_terminal()).try_init(),
    };
}

/// Stops when standard input ends. On a thread of its own: a read of it cannot be cancelled.
pub(super) fn stop_with_parent(stop: CancellationToken) {
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        stop.cancel();
    });
}

pub(super) async fn stop_on_signal(stop: CancellationToken) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    tracing::info!("stopping: requests in work are answered, new ones are not taken");
    stop.cancel();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_where_browsers_can_sign_and_whoever_opens_it_to_others_is_told() {
        for (address, url, told) in [
            ("127.0.0.1:8420", "http://127.0.0.1:8420", false),
            ("[::1]:8420", "http://[::1]:8420", false),
            ("0.0.0.0:8420", "http://127.0.0.1:8420", true),
            ("[::]:8420", "http://[::1]:8420", true),
            ("192.0.2.7:8420", "http://192.0.2.7:8420", true),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(url_of("http", address), url);
            assert_eq!(no_secure_context("http", address).is_some(), told, "{address}");
            assert_eq!(no_secure_context("https", address), None);
        }
    }
}
