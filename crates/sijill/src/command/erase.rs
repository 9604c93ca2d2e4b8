//! `sijill erase`: values destroyed by order, what became of the orders, and a database without their traces.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use sijill_casework::case::{CaseFile, ErasureState};
use sijill_ledger::Following;
use sijill_projections::engine::{Projector, SqliteBase};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

use super::case::Filled;
use crate::answer::Answer;
use crate::casework::reading::From;
use crate::config::Engine;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::running::{existing_key_store, open_error, read_models, store_to_read};

/// `sijill erase …`
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Examples:\n  \
    sijill erase order 7Q ground=request fields=identity.name,identity.civil_number --key amal.key --url $URL\n  \
    sijill erase order 7Q ground=court_order --key amal.key --url $URL        (everything, of a closed case)\n  \
    sijill erase approve 7Q $ERASURE --key chief.key --url $URL\n\
    The erasure is the hash of the event that ordered it: `sijill erase status`.")]
#[expect(missing_docs, reason = "the flattened arguments have their own")]
pub enum Command {
    /// Order that values of a case or contact be destroyed; a supervisor who is somebody else has to approve
    Order {
        /// The case's or contact's id
        case: String,
        #[command(flatten)]
        act: Filled,
    },
    /// Approve an order: it is carried out at once, and cannot be undone
    Approve {
        /// The case's or contact's id
        case: String,
        /// The hash of the order
        erasure: String,
        #[command(flatten)]
        act: Filled,
    },
    /// Refuse an order
    Refuse {
        /// The case's or contact's id
        case: String,
        /// The hash of the order
        erasure: String,
        #[command(flatten)]
        act: Filled,
    },
    /// Confirm that your unit, which was told of an erasure, has erased what it held
    Confirm {
        /// The case's or contact's id
        case: String,
        /// The hash of the order
        erasure: String,
        #[command(flatten)]
        act: Filled,
    },
    /// What was ordered, approved and done, and who has confirmed
    Status {
        /// The case's or contact's id
        case: String,
        #[command(flatten)]
        from: From,
    },
    /// Write database, key store and read models anew, so that their files hold nothing but what there is (SQLite). A running
    /// server waits meanwhile
    Compact {
        /// The data directory
        #[arg(long)]
        dir: PathBuf,
    },
}

/// Runs `sijill erase …`.
pub async fn run(command: Command) -> Result<Answer> {
    let named = |mut act: Filled, erasure: &str| {
        act.fields.push(format!("erasure={erasure}"));
        act
    };
    match command {
        Command::Order { case, act } => act.sign(&case, "erasure.ordered").await,
        Command::Approve { case, erasure, act } => named(act, &erasure).sign(&case, "erasure.approved").await,
        Command::Refuse { case, erasure, act } => named(act, &erasure).sign(&case, "erasure.refused").await,
        Command::Confirm { case, erasure, act } => {
            named(act, &erasure).sign(&case, "erasure.confirmed").await
        }
        Command::Status { case, from } => status(case, from).await,
        Command::Compact { dir } => compact(&DataDir::open(&dir)?).await,
    }
}

async fn status(id: String, from: From) -> Result<Answer> {
    from.read(move |reading| {
        let history = reading.history(&id)?;
        let Some(file) = &history.file else {
            return Err(Error::Usage(format!(
                "`{id}` began under rule-set 1, under which nothing is erased"
            )));
        };
        Ok(Answer::good(
            describe(&id, file),
            &json!({"id": id, "erased": file.outline.erased.is_some(), "erasures": list(file)}),
        ))
    })
    .await
}

fn word(state: ErasureState) -> &'static str {
    match state {
        ErasureState::Ordered => "ordered",
        ErasureState::Refused => "refused",
        ErasureState::Approved { .. } => "approved",
        ErasureState::Done => "done",
    }
}

fn describe(id: &str, file: &CaseFile) -> String {
    let orders = &file.outline.erasures;
    if orders.is_empty() {
        return format!("{id}: nothing was ordered to be erased");
    }
    let mut text =
        format!("{id}: {}", if file.outline.erased.is_some() { "erased" } else { "not erased as a whole" });
    for (hash, one) in orders {
        let fields = one.fields.as_ref().map(|fields| {
            let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
            fields.join(", ")
        });
        let what = fields.as_deref().unwrap_or("everything");
        let _ = write!(text, "\n{:<9} {hash}  {}  {what}", word(one.state), one.ground);
        for (unit, confirmed) in &one.told {
            let said = if *confirmed { "confirmed" } else { "was told, and has not confirmed" };
            let _ = write!(text, "\n          {unit} {said}");
        }
    }
    text
}

fn list(file: &CaseFile) -> Vec<Value> {
    let order = |(hash, one): (&sijill_event::Digest, &sijill_casework::case::Erasure)| {
        let told: Vec<Value> =
            one.told.iter().map(|(unit, confirmed)| json!({"unit": unit, "confirmed": confirmed})).collect();
        json!({
            "erasure": hash, "index": one.index, "ground": one.ground, "state": word(one.state), "fields": one.fields,
            "events": one.events, "told": told,
        })
    };
    file.outline.erasures.iter().map(order).collect()
}

const ON_POSTGRES: &str = "on PostgreSQL: VACUUM (FULL) disclosure, attachment, attachment_chunk, match_key, and the tables of the schema \
    projections; in the key store VACUUM (FULL) data_key; then CHECKPOINT, and let archived WAL of both expire as backups do";

async fn compact(dir: &DataDir) -> Result<Answer> {
    let (mut lines, mut files) = (Vec::new(), Vec::new());
    if dir.config.engine == Engine::Sqlite {
        let path = dir.database_path();
        if !path.is_file() {
            return Err(Error::NotADataDirectory(dir.path().to_path_buf()));
        }
        let store = SqliteStore::open(&path).await?;
        store.compact().await?;
        store.close().await;
        files.push(path);
    }
    if dir.config.keystore_url.is_none() && dir.keystore_path().is_file() {
        let keys = SqliteKeyStore::open(dir.keystore_path()).await?;
        keys.compact().await?;
        keys.close().await;
        files.push(dir.keystore_path());
    }
    if dir.config.engine != Engine::Sqlite || dir.projections_path().is_file() {
        bring_up(dir).await?;
    }
    if dir.config.engine == Engine::Sqlite && dir.projections_path().is_file() {
        let base = SqliteBase::open(&dir.projections_path()).await?;
        base.compact().await?;
        base.close().await;
        files.push(dir.projections_path());
    }
    lines.extend(files.iter().map(|file| format!("written anew: {}", file.display())));
    if dir.config.engine != Engine::Sqlite || dir.config.keystore_url.is_some() {
        lines.push(ON_POSTGRES.to_owned());
    }
    Ok(Answer::good(lines.join("\n"), &json!({"compacted": files, "notes": lines})))
}

/// Brings the read models to the end of the log, as a server does by itself: what rested on erased values goes with that.
async fn bring_up(dir: &DataDir) -> Result<()> {
    let (store, keys) = (store_to_read(dir).await?, existing_key_store(dir).await?);
    let log =
        Following::open(store, keys, dir.master_key()?, &dir.config.origin).await.map_err(open_error)?;
    let base = read_models(dir).await?;
    let projector = Projector { base: &*base, log: &log };
    let unbuilt = projector.unbuilt().await?;
    if !unbuilt.is_empty() {
        projector.rebuild(&unbuilt, &|_| ()).await?;
    }
    while !projector.follow().await? {}
    Ok(())
}
