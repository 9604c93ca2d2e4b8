//! Stream `case/X`: a case begins, who the child is, who is around it, what other cases it belongs with.

use super::event::event;
use super::{LONG, SHORT};

event! {
    /// A case begins. The unit owns it from this moment.
    CaseOpened = "case.opened" v 1 in [Case],
    "فتح حالة" / "Case opened", "بدأت حالة، والوحدة مسؤولة عنها منذ هذه اللحظة.";
    routing {
        contacts: Contacts(0), "الاتصالات", "Contacts", "الاتصالات التي نشأت عنها الحالة.", "The contacts the case comes from.";
        unit: Unit, "الوحدة المسؤولة", "Owning unit";
    }
    casework {
        concerns: Codes("concern", 1), "دواعي الحماية", "Protection concerns";
        risk: Code("risk"), "مستوى الخطورة", "Risk level";
        situations: Codes("situation", 0), "وضع الطفل", "Child's situation";
        governorate: Code("governorate"), "المحافظة", "Governorate";
        wilayat?: Code("wilayat"), "الولاية", "Wilayat";
        age_band: Code("age-band"), "الفئة العمرية", "Age band";
        sex: Code("sex"), "الجنس", "Sex";
        channel: Code("channel"), "قناة الورود", "Channel";
        reported?: Timestamp, "وقت ورود البلاغ", "Reported at",
            "أول وقت تلقّى فيه أي طرف في المنظومة هذا البلاغ؛ منه تبدأ المُهَل.",
            "The first time anyone in the system received the report; deadlines count from it.";
    }
    narrative {
        summary?: Text(LONG), "ملخص الحالة", "Summary";
    }
}

/// Who the child is, by `child.registered` and `child.corrected` alike.
macro_rules! child {
    ($($head:tt)*) => {
        event! {
            $($head)*
            casework {
                age_band: Code("age-band"), "الفئة العمرية", "Age band";
                sex: Code("sex"), "الجنس", "Sex";
                nationality?: Code("nationality"), "الجنسية", "Nationality";
                situations: Codes("situation", 0), "وضع الطفل", "Child's situation";
            }
            identity {
                name: Text(SHORT), "الاسم", "Name";
                civil_number?: Text(20), "الرقم المدني", "Civil number";
                birth_date?: Date, "تاريخ الميلاد", "Date of birth";
                address?: Text(SHORT), "العنوان", "Address";
                phone?: Text(30), "الهاتف", "Phone";
                guardian?: Text(SHORT), "وليّ الأمر", "Guardian";
            }
            sensitive {
                health?: Text(LONG), "الوضع الصحي", "Health";
                disability?: Text(LONG), "الإعاقة واحتياجات التيسير", "Disability and accommodation needs";
            }
        }
    };
}

child! {
    /// Who the child of the case is.
    ChildRegistered = "child.registered" v 1 in [Case],
    "تسجيل الطفل" / "Child registered", "بيانات الطفل صاحب الحالة.";
    routing {}
}

child! {
    /// What was registered of the child was wrong; this stands in its place.
    ChildCorrected = "child.corrected" v 1 in [Case],
    "تصحيح بيانات الطفل" / "Child corrected", "كان المسجَّل عن الطفل غير صحيح، وهذا يحلّ محلّه.";
    routing {
        corrects: Digest, "القيد المُصحَّح", "What it corrects";
    }
}

/// Someone around the child, by `party.added` and `party.corrected` alike.
macro_rules! party {
    ($($head:tt)*) => {
        event! {
            $($head)*
            casework {
                relation: Code("party-relation"), "الصلة بالطفل", "Relation to the child";
                alleged: Bool, "الشخص المنسوب إليه الفعل", "Person to whom the act is attributed";
            }
            identity {
                name: Text(SHORT), "الاسم", "Name";
                phone?: Text(30), "الهاتف", "Phone";
                address?: Text(SHORT), "العنوان", "Address";
                civil_number?: Text(20), "الرقم المدني", "Civil number";
            }
        }
    };
}

party! {
    /// A person around the child: family, caregiver, the person to whom the act is attributed.
    PartyAdded = "party.added" v 1 in [Case],
    "إضافة شخص ذي صلة" / "Party added", "شخص له صلة بالطفل: من الأسرة أو مقدمي الرعاية أو الشخص المنسوب إليه الفعل.";
    routing {}
}

party! {
    /// What was written down of a person was wrong; this stands in its place.
    PartyCorrected = "party.corrected" v 1 in [Case],
    "تصحيح بيانات شخص ذي صلة" / "Party corrected", "كان المدوَّن عن الشخص غير صحيح، وهذا يحلّ محلّه.";
    routing {
        corrects: Digest, "القيد المُصحَّح", "What it corrects";
    }
}

event! {
    /// Another case belongs with this one: siblings, the same household, the same incident.
    CaseLinked = "case.linked" v 1 in [Case],
    "ربط حالة بأخرى" / "Case linked", "حالة أخرى تتصل بهذه الحالة: إخوة أو أسرة واحدة أو واقعة واحدة.";
    routing {
        case: Case, "الحالة الأخرى", "Other case";
    }
    casework {
        relation: Code("case-relation"), "نوع الصلة", "Relation";
    }
}

event! {
    /// The same child has another case; work goes on there.
    CaseMerged = "case.merged" v 1 in [Case],
    "دمج حالة" / "Case merged", "للطفل نفسه حالة أخرى، ويستمر العمل فيها.";
    routing {
        into: Case, "الحالة الباقية", "Into case";
    }
    casework {}
}

event! {
    /// The merger was wrong; work goes on here again.
    CaseUnmerged = "case.unmerged" v 1 in [Case],
    "إلغاء دمج حالة" / "Case unmerged", "كان الدمج غير صحيح، ويعود العمل إلى هذه الحالة.";
    routing {}
    casework {}
}

event! {
    /// An officer of the owner's agency is in charge.
    CaseAssigned = "case.assigned" v 1 in [Case],
    "تكليف أخصائي حالة" / "Case assigned", "كُلِّف موظف من الجهة المسؤولة بالحالة.";
    routing {
        officer: OfficerId, "أخصائي الحالة", "Case worker";
    }
    casework {}
}

event! {
    /// The owner asks another unit to take the case over.
    CaseTransferRequested = "case.transfer_requested" v 1 in [Case],
    "طلب تحويل حالة" / "Transfer requested", "تطلب الوحدة المسؤولة من وحدة أخرى أن تتولى الحالة.";
    routing {
        to: Address, "إلى", "To";
    }
    casework {
        reason: Code("transfer-reason"), "سبب التحويل", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// The unit asked does not take the case.
    CaseTransferRefused = "case.transfer_refused" v 1 in [Case],
    "رفض تحويل حالة" / "Transfer refused", "لم تقبل الوحدة المطلوب منها تولّي الحالة.";
    routing {
        request: Digest, "الطلب", "Request";
    }
    casework {
        reason: Code("reject-reason"), "سبب الرفض", "Reason";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// The unit asked takes the case; it owns it from now on.
    CaseTransferred = "case.transferred" v 1 in [Case],
    "تحويل حالة" / "Case transferred", "قبلت الوحدة المطلوب منها الحالة، وصارت مسؤولة عنها.";
    routing {
        request: Digest, "الطلب", "Request";
    }
    casework {}
}
