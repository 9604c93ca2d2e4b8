//! `sijill import eventlog`: everything arrives, once, whatever happens on the way.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use sijill_audit::{ExportDirectory, Source as _};
use sijill_event::{Class, Disclosure, Entry, SdJwt};
use sijill_store_postgres::testing::Cluster;
use sijill_tests::foreign::repository;
use sijill_tests::program::{self, Ended, command, done, run};

const MAP: &str = r#"
origin = "archive.test/made-up"
agency = { id = "town", ar = "بلدية", en = "Town" }
watch = { who = ["test"] }
[source]
case = "case:concept:name"
activity = "concept:name"
time = "time:timestamp"
group = "org:group"
[units]
archive = { id = "archive", ar = "الأرشيف", en = "Archive" }
names = { "Desk A" = { id = "desk-a", ar = "المكتب أ", en = "Desk A" } }
[case.opened]
type = "case.opened"
at = "case:start"
casework = { channel = "case:channel" }
[case.deadline]
type = "deadline.set"
at = "case:due"
[case.ended]
type = "case.ended"
at = "case:end"
[row]
type = "step.completed"
types = { "Open file" = "file.opened" }
casework = { actor = "who", activity = "concept:name" }
narrative = { note = "note" }
"#;

const HEADER: &str = "case:concept:name,case:start,case:due,case:end,case:channel,concept:name,time:timestamp,org:group,who,note";

/// A made-up log: an odd case id, a group that is not listed, a test account, quotes, Arabic, empty cells.
const ROWS: [&str; 5] = [
    "2026/1,2026-01-01 00:00:00+04:00,2026-02-01,2026-03-01 00:00:00+04:00,desk,Open file,2026-01-02 09:00:00.5+04:00,Desk A,amal,\"she said \"\"no\"\",\nthen left\"",
    "2026/1,2026-01-01 00:00:00+04:00,2026-02-01,2026-03-01 00:00:00+04:00,desk,Visit,2026-01-03 09:00:00+04:00,,test,زيارة",
    "2026/2,,,,,Visit,2026-01-04 09:00:00+04:00,قسم الطوارئ,test,",
    "2026/2,,,,,Visit,2026-01-04 09:00:00+04:00,قسم الطوارئ,test,",
    "x_1,2026-01-05 00:00:00+04:00,,2026-01-05 08:00:00+04:00,web,Open file,2026-01-06 09:00:00+04:00,Desk A,,",
];

/// A folder with a map and a log in it.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new(log: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("map.toml"), MAP.replace("group = ", "offset = \"+04:00\"\ngroup = "))
            .expect("written");
        fs::write(dir.path().join("log"), log).expect("written");
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn args(&self, log: &Path) -> Vec<OsString> {
        let mut args: Vec<OsString> = ["import", "eventlog", "--map"].map(OsString::from).to_vec();
        args.extend([self.path("map.toml").into(), log.into(), "--dir".into(), self.path("ledger").into()]);
        args
    }

    fn import(&self) -> Ended {
        run(self.args(&self.path("log")))
    }

    fn audited(&self) -> Value {
        audited(&self.path("ledger"))
    }
}

/// Audits a data directory by its trust file; it has to be clean.
fn audited(ledger: &Path) -> Value {
    let trust = ledger.join("trust.json");
    let report = done(["audit".as_ref(), ledger.as_os_str(), "--trust".as_ref(), trust.as_os_str()]);
    let clean = |level: &str| report["levels"][level]["status"] == "clean";
    assert!(clean("integrity") && clean("authority") && report["faults"] == json!([]), "{report}");
    report
}

fn csv(rows: &[&str]) -> String {
    rows.iter().fold(format!("{HEADER}\n"), |text, row| text + row + "\n")
}

