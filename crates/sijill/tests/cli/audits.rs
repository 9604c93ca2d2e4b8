//! An audit finds what was tampered with, names the entry, and ends with status 1.

use std::fs;

use crate::town::{ORIGIN, Town};

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
        // Rows in the vault that no entry names.
        ("INSERT INTO disclosure VALUES (9, randomblob(32), NULL, NULL)", "store@9"),
        ("INSERT INTO disclosure VALUES (2, randomblob(32), randomblob(16), x'00')", "store@2"),
        (
            "INSERT INTO attachment VALUES (randomblob(16), 0, randomblob(32), 9, 1, randomblob(16), 9, 0)",
            "store@9",
        ),
        (
            "INSERT INTO attachment VALUES (randomblob(16), 0, randomblob(32), 9, 1, randomblob(16), 2, 0)",
            "store@2",
        ),
        (
            "INSERT INTO attachment VALUES (randomblob(16), 0, randomblob(32), 9, 1, randomblob(16), 99, 0)",
            "store",
        ),
        ("INSERT INTO attachment VALUES (randomblob(16), 0, randomblob(32), 9, 0, NULL, NULL, 1)", "store"),
        ("UPDATE document SET bytes = x'01'", "store"),
        ("INSERT INTO document VALUES (randomblob(32), 0, x'00')", "store"),
        ("INSERT INTO tile VALUES (3, 9, zeroblob(8192))", "store"),
        ("INSERT INTO tile VALUES (9, 0, zeroblob(8192))", "store"),
        // Tables and columns that no ledger writes.
        ("DROP TABLE tile", "store"),
        ("DROP TABLE head", "store"),
        ("DELETE FROM head", "store"),
        ("DROP TABLE stream_head", "store"),
        ("DROP TABLE attachment", "store"),
        // Rows that nobody reads, and a schema no migration makes.
        (
            "CREATE TABLE free AS SELECT * FROM entry; DROP TABLE entry; ALTER TABLE free RENAME TO entry;
             INSERT INTO entry SELECT idx, stream, seq, jti, registry, 'other' FROM entry WHERE idx = 8",
            "store",
        ),
        ("INSERT INTO attachment_chunk VALUES (randomblob(16), 0, x'00')", "store"),
        ("CREATE TRIGGER late AFTER INSERT ON entry BEGIN DELETE FROM tile; END", "store"),
        ("ALTER TABLE tile RENAME TO shadow; CREATE VIEW tile AS SELECT * FROM shadow", "store"),
        ("DROP INDEX entry_registry", "store"),
        ("PRAGMA ignore_check_constraints = 1; UPDATE head SET root = x'00'", "store"),
        ("PRAGMA ignore_check_constraints = 1; UPDATE entry SET jti = x'00' WHERE idx = 8", "store@8"),
        (
            "PRAGMA ignore_check_constraints = 1; INSERT INTO disclosure VALUES (8, x'00', NULL, NULL)",
            "disclosure-missing@8 store@8",
        ),
        (
            "PRAGMA ignore_check_constraints = 1; UPDATE stream_head SET last = x'00' WHERE stream = 'case/A'",
            "store",
        ),
    ];
    let town = Town::busy();
    // A document, which is one zero byte, under its hash.
    town.tamper(
        "INSERT INTO document VALUES (x'6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', 0, x'00')",
    );
    let whole = fs::read(town.path("d/ledger.sqlite")).expect("read");
    for (sql, expected) in cases {
        town.tamper(sql);
        let (status, faults) = town.faults(AUDIT);
        assert_eq!((status, faults.join(" ").as_str()), (1, expected), "{sql}");
        fs::write(town.path("d/ledger.sqlite"), &whole).expect("written");
    }
    assert_eq!(town.faults(AUDIT), (0, Vec::new()));
}

/// Uploads a file, and cites it in the next entry.
fn attach(town: &Town) {
    fs::write(town.path("photo"), [7; 5_000]).expect("written");
    let server = town.serve();
    let token = town.good(["keys", "token", "--key", "moh-amal.key", "--url", &server.url]);
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().expect("a token"));
    let url = format!("{}/v1/attachments", server.url);
    let mut curl = std::process::Command::new("curl");
    curl.args(["-sS", "--fail", "-T"]).arg(town.path("photo")).args(["-H", &bearer, &url]);
    let held = curl.output().expect("curl is installed");
    assert!(held.status.success(), "{held:?}");
    let held: serde_json::Value = serde_json::from_slice(&held.stdout).expect("JSON");
    server.stop();
    let file = serde_json::json!({"attachment": held["digest"], "size": 5_000, "media_type": "image/png"});
    let disclose = format!("narrative.photo={file}");
    let append =
        ["append", "--dir", "d", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    town.good(append.into_iter().chain(["--disclose", &disclose]));
}

