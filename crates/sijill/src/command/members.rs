//! `sijill members`: what the member agencies decide together, each with its root key.

use std::path::PathBuf;

use sijill_domain::AgencyId;
use sijill_domain::event::{
    Action, AgencyAdmit, Grant, LedgerRatified, Name, ProposalApproved, ProposalOpened,
};
use sijill_event::{Digest, Json, Timestamp, parse_json};

use super::{Target, told, words};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::gate::{Desk, Told};
use crate::genesis::ledger_stream;
use crate::key_file::ROOT;
use crate::new_event::NewEvent;

/// `sijill members …`
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the flattened arguments have their own")]
pub enum Command {
    /// Ratify entry 0, as a founder
    Ratify {
        #[command(flatten)]
        target: Target,
        /// Hash of entry 0's JWT, as `init` printed it; without it the ledger is asked, and believed
        #[arg(long, value_name = "HASH", allow_hyphen_values = true)]
        created: Option<String>,
    },
    /// Propose to admit an agency
    Admit {
        #[command(flatten)]
        target: Target,
        /// What `sijill keys proof` wrote for the agency's root key
        #[arg(long, value_name = "FILE")]
        proof: PathBuf,
        /// Its names, in Arabic and in English
        #[arg(long, required = true, num_args = 2, value_names = ["AR", "EN"])]
        name: Vec<String>,
        /// What it may have officers for
        #[arg(long, value_delimiter = ',', value_parser = words::grants())]
        grants: Vec<Grant>,
        /// Whether it votes
        #[arg(long)]
        member: bool,
        /// The quorum from then on
        #[arg(long)]
        quorum: Option<u64>,
        #[command(flatten)]
        terms: Terms,
    },
    /// Propose anything else, e.g. --action '{"do":"quorum.set","quorum":2}' (docs/ledger-format.md, Annex B)
    Propose {
        #[command(flatten)]
        target: Target,
        /// The action
        #[arg(long, value_name = "JSON")]
        action: String,
        #[command(flatten)]
        terms: Terms,
    },
    /// Approve a proposal; the approval that makes the quorum brings it into force
    Approve {
        #[command(flatten)]
        target: Target,
        /// The proposal's hash, as `propose` printed it
        #[arg(allow_hyphen_values = true)]
        proposal: String,
    },
}

/// When a proposal takes effect, and whether its author approves it too.
#[derive(Debug, Clone, clap::Args)]
pub struct Terms {
    /// Not in force before this time, RFC 3339
    #[arg(long, value_name = "DATE-TIME")]
    effective: Option<String>,
    /// Approve it at once with the same key
    #[arg(long)]
    approve: bool,
}

/// Runs `sijill members …`.
pub async fn run(command: Command) -> Result<Answer> {
    match command {
        Command::Ratify { target, created } => {
            let created = created.as_deref().map(read_hash).transpose()?;
            let opened = target.open().await?;
            let told = ratify(&opened, created).await;
            opened.close().await;
            told::answer(told?, "ratified")
        }
        Command::Admit { target, proof, name, grants, member, quorum, terms } => {
            let opened = target.open().await?;
            let origin = opened.gate.origin().await?;
            let action = admit(&proof, &origin, &name, grants, member, quorum);
            let told = match action {
                Ok(action) => propose(&opened, action, &terms).await,
                Err(error) => Err(error),
            };
            opened.close().await;
            told
        }
        Command::Propose { target, action, terms } => {
            let action = read_action(&action)?;
            let opened = target.open().await?;
            let told = propose(&opened, action, &terms).await;
            opened.close().await;
            told
        }
        Command::Approve { target, proposal } => {
            let proposal = read_hash(&proposal)?;
            let opened = target.open().await?;
            let told = approve(&opened, proposal).await;
            opened.close().await;
            told::answer(told?, "approved")
        }
    }
}

fn read_hash(text: &str) -> Result<Digest> {
    Digest::parse(text).map_err(|_| Error::Usage(format!("`{text}` is no hash: 43 characters of base64url")))
}

async fn ratify(opened: &super::target::Opened, created: Option<Digest>) -> Result<Told> {
    let created = match created {
        Some(created) => created,
        None => opened.created().await?,
    };
    let data = LedgerRatified { created }.data();
    governance(opened, LedgerRatified::TYPE, data).await
}

fn admit(
    proof: &std::path::Path,
    origin: &str,
    name: &[String],
    grants: Vec<Grant>,
    member: bool,
    quorum: Option<u64>,
) -> Result<Action> {
    let file = told::ProofFile::read(proof, origin)?;
    if file.officer != ROOT {
        return Err(Error::malformed(
            proof,
            format!("it is for officer {}, not for the agency's root key", file.officer),
        ));
    }
    let [ar, en] = name else {
        return Err(Error::Usage("--name takes the Arabic and the English name".to_string()));
    };
    Ok(Action::AgencyAdmit(AgencyAdmit {
        agency: AgencyId::parse(&file.agency).ok_or(Error::malformed(proof, "no agency id"))?,
        name: Name::new(ar, en).ok_or(Error::Usage("names are 1 to 200 characters each".to_string()))?,
        root_key: file.key,
        proof: file.proof,
        grants: grants.into_iter().collect(),
        member,
        quorum,
    }))
}

fn read_action(text: &str) -> Result<Action> {
    let json = parse_json(text.as_bytes()).map_err(|error| Error::Usage(format!("--action: {error}")))?;
    let opened = ProposalOpened::parse(&Json::object([("action", json)]));
    let words = Action::WORDS.join(", ");
    opened.map(|opened| opened.action).map_err(|error| {
        Error::Usage(format!("--action: {error}; \"do\" is one of {words} (docs/ledger-format.md, Annex B)"))
    })
}

async fn propose(opened: &super::target::Opened, action: Action, terms: &Terms) -> Result<Answer> {
    let effective = terms.effective.as_deref().map(|text| {
        Timestamp::parse(text)
            .ok_or_else(|| Error::Usage(format!("`{text}` is no RFC 3339 date-time with offset")))
    });
    let data = ProposalOpened { action, effective: effective.transpose()? }.data();
    let told = governance(opened, ProposalOpened::TYPE, data).await?;
    let Told::Appended { hash, .. } = &told else { return told::answer(told, "proposed") };
    let proposal = *hash;
    let mut answer = told::answer(told, "proposed")?;
    if terms.approve {
        let approved = told::answer(approve(opened, proposal).await?, "approved")?;
        answer.text = format!("{}\n{}", answer.text, approved.text);
        if let Some(members) = answer.json.as_object_mut() {
            members.insert("approval".to_string(), approved.json);
        }
    }
    Ok(answer)
}

async fn approve(opened: &super::target::Opened, proposal: Digest) -> Result<Told> {
    governance(opened, ProposalApproved::TYPE, ProposalApproved { proposal }.data()).await
}

async fn governance(opened: &super::target::Opened, event_type: &str, data: Json) -> Result<Told> {
    let event = NewEvent::registry(ledger_stream()?, event_type, data);
    Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await?.append(&event, false).await
}
