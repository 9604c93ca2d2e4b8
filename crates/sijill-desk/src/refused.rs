//! What a person is told when something is refused: one sentence for each code of the ledger, its API and these pages, in both
//! languages. Codes are in `docs/api.md`; a test holds this table against every crate's.

use axum::Json;
use axum::extract::Path;
use serde_json::{Value, json};

use crate::{DeskError, Text, View};

macro_rules! refused {
    ($($($code:literal)|+: $ar:literal, $en:literal;)*) => {
        /// What is said of a code; `None` if there is no such code.
        pub(crate) fn text(code: &str) -> Option<Text> {
            Some(match code {
                $($($code)|+ => Text { ar: $ar, en: $en },)*
                _ => return None,
            })
        }

        #[cfg(test)]
        const ALL: &[(&str, Text)] = &[$($(($code, Text { ar: $ar, en: $en }),)+)*];
    };
}

/// Why something signed on a page that answers with a page was refused. That the file has moved on, the page says in its own words.
pub(crate) fn why(refused: &sijill_ledger::Refused, moved_on: Text) -> Text {
    if refused.code == "stream-conflict" { moved_on } else { text(refused.code).unwrap_or(moved_on) }
}

/// `GET /desk/refused/{code}`: the sentence in the reader's language, for the scripts.
pub(crate) async fn told(view: View, code: Option<Path<String>>) -> Result<Json<Value>, DeskError> {
    let text = code.and_then(|Path(code)| text(&code)).ok_or(DeskError::NotFound)?;
    Ok(Json(json!({ "text": view.t(text) })))
}

