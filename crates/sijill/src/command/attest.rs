//! `sijill attest`: what the read models say, on the ledger.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use sijill_domain::event::Service;
use uuid::Uuid;

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
    let grace = dir.config.figures.grace_ms();
    let published = match &attested {
        Ok(_) => sijill_ledger::publish(running.ledger(), &*base, &key, grace, &|_| Uuid::now_v7()).await,
        Err(_) => Ok(Vec::new()),
    };
    running.close().await;
    let (said, receipt) = attested?;
    let published = published?;
    let models: Vec<Value> = said
        .models
        .iter()
        .map(|model| json!({"model": model.name.as_str(), "version": model.version, "root": model.root.to_string(), "gaps": model.gaps}))
        .collect();
    let mut text = format!(
        "{} read models as of {} entries are attested by entry {}",
        models.len(),
        said.size,
        receipt.index
    );
    for (said, receipt) in &published {
        let _ = write!(text, "\nfigures of {} are published by entry {}", said.month, receipt.index);
    }
    let months: Vec<Value> = published
        .iter()
        .map(|(said, receipt)| json!({"month": said.month, "size": said.size, "index": receipt.index}))
        .collect();
    let json = json!({"index": receipt.index, "size": said.size, "models": models, "published": months});
    Ok(Answer::good(text, &json))
}
