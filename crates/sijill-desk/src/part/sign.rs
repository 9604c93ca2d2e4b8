//! Signing: the form whose answers become an event, and the dialog that shows what will be signed.

use maud::{Markup, html};
use serde_json::Value;

use super::state;
use crate::text::texts;
use crate::{Text, View};

texts! {
    TITLE: "راجع ثم وقّع", "Check, then sign";
    EXPLAINED: "بعد التوقيع يُحفظ هذا في السجل باسمك إلى الأبد. يمكن تصحيحه بقيد جديد، ولا يمكن محوه.", "Once signed, this stays in the ledger under your name for good. It can be corrected by a new entry, never erased.";
    SIGN: "توقيع وإرسال", "Sign and send";
    BACK: "رجوع للتعديل", "Go back and change";
    AS: "يُسجَّل كـ", "Recorded as";
    ALSO: "ويُوقَّع معه", "Signed with it";
    LOOK_UP: "البحث إن كان هذا الطفل معروفًا", "Looking up whether this child is known";
    LEFT_OUT: "لم يُجب", "Not answered";
    CONFLICT: "سُجّل ما يلي بينما كنت تكتب. راجعه، ثم وقّع مرة أخرى إن كان ما كتبته ما زال صحيحًا:", "This was recorded while you were writing. Read it, and sign again if what you wrote still holds:";
    DRAFT: "استعدنا ما كتبته من قبل ولم توقّعه بعد.", "What you wrote before and have not signed is back.";
    UNSURE: "انقطع الاتصال ولا نعلم إن كان التوقيع قد وصل. حاول مرة أخرى: لن يُسجَّل مرتين.", "The connection broke and nobody knows whether it arrived. Try again: it will not be recorded twice.";
    UNKNOWN: "رفض السجل هذا القيد. لم يُحفظ شيء.", "The ledger refused this. Nothing was recorded.";
    NO_KEY_HERE: "المفتاح الذي سجلت الدخول به ليس في هذا المتصفح.", "The key you signed in with is not in this browser.";
    KEY_NOT_VALID: "مفتاحك لم يعد صالحًا للتوقيع. راجع مسؤول التسجيل في جهتك.", "Your key can no longer sign. See your agency's registrar.";
    CHARACTER: "في أحد الحقول حرف لا يمكن حفظه. احذفه ثم اكتبه من جديد.", "A field holds a character that cannot be kept. Delete it and type it again.";
    TOO_LONG: "أحد الحقول أطول مما يتسع له قيد. أرفق النص الطويل كملف.", "A field is longer than an entry can hold. Attach long text as a file.";
    NUMBER: "اكتب عددًا صحيحًا بدون كسور.", "Write a whole number.";
    NOT_ASKED: "ما أعدّه الخادم للتوقيع ليس ما طلبته، فلم يوقَّع شيء. أبلغ الدعم.", "What the server prepared is not what you asked for, so nothing was signed. Tell support.";
    NOT_REGISTRAR: "توقيع هذا من صلاحية مسؤول التسجيل في الجهة فقط.", "Only the agency's registrar can sign this.";
    OFFICER_KNOWN: "هذا الموظف مسجَّل من قبل.", "This officer is enrolled already.";
    KEY_KNOWN: "هذا المفتاح مسجَّل من قبل.", "This key is registered already.";
    KEY_UNKNOWN: "هذا المفتاح أُلغي من قبل أو لا يخص جهتك.", "This key is revoked already or is not your agency's.";
    ROLE_NOT_GRANTED: "لم تُمنح جهتك أحد هذه الأدوار.", "Your agency was not granted one of these roles.";
    REQUIRED: "أجب عن هذا السؤال: {member}", "Answer this: {member}";
    NOT_YOURS: "ليس هذا من عمل وحدتك الآن، أو لم يعد كذلك.", "This is not for your unit to do, or not any more.";
    OWN_WORK: "لا يبتّ أحد في عمله بنفسه. اطلب ذلك من مشرف آخر.", "Nobody decides on their own work. Ask another supervisor.";
    STATE: "تغيّر وضع الإحالة ولم يعد هذا الإجراء ممكنًا. حدّث الصفحة.", "The referral has moved on and this is not possible any more. Reload the page.";
    NO_BASIS: "لا بد من سند: موافقة سارية تشمل هذه الجهة، أو سند قانوني غير الموافقة.", "It needs a basis: a consent that stands and covers this agency, or a legal basis other than consent.";
    STALE: "تغيّرت القوائم منذ فتحت الصفحة. حدّثها؛ ما كتبته محفوظ.", "The lists have changed since you opened the page. Reload it; what you wrote is kept.";
    MALFORMED: "أحد الحقول ليس بالشكل المطلوب. راجع ما كتبته.", "A field is not in the form it must have. Check what you wrote.";
    CASE_CLOSED: "الحالة مغلقة. أعد فتحها أولًا.", "The case is closed. Reopen it first.";
    REFERRAL_OPEN: "ما زالت في الحالة إحالة لم تنتهِ.", "A referral of the case has not ended yet.";
    UNDISPOSED: "في الحالة إحالة لم تنجح ولم يُبتّ فيها بعد.", "A referral of the case did not end well and nobody has decided what follows.";
    ESCALATION_OPEN: "في الحالة تصعيد لم يُعالج بعد.", "An escalation of the case has not been resolved.";
    PENDING: "طُلب تحويل الحالة من قبل وما زال الطلب قائمًا.", "A transfer was asked for before and waits for its answer.";
    DEADLINE_PAST: "الموعد الجديد يجب أن يكون بعد الآن.", "The new time must be later than now.";
    NOT_A_PARTY: "جهتك ليست طرفًا في هذه الحالة.", "Your agency is no party to this case.";
    CASE_UNKNOWN: "لا توجد حالة بهذا الرقم.", "There is no case with this number.";
    ROLE_MISSING: "ليس لك الدور الذي يحتاجه هذا الإجراء.", "You do not have the role this needs.";
    AUTOMATION_OWED: "المنظومة تسجّل الآن ما حان موعده في هذه الحالة. حاول بعد لحظة.", "The system is recording what has fallen due in this case. Try again in a moment.";
    UNIT_UNKNOWN: "هذه الوحدة مغلقة أو غير موجودة.", "This unit is closed or does not exist.";
}

