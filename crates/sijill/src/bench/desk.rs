//! The desk pages, as a browser asks for them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, HeaderMap, HeaderName, ORIGIN, SET_COOKIE};
use serde_json::{Value, json};
use sijill_event::b64;

use super::load::{Load, Officer};
use super::measure::middle;
use super::server::Server;
use crate::error::{Error, Result};

/// The origin whose pages the measured server takes itself to be.
pub(super) const SITE: &str = "http://desk.bench";
const PAGES: usize = 500;
const OVERSIGHT: &str = "/desk/oversight";
/// Dashboards asked for in a second.
const RATE: u32 = 20;

/// An officer signs in, looks at the unit's queue again and again, and opens one case after the other.
pub(super) async fn pages(server: &Server, load: &Load) -> Result<Value> {
    let Some((_, officer)) = load.stream(0) else { return Err(Error::Source("no case was made".into())) };
    let cookie = sign_in(server, officer).await?;
    let mut queue = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        queue.push(get(server, &cookie, &format!("/desk/queue?unit={}", officer.unit)).await?);
    }
    let theirs = (0..load.streams()).filter_map(|number| load.stream(number));
    let theirs: Vec<String> =
        theirs.filter(|(_, other)| other.unit == officer.unit).map(|(id, _)| id).collect();
    let mut case = Vec::with_capacity(PAGES);
    for id in theirs.iter().step_by((theirs.len() / PAGES).max(1)).take(PAGES) {
        case.push(get(server, &cookie, &format!("/desk/cases/{id}")).await?);
    }
    Ok(json!({
        "cases of the unit": theirs.len(),
        "queue: median ms": middle(&mut queue, 50), "queue: p99 ms": middle(&mut queue, 99),
        "case: median ms": middle(&mut case, 50), "case: p99 ms": middle(&mut case, 99),
    }))
}

/// An auditor looks at the dashboards, [`RATE`] pages a second, each as often as the others.
pub(super) async fn dashboards(server: &Server, load: &Load) -> Result<Value> {
    let cookie = sign_in(server, &load.auditor).await?;
    let request = server.http.get(format!("{}{OVERSIGHT}", server.url)).header(COOKIE, &cookie);
    let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
    let page = answer.text().await.map_err(failed)?;
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    // Those with a question are about one figure.
    let paths: BTreeSet<&str> =
        links.filter(|link| link.starts_with(OVERSIGHT) && !link.contains('?')).collect();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / RATE);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut tasks = Vec::new();
    for path in paths.iter().cycle().take(PAGES) {
        tick.tick().await;
        let (http, url, cookie) = (server.http.clone(), server.url.clone(), cookie.clone());
        let path = (*path).to_owned();
        tasks.push(tokio::spawn(async move { fetch(&http, &url, &cookie, &path).await }));
    }
    let mut waits = Vec::with_capacity(PAGES);
    for task in tasks {
        waits.push(task.await.map_err(|e| Error::Source(e.to_string()))??);
    }
    Ok(json!({
        "dashboards": paths.len(), "pages": PAGES, "pages/s": RATE,
        "median ms": middle(&mut waits, 50), "p99 ms": middle(&mut waits, 99),
    }))
}

async fn sign_in(server: &Server, officer: &Officer) -> Result<String> {
    let kid = officer.key.public().kid();
    let (_, challenge) = post(server, "/desk/session/challenge", &json!({})).await?;
    let nonce = challenge["nonce"].as_str().unwrap_or_default();
    let signed = officer.key.sign(format!("sijill-desk-sign-in/v1\n{SITE}\n{nonce}\n{kid}\n").as_bytes());
    let answer = json!({"nonce": nonce, "kid": kid.to_string(), "signature": b64::encode(signed)});
    let (headers, _) = post(server, "/desk/session", &answer).await?;
    let cookie = headers.get(SET_COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

async fn post(server: &Server, path: &str, body: &Value) -> Result<(HeaderMap, Value)> {
    let request = server.http.post(format!("{}{path}", server.url)).header(ORIGIN, SITE);
    let request = request.header(HeaderName::from_static("sec-fetch-site"), "same-origin").json(body);
    let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
    let headers = answer.headers().clone();
    Ok((headers, answer.json().await.map_err(failed)?))
}

async fn get(server: &Server, cookie: &str, path: &str) -> Result<Duration> {
    fetch(&server.http, &server.url, cookie, path).await
}

async fn fetch(http: &reqwest::Client, url: &str, cookie: &str, path: &str) -> Result<Duration> {
    let started = Instant::now();
    let request = http.get(format!("{url}{path}")).header(COOKIE, cookie);
    let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
    // Whoever is not signed in is taken to another page, which is no measurement of this one.
    if answer.url().path() != path.split('?').next().unwrap_or_default() {
        return Err(Error::Source(format!("{path} led to {}", answer.url().path())));
    }
    answer.bytes().await.map_err(failed)?;
    Ok(started.elapsed())
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn failed(error: reqwest::Error) -> Error {
    Error::Source(format!("the desk does not answer: {error}"))
}
