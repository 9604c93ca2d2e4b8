//! The auditor's pages: the checkpoint, audits on the record, who saw what, proofs in words, the registry.

use axum::http::{StatusCode, header};
use serde_json::json;
use sijill_audit::{Evidence, Options, Receipt, Trust, audit};
use sijill_desk::router;
use sijill_domain::event::{AuditRecorded, AuditStatus, AuditedLevel, AuditedLevels, CountedFaults};
use sijill_domain::{OfficerId, UnitId};
use sijill_event::{Digest, Timestamp};
use sijill_ledger::testing::ORIGIN;
use sijill_log::{Checkpoint, leaf_hash};
use tokio::net::TcpListener;

use crate::foreign::{self, skip};
use crate::house::{Door, SITE};
use crate::land::{Land, object};
use crate::night::key;
use crate::watch::{AUDITOR, CHIEF, EYE, Watch};

struct Seen {
    watch: Watch,
    door: Door,
}

impl Seen {
    async fn open() -> Self {
        let watch = Watch::open().await;
        watch.work().await;
        for (who, case) in [("moh/hospital-ma", "c0"), ("moh/hospital-ma", "c2"), (AUDITOR, "c0")] {
            ask(&watch, who, case).await;
        }
        watch.follow().await;
        let door = Door::to(watch.desk(SITE));
        Self { watch, door }
    }

    async fn sign_in(&self, who: &str) -> String {
        self.door.sign_in(&self.watch.country.officers[who]).await
    }

