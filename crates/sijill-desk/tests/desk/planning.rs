//! The page of planning: whose warnings and forecasts, what becomes of a warning that is reviewed; over HTTP and in a browser.

use axum::http::StatusCode;
use serde_json::json;
use sijill_desk::router;
use sijill_event::{Json, SigningKey};
use tokio::net::TcpListener;

use crate::foreign::{self, skip};
use crate::house::{Door, SITE};
use crate::land::object;
use crate::night::key;
use crate::watch::{AUDITOR, CHIEF, EYE, Watch};

/// Works on the cases, in the unit that owns them; supervises it; works elsewhere on what was referred.
const LINE: &str = "h1100/line";
const LEAD: &str = "h1100/line-2";
const WEEK: u64 = 7 * 24 * 60;

struct Planned {
    watch: Watch,
    door: Door,
}

/// Half a year of work, in which children were not seen and two cases are of siblings.
async fn worked() -> Watch {
    let watch = Watch::open().await;
    watch.work().await;
    let country = &watch.country;
    let linked = object(&[("case", "c2".into()), ("relation", "sibling".into())]);
    country.act(LINE, "case/c0", "case.linked", linked).await.expect("linked");
    for number in 0..9 {
        country.open_case(&format!("w{number}"), "medium").await;
        country.later(WEEK);
        country.ledger.wake().await.expect("room");
    }
    watch.follow().await;
    watch
}

impl Planned {
    async fn open() -> Self {
        let watch = worked().await;
        let door = Door::to(watch.desk(SITE));
        Self { watch, door }
    }

    async fn sign_in(&self, who: &str) -> String {
        self.door.sign_in(&self.watch.country.officers[who]).await
    }

    async fn page(&self, query: &str, session: &str) -> String {
        let answer = self.door.page(&format!("/desk/planning?lang=en{query}"), Some(session)).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text);
        answer.text
    }
}

fn reviews(page: &str) -> Vec<String> {
    let all = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    all.filter(|href| href.starts_with("/desk/planning/review"))
        .map(|href| href.replace("&amp;", "&"))
        .collect()
}

/// A value in the query of an address.
fn asked<'a>(address: &'a str, name: &str) -> &'a str {
    let (_, query) = address.split_once('?').expect("a query");
    let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    found.expect("the value")
}

