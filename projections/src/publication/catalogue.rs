//! Which figures are published, and by what they are told apart.
//!
//! What stands here was chosen so that no number follows from others. Figures of the same things have one total and are
//! told apart by dimensions that do not follow from each other; of two dimensions that do (an agency and its services, a
//! contact's type and whether it has a category) one is left out. Where figures are bound to each other all the same (`part_of`,
//! `after`, `whole`) the one that is bound is shown only if nothing that is hidden follows from it.

/// A figure that is published each month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication {
    /// Its code, for good.
    pub code: &'static str,
    /// What it is called, in Arabic and English.
    pub title: [&'static str; 2],
    /// What it counts, in Arabic and English.
    pub definition: [&'static str; 2],
    /// The indicators whose facts of the month it counts.
    pub of: &'static [&'static str],
    /// By what it is told apart: always by one dimension.
    pub tables: &'static [Table],
    /// These are some of the things that this figure counts; the others are counted by nothing, but follow.
    pub part_of: Option<&'static str>,
    /// What this figure counts leaves what that one counts the arrivals of. There are no more of them than there were, which
    /// everybody can add up: shown only as far as it is known of enough of them that they were there.
    pub out_of: Option<&'static str>,
    /// Shown only if the totals of these are: how many they are can be told from it.
    pub after: &'static [&'static str],
    /// Shown only if nothing of this one is hidden.
    pub whole: Option<&'static str>,
}

/// A figure by one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its word.
    pub by: &'static str,
    /// What it is called, in Arabic and English.
    pub title: [&'static str; 2],
    /// The indicators whose facts it tells apart: one for each fact that the figure counts.
    pub of: &'static [&'static str],
    /// By which of their columns.
    pub column: By,
}

/// By which column of the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The indicator's own kind.
    Kind,
    /// The band of what was measured.
    Band,
    /// To whom it is put down.
    Agency,
    /// Where the child is.
    Governorate,
}

/// What is counted as it stands, and published roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// Its code, for good.
    pub code: &'static str,
    /// What it is called, in Arabic and English.
    pub title: [&'static str; 2],
    /// The indicator whose facts it counts.
    pub of: &'static str,
    /// Only those of this band.
    pub band: Option<&'static str>,
    /// What it grows and shrinks by: shown only as long as the totals of these were shown in every month.
    pub after: &'static [&'static str],
    /// Shown only if nothing of this figure is hidden in the month.
    pub whole: Option<&'static str>,
}

/// The kind of a case that was opened again, among those that were opened.
pub const REOPENED: &str = "reopened";

const fn by(by: &'static str, title: [&'static str; 2], of: &'static [&'static str], column: By) -> Table {
    Table { by, title, of, column }
}

const BEGUN: &[&str] = &["cases-opened", "cases-reopened"];
const CLOSED: &[&str] = &["cases-closed"];
const REFERRALS: &[&str] = &["referral-service"];
const GOVERNORATE: [&str; 2] = ["بحسب المحافظة", "By governorate"];
const AGENCY: [&str; 2] = ["بحسب الجهة", "By agency"];
const DURATION: [&str; 2] = ["بحسب المدة", "By duration"];

