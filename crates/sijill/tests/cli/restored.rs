//! What a crash or a restored backup leaves: entries that the seal does not cover, keys that did not come back with the rest.

use std::fs;

use crate::town::Town;

const AUDIT: [&str; 4] = ["audit", "d", "--trust", "d/trust.json"];
const SERVE: [&str; 5] = ["serve", "--dir", "d", "--listen", "127.0.0.1:0"];

fn append(town: &Town, stream: &str) {
    town.good([
        "append",
        "--dir",
        "d",
        "--key",
        "moh-amal.key",
        "--stream",
        stream,
        "--type",
        "note.added",
        "--disclose",
        "narrative.text=\"late\"",
    ]);
}

/// A ledger with this many entries more, and its seal set back to before the last three: of a case that had begun, of one
/// that begins, and of the first again.
fn ahead_of_its_seal(more: usize) -> Town {
    let town = Town::busy();
    if more > 0 {
        let line = |n| format!(r#"{{"stream":"case/L{}","type":"note.added"}}"#, n % 5);
        let lines: Vec<String> = (0..more).map(line).collect();
        fs::write(town.path("e.ndjson"), lines.join("\n")).expect("written");
        town.good(["append", "--dir", "d", "--key", "moh-amal.key", "--file", "e.ndjson"]);
    }
    fs::copy(town.path("d/seal"), town.path("earlier")).expect("copied");
    for stream in ["case/A", "case/new", "case/A"] {
        append(&town, stream);
    }
    fs::copy(town.path("earlier"), town.path("d/seal")).expect("set back");
    town
}

/// All that the report says of the ledger as a whole and of entries, as `index: sentence`.
fn told(town: &Town) -> Vec<String> {
    let run = town.run(AUDIT);
    let report = run.json();
    let faults = report["faults"].as_array().expect("faults");
    assert_eq!(run.status, i32::from(!faults.is_empty()));
    let fault = |fault: &serde_json::Value| {
        assert_eq!(fault["code"], "store", "{fault}");
        let place = fault["index"].as_u64().map_or("whole".to_string(), |index| index.to_string());
        format!("{place}: {}", fault["message"].as_str().expect("a sentence"))
    };
    faults.iter().map(fault).collect()
}

#[test]
fn entries_beyond_the_seal_are_held_against_the_head() {
    let town = ahead_of_its_seal(0);
    let people = town.run_for_people(&AUDIT);
    assert_eq!(people.status, 0, "{people:?}");
    assert!(people.out.contains("beyond the seal: 3 entries"), "{}", people.out);
    let whole = fs::read(town.path("d/ledger.sqlite")).expect("read");
    let altered = "whole: the entries from 11 to 13, which lie beyond the seal, do not give the root";
    for (sql, expected) in [
        ("UPDATE entry SET entry = '2' || substr(entry, 2) WHERE idx = 12", altered),
        ("UPDATE head SET root = zeroblob(32)", altered),
        (
            "UPDATE entry SET entry = substr(entry, 1, 99) || '!' || substr(entry, 101) WHERE idx = 12",
            "12: entry 12, which lies beyond the seal, is malformed",
        ),
        ("DELETE FROM entry WHERE idx = 12", "12: entry 12, which lies beyond the seal, is missing"),
        (
            "DELETE FROM entry WHERE idx > 11",
            "12: 2 entries from 12 on, which lie beyond the seal, are missing",
        ),
        ("UPDATE head SET size = 4000000000000", "14: 3999999999986 entries from 14 on"),
        ("UPDATE head SET received = received + 1", "whole: `received` in the database's head is not that"),
        ("UPDATE entry SET registry = 1 WHERE idx = 12", "12: the columns the database finds it by"),
        (
            "UPDATE stream_head SET last = zeroblob(32) WHERE stream = 'case/new'",
            "whole: stream case/new has a head and no entries",
        ),
    ] {
        town.tamper(sql);
        let told = told(&town);
        assert_eq!(told.len(), 1, "{sql}: {told:?}");
        assert!(told[0].starts_with(expected), "{sql}: {told:?}");
        fs::write(town.path("d/ledger.sqlite"), &whole).expect("written");
    }
    // It goes on, and seals what it had not.
    append(&town, "case/new");
    let people = town.run_for_people(&AUDIT);
    assert!(people.status == 0 && !people.out.contains("beyond the seal"), "{people:?}");
}

/// The sealed tree has a full tile, and so has the one beyond the seal of an earlier day.
#[test]
fn the_tree_is_continued_from_full_tiles_and_over_them() {
    let town = ahead_of_its_seal(300);
    assert_eq!(told(&town), Vec::<String>::new());
    let whole = fs::read(town.path("d/ledger.sqlite")).expect("read");
    town.tamper("UPDATE head SET root = zeroblob(32)");
    let altered = told(&town);
    assert!(altered.len() == 1 && altered[0].contains("from 311 to 313"), "{altered:?}");
    fs::write(town.path("d/ledger.sqlite"), &whole).expect("written");

    let earlier = Town::busy();
    fs::copy(earlier.path("d/seal"), earlier.path("earlier")).expect("copied");
    let lines = vec![r#"{"stream":"case/L","type":"note.added"}"#; 300];
    fs::write(earlier.path("e.ndjson"), lines.join("\n")).expect("written");
    earlier.good(["append", "--dir", "d", "--key", "moh-amal.key", "--file", "e.ndjson"]);
    fs::copy(earlier.path("earlier"), earlier.path("d/seal")).expect("set back");
    assert_eq!(told(&earlier), Vec::<String>::new());
    earlier.tamper("UPDATE tile SET hashes = zeroblob(8192)");
    let altered = told(&earlier);
    assert!(altered.len() == 1 && altered[0].contains("the hash tile"), "{altered:?}");
}

/// Also one that holds no key yet: whether any was lost, nobody can tell.
#[test]
fn a_ledger_does_not_go_on_without_its_key_store() {
    for town in [Town::busy(), Town::begun()] {
        // Its write-ahead log holds the newest ones.
        town.good(["backup", "--dir", "d", "--out", "b", "--keystore-out", "k"]);
        let keys = fs::read(town.path("k/keys.sqlite")).expect("read");
        fs::remove_file(town.path("d/keystore/keys.sqlite")).expect("removed");
        let refused = town.run(SERVE);
        assert!(refused.err.contains("d/keystore/keys.sqlite"), "{refused:?}");
        assert!(refused.err.contains("restore it from its own backup"), "{refused:?}");
        assert_eq!(refused.refused(2), "key-store-missing");
        assert!(!town.path("d/keystore/keys.sqlite").exists(), "none was made in its place");
        fs::remove_dir_all(town.path("d/keystore")).expect("removed");
        assert_eq!(town.run(SERVE).refused(2), "key-store-missing");

        fs::create_dir(town.path("d/keystore")).expect("made");
        fs::write(town.path("d/keystore/keys.sqlite"), keys).expect("written");
        town.serve().stop();
    }
}

#[test]
fn a_ledger_does_not_go_on_with_a_key_store_that_lacks_its_keys() {
    let (town, other) = (Town::busy(), Town::begun());
    other.settle(&["--dir", "d"]);
    fs::rename(town.path("d/keystore"), town.path("own")).expect("moved");
    fs::create_dir(town.path("d/keystore")).expect("made");
    for keys in [other.path("d/keystore/keys.sqlite"), town.path("empty")] {
        if !keys.exists() {
            fs::write(&keys, "").expect("written");
        }
        fs::copy(&keys, town.path("d/keystore/keys.sqlite")).expect("copied");
        let refused = town.run(SERVE);
        assert!(
            refused.err.contains("d/keystore/keys.sqlite") && refused.err.contains("entry 7"),
            "{refused:?}"
        );
        assert_eq!(refused.refused(2), "key-store-empty");
    }
    // One from before the last entries: what it lacks would be missed by nobody until somebody wants to read it.
    let put_back = |from: &str| {
        let _ = fs::remove_dir_all(town.path("d/keystore"));
        fs::create_dir(town.path("d/keystore")).expect("made");
        for file in fs::read_dir(town.path(from)).expect("readable") {
            let path = file.expect("a file").path();
            let name = path.file_name().expect("a name");
            fs::copy(&path, town.path("d/keystore").join(name)).expect("copied");
        }
    };
    put_back("own");
    town.serve().stop();
    town.good(["backup", "--dir", "d", "--out", "b", "--keystore-out", "earlier"]);
    append(&town, "case/late");
    town.good(["backup", "--dir", "d", "--out", "b2", "--keystore-out", "newest"]);
    put_back("earlier");
    let refused = town.run(SERVE);
    assert!(
        refused.err.contains("entry 11") && refused.err.contains("older than the database"),
        "{refused:?}"
    );
    assert_eq!(refused.refused(2), "key-store-empty");

    // Lost for good, and the operator says so: it goes on, and an audit says what is gone.
    let settings = fs::read_to_string(town.path("d/sijill.toml")).expect("read");
    fs::write(town.path("d/sijill.toml"), format!("keys_lost = true\n{settings}")).expect("written");
    append(&town, "case/later");
    assert_eq!(town.faults(AUDIT), (1, vec!["disclosure-missing@11".to_owned()]));
    fs::remove_dir_all(town.path("d/keystore")).expect("removed");
    town.serve().stop();
    put_back("newest");
    fs::write(town.path("d/sijill.toml"), settings).expect("written");
    assert_eq!(town.run(SERVE).refused(2), "key-store-empty", "the last one's key is another's");
}
