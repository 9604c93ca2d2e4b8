//! What happens in Oman.

use std::sync::Arc;

use sijill_casework::Amount::{Days, Time};
use sijill_casework::calendar::{Calendar, Pause, Timing};

use crate::support::{DAY, HOUR, OMAN, announcement, at, local, oman};

const OFFICE: Timing<'_> = Timing::Working("office");

#[test]
fn an_hour_from_thursday_afternoon_ends_on_sunday_morning() {
    let due = oman().due(OFFICE, at("2026-02-05 14:00"), Time(HOUR), &[]).unwrap();
    assert_eq!(local(due), "2026-02-08 08:00");
}

#[test]
fn a_day_of_any_length_is_one_day() {
    let almanac = oman();
    let due = |start: &str, days| local(almanac.due(OFFICE, at(start), Days(days), &[]).unwrap());
    assert_eq!(due("2026-02-05 14:00", 1), "2026-02-08 14:00");
    assert_eq!(due("2026-02-08 07:30", 1), "2026-02-08 14:30", "a day is over when its hours are");
    assert_eq!(due("2026-02-08 23:00", 5), "2026-02-15 14:30");
    // Half of a day of 7 hours and half of one of 5.
    assert_eq!(due("2026-02-18 11:00", 1), "2026-02-19 11:30");
    // 30 minutes of 7 hours leave 13/14 of 5 hours: 4 h 38 min 34 s 285.7… ms, and the next whole millisecond.
    assert_eq!(due("2026-02-18 14:00", 1), "2026-02-19 13:38:34.286");
}

#[test]
fn ramadan_has_shorter_days() {
    let due = oman().due(OFFICE, at("2026-02-18 12:30"), Time(6 * HOUR), &[]).unwrap();
    assert_eq!(local(due), "2026-02-19 13:00", "2 hours of the last usual day, 4 of the first of Ramadan");
}

#[test]
fn eid_is_announced_the_evening_before() {
    let mut almanac = oman();
    let start = at("2026-05-25 12:30");
    let before = almanac.due(OFFICE, start, Time(4 * HOUR), &[]).unwrap();
    assert_eq!(local(before), "2026-05-31 09:30", "26 to 29 May were expected, then comes the weekend");

    almanac.announce(at("2026-05-30 20:15"), announcement("2026-05-31", "2026-05-31"));
    let after = almanac.due(OFFICE, start, Time(4 * HOUR), &[]).unwrap();
    assert_eq!(local(after), "2026-06-01 09:30", "one day more; what ran on the 25th stands");
}

#[test]
fn an_announcement_touches_only_time_still_to_run() {
    let mut almanac = oman();
    let start = at("2026-07-01 07:30");
    assert_eq!(local(almanac.due(OFFICE, start, Time(10 * HOUR), &[]).unwrap()), "2026-07-02 10:30");
    // At 09:00 of the day itself, offices are sent home: an hour and a half has run and stays.
    almanac.announce(at("2026-07-02 09:00"), announcement("2026-07-01", "2026-07-02"));
    assert_eq!(almanac.elapsed(OFFICE, start, at("2026-07-02 14:30"), &[]), 8 * HOUR + HOUR / 2);
    assert_eq!(local(almanac.due(OFFICE, start, Time(10 * HOUR), &[]).unwrap()), "2026-07-05 09:00");
    assert!(almanac.is_open("office", at("2026-07-02 08:59")));
    assert!(!almanac.is_open("office", at("2026-07-02 09:00")));
    // In days: one and 3/14 have run, and 11/14 of Sunday are missing.
    assert_eq!(local(almanac.due(OFFICE, start, Days(2), &[]).unwrap()), "2026-07-05 13:00");
}

#[test]
fn national_day_is_moved_by_the_next_version() {
    let mut almanac = oman();
    let start = at("2026-11-19 14:30");
    let before = almanac.due(OFFICE, start, Days(3), &[]).unwrap();
    assert_eq!(local(before), "2026-11-25 14:30", "Sunday the 22nd is in lieu");

    let moved = OMAN
        .replace("version = 1", "version = 2")
        .replace("from = \"2026-11-20\"\nto = \"2026-11-22\"", "from = \"2026-11-25\"\nto = \"2026-11-26\"");
    let moved = Calendar::parse(moved.as_bytes()).unwrap();
    almanac.publish(at("2026-11-12 10:00"), Arc::new(moved));
    let after = almanac.due(OFFICE, start, Days(3), &[]).unwrap();
    assert_eq!(local(after), "2026-11-24 14:30");
    assert_eq!(local(almanac.due(OFFICE, start, Days(4), &[]).unwrap()), "2026-11-29 14:30");
    assert_eq!(almanac.in_force(at("2026-11-12 09:59")).unwrap().version(), 1);
    assert_eq!(almanac.in_force(at("2026-11-12 10:00")).unwrap().version(), 2);
}

#[test]
fn a_version_drops_the_announcements_it_does_not_contain() {
    let mut almanac = oman();
    almanac.announce(at("2026-07-01 20:00"), announcement("2026-07-05", "2026-07-05"));
    assert!(!almanac.is_open("office", at("2026-07-05 08:00")));
    let names = |almanac: &sijill_casework::calendar::Almanac, when: &str| {
        almanac.holidays(at(when)).filter(|holiday| holiday.name.en == "Holiday").count()
    };
    assert_eq!((names(&almanac, "2026-07-01 19:59"), names(&almanac, "2026-07-01 20:00")), (0, 1));

    let next = OMAN.replace("version = 1", "version = 2");
    almanac.publish(at("2026-07-02 10:00"), Arc::new(Calendar::parse(next.as_bytes()).unwrap()));
    assert!(almanac.is_open("office", at("2026-07-05 08:00")));
    assert_eq!(names(&almanac, "2026-07-02 10:00"), 0);
}

