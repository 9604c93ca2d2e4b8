//! The HTTP API of a ledger (`docs/api.md`); no rule of the domain lives here.
//!
//! ```text
//! observe → headers → CORS → panics, problems, 406 → rate → load → time → call
//! ```
//!
//! Every call is a thin shell: it reads what was sent, asks the [`Ledger`](sijill_ledger::Ledger) or its
//! registry, and writes what they say. Authority is asked at each request: a token is only a short-lived way
//! to name a key that the ledger knows.
//!
//! **Invariants.** Every refusal is a problem (RFC 9457) with a stable code. Nothing a request holds (path,
//! query, token, event, disclosure) is ever logged or becomes a metric's label. Everything is bounded:
//! bodies, answers in memory, requests, readings, connections, time.
//!
//! ```no_run
//! # async fn example(ledger: sijill_ledger::Ledger, token_key: sijill_event::SigningKey) -> Result<(), Box<dyn std::error::Error>> {
//! let mut settings = sijill_web::Settings::new(token_key);
//! settings.metrics = Some(sijill_web::record_metrics()?);
//! let stop = sijill_web::CancellationToken::new();
//! let router = sijill_web::router(ledger.clone(), settings, stop.clone());
//! let listener = std::net::TcpListener::bind("127.0.0.1:8080")?;
//! // Cancel `stop` on a signal.
//! sijill_web::serve(listener, router, None, ledger, stop).await?;
//! # Ok(())
//! # }
//! ```

mod accept;
mod app;
mod assertion;
mod body;
mod call;
mod describe;
mod error;
mod extract;
mod front;
mod knowing;
mod layer;
mod observe;
mod problem;
mod rate;
mod reading;
mod refusals;
mod serve;
mod settings;
mod shown;
mod token;
mod verification;

pub use app::{router, router_beside};
pub use call::{ForecastAnswer, WarningsAnswer, forecast_table, view_row, view_table, warnings_table};
pub use describe::openapi;
pub use error::WebError;
pub use observe::record_metrics;
pub use problem::{Head, Problem};
pub use rate::Rate;
pub use serve::{ServeError, Tls, listen, serve};
pub use settings::Settings;
pub use tokio_util::sync::CancellationToken;

/// A hash as the ledger's JSON writes it: base64url, where the C2SP formats have base64.
fn hash_text(hash: &sijill_log::Hash) -> String {
    sijill_event::Digest(hash.0).to_string()
}
