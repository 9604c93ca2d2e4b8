//! Forecasts and early warnings over HTTP: whose they are, what they hold, and what a review makes of a warning.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::shape::conforms;
use crate::walk::{
    AUDITOR, BREAKER, CHIEF, COMMITTEE, DOCTOR, EVERYBODY, OVERSIGHT, OWNER, STRANGER, Served,
};

const DAY: u64 = 24 * 60;

impl Served {
    /// An answer, once the models are where the log is.
    async fn planned(&self, path: &str, who: &str) -> Value {
        let (size, token) = (self.country.ledger.published().checkpoint.size, self.token(who).await);
        let and = if path.contains('?') { '&' } else { '?' };
        for _ in 0..1_000 {
            let answer = self.get(&format!("{path}{and}at={size}"), &token).await;
            match answer.status.as_u16() {
                200 => {
                    assert_eq!(self.found(&answer.body), [].into(), "nothing that was told in confidence");
                    let told = answer.json();
                    assert_eq!(told["size"], size);
                    return told;
                }
                503 => tokio::time::sleep(Duration::from_millis(20)).await,
                _ => panic!("{path}: {}", answer.text()),
            }
        }
        panic!("the models do not follow")
    }

    async fn warnings(&self, who: &str) -> Vec<Value> {
        let told = self.planned("/v1/warnings", who).await;
        conforms("WarningsAnswer", &told);
        told["warnings"].as_array().expect("warnings").clone()
    }
}

/// A country in which a child was not seen, a second call came, and two cases are of siblings.
async fn troubled() -> Served {
    let mut served = Served::open().await;
    served.populate().await;
    served.country.open_case("c2", "low").await;
    served.plant(OWNER, "case/c1", "case.linked", json!({"case": "c2", "relation": "sibling"})).await;
    served.plant(OWNER, "contact/k2", "contact.logged", json!({})).await;
    let to = json!({"agency": "h1100", "unit": "line"});
    served.plant(OWNER, "contact/k2", "contact.linked", json!({"case": "c1", "to": to})).await;
    served.country.later(3 * DAY);
    served.country.ledger.wake().await.expect("room");
    served
}

fn rules(warnings: &[Value]) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    warnings.iter().map(|warning| (text(&warning["rule"]), text(&warning["case"]))).collect()
}

