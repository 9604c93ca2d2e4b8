//! Stream `case/X`: closure, what people thought of it, and deadlines that were varied or missed.

use super::LONG;
use super::event::event;

event! {
    /// The owner asks that the case be closed.
    CaseClosureRequested = "case.closure_requested" v 1 in [Case],
    "طلب إغلاق حالة" / "Closure requested", "تطلب الوحدة المسؤولة إغلاق الحالة.";
    routing {
        exceptions: Digests(0), "الإحالات المستثناة", "Excepted referrals",
            "إحالات لم تنتهِ أو لم يُبتّ فيها، وتُغلق الحالة مع ذلك.", "Referrals without an end or a disposition, despite which the case is to be closed.";
    }
    casework {
        reason: Code("closure"), "سبب الإغلاق", "Reason";
        exception_reason?: Text(500), "سبب الاستثناء", "Reason of the exception";
    }
    narrative {
        summary: Text(LONG), "ملخص الحالة", "Summary";
    }
}

event! {
    /// A supervisor leaves the case open.
    CaseClosureRefused = "case.closure_refused" v 1 in [Case],
    "رفض إغلاق حالة" / "Closure refused", "أبقى المشرف الحالة مفتوحة.";
    routing {
        request: Digest, "الطلب", "Request";
    }
    casework {
        reason: Code("closure-refusal"), "سبب الرفض", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// A supervisor closes the case.
    CaseClosed = "case.closed" v 1 in [Case],
    "إغلاق حالة" / "Case closed", "أغلق المشرف الحالة.";
    routing {
        request: Digest, "الطلب", "Request";
    }
    casework {}
}

event! {
    /// The case goes on.
    CaseReopened = "case.reopened" v 1 in [Case],
    "إعادة فتح حالة" / "Case reopened", "استؤنف العمل في الحالة.";
    routing {}
    casework {
        reason: Code("reopen-reason"), "سبب إعادة الفتح", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// What the child, the caregiver or the reporter says of what was done.
    FeedbackRecorded = "feedback.recorded" v 1 in [Case],
    "تسجيل رأي" / "Feedback recorded", "رأي الطفل أو مقدم الرعاية أو المُبلِّغ فيما جرى.";
    routing {}
    casework {
        by: Code("feedback-by"), "صاحب الرأي", "By";
        satisfaction?: Code("satisfaction"), "مدى الرضا", "Satisfaction";
    }
    narrative {
        words?: Text(LONG), "كما قيل", "In their own words";
    }
}

event! {
    /// A supervisor gives a running deadline a new time.
    DeadlineVaried = "deadline.varied" v 1 in [Case],
    "تعديل مهلة" / "Deadline varied", "حدّد المشرف موعدًا جديدًا لمهلة سارية.";
    routing {
        deadline: Deadline, "المهلة", "Deadline";
    }
    casework {
        until: Timestamp, "الموعد الجديد", "New time";
        reason: Code("variation-reason"), "سبب التعديل", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// What was done about an escalation.
    EscalationResolved = "escalation.resolved" v 1 in [Case],
    "معالجة تصعيد" / "Escalation resolved", "ما فُعل إزاء التصعيد.";
    routing {
        escalation: Digest, "التصعيد", "Escalation";
    }
    casework {
        outcome: Code("escalation-outcome"), "النتيجة", "Outcome";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}
