//! Versions of types that are no longer written. What was signed under them is read as what it would be today.

use super::contact::ContactLogged;
use super::event::event;
use super::{LONG, SHORT};

event! {
    /// A call, message or visit came in, whatever becomes of it.
    ContactLoggedV1 = "contact.logged" v 1 in [Contact],
    "تسجيل اتصال" / "Contact logged", "وردت مكالمة أو رسالة أو زيارة، أيًّا كان مآلها.";
    routing {}
    casework {
        kind: Code("contact-type"), "نوع الاتصال", "Type of contact";
        category?: Code("contact-category"), "تصنيف الاتصال", "Category";
        action?: Code("contact-action"), "الإجراء المتخذ", "Action taken";
        channel: Code("channel"), "قناة الاتصال", "Channel";
        governorate?: Code("governorate"), "المحافظة", "Governorate";
        repeat: Bool, "اتصال متكرر", "Repeat contact";
        reported?: Timestamp, "وقت ورود البلاغ", "Reported at";
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

/// Version 1 did not ask for the wilayat.
impl From<ContactLoggedV1> for ContactLogged {
    fn from(earlier: ContactLoggedV1) -> Self {
        Self {
            kind: earlier.kind,
            category: earlier.category,
            action: earlier.action,
            channel: earlier.channel,
            governorate: earlier.governorate,
            wilayat: None,
            repeat: earlier.repeat,
            reported: earlier.reported,
            age_band: earlier.age_band,
            sex: earlier.sex,
            concerns: earlier.concerns,
            codes: earlier.codes,
        }
    }
}
