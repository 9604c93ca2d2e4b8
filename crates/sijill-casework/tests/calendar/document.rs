//! The document: what the published one says, and what is refused.

use proptest::prelude::*;
use sijill_casework::calendar::{Calendar, Holiday};
use sijill_domain::UnitId;
use sijill_domain::event::{Day, HolidayAnnounced, Name};

use crate::support::{OMAN, at, day, oman};

#[test]
fn the_published_calendar_is_sound() {
    let calendar = Calendar::parse(OMAN.as_bytes()).unwrap();
    assert_eq!((calendar.id().as_str(), calendar.version()), ("oman", 1));
    assert_eq!(calendar.time_zone(), "Asia/Muscat");
    assert_eq!(calendar.hours().collect::<Vec<_>>(), ["always", "court", "office", "school"]);
    assert_eq!(calendar.hours_title("office").unwrap().ar, "الدوام الرسمي");
    assert!(calendar.hours_title("dhofar").is_none());
    assert!(calendar.title().en.contains("Oman"));
    let announced: Vec<_> = calendar.holidays().iter().filter(|holiday| !holiday.expected).collect();
    let announced: Vec<_> = announced.iter().map(|holiday| holiday.from).collect();
    let firm = ["2026-01-11", "2026-01-18", "2026-03-19", "2027-01-11"];
    assert_eq!(announced, firm.map(day), "every lunar date to come is marked as expected");
    assert!(calendar.holidays().iter().all(|holiday| holiday.expected == holiday.note.is_some()));
}

#[test]
fn offices_are_closed_on_the_holidays_of_the_decree() {
    let almanac = oman();
    let first = day("2026-01-01");
    let workdays = first.iter_days().take(730).filter(|date| {
        !matches!(chrono::Datelike::weekday(date), chrono::Weekday::Fri | chrono::Weekday::Sat)
    });
    let closed: Vec<String> = workdays
        .map(|date| date.to_string())
        .filter(|date| !almanac.is_open("office", at(&format!("{date} 10:00"))))
        .collect();
    assert_eq!(
        closed,
        [
            "2026-01-11",
            "2026-01-18",
            "2026-03-19",
            "2026-03-22",
            "2026-03-23",
            "2026-05-26",
            "2026-05-27",
            "2026-05-28",
            "2026-06-16",
            "2026-08-25",
            "2026-11-22",
            "2027-01-05",
            "2027-01-11",
            "2027-03-08",
            "2027-03-09",
            "2027-03-10",
            "2027-03-11",
            "2027-05-16",
            "2027-05-17",
            "2027-05-18",
            "2027-06-06",
            "2027-08-15",
            "2027-11-21",
            "2027-11-22",
            "2027-12-26",
        ]
    );
}

#[test]
fn hours_begin_and_end_to_the_millisecond() {
    let almanac = oman();
    let open = |hours, when: &str| almanac.is_open(hours, at(when));
    assert!(open("office", "2026-02-18 07:30") && !open("office", "2026-02-18 07:29:59.999"));
    assert!(open("office", "2026-02-18 14:29:59.999") && !open("office", "2026-02-18 14:30"));
    assert!(!open("office", "2026-02-19 08:59") && open("office", "2026-02-19 09:00"), "Ramadan");
    assert!(open("school", "2026-02-19 07:30") && !open("school", "2026-02-19 12:30"));
    assert!(open("court", "2027-02-08 13:59") && !open("court", "2027-02-08 14:00"));
    assert!(!open("office", "2026-02-20 10:00") && !open("office", "2026-02-21 10:00"), "Friday, Saturday");
    assert!(open("always", "2026-02-20 00:00"));
}

/// A small sound document, to be spoilt.
const SOUND: &str = r#"
id = "desk"
version = 1
time_zone = "Asia/Muscat"
offset = "+04:00"
title = { ar = "مكتب", en = "Desk" }

[hours.office]
title = { ar = "دوام", en = "Office" }
source = "a decree"
holidays = true
week = { sunday = ["07:30-12:00", "12:00-14:30"], monday = ["13:00-14:00", "08:00-12:00"] }

[[hours.office.period]]
from = "2026-02-19"
to = "2026-03-20"
name = { ar = "رمضان", en = "Ramadan" }
source = "a decree"
week = { sunday = ["09:00-14:00"] }

[[hours.office.period]]
from = "2026-07-01"
to = "2026-08-31"
name = { ar = "صيف", en = "Summer" }
source = "a decree"
week = {}

[[holiday]]
from = "2026-01-11"
to = "2026-01-12"
name = { ar = "عيد", en = "Feast" }
source = "a decree"
"#;

