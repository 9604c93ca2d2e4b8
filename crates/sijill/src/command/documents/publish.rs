//! Publishing: what is proposed, who approves it, and what it waits for. Each member repeats the command with a key of its
//! own: what others have proposed is not proposed again, and what nobody can approve yet is said before it is tried.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use sijill_casework::Address;
use sijill_casework::policy::Policy;
use sijill_domain::UnitId;
use sijill_domain::event::{Action, DocumentKind, DocumentPublish, ProposalApproved, ProposalOpened};
use sijill_event::Digest;

use super::council::{Closed, Council};
use super::put;
use crate::answer::Answer;
use crate::command::Target;
use crate::command::target::Opened;
use crate::error::{Error, Result};
use crate::gate::{Desk, Gate, Told};
use crate::genesis::ledger_stream;
use crate::key_file::{Author, ROOT};
use crate::new_event::NewEvent;

/// The ledger, and the members that decide.
#[derive(Debug, Clone, clap::Args)]
pub struct Members {
    /// The first key proposes what nobody has proposed yet, and approves
    #[command(flatten)]
    target: Target,
    /// Root key files of further members, which approve at once: for trials on one machine (repeatable)
    #[arg(long = "and", value_name = "FILE")]
    others: Vec<PathBuf>,
}

/// A document to be published.
pub(super) struct New {
    pub(super) kind: DocumentKind,
    pub(super) id: String,
    /// The version it calls itself, if it does.
    pub(super) version: Option<u64>,
    pub(super) bytes: Vec<u8>,
}

/// The same, with its place among the versions.
struct Wanted {
    publish: DocumentPublish,
    /// The units a policy sends referrals to.
    targets: Vec<Address>,
}

impl Wanted {
    fn name(&self) -> String {
        let DocumentPublish { kind, id, version, .. } = &self.publish;
        format!("{} {id} {version}", kind.as_str())
    }
}

/// What is to be said in the end.
#[derive(Default)]
struct Outcome {
    already: usize,
    /// Proposed, by whomever.
    proposed: Vec<(Digest, Wanted)>,
    /// To be proposed when other documents are in force.
    later: Vec<Wanted>,
    /// Not to be proposed before these units are open.
    blocked: Vec<(Wanted, Vec<Closed>)>,
}

impl Members {
    pub(super) async fn publish(&self, documents: Vec<New>) -> Result<Answer> {
        let opened = self.target.open().await?;
        let answer = self.publish_at(&opened, documents).await;
        opened.close().await;
        answer
    }

    async fn publish_at(&self, opened: &Opened, documents: Vec<New>) -> Result<Answer> {
        let others: Vec<Author> = self.others.iter().map(|file| Author::read(file)).collect::<Result<_>>()?;
        let before = Council::at(&opened.gate).await?;
        let (mut outcome, mut wanted) = (Outcome::default(), Vec::new());
        for document in documents {
            match place(document, &before)? {
                (one, _) if before.has(&one.publish) => outcome.already += 1,
                (one, bytes) => {
                    put(&opened.gate, &bytes).await?;
                    wanted.push(one);
                }
            }
        }
        // A policy is checked against the lists and the calendar in force: it comes when they are.
        let (policies, first): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|one| one.publish.kind == DocumentKind::Policy);
        outcome.proposed = self.settle(opened, &others, first).await?;
        let between = Council::at(&opened.gate).await?;
        let waits = outcome.proposed.iter().any(|(_, one)| !between.has(&one.publish));
        let mut ripe = Vec::new();
        for policy in policies {
            if !between.judges_documents() || between.pending(&policy.publish)?.is_some() {
                ripe.push(policy);
                continue;
            }
            let closed = between.closed(policy.targets.iter());
            match (closed.is_empty(), waits) {
                (false, _) => outcome.blocked.push((policy, closed)),
                (true, true) => outcome.later.push(policy),
                (true, false) => ripe.push(policy),
            }
        }
        outcome.proposed.extend(self.settle(opened, &others, ripe).await?);
        let after = Council::at(&opened.gate).await?;
        Ok(outcome.told(&after, &self.target))
    }

    /// Sees to it that each is proposed once, and approved by every key here that may and has not.
    async fn settle(
        &self,
        opened: &Opened,
        others: &[Author],
        wanted: Vec<Wanted>,
    ) -> Result<Vec<(Digest, Wanted)>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let council = Council::at(&opened.gate).await?;
        let (mut proposals, mut fresh) = (Vec::new(), Vec::new());
        for one in wanted {
            match council.pending(&one.publish)? {
                Some(hash) => proposals.push((hash, one)),
                None => fresh.push(one),
            }
        }
        let opening = fresh.iter().map(|one| {
            let action = Action::DocumentPublish(one.publish.clone());
            let data = ProposalOpened { action, effective: None }.data();
            Ok(NewEvent::registry(ledger_stream()?, ProposalOpened::TYPE, data))
        });
        let opening: Vec<NewEvent> = opening.collect::<Result<_>>()?;
        if !opening.is_empty() {
            let mut desk = Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await?;
            for (told, one) in desk.append_all(&opening, false).await?.into_iter().zip(fresh) {
                proposals.push((taken(told)?, one));
            }
        }
        for author in std::iter::once(&opened.author).chain(others) {
            let may = author.officer == ROOT && council.members().any(|member| member == author.agency);
            let owed: Vec<Digest> = proposals
                .iter()
                .map(|(hash, _)| *hash)
                .filter(|hash| may && !council.votes(hash).0.contains(&author.agency.as_str()))
                .collect();
            match &opened.gate {
                Gate::Server(_) if author.agency != opened.author.agency => {
                    approve(&self.target.gate_for(author)?, author, opened, &owed).await?;
                }
                gate => approve(gate, author, opened, &owed).await?,
            }
        }
        Ok(proposals)
    }
}