/// The same log as [`ROWS`].
fn xes() -> String {
    let mut text = String::from("<?xml version=\"1.0\"?>\n<log xes.version=\"1849-2016\">\n");
    let attribute = |text: &mut String, key: &str, value: &str| {
        let value = value.replace('&', "&amp;").replace('"', "&quot;").replace('\n', "&#10;");
        let kind = if key.contains("time") { "date" } else { "string" };
        if !value.is_empty() {
            writeln!(text, "<{kind} key=\"{key}\" value=\"{value}\"/>").expect("text");
        }
    };
    let mut last = String::new();
    for row in csv_cells() {
        if row[0] != last {
            text += if last.is_empty() { "<trace>\n" } else { "</trace>\n<trace>\n" };
            last.clone_from(&row[0]);
            for (key, value) in
                HEADER.split(',').zip(&row).filter_map(|(k, v)| Some((k.strip_prefix("case:")?, v)))
            {
                attribute(&mut text, key, value);
            }
        }
        text += "<event>\n";
        for (key, value) in HEADER.split(',').zip(&row).filter(|(key, _)| !key.starts_with("case:")) {
            attribute(&mut text, key, value);
        }
        text += "</event>\n";
    }
    text + "</trace>\n</log>\n"
}

fn csv_cells() -> Vec<Vec<String>> {
    let cells = |row: &&str| -> Vec<String> {
        let (start, note) = row
            .rsplit_once(',')
            .filter(|_| !row.ends_with('"'))
            .or_else(|| row.split_once(",\""))
            .expect("cells");
        let note = note.trim_end_matches('"').replace("\"\"", "\"");
        start.split(',').map(str::to_owned).chain([note]).collect()
    };
    ROWS.iter().map(cells).collect()
}

/// All entries of a ledger with their disclosures.
fn entries(ledger: &Path) -> Vec<SdJwt> {
    let out = ledger.with_extension("export");
    done(["export".as_ref(), "--dir".as_ref(), ledger.as_os_str(), "--out".as_ref(), out.as_os_str()]);
    let export = ExportDirectory::open(&out).expect("an export");
    let all = export.entries(0, 100_000).expect("readable");
    let rows = export.disclosures(0..all.len() as u64, all.len() as u64).expect("readable").rows;
    let disclosed = |at: u64| {
        let of_entry = rows.iter().filter(move |row| row.index == Some(at));
        of_entry
            .map(|row| Disclosure::parse(row.disclosure.as_ref().expect("read")).expect("well formed"))
            .collect()
    };
    let event = |(index, bytes): &(u64, Vec<u8>)| {
        SdJwt::gather(Entry::parse(bytes).expect("an entry").event, disclosed(*index))
            .expect("its own disclosures")
    };
    all.iter().map(event).collect()
}

#[test]
fn a_csv_log_arrives_whole_and_arrives_once() {
    let desk = Desk::new(&csv(&ROWS));
    let report = done(desk.args(&desk.path("log")));
    assert_eq!(report["rows"], json!({"read": 5, "appended": 5, "known": 0, "refused": 0}));
    let by_type =
        json!({"case.opened": 3, "deadline.set": 1, "case.ended": 2, "file.opened": 2, "step.completed": 3});
    assert_eq!(report["events"]["by_type"], by_type);
    assert_eq!(report["watched"], json!({"who": {"test": 3}}));
    let cases = &report["cases"];
    assert_eq!((&cases["without_end"], &cases["ended_before_last_row"]), (&json!(1), &json!(1)));
    assert_eq!(report["empty"]["who"], 1);
    let audit = desk.audited();
    assert_eq!((&audit["root"], &audit["size"]), (&report["root"], &report["size"]));

    let again = done(desk.args(&desk.path("log")));
    assert_eq!(again["rows"], json!({"read": 5, "appended": 0, "known": 5, "refused": 0}));
    assert_eq!(
        (&again["root"], &again["size"], &again["cases"]),
        (&report["root"], &report["size"], &report["cases"])
    );
}

