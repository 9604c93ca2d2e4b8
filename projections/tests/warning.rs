//! What each rule of early warning sees, and what it passes over.

use sijill_projections::warning::{CaseNow, Link, RULES, Review, Seen, Sign, Warning, rule, warnings};

const DAY: u64 = 86_400_000;
/// Now.
const NOW: u64 = 1_000 * DAY;

fn case(id: &str, risk: &str) -> CaseNow {
    CaseNow { id: id.into(), agency: "cpc".into(), unit: "ma".into(), officer: None, risk: risk.into() }
}

/// A sign so many days ago; its entry stands where its time does.
fn sign(kind: &str, days: u64, other: &str, code: &str) -> Sign {
    let at_ms = NOW - days * DAY;
    Sign {
        entry: 2_000 - days,
        at_ms,
        subject: "7Q".into(),
        kind: kind.into(),
        other: other.into(),
        code: code.into(),
        event: format!("{kind}-{days}"),
    }
}

fn contact(id: &str, days: u64) -> Sign {
    Sign { subject: id.into(), ..sign("contact", days, "7Q", "") }
}

fn seen(own: Vec<Sign>) -> Seen {
    Seen { case: case("7Q", "medium"), own, ..Seen::default() }
}

fn told(seen: &Seen) -> Vec<Warning> {
    warnings(std::slice::from_ref(seen), &[], NOW)
}

fn ids(seen: &Seen) -> Vec<&'static str> {
    told(seen).iter().map(|warning| warning.rule.id).collect()
}

#[test]
fn every_rule_is_in_both_languages_and_has_an_id_of_its_own() {
    let arabic = |text: &str| text.chars().any(|c| ('\u{0600}'..='\u{06ff}').contains(&c));
    for (n, one) in RULES.iter().enumerate() {
        assert_eq!(rule(one.id), Some(one), "{n}");
        for [ar, en] in [one.title, one.definition] {
            assert!(arabic(ar) && !arabic(en) && !en.is_empty(), "{}", one.id);
        }
    }
    assert_eq!(rule("none"), None);
}

#[test]
fn what_was_missed_is_told_with_its_event() {
    let missed = seen(vec![sign("opened", 30, "", ""), sign("missed", 4, "of", "see_child")]);
    let [warning] = &told(&missed)[..] else { panic!("one warning") };
    assert_eq!((warning.rule.id, warning.events()), ("missed-follow-up", vec!["missed-4"]));
    assert_eq!(warning.rests_on[0].stream(), "auto/7Q");
    assert_eq!(
        warning.said[1],
        "“Seeing the child” was missed and has not been recorded since. Days since it was missed: 4."
    );
    assert!(warning.said[0].contains("مقابلة الطفل"), "{}", warning.said[0]);
    // Each clock is a warning of its own.
    let twice = seen(vec![sign("missed", 4, "of", "see_child"), sign("missed", 9, "of", "follow_up")]);
    assert_eq!(
        told(&twice).iter().map(Warning::since_ms).collect::<Vec<_>>(),
        [NOW - 4 * DAY, NOW - 9 * DAY]
    );
}

#[test]
fn contacts_are_repeated_when_one_more_comes() {
    let begun = |contacts: Vec<Sign>| Seen {
        contacts,
        ..seen(vec![sign("opened", 40, "", ""), sign("origin", 40, "c1", "")])
    };
    // The contact that the case came from is none that repeats.
    assert!(ids(&begun(vec![])).is_empty());
    assert!(ids(&begun(vec![contact("c1", 40), contact("c1", 39)])).is_empty());
    let again = begun(vec![contact("c2", 5), contact("c3", 2), contact("c3", 1)]);
    let [warning] = &told(&again)[..] else { panic!("one warning") };
    assert_eq!(warning.rule.id, "repeat-contacts");
    assert_eq!(warning.others, ["c2", "c3"]);
    assert_eq!(warning.events(), ["contact-2", "contact-5", "opened-40"]);
    let streams: Vec<_> = warning.rests_on.iter().map(Sign::stream).collect();
    assert_eq!(streams, ["case/7Q", "contact/c2", "contact/c3"]);
    assert!(warning.said[1].starts_with("Contacts about this child: 3. Of these"), "{}", warning.said[1]);
    // What is long ago is no sign of today; neither is the only contact there ever was.
    let mut old = seen(vec![sign("opened", 200, "", ""), sign("origin", 200, "c1", "")]);
    old.contacts = vec![contact("c2", 90)];
    assert!(ids(&old).is_empty());
    old.contacts = vec![contact("c2", 89)];
    assert_eq!(ids(&old), ["repeat-contacts"]);
    let mut only = seen(vec![sign("opened", 40, "", "")]);
    only.contacts = vec![contact("c2", 5)];
    assert!(ids(&only).is_empty());
}