/// Which version it is to be, and what it needs; with its bytes.
fn place(document: New, council: &Council) -> Result<(Wanted, Vec<u8>)> {
    let New { kind, id, version, bytes } = document;
    let no_id = || Error::Usage(format!("`{id}` is no id of a document: a-z, 0-9 and -, at most 32"));
    let hash = Digest::of(&bytes);
    let next = || match council.latest(kind.as_str(), &id) {
        Some((version, newest)) if newest == hash.to_string() => version,
        Some((version, _)) => version + 1,
        None => 1,
    };
    let version = version.unwrap_or_else(next);
    let publish = DocumentPublish { kind, id: UnitId::parse(&id).ok_or_else(no_id)?, version, hash };
    let policy = (kind == DocumentKind::Policy).then(|| Policy::parse(&bytes)).and_then(Result::ok);
    let targets = policy.map(|policy| policy.targets().cloned().collect()).unwrap_or_default();
    Ok((Wanted { publish, targets }, bytes))
}

/// A member's approval of each. One that others have decided meanwhile needs none.
async fn approve(gate: &Gate, author: &Author, opened: &Opened, proposals: &[Digest]) -> Result<()> {
    if proposals.is_empty() {
        return Ok(());
    }
    let approvals = proposals.iter().map(|proposal| {
        let data = ProposalApproved { proposal: *proposal }.data();
        Ok(NewEvent::registry(ledger_stream()?, ProposalApproved::TYPE, data))
    });
    let approvals: Vec<NewEvent> = approvals.collect::<Result<_>>()?;
    let mut desk = Desk::new(gate, author, opened.log_key.clone()).await?;
    for told in desk.append_all(&approvals, false).await? {
        match told {
            Told::Refused { code, .. } if code == "proposal-closed" || code == "already-approved" => {}
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

impl Outcome {
    /// What became of it: unfinished if somebody has to do something else first.
    fn told(&self, council: &Council, target: &Target) -> Answer {
        let (published, waiting): (Vec<_>, Vec<_>) =
            self.proposed.iter().partition(|(_, one)| council.has(&one.publish));
        let mut text = format!("{} published, {} were published already", published.len(), self.already);
        let quorum = council.quorum();
        if !waiting.is_empty() {
            let _ = write!(
                text,
                ", {} wait for approval (the same command with another member's key, or `sijill members approve`):",
                waiting.len()
            );
        }
        for (hash, one) in &waiting {
            let (has, lacks) = council.votes(hash);
            let (has, lacks, count) = (listed(&has), listed(&lacks), has.len());
            let _ = write!(
                text,
                "\n{hash}  {}  {count} of {quorum} approvals, by {has}; not yet: {lacks}",
                one.name()
            );
        }
        for one in &self.later {
            let _ = write!(
                text,
                "\n{} is not proposed yet: it is checked against the documents above once they are in force; repeat the \
                 command then",
                one.name()
            );
        }
        for (one, closed) in &self.blocked {
            blocked(&mut text, &one.name(), closed, target);
        }
        let proposals: Vec<Value> = self
            .proposed
            .iter()
            .map(|(hash, one)| {
                let (has, lacks) = council.votes(hash);
                let published = council.has(&one.publish);
                json!({
                    "proposal": hash, "document": one.name(), "published": published, "approvals": has, "missing": lacks,
                })
            })
            .collect();
        let closed = self
            .blocked
            .iter()
            .flat_map(|(_, closed)| closed)
            .map(|one| json!({"agency": one.unit.agency.as_str(), "unit": one.unit.unit.as_str()}));
        let value = json!({
            "published": published.len(), "already": self.already, "waiting": waiting.len(), "quorum": quorum,
            "proposals": proposals, "later": self.later.iter().map(Wanted::name).collect::<Vec<_>>(),
            "closed": closed.collect::<Vec<_>>(),
        });
        Answer::good(text, &value).unfinished_if(!self.blocked.is_empty())
    }
}

fn listed(agencies: &[&str]) -> String {
    if agencies.is_empty() { "nobody".to_owned() } else { agencies.join(", ") }
}

/// Every unit that is missing, with what each agency does about it.
fn blocked(text: &mut String, name: &str, closed: &[Closed], target: &Target) {
    let mut strangers: Vec<&str> =
        closed.iter().filter(|one| one.stranger).map(|one| one.unit.agency.as_str()).collect();
    strangers.dedup();
    let count = closed.len();
    let _ = write!(text, "\n{name} is not proposed: it sends referrals to {count} units that are not open.");
    if !strangers.is_empty() {
        let _ = write!(
            text,
            "\nAgencies that have to be admitted first (`sijill members admit`): {}",
            strangers.join(", ")
        );
    }
    let place = match (&target.url, &target.dir) {
        (Some(url), _) => format!("--url {url}"),
        (None, dir) => format!("--dir {}", dir.clone().unwrap_or_default().display()),
    };
    text.push_str("\nEach agency opens its own, with names in Arabic and in English, then the same command proposes it:");
    for Closed { unit, .. } in closed {
        let (agency, unit) = (&unit.agency, &unit.unit);
        let _ = write!(text, "\n  sijill registry unit {unit} --name AR EN {place} --key {agency}-root.key");
    }
    text.push_str(
        "\nCases can be opened meanwhile. Or publish pathways that name your own units: `sijill policy check FILE`, then \
         `sijill documents publish FILE --kind policy`.",
    );
}
