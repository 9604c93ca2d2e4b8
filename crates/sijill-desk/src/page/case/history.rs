//! What happened in a case or contact, line by line: who, what, when, and what was checked of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::json;
use sijill_casework::catalogue::FieldClass;
use sijill_event::{Class, Digest, Entry, StreamKind};
use sijill_ledger::Line as Held;

use super::Known;
use super::value::Telling;
use crate::desk::Office;
use crate::page::word;
use crate::part::timeline::{Line, Seal};
use crate::text::texts;
use crate::{DeskError, Id, Session, View};

texts! {
    SYSTEM: "المنظومة، بحسب السياسة المعتمدة", "The system, as the policy in force says";
    ACCESS: "خدمة الاطلاع في المنظومة", "The system's access service";
    SEALED: "مختوم: {classes}.", "Sealed: {classes}.";
    OPEN: "طلب الاطلاع عليه", "Ask to see it";
    ERASED: "قيم هذا القيد مُحيت ولم تعد محفوظة. بقي توقيعه ومكانه في السجل.", "The values of this entry were erased and are held no more. Its signature and its place in the ledger remain.";
}

/// The history of a case or contact, the newest first, as the reader may see it: open members and class casework.
pub(crate) fn lines(
    view: &View,
    known: &Known,
    telling: &Telling<'_>,
    history: &[Held],
    size: u64,
) -> Vec<Line> {
    let mut ends: BTreeMap<&str, Digest> = BTreeMap::new();
    let mut lines = Vec::new();
    for held in history {
        let event = &held.entry.event;
        let before = ends.insert(event.stream.as_str(), event.hash());
        let seal = Seal {
            signed: is_signed(telling, &held.entry, held.index),
            chained: event.prev == before && (event.seq == 0) == before.is_none(),
            published: held.index < size,
            witnessed: None,
        };
        lines.push(Line {
            id: format!("e{}", held.index),
            what: html! { (view.t(word::event_type(&event.event_type))) },
            who: who(view, telling, &held.entry),
            told: told(view, known, telling, held),
            occurred: event.occurred.as_ref().and_then(|at| u64::try_from(at.unix_ms()).ok()),
            signed: event.iat.saturating_mul(1_000),
            received: held.entry.received,
            seal,
            proof: Some(format!("{}/proof/{}", known.page(), held.index)),
        });
    }
    lines.reverse();
    lines
}

/// Checked here and now, not remembered: the signature, and that the key was the author's at that place in the log.
fn is_signed(telling: &Telling<'_>, entry: &Entry, index: u64) -> bool {
    let event = &entry.event;
    telling.registry.key(&event.kid).is_some_and(|record| {
        let speaks = record.signer().is_some_and(|signer| signer.iss_sub() == (&event.iss, &event.sub));
        speaks && record.is_good_at(index) && event.verify(&record.key).is_ok()
    })
}

fn who(view: &View, telling: &Telling<'_>, entry: &Entry) -> Markup {
    let noted = telling.file.events.get(&entry.event.hash());
    let by = noted.and_then(|noted| noted.by.as_ref());
    let person = noted.and_then(|noted| noted.person.as_ref());
    html! {
        @if let Some(by) = by { (word::address(view, telling.registry, by)) }
        @if let Some((_, officer)) = person { " · " (Id(officer.as_str())) }
        @if by.is_none() {
            @if entry.event.stream.kind() == StreamKind::Access { (view.t(ACCESS)) } @else { (view.t(SYSTEM)) }
        }
    }
}

fn told(view: &View, known: &Known, telling: &Telling<'_>, held: &Held) -> Markup {
    let event = &held.entry.event;
    let sealed: Vec<Class> =
        event.digests.iter().map(|(class, _)| *class).filter(|c| *c != Class::Casework).collect();
    let names: Vec<&str> = sealed.iter().map(|class| view.t(word::class(*class))).collect();
    let comma = if view.lang == crate::Lang::Ar { "، " } else { ", " };
    html! {
        @match &held.read {
            Some(read) => {
                @let values = read.values();
                @let open = [FieldClass::Routing, FieldClass::Disclosed(Class::Casework)];
                @let said: Vec<_> = read.spec().fields.iter().filter(|field| open.contains(&field.class))
                    .filter_map(|field| Some((field, values.get(field.name)?))).collect();
                @if !said.is_empty() {
                    dl.said {
                        @for (field, value) in said {
                            div { dt { (view.t(field.label.into())) } dd { (telling.field(field, value, &values)) } }
                        }
                    }
                }
            }
            None => p.quiet { (view.t(ERASED)) },
        }
        @if !sealed.is_empty() {
            p.small {
                (SEALED.fill(view.lang, &[("classes", &names.join(comma))])) " "
                a href=(format!("{}/access?event={}", known.page(), event.hash())) { (view.t(OPEN)) }
            }
        }
    }
}

/// `GET /desk/cases/{id}/proof/{index}`
pub(crate) async fn proof_in_case(
    state: State<Arc<Office>>,
    session: Session,
    path: Result<Path<(String, u64)>, PathRejection>,
) -> Result<Response, DeskError> {
    proof(&state, &session, StreamKind::Case, path?.0).await
}

/// `GET /desk/contacts/{id}/proof/{index}`
pub(crate) async fn proof_in_contact(
    state: State<Arc<Office>>,
    session: Session,
    path: Result<Path<(String, u64)>, PathRejection>,
) -> Result<Response, DeskError> {
    proof(&state, &session, StreamKind::Contact, path?.0).await
}

/// The receipt of an entry, as the API's `POST /v1/events` gives it, with the entry it is of: what anybody needs to check
/// it elsewhere. The API's own calls want a token; here the session stands for one.
async fn proof(
    office: &Office,
    session: &Session,
    kind: StreamKind,
    (id, index): (String, u64),
) -> Result<Response, DeskError> {
    let known = Known::find(office, session, kind, &id).await?;
    if !known.file.events.values().any(|noted| noted.index == index) {
        return Err(DeskError::NotFound);
    }
    receipt(office, index, &format!("entry-{index}.json")).await
}

/// The receipt of a published entry as a file; whether the reader may know of the entry is for the caller to say.
pub(crate) async fn receipt(office: &Office, index: u64, name: &str) -> Result<Response, DeskError> {
    let receipt = office.desk.ledger.receipt(index).await?;
    let page = office.desk.ledger.entries(index, 1).await?;
    let (_, entry) = page.first().ok_or(DeskError::NotFound)?;
    let body = json!({
        "index": receipt.index, "received": receipt.received, "jti": receipt.jti.to_string(), "proof": receipt.proof,
        "entry": entry,
    });
    let file = format!("attachment; filename=\"{name}\"");
    Ok(([(header::CONTENT_DISPOSITION, file)], axum::Json(body)).into_response())
}