/// What the signing scripts say: refusals by the ledger's code, the rest by name.
pub const SAID: &[(&str, Text)] = &[
    ("sign-as", AS),
    ("sign-left-out", LEFT_OUT),
    ("sign-conflict", CONFLICT),
    ("sign-also", ALSO),
    ("sign-look-up", LOOK_UP),
    ("refused-unsure", UNSURE),
    ("refused-unknown", UNKNOWN),
    ("refused-no-key-here", NO_KEY_HERE),
    ("refused-key-not-valid", KEY_NOT_VALID),
    ("refused-character", CHARACTER),
    ("refused-too-long", TOO_LONG),
    ("refused-number", NUMBER),
    ("refused-not-what-was-asked", NOT_ASKED),
    ("refused-not-registrar", NOT_REGISTRAR),
    ("refused-officer-known", OFFICER_KNOWN),
    ("refused-key-known", KEY_KNOWN),
    ("refused-key-unknown", KEY_UNKNOWN),
    ("refused-role-not-granted", ROLE_NOT_GRANTED),
    ("refused-unit-unknown", UNIT_UNKNOWN),
    ("refused-required", REQUIRED),
    ("refused-not-yours", NOT_YOURS),
    ("refused-own-work", OWN_WORK),
    ("refused-referral-state", STATE),
    ("refused-no-basis", NO_BASIS),
    ("refused-codes-stale", STALE),
    ("refused-code-unknown", STALE),
    ("refused-data-malformed", MALFORMED),
    ("refused-case-closed", CASE_CLOSED),
    ("refused-referral-open", REFERRAL_OPEN),
    ("refused-referral-undisposed", UNDISPOSED),
    ("refused-escalation-open", ESCALATION_OPEN),
    ("refused-transfer-pending", PENDING),
    ("refused-deadline-past", DEADLINE_PAST),
    ("refused-not-a-party", NOT_A_PARTY),
    ("refused-case-unknown", CASE_UNKNOWN),
    ("refused-role-missing", ROLE_MISSING),
    ("refused-automation-owed", AUTOMATION_OWED),
];

/// What a form signs: where, what type, and the open members that no field of the form decides.
pub struct Signed<'a> {
    /// The stream.
    pub stream: &'a str,
    /// The event type.
    pub event_type: &'a str,
    /// Its version.
    pub v: u16,
    /// Open members of `data`.
    pub data: Value,
    /// Where to go once it is on the ledger.
    pub done: &'a str,
    /// Where it is handed in, if not to the API: a page that answers with a page.
    pub post: Option<&'a str>,
}

/// A form that is signed, with the dialog it needs. Scripts: `js/sign.js`; texts: [`SAID`].
///
/// Fields are named after where their values go (`static/js/form.js`). Whatever has `data-fact` is repeated in
/// the summary under that heading.
pub fn form(view: &View, id: &str, signed: &Signed<'_>, button: Text, content: &Markup) -> Markup {
    let fixed = serde_json::json!({
        "stream": signed.stream, "type": signed.event_type, "v": signed.v, "data": signed.data,
    });
    html! {
        (state::no_script(view))
        form id=(id) data-event=(fixed) data-done=(signed.done) data-post=[signed.post] novalidate {
            div.notice data-draft role="status" hidden { p { (view.t(DRAFT)) } }
            (content)
            div.row { button.button type="submit" { (view.t(button)) } }
        }
        (dialog(view))
    }
}

/// What will be signed, before it is.
fn dialog(view: &View) -> Markup {
    html! {
        dialog data-sign aria-labelledby="sign-title" {
            form method="dialog" {
                h2 #sign-title { (view.t(TITLE)) }
                div data-content {}
                p { (view.t(EXPLAINED)) }
                div.row {
                    button.button type="submit" value="sign" { (view.t(SIGN)) }
                    button.button.button--second type="submit" value="back" { (view.t(BACK)) }
                }
            }
        }
    }
}
