//! Which indicators there are, what each counts, and in which words.
//!
//! Names in brackets are those of the field: Primero's process quality (PQ) and case characteristics (CC) reports.

/// An indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indicator {
    /// Its code, for good.
    pub code: &'static str,
    /// What it is called, in Arabic and English.
    pub title: [&'static str; 2],
    /// What it counts and what it does not, in Arabic and English.
    pub definition: [&'static str; 2],
    /// What its `kind` is.
    pub kind: Kind,
    /// What its `band` is.
    pub band: Band,
    /// Whether it is counted as it stands (open cases), not by the month something happened in.
    pub stock: bool,
}

/// What tells apart what an indicator counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    None,
    /// A code of this list.
    Code(&'static str),
    /// An agency.
    Agency,
    /// An officer's pseudonym; empty for a case that nobody is in charge of.
    Officer,
    /// A word out of these: the word, in Arabic, in English.
    Words(&'static [(&'static str, &'static str, &'static str)]),
    /// A state of a referral.
    State,
    /// A milestone of the policy, or `end` for an imported case as a whole.
    Milestone,
    /// An event type.
    Event,
}

/// What an indicator counts: with which word its figures are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Cases.
    Case,
    /// Referrals.
    Referral,
    /// Times that a referral waited.
    Wait,
    /// Deadlines.
    Deadline,
    /// Contacts.
    Contact,
    /// Accesses.
    Access,
    /// Entries of the log.
    Entry,
}

impl Unit {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Referral => "referral",
            Self::Wait => "wait",
            Self::Deadline => "deadline",
            Self::Contact => "contact",
            Self::Access => "access",
            Self::Entry => "entry",
        }
    }

    /// What people call it, in Arabic and English.
    pub fn label(self) -> [&'static str; 2] {
        match self {
            Self::Case => ["حالة", "case"],
            Self::Referral => ["إحالة", "referral"],
            Self::Wait => ["فترة انتظار", "wait"],
            Self::Deadline => ["مهلة", "deadline"],
            Self::Contact => ["اتصال", "contact"],
            Self::Access => ["اطلاع", "access"],
            Self::Entry => ["قيد", "entry"],
        }
    }
}

impl Indicator {
    /// What it counts.
    pub fn unit(&self) -> Unit {
        match self.code {
            "waiting" => Unit::Wait,
            "timeliness" | "time-used" => Unit::Deadline,
            "accesses" => Unit::Access,
            code if code.starts_with("contact") => Unit::Contact,
            code if code.starts_with("referral") || code.starts_with("time-to-") => Unit::Referral,
            code if code.ends_with("-entries") => Unit::Entry,
            _ => Unit::Case,
        }
    }
}

/// In what its values are gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// Nothing is measured.
    None,
    /// A duration: [`DURATIONS`].
    Duration,
    /// Which share of the time allowed it took: [`SHARES`].
    Share,
    /// Whether it came in time: `on_time`, `late`, `running`, `overdue`.
    Result,
}

/// Bands of durations, with the milliseconds that they stay below.
pub const DURATIONS: [(&str, i64); 9] = [
    ("under_1h", HOUR),
    ("under_4h", 4 * HOUR),
    ("under_1d", DAY),
    ("under_3d", 3 * DAY),
    ("under_7d", 7 * DAY),
    ("under_14d", 14 * DAY),
    ("under_28d", 28 * DAY),
    ("under_56d", 56 * DAY),
    ("under_180d", 180 * DAY),
];

/// The band of longer durations.
pub const LONGER: &str = "longer";

/// Bands of shares of the time allowed, with the per cent that they stay within.
pub const SHARES: [(&str, i64); 6] = [
    ("within_25", 25),
    ("within_50", 50),
    ("within_75", 75),
    ("within_100", 100),
    ("within_150", 150),
    ("within_200", 200),
];

/// The band of what took more than twice the time allowed.
pub const MORE_THAN_DOUBLE: &str = "more";

/// What became of a deadline.
pub const RESULTS: [(&str, &str, &str); 4] = [
    ("on_time", "في الموعد", "On time"),
    ("late", "بعد الموعد", "Late"),
    ("running", "لم يحن موعده", "Not due yet"),
    ("overdue", "متأخر ولم يتم", "Overdue"),
];

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

const YES_NO: Kind = Kind::Words(&[("yes", "نعم", "Yes"), ("no", "لا", "No")]);

