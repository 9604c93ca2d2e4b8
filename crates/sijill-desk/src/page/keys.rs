//! Keys: one's own, and revoking a lost one.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use maud::{Markup, html};
use serde_json::json;
use sijill_domain::event::Role;
use sijill_domain::{KeyRecord, Registry, Signer};
use sijill_event::Kid;

use super::word;
use crate::desk::Office;
use crate::part::form::{Choice, Field, errors};
use crate::part::page::Page;
use crate::part::sign::{self, Signed};
use crate::part::state::{self, Tone};
use crate::say::Id;
use crate::text::texts;
use crate::{DeskError, Session, Text, View};

texts! {
    TITLE: "مفاتيحي", "My keys";
    LEAD: "لكل جهاز تستخدمه مفتاح يخصه. المفتاح لا يغادر الجهاز الذي أُنشئ عليه.", "Each device you use has a key of its own. A key never leaves the device it was made on.";
    THIS: "هذا المتصفح", "This browser";
    GOOD: "صالح منذ القيد {n}", "Good since entry {n}";
    REVOKED: "أُلغي عند القيد {n}", "Revoked at entry {n}";
    REVOKE: "إلغاء هذا المفتاح", "Revoke this key";
    MORE: "لإضافة جهاز آخر اطلب دعوة من مسؤول التسجيل في جهتك.", "To add a device, ask your agency's registrar for an invitation.";
    NONE: "لا مفاتيح", "No keys";
    NONE_NOTE: "لا مفتاح مسجَّلًا لهذا الموظف.", "No key is registered for this officer.";
    REVOKE_TITLE: "إلغاء مفتاح", "Revoke a key";
    REVOKE_LEAD: "لن يُقبل بعدها أي توقيع بهذا المفتاح. ما وُقّع به من قبل يبقى صحيحًا. لا رجعة في الإلغاء.", "Nothing signed with this key will be accepted any more. What it signed before stays valid. This cannot be undone.";
    REVOKE_OWN: "هذا هو المفتاح الذي دخلت به الآن: بعد إلغائه تنتهي جلستك.", "This is the key you are signed in with: once revoked, your session ends.";
    OFFICER: "الموظف", "Officer";
    KEY: "المفتاح", "Key";
    WHY: "لماذا؟", "Why?";
    LOST: "الجهاز مفقود أو مسروق", "The device is lost or stolen";
    LOST_NOTE: "إن شككت في أن غيرك استخدمه فأخبر مسؤول التسجيل فورًا.", "If somebody else may have used it, tell the registrar at once.";
    REPLACED: "استُبدل الجهاز أو لم يعد يُستخدم", "The device was replaced or is not used any more";
    LEFT: "الموظف لم يعد يحتاجه", "The officer does not need it any more";
    BUTTON: "مراجعة الإلغاء", "Check and revoke";
    BACK: "رجوع", "Back";
}

const REASONS: [(&str, Text, Option<Text>); 3] =
    [("lost", LOST, Some(LOST_NOTE)), ("replaced", REPLACED, None), ("not_needed", LEFT, None)];

/// An officer's keys, good and revoked.
pub(crate) fn of<'a>(
    registry: &'a Registry,
    agency: &'a str,
    officer: &'a str,
) -> impl Iterator<Item = (&'a Kid, &'a KeyRecord)> {
    registry.keys().iter().filter(move |(_, record)| {
        matches!(&record.owner, sijill_domain::Owner::Signer(signer @ Signer::Officer { .. })
            if signer.iss_sub() == (agency, officer))
    })
}

/// An officer's keys as a list; `here` is the one signed in with.
pub(crate) fn list(
    view: &View,
    registry: &Registry,
    agency: &str,
    officer: &str,
    here: Option<Kid>,
) -> Markup {
    let mut all: Vec<_> = of(registry, agency, officer).collect();
    all.sort_by_key(|(_, record)| (record.revoked.is_some(), record.added));
    html! {
        @if all.is_empty() { (state::nothing(view, NONE, NONE_NOTE, None)) }
        ul.queue { @for (kid, record) in all { (row(view, kid, record, here)) } }
    }
}

fn row(view: &View, kid: &Kid, record: &KeyRecord, here: Option<Kid>) -> Markup {
    let number = |n: u64| html! { bdi { (view.number(n)) } };
    html! {
        li {
            p.title {
                bdi.code { (word::fingerprint(kid)) }
                @if here == Some(*kid) { span.tag.tag--good { (view.t(THIS)) } }
            }
            @match record.revoked {
                None => p { (GOOD.fill(view.lang, &[("n", &number(record.added))])) },
                Some(at) => p.quiet { (REVOKED.fill(view.lang, &[("n", &number(at))])) },
            }
            @if record.revoked.is_none() {
                a.button.button--grave href=(format!("/desk/keys/{kid}/revoke")) { (view.t(REVOKE)) }
            }
        }
    }
}

/// `GET /desk/keys`
pub(crate) async fn keys(State(office): State<Arc<Office>>, view: View, session: Session) -> Markup {
    let registry = office.desk.ledger.registry();
    let (agency, officer) = (session.agency.as_str(), session.officer.as_str());
    Page::new(&view, view.t(TITLE)).of(&session).with(&html! {
        h1 { (view.t(TITLE)) }
        p.lead { (view.t(LEAD)) }
        (list(&view, &registry, agency, officer, Some(session.kid)))
        p.quiet { (view.t(MORE)) }
    })
}

/// `GET /desk/keys/{kid}/revoke`: for the officer whose key it is, and for the agency's registrar.
pub(crate) async fn revoke(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    path: Result<Path<String>, PathRejection>,
) -> Result<Markup, DeskError> {
    let Path(kid) = path?;
    let kid = Kid::parse(&kid).map_err(|_| DeskError::NotFound)?;
    let registry = office.desk.ledger.registry();
    let Some(Signer::Officer { agency, officer }) = registry.signer(&kid) else {
        return Err(DeskError::NotFound);
    };
    let own = (agency, officer) == (&session.agency, &session.officer);
    let registrars = session.may(Role::Registrar) && *agency == session.agency;
    if !own && !registrars {
        return Err(DeskError::NotYours);
    }
    let back = if own { "/desk/keys".to_owned() } else { format!("/desk/officers/{officer}") };
    let stream = format!("agency/{agency}");
    let data = json!({ "kid": kid.to_string() });
    let signed = Signed { stream: &stream, event_type: "key.revoked", v: 1, data, done: &back, post: None };
    let choices = REASONS.map(|(value, label, note)| Choice {
        value,
        label: html! { (view.t(label)) },
        note,
        chosen: value == "lost",
    });
    let page = Page::new(&view, view.t(REVOKE_TITLE)).of(&session).script("js/sign.js").says(sign::SAID);
    Ok(page.with(&html! {
        a.back href=(back) { (view.t(BACK)) }
        (errors(&view, &[]))
        h1 { (view.t(REVOKE_TITLE)) }
        p.lead { (view.t(REVOKE_LEAD)) }
        @if kid == session.kid { (state::notice(Tone::Warn, &html! { p { (view.t(REVOKE_OWN)) } })) }
        (sign::form(&view, "revoke", &signed, BUTTON, &html! {
            dl.facts {
                div { dt { (view.t(OFFICER)) } dd data-fact=(view.t(OFFICER)) { (Id(officer.as_str())) } }
                div { dt { (view.t(KEY)) } dd data-fact=(view.t(KEY)) { bdi.code { (word::fingerprint(&kid)) } } }
            }
            (Field::new("data.reason", WHY).radios(&view, &choices))
        }))
    }))
}
