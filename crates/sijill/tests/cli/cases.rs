//! The report at two in the morning, by the command line alone: documents, a case, its referrals, and why it went so.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use sijill_casework::policy::{OMAN, Policy};

use crate::town::{ORIGIN, Town};

/// A quorum of the ten founders, whose keys decide together.
const QUORUM: [&str; 6] = ["moh", "rop", "cpc", "mosd", "pp", "h1100"];

/// What the story says, among other things.
const ENGLISH: &[&str] = &[
    "Officer noor of Unit line (h1100) logged a contact: Somebody about a child",
    "Concerns: Neglect, Physical abuse. Risk: High",
    "the ledger’s automation referred the child to Unit hospital-ma (Ministry of Health): ",
    "rule physical of table “Health” in version 1 of “Child protection pathways”, which is for: ",
    "source: Child Law, RD 22/2014",
    "Officer salim of Unit hospital-ma (Ministry of Health) accepted the referral to Unit hospital-ma",
    "Unit desk (rop) missed a deadline: “Acknowledgement” for the referral to Unit desk (rop)",
    "(30 min around the clock)",
    "owed by Unit desk (rop)",
    "Officer khalid of Unit desk (rop) acknowledged the referral to Unit desk (rop)",
    "The case is open; it is owned by Unit line (h1100).",
    ": Accepted.",
    "not in time: Acknowledgement",
];

/// The same in Arabic.
const ARABIC: &[&str] = &[
    "فتح الموظف noor من وحدة line (h1100) الحالة",
    "أحال التشغيل الآلي للسجل الطفل إلى وحدة hospital-ma (وزارة الصحة)",
    "القاعدة physical من جدول «الصحة» في الإصدار 1",
    "لم تلتزم وحدة desk (rop) بالمهلة: «الإقرار بالاستلام»",
    "والمتأخر وحدة desk (rop)",
    "الحالة مفتوحة؛ الجهة المسؤولة عنها وحدة line (h1100).",
];

/// Ten founders, every unit that the policy refers to, four officers, and all documents.
pub(crate) fn country() -> Town {
    let town = Town::new();
    let policy = Policy::parse(OMAN).expect("a policy");
    let mut units: BTreeMap<String, Vec<String>> =
        BTreeMap::from([("h1100".to_owned(), vec!["line".to_owned()])]);
    for target in policy.targets() {
        units.entry(target.agency.to_string()).or_default().push(target.unit.to_string());
    }
    let mut init: Vec<String> =
        ["init", "--dir", "d", "--origin", ORIGIN, "--quorum", "6", "--ratify"].map(str::to_owned).into();
    init.extend(
        ["--clock", "simulated", "--name", "moh", "وزارة الصحة", "Ministry of Health"].map(str::to_owned),
    );
    for agency in units.keys() {
        let file = format!("{agency}-root.key");
        if !town.path(&file).exists() {
            town.good(["keys", "new", "--agency", agency, "--officer", "root", "--out", &file]);
        }
        init.extend(["--founder".to_owned(), format!("{agency}={file}")]);
    }
    town.good(init);
    for (agency, units) in &units {
        let lines: Vec<String> = units
            .iter()
            .map(|unit| {
                let name = json!({"ar": format!("وحدة {unit}"), "en": format!("Unit {unit}")});
                let data = json!({"unit": unit, "name": name});
                json!({"stream": format!("agency/{agency}"), "type": "unit.opened", "data": data}).to_string()
            })
            .collect();
        fs::write(town.path("units.ndjson"), lines.join("\n")).expect("written");
        let key = format!("{agency}-root.key");
        town.good(["append", "--dir", "d", "--key", &key, "--file", "units.ndjson"]);
    }
    for (agency, officer, unit) in [
        ("h1100", "noor", "line"),
        ("moh", "salim", "hospital-ma"),
        ("rop", "khalid", "desk"),
        ("cpc", "huda", "ma"),
    ] {
        let (root, key) = (format!("{agency}-root.key"), format!("{officer}.key"));
        town.good(["keys", "new", "--agency", agency, "--officer", officer, "--out", &key]);
        let proof = town.good(["keys", "proof", &key, "--origin", ORIGIN]).to_string();
        fs::write(town.path("proof.json"), proof).expect("written");
        let enrol =
            ["registry", "enrol", "--dir", "d", "--key", &root, "--proof", "proof.json", "--unit", unit];
        town.good(enrol.into_iter().chain(["--roles", "casework"]));
    }
    town
}

