//! Rows of read models over HTTP: whose they are, that pages and past sizes stand still while the log goes on, and that a table
//! says what the JSON says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};
use sijill_projections::engine::{Base, Projector, SqliteBase};
use sijill_projections::{MODELS, query};

use crate::house::{Answer, House, json_of};
use crate::shape::conforms;
use crate::walk::{
    AUDITOR, BREAKER, CHIEF, COMMITTEE, DOCTOR, EVERYBODY, OVERSIGHT, OWNER, STRANGER, Served,
};

impl Served {
    /// Waits until the views have taken in everything that is published, and says how much that is.
    pub(crate) async fn settled(&self) -> u64 {
        let (size, token) = (self.size(), self.token(AUDITOR).await);
        for _ in 0..1_000 {
            let mut behind = false;
            for view in &query::VIEWS {
                let answer = self.get(&format!("/v1/views/{}?limit=1&at={size}", view.name), &token).await;
                match answer.status.as_u16() {
                    200 => {}
                    503 => {
                        assert!(["view-behind", "view-not-built"].contains(&answer.problem().1.as_str()));
                        assert_eq!(answer.header("retry-after"), "1");
                        behind = true;
                    }
                    _ => panic!("{}", answer.text()),
                }
            }
            if !behind {
                return size;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the views do not follow")
    }

    pub(crate) fn size(&self) -> u64 {
        self.country.ledger.published().checkpoint.size
    }

    /// All rows of a question, by its pages.
    async fn rows(&self, question: &str, token: &str) -> Vec<Value> {
        let (mut rows, mut path) = (Vec::new(), format!("/v1/views/{question}"));
        loop {
            let answer = self.get(&path, token).await;
            assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
            let page = answer.json();
            conforms("ViewRows", &page);
            rows.extend(page["rows"].as_array().expect("rows").clone());
            let next = next(&answer);
            assert_eq!(next.is_some(), page["next"].is_string(), "{path}");
            let Some(next) = next else { return rows };
            path = next;
        }
    }
}

/// Where `Link` says that the next page is.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link").strip_suffix(">; rel=\"next\"")?.strip_prefix('<')?;
    Some(link.to_owned())
}

fn subjects(rows: &[Value]) -> BTreeSet<String> {
    rows.iter().map(|row| row["subject"].as_str().expect("a subject").to_owned()).collect()
}

/// What each view has of which cases and contacts, for an auditor, at any time.
async fn everything(served: &Served) -> BTreeMap<&'static str, BTreeSet<String>> {
    let token = served.token(AUDITOR).await;
    let mut all = BTreeMap::new();
    for view in &query::VIEWS {
        all.insert(view.name, subjects(&served.rows(&format!("{}?limit=1000", view.name), &token).await));
    }
    all
}

