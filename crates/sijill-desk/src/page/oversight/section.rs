//! The ten sections, and the questions each answers.

use sijill_projections::figure::Dimension;

use crate::Text;
use crate::text::texts;

texts! {
    OVERVIEW: "نظرة عامة", "Overview";
    FLOW: "مسار الإحالات", "Referral flow";
    TIMELINESS: "الالتزام بالمُهل", "Timeliness";
    DELAY: "مواضع التأخر", "Delay";
    GOVERNORATES: "المحافظات", "Governorates";
    HELPLINE: "خط حماية الطفل", "Helpline";
    CASELOAD: "عبء العمل", "Caseload";
    TRENDS: "الاتجاهات", "Trends";
    QUALITY: "جودة البيانات", "Data quality";
    ACCESS: "الاطلاع على البيانات", "Access";

    OPEN_CASES: "حالات مفتوحة", "Open cases";
    HIGH_RISK: "منها عالية الخطورة", "Of high risk";
    OVERDUE: "مُهل فاتت ولم يُوفَ بها", "Deadlines overdue now";
    OPEN_REFERRALS: "إحالات لم تنتهِ", "Referrals without an end";
    NEW_CASES: "حالات جديدة هذا الشهر", "New cases this month";
    CLOSED_CASES: "حالات أُغلقت هذا الشهر", "Cases closed this month";
    CLOSED_EARLY: "أُغلقت وإحالة منها لم تنتهِ", "Closed with an open referral";
    CLOSED_EARLY_NOTE: "ينبغي أن يكون صفرًا.", "Should be 0.";
    UNREADABLE: "قيود ذهبت بياناتها", "Entries whose values are gone";

    Q_RISK: "كم حالة مفتوحة، وما خطورتها؟", "How many cases are open, and at what risk?";
    Q_PACE: "هل تُغلق الحالات بقدر ما تُفتح؟", "Are cases closed as fast as they are opened?";
    Q_WHO: "من يُحيل إلى من؟", "Who refers to whom?";
    Q_SERVICE: "ما الخدمات المطلوبة؟", "Which services are asked for?";
    Q_ENDED: "كيف تنتهي الإحالات؟", "How do referrals end?";
    Q_STANDS: "أين تقف الإحالات التي لم تنتهِ؟", "Where do referrals without an end stand?";
    Q_USED: "كم يُستنفد من المهلة؟", "How much of the time allowed is used?";
    Q_KEPT: "أي المُهل يُوفى بها، وأيها يفوت؟", "Which deadlines are kept, and which are missed?";
    Q_ANSWER: "كم تنتظر الإحالة أول رد؟", "How long does a referral wait for its first answer?";
    Q_COMPLETE: "كم تستغرق الإحالة حتى تتم؟", "How long does a referral take to be completed?";
    Q_SIDE: "لدى أي جهة انتظرت الإحالات؟", "At which agency did referrals wait?";
    Q_STATE: "في أي وضع انتظرت الإحالات؟", "In which state did referrals wait?";
    Q_WAIT: "كم تدوم فترة الانتظار الواحدة؟", "How long does each wait last?";
    Q_KEEPS: "أي الجهات تفي بالمُهل؟", "Which agencies keep their deadlines?";
    Q_WHERE: "أين الحالات المفتوحة؟", "Where are the open cases?";
    Q_WHERE_KEPT: "أين يُوفى بالمُهل؟", "Where are deadlines kept?";
    Q_WHERE_FROM: "من أين ترد الاتصالات؟", "Where do contacts come from?";
    Q_CONTACTS: "كم اتصالًا يرد كل شهر؟", "How many contacts come in each month?";
    Q_CATEGORY: "عمّ تكون الاتصالات؟", "What are contacts about?";
    Q_TYPE: "ما أنواع الاتصالات؟", "What kinds of contacts come in?";
    Q_CHANNEL: "من أي قناة ترد الاتصالات؟", "By which channel do contacts come?";
    Q_OUTCOME: "كم من الاتصالات نشأت عنه حالة؟", "How many contacts became a case?";
    Q_REPEAT: "كم من الاتصالات متكرر؟", "How many contacts are repeated?";
    Q_UNITS: "كم حالة مفتوحة لدى كل وحدة؟", "How many open cases has each unit?";
    Q_OFFICERS: "كم حالة مفتوحة لدى كل موظف؟", "How many open cases has each officer?";
    Q_AGE: "ما أعمار الأطفال؟", "How old are the children?";
    Q_SEX: "كم منهم بنات، وكم بنون؟", "How many are girls, how many boys?";
    Q_CONCERN: "ما دواعي حمايتهم؟", "What do they need protection from?";
    Q_SITUATION: "ما أوضاعهم؟", "What is their situation?";
    Q_CASES: "كيف يتغير عدد الحالات؟", "How does the number of cases change?";
    Q_REFERRALS: "كيف يتغير عدد الإحالات؟", "How does the number of referrals change?";
    Q_BETTER: "هل يزداد الوفاء بالمُهل؟", "Are deadlines kept more often?";
    Q_LATE: "كم تتأخر القيود في بلوغ السجل؟", "How late do entries reach the ledger?";
    Q_BACK: "كم يمضي قبل أن يُقيَّد ما وقع؟", "How long is it until what happened is written down?";
    Q_LACKS: "ماذا ينقص الاتصالات؟", "What do contacts lack?";
    Q_GROUNDS: "هل لكل حالة موافقة أو أساس قانوني؟", "Has every case a consent or a legal basis?";
    Q_SAFETY: "هل لكل حالة عالية الخطورة خطة سلامة؟", "Has every case of high risk a safety plan?";
    Q_SEEN: "ماذا طُلب، وماذا أُتيح؟", "What was asked for, and what was shown?";
    Q_LOOKS: "أي الجهات تطّلع؟", "Which agencies look?";
    Q_LOOKING: "كيف يتغير الاطلاع من شهر إلى شهر؟", "How does looking change from month to month?";
}