/// A file that an entry cites, and what its row says of that.
#[test]
fn files_are_held_against_the_entries_that_cite_them() {
    let town = Town::busy();
    attach(&town);
    assert_eq!(town.faults(AUDIT), (0, Vec::new()));
    let whole = fs::read(town.path("d/ledger.sqlite")).expect("read");
    let cited = 11;
    for (sql, place) in [
        ("UPDATE attachment SET entry = NULL", Some(cited)),
        ("UPDATE attachment SET entry = 9", Some(9)),
        ("UPDATE attachment SET entry = 77", None),
        ("UPDATE attachment SET begun = begun + 4000", Some(cited)),
        ("UPDATE attachment SET begun = -1", Some(cited)),
        ("UPDATE attachment SET size = size + 1", Some(cited)),
        ("DELETE FROM attachment; DELETE FROM attachment_chunk", Some(cited)),
        ("PRAGMA ignore_check_constraints = 1; UPDATE attachment SET key_id = x'00'", Some(cited)),
    ] {
        town.tamper(sql);
        let expected = place.map_or("store".to_string(), |index: u64| format!("store@{index}"));
        assert_eq!(town.faults(AUDIT), (1, vec![expected]), "{sql}");
        fs::write(town.path("d/ledger.sqlite"), &whole).expect("written");
    }
    assert_eq!(town.faults(AUDIT), (0, Vec::new()));
    // Without the keys nobody can tell what an entry cites; that one has nothing to cite with can be told.
    town.good(["backup", "--dir", "d", "--out", "b"]);
    let audit = ["audit", "b", "--trust", "b/trust.json"];
    assert_eq!(town.faults(audit), (0, Vec::new()));
    town.tamper("UPDATE attachment SET entry = 2");
    fs::copy(town.path("d/ledger.sqlite"), town.path("b/ledger.sqlite")).expect("copied");
    assert_eq!(town.faults(audit), (1, vec!["store@2".to_string()]));
}

