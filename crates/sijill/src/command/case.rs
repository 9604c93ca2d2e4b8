//! `sijill case`: events of a case signed by hand, and how a case stands.

mod actions;
mod ask;
mod queue;

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use sijill_casework::case::{Case, CaseFile, Status};
use sijill_event::{Json, SdJwt, b64};
use uuid::Uuid;

use super::target::Opened;
use super::{Target, told};
use crate::answer::Answer;
use crate::casework::in_force::InForce;
use crate::casework::reading::{From, Reading};
use crate::casework::words::{Language, Words};
use crate::casework::{explain, form};
use crate::error::{Error, Result};
use crate::gate::Desk;
use crate::new_event::NewEvent;

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
    /// Ask a server to be shown values: that it was asked and what was shown is on the ledger first. Fields: `classes=`,
    /// `purpose=`, and `events=` for some only
    Ask {
        /// The case's or contact's id
        case: String,
        #[command(flatten)]
        act: Filled,
    },
    /// Ask a server which units know the child of a contact: the question is on the ledger first. Fields: `civil_number=`, or
    /// `name=` and `birth_year=`
    LookUp {
        /// The contact's id
        contact: String,
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
    /// How a case stands
    Show {
        /// The case's id
        case: String,
        #[command(flatten)]
        from: From,
    },
    /// What the officer whose key is given may do in a case now, about what, and why not the rest
    Actions(actions::Args),
    /// What lies on a unit's desk, urgent first, then by what is due
    Queue {
        /// The unit
        #[arg(value_name = "AGENCY/UNIT")]
        unit: String,
        #[command(flatten)]
        at: queue::Desks,
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
        Command::Ask { case, act } => ask::values(&case, &act).await,
        Command::LookUp { contact, act } => ask::known(&contact, &act).await,
        Command::Explain { event_type, dir } => explain(event_type.as_deref(), dir).await,
        Command::Show { case, from } => show(case, from).await,
        Command::Actions(args) => actions::run(&args).await,
        Command::Queue { unit, at, limit } => queue::queue(&unit, &at, limit).await,
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

async fn show(id: String, from: From) -> Result<Answer> {
    from.read(move |reading| {
        let history = reading.history(&id)?;
        let Some(file) = &history.file else {
            return Err(Error::Usage(format!(
                "`{id}` began under rule-set 1, which keeps no state of it: `sijill why {id}`"
            )));
        };
        if file.outline.erased.is_some() {
            let text =
                format!("{id} was erased by order, and takes nothing more: `sijill erase status {id}`");
            return Ok(Answer::good(text, &json!({"id": id, "erased": true})));
        }
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
        let marks = [(one.automatic, ", by policy"), (one.disposed, ", disposed")];
        let mut marks: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
        let missed = case
            .deadlines
            .iter()
            .filter(|clock| clock.subject.as_ref() == Some(hash) && clock.breached.is_some());
        for missed in missed {
            let _ = write!(marks, ", not in time: {}", words.milestone(missed.milestone));
        }
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
