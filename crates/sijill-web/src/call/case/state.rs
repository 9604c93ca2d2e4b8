//! `GET /v1/cases/{id}`: where a case stands.

#![expect(clippy::struct_field_names, reason = "a thing's hash stands under the name that events give it")]

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use sijill_casework::case::{self, Basis, CaseFile, ErasureState, PlanState, Status};
use sijill_casework::catalogue::CaseId;
use utoipa::ToSchema;

use super::word::{Address, Person, texts};
use crate::app::App;
use crate::error::WebError;
use crate::extract::Path;
use crate::refusals::Guarded;
use crate::token::Scope;

/// A case or contact as the log has left it. Events are named by the hash of their JWT, times are Unix milliseconds.
/// It says only what is open and what is of class casework.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Case)]
pub(crate) struct Shape {
    id: String,
    /// If a contact was logged under this id.
    #[schema(required = true)]
    contact: Option<Contact>,
    /// If a case was opened under this id.
    #[schema(required = true)]
    case: Option<Work>,
    /// Who may see nothing of it.
    restricted: Restricted,
    /// Events whose casework values were erased: what they did cannot be said, and nothing can be added to the case.
    gaps: u32,
    /// Whether all its values were erased by order: then `contact` and `case` are null.
    erased: bool,
    /// Orders to erase, in the order of the log.
    erasures: Vec<Erasure>,
}

/// An order to erase values.
#[derive(Debug, Serialize, ToSchema)]
struct Erasure {
    /// The event that ordered it.
    erasure: String,
    /// `ordered`, `refused`, `approved` or `done`.
    state: &'static str,
    /// A word of `erasure.ordered`.
    #[schema(example = "request")]
    ground: &'static str,
    /// The fields to erase, `<class>.<name>`; null: everything.
    #[schema(required = true)]
    fields: Option<Vec<String>>,
    /// The units told of it, once it is done.
    told: Vec<ToldOfErasure>,
}

/// A unit that was told of an erasure, and is to erase what it holds.
#[derive(Debug, Serialize, ToSchema)]
struct ToldOfErasure {
    unit: Address,
    confirmed: bool,
}

/// What came in, before and beside any case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contact)]
struct Contact {
    logged_by: Address,
    linked: Vec<Link>,
}

/// A case that a contact belongs to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactLink)]
struct Link {
    case: String,
    /// The unit that works the case.
    to: Address,
}

/// Who is kept out of a case.
#[derive(Debug, Serialize, ToSchema)]
struct Restricted {
    officers: Vec<Person>,
    units: Vec<Address>,
}

/// The work on a case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CaseWork)]
struct Work {
    /// `open`, `closed` or `merged`.
    status: &'static str,
    /// The case that this one is part of now.
    #[schema(required = true)]
    merged_into: Option<String>,
    owner: Address,
    opened_by: Address,
    /// The event that opened it.
    opened: String,
    opened_at: u64,
    /// The earliest time anyone in the system received the report, as claimed.
    reported_at: u64,
    contacts: Vec<String>,
    situation: Situation,
    /// The officer in charge, of the owner's agency.
    #[schema(required = true)]
    assigned: Option<String>,
    /// A transfer that waits for its answer.
    #[schema(required = true)]
    transfer: Option<Transfer>,
    referrals: Vec<Referral>,
    /// Clocks that run, and such as ran out.
    deadlines: Vec<Deadline>,
    plans: Vec<Plan>,
    consents: Vec<Consent>,
    /// Agencies to which disclosure rests on a named legal basis.
    legal_bases: Vec<String>,
    withdrawals: Vec<Withdrawal>,
    /// Placements that have not ended, by the event that began them.
    placements: Vec<String>,
    /// Orders that have not ended.
    orders: Vec<String>,
    conferences: Vec<Conference>,
    /// Breaches of personal data that were not notified yet.
    breaches: Vec<String>,
    /// A request to close that waits for its answer.
    #[schema(required = true)]
    closure: Option<Closure>,
    escalations: Vec<Escalation>,
}

