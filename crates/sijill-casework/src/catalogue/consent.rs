//! Stream `case/X`: on what grounds agencies may know, who must not, and what went wrong.

use super::LONG;
use super::event::event;

event! {
    /// The child or the caregiver agrees that these agencies may be told.
    ConsentRecorded = "consent.recorded" v 1 in [Case],
    "تسجيل موافقة" / "Consent recorded", "وافق الطفل أو مقدم الرعاية على إطلاع هذه الجهات.";
    routing {
        agencies: Agencies(1), "الجهات", "Agencies";
    }
    casework {
        given_by: Code("consent-by"), "صاحب الموافقة", "Given by";
        expires?: Date, "تنتهي في", "Expires";
    }
    narrative {
        words?: Text(LONG), "نص الموافقة كما قيل", "In their own words";
    }
}

event! {
    /// Consent is taken back.
    ConsentWithdrawn = "consent.withdrawn" v 1 in [Case],
    "سحب الموافقة" / "Consent withdrawn", "سُحبت الموافقة.";
    routing {
        consent: Digest, "الموافقة", "Consent";
    }
    casework {
        by?: Code("consent-by"), "من سحبها", "Withdrawn by";
    }
    narrative {
        words?: Text(LONG), "كما قيل", "In their own words";
    }
}

event! {
    /// An agency that was told has stopped using what it was told.
    WithdrawalConfirmed = "withdrawal.confirmed" v 1 in [Case],
    "تأكيد تنفيذ السحب" / "Withdrawal confirmed", "أوقفت الجهة التي أُطلعت استعمال ما أُطلعت عليه.";
    routing {
        withdrawal: Digest, "السحب", "Withdrawal";
    }
    casework {}
}

event! {
    /// The law lets these agencies be told, whether anyone agrees or not.
    LegalBasisInvoked = "legal_basis.invoked" v 1 in [Case],
    "الاستناد إلى سند قانوني" / "Legal basis invoked", "يجيز القانون إطلاع هذه الجهات وإن لم توجد موافقة.";
    routing {
        agencies: Agencies(1), "الجهات", "Agencies";
    }
    casework {
        basis: Code("legal-basis"), "السند القانوني", "Legal basis";
        article?: Text(200), "المادة", "Article";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// These officers and units may see nothing of the case from now on; both sets empty lift it.
    AccessRestricted = "access.restricted" v 1 in [Case, Contact],
    "تقييد الاطلاع" / "Access restricted", "لا يطّلع هؤلاء الموظفون وهذه الوحدات على شيء من الحالة من الآن؛ وتُرفع القيود إن خلت القائمتان.";
    routing {
        officers: Officers(0), "الموظفون", "Officers";
        units: Addresses(0), "الوحدات", "Units";
    }
    casework {
        reason: Code("restriction-reason"), "سبب التقييد", "Reason";
    }
}

event! {
    /// Personal data of the case got where it should not.
    BreachRecorded = "breach.recorded" v 1 in [Case],
    "تسجيل انتهاك بيانات" / "Breach recorded", "وصلت بيانات شخصية من الحالة إلى من لا يجوز له.";
    routing {}
    casework {
        nature: Code("breach-nature"), "طبيعة الانتهاك", "Nature";
    }
    narrative {
        note: Text(LONG), "ما حدث", "What happened";
    }
}

event! {
    /// The authority and those concerned were told of the breach.
    BreachNotified = "breach.notified" v 1 in [Case],
    "الإبلاغ عن انتهاك بيانات" / "Breach notified", "أُبلغت السلطة المختصة والمعنيون بالانتهاك.";
    routing {
        breach: Digest, "الانتهاك", "Breach";
    }
    casework {}
}
