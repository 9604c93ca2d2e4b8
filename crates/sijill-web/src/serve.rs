//! Listening: HTTP/1.1 and HTTP/2, with TLS where there is a certificate, until told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum_server::accept::{Accept, NoDelayAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sijill_ledger::Ledger;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::Service;

/// Connections open at once; more are closed at once.
const CONNECTIONS: usize = 8_192;
/// Until a client has sent the head of a request, also of the next one on a kept connection.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// HTTP/2: how often a silent peer is asked whether it is there.
const PING: Duration = Duration::from_secs(30);
const STREAMS_PER_CONNECTION: u32 = 128;
/// At the end, until requests in work are cut off. They were not acknowledged; the ledger finishes them all
/// the same.
const GRACE: Duration = Duration::from_secs(30);

/// A certificate chain and its private key, PEM files.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The server's certificate first, then those between it and the root.
    pub certificates: PathBuf,
    /// PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// Why the server could not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A file of the certificate cannot be used.
    #[error("{path}: {why}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Listening failed.
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
}

impl ServeError {
    /// The stable kebab-case code of the failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Tls { .. } => "tls",
            Self::Listen(_) => "listen",
        }
    }
}

/// Answers until `stop` is cancelled: then no connection is taken any more, live answers end, requests in
/// work are answered, and the ledger finishes what it was given. Nothing acknowledged is lost.
///
/// # Errors [`ServeError`] if the certificate or the listener cannot be used; the ledger then runs on.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<&Tls>,
    ledger: Ledger,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    listen(listener, router, tls, stop).await?;
    ledger.shutdown().await;
    Ok(())
}

/// As [`serve`], of whatever is no ledger: until `stop` is cancelled, and then until requests in work are answered.
///
/// # Errors [`ServeError`] if the certificate or the listener cannot be used.
pub async fn listen(
    listener: TcpListener,
    router: Router,
    tls: Option<&Tls>,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let tls = tls.map(Tls::config).transpose()?;
    listener.set_nonblocking(true)?;
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
    configure(&mut server);
    let open = Open { room: Arc::new(Semaphore::new(CONNECTIONS)) };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();

    let stopping = tokio::spawn(async move {
        stop.cancelled_owned().await;
        handle.graceful_shutdown(Some(GRACE));
    });
    let ended = match tls {
        None => server.acceptor(open).serve(service).await,
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(Arc::new(tls)))
                .handshake_timeout(HANDSHAKE_TIMEOUT)
                .acceptor(open);
            server.acceptor(acceptor).serve(service).await
        }
    };
    stopping.abort();
    ended.map_err(ServeError::from)
}

fn configure(server: &mut Server<SocketAddr>) {
    let builder = server.http_builder();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(HEAD_TIMEOUT)
        .max_concurrent_streams(STREAMS_PER_CONNECTION);
}

impl Tls {
    /// TLS 1.2 and 1.3 by rustls and ring; the process-wide default provider is not touched.
    fn config(&self) -> Result<ServerConfig, ServeError> {
        let certificates = CertificateDer::pem_file_iter(&self.certificates)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unusable(&self.certificates, &error))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unusable(&self.key, &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
            .map_err(|error| unusable(&self.certificates, &error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn unusable(path: &Path, error: &impl ToString) -> ServeError {
    ServeError::Tls { path: path.to_owned(), why: error.to_string() }
}

/// Lets a connection in while there is room, and gives its place back when it closes.
#[derive(Debug, Clone)]
struct Open {
    room: Arc<Semaphore>,
}

impl<S: Send + 'static> Accept<TcpStream, S> for Open {
    type Stream = TcpStream;
    type Service = Placed<S>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(TcpStream, Placed<S>)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let place = Arc::clone(&self.room).try_acquire_owned();
        Box::pin(async move {
            let place = place.map_err(|_| io::Error::other("no room for another connection"))?;
            let (stream, service) = NoDelayAcceptor::new().accept(stream, service).await?;
            Ok((stream, Placed { service, _place: Arc::new(place) }))
        })
    }
}

/// A connection's service together with its place.
#[derive(Debug, Clone)]
struct Placed<S> {
    service: S,
    _place: Arc<OwnedSemaphorePermit>,
}

impl<R, S: Service<R, Error = Infallible>> Service<R> for Placed<S> {
    type Response = S::Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.service.call(request)
    }
}
