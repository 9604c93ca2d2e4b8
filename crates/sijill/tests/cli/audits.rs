//! An audit finds what was tampered with, names the entry, and ends with status 1.

use std::fs;

use crate::town::Town;

const AUDIT: [&str; 4] = ["audit", "d", "--trust", "d/trust.json"];

/// The first entry of a case.
const FIRST: u64 = 7;

#[test]
fn one_flipped_byte_is_found_at_its_entry() {
    let town = Town::busy();
    assert_eq!(town.faults(AUDIT), (0, Vec::new()));
    let server = town.serve();
    server.stop();

    let path = town.path("d/ledger.sqlite");
    let whole = fs::read(&path).expect("read");
    let (_, entry) = entry(&town, FIRST);
    // A character of the signature: its end is where an entry differs from all others.
    let end = entry.as_bytes();
    let needle = &end[end.len() - 40..];
    let at: Vec<usize> =
        whole.windows(needle.len()).enumerate().filter(|(_, w)| *w == needle).map(|(i, _)| i).collect();
    assert_eq!(at.len(), 1, "the entry stands once in the file");
    let mut flipped = whole.clone();
    flipped[at[0] + 10] = if flipped[at[0] + 10] == b'A' { b'B' } else { b'A' };
    fs::write(&path, &flipped).expect("written");
    let (status, faults) = town.faults(AUDIT);
    assert_eq!(status, 1);
    assert!(
        faults.contains(&format!("event-signature@{FIRST}")) && faults.contains(&"root".to_string()),
        "{faults:?}"
    );

    // A byte that is no text any more.
    let mut flipped = whole;
    flipped[at[0] + 10] = 0xff;
    fs::write(&path, &flipped).expect("written");
    let (status, faults) = town.faults(AUDIT);
    assert_eq!(status, 1);
    assert!(faults.contains(&format!("root@{FIRST}")), "{faults:?}");
}

fn entry(town: &Town, index: u64) -> (u64, String) {
    let file = format!("proof-{index}.json");
    town.good(["prove", "--dir", "d", "--index", &index.to_string(), "--out", &file]);
    let evidence: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(town.path(&file)).expect("read")).expect("JSON");
    let entries = evidence["entries"].as_array().expect("entries");
    let entry = entries.iter().find(|entry| entry["index"] == index).expect("it is there");
    (index, entry["entry"].as_str().expect("text").to_string())
}

#[test]
fn what_the_database_keeps_beside_the_entries_is_compared() {
    let cases = [
        ("UPDATE entry SET stream = 'case/Z' WHERE idx = 8", "store@8"),
        ("UPDATE entry SET jti = x'00000000000070008000000000000001' WHERE idx = 9", "store@9"),
        ("UPDATE entry SET registry = 1 WHERE idx = 7", "store@7"),
        ("UPDATE entry SET seq = 17 WHERE idx = 10", "store@10"),
        ("UPDATE stream_head SET parties = 'moh' WHERE stream = 'case/A'", "store"),
        ("UPDATE stream_head SET seq = 1 WHERE stream = 'case/A'", "store"),
        ("UPDATE stream_head SET last = zeroblob(32) WHERE stream = 'ledger'", "store"),
        ("DELETE FROM stream_head WHERE stream = 'case/B'", "store"),
        ("INSERT INTO stream_head VALUES ('case/none', 0, zeroblob(32), 'moh')", "store"),
        ("UPDATE head SET root = zeroblob(32)", "store"),
        ("UPDATE head SET received = received + 1", "store"),
        ("UPDATE head SET size = size - 1", "store"),
        ("INSERT INTO tile VALUES (0, 0, zeroblob(8192))", "store"),
        ("INSERT INTO disclosure VALUES (1950, randomblob(32), NULL, NULL)", "store"),
        (
            "INSERT INTO entry SELECT idx + 100, 'case/planted', 0, randomblob(16), 0, entry FROM entry WHERE idx = 8",
            "store",
        ),
        (
            "UPDATE disclosure SET ciphertext = zeroblob(80) WHERE idx = 7",
            "disclosure-mismatch@7 disclosure-missing@7",
        ),
        ("DELETE FROM disclosure WHERE idx = 8", "disclosure-missing@8"),
    ];
    let town = Town::busy();
    let whole = fs::read(town.path("d/ledger.sqlite")).expect("read");
    for (sql, expected) in cases {
        town.tamper(sql);
        let (status, faults) = town.faults(AUDIT);
        assert_eq!((status, faults.join(" ").as_str()), (1, expected), "{sql}");
        fs::write(town.path("d/ledger.sqlite"), &whole).expect("written");
    }
    assert_eq!(town.faults(AUDIT), (0, Vec::new()));
}