const fn alone(
    code: &'static str,
    title: [&'static str; 2],
    definition: [&'static str; 2],
    of: &'static [&'static str],
    tables: &'static [Table],
) -> Publication {
    Publication { code, title, definition, of, tables, part_of: None, out_of: None, after: &[], whole: None }
}

/// All of them, in the order they are shown in; what another depends on comes before it.
pub static PUBLICATIONS: [Publication; 10] = [
    alone(
        "cases-begun",
        ["حالات فُتحت أو أُعيد فتحها", "Cases opened, or opened again"],
        [
            "كل حالة فُتحت في الشهر، بمستوى خطورتها عند فتحها، وكل حالة أُغلقت ثم أُعيد فتحها فيه.",
            "Each case opened in the month, by the risk it was opened with, and each closed case that was opened again in it.",
        ],
        BEGUN,
        &[
            by("risk", ["بحسب الخطورة", "By risk"], BEGUN, By::Kind),
            by("governorate", GOVERNORATE, BEGUN, By::Governorate),
            by("agency", AGENCY, BEGUN, By::Agency),
        ],
    ),
    Publication {
        out_of: Some("cases-begun"),
        ..alone(
            "cases-closed",
            ["حالات أُغلقت", "Cases closed"],
            [
                "كل إغلاق لحالة في الشهر، بسببه وبالمدة منذ فتحها.",
                "Each closure in the month, by its reason and by the time since the case was opened.",
            ],
            CLOSED,
            &[
                by("reason", ["بحسب سبب الإغلاق", "By reason"], CLOSED, By::Kind),
                by("duration", DURATION, CLOSED, By::Band),
                by("governorate", GOVERNORATE, CLOSED, By::Governorate),
                by("agency", AGENCY, CLOSED, By::Agency),
            ],
        )
    },
    Publication {
        part_of: Some("cases-closed"),
        ..alone(
            "closed-with-open-referral",
            ["أُغلقت وإحالة منها لم تنتهِ", "Closed with an open referral"],
            [
                "كل إغلاق لحالة وإحالة منها لم تنتهِ. ينبغي أن يكون صفراً.",
                "Each closure while a referral of the case had not ended. Should be 0.",
            ],
            &["closed-with-open-referral"],
            &[],
        )
    },
    alone(
        "contacts",
        ["الاتصالات", "Contacts"],
        ["كل اتصال ورد في الشهر.", "Each contact that came in during the month."],
        &["contacts"],
        &[
            by("channel", ["بحسب القناة", "By channel"], &["contact-channel"], By::Kind),
            by("category", ["بحسب الموضوع", "By subject"], &["contact-category"], By::Kind),
            by("outcome", ["بحسب ما آلت إليه", "By what became of them"], &["contact-outcome"], By::Kind),
            by("repeat", ["هل تكرر الاتصال؟", "Whether repeated"], &["contact-repeat"], By::Kind),
            by("governorate", GOVERNORATE, &["contacts"], By::Governorate),
        ],
    ),
    alone(
        "referrals",
        ["الإحالات", "Referrals"],
        [
            "كل إحالة طُلبت في الشهر، بالخدمة المطلوبة؛ وما حُوِّل منها إلى وحدة أخرى عُدّ لدى كلٍّ منهما.",
            "Each referral asked for in the month, by the service; one that was redirected counts at both.",
        ],
        REFERRALS,
        &[
            by("service", ["بحسب الخدمة", "By service"], REFERRALS, By::Kind),
            by("governorate", GOVERNORATE, REFERRALS, By::Governorate),
        ],
    ),
    Publication {
        part_of: Some("referrals"),
        ..alone(
            "referrals-ended",
            ["كيف انتهت الإحالات", "How referrals ended"],
            [
                "كل إحالة طُلبت في الشهر وانتهت حتى يوم الحساب، بما انتهت إليه.",
                "Each referral asked for in the month that had ended by the day of counting, by how it did.",
            ],
            &["referrals-ended"],
            &[by("state", ["بحسب النتيجة", "By how they ended"], &["referrals-ended"], By::Kind)],
        )
    },
    Publication {
        part_of: Some("referrals"),
        whole: Some("referrals-ended"),
        ..alone(
            "time-to-answer",
            ["المدة حتى أول رد", "Time to the first answer"],
            [
                "كل إحالة طُلبت في الشهر ورُدّ عليها حتى يوم الحساب، بالمدة حتى أول رد.",
                "Each referral asked for in the month and answered by the day of counting, by the time to the first answer.",
            ],
            &["time-to-answer"],
            &[by("duration", DURATION, &["time-to-answer"], By::Band)],
        )
    },
    Publication {
        after: &["cases-begun", "referrals"],
        ..alone(
            "timeliness",
            ["الالتزام بالمُهَل", "Timeliness"],
            [
                "كل مهلة بدأت في الشهر، بما آلت إليه حتى يوم الحساب.",
                "Each deadline that began in the month, by what had become of it by the day of counting.",
            ],
            &["timeliness"],
            &[by("result", ["بحسب ما آلت إليه", "By what became of them"], &["timeliness"], By::Band)],
        )
    },
    Publication {
        after: &["referrals"],
        ..alone(
            "waiting",
            ["أين تأخرت الإحالات", "Where referrals waited"],
            [
                "كل مدة قضتها إحالة في وضع واحد وانقضت في الشهر، لدى الجهة التي كانت تنتظرها.",
                "Each time a referral spent in one state that ended in the month, put down to the agency on whose side it lay.",
            ],
            &["waiting"],
            &[
                by("agency", AGENCY, &["waiting"], By::Agency),
                by("duration", DURATION, &["waiting"], By::Band),
            ],
        )
    },
    alone(
        "accesses",
        ["الاطلاع على البيانات", "Accesses"],
        [
            "كل طلب اطلاع وكل إفصاح وكل اطلاع اضطراري ومراجعته وكل تصدير في الشهر.",
            "Each request to see, release, breaking of the glass, review of it and export in the month.",
        ],
        &["accesses"],
        &[by("agency", AGENCY, &["accesses"], By::Agency)],
    ),
];

/// What is published as it stood on the day of counting.
pub static STOCKS: [Stock; 3] = [
    Stock {
        code: "cases-open",
        title: ["حالات مفتوحة", "Open cases"],
        of: "cases-open",
        band: None,
        after: &["cases-begun", "cases-closed"],
        whole: None,
    },
    Stock {
        code: "referrals-open",
        title: ["إحالات لم تنتهِ", "Referrals without an end"],
        of: "referrals-open",
        band: None,
        after: &[],
        whole: None,
    },
    Stock {
        code: "deadlines-overdue",
        title: ["مُهل فاتت ولم يُوفَ بها", "Deadlines overdue"],
        of: "timeliness",
        band: Some("overdue"),
        after: &[],
        whole: Some("timeliness"),
    },
];

/// The publication of this code.
pub fn publication(code: &str) -> Option<&'static Publication> {
    PUBLICATIONS.iter().find(|publication| publication.code == code)
}

