//! Exports, evidence, backups; and a backup that must not be served.

use std::fs;

use crate::town::Town;

#[test]
fn an_export_is_audited_without_the_ledger() {
    let town = Town::busy();
    let exported = town.good(["export", "--dir", "d", "--out", "e"]);
    assert_eq!((&exported["entries"], &exported["disclosures"]), (&11.into(), &4.into()));
    // What it does not hold is said to whoever makes it, and to whoever is given it.
    assert_eq!(exported["attachments"], "none");
    let description = fs::read_to_string(town.path("e/export.json")).expect("read");
    assert!(description.contains(r#""attachments":"none""#), "{description}");
    let said = town.run_for_people(&["export", "--dir", "d", "--out", "e2"]);
    assert!(said.out.contains("attachments are not in it"), "{}", said.out);
    assert!(town.run_for_people(&["export", "--help"]).out.contains("Attachments are not in it"));
    fs::rename(town.path("d"), town.path("gone")).expect("renamed");
    let audit = ["audit", "e", "--trust", "gone/trust.json"];
    let report = town.good(audit);
    assert_eq!(report["levels"]["integrity"]["status"], "clean");
    assert_eq!(report["anchored"], true);
    assert_eq!(town.run(["export", "--dir", "gone", "--out", "e"]).refused(2), "file-exists");

    town.good(["export", "--dir", "gone", "--out", "bare", "--without-disclosures"]);
    assert!(!town.path("bare/disclosures.jsonl").exists());
    let report = town.good(["audit", "bare", "--trust", "gone/trust.json"]);
    assert_eq!(report["levels"]["integrity"]["status"], "partial");

    let lines = fs::read_to_string(town.path("e/disclosures.jsonl")).expect("read");
    let fewer: Vec<&str> = lines.lines().skip(1).collect();
    fs::write(town.path("e/disclosures.jsonl"), fewer.join("\n") + "\n").expect("written");
    assert_eq!(town.faults(audit), (1, vec!["disclosure-missing@7".to_string()]));
}

#[test]
fn evidence_of_a_case_stands_alone() {
    let town = Town::busy();
    let prove = ["prove", "--dir", "d", "--stream", "case/A", "-o", "case.json"];
    assert_eq!(town.good(prove)["entries"], 3);
    assert_eq!(town.run(prove).refused(2), "file-exists");
    fs::rename(town.path("d"), town.path("gone")).expect("renamed");
    let audit = ["audit", "case.json", "--trust", "gone/trust.json"];
    assert_eq!(town.faults(audit), (0, Vec::new()));
    let text = fs::read_to_string(town.path("case.json")).expect("read");
    let evidence: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let indexes: Vec<u64> =
        evidence["entries"].as_array().expect("entries").iter().filter_map(|e| e["index"].as_u64()).collect();
    assert_eq!(indexes, [0, 1, 2, 3, 4, 5, 6, 7, 9, 10], "the case and the registry, not the other case");
    assert!(
        indexes
            .iter()
            .all(|i| evidence["entries"][usize::try_from(*i).expect("small").min(9)]["disclosures"]
                == serde_json::json!([]))
    );

    let forged = text.replacen("\"disclosures\":[]", "\"disclosures\":[\"WyJhIl0\"]", 1);
    fs::write(town.path("case.json"), forged).expect("written");
    assert_eq!(town.faults(audit), (1, vec!["disclosure-mismatch@0".to_string()]));
}

#[test]
fn evidence_holds_disclosures_only_when_asked() {
    let town = Town::busy();
    town.good(["prove", "--dir", "d", "--index", "8", "-o", "without.json"]);
    town.good(["prove", "--dir", "d", "--index", "8", "-o", "with.json", "--with-disclosures"]);
    let disclosures = |file: &str| {
        let text = fs::read_to_string(town.path(file)).expect("read");
        let evidence: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let entry =
            evidence["entries"].as_array().expect("entries").iter().find(|e| e["index"] == 8).cloned();
        entry.expect("it is there")["disclosures"].as_array().expect("an array").len()
    };
    assert_eq!((disclosures("without.json"), disclosures("with.json")), (0, 1));
    assert_eq!(town.faults(["audit", "with.json", "--trust", "d/trust.json"]), (0, Vec::new()));
    assert_eq!(town.run(["prove", "--dir", "d", "--index", "99", "-o", "x"]).refused(2), "usage");
    assert_eq!(town.run(["prove", "--dir", "d", "--stream", "case/none", "-o", "x"]).refused(2), "usage");
}

#[test]
fn a_bare_proof_is_c2sp_text() {
    let town = Town::busy();
    town.good(["prove", "--dir", "d", "--index", "8", "--tlog-proof", "-o", "p"]);
    let proof = fs::read_to_string(town.path("p")).expect("read");
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\nindex 8\n"), "{proof}");
    let seal = fs::read_to_string(town.path("d/seal")).expect("read");
    assert!(proof.ends_with(&seal), "it leads to the sealed checkpoint");
    let two = ["prove", "--dir", "d", "--index", "8", "--index", "9", "--tlog-proof", "-o", "q"];
    assert_eq!(town.run(two).refused(2), "usage");
}

#[test]
fn a_backup_restored_over_a_newer_seal_refuses_to_serve_and_says_what_to_do() {
    let town = Town::busy();
    let server = town.serve();
    let backup = town.good(["backup", "--dir", "d", "--out", "b", "--keystore-out", "k"]);
    assert_eq!(backup["written"], serde_json::json!(["b", "k"]));
    assert_eq!(town.run(["backup", "--dir", "d", "--out", "b"]).refused(2), "file-exists");
    let append = ["append", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    town.good(append.into_iter().chain(["--url", server.url.as_str()]));
    server.stop();

    fs::copy(town.path("d/ledger.sqlite"), town.path("newest.sqlite")).expect("copied");
    fs::copy(town.path("b/ledger.sqlite"), town.path("d/ledger.sqlite")).expect("restored");
    let serve = ["serve", "--dir", "d", "--listen", "127.0.0.1:0"];
    let refused = town.run_for_people(&serve);
    assert_eq!(refused.status, 2);
    assert!(refused.err.contains("behind-seal"), "{}", refused.err);
    assert!(refused.err.contains("never delete the seal"), "it says what to do: {}", refused.err);
    assert_eq!(town.run(append.into_iter().chain(["--dir", "d"])).refused(2), "behind-seal");
    let (status, faults) = town.faults(["audit", "d"]);
    assert_eq!(status, 1);
    assert!(faults.contains(&"root@11".to_string()), "the audit sees it too: {faults:?}");

    fs::copy(town.path("newest.sqlite"), town.path("d/ledger.sqlite")).expect("restored");
    town.good(append.into_iter().chain(["--dir", "d"]));
    fs::remove_file(town.path("d/seal")).expect("removed");
    assert_eq!(town.run(serve).refused(2), "seal-missing");
    assert_eq!(town.run(["backup", "--dir", "d", "--out", "late"]).refused(2), "source-unreadable");
}

#[test]
fn a_whole_backup_with_its_own_seal_goes_on() {
    let town = Town::busy();
    let server = town.serve();
    town.good(["backup", "--dir", "d", "--out", "b", "--keystore-out", "k"]);
    server.stop();
    // Everything but the keys is lost, and comes back from the two backups.
    fs::rename(town.path("d/keys"), town.path("keys")).expect("renamed");
    fs::remove_dir_all(town.path("d")).expect("removed");
    fs::rename(town.path("b"), town.path("d")).expect("renamed");
    fs::rename(town.path("keys"), town.path("d/keys")).expect("renamed");
    fs::rename(town.path("k"), town.path("d/keystore")).expect("renamed");
    let append =
        ["append", "--dir", "d", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    assert_eq!(town.good(append)["index"], 11);
    let report = town.good(["audit", "d", "--trust", "d/trust.json"]);
    assert_eq!(report["levels"]["integrity"]["status"], "clean", "disclosures included");
}

#[test]
fn a_backup_never_carries_the_other() {
    let town = Town::busy();
    fs::create_dir(town.path("real")).expect("made");
    std::os::unix::fs::symlink("real", town.path("link")).expect("linked");
    let inside = [("b", "b/k"), ("k/b", "k"), ("b", "b"), ("b", "x/../b/k"), ("real/b", "link/b/k")];
    for (out, keystore_out) in inside {
        let run = town.run(["backup", "--dir", "d", "--out", out, "--keystore-out", keystore_out]);
        assert_eq!(run.refused(2), "usage", "{out} {keystore_out}");
    }
    assert!(!town.path("b").exists() && !town.path("k").exists(), "nothing was made");
    town.good(["backup", "--dir", "d", "--out", "real/b", "--keystore-out", "real/bk"]);
}

#[test]
fn an_interrupted_backup_is_begun_again() {
    let town = Town::busy();
    fs::create_dir(town.path("b.partial")).expect("made");
    fs::write(town.path("b.partial/ledger.sqlite"), "half").expect("written");
    town.good(["backup", "--dir", "d", "--out", "b"]);
    assert!(!town.path("b.partial").exists());
    assert!(fs::metadata(town.path("b/ledger.sqlite")).expect("there").len() > 10_000);
}
