//! Signing in: the browser signs a fresh challenge with a key that the ledger knows.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use sijill_domain::event::Role;

use crate::challenge::{self, Answered};
use crate::desk::Office;
use crate::part::page::Page;
use crate::part::{form, sign, state};
use crate::text::texts;
use crate::{DeskError, Session, View, cookie, frame};

texts! {
    TITLE: "تسجيل الدخول", "Sign in";
    LEAD: "تدخل بمفتاح محفوظ في هذا المتصفح. لا كلمة مرور.", "You sign in with a key kept in this browser. There is no password.";
    SIGN_IN_AS: "الدخول باسم", "Sign in as";
    KEY: "المفتاح:", "Key:";
    NONE: "لا مفتاح في هذا المتصفح", "There is no key in this browser";
    NONE_NOTE: "افتح رابط الدعوة الذي أعطاك إياه مسؤول التسجيل في جهتك، على هذا الجهاز وبهذا المتصفح. إن فقدت جهازك فاطلب منه إلغاء المفتاح القديم ودعوة جديدة.", "Open the invitation your agency's registrar gave you, on this device and in this browser. If you lost your device, ask for the old key to be revoked and for a new invitation.";
    UNABLE: "هذا المتصفح لا يستطيع التوقيع", "This browser cannot sign";
    UNABLE_NOTE: "حدّث المتصفح، أو استخدم إصدارًا حديثًا من كروم أو إيدج أو فايرفوكس أو سفاري، خارج وضع التصفح الخاص. ولا بد أن يبدأ عنوان الصفحة بـ https، فإن لم يكن كذلك فاطلب العنوان الصحيح ممن يدير الخادم.", "Update it, or use a recent Chrome, Edge, Firefox or Safari, outside private browsing. The page’s address must begin with https: if it does not, ask whoever runs the server for the right one.";
    SHARED: "على جهاز مشترك: سجّل الخروج قبل أن تتركه.", "On a shared device: sign out before you leave it.";
}

/// `GET /desk/sign-in`
pub(crate) async fn sign_in(view: View, session: Option<Session>) -> Response {
    if session.is_some() {
        return Redirect::to("/desk").into_response();
    }
    let page = Page::new(&view, view.t(TITLE)).script("js/sign-in.js").says(sign::SAID);
    page.says(&[("sign-in-as", SIGN_IN_AS), ("sign-in-key", KEY)]).with(&content(&view)).into_response()
}

fn content(view: &View) -> Markup {
    html! {
        (form::errors(view, &[]))
        h1 { (view.t(TITLE)) }
        p.lead { (view.t(LEAD)) }
        (state::no_script(view))
        div data-wait { (state::loading(view)) }
        ul.cards data-identities {}
        p.quiet data-some hidden { (view.t(SHARED)) }
        div data-none hidden { (state::nothing(view, NONE, NONE_NOTE, None)) }
        div data-unable hidden { (state::nothing(view, UNABLE, UNABLE_NOTE, None)) }
    }
}

/// `POST /desk/session/challenge`
pub(crate) async fn challenge(
    State(office): State<Arc<Office>>,
    headers: HeaderMap,
) -> Result<Json<Value>, DeskError> {
    let site = frame::site(&office, &headers).ok_or(DeskError::Site)?;
    let nonce = office.challenges.as_ref().map_err(|error| *error)?.issue(site, office.now()?)?;
    Ok(Json(json!({ "nonce": nonce, "expires_in": challenge::LIFE_MS / 1000 })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    nonce: String,
    kid: String,
    signature: String,
}

/// `POST /desk/session`. Whoever does not hold a registered key learns nothing about it; its holder is told that it
/// was revoked.
pub(crate) async fn open(
    State(office): State<Arc<Office>>,
    headers: HeaderMap,
    answer: Result<Json<Answer>, JsonRejection>,
) -> Result<Response, DeskError> {
    let Json(Answer { nonce, kid, signature }) = answer?;
    let answered = Answered { nonce: &nonce, kid: &kid, signature: &signature };
    let kid = office.answered(&headers, &answered, |site, kid| challenge::message(site, &nonce, kid))?;
    let session = Session::of(&office.desk.ledger.registry(), kid).ok_or(DeskError::KeyDead)?;
    let id = office.sessions.open(kid, office.now()?)?;
    let cookie = cookie::session(&id, office.secure()).ok_or(DeskError::Unavailable)?;
    // Whoever only watches begins where there is something to see.
    let works = [Role::Casework, Role::Registrar].into_iter().any(|role| session.may(role));
    let watches = session.watches() && !works && office.desk.read_models.is_some();
    let home = if watches { "/desk/oversight" } else { "/desk" };
    let who = json!({ "agency": session.agency.as_str(), "officer": session.officer.as_str(), "home": home });
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(who)).into_response())
}

/// `POST /desk/session/end`
pub(crate) async fn end(
    State(office): State<Arc<Office>>,
    headers: HeaderMap,
) -> Result<Response, DeskError> {
    if let Some(id) = cookie::read(&headers, cookie::session_name(office.secure())) {
        office.sessions.close(id);
    }
    let gone = cookie::session("", office.secure()).ok_or(DeskError::Unavailable)?;
    // Pages are never cached; this is for what a browser keeps to go back to.
    let clear = (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
    Ok(([(header::SET_COOKIE, gone), clear], Redirect::to("/desk/sign-in")).into_response())
}
