use super::super::map::tests::MAP;
use super::*;

/// Rows of `case what when group start due end channel who`; `-` is an empty cell.
fn plan(map: &str, rows: &[&str]) -> (Vec<Planned>, Vec<Trouble>, Cases) {
    let map = Map::parse(map).expect("a map");
    let mut script = Script::new(&map, &map.columns()).expect("a script");
    let (mut planned, mut refused) = (Vec::new(), Vec::new());
    for (text, line) in rows.iter().zip(2..) {
        let cells: Vec<Option<String>> =
            text.split(' ').map(|cell| (cell != "-").then(|| cell.to_owned())).collect();
        let event = cells[1].is_some() || cells[2].is_some();
        match script.row(&Row { line, cells, event }) {
            Ok(events) => planned.extend(events),
            Err(trouble) => refused.push(trouble),
        }
    }
    planned.extend(script.finish());
    (planned, refused, script.cases)
}

fn told(planned: &[Planned]) -> Vec<String> {
    let told = |event: &Planned| {
        let id = event.stream.id().unwrap_or_default();
        format!("{id} {} {} {}", event.event_type, event.unit.id, event.occurred)
    };
    planned.iter().map(told).collect()
}

const ROWS: [&str; 4] = [
    "1 open 2026-01-02T10:00Z A 2026-01-01T00:00Z 2026-02-01T00:00Z 2026-03-01T00:00Z 1100 amal",
    "1 seen 2026-01-03T10:00Z - 2026-01-01T00:00Z 2026-02-01T00:00Z 2026-03-01T00:00Z 1100 -",
    "2 seen 2026-01-04T10:00Z B - - - - test",
    "3 - - - 2026-01-05T00:00Z - 2026-01-04T00:00Z desk -",
];

#[test]
fn a_case_is_opened_worked_on_and_ended() {
    let (planned, refused, cases) = plan(MAP, &ROWS);
    assert_eq!(refused, []);
    let group_b = super::super::name::unit_id("B", |_| false);
    assert_eq!(
        told(&planned),
        [
            "1 case.opened archive 2026-01-01T00:00:00Z".to_owned(),
            "1 deadline.set archive 2026-01-01T00:00:00Z".to_owned(),
            "1 file.opened desk-a 2026-01-02T10:00:00Z".to_owned(),
            "1 step.completed archive 2026-01-03T10:00:00Z".to_owned(),
            "1 case.ended archive 2026-03-01T00:00:00Z".to_owned(),
            "2 case.opened archive 2026-01-04T10:00:00Z".to_owned(),
            format!("2 step.completed {group_b} 2026-01-04T10:00:00Z"),
            "3 case.opened archive 2026-01-05T00:00:00Z".to_owned(),
            "3 case.ended archive 2026-01-04T00:00:00Z".to_owned(),
        ]
    );
    let due =
        planned[1].fields.iter().find(|(_, name, _)| name == "deadline").map(|(_, _, value)| value.clone());
    assert_eq!(due, Some("2026-02-01T00:00:00Z".into()));
    assert!(planned[3].fields.contains(&(Some(Class::Casework), "actor".to_owned(), Json::Null)));
    let (all, no_events, no_start) = (cases.all, cases.without_events, cases.without_start);
    assert_eq!((all, no_events, no_start), (3, 1, 1));
    assert_eq!((cases.without_deadline, cases.without_end, cases.differing), (2, 1, 0));
    assert_eq!((cases.ended_after_last_row, cases.ended_before_last_row), (1, 0));
    assert_eq!((cases.ended_in_time, cases.ended_late), (0, 1));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    let rows = [
        "- seen 2026-01-01T00:00Z - - - - - -",
        "1 - 2026-01-01T00:00Z A - - - - -",
        "1 seen - A - - - - -",
        "1 seen 1.1.2026 A - - - - -",
        "1 seen 2026-01-01T00:00Z A yesterday - - - -",
        "1 seen 2026-01-01T00:00Z A - - soon - -",
        "1 seen 2026-01-01T00:00Z A - - - - -",
        "4 - - - - - - - -",
    ];
    let (planned, refused, cases) = plan(MAP, &rows);
    assert_eq!(
        told(&planned),
        ["1 case.opened archive 2026-01-01T00:00:00Z", "1 step.completed desk-a 2026-01-01T00:00:00Z"]
    );
    let codes: Vec<(u64, &str)> = refused.iter().map(|t| (t.line, t.code.as_str())).collect();
    assert_eq!(
        codes,
        [
            (2, "no-case"),
            (3, "no-activity"),
            (4, "no-time"),
            (5, "bad-time"),
            (6, "bad-time"),
            (7, "bad-time"),
            (9, "no-time"),
        ]
    );
    assert_eq!(cases.all, 1);
}

