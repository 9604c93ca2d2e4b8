//! Files: exports, trust files, receipts. What is written is read back the same, and no byte of it can change
//! unnoticed.

use proptest::prelude::*;
use sijill_audit::{
    ExportDirectory, ExportError, FaultCode, HeldCheckpoint, Options, Receipt, Report, Source, Status, Trust,
    Unreadable, audit, export,
};
use sijill_event::Draft;
use std::fs;
use std::path::{Path, PathBuf};

use crate::made::{Made, Memory};

pub(crate) fn run(source: &dyn Source, trust: Option<&Trust>) -> Report {
    audit(source, &Options { trust, ..Options::default() }).expect("readable")
}

pub(crate) fn found(report: &Report) -> Vec<(FaultCode, Option<u64>)> {
    report.faults.iter().map(|fault| (fault.code, fault.index)).collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for child in fs::read_dir(directory).expect("a directory") {
        let path = child.expect("readable").path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn exported(source: &dyn Source) -> (tempfile::TempDir, ExportDirectory) {
    let temp = tempfile::tempdir().expect("a directory");
    export(source, &temp.path().join("export"), true).expect("exported");
    let directory = ExportDirectory::open(temp.path().join("export")).expect("an export");
    (temp, directory)
}

// --- exports ---

#[test]
fn an_export_holds_what_the_source_holds() {
    let made = Made::with_cases(700);
    let (temp, directory) = exported(&made.source());
    assert_eq!(found(&run(&directory, Some(&made.trust()))), []);
    let names: Vec<String> = files(&temp.path().join("export"))
        .iter()
        .map(|path| path.strip_prefix(temp.path().join("export")).expect("below").display().to_string())
        .collect();
    let expected = [
        "checkpoint",
        "disclosures.jsonl",
        "export.json",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/204",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/204",
    ];
    assert_eq!(names, expected);
    let description = fs::read_to_string(temp.path().join("export/export.json")).expect("readable");
    assert_eq!(
        description,
        r#"{"sijill":"export/1","origin":"ledger.example/test","size":716,"disclosures":"all","attachments":"none"}"#
    );
    let memory = made.source();
    assert_eq!(directory.entries(10, 1000).expect("entries"), memory.entries(10, 1000).expect("entries"));

    // An export of an export is the same, byte for byte.
    let (again, _) = exported(&directory);
    for (ours, theirs) in files(&temp.path().join("export")).iter().zip(files(&again.path().join("export"))) {
        assert_eq!(
            fs::read(ours).expect("readable"),
            fs::read(theirs).expect("readable"),
            "{}",
            ours.display()
        );
    }
}

#[test]
fn an_export_without_disclosures_is_partial() {
    let made = Made::with_cases(5);
    let temp = tempfile::tempdir().expect("a directory");
    let target = temp.path().join("export");
    let counts = export(&made.source(), &target, false).expect("exported");
    assert_eq!((counts.entries, counts.disclosures), (21, 0));
    assert!(!target.join("disclosures.jsonl").exists());
    let report = run(&ExportDirectory::open(&target).expect("an export"), None);
    assert_eq!(
        (found(&report), report.levels.integrity.status, report.levels.integrity.unchecked),
        (vec![], Status::Partial, 5)
    );
}

#[test]
fn an_export_is_made_whole_or_not_at_all_and_never_over_another() {
    struct Breaks(Memory);
    impl Source for Breaks {
        fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
            self.0.checkpoint()
        }
        fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
            if from > 0 {
                Err(Unreadable::Source("the disk died".to_owned()))
            } else {
                self.0.entries(from, limit)
            }
        }
        fn tile(&self, tile: sijill_log::Tile) -> Result<Option<Vec<u8>>, Unreadable> {
            self.0.tile(tile)
        }
        fn disclosures(
            &self,
            range: std::ops::Range<u64>,
            size: u64,
        ) -> Result<sijill_audit::Disclosures, Unreadable> {
            self.0.disclosures(range, size)
        }
    }
    let temp = tempfile::tempdir().expect("a directory");
    let target = temp.path().join("export");
    let breaks = Breaks(Made::with_cases(4200).source());
    assert!(matches!(export(&breaks, &target, true), Err(ExportError::Source(_))));
    assert_eq!(files(temp.path()), Vec::<PathBuf>::new(), "nothing is left behind");
    let code = audit(&breaks, &Options::default()).map_err(|error| error.code());
    assert_eq!(code, Err("source-unreadable"));

    let source = Made::with_cases(2).source();
    fs::create_dir(&target).expect("created");
    assert_eq!(export(&source, &target, true).map_err(|error| error.code()), Err("target-exists"));
    assert_eq!(export(&source, &target.join("a/b"), true).map(|counts| counts.entries).ok(), Some(18));
    let mut source = source;
    source.checkpoint = None;
    assert_eq!(
        export(&source, &temp.path().join("x"), true).map_err(|error| error.code()),
        Err("no-checkpoint")
    );
    fs::write(temp.path().join("file"), "").expect("written");
    source.checkpoint = Some(Made::with_cases(2).checkpoint(18).into_bytes());
    assert_eq!(
        export(&source, &temp.path().join("file/x"), true).map_err(|error| error.code()),
        Err("target-unwritable")
    );
}