#[test]
fn events_say_what_the_rows_said_and_who_says_it() {
    let desk = Desk::new(&csv(&ROWS));
    done(desk.args(&desk.path("log")));
    let all = entries(&desk.path("ledger"));
    let of = |stream: &str| all.iter().filter(|e| e.event.stream.as_str() == stream).collect::<Vec<_>>();
    let case = of("case/2026_2F1");
    let told: Vec<_> = case.iter().map(|e| (e.event.event_type.as_str(), e.event.sub.as_str())).collect();
    assert_eq!(
        told,
        [
            ("case.opened", "import.archive"),
            ("deadline.set", "import.archive"),
            ("file.opened", "import.desk-a"),
            ("step.completed", "import.archive"),
            ("case.ended", "import.archive"),
        ]
    );
    let occurred = |e: &SdJwt| e.event.occurred.as_ref().map(ToString::to_string);
    assert_eq!(occurred(case[2]).as_deref(), Some("2026-01-02T09:00:00.5+04:00"));
    assert_eq!(occurred(case[4]).as_deref(), Some("2026-03-01T00:00:00+04:00"));
    let value = |e: &SdJwt, class, name| e.value(class, name).cloned();
    assert_eq!(value(case[2], Class::Casework, "actor"), Some("amal".into()));
    assert_eq!(value(case[2], Class::Narrative, "note"), Some("she said \"no\",\nthen left".into()));
    assert_eq!(value(case[3], Class::Narrative, "note"), Some("زيارة".into()));
    assert_eq!(value(case[1], Class::Casework, "deadline"), Some("2026-02-01T00:00:00+04:00".into()));
    // Two rows that say the same are two events; an id that would not do is spelt otherwise.
    assert_eq!(of("case/2026_2F2").len(), 3);
    assert_eq!(of("case/x_5F1").len(), 3);
    assert!(all.iter().all(|e| !e.event.jwt.contains("amal")));
}

#[cfg(unix)]
#[test]
fn every_unit_has_a_service_with_a_key_of_its_own_that_nobody_else_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new(&csv(&ROWS));
    done(desk.args(&desk.path("log")));
    let keys = fs::read_dir(desk.path("ledger/keys/import")).expect("keys");
    let keys: Vec<PathBuf> = keys.map(|entry| entry.expect("a file").path()).collect();
    assert_eq!(keys.len(), 4, "root, archive, desk-a and one more: {keys:?}");
    for key in keys {
        assert_eq!(
            fs::metadata(&key).expect("there").permissions().mode() & 0o777,
            0o600,
            "{}",
            key.display()
        );
    }
}

#[test]
fn xes_says_the_same() {
    let (from_csv, from_xes) = (Desk::new(&csv(&ROWS)), Desk::new(&xes()));
    let reports = [&from_csv, &from_xes].map(|desk| done(desk.args(&desk.path("log"))));
    assert_eq!((&reports[0]["format"], &reports[1]["format"]), (&json!("csv"), &json!("xes")));
    for part in ["rows", "cases", "events", "units", "watched", "empty"] {
        assert_eq!(reports[0][part], reports[1][part], "{part}");
    }
    let keys = |desk: &Desk| {
        let all = entries(&desk.path("ledger"));
        let cases = all.iter().filter(|e| e.event.stream.as_str().starts_with("case/"));
        cases.map(|e| e.event.jti).collect::<Vec<_>>()
    };
    assert_eq!(keys(&from_csv), keys(&from_xes));
    from_xes.audited();
    // What came as XES is there when it comes as CSV.
    fs::write(from_xes.path("log"), csv(&ROWS)).expect("written");
    assert_eq!(done(from_xes.args(&from_xes.path("log")))["rows"]["known"], 5);
}

