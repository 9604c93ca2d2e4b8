//! The agencies of the demonstration: real institutions by their public names, with made-up units and officers.
//!
//! Arabic names as published; the Ministry of Education's changed by Royal Decree 14/2026.

use sijill_domain::event::Grant;

/// An agency as it joins.
pub struct Agency {
    /// Its id.
    pub id: &'static str,
    /// Its name in Arabic.
    pub ar: &'static str,
    /// Its name in English.
    pub en: &'static str,
    /// How it takes part.
    pub part: Part,
    /// What it may have officers for.
    pub grants: &'static [Grant],
    /// Its units: id, names, officers.
    pub units: &'static [Unit],
}

/// How an agency takes part in governance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It founds the ledger.
    Founder,
    /// It is admitted and votes.
    Member,
    /// It is admitted and does not vote.
    Guest,
}

/// A unit: id, name in Arabic, name in English, number of officers.
pub type Unit = (&'static str, &'static str, &'static str, u32);

/// Founders who must agree, at first.
pub const QUORUM: u64 = 3;

/// The unit every agency answers referrals with, if it has no other for them.
pub const DESK: &str = "desk";

const REFERRALS: Unit = (DESK, "مكتب الإحالات", "Referral desk", 2);
const CASEWORK: &[Grant] = &[Grant::Casework];

/// What the Ministry of Education is called from the day in [`super::month`] on.
pub const EDUCATION_AR: &str = "وزارة التعليم";

/// All agencies, founders first.
pub const AGENCIES: &[Agency] = &[
    Agency {
        id: "mosd",
        ar: "وزارة التنمية الاجتماعية",
        en: "Ministry of Social Development",
        part: Part::Founder,
        grants: &[Grant::Casework, Grant::Oversight],
        units: &[
            ("family-protection", "دائرة الحماية الأسرية", "Family Protection Department", 3),
            ("counselling", "قسم الإرشاد الأسري", "Family Counselling Section", 1),
        ],
    },
    Agency {
        id: "moh",
        ar: "وزارة الصحة",
        en: "Ministry of Health",
        part: Part::Founder,
        grants: CASEWORK,
        units: &[REFERRALS, ("mental-health", "خدمات الصحة النفسية", "Mental health services", 1)],
    },
    Agency {
        id: "moe",
        ar: "وزارة التربية والتعليم",
        en: "Ministry of Education",
        part: Part::Founder,
        grants: CASEWORK,
        units: &[("school-social-work", "الإرشاد الاجتماعي المدرسي", "School social work", 2)],
    },
    Agency {
        id: "rop",
        ar: "شرطة عمان السلطانية",
        en: "Royal Oman Police",
        part: Part::Founder,
        grants: CASEWORK,
        units: &[REFERRALS],
    },
    Agency {
        id: "pp",
        ar: "الادعاء العام",
        en: "Public Prosecution",
        part: Part::Founder,
        grants: CASEWORK,
        units: &[REFERRALS],
    },
    Agency {
        id: "h1100",
        ar: "خط حماية الطفل 1100",
        en: "Child helpline 1100",
        part: Part::Guest,
        grants: CASEWORK,
        units: &[("line", "مستقبلو البلاغات", "Operators", 3)],
    },
    Agency {
        id: "wefaq",
        ar: "دار الوفاق",
        en: "Dar al Wefaq",
        part: Part::Guest,
        grants: CASEWORK,
        units: &[REFERRALS],
    },
    Agency {
        id: "sai",
        ar: "جهاز الرقابة المالية والإدارية للدولة",
        en: "State Audit Institution",
        part: Part::Guest,
        grants: &[Grant::Audit, Grant::Mirror],
        units: &[("audit", "المراجعة", "Audit", 1)],
    },
    Agency {
        id: "unicef",
        ar: "اليونيسف",
        en: "UNICEF Oman",
        part: Part::Guest,
        grants: &[Grant::Oversight],
        units: &[("observers", "المراقبون", "Observers", 1)],
    },
    Agency {
        id: "cpc",
        ar: "لجان حماية الطفل",
        en: "Child Protection Committees",
        part: Part::Member,
        grants: CASEWORK,
        units: &[
            ("ma", "لجنة محافظة مسقط", "Muscat committee", 2),
            ("bs", "لجنة محافظة شمال الباطنة", "North Al Batinah committee", 2),
            ("bj", "لجنة محافظة جنوب الباطنة", "South Al Batinah committee", 1),
            ("da", "لجنة محافظة الداخلية", "Ad Dakhiliyah committee", 1),
            ("sj", "لجنة محافظة جنوب الشرقية", "South Ash Sharqiyah committee", 1),
            ("ss", "لجنة محافظة شمال الشرقية", "North Ash Sharqiyah committee", 1),
            ("zu", "لجنة محافظة ظفار", "Dhofar committee", 1),
            ("za", "لجنة محافظة الظاهرة", "Adh Dhahirah committee", 1),
            ("bu", "لجنة محافظة البريمي", "Al Buraymi committee", 1),
            ("mu", "لجنة محافظة مسندم", "Musandam committee", 1),
            ("wu", "لجنة محافظة الوسطى", "Al Wusta committee", 1),
        ],
    },
    Agency {
        id: "jud",
        ar: "المجلس الأعلى للقضاء",
        en: "Judiciary",
        part: Part::Member,
        grants: CASEWORK,
        units: &[REFERRALS],
    },
    Agency {
        id: "mol",
        ar: "وزارة العمل",
        en: "Ministry of Labour",
        part: Part::Member,
        grants: CASEWORK,
        units: &[REFERRALS],
    },
    Agency {
        id: "spf",
        ar: "صندوق الحماية الاجتماعية",
        en: "Social Protection Fund",
        part: Part::Member,
        grants: CASEWORK,
        units: &[REFERRALS],
    },
];

/// How many officers a unit has.
pub fn officers(agency: &str, unit: &str) -> u32 {
    let units = AGENCIES.iter().filter(|a| a.id == agency).flat_map(|a| a.units);
    units.filter(|(id, ..)| *id == unit).map(|(_, _, _, count)| *count).sum()
}

#[cfg(test)]
mod tests {
    use sijill_domain::event::Name;
    use sijill_domain::{AgencyId, UnitId};

    use super::*;

    #[test]
    fn every_name_will_do() {
        for agency in AGENCIES {
            assert!(AgencyId::parse(agency.id).is_some() && Name::new(agency.ar, agency.en).is_some());
            for (unit, ar, en, officers) in agency.units {
                assert!(UnitId::parse(unit).is_some() && Name::new(ar, en).is_some() && *officers > 0);
            }
        }
        let founders = AGENCIES.iter().filter(|a| a.part == Part::Founder).count() as u64;
        assert!(QUORUM > founders / 2 && QUORUM <= founders);
    }
}
