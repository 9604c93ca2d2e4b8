//! `GET /`: for whoever typed the server's address into a browser: the way to the desk, to the API, to the log. No script,
//! nothing of the ledger's but its name.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};

use crate::app::App;

/// The page's own stylesheet, and the policy that allows it and nothing else.
const STYLE: &str = include_str!("front.css");
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A place worth knowing: its path, and what is there in Arabic and in English.
struct Place {
    path: &'static str,
    ar: &'static str,
    en: &'static str,
}

const DESK: Place = Place {
    path: "/desk",
    ar: "المكتب: للموظفين ومسؤولي التسجيل والمدققين",
    en: "The desk: for officers, registrars and auditors",
};

const PLACES: [Place; 5] = [
    Place {
        path: "/verify",
        ar: "التحقق من ملف دليل أو إيصال، في متصفحك",
        en: "Check evidence or a receipt, in your own browser",
    },
    Place { path: "/docs", ar: "توثيق واجهة البرمجة", en: "The API, described" },
    Place {
        path: "/openapi.json",
        ar: "وصف الواجهة للبرامج (OpenAPI)",
        en: "The same for programs (OpenAPI)",
    },
    Place {
        path: "/log/checkpoint",
        ar: "آخر نقطة تحقق موقّعة: احتفظ بها لتتحقق من السجل لاحقًا",
        en: "The newest signed checkpoint: keep it, to hold the ledger to it later",
    },
    Place { path: "/health/ready", ar: "هل الخادم جاهز؟", en: "Whether the server is ready" },
];

/// `/`, which names the desk if pages stand beside the API.
pub(crate) fn page(desk: bool) -> Router<Arc<App>> {
    let places: Vec<&'static Place> = desk.then_some(&DESK).into_iter().chain(&PLACES).collect();
    let page = async move |State(app): State<Arc<App>>| {
        let page = Html(front(app.ledger.origin(), &places).into_string());
        ([(header::CONTENT_SECURITY_POLICY, POLICY)], page)
    };
    Router::new().route("/", get(page)).route("/front.css", get(style))
}

async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")],
        STYLE,
    )
}

fn front(origin: &str, places: &[&Place]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="ar" dir="rtl" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="stylesheet" href="/front.css";
                title { "سجل · Sijill" }
            }
            body {
                main {
                    section {
                        h1 { "سجل" }
                        p { "خادم السجل " bdi { code dir="ltr" { (origin) } } "." }
                        ul { @for place in places { li { a href=(place.path) { (place.ar) } " " bdi { code dir="ltr" { (place.path) } } } } }
                    }
                    section lang="en" dir="ltr" {
                        h2 { "Sijill" }
                        p { "A server of the ledger " code { (origin) } "." }
                        ul { @for place in places { li { a href=(place.path) { (place.en) } " " code { (place.path) } } } }
                    }
                }
            }
        }
    }
}