/// What the policy is asked with: codes.
#[derive(Debug, Serialize, ToSchema)]
struct Situation {
    concerns: Vec<String>,
    risk: String,
    age_band: String,
    governorate: String,
    situations: Vec<String>,
}

/// A request that another unit take the case.
#[derive(Debug, Serialize, ToSchema)]
struct Transfer {
    request: String,
    to: Address,
}

/// A referral.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each says a thing of its own")]
struct Referral {
    /// The event that requested it.
    referral: String,
    /// That event's entry.
    index: u64,
    to: Address,
    service: String,
    /// `routine` or `urgent`.
    priority: &'static str,
    /// Where it stands.
    #[schema(example = "acknowledged")]
    state: &'static str,
    /// Since when.
    since: u64,
    /// Whether it has neither ended nor been withdrawn.
    live: bool,
    /// Whether the automation requested it.
    automatic: bool,
    /// The consent it rests on, if it does.
    #[schema(required = true)]
    consent: Option<String>,
    /// The legal basis it rests on, if it does.
    #[schema(required = true)]
    legal_basis: Option<String>,
    /// What the addressee may be shown: `<class>.<name>`.
    fields: Vec<String>,
    /// Whether one of its deadlines was missed.
    breached: bool,
    /// Whether the owner has yet to settle what becomes of it.
    to_dispose: bool,
    /// When the next of its deadlines falls due.
    #[schema(required = true)]
    due: Option<u64>,
}

/// A clock of the case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deadline)]
pub(crate) struct Deadline {
    #[schema(example = "acknowledge")]
    milestone: &'static str,
    /// The event that set it.
    of: String,
    /// The referral, conference, withdrawal, … it is about; null for the case as a whole.
    #[schema(required = true)]
    subject: Option<String>,
    owes: Address,
    started: u64,
    /// When it falls due by what is known of the calendar; null while it stands still.
    #[schema(required = true)]
    due: Option<u64>,
    /// Whether it stands still now.
    paused: bool,
    /// Whether a supervisor set its time.
    varied: bool,
    /// When it was recorded as missed.
    #[schema(required = true)]
    breached: Option<u64>,
    /// Whether it was neither met nor ended.
    runs: bool,
    /// Version of the policy it was set under.
    policy: u64,
}

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
struct Plan {
    plan: String,
    by: Person,
    /// `proposed`, `approved` or `rejected`.
    state: &'static str,
}

/// A consent.
#[derive(Debug, Serialize, ToSchema)]
struct Consent {
    consent: String,
    /// To whom it covers disclosure.
    agencies: Vec<String>,
    /// The last day it counts, `YYYY-MM-DD`.
    #[schema(required = true)]
    expires: Option<String>,
    /// The event that withdrew it.
    #[schema(required = true)]
    withdrawn: Option<String>,
}

/// A withdrawal of consent that receivers were told of.
#[derive(Debug, Serialize, ToSchema)]
struct Withdrawal {
    withdrawal: String,
    told: Vec<Told>,
}

/// A unit that was told of a withdrawal.
#[derive(Debug, Serialize, ToSchema)]
struct Told {
    unit: Address,
    confirmed: bool,
}

/// A conference.
#[derive(Debug, Serialize, ToSchema)]
struct Conference {
    conference: String,
    members: Vec<String>,
    at: u64,
    held: bool,
    votes: Vec<Vote>,
}

/// A member's vote.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConferenceVote)]
struct Vote {
    by: Person,
    /// `for`, `against` or `abstain`.
    vote: &'static str,
}

/// A request to close the case.
#[derive(Debug, Serialize, ToSchema)]
struct Closure {
    request: String,
    by: Person,
    /// Referrals it names as exceptions.
    exceptions: Vec<String>,
}

/// An escalation.
#[derive(Debug, Serialize, ToSchema)]
struct Escalation {
    escalation: String,
    to: Address,
    /// The event that set the deadline it is about.
    of: String,
    resolved: bool,
}

