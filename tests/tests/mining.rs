//! `sijill mine`: what a ledger holds of its cases is in the log, nothing else is, and pm4py opens it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};
use sijill_audit::{ExportDirectory, Source as _};
use sijill_event::{Class, Digest, Disclosure, Entry, StreamKind, Timestamp};
use sijill_tests::foreign::{self, repository, skip};
use sijill_tests::program::{done, run};
use sijill_tests::town::text;

const FORMATS: [&str; 3] = ["ocel-json", "ocel-sqlite", "xes"];

/// The demonstration's month, its export, and the logs of it.
struct Month {
    folder: tempfile::TempDir,
    told: Value,
}

impl Month {
    fn get() -> &'static Self {
        static MONTH: OnceLock<Month> = OnceLock::new();
        MONTH.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a folder");
            let dir = folder.path().join("d");
            let told = done(["demo", "--no-serve", "--seed", "7", "--dir", text(&dir)]);
            done(["export", "--dir", text(&dir), "--out", text(&folder.path().join("e"))]);
            for format in FORMATS {
                mined(&dir, format, &folder.path().join(format), &[]);
            }
            Self { folder, told }
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn export(&self) -> Export {
        Export::read(&self.path("e"))
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("ocel-json")).expect("a log")).expect("JSON")
    }
}

/// Mines a source to a file; what the command answers.
fn mined(source: &Path, format: &str, out: &Path, more: &[&str]) -> Value {
    let args = ["mine", "log", text(source), "--as", format, "-o", text(out)];
    done(args.into_iter().chain(more.iter().copied()))
}

/// Everything an export holds.
struct Export {
    entries: Vec<Entry>,
    disclosures: BTreeMap<Digest, Disclosure>,
}

impl Export {
    fn read(path: &Path) -> Self {
        let export = ExportDirectory::open(path).expect("an export");
        let entries = export.entries(0, 100_000).expect("readable");
        let size = entries.len() as u64;
        let rows = export.disclosures(0..size, size).expect("readable").rows.into_iter();
        let disclosures =
            rows.map(|row| Disclosure::parse(&row.disclosure.expect("read")).expect("well formed"));
        Self {
            entries: entries.iter().map(|(_, bytes)| Entry::parse(bytes).expect("an entry")).collect(),
            disclosures: disclosures.map(|one| (one.digest(), one)).collect(),
        }
    }

    /// Entries of cases and contacts, with their indexes.
    fn casework(&self) -> impl Iterator<Item = (u64, &Entry)> {
        let kinds = [StreamKind::Case, StreamKind::Contact, StreamKind::Auto, StreamKind::Access];
        (0..).zip(&self.entries).filter(move |(_, entry)| kinds.contains(&entry.event.stream.kind()))
    }

    fn ids(&self, kind: StreamKind) -> BTreeSet<&str> {
        let of_kind = self.casework().filter(move |(_, entry)| entry.event.stream.kind() == kind);
        of_kind.filter_map(|(_, entry)| entry.event.stream.id()).collect()
    }

    /// The texts disclosed in classes for which `is` holds.
    fn texts(&self, is: impl Fn(Class) -> bool) -> BTreeSet<String> {
        let digests =
            self.entries.iter().flat_map(|entry| &entry.event.digests).filter(|(class, _)| is(*class));
        let held = digests.flat_map(|(_, digests)| digests).filter_map(|digest| self.disclosures.get(digest));
        held.filter_map(|one| one.value.as_str().map(str::to_owned)).collect()
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("{name}: a list"))
}

fn string<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: a string in {value}"))
}