#[test]
fn a_removed_entry_and_a_cut_off_end_are_found() {
    let town = Town::busy();
    let whole = fs::read(town.path("d/ledger.sqlite")).expect("read");
    town.tamper("DELETE FROM entry WHERE idx = 8");
    let (status, faults) = town.faults(AUDIT);
    assert_eq!(status, 1);
    assert!(faults.contains(&"root@8".to_string()), "{faults:?}");
    fs::write(town.path("d/ledger.sqlite"), &whole).expect("written");
    town.tamper("DELETE FROM entry WHERE idx >= 9");
    let (status, faults) = town.faults(AUDIT);
    assert_eq!(status, 1);
    assert!(faults.contains(&"root@9".to_string()), "{faults:?}");
}

#[test]
fn without_keys_disclosures_are_withheld_and_without_trust_nothing_is_anchored() {
    let town = Town::busy();
    fs::remove_file(town.path("d/keys/master.key")).expect("removed");
    let report = town.good(AUDIT);
    assert_eq!(report["levels"]["integrity"]["status"], "partial");
    assert_eq!(report["levels"]["integrity"]["unchecked"], 4);
    let people = town.run_for_people(&["audit", "d"]);
    assert_eq!(people.status, 0);
    assert!(people.out.starts_with("anchored: false"), "{}", people.out);
    assert!(
        people.out.contains("disclosures withheld") && people.out.contains("no faults"),
        "{}",
        people.out
    );
    assert_eq!(town.run(["export", "--dir", "d", "--out", "e"]).refused(2), "usage");
    assert_eq!(
        town.run(["prove", "--dir", "d", "--index", "7", "-o", "x", "--with-disclosures"]).refused(2),
        "usage"
    );
}

#[test]
fn what_was_held_from_earlier_is_held_against_it() {
    let town = Town::busy();
    fs::copy(town.path("d/seal"), town.path("earlier")).expect("copied");
    let append =
        ["append", "--dir", "d", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    let receipt = town.good(append).to_string();
    fs::write(town.path("receipt"), &receipt).expect("written");
    let held = ["--since", "earlier", "--receipt", "receipt"];
    assert_eq!(town.faults(AUDIT.into_iter().chain(held)), (0, Vec::new()));

    // Another ledger of the same founders: everything is consistent, and it is not the one that was trusted.
    let other = Town::busy();
    for file in ["earlier", "receipt"] {
        fs::copy(town.path(file), other.path(file)).expect("copied");
    }
    fs::copy(town.path("d/trust.json"), other.path("trust")).expect("copied");
    assert_eq!(other.faults(["audit", "d"]), (0, Vec::new()));
    let (status, faults) = other.faults(["audit", "d", "--trust", "trust"].into_iter().chain(held));
    assert_eq!(status, 1);
    assert!(
        faults.contains(&"genesis@0".to_string()) && faults.contains(&"checkpoint-signature".to_string()),
        "{faults:?}"
    );
}

#[test]
fn what_cannot_be_read_is_no_verdict() {
    let town = Town::busy();
    assert_eq!(town.run(["audit", "nowhere"]).refused(2), "file-unreadable");
    assert_eq!(town.run(["audit", "."]).refused(2), "export-malformed");
    assert_eq!(town.run(["audit", "d/seal"]).refused(2), "evidence-malformed");
    assert_eq!(town.run(["audit", "d", "--trust", "d/seal"]).refused(2), "file-malformed");
    assert_eq!(town.run(["audit", "d", "--receipt", "d/seal"]).refused(2), "file-malformed");
    assert_eq!(town.run(["audit", "http://127.0.0.1:9/log"]).refused(2), "tile-log-unreachable");
    fs::remove_file(town.path("d/ledger.sqlite")).expect("removed");
    assert_eq!(town.run(["audit", "d"]).refused(2), "store-not-found");
}