/// Where a case stands
///
/// To officers who work on cases in an agency that is a party, to whoever broke the glass, and to auditors. To anybody
/// else there is no such case.
#[utoipa::path(get, path = "/v1/cases/{id}", tag = "cases",
    params(("id" = String, Path, example = "7Q")),
    security(("ledger_key" = ["read"])),
    responses((status = 200, body = Shape, description = "The case, or the contact"), Guarded))]
pub(crate) async fn state(
    State(app): State<Arc<App>>,
    Path(id): Path<CaseId>,
    headers: HeaderMap,
) -> Result<Json<Shape>, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let known = app.known(&caller, &id).await?;
    Ok(Json(Shape::from(&*known.file)))
}

impl From<&CaseFile> for Shape {
    fn from(file: &CaseFile) -> Self {
        let link = |(case, to): (&String, _)| Link { case: case.clone(), to: Address::from(to) };
        Self {
            id: file.id.clone(),
            contact: file.contact.as_ref().map(|contact| Contact {
                logged_by: (&contact.by).into(),
                linked: contact.linked.iter().map(link).collect(),
            }),
            case: file.case.as_ref().map(Work::from),
            restricted: Restricted {
                officers: file.restricted_officers.iter().map(Person::from).collect(),
                units: file.restricted_units.iter().map(Address::from).collect(),
            },
            gaps: file.gaps,
            erased: file.outline.erased.is_some(),
            erasures: erasures(file),
        }
    }
}

fn erasures(file: &CaseFile) -> Vec<Erasure> {
    let mut orders: Vec<_> = file.outline.erasures.iter().collect();
    orders.sort_unstable_by_key(|(_, order)| order.index);
    let told = |order: &case::Erasure| {
        let told = order.told.iter();
        told.map(|(unit, confirmed)| ToldOfErasure { unit: unit.into(), confirmed: *confirmed }).collect()
    };
    let shape = |(hash, order): (&sijill_event::Digest, &case::Erasure)| Erasure {
        erasure: hash.to_string(),
        state: match order.state {
            ErasureState::Ordered => "ordered",
            ErasureState::Refused => "refused",
            ErasureState::Approved { .. } => "approved",
            ErasureState::Done => "done",
        },
        ground: order.ground.as_str(),
        fields: order.fields.as_ref().map(|fields| fields.iter().map(ToString::to_string).collect()),
        told: told(order),
    };
    orders.into_iter().map(shape).collect()
}

impl From<&case::Case> for Work {
    fn from(case: &case::Case) -> Self {
        let (status, merged_into) = match &case.status {
            Status::Open => ("open", None),
            Status::Closed(_) => ("closed", None),
            Status::Merged(into) => ("merged", Some(into.clone())),
        };
        let situation = &case.situation;
        let mut referrals: Vec<Referral> = case
            .referrals
            .iter()
            .map(|(hash, referral)| Referral::of(case, hash.to_string(), referral))
            .collect();
        referrals.sort_by_key(|referral| referral.index);
        let kept = case.deadlines.iter().filter(|deadline| deadline.runs() || deadline.breached.is_some());
        Self {
            status,
            merged_into,
            owner: (&case.owner).into(),
            opened_by: (&case.opener).into(),
            opened: case.opened.to_string(),
            opened_at: case.opened_at,
            reported_at: case.reported,
            contacts: case.contacts.iter().cloned().collect(),
            situation: Situation {
                concerns: texts(&situation.concerns),
                risk: situation.risk.to_string(),
                age_band: situation.age.to_string(),
                governorate: situation.governorate.to_string(),
                situations: texts(&situation.situations),
            },
            assigned: case.assigned.as_ref().map(ToString::to_string),
            transfer: case
                .transfer
                .as_ref()
                .map(|(request, to)| Transfer { request: request.to_string(), to: to.into() }),
            referrals,
            deadlines: kept.map(Deadline::from).collect(),
            plans: case.plans.iter().map(Plan::of).collect(),
            consents: case.consents.iter().map(Consent::of).collect(),
            legal_bases: texts(&case.bases),
            withdrawals: case.withdrawals.iter().map(Withdrawal::of).collect(),
            placements: texts(&case.placements),
            orders: texts(&case.orders),
            conferences: case.conferences.iter().map(Conference::of).collect(),
            breaches: texts(&case.breaches),
            closure: case.closure.as_ref().map(|closure| Closure {
                request: closure.request.to_string(),
                by: (&closure.by).into(),
                exceptions: texts(&closure.exceptions),
            }),
            escalations: case
                .escalations
                .iter()
                .map(|(hash, escalation)| Escalation {
                    escalation: hash.to_string(),
                    to: (&escalation.to).into(),
                    of: escalation.of.to_string(),
                    resolved: escalation.resolved,
                })
                .collect(),
        }
    }
}

