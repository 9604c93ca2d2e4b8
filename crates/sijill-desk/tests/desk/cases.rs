//! Cases and contacts on a page: who sees them, what they say, and what no page says unasked.

use axum::http::StatusCode;
use sijill_ledger::testing::ORIGIN;

use crate::land::{CASE, Land, is_sealed, object};

#[tokio::test]
async fn a_case_is_there_for_its_parties_and_for_nobody_else() {
    let land = Land::with_case().await;
    let page = format!("/desk/cases/{CASE}");
    for who in ["h1100/line", "moh/hospital-ma", "mosd/auditor"] {
        let session = land.sign_in(who).await;
        assert_eq!(land.door.page(&page, Some(&session)).await.status, StatusCode::OK, "{who}");
    }
    let stranger = land.sign_in("spf/desk").await;
    let unknown = land.door.page("/desk/cases/nothing-here?lang=en", Some(&stranger)).await;
    for path in ["", "/access", "/act/note.added", "/proof/60"] {
        let closed = land.door.page(&format!("{page}{path}?lang=en"), Some(&stranger)).await;
        assert_eq!(closed.status, StatusCode::NOT_FOUND, "{path}");
        let same = |text: &str| {
            text.replace(&format!("{page}{path}?"), "/desk/cases/nothing-here?").replace(CASE, "nothing-here")
        };
        assert_eq!(same(&closed.text), same(&unknown.text), "{path} tells that there is a case");
    }
    let restricted = object(&[
        (
            "officers",
            sijill_event::Json::Array(vec![object(&[
                ("agency", "moh".into()),
                ("officer", "hospital-ma".into()),
            ])]),
        ),
        ("units", sijill_event::Json::Array(Vec::new())),
        ("reason", first_code(&land, "restriction-reason").into()),
    ]);
    let hospital = land.sign_in("moh/hospital-ma").await;
    land.act("h1100/line-2", "access.restricted", restricted).await;
    assert_eq!(land.door.page(&page, Some(&hospital)).await.status, StatusCode::NOT_FOUND);
}

fn first_code(land: &Land, list: &str) -> String {
    let book = land.country.world().book();
    book.current(list).next().expect("a code").to_string()
}

#[tokio::test]
async fn a_case_says_where_it_stands_in_both_languages_and_seals_the_rest() {
    let land = Land::with_case().await;
    land.contact("call-1").await;
    for who in ["h1100/line", "h1100/line-2", "h1100/line-3", "moh/hospital-ma", "mosd/auditor"] {
        let session = land.sign_in(who).await;
        for (lang, said) in [
            (
                "en",
                [
                    "Owning unit",
                    "Physical abuse",
                    "Case opened",
                    "The system, as the policy in force says",
                    "Signed and sealed in the ledger",
                    "Sealed: Identity, Sensitive.",
                ],
            ),
            (
                "ar",
                [
                    "الوحدة المسؤولة",
                    "بانتظار الاستلام",
                    "فتح حالة",
                    "المنظومة، بحسب السياسة المعتمدة",
                    "موقَّع وثابت في السجل",
                    "مختوم: بيانات الهوية، بيانات حساسة.",
                ],
            ),
        ] {
            let page = land.door.page(&format!("/desk/cases/{CASE}?lang={lang}"), Some(&session)).await;
            is_sealed(&format!("the case for {who}"), &page.text);
            for said in said {
                assert!(page.text.contains(said), "{said} for {who} in {}", page.text);
            }
            assert_eq!(page.text.matches("<h1").count(), 1);
            assert!(
                !page.text.contains("seal--bad")
                    && !page.text.contains("غير معروف")
                    && !page.text.contains(">Unknown<")
            );
        }
        let access = land.door.page(&format!("/desk/cases/{CASE}/access?lang=en"), Some(&session)).await;
        assert!(
            access.text.contains("Before you ask") && access.text.contains("exactly what you were shown")
        );
        assert_eq!(access.text.contains("value=\"sensitive\""), who == "h1100/line-3", "{who}");
    }
    let session = land.sign_in("h1100/line").await;
    let contact = land.door.page("/desk/contacts/call-1?lang=en", Some(&session)).await;
    assert_eq!(contact.status, StatusCode::OK);
    is_sealed("the contact", &contact.text);
    assert!(
        contact.text.contains("Contact logged") && contact.text.contains("Open a case"),
        "{}",
        contact.text
    );
    let hospital = land.sign_in("moh/hospital-ma").await;
    assert_eq!(land.door.page("/desk/contacts/call-1", Some(&hospital)).await.status, StatusCode::NOT_FOUND);
}

/// What was missed is named; it stands out only as long as somebody still owes it.
#[tokio::test]
async fn a_missed_deadline_says_what_was_missed_and_is_no_alarm_once_it_is_met() {
    let land = Land::with_case().await;
    land.country.later(45);
    // Whatever comes next in the case, the automation names first what was missed.
    land.act("h1100/line", "note.added", object(&[("text", "called again".into())])).await;
    let referral = land.referral_to("moh/hospital-ma").await;
    let session = land.sign_in("moh/hospital-ma").await;
    let card = async |lang: &str| {
        let page = land.door.page(&format!("/desk/cases/{CASE}?lang={lang}"), Some(&session)).await.text;
        let card = page.split("<li class=\"card\">").nth(1).expect("the reader's own is first").to_owned();
        card.split("</h3>").next().expect("a heading").to_owned()
    };
    let english = card("en").await;
    assert!(english.contains("tag--high") && english.contains("Missed: Acknowledgement"), "{english}");
    let done = object(&[("referral", referral.to_string().into())]);
    land.act("moh/hospital-ma", "referral.acknowledged", done).await;
    let (english, arabic) = (card("en").await, card("ar").await);
    assert!(english.contains("Not in time: Acknowledgement") && !english.contains("tag--high"), "{english}");
    assert!(arabic.contains("بعد موعده: الإقرار بالاستلام"), "{arabic}");
}