#[test]
fn the_same_file_gives_the_same_keys_and_a_longer_one_keeps_them() {
    let keys = |rows: &[&str]| plan(MAP, rows).0.iter().map(|event| event.jti).collect::<Vec<_>>();
    let all = keys(&ROWS);
    assert_eq!(all, keys(&ROWS));
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    // Next year's file knows the end of case 2 and another channel of case 1: nothing else is new.
    let later = [
        ROWS[0].replace("1100", "web"),
        ROWS[1].replace("1100", "web"),
        ROWS[2].replace("B - - -", "B - - 2026-04-01T00:00Z"),
    ];
    let later: Vec<&str> = later.iter().map(String::as_str).collect();
    let new: Vec<_> = plan(MAP, &later).0.into_iter().filter(|event| !all.contains(&event.jti)).collect();
    assert_eq!(told(&new), ["2 case.ended archive 2026-04-01T00:00:00Z"]);
}

#[test]
fn equal_rows_at_one_time_are_two_events() {
    let row = "1 seen 2026-01-01T00:00Z A - - - - -";
    let other = "1 sent 2026-01-01T00:00Z A - - - - -";
    let (planned, _, _) = plan(MAP, &[row, other, row]);
    let keys: HashSet<_> = planned.iter().map(|event| event.jti).collect();
    assert_eq!((planned.len(), keys.len()), (4, 4));
}

#[test]
fn scattered_rows_end_with_the_file_and_where_they_should_not_be_are_refused() {
    let (first, second) = (ROWS[0], ROWS[2]);
    let again = "1 sent 2026-04-01T00:00Z A 2026-01-01T00:00Z 2026-02-01T00:00Z 2026-03-01T00:00Z other -";
    let (_, refused, _) = plan(MAP, &[first, second, again]);
    assert!(matches!(refused.as_slice(), [t] if (t.line, t.code.as_str()) == (4, "case-scattered")));
    let scattered = MAP.replace("group = \"group\"", "group = \"group\"\nrows = \"scattered\"");
    let (planned, refused, cases) = plan(&scattered, &[first, second, again]);
    assert_eq!(refused, []);
    assert_eq!(told(&planned).last().map(String::as_str), Some("1 case.ended archive 2026-03-01T00:00:00Z"));
    assert_eq!((planned.len(), cases.differing, cases.ended_before_last_row), (7, 1, 1));
}

/// A rule sets the deadline; where the file has another one, that one was varied.
#[test]
fn deadlines_follow_a_rule_and_are_varied() {
    let map = MAP.replace("[case.ended]", "[case.rule]\ndays = 31\n[case.ended]");
    let rows = [
        "1 open 2026-01-02T10:00Z A 2026-01-01T00:00Z 2026-02-01T00:00Z 2026-03-01T00:00Z 1100 amal",
        "2 open 2026-01-02T10:00Z A 2026-01-01T00:00+04:00 2026-02-03T00:00Z 2026-02-02T00:00Z 1100 amal",
        "3 open 2026-01-02T10:00Z A 2026-01-01T00:00Z - - 1100 amal",
    ];
    let (planned, refused, cases) = plan(&map, &rows);
    assert_eq!(refused, []);
    let said = |name: &str| -> Vec<String> {
        let of = |event: &Planned| {
            let value = event.fields.iter().find(|(_, field, _)| field == name)?.2.as_str()?.to_owned();
            Some(format!("{} {} {value}", event.stream.id().unwrap_or_default(), event.event_type))
        };
        planned.iter().filter_map(of).collect()
    };
    let set = ["2026-02-01T00:00:00Z", "2026-02-01T00:00:00+04:00", "2026-02-01T00:00:00Z"];
    let set: Vec<String> = (1..).zip(set).map(|(case, time)| format!("{case} deadline.set {time}")).collect();
    assert_eq!(said("deadline"), set);
    assert_eq!(said("until"), ["2 deadline.varied 2026-02-03T00:00:00Z"]);
    assert_eq!((cases.ended_late, cases.ended_in_time, cases.without_deadline), (1, 1, 1));
    let jtis: HashSet<_> = planned.iter().map(|event| event.jti).collect();
    assert_eq!(jtis.len(), planned.len());
}