#[test]
fn a_ledger_does_not_start_on_planted_rows() {
    let town = Town::busy();
    let whole = fs::read(town.path("d/ledger.sqlite")).expect("read");
    let append =
        ["append", "--dir", "d", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    for sql in [
        "INSERT INTO entry SELECT 11, 'case/planted', 0, randomblob(16), 0, entry FROM entry WHERE idx = 8",
        "INSERT INTO disclosure VALUES (11, randomblob(32), NULL, NULL)",
        "INSERT INTO tile VALUES (0, 0, zeroblob(8192))",
    ] {
        town.tamper(sql);
        let refused = town.run(append);
        assert!(refused.err.contains("sijill audit"), "{refused:?}");
        assert_eq!(refused.refused(2), "store-corrupt", "{sql}");
        fs::write(town.path("d/ledger.sqlite"), &whole).expect("written");
    }
    town.good(append);
}

#[test]
fn a_data_directory_without_its_seal_is_at_fault() {
    let town = Town::busy();
    fs::remove_file(town.path("d/seal")).expect("removed");
    let run = town.run(AUDIT);
    let report = run.json();
    let fault = &report["faults"][0];
    assert_eq!((run.status, fault["code"].as_str(), fault["index"].as_u64()), (1, Some("store"), None));
    let sentence = fault["message"].as_str().expect("a sentence");
    assert!(sentence.contains("d/seal") && sentence.contains("11 entries"), "{sentence}");
    assert_eq!(report["levels"]["authority"]["status"], "not_run");

    fs::write(town.path("d/seal"), [0xff, 0xfe]).expect("written");
    assert_eq!(town.faults(AUDIT), (1, vec!["checkpoint-signature".to_string()]));
}

#[test]
fn another_ledgers_trust_file_is_one_fault_told_first() {
    let town = Town::busy();
    let other = Town::new();
    let elsewhere = |arg| if arg == ORIGIN { "ledger.example/elsewhere" } else { arg };
    other.good(Town::init(&[]).into_iter().map(elsewhere));
    fs::copy(other.path("d/trust.json"), town.path("trust")).expect("copied");
    let (status, faults) = town.faults(["audit", "d", "--trust", "trust"]);
    assert_eq!((status, faults), (1, vec!["checkpoint-signature".to_string()]));
    let people = town.run_for_people(&["audit", "d", "--trust", "trust"]);
    assert!(people.out.starts_with("anchored: false: the trust file is of another ledger"), "{}", people.out);
    assert!(people.out.contains("ledger.example/elsewhere"), "{}", people.out);
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
    // A backup holds no keys, and is no worse for it.
    town.good(["backup", "--dir", "d", "--out", "b"]);
    let report = town.good(["audit", "b", "--trust", "b/trust.json"]);
    assert_eq!(report["levels"]["integrity"]["status"], "partial");
    assert_eq!(report["levels"]["integrity"]["unchecked"], 4);
    let people = town.run_for_people(&["audit", "b"]);
    assert_eq!(people.status, 0);
    assert!(people.out.starts_with("anchored: false"), "{}", people.out);
    assert!(
        people.out.contains("disclosures withheld") && people.out.contains("no faults"),
        "{}",
        people.out
    );
    fs::remove_file(town.path("d/keys/master.key")).expect("removed");
    assert_eq!(town.run(["export", "--dir", "d", "--out", "e"]).refused(2), "usage");
    assert_eq!(
        town.run(["prove", "--dir", "d", "--index", "7", "-o", "x", "--with-disclosures"]).refused(2),
        "usage"
    );
}

/// What the settings keep in the directory belongs there, unless the directory is a backup.
#[test]
fn keys_that_are_gone_are_a_fault() {
    let town = Town::busy();
    let (master, away) = (town.path("d/keys/master.key"), town.path("away"));
    let text = fs::read_to_string(&master).expect("read");
    fs::rename(&master, &away).expect("moved");
    assert_gone(&town, &["d/keys/master.key"]);
    let held = town.command(AUDIT).env("SIJILL_MASTER_KEY", text.trim()).output().expect("it runs");
    assert_eq!(held.status.code(), Some(0), "{held:?}");
    fs::rename(&away, &master).expect("moved");

    fs::rename(town.path("d/keystore"), &away).expect("moved");
    assert_gone(&town, &["d/keystore/keys.sqlite"]);
    // Both, with their folders: a server has been here all the same.
    fs::rename(town.path("d/keys"), town.path("keys")).expect("moved");
    assert_gone(&town, &["d/keys/master.key"]);

    fs::rename(&away, town.path("d/keystore")).expect("moved");
    fs::rename(town.path("keys"), town.path("d/keys")).expect("moved");
    assert_eq!(town.faults(AUDIT), (0, Vec::new()));
}

fn assert_gone(town: &Town, named: &[&str]) {
    let run = town.run(AUDIT);
    let report = run.json();
    let faults = report["faults"].as_array().expect("faults");
    assert_eq!((run.status, faults.len()), (1, 1), "{report}");
    assert_eq!((faults[0]["code"].as_str(), faults[0]["index"].as_u64()), (Some("store"), None));
    let sentence = faults[0]["message"].as_str().expect("a sentence");
    assert!(named.iter().all(|path| sentence.contains(path)), "{sentence}");
    assert_eq!(report["levels"]["integrity"]["unchecked"], 4, "disclosures are withheld");
}

/// Its tables alone: an earlier release knew no documents and no desks.
#[test]
fn a_ledger_of_an_earlier_release_is_read_as_it_is() {
    let town = Town::busy();
    town.tamper(
        "DELETE FROM _sqlx_migrations WHERE version > 1; DROP TABLE document; DROP TABLE case_wake; DROP TABLE desk;
         DROP TABLE match_key",
    );
    let before = fs::read(town.path("d/ledger.sqlite")).expect("read");
    assert_eq!(town.faults(AUDIT), (0, Vec::new()));
    town.good(["prove", "--dir", "d", "--index", "8", "--out", "p"]);
    town.good(["export", "--dir", "d", "--out", "e"]);
    assert_eq!(town.faults(["audit", "e", "--trust", "d/trust.json"]), (0, Vec::new()));
    // A backup is taken by what could write, and that would bring it up to date.
    assert_eq!(town.run(["backup", "--dir", "d", "--out", "b"]).refused(2), "schema-older");
    assert_eq!(fs::read(town.path("d/ledger.sqlite")).expect("read"), before, "nothing was migrated");
    // What an earlier release did not make is foreign to it.
    town.tamper("CREATE TABLE desk (note TEXT)");
    assert_eq!(town.faults(AUDIT), (1, vec!["store".to_string()]));
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
    let server = town.serve();
    let mistyped = format!("{}/lgo", server.url);
    assert_eq!(town.run(["audit", &mistyped]).refused(2), "no-checkpoint");
    server.stop();
    fs::remove_file(town.path("d/ledger.sqlite")).expect("removed");
    assert_eq!(town.run(["audit", "d"]).refused(2), "store-not-found");
}
