//! The dashboards: whose figures, as known when, and the events behind them; over HTTP and in a browser.

use axum::http::StatusCode;
use serde_json::json;
use sijill_desk::router;
use tokio::net::TcpListener;

use crate::foreign::{self, skip};
use crate::house::{Door, SITE};
use crate::land::Land;
use crate::night::key;
use crate::watch::{AUDITOR, CHIEF, EYE, Watch};

const SECTIONS: [&str; 10] = [
    "",
    "/flow",
    "/timeliness",
    "/delay",
    "/governorates",
    "/helpline",
    "/caseload",
    "/trends",
    "/quality",
    "/access",
];

struct Seen {
    watch: Watch,
    door: Door,
}

impl Seen {
    async fn open() -> Self {
        let watch = Watch::open().await;
        watch.work().await;
        let door = Door::to(watch.desk(SITE));
        Self { watch, door }
    }

    async fn sign_in(&self, who: &str) -> String {
        self.door.sign_in(&self.watch.country.officers[who]).await
    }

    /// A page in English that is there.
    async fn page(&self, path: &str, session: &str) -> String {
        let and = if path.contains('?') { '&' } else { '?' };
        let answer = self.door.page(&format!("/desk/oversight{path}{and}lang=en"), Some(session)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.text
    }
}

/// What stands in the row of a chart's table that begins with this name.
fn row<'a>(page: &'a str, chart: &str, name: &str) -> Vec<&'a str> {
    let (_, from) = page.split_once(&format!("id=\"{chart}\"")).unwrap_or_else(|| panic!("no chart {chart}"));
    let (table, _) = from.split_once("</table>").expect("a table");
    let rows = table.split("<tr>").skip(1);
    let own =
        rows.filter(|row| row.contains(&format!(">{name}<"))).map(|row| row.split("<td>").skip(1)).next();
    own.unwrap_or_else(|| panic!("no row {name} in {table}"))
        .filter_map(|cell| cell.split('<').next())
        .collect()
}

/// A page without its frame: the way to the other language repeats the address.
fn content(page: &str) -> &str {
    page.split_once("<main").and_then(|(_, main)| main.split_once("</main>")).map_or("", |(main, _)| main)
}

