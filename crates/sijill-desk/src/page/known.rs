//! `/desk/contacts/{id}/known`: whether a child is known. The look-up is signed and on the ledger before it is answered,
//! and is answered on the very page that takes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, json};
use sijill_casework::catalogue::{ChildLookedUp, TypeSpec};
use sijill_event::{SdJwt, StreamKind};
use sijill_ledger::{KnownTo, LookedUp};

use super::case::Known;
use super::case::act;
use super::case::field::Asking;
use super::word;
use crate::desk::Office;
use crate::part::form::errors;
use crate::part::page::Page;
use crate::part::sign;
use crate::part::state::{self, Tone};
use crate::text::texts;
use crate::{DeskError, Session, Text, View, refused};

texts! {
    TITLE: "هل الطفل معروف؟", "Is the child known?";
    WARNING: "يُسجَّل باسمك وإلى الأبد أنك بحثت عن هذا الطفل. يُجاب عليك بالوحدة التي تعرفه فقط، ما لم تكن جهتك طرفًا في حالته.", "Under your name and for good it is recorded that you looked for this child. You are answered only which unit knows it, unless your agency is a party to its case.";
    NEEDED: "يكفي الرقم المدني، أو الاسم مع سنة الميلاد. لا يهم رسم الهمزات والتشكيل و«بن» و«ال».", "The civil number will do, or name and year of birth. Hamza, vowel signs, “bin” and the article make no difference.";
    ABOUT: "الاتصال", "Contact";
    RECORDED: "سُجّل البحث في القيد {n}.", "The look-up was recorded in entry {n}.";
    KNOWN: "الطفل معروف", "The child is known";
    KNOWN_NOTE: "تطابق الاسم وسنة الميلاد أو الرقم المدني. تأكدوا مع الوحدة أنه الطفل نفسه قبل فتح حالة أخرى.", "Name and year of birth match, or the civil number. Make sure with the unit that it is the same child before another case is opened.";
    UNKNOWN: "الطفل غير معروف", "The child is not known";
    UNKNOWN_NOTE: "لا حالة ولا اتصالًا سابقًا بهذا الاسم وسنة الميلاد أو بهذا الرقم المدني. قد يكون مسجَّلًا باسم آخر.", "There is no case and no earlier contact with this name and year of birth, or this civil number. It may be registered under another name.";
    TOO_LITTLE: "لا يكفي ما كُتب للبحث", "Too little to look for";
    UNIT: "الوحدة", "Unit";
    CASE: "الحالة", "Case";
    SINCE: "مفتوحة منذ {moment}", "Open since {moment}";
    EARLIER: "اتصال سابق", "Earlier contact";
    NOT_TOLD: "لا يُقال لجهتك أي حالة هي. اسأل الوحدة.", "Your agency is not told which case it is. Ask the unit.";
    LINK: "ربط هذا الاتصال بالحالة", "Link this contact to the case";
    OPEN_CASE: "فتح حالة", "Open a case";
    AGAIN: "بحث آخر", "Look again";
    BACK: "رجوع إلى الاتصال", "Back to the contact";
    REFUSED: "لم يُسجَّل البحث", "The look-up was not recorded";
    MEANWHILE: "تغيّر شيء في الاتصال في اللحظة نفسها. ابحث من جديد.", "The contact has moved on. Look again.";
}

/// What a look-up that follows a contact is filled with, by the names of the contact's answers; and which of them are enough.
pub(crate) fn follows(id: &str) -> String {
    json!({
        "stream": format!("contact/{id}"), "type": ChildLookedUp::TYPE, "v": ChildLookedUp::V,
        "post": path(id),
        "from": {
            "identity.name": "identity.child_name",
            "identity.birth_year": "identity.child_birth_year",
            "identity.civil_number": "identity.child_civil_number",
        },
        "enough": [["identity.civil_number"], ["identity.name", "identity.birth_year"]],
    })
    .to_string()
}

/// Where a contact's child is looked up.
pub(crate) fn path(id: &str) -> String {
    format!("/desk/contacts/{id}/known")
}

/// `GET /desk/contacts/{id}/known`
pub(crate) async fn ask(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    id: Result<Path<String>, PathRejection>,
) -> Result<Markup, DeskError> {
    let Path(id) = id?;
    let known = Known::find(&office, &session, StreamKind::Contact, &id).await?;
    if !is_ours(&known) {
        return Err(DeskError::NotYours);
    }
    let book = known.world.book();
    let asking = Asking {
        view: &view,
        registry: known.world.registry(),
        book: &book,
        reader: &known.reader,
        file: Some(&known.file),
    };
    let form = act::Form {
        asking,
        world: &known.world,
        spec: SPEC,
        stream: format!("contact/{id}"),
        fixed: Map::new(),
        given: BTreeMap::new(),
        first: &[],
        done: known.page(),
        id: "known".to_owned(),
        post: Some(path(&id)),
        then: None,
    };
    let facts = html! {
        dl.facts { div { dt { (view.t(ABOUT)) } dd data-fact=(view.t(ABOUT)) { (word::short(&id)) } } }
    };
    let page = Page::new(&view, view.t(TITLE)).of(&session).script("js/sign.js").says(sign::SAID);
    Ok(page.with(&html! {
        a.back href=(known.page()) { (view.t(BACK)) }
        (errors(&view, &[]))
        h1 { (view.t(TITLE)) }
        (state::notice(Tone::Warn, &html! { p { (view.t(WARNING)) } p { (view.t(NEEDED)) } }))
        (form.show(&facts))
    }))
}