/// What stands in the row of a rule.
fn counted(page: &str, rule: &str) -> Vec<String> {
    let (_, row) = page.split_once(&format!("data-rule=\"{rule}\"")).expect("its row");
    let (row, _) = row.split_once("</tr>").expect("a row");
    row.split("<td>").skip(1).filter_map(|cell| cell.split('<').next()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_in_both_languages_and_says_what_a_warning_is() {
    let planned = Planned::open().await;
    for who in [LINE, LEAD, AUDITOR, CHIEF] {
        let session = planned.sign_in(who).await;
        for (lang, said) in
            [("ar", "لا يُتخذ قرار بناءً عليه وحده"), ("en", "never the only ground of a decision")]
        {
            let page = planned.door.page(&format!("/desk/planning?lang={lang}"), Some(&session)).await;
            assert_eq!(page.status, StatusCode::OK, "{who}: {}", page.text);
            let html = &page.text;
            assert!(html.contains(said) && html.matches("<h1").count() == 1, "{who} {lang}");
            assert!(html.contains("role=\"img\"") && html.contains("<table"), "{who} {lang} has a chart");
            assert!(!html.contains(" style=") && !html.contains("<style"), "{who} {lang} has inline style");
            assert!(html.contains("href=\"/desk/planning\" aria-current=\"page\""), "{who} {lang}");
        }
    }
    let eye = planned.sign_in(EYE).await;
    assert_eq!(planned.door.page("/desk/planning", Some(&eye)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(planned.door.page("/desk/planning", None).await.status, StatusCode::SEE_OTHER);
    assert!(!planned.door.page("/desk", Some(&eye)).await.text.contains("/desk/planning"));
}

#[tokio::test(flavor = "multi_thread")]
async fn forecasts_are_of_units_whose_figures_one_may_see() {
    let planned = Planned::open().await;
    let lead = planned.sign_in(LEAD).await;
    let page = planned.page("&work=tasks", &lead).await;
    for series in ["arrivals", "completions", "open", "overdue"] {
        assert!(page.contains(&format!("id=\"{series}\"")), "{series}");
    }
    assert!(page.contains("Expected for the week beginning on") && page.contains("Model's mean error"));
    let cases = planned.page("&work=cases", &lead).await;
    assert!(!cases.contains("id=\"overdue\""), "no case falls due as a whole");
    // Nobody else's, whatever is asked.
    let asked = planned.page("&unit=cpc%2Fma&work=tasks", &lead).await;
    assert!(!asked.contains("value=\"cpc/ma\""), "there is no choice of them");
    let auditor = planned.sign_in(AUDITOR).await;
    let all = planned.page("&unit=cpc%2Fma", &auditor).await;
    assert!(all.contains("value=\"cpc/ma\" selected") && all.contains("value=\"h1100/line\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_leaves_the_list_when_it_is_reviewed() {
    let planned = Planned::open().await;
    let lead = planned.sign_in(LEAD).await;
    let page = planned.page("", &lead).await;
    let listed = reviews(&page);
    assert!(listed.iter().any(|to| asked(to, "rule") == "linked-case") && listed.len() > 4, "{listed:?}");
    assert_eq!(counted(&page, "linked-case"), ["1", "0", "0", "0", "0"]);
    let to = listed.iter().find(|to| asked(to, "rule") == "linked-case").expect("the siblings");
    let (case, events) = (asked(to, "case"), asked(to, "events"));
    let form = planned.door.page(&format!("{to}&lang=en"), Some(&lead)).await;
    assert_eq!(form.status, StatusCode::OK, "{}", form.text);
    assert!(
        form.text.contains("warning.reviewed") && form.text.contains("never the only ground"),
        "{}",
        form.text
    );
    assert!(events.split(',').all(|event| form.text.contains(event)), "what it rests on is signed with it");
    // Auditors see it and have nothing to sign; who does not answer for the case is not told of it.
    let auditor = planned.sign_in(AUDITOR).await;
    assert!(reviews(&planned.page("", &auditor).await).is_empty());
    assert_eq!(planned.door.page(to, Some(&auditor)).await.status, StatusCode::FORBIDDEN);
    let elsewhere = planned.sign_in(CHIEF).await;
    assert!(reviews(&planned.page("", &elsewhere).await).is_empty());
    assert_eq!(planned.door.page(to, Some(&elsewhere)).await.status, StatusCode::NOT_FOUND);

    let events = Json::Array(events.split(',').map(Json::from).collect());
    let review = object(&[
        ("rule", "linked-case".into()),
        ("version", 1_i64.into()),
        ("events", events),
        ("outcome", "acted".into()),
        ("reason", "family".into()),
        ("ground", "family_asked".into()),
    ]);
    let stream = format!("case/{case}");
    planned.watch.country.act(LEAD, &stream, "warning.reviewed", review).await.expect("reviewed");
    // By the case itself at once, with its review once the models have taken it in.
    let now = planned.page("", &lead).await;
    assert!(!reviews(&now).contains(to) && !now.contains("Acted on. Reason"), "it has left the list");
    assert_eq!(planned.door.page(to, Some(&lead)).await.status, StatusCode::NOT_FOUND);
    planned.watch.follow().await;
    let later = planned.page("", &lead).await;
    assert!(!reviews(&later).contains(to));
    assert!(later.contains("Warnings that were reviewed") && later.contains("Acted on"), "{later}");
    assert_eq!(counted(&later, "linked-case"), ["1", "1", "1", "0", "0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_kept_out_of_a_case_is_warned_of_nothing_in_it_at_once() {
    let planned = Planned::open().await;
    let line = planned.sign_in(LINE).await;
    let page = planned.page("", &line).await;
    assert!(page.contains("/desk/cases/c2"), "{page}");
    let officer = Json::object([("agency", Json::from("h1100")), ("officer", "line".into())]);
    let restricted = object(&[
        ("officers", Json::Array(vec![officer])),
        ("units", Json::Array(Vec::new())),
        ("reason", "conflict_of_interest".into()),
    ]);
    planned.watch.country.act(LEAD, "case/c2", "access.restricted", restricted).await.expect("restricted");
    for _ in 0..2 {
        let page = planned.page("", &line).await;
        assert!(!page.contains("/desk/cases/c2") && !page.contains("(c2)"), "{page}");
        assert!(page.contains("/desk/cases/c0"), "the others stay");
        planned.watch.follow().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planning_in_a_browser() {
    let (Some(mut node), Some(chromium)) = (foreign::node(), foreign::chromium()) else { return };
    let axe = std::env::var("SIJILL_AXE").ok();
    if axe.is_none() {
        skip("accessibility: SIJILL_AXE does not name axe-core's axe.min.js");
    }
    let watch = worked().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let site = format!("http://localhost:{}", listener.local_addr().expect("its address").port());
    let mut settings = sijill_web::Settings::new(SigningKey::generate().expect("randomness"));
    settings.rate = None;
    let api =
        sijill_web::router(watch.country.ledger.clone(), settings, sijill_web::CancellationToken::new());
    let both = api.merge(router(watch.desk(&site)));
    let serving = tokio::spawn(async move { axum::serve(listener, both).await });
    let told = json!({
        "chromium": chromium, "site": site, "axe": axe, "pictures": std::env::var("SIJILL_PICTURES").ok(),
        "lead": key(&watch.country, LEAD), "auditor": key(&watch.country, AUDITOR), "hospital": key(&watch.country, CHIEF),
    });
    let played = tokio::task::spawn_blocking(move || {
        node.args(["tests/browser/planning.js", &told.to_string()]).output().expect("node runs")
    });
    let output = played.await.expect("it ends");
    serving.abort();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reviewed = async |case: String| {
        let file = watch.country.case(&case).await;
        file.case.as_ref().map_or(0, |case| case.warnings.len())
    };
    let mut signed = 0;
    for number in 0..8 {
        signed += reviewed(format!("c{number}")).await;
    }
    for number in 0..9 {
        signed += reviewed(format!("w{number}")).await;
    }
    assert_eq!(signed, 1, "what was signed in the browser stands in its case");
}
