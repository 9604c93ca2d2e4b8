//! Figures over HTTP: whose they are, that they are the number of the facts behind them, that past sizes stand still, and that a
//! table says what the JSON says.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::house::{Answer, House};
use crate::shape::conforms;
use crate::walk::{AUDITOR, BREAKER, CHIEF, COMMITTEE, DOCTOR, OVERSIGHT, OWNER, STRANGER, Served};

const EVERYTHING: [&str; 5] = ["kind", "band", "agency", "unit", "governorate"];

impl Served {
    /// An answer with figures, checked to be of the log it names.
    async fn figures(&self, question: &str, token: &str) -> Vec<Map<String, Value>> {
        let answer = self.get(&format!("/v1/figures/{question}"), token).await;
        assert_eq!(answer.status.as_u16(), 200, "{question}: {}", answer.text());
        let said = answer.json();
        conforms("IndicatorFigures", &said);
        assert_eq!(answer.header("sijill-size"), said["size"].to_string());
        assert_eq!(answer.header("sijill-root"), said["root"].as_str().expect("a root"));
        assert_eq!(answer.header("sijill-attested"), said["attested"].to_string());
        rows(&said["figures"])
    }

    /// All events of a figure, by its pages.
    async fn events(&self, question: &str, token: &str) -> Vec<Map<String, Value>> {
        let (mut events, mut path) = (Vec::new(), format!("/v1/figures/{question}"));
        loop {
            let answer = self.get(&path, token).await;
            assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
            let page = answer.json();
            conforms("IndicatorEvents", &page);
            events.extend(rows(&page["events"]));
            let link = answer.header("link").to_owned();
            let Some(next) = page["next"].as_str() else {
                assert_eq!(link, "");
                return events;
            };
            assert_eq!(link, format!("<{next}>; rel=\"next\""));
            next.clone_into(&mut path);
        }
    }

    /// The indicators, each with what it is told apart by.
    async fn indicators(&self) -> Vec<(String, Vec<String>)> {
        let listed = self.ask(Method::GET, "/v1/figures", None, None).await.json();
        conforms("Figures", &listed);
        let listed = listed["indicators"].as_array().expect("indicators").clone();
        let indicator = |one: &Value| {
            let by = one["dimensions"].as_array().expect("dimensions").iter();
            (text(&one["code"]), by.map(text).collect())
        };
        listed.iter().map(indicator).collect()
    }
}

