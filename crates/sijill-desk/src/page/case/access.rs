//! Asking to see sealed values: what will be recorded is said first, the request is signed, and the values are shown on
//! the very page that answers it. There is no address at which they could be had again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sijill_casework::case::Released;
use sijill_casework::catalogue::{AccessRequested, CaseEvent, Facts, Kind};
use sijill_event::{Class, Digest, Entry, Event, Json, StreamKind};
use sijill_ledger::{Receipt, Wait};

use super::Known;
use super::act::plain;
use super::value::{Telling, field_of};
use crate::desk::Office;
use crate::page::{attachment, word};
use crate::part::form::{Choice, Field, errors};
use crate::part::page::Page;
use crate::part::sign::{self, Signed};
use crate::part::state::{self, Tone};
use crate::text::texts;
use crate::{DeskError, Session, View, refused};

texts! {
    TITLE: "طلب اطلاع", "Ask to see";
    WARNING: "قبل أن تطلب: يُسجَّل باسمك وإلى الأبد أنك طلبت الاطلاع، ولأي غرض، وما أُتيح لك بالضبط. يراه أطراف الحالة والمدققون.", "Before you ask: under your name and for good it is recorded that you asked, for what purpose, and exactly what you were shown. The parties to the case and auditors see it.";
    ONLY: "لا يُتاح لك إلا ما تسمح به القواعد لوحدتك ودورك الآن.", "You are shown only what the rules permit your unit and role now.";
    PURPOSE: "لأي غرض؟", "For what purpose?";
    CLASSES: "ما الذي تحتاج إلى رؤيته؟", "What do you need to see?";
    CLASSES_HINT: "اطلب أقل ما يكفي.", "Ask for the least that will do.";
    SCOPE: "نطاق الطلب", "Scope";
    WHOLE: "كل القيود", "All entries";
    BUTTON: "مراجعة الطلب", "Check and ask";
    BACK: "رجوع", "Back";
    SHOWN: "ما أُتيح لك", "What you are shown";
    SHOWN_NOTE: "سُجّل هذا الاطلاع في القيد {n}. إذا غادرت الصفحة فعليك أن تطلب من جديد.", "This was recorded in entry {n}. Once you leave the page you have to ask again.";
    NOTHING: "لا شيء مما طلبته متاح لك", "Nothing you asked for may be shown to you";
    NOTHING_NOTE: "لا تسمح القواعد لوحدتك ودورك الآن بشيء منه، أو لم يُدوَّن شيء. سُجّل طلبك.", "The rules permit your unit and role none of it now, or nothing was written down. Your request was recorded.";
    REFUSED: "لم يُسجَّل الطلب", "The request was not recorded";
    MEANWHILE: "طلب شخص آخر الاطلاع في اللحظة نفسها، أو تغيّر شيء في الحالة. لم يُعرض شيء. اطلب من جديد.", "Somebody else asked at the same moment, or the case has moved on. Nothing was shown. Ask again.";
    OLD: "مضى وقت على هذا الطلب. اطلب الاطلاع من جديد.", "This request is some time ago. Ask again.";
    NOT_FILLED: "لم يُدوَّن", "Not written down";
}

/// For how long the same signed request still shows what it opened, milliseconds: enough for a connection that broke.
const AGAIN_MS: u64 = 300_000;

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// The one event that is asked for; all of them if it is left out.
    event: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Posted {
    /// The signed request, an SD-JWT.
    event: String,
}

type Id = Result<Path<String>, PathRejection>;
type Query1 = Result<Query<Asked>, QueryRejection>;
type Form1 = Result<Form<Posted>, FormRejection>;

/// `GET /desk/cases/{id}/access?event=…`
pub(crate) async fn ask_case(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    id: Id,
    query: Query1,
) -> Result<Markup, DeskError> {
    ask(&office, &view, &session, StreamKind::Case, id?.0, query).await
}

/// `GET /desk/contacts/{id}/access?event=…`
pub(crate) async fn ask_contact(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    id: Id,
    query: Query1,
) -> Result<Markup, DeskError> {
    ask(&office, &view, &session, StreamKind::Contact, id?.0, query).await
}

/// `POST /desk/cases/{id}/access`
pub(crate) async fn open_case(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    id: Id,
    form: Form1,
) -> Result<Response, DeskError> {
    open(&office, &view, &session, StreamKind::Case, id?.0, form?.0).await
}