#[test]
fn every_event_of_a_case_is_in_it_once_and_none_besides() {
    let (month, export) = (Month::get(), Month::get().export());
    let log = month.json();
    let expected: BTreeMap<String, &Entry> =
        export.casework().map(|(index, entry)| (format!("entry/{index}"), entry)).collect();
    let events = list(&log, "events");
    assert_eq!(events.len(), expected.len());
    for event in events {
        let entry = expected.get(string(event, "id")).unwrap_or_else(|| panic!("{event}"));
        assert_eq!(event["type"], entry.event.event_type);
        let attributes = list(event, "attributes").iter();
        let told: BTreeMap<&str, &Value> =
            attributes.map(|one| (string(one, "name"), &one["value"])).collect();
        assert_eq!(told["stream"], entry.event.stream.as_str());
        assert_eq!(*told["hash"], json!(entry.event.hash().to_string()));
        assert_eq!(
            told["index"].as_u64().map(|index| format!("entry/{index}")).as_deref(),
            event["id"].as_str()
        );
        assert_eq!(*told["automatic"], json!(entry.event.stream.kind() == StreamKind::Auto));
        assert_eq!(
            told.get("occurred").and_then(|v| v.as_str()),
            entry.event.occurred.as_ref().map(sijill_event::Timestamp::as_str)
        );
        assert_eq!(told.get("withheld"), None, "all of it is held");
        let casework = entry.event.digests.iter().filter(|(class, _)| *class == Class::Casework);
        let values = casework.flat_map(|(_, digests)| digests).map(|digest| &export.disclosures[digest]);
        for one in values.filter(|one| !one.value.is_null()) {
            assert!(told.contains_key(format!("casework.{}", one.name).as_str()), "{} in {event}", one.name);
        }
    }
    assert_eq!(log["ledger"]["root"], month.told["root"]);
    assert_eq!(log["ledger"]["size"], month.told["size"]);
    let told = mined(&month.path("d"), "xes", &month.path("again.xes"), &[]);
    let (cases, contacts) = (export.ids(StreamKind::Case), export.ids(StreamKind::Contact));
    assert_eq!((&told["cases"], &told["contacts"]), (&json!(cases.len()), &json!(contacts.len())));
    let beside = export.casework().filter(|(_, e)| e.event.stream.id().is_some_and(|id| !cases.contains(id)));
    assert_eq!(told["beside"], json!(beside.count()));
    assert_eq!(
        told["events"].as_u64().zip(told["beside"].as_u64()).map(|(a, b)| a + b),
        Some(events.len() as u64)
    );
    assert_eq!((&told["withheld"], &told["unfollowed"]), (&json!(0), &json!(0)));
}

/// What the standard asks of an OCEL, read strictly.
#[test]
fn it_is_an_ocel_to_the_letter() {
    let log = Month::get().json();
    let types = |name: &str| -> BTreeMap<String, BTreeMap<String, String>> {
        let attributes = |of: &Value| {
            let all = list(of, "attributes").iter();
            all.map(|one| (string(one, "name").to_owned(), string(one, "type").to_owned())).collect()
        };
        list(&log, name).iter().map(|of| (string(of, "name").to_owned(), attributes(of))).collect()
    };
    let (event_types, object_types) = (types("eventTypes"), types("objectTypes"));
    let objects: BTreeMap<&str, &str> =
        list(&log, "objects").iter().map(|object| (string(object, "id"), string(object, "type"))).collect();
    assert_eq!(objects.len(), list(&log, "objects").len(), "ids are distinct");
    let fits = |value: &Value, kind: &str| match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "time" => value.as_str().is_some_and(|text| Timestamp::parse(text).is_some()),
        _ => false,
    };
    for (of, declared) in list(&log, "events")
        .iter()
        .map(|event| (event, &event_types[string(event, "type")]))
        .chain(list(&log, "objects").iter().map(|object| (object, &object_types[string(object, "type")])))
    {
        for one in list(of, "attributes") {
            let kind =
                declared.get(string(one, "name")).unwrap_or_else(|| panic!("{one} is not declared: {of}"));
            assert!(fits(&one["value"], kind), "{one} is no {kind}: {of}");
            assert_eq!(one.get("time").is_some(), of.get("time").is_none(), "{of}");
        }
        let mut related = BTreeSet::new();
        for one in list(of, "relationships") {
            assert!(objects.contains_key(string(one, "objectId")), "{one} is not there: {of}");
            assert!(related.insert((string(one, "objectId"), string(one, "qualifier"))), "{one} twice: {of}");
        }
        assert!(!related.is_empty() || of.get("time").is_none(), "an event about nothing: {of}");
    }
    // Changes of an attribute come in the order of time.
    for object in list(&log, "objects") {
        let times: Vec<&str> = list(object, "attributes").iter().map(|one| string(one, "time")).collect();
        assert!(times.is_sorted(), "{object}");
    }
    for kind in ["case", "contact", "referral", "plan", "deadline", "unit", "officer"] {
        assert!(objects.values().any(|of| *of == kind), "{kind}");
    }
}