fn rows(value: &Value) -> Vec<Map<String, Value>> {
    value
        .as_array()
        .expect("an array")
        .iter()
        .map(|row| row.as_object().expect("an object").clone())
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn sum(figures: &[Map<String, Value>]) -> u64 {
    figures.iter().map(|figure| figure["n"].as_u64().expect("a number")).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_is_the_number_of_its_events() {
    let mut served = Served::open().await;
    served.populate().await;
    served.country.open_case("c2", "low").await;
    served.settled().await;
    let token = served.token(AUDITOR).await;
    let mut counted = 0;
    for (code, dimensions) in served.indicators().await {
        let all = sum(&served.figures(&format!("{code}?by="), &token).await);
        let events = served.events(&format!("{code}/events?limit=2"), &token).await;
        assert_eq!(events.len() as u64, all, "{code}");
        counted += all;
        for by in &dimensions {
            let figures = served.figures(&format!("{code}?by={by}"), &token).await;
            assert_eq!(sum(&figures), all, "{code} by {by}");
            for figure in figures {
                // Nothing at all is a value, too.
                let value = match &figure[by] {
                    Value::String(value) => value.clone(),
                    value => value.to_string(),
                };
                let narrowed = format!("{code}?{by}={value}&by=");
                assert_eq!(
                    sum(&served.figures(&narrowed, &token).await),
                    sum(std::slice::from_ref(&figure)),
                    "{narrowed}"
                );
                let events = served.events(&format!("{code}/events?{by}={value}"), &token).await;
                assert_eq!(events.len() as u64, sum(&[figure]), "{narrowed}");
                assert!(events.iter().all(|event| {
                    let held = &event[by];
                    *held == json!(value) || held.as_i64().is_some_and(|n| value.parse() == Ok(n))
                }));
            }
        }
        if !dimensions.contains(&"month".to_owned()) {
            assert!(events.iter().all(|event| event["month"].is_null()), "{code} stands as it does");
        }
    }
    assert!(counted > 40, "there is something to count: {counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_for_whom_they_are() {
    let mut served = Served::open().await;
    served.populate().await;
    served.plant(STRANGER, "contact/k9", "contact.logged", json!({})).await;
    served.settled().await;
    let (auditor, chief) = (served.token(AUDITOR).await, served.token(CHIEF).await);
    let mut elsewhere = 0;
    for (code, _) in served.indicators().await {
        // Of the own agency alone, whether or not that is asked for.
        let own = served.figures(&format!("{code}?by=agency,unit&agency=h1100"), &auditor).await;
        for asked in ["", "&agency=h1100"] {
            assert_eq!(served.figures(&format!("{code}?by=agency,unit{asked}"), &chief).await, own, "{code}");
        }
        assert!(own.iter().all(|figure| figure["agency"] == "h1100"));
        let events = served.events(&format!("{code}/events"), &chief).await;
        assert_eq!(events.len() as u64, sum(&own), "{code}");
        elsewhere += sum(&served.figures(&format!("{code}?by="), &auditor).await) - sum(&own);
        for path in
            [format!("{code}?agency=cpc"), format!("{code}/events?agency=cpc"), format!("{code}?agency=")]
        {
            let answer = served.get(&format!("/v1/figures/{path}"), &chief).await;
            assert_eq!(answer.problem(), (403, "not-yours".to_owned()), "{path}");
        }
    }
    assert!(elsewhere > 10, "other agencies have figures: {elsewhere}");
    for who in [OWNER, COMMITTEE, DOCTOR, STRANGER, BREAKER, OVERSIGHT] {
        let token = served.token(who).await;
        for path in ["cases-open", "cases-open/events", "cases-open?agency=h1100"] {
            let answer = served.get(&format!("/v1/figures/{path}"), &token).await;
            assert_eq!(answer.problem(), (403, "not-yours".to_owned()), "{who} {path}");
        }
    }
    for path in ["cases-open", "cases-open/events"] {
        let answer = served.ask(Method::GET, &format!("/v1/figures/{path}"), None, None).await;
        assert_eq!(answer.problem(), (401, "token-missing".to_owned()));
    }
}

/// A fact counts for whoever may see the figure; which case it is of, is for those who may know of the case.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_named_to_whom_may_know_of_it() {
    let mut served = Served::open().await;
    for id in ["c1", "c2"] {
        served.country.open_case(id, "high").await;
    }
    served.settled().await;
    let auditor = served.token(AUDITOR).await;
    let subjects = async |served: &Served| {
        let events = served.events("cases-open/events", &auditor).await;
        events.into_iter().map(|event| event["subject"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(subjects(&served).await, [json!("c1"), json!("c2")]);
    let officers = json!({"officers": [{"agency": "mosd", "officer": "auditor"}], "units": []});
    served.plant(CHIEF, "case/c1", "access.restricted", officers).await;
    served.settled().await;
    assert_eq!(subjects(&served).await, [Value::Null, json!("c2")]);
    let table = served.get("/v1/figures/cases-open/events?format=csv", &auditor).await.text();
    assert!(!table.contains(",c1,") && table.contains(",c2,"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn past_figures_stand_still_and_say_whether_they_were_attested() {
    let served = Served::open().await;
    for id in ["c1", "c2", "c3"] {
        served.country.open_case(id, "high").await;
    }
    served.settled().await;
    let token = served.token(AUDITOR).await;
    let (read, key) = (std::sync::Arc::clone(&served.read), served.country.ground.attestor.clone());
    let before = served.get("/v1/figures/referrals", &token).await.json();
    assert_eq!((&before["attested"], &before["attestation"]), (&json!(false), &Value::Null));
    let (said, receipt) =
        sijill_ledger::attest(&served.country.ledger, &*read, &key).await.expect("attested");
    let questions = ["referrals?by=kind,agency", "timeliness?by=band,month", "cases-open?by="];
    let mut then = Vec::new();
    for question in questions {
        then.push(served.figures(&format!("{question}&at={}", said.size), &token).await);
    }
    let page = served.get("/v1/figures/referrals/events?limit=1", &token).await.json();

    served.country.later(200);
    served.country.ledger.wake().await.expect("room");
    served.country.open_case("c4", "low").await;
    let now = served.settled().await;
    assert_ne!(served.figures(questions[0], &token).await, then[0]);
    for (question, then) in questions.iter().zip(&then) {
        assert_eq!(served.figures(&format!("{question}&at={}", said.size), &token).await, *then);
    }
    let attested = served.get(&format!("/v1/figures/referrals?at={}", said.size), &token).await.json();
    let root = served.country.ledger.root_at(said.size).await.expect("a root");
    assert_eq!(attested["root"], sijill_event::Digest(root.0).to_string());
    let attestation = json!({"size": said.size, "index": receipt.index});
    assert_eq!((&attested["attested"], &attested["attestation"]), (&json!(true), &attestation));
    let later = served.get("/v1/figures/referrals", &token).await.json();
    assert_eq!((&later["attested"], &later["attestation"]), (&json!(false), &attestation));
    assert_eq!(later["size"], now);
    let earlier = served.get(&format!("/v1/figures/referrals?at={}", said.size - 1), &token).await.json();
    assert_eq!((&earlier["attested"], &earlier["attestation"]), (&json!(false), &Value::Null));

    // A reader in the middle of its pages reads the same log to the end.
    let next = page["next"].as_str().expect("a next page");
    let rest = served.get(next, &token).await.json();
    assert_eq!((&rest["size"], &rest["root"]), (&page["size"], &page["root"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_says_what_the_json_says() {
    let mut served = Served::open().await;
    served.populate().await;
    served.settled().await;
    let token = served.token(AUDITOR).await;
    for path in [
        "timeliness?by=kind,band",
        "contacts?by=month",
        "accesses?by=",
        "waiting/events?",
        "contacts/events?limit=1",
    ] {
        let json = served.get(&format!("/v1/figures/{path}"), &token).await.json();
        let expected = rows(if path.contains("/events") { &json["events"] } else { &json["figures"] });
        let table = served.get(&format!("/v1/figures/{path}&format=csv"), &token).await;
        assert_eq!(table.header("content-type"), "text/csv; charset=utf-8; header=present");
        assert_eq!(table.header("sijill-attested"), "false");
        let code = path.split(['?', '/']).next().expect("a code");
        let named = format!("attachment; filename=\"{code}-{}.csv\"", json["size"]);
        assert_eq!(table.header("content-disposition"), named);
        let found = parsed(&table);
        assert_eq!(found.len(), expected.len(), "{path}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected.keys().collect());
            for (name, value) in expected {
                let value = match value {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert_eq!(found[name], value, "{path} {name}");
            }
        }
        if let Some(next) = json["next"].as_str() {
            assert_eq!(
                table.header("link"),
                format!("<{}>; rel=\"next\"", next.replace("at=", "format=csv&at="))
            );
        }
    }
}

fn parsed(answer: &Answer) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(answer.body.as_slice());
    let header = reader.headers().expect("a header").clone();
    let row = |record: Result<csv::StringRecord, _>| {
        let record = record.expect("a record");
        header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn indicators_are_listed_in_both_languages() {
    let served = Served::open().await;
    let listed = served.ask(Method::GET, "/v1/figures", None, None).await.json();
    let arabic = |text: &Value| {
        text.as_str().is_some_and(|text| text.chars().any(|c| ('\u{0600}'..='\u{06ff}').contains(&c)))
    };
    let all = listed["indicators"].as_array().expect("indicators");
    assert!(all.len() > 30);
    for one in all {
        let words = one["kind"]["words"].as_array().expect("words").iter();
        let bands = one["bands"].as_array().expect("bands").iter();
        let labels = words.chain(bands).map(|word| &word["label"]).filter(|label| !label.is_null());
        for text in [&one["title"], &one["definition"], &one["unit_label"]].into_iter().chain(labels) {
            assert!(arabic(&text["ar"]) && text["en"].is_string() && !arabic(&text["en"]), "{one}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_questions_are_refused_clearly() {
    let served = Served::open().await;
    served.country.open_case("c1", "high").await;
    served.settled().await;
    let token = served.token(AUDITOR).await;
    for odd in [
        "cases-open?by=colour",
        "cases-open?by=kind,kind",
        "cases-open?by=band",
        "cases-open?by=month",
        "cases-open?colour=red",
        "cases-open?band=late",
        "cases-open?kind=high&kind=low",
        "cases-open?from=202601",
        "cases-open?kind=%00",
        "cases-open?limit=5",
        "cases-opened?month=2026-11",
        "cases-opened?month=202613",
        "cases-opened?month=202611&from=202601",
        "cases-opened?from=0",
        "cases-opened?at=yesterday",
        "cases-opened?at=01",
        "cases-opened?format=xml",
        "cases-opened?at=1&at=2",
        "accesses?governorate=OM-MA",
        "cases-opened/events?by=kind",
        "cases-opened/events?limit=0",
        "cases-opened/events?limit=1001",
        "cases-opened/events?skip=-1",
        "cases-opened/events?skip=99999999999999999999",
    ] {
        let answer = served.get(&format!("/v1/figures/{odd}"), &token).await;
        assert_eq!(answer.problem(), (400, "query".to_owned()), "{odd}");
        for secret in ["colour", "yesterday", "red"] {
            assert!(!answer.json()["detail"].to_string().contains(secret), "a refusal repeats nothing");
        }
    }
    for path in ["children", "children/events"] {
        let answer = served.get(&format!("/v1/figures/{path}"), &token).await;
        assert_eq!(answer.problem(), (404, "indicator-unknown".to_owned()));
    }
    let beyond = served.get(&format!("/v1/figures/cases-open?at={}", served.size() + 1), &token).await;
    assert_eq!(beyond.problem(), (404, "not-published".to_owned()));
    let json =
        served.client.get(format!("{}/v1/figures/cases-open?format=csv", served.base)).bearer_auth(&token);
    let refused = Answer::to(json.header("accept", "application/json")).await;
    assert_eq!(refused.problem().1, "not-acceptable");
    for name in EVERYTHING {
        let figures = served.figures(&format!("waiting?by={name}&{name}=nothing-of-the-kind"), &token).await;
        assert!(figures.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn without_read_models_there_are_no_figures() {
    let house = House::open().await;
    let token = house.token(&house.scene.auditor).await;
    for path in ["/v1/figures/cases-open", "/v1/figures/cases-open/events"] {
        assert_eq!(house.get_with(&token, path).await.problem(), (503, "view-not-built".to_owned()));
    }
    assert_eq!(house.get("/v1/figures").await.status.as_u16(), 200);
}

/// What is published is for everybody, and only that is for those who may not see figures exactly.
#[tokio::test(flavor = "multi_thread")]
async fn published_figures_are_for_everybody() {
    let mut served = Served::open().await;
    served.populate().await;
    for n in 2..9 {
        served.country.open_case(&format!("c{n}"), "low").await;
    }
    served.settled().await;
    let get = async |served: &Served, path: &str| served.ask(Method::GET, path, None, None).await;
    let none = get(&served, "/v1/publications").await.json();
    conforms("Publications", &none);
    assert_eq!((&none["publications"], &none["least"]), (&json!([]), &json!(5)));
    assert_eq!(
        get(&served, "/v1/publications/202601").await.problem(),
        (404, "publication-unknown".to_owned())
    );

    served.country.later(40 * 24 * 60);
    let (read, key) = (std::sync::Arc::clone(&served.read), served.country.ground.attestor.clone());
    let jti = |_| sijill_event::Uuid::now_v7();
    let published =
        sijill_ledger::publish(&served.country.ledger, &*read, &key, 0, &jti).await.expect("published");
    let [(said, receipt)] = published.as_slice() else { panic!("one month is over: {published:?}") };
    let listed = get(&served, "/v1/publications").await.json();
    conforms("Publications", &listed);
    assert_eq!(
        listed["publications"],
        json!([{"month": 202_601, "index": receipt.index, "size": said.size}])
    );
    for one in listed["figures"].as_array().expect("figures") {
        for title in [&one["title"], &one["definition"]] {
            assert!(title["ar"].is_string() && title["en"].is_string());
        }
    }

    let answer = get(&served, "/v1/publications/202601").await;
    let month = answer.json();
    conforms("MonthFigures", &month);
    let root = served.country.ledger.root_at(said.size).await.expect("a root");
    assert_eq!(month["root"], sijill_event::Digest(root.0).to_string());
    assert_eq!((&month["index"], &month["size"]), (&json!(receipt.index), &json!(said.size)));
    assert_eq!(answer.header("sijill-size"), said.size.to_string());
    assert_eq!(answer.header("cache-control"), "public, max-age=86400, immutable");
    let figures = rows(&month["figures"]);
    let begun = figures.iter().find(|figure| figure["indicator"] == "cases-begun").expect("cases were begun");
    assert_eq!(begun["total"], 8);
    let risk = begun["tables"].as_array().expect("tables").iter().find(|table| table["by"] == "risk");
    // 7 of low risk, 1 of high: one of them would tell the other.
    assert_eq!(risk.expect("by risk")["cells"], Value::Null);
    let governorate =
        begun["tables"].as_array().expect("tables").iter().find(|table| table["by"] == "governorate");
    assert_eq!(governorate.expect("by governorate")["cells"], json!([{"value": "OM-MA", "n": 8}]));
    let contacts = figures.iter().find(|figure| figure["indicator"] == "contacts").expect("one contact");
    assert_eq!((&contacts["total"], &contacts["tables"]), (&Value::Null, &json!([])));
    assert_eq!(served.found(&answer.body), [].into());

    // Whoever asks, with a token or without, and however the log goes on.
    let oversight = served.token(OVERSIGHT).await;
    served.country.open_case("c20", "high").await;
    served.settled().await;
    assert_eq!(served.get("/v1/publications/202601", &oversight).await.body, answer.body);
    for path in ["202602", "0", "202613"] {
        let answer = get(&served, &format!("/v1/publications/{path}")).await;
        assert_eq!(answer.problem(), (404, "publication-unknown".to_owned()));
    }
    for (path, code) in [("202601?format=xml", "query"), ("202601?at=3", "query"), ("2026-01", "path")] {
        assert_eq!(get(&served, &format!("/v1/publications/{path}")).await.problem(), (400, code.to_owned()));
    }
    let table = get(&served, "/v1/publications/202601?format=csv").await;
    let named = format!("attachment; filename=\"figures-202601-{}.csv\"", said.size);
    assert_eq!(table.header("content-disposition"), named);
    let rows: Vec<[String; 5]> = parsed(&table)
        .into_iter()
        .map(|row| ["row", "indicator", "by", "value", "n"].map(|name| row[name].clone()))
        .collect();
    let row = |row: [&str; 5]| rows.contains(&row.map(str::to_owned));
    assert!(row(["total", "cases-begun", "", "", "8"]) && row(["total", "contacts", "", "", ""]), "{rows:?}");
    assert!(row(["table", "cases-begun", "risk", "", ""]));
    assert!(row(["cell", "cases-begun", "governorate", "OM-MA", "8"]));
    assert!(row(["stock", "cases-open", "", "", "5"]));
}