#[test]
fn a_tampered_source_is_exported_as_it_is() {
    let made = Made::with_cases(700);
    let mut source = made.source();
    source.entries.insert(300, b"nonsense".to_vec());
    source.entries.insert(301, vec![b'x'; 65_535]);
    source.disclosures.remove(5);
    source.tiles.retain(|tile, _| tile.index != 1);
    let before = found(&run(&source, None));
    let (_temp, directory) = exported(&source);
    assert_eq!(found(&run(&directory, None)), before);
    assert!(before.len() > 3);

    // One missing entry takes its bundle with it, which cannot be written without it; tiles stay what they are.
    source.entries.remove(&302);
    let temp = tempfile::tempdir().expect("a directory");
    let counts = export(&source, &temp.path().join("export"), true).expect("exported");
    assert_eq!((counts.entries, counts.left_out), (716 - 256, 255));
    let report = run(&ExportDirectory::open(temp.path().join("export")).expect("an export"), None);
    assert_eq!(report.entries, 460);
    assert!(found(&report).contains(&(FaultCode::Root, Some(256))));
}

#[test]
fn missing_bundles_are_runs_of_missing_entries() {
    let made = Made::with_cases(2000);
    let (temp, _) = exported(&made.source());
    let bundle = |name: &str| temp.path().join("export/tile/entries").join(name);
    fs::remove_file(bundle("001")).expect("removed");
    fs::remove_file(bundle("002")).expect("removed");
    let cut = fs::read(bundle("005")).expect("readable");
    fs::write(bundle("005"), &cut[..cut.len() - 1]).expect("written");
    let report = run(&ExportDirectory::open(temp.path().join("export")).expect("an export"), None);
    let roots: Vec<_> = found(&report).into_iter().filter(|(code, _)| *code == FaultCode::Root).collect();
    assert_eq!(roots, [(FaultCode::Root, Some(256)), (FaultCode::Root, Some(1280))]);
    assert_eq!(report.entries, 2016 - 768);
}

