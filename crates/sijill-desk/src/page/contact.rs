//! Contacts: what came in, written down in under a minute, and the case that comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, json};
use sijill_casework::case::{Author, World};
use sijill_casework::catalogue::{CaseEvent, CaseOpened, ContactLogged, TypeSpec};
use sijill_domain::event::Role;
use sijill_event::{Json, StreamKind, Uuid};
use sijill_ledger::Line;

use super::case::act::Form;
use super::case::field::Asking;
use super::case::value::Telling;
use super::case::{Known, back, history, offer, openable, reader, show};
use super::{known, word};
use crate::desk::Office;
use crate::part::form::errors;
use crate::part::page::Page;
use crate::part::sign;
use crate::part::timeline::timeline;
use crate::text::texts;
use crate::{DeskError, Session, View};

texts! {
    NEW: "اتصال جديد", "New contact";
    NEW_NOTE: "اكتب ما تعرفه الآن. يمكن إكمال الباقي لاحقًا بتصحيح. إن عُرف اسم الطفل وسنة ميلاده أو رقمه المدني فسيُبحث عنه مع التوقيع.", "Write what you know now. The rest can follow as a correction. With the child's name and year of birth, or its civil number, signing also looks it up.";
    TITLE: "اتصال", "Contact";
    CONTACT: "رقم البلاغ", "Contact";
    BY: "سجّلته", "Logged by";
    CASES: "الحالات", "Cases";
    NO_CASE: "لم يُربط بحالة بعد.", "Not linked to a case yet.";
    OPEN_CASE: "فتح حالة", "Open a case";
    OPEN_NOTE: "تصبح وحدتك مسؤولة عن الحالة منذ توقيعك، وتُرسَل الإحالات التي تقررها السياسة فورًا.", "Your unit owns the case from your signature on, and the referrals that the policy prescribes go out at once.";
    IS_KNOWN: "هل الطفل معروف؟", "Is the child known?";
    LINK: "ربط بحالة", "Link to a case";
    PERSONAL: "البيانات الشخصية", "Personal data";
    ASK: "طلب الاطلاع", "Ask to see";
    CASE: "رقم الحالة الجديدة", "New case";
    UNIT: "الوحدة المسؤولة", "Owning unit";
    BACK_TO_CONTACT: "رجوع إلى الاتصال", "Back to the contact";
    HISTORY: "ما جرى", "What happened";
}

/// What is asked of a contact at once, in the order of a call.
const FIRST: &[&str] = &[
    "kind",
    "channel",
    "summary",
    "concerns",
    "child_name",
    "child_birth_year",
    "child_civil_number",
    "place",
    "governorate",
    "age_band",
    "repeat",
];

/// `GET /desk/contacts/new`
pub(crate) async fn new(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
) -> Result<Markup, DeskError> {
    session.must(Role::Casework)?;
    let world = office.desk.ledger.world();
    let reader = reader(world.registry(), &session)?;
    let id = Uuid::now_v7().to_string();
    let given = BTreeMap::from([("repeat".to_owned(), Json::from(false))]);
    let form = blank(
        &view,
        &world,
        &reader,
        &world.book(),
        &ContactLogged::SPEC,
        Blank {
            stream: format!("contact/{id}"),
            fixed: Map::new(),
            given,
            first: FIRST,
            done: format!("/desk/contacts/{id}"),
            id: "contact".to_owned(),
            then: Some(known::follows(&id)),
            facts: html! { dl.facts { div { dt { (view.t(CONTACT)) } dd data-fact=(view.t(CONTACT)) { (word::short(&id)) } } } },
        },
    );
    let page = Page::new(&view, view.t(NEW)).of(&session).script("js/sign.js").says(sign::SAID);
    Ok(page.with(&html! {
        (errors(&view, &[]))
        h1 { (view.t(NEW)) }
        p.lead { (view.t(NEW_NOTE)) }
        (form)
    }))
}

/// What a form of something that is not there yet is filled with.
struct Blank<'a> {
    stream: String,
    fixed: Map<String, serde_json::Value>,
    given: BTreeMap<String, Json>,
    first: &'a [&'a str],
    done: String,
    id: String,
    then: Option<String>,
    facts: Markup,
}

fn blank(
    view: &View,
    world: &World,
    reader: &Author,
    book: &sijill_casework::codes::CodeBook,
    spec: &'static TypeSpec,
    blank: Blank<'_>,
) -> Markup {
    let asking = Asking { view, registry: world.registry(), book, reader, file: None };
    let Blank { stream, fixed, given, first, done, id, then, facts } = blank;
    Form { asking, world, spec, stream, fixed, given, first, done, id, post: None, then }.show(&facts)
}

