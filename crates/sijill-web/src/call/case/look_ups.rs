//! `POST /v1/contacts/{id}/look-ups`: whether a child is known, and to which unit.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sijill_casework::catalogue::{CaseId, ChildLookedUp};
use sijill_event::{SdJwt, StreamKind};
use sijill_ledger::{KnownTo, LookedUp};
use utoipa::ToSchema;

use super::word::Address;
use crate::accept::media_type;
use crate::app::App;
use crate::body;
use crate::call::append::{Receipt, SD_JWT, SINGLE_LIMIT, answer, event};
use crate::error::WebError;
use crate::extract::Path;
use crate::refusals::Disclosing;
use crate::token::{Caller, Scope};

/// What a look-up is answered with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LookUp {
    /// Of the look-up.
    receipt: Receipt,
    /// Whether enough was said of the child: its civil number, or its name and year of birth.
    enough: bool,
    /// The units that know it.
    known: Vec<Known>,
}

/// A unit that knows the child.
#[derive(Debug, Serialize, ToSchema)]
struct Known {
    /// The owner of the case, or who logged the contact.
    unit: Address,
    /// The case, if the caller's agency is a party to it.
    #[schema(example = "7Q")]
    case: Option<String>,
    /// The contact, if no case came of it and the caller's agency is a party to it.
    contact: Option<String>,
    /// When the case was opened, Unix milliseconds.
    #[schema(minimum = 0)]
    opened: Option<u64>,
}

/// Ask whether a child is known
///
/// The body is the caller's signed `child.looked_up` in stream `contact/{id}`. It is appended before anything is answered.
/// Answered is which units know the child, and to parties of a case which case it is. Whoever a case is restricted
/// against is not told of it.
#[utoipa::path(post, path = "/v1/contacts/{id}/look-ups", tag = "cases",
    params(("id" = String, Path, example = "k7")),
    security(("ledger_key" = ["read"])),
    request_body(content = String, content_type = "application/sd-jwt", description = "`child.looked_up`, at most 1 MiB"),
    responses(
        (status = 201, body = LookUp, description = "Appended and answered"),
        (status = 200, body = LookUp, description = "This very look-up is there already, not long: answered again"),
        Disclosing,
    ))]
pub(crate) async fn look_up(
    State(app): State<Arc<App>>,
    Path(id): Path<CaseId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    if media_type(&headers).as_deref() != Some(SD_JWT) {
        return Err(WebError::MediaType("`application/sd-jwt`"));
    }
    let body = body::read(&app, &headers, body, SINGLE_LIMIT + 2).await?;
    let look_up = SdJwt::parse(&event(&body.bytes)?).map_err(sijill_ledger::Refused::from)?;
    let reader = app.reader(&caller).filter(|_| is_look_up(&look_up, &id, &caller));
    let reader = reader.ok_or(WebError::NotARequest)?;
    let LookedUp { receipt, enough, known } = app.ledger.look_up(&look_up, &reader.author).await??;
    let (status, receipt) = answer(Ok(receipt))?;
    let known = known.into_iter().map(Known::from).collect();
    Ok((status, Json(LookUp { receipt, enough, known })).into_response())
}

/// Whether it is the caller's own look-up in this contact: its answer is for who signed it.
fn is_look_up(look_up: &SdJwt, id: &CaseId, caller: &Caller) -> bool {
    let event = &look_up.event;
    event.event_type == ChildLookedUp::TYPE
        && event.stream.kind() == StreamKind::Contact
        && event.stream.id() == Some(id.as_str())
        && caller.is(&event.iss, &event.sub)
        && event.act.is_none()
}

impl From<KnownTo> for Known {
    fn from(known: KnownTo) -> Self {
        let (mut case, mut contact, mut opened) = (None, None, None);
        if let Some(place) = known.place {
            opened = place.opened;
            let id = if place.kind == StreamKind::Case { &mut case } else { &mut contact };
            *id = Some(place.id);
        }
        Self { unit: Address::from(&known.unit), case, contact, opened }
    }
}