impl Referral {
    fn of(case: &case::Case, referral: String, record: &case::Referral) -> Self {
        let (consent, legal_basis) = match &record.basis {
            Basis::Consent(consent) => (Some(consent.to_string()), None),
            Basis::Legal(code) => (None, Some(code.to_string())),
        };
        let its_own = case.deadlines.iter().filter(|deadline| {
            deadline.runs() && deadline.subject.is_some_and(|subject| subject.to_string() == referral)
        });
        Self {
            due: its_own.filter_map(|deadline| deadline.due).min(),
            index: record.index,
            to: (&record.to).into(),
            service: record.service.to_string(),
            priority: record.priority.as_str(),
            state: record.state.as_str(),
            since: record.since,
            live: record.state.is_live(),
            automatic: record.automatic,
            consent,
            legal_basis,
            fields: record.fields.iter().cloned().collect(),
            breached: record.breached,
            to_dispose: record.is_undisposed(),
            referral,
        }
    }
}

impl From<&case::Deadline> for Deadline {
    fn from(deadline: &case::Deadline) -> Self {
        Self {
            milestone: deadline.milestone.as_str(),
            of: deadline.of.to_string(),
            subject: deadline.subject.map(|subject| subject.to_string()),
            owes: (&deadline.owes).into(),
            started: deadline.started,
            due: deadline.due,
            paused: deadline.is_paused(),
            varied: deadline.varied.is_some(),
            breached: deadline.breached,
            runs: deadline.runs(),
            policy: deadline.policy,
        }
    }
}

type Named<'a, T> = (&'a sijill_event::Digest, &'a T);

impl Plan {
    fn of((hash, plan): Named<'_, case::Plan>) -> Self {
        let state = match plan.state {
            PlanState::Proposed => "proposed",
            PlanState::Approved => "approved",
            PlanState::Rejected => "rejected",
        };
        Self { plan: hash.to_string(), by: (&plan.by).into(), state }
    }
}

impl Consent {
    fn of((hash, consent): Named<'_, case::Consent>) -> Self {
        Self {
            consent: hash.to_string(),
            agencies: texts(&consent.agencies),
            expires: consent.expires.clone(),
            withdrawn: consent.withdrawn.map(|event| event.to_string()),
        }
    }
}

impl Withdrawal {
    fn of((hash, withdrawal): Named<'_, case::Withdrawal>) -> Self {
        let told = |(unit, confirmed): (_, &bool)| Told { unit: Address::from(unit), confirmed: *confirmed };
        Self { withdrawal: hash.to_string(), told: withdrawal.told.iter().map(told).collect() }
    }
}

impl Conference {
    fn of((hash, conference): Named<'_, case::Conference>) -> Self {
        let vote = |(by, vote): (_, &sijill_casework::catalogue::Vote)| Vote {
            by: Person::from(by),
            vote: vote.as_str(),
        };
        Self {
            conference: hash.to_string(),
            members: texts(&conference.members),
            at: conference.at,
            held: conference.held,
            votes: conference.votes.iter().map(vote).collect(),
        }
    }
}
