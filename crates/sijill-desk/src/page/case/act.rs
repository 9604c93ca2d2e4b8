//! `/desk/cases/{id}/act/{type}`: the form of one act, made from the catalogue, signed in the browser.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use maud::{Markup, html};
use serde_json::{Map, Value};
use sijill_casework::case::World;
use sijill_casework::catalogue::{Kind, TypeSpec};
use sijill_event::{Json, StreamKind};

use super::field::{Asking, absent, is_asked, occurred};
use super::offer::Offer;
use super::value::Telling;
use super::{Known, deed};
use crate::desk::Office;
use crate::page::word;
use crate::part::form::errors;
use crate::part::page::Page;
use crate::part::sign::{self, Signed};
use crate::text::texts;
use crate::{DeskError, Session, View};

texts! {
    CASE: "الحالة", "Case";
    CONTACT: "الاتصال", "Contact";
    ABOUT: "بشأن", "About";
    MORE: "تفاصيل أخرى", "More details";
    CHECK: "مراجعة وتوقيع", "Check and sign";
    BACK: "رجوع", "Back";
}

/// An event type as a form.
pub(crate) struct Form<'a> {
    pub(crate) asking: Asking<'a>,
    pub(crate) world: &'a World,
    pub(crate) spec: &'static TypeSpec,
    pub(crate) stream: String,
    /// Open members that the form decides.
    pub(crate) fixed: Map<String, Value>,
    /// Answers known already, by field name.
    pub(crate) given: BTreeMap<String, Json>,
    /// Fields asked at once; the rest is folded. All, if empty.
    pub(crate) first: &'a [&'a str],
    /// Where to go once it is on the ledger.
    pub(crate) done: String,
    /// Tells this form's draft from those of others.
    pub(crate) id: String,
    /// Where it is handed in, if not to the API.
    pub(crate) post: Option<String>,
    /// What is signed after it, as `static/js/sign.js` reads it.
    pub(crate) then: Option<String>,
}

impl Form<'_> {
    /// The form; `facts` stand on top and in the summary.
    pub(crate) fn show(mut self, facts: &Markup) -> Markup {
        let view = self.asking.view;
        if let Some(codes) = self.world.codes(self.spec.lists()) {
            self.fixed.insert("codes".to_owned(), plain(&codes));
        }
        let asked: Vec<_> =
            self.spec.fields.iter().filter(|field| !self.fixed.contains_key(field.name)).collect();
        let is_first = |name: &str| self.first.is_empty() || self.first.contains(&name);
        let mut first: Vec<_> = asked.iter().filter(|field| is_first(field.name)).collect();
        first.sort_by_key(|field| self.first.iter().position(|name| *name == field.name));
        let folded: Vec<_> = asked.iter().filter(|field| !is_first(field.name)).collect();
        let ask = |field: &sijill_casework::catalogue::FieldSpec| {
            if is_asked(self.spec, field) {
                self.asking.field(field, self.given.get(field.name))
            } else {
                absent(field)
            }
        };
        let content = html! {
            (facts)
            @if let Some(then) = &self.then { div hidden data-then=(then) {} }
            @for field in &first { (ask(field)) }
            details.more {
                summary { (view.t(MORE)) }
                @for field in &folded { (ask(field)) }
                (occurred(view))
            }
        };
        let signed = Signed {
            stream: &self.stream,
            event_type: self.spec.name,
            v: self.spec.v,
            data: Value::Object(self.fixed.clone()),
            done: &self.done,
            post: self.post.as_deref(),
        };
        sign::form(view, &self.id, &signed, CHECK, &content)
    }
}

/// As `serde_json` has it.
pub(crate) fn plain(json: &Json) -> Value {
    serde_json::to_value(json).unwrap_or(Value::Null)
}

type Asked = Result<Query<BTreeMap<String, String>>, QueryRejection>;

/// `GET /desk/cases/{id}/act/{type}?subject=…`
pub(crate) async fn in_case(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Asked,
) -> Result<Markup, DeskError> {
    act(&office, &view, &session, StreamKind::Case, path?.0, query).await
}

/// `GET /desk/contacts/{id}/act/{type}?subject=…`
pub(crate) async fn in_contact(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Asked,
) -> Result<Markup, DeskError> {
    act(&office, &view, &session, StreamKind::Contact, path?.0, query).await
}

async fn act(
    office: &Office,
    view: &View,
    session: &Session,
    kind: StreamKind,
    (id, event_type): (String, String),
    query: Asked,
) -> Result<Markup, DeskError> {
    let Query(query) = query.map_err(|_| DeskError::Body)?;
    let known = Known::find(office, session, kind, &id).await?;
    let subject = query.get("subject").map(String::as_str);
    let offer = Offer::find(&known, &event_type, subject).ok_or(DeskError::NotYours)?;
    let spec = offer.spec;
    let book = known.world.book();
    let registry = known.world.registry();
    let telling = Telling::new(view, registry, &book, &known.file);
    let mut fixed = Map::new();
    if let (Some(field), Some(subject)) = (spec.subject(), offer.subject) {
        fixed.insert(field.name.to_owned(), plain(&subject.to_json()));
    }
    let signed_in = spec.signed_in().ok_or(DeskError::NotYours)?;
    let asking = Asking { view, registry, book: &book, reader: &known.reader, file: Some(&known.file) };
    let form = Form {
        asking,
        world: &known.world,
        spec,
        stream: format!("{}/{id}", signed_in.as_str()),
        fixed,
        given: given(spec, &query),
        first: &[],
        done: known.page(),
        id: format!("act-{}", subject.unwrap_or_default().replace('.', "-")),
        post: None,
        then: None,
    };
    let label = view.t(if kind == StreamKind::Case { CASE } else { CONTACT });
    let facts = html! {
        dl.facts {
            div { dt { (label) } dd data-fact=(label) { (word::short(&id)) } }
            @if let Some(about) = offer.about(&telling) {
                div { dt { (view.t(ABOUT)) } dd data-fact=(view.t(ABOUT)) { (about) } }
            }
        }
    };
    let title = view.t(deed::of(spec));
    let page = Page::new(view, title).of(session).script("js/sign.js").says(sign::SAID);
    Ok(page.with(&html! {
        a.back href=(known.page()) { (view.t(BACK)) }
        (errors(view, &[]))
        h1 { (title) }
        p.lead { (view.t(spec.description.into())) }
        (form.show(&facts))
    }))
}

/// Answers that a link brings along: routing fields only, never what is typed about a child.
fn given(spec: &TypeSpec, query: &BTreeMap<String, String>) -> BTreeMap<String, Json> {
    let fields = spec.fields.iter().filter(|field| matches!(field.kind, Kind::Case | Kind::Address));
    fields
        .filter_map(|field| Some((field.name.to_owned(), Json::from(query.get(field.name)?.as_str()))))
        .collect()
}
