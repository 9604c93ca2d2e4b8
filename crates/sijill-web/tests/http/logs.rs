//! What the log never holds, at whatever level.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};

use reqwest::Method;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::house::{Answer, House, SD_JWT, assertion};

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that this program's tests log, at every level.
pub(crate) fn log() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");
        log
    });
    log.clone()
}

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

// The subscriber hears the other tests of this process too; what is hushed is said in this one only.
#[tokio::test]
async fn nothing_a_request_holds_is_logged() {
    let log = log();

    let house = House::open().await;
    house.case("hushed-case", None).await;
    let asked = assertion(house.mosd(), |_| {});
    let token =
        house.ask_token(&asked, &[]).await.json()["access_token"].as_str().expect("a token").to_owned();
    let event = house.signed(house.mosd(), "case/hushed-case").await;
    let disclosing = house
        .scene
        .draft(house.mosd(), "case/hushed-next", "note.added", crate::house::json_of(json!({})))
        .await
        .disclose(sijill_event::Class::Narrative, "report", "hushed words".into())
        .sign(&house.mosd().key)
        .expect("signable")
        .to_string();
    let disclosure = disclosing.split('~').nth(1).expect("a disclosure").to_owned();
    for text in [&event, &disclosing, &format!("{event}hushed")] {
        house.post(SD_JWT, text.clone()).await;
    }
    house.get_with(&token, "/v1/streams/case%2Fhushed-case/events?from=0").await;
    house.get_with(&token, "/v1/streams/case%2Fhushed-case/next").await;
    house.get_with(&token, "/v1/hushed-path?hushed-query=hushed").await;
    house.get_with(&format!("{token}x"), "/v1/events/0").await;
    Answer::to(house.request(Method::PUT, "/v1/attachments").bearer_auth(&token).body("hushed file")).await;
    house.close().await;

    let log = String::from_utf8_lossy(&log.0.lock().expect("not poisoned")).into_owned();
    let jwt = event.split('~').next().expect("a JWT");
    for secret in [asked.as_str(), &token, jwt, &disclosure] {
        assert!(!log.contains(secret), "{secret}");
        let signature = secret.rsplit('.').next().expect("the last part");
        assert!(!log.contains(signature), "{signature}");
    }
    assert!(!log.contains("hushed"), "{:?}", log.lines().find(|line| line.contains("hushed")));
    assert!(
        log.contains(r#"method="GET" route="/v1/streams/{stream}/next""#),
        "but it says what was asked: {log}"
    );
}