#[test]
fn lines_of_disclosures_jsonl() {
    let made = Made::with_cases(3);
    let (temp, _) = exported(&made.source());
    let (path, trust) = (temp.path().join("export/disclosures.jsonl"), made.trust());
    let lines = fs::read_to_string(&path).expect("readable");
    let judge = |text: &[u8]| {
        fs::write(&path, text).expect("written");
        found(&run(&ExportDirectory::open(temp.path().join("export")).expect("an export"), Some(&trust)))
    };
    let mismatch = |index| (FaultCode::DisclosureMismatch, index);
    let missing = |index| (FaultCode::DisclosureMissing, Some(index));
    assert_eq!(judge(lines.as_bytes()), []);
    assert_eq!(judge(lines.trim_end().as_bytes()), []);
    assert_eq!(judge(lines.replace("{\"", " { \"").as_bytes()), []);
    for (bad, index) in [
        ("nonsense", None),
        ("", None),
        ("[]", None),
        (r#"{"index":16}"#, Some(16)),
        (r#"{"index":17,"disclosure":7}"#, Some(17)),
        (r#"{"index":17,"disclosure":"x","more":1}"#, Some(17)),
        (r#"{"index":17,"index":17,"disclosure":"x"}"#, None),
        (r#"{"index":-1,"disclosure":"x"}"#, None),
        (r#"{"index":19,"disclosure":"x"}"#, Some(19)),
        (r#"{"index":900719925474099,"disclosure":"x"}"#, Some(900_719_925_474_099)),
    ] {
        // Wherever it stands, it does not disturb the others.
        for text in [format!("{bad}\n{lines}"), format!("{lines}{bad}\n")] {
            assert_eq!(judge(text.as_bytes()), [mismatch(index)], "{bad}");
        }
    }
    let long = format!("{lines}{{\"index\":17,\"disclosure\":\"{}\"}}\n", "x".repeat(1 << 20));
    assert_eq!(judge(long.as_bytes()), [mismatch(None)]);
    assert_eq!(judge(&[lines.as_bytes(), b"\xff\n"].concat()), [mismatch(None)]);

    // A line out of order counts for nothing.
    let mut all: Vec<&str> = lines.lines().collect();
    let early = all.remove(0);
    all.push(early);
    assert_eq!(judge(all.join("\n").as_bytes()), [mismatch(Some(16)), missing(16)]);
    fs::remove_file(&path).expect("removed");
    let report = run(&ExportDirectory::open(temp.path().join("export")).expect("an export"), Some(&trust));
    assert_eq!(found(&report), [missing(16), missing(17), missing(18)]);
}

#[test]
fn export_json_is_exact() {
    let made = Made::with_cases(1);
    let (temp, _) = exported(&made.source());
    let path = temp.path().join("export/export.json");
    let text = fs::read_to_string(&path).expect("readable");
    let opened = |text: &str| {
        fs::write(&path, text).expect("written");
        ExportDirectory::open(temp.path().join("export")).map_err(|error| error.code())
    };
    for (from, to) in [
        ("export/1", "export/2"),
        ("\"all\"", "\"some\""),
        ("\"none\"", "\"all\""),
        (",\"attachments\":\"none\"", ""),
        ("}", ",\"x\":1}"),
        ("17", "17.0"),
        ("17", "\"17\""),
        ("{", "["),
    ] {
        assert_eq!(opened(&text.replace(from, to)).err(), Some("export-malformed"), "{to}");
    }
    let report = run(&opened(&text.replace("17", "18")).expect("an export"), None);
    assert_eq!(found(&report), [(FaultCode::CheckpointSignature, None)]);
    fs::remove_file(&path).expect("removed");
    assert_eq!(
        ExportDirectory::open(temp.path().join("export")).map_err(|e| e.code()).err(),
        Some("export-malformed")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever byte of whatever file of an export is changed, an audit with a trust file notices. White space between the
    /// tokens of JSON is not content.
    #[test]
    fn no_byte_of_an_export_can_change_unnoticed(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), mask in 1u8..) {
        thread_local! {
            static EXPORT: (tempfile::TempDir, Trust) = {
                let made = Made::with_cases(245);
                (exported(&made.source()).0, made.trust())
            };
        }
        EXPORT.with(|(temp, trust)| {
            let files = files(temp.path());
            let path = &files[file.index(files.len())];
            let original = fs::read(path).expect("readable");
            let mut changed = original.clone();
            let position = at.index(changed.len());
            changed[position] ^= mask;
            let is_space = |byte: u8| b" \t\r\n".contains(&byte);
            prop_assume!(!(is_space(original[position]) && is_space(changed[position])));
            fs::write(path, &changed).expect("written");
            let noticed = match ExportDirectory::open(temp.path().join("export")) {
                Err(_) => true,
                Ok(directory) => !run(&directory, Some(trust)).is_faultless(),
            };
            fs::write(path, &original).expect("written");
            prop_assert!(noticed, "{} at {position}", path.display());
            Ok(())
        })?;
    }
}

// --- trust files, receipts, held checkpoints ---

#[test]
fn trust_files() {
    let trust = Made::with_cases(0).trust();
    let text = trust.to_json();
    assert_eq!(Trust::parse(text.as_bytes()).expect("a trust file"), trust);
    for (from, to) in [
        ("trust/1", "trust/2"),
        ("{\"sijill\"", "{\"x\":1,\"sijill\""),
        ("\"origin\":\"ledger", "\"origin\":\"other"),
        ("log_key\":\"ledger", "log_key\":\"other"),
        ("quorum none\\n", ""),
        ("genesis\":\"", "genesis\":\"A"),
    ] {
        assert_eq!(
            Trust::parse(text.replacen(from, to, 1).as_bytes()).map_err(|e| e.code()).err(),
            Some("trust-malformed"),
            "{to}"
        );
    }
}

#[test]
fn receipts_and_checkpoints() {
    let mut made = Made::with_cases(3);
    made.say("moh/o0", "case/x", Draft::new("referral.sent", 1));
    let text = made.receipt(17, 20);
    let receipt = Receipt::parse(text.as_bytes()).expect("a receipt");
    assert_eq!((receipt.index, receipt.checkpoint.size), (17, 20));
    for (from, to) in [
        ("\"index\":17", "\"index\":-1"),
        ("\"received\"", "\"receive\""),
        ("tlog-proof@v1", "tlog-proof@v2"),
        ("ledger.example", "ledgér.example"),
        ("{", ""),
    ] {
        assert_eq!(
            Receipt::parse(text.replacen(from, to, 1).as_bytes()).map_err(|e| e.code()).err(),
            Some("receipt-malformed"),
            "{to}"
        );
    }
    let checkpoint = made.checkpoint(19);
    assert_eq!(HeldCheckpoint::parse(checkpoint.as_bytes()).expect("a checkpoint").checkpoint.size, 19);
    let refused = HeldCheckpoint::parse(checkpoint.replace("\n19\n", "\n19\nextension\n").as_bytes());
    assert_eq!(refused.map_err(|e| e.code()).err(), Some("checkpoint-malformed"));
    let refused =
        HeldCheckpoint::parse(checkpoint.replacen("ledger.example", "ledgér.example", 1).as_bytes());
    assert_eq!(refused.map_err(|e| e.code()).err(), Some("checkpoint-malformed"));
}
