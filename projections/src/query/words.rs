//! What people call the columns of the views, in Arabic and English.

use sijill_casework::catalogue::Bilingual;

use super::view::{Field, Kind};

macro_rules! fields {
    ($($(#[$doc:meta])* $list:ident {
        $($name:literal $kind:expr, $ar:literal, $en:literal, $about_ar:literal, $about_en:literal;)*
    })*) => {$(
        $(#[$doc])*
        pub(super) const $list: &[Field] = &[
            SUBJECT, SINCE, SINCE_MS,
            $(Field {
                name: $name,
                kind: $kind,
                label: Bilingual { ar: $ar, en: $en },
                about: Bilingual { ar: $about_ar, en: $about_en },
            },)*
        ];
    )*};
}

const SUBJECT: Field = Field {
    name: "subject",
    kind: Kind::Subject,
    label: Bilingual { ar: "الحالة أو الاتصال", en: "Case or contact" },
    about: Bilingual { ar: "رمز الحالة أو الاتصال.", en: "The id of the case or contact." },
};

const SINCE: Field = Field {
    name: "since",
    kind: Kind::Index,
    label: Bilingual { ar: "القيد", en: "Entry" },
    about: Bilingual {
        ar: "رقم القيد الذي يبدأ به هذا السطر.",
        en: "The entry of the log that the row holds from.",
    },
};

const SINCE_MS: Field = Field {
    name: "since_ms",
    kind: Kind::Time,
    label: Bilingual { ar: "منذ", en: "Since" },
    about: Bilingual { ar: "وقت تسجيل ذلك القيد.", en: "When that entry was recorded." },
};

fields! {
    CASES {
        "status" Kind::Word, "الوضع", "Status", "مفتوحة (`open`) أو مغلقة (`closed`) أو مدمجة في أخرى (`merged`).", "`open`, `closed`, or `merged` into another.";
        "risk" Kind::Code("risk"), "درجة الخطر", "Risk", "آخر درجة قُدّرت.", "As assessed last.";
        "governorate" Kind::Code("governorate"), "المحافظة", "Governorate", "المحافظة التي تخصها الحالة.", "The governorate the case is of.";
        "age_band" Kind::Code("age-band"), "الفئة العمرية", "Age band", "الفئة العمرية للطفل.", "The child's.";
        "concerns" Kind::Codes("concern"), "دواعي الحماية", "Protection concerns", "كل ما سُجّل منها.", "All that are on record.";
        "situations" Kind::Codes("situation"), "الظروف الخاصة", "Situations", "ما تأخذه السياسة في الحسبان من ظروف الطفل.", "What of the child's situation the policy asks about.";
        "owner_agency" Kind::Agency, "الجهة المسؤولة", "Owner's agency", "جهة الوحدة المسؤولة عن الحالة.", "The agency of the unit that owns the case.";
        "owner_unit" Kind::Unit, "الوحدة المسؤولة", "Owner's unit", "الوحدة المسؤولة عن الحالة.", "The unit that owns the case.";
        "officer" Kind::Officer, "الموظف المكلّف", "Officer in charge", "فارغ إن لم يُكلَّف أحد بعد.", "Nothing if nobody has been put in charge yet.";
        "opened_ms" Kind::Time, "وقت الفتح", "Opened", "وقت تسجيل فتح الحالة.", "When its opening was recorded.";
        "reported_ms" Kind::Time, "وقت البلاغ", "Reported", "أول وقت تلقّى فيه أي طرف هذا البلاغ، كما ذُكر.", "The first time anyone received the report, as claimed.";
        "reopened" Kind::Count, "مرات إعادة الفتح", "Times reopened", "كم مرة أُعيد فتحها.", "How often it was opened again.";
        "grounds" Kind::Flag, "سند للإفصاح", "Grounds to disclose", "هل سُجّلت موافقة لم تُسحب أو سند قانوني.", "Whether a consent that was not withdrawn, or a legal basis, is on record.";
        "sex" Kind::Code("sex"), "الجنس", "Sex", "جنس الطفل كما سُجّل آخر مرة.", "The child's, as registered last.";
        "safety_plan" Kind::Flag, "خطة أمان", "Safety plan", "هل وُضعت خطة أمان.", "Whether one was made.";
        "closing" Kind::Code("closure"), "سبب الإغلاق", "Reason for closing", "آخر سبب ذُكر لإغلاقها.", "The reason last given for closing it.";
    }
    REFERRALS {
        "referral" Kind::Event, "الإحالة", "Referral", "بصمة القيد الذي طلبها.", "The hash of the event that requested it.";
        "state" Kind::Word, "الوضع", "State", "وضع الإحالة، مثل `requested` أو `accepted`.", "Where it stands, such as `requested` or `accepted`.";
        "from_agency" Kind::Agency, "الجهة المُحيلة", "From agency", "الجهة المسؤولة عن الحالة.", "The agency that owns the case.";
        "from_unit" Kind::Unit, "الوحدة المُحيلة", "From unit", "الوحدة المسؤولة عن الحالة.", "The unit that owns the case.";
        "to_agency" Kind::Agency, "الجهة المُحال إليها", "To agency", "الجهة التي وُجّهت إليها.", "The agency it is addressed to.";
        "to_unit" Kind::Unit, "الوحدة المُحال إليها", "To unit", "الوحدة التي وُجّهت إليها.", "The unit it is addressed to.";
        "waits_for" Kind::Agency, "بانتظار", "Waits for", "الجهة التي عليها الخطوة التالية؛ فارغ إن انتهت.", "The agency on whose side it lies; nothing once it has ended.";
        "service" Kind::Code("service"), "الخدمة", "Service", "الخدمة المطلوبة.", "The service asked for.";
        "priority" Kind::Word, "الأولوية", "Priority", "عادية (`routine`) أو عاجلة (`urgent`).", "`routine` or `urgent`.";
        "automatic" Kind::Flag, "آلية", "Automatic", "هل طلبتها المنظومة بموجب السياسة.", "Whether the automation requested it under the policy.";
        "breached" Kind::Flag, "فاتها موعد", "Breached", "هل فات أحد مواعيدها.", "Whether one of its deadlines was missed.";
        "disposed" Kind::Flag, "بُتّ فيها", "Disposed", "هل قررت الوحدة المسؤولة ما يلي.", "Whether the owner settled what becomes of it.";
        "requested_ms" Kind::Time, "وقت الطلب", "Requested", "وقت تسجيل الطلب.", "When the request was recorded.";
        "governorate" Kind::Code("governorate"), "المحافظة", "Governorate", "محافظة الحالة.", "The case's.";
    }
    QUEUES {
        "agency" Kind::Agency, "الجهة", "Agency", "جهة الوحدة.", "The unit's.";
        "unit" Kind::Unit, "الوحدة", "Unit", "الوحدة التي تقع الحالة في قائمتها.", "In whose queue the case lies.";
        "kind" Kind::Word, "السبب", "Reason", "لماذا تقع الحالة فيها: لأنها الوحدة المسؤولة (`owner`)، أو لإحالة (`referral`) أو تصعيد (`escalation`) أو نقل (`transfer`) أو سحب موافقة (`withdrawal`) أو محو (`erasure`).", "Why it lies there: `owner`, or a `referral`, `escalation`, `transfer`, `withdrawal` or `erasure` to answer.";
        "due_ms" Kind::Time, "الموعد", "Due", "أول موعد على الوحدة في هذه الحالة؛ فارغ إن لم يكن.", "The first of what the unit owes in the case; nothing if it owes nothing.";
        "urgent" Kind::Flag, "عاجل", "Urgent", "هل يتقدم على غيره.", "Whether it goes before others.";
    }
    DEADLINES {
        "milestone" Kind::Word, "الخطوة", "Milestone", "ما يُنتظر عمله، مثل `acknowledge` أو `see_child`؛ و`end` للحالة المستوردة كلها.", "What is owed, such as `acknowledge` or `see_child`; `end` for an imported case as a whole.";
        "set_by" Kind::Event, "نشأ عن", "Set by", "بصمة القيد الذي بدأ به حساب الوقت.", "The hash of the event that started the clock.";
        "owes_agency" Kind::Agency, "الجهة المطالَبة", "Owing agency", "الجهة التي عليها العمل.", "The agency that owes it.";
        "owes_unit" Kind::Unit, "الوحدة المطالَبة", "Owing unit", "الوحدة التي عليها العمل.", "The unit that owes it.";
        "about" Kind::Event, "بشأن", "About", "بصمة الإحالة أو الاجتماع أو غيرهما؛ فارغ إن كان للحالة كلها.", "The hash of the referral, conference, …; nothing for the case as a whole.";
        "started_ms" Kind::Time, "البداية", "Started", "بداية حساب الوقت.", "When the clock started.";
        "due_ms" Kind::Time, "الموعد", "Due", "متى يحين، بحسب ما كان معروفًا؛ فارغ ما دام الحساب موقوفًا.", "When it falls due, by what was known; nothing while it stands still.";
        "met_ms" Kind::Time, "أُنجز", "Met", "وقت إنجازه؛ فارغ إن لم يُنجز.", "When it was met; nothing if it was not.";
        "breached_ms" Kind::Time, "فات", "Missed", "وقت تسجيل فواته؛ فارغ إن لم يُسجّل.", "When it was recorded as missed; nothing if it was not.";
        "varied" Kind::Flag, "عُدّل", "Varied", "هل حدد مشرف موعدًا غيره.", "Whether a supervisor set its time.";
        "policy" Kind::Count, "نسخة السياسة", "Policy version", "النسخة التي حُدد بموجبها؛ 0 إن لم تكن.", "The version it was set under; 0 for none.";
        "governorate" Kind::Code("governorate"), "المحافظة", "Governorate", "محافظة الحالة.", "The case's.";
    }
    CONTACTS {
        "by_agency" Kind::Agency, "الجهة", "Agency", "الجهة التي سجّلت الاتصال.", "The agency that logged it.";
        "by_unit" Kind::Unit, "الوحدة", "Unit", "الوحدة التي سجّلت الاتصال.", "The unit that logged it.";
        "logged_ms" Kind::Time, "وقت التسجيل", "Logged", "وقت تسجيل الاتصال.", "When it was logged.";
        "kind" Kind::Code("contact-type"), "نوع الاتصال", "Type of contact", "نوعه كما سُجّل أو صُحّح.", "As logged or corrected.";
        "category" Kind::Code("contact-category"), "التصنيف", "Category", "تصنيفه كما سُجّل أو صُحّح.", "As logged or corrected.";
        "action" Kind::Code("contact-action"), "الإجراء المتخذ", "Action taken", "ما فُعل بشأنه.", "What was done about it.";
        "channel" Kind::Code("channel"), "القناة", "Channel", "الطريق الذي ورد منه.", "By which way it came.";
        "governorate" Kind::Code("governorate"), "المحافظة", "Governorate", "المحافظة إن ذُكرت.", "If one was named.";
        "repeat" Kind::Flag, "متكرر", "Repeat", "هل سبق الاتصال بشأن الأمر نفسه.", "Whether the same person was in touch about this before.";
        "cases" Kind::Count, "الحالات المرتبطة", "Linked cases", "عدد الحالات التي رُبط بها.", "How many cases it was linked to.";
    }
    ACCESSES {
        "act" Kind::Word, "الإجراء", "Act", "نوع القيد، مثل `access.requested`.", "The event's type, such as `access.requested`.";
        "agency" Kind::Agency, "الجهة", "Agency", "جهة من اطّلع أو طلب.", "Of whoever asked, or received it.";
        "unit" Kind::Unit, "الوحدة", "Unit", "وحدته.", "The unit they acted for.";
        "officer" Kind::Officer, "الموظف", "Officer", "من اطّلع أو طلب.", "Whoever asked, or received it.";
        "code" Kind::Word, "الغرض أو السبب أو النتيجة", "Purpose, reason or verdict", "رمزه من القائمة الخاصة به.", "Its code, of the act's own list.";
        "classes" Kind::Words, "فئات البيانات", "Classes", "فئات ما طُلب أو عُرض.", "Of what was asked for or shown.";
        "fields" Kind::Count, "عدد القيم", "Values", "عدد القيم التي عُرضت.", "How many values were shown.";
        "event" Kind::Event, "بصمة القيد", "Event", "بصمة القيد نفسه.", "The hash of the event itself.";
    }
    ENTRIES {
        "type" Kind::Word, "النوع", "Type", "نوع القيد.", "The event's type.";
        "agency" Kind::Agency, "الجهة الموقّعة", "Signing agency", "الجهة التي وقّعت، أو `ledger`.", "The agency that signed, or `ledger`.";
        "signer" Kind::Officer, "الموقّع", "Signer", "من وقّع القيد.", "Who signed it.";
        "unit" Kind::Unit, "الوحدة", "Unit", "الوحدة التي صدر عنها؛ فارغ لما سجلته المنظومة.", "The unit behind it; nothing for a service of the ledger.";
        "officer" Kind::Officer, "الموظف", "Officer", "الموظف الذي صدر عنه؛ فارغ لما سجلته المنظومة.", "The officer behind it; nothing for a service of the ledger.";
        "late_ms" Kind::Duration, "التأخر عن التوقيع", "Late by", "ما بين توقيعه وتسجيله.", "Between its signature and its recording.";
        "back_ms" Kind::Duration, "الرجوع في الزمن", "Back-dated by", "ما بين الوقت الذي ذُكر للحدث وتسجيله.", "Between the time it claims for what happened and its recording.";
        "readable" Kind::Flag, "مقروء", "Readable", "هل كانت قيمه محفوظة حين قُرئ.", "Whether its values were still held when it was read.";
    }
}