#[test]
fn a_linked_case_counts_by_its_relation_while_it_is_open_or_lately_was() {
    let linked = |relation: &str, closed: Option<u64>| {
        let link = Link {
            sign: sign("linked", 20, "8Q", relation),
            other: "8Q".into(),
            closed_ms: closed.map(|days| NOW - days * DAY),
            opened: Sign { subject: "8Q".into(), ..sign("opened", 50, "", "") },
        };
        Seen { links: vec![link.clone(), link], ..seen(vec![sign("opened", 60, "", "")]) }
    };
    for (relation, closed, n) in [
        ("sibling", None, 1),
        ("same_household", Some(179), 1),
        ("same_incident", Some(180), 0),
        ("same_alleged", None, 1),
        ("earlier_case", None, 0),
        ("possible_duplicate", None, 0),
    ] {
        assert_eq!(told(&linked(relation, closed)).len(), n, "{relation} {closed:?}");
    }
    let [warning] = &told(&linked("sibling", Some(3)))[..] else { panic!("one warning") };
    assert_eq!(warning.others, ["8Q"], "who may not know of it is not told");
    assert_eq!(warning.events(), ["linked-20", "opened-50"]);
    assert_eq!(warning.said[1], "Siblings: the other case (8Q) was closed. Days since then: 3.");
}

#[test]
fn a_case_is_reopened_soon_or_it_is_not() {
    let reopened = |closed: u64, again: u64| {
        ids(&seen(vec![
            sign("opened", 300, "", ""),
            sign("closed", closed, "", ""),
            sign("reopened", again, "", "x"),
        ]))
    };
    assert_eq!(reopened(95, 5), ["reopened-soon"]);
    assert!(reopened(96, 5).is_empty(), "it rested for 91 days");
    assert!(reopened(100, 90).is_empty(), "that is 90 days ago");
    assert_eq!(reopened(100, 89), ["reopened-soon"]);
}

#[test]
fn handovers_are_changes_of_who_is_in_charge() {
    let assigned = |who: &[(&str, u64)]| {
        ids(&seen(who.iter().map(|(who, days)| sign("assigned", *days, "", who)).collect()))
    };
    assert!(assigned(&[("a", 50), ("b", 40), ("c", 30)]).is_empty(), "the first is no change");
    assert_eq!(assigned(&[("a", 50), ("b", 40), ("c", 30), ("a", 20)]), ["handovers"]);
    assert!(
        assigned(&[("a", 50), ("a", 40), ("b", 30), ("c", 20)]).is_empty(),
        "the same officer again is no change"
    );
    assert!(assigned(&[("a", 99), ("b", 95), ("c", 30), ("a", 20)]).is_empty(), "one of them is long ago");
}

#[test]
fn a_review_is_of_these_events_by_this_version_of_the_rule() {
    let missed = seen(vec![sign("missed", 4, "of", "see_child")]);
    let review = |version: u64, events: &str| Review {
        case: "7Q".into(),
        entry: 1_999,
        at_ms: NOW,
        rule: "missed-follow-up".into(),
        version,
        events: events.into(),
        outcome: "wrong".into(),
        reason: "record_wrong".into(),
        ground: None,
        agency: "cpc".into(),
        unit: "ma".into(),
        officer: "amal".into(),
    };
    for (version, events, is_reviewed) in
        [(1, ",missed-4,", true), (2, ",missed-4,", false), (1, ",missed-4,opened-30,", false)]
    {
        let all = warnings(std::slice::from_ref(&missed), &[review(version, events)], NOW);
        assert_eq!(all[0].review.is_some(), is_reviewed, "{version} {events}");
    }
}

#[test]
fn the_highest_risk_comes_first_then_the_newest() {
    let of = |id: &str, risk: &str, days: u64| Seen {
        case: case(id, risk),
        own: vec![sign("missed", days, "of", "see_child")],
        ..Seen::default()
    };
    let all =
        warnings(&[of("a", "low", 1), of("b", "high", 9), of("c", "high", 2), of("d", "none", 0)], &[], NOW);
    assert_eq!(all.iter().map(|warning| warning.case.id.as_str()).collect::<Vec<_>>(), ["c", "b", "a", "d"]);
}