/// How things stand at the end of the log is what `sijill case show` says.
#[test]
fn things_end_as_the_fold_says() {
    let month = Month::get();
    let log = month.json();
    let (case, dir) = (string(&month.told, "case"), month.path("d"));
    let shown = done(["case", "show", case, "--dir", text(&dir)]);
    let last = |id: &str, name: &str| -> Value {
        let object = list(&log, "objects").iter().find(|object| object["id"] == id).expect("there");
        let mut changes = list(object, "attributes").iter().filter(|one| one["name"] == name);
        changes.next_back().map(|one| one["value"].clone()).unwrap_or_default()
    };
    let id = format!("case/{case}");
    let owner = &shown["owner"];
    let address = |of: &Value| format!("{}/{}", string(of, "agency"), string(of, "unit"));
    assert_eq!(last(&id, "owner"), json!(address(owner)));
    let referrals = list(&shown, "referrals");
    assert!(!referrals.is_empty());
    for referral in referrals {
        let id = format!("referral/{}", string(referral, "referral"));
        assert_eq!(last(&id, "state"), referral["state"], "{referral}");
        assert_eq!(last(&id, "to"), json!(address(&referral["to"])));
    }
    let running = list(&shown, "deadlines").iter().filter(|clock| clock["due"].is_u64());
    for clock in running {
        let id = format!("deadline/{}/{}", string(clock, "milestone"), string(clock, "of"));
        let due = last(&id, "due").as_str().and_then(Timestamp::parse).map(|due| due.unix_ms());
        assert_eq!(json!(due), clock["due"], "{clock}");
        assert_eq!(last(&id, "owes"), json!(address(&clock["owes"])));
    }
}

#[test]
fn the_same_ledger_at_the_same_size_gives_the_same_bytes() {
    let month = Month::get();
    let grown = grown();
    let size = month.told["size"].to_string();
    let sources: [(&str, PathBuf, Vec<&str>); 3] = [
        ("again", month.path("d"), vec![]),
        ("export", month.path("e"), vec![]),
        ("grown", grown.path().join("d"), vec!["--size", &size]),
    ];
    for format in FORMATS {
        let first = fs::read(month.path(format)).expect("a log");
        for (name, source, more) in &sources {
            let out = grown.path().join(format!("{format}-{name}"));
            mined(source, format, &out, more);
            assert!(fs::read(&out).expect("a log") == first, "{format} of {name}");
        }
        let out = grown.path().join(format!("{format}-after"));
        let told = mined(&grown.path().join("d"), format, &out, &[]);
        assert!(told["size"].as_u64() > month.told["size"].as_u64());
        assert!(fs::read(&out).expect("a log") != first, "{format} of the whole");
    }
}

/// Words that stand in no log.
const CANARIES: [(&str, &str); 5] = [
    ("identity", "CANARY-Salim-bin-Identity"),
    ("narrative", "CANARY-narrative-told"),
    ("sensitive", "CANARY-sensitive-found"),
    ("reporter", "CANARY-reporter-Amal"),
    ("civil", "CANARY-123"),
];

