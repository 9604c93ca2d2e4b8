//! `/desk`: where an officer begins.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Redirect;
use maud::{Markup, html};
use serde::Deserialize;
use sijill_domain::event::Role;
use sijill_event::{Stream, StreamKind};

use super::{case, word};
use crate::desk::Office;
use crate::part::form::Field;
use crate::part::page::Page;
use crate::say::Id;
use crate::text::texts;
use crate::{DeskError, Session, View};

texts! {
    TITLE: "مكتبي", "My desk";
    OFFICER: "الموظف", "Officer";
    AGENCY: "الجهة", "Agency";
    UNIT: "الوحدة", "Unit";
    ROLES: "الأدوار", "Roles";
    NO_ROLES: "لا دور لك بعد. اطلبه من مسؤول التسجيل في جهتك.", "You have no role yet. Ask your agency's registrar.";
    KEY: "المفتاح في هذا المتصفح", "The key in this browser";
    QUEUE: "قائمة عمل الوحدة", "The unit's queue";
    QUEUE_NOTE: "ما يُنتظر من وحدتك، ومتى موعده.", "What your unit owes, and by when.";
    CONTACT: "تسجيل اتصال", "Log a contact";
    CONTACT_NOTE: "مكالمة أو رسالة أو زيارة وردت الآن.", "A call, message or visit that has just come in.";
    OPEN_CASE: "فتح حالة برقمها", "Open a case by its number";
    NUMBER: "رقم الحالة", "Case number";
    NUMBER_HINT: "كما يظهر في السجل أو في تقرير التدقيق.", "As the ledger or the audit report has it.";
    OPEN: "فتح", "Open";
    DASHBOARDS: "لوحات المتابعة", "Dashboards";
    DASHBOARDS_NOTE: "كيف تسير الحالات والإحالات والمُهل، رقمًا رقمًا بأحداثه.", "How cases, referrals and deadlines are going, each figure with the events it counts.";
    AUDIT: "التدقيق", "Audit";
    AUDIT_NOTE: "بصمة السجل الموقّعة، وما وجده المدققون.", "The ledger's signed fingerprint, and what auditors found.";
    OFFICERS: "الموظفون والدعوات", "Officers and invitations";
    OFFICERS_NOTE: "دعوة موظف جديد أو إضافة جهاز له، وتوقيع المفاتيح المنتظرة، وإلغاء ما فُقد منها.", "Invite an officer or add a device, sign keys that wait, revoke lost ones.";
    KEYS: "مفاتيحي", "My keys";
    KEYS_NOTE: "مفاتيحك على كل أجهزتك، وإلغاء مفتاح فقدته.", "Your keys on all your devices; revoke one you have lost.";
}

pub(crate) async fn home(State(office): State<Arc<Office>>, view: View, session: Session) -> Markup {
    let registry = office.desk.ledger.registry();
    let agency = session.agency.as_str();
    Page::new(&view, view.t(TITLE)).of(&session).with(&html! {
        h1 { (view.t(TITLE)) }
        dl.facts {
            div { dt { (view.t(OFFICER)) } dd { (Id(session.officer.as_str())) } }
            div { dt { (view.t(AGENCY)) } dd { (word::agency(&view, &registry, agency)) } }
            div { dt { (view.t(UNIT)) } dd { (word::unit(&view, &registry, agency, session.unit.as_str())) } }
            div {
                dt { (view.t(ROLES)) }
                dd { @if session.roles.is_empty() { (view.t(NO_ROLES)) } @else { (word::roles(&view, &session.roles)) } }
            }
            div { dt { (view.t(KEY)) } dd { bdi.code { (word::fingerprint(&session.kid)) } } }
        }
        @if session.may(Role::Casework) {
            h2 { a href="/desk/queue" { (view.t(QUEUE)) } }
            p { (view.t(QUEUE_NOTE)) }
            h2 { a href="/desk/contacts/new" { (view.t(CONTACT)) } }
            p { (view.t(CONTACT_NOTE)) }
        }
        @if session.watches() {
            h2 { a href="/desk/oversight" { (view.t(DASHBOARDS)) } }
            p { (view.t(DASHBOARDS_NOTE)) }
        }
        @if session.audits() {
            h2 { a href="/desk/audit" { (view.t(AUDIT)) } }
            p { (view.t(AUDIT_NOTE)) }
        }
        @if session.may(Role::Auditor) {
            h2 { (view.t(OPEN_CASE)) }
            form method="get" action="/desk/cases" {
                (Field::new("id", NUMBER).hint(NUMBER_HINT).line(&view, "", "ltr"))
                div.row { button.button type="submit" { (view.t(OPEN)) } }
            }
        }
        @if session.may(Role::Registrar) {
            h2 { a href="/desk/officers" { (view.t(OFFICERS)) } }
            p { (view.t(OFFICERS_NOTE)) }
        }
        h2 { a href="/desk/keys" { (view.t(KEYS)) } }
        p { (view.t(KEYS_NOTE)) }
    })
}

#[derive(Deserialize)]
pub(crate) struct Sought {
    /// The case's id.
    id: String,
}

/// `GET /desk/cases?id=…`: to the case of this number. Whether there is one, and whose it is to see, its page says.
pub(crate) async fn by_number(
    _: Session,
    query: Result<Query<Sought>, QueryRejection>,
) -> Result<Redirect, DeskError> {
    let Query(Sought { id }) = query.map_err(|_| DeskError::CaseUnknown)?;
    let id = id.trim();
    Stream::new(StreamKind::Case, id).ok_or(DeskError::CaseUnknown)?;
    Ok(Redirect::to(&case::path(StreamKind::Case, id)))
}