/// A page of charts.
pub(super) struct Section {
    /// The end of its address; empty for the first.
    pub(super) slug: &'static str,
    pub(super) title: Text,
    pub(super) headlines: &'static [Headline],
    pub(super) questions: &'static [Question],
}

/// A headline figure.
pub(super) struct Headline {
    pub(super) label: Text,
    pub(super) note: Option<Text>,
    pub(super) indicator: &'static str,
    pub(super) kind: Option<&'static str>,
    pub(super) band: Option<&'static str>,
    /// Only what fell in the month that the log ends in.
    pub(super) month: bool,
}

/// What a chart answers.
pub(super) struct Question {
    /// Unique in its section; also the anchor.
    pub(super) id: &'static str,
    pub(super) title: Text,
    /// The first one's definition is the chart's.
    pub(super) indicators: &'static [&'static str],
    pub(super) shape: Shape,
}

/// How it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// How many by these values, the most first.
    Bars(&'static [Dimension]),
    /// The same, for whoever may know of the officers of their own agency.
    Officers,
    /// How much time in all by this value, the most first.
    Time(Dimension),
    /// By the first, parts by the second.
    Parts(Dimension, Dimension),
    /// By bands.
    Spread,
    /// By month, a series for each indicator.
    Trend,
    /// The share of deadlines kept, by month.
    Kept,
    /// From kind to agency.
    Flow,
}