/// Publishes what comes with the programme, with six keys.
pub(crate) fn publish(town: &Town) -> Value {
    let keys = QUORUM.map(|agency| format!("{agency}-root.key"));
    let mut args = vec!["documents", "shipped", "--dir", "d", "--key", &keys[0]];
    args.extend(keys[1..].iter().flat_map(|key| ["--and", key.as_str()]));
    town.good(args)
}

/// Two members begin, each by itself and one of them twice; the others finish it. In the end there is nothing left to do,
/// and nothing was proposed twice.
fn publish_once(town: &Town) {
    let alone = |agency: &str| {
        town.good(["documents", "shipped", "--dir", "d", "--key", &format!("{agency}-root.key")])
    };
    let (first, again, second) = (alone("moh"), alone("moh"), alone("rop"));
    assert_eq!((&first["published"], &first["quorum"]), (&json!(0), &json!(6)));
    assert_eq!(first["later"], json!(["policy child-protection 1"]), "it is checked against what waits");
    let proposals = |told: &Value| told["proposals"].as_array().expect("proposals").clone();
    let hashes =
        |told: &Value| -> Vec<Value> { proposals(told).iter().map(|one| one["proposal"].clone()).collect() };
    assert_eq!(first["waiting"], json!(hashes(&first).len()));
    assert_eq!(first, again, "repeated, it finds its own proposals");
    assert_eq!(hashes(&first), hashes(&second), "and everybody else's");
    for one in proposals(&second) {
        assert_eq!((&one["approvals"], &one["published"]), (&json!(["moh", "rop"]), &json!(false)));
        assert!(one["missing"].as_array().is_some_and(|missing| missing.contains(&json!("cpc"))), "{one}");
    }
    let people = town.run_for_people(&["documents", "shipped", "--dir", "d", "--key", "rop-root.key"]).out;
    assert!(people.contains("2 of 6 approvals, by moh, rop; not yet: "), "{people}");

    let published = publish(town);
    assert_eq!((&published["waiting"], &published["already"]), (&json!(0), &json!(0)));
    assert_eq!(hashes(&published)[..hashes(&first).len()], hashes(&first)[..]);
    let again = publish(town);
    assert_eq!((&again["published"], &again["already"]), (&json!(0), &published["published"]));
    let listed = town.good(["documents", "list", "--dir", "d"]);
    let documents = listed["documents"].as_array().expect("documents");
    assert_eq!(json!(documents.len()), published["published"]);
    assert!(documents.iter().all(|one| one["held"] == true && one["version"] == 1));
}

fn open<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut open = vec![
        "case",
        "open",
        "--id",
        "C1",
        "--dir",
        "d",
        "--key",
        "noor.key",
        "concerns=physical_abuse,neglect",
    ];
    open.extend(["governorate=OM-MA", "age_band=5-11", "sex=female", "channel=1100"]);
    open.extend(more);
    open
}

/// The referral to a unit, as `case show` has it.
fn referral(shown: &Value, agency: &str) -> Value {
    let all = shown["referrals"].as_array().expect("referrals");
    all.iter()
        .find(|one| one["to"]["agency"] == agency)
        .unwrap_or_else(|| panic!("{agency}: {shown}"))
        .clone()
}