/// Each caller finds in each view exactly the cases and contacts that it may know of by the other calls, at every size.
async fn compare(served: &Served, sizes: &[u64]) {
    let everything = everything(served).await;
    let ids: BTreeSet<String> = everything.values().flatten().cloned().collect();
    assert!(ids.len() > 4 && everything.values().all(|ids| !ids.is_empty()), "{everything:?}");
    for who in EVERYBODY {
        let token = served.token(who).await;
        let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for id in &ids {
            for call in ["", "/accesses"] {
                let answer = served.get(&format!("/v1/cases/{id}{call}"), &token).await;
                if answer.status.as_u16() == 200 {
                    known.entry(call).or_default().insert(id.clone());
                }
            }
        }
        for view in &query::VIEWS {
            let question = format!("{}?limit=1000", view.name);
            if who == OVERSIGHT {
                let answer = served.get(&format!("/v1/views/{question}"), &token).await;
                assert_eq!(answer.problem(), (403, "not-yours".to_owned()));
                continue;
            }
            let call = if view.name == "accesses" { "/accesses" } else { "" };
            let known = known.get(call).cloned().unwrap_or_default();
            let found = subjects(&served.rows(&question, &token).await);
            let expected: BTreeSet<String> = everything[view.name].intersection(&known).cloned().collect();
            assert_eq!(found, expected, "{who} {}", view.name);
            for size in sizes {
                let answer = served.get(&format!("/v1/views/{question}&at={size}"), &token).await;
                let rows = answer.json()["rows"].as_array().expect("rows").clone();
                assert!(subjects(&rows).is_subset(&known), "{who} {} at {size}", view.name);
                // Not even by a filter, nor by the order or the length of a page.
                for id in ids.difference(&known) {
                    let asked = format!("/v1/views/{}?subject={id}&sort=-since&limit=1", view.name);
                    let answer = served.get(&asked, &token).await.json();
                    assert_eq!((&answer["rows"], &answer["next"]), (&json!([]), &Value::Null), "{who} {id}");
                }
            }
            assert_eq!(
                served.found(&served.get(&format!("/v1/views/{question}"), &token).await.body),
                [].into()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_for_whom_the_case_is() {
    let mut served = Served::open().await;
    served.populate().await;
    for (id, risk) in [("c2", "low"), ("c3", "medium")] {
        served.country.open_case(id, risk).await;
    }
    served.plant(STRANGER, "contact/k9", "contact.logged", json!({})).await;
    let request = json!({"purpose": "casework", "classes": ["casework"]});
    for (who, id) in [(OWNER, "c1"), (DOCTOR, "c1"), (STRANGER, "k9")] {
        served
            .country
            .act(who, &format!("access/{id}"), "access.requested", json_of(request.clone()))
            .await
            .expect("asked");
    }
    let before = served.settled().await;
    compare(&served, &[before, before - 3]).await;

    // Whoever is kept out sees nothing from then on, of no size: before the views have taken it in, and after.
    let committee = served.token(COMMITTEE).await;
    assert!(subjects(&served.rows("cases", &committee).await).contains("c1"));
    let units = json!({"officers": [], "units": [{"agency": "cpc", "unit": "ma"}]});
    served.plant(CHIEF, "case/c1", "access.restricted", units).await;
    for at in [String::new(), format!("?at={before}")] {
        for view in &query::VIEWS {
            let rows = served.rows(&format!("{}{at}", view.name), &committee).await;
            assert!(!subjects(&rows).contains("c1"), "{} {at}", view.name);
        }
    }
    served.settled().await;
    let breaker = served.token(BREAKER).await;
    assert!(subjects(&served.rows("entries?subject=c1", &breaker).await).contains("c1"));
    // And what was a glimpse is over.
    served.country.later(181);
    served.settled().await;
    compare(&served, &[before]).await;
    assert_eq!(served.rows("entries?subject=c1", &breaker).await, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_past_sizes_stand_still_while_the_log_goes_on() {
    let served = Served::open().await;
    for id in ["c1", "c2", "c3"] {
        served.country.open_case(id, "high").await;
    }
    let token = served.token(OWNER).await;
    let size = served.settled().await;
    let questions =
        ["entries?sort=-since&limit=2", "deadlines?sort=due_ms&limit=3&met_ms=", "cases?limit=1&sort=-risk"];
    let mut then = Vec::new();
    for question in questions {
        then.push(served.rows(question, &token).await);
    }
    assert!(then.iter().all(|rows| rows.len() >= 3), "{then:?}");
    let first = served.get(&format!("/v1/views/{}", questions[0]), &token).await;
    let known = first.json();
    assert_eq!(known["size"], size);
    let checkpoint = served.country.ledger.published().checkpoint.clone();
    assert_eq!(known["root"], sijill_event::Digest(checkpoint.root.0).to_string());
    assert_eq!(
        (first.header("sijill-size"), first.header("sijill-view")),
        (size.to_string().as_str(), "entries/1")
    );
    assert_eq!(first.header("sijill-root"), known["root"].as_str().expect("a root"));

    // The log goes on, and what is known changes.
    served.country.later(200);
    served.country.ledger.wake().await.expect("room");
    served.country.open_case("c4", "high").await;
    assert!(served.settled().await > size + 4);
    assert_ne!(served.rows(questions[0], &token).await, then[0]);

    // A reader in the middle of its pages reads the same log to the end.
    let mut rows = known["rows"].as_array().expect("rows").clone();
    let mut link = next(&first);
    while let Some(path) = link {
        let page = served.get(&path, &token).await;
        assert_eq!((&page.json()["size"], &page.json()["root"]), (&known["size"], &known["root"]));
        rows.extend(page.json()["rows"].as_array().expect("rows").clone());
        link = next(&page);
    }
    assert_eq!(rows, then[0]);

    // What was answered then is answered as known on then, by size and by time.
    let received = known["received"].as_u64().expect("a time");
    let time = chrono_text(received);
    for (question, then) in questions.iter().zip(&then) {
        for at in [size.to_string(), time.clone()] {
            let rows = served.rows(&format!("{question}&at={}", at.replace('+', "%2B")), &token).await;
            assert_eq!(rows, *then, "{question} at {at}");
        }
    }
    assert_eq!(served.rows("entries?at=0", &token).await, [] as [Value; 0]);
    assert_eq!(served.rows("entries?at=1970-01-01T00:00:00Z", &token).await, [] as [Value; 0]);
}

/// Unix milliseconds as RFC 3339, by another's clock.
fn chrono_text(ms: u64) -> String {
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    // Civil from days (Hinnant).
    let z = i64::try_from(days).expect("a day") + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (s, ms) = (rest / 1_000, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{ms:03}Z", s / 3_600, s / 60 % 60, s % 60)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_says_what_the_json_says() {
    let mut served = Served::open().await;
    served.populate().await;
    served.country.open_case("c2", "low").await;
    served.plant(STRANGER, "contact/k2", "contact.logged", json!({})).await;
    let request = json!({"purpose": "casework", "classes": ["casework", "identity"]});
    served.country.act(OWNER, "access/c1", "access.requested", json_of(request)).await.expect("asked");
    served.settled().await;
    let token = served.token(AUDITOR).await;
    for view in &query::VIEWS {
        let expected = served.rows(&format!("{}?limit=3", view.name), &token).await;
        let columns: BTreeMap<&str, &str> =
            view.fields.iter().map(|field| (field.name, field.kind.as_str())).collect();
        let url = format!("{}/v1/views/{}", served.base, view.name);
        let by_accept =
            served.client.get(&url).bearer_auth(&token).header("accept", "text/csv, application/json;q=0.5");
        let by_accept = Answer::to(by_accept).await;
        let by_format = served.get(&format!("/v1/views/{}?format=csv", view.name), &token).await;
        assert_eq!(by_accept.body, by_format.body);
        assert_eq!(by_format.header("content-type"), "text/csv; charset=utf-8; header=present");
        let named = format!("attachment; filename=\"{}-{}.csv\"", view.name, by_format.header("sijill-size"));
        assert_eq!(by_format.header("content-disposition"), named);
        assert_eq!(parsed(&by_format, &columns), expected, "{}", view.name);
        // A page of the table has its successor, as the JSON has.
        let page = served.get(&format!("/v1/views/{}?format=csv&limit=1", view.name), &token).await;
        assert_eq!(parsed(&page, &columns), expected[..1], "{}", view.name);
        let second = served.get(&next(&page).expect("more"), &token).await;
        assert_eq!(parsed(&second, &columns), expected[1..2], "{}", view.name);
    }
    let json = served.client.get(format!("{}/v1/views/cases?format=csv", served.base)).bearer_auth(&token);
    let refused = Answer::to(json.header("accept", "application/json")).await;
    assert_eq!(refused.problem().1, "not-acceptable");
}

/// The rows of a table, read back by what its columns hold.
fn parsed(answer: &Answer, columns: &BTreeMap<&str, &str>) -> Vec<Value> {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    let mut reader = csv::Reader::from_reader(answer.body.as_slice());
    let header = reader.headers().expect("a header").clone();
    assert_eq!(header.iter().collect::<BTreeSet<_>>(), columns.keys().copied().collect());
    let rows = reader.records().map(|record| {
        let record = record.expect("a record");
        let cell = |(name, text): (&str, &str)| {
            let text = text.strip_prefix('\'').unwrap_or(text);
            let value = match columns[name] {
                "codes" | "words" if !text.is_empty() => text.split(';').collect(),
                "codes" => json!([]),
                _ if text.is_empty() => Value::Null,
                "flag" => json!(text.parse::<bool>().expect("true or false")),
                "index" | "time" | "duration" | "count" => json!(text.parse::<i64>().expect("an integer")),
                _ => json!(text),
            };
            (name.to_owned(), value)
        };
        Value::Object(header.iter().zip(record.iter()).map(cell).collect::<Map<_, _>>())
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_listed_in_both_languages_and_filters_are_their_columns() {
    let served = Served::open().await;
    served.country.open_case("c1", "high").await;
    served.country.open_case("c2", "low").await;
    served.settled().await;
    let token = served.token(OWNER).await;
    let listed = served.get("/v1/views", &token).await.json();
    conforms("Views", &listed);
    let arabic = |text: &Value| {
        text.as_str().is_some_and(|text| text.chars().any(|c| ('\u{0600}'..='\u{06ff}').contains(&c)))
    };
    for view in listed["views"].as_array().expect("views") {
        let name = view["name"].as_str().expect("a name");
        let columns = view["columns"].as_array().expect("columns");
        for text in columns
            .iter()
            .flat_map(|column| [&column["label"], &column["about"]])
            .chain([&view["title"], &view["about"]])
        {
            assert!(arabic(&text["ar"]) && text["en"].is_string() && !arabic(&text["en"]), "{name}: {text}");
        }
        // Every column is one to filter and to sort by, and the rows have no other.
        let all = served.rows(name, &token).await;
        for column in columns {
            let column = column["name"].as_str().expect("a name");
            for order in ["", "-"] {
                assert_eq!(
                    served.rows(&format!("{name}?sort={order}{column}"), &token).await.len(),
                    all.len()
                );
            }
            let values: BTreeSet<String> = all
                .iter()
                .map(|row| match &row[column] {
                    Value::String(text) => text.clone(),
                    Value::Array(several) => {
                        several.first().and_then(Value::as_str).unwrap_or("none").to_owned()
                    }
                    Value::Null => String::new(),
                    other => other.to_string(),
                })
                .collect();
            let mut found = 0;
            for value in &values {
                found += served.rows(&format!("{name}?{column}={value}"), &token).await.len();
            }
            let is_many = all.iter().any(|row| row[column].is_array());
            assert!(is_many || found == all.len(), "{name}.{column}: {found} of {}: {values:?}", all.len());
        }
        for row in &all {
            let names: BTreeSet<&str> = row.as_object().expect("a row").keys().map(String::as_str).collect();
            assert_eq!(names, columns.iter().filter_map(|column| column["name"].as_str()).collect());
        }
    }
    assert_eq!(served.rows("cases?risk=high", &token).await.len(), 1);
    assert_eq!(served.rows("cases?concerns=physical_abuse", &token).await.len(), 2);
    assert_eq!(served.rows("cases?concerns=physical", &token).await.len(), 0);
    assert_eq!(served.rows("deadlines?due_ms=..1970-01-01T00:00:00Z", &token).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_questions_are_refused_clearly() {
    let served = Served::open().await;
    for id in ["c1", "c2"] {
        served.country.open_case(id, "high").await;
    }
    served.settled().await;
    let token = served.token(OWNER).await;
    let page = served.get("/v1/views/cases?limit=1", &token).await.json();
    let cursor = page["next"].as_str().expect("a next page");
    for odd in [
        "cases?until=1".to_owned(),
        "cases?colour=red".to_owned(),
        "cases?risk=high&risk=low".to_owned(),
        "cases?sort=colour".to_owned(),
        "cases?sort=risk&sort=since".to_owned(),
        "cases?limit=0".to_owned(),
        "cases?limit=1001".to_owned(),
        "cases?limit=%2B1".to_owned(),
        "cases?opened_ms=yesterday".to_owned(),
        "cases?grounds=perhaps".to_owned(),
        "cases?risk=%00".to_owned(),
        "cases?format=xml".to_owned(),
        "cases?at=yesterday".to_owned(),
        "cases?at=2026-11-01".to_owned(),
        "cases?at=-1".to_owned(),
        "cases?at=01".to_owned(),
        "cases?cursor=".to_owned(),
        "cases?cursor=AAAA".to_owned(),
        format!("cases?limit=1&cursor={cursor}&at=3"),
        format!("cases?limit=1&cursor={cursor}&sort=risk"),
        format!("cases?limit=1&cursor={cursor}&risk=high"),
        format!("entries?limit=1&cursor={cursor}"),
    ] {
        let answer = served.get(&format!("/v1/views/{odd}"), &token).await;
        assert_eq!(answer.problem(), (400, "query".to_owned()), "{odd}");
        for secret in ["colour", "yesterday", "perhaps"] {
            assert!(!answer.text().contains(secret), "a refusal repeats nothing: {}", answer.text());
        }
    }
    let further = served.get(&format!("/v1/views/cases?limit=7&cursor={cursor}"), &token).await;
    assert_eq!(
        further.json()["rows"].as_array().map(Vec::len),
        Some(1),
        "another length is the same question"
    );
    let beyond = served.get(&format!("/v1/views/cases?at={}", served.size() + 1), &token).await;
    assert_eq!(beyond.problem(), (404, "not-published".to_owned()));
    assert_eq!(served.get("/v1/views/children", &token).await.problem(), (404, "view-unknown".to_owned()));
    for path in ["/v1/views", "/v1/views/cases"] {
        let bare = served.ask(Method::GET, path, None, None).await;
        assert_eq!(bare.problem(), (401, "token-missing".to_owned()));
    }
}

/// A restriction is not waited for: what the views do not know of yet, the log does.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_kept_out_is_kept_out_at_once() {
    let mut served = Served::open_with(false).await;
    for id in ["c1", "c2"] {
        served.country.open_case(id, "high").await;
    }
    let (read, log) = (Arc::clone(&served.read), served.country.ledger.following());
    let projector = Projector { base: &*read, log: &log };
    projector.rebuild(&MODELS, &|_| ()).await.expect("built");
    let size = served.size();
    let (committee, owner) = (served.token(COMMITTEE).await, served.token(OWNER).await);
    let both: BTreeSet<String> = ["c1", "c2"].map(str::to_owned).into();
    assert_eq!(subjects(&served.rows("referrals", &committee).await), both);

    let officers = json!({"officers": [{"agency": "cpc", "officer": "ma"}], "units": []});
    served.plant(CHIEF, "case/c1", "access.restricted", officers).await;
    for token in [&committee, &owner] {
        let answer = served.get("/v1/views/referrals", token).await.json();
        assert_eq!(answer["size"], size, "the views stand still");
        let rows = answer["rows"].as_array().expect("rows");
        assert_eq!(
            subjects(rows),
            ["c2".to_owned()].into(),
            "nobody is shown it until they have taken it in"
        );
    }
    while !projector.follow().await.expect("it follows") {}
    assert_eq!(subjects(&served.rows("referrals", &owner).await), both);
    assert_eq!(subjects(&served.rows("referrals", &committee).await), ["c2".to_owned()].into());
    let then = served.rows(&format!("referrals?at={size}"), &committee).await;
    assert_eq!(subjects(&then), ["c2".to_owned()].into(), "of no size");
}

/// A server whose views are not there yet, or stand still, says so.
#[tokio::test]
async fn what_is_not_there_yet_is_asked_for_again() {
    let house = House::open().await;
    let token = house.token(&house.scene.auditor).await;
    let ask = async |house: &House, path: &str| house.get_with(&token, path).await.problem();
    assert_eq!(
        ask(&house, "/v1/views/cases").await,
        (503, "view-not-built".to_owned()),
        "no read models are kept"
    );

    let dir = tempfile::tempdir().expect("a directory");
    let base: Arc<dyn Base> =
        Arc::new(SqliteBase::open(&dir.path().join("read.db")).await.expect("a database"));
    let kept = Arc::clone(&base);
    let house = House::with(|plan| plan.settings.read_models = Some(kept)).await;
    let token = house.token(&house.scene.auditor).await;
    let ask = async |path: &str| house.get_with(&token, path).await;
    assert_eq!(ask("/v1/views/cases").await.problem(), (503, "view-not-built".to_owned()));
    let log = house.scene.ledger.following();
    Projector { base: &*base, log: &log }.rebuild(&MODELS, &|_| ()).await.expect("built");
    let size = house.scene.ledger.published().checkpoint.size;
    assert_eq!(ask("/v1/views/cases").await.json()["size"], size);
    house.case("c1", None).await;
    assert_eq!(ask("/v1/views/cases").await.json()["size"], size, "what it has come to");
    let ahead = ask(&format!("/v1/views/cases?at={}", size + 1)).await;
    assert_eq!(ahead.problem(), (503, "view-behind".to_owned()));
}