const fn asked(id: &'static str, title: Text, indicators: &'static [&'static str], shape: Shape) -> Question {
    Question { id, title, indicators, shape }
}

const fn headline(label: Text, indicator: &'static str) -> Headline {
    Headline { label, note: None, indicator, kind: None, band: None, month: false }
}

const KIND: Shape = Shape::Bars(&[Dimension::Kind]);
const GOVERNORATE: Shape = Shape::Bars(&[Dimension::Governorate]);

/// The sections, as they are read.
pub(super) static SECTIONS: [Section; 10] = [
    Section {
        slug: "",
        title: OVERVIEW,
        headlines: &[
            Headline { band: Some("overdue"), ..headline(OVERDUE, "timeliness") },
            headline(OPEN_CASES, "cases-open"),
            Headline { kind: Some("high"), ..headline(HIGH_RISK, "cases-open") },
            headline(OPEN_REFERRALS, "referrals-open"),
            Headline { month: true, ..headline(NEW_CASES, "cases-opened") },
            Headline { month: true, ..headline(CLOSED_CASES, "cases-closed") },
        ],
        questions: &[
            asked("risk", Q_RISK, &["cases-open"], KIND),
            asked("pace", Q_PACE, &["cases-opened", "cases-closed"], Shape::Trend),
        ],
    },
    Section {
        slug: "flow",
        title: FLOW,
        headlines: &[],
        questions: &[
            asked("who", Q_WHO, &["referrals"], Shape::Flow),
            asked("service", Q_SERVICE, &["referral-service"], KIND),
            asked("stands", Q_STANDS, &["referrals-open"], KIND),
            asked("ended", Q_ENDED, &["referrals-ended"], KIND),
        ],
    },
    Section {
        slug: "timeliness",
        title: TIMELINESS,
        headlines: &[],
        questions: &[
            asked("used", Q_USED, &["time-used"], Shape::Spread),
            asked("kept", Q_KEPT, &["timeliness"], Shape::Parts(Dimension::Kind, Dimension::Band)),
            asked("answer", Q_ANSWER, &["time-to-answer"], Shape::Spread),
            asked("complete", Q_COMPLETE, &["time-to-complete"], Shape::Spread),
        ],
    },
    Section {
        slug: "delay",
        title: DELAY,
        headlines: &[],
        questions: &[
            asked("side", Q_SIDE, &["waiting"], Shape::Time(Dimension::Agency)),
            asked("state", Q_STATE, &["waiting"], Shape::Time(Dimension::Kind)),
            asked("wait", Q_WAIT, &["waiting"], Shape::Spread),
            asked("keeps", Q_KEEPS, &["timeliness"], Shape::Parts(Dimension::Agency, Dimension::Band)),
        ],
    },
    Section {
        slug: "governorates",
        title: GOVERNORATES,
        headlines: &[],
        questions: &[
            asked("open", Q_WHERE, &["cases-open"], GOVERNORATE),
            asked(
                "kept",
                Q_WHERE_KEPT,
                &["timeliness"],
                Shape::Parts(Dimension::Governorate, Dimension::Band),
            ),
            asked("contacts", Q_WHERE_FROM, &["contacts"], GOVERNORATE),
        ],
    },
    Section {
        slug: "helpline",
        title: HELPLINE,
        headlines: &[],
        questions: &[
            asked("months", Q_CONTACTS, &["contacts"], Shape::Trend),
            asked("category", Q_CATEGORY, &["contact-category"], KIND),
            asked("type", Q_TYPE, &["contacts"], KIND),
            asked("channel", Q_CHANNEL, &["contact-channel"], KIND),
            asked("outcome", Q_OUTCOME, &["contact-outcome"], KIND),
            asked("repeat", Q_REPEAT, &["contact-repeat"], KIND),
        ],
    },
    Section {
        slug: "caseload",
        title: CASELOAD,
        headlines: &[],
        questions: &[
            asked("units", Q_UNITS, &["caseload"], Shape::Bars(&[Dimension::Agency, Dimension::Unit])),
            asked("officers", Q_OFFICERS, &["caseload"], Shape::Officers),
            asked("age", Q_AGE, &["cases-open-age"], KIND),
            asked("sex", Q_SEX, &["case-sex"], KIND),
            asked("concern", Q_CONCERN, &["case-concern"], KIND),
            asked("situation", Q_SITUATION, &["case-situation"], KIND),
        ],
    },
    Section {
        slug: "trends",
        title: TRENDS,
        headlines: &[],
        questions: &[
            asked("cases", Q_CASES, &["cases-opened", "cases-closed", "cases-reopened"], Shape::Trend),
            asked("referrals", Q_REFERRALS, &["referrals", "referrals-breached"], Shape::Trend),
            asked("kept", Q_BETTER, &["timeliness"], Shape::Kept),
        ],
    },
    Section {
        slug: "quality",
        title: QUALITY,
        headlines: &[
            Headline { note: Some(CLOSED_EARLY_NOTE), ..headline(CLOSED_EARLY, "closed-with-open-referral") },
            headline(UNREADABLE, "unreadable-entries"),
        ],
        questions: &[
            asked("late", Q_LATE, &["late-entries"], Shape::Spread),
            asked("back", Q_BACK, &["back-dated-entries"], Shape::Spread),
            asked("lacks", Q_LACKS, &["contact-incomplete"], KIND),
            asked("grounds", Q_GROUNDS, &["case-grounds"], KIND),
            asked("safety", Q_SAFETY, &["high-risk-safety-plan"], KIND),
        ],
    },
    Section {
        slug: "access",
        title: ACCESS,
        headlines: &[],
        questions: &[
            asked("seen", Q_SEEN, &["accesses"], KIND),
            asked("looks", Q_LOOKS, &["accesses"], Shape::Parts(Dimension::Agency, Dimension::Kind)),
            asked("months", Q_LOOKING, &["accesses"], Shape::Trend),
        ],
    },
];

/// The section of this address.
pub(super) fn section(slug: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.slug == slug)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sijill_projections::indicators::catalogue::{Band, indicator};

    use super::*;

    #[test]
    fn every_question_is_about_indicators_that_answer_it() {
        for Section { slug, headlines, questions, .. } in &SECTIONS {
            let ids: BTreeSet<_> = questions.iter().map(|question| question.id).collect();
            assert_eq!(ids.len(), questions.len(), "{slug}");
            for headline in *headlines {
                assert!(indicator(headline.indicator).is_some(), "{slug}: {}", headline.indicator);
            }
            for question in *questions {
                for code in question.indicators {
                    let indicator = indicator(code).unwrap_or_else(|| panic!("{slug}: {code}"));
                    match question.shape {
                        Shape::Spread => {
                            assert!(matches!(indicator.band, Band::Duration | Band::Share), "{code}");
                        }
                        Shape::Kept => assert_eq!(indicator.band, Band::Result),
                        Shape::Trend => assert!(!indicator.stock, "{code} has no months"),
                        Shape::Time(_) => assert_eq!(indicator.band, Band::Duration),
                        _ => {}
                    }
                }
            }
        }
    }
}
