//! `sijill documents`: code lists, calendars and policies, brought to the ledger and published on it.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use sijill_casework::calendar::Calendar;
use sijill_casework::codes::CodeList;
use sijill_casework::policy::Policy;
use sijill_casework::shipped;
use sijill_domain::UnitId;
use sijill_domain::event::{Action, DocumentKind, DocumentPublish, ProposalApproved, ProposalOpened};
use sijill_event::Digest;

use super::Target;
use super::target::Opened;
use crate::answer::Answer;
use crate::casework::in_force::listed;
use crate::casework::reading::From;
use crate::error::{Error, Result};
use crate::gate::{Desk, Gate, Told};
use crate::genesis::ledger_stream;
use crate::key_file::Author;
use crate::new_event::NewEvent;

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
    /// Bring a document, propose to publish it, and approve with every further key
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
    /// Publish all documents that come with the programme and are not published yet, in order
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

/// The ledger, and the members that decide.
#[derive(Debug, Clone, clap::Args)]
pub struct Members {
    /// The first key proposes and approves
    #[command(flatten)]
    target: Target,
    /// Root key files of further members, which approve at once: for trials on one machine (repeatable)
    #[arg(long = "and", value_name = "FILE")]
    others: Vec<PathBuf>,
}

/// A document to be published.
struct New {
    kind: DocumentKind,
    id: String,
    /// The version it calls itself, if it does.
    version: Option<u64>,
    bytes: Vec<u8>,
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

/// Published versions: kind, id, version, hash, entry.
type Published = Vec<(String, String, u64, String, u64)>;

async fn published(gate: &Gate) -> Result<Published> {
    match gate {
        Gate::Here(ledger) => Ok(of_registry(&ledger.registry())),
        Gate::Server(client) => Ok(listed(&client.registry().await?)),
    }
}

fn of_registry(registry: &sijill_domain::Registry) -> Published {
    let documents = registry.documents().flat_map(|(kind, id, versions)| {
        let one = move |it: &sijill_domain::Published| {
            (kind.as_str().to_owned(), id.to_string(), it.version, it.hash.to_string(), it.index)
        };
        versions.iter().map(one).collect::<Vec<_>>()
    });
    documents.collect()
}

impl Members {
    async fn publish(&self, documents: Vec<New>) -> Result<Answer> {
        let opened = self.target.open().await?;
        let answer = self.publish_at(&opened, documents).await;
        opened.close().await;
        answer
    }

    async fn publish_at(&self, opened: &Opened, documents: Vec<New>) -> Result<Answer> {
        let others: Vec<Author> = self.others.iter().map(|file| Author::read(file)).collect::<Result<_>>()?;
        let before = published(&opened.gate).await?;
        let (mut actions, mut there) = (Vec::new(), 0);
        for New { kind, id, version, bytes } in documents {
            let hash = Digest::of(&bytes);
            let latest = before.iter().rfind(|(k, i, ..)| k == kind.as_str() && *i == id);
            if latest.is_some_and(|(_, _, _, latest, _)| *latest == hash.to_string()) {
                there += 1;
                continue;
            }
            let no_id = || Error::Usage(format!("`{id}` is no id of a document: a-z, 0-9 and -, at most 32"));
            put(&opened.gate, &bytes).await?;
            actions.push(DocumentPublish {
                kind,
                id: UnitId::parse(&id).ok_or_else(no_id)?,
                version: version.unwrap_or_else(|| latest.map_or(1, |(_, _, version, ..)| version + 1)),
                hash,
            });
        }
        // A policy is checked against the lists and calendar in force: it comes when they are.
        let (policies, others_first): (Vec<_>, Vec<_>) =
            actions.into_iter().partition(|action| action.kind == DocumentKind::Policy);
        let mut proposals = Vec::new();
        for batch in [others_first, policies] {
            proposals.extend(self.propose(opened, &others, batch).await?);
        }
        let after = published(&opened.gate).await?;
        let enacted = after.len() - before.len();
        let waiting = proposals.len() - enacted.min(proposals.len());
        let mut text = format!("{enacted} published, {there} were published already");
        if waiting > 0 {
            let _ = write!(text, ", {waiting} wait for approval (`sijill members approve`):");
            for (hash, what) in &proposals {
                let _ = write!(text, "\n{hash}  {what}");
            }
        }
        let proposals: Vec<Value> =
            proposals.iter().map(|(hash, what)| json!({"proposal": hash, "document": what})).collect();
        Ok(Answer::good(
            text,
            &json!({"published": enacted, "already": there, "waiting": waiting, "proposals": proposals}),
        ))
    }

