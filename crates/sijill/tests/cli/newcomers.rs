//! What somebody meets who has never used the command: help that is true, errors that say what to do, verdicts in words.

use std::fs;

use serde_json::json;
use sijill_casework::policy::{OMAN, Policy};
use sijill_domain::event::{Grant, Role};

use crate::town::{ORIGIN, Town};

#[test]
fn help_lists_what_there_is() {
    let town = Town::new();
    for command in ["enrol", "roles", "invite"] {
        let help = town.run_for_people(&["registry", command, "--help"]).out;
        for role in Role::ALL {
            assert!(help.contains(role.as_str()), "{role} in {help}");
        }
    }
    for command in [&["members", "admit", "--help"][..], &["init", "--help"]] {
        let help = town.run_for_people(command).out;
        for grant in Grant::ALL {
            assert!(help.contains(grant.as_str()), "{grant} in {help}");
        }
    }
}

#[test]
fn what_is_required_is_said_to_be() {
    let town = Town::begun();
    let unit = ["registry", "unit", "a", "--dir", "d", "--key", "moh-root.key"];
    let unnamed = town.run(unit);
    assert!(unnamed.err.contains("--name <AR> <EN>"), "{unnamed:?}");
    assert_eq!(unnamed.refused(2), "usage");
    let append = ["append", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    let nowhere = town.run_for_people(&append);
    assert_eq!((nowhere.status, nowhere.err.lines().count()), (2, 1), "{nowhere:?}");
    assert!(nowhere.err.starts_with("sijill: usage: which ledger? Give --url"), "{nowhere:?}");
    let king = ["registry", "roles", "amal", "--roles", "king", "--dir", "d", "--key", "moh-root.key"];
    let king = town.run(king);
    assert!(king.err.contains("supervisor"), "{king:?}");
    assert_eq!(king.refused(2), "usage");
}

#[test]
fn a_case_in_evidence_is_judged_in_words() {
    let town = Town::busy();
    let audit = |file: &str| town.run_for_people(&["audit", file, "--trust", "d/trust.json"]);
    town.good(["prove", "--dir", "d", "--stream", "case/A", "--out", "e.json"]);
    let told = audit("e.json");
    assert_eq!(told.status, 0, "{told:?}");
    assert!(told.out.contains("this case (case/A): 3 events, all verified"), "{}", told.out);
    assert!(
        told.out.contains("not checked in integrity: 3 entries have disclosures that were withheld"),
        "{}",
        told.out
    );
    assert!(told.out.contains("not in this file: 1 other entry of the log"), "{}", told.out);
    assert!(
        !told.out.contains("1 entry is not there"),
        "what a file leaves out is no lack of it: {}",
        told.out
    );

    town.good(["prove", "--dir", "d", "--stream", "case/A", "--out", "f.json", "--with-disclosures"]);
    let told = audit("f.json");
    assert!(told.out.contains("3 events, all verified") && !told.out.contains("withheld"), "{}", told.out);
    // The middle of a case: what comes before it in its stream is not held.
    town.good(["prove", "--dir", "d", "--index", "9", "--out", "g.json", "--with-disclosures"]);
    let told = audit("g.json");
    assert!(told.out.contains("this case (case/A): 1 event, "), "{}", told.out);
    assert!(told.out.contains("1 entry follows events of its stream that are not held"), "{}", told.out);

    let whole = fs::read_to_string(town.path("f.json")).expect("read");
    let report = town.good(["audit", "f.json", "--trust", "d/trust.json"]);
    assert_eq!(report["levels"]["integrity"]["unchecked"], 1, "for programs it stands as Annex D has it");
    let evidence: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
    let entry = evidence["entries"].as_array().and_then(|all| all.last()).expect("entries")["entry"].clone();
    let entry = entry.as_str().expect("text");
    let forged = format!("1{}", &entry[1..].replace('Z', "Y"));
    fs::write(town.path("h.json"), whole.replace(entry, &forged)).expect("written");
    let told = audit("h.json");
    assert_eq!(told.status, 1);
    assert!(told.out.contains("1 of them at fault") && !told.out.contains("all verified"), "{}", told.out);
}

#[test]
fn an_audit_that_nobody_vouches_for_says_so_first_and_last() {
    let town = Town::busy();
    let alone = town.run_for_people(&["audit", "d"]);
    assert_eq!(alone.status, 0, "the status is the format's");
    assert!(
        alone.out.starts_with("anchored: false: WARNING, nobody outside this ledger vouches"),
        "{}",
        alone.out
    );
    assert!(alone.out.contains("\nno faults, and NOT ANCHORED"), "{}", alone.out);
    let anchored = town.run_for_people(&["audit", "d", "--trust", "d/trust.json"]);
    assert!(anchored.out.contains("\nno faults\n") && !anchored.out.contains("nchored"), "{}", anchored.out);
}

#[test]
fn the_wrong_server_is_named_before_anything_is_signed() {
    let town = Town::busy();
    let server = town.serve();
    let append = |more: &[&str]| {
        let all = ["append", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
        town.run(all.iter().chain(more))
    };
    let tls = server.url.replace("http://", "https://");
    let plain = append(&["--url", &tls]);
    assert!(plain.err.contains("does not speak TLS") && plain.err.contains("http://"), "{plain:?}");
    assert_eq!(plain.refused(2), "server-unreachable");
    let log = town.run(["audit", &format!("{tls}/log")]);
    assert!(log.err.contains("does not speak TLS"), "{log:?}");
    assert_eq!(log.refused(2), "tile-log-unreachable");

    // Another ledger's trust file; and one of the same name, begun anew.
    for (origin, said) in
        [("ledger.example/elsewhere", "it is ledger.example/2026, the trust file is of"), (ORIGIN, "log key")]
    {
        let other = Town::new();
        other.good(Town::init(&[]).into_iter().map(|arg| if arg == ORIGIN { origin } else { arg }));
        fs::copy(other.path("d/trust.json"), town.path("other.json")).expect("copied");
        let refused = append(&["--url", &server.url, "--trust", "other.json"]);
        assert!(refused.err.contains(said) && refused.err.contains("nothing was signed"), "{refused:?}");
        assert_eq!(refused.refused(2), "other-ledger");
    }
    server.stop();
    assert_eq!(town.good(["audit", "d", "--trust", "d/trust.json"])["entries"], 11);
}

#[test]
fn a_revoked_key_is_refused_with_the_same_status_here_and_over_http() {
    let town = Town::busy();
    let kid = town.good(["keys", "show", "moh-amal.key"])["kid"].as_str().expect("a kid").to_owned();
    let revoke = ["registry", "revoke", &kid, "--reason", "lost", "--dir", "d", "--key", "moh-root.key"];
    town.good(revoke);
    let append = ["append", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    assert_eq!(town.run(append.into_iter().chain(["--dir", "d"])).refused(1), "key-not-valid");
    let server = town.serve();
    let refused = town.run(append.into_iter().chain(["--url", &server.url]));
    assert!(refused.err.contains(&kid) && refused.err.contains("was revoked"), "{refused:?}");
    assert_eq!(refused.refused(1), "invalid_client");
}

#[test]
fn what_is_no_payload_is_not_signed() {
    let town = Town::busy();
    let sign =
        |file: &str| town.run(["sign", "--key", "moh-amal.key", "--type", "note.added", "--payload", file]);
    fs::write(town.path("event"), "eyJhbGciOiJFZDI1NTE5In0.e30.AA~").expect("written");
    let event = sign("event");
    assert!(event.err.contains("event is no payload") && event.err.contains("/next"), "{event:?}");
    assert_eq!(event.refused(2), "json-syntax");
    for file in ["d/trust.json", "moh-amal.key.pub"] {
        let other = sign(file);
        assert!(other.err.contains("it has no iss, sub, aud, iat, stream, seq"), "{other:?}");
        assert_eq!(other.refused(2), "file-malformed");
    }
}

#[test]
fn a_policy_waits_for_its_units_and_all_of_them_are_named() {
    let town = Town::new();
    let init = ["init", "--dir", "d", "--origin", ORIGIN, "--quorum", "2", "--ratify", "--rules", "2"];
    town.good(init.into_iter().chain(["--founder", "moh=moh-root.key", "--founder", "rop=rop-root.key"]));
    let shipped = ["documents", "shipped", "--dir", "d", "--key", "moh-root.key", "--and", "rop-root.key"];
    let run = town.run(shipped);
    assert_eq!(run.status, 2, "not everything could be done: {run:?}");
    let (told, policy) = (run.json(), Policy::parse(OMAN).expect("a policy"));
    let closed: Vec<_> =
        policy.targets().map(|to| json!({"agency": to.agency.as_str(), "unit": to.unit.as_str()})).collect();
    assert!(closed.len() > 20, "{closed:?}");
    assert_eq!(told["closed"], json!(closed));
    assert_eq!(told["waiting"], 0, "code lists and calendar are published all the same");
    let entries = town.good(["audit", "d", "--trust", "d/trust.json"])["entries"].clone();
    let people = town.run_for_people(&shipped);
    for said in [
        "  sijill registry unit hospital-ma --name AR EN --dir d --key moh-root.key\n",
        "admitted first (`sijill members admit`): cpc, ",
    ] {
        assert!(people.out.contains(said), "{said}: {}", people.out);
    }
    assert_eq!(
        town.good(["audit", "d", "--trust", "d/trust.json"])["entries"],
        entries,
        "nothing is done twice"
    );
}
