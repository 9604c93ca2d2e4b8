//! Inviting from a command line: whoever keeps an agency's registry signs a challenge and what the invitation is for. Its
//! root key does so too, which signs in nowhere; that is how an agency's first registrar gets a key into a browser.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use sijill_domain::event::Role;
use sijill_domain::{AgencyId, Registry, Signer};
use sijill_event::Kid;

use super::{Written, judged};
use crate::challenge::Answered;
use crate::desk::Office;
use crate::invitation::{Invitation, LIFE_MS, invitation_message};
use crate::{DeskError, Session, frame};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    nonce: String,
    kid: String,
    signature: String,
    officer: String,
    /// Empty for one more key of an officer who is enrolled.
    unit: String,
    roles: Vec<String>,
}

/// `POST /desk/invitations`: the link, which is shown once, and how long it is good.
pub(crate) async fn make(
    State(office): State<Arc<Office>>,
    headers: HeaderMap,
    body: Result<Json<Asked>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), DeskError> {
    let Json(Asked { nonce, kid, signature, officer, unit, roles }) = body?;
    let answered = Answered { nonce: &nonce, kid: &kid, signature: &signature };
    let kid = office.answered(&headers, &answered, |site, kid| {
        invitation_message(site, &nonce, kid, &officer, &unit, &roles.join(","))
    })?;
    let registry = office.desk.ledger.registry();
    let keeper = agency_kept_by(&registry, kid).ok_or(DeskError::NotYours)?;
    let agency = registry.agency(keeper.as_str()).ok_or(DeskError::NotYours)?;
    let another = unit.is_empty();
    let written = Written { officer, unit, roles: roles.into_iter().collect(), another };
    let (officer, post) =
        judged(agency, &written).map_err(|wrong| DeskError::InvitationWrong(wrong.first()))?;
    let now = office.now()?;
    let ends = now.saturating_add(LIFE_MS);
    let token =
        office.invitations.make(Invitation { agency: keeper, officer, post, ends, answer: None }, now)?;
    let site = frame::site(&office, &headers).ok_or(DeskError::Site)?;
    Ok((StatusCode::CREATED, Json(json!({ "link": format!("{site}/desk/enrol#{token}"), "ends": ends }))))
}

/// The agency whose registry this key keeps now, as its root or as a registrar.
fn agency_kept_by(registry: &Registry, kid: Kid) -> Option<AgencyId> {
    match registry.signer(&kid)? {
        Signer::Root(agency) => Some(agency.clone()),
        Signer::Officer { .. } => {
            Session::of(registry, kid).filter(|held| held.may(Role::Registrar)).map(|held| held.agency)
        }
        Signer::Service(_) => None,
    }
}
