//! Signing: the form whose answers become an event, and the dialog that shows what will be signed.

use maud::{Markup, html};
use serde_json::Value;

use super::state;
use crate::text::texts;
use crate::{Text, View};

texts! {
    TITLE: "راجع ثم وقّع", "Check, then sign";
    EXPLAINED: "بعد التوقيع يبقى هذا الإجراء ووقته في السجل باسمك إلى الأبد. يمكن تصحيحه بقيد جديد. أما البيانات الشخصية المكتوبة فيه فيمكن محوها بأمر.", "Once signed, this act and its time stay in the ledger under your name for good. It can be corrected by a new entry. Personal data written in it can be erased by order.";
    SIGN: "توقيع وإرسال", "Sign and send";
    BACK: "رجوع للتعديل", "Go back and change";
    AS: "نوع القيد", "Recorded as";
    ALSO: "ويُوقَّع معه", "Signed with it";
    LOOK_UP: "البحث إن كان هذا الطفل معروفًا", "Looking up whether this child is known";
    FILE_COMING: "جارٍ رفع {name}…", "Uploading {name}…";
    FILE_THERE: "{name}، {size} كيلوبايت، في الخزنة", "{name}, {size} kB, in the vault";
    FILE_SIZE: "الملف فارغ أو أكبر من 20 ميجابايت.", "The file is empty or larger than 20 MB.";
    LEFT_OUT: "لم يُجب", "Not answered";
    CONFLICT: "سُجّل ما يلي بينما كنت تكتب. راجعه، ثم وقّع مرة أخرى إن كان ما كتبته ما زال صحيحًا:", "This was recorded while you were writing. Read it, and sign again if what you wrote still holds:";
    DRAFT: "استعدنا ما كتبته من قبل ولم توقّعه بعد.", "What you wrote before and have not signed is back.";
    UNSURE: "انقطع الاتصال ولا نعلم إن كان التوقيع قد وصل. حاول مرة أخرى: لن يُسجَّل مرتين.", "The connection broke and nobody knows whether it arrived. Try again: it will not be recorded twice.";
    UNKNOWN: "رفض السجل هذا القيد. لم يُحفظ شيء.", "The ledger refused this. Nothing was recorded.";
    NO_KEY_HERE: "المفتاح الذي سجلت الدخول به ليس في هذا المتصفح.", "The key you signed in with is not in this browser.";
    CHARACTER: "في أحد الحقول حرف لا يمكن حفظه. احذفه ثم اكتبه من جديد.", "A field holds a character that cannot be kept. Delete it and type it again.";
    TOO_LONG: "أحد الحقول أطول مما يتسع له قيد. أرفق النص الطويل كملف.", "A field is longer than an entry can hold. Attach long text as a file.";
    NUMBER: "اكتب عددًا صحيحًا بدون كسور.", "Write a whole number.";
    NOT_ASKED: "ما أعدّه الخادم للتوقيع ليس ما طلبته، فلم يوقَّع شيء. أبلغ الدعم.", "What the server prepared is not what you asked for, so nothing was signed. Tell support.";
    REQUIRED: "املأ هذا الحقل: {member}", "Fill this in: {member}";
}

/// What the signing scripts say: what only they refuse by its code, the rest by name. Everybody else's refusals: `refused.rs`.
pub const SAID: &[(&str, Text)] = &[
    ("sign-as", AS),
    ("sign-left-out", LEFT_OUT),
    ("sign-conflict", CONFLICT),
    ("file-coming", FILE_COMING),
    ("file-there", FILE_THERE),
    ("file-size", FILE_SIZE),
    ("sign-also", ALSO),
    ("sign-look-up", LOOK_UP),
    ("refused-unsure", UNSURE),
    ("refused-unknown", UNKNOWN),
    ("refused-no-key-here", NO_KEY_HERE),
    ("refused-character", CHARACTER),
    ("refused-too-long", TOO_LONG),
    ("refused-number", NUMBER),
    ("refused-not-what-was-asked", NOT_ASKED),
    ("refused-required", REQUIRED),
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