fn pair(rule: &str, case: &str) -> (String, String) {
    (rule.to_owned(), case.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_are_for_who_answers_for_the_case_and_may_know_of_all_they_tell() {
    let mut served = troubled().await;
    let owner = served.warnings(OWNER).await;
    let told = rules(&owner);
    for (rule, case) in
        [("missed-follow-up", "c1"), ("repeat-contacts", "c1"), ("linked-case", "c1"), ("linked-case", "c2")]
    {
        assert!(told.contains(&pair(rule, case)), "{rule} {case}: {told:?}");
    }
    for warning in &owner {
        let grounds = warning["rests_on"].as_array().expect("grounds");
        assert!(!grounds.is_empty());
        for ground in grounds {
            let entry = served.country.entry(ground["entry"].as_u64().expect("an entry")).await;
            assert_eq!(ground["stream"], entry.event.stream.as_str());
            assert_eq!(ground["event"], entry.event.hash().to_string());
            assert_eq!(ground["at"], entry.received);
        }
    }
    assert_eq!(rules(&served.warnings(CHIEF).await), told, "a supervisor: the agency's");
    assert_eq!(rules(&served.warnings(AUDITOR).await), told, "an auditor: all there are");
    for who in EVERYBODY.into_iter().filter(|who| [COMMITTEE, DOCTOR, STRANGER, BREAKER].contains(who)) {
        assert_eq!(served.warnings(who).await, [] as [Value; 0], "{who} does not answer for them");
    }
    let oversight = served.token(OVERSIGHT).await;
    for call in ["/v1/warnings", "/v1/forecast"] {
        assert_eq!(served.get(call, &oversight).await.problem(), (403, "not-yours".to_owned()), "{call}");
    }

    // Whoever is kept out of one of two cases is told nothing that names it, from then on; before the models have it, too.
    let restricted = json!({"officers": [{"agency": "h1100", "officer": "line"}], "units": []});
    served.plant(CHIEF, "case/c2", "access.restricted", restricted).await;
    let token = served.token(OWNER).await;
    let now = served.get("/v1/warnings", &token).await;
    for warnings in
        [now.json()["warnings"].as_array().expect("warnings").clone(), served.warnings(OWNER).await]
    {
        let told = rules(&warnings);
        assert!(told.contains(&pair("missed-follow-up", "c1")), "{told:?}");
        assert!(!warnings.iter().any(|warning| warning.to_string().contains("\"c2\"")), "{warnings:?}");
    }
    assert!(rules(&served.warnings(CHIEF).await).contains(&pair("linked-case", "c2")));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_warnings_are_all_of_them_as_known_at_one_size() {
    let mut served = troubled().await;
    let all = served.planned("/v1/warnings", OWNER).await;
    let token = served.token(OWNER).await;
    let whole = all["warnings"].as_array().expect("warnings");
    assert_eq!((&all["total"], &all["next"]), (&json!(whole.len()), &Value::Null));

    let (mut read, mut next) = (Vec::new(), Some("/v1/warnings?limit=1".to_owned()));
    while let Some(path) = next {
        let answer = served.get(&path, &token).await;
        let told = answer.json();
        conforms("WarningsAnswer", &told);
        let page = told["warnings"].as_array().expect("warnings");
        assert_eq!((page.len(), &told["total"], &told["size"]), (1, &all["total"], &all["size"]), "{path}");
        read.extend(page.clone());
        next = told["next"].as_str().map(str::to_owned);
        let link = answer.headers.get("link").map(|link| link.to_str().expect("text").to_owned());
        assert_eq!(link, next.as_ref().map(|next| format!("<{next}>; rel=\"next\"")));
        if read.len() == 1 {
            // What comes now is not on the later pages.
            served.country.later(1);
            served.plant(OWNER, "case/c2", "case.linked", json!({"case": "c1", "relation": "sibling"})).await;
        }
    }
    assert_eq!(&read, whole);

    let size = all["size"].as_u64().expect("a size");
    for path in
        [format!("/v1/warnings?at={size}&skip=99"), format!("/v1/warnings?at={size}&skip=99&format=csv")]
    {
        let answer = served.get(&path, &token).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("case/c1"), "behind the last there is nothing");
    }
    let received = served.country.entry(size - 1).await.received;
    let time =
        chrono::DateTime::from_timestamp_millis(i64::try_from(received).expect("a time")).expect("a time");
    let time = time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    for call in ["/v1/warnings", "/v1/forecast"] {
        let then = served.get(&format!("{call}?at={time}"), &token).await;
        assert_eq!(then.json()["size"], size, "{call}");
        for wrong in ["at=yesterday", "at=-1"] {
            let answer = served.get(&format!("{call}?{wrong}"), &token).await;
            assert_eq!(answer.problem(), (400, "query".to_owned()), "{call}?{wrong}");
        }
    }
    for wrong in ["limit=0", "limit=1001", "skip=-1"] {
        let answer = served.get(&format!("/v1/warnings?{wrong}"), &token).await;
        assert_eq!(answer.problem(), (400, "query".to_owned()), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_signed_once_and_counts_for_its_rule() {
    let mut served = troubled().await;
    let all = served.warnings(OWNER).await;
    let repeated = all.iter().find(|warning| warning["rule"] == "repeat-contacts").expect("a warning");
    let mut events: Vec<Value> = repeated["rests_on"]
        .as_array()
        .expect("grounds")
        .iter()
        .map(|ground| ground["event"].clone())
        .collect();
    events.sort_by_key(ToString::to_string);
    let review = json!({
        "rule": "repeat-contacts", "version": 1, "events": events, "outcome": "wrong", "reason": "unrelated",
    });
    served.plant(OWNER, "case/c1", "warning.reviewed", review).await;
    let told = served.planned("/v1/warnings?rule=repeat-contacts", OWNER).await;
    let [warning] = &told["warnings"].as_array().expect("warnings")[..] else { panic!("{told}") };
    assert_eq!(warning["rests_on"], repeated["rests_on"]);
    let review = &warning["review"];
    assert_eq!(
        (&review["outcome"], &review["reason"], &review["officer"]),
        (&json!("wrong"), &json!("unrelated"), &json!("line"))
    );
    let of = |told: &Value, id: &str| {
        let rules = told["rules"].as_array().expect("rules").clone();
        rules.into_iter().find(|rule| rule["id"] == id).expect("the rule")
    };
    let rule = of(&told, "repeat-contacts");
    assert_eq!((&rule["reviewed"], &rule["wrong"], &rule["acted"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(of(&told, "linked-case")["reviewed"], 0);
    let elsewhere = served.planned("/v1/warnings", COMMITTEE).await;
    assert_eq!(of(&elsewhere, "repeat-contacts")["reviewed"], 0, "another agency's reviews are its own");
    let open = served.planned("/v1/warnings?reviewed=false&rule=repeat-contacts", OWNER).await;
    assert_eq!(open["warnings"], json!([]));

    let token = served.token(OWNER).await;
    let table = served.get("/v1/warnings?format=csv", &token).await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(table.header("sijill-size"), told["size"].to_string());
    let mut reader = csv::Reader::from_reader(table.body.as_slice());
    let lines: Vec<csv::StringRecord> = reader.records().map(|line| line.expect("a line")).collect();
    assert_eq!(lines.len(), served.warnings(OWNER).await.len());
    assert!(lines.iter().any(|line| &line[0] == "repeat-contacts" && &line[11] == "wrong"), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forecast_is_of_the_own_agencys_units_and_names_its_log() {
    let served = troubled().await;
    for number in 0..22 {
        served.country.open_case(&format!("w{number}"), "low").await;
        served.country.later(7 * DAY);
        served.country.ledger.wake().await.expect("room");
    }
    let told = served.planned("/v1/forecast", OWNER).await;
    conforms("ForecastAnswer", &told);
    let units = told["forecasts"].as_array().expect("units");
    assert!(units.iter().all(|unit| unit["agency"] == "h1100") && units.len() == 2, "{told}");
    let root = served.country.ledger.root_at(told["size"].as_u64().expect("a size")).await.expect("a root");
    assert_eq!(told["root"], sijill_event::Digest(root.0).to_string());
    for unit in units {
        let series: Vec<_> =
            unit["series"].as_array().expect("series").iter().map(|one| &one["series"]).collect();
        let expected: &[&str] = if unit["work"] == "tasks" {
            &["arrivals", "completions", "open", "overdue"]
        } else {
            &["arrivals", "completions", "open"]
        };
        assert_eq!(series, expected);
        assert_eq!(unit["explained"].as_array().map(Vec::len), Some(4));
    }
    let cases = units.iter().find(|unit| unit["work"] == "cases").expect("cases");
    let open = cases["past"].as_array().and_then(|past| past.last()).expect("a week")["open"].clone();
    assert!(open.as_u64() > Some(20), "nobody closed any: {cases}");

    let all = served.planned("/v1/forecast", AUDITOR).await;
    let agencies: BTreeSet<_> =
        all["forecasts"].as_array().expect("units").iter().map(|unit| unit["agency"].to_string()).collect();
    assert!(agencies.len() > 2, "{agencies:?}");
    let one = served.planned("/v1/forecast?agency=moh", AUDITOR).await;
    assert!(one["forecasts"].as_array().expect("units").iter().all(|unit| unit["agency"] == "moh"));
    assert_eq!(served.planned("/v1/forecast?agency=moh", OWNER).await["forecasts"], json!([]), "not theirs");

    let token = served.token(AUDITOR).await;
    let table = served.get("/v1/forecast?format=csv&unit=line", &token).await;
    let mut reader = csv::Reader::from_reader(table.body.as_slice());
    assert_eq!(reader.records().count(), (3 + 4) * 4, "series and weeks: {}", table.text());
    for (query, status, code) in
        [("at=999999", 404, "not-published"), ("colour=red", 400, "query"), ("format=xml", 400, "query")]
    {
        let refused = served.get(&format!("/v1/forecast?{query}"), &token).await;
        assert_eq!(refused.problem(), (status, code.to_owned()), "{query}");
    }
    assert_eq!(served.get("/v1/forecast?at=0", &token).await.json()["forecasts"], json!([]));
}