/// `POST /desk/contacts/{id}/access`
pub(crate) async fn open_contact(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    id: Id,
    form: Form1,
) -> Result<Response, DeskError> {
    open(&office, &view, &session, StreamKind::Contact, id?.0, form?.0).await
}

async fn ask(
    office: &Office,
    view: &View,
    session: &Session,
    kind: StreamKind,
    id: String,
    query: Query1,
) -> Result<Markup, DeskError> {
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    let known = Known::find(office, session, kind, &id).await?;
    let event = match &asked.event {
        Some(text) => {
            let hash = Digest::parse(text).map_err(|_| DeskError::NotFound)?;
            known.file.events.contains_key(&hash).then_some(Some(hash)).ok_or(DeskError::NotFound)?
        }
        None => None,
    };
    let book = known.world.book();
    let telling = Telling::new(view, known.world.registry(), &book, &known.file);
    let mut fixed = Map::new();
    if let Some(codes) = known.world.codes(AccessRequested::SPEC.lists()) {
        fixed.insert("codes".to_owned(), plain(&codes));
    }
    if let Some(event) = &event {
        fixed.insert("events".to_owned(), json!([event.to_string()]));
    }
    let (stream, post) = (format!("access/{id}"), format!("{}/access", known.page()));
    let signed = Signed {
        stream: &stream,
        event_type: AccessRequested::TYPE,
        v: AccessRequested::V,
        data: Value::Object(fixed),
        done: &known.page(),
        post: Some(&post),
    };
    let classes = classes(&known).into_iter().map(|class| Choice {
        value: class.as_str(),
        label: html! { (view.t(word::class(class))) },
        note: None,
        chosen: event.is_some(),
    });
    let purposes: Vec<_> = book.list("access-purpose").into_iter().flat_map(|list| &list.codes).collect();
    let purposes = purposes.iter().filter(|entry| !entry.retired).map(|entry| Choice {
        value: entry.code.as_str(),
        label: html! { (word::label(view, &entry.label)) },
        note: None,
        chosen: entry.code.as_str() == "casework",
    });
    let scope = html! {
        @match &event { Some(event) => (telling.event(&event.to_string())), None => (view.t(WHOLE)) }
    };
    let page = Page::new(view, view.t(TITLE)).of(session).script("js/sign.js").says(sign::SAID);
    Ok(page.with(&html! {
        a.back href=(known.page()) { (view.t(BACK)) }
        (errors(view, &[]))
        h1 { (view.t(TITLE)) }
        (state::notice(Tone::Warn, &html! { p { (view.t(WARNING)) } p { (view.t(ONLY)) } }))
        (sign::form(view, "access", &signed, BUTTON, &html! {
            dl.facts { div { dt { (view.t(SCOPE)) } dd data-fact=(view.t(SCOPE)) { (scope) } } }
            (Field::new("data.classes", CLASSES).hint(CLASSES_HINT).checks(view, &classes.collect::<Vec<_>>()))
            (Field::new("data.purpose", PURPOSE).select(view, &purposes.collect::<Vec<_>>()))
        }))
    }))
}

/// The classes it makes sense to ask for: what nobody in this reader's place is ever shown is not offered.
fn classes(known: &Known) -> Vec<Class> {
    let logged_here = known.file.contact.as_ref().is_some_and(|contact| contact.by == known.reader.unit);
    let makes_sense = |class: &Class| match class {
        Class::Casework => false,
        Class::Identity | Class::Narrative => true,
        Class::Sensitive => known.reader.is_specialist(),
        Class::Reporter => logged_here,
    };
    Class::ALL.into_iter().filter(makes_sense).collect()
}

