//! Stream `contact/X`: what came in, before and beside any case.

use super::event::event;
use super::{LONG, SHORT};

/// What is written down of a contact, by `contact.logged` and `contact.corrected` alike.
macro_rules! contact {
    ($($head:tt)*) => {
        event! {
            $($head)*
            casework {
                kind: Code("contact-type"), "نوع الاتصال", "Type of contact";
                category?: Code("contact-category"), "تصنيف الاتصال", "Category";
                action?: Code("contact-action"), "الإجراء المتخذ", "Action taken";
                channel: Code("channel"), "قناة الاتصال", "Channel";
                governorate?: Code("governorate"), "المحافظة", "Governorate";
                wilayat?: Code("wilayat"), "الولاية", "Wilayat";
                repeat: Bool, "اتصال متكرر", "Repeat contact",
                    "سبق أن اتصل الشخص نفسه بشأن الأمر نفسه.", "The same person has been in touch about this before.";
                reported?: Timestamp, "وقت ورود البلاغ", "Reported at",
                    "أول وقت تلقّى فيه أي طرف في المنظومة هذا البلاغ.", "The first time anyone in the system received the report.";
                age_band?: Code("age-band"), "الفئة العمرية", "Age band";
                sex?: Code("sex"), "الجنس", "Sex";
                concerns: Codes("concern", 0), "دواعي الحماية", "Protection concerns";
            }
            identity {
                child_name?: Text(SHORT), "اسم الطفل", "Child's name";
                child_birth_year?: Integer(1900), "سنة ميلاد الطفل", "Child's year of birth";
                child_civil_number?: Text(20), "الرقم المدني للطفل", "Child's civil number";
                phone?: Text(30), "هاتف الطفل أو الأسرة", "Phone of the child or family";
                place?: Text(SHORT), "مكان وجود الطفل", "Where the child is";
            }
            narrative {
                summary?: Text(LONG), "ملخص الاتصال", "Summary";
            }
            reporter {
                reporter_name?: Text(SHORT), "اسم المُبلِّغ", "Reporter's name";
                reporter_phone?: Text(30), "هاتف المُبلِّغ", "Reporter's phone";
                reporter_relation?: Code("reporter-relation"), "صلة المُبلِّغ بالطفل", "Reporter's relation to the child";
            }
        }
    };
}

contact! {
    /// A call, message or visit came in, whatever becomes of it.
    ContactLogged = "contact.logged" v 2 in [Contact],
    "تسجيل اتصال" / "Contact logged", "وردت مكالمة أو رسالة أو زيارة، أيًّا كان مآلها.";
    routing {}
}

contact! {
    /// What was written down of a contact was wrong; this stands in its place.
    ContactCorrected = "contact.corrected" v 1 in [Contact],
    "تصحيح بيانات اتصال" / "Contact corrected", "كان المدوَّن عن الاتصال غير صحيح، وهذا يحلّ محلّه.";
    routing {
        corrects: Digest, "القيد المُصحَّح", "What it corrects";
    }
}

event! {
    /// The contact belongs to a case.
    ContactLinked = "contact.linked" v 1 in [Contact],
    "ربط اتصال بحالة" / "Contact linked", "هذا الاتصال يخصّ حالة مسجّلة.";
    routing {
        case: Case, "الحالة", "Case";
        to: Address, "الوحدة المسؤولة عن الحالة", "Unit that works the case";
    }
    casework {}
}

event! {
    /// Someone asked whether the child is known, and by which unit.
    ChildLookedUp = "child.looked_up" v 1 in [Contact],
    "البحث عن طفل مسجّل" / "Child looked up", "سُئل إن كان الطفل معروفًا لدى المنظومة ولدى أي وحدة.";
    routing {}
    casework {}
    identity {
        name?: Text(SHORT), "اسم الطفل", "Child's name";
        birth_year?: Integer(1900), "سنة الميلاد", "Year of birth";
        civil_number?: Text(20), "الرقم المدني", "Civil number";
    }
}
