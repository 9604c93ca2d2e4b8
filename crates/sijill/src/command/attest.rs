//! `sijill attest`: what the read models say, on the ledger.

use std::path::PathBuf;

use serde_json::{Value, json};
use sijill_domain::event::Service;

use crate::answer::Answer;
use crate::data_dir::{DataDir, service_key};
use crate::error::Result;
use crate::running::{Running, Time, read_models};

/// `sijill attest`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An entry of type projection.attested says the digest of each read model at the log's size then, signed by the ledger's \
    service `log`. `sijill audit` folds the models anew and compares, at figures level. A server does it by itself every day \
    (`[figures] attest` in sijill.toml); this command is for a ledger that no server runs."
)]
pub struct Args {
    /// The data directory; no server may be using it
    #[arg(long)]
    dir: PathBuf,
}

/// Runs `sijill attest`.
pub async fn run(args: Args) -> Result<Answer> {
    let dir = DataDir::open(&args.dir)?;
    let key = dir.private_key(&service_key(Service::Log))?;
    let base = read_models(&dir).await?;
    let running = Running::open(&dir, Time::Own).await?;
    let attested = sijill_ledger::attest(running.ledger(), &*base, &key).await;
    running.close().await;
    let (said, receipt) = attested?;
    let models: Vec<Value> = said
        .models
        .iter()
        .map(|model| json!({"model": model.name.as_str(), "version": model.version, "root": model.root.to_string(), "gaps": model.gaps}))
        .collect();
    let text = format!(
        "{} read models as of {} entries are attested by entry {}",
        models.len(),
        said.size,
        receipt.index
    );
    Ok(Answer::good(text, &json!({"index": receipt.index, "size": said.size, "models": models})))
}
