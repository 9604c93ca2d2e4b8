//! What a refusal says, and its page: what happened, and what can be done.

use maud::{Markup, html};

use super::case::glass;
use crate::part::page::Page;
use crate::text::texts;
use crate::{DeskError, Text, View};

texts! {
    NOT_YOURS: "هذه الصفحة ليست ضمن صلاحياتك. إن كنت تحتاجها في عملك فاطلب الدور من مسؤول التسجيل في جهتك.", "This page is not within your roles. If your work needs it, ask your agency's registrar for the role.";
    UNKNOWN: "لم ينجح ذلك. لم يُحفظ شيء.", "That did not work. Nothing was recorded.";
    TITLE: "تعذّر ذلك", "That did not work";
    TITLE_CASE_UNKNOWN: "لا حالة هنا", "No case here";
    TITLE_NOT_FOUND: "الصفحة غير موجودة", "Page not found";
    TITLE_NOT_YOURS: "لا تملك الصلاحية", "You do not have permission";
    TITLE_UNAVAILABLE: "الخدمة متوقفة مؤقتًا", "The service is unavailable";
    CODE: "رمز الخطأ للدعم: {code}", "Error code for support: {code}";
    HOME: "إلى مكتبي", "Go to my desk";
}

/// A refusal as a page.
pub(crate) fn page(view: &View, error: DeskError) -> Markup {
    let title: Text = match error {
        DeskError::CaseUnknown => TITLE_CASE_UNKNOWN,
        DeskError::NotFound | DeskError::InvitationUnknown => TITLE_NOT_FOUND,
        DeskError::NotYours | DeskError::NotAParty => TITLE_NOT_YOURS,
        DeskError::Unavailable => TITLE_UNAVAILABLE,
        _ => TITLE,
    };
    let code = html! { bdi.code { (error.code()) } };
    Page::new(view, view.t(title)).with(&html! {
        h1 { (view.t(title)) }
        p.lead { (view.t(error.text())) }
        @if error == DeskError::CaseUnknown { @if let Some(way) = glass::offered(view) { (way) } }
        p { a href="/desk" { (view.t(HOME)) } }
        p.quiet.small { (CODE.fill(view.lang, &[("code", &code)])) }
    })
}