    /// Proposes all, and lets each member approve all.
    async fn propose(
        &self,
        opened: &Opened,
        others: &[Author],
        actions: Vec<DocumentPublish>,
    ) -> Result<Vec<(Digest, String)>> {
        if actions.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> =
            actions.iter().map(|one| format!("{} {} {}", one.kind.as_str(), one.id, one.version)).collect();
        let events: Vec<NewEvent> = actions
            .into_iter()
            .map(|publish| {
                let opened = ProposalOpened { action: Action::DocumentPublish(publish), effective: None };
                Ok(NewEvent::registry(ledger_stream()?, ProposalOpened::TYPE, opened.data()))
            })
            .collect::<Result<_>>()?;
        let mut desk = Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await?;
        let proposals: Vec<Digest> =
            desk.append_all(&events, false).await?.into_iter().map(taken).collect::<Result<_>>()?;
        approve(&opened.gate, &opened.author, opened, &proposals).await?;
        for author in others {
            match &opened.gate {
                Gate::Here(_) => approve(&opened.gate, author, opened, &proposals).await?,
                Gate::Server(_) => {
                    let gate = self.target.gate_for(author)?;
                    approve(&gate, author, opened, &proposals).await?;
                }
            }
        }
        Ok(proposals.into_iter().zip(names).collect())
    }
}

/// A member's approval of each; one that others have decided already needs none.
async fn approve(gate: &Gate, author: &Author, opened: &Opened, proposals: &[Digest]) -> Result<()> {
    let approvals = proposals.iter().map(|proposal| {
        let data = ProposalApproved { proposal: *proposal }.data();
        Ok(NewEvent::registry(ledger_stream()?, ProposalApproved::TYPE, data))
    });
    let approvals: Vec<NewEvent> = approvals.collect::<Result<_>>()?;
    let mut desk = Desk::new(gate, author, opened.log_key.clone()).await?;
    for told in desk.append_all(&approvals, false).await? {
        match told {
            Told::Refused { code, .. } if code == "proposal-closed" => {}
            told => _ = taken(told)?,
        }
    }
    Ok(())
}

fn taken(told: Told) -> Result<Digest> {
    match told {
        Told::Appended { hash, .. } => Ok(hash),
        Told::Refused { code, message } => Err(Error::Refused { code, message }),
        Told::Unknown { message } => Err(Error::Unknown(message)),
    }
}

async fn list(from: From) -> Result<Answer> {
    from.read(|reading| {
        let (mut text, mut lines) = (String::new(), Vec::new());
        for (kind, id, version, hash, index) in of_registry(reading.registry()) {
            let held = match Digest::parse(&hash) {
                Ok(hash) => reading.holds(&hash)?,
                Err(_) => false,
            };
            let mark = if held { "" } else { "  (its bytes are not held)" };
            let _ = writeln!(text, "{kind:<10}  {id:<20}  {version:>3}  {hash}  since entry {index}{mark}");
            lines.push(json!({"kind": kind, "id": id, "version": version, "hash": hash, "index": index, "held": held}));
        }
        if lines.is_empty() {
            text.push_str("nothing is published");
        }
        Ok(Answer::good(text, &json!({"documents": lines})))
    })
    .await
}