/// The month with a call and a child after it, whose values are canaries.
fn grown() -> tempfile::TempDir {
    let month = Month::get();
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("d");
    let copied = Command::new("cp").arg("-r").arg(month.path("d")).arg(&dir).status().expect("cp runs");
    assert!(copied.success());
    let act = |key: &str, of: &str, kind: &str, fields: &[String]| {
        let key = dir.join("keys/demo").join(key);
        let args = ["case", "act", of, kind, "--dir", text(&dir), "--key", text(&key)].map(OsString::from);
        done(args.into_iter().chain(fields.iter().map(OsString::from)))
    };
    let canary = |field: &str, name: &str| {
        let (_, word) = CANARIES.iter().find(|(own, _)| *own == name).expect("a canary");
        format!("{field}={word}")
    };
    let call =
        ["kind=someone_about_child", "channel=1100", "repeat=false", "concerns=neglect"].map(str::to_owned);
    let told = [
        canary("child_name", "identity"),
        canary("child_civil_number", "civil"),
        canary("summary", "narrative"),
        canary("reporter_name", "reporter"),
        "reporter_relation=neighbour".to_owned(),
    ];
    act("h1100/line-1.key", "canaries", "contact.logged", &[&call[..], &told[..]].concat());
    let case = string(&month.told, "case");
    act("cpc/ma-1.key", case, "note.added", &[canary("text", "narrative")]);
    let child = ["age_band=5-11", "sex=female", "situations="].map(str::to_owned);
    let told = [canary("name", "identity"), canary("civil_number", "civil"), canary("health", "sensitive")];
    act("cpc/ma-1.key", case, "child.registered", &[&child[..], &told[..]].concat());
    folder
}

#[test]
fn nothing_but_routing_and_casework_is_in_it() {
    let grown = grown();
    let (dir, export) = (grown.path().join("d"), grown.path().join("e"));
    done(["export", "--dir", text(&dir), "--out", text(&export)]);
    let export = Export::read(&export);
    let kept = export.texts(|class| class == Class::Casework);
    let open: BTreeSet<String> = export
        .entries
        .iter()
        .flat_map(|entry| entry.event.data.as_object().into_iter().flatten())
        .filter_map(|(_, value)| value.as_str().map(str::to_owned))
        .collect();
    let forbidden: BTreeSet<String> = export.texts(|class| class != Class::Casework);
    let forbidden: BTreeSet<&String> =
        forbidden.iter().filter(|text| !kept.contains(*text) && !open.contains(*text)).collect();
    assert!(forbidden.len() > 200, "there is something to be found: {}", forbidden.len());
    for (_, word) in CANARIES {
        assert!(forbidden.contains(&word.to_owned()), "{word} was planted");
    }
    for format in FORMATS {
        let out = grown.path().join(format);
        mined(&dir, format, &out, &[]);
        let bytes = fs::read(&out).expect("a log");
        let log = String::from_utf8_lossy(&bytes);
        for (_, word) in CANARIES {
            assert!(!log.contains(word), "{word} is in the {format}");
        }
        // Short ones are words that other texts hold.
        let found = forbidden.iter().find(|text| text.chars().count() > 12 && log.contains(text.as_str()));
        assert_eq!(found, None, "in the {format}");
    }
    // By name, no attribute is of another class; by value, none is a value of one.
    let log: Value =
        serde_json::from_slice(&fs::read(grown.path().join("ocel-json")).expect("a log")).expect("JSON");
    for of in list(&log, "events") {
        for one in list(of, "attributes") {
            let name = string(one, "name");
            let class = name.split_once('.').map(|(class, _)| class);
            assert!(matches!(class, None | Some("routing" | "casework")), "{name}");
            assert!(!one["value"].as_str().is_some_and(|text| forbidden.contains(&text.to_owned())), "{one}");
        }
    }
}

