//! Streams `case/X` and `auto/X`: referrals, from the request to the end and what the owner makes of it.

use super::LONG;
use super::event::event;

event! {
    /// A unit is asked to do something for the child, and may know these fields for it.
    ReferralRequested = "referral.requested" v 1 in [Case, Auto],
    "طلب إحالة" / "Referral requested", "طُلب من وحدة أن تقدّم شيئًا للطفل، ولها أن تطّلع على هذه الحقول لأجله.";
    routing {
        to: Address, "إلى", "To";
        fields: Fields(0), "الحقول المُفصَح عنها", "Fields disclosed", "أقل ما يلزم لأداء الخدمة.", "The least that the service needs.";
        consent?: Digest, "الموافقة", "Consent";
        replaces?: Digest, "بدلًا من الإحالة", "Replaces referral";
        policy?: Integer(1), "إصدار السياسة", "Policy version";
        cause?: Digest, "القيد المسبِّب", "Cause";
    }
    casework {
        service: Code("service"), "الخدمة", "Service";
        priority: Priority, "الأولوية", "Priority";
        legal_basis?: Code("legal-basis"), "السند القانوني", "Legal basis";
        reason?: Code("referral-reason"), "سبب الإحالة", "Reason";
        rule?: Text(200), "قاعدة السياسة", "Policy rule";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// The unit has the referral in its queue.
    ReferralAcknowledged = "referral.acknowledged" v 1 in [Case],
    "الإقرار باستلام إحالة" / "Referral acknowledged", "وصلت الإحالة إلى قائمة عمل الوحدة.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {}
}

event! {
    /// The unit takes the referral.
    ReferralAccepted = "referral.accepted" v 1 in [Case],
    "قبول إحالة" / "Referral accepted", "قبلت الوحدة الإحالة.";
    routing {
        referral: Digest, "الإحالة", "Referral";
        officer?: OfficerId, "الموظف المسؤول", "Officer in charge";
    }
    casework {
        expected?: Date, "الإنجاز المتوقع", "Expected by";
    }
}

event! {
    /// The unit works on the referral.
    ReferralStarted = "referral.started" v 1 in [Case],
    "بدء العمل على إحالة" / "Referral started", "بدأت الوحدة العمل على الإحالة.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {}
}

event! {
    /// The unit waits for something it cannot change.
    ReferralHeld = "referral.held" v 1 in [Case],
    "تعليق إحالة" / "Referral held", "تنتظر الوحدة ما ليس في يدها.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {
        reason: Code("hold-reason"), "سبب التعليق", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// The unit goes on where it was.
    ReferralResumed = "referral.resumed" v 1 in [Case],
    "استئناف إحالة" / "Referral resumed", "عادت الوحدة إلى ما كانت فيه.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {}
}

event! {
    /// The unit asks the owner of the case something.
    ReferralInfoRequested = "referral.info_requested" v 1 in [Case],
    "طلب معلومات عن إحالة" / "Information requested", "تسأل الوحدة الجهة المسؤولة عن الحالة.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {}
    narrative {
        question: Text(LONG), "السؤال", "Question";
    }
}

event! {
    /// The owner of the case answers.
    ReferralInfoProvided = "referral.info_provided" v 1 in [Case],
    "تقديم معلومات عن إحالة" / "Information provided", "تجيب الجهة المسؤولة عن الحالة.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {}
    narrative {
        answer: Text(LONG), "الجواب", "Answer";
    }
}

event! {
    /// What was asked for is done.
    ReferralCompleted = "referral.completed" v 1 in [Case],
    "إنجاز إحالة" / "Referral completed", "تم ما طُلب.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {
        outcome: Code("referral-outcome"), "النتيجة", "Outcome";
    }
    narrative {
        report?: Text(LONG), "التقرير", "Report";
    }
    sensitive {
        findings?: Text(LONG), "نتائج حساسة", "Sensitive findings";
        findings_document?: Attachment, "وثيقة النتائج", "Findings document";
    }
}

event! {
    /// The unit does not take the referral.
    ReferralRejected = "referral.rejected" v 1 in [Case],
    "رفض إحالة" / "Referral rejected", "لم تقبل الوحدة الإحالة.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {
        reason: Code("reject-reason"), "سبب الرفض", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// The unit passes the referral on; it stays one thread.
    ReferralRedirected = "referral.redirected" v 1 in [Case],
    "إعادة توجيه إحالة" / "Referral redirected", "وجّهت الوحدة الإحالة إلى غيرها، وتبقى إحالة واحدة.";
    routing {
        referral: Digest, "الإحالة", "Referral";
        to: Address, "إلى", "To";
    }
    casework {
        reason: Code("redirect-reason"), "سبب إعادة التوجيه", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// Requester or recipient calls the referral off.
    ReferralCancelled = "referral.cancelled" v 1 in [Case],
    "إلغاء إحالة" / "Referral cancelled", "ألغت الجهة المُحيلة أو المُحال إليها الإحالة.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {
        reason: Code("cancel-reason"), "سبب الإلغاء", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// The unit tried and could not do it.
    ReferralFailed = "referral.failed" v 1 in [Case],
    "تعذّر تنفيذ إحالة" / "Referral failed", "حاولت الوحدة ولم تستطع.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {
        reason: Code("fail-reason"), "سبب التعذّر", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// The referral should never have been.
    ReferralEnteredInError = "referral.entered_in_error" v 1 in [Case],
    "إحالة أُدخلت خطأً" / "Referral entered in error", "ما كان ينبغي أن توجد هذه الإحالة.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {}
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// What the owner does about a referral that did not end well.
    ReferralDisposed = "referral.disposed" v 1 in [Case],
    "البتّ في إحالة" / "Referral disposed", "ما تفعله الجهة المسؤولة إزاء إحالة لم تنجح.";
    routing {
        referral: Digest, "الإحالة", "Referral";
    }
    casework {
        disposition: Code("disposition"), "البتّ", "Disposition";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}