const SPEC: &TypeSpec = &ChildLookedUp::SPEC;

/// Only who logged a contact looks up for it.
fn is_ours(known: &Known) -> bool {
    known.file.contact.as_ref().is_some_and(|contact| contact.by == known.reader.unit)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Posted {
    /// The signed look-up, an SD-JWT.
    event: String,
}

/// `POST /desk/contacts/{id}/known`
pub(crate) async fn answer(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<Posted>, FormRejection>,
) -> Result<Response, DeskError> {
    let (Path(id), Form(posted)) = (id?, form?);
    let known = Known::find(&office, &session, StreamKind::Contact, &id).await?;
    let look_up = SdJwt::parse(&posted.event).map_err(|_| DeskError::Body)?;
    let event = &look_up.event;
    let own = event.kid == session.kid && event.event_type == ChildLookedUp::TYPE;
    if !own || event.stream.as_str() != format!("contact/{id}") {
        return Err(DeskError::Body);
    }
    let answered = office.desk.ledger.look_up(&look_up, &known.reader).await;
    match answered.map_err(|_| DeskError::Unavailable)? {
        Ok(found) => Ok(shown(&view, &session, &known, &found).into_response()),
        Err(refused) => {
            let why = refused::why(&refused, MEANWHILE);
            Ok((StatusCode::CONFLICT, not_now(&view, &session, &known, why)).into_response())
        }
    }
}

fn not_now(view: &View, session: &Session, known: &Known, why: Text) -> Markup {
    Page::new(view, view.t(REFUSED)).of(session).with(&html! {
        a.back href=(known.page()) { (view.t(BACK)) }
        h1 { (view.t(REFUSED)) }
        (state::notice(Tone::Bad, &html! { p { (view.t(why)) } }))
        div.row { a.button href=(path(&known.id)) { (view.t(AGAIN)) } }
    })
}

fn shown(view: &View, session: &Session, known: &Known, found: &LookedUp) -> Markup {
    let entry = view.number(found.receipt.index);
    let again = path(&known.id);
    Page::new(view, view.t(TITLE)).of(session).with(&html! {
        a.back href=(known.page()) { (view.t(BACK)) }
        h1 { (view.t(TITLE)) }
        (state::notice(Tone::Plain, &html! { p { (RECORDED.fill(view.lang, &[("n", &entry)])) } }))
        @if !found.enough { (state::nothing(view, TOO_LITTLE, NEEDED, None)) }
        @else if found.known.is_empty() { (state::nothing(view, UNKNOWN, UNKNOWN_NOTE, None)) }
        @else {
            h2 { (view.t(KNOWN)) }
            p { (view.t(KNOWN_NOTE)) }
            (units(view, known, &found.known))
        }
        div.row {
            a.button .button--second[!found.known.is_empty()] href=(format!("/desk/cases/new?contact={}", known.id)) { (view.t(OPEN_CASE)) }
            a.button.button--second href=(again) { (view.t(AGAIN)) }
        }
    })
}

fn units(view: &View, known: &Known, units: &BTreeSet<KnownTo>) -> Markup {
    let registry = known.world.registry();
    html! {
        ul.cards {
            @for found in units {
                li.card {
                    h3 { (view.t(UNIT)) ": " (word::address(view, registry, &found.unit)) }
                    @match &found.place {
                        None => p.quiet { (view.t(NOT_TOLD)) },
                        Some(place) if place.kind == StreamKind::Contact => p {
                            (view.t(EARLIER)) " " a href=(format!("/desk/contacts/{}", place.id)) { (word::short(&place.id)) }
                        },
                        Some(place) => {
                            p {
                                (view.t(CASE)) " " a href=(format!("/desk/cases/{}", place.id)) { (word::short(&place.id)) }
                                @if let Some(opened) = place.opened {
                                    " · " (SINCE.fill(view.lang, &[("moment", &view.time(opened))]))
                                }
                            }
                            p {
                                a href=(format!("{}/act/contact.linked?case={}&to={}", known.page(), place.id, found.unit)) {
                                    (view.t(LINK))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