#[test]
fn a_malformed_row_is_listed_the_rest_arrives_and_the_mended_one_later() {
    let broken = [
        &ROWS[1].replace("2026-01-03", "2026-13-03"),
        ROWS[0],
        "2026/1,too,few",
        &ROWS[1].replace("Visit", ""),
        ROWS[2],
        &ROWS[4].replace("x_1", ""),
    ];
    let desk = Desk::new(&csv(&broken));
    let ended = desk.import();
    assert_eq!(ended.status, 1, "{ended:?}");
    let told = ended.answer["refused"].as_array().expect("a list").iter();
    let told: Vec<_> =
        told.map(|t| (t["line"].as_u64().expect("a line"), t["code"].as_str().expect("a code"))).collect();
    // The second record has a line break in it.
    assert_eq!(told, [(2, "bad-time"), (5, "too-few-cells"), (6, "no-activity"), (8, "no-case")]);
    assert_eq!(ended.answer["rows"], json!({"read": 5, "appended": 2, "known": 0, "refused": 4}));
    desk.audited();

    fs::write(desk.path("log"), csv(&ROWS)).expect("mended");
    let mended = done(desk.args(&desk.path("log")));
    assert_eq!(mended["rows"], json!({"read": 5, "appended": 3, "known": 2, "refused": 0}));
    desk.audited();
}