/// The stock of this code.
pub fn stock(code: &str) -> Option<&'static Stock> {
    STOCKS.iter().find(|stock| stock.code == code)
}

#[cfg(test)]
mod tests {
    use sijill_domain::UnitId;

    use super::*;
    use crate::indicators::catalogue::{Band, Kind, indicator};

    #[test]
    fn what_is_published_is_counted() {
        for (place, publication) in PUBLICATIONS.iter().enumerate() {
            let code = publication.code;
            assert!(UnitId::parse(code).is_some(), "{code} is no name");
            for title in [publication.title, publication.definition]
                .iter()
                .chain(publication.tables.iter().map(|t| &t.title))
            {
                assert!(title[0].chars().any(|c| ('\u{600}'..'\u{700}').contains(&c)), "{code}");
                assert!(title[1].is_ascii() && !title[1].is_empty(), "{code}");
            }
            let known = |of: &&str| indicator(of).is_some_and(|indicator| !indicator.stock);
            assert!(!publication.of.is_empty() && publication.of.iter().all(known), "{code}");
            for table in publication.tables {
                assert!(
                    UnitId::parse(table.by).is_some() && table.of.iter().all(known),
                    "{code} {}",
                    table.by
                );
                for of in table.of.iter().filter_map(|of| indicator(of)) {
                    assert!(table.column != By::Kind || of.kind != Kind::None, "{code} {}", table.by);
                    assert!(table.column != By::Band || of.band != Band::None, "{code} {}", table.by);
                }
            }
            let earlier: Vec<&str> = PUBLICATIONS[..place].iter().map(|earlier| earlier.code).collect();
            let bound = publication
                .after
                .iter()
                .chain(&publication.part_of)
                .chain(&publication.out_of)
                .chain(&publication.whole);
            assert!(bound.clone().all(|other| earlier.contains(other)), "{code} depends on what comes later");
        }
        for stock in STOCKS {
            assert!(indicator(stock.of).is_some() && UnitId::parse(stock.code).is_some());
            assert!(stock.after.iter().chain(&stock.whole).all(|code| publication(code).is_some()));
        }
    }
}
