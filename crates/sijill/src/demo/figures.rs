//! Published figures that the month is calibrated to.
//!
//! Helpline 1100: 721 cases of 2,046 calls (2018); 177 calls of abuse, 89 of disability services, 146 enquiries in one
//! quarter; 707 cases by governorate, sex and concern (2019, Ministry of Social Development). Committees: 1,650 cases
//! (2021). What is not published is made up and marked so.

/// Calls in a month: 2,046 a year.
pub const CONTACTS: u64 = 170;
/// Of 2,046 calls …
pub const CALLS_2018: u64 = 2_046;
/// … so many became cases.
pub const CASES_2018: u64 = 721;
/// Cases of the committees in a month, 1,650 a year, less those that the helpline passes on.
pub const OTHER_CASES: u64 = 137 - CONTACTS * CASES_2018 / CALLS_2018;

/// Calls that became no case: type of contact and category. Enquiries, disability services and abuse that was not confirmed
/// as in the quarter; silent and abusive calls are made up.
pub const CALLS: &[((&str, Option<&str>), u64)] = &[
    (("non_counselling", Some("non_counselling_services")), 146),
    (("someone_about_child", Some("access_essential")), 89),
    (("someone_about_child", Some("violence_other")), 33),
    (("silent", None), 20),
    (("abusive", None), 6),
];

/// Concerns, 2019. Child labour is made up: the labour inspectors would have nothing to do.
pub const CONCERNS: &[(&str, u64)] = &[
    ("neglect", 294),
    ("physical_abuse", 140),
    ("sexual_abuse", 137),
    ("emotional_abuse", 136),
    ("exploitation_labour", 14),
];

/// Governorates by the committee that serves them, 2019; Al Wusta as in 2018.
pub const GOVERNORATES: &[(&str, u64)] = &[
    ("ma", 355),
    ("bs", 150),
    ("bj", 57),
    ("da", 36),
    ("sj", 36),
    ("ss", 34),
    ("zu", 19),
    ("za", 11),
    ("bu", 10),
    ("mu", 1),
    ("wu", 1),
];

/// Sex, 2019.
pub const SEXES: &[(&str, u64)] = &[("male", 383), ("female", 324)];

/// Made up.
pub const AGES: &[(&str, u64)] = &[("0-4", 19), ("5-11", 44), ("12-14", 19), ("15-17", 18)];

/// How other cases come, made up.
pub const CHANNELS: &[(&str, u64)] = &[("hospital", 30), ("school", 30), ("police", 20), ("desk", 20)];

/// Risk by assessment, made up; sexual abuse is high.
pub const RISKS: &[(&str, u64)] = &[("high", 20), ("medium", 45), ("low", 35)];

/// What else is known of a child, made up.
pub const SITUATIONS: &[(&str, u64)] = &[
    ("", 70),
    ("lives_with_alleged", 10),
    ("disability", 8),
    ("out_of_school", 5),
    ("orphaned", 4),
    ("no_documents", 3),
];

/// Why referrals are refused, made up.
pub const REFUSALS: &[(&str, u64)] =
    &[("out_of_area", 3), ("insufficient_information", 4), ("at_capacity", 2), ("already_served", 1)];