#[test]
fn a_broken_xml_file_gives_what_stands_before_the_break_and_says_so() {
    let xes = xes();
    let desk = Desk::new(xes.split_at(xes.rfind("<event>").expect("an event") + 20).0);
    let ended = desk.import();
    assert_eq!((ended.status, &ended.answer["complete"]), (1, &json!(false)), "{ended:?}");
    assert_eq!(ended.answer["refused"][0]["code"], "file-broken");
    assert_eq!(ended.answer["rows"]["appended"], 4);
    fs::write(desk.path("log"), &xes).expect("mended");
    assert_eq!(
        done(desk.args(&desk.path("log")))["rows"],
        json!({"read": 5, "appended": 1, "known": 4, "refused": 0})
    );
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_made() {
    let desk = Desk::new("a,b\n1,2\n");
    let ended = desk.import();
    assert_eq!((ended.status, ended.code().as_str()), (2, "file-malformed"), "{ended:?}");
    assert!(!desk.path("ledger").exists());
    fs::write(desk.path("map.toml"), MAP.replace("[row]", "[rows]")).expect("written");
    assert_eq!(desk.import().code(), "file-malformed");

    let desk = Desk::new(&csv(&ROWS));
    fs::create_dir(desk.path("ledger")).expect("a folder");
    fs::write(desk.path("ledger/letter.txt"), "not ours").expect("written");
    assert_eq!(desk.import().code(), "file-exists");
    fs::remove_file(desk.path("ledger/letter.txt")).expect("removed");
    // An empty folder is as good as none.
    done(desk.args(&desk.path("log")));
    fs::write(desk.path("map.toml"), MAP.replace("made-up", "other")).expect("written");
    assert_eq!(desk.import().code(), "usage");
    desk.audited();
}

/// A larger log: as many cases, ten rows each.
fn large(cases: u32) -> String {
    let mut text = format!("{HEADER}\n");
    for case in 0..cases {
        for row in 0..10 {
            writeln!(
                text,
                "c{case},2026-01-01,2026-02-01,2026-02-02,web,Step {row},2026-01-02 0{row}:00:00+04:00,Desk {},w{row},",
                case % 7
            )
            .expect("text");
        }
    }
    text
}

#[test]
fn killed_at_any_moment_and_run_again_it_completes() {
    let desk = Desk::new(&large(250));
    let args = desk.args(&desk.path("log"));
    // From the founding to the last batch; where it is killed depends on the machine, what comes of it must not.
    for pause in [0, 5, 10, 20, 30, 40, 60, 80, 120, 180, 250, 350, 500, 800] {
        let mut child = command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().expect("killed");
        child.wait().expect("dead");
    }
    let report = done(&args);
    let (rows, events) = (&report["rows"], &report["events"]);
    assert_eq!(rows["appended"].as_u64().zip(rows["known"].as_u64()).map(|(a, k)| a + k), Some(2_500));
    assert_eq!(events["appended"].as_u64().zip(events["known"].as_u64()).map(|(a, k)| a + k), Some(3_250));
    // Entry 0, its ratification, and unit and service of the archive and of seven desks: nothing came twice.
    assert_eq!(report["size"], 3_250 + 2 + 2 * 8);
    desk.audited();
    assert!(!desk.path("ledger.founding").exists());
}

#[test]
fn killed_while_the_ledger_is_being_made_it_is_gone_on_with_or_given_up() {
    let desk = Desk::new(&csv(&ROWS));
    let (founding, args) = (desk.path("ledger.founding"), desk.args(&desk.path("log")));
    // It is seen half made sooner or later, if not the first time.
    let killed = || {
        for _ in 0..50 {
            let mut child =
                command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
            while child.try_wait().expect("waited").is_none() && !founding.join("sijill.toml").exists() {
                std::thread::yield_now();
            }
            let _ = child.kill();
            child.wait().expect("dead");
            if founding.exists() {
                return;
            }
            fs::remove_dir_all(desk.path("ledger")).expect("made after all");
        }
        panic!("never seen half made");
    };
    killed();
    assert!(!desk.path("ledger").exists());
    let help =
        Command::new(program::path()).args(["import", "eventlog", "--help"]).output().expect("it runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    assert!(help.contains("D.founding"), "what to remove is said: {help}");
    fs::remove_dir_all(&founding).expect("given up");
    killed();
    let report = done(&args);
    assert_eq!(report["rows"], json!({"read": 5, "appended": 5, "known": 0, "refused": 0}));
    assert!(!founding.exists());
    // Killed while it wrote the settings.
    fs::remove_dir_all(desk.path("ledger")).expect("removed");
    fs::create_dir(&founding).expect("made");
    fs::write(founding.join("sijill.toml.new"), "origin = \"arch").expect("written");
    done(&args);
    desk.audited();
}

#[test]
fn people_read_the_same_root_everywhere() {
    let desk = Desk::new(&csv(&ROWS));
    let for_people = |args: &[OsString]| {
        let output = Command::new(program::path()).args(args).output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let imported = for_people(&desk.args(&desk.path("log")));
    let audited = for_people(&["audit".into(), desk.path("ledger").into()]);
    let root = desk.audited()["root"].as_str().expect("a root").to_owned();
    assert_eq!(root.len(), 43, "base64url, unpadded, as all hashes outside C2SP's own files");
    for text in [imported, audited] {
        assert!(text.contains(&format!("root {root}\n")), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn told_to_stop_it_stops_between_two_batches_and_goes_on_later() {
    let desk = Desk::new(&large(400));
    let pipe = desk.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let child =
        command(desk.args(&pipe)).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let log = fs::read(desk.path("log")).expect("a log");
    let (first, rest) = log.split_at(log.len() - 1_000);
    let mut writer = fs::OpenOptions::new().write(true).open(&pipe).expect("a pipe");
    // More than pipe and buffers hold: when this returns, batches have been appended.
    writer.write_all(first).expect("written");
    assert!(
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs").success()
    );
    // It may have stopped already.
    let _ = writer.write_all(rest);
    drop(writer);
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("\"interrupted\""), "{errors}");
    desk.audited();
    let report = done(desk.args(&desk.path("log")));
    assert!(report["rows"]["known"].as_u64().is_some_and(|known| known > 0));
    assert_eq!(report["size"], 5_200 + 2 + 2 * 8);
    desk.audited();
}

#[tokio::test]
async fn postgres_takes_it_as_well() {
    let Some(cluster) = Cluster::shared() else { return };
    let (entries, keys) = (cluster.create_database().await, cluster.create_database().await);
    let desk = Desk::new(&csv(&ROWS));
    let mut args = desk.args(&desk.path("log"));
    args.extend(["--postgres", &entries, "--keystore-postgres", &keys].map(OsString::from));
    assert_eq!(done(&args)["rows"]["appended"], 5);
    assert_eq!(done(&args)["rows"]["known"], 5);
    desk.audited();
    // A database that holds another ledger is not touched, and the mistake can be mended.
    let other = Desk::new(&csv(&ROWS));
    let mut args = other.args(&other.path("log"));
    args.extend(["--postgres", &entries, "--keystore-postgres", &keys].map(OsString::from));
    assert_eq!(run(&args).code(), "other-ledger");
    assert_eq!(done(other.args(&other.path("log")))["rows"]["appended"], 5);
}

/// The receipt log is real data and no part of this repository; where it lies beside it, it is imported.
#[test]
fn the_receipt_log() {
    let log = repository().join("../shared/data/receipt.csv");
    if !log.is_file() {
        let _ =
            writeln!(std::io::stderr(), "SKIPPED the_receipt_log: ../shared/data/receipt.csv is not there");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let (map, ledger) = (repository().join("tools/import/receipt.toml"), dir.path().join("ledger"));
    let mut args: Vec<OsString> = ["import", "eventlog", "--map"].map(OsString::from).to_vec();
    args.extend([map.into(), (&log).into(), "--dir".into(), (&ledger).into()]);
    let report = done(&args);
    assert_eq!(report["rows"], json!({"read": 8_577, "appended": 8_577, "known": 0, "refused": 0}));
    assert_eq!(
        report["cases"],
        json!({
            "all": 1_434, "without_events": 0, "without_start": 0, "without_deadline": 0, "without_end": 105,
            "ended_after_last_row": 1_184, "ended_before_last_row": 145, "ended_in_time": 952, "ended_late": 377, "differing": 0,
        })
    );
    let types = &report["events"]["by_type"];
    assert_eq!(
        (&types["case.opened"], &types["deadline.set"], &types["deadline.varied"], &types["case.ended"]),
        (&json!(1_434), &json!(1_434), &json!(1_413), &json!(1_329))
    );
    assert_eq!(
        report["watched"]["org:resource"],
        json!({"test": 5, "TEST": 2, "admin1": 352, "admin2": 160, "admin3": 3})
    );
    assert_eq!(
        (&report["units"]["empty"]["rows"], &report["units"]["group-1"]["rows"]),
        (&json!(1_936), &json!(3_152))
    );
    assert_eq!(report["size"], 8_577 + 1_434 + 1_434 + 1_413 + 1_329 + 2 + 2 * 11);
    audited(&ledger);
    let again = done(&args);
    assert_eq!(
        (&again["rows"]["appended"], &again["events"]["appended"], &again["root"]),
        (&json!(0), &json!(0), &report["root"])
    );

    // Counted by another program, in another language.
    let counted = Command::new("python3").arg(repository().join("tools/import/count.py")).arg(&log).output();
    let counted: Value = serde_json::from_slice(&counted.expect("python3 runs").stdout).expect("JSON");
    assert_eq!(counted["rows"], report["rows"]["read"]);
    assert_eq!(counted["watched"], report["watched"]);
    for (name, value) in counted["cases"].as_object().expect("counts") {
        assert_eq!(*value, report["cases"][name], "{name}");
    }

    // By the product's clock and indicator, from the log alone: the same.
    done(["rebuild".as_ref(), "--dir".as_ref(), ledger.as_os_str()]);
    let mut args: Vec<OsString> =
        ["figures", "timeliness", "--by", "band", "--dir"].map(OsString::from).to_vec();
    args.push((&ledger).into());
    let told = done(&args);
    assert_eq!(told["size"], report["size"]);
    let figures: Vec<_> = told["figures"].as_array().expect("figures").iter().collect();
    let of =
        |band: &str| figures.iter().find(|figure| figure["band"] == band).map(|figure| figure["n"].clone());
    assert_eq!(figures.len(), 3);
    for (band, counted) in [("late", "ended_late"), ("on_time", "ended_in_time"), ("running", "without_end")]
    {
        assert_eq!(of(band).as_ref(), Some(&report["cases"][counted]), "{band}");
    }
    assert_eq!(
        (of("late"), of("on_time"), of("running")),
        (Some(json!(377)), Some(json!(952)), Some(json!(105)))
    );
}