#[test]
fn a_holiday_within_another_ends_nothing() {
    let mut almanac = oman();
    almanac.announce(at("2026-03-10 12:00"), announcement("2026-03-19", "2026-03-20"));
    assert!(!almanac.is_open("office", at("2026-03-23 10:00")), "Eid goes on");
    assert!(almanac.is_open("office", at("2026-03-24 10:00")));
}

#[test]
fn the_helpline_knows_no_holiday() {
    let almanac = oman();
    let eid = at("2026-03-20 03:00");
    let always = Timing::Working("always");
    assert_eq!(almanac.due(always, eid, Time(24 * HOUR), &[]), Some(eid + DAY));
    assert_eq!(almanac.due(always, eid, Days(2), &[]), Some(eid + 2 * DAY));
}

#[test]
fn what_no_calendar_says_is_always_open() {
    let almanac = oman();
    let friday = at("2026-02-06 03:00");
    assert_eq!(almanac.due(Timing::Working("dhofar"), friday, Time(HOUR), &[]), Some(friday + HOUR));
    // An hour of New Year's Eve before there was a calendar, then the first office hours.
    let eve = at("2025-12-31 23:00");
    assert_eq!(local(almanac.due(OFFICE, eve, Time(2 * HOUR), &[]).unwrap()), "2026-01-01 08:30");
    let mut early = sijill_casework::calendar::Almanac::default();
    early.announce(0, announcement("2026-02-06", "2026-02-06"));
    assert!(early.is_open("office", friday));
}

#[test]
fn several_fall_due_at_one_instant() {
    let almanac = oman();
    let due = |start: &str, length| local(almanac.due(OFFICE, at(start), length, &[]).unwrap());
    for start in ["2026-02-05 14:30", "2026-02-06 09:00", "2026-02-07 23:59", "2026-02-08 07:30"] {
        assert_eq!(due(start, Time(7 * HOUR)), "2026-02-08 14:30");
        assert_eq!(due(start, Days(1)), "2026-02-08 14:30");
    }
}

#[test]
fn a_pause_stops_both_clocks() {
    let almanac = oman();
    let start = at("2026-02-08 07:30");
    let held = Pause { from: at("2026-02-08 09:30"), to: Some(at("2026-02-10 09:30")) };
    let due = |clock, length, pauses: &[Pause]| almanac.due(clock, start, length, pauses).map(local);
    assert_eq!(due(OFFICE, Time(4 * HOUR), &[held]).unwrap(), "2026-02-10 11:30");
    assert_eq!(due(OFFICE, Days(1), &[held]).unwrap(), "2026-02-10 14:30");
    assert_eq!(due(Timing::Wall, Time(4 * HOUR), &[held]).unwrap(), "2026-02-10 11:30");
    let endless = Pause { to: None, ..held };
    assert_eq!(due(OFFICE, Time(2 * HOUR), &[endless]).unwrap(), "2026-02-08 09:30", "it was due just then");
    assert_eq!(due(OFFICE, Time(2 * HOUR + 1), &[endless]), None);
    assert_eq!(due(Timing::Wall, Days(1), &[endless]), None);
    let backwards = Pause { from: held.to.unwrap(), to: Some(held.from) };
    assert_eq!(due(OFFICE, Time(4 * HOUR), &[backwards]).unwrap(), "2026-02-08 11:30", "no time is in it");
}

#[test]
fn papers_are_due_before_the_conference() {
    let almanac = oman();
    let conference = at("2026-03-29 10:00");
    let back = |clock, length| local(almanac.back(clock, conference, length).unwrap());
    assert_eq!(back(Timing::Wall, Days(7)), "2026-03-22 10:00");
    assert_eq!(back(OFFICE, Time(3 * HOUR)), "2026-03-26 14:00");
    // Sunday's 5/14, 24 to 26 March, then the rest of a day of Ramadan before Eid.
    assert_eq!(back(OFFICE, Days(4)), "2026-03-18 10:47:08.571");
}

#[test]
fn remaining_time_is_what_pages_show() {
    let almanac = oman();
    let (start, week) = (at("2026-02-08 07:30"), Days(5));
    let remaining = |now: &str| almanac.remaining(OFFICE, start, at(now), week, &[]);
    assert_eq!(remaining("2026-02-08 00:00"), 5 * DAY, "nothing runs before it starts");
    assert_eq!(remaining("2026-02-08 11:00"), 4 * DAY + DAY / 2);
    assert_eq!(remaining("2026-02-11 20:00"), DAY);
    assert_eq!(remaining("2026-02-12 14:30"), 0);
    assert_eq!(local(almanac.next_open("office", at("2026-03-18 14:00")).unwrap()), "2026-03-24 07:30");
}

#[test]
fn what_is_beyond_the_year_9999_never_comes() {
    let almanac = oman();
    let start = at("2026-02-08 07:30");
    for clock in [Timing::Wall, Timing::Working("always"), Timing::Working("nobody")] {
        assert_eq!(almanac.due(clock, start, Time(u64::MAX), &[]), None);
        assert_eq!(almanac.due(clock, start, Days(u32::MAX), &[]), None);
        assert_eq!(almanac.due(clock, u64::MAX, Time(1), &[]), None);
        assert_eq!(almanac.back(clock, start, Days(u32::MAX)), None);
        assert_eq!(almanac.due(clock, u64::MAX, Time(0), &[]), Some(u64::MAX), "nothing has always run");
    }
    assert_eq!(almanac.next_open("office", u64::MAX), None);
    assert_eq!(local(almanac.due(OFFICE, start, Days(99_999), &[]).unwrap()).get(..4), Some("2409"));
}