/// `GET /desk/contacts/{id}`
pub(crate) async fn contact(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    path: Result<Path<String>, PathRejection>,
) -> Result<Markup, DeskError> {
    let Path(id) = path?;
    let known = Known::find(&office, &session, StreamKind::Contact, &id).await?;
    let Some(contact) = known.file.contact.as_ref() else {
        return show::erased(&office, &view, &session, &known).await;
    };
    let book = known.world.book();
    let registry = known.world.registry();
    let mut telling = Telling::new(&view, registry, &book, &known.file);
    let history = office.desk.ledger.history(&id).await?;
    telling.open = openable(&office, &session, &known, &history).await;
    let size = office.desk.ledger.published().checkpoint.size;
    let offers = offer::all(&known);
    let ours = contact.by == known.reader.unit;
    let page = Page::new(&view, format!("{} {id}", view.t(TITLE))).of(&session);
    Ok(page.with(&html! {
        (back(&view, &session))
        h1 { (view.t(TITLE)) " " (word::short(&id)) }
        dl.facts {
            div { dt { (view.t(BY)) } dd { (word::address(&view, registry, &contact.by)) } }
            div {
                dt { (view.t(CASES)) }
                dd {
                    @if contact.linked.is_empty() { span.quiet { (view.t(NO_CASE)) } }
                    @for (case, unit) in &contact.linked {
                        p { (telling.elsewhere(StreamKind::Case, case)) " · " (word::address(&view, registry, unit)) }
                    }
                }
            }
        }
        @if ours {
            div.row {
                a.button href=(format!("/desk/cases/new?contact={id}")) { (view.t(OPEN_CASE)) }
                a.button.button--second href=(known::path(&id)) { (view.t(IS_KNOWN)) }
                a.button.button--second href=(format!("/desk/contacts/{id}/act/contact.linked")) { (view.t(LINK)) }
            }
        }
        (offer::list(&view, &known, &offers, &telling))
        h2 { (view.t(PERSONAL)) }
        div.row { a.button.button--second href=(format!("{}/access", known.page())) { (view.t(ASK)) } }
        h2 { (view.t(HISTORY)) }
        (timeline(&view, &history::lines(&view, &known, &telling, &history, size)))
    }))
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// The contact that the case comes from.
    contact: Option<String>,
}

/// `GET /desk/cases/new?contact=…`: what the contact says openly and of class casework is filled in.
pub(crate) async fn open_case(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Markup, DeskError> {
    session.must(Role::Casework)?;
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    let ledger = &office.desk.ledger;
    let world = ledger.world();
    let reader = reader(world.registry(), &session)?;
    let mut given = BTreeMap::new();
    if let Some(contact) = &asked.contact {
        Known::find(&office, &session, StreamKind::Contact, contact).await?;
        given = told(&ledger.history(contact).await?);
    }
    let id = Uuid::now_v7().to_string();
    let mut fixed = Map::new();
    fixed.insert("contacts".to_owned(), json!(asked.contact.iter().collect::<Vec<_>>()));
    fixed.insert("unit".to_owned(), session.unit.as_str().into());
    let facts = html! {
        dl.facts {
            div { dt { (view.t(CASE)) } dd data-fact=(view.t(CASE)) { (word::short(&id)) } }
            div { dt { (view.t(UNIT)) } dd data-fact=(view.t(UNIT)) { (word::address(&view, world.registry(), &reader.unit)) } }
            @if let Some(contact) = &asked.contact {
                div { dt { (view.t(CONTACT)) } dd data-fact=(view.t(CONTACT)) { (word::short(contact)) } }
            }
        }
    };
    let form = blank(
        &view,
        &world,
        &reader,
        &world.book(),
        &CaseOpened::SPEC,
        Blank {
            stream: format!("case/{id}"),
            fixed,
            given,
            first: &[
                "concerns",
                "risk",
                "age_band",
                "sex",
                "governorate",
                "channel",
                "situations",
                "summary",
            ],
            done: format!("/desk/cases/{id}"),
            id: format!("open-{}", asked.contact.as_deref().unwrap_or_default()),
            then: None,
            facts,
        },
    );
    let page = Page::new(&view, view.t(OPEN_CASE)).of(&session).script("js/sign.js").says(sign::SAID);
    Ok(page.with(&html! {
        @if let Some(contact) = &asked.contact {
            a.back href=(format!("/desk/contacts/{contact}")) { (view.t(BACK_TO_CONTACT)) }
        }
        (errors(&view, &[]))
        h1 { (view.t(OPEN_CASE)) }
        p.lead { (view.t(OPEN_NOTE)) }
        (form)
    }))
}

/// What is known of a contact, corrections over what they correct.
fn told(history: &[Line]) -> BTreeMap<String, Json> {
    let mut told = BTreeMap::new();
    for line in history {
        let Some(read) = &line.read else { continue };
        if matches!(read, CaseEvent::ContactLogged(_) | CaseEvent::ContactCorrected(_)) {
            let values = read.values();
            told = values.as_object().unwrap_or_default().iter().cloned().collect();
            told.remove("codes");
        }
    }
    told
}
