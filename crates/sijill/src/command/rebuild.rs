//! `sijill rebuild`: read models made anew from the log.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};
use sijill_ledger::Following;
use sijill_projections::engine::{Built, Log, Projector};
use sijill_projections::{MODELS, Model, ProjectionError};

use crate::answer::Answer;
use crate::data_dir::DataDir;
use crate::error::Result;
use crate::progress;
use crate::running::{existing_key_store, open_error, read_models, store_to_read};

/// `sijill rebuild`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The new tables are filled beside the old ones, which are read and followed until the new ones take their place \
    in one transaction. An interrupted rebuild leaves the old ones as they were; the next one clears it away.\n\nThe digest is a \
    root over all rows (projections/README.md): equal on SQLite and PostgreSQL, on any machine, for the same log and version."
)]
pub struct Args {
    /// The data directory; it may be in use
    #[arg(long)]
    dir: PathBuf,
    #[arg(value_name = "NAME", help = model_help())]
    model: Option<String>,
}

fn model_help() -> String {
    format!("Only this model: {}", MODELS.map(|model| model.name).join(", "))
}

/// Runs `sijill rebuild`.
pub async fn run(args: Args) -> Result<Answer> {
    let models: Vec<&'static Model> = match &args.model {
        None => MODELS.to_vec(),
        Some(name) => {
            let model = MODELS.into_iter().find(|model| model.name == name);
            vec![model.ok_or_else(|| ProjectionError::Unknown(name.clone()))?]
        }
    };
    let (built, entries, seconds) = make(&DataDir::open(&args.dir)?, &models).await?;
    Ok(answer(&built, entries, seconds))
}

/// Makes them; how many entries that took, and seconds.
pub(crate) async fn make(dir: &DataDir, models: &[&'static Model]) -> Result<(Vec<Built>, u64, f64)> {
    let (store, keys) = (store_to_read(dir).await?, existing_key_store(dir).await?);
    let log =
        Following::open(store, keys, dir.master_key()?, &dir.config.origin).await.map_err(open_error)?;
    let base = read_models(dir).await?;
    let projector = Projector { base: &*base, log: &log };
    let bar = progress::bar("rebuilding", log.size());
    let (started, taken) = (Instant::now(), std::sync::atomic::AtomicU64::new(0));
    let tell = |entries| {
        taken.store(entries, std::sync::atomic::Ordering::Relaxed);
        bar.set_position(entries);
    };
    let built = projector.rebuild(models, &tell).await?;
    bar.finish_and_clear();
    Ok((built, taken.into_inner(), started.elapsed().as_secs_f64()))
}

fn answer(built: &[Built], entries: u64, seconds: f64) -> Answer {
    let mut text = String::new();
    for built in built {
        let gaps: u64 = built.digest.gaps.iter().sum();
        let _ = write!(
            text,
            "{:<10} v{} at {}: {} {}",
            built.model.name,
            built.model.version,
            built.size,
            built.digest.subjects,
            built.digest.root.to_base64()
        );
        if gaps > 0 {
            let _ = write!(text, " and {gaps} that cannot be checked");
        }
        text.push('\n');
    }
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    let rate = (entries as f64 / seconds.max(1e-9)).round();
    let _ = write!(text, "{entries} entries of cases and contacts in {seconds:.1} s: {rate:.0} a second");
    let models: Vec<Value> = built
        .iter()
        .map(|built| {
            json!({
                "model": built.model.name, "version": built.model.version, "size": built.size,
                "digest": built.digest.root.to_base64(), "subjects": built.digest.subjects,
                "unchecked": built.digest.gaps.iter().sum::<u64>(),
            })
        })
        .collect();
    Answer::good(
        text,
        &json!({"models": models, "entries": entries, "seconds": seconds, "entries_per_second": rate}),
    )
}