#[test]
fn every_refusal_has_its_code() {
    Calendar::parse(SOUND.as_bytes()).unwrap();
    let always = "[hours.always]\ntitle = { ar = \"أ\", en = \"A\" }\nsource = \"s\"\nholidays = false\n";
    let day = "[\"00:00-24:00\"]";
    let six = format!("sunday={day},monday={day},tuesday={day},wednesday={day},thursday={day},friday={day}");
    let never = "week = { sunday = [] }";
    let of_sunday = "[\"07:30-12:00\", \"12:00-14:30\"]";
    let spoilt: Vec<(&str, &str, String)> = vec![
        ("calendar-malformed", "offset", "of set".into()),
        ("calendar-malformed", "id = \"desk\"", "id = \"Desk!\"".into()),
        ("calendar-malformed", "time_zone", "colour = \"red\"\ntime_zone".into()),
        ("calendar-malformed", "to = \"2026-01-12\"", String::new()),
        ("calendar-malformed", "version = 1", "version = 1\nversion = 1".into()),
        ("calendar-version", "version = 1", "version = 0".into()),
        ("calendar-offset", "+04:00", "04:00".into()),
        ("calendar-offset", "+04:00", "+4:00".into()),
        ("calendar-offset", "+04:00", "-14:01".into()),
        ("calendar-hours-id", "hours.office", "hours.Office".into()),
        ("calendar-always", "[hours.office]", format!("{always}week = {{ {six} }}\n[hours.office]")),
        (
            "calendar-never-open",
            "[hours.office]",
            format!("{}{never}\n[hours.office]", always.replace("always", "desk")),
        ),
        ("calendar-weekday", "monday", "moonday".into()),
        ("calendar-weekday", "monday", "Monday".into()),
        ("calendar-interval", of_sunday, "[\"7:30-12:00\"]".into()),
        ("calendar-interval", of_sunday, "[\"07:30\"]".into()),
        ("calendar-interval", of_sunday, "[\"07:60-12:00\"]".into()),
        ("calendar-interval", of_sunday, "[\"20:00-24:01\"]".into()),
        ("calendar-interval", of_sunday, "[\"12:00-12:00\"]".into()),
        ("calendar-interval", of_sunday, "[\"20:00-04:00\"]".into()),
        ("calendar-interval-overlap", of_sunday, "[\"12:00-14:30\", \"07:30-12:01\"]".into()),
        ("calendar-date", "2026-01-12", "2026-02-30".into()),
        ("calendar-date", "2026-01-12", "2026-1-12".into()),
        ("calendar-date", "2026-01-12", "+2026-1-12".into()),
        ("calendar-date", "2026-01-12", "2200-01-01".into()),
        ("calendar-date", "2026-02-19", "1999-12-31".into()),
        ("calendar-dates-reversed", "2026-01-12", "2026-01-10".into()),
        ("calendar-dates-reversed", "2026-03-20", "2026-02-18".into()),
        ("calendar-period-overlap", "2026-03-20", "2026-07-01".into()),
        ("calendar-unlabelled", "صيف", " ".into()),
        ("calendar-unlabelled", "Asia/Muscat", String::new()),
        ("calendar-unlabelled", "source = \"a decree\"", "source = \"\"".into()),
        ("calendar-unlabelled", "en = \"Feast\"", "en = \"\"".into()),
    ];
    for (code, from, to) in spoilt {
        assert!(SOUND.contains(from), "`{from}` is there to be spoilt");
        let error = Calendar::parse(SOUND.replace(from, &to).as_bytes()).unwrap_err();
        assert_eq!(error.code(), code, "{from} -> {to}: {error}");
        assert!(error.to_string().len() > 20, "{error}");
    }
    let none = SOUND.split("[hours.office]").next().unwrap().to_owned() + "[hours]\n";
    assert_eq!(Calendar::parse(none.as_bytes()).unwrap_err().code(), "calendar-no-hours");
    assert_eq!(Calendar::parse(b"id = \"\xff\"").unwrap_err().code(), "calendar-malformed");
    let sound = format!("{SOUND}{always}week = {{ {six}, saturday = {day} }}");
    assert!(Calendar::parse(sound.as_bytes()).is_ok());
    let keeps = sound.replace("holidays = false", "holidays = true");
    assert_eq!(Calendar::parse(keeps.as_bytes()).unwrap_err().code(), "calendar-always");
}

#[test]
fn an_announcement_of_no_possible_day_is_none() {
    let announced = |from, to| {
        Holiday::announced(&HolidayAnnounced {
            calendar: UnitId::parse("oman").unwrap(),
            from: Day::parse(from).unwrap(),
            to: Day::parse(to).unwrap(),
            name: Name::new("إجازة", "Holiday").unwrap(),
        })
    };
    let holiday = announced("2026-07-05", "2026-07-06").unwrap();
    assert_eq!((holiday.from, holiday.to, holiday.expected), (day("2026-07-05"), day("2026-07-06"), false));
    assert_eq!((holiday.name.ar.as_str(), holiday.name.en.as_str()), ("إجازة", "Holiday"));
    assert_eq!(announced("2026-07-06", "2026-07-05"), None);
    assert_eq!(announced("2026-07-06", "9999-12-31"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// A document with some bytes changed is read or refused; nothing panics, and what is read can be counted with.
    #[test]
    fn a_spoilt_document_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0x20u8..0x7f), 1..4),
    ) {
        let mut bytes = SOUND.as_bytes().to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        match Calendar::parse(&bytes) {
            Ok(calendar) => {
                let hours: Vec<String> = calendar.hours().map(str::to_owned).collect();
                let mut almanac = sijill_casework::calendar::Almanac::default();
                almanac.publish(0, std::sync::Arc::new(calendar));
                for hours in hours {
                    prop_assert!(almanac.next_open(&hours, at("2026-03-01 00:00")).is_some());
                }
            }
            Err(error) => prop_assert!(error.code().starts_with("calendar-")),
        }
    }
}
