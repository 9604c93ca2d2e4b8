//! `sijill documents`: code lists, calendars and policies, brought to the ledger and published on it.

mod council;
mod publish;

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;
use sijill_casework::calendar::Calendar;
use sijill_casework::codes::CodeList;
use sijill_casework::policy::Policy;
use sijill_casework::shipped;
use sijill_domain::event::DocumentKind;
use sijill_event::Digest;

use self::publish::{Members, New};
use super::Target;
use crate::answer::Answer;
use crate::casework::reading::From;
use crate::error::{Error, Result};
use crate::gate::Gate;

/// `sijill documents …`
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the flattened arguments have their own")]
pub enum Command {
    /// Bring the bytes of a document, to be proposed by its hash with `sijill members propose`
    Put {
        /// The document
        file: PathBuf,
        /// What it is
        #[arg(long, value_parser = read_kind)]
        kind: DocumentKind,
        #[command(flatten)]
        target: Target,
    },
    /// Bring a document, propose to publish it if nobody has, and approve
    Publish {
        /// The document
        file: PathBuf,
        /// What it is
        #[arg(long, value_parser = read_kind)]
        kind: DocumentKind,
        /// Its id, if it is a manual; the others say theirs themselves
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        members: Members,
    },
    /// Publish all documents that come with the programme and are not published yet, in order; repeat it with each
    /// member's key, until enough have approved
    Shipped {
        #[command(flatten)]
        members: Members,
    },
    /// What is published, every version
    List {
        #[command(flatten)]
        from: From,
    },
}

/// Runs `sijill documents …`.
pub async fn run(command: Command) -> Result<Answer> {
    match command {
        Command::Put { file, kind, target } => {
            let bytes = std::fs::read(&file).map_err(Error::unreadable(&file))?;
            if kind != DocumentKind::Manual {
                identify(kind, &bytes, None).map_err(|why| Error::malformed(&file, why))?;
            }
            let opened = target.open().await?;
            let put = put(&opened.gate, &bytes).await;
            opened.close().await;
            put?;
            let hash = Digest::of(&bytes);
            Ok(Answer::good(
                hash.to_string(),
                &json!({"hash": hash, "kind": kind.as_str(), "size": bytes.len()}),
            ))
        }
        Command::Publish { file, kind, id, members } => {
            let bytes = std::fs::read(&file).map_err(Error::unreadable(&file))?;
            let (id, version) =
                identify(kind, &bytes, id.as_deref()).map_err(|why| Error::malformed(&file, why))?;
            members.publish(vec![New { kind, id, version, bytes }]).await
        }
        Command::Shipped { members } => {
            let all = shipped::documents().map(|(kind, id, bytes)| New {
                kind,
                id: id.to_owned(),
                version: Some(1),
                bytes: bytes.to_vec(),
            });
            members.publish(all.collect()).await
        }
        Command::List { from } => list(from).await,
    }
}

fn read_kind(text: &str) -> Result<DocumentKind, String> {
    DocumentKind::parse(text).ok_or_else(|| "one of code_list, policy, calendar, manual".to_owned())
}

/// Id and version as the document says them; the error is a sentence.
fn identify(kind: DocumentKind, bytes: &[u8], given: Option<&str>) -> Result<(String, Option<u64>), String> {
    let (id, version) = match kind {
        DocumentKind::CodeList => {
            let list = CodeList::parse(bytes).map_err(|error| error.to_string())?;
            (list.list.to_string(), Some(list.version))
        }
        DocumentKind::Calendar => {
            let calendar = Calendar::parse(bytes).map_err(|error| error.to_string())?;
            (calendar.id().to_string(), Some(calendar.version()))
        }
        DocumentKind::Policy => {
            (Policy::parse(bytes).map_err(|error| error.to_string())?.id().to_owned(), None)
        }
        DocumentKind::Manual => (given.ok_or("a manual needs --id")?.to_owned(), None),
    };
    match given {
        Some(given) if given != id => Err(format!("it calls itself `{id}`, not `{given}`")),
        _ => Ok((id, version)),
    }
}

async fn put(gate: &Gate, bytes: &[u8]) -> Result<()> {
    match gate {
        Gate::Here(ledger) => {
            ledger.put_document(bytes).await.map(|_| ()).map_err(|error| Error::ledger(&error))
        }
        Gate::Server(client) => client.put_document(bytes).await,
    }
}

async fn list(from: From) -> Result<Answer> {
    from.read(|reading| {
        let (mut text, mut lines) = (String::new(), Vec::new());
        for (kind, id, versions) in reading.registry().documents() {
            for sijill_domain::Published { version, hash, index, .. } in versions {
                let (kind, held) = (kind.as_str(), reading.holds(hash)?);
                let mark = if held { "" } else { "  (its bytes are not held)" };
                let _ = writeln!(text, "{kind:<10}  {id:<20}  {version:>3}  {hash}  since entry {index}{mark}");
                lines.push(json!({"kind": kind, "id": id, "version": version, "hash": hash, "index": index, "held": held}));
            }
        }
        if lines.is_empty() {
            text.push_str("nothing is published");
        }
        Ok(Answer::good(text, &json!({"documents": lines})))
    })
    .await
}