fn links<'a>(page: &'a str, to: &str) -> Vec<&'a str> {
    let all = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    all.filter(|href| href.starts_with(to)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_section_answers_in_both_languages_without_inline_code() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    for section in SECTIONS {
        for (lang, digits) in [("ar", "latn"), ("ar", "arab"), ("en", "latn")] {
            let path = format!("/desk/oversight{section}?lang={lang}&digits={digits}");
            let page = seen.door.page(&path, Some(&session)).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
            let html = &page.text;
            assert!(html.contains("aria-current=\"page\"") && html.matches("<h1").count() == 1, "{path}");
            assert!(html.contains("role=\"img\"") && html.contains("<table"), "{path} has a chart");
            assert!(!html.contains(" style=") && !html.contains("<style"), "{path} has inline style");
            assert!(!html.contains("NaN") && !html.contains("inf%"), "{path}");
            assert!(html.len() < 120_000, "{path} is {} bytes", html.len());
        }
    }
    let missing = seen.door.page("/desk/oversight/nowhere", Some(&session)).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_those_of_the_log_and_as_known_on_what_they_were() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    let now = seen.page("", &session).await;
    let counted = ["High", "Medium", "Low"].map(|risk| row(&now, "risk", risk)[0].to_owned());
    assert_eq!(counted, ["4", "2", "2"]);
    let size = seen.watch.country.ledger.published().checkpoint.size;
    let entries = format!("{size} entries in the log");
    assert!(now.replace(',', "").contains(&entries), "{entries}");

    seen.watch.country.open_case("late", "low").await;
    seen.watch.follow().await;
    let later = seen.page("", &session).await;
    assert_eq!(row(&later, "risk", "Low"), ["3"]);
    let then = seen.page(&format!("?at={size}"), &session).await;
    assert_eq!(row(&then, "risk", "Low"), ["2"], "as known then");
    assert!(
        links(&then, "/desk/oversight/flow").iter().all(|href| href.contains(&format!("at={size}"))),
        "the other sections too"
    );
    // The day the country began, 2026-01-04: nothing had happened.
    let first = seen.page("?at=2026-01-03", &session).await;
    assert!(!first.contains(">High<"), "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_wrongly_is_said_beside_its_field() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    for (query, said) in [
        ("from=2026-13", "Write the month like this"),
        ("from=2026-05&to=2026-01", "It begins after it ends"),
        ("at=yesterday", "Write a day"),
        ("at=999999", "The log has not come so far"),
    ] {
        let page = seen.door.page(&format!("/desk/oversight?{query}&lang=en"), Some(&session)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(
            page.text.contains(said) && page.text.contains("There is a problem"),
            "{query}: {}",
            page.text
        );
        assert!(!page.text.contains("role=\"img\""), "no figure is shown for it");
    }
    let arabic = seen.page("?from=٢٠٢٦-٠١&governorate=OM-MA", &session).await;
    assert!(arabic.contains("from January 2026") && arabic.contains("Muscat"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_sees_the_own_agency_and_a_case_worker_nothing() {
    let seen = Seen::open().await;
    let session = seen.sign_in(CHIEF).await;
    let page = seen.page("/flow?agency=rop", &session).await;
    assert!(page.contains("Figures of") && !page.contains("id=\"agency\""), "there is no choice of agencies");
    assert!(!content(&page).contains("rop"), "and none by the address");
    let elsewhere =
        seen.door.page("/desk/oversight/events?indicator=referrals&agency=rop", Some(&session)).await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
    let events = seen.page("/events?indicator=referrals", &session).await;
    assert!(links(&events, "/desk/cases/").len() > 1, "of referrals to the own agency: {events}");

    let worker = seen.sign_in("moh/hospital-ma").await;
    for path in ["/desk/oversight", "/desk/oversight/flow", "/desk/oversight/events?indicator=referrals"] {
        assert_eq!(seen.door.page(path, Some(&worker)).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(seen.door.page(path, None).await.status, StatusCode::SEE_OTHER, "{path}");
    }
    assert!(links(&seen.door.page("/desk", Some(&worker)).await.text, "/desk/oversight").is_empty());
    assert!(!links(&seen.door.page("/desk", Some(&session)).await.text, "/desk/oversight").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn oversight_is_shown_what_was_published_and_nothing_else() {
    let seen = Seen::open().await;
    let session = seen.sign_in(EYE).await;
    for section in SECTIONS {
        assert!(seen.page(section, &session).await.contains("Nothing is published yet"), "{section}");
    }
    let months = seen.watch.publish().await;
    assert_eq!(months, [202_601, 202_602, 202_603]);
    let january = seen.page("?month=202601&at=1&agency=moh&from=2026-02", &session).await;
    assert_eq!(
        content(&january),
        content(&seen.page("?month=2026-01", &session).await),
        "whatever else was asked"
    );
    assert!(january.contains("January 2026") && january.contains("<option value=\"202601\" selected>"));
    // The latest month.
    for section in ["", "?month=202603", "?month=199901", "?month=x", "/timeliness"] {
        assert!(
            seen.page(section, &session).await.contains("<option value=\"202603\" selected>"),
            "{section}"
        );
    }
    for section in SECTIONS {
        let page = seen.page(section, &session).await;
        assert!(links(&page, "/desk/oversight/events").is_empty(), "{section}");
        assert!(!page.contains("id=\"officers\"") && !page.contains("name=\"agency\""), "{section}");
    }
    let events = seen.door.page("/desk/oversight/events?indicator=referrals", Some(&session)).await;
    assert_eq!(events.status, StatusCode::FORBIDDEN);
    // Every number on the page is one that was published.
    let stated = seen.watch.country.ledger.stated().await.expect("it is read");
    let (_, said) = stated.publication(202_601).expect("January");
    let tables =
        said.figures.iter().flat_map(|figure| figure.tables.iter().map(move |table| (figure, table)));
    let mut shown = 0;
    for (figure, table) in tables {
        let id = format!("id=\"{}-{}\"", figure.indicator, table.by);
        assert!(january.contains(&id), "{id}");
        shown += table.cells.iter().flatten().filter(|cell| cell.n.is_some()).count();
    }
    assert!(shown > 0, "{said:?}");
    assert!(content(&january).contains("not published"), "small numbers are not");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_figure_leads_to_as_many_events_with_their_proofs() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    for (section, chart) in
        [("", "risk"), ("/flow", "who"), ("/delay", "wait"), ("/access", "seen"), ("/helpline", "months")]
    {
        let page = seen.page(section, &session).await;
        let (_, chart) = page.split_once(&format!("id=\"{chart}\"")).expect("a chart");
        let (chart, _) = chart.split_once("</table>").expect("a table");
        for href in links(chart, "/desk/oversight/events") {
            let path = href.replace("&amp;", "&").replace("/desk/oversight", "");
            let figure = chart.split(href).nth(1).expect("its row");
            let row = figure.split("</tr>").next().expect("a row");
            let mut figures = row.split('>').filter_map(|text| text.split('<').next()?.parse::<usize>().ok());
            let events = seen.page(&path, &session).await;
            let listed = events.matches("<th scope=\"row\">").count();
            assert_eq!(Some(listed), figures.next_back(), "{path}");
        }
    }
    let events = seen.page("/events?indicator=cases-open", &session).await;
    let proof = *links(&events, "/desk/audit/event").first().expect("a proof");
    let proof = seen.door.page(&format!("{proof}&lang=en"), Some(&session)).await;
    assert_eq!(proof.status, StatusCode::OK);
    assert!(proof.text.contains("This entry passed every check"));
    // Who does not audit has the file beside the case.
    let chief = seen.sign_in(CHIEF).await;
    let events = seen.page("/events?indicator=referrals", &chief).await;
    let file = *links(&events, "/desk/cases/").iter().find(|href| href.contains("/proof/")).expect("a proof");
    assert!(seen.door.page(file, Some(&chief)).await.json()["proof"].is_string());
    for odd in ["indicator=nothing", "indicator=referrals&at=999999"] {
        let page = seen.door.page(&format!("/desk/oversight/events?{odd}"), Some(&session)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{odd}");
    }
}

/// Pages of the list are as long as they say, and every event stands on one of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_has_pages() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    let (mut path, mut listed) = ("/events?indicator=timeliness".to_owned(), Vec::new());
    loop {
        let page = seen.page(&path, &session).await;
        listed.push(page.matches("<th scope=\"row\">").count());
        let next = links(&page, "/desk/oversight/events").into_iter().map(|href| href.replace("&amp;", "&"));
        let skip = format!("skip={}", listed.iter().sum::<usize>());
        match next.into_iter().find(|href| href.ends_with(&skip)) {
            Some(next) => path = next.replace("/desk/oversight", ""),
            None => break,
        }
    }
    let (last, full) = listed.split_last().expect("a page");
    assert!(full.iter().all(|n| *n == 25) && !full.is_empty() && *last <= 25, "{listed:?}");
}

#[tokio::test]
async fn without_read_models_there_are_no_figures() {
    let land = Land::open().await;
    let session = land.sign_in(AUDITOR).await;
    let page = land.door.page("/desk/oversight", Some(&session)).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dashboard_in_a_browser() {
    let (Some(mut node), Some(chromium)) = (foreign::node(), foreign::chromium()) else { return };
    let axe = std::env::var("SIJILL_AXE").ok();
    if axe.is_none() {
        skip("accessibility: SIJILL_AXE does not name axe-core's axe.min.js");
    }
    let watch = Watch::open().await;
    watch.work().await;
    watch.publish().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let site = format!("http://localhost:{}", listener.local_addr().expect("its address").port());
    let pages = router(watch.desk(&site));
    let serving = tokio::spawn(async move { axum::serve(listener, pages).await });
    let told = json!({
        "chromium": chromium, "site": site, "axe": axe, "pictures": std::env::var("SIJILL_PICTURES").ok(),
        "auditor": key(&watch.country, AUDITOR), "eye": key(&watch.country, EYE), "chief": key(&watch.country, CHIEF),
    });
    let played = tokio::task::spawn_blocking(move || {
        node.args(["tests/browser/oversight.js", &told.to_string()]).output().expect("node runs")
    });
    let output = played.await.expect("it ends");
    serving.abort();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    drop(watch.dir);
}