refused! {
    // Who may.
    "key-not-valid": "مفتاحك لم يعد صالحًا للتوقيع. راجع مسؤول التسجيل في جهتك.", "Your key can no longer sign. See your agency's registrar.";
    "not-registrar": "توقيع هذا من صلاحية مسؤول التسجيل في الجهة فقط.", "Only the agency's registrar can sign this.";
    "role-missing": "ليس لك الدور الذي يحتاجه هذا الإجراء.", "You do not have the role this needs.";
    "role-not-granted" | "grant-missing": "لم تُمنح جهتك هذه الصلاحية.", "Your agency was not granted this.";
    "not-yours": "ليس هذا من عمل وحدتك الآن، أو لم يعد كذلك.", "This is not for your unit to do, or not any more.";
    "own-work": "لا يبتّ أحد في عمله بنفسه. اطلب ذلك من مشرف آخر.", "Nobody decides on their own work. Ask another supervisor.";
    "not-a-party": "جهتك ليست طرفًا في هذا الملف.", "Your agency is no party to this file.";
    "not-a-member": "ليست جهتك عضوًا في هيئة الحوكمة.", "Your agency is no member of the governing body.";
    "not-the-service": "هذا القيد تسجّله المنظومة وحدها.", "Only the system itself records this.";
    "act-not-allowed": "لا يوقّع عن موظف آخر إلا نظام جهته.", "Only an agency's own system signs on an officer's behalf.";
    "stream-reserved": "لا يُكتب في هذا الملف من هنا.", "Nothing is written into this file from here.";
    "signed-out" | "token-missing" | "token-expired": "انتهت جلستك. سجّل الدخول من جديد؛ ما كتبته محفوظ على هذا الجهاز.", "Your session has ended. Sign in again; what you wrote is kept on this device.";
    "token-invalid" | "token-dead" | "scope-missing": "لم يعد دخولك يسمح بهذا. سجّل الدخول من جديد.", "Your sign-in does not allow this any more. Sign in again.";
    "key-dead": "هذا المفتاح ملغى أو لم يعد يخص موظفًا. راجع مسؤول التسجيل في جهتك.", "This key was revoked or is no officer's any more. See your agency's registrar.";
    "sign-in-refused": "هذا المفتاح غير مسجَّل. إن كنت قد أنشأته للتو فربما لم يوقّعه مسؤول التسجيل بعد.", "This key is not registered. If you have just made it, the registrar may not have signed it yet.";
    "challenge-unknown" | "challenge-expired" | "challenge-used": "مضى وقت طويل. حاول تسجيل الدخول مرة أخرى.", "That took too long. Try to sign in again.";
    "site": "لم يأتِ هذا الطلب من صفحات المنظومة، فلم يُنفَّذ.", "This request did not come from the system's own pages, so nothing was done.";
    // The state of a case.
    "case-unknown": "لا توجد حالة بهذا الرقم، أو ليست جهتك طرفًا فيها.", "There is no case with this number, or your agency is no party to it.";
    "case-exists" | "contact-exists": "سُجّل هذا الرقم من قبل. حدّث الصفحة وابدأ من جديد.", "This number is taken already. Reload the page and begin again.";
    "case-closed": "الحالة مغلقة. أعد فتحها أولًا.", "The case is closed. Reopen it first.";
    "case-not-closed": "الحالة مفتوحة.", "The case is open.";
    "case-merged": "دُمجت الحالة في حالة أخرى. اعمل في تلك.", "The case was merged into another. Work there.";
    "case-not-merged": "الحالة غير مدمجة في أخرى.", "The case is not merged into another.";
    "merge-into-itself": "لا تُدمج حالة أو جهة في نفسها.", "Nothing is merged into itself.";
    "case-unreadable": "مُحيت قيم تقوم عليها هذه الحالة، فلا يُضاف إليها شيء.", "Values that this case rests on were erased, so nothing can be added to it.";
    "case-erased": "مُحيت هذه الحالة بأمر ولا يُضاف إليها شيء. سجّل الجديد في حالة جديدة.", "This case was erased by order and takes nothing more. Record what is new in a new case.";
    "case-open": "لا تُمحى الحالة كلها وهي مفتوحة أو فيها إحالة لم تنتهِ. أغلقها أولًا، أو حدّد الحقول التي تُمحى.", "A case is not erased whole while it or a referral of it is open. Close it first, or name the fields to erase.";
    "erasure-pending": "في هذا الملف أمر محو لم يُبتّ فيه بعد.", "An order to erase in this file has not been decided yet.";
    "erasure-of-casework": "على بيانات سير العمل تقوم القواعد، فلا تُمحى إلا مع الحالة كلها.", "The rules rest on the casework values: they are erased only with the whole case.";
    "nothing-to-erase": "لا يوجد في القيود المحددة حقل مما طلبت محوه.", "No entry that you named has any of the fields you want erased.";
    "retention-unknown": "ليس في السياسة السارية مدة حفظ بهذا الاسم لمثل هذا الملف.", "The policy in force has no retention period of this name for a file like this.";
    "retention-running": "لم تنتهِ بعد مدة الحفظ التي تقررها السياسة.", "The time for which the policy has this kept is not over yet.";
    "referral-state": "تغيّر وضع الإحالة ولم يعد هذا الإجراء ممكنًا. حدّث الصفحة.", "The referral has moved on and this is not possible any more. Reload the page.";
    "referral-open": "ما زالت في الحالة إحالة لم تنتهِ.", "A referral of the case has not ended yet.";
    "referral-undisposed": "في الحالة إحالة لم تنجح ولم يُبتّ فيها بعد.", "A referral of the case did not end well and nobody has decided what follows.";
    "escalation-open": "في الحالة تصعيد لم يُعالج بعد.", "An escalation of the case has not been resolved.";
    "transfer-pending": "طُلب تحويل الحالة من قبل وما زال الطلب قائمًا.", "A transfer was asked for before and waits for its answer.";
    "owner-restricted": "لا تُحجب الحالة عن الوحدة المسؤولة عنها كلها.", "The owning unit as a whole cannot be kept out of its case.";
    "deadline-unknown": "هذه المهلة لم تعد سارية.", "This deadline is not running any more.";
    "deadline-past": "الموعد الجديد يجب أن يكون بعد الآن.", "The new time must be later than now.";
    "no-basis": "لا بد من سند: موافقة سارية تشمل هذه الجهة، أو سند قانوني غير الموافقة.", "It needs a basis: a consent that stands and covers this agency, or a legal basis other than consent.";
    "already-ended" | "already-disposed" | "already-reviewed" | "already-confirmed": "بُتّ في هذا من قبل.", "This was decided before.";
    "ground-missing": "لا يُتخذ إجراء بناءً على الإنذار وحده: اذكر ما نظرت فيه غيره.", "Nothing is done on the ground of a warning alone: say what else was looked at.";
    "already-voted": "لك صوت واحد، وقد أدليت به.", "You have one vote, and you cast it.";
    "outcome-not-voted": "القرار ما تصوّت عليه الأكثرية.", "The outcome is what the votes decide.";
    "conference-quorum": "لم يصوّت نصف الجهات الأعضاء بعد.", "Fewer than half of the member agencies have voted.";
    "nothing-to-correct": "ما تصحّحه ليس في هذه الحالة.", "What you correct is not in this case.";
    "automation-owed": "المنظومة تسجّل الآن ما حان موعده في هذه الحالة. حاول بعد لحظة.", "The system is recording what has fallen due in this case. Try again in a moment.";
    "not-prescribed": "ليس هذا ما تقرره السياسة.", "This is not what the policy prescribes.";
    "unknown-breach" | "unknown-conference" | "unknown-consent" | "unknown-contact" | "unknown-erasure" | "unknown-escalation" | "unknown-event"
        | "unknown-invocation" | "unknown-notice" | "unknown-order" | "unknown-placement" | "unknown-plan" | "unknown-referral"
        | "unknown-request" | "unknown-withdrawal": "ما يخصه هذا الإجراء ليس في الحالة. حدّث الصفحة.", "What this is about is not in the case. Reload the page.";
    "look-up-over": "مضى وقت على هذا البحث. ابحث من جديد.", "This look-up is some time ago. Look again.";
    "not-a-request": "ليس هذا طلبًا وقّعته أنت في هذا الملف.", "This is no request that you signed in this file.";
    "attachment-unknown": "الملف المرفق لم يعد في الخزنة. أرفقه من جديد.", "The attached file is not in the vault any more. Attach it again.";
    "attachment-erased": "مُحي هذا الملف من قبل بأمر ولا يُقبل من جديد.", "This file was erased by order before and is not taken again.";
    "attachment-not-released": "لم يعد هذا الملف مفتوحًا لك. اطلب الاطلاع من جديد.", "This file is not open to you any more. Ask to see it again.";
    // What was filled in.
    "codes-stale" | "code-unknown": "تغيّرت القوائم منذ فتحت الصفحة. حدّثها؛ ما كتبته محفوظ.", "The lists have changed since you opened the page. Reload it; what you wrote is kept.";
    "data-malformed": "أحد الحقول ليس بالشكل المطلوب. راجع ما كتبته.", "A field is not in the form it must have. Check what you wrote.";
    "occurred-missing": "اكتب متى حدث ذلك.", "Write when it happened.";
    "too-large" | "body-too-large" | "too-many-lines": "ما كتبته أطول مما يتسع له قيد. أرفق النص الطويل كملف.", "What you wrote is longer than an entry can hold. Attach long text as a file.";
    "body-empty": "لم يُرسَل شيء. املأ النموذج أو اختر ملفًا غير فارغ.", "Nothing was sent. Fill the form in, or choose a file that is not empty.";
    "iat-in-future": "ساعة الجهاز متقدمة على ساعة السجل. اضبطها ثم وقّع.", "A clock runs ahead of the ledger's. Set it right and sign again.";
    // Agencies, units, officers, keys.
    "officer-known": "هذا الموظف مسجَّل من قبل.", "This officer is enrolled already.";
    "officer-unknown": "هذا الموظف غير مسجَّل في الجهة.", "The agency has no such officer.";
    "unit-known": "هذه الوحدة مسجَّلة من قبل.", "This unit is registered already.";
    "unit-unknown": "هذه الوحدة مغلقة أو غير موجودة.", "This unit is closed or does not exist.";
    "agency-known": "هذه الجهة مسجَّلة من قبل.", "This agency is admitted already.";
    "agency-unknown": "هذه الجهة غير مسجَّلة أو لم تعد موجودة.", "This agency is not there, or not any more.";
    "key-known": "هذا المفتاح مسجَّل من قبل.", "This key is registered already.";
    "key-unknown": "هذا المفتاح أُلغي من قبل أو لا يخص جهتك.", "This key is revoked already or is not your agency's.";
    "possession": "لم يُثبت المتصفح أنه يملك هذا المفتاح. حاول مرة أخرى.", "The browser did not prove that it holds this key. Try again.";
    "invitation-unknown": "هذه الدعوة انتهت أو سُحبت أو استُخدمت. اطلب دعوة جديدة من مسؤول التسجيل.", "This invitation has ended, was withdrawn or was used. Ask your registrar for a new one.";
    "invitation-answered": "استُخدمت هذه الدعوة على جهاز آخر. إن لم تكن أنت فأخبر مسؤول التسجيل فورًا.", "This invitation was used on another device. If that was not you, tell your registrar at once.";
    "invitations-full": "لجهتك دعوات مفتوحة كثيرة. اسحب ما لا تحتاجه منها أولًا.", "Your agency has too many open invitations. Withdraw those you do not need first.";
    "invitation-wrong": "لا يُدعى أحد بهذه البيانات. راجع الموظف والوحدة والأدوار.", "Nobody can be invited like this. Check officer, unit and roles.";
    // Governance.
    "not-ratified": "لم يُصدَّق على السجل بعد.", "The ledger is not ratified yet.";
    "already-ratified" | "already-approved": "وافقت جهتك على هذا من قبل.", "Your agency agreed to this before.";
    "proposal-unknown": "لا يوجد اقتراح كهذا.", "There is no such proposal.";
    "proposal-closed": "بُتّ في هذا الاقتراح من قبل.", "This proposal was decided before.";
    "quorum-arithmetic": "لا يستقيم هذا النصاب مع عدد الأعضاء.", "This quorum does not fit the number of members.";
    "version-not-next": "ليست هذه النسخة التالية.", "This is not the next version.";
    "rules-unknown": "لا توجد نسخة كهذه من القواعد.", "There is no such version of the rules.";
    "document-missing": "ارفع الوثيقة قبل اقتراح نشرها.", "Bring the document before you propose to publish it.";
    "document-unsound": "الوثيقة ليست بالشكل الذي تُنشر به.", "The document is not what it is to be published as.";
    "document-unknown" | "list-unknown" | "type-unknown" | "type-not-here": "لا تعرف المنظومة هذا النوع أو هذه الوثيقة.", "The system knows no such type or document.";
    // Where an event goes.
    "stream-conflict": "سُجّل شيء آخر في اللحظة نفسها. راجعه ثم وقّع من جديد.", "Something else was recorded at the same moment. Read it and sign again.";
    "jti-reused" | "digest-reused": "سُجّل هذا القيد من قبل بمحتوى آخر. ابدأ من جديد.", "This was recorded before with another content. Begin again.";
    "seen-mismatch" | "wrong-audience": "وُقّع هذا لسجل آخر أو على نسخة أخرى منه. أبلغ الدعم.", "This was signed for another ledger, or another copy of it. Tell support.";
    "no-witnesses": "لا شهود لهذا السجل.", "This ledger has no witnesses.";
    "not-witnessed": "سُجّل القيد ونُشر، ولم يشهد عليه الشهود بعد. أعد المحاولة بعد قليل، ولن يُسجَّل مرتين.", "It is recorded and published; the witnesses have not confirmed it yet. Try again shortly; it is not recorded twice.";
    "nothing-committed": "لم يُثبت السجل بعدُ نهايات مساراته.", "The ledger has not committed itself to its heads yet.";
    "nothing-witnessed": "لم يشهد الشهود على شيء بعد.", "The witnesses have not confirmed anything yet.";
    "signature-length" | "signature-kid" | "signature-s" | "signature-r-small-order" | "signature-mismatch": "التوقيع لا يطابق ما وُقّع. لم يُسجَّل شيء. أبلغ الدعم.", "The signature does not match what was signed. Nothing was recorded. Tell support.";
    "sd-jwt-parts" | "jws-parts" | "base64url" | "header-member" | "header-alg" | "header-typ" | "header-kid" | "json-utf8"
        | "json-syntax" | "json-duplicate-member" | "json-number" | "json-string" | "json-depth" | "payload-not-object"
        | "payload-member-unknown" | "payload-member-missing" | "payload-member-invalid" | "sd-misplaced" | "sd-alg" | "sd-class"
        | "sd-digest" | "sd-order" | "sd-duplicate" | "disclosure-syntax" | "disclosure-salt" | "disclosure-name"
        | "disclosure-value" | "disclosure-duplicate" | "disclosure-duplicate-name" | "disclosure-unreferenced"
        | "disclosure-missing": "ما أعدّه المتصفح للتوقيع تالف. لم يُسجَّل شيء. أبلغ الدعم.", "What the browser prepared is damaged. Nothing was recorded. Tell support.";
    // Requests, and the server.
    "body" | "body-unreadable" | "body-not-utf8" | "query" | "path" | "header" | "media-type" | "not-acceptable": "لم نفهم هذا الطلب. ارجع إلى الصفحة السابقة وحاول مرة أخرى.", "We could not read this request. Go back and try again.";
    "not-found" | "not-published" | "view-unknown" | "indicator-unknown" | "publication-unknown": "لا توجد صفحة بهذا العنوان. تأكد من الرابط.", "There is no page at this address. Check the link.";
    "method-not-allowed": "لا يمكن فتح هذا العنوان بهذه الطريقة.", "This address cannot be opened this way.";
    "rate-limited": "طلبات كثيرة من هذا العنوان. انتظر دقيقة.", "Too many requests from this address. Wait a minute.";
    "unavailable" | "busy" | "overloaded" | "timed-out" | "not-ready" | "stopping": "المنظومة لا تجيب الآن. حاول بعد دقيقة؛ لم يضع شيء مما سُجّل.", "The system does not answer now. Try again in a minute; nothing that was recorded is lost.";
    "view-not-built" | "view-behind": "الأرقام لم تبلغ هذا من السجل بعد. حاول بعد دقيقة.", "The figures have not come so far in the log yet. Try again in a minute.";
    "internal" | "store-corrupt": "تعطّلت المنظومة. أبلغ الدعم؛ لم يضع شيء مما سُجّل.", "The system has failed. Tell support; nothing that was recorded is lost.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every code that a request to the server can meet, as the API's own test holds them against the code.
    const API: &str = include_str!("../../../docs/api.md");

    #[test]
    fn every_code_of_every_crate_has_a_sentence_in_both_languages() {
        let (_, table) = API.split_once("## Error codes").expect("the table");
        let mut codes: BTreeSet<&str> =
            table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        assert!(codes.len() > 150, "{}", codes.len());
        codes.extend(sijill_ledger::Refused::examples().iter().map(|refused| refused.code));
        codes.extend(sijill_domain::Refusal::examples().iter().map(sijill_domain::Refusal::code));
        codes.extend(sijill_casework::Refusal::examples().iter().map(sijill_casework::Refusal::code));
        codes.extend(DeskError::ALL.iter().map(|error| error.code()));
        let without: Vec<&&str> = codes.iter().filter(|code| text(code).is_none()).collect();
        assert!(without.is_empty(), "no sentence for {without:?}");
        let more: Vec<&str> =
            ALL.iter().map(|(code, _)| *code).filter(|code| !codes.contains(code)).collect();
        assert!(more.is_empty(), "{more:?} are no codes");
        let arabic = |c: char| ('\u{0600}'..='\u{06FF}').contains(&c);
        for (code, Text { ar, en }) in ALL {
            assert!(ar.chars().any(arabic) && !ar.chars().any(|c| c.is_ascii_alphabetic()), "{code}: {ar}");
            assert!(!en.is_empty() && !en.chars().any(arabic), "{code}: {en}");
            assert!(ar.ends_with('.') && en.ends_with('.'), "{code} is no sentence");
        }
    }
}