/// What is read beside the server, the server tells those who may know of it, and nobody else.
fn the_server_tells(town: &Town, url: &str) {
    let by_url = ["--url", url, "--trust", "d/trust.json", "--key"];
    let here = ["--dir", "d"];
    let both = |args: &[&str], key: &str| {
        let there = town.run_for_people(&[args, &by_url, &[key]].concat());
        assert_eq!(there.out, town.run_for_people(&[args, &here].concat()).out, "{args:?}");
        assert_eq!(there.status, 0, "{there:?}");
    };
    both(&["case", "show", "C1"], "salim.key");
    both(&["case", "show", "C1"], "noor.key");
    both(&["case", "show", "K1"], "noor.key");
    both(&["case", "queue", "moh/hospital-ma"], "salim.key");
    both(&["why", "C1", "--lang", "ar"], "noor.key");
    both(&["documents", "list"], "salim.key");
    let actions = town.good([&["case", "actions", "C1"], &by_url[..], &["salim.key"]].concat());
    let action = |name: &str| {
        let all = actions["actions"].as_array().expect("actions");
        all.iter().find(|one| one["type"] == name).unwrap_or_else(|| panic!("{name}: {actions}")).clone()
    };
    assert_eq!(action("child.seen")["allowed"], true);
    assert_eq!(action("case.assigned")["code"], "not-yours");
    let told = town.run_for_people(&[&["case", "actions", "C1"], &by_url[..], &["salim.key"]].concat()).out;
    assert!(told.contains("referral.completed") && told.contains("not-yours: "), "{told}");
    // Values are shown to whom the rules permit, and their question is on the ledger first.
    let ask = |case: &str, class: &str, key: &str| {
        let class = format!("classes={class}");
        let ask = ["case", "ask", case, &class, "purpose=casework"];
        town.run([&ask, &by_url[..], &[key]].concat())
    };
    let shown = ask("C1", "narrative", "noor.key").good();
    assert_eq!((&shown["verified"], &shown["released"][0]["type"]), (&json!(true), &json!("case.opened")));
    assert!(
        shown["released"][0]["values"]["narrative.summary"]
            .as_str()
            .is_some_and(|text| text.contains("Canary"))
    );
    assert!(ask("K1", "reporter", "noor.key").good().to_string().contains("Fatma Canary"));
    let needed = ask("C1", "identity,narrative,sensitive", "salim.key").good().to_string();
    assert!(needed.contains("a neighbour Canary called"), "the policy lets the hospital see why: {needed}");
    assert_eq!(
        ask("K1", "reporter", "salim.key").good()["released"],
        json!([]),
        "asked, recorded, and shown nothing"
    );
    let look_up =
        |fields: &[&str]| town.good([&["case", "look-up", "K1"], fields, &by_url, &["noor.key"]].concat());
    assert_eq!(look_up(&["name=Maha"])["enough"], false);
    let found = look_up(&["name=Maha bint Salim", "birth_year=2017"]);
    assert_eq!(
        (&found["enough"], &found["known"], &found["verified"]),
        (&json!(true), &json!([]), &json!(true))
    );
    let asked = |args: &[&str], key: &str| town.run([args, &by_url, &[key]].concat());
    assert_eq!(asked(&["case", "show", "K1"], "salim.key").refused(2), "usage", "it is its logger's");
    assert_eq!(asked(&["case", "show", "none"], "salim.key").refused(2), "usage");
    assert_eq!(asked(&["case", "queue", "rop/desk"], "salim.key").status, 1, "another unit's desk");
}

/// A contact has a story of its own, and what was shown of several entries is told in the order of the log.
fn told_from_the_beginning(town: &Town, english: &str) {
    let contact = town.run_for_people(&["why", "K1", "--dir", "d"]).out;
    assert!(contact.starts_with("The story of contact K1"), "{contact}");
    let shown = english.lines().filter(|line| line.contains("The ledger showed"));
    let entries = shown.map(|line| {
        let entries = line.split("(entry ").skip(1).filter_map(|rest| rest.split(')').next()?.parse().ok());
        entries.collect::<Vec<u64>>()
    });
    let most = entries.inspect(|all| assert!(all.is_sorted(), "{all:?}")).map(|all| all.len()).max();
    assert!(most >= Some(3), "of several entries something was shown: {english}");
}

/// Whoever takes the case over did not miss what was missed before.
fn taken_over(town: &Town) {
    let act = |key: &str, what: &str, fields: &[&str]| {
        let args = ["case", "act", "C1", what, "--dir", "d", "--key", key];
        town.good(args.into_iter().chain(fields.iter().copied()))
    };
    let asked = act("noor.key", "case.transfer_requested", &["to=cpc/ma", "reason=intake"]);
    act("huda.key", "case.transferred", &[&format!("request={}", asked["hash"].as_str().expect("a hash"))]);
    let moved = town.run_for_people(&["why", "C1", "--dir", "d"]).out;
    assert!(
        moved.starts_with("The story of case C1") && moved.contains("it is owned by Unit ma (cpc)"),
        "{moved}"
    );
    let late = moved.lines().filter(|line| line.contains("escalated to") && line.contains("Assignment"));
    let late: Vec<&str> = late.collect();
    assert!(
        !late.is_empty() && late.iter().all(|line| line.contains("owed by Unit line (h1100)")),
        "{late:?}"
    );
    assert_eq!(town.faults(["audit", "d", "--trust", "d/trust.json"]), (0, Vec::new()));
}