/// A copy of the month's export with fewer disclosures.
fn thinned(to: &Path, keep: impl Fn(u64, &str) -> bool) -> u64 {
    let copied = Command::new("cp").arg("-r").arg(Month::get().path("e")).arg(to).status().expect("cp runs");
    assert!(copied.success());
    let lines = to.join("disclosures.jsonl");
    let all = fs::read_to_string(&lines).expect("read");
    let told = |line: &&str| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        keep(line["index"].as_u64().expect("an index"), string(&line, "disclosure"))
    };
    let kept: Vec<&str> = all.lines().filter(told).collect();
    fs::write(&lines, kept.join("\n") + "\n").expect("written");
    (all.lines().count() - kept.len()) as u64
}

#[test]
fn what_is_not_held_is_left_out_and_counted() {
    let (month, export) = (Month::get(), Month::get().export());
    let folder = tempfile::tempdir().expect("a folder");
    let case = format!("case/{}", string(&month.told, "case"));
    let of_case: BTreeSet<u64> = export
        .casework()
        .filter(|(_, entry)| entry.event.stream.id() == case.strip_prefix("case/"))
        .map(|(index, _)| index)
        .collect();
    let casework: BTreeSet<Digest> = export
        .entries
        .iter()
        .flat_map(|entry| entry.event.digests.iter().filter(|(class, _)| *class == Class::Casework))
        .flat_map(|(_, digests)| digests.iter().copied())
        .collect();
    // All that the case has of class casework is gone.
    let thin = folder.path().join("thin");
    let gone =
        thinned(&thin, |index, text| !(of_case.contains(&index) && casework.contains(&Digest::of(text))));
    assert!(gone > 20, "{gone}");
    let whole = mined(&month.path("e"), "ocel-json", &folder.path().join("whole"), &[]);
    let told = mined(&thin, "ocel-json", &folder.path().join("thin.json"), &[]);
    assert_eq!((&told["withheld"], &told["unfollowed"]), (&json!(gone), &json!(1)));
    assert_eq!((&told["events"], &told["root"]), (&whole["events"], &whole["root"]));
    let log: Value =
        serde_json::from_slice(&fs::read(folder.path().join("thin.json")).expect("a log")).expect("JSON");
    let mut withheld = 0;
    for event in list(&log, "events") {
        let attribute = |name: &str| list(event, "attributes").iter().find(|one| one["name"] == name);
        let own = attribute("index").and_then(|one| one["value"].as_u64()).expect("an index");
        withheld += attribute("withheld").and_then(|one| one["value"].as_u64()).unwrap_or_default();
        let tells = list(event, "attributes").iter().any(|one| string(one, "name").starts_with("casework."));
        assert!(!(tells && of_case.contains(&own)), "{event}");
    }
    assert_eq!(withheld, gone);
    // Its referrals are there still, and how they stood is not told.
    let objects = list(&log, "objects").iter();
    let mut own = objects.filter(|object| {
        object["type"] == "referral"
            && list(object, "relationships").iter().any(|one| one["objectId"] == case)
    });
    let states =
        |object: &Value| list(object, "attributes").iter().filter(|one| one["name"] == "state").count();
    assert!(own.clone().count() > 0 && own.all(|object| states(object) == 0));

    let bare = folder.path().join("bare");
    done(["export", "--dir", text(&month.path("d")), "--out", text(&bare), "--without-disclosures"]);
    let told = mined(&bare, "xes", &folder.path().join("bare.xes"), &[]);
    assert_eq!(told["withheld"], json!(casework.len()));
    assert!(told["unfollowed"].as_u64() > Some(100));
    let log = fs::read_to_string(folder.path().join("bare.xes")).expect("a log");
    assert!(log.contains("routing.") && !log.contains("casework."));
}

