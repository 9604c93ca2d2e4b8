//! Keys, a new ledger, and what is refused on the way.

use std::fs;

use crate::town::{ORIGIN, Town};

#[test]
fn a_new_ledger_is_whole_and_private() {
    let town = Town::begun();
    for file in [
        "sijill.toml",
        "ledger.sqlite",
        "keystore/keys.sqlite",
        "seal",
        "trust.json",
        "keys/log.key",
        "keys/master.key",
    ] {
        assert!(town.path("d").join(file).is_file(), "{file}");
    }
    #[cfg(unix)]
    for file in ["keys/log.key", "keys/operator.key", "keys/token.key", "keys/master.key", "sijill.toml"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(town.path("d").join(file)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(town.faults(["audit", "d", "--trust", "d/trust.json"]), (0, Vec::new()));
    assert!(!town.path("d/ledger.sqlite-wal").exists(), "closed tidily");
}

#[test]
fn nothing_is_made_of_a_ledger_that_would_be_refused() {
    let town = Town::new();
    let founders = ["--founder", "moh=moh-root.key", "--founder", "rop=rop-root.key"];
    let init = |quorum: &'static str, origin: &'static str| {
        ["init", "--dir", "d", "--origin", origin, "--quorum", quorum].into_iter().chain(founders)
    };
    for quorum in ["0", "1", "3"] {
        let run = town.run(init(quorum, ORIGIN));
        assert_eq!(run.refused(2), "usage");
        assert!(run.err.contains(&format!("with 2 founders --quorum is 2, not {quorum}")), "{}", run.err);
    }
    let alone = ["init", "--dir", "d", "--origin", ORIGIN, "--quorum", "3", "--founder", "moh=moh-root.key"];
    let run = town.run(alone);
    assert_eq!(run.refused(2), "usage");
    assert!(run.err.contains("with 1 founder --quorum is 1, not 3"), "{}", run.err);
    assert_eq!(town.run(init("2", "with space")).refused(2), "usage");
    assert_eq!(town.run(Town::init(&["--founder", "moe=moh-root.key"])).refused(2), "file-malformed");
    assert_eq!(town.run(Town::init(&["--founder", "moh"])).refused(2), "usage");
    assert_eq!(town.run(Town::init(&["--grants", "moh=everything"])).refused(2), "usage");
    assert!(!town.path("d").exists());
    town.good(Town::init(&[]));
    assert_eq!(town.run(Town::init(&[])).refused(2), "file-exists");
}

#[test]
fn wrong_usage_is_an_error_as_any_other() {
    let town = Town::new();
    for args in
        [&["audit"][..], &["audit", "d", "--nonsense"], &["nonsense"], &[], &["append", "--wait", "long"]]
    {
        assert_eq!(town.run(args).refused(2), "usage", "{args:?}");
        let told = town.run_for_people(args);
        assert!(told.status == 2 && told.out.is_empty() && told.err.contains("Usage:"), "{told:?}");
        assert!(told.err.starts_with("sijill: usage: ") && !told.err.contains("error:"), "{told:?}");
    }
    let names: [(&[&str], &[&str]); 5] = [
        (&["append", "--key", "moh-amal.key"], &["--stream <STREAM>|--file <FILE>"]),
        (&["prove", "--dir", "d", "--out", "y"], &["--index <N>|--stream <STREAM>"]),
        (&["case", "show", "X", "--url", "http://127.0.0.1:9"], &["--key <FILE>"]),
        (&["case", "queue", "moh/intake", "--url", "http://127.0.0.1:9"], &["--key <FILE>"]),
        (&["why", "X"], &["--dir <DIR>|--export <DIR>|--url <URL>"]),
    ];
    for (args, ways) in names {
        let told = town.run_for_people(args);
        assert!(told.status == 2 && told.err.starts_with("sijill: usage: "), "{told:?}");
        assert!(ways.iter().all(|way| told.err.contains(way)) && !told.err.contains("tip:"), "{told:?}");
    }
    for (args, said) in [(["audit", "--help"], "Usage:"), (["audit", "--version"], "sijill")] {
        let told = town.run(args);
        assert!(told.status == 0 && told.err.is_empty() && told.out.contains(said), "{told:?}");
    }
}

#[test]
fn founders_ratify_for_themselves_and_until_then_nothing_goes() {
    let town = Town::new();
    let public = ["--founder", "moh=moh-root.key.pub", "--founder", "rop=rop-root.key.pub"];
    let begun =
        town.good(["init", "--dir", "d", "--origin", ORIGIN, "--quorum", "2"].into_iter().chain(public));
    let created = begun["created"].as_str().expect("a hash");
    let ratify = |key| ["members", "ratify", "--dir", "d", "--key", key];
    assert_eq!(town.good(ratify("moh-root.key"))["index"], 1);
    let unit = ["registry", "unit", "a", "--name", "أ", "A", "--dir", "d", "--key", "moh-root.key"];
    assert_eq!(town.run(unit).refused(1), "not-ratified");
    assert_eq!(town.run(ratify("moh-root.key")).refused(1), "already-ratified");
    assert_eq!(town.good(ratify("rop-root.key").into_iter().chain(["--created", created]))["index"], 2);
    assert_eq!(town.good(unit)["index"], 3);
}

#[test]
fn keys_are_shown_without_their_secret_and_never_overwritten() {
    let town = Town::new();
    let secret = fs::read_to_string(town.path("moh-amal.key")).expect("read");
    let secret: serde_json::Value = serde_json::from_str(&secret).expect("JSON");
    let shown = town.run(["keys", "show", "moh-amal.key", "--origin", ORIGIN]);
    assert!(!shown.out.contains(secret["d"].as_str().expect("d")));
    assert!(shown.good()["vkey"].as_str().is_some_and(|vkey| vkey.starts_with(ORIGIN)));
    let again = ["keys", "new", "--agency", "moh", "--officer", "amal", "--out", "moh-amal.key"];
    assert_eq!(town.run(again).refused(2), "file-exists");
    assert_eq!(
        town.run(["keys", "proof", "moh-amal.key.pub", "--origin", ORIGIN]).refused(2),
        "key-public-only"
    );
    assert_eq!(town.run(["keys", "show", "none.key"]).refused(2), "file-unreadable");
    assert_eq!(town.run(["keys", "new", "--out", "nowhere/x.key"]).refused(2), "file-unwritable");
    assert_eq!(town.run(["keys", "new", "--agency", "MOH", "--out", "x.key"]).refused(2), "usage");
}

#[test]
fn a_key_that_others_can_read_signs_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let town = Town::begun();
    fs::set_permissions(town.path("moh-root.key"), fs::Permissions::from_mode(0o644)).expect("chmod");
    let unit = ["registry", "unit", "a", "--name", "أ", "A", "--dir", "d", "--key", "moh-root.key"];
    assert_eq!(town.run(unit).refused(2), "key-exposed");
}

#[test]
fn an_agency_is_admitted_when_both_approve() {
    let town = Town::begun();
    town.good(["keys", "new", "--agency", "moe", "--officer", "root", "--out", "moe-root.key"]);
    let proof = town.good(["keys", "proof", "moe-root.key", "--origin", ORIGIN]).to_string();
    fs::write(town.path("moe.json"), proof).expect("written");
    let admit =
        ["members", "admit", "--dir", "d", "--key", "moh-root.key", "--proof", "moe.json", "--member"];
    let terms = ["--name", "التعليم", "Education", "--grants", "casework", "--approve"];
    let proposed = town.good(admit.into_iter().chain(terms));
    let hash = proposed["hash"].as_str().expect("a hash");
    let unit = ["registry", "unit", "a", "--name", "أ", "A", "--dir", "d", "--key", "moe-root.key"];
    assert_eq!(town.run(unit).refused(1), "key-not-valid");
    town.good(["members", "approve", hash, "--dir", "d", "--key", "rop-root.key"]);
    town.good(unit);
    let propose = ["members", "propose", "--dir", "d", "--key", "moh-root.key", "--action"];
    assert_eq!(town.run(propose.into_iter().chain([r#"{"do":"tea.make"}"#])).refused(2), "usage");
    assert_eq!(town.faults(["audit", "d", "--trust", "d/trust.json"]), (0, Vec::new()));
}

#[test]
fn a_registrar_keeps_officers_and_keys() {
    let town = Town::begun();
    town.enrol(&["--dir", "d"]);
    let at = ["--dir", "d", "--key", "moh-root.key"];
    let run = |args: &[&str]| town.run(args.iter().copied().chain(at));
    town.good(["keys", "new", "--agency", "moh", "--officer", "amal", "--out", "second.key"]);
    let proof = town.good(["keys", "proof", "second.key", "--origin", ORIGIN]).to_string();
    fs::write(town.path("second.json"), proof).expect("written");
    run(&["registry", "add-key", "--proof", "second.json"]).good();
    assert_eq!(run(&["registry", "add-key", "--proof", "second.json"]).refused(1), "key-known");
    let kid = town.good(["keys", "show", "second.key"])["kid"].as_str().expect("a kid").to_string();
    run(&["registry", "revoke", &kid, "--reason", "lost"]).good();
    assert_eq!(run(&["registry", "revoke", &kid, "--reason", "lost"]).refused(1), "key-unknown");
    // One key id in 64 begins like an option.
    let dashed = format!("-p{}", &kid[2..]);
    assert_eq!(run(&["registry", "revoke", &dashed, "--reason", "lost"]).refused(1), "key-unknown");
    assert_eq!(run(&["members", "approve", &dashed]).refused(1), "proposal-unknown");
    run(&["registry", "revoke", &kid, "--compromised-since", "2026-01-01T00:00:00Z"]).good();
    run(&["registry", "roles", "amal", "--roles", "casework"]).good();
    assert_eq!(run(&["registry", "roles", "amal", "--roles", "king"]).refused(2), "usage");
    run(&["registry", "remove", "amal", "--reason", "left"]).good();
    let append =
        ["append", "--dir", "d", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    assert_eq!(town.run(append).refused(1), "key-not-valid");

    let foreign = town.good(["keys", "proof", "rop-auditor.key", "--origin", "other.example"]).to_string();
    fs::write(town.path("foreign.json"), foreign).expect("written");
    assert_eq!(run(&["registry", "add-key", "--proof", "foreign.json"]).refused(2), "file-malformed");
}
