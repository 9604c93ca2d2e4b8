//! A history: one line per event, with a seal that says what was checked.

use maud::{Markup, html};

use crate::text::texts;
use crate::{Text, View};

texts! {
    SEALED: "موقَّع وثابت في السجل", "Signed and sealed in the ledger";
    PENDING: "موقَّع، وفي انتظار الشهود", "Signed, waiting for witnesses";
    BROKEN: "لم يجتز التحقق", "Did not pass the checks";
    SIGNED: "التوقيع صحيح، والمفتاح كان يخص هذا الموظف وقت التوقيع.", "The signature is right, and the key was this officer's when it was used.";
    NOT_SIGNED: "التوقيع غير صحيح أو المفتاح لا يخص هذا الموظف.", "The signature is wrong, or the key was not this officer's.";
    CHAINED: "يشير إلى القيد الذي قبله، فلا يمكن حذف شيء بينهما أو إضافته.", "It names the event before it, so nothing between them can be dropped or added.";
    NOT_CHAINED: "لا يشير إلى القيد الذي قبله.", "It does not name the event before it.";
    WITNESSED: "شهد على وجوده شهود مستقلون عن المشغِّل.", "Witnesses who are independent of the operator have confirmed it.";
    NOT_WITNESSED: "لم يشهد عليه الشهود بعد.", "Witnesses have not confirmed it yet.";
    PUBLISHED: "هو ضمن شجرة السجل المنشورة، وأي تغيير فيه ينكشف لكل من يحتفظ بنسخة من بصمتها.", "It is in the published tree: any change to it would show to whoever keeps a copy of the tree's hash.";
    NOT_PUBLISHED: "ليس ضمن شجرة السجل المنشورة.", "It is not in the published tree.";
    PROOF: "تنزيل ملف الإثبات", "Download the proof";
    OCCURRED: "حدث: {moment}", "Happened {moment}";
    AUTHORED: "وُقّع: {moment}", "Signed {moment}";
    RECEIVED: "سُجّل: {moment}", "Recorded {moment}";
}

/// What was checked of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Its signature, by a key that was the author's then.
    pub signed: bool,
    /// It names the event before it.
    pub chained: bool,
    /// It is in the tree whose checkpoint is published.
    pub published: bool,
    /// Witnesses have confirmed a checkpoint that covers it; `None` on a ledger that names no witnesses. Not yet is
    /// no fault.
    pub witnessed: Option<bool>,
}

/// One event.
pub struct Line {
    /// Where a link to it leads; empty: nowhere.
    pub id: String,
    /// What happened.
    pub what: Markup,
    /// Who: agency and role.
    pub who: Markup,
    /// What it says, as far as the reader sees it.
    pub told: Markup,
    /// When it happened, as claimed; Unix milliseconds, like the others.
    pub occurred: Option<u64>,
    /// When it was signed, as claimed.
    pub signed: u64,
    /// When the ledger took it.
    pub received: u64,
    /// What was checked.
    pub seal: Seal,
    /// Where its proof can be had.
    pub proof: Option<String>,
}

/// Times within a minute of each other are one time to a reader.
const SAME_MS: u64 = 60_000;

fn times(view: &View, line: &Line) -> Markup {
    let differ = |at: u64| at.abs_diff(line.received) > SAME_MS;
    let moment =
        |text: Text, at: u64| html! { span { (text.fill(view.lang, &[("moment", &view.time(at))])) } };
    html! {
        p.quiet.small {
            @if let Some(at) = line.occurred.filter(|at| differ(*at)) { (moment(OCCURRED, at)) " · " }
            @if differ(line.signed) { (moment(AUTHORED, line.signed)) " · " }
            (moment(RECEIVED, line.received))
        }
    }
}

/// The small seal; it opens to a sentence for each check.
pub fn seal(view: &View, seal: Seal, proof: Option<&str>) -> Markup {
    let (class, text, mark) = match seal {
        Seal { signed: true, chained: true, published: true, witnessed: Some(false) } => {
            ("seal", PENDING, "M12 7v5l4 3")
        }
        Seal { signed: true, chained: true, published: true, .. } => {
            ("seal seal--good", SEALED, "M7 12l4 4 7-8")
        }
        _ => ("seal seal--bad", BROKEN, "M8 8l8 8M16 8l-8 8"),
    };
    let check = |good: bool, yes: Text, no: Text| view.t(if good { yes } else { no });
    html! {
        details class=(class) {
            summary {
                svg viewBox="0 0 24 24" aria-hidden="true" { circle cx="12" cy="12" r="10" {} path d=(mark) {} }
                (view.t(text))
            }
            ul {
                li { (check(seal.signed, SIGNED, NOT_SIGNED)) }
                li { (check(seal.chained, CHAINED, NOT_CHAINED)) }
                li { (check(seal.published, PUBLISHED, NOT_PUBLISHED)) }
                @if let Some(witnessed) = seal.witnessed { li { (check(witnessed, WITNESSED, NOT_WITNESSED)) } }
            }
            @if let Some(href) = proof { p.small { a href=(href) download { (view.t(PROOF)) } } }
        }
    }
}

/// The history, in the order given.
pub fn timeline(view: &View, lines: &[Line]) -> Markup {
    html! {
        ol.timeline {
            @for line in lines {
                li id=[(!line.id.is_empty()).then_some(&line.id)] {
                    p.title { (line.what) }
                    p { (line.who) }
                    (line.told)
                    (times(view, line))
                    (seal(view, line.seal, line.proof.as_deref()))
                }
            }
        }
    }
}