    /// A page in English that is there.
    async fn page(&self, path: &str, session: &str) -> String {
        let and = if path.contains('?') { '&' } else { '?' };
        let answer = self.door.page(&format!("/desk/audit{path}{and}lang=en"), Some(session)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.text
    }

    fn trust(&self, first: &str) -> Trust {
        Trust {
            origin: ORIGIN.to_owned(),
            log_key: self.watch.country.ground.log_key().verifier().clone(),
            genesis: leaf_hash(first.as_bytes()),
            policy: "quorum none\n".parse().expect("a policy"),
        }
    }
}

/// Asks to see names.
async fn ask(watch: &Watch, who: &str, case: &str) {
    let classes = sijill_event::Json::Array(vec!["identity".into()]);
    let values = object(&[("purpose", "casework".into()), ("classes", classes)]);
    let stream = format!("access/{case}");
    watch.country.act(who, &stream, "access.requested", values).await.expect("taken");
}

/// What an auditor found in the published log.
async fn record(watch: &Watch, faults: &[(&str, u64)], root: Option<Digest>) {
    let published = watch.country.ledger.published();
    let size = published.checkpoint.size;
    let level = |status| AuditedLevel { status, checked: Some(size), unchecked: None };
    let status = if faults.is_empty() { AuditStatus::Clean } else { AuditStatus::Faults };
    let time = |text| Timestamp::parse(text).expect("a time");
    let found = AuditRecorded {
        size,
        root: root.unwrap_or(Digest(published.checkpoint.root.0)),
        entries: Some(size),
        anchored: true,
        levels: AuditedLevels {
            integrity: level(AuditStatus::Clean),
            authority: level(status),
            rules: AuditedLevel { status: AuditStatus::Partial, checked: Some(size - 1), unchecked: Some(1) },
            figures: AuditedLevel { status: AuditStatus::NotRun, checked: None, unchecked: Some(2) },
        },
        faults: faults
            .iter()
            .map(|(code, count)| CountedFaults { code: UnitId::parse(code).expect("a code"), count: *count })
            .collect(),
        tool: UnitId::parse("sijill").expect("an id"),
        version: OfficerId::parse("0.1.0").expect("an id"),
        started: time("2026-04-01T08:00:00Z"),
        ended: time("2026-04-01T08:00:09Z"),
    };
    let auditor = &watch.country.officers[AUDITOR];
    watch.country.open_event(auditor, "log", AuditRecorded::TYPE, found.data()).await;
}

const PAGES: [&str; 8] = [
    "",
    "/event",
    "/event?entry=0",
    "/event?entry=12",
    "/accesses",
    "/accesses?only=closed",
    "/registry",
    "/registry/moh",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers_in_both_languages_and_for_auditors_only() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    let (eye, chief) = (seen.sign_in(EYE).await, seen.sign_in(CHIEF).await);
    for page in PAGES {
        for lang in ["ar", "en"] {
            let and = if page.contains('?') { '&' } else { '?' };
            let path = format!("/desk/audit{page}{and}lang={lang}");
            let answer = seen.door.page(&path, Some(&session)).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
            assert!(!answer.text.contains(" style=") && answer.text.matches("<h1").count() == 1, "{path}");
        }
        let path = format!("/desk/audit{page}");
        // Oversight sees the checkpoint and what audits found, and nothing behind it.
        let watching = if page.is_empty() { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(seen.door.page(&path, Some(&eye)).await.status, watching, "{path}");
        assert_eq!(seen.door.page(&path, Some(&chief)).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(seen.door.page(&path, None).await.status, StatusCode::SEE_OTHER, "{path}");
    }
    for path in ["/desk/audit/entries/3/evidence", "/desk/audit/entries/3/receipt"] {
        assert_eq!(seen.door.page(path, Some(&eye)).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let watching = seen.page("", &eye).await;
    assert!(!watching.contains("/desk/audit/accesses") && !watching.contains("/desk/audit/event"));
    assert!(seen.door.page("/desk", Some(&eye)).await.text.contains("href=\"/desk/audit\""));
    assert!(!seen.door.page("/desk", Some(&chief)).await.text.contains("href=\"/desk/audit\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkpoint_is_told_and_given_as_the_log_has_signed_it() {
    let seen = Seen::open().await;
    let session = seen.sign_in(EYE).await;
    let page = seen.page("", &session).await;
    let published = seen.watch.country.ledger.published();
    assert!(page.contains(&published.checkpoint.root.to_base64()));
    assert!(page.contains("The signature is right") && page.contains("None yet: no witnesses are named"));
    let file = seen.door.page("/desk/audit/checkpoint", Some(&session)).await;
    assert!(file.header(header::CONTENT_DISPOSITION).contains("checkpoint.txt"));
    let log = seen.watch.country.ground.log_key();
    let (checkpoint, _) = Checkpoint::open(file.text.as_bytes(), log.verifier()).expect("signed by the log");
    assert_eq!(checkpoint, published.checkpoint);
}

#[tokio::test(flavor = "multi_thread")]
async fn audits_on_the_record_are_told_the_latest_first() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    assert!(seen.page("", &session).await.contains("No audit is recorded here"));
    record(&seen.watch, &[], None).await;
    record(&seen.watch, &[("key-not-valid", 2), ("rule", 1)], None).await;
    let page = seen.page("", &session).await;
    let rows: Vec<&str> = page.split("<tr>").skip(2).collect();
    assert_eq!(rows.len(), 2, "{page}");
    assert!(rows[0].contains("2 × key-not-valid, 1 × rule") && rows[0].contains("Authority: faults"));
    assert!(rows[1].contains("No fault in what was checked"), "{}", rows[1]);
    assert!(rows[1].contains("Rules: clean in what was checked, 1 not checked"), "{}", rows[1]);
    assert!(rows[1].contains("Figures: not run") && rows[1].contains("mosd") && rows[1].contains("auditor"));
    assert!(!page.contains("Its root hash is not this ledger"));
    // Who audited something else under this ledger's name is believed by nobody.
    record(&seen.watch, &[], Some(Digest([9; 32]))).await;
    assert!(seen.page("", &session).await.contains("Its root hash is not this ledger"));
    assert!(seen.page("?before=1", &session).await.contains("No fault"), "only the first");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_proved_in_words_and_by_files_that_stand_alone() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    let ledger = &seen.watch.country.ledger;
    let entries = ledger.entries(0, 1_000).await.expect("entries");
    let trust = seen.trust(&entries[0].1);
    let last = entries.len() as u64 - 1;
    for index in [0, 1, 12, last / 2, last] {
        let page = seen.page(&format!("/event?entry={index}"), &session).await;
        assert!(page.contains("This entry passed every check") && !page.contains("Wrong"), "{index}: {page}");
        let file = seen.door.page(&format!("/desk/audit/entries/{index}/evidence"), Some(&session)).await;
        let evidence = Evidence::parse(file.text.as_bytes()).expect("evidence");
        assert!(evidence.exhibits().any(|exhibit| exhibit.index == index));
        assert!(evidence.exhibits().all(|exhibit| exhibit.disclosures.is_empty()));
        let options = Options { trust: Some(&trust), ..Options::default() };
        let report = audit(&evidence, &options).expect("readable");
        assert!(report.anchored && report.is_faultless(), "{index}: {report:?}");
    }
    let receipt = seen.door.page(&format!("/desk/audit/entries/{last}/receipt"), Some(&session)).await;
    let receipt = Receipt::parse(receipt.text.as_bytes()).expect("a receipt");
    assert_eq!(receipt.index, last);
    assert_eq!(
        seen.door.page("/desk/audit/entries/999999/evidence", Some(&session)).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_found_by_number_and_id_as_people_write_them() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    let receipt = seen.watch.country.ledger.receipt(20).await.expect("a receipt");
    let by_id = seen.page(&format!("/event?entry={}", receipt.jti), &session).await;
    for text in ["20", "٢٠", "%2020%20"] {
        assert!(seen.page(&format!("/event?entry={text}"), &session).await.contains("Entry 20<"), "{text}");
    }
    assert!(by_id.contains("Entry 20<"));
    for odd in ["999999", "-1", "x", "018f0000-0000-7000-8000-000000000000"] {
        let page = seen.door.page(&format!("/desk/audit/event?entry={odd}&lang=en"), Some(&session)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{odd}");
        assert!(page.text.contains("There is no entry of this number or id"), "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saw_what_is_listed_narrowed_and_paged() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    let rows = |page: &str| {
        page.split("table class=\"accesses\"").nth(1).map_or(0, |t| t.matches("<th scope=\"row\"").count())
    };
    let all = seen.page("/accesses", &session).await;
    assert!(rows(&all) >= 8, "requests, releases and broken glass: {all}");
    let asked = seen.page("/accesses?act=access.requested", &session).await;
    assert_eq!(rows(&asked), 3);
    assert!(asked.contains("/desk/audit/event?entry=") && asked.contains("/desk/cases/c0"));
    assert_eq!(rows(&seen.page("/accesses?act=access.requested&agency=mosd", &session).await), 1);
    assert_eq!(
        rows(&seen.page("/accesses?act=access.requested&officer=hospital-ma&case=c2", &session).await),
        1
    );
    // The auditor's agency owns no case here; the hospital is a party to those that were referred to it.
    let outsiders = seen.page("/accesses?only=outsiders", &session).await;
    assert!(outsiders.contains("Break-glass invoked") && rows(&outsiders) < rows(&all), "{outsiders}");
    assert!(rows(&seen.page("/accesses?from=2030-01-01", &session).await) == 0);
    let busy = seen.page("/accesses", &session).await;
    let days = busy.split("Days with the most requests").nth(3).expect("the table");
    assert!(days.contains("hospital-ma"), "{days}");
    for (query, said) in [
        ("from=spring", "Write the day like this"),
        ("from=2026-02-01&to=2026-01-01", "It begins after it ends"),
    ] {
        let page = seen.door.page(&format!("/desk/audit/accesses?{query}&lang=en"), Some(&session)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(page.text.contains(said), "{query}");
    }
    let odd = seen.door.page("/desk/audit/accesses?after=x", Some(&session)).await;
    assert_eq!(odd.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_is_as_it_was_before_an_entry() {
    let seen = Seen::open().await;
    let session = seen.sign_in(AUDITOR).await;
    let now = seen.page("/registry", &session).await;
    assert!(now.contains("/desk/audit/registry/ncc") && now.contains("Signs checkpoints"), "{now}");
    let then = seen.page("/registry?at=5", &session).await;
    assert!(!then.contains("/desk/audit/registry/ncc") && then.contains("As it was before entry"));
    let agency = seen.page("/registry/moh", &session).await;
    assert!(agency.contains("hospital-ma") && agency.contains("Good now"));
    for odd in ["/registry?at=999999", "/registry?at=x", "/registry/nowhere"] {
        let page = seen.door.page(&format!("/desk/audit{odd}"), Some(&session)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{odd}");
    }
}

#[tokio::test]
async fn without_read_models_nobody_is_told_who_saw_what() {
    let land = Land::open().await;
    let session = land.sign_in(AUDITOR).await;
    let page = land.door.page("/desk/audit/accesses", Some(&session)).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_in_a_browser() {
    let (Some(mut node), Some(chromium)) = (foreign::node(), foreign::chromium()) else { return };
    let axe = std::env::var("SIJILL_AXE").ok();
    if axe.is_none() {
        skip("accessibility: SIJILL_AXE does not name axe-core's axe.min.js");
    }
    let seen = Seen::open().await;
    record(&seen.watch, &[], None).await;
    record(&seen.watch, &[("key-not-valid", 2)], None).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let site = format!("http://localhost:{}", listener.local_addr().expect("its address").port());
    let pages = router(seen.watch.desk(&site));
    let serving = tokio::spawn(async move { axum::serve(listener, pages).await });
    let told = json!({
        "chromium": chromium, "site": site, "axe": axe, "pictures": std::env::var("SIJILL_PICTURES").ok(),
        "auditor": key(&seen.watch.country, AUDITOR), "eye": key(&seen.watch.country, EYE),
    });
    let played = tokio::task::spawn_blocking(move || {
        node.args(["tests/browser/audit.js", &told.to_string()]).output().expect("node runs")
    });
    let output = played.await.expect("it ends");
    serving.abort();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    drop(seen);
}