async fn open(
    office: &Office,
    view: &View,
    session: &Session,
    kind: StreamKind,
    id: String,
    posted: Posted,
) -> Result<Response, DeskError> {
    let known = Known::find(office, session, kind, &id).await?;
    let jwt = posted.event.split('~').next().unwrap_or_default();
    let event = Event::parse(jwt).map_err(|_| DeskError::Body)?;
    // The request stands on the ledger without its secrets: whoever reads it there must not be able to hand it in again.
    let own = event.kid == session.kid && event.event_type == AccessRequested::TYPE;
    if !own || event.stream.as_str() != format!("access/{id}") {
        return Err(DeskError::Body);
    }
    let ledger = &office.desk.ledger;
    let appended = ledger.append(vec![posted.event], Wait::Published).await;
    let receipt = match appended.ok().and_then(|mut all| all.pop()) {
        Some(Ok(receipt)) => receipt,
        Some(Err(refused)) => {
            return Ok(not_now(view, session, &known, refused::why(&refused, MEANWHILE)));
        }
        None => return Err(DeskError::Unavailable),
    };
    if !receipt.first && ledger.now_ms().saturating_sub(receipt.received) > AGAIN_MS {
        return Ok(not_now(view, session, &known, OLD));
    }
    let released = answer(office, &receipt, &event.hash()).await?;
    let file = ledger.case(&id).await?.ok_or(DeskError::NotFound)?;
    let values = ledger.open_released(&file, &released).await?;
    let known = Known { file, ..known };
    Ok(shown(view, session, &known, &values, receipt.index + 1).into_response())
}

/// What the access service answered: the entry after the request.
async fn answer(office: &Office, receipt: &Receipt, request: &Digest) -> Result<Released, DeskError> {
    let page = office.desk.ledger.entries(receipt.index + 1, 1).await?;
    let (_, text) = page.first().ok_or(DeskError::Unavailable)?;
    let entry = Entry::parse(text.as_bytes()).map_err(|_| DeskError::Unavailable)?;
    match CaseEvent::read(&entry.event, &Facts::Known(BTreeMap::new())) {
        Ok(CaseEvent::AccessReleased(answer)) if answer.request == *request => {
            let fields = |all: BTreeSet<_>| -> BTreeSet<String> {
                all.iter().map(|path: &sijill_casework::catalogue::FieldPath| path.to_string()).collect()
            };
            Ok(answer.released.into_iter().map(|(event, all)| (event, fields(all))).collect())
        }
        _ => Err(DeskError::Unavailable),
    }
}

fn not_now(view: &View, session: &Session, known: &Known, why: crate::Text) -> Response {
    let again = format!("{}/access", known.page());
    let page = Page::new(view, view.t(REFUSED)).of(session).with(&html! {
        h1 { (view.t(REFUSED)) }
        (state::notice(Tone::Bad, &html! { p { (view.t(why)) } }))
        div.row { a.button href=(again) { (view.t(TITLE)) } a href=(known.page()) { (view.t(BACK)) } }
    });
    (StatusCode::CONFLICT, page).into_response()
}

fn shown(
    view: &View,
    session: &Session,
    known: &Known,
    values: &BTreeMap<Digest, BTreeMap<String, Json>>,
    entry: u64,
) -> Markup {
    let book = known.world.book();
    let telling = Telling::new(view, known.world.registry(), &book, &known.file);
    let mut events: Vec<_> = values
        .iter()
        .filter_map(|(hash, values)| Some((known.file.events.get(hash)?, values)))
        .filter(|(_, values)| values.values().any(|value| !value.is_null()))
        .collect();
    events.sort_by_key(|(noted, _)| std::cmp::Reverse(noted.index));
    Page::new(view, view.t(SHOWN)).of(session).with(&html! {
        a.back href=(known.page()) { (view.t(BACK)) }
        h1 { (view.t(SHOWN)) }
        (state::notice(Tone::Plain, &html! { p { (SHOWN_NOTE.fill(view.lang, &[("n", &view.number(entry))])) } }))
        @if events.is_empty() { (state::nothing(view, NOTHING, NOTHING_NOTE, None)) }
        @for (noted, values) in events {
            h2 { (view.t(word::event_type(noted.event_type))) }
            p.quiet.small {
                @if let Some(by) = &noted.by { (word::address(view, telling.registry, by)) " · " }
                (view.time(noted.received))
            }
            dl.facts {
                @for (path, value) in values {
                    @if let Some(field) = field_of(noted.event_type, noted.v, path) {
                        div {
                            dt { (view.t(field.label.into())) }
                            dd {
                                @if value.is_null() { span.quiet { (view.t(NOT_FILLED)) } }
                                @else {
                                    (telling.value(field, value))
                                    @if matches!(field.kind, Kind::Attachment) { (attachment::link(view, &known.id, entry, value)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    })
}
