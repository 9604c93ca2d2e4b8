//! The registrar's pages: who signs for the agency, invitations, keys that wait to be signed.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use maud::{Markup, html};
use sijill_domain::event::Role;
use sijill_domain::{Agency, Officer, Registry};

use super::{keys, word};
use crate::desk::Office;
use crate::invitation::{Invitation, State as Step};
use crate::part::page::Page;
use crate::part::state;
use crate::say::Id;
use crate::text::texts;
use crate::{Count, DeskError, Session, View};

texts! {
    TITLE: "الموظفون", "Officers";
    INVITE: "دعوة موظف", "Invite an officer";
    WAITING: "مفاتيح تنتظر توقيعك", "Keys waiting for your signature";
    OPEN: "دعوات لم يُجب عليها", "Invitations not answered yet";
    ALL_OFFICERS: "كل الموظفين", "All officers";
    NOBODY: "لا موظفين بعد", "No officers yet";
    NOBODY_NOTE: "ابدأ بدعوة أول موظف.", "Begin by inviting the first one.";
    CHECK_AND_SIGN: "تحقق ووقّع", "Check and sign";
    WITHDRAW: "سحب الدعوة", "Withdraw";
    ENDS: "تنتهي {moment}", "Ends {moment}";
    SHOWN: "أرسل المتصفح المفتاح {fingerprint}", "The browser sent key {fingerprint}";
    SYSTEM: "نظام", "System";
    REMOVED: "غادر الجهة", "Has left";
    SUSPENDED: "مسؤول تسجيل موقوف", "Registrar suspended";
    ANOTHER_DEVICE: "دعوة لجهاز آخر", "Invite another device";
    UNIT: "الوحدة", "Unit";
    ROLES: "الأدوار", "Roles";
    NO_ROLES: "بلا أدوار", "No roles";
    OFFICER: "الموظف", "Officer";
    KEYS: "المفاتيح", "Keys";
    BACK: "كل الموظفين", "All officers";
}

const KEYS_GOOD: Count = Count {
    ar: ["لا مفتاح صالحًا", "مفتاح واحد", "مفتاحان", "{n} مفاتيح", "{n} مفتاحًا", "{n} مفتاح"],
    en: ["{n} key", "{n} keys"],
};

/// `GET /desk/officers`
pub(crate) async fn officers(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
) -> Result<Markup, DeskError> {
    session.must(Role::Registrar)?;
    let registry = office.desk.ledger.registry();
    let agency = registry.agency(session.agency.as_str()).ok_or(DeskError::NotYours)?;
    let invitations = office.invitations.of(&session.agency, office.now()?);
    let at = |step: Step| -> Vec<_> {
        invitations.iter().filter(|(_, held)| held.state(&registry) == step).collect()
    };
    let (waiting, open) = (at(Step::Answered), at(Step::Open));
    Ok(Page::new(&view, view.t(TITLE)).of(&session).with(&html! {
        h1 { (view.t(TITLE)) }
        div.row { a.button href="/desk/invite" { (view.t(INVITE)) } }
        @if !waiting.is_empty() {
            h2 { (view.t(WAITING)) }
            ul.queue { @for (id, held) in waiting { (answered(&view, id, held)) } }
        }
        @if !open.is_empty() {
            h2 { (view.t(OPEN)) }
            ul.queue { @for (id, held) in open { (unanswered(&view, id, held)) } }
        }
        h2 { (view.t(ALL_OFFICERS)) }
        @if agency.officers.is_empty() { (state::nothing(&view, NOBODY, NOBODY_NOTE, None)) }
        ul.queue {
            @for (id, officer) in &agency.officers { (row(&view, &registry, &session, agency, id.as_str(), officer)) }
        }
    }))
}

fn answered(view: &View, id: &str, held: &Invitation) -> Markup {
    let fingerprint =
        html! { bdi.code { (held.kid().map(|kid| word::fingerprint(&kid)).unwrap_or_default()) } };
    html! {
        li {
            div {
                p.title { (Id(held.officer.as_str())) }
                p { (SHOWN.fill(view.lang, &[("fingerprint", &fingerprint)])) }
            }
            p.quiet.small { (ENDS.fill(view.lang, &[("moment", &view.time(held.ends))])) }
            a.button href=(format!("/desk/invitations/{id}")) { (view.t(CHECK_AND_SIGN)) }
        }
    }
}

fn unanswered(view: &View, id: &str, held: &Invitation) -> Markup {
    html! {
        li {
            p.title { (Id(held.officer.as_str())) }
            p.quiet.small { (ENDS.fill(view.lang, &[("moment", &view.time(held.ends))])) }
            form method="post" action=(format!("/desk/invitations/{id}")) {
                button.button.button--second type="submit" { (view.t(WITHDRAW)) }
            }
        }
    }
}

fn row(
    view: &View,
    registry: &Registry,
    session: &Session,
    agency: &Agency,
    id: &str,
    officer: &Officer,
) -> Markup {
    let good =
        keys::of(registry, session.agency.as_str(), id).filter(|(_, key)| key.revoked.is_none()).count();
    html! {
        li {
            div {
                p.title { a href=(format!("/desk/officers/{id}")) { (Id(id)) } (marks(view, officer)) }
                p { (word::unit(view, registry, session.agency.as_str(), officer.unit.as_str())) }
            }
            p { (usable(view, agency, officer)) }
            p.quiet { (view.count(KEYS_GOOD, good as u64)) }
        }
    }
}

fn usable(view: &View, agency: &Agency, officer: &Officer) -> String {
    let roles: Vec<_> = officer.roles.iter().filter(|role| agency.may_use(officer, **role)).collect();
    if roles.is_empty() { view.t(NO_ROLES).to_owned() } else { word::roles(view, roles) }
}

fn marks(view: &View, officer: &Officer) -> Markup {
    html! {
        @if officer.kind == sijill_domain::event::OfficerKind::Service { span.tag { (view.t(SYSTEM)) } }
        @if officer.removed { span.tag { (view.t(REMOVED)) } }
        @if officer.suspended { span.tag.tag--high { (view.t(SUSPENDED)) } }
    }
}

/// `GET /desk/officers/{officer}`
pub(crate) async fn officer(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    path: Result<Path<String>, PathRejection>,
) -> Result<Markup, DeskError> {
    session.must(Role::Registrar)?;
    let Path(id) = path?;
    let registry = office.desk.ledger.registry();
    let agency = registry.agency(session.agency.as_str()).ok_or(DeskError::NotYours)?;
    let officer = agency.officers.get(id.as_str()).ok_or(DeskError::NotFound)?;
    Ok(Page::new(&view, format!("{}: {id}", view.t(OFFICER))).of(&session).with(&html! {
        a.back href="/desk/officers" { (view.t(BACK)) }
        h1 { (view.t(OFFICER)) " " (Id(&id)) " " (marks(&view, officer)) }
        dl.facts {
            div { dt { (view.t(UNIT)) } dd { (word::unit(&view, &registry, session.agency.as_str(), officer.unit.as_str())) } }
            div { dt { (view.t(ROLES)) } dd { (usable(&view, agency, officer)) } }
        }
        h2 { (view.t(KEYS)) }
        (keys::list(&view, &registry, session.agency.as_str(), &id, Some(session.kid)))
        @if !officer.removed {
            form method="post" action="/desk/invite" {
                input type="hidden" name="officer" value=(id);
                input type="hidden" name="device" value="another";
                button.button.button--second type="submit" { (view.t(ANOTHER_DEVICE)) }
            }
        }
    }))
}