const fn counted(
    code: &'static str,
    title: [&'static str; 2],
    definition: [&'static str; 2],
    kind: Kind,
) -> Indicator {
    Indicator { code, title, definition, kind, band: Band::None, stock: false }
}

const fn standing(
    code: &'static str,
    title: [&'static str; 2],
    definition: [&'static str; 2],
    kind: Kind,
) -> Indicator {
    Indicator { stock: true, ..counted(code, title, definition, kind) }
}

const fn timed(
    code: &'static str,
    title: [&'static str; 2],
    definition: [&'static str; 2],
    kind: Kind,
    band: Band,
) -> Indicator {
    Indicator { band, ..counted(code, title, definition, kind) }
}

/// All indicators of version 1, in the order they are shown in.
pub static INDICATORS: [Indicator; 33] = [
    counted(
        "cases-opened",
        ["حالات جديدة", "Cases opened"],
        [
            "كل حالة فُتحت، في الشهر الذي فُتحت فيه، وبمستوى الخطورة المسجَّل عند فتحها.",
            "Each case, in the month it was opened, by the risk it was opened with (PQ-02).",
        ],
        Kind::Code("risk"),
    ),
    standing(
        "cases-open",
        ["حالات مفتوحة", "Open cases"],
        [
            "كل حالة مفتوحة، بمستوى الخطورة المسجَّل لها الآن، لدى الجهة المسؤولة عنها.",
            "Each case that is open, by the risk it has now, at the agency that owns it (CC-03).",
        ],
        Kind::Code("risk"),
    ),
    standing(
        "cases-open-age",
        ["الحالات المفتوحة بحسب العمر", "Open cases by age"],
        ["كل حالة مفتوحة، بالفئة العمرية للطفل.", "Each case that is open, by the child's age band."],
        Kind::Code("age-band"),
    ),
    standing(
        "caseload",
        ["الحالات لدى كل موظف", "Caseload"],
        [
            "كل حالة مفتوحة، لدى الموظف المسؤول عنها؛ وما لا مسؤول عنه يُعدّ وحده.",
            "Each case that is open, by the officer in charge; those that nobody is in charge of are counted apart (PQ-06).",
        ],
        Kind::Officer,
    ),
    standing(
        "case-grounds",
        ["وجود موافقة أو أساس قانوني", "Consent or legal basis"],
        [
            "كل حالة مفتوحة: هل سُجِّلت فيها موافقة لم تُسحب أو أساس قانوني للإفصاح؟",
            "Each case that is open: whether a consent that was not withdrawn, or a legal basis, is on record.",
        ],
        YES_NO,
    ),
    standing(
        "high-risk-safety-plan",
        ["خطة سلامة للحالات عالية الخطورة", "Safety plans of high-risk cases"],
        [
            "كل حالة مفتوحة عالية الخطورة: هل وُضعت لها خطة سلامة؟",
            "Each open case of high risk: whether a safety plan was made (CC-04).",
        ],
        YES_NO,
    ),
    standing(
        "case-concern",
        ["دواعي الحماية", "Protection concerns"],
        [
            "كل حالة، مرة لكل داعٍ مسجَّل فيها؛ فمجموع الدواعي قد يزيد على عدد الحالات.",
            "Each case, once for each concern on record; concerns can be more than cases (CC-02).",
        ],
        Kind::Code("concern"),
    ),
    standing(
        "case-situation",
        ["وضع الطفل", "Child's situation"],
        [
            "كل حالة، مرة لكل وضع مسجَّل للطفل، ومنها الإعاقة.",
            "Each case, once for each situation of the child on record, disability among them (CC-06).",
        ],
        Kind::Code("situation"),
    ),
    standing(
        "case-sex",
        ["جنس الطفل", "Child's sex"],
        ["كل حالة، بجنس الطفل كما سُجِّل آخر مرة.", "Each case, by the child's sex as last registered (CC-05)."],
        Kind::Code("sex"),
    ),
    timed(
        "cases-closed",
        ["حالات أُغلقت", "Cases closed"],
        [
            "كل إغلاق لحالة، في شهره، بسببه وبالمدة منذ فتح الحالة.",
            "Each closure, in its month, by its reason and by the time since the case was opened (CC-01).",
        ],
        Kind::Code("closure"),
        Band::Duration,
    ),
    timed(
        "cases-reopened",
        ["حالات أُعيد فتحها", "Cases reopened"],
        [
            "كل إعادة فتح لحالة أُغلقت: خلال 90 يوماً من إغلاقها أم بعد ذلك؟",
            "Each time a closed case was opened again: within 90 days of its closure, or later.",
        ],
        Kind::Words(&[("within_90_days", "خلال 90 يوماً", "Within 90 days"), ("later", "بعد ذلك", "Later")]),
        Band::Duration,
    ),
    counted(
        "closed-with-open-referral",
        ["أُغلقت وإحالة منها لم تنتهِ", "Closed with an open referral"],
        [
            "كل إغلاق لحالة وإحالة منها لم تنتهِ. ينبغي أن يكون صفراً، إلا ما استُثني في الإغلاق بسببه.",
            "Each closure while a referral of the case had not ended. Should be 0, but for exceptions that the closure names with a reason.",
        ],
        Kind::None,
    ),
    counted(
        "referrals",
        ["الإحالات", "Referrals"],
        [
            "كل إحالة، من الجهة المسؤولة عن الحالة إلى الجهة الموجَّهة إليها؛ وإذا حُوِّلت إلى غيرها عُدّت لدى كلٍّ منهما.",
            "Each referral, from the agency that owned the case to the one it was addressed to; one that was redirected counts at both.",
        ],
        Kind::Agency,
    ),
    counted(
        "referral-service",
        ["الخدمات المطلوبة", "Services asked for"],
        ["كل إحالة، بالخدمة المطلوبة.", "Each referral, by the service asked for."],
        Kind::Code("service"),
    ),
    standing(
        "referrals-open",
        ["إحالات لم تنتهِ", "Referrals without an end"],
        [
            "كل إحالة لم تنتهِ، بوضعها، لدى الجهة التي تنتظرها الإحالة.",
            "Each referral that has not ended, by its state, at the agency on whose side it lies.",
        ],
        Kind::State,
    ),
    counted(
        "referrals-ended",
        ["كيف انتهت الإحالات", "How referrals ended"],
        [
            "كل إحالة انتهت، بما انتهت إليه. والناجحة منها ما تمّ.",
            "Each referral that ended, by how it did. Those completed are the successful ones (PQ-13).",
        ],
        Kind::State,
    ),
    counted(
        "referrals-implemented",
        ["إحالات بدأ تنفيذها", "Referrals implemented"],
        [
            "كل إحالة قُبلت أو بدأ العمل عليها، وإن لم تتم بعد.",
            "Each referral that was accepted or begun, whether or not it was completed (PQ-13A).",
        ],
        Kind::Code("service"),
    ),
    counted(
        "referrals-breached",
        ["إحالات تجاوزت مهلتها", "Referrals that missed a deadline"],
        [
            "كل إحالة تجاوزت مهلة من مهلها، وإن جاء الرد بعد ذلك.",
            "Each referral that missed one of its deadlines, even if the answer came later.",
        ],
        Kind::Code("service"),
    ),
    timed(
        "time-to-answer",
        ["المدة حتى أول رد", "Time to the first answer"],
        [
            "من طلب الإحالة حتى أول رد من الوحدة الموجَّهة إليها، أياً كان.",
            "From the request to the first answer of the unit it was addressed to, whatever it was.",
        ],
        Kind::Code("service"),
        Band::Duration,
    ),
    timed(
        "time-to-complete",
        ["المدة حتى الإتمام", "Time to completion"],
        ["من طلب الإحالة حتى إتمامها.", "From the request to the completion."],
        Kind::Code("service"),
        Band::Duration,
    ),
    timed(
        "waiting",
        ["أين تأخرت الإحالات", "Where referrals waited"],
        [
            "كل مدة قضتها إحالة في وضع واحد، بعد أن انقضت، لدى الجهة التي كانت تنتظرها.",
            "Each time a referral spent in one state, once it is over, put down to the agency on whose side it lay.",
        ],
        Kind::State,
        Band::Duration,
    ),
    timed(
        "timeliness",
        ["الالتزام بالمُهَل", "Timeliness"],
        [
            "كل مهلة حدّدتها السياسة، بحسب ما آلت إليه، لدى من عليه الوفاء بها. والعبرة بوقت القيد في السجل؛ وفيما استُورد من نظام سابق بالوقت الذي ذكره.",
            "Each deadline that the policy set, by what became of it, at whoever owed it. What counts is the time on the ledger; in what was imported, the time that was claimed.",
        ],
        Kind::Milestone,
        Band::Result,
    ),
    timed(
        "time-used",
        ["كم استُنفد من المهلة", "How much of the time allowed was used"],
        [
            "كل مهلة انتهت، بنسبة ما استُنفد من الوقت المحدَّد. وما فوق 100٪ متأخر.",
            "Each deadline that was met, by the share of the time allowed that it took. Above 100% is late.",
        ],
        Kind::Milestone,
        Band::Share,
    ),
    counted(
        "contacts",
        ["الاتصالات", "Contacts"],
        ["كل اتصال، بنوعه، في شهره.", "Each contact, by its type, in its month."],
        Kind::Code("contact-type"),
    ),
    counted(
        "contact-channel",
        ["قنوات الاتصال", "Channels"],
        ["كل اتصال، بالقناة التي ورد منها.", "Each contact, by the channel it came by."],
        Kind::Code("channel"),
    ),
    counted(
        "contact-category",
        ["موضوعات الاتصالات", "What contacts were about"],
        ["كل اتصال، بتصنيفه.", "Each contact, by its category (Child Helpline International)."],
        Kind::Code("contact-category"),
    ),
    counted(
        "contact-outcome",
        ["ما آلت إليه الاتصالات", "What became of contacts"],
        [
            "كل اتصال: هل نشأت عنه حالة؟ وبه تُطابَق الاتصالات والحالات كل يوم.",
            "Each contact: whether it became a case. Contacts and cases are reconciled by it.",
        ],
        Kind::Words(&[
            ("case", "نشأت عنه حالة", "Became a case"),
            ("no_case", "لم تنشأ عنه حالة", "No case"),
        ]),
    ),
    counted(
        "contact-repeat",
        ["اتصالات متكررة", "Repeat contacts"],
        [
            "كل اتصال: هل سبقه اتصال عن الطفل نفسه؟",
            "Each contact: whether there was one about the same child before.",
        ],
        YES_NO,
    ),
    counted(
        "contact-incomplete",
        ["اتصالات ينقصها بيان", "Contacts that lack something"],
        [
            "كل اتصال لم يُسجَّل تصنيفه أو محافظته.",
            "Each contact whose category or governorate was not written down.",
        ],
        Kind::Words(&[("category", "التصنيف", "Category"), ("governorate", "المحافظة", "Governorate")]),
    ),
    counted(
        "accesses",
        ["الاطلاع على البيانات", "Accesses"],
        [
            "كل طلب اطلاع وكل إفصاح وكل اطلاع اضطراري ومراجعته وكل تصدير، بالجهة التي طلبت.",
            "Each request to see, release, breaking of the glass, review of it and export, by the agency that asked.",
        ],
        Kind::Event,
    ),
    timed(
        "late-entries",
        ["قيود وصلت متأخرة", "Late entries"],
        [
            "كل قيد وصل إلى السجل بعد توقيعه بأكثر من ساعة.",
            "Each entry that reached the ledger more than an hour after it was signed.",
        ],
        Kind::Event,
        Band::Duration,
    ),
    timed(
        "back-dated-entries",
        ["قيود عن وقت سابق", "Back-dated entries"],
        [
            "كل قيد يروي ما وقع قبل وصوله إلى السجل بأكثر من ساعة.",
            "Each entry that tells of something more than an hour before it reached the ledger.",
        ],
        Kind::Event,
        Band::Duration,
    ),
    counted(
        "unreadable-entries",
        ["قيود ذهبت بياناتها", "Entries whose values are gone"],
        [
            "كل قيد محيت بياناته أو حُجبت: ما بُني عليه لا يمكن التحقق منه.",
            "Each entry whose values were erased or withheld: what rested on them cannot be checked.",
        ],
        Kind::Event,
    ),
];

/// The indicator of this code.
pub fn indicator(code: &str) -> Option<&'static Indicator> {
    INDICATORS.iter().find(|indicator| indicator.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_told_apart_and_everything_is_said_in_both_languages() {
        let codes: BTreeSet<&str> = INDICATORS.iter().map(|indicator| indicator.code).collect();
        assert_eq!(codes.len(), INDICATORS.len());
        for Indicator { code, title, definition, .. } in INDICATORS {
            assert_eq!(indicator(code).map(|found| found.code), Some(code));
            for [arabic, english] in [title, definition] {
                assert!(arabic.chars().any(|c| ('\u{600}'..'\u{700}').contains(&c)), "{code}: {arabic}");
                assert!(english.is_ascii() && !english.is_empty(), "{code}: {english}");
            }
        }
    }

    #[test]
    fn each_counts_things_of_one_kind() {
        for (code, unit) in [
            ("cases-open", Unit::Case),
            ("closed-with-open-referral", Unit::Case),
            ("caseload", Unit::Case),
            ("referral-service", Unit::Referral),
            ("time-to-answer", Unit::Referral),
            ("waiting", Unit::Wait),
            ("time-used", Unit::Deadline),
            ("contact-incomplete", Unit::Contact),
            ("accesses", Unit::Access),
            ("late-entries", Unit::Entry),
        ] {
            assert_eq!(indicator(code).map(Indicator::unit), Some(unit), "{code}");
        }
    }

    #[test]
    fn bands_ascend() {
        assert!(DURATIONS.is_sorted_by(|a, b| a.1 < b.1));
        assert!(SHARES.is_sorted_by(|a, b| a.1 < b.1));
    }
}
