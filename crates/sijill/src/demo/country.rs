//! The agencies of the demonstration: real institutions by their public names, with made-up units and officers.
//!
//! Arabic names as published; the Ministry of Education's changed by Royal Decree 14/2026.

use std::collections::BTreeSet;

use sijill_domain::event::{Grant, Role};

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
    /// Its units.
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

/// A unit of an agency.
pub struct Unit {
    /// Its id.
    pub id: &'static str,
    /// Its name in Arabic.
    pub ar: &'static str,
    /// Its name in English.
    pub en: &'static str,
    /// How many officers it has.
    pub officers: u32,
    /// The hours it answers for by its calendar; `None`: those the policy takes for granted, an office's.
    pub calendar: Option<&'static str>,
}

/// A unit by office hours.
const fn office(id: &'static str, ar: &'static str, en: &'static str, officers: u32) -> Unit {
    Unit { id, ar, en, officers, calendar: None }
}

/// A unit where somebody answers day and night.
const fn always(id: &'static str, ar: &'static str, en: &'static str, officers: u32) -> Unit {
    Unit { id, ar, en, officers, calendar: Some("always") }
}

/// Founders who must agree, at first.
pub const QUORUM: u64 = 3;

const REFERRALS: Unit = office("desk", "مكتب الإحالات", "Referral desk", 2);
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
        grants: &[Grant::Calendar, Grant::Casework, Grant::Oversight],
        units: &[
            office("family-protection", "دائرة الحماية الأسرية", "Family Protection Department", 3),
            office("counselling", "قسم الإرشاد الأسري", "Family Counselling Section", 1),
            office("disability", "دائرة شؤون الأشخاص ذوي الإعاقة", "Disability services", 2),
        ],
    },
    Agency {
        id: "moh",
        ar: "وزارة الصحة",
        en: "Ministry of Health",
        part: Part::Founder,
        grants: CASEWORK,
        units: &[
            always("hospital-ma", "المستشفى المرجعي بمحافظة مسقط", "Referral hospital, Muscat", 3),
            always("hospital-zu", "المستشفى المرجعي بمحافظة ظفار", "Referral hospital, Dhofar", 2),
            always("hospital-mu", "المستشفى المرجعي بمحافظة مسندم", "Referral hospital, Musandam", 2),
            always("hospital-bu", "المستشفى المرجعي بمحافظة البريمي", "Referral hospital, Al Buraymi", 2),
            always("hospital-da", "المستشفى المرجعي بمحافظة الداخلية", "Referral hospital, Ad Dakhiliyah", 2),
            always(
                "hospital-bs",
                "المستشفى المرجعي بمحافظة شمال الباطنة",
                "Referral hospital, North Al Batinah",
                3,
            ),
            always(
                "hospital-bj",
                "المستشفى المرجعي بمحافظة جنوب الباطنة",
                "Referral hospital, South Al Batinah",
                2,
            ),
            always(
                "hospital-ss",
                "المستشفى المرجعي بمحافظة شمال الشرقية",
                "Referral hospital, North Ash Sharqiyah",
                2,
            ),
            always(
                "hospital-sj",
                "المستشفى المرجعي بمحافظة جنوب الشرقية",
                "Referral hospital, South Ash Sharqiyah",
                2,
            ),
            always("hospital-za", "المستشفى المرجعي بمحافظة الظاهرة", "Referral hospital, Adh Dhahirah", 2),
            always("hospital-wu", "المستشفى المرجعي بمحافظة الوسطى", "Referral hospital, Al Wusta", 2),
            office("mental-health", "خدمات الصحة النفسية", "Mental health services", 2),
        ],
    },
    Agency {
        id: "moe",
        ar: "وزارة التربية والتعليم",
        en: "Ministry of Education",
        part: Part::Founder,
        grants: CASEWORK,
        units: &[office("school-social-work", "الإرشاد الاجتماعي المدرسي", "School social work", 2)],
    },
    Agency {
        id: "rop",
        ar: "شرطة عمان السلطانية",
        en: "Royal Oman Police",
        part: Part::Founder,
        grants: CASEWORK,
        units: &[
            always("desk", "مكتب الإحالات", "Referral desk", 3),
            office("civil-status", "الأحوال المدنية", "Civil status", 2),
        ],
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
        units: &[always("line", "مستقبلو البلاغات", "Operators", 4)],
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
        units: &[office("audit", "المراجعة", "Audit", 1)],
    },
    Agency {
        id: "unicef",
        ar: "اليونيسف",
        en: "UNICEF Oman",
        part: Part::Guest,
        grants: &[Grant::Oversight],
        units: &[office("observers", "المراقبون", "Observers", 1)],
    },
    Agency {
        id: "cpc",
        ar: "لجان حماية الطفل",
        en: "Child Protection Committees",
        part: Part::Member,
        grants: CASEWORK,
        units: &[
            always("ma", "لجنة محافظة مسقط", "Muscat committee", 3),
            always("zu", "لجنة محافظة ظفار", "Dhofar committee", 2),
            always("mu", "لجنة محافظة مسندم", "Musandam committee", 2),
            always("bu", "لجنة محافظة البريمي", "Al Buraymi committee", 2),
            always("da", "لجنة محافظة الداخلية", "Ad Dakhiliyah committee", 2),
            always("bs", "لجنة محافظة شمال الباطنة", "North Al Batinah committee", 3),
            always("bj", "لجنة محافظة جنوب الباطنة", "South Al Batinah committee", 2),
            always("ss", "لجنة محافظة شمال الشرقية", "North Ash Sharqiyah committee", 2),
            always("sj", "لجنة محافظة جنوب الشرقية", "South Ash Sharqiyah committee", 2),
            always("za", "لجنة محافظة الظاهرة", "Adh Dhahirah committee", 2),
            always("wu", "لجنة محافظة الوسطى", "Al Wusta committee", 2),
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
    units.filter(|known| known.id == unit).map(|known| known.officers).sum()
}

/// What the n-th officer of a unit does: the first is also a specialist, the second also a supervisor.
pub fn roles(agency: &str, n: u32) -> BTreeSet<Role> {
    match (agency, n) {
        ("sai", _) => [Role::Auditor].into(),
        ("unicef", _) => [Role::Oversight].into(),
        (_, 1) => [Role::Casework, Role::Specialist].into(),
        (_, 2) => [Role::Casework, Role::Supervisor].into(),
        _ => [Role::Casework].into(),
    }
}

#[cfg(test)]
mod tests {
    use sijill_casework::policy::Policy;
    use sijill_casework::shipped;
    use sijill_domain::event::Name;
    use sijill_domain::{AgencyId, UnitId};

    use super::*;

    #[test]
    fn every_name_will_do() {
        for agency in AGENCIES {
            assert!(AgencyId::parse(agency.id).is_some() && Name::new(agency.ar, agency.en).is_some());
            for unit in agency.units {
                assert!(UnitId::parse(unit.id).is_some() && Name::new(unit.ar, unit.en).is_some());
                assert!(unit.officers > 0, "{}/{}", agency.id, unit.id);
            }
        }
        let founders = AGENCIES.iter().filter(|a| a.part == Part::Founder).count() as u64;
        assert!(QUORUM > founders / 2 && QUORUM <= founders);
    }

    #[test]
    fn every_unit_the_policy_sends_to_is_there_with_a_supervisor() {
        for to in Policy::parse(shipped::POLICY).expect("the shipped policy").targets() {
            assert!(officers(to.agency.as_str(), to.unit.as_str()) >= 2, "{to}");
        }
    }
}