#[tokio::test]
async fn a_girl_is_told_of_as_a_girl() {
    let land = Land::with_case().await;
    let child = object(&[
        ("age_band", "5-11".into()),
        ("sex", "female".into()),
        ("situations", sijill_event::Json::Array(vec!["orphaned".into()])),
        ("name", "again".into()),
        ("corrects", land.registered().await.to_string().into()),
    ]);
    land.act("h1100/line", "child.corrected", child).await;
    let session = land.sign_in("h1100/line").await;
    let page = async |lang: &str| {
        land.door.page(&format!("/desk/cases/{CASE}?lang={lang}"), Some(&session)).await.text
    };
    let (arabic, english) = (page("ar").await, page("en").await);
    assert!(arabic.contains("أنثى · ") && arabic.contains(" · يتيمة"), "{arabic}");
    assert!(
        !arabic.contains("يتيم<") && english.contains("Female · ") && english.contains(" · Orphan"),
        "{english}"
    );
}

/// A case tells where it came from; the contact itself is its logger's.
#[tokio::test]
async fn there_are_links_only_to_what_the_reader_may_open() {
    let land = Land::open().await;
    land.contact("call-1").await;
    let opened = object(&[
        ("contacts", sijill_event::Json::Array(vec!["call-1".into()])),
        ("unit", "line".into()),
        ("concerns", sijill_event::Json::Array(vec!["physical_abuse".into()])),
        ("risk", "high".into()),
        ("governorate", "OM-MA".into()),
        ("age_band", "5-11".into()),
        ("sex", "female".into()),
        ("channel", "1100".into()),
        ("situations", sijill_event::Json::Array(Vec::new())),
    ]);
    land.act("h1100/line", "case.opened", opened).await;
    let way = "href=\"/desk/contacts/call-1";
    for (who, may) in [("h1100/line", true), ("mosd/auditor", true), ("moh/hospital-ma", false)] {
        let session = land.sign_in(who).await;
        let page = land.door.page(&format!("/desk/cases/{CASE}"), Some(&session)).await.text;
        assert!(page.contains("call-1"), "{who} reads where it came from");
        assert_eq!(page.contains(way), may, "{who}");
        let contact = land.door.page("/desk/contacts/call-1", Some(&session)).await;
        assert_eq!(contact.status == StatusCode::OK, may, "{who}");
    }
}

/// Whoever may read everything has no queue: a box leads to a case by its number, and from there back to the desk.
#[tokio::test]
async fn an_auditor_opens_a_case_by_its_number() {
    let land = Land::with_case().await;
    let auditor = land.sign_in("mosd/auditor").await;
    let home = land.door.page("/desk?lang=en", Some(&auditor)).await.text;
    assert!(home.contains("action=\"/desk/cases\"") && home.contains("name=\"id\""), "{home}");
    let sent = land.door.page(&format!("/desk/cases?id=+{CASE}+"), Some(&auditor)).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let page = format!("/desk/cases/{CASE}");
    assert_eq!(sent.header(axum::http::header::LOCATION), page);
    let case = land.door.page(&page, Some(&auditor)).await.text;
    assert!(case.contains("class=\"back\" href=\"/desk\"") && !case.contains("/desk/queue"), "{case}");
    for odd in ["?id=../queue", "?id=", ""] {
        let lost = land.door.page(&format!("/desk/cases{odd}"), Some(&auditor)).await;
        assert_eq!(lost.status, StatusCode::NOT_FOUND, "{odd}");
    }
    let owner = land.sign_in("h1100/line").await;
    assert!(!land.door.page("/desk", Some(&owner)).await.text.contains("action=\"/desk/cases\""));
    let case = land.door.page(&page, Some(&owner)).await.text;
    assert!(case.contains("class=\"back\" href=\"/desk/queue\""));
}

#[tokio::test]
async fn codes_have_the_digits_of_the_page() {
    let land = Land::with_case().await;
    let session = land.sign_in("h1100/line").await;
    for (digits, said, other) in [("latn", "من 5 إلى 11 سنة", "من ٥"), ("arab", "من ٥ إلى ١١ سنة", "من 5")]
    {
        let path = format!("/desk/cases/{CASE}?lang=ar&digits={digits}");
        let page = land.door.page(&path, Some(&session)).await.text;
        assert!(page.contains(said) && !page.contains(other), "{page}");
    }
}

#[tokio::test]
async fn each_line_has_a_proof_that_holds_elsewhere() {
    let land = Land::with_case().await;
    let session = land.sign_in("h1100/line").await;
    let page = land.door.page(&format!("/desk/cases/{CASE}?lang=en"), Some(&session)).await.text;
    let proofs: Vec<&str> = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|href| href.contains("/proof/"))
        .collect();
    assert_eq!(proofs.len(), land.country.ledger.history(CASE).await.expect("readable").len());
    for proof in proofs {
        let file = land.door.page(proof, Some(&session)).await.json();
        let text = file["proof"].as_str().expect("a proof");
        assert!(text.starts_with("c2sp.org/tlog-proof@v1") && text.contains(ORIGIN), "{text}");
        assert!(sijill_event::Entry::parse(file["entry"].as_str().expect("an entry").as_bytes()).is_ok());
    }
    // An entry of the log that is none of this case's.
    let elsewhere = land.door.page(&format!("/desk/cases/{CASE}/proof/0"), Some(&session)).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
}
