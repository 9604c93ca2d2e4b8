//! What holds for every page: headers, no inline code, language and direction, refusals with a face.

use axum::body::Body;
use axum::http::{StatusCode, header};

use crate::house::{House, get};

const OPEN: &[&str] =
    &["/desk/sign-in", "/desk/enrol", "/desk/patterns", "/desk/nowhere", "/desk/static/old/desk.css"];
const SIGNED_IN: &[&str] = &[
    "/desk",
    "/desk/keys",
    "/desk/officers",
    "/desk/invite",
    "/desk/officers/worker",
    "/desk/officers/nobody",
];

async fn everything(house: &House, session: &str, lang: &str) -> Vec<(String, crate::house::Answer)> {
    let mut all = Vec::new();
    for (paths, session) in [(OPEN, None), (SIGNED_IN, Some(session))] {
        for path in paths {
            let path = format!("{path}?lang={lang}");
            let answer = house.page(&path, session).await;
            all.push((path, answer));
        }
    }
    let invited = house.form(&format!("/desk/invite?lang={lang}"), session, "officer=ana&unit=desk").await;
    let wrong = house.form(&format!("/desk/invite?lang={lang}"), session, "officer=A").await;
    all.extend([("invited".to_owned(), invited), ("wrong".to_owned(), wrong)]);
    all
}

#[tokio::test]
async fn every_page_is_guarded_and_holds_no_inline_code() {
    let house = House::open().await;
    let session = house.sign_in(&house.registrar).await;
    for (lang, dir) in [("ar", "rtl"), ("en", "ltr")] {
        for (path, page) in everything(&house, &session, lang).await {
            let policy = page.header(header::CONTENT_SECURITY_POLICY);
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
                "{path}: {policy}"
            );
            assert!(
                !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
            assert_eq!(page.header(header::REFERRER_POLICY), "same-origin", "{path}");
            assert_eq!(page.header(header::CACHE_CONTROL), "no-store", "{path}");
            assert!(page.header(header::STRICT_TRANSPORT_SECURITY).starts_with("max-age="), "{path}");
            let html = &page.text;
            assert!(html.contains(&format!("<html lang=\"{lang}\" dir=\"{dir}\">")), "{path}");
            for script in html.split("<script").skip(1) {
                assert!(
                    script.contains("src=\"/desk/static/") && script.contains("></script>"),
                    "{path}: {script:.60}"
                );
            }
            assert!(!html.contains("<style") && !html.contains(" style="), "{path} has inline style");
            for event in [" onclick", " onload", " onsubmit", " onerror", " onchange", "javascript:"] {
                assert!(!html.contains(event), "{path} has {event}");
            }
            assert!(html.len() < 24_000, "{path} is {} bytes", html.len());
            assert_eq!(html.matches("<h1").count(), 1, "{path} has one heading");
        }
    }
}

#[tokio::test]
async fn a_language_and_digits_once_chosen_are_kept() {
    let house = House::open().await;
    let page = house.page("/desk/sign-in?lang=en&digits=arab", None).await;
    assert_eq!(page.cookie("lang").as_deref(), Some("en"));
    assert_eq!(page.cookie("digits").as_deref(), Some("arab"));
    let kept = get("/desk/sign-in", None).header(header::COOKIE, "lang=en");
    let page = house.ask(kept.body(Body::empty()).expect("a request")).await;
    assert!(page.text.contains("<html lang=\"en\" dir=\"ltr\">"));
    assert!(page.cookie("lang").is_none(), "nothing new was chosen");
    assert!(
        house.page("/desk/sign-in", None).await.text.contains("<html lang=\"ar\" dir=\"rtl\">"),
        "Arabic by default"
    );
}

#[tokio::test]
async fn a_refusal_has_a_face_for_people_and_one_for_scripts() {
    let house = House::open().await;
    let page = house.page("/desk/nowhere?lang=en", None).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("Page not found") && page.text.contains("not-found"));
    let mut request = get("/desk/nowhere?lang=en", None).body(Body::empty()).expect("a request");
    request.headers_mut().insert(header::ACCEPT, "application/json".parse().expect("a value"));
    let problem = house.ask(request).await;
    assert_eq!(problem.header(header::CONTENT_TYPE), "application/problem+json");
    assert_eq!((problem.code(), problem.json()["status"].as_u64()), ("not-found".into(), Some(404)));

    let wrong_method = house.page("/desk/session/challenge", None).await;
    assert_eq!(wrong_method.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(wrong_method.text.contains("method-not-allowed"));
    let signed_out = house.page("/desk/keys", None).await;
    assert_eq!(signed_out.header(header::LOCATION), "/desk/sign-in");
}

#[tokio::test]
async fn files_are_kept_for_ever_under_their_own_address() {
    let house = House::open().await;
    let page = house.page("/desk/sign-in", None).await;
    let mut files = 0;
    for attribute in ["href=\"", "src=\""] {
        for url in page.text.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
            if !url.starts_with("/desk/static/") {
                continue;
            }
            let file = house.page(url, None).await;
            assert_eq!(file.status, StatusCode::OK, "{url}");
            assert!(file.header(header::CACHE_CONTROL).contains("immutable"), "{url}");
            files += 1;
        }
    }
    assert!(files >= 4, "{files}");
}

#[tokio::test]
async fn the_desk_stands_beside_the_api() {
    let house = House::open().await;
    let settings = sijill_web::Settings::new(sijill_event::SigningKey::generate().expect("randomness"));
    let stop = sijill_web::CancellationToken::new();
    let api = sijill_web::router(house.scene.ledger.clone(), settings, stop);
    // Merging panics where both have a fallback or the same path.
    let both = api.merge(house.router.clone());
    let request = get("/desk/nowhere", None).body(Body::empty()).expect("a request");
    let answer = tower::ServiceExt::oneshot(both, request).await.expect("infallible");
    let policy = answer.headers().get(header::CONTENT_SECURITY_POLICY).and_then(|value| value.to_str().ok());
    assert!(policy.is_some_and(|policy| policy.contains("script-src 'self'")));
}

/// The scripts ask for the sentence of a code in the reader's language.
#[tokio::test]
async fn every_refusal_has_a_sentence_for_scripts() {
    let house = House::open().await;
    for (lang, said) in [("ar", "وضع الإحالة"), ("en", "The referral has moved on")] {
        let told = house.page(&format!("/desk/refused/referral-state?lang={lang}"), None).await;
        assert_eq!(told.status, StatusCode::OK);
        assert!(told.json()["text"].as_str().is_some_and(|text| text.contains(said)), "{}", told.text);
    }
    assert_eq!(house.page("/desk/refused/no-such-code", None).await.status, StatusCode::NOT_FOUND);
}
