//! `sijill case`: events of a case signed by hand, and how a case stands.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use sijill_casework::Address;
use sijill_casework::case::{Case, CaseFile, Status};
use sijill_event::{Json, SdJwt, b64};
use sijill_ledger::DeskKind;
use uuid::Uuid;

use super::target::{Opened, not_by_url};
use super::{Target, told};
use crate::answer::Answer;
use crate::casework::in_force::InForce;
use crate::casework::reading::Reading;
use crate::casework::words::{Language, Words, muscat};
use crate::casework::{explain, form};
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::gate::Desk;
use crate::new_event::NewEvent;
use crate::running::store_to_read;

/// `sijill case …`
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the flattened arguments have their own")]
pub enum Command {
    /// Open a case
    Open {
        /// Its id; without it a new UUID, which is printed
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        act: Filled,
    },
    /// Sign any event of a case or contact: `sijill case explain` lists the types
    Act {
        /// The case's or contact's id
        case: String,
        /// The event type, such as note.added
        event_type: String,
        #[command(flatten)]
        act: Filled,
    },
    /// The fields of an event type and what fits in them; without a type, all types
    Explain {
        /// The event type
        event_type: Option<String>,
        /// Codes as this ledger has them; without it, as they come with the programme
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// How a case stands, from the data directory, also beside a running server (over HTTP: `GET /v1/cases/{id}`)
    Show {
        /// The case's id
        case: String,
        /// The data directory
        #[arg(long)]
        dir: PathBuf,
        /// Not here
        #[arg(long, hide = true, value_parser = not_by_url("GET /v1/cases/{id}"))]
        url: Option<String>,
    },
    /// What lies on a unit's desk, urgent first, then by what is due: from the data directory (over HTTP:
    /// `GET /v1/units/{agency}/{unit}/queue`)
    Queue {
        /// The unit
        #[arg(value_name = "AGENCY/UNIT")]
        unit: String,
        /// The data directory
        #[arg(long)]
        dir: PathBuf,
        /// Not here
        #[arg(long, hide = true, value_parser = not_by_url("GET /v1/units/{agency}/{unit}/queue"))]
        url: Option<String>,
        /// Lines at most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}

/// What is signed, by whom, and where it goes.
#[derive(Debug, Clone, clap::Args)]
pub struct Filled {
    /// The fields: sets divided by commas, units as AGENCY/UNIT, a text from a file as NAME=@FILE (what is typed here is
    /// visible in the process list: personal data are best read from a file)
    #[arg(value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    #[command(flatten)]
    target: Target,
    /// When it happened, RFC 3339 with offset
    #[arg(long, value_name = "DATE-TIME")]
    occurred: Option<String>,
    /// Officer on whose behalf a service signs
    #[arg(long = "on-behalf-of", value_name = "OFFICER")]
    on_behalf_of: Option<String>,
    /// Print what would be signed, and sign and send nothing that counts
    #[arg(long)]
    dry_run: bool,
}

/// Runs `sijill case …`.
pub async fn run(command: Command) -> Result<Answer> {
    match command {
        Command::Open { id, act } => {
            let id = id.unwrap_or_else(|| Uuid::now_v7().to_string());
            act.sign(&id, "case.opened").await
        }
        Command::Act { case, event_type, act } => act.sign(&case, &event_type).await,
        Command::Explain { event_type, dir } => explain(event_type.as_deref(), dir).await,
        Command::Show { case, dir, .. } => show(case, dir).await,
        Command::Queue { unit, dir, limit, .. } => queue(&unit, dir, limit).await,
    }
}

impl Filled {
    /// Fills in an event of this type, signs and appends it.
    pub async fn sign(&self, id: &str, event_type: &str) -> Result<Answer> {
        // A wrong word is told before anything is opened.
        let spec = form::spec(event_type)?;
        explain::stream(spec, id)?;
        let opened = self.target.open().await?;
        let answer = self.sign_at(&opened, id, event_type).await;
        opened.close().await;
        answer
    }

    async fn sign_at(&self, opened: &Opened, id: &str, event_type: &str) -> Result<Answer> {
        let in_force = InForce::at(&opened.gate, &opened.author).await?;
        let mut event = form::fill(form::spec(event_type)?, id, &self.fields, &in_force)?;
        event.occurred.clone_from(&self.occurred);
        event.act.clone_from(&self.on_behalf_of);
        if self.dry_run {
            return dry_run(opened, &event).await;
        }
        let mut desk = Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await?;
        let mut answer =
            told::answer(desk.append(&event, false).await?, &format!("{event_type} in {}", event.stream))?;
        if let Some(members) = answer.json.as_object_mut() {
            members.insert("id".to_owned(), json!(id));
            members.insert("type".to_owned(), json!(event_type));
        }
        Ok(answer)
    }
}

/// Signs in memory and shows the payload: nothing leaves.
async fn dry_run(opened: &Opened, event: &NewEvent) -> Result<Answer> {
    let place = opened.gate.next(&opened.author, &event.stream).await?;
    let signed = place.sign(event, Uuid::now_v7(), &opened.author.key).map_err(Error::event)?;
    let payload = payload(&signed)?;
    let mut text = format!(
        "as {}/{} in {}, signed and not sent:\n{}",
        opened.author.agency,
        opened.author.officer,
        event.stream,
        serde_json::to_string_pretty(&payload).unwrap_or_default()
    );
    for (class, disclosure) in &signed.disclosures {
        let _ = write!(text, "\ndiscloses {class}.{} = {}", disclosure.name, disclosure.value);
    }
    let disclosures: Vec<Value> = signed
        .disclosures
        .iter()
        .map(|(class, one)| json!({"class": class.as_str(), "name": one.name, "value": value(&one.value)}))
        .collect();
    Ok(Answer::good(text, &json!({"payload": payload, "disclosures": disclosures})))
}

fn payload(signed: &SdJwt) -> Result<Value> {
    let middle = signed.event.jwt.split('.').nth(1).unwrap_or_default();
    let bytes = b64::decode(middle, "a payload").map_err(Error::event)?;
    serde_json::from_slice(&bytes).map_err(|error| Error::Source(error.to_string()))
}

fn value(json: &Json) -> Value {
    serde_json::from_str(&json.to_string()).unwrap_or_default()
}

async fn explain(event_type: Option<&str>, dir: Option<PathBuf>) -> Result<Answer> {
    let Some(event_type) = event_type else {
        let (text, value) = explain::list();
        return Ok(Answer::good(text, &value));
    };
    let spec = form::spec(event_type)?;
    let in_force = match dir {
        Some(dir) => Reading::of_dir(&dir, |reading| Ok(InForce::of_world(reading.world()))).await?,
        None => InForce::shipped()?,
    };
    let (text, value) = explain::one(spec, &in_force);
    Ok(Answer::good(text, &value))
}

async fn show(id: String, dir: PathBuf) -> Result<Answer> {
    Reading::of_dir(&dir, move |reading| {
        let history = reading.history(&id)?;
        let Some(file) = &history.file else {
            return Err(Error::Usage(format!(
                "`{id}` began under rule-set 1, which keeps no state of it: `sijill why {id}`"
            )));
        };
        let words = Words::new(reading.world(), Language::En, &history.lines);
        let Some(case) = &file.case else {
            let logged = file.contact.as_ref().map(|contact| contact.by.to_string());
            let text = format!("contact {id}, logged by {}", logged.as_deref().unwrap_or("nobody"));
            return Ok(Answer::good(text, &json!({"id": id, "contact": {"by": logged}, "case": null})));
        };
        Ok(Answer::good(describe(&id, file, case, &words), &state(&id, file, case)))
    })
    .await
}

fn status(case: &Case) -> String {
    match &case.status {
        Status::Open => "open".to_owned(),
        Status::Closed(_) => "closed".to_owned(),
        Status::Merged(into) => format!("merged into {into}"),
    }
}

fn describe(id: &str, file: &CaseFile, case: &Case, words: &Words<'_>) -> String {
    let code = |list: &str, code: &sijill_casework::Code| words.code(list, code.as_str());
    let situation = &case.situation;
    let concerns: Vec<String> = situation.concerns.iter().map(|one| code("concern", one)).collect();
    let mut text = format!(
        "case {id}: {}\nowner     {}\nassigned  {}\nconcerns  {}\nrisk      {}\nchild     {}, {}",
        status(case),
        case.owner,
        case.assigned.as_ref().map_or("nobody", |officer| officer.as_str()),
        concerns.join(", "),
        code("risk", &situation.risk),
        code("age-band", &situation.age),
        code("governorate", &situation.governorate),
    );
    let mut referrals: Vec<_> = case.referrals.iter().collect();
    referrals.sort_by_key(|(_, referral)| referral.index);
    for (hash, one) in referrals {
        let marks = [
            (one.automatic, ", by policy"),
            (one.breached, ", a deadline was missed"),
            (one.disposed, ", disposed"),
        ];
        let marks: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
        let _ = write!(
            text,
            "\nreferral  {hash}  {}  {}  {}  {} since {}{marks}",
            one.to,
            code("service", &one.service),
            one.priority,
            words.state(one.state.as_str()),
            words.time(one.since)
        );
    }
    let mut running: Vec<_> = case.deadlines.iter().filter(|deadline| deadline.runs()).collect();
    running.sort_by_key(|deadline| (deadline.due.unwrap_or(u64::MAX), deadline.index));
    for deadline in running {
        let due = deadline.due.map_or("stands still".to_owned(), |due| words.time(due));
        let missed = if deadline.breached.is_some() { ", missed" } else { "" };
        let _ =
            write!(text, "\nowed      {:<19}{due}  {}{missed}", deadline.milestone.as_str(), deadline.owes);
    }
    for (hash, one) in case.escalations.iter().filter(|(_, one)| !one.resolved) {
        let _ = write!(text, "\nescalated {hash}  to {}", one.to);
    }
    if file.gaps > 0 {
        let _ = write!(text, "\n{} entries could not be read: what they did is not in this", file.gaps);
    }
    text
}

fn state(id: &str, file: &CaseFile, case: &Case) -> Value {
    let referrals: Vec<Value> = case
        .referrals
        .iter()
        .map(|(hash, one)| {
            json!({
                "referral": hash, "index": one.index, "to": one.to, "service": one.service, "priority": one.priority,
                "state": one.state, "since": one.since, "automatic": one.automatic, "breached": one.breached,
                "disposed": one.disposed, "fields": one.fields,
            })
        })
        .collect();
    let deadlines: Vec<Value> = case
        .deadlines
        .iter()
        .filter(|deadline| deadline.runs())
        .map(|one| {
            json!({
                "milestone": one.milestone, "of": one.of, "owes": one.owes, "started": one.started, "due": one.due,
                "breached": one.breached, "paused": one.is_paused(), "policy": one.policy,
            })
        })
        .collect();
    let escalations: Vec<Value> = case
        .escalations
        .iter()
        .map(|(hash, one)| json!({"escalation": hash, "to": one.to, "of": one.of, "resolved": one.resolved}))
        .collect();
    let situation = &case.situation;
    let plans: Vec<Value> = case
        .plans
        .iter()
        .map(|(hash, plan)| json!({"plan": hash, "state": format!("{:?}", plan.state).to_lowercase()}))
        .collect();
    json!({
        "id": id, "status": status(case), "owner": case.owner, "assigned": case.assigned.as_ref().map(sijill_domain::OfficerId::as_str),
        "opened": case.opened, "reported": case.reported, "contacts": case.contacts,
        "situation": {
            "concerns": situation.concerns, "risk": situation.risk, "age_band": situation.age,
            "governorate": situation.governorate, "situations": situation.situations,
        },
        "referrals": referrals, "deadlines": deadlines, "escalations": escalations, "plans": plans,
        "closure_requested": case.closure.as_ref().map(|closure| closure.request), "unread": file.gaps,
    })
}

async fn queue(unit: &str, dir: PathBuf, limit: u32) -> Result<Answer> {
    let Some(address) = Address::parse(unit) else {
        return Err(Error::Usage(format!("`{unit}` is no unit: AGENCY/UNIT")));
    };
    let data_dir = DataDir::open(&dir)?;
    let asked = address.clone();
    let known = Reading::of_dir(&dir, move |reading| {
        let agency = reading.registry().agency(asked.agency.as_str());
        Ok(agency.is_some_and(|agency| agency.units.contains_key(&asked.unit)))
    });
    if !known.await? {
        return Err(Error::Usage(format!("there is no unit {address} in this ledger")));
    }
    let store = store_to_read(&data_dir).await?;
    let entries = store.desk(address.agency.as_str(), address.unit.as_str(), None, limit).await?;
    let kind = |number: u8| match DeskKind::from_number(number) {
        Some(DeskKind::Owner) => "owner",
        Some(DeskKind::Referral) => "referral",
        Some(DeskKind::Escalation) => "escalation",
        Some(DeskKind::Transfer) => "transfer",
        Some(DeskKind::Withdrawal) => "withdrawal",
        None => "unknown",
    };
    let mut text = format!("{address}: {} on the desk", entries.len());
    for one in &entries {
        let due = one.due.map_or("no deadline".to_owned(), muscat);
        let urgent = if one.urgent { "urgent" } else { "" };
        let _ = write!(text, "\n{due:<16}  {urgent:<6}  {:<10}  {}", kind(one.kind), one.case);
    }
    let lines: Vec<Value> = entries
        .iter()
        .map(|one| json!({"case": one.case, "kind": kind(one.kind), "due": one.due, "urgent": one.urgent}))
        .collect();
    Ok(Answer::good(text, &json!({"unit": address, "queue": lines})))
}
