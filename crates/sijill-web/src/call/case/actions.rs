//! `GET /v1/cases/{id}/actions`: what the caller may do now, and why not the rest.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use sijill_casework::case::Subject;
use sijill_casework::catalogue::{self, CATALOGUE, CaseId, TypeSpec};
use sijill_domain::Refusal;
use sijill_domain::event::Role;
use sijill_event::StreamKind;
use utoipa::ToSchema;

use super::word::Label;
use crate::app::App;
use crate::error::WebError;
use crate::extract::Path;
use crate::knowing::Known;
use crate::refusals::Guarded;
use crate::token::{Caller, Scope};

/// What the caller may do in a case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Actions {
    actions: Vec<Action>,
}

/// One type of event, about one thing, and whether the caller may sign it now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CaseAction)]
struct Action {
    #[serde(rename = "type")]
    #[schema(example = "referral.accepted")]
    kind: &'static str,
    /// What people call the type.
    title: Label,
    /// Where it is signed.
    #[schema(example = "case/7Q")]
    stream: String,
    /// The field that says what the event is about, with its value; null if it is about the case as a whole, or if
    /// there is nothing yet that it could be about.
    #[schema(required = true, value_type = Option<Object>)]
    subject: Option<sijill_event::Json>,
    allowed: bool,
    /// Why not: the code the event would be refused with.
    #[schema(required = true)]
    code: Option<&'static str>,
    /// The same as a sentence.
    #[schema(required = true)]
    message: Option<String>,
    /// The JSON Schema of what it says.
    #[schema(example = "/v1/schemas/referral.accepted")]
    schema: String,
}

/// What the caller may do in a case
///
/// Every type of the catalogue that officers sign here, for each thing it can be about: with the very rules that will
/// judge the event. What is allowed can still be refused for what else it holds: a code that was retired, a unit
/// that is closed.
#[utoipa::path(get, path = "/v1/cases/{id}/actions", tag = "cases",
    params(("id" = String, Path, example = "7Q")),
    security(("ledger_key" = ["read"])),
    responses((status = 200, body = Actions, description = "All of them, allowed and not"), Guarded))]
pub(crate) async fn actions(
    State(app): State<Arc<App>>,
    Path(id): Path<CaseId>,
    headers: HeaderMap,
) -> Result<Json<Actions>, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let known = app.known(&caller, &id).await?;
    let is_case = known.file.case.is_some();
    let mut actions = Vec::new();
    for spec in CATALOGUE.iter().filter(|spec| is_newest(spec)) {
        let Some(stream) = known.file.signed_in(spec) else { continue };
        let here = match stream {
            StreamKind::Contact => known.file.contact.is_some(),
            StreamKind::Case => is_case,
            _ => true,
        };
        if !here {
            continue;
        }
        let subjects = known.file.subjects(spec.name);
        if subjects.is_empty() {
            actions.push(action(&known, &caller, spec, stream, None));
        }
        actions.extend(subjects.iter().map(|subject| action(&known, &caller, spec, stream, Some(subject))));
    }
    Ok(Json(Actions { actions }))
}

fn is_newest(spec: &TypeSpec) -> bool {
    catalogue::latest(spec.name).is_some_and(|newest| newest.v == spec.v)
}

fn action(
    known: &Known,
    caller: &Caller,
    spec: &'static TypeSpec,
    stream: StreamKind,
    subject: Option<&Subject>,
) -> Action {
    let why_not = authority(known, caller, stream).or_else(|| rules(known, spec.name, subject));
    let (code, message) = why_not.unzip();
    let field = spec.subject().map(|field| field.name);
    Action {
        kind: spec.name,
        title: spec.title.into(),
        stream: format!("{}/{}", stream.as_str(), known.file.id),
        subject: field
            .zip(subject)
            .map(|(field, subject)| sijill_event::Json::object([(field, subject.to_json())])),
        allowed: code.is_none(),
        code,
        message,
        schema: format!("/v1/schemas/{}", spec.name),
    }
}

type WhyNot = (&'static str, String);

/// What the registry would say, before the rules of the case are asked (`docs/casework.md` §1).
fn authority(known: &Known, caller: &Caller, stream: StreamKind) -> Option<WhyNot> {
    let registry = known.reader.registry();
    let agency = known.reader.author.agency.as_str();
    let may_ask = stream == StreamKind::Access && registry.may_use(&caller.kid, Role::Auditor);
    let refusal = if !known.reader.works && !may_ask {
        Refusal::RoleMissing(Role::Casework.as_str())
    } else if stream != StreamKind::Access && !registry.is_party(agency, &known.parties) {
        Refusal::NotAParty(agency.to_owned())
    } else {
        return None;
    };
    Some((refusal.code(), refusal.to_string()))
}

fn rules(known: &Known, event_type: &str, subject: Option<&Subject>) -> Option<WhyNot> {
    let reader = &known.reader;
    let judged = known.file.outline.erased.is_some() || event_type.starts_with("erasure.");
    if known.file.gaps > 0 && !judged {
        let why = "values that this case rests on were erased: nothing can be judged in it any more";
        return Some(("case-unreadable", why.to_owned()));
    }
    let verdict = known.file.may(&reader.world, reader.at, &reader.author, event_type, subject);
    verdict.err().map(|refusal| (refusal.code(), refusal.to_string()))
}