#[test]
fn what_cannot_be_mined_is_refused_and_nothing_is_left() {
    let month = Month::get();
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("log");
    let refused = |source: &Path, more: &[&str]| {
        let args = ["mine", "log", text(source), "--as", "ocel-sqlite", "-o", text(&out)];
        let ended = run(args.into_iter().chain(more.iter().copied()));
        assert_eq!(ended.status, 2, "{ended:?}");
        ended.code()
    };
    assert_eq!(refused(&folder.path().join("nowhere"), &[]), "file-unreadable");
    assert_eq!(refused(&month.path("e"), &["--size", "999999"]), "usage");
    let evidence = folder.path().join("case.json");
    let stream = format!("case/{}", string(&month.told, "case"));
    done(["prove", "--dir", text(&month.path("d")), "--stream", &stream, "--out", text(&evidence)]);
    assert_eq!(refused(&evidence, &[]), "usage");
    // A byte of an entry, and a bundle that is gone.
    let thin = folder.path().join("thin");
    thinned(&thin, |_, _| true);
    let bundle = thin.join("tile/entries/001");
    let mut bytes = fs::read(&bundle).expect("a bundle");
    let place =
        bytes.windows(20).position(|bytes| bytes.iter().all(u8::is_ascii_alphabetic)).expect("a place");
    bytes[place] ^= 1;
    fs::write(&bundle, bytes).expect("written");
    assert_eq!(refused(&thin, &[]), "source-unreadable");
    fs::remove_file(&bundle).expect("removed");
    assert_eq!(refused(&thin, &[]), "source-unreadable");
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").map(|one| one.expect("read").file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    fs::write(&out, "mine").expect("written");
    assert_eq!(refused(&month.path("e"), &[]), "file-exists");
    assert_eq!(fs::read(&out).expect("read"), b"mine");
    assert_eq!(run(["mine", "net", "-o", text(&out)]).code(), "file-exists");
}

/// Python with pm4py; `None`, said loudly, without.
fn pm4py() -> Option<Command> {
    let set_up = std::env::var_os("SIJILL_PM4PY").map(PathBuf::from);
    let set_up = set_up.unwrap_or_else(|| repository().join("target/pm4py/bin/python"));
    for python in [set_up, PathBuf::from("python3")] {
        let found = Command::new(&python).args(["-c", "import pm4py"]).output();
        if found.is_ok_and(|output| output.status.success()) {
            let mut python = Command::new(python);
            python.env("PYTHONDONTWRITEBYTECODE", "1").env("MPLCONFIGDIR", std::env::temp_dir());
            python.arg(repository().join("tests/mining/examine.py"));
            return Some(python);
        }
    }
    skip("pm4py is not installed: tools/check sets it up");
    None
}

#[test]
fn pm4py_opens_them_and_finds_the_same() {
    let (month, Some(mut python)) = (Month::get(), pm4py()) else { return };
    let export = month.export();
    let net = month.path("net.pnml");
    done(["mine", "net", "-o", text(&net)]);
    python.arg("logs").args(FORMATS.map(|format| month.path(format))).arg(&net);
    let found = foreign::json(&python.output().expect("Python runs"));

    let indexes: Vec<u64> = export.casework().map(|(index, _)| index).collect();
    let mut types: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, entry) in export.casework() {
        *types.entry(&entry.event.event_type).or_default() += 1;
    }
    let cases = export.ids(StreamKind::Case);
    let log = month.json();
    let mut objects: BTreeMap<&str, u64> = BTreeMap::new();
    for object in list(&log, "objects") {
        *objects.entry(string(object, "type")).or_default() += 1;
    }
    for format in ["json", "sqlite"] {
        let of = &found[format];
        assert_eq!(of["indexes"], json!(indexes), "{format}");
        assert_eq!(of["types"], json!(types), "{format}");
        assert_eq!(of["objects"], json!(objects), "{format}");
        assert!(of["changes"].as_u64() > Some(1_000) && of["o2o"].as_u64() > Some(1_000), "{format}: {of}");
    }
    let sqlite = &found["sqlite"];
    assert_eq!((&sqlite["unsatisfied"], &sqlite["dangling"]), (&json!([]), &json!(0)));
    let (size, root) = (&month.told["size"], &month.told["root"]);
    assert_eq!((&sqlite["ledger"]["size"], &sqlite["ledger"]["root"]), (size, root));
    let xes = &found["xes"];
    assert_eq!(xes["cases"], json!(cases.len()));
    let own =
        export.casework().filter(|(_, e)| e.event.stream.id().is_some_and(|id| cases.contains(id))).count();
    assert_eq!(xes["events"], json!(own));
    assert_eq!((&xes["attributes"]["size"], &xes["attributes"]["root"]), (&json!(size.to_string()), root));
    assert_eq!(xes["extensions"], json!(["Concept", "Lifecycle", "Organizational", "Time"]));
    assert_eq!(
        (&xes["classifiers"], &xes["in_order"]),
        (&json!({"Event type": ["concept:name"]}), &json!(true))
    );
    // By their times alone, whatever reads them, events stand in the ledger's order.
    assert_eq!(found["same_sequences"], json!({"json": true, "sqlite": true}));

    let discovered = &found["discovered"];
    assert_eq!(discovered["wrong"], json!([]), "every type that occurs is in the model, and no other");
    assert!(discovered["asked_then_acknowledged"].as_u64() > Some(50), "{discovered}");

    let conformance = &found["conformance"];
    assert_eq!(conformance["workflow_net"], true);
    assert_eq!(conformance["referrals"], json!(types["referral.requested"]));
    assert_eq!(conformance["unfit"], json!([]), "every referral went a way that the rules allow");
    assert_eq!(conformance["missed"], json!([]), "and the net knows ways that they do not");
    assert!(conformance["variants"].as_u64() > Some(20), "{conformance}");
    assert!(list(conformance, "steps").len() >= 14, "{conformance}");
    assert!(conformance["wrong"].as_u64() > Some(40), "{conformance}");
}

