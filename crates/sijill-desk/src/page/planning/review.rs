//! `/desk/planning/review`: what became of an early warning, to be signed in its case.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};
use sijill_casework::catalogue::WarningReviewed;
use sijill_projections::warning::{Reader, Warning};

use super::warnings::{is_reviewed, said, text, told};
use super::{known, notice, sight};
use crate::desk::Office;
use crate::page::case::Known;
use crate::page::case::act::Form;
use crate::page::case::field::Asking;
use crate::page::word;
use crate::part::form::errors;
use crate::part::page::Page;
use crate::part::sign;
use crate::part::state::{self, Tone};
use crate::text::texts;
use crate::{DeskError, Session, View};

texts! {
    TITLE: "مراجعة إنذار مبكر", "Review an early warning";
    BACK: "التخطيط", "Planning";
    CASE: "الحالة", "Case";
    RULE: "القاعدة", "Rule";
    SAYS: "الإنذار", "The warning";
}

/// Which warning.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    case: String,
    rule: String,
    /// Hashes between commas.
    events: String,
}

/// Where the form of a warning is.
pub(super) fn path(warning: &Warning) -> String {
    // Ids of cases and rules and hashes have no character that an address would write otherwise.
    format!(
        "/desk/planning/review?case={}&rule={}&events={}",
        warning.case.id,
        warning.rule.id,
        warning.events().join(",")
    )
}

/// Whether the reader answers for the case: its unit owns it, or it supervises that unit.
pub(super) fn may(known: &Known) -> bool {
    let owner = known.file.case.as_ref().map(|case| &case.owner);
    known.works
        && owner.is_some_and(|owner| {
            known.reader.unit == *owner || known.reader.supervises(known.world.registry(), owner)
        })
}

/// `GET /desk/planning/review?case=…&rule=…&events=…`
pub(crate) async fn form(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Markup, DeskError> {
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    let warning = find(&office, &session, &asked).await?.ok_or(DeskError::NotFound)?;
    let known = told(&office, &session, &warning).await.ok_or(DeskError::CaseUnknown)?;
    if !may(&known) {
        return Err(DeskError::NotYours);
    }
    if warning.review.is_some() || is_reviewed(&known, &warning) {
        return Err(DeskError::NotFound);
    }
    let events: Vec<Value> = warning.events().into_iter().map(Value::from).collect();
    let mut fixed = Map::new();
    fixed.insert("rule".to_owned(), warning.rule.id.into());
    fixed.insert("version".to_owned(), warning.rule.version.into());
    fixed.insert("events".to_owned(), events.into());
    let book = known.world.book();
    let form = Form {
        asking: Asking {
            view: &view,
            registry: known.world.registry(),
            book: &book,
            reader: &known.reader,
            file: Some(&known.file),
        },
        world: &known.world,
        spec: &WarningReviewed::SPEC,
        stream: format!("case/{}", known.id),
        fixed,
        given: BTreeMap::new(),
        first: &["outcome", "reason", "ground", "note"],
        done: "/desk/planning".to_owned(),
        id: format!("review-{}", warning.rule.id),
        post: None,
        then: None,
    };
    let [case, rule, says] = [CASE, RULE, SAYS].map(|text| view.t(text));
    let facts = html! {
        dl.facts {
            div { dt { (case) } dd data-fact=(case) { (word::short(&known.id)) } }
            div { dt { (rule) } dd data-fact=(rule) { (view.t(text(warning.rule.title))) } }
            div { dt { (says) } dd data-fact=(says) { (said(&view, &warning)) } }
        }
    };
    let page = Page::new(&view, view.t(TITLE)).of(&session).script("js/sign.js").says(sign::SAID);
    Ok(page.with(&html! {
        a.back href="/desk/planning" { (view.t(BACK)) }
        (errors(&view, &[]))
        h1 { (view.t(TITLE)) }
        (state::notice(Tone::Plain, &html! { p { (view.t(notice())) } }))
        (form.show(&facts))
    }))
}

/// The warning that is meant, as the rules give it now.
async fn find(office: &Office, session: &Session, asked: &Asked) -> Result<Option<Warning>, DeskError> {
    let sight = sight(office, session)?;
    let base = office.desk.read_models.as_deref().ok_or(DeskError::Unavailable)?;
    let reader = Reader { base };
    let unavailable = |error: sijill_projections::ProjectionError| {
        tracing::error!(code = error.code(), %error, "the warnings cannot be read");
        DeskError::Unavailable
    };
    let standing = reader.standing().await.map_err(unavailable)?;
    let size = standing.position.min(office.desk.ledger.published().checkpoint.size);
    let now = known(office, size).await?;
    let all = reader.warnings(&standing, size, now.at, &sight, &[]).await.map_err(unavailable)?;
    let is_meant = |warning: &Warning| {
        warning.case.id == asked.case
            && warning.rule.id == asked.rule
            && warning.events().join(",") == asked.events
    };
    Ok(all.into_iter().find(is_meant))
}
