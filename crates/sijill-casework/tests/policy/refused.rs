//! What is refused, and what is found: each code once, by one change to the policy that comes with the programme.

use sijill_casework::codes::CodeBook;
use sijill_casework::policy::{OMAN, Policy, PolicyError};

use crate::shipped;

/// The policy with one text in place of another.
fn changed(from: &str, to: &str) -> String {
    let text = std::str::from_utf8(OMAN).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn refused(from: &str, to: &str) -> PolicyError {
    Policy::parse(changed(from, to).as_bytes()).unwrap_err()
}

fn line(from: &str) -> usize {
    let text = std::str::from_utf8(OMAN).unwrap();
    1 + text[..text.find(from).unwrap()].matches('\n').count()
}

#[test]
fn what_has_no_meaning_is_refused_with_its_line() {
    for (from, to) in [
        ("within = \"30m\"", "within = \"soon\""),
        ("within = \"30m\"", "within = \"30m\"\nwhithin = \"30m\""),
        ("clock = \"wall\"", "clock = \"sand\""),
        ("milestone = \"acknowledge\"", "milestone = \"applaud\""),
        ("any = \"rop/desk\"", "any = \"rop\""),
        ("when.risk = [\"high\"]", "when.risc = [\"high\"]"),
        ("when.risk = [\"high\"]", "when.risk = [\"very high\"]"),
        ("then = \"nothing\"", "then = \"something\""),
        ("effective = \"2026-01-01\"", "effective = \"2026-02-30\""),
        ("[grace]", "[grace"),
    ] {
        let error = refused(from, to);
        assert_eq!(error.code(), "policy-malformed", "{to}");
        let PolicyError::Malformed { line: at, .. } = error else { panic!("{error}") };
        let (found, begun) = (at, line(from));
        // An untagged word is told at its place or at the table it stands in.
        assert!(
            found == begun || found == begun + 1 || to.contains("something"),
            "{to}: {found}, not {begun}"
        );
    }
    let error = Policy::parse(b"[policy]\n\xff").unwrap_err();
    assert!(matches!(error, PolicyError::Malformed { line: 2, .. }), "{error}");
}

#[test]
fn ids_stand_once() {
    for (what, from, to) in [
        ("rule", "id = \"at-risk\"", "id = \"high\""),
        ("table", "id = \"health\"", "id = \"protection\""),
        ("deadline", "id = \"acknowledge-routine\"", "id = \"acknowledge-urgent\""),
    ] {
        let error = refused(from, to);
        assert_eq!(error.code(), "policy-twice");
        assert!(
            matches!(error, PolicyError::Twice { line: at, what: of, .. } if at == line(from) && of == what)
        );
    }
}

#[test]
fn a_deadline_goes_by_what_owes_it() {
    for (from, to) in [
        ("of = \"referral\"", "of = \"case\""),
        ("when = { priority = [\"urgent\"] }", "when = { risk = [\"high\"] }"),
        ("when = { risk = [\"high\"] }", "when = { priority = [\"urgent\"] }"),
    ] {
        assert_eq!(refused(from, to).code(), "policy-deadline-of", "{to}");
    }
}

#[test]
fn what_is_wrong_is_found() {
    for (code, from, to) in [
        ("policy-undecided", "when.risk = [\"none\"]", "when.risk = [\"none\"]\nwhen.age = [\"0-4\"]"),
        ("policy-conflict", "when.risk = [\"none\"]", "when.risk = [\"none\", \"high\"]"),
        ("policy-rule-unreachable", "when.risk = [\"none\"]", "when.risk = []"),
        ("policy-code-unknown", "when.risk = [\"none\"]", "when.risk = [\"none\", \"extreme\"]"),
        ("policy-code-unknown", "service = \"health\"", "service = \"healing\""),
        ("policy-code-unknown", "reason = \"search\"", "reason = \"looking\""),
        ("policy-code-unknown", "legal_basis = \"best_interest\"", "legal_basis = \"habit\""),
        ("policy-code-unknown", "\"awaiting_court\"", "\"awaiting_godot\""),
        ("policy-code-unknown", "[\"urgent\"]", "[\"urgent\", \"asap\"]"),
        (
            "policy-code-unknown",
            "risk = [\"medium\", \"low\", \"none\"] }",
            "risk = [\"medium\", \"low\", \"none\", \"nil\"] }",
        ),
        ("policy-code-unknown", "OM-MA = ", "OM-XX = "),
        ("policy-target-unknown", "to = \"hospital\"", "to = \"clinic\""),
        ("policy-target-missing", "OM-WU = \"cpc/wu\"\n", ""),
        ("policy-field-set-unknown", "fields = \"stay\"", "fields = \"everything\""),
        ("policy-field-unknown", "\"identity.place\"", "\"identity\""),
        ("policy-field-unknown", "\"identity.place\"", "\"identity.shoe_size\""),
        ("policy-field-unknown", "\"identity.place\"", "\"casework.concerns\""),
        ("policy-field-unknown", "\"identity.place\"", "\"reporter.reporter_name\""),
        ("policy-consent-prescribed", "legal_basis = \"best_interest\"", "legal_basis = \"consent\""),
        ("policy-deadline-missing", "when = { priority = [\"urgent\"] }", "when = { priority = [] }"),
        ("policy-deadline-twice", "when = { priority = [\"urgent\"] }\n", ""),
        ("policy-reminder-too-early", "remind = [\"15m\"]", "remind = [\"30m\"]"),
        ("policy-ladder-unknown", "ladder = \"urgent\"", "ladder = \"rope\""),
        ("policy-source-missing", "source = \"Nothing is missing\"", "source = \" \""),
        ("policy-source-missing", "source = \"Nothing is missing\"\n", ""),
        ("policy-text-missing", "en = \"Health\"", "en = \"\""),
    ] {
        let text = changed(from, to);
        let found = Policy::parse(text.as_bytes()).unwrap().check(&shipped());
        assert!(found.iter().any(|finding| finding.code() == code), "{code}: {to}: {found:?}");
    }
}

#[test]
fn without_lists_nothing_can_be_checked() {
    let found = Policy::parse(OMAN).unwrap().check(&CodeBook::new());
    let missing = found.iter().filter(|finding| finding.code() == "policy-list-missing").count();
    assert_eq!(missing, 9, "{found:?}");
}
