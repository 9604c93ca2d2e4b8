//! Acts as one is told to do them, for buttons and the headings of forms. The catalogue names what has happened: that is for
//! the history.

use sijill_casework::catalogue::TypeSpec;

use crate::Text;

macro_rules! deeds {
    ($($event_type:literal: $ar:literal, $en:literal;)*) => {
        fn text(event_type: &str) -> Option<Text> {
            Some(match event_type {
                $($event_type => Text { ar: $ar, en: $en },)*
                _ => return None,
            })
        }
    };
}

/// What a button says that leads to an act of this type.
pub(crate) fn of(spec: &TypeSpec) -> Text {
    text(spec.name).unwrap_or(spec.title.into())
}

deeds! {
    "contact.logged": "تسجيل اتصال", "Log a contact";
    "contact.corrected": "تصحيح اتصال", "Correct the contact";
    "contact.linked": "ربط الاتصال بحالة", "Link the contact to a case";
    "child.looked_up": "البحث عن طفل مسجّل", "Look up the child";
    "case.opened": "فتح حالة", "Open a case";
    "child.registered": "تسجيل الطفل", "Register the child";
    "child.corrected": "تصحيح بيانات الطفل", "Correct the child's record";
    "party.added": "إضافة شخص ذي صلة", "Add a person around the child";
    "party.corrected": "تصحيح بيانات شخص ذي صلة", "Correct a person's record";
    "case.linked": "ربط الحالة بأخرى", "Link another case";
    "case.merged": "دمج الحالة في أخرى", "Merge into another case";
    "case.unmerged": "إلغاء دمج الحالة", "Undo the merger";
    "case.assigned": "تكليف أخصائي حالة", "Assign the case";
    "case.transfer_requested": "طلب تحويل الحالة", "Ask another unit to take the case";
    "case.transfer_refused": "رفض تحويل الحالة", "Refuse the transfer";
    "case.transferred": "تولّي الحالة", "Take the case over";
    "risk.assessed": "تقدير الخطورة", "Assess the risk";
    "assessment.completed": "إنجاز التقييم", "Complete the assessment";
    "safety_plan.made": "وضع خطة أمان", "Make a safety plan";
    "plan.proposed": "اقتراح خطة الحالة", "Propose a case plan";
    "plan.approved": "اعتماد خطة الحالة", "Approve the plan";
    "plan.rejected": "رفض خطة الحالة", "Send the plan back";
    "service.delivered": "تسجيل خدمة قُدّمت", "Record a service that was given";
    "child.seen": "تسجيل مقابلة الطفل", "Record that the child was seen";
    "child.not_seen": "تسجيل تعذّر مقابلة الطفل", "Record that the child could not be seen";
    "follow_up.recorded": "تسجيل متابعة", "Record a follow-up";
    "placement.started": "تسجيل بدء الإيداع أو الرعاية البديلة", "Record that a placement started";
    "placement.ended": "تسجيل انتهاء الإيداع أو الرعاية البديلة", "Record that a placement ended";
    "note.added": "إضافة ملاحظة", "Add a note";
    "document.attached": "إرفاق وثيقة", "Attach a document";
    "consent.recorded": "تسجيل موافقة", "Record a consent";
    "consent.withdrawn": "تسجيل سحب الموافقة", "Record that consent was withdrawn";
    "withdrawal.confirmed": "تأكيد تنفيذ السحب", "Confirm the withdrawal";
    "legal_basis.invoked": "الاستناد إلى سند قانوني", "Invoke a legal basis";
    "access.restricted": "تقييد الاطلاع", "Restrict access";
    "breach.recorded": "تسجيل انتهاك بيانات", "Record a data breach";
    "breach.notified": "تسجيل الإبلاغ عن انتهاك بيانات", "Record that the breach was notified";
    "conference.scheduled": "تحديد موعد اجتماع", "Schedule a conference";
    "vote.cast": "التصويت", "Cast your vote";
    "conference.held": "تسجيل انعقاد الاجتماع", "Record the conference";
    "order.issued": "تسجيل أمر صدر", "Record an order";
    "order.transcribed": "تدوين نص الأمر", "Write down the order's text";
    "order.ended": "تسجيل انتهاء أمر", "Record that the order ended";
    "referral.requested": "طلب إحالة", "Request a referral";
    "referral.acknowledged": "الإقرار باستلام الإحالة", "Acknowledge the referral";
    "referral.accepted": "قبول الإحالة", "Accept the referral";
    "referral.started": "بدء العمل على الإحالة", "Start work on the referral";
    "referral.held": "تعليق الإحالة", "Put the referral on hold";
    "referral.resumed": "استئناف الإحالة", "Resume the referral";
    "referral.info_requested": "طلب معلومات عن الإحالة", "Ask for information";
    "referral.info_provided": "تقديم معلومات عن الإحالة", "Provide the information";
    "referral.completed": "إنجاز الإحالة", "Complete the referral";
    "referral.rejected": "رفض الإحالة", "Reject the referral";
    "referral.redirected": "إعادة توجيه الإحالة", "Redirect the referral";
    "referral.cancelled": "إلغاء الإحالة", "Cancel the referral";
    "referral.failed": "تسجيل تعذّر تنفيذ الإحالة", "Record that the referral failed";
    "referral.entered_in_error": "التصريح بأن الإحالة أُدخلت خطأً", "Mark as entered in error";
    "referral.disposed": "البتّ في الإحالة", "Decide what follows the referral";
    "case.closure_requested": "طلب إغلاق الحالة", "Ask to close the case";
    "case.closure_refused": "رفض إغلاق الحالة", "Refuse to close the case";
    "case.closed": "إغلاق الحالة", "Close the case";
    "case.reopened": "إعادة فتح الحالة", "Reopen the case";
    "feedback.recorded": "تسجيل رأي", "Record feedback";
    "deadline.varied": "تعديل مهلة", "Vary the deadline";
    "warning.reviewed": "مراجعة الإنذار", "Review the warning";
    "escalation.resolved": "معالجة التصعيد", "Resolve the escalation";
    "access.requested": "طلب الاطلاع", "Ask to see";
    "break_glass.invoked": "اطلاع طارئ", "Break the glass";
    "break_glass.reviewed": "مراجعة اطلاع طارئ", "Review the emergency access";
    "erasure.ordered": "الأمر بمحو بيانات", "Order an erasure";
    "erasure.approved": "اعتماد المحو", "Approve the erasure";
    "erasure.refused": "رفض المحو", "Refuse the erasure";
    "erasure.confirmed": "تأكيد محو ما لديكم", "Confirm that you erased what you hold";
}

#[cfg(test)]
mod tests {
    use sijill_casework::catalogue::CATALOGUE;

    use super::*;

    #[test]
    fn whatever_officers_sign_has_words_for_doing_it() {
        let arabic = |c: char| ('\u{0600}'..='\u{06FF}').contains(&c);
        for spec in CATALOGUE.iter().filter(|spec| spec.signed_in().is_some()) {
            let said = text(spec.name).unwrap_or_else(|| panic!("{} has none", spec.name));
            assert!(said.ar.chars().any(arabic) && !said.en.chars().any(arabic), "{}", spec.name);
            assert_ne!(said.en, spec.title.en, "{} is told as if it had happened", spec.name);
        }
    }
}
