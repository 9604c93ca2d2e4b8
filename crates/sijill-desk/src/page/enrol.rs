//! The officer's side of an invitation: a key is made in this browser, and its public half shown.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use sijill_event::{PublicKey, parse_json};

use super::word;
use crate::desk::Office;
use crate::invitation::State as Step;
use crate::part::page::Page;
use crate::part::{form, sign, state};
use crate::text::texts;
use crate::{DeskError, View};

texts! {
    TITLE: "تفعيل هذا الجهاز", "Set up this device";
    MAKE_LEAD: "دعاك مسؤول التسجيل لتوقّع من هذا المتصفح باسم:", "Your registrar has invited you to sign from this browser as:";
    AGENCY: "الجهة", "Agency";
    OFFICER: "رمز الموظف", "Officer id";
    MAKE_NOTE: "يُنشئ المتصفح مفتاحًا يبقى فيه ولا يمكن نسخه. من يفتح هذا المتصفح يستطيع التوقيع باسمك، فاقفل جهازك ولا تستخدم جهازًا مشتركًا مع من لا تثق به.", "The browser makes a key that stays in it and cannot be copied. Whoever can open this browser can sign as you: lock your device, and share it with nobody you do not trust.";
    MAKE: "إنشاء المفتاح", "Make the key";
    WAIT: "اقرأ هذا الرمز على مسؤول التسجيل", "Read this code to your registrar";
    WAIT_NOTE: "يقارنه بما يظهر عنده ثم يوقّع. تُحدَّث هذه الصفحة تلقائيًا.", "They compare it with theirs and sign. This page updates by itself.";
    DONE: "مفتاحك مسجَّل", "Your key is registered";
    DONE_NOTE: "تستطيع الدخول الآن من هذا المتصفح.", "You can sign in from this browser now.";
    SIGN_IN: "تسجيل الدخول", "Sign in";
    NO_TOKEN: "الرابط ناقص", "The link is incomplete";
    NO_TOKEN_NOTE: "افتح الرابط كاملًا كما أعطاك إياه مسؤول التسجيل، أو امسح الرمز بكاميرا جهازك.", "Open the whole link as your registrar gave it, or scan the code with your device's camera.";
    ANSWERED: "استُخدمت هذه الدعوة على جهاز آخر", "This invitation was used on another device";
    ANSWERED_NOTE: "إن لم تكن أنت فأخبر مسؤول التسجيل فورًا. إن كنت أنت فأكمل على ذلك الجهاز.", "If that was not you, tell your registrar at once. If it was, go on there.";
    UNABLE: "هذا المتصفح لا يستطيع التوقيع", "This browser cannot sign";
    UNABLE_NOTE: "حدّث المتصفح، أو استخدم إصدارًا حديثًا من كروم أو إيدج أو فايرفوكس أو سفاري، خارج وضع التصفح الخاص. ولا بد أن يبدأ عنوان الصفحة بـ https، فإن لم يكن كذلك فاطلب العنوان الصحيح ممن يدير الخادم.", "Update it, or use a recent Chrome, Edge, Firefox or Safari, outside private browsing. The page’s address must begin with https: if it does not, ask whoever runs the server for the right one.";
}

/// `GET /desk/enrol`: one step is shown at a time, by `js/enrol.js`.
pub(crate) async fn enrol(view: View) -> Markup {
    Page::new(&view, view.t(TITLE)).script("js/enrol.js").says(sign::SAID).with(&html! {
        (form::errors(&view, &[]))
        h1 { (view.t(TITLE)) }
        (state::no_script(&view))
        div data-step="loading" { (state::loading(&view)) }
        div data-step="make" hidden {
            p.lead { (view.t(MAKE_LEAD)) }
            dl.facts {
                div { dt { (view.t(AGENCY)) } dd { bdi data-place="agency_name" {} } }
                div { dt { (view.t(OFFICER)) } dd { bdi data-place="officer" {} } }
            }
            p { (view.t(MAKE_NOTE)) }
            div.row { button.button type="button" data-make { (view.t(MAKE)) } }
        }
        div data-step="wait" hidden role="status" {
            h2 { (view.t(WAIT)) }
            p { bdi.fingerprint data-fingerprint {} }
            p { (view.t(WAIT_NOTE)) }
        }
        div data-step="done" hidden role="status" {
            (state::nothing(&view, DONE, DONE_NOTE, Some(("/desk/sign-in", SIGN_IN))))
        }
        div data-step="no-token" hidden { (state::nothing(&view, NO_TOKEN, NO_TOKEN_NOTE, None)) }
        div data-step="answered" hidden { (state::nothing(&view, ANSWERED, ANSWERED_NOTE, None)) }
        div data-step="unable" hidden { (state::nothing(&view, UNABLE, UNABLE_NOTE, None)) }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opened {
    token: String,
}

/// `POST /desk/enrol/open`: what the invitation says, and how far it is.
pub(crate) async fn open(
    State(office): State<Arc<Office>>,
    view: View,
    body: Result<Json<Opened>, JsonRejection>,
) -> Result<Json<Value>, DeskError> {
    let Json(Opened { token }) = body?;
    let held = office.invitations.by_token(&token, office.now()?)?;
    let registry = office.desk.ledger.registry();
    let name = registry.agency(held.agency.as_str()).and_then(|agency| agency.names.last());
    let state = match held.state(&registry) {
        Step::Open => "open",
        Step::Answered => "answered",
        Step::Done => "done",
    };
    Ok(Json(json!({
        "state": state, "origin": office.desk.ledger.origin(),
        "agency": held.agency.as_str(), "officer": held.officer.as_str(),
        "agency_name": name.map_or(held.agency.as_str().into(), |naming| word::name(&view, &naming.name)),
        "kid": held.kid().map(|kid| kid.to_string()),
        // Whoever keeps the registry from a command line knows the token too, and signs these once the codes match.
        "key": held.answer.as_ref().map(|answer| answer.key.to_jwk()),
        "proof": held.answer.as_ref().map(|answer| answer.proof.as_str()),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    token: String,
    key: Value,
    proof: String,
}

/// `POST /desk/enrol/answer`: the key, and that the browser holds it.
pub(crate) async fn answer(
    State(office): State<Arc<Office>>,
    body: Result<Json<Made>, JsonRejection>,
) -> Result<Json<Value>, DeskError> {
    let Json(Made { token, key, proof }) = body?;
    let key = parse_json(key.to_string().as_bytes()).ok().and_then(|jwk| PublicKey::from_jwk(&jwk).ok());
    let key = key.ok_or(DeskError::Body)?;
    let kid = key.kid().to_string();
    office.take_key(&token, key, proof)?;
    Ok(Json(json!({ "kid": kid })))
}
