//! What a refusal says, and its page: what happened, and what can be done.

use maud::{Markup, html};

use super::case::glass;
use crate::part::page::Page;
use crate::text::texts;
use crate::{DeskError, Text, View};

texts! {
    SIGNED_OUT: "انتهت جلستك. سجّل الدخول من جديد؛ ما كتبته محفوظ على هذا الجهاز.", "Your session has ended. Sign in again; what you wrote is kept on this device.";
    NOT_YOURS: "هذه الصفحة ليست ضمن صلاحياتك. إن كنت تحتاجها في عملك فاطلب الدور من مسؤول التسجيل في جهتك.", "This page is not within your roles. If your work needs it, ask your agency's registrar for the role.";
    SITE: "لم يأتِ هذا الطلب من صفحات المنظومة، فلم يُنفَّذ.", "This request did not come from the system's own pages, so nothing was done.";
    CHALLENGE: "مضى وقت طويل. حاول تسجيل الدخول مرة أخرى.", "That took too long. Try to sign in again.";
    SIGN_IN_REFUSED: "هذا المفتاح غير مسجَّل. إن كنت قد أنشأته للتو فربما لم يوقّعه مسؤول التسجيل بعد.", "This key is not registered. If you have just made it, the registrar may not have signed it yet.";
    KEY_DEAD: "هذا المفتاح ملغى أو لم يعد يخص موظفًا. راجع مسؤول التسجيل في جهتك.", "This key was revoked or is no officer's any more. See your agency's registrar.";
    BODY: "لم نفهم هذا الطلب. ارجع إلى الصفحة السابقة وحاول مرة أخرى.", "We could not read this request. Go back and try again.";
    INVITATION_UNKNOWN: "هذه الدعوة انتهت أو سُحبت أو استُخدمت. اطلب دعوة جديدة من مسؤول التسجيل.", "This invitation has ended, was withdrawn or was used. Ask your registrar for a new one.";
    INVITATION_ANSWERED: "استُخدمت هذه الدعوة على جهاز آخر. إن لم تكن أنت فأخبر مسؤول التسجيل فورًا.", "This invitation was used on another device. If that was not you, tell your registrar at once.";
    INVITATIONS_FULL: "لجهتك دعوات مفتوحة كثيرة. اسحب ما لا تحتاجه منها أولًا.", "Your agency has too many open invitations. Withdraw those you do not need first.";
    POSSESSION: "لم يُثبت المتصفح أنه يملك هذا المفتاح. حاول مرة أخرى.", "The browser did not prove that it holds this key. Try again.";
    KEY_KNOWN: "هذا المفتاح مسجَّل من قبل.", "This key is registered already.";
    NOT_A_PARTY: "جهتك ليست طرفًا في هذا الملف.", "Your agency is no party to this file.";
    CASE_UNKNOWN: "لا توجد حالة بهذا الرقم، أو ليست جهتك طرفًا فيها.", "There is no case with this number, or your agency is no party to it.";
    NOT_FOUND: "لا توجد صفحة بهذا العنوان. تأكد من الرابط.", "There is no page at this address. Check the link.";
    METHOD: "لا يمكن فتح هذا العنوان بهذه الطريقة.", "This address cannot be opened this way.";
    UNAVAILABLE: "المنظومة لا تجيب الآن. حاول بعد دقيقة؛ لم يضع شيء مما سُجّل.", "The system does not answer now. Try again in a minute; nothing that was recorded is lost.";
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