/// The receipt log is real data and no part of this repository; where it lies beside it, it is imported and mined again.
#[test]
fn an_imported_log_comes_out_as_it_went_in() {
    let csv = repository().join("../shared/data/receipt.csv");
    if !csv.is_file() {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED mining the receipt log: ../shared/data/receipt.csv is not there"
        );
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (dir, map) = (folder.path().join("d"), repository().join("tools/import/receipt.toml"));
    let import = ["import", "eventlog", "--map", text(&map), text(&csv), "--dir", text(&dir)];
    let imported = done(import);
    let (xes, ocel) = (folder.path().join("log.xes"), folder.path().join("log.json"));
    let told = mined(&dir, "xes", &xes, &["--time", "occurred"]);
    assert_eq!(
        (&told["cases"], &told["events"]),
        (&json!(1_434), &json!(8_577 + 1_434 + 1_434 + 1_413 + 1_329))
    );
    assert_eq!(
        (&told["root"], &told["beside"], &told["withheld"]),
        (&imported["root"], &json!(0), &json!(0))
    );
    mined(&dir, "ocel-json", &ocel, &[]);
    let Some(mut python) = pm4py() else { return };
    python.args(["imported", text(&xes), text(&ocel), text(&csv)]);
    let found = foreign::json(&python.output().expect("Python runs"));
    assert_eq!(found["rows"], json!([8_577, 8_577]));
    assert_eq!(found["cases"], json!([1_434, 1_434]));
    for same in ["same_cases", "same_actors", "same_times"] {
        assert_eq!(found[same], true, "{same}");
    }
    assert_eq!(found["variants"][0], found["variants"][1]);
    let types = &found["types"];
    assert_eq!(*types, imported["events"]["by_type"]);
    assert_eq!(
        (&types["case.opened"], &types["deadline.set"], &types["deadline.varied"], &types["case.ended"]),
        (&json!(1_434), &json!(1_434), &json!(1_413), &json!(1_329))
    );
    assert_eq!(
        (&found["groups"]["permits/group-1"], &found["groups"]["permits/empty"]),
        (&json!(3_152), &json!(1_936))
    );
    assert_eq!((&found["ocel"]["events"], &found["ocel"]["types"]), (&told["events"], types));
    assert_eq!(found["ocel"]["objects"], json!({"case": 1_434, "unit": 11, "officer": 11}));
}