#[test]
fn two_in_the_morning_by_hand_and_why() {
    let town = country();
    let refused = town.run(open(&["risk=high"]));
    assert_eq!(refused.status, 2);
    assert!(
        refused.err.contains("documents shipped"),
        "no codes before the lists are published: {refused:?}"
    );

    publish_once(&town);

    // What is wrong is told before anything is signed, and a dry run leaves nothing.
    let wrong = town.run(open(&["risk=huge"]));
    assert_eq!(wrong.status, 2);
    assert!(wrong.err.contains("huge") && wrong.err.contains("Medium"), "{wrong:?}");
    let dry = town.good(open(&["risk=high", "summary=a neighbour called", "--dry-run"]));
    assert_eq!(dry["payload"]["data"]["unit"], "line", "the owner is the author's own unit");
    assert_eq!(dry["payload"]["data"]["codes"]["risk"], 1);
    let told = |name: &str| {
        let all = dry["disclosures"].as_array().expect("disclosures");
        all.iter().find(|one| one["name"] == name).map(|one| one["value"].clone())
    };
    assert_eq!(told("concerns"), Some(json!(["neglect", "physical_abuse"])));
    assert_eq!(town.run(["case", "show", "C1", "--dir", "d"]).refused(2), "usage");

    let logged = [
        "case",
        "act",
        "K1",
        "contact.logged",
        "--dir",
        "d",
        "--key",
        "noor.key",
        "kind=someone_about_child",
    ];
    town.good(logged.into_iter().chain(["channel=1100", "repeat=no", "reporter_name=Fatma Canary"]));
    let opened = town.good(open(&["risk=high", "contacts=K1", "summary=a neighbour Canary called"]));
    let shown = town.good(["case", "show", "C1", "--dir", "d"]);
    assert_eq!((&shown["status"], &shown["owner"]["unit"]), (&json!("open"), &json!("line")));
    assert_eq!(shown["referrals"].as_array().map(Vec::len), Some(3), "{shown}");
    let (hospital, police) = (referral(&shown, "moh"), referral(&shown, "rop"));
    assert_eq!((&hospital["state"], &hospital["automatic"]), (&json!("requested"), &json!(true)));
    let queue = town.good(["case", "queue", "moh/hospital-ma", "--dir", "d"]);
    assert_eq!((&queue["queue"][0]["case"], &queue["queue"][0]["urgent"]), (&json!("C1"), &json!(true)));
    assert_eq!(town.run(["case", "queue", "moh/kitchen", "--dir", "d"]).refused(2), "usage");

    let hash = |referral: &Value| referral["referral"].as_str().expect("a hash").to_owned();
    let step = |step: &str, referral: &str, key: &str, fields: &[&str]| {
        let args = ["referral", step, "C1", referral, "--dir", "d", "--key", key];
        town.run(args.into_iter().chain(fields.iter().copied()))
    };
    step("acknowledge", &hash(&hospital), "salim.key", &[]).good();
    step("accept", &hash(&hospital), "salim.key", &[]).good();
    assert_eq!(step("accept", &hash(&hospital), "salim.key", &[]).refused(1), "referral-state");
    assert_eq!(step("acknowledge", &hash(&police), "salim.key", &[]).refused(1), "not-yours");
    assert_eq!(step("acknowledge", "reason=none", "salim.key", &[]).refused(2), "usage");

    // The same over HTTP: codes and their labels come from the server's registry.
    let server = town.serve();
    let seen = |place: &str| {
        let place = format!("place={place}");
        town.run(["case", "act", "C1", "child.seen", &place, "--url", &server.url, "--key", "salim.key"])
    };
    let wrong = seen("moon");
    assert!(wrong.err.contains("`moon` is no code") && wrong.err.contains("home"), "{wrong:?}");
    seen("home").good();
    the_server_tells(&town, &server.url);
    server.stop();

    // Seventy minutes later, with the police silent and nobody in charge; read beside the server that runs the clock.
    let later = opened["received"].as_i64().expect("a time") + 70 * 60_000;
    let later = chrono::DateTime::from_timestamp_millis(later).expect("a time").to_rfc3339();
    let server = town.serve_with(&["--clock-at", &later]);
    let mut missed = false;
    for _ in 0..300 {
        let shown = town.good(["case", "show", "C1", "--dir", "d"]);
        let mut owed = shown["deadlines"].as_array().expect("deadlines").iter();
        missed = referral(&shown, "rop")["breached"] == true
            && owed.any(|one| one["milestone"] == "assign" && !one["breached"].is_null());
        if missed {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(missed, "the automation names what was missed");
    server.stop();
    step("acknowledge", &hash(&police), "khalid.key", &[]).good();

    let english = town.run_for_people(&["why", "C1", "--dir", "d"]);
    assert_eq!(english.status, 0, "{english:?}");
    for said in ENGLISH {
        assert!(english.out.contains(said), "{said}\n{}", english.out);
    }
    let arabic = town.run_for_people(&["why", "C1", "--dir", "d", "--lang", "ar"]);
    for said in ARABIC {
        assert!(arabic.out.contains(said), "{said}\n{}", arabic.out);
    }
    assert!(!arabic.out.contains('—') && !english.out.contains('—'), "nothing is left blank");
    let (_, now) = arabic.out.split_once("الوضع الآن").expect("how it stands");
    assert!(now.contains('؛') && !now.contains(';'), "Arabic has a semicolon of its own\n{now}");

    told_from_the_beginning(&town, &english.out);

    // An export tells the same, and neither tells what rules may not see.
    town.good(["export", "--dir", "d", "--out", "e"]);
    let exported = town.run_for_people(&["why", "C1", "--export", "e"]);
    assert_eq!(exported.out, english.out);
    assert!(!english.out.contains("Canary") && !arabic.out.contains("Canary"));
    let lines = town.good(["why", "C1", "--dir", "d"])["lines"].as_array().map_or(0, Vec::len);
    assert!(lines >= 10, "{lines}");
    assert_eq!(town.run(["why", "C2", "--dir", "d"]).refused(2), "usage");
    taken_over(&town);
}

#[test]
fn types_and_fields_are_explained_in_both_languages() {
    let town = Town::new();
    let all = town.good(["case", "explain"]);
    assert!(
        all["types"].as_array().is_some_and(|types| types.iter().all(|one| one["type"] != "reminder.sent"))
    );
    let one = town.good(["case", "explain", "referral.held"]);
    let reason =
        one["fields"].as_array().and_then(|fields| fields.iter().find(|field| field["name"] == "reason"));
    let codes = reason.and_then(|reason| reason["codes"].as_array()).expect("codes");
    assert!(
        codes.iter().any(|code| code["code"] == "awaiting_court" && code["label"]["ar"] == "بانتظار المحكمة")
    );
    assert_eq!(town.run(["case", "explain", "referral.eaten"]).refused(2), "usage");
}

#[test]
fn a_document_is_brought_and_waits_for_its_members() {
    let town = Town::begun();
    fs::write(town.path("manual.pdf"), "a manual").expect("written");
    let put = ["documents", "put", "manual.pdf", "--dir", "d", "--key", "moh-root.key", "--kind"];
    let brought = town.good(put.into_iter().chain(["manual"]));
    assert_eq!(brought["hash"], sijill_event::Digest::of("a manual").to_string());
    assert_eq!(town.run(put.into_iter().chain(["policy"])).refused(2), "file-malformed");
    assert_eq!(town.run(put.into_iter().chain(["tea"])).status, 2);
    let publish =
        ["documents", "publish", "manual.pdf", "--kind", "manual", "--dir", "d", "--key", "moh-root.key"];
    assert_eq!(town.run(publish).refused(2), "file-malformed");
    let waiting = town.good(publish.into_iter().chain(["--id", "manual-2026"]));
    assert_eq!((&waiting["published"], &waiting["waiting"]), (&json!(0), &json!(1)));
    let proposal = waiting["proposals"][0]["proposal"].as_str().expect("a hash").to_owned();
    assert_eq!(town.good(["documents", "list", "--dir", "d"])["documents"], json!([]));
    town.good(["members", "approve", &proposal, "--dir", "d", "--key", "rop-root.key"]);
    let listed = town.good(["documents", "list", "--dir", "d"]);
    assert_eq!(listed["documents"][0]["id"], "manual-2026");
}
