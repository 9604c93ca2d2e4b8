//! Stream `case/X`: assessment, plan, services, follow-up.

use super::event::event;
use super::{LONG, SHORT};

event! {
    /// How much danger the child is in, and from what.
    RiskAssessed = "risk.assessed" v 1 in [Case],
    "تقدير الخطورة" / "Risk assessed", "مقدار الخطر الذي يتعرض له الطفل ومصدره.";
    routing {}
    casework {
        concerns: Codes("concern", 1), "دواعي الحماية", "Protection concerns";
        risk: Code("risk"), "مستوى الخطورة", "Risk level";
        situations: Codes("situation", 0), "وضع الطفل", "Child's situation";
    }
    narrative {
        reasons?: Text(LONG), "أسباب التقدير", "Reasons";
    }
    sensitive {
        findings?: Text(LONG), "نتائج حساسة", "Sensitive findings";
    }
}

event! {
    /// What the child and the family need.
    AssessmentCompleted = "assessment.completed" v 1 in [Case],
    "إنجاز التقييم" / "Assessment completed", "ما يحتاجه الطفل وأسرته.";
    routing {}
    casework {
        needs: Codes("service", 0), "الاحتياجات", "Needs";
    }
    narrative {
        findings: Text(LONG), "نتائج التقييم", "Findings";
    }
    sensitive {
        medical?: Text(LONG), "نتائج طبية", "Medical findings";
        medical_report?: Attachment, "تقرير طبي", "Medical report";
    }
}

event! {
    /// What keeps the child safe from now until there is a plan.
    SafetyPlanMade = "safety_plan.made" v 1 in [Case],
    "وضع خطة أمان" / "Safety plan made", "ما يحفظ سلامة الطفل من الآن حتى توضع خطة الحالة.";
    routing {}
    casework {}
    narrative {
        plan: Text(LONG), "خطة الأمان", "Safety plan";
    }
}

event! {
    /// A case plan, to be approved by a supervisor.
    PlanProposed = "plan.proposed" v 1 in [Case],
    "اقتراح خطة الحالة" / "Plan proposed", "خطة للحالة بانتظار اعتماد المشرف.";
    routing {}
    casework {
        services: Codes("service", 0), "الخدمات", "Services";
        review_by?: Date, "تاريخ المراجعة", "Review by";
    }
    narrative {
        goals: Text(LONG), "الأهداف", "Goals";
        child_wishes?: Text(LONG), "رأي الطفل ورغباته", "The child's wishes";
    }
}

event! {
    /// A supervisor approves the case plan.
    PlanApproved = "plan.approved" v 1 in [Case],
    "اعتماد خطة الحالة" / "Plan approved", "اعتمد المشرف خطة الحالة.";
    routing {
        plan: Digest, "الخطة", "Plan";
    }
    casework {}
}

event! {
    /// A supervisor sends the case plan back.
    PlanRejected = "plan.rejected" v 1 in [Case],
    "رفض خطة الحالة" / "Plan rejected", "أعاد المشرف خطة الحالة.";
    routing {
        plan: Digest, "الخطة", "Plan";
    }
    casework {
        reason: Code("plan-reject-reason"), "سبب الرفض", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// A service was given to the child or the family.
    ServiceDelivered = "service.delivered" v 1 in [Case],
    "تقديم خدمة" / "Service delivered", "قُدِّمت خدمة للطفل أو لأسرته.";
    routing {
        referral?: Digest, "الإحالة", "Referral";
    }
    casework {
        service: Code("service"), "الخدمة", "Service";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
    sensitive {
        result?: Text(LONG), "نتيجة حساسة", "Sensitive result";
        result_document?: Attachment, "وثيقة النتيجة", "Result document";
    }
}

event! {
    /// Someone met the child face to face.
    ChildSeen = "child.seen" v 1 in [Case],
    "مقابلة الطفل" / "Child seen", "قوبل الطفل وجهًا لوجه.";
    routing {}
    casework {
        place: Code("see-place"), "مكان المقابلة", "Place";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// Someone tried to meet the child and did not.
    ChildNotSeen = "child.not_seen" v 1 in [Case],
    "تعذّر مقابلة الطفل" / "Child not seen", "جرت محاولة لمقابلة الطفل ولم تتم.";
    routing {}
    casework {
        reason: Code("not-seen-reason"), "السبب", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// How the child is doing under the plan.
    FollowUpRecorded = "follow_up.recorded" v 1 in [Case],
    "متابعة" / "Follow-up recorded", "حال الطفل في ظل الخطة.";
    routing {}
    casework {
        outcome: Code("follow-up-outcome"), "نتيجة المتابعة", "Outcome";
    }
    narrative {
        note: Text(LONG), "تفاصيل المتابعة", "Details";
    }
}

event! {
    /// The child lives somewhere else from now on.
    PlacementStarted = "placement.started" v 1 in [Case],
    "بدء الإيداع أو الرعاية البديلة" / "Placement started", "يقيم الطفل من الآن في مكان آخر.";
    routing {}
    casework {
        kind: Code("care-arrangement"), "نوع الرعاية", "Care arrangement";
        legal_basis: Code("legal-basis"), "السند القانوني", "Legal basis";
    }
    identity {
        place: Text(SHORT), "مكان الإقامة", "Where the child lives";
    }
}

event! {
    /// The child no longer lives there.
    PlacementEnded = "placement.ended" v 1 in [Case],
    "انتهاء الإيداع أو الرعاية البديلة" / "Placement ended", "لم يعد الطفل يقيم هناك.";
    routing {
        placement: Digest, "الإيداع", "Placement";
    }
    casework {
        reason: Code("placement-end-reason"), "سبب الانتهاء", "Reason";
    }
}

event! {
    /// Something worth keeping.
    NoteAdded = "note.added" v 1 in [Case],
    "إضافة ملاحظة" / "Note added", "ما يستحق التدوين.";
    routing {}
    casework {}
    narrative {
        text: Text(LONG), "النص", "Text";
    }
}

event! {
    /// A file belongs to the case.
    DocumentAttached = "document.attached" v 1 in [Case],
    "إرفاق وثيقة" / "Document attached", "ملف من ملفات الحالة.";
    routing {}
    casework {
        kind: Code("document-kind"), "نوع الوثيقة", "Kind of document";
    }
    narrative {
        title: Text(SHORT), "العنوان", "Title";
        document: Attachment, "الوثيقة", "Document";
    }
}
