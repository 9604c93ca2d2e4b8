//! Whether a child is known: found however its name is spelt, told to whom it may be, and always on the ledger first.

use axum::http::StatusCode;
use sijill_event::Json;

use crate::house::Answer;
use crate::land::{CASE, Land, object};

const NAME: &str = "مها بنت سالم بن حمد البلوشي";
const STRANGER: &str = "pp/desk";

struct Asked {
    land: Land,
}

impl Asked {
    /// A case of the helpline whose child is registered.
    async fn open() -> Self {
        let land = Land::open().await;
        land.country.open_case(CASE, "high").await;
        let child = object(&[
            ("age_band", "5-11".into()),
            ("sex", "female".into()),
            ("situations", Json::Array(Vec::new())),
            ("name", NAME.into()),
            ("birth_date", "2017-03-09".into()),
            ("civil_number", "01234567".into()),
        ]);
        land.act("h1100/line", "child.registered", child).await;
        Self { land }
    }

    /// Logs a contact, and signs the look-up for it.
    async fn look_up(&self, who: &str, contact: &str, values: &[(&str, Json)]) -> String {
        let country = &self.land.country;
        let logged = object(&[
            ("kind", "someone_about_child".into()),
            ("channel", "1100".into()),
            ("repeat", false.into()),
            ("concerns", Json::Array(Vec::new())),
        ]);
        let stream = format!("contact/{contact}");
        country.act(who, &stream, "contact.logged", logged).await.expect("logged");
        let draft = country.draft("child.looked_up", object(values));
        country.sign(&country.officers[who], &stream, draft).await
    }

    /// Hands a signed look-up in, as the form does.
    async fn hand_in(&self, who: &str, contact: &str, event: &str) -> Answer {
        let session = self.land.sign_in(who).await;
        self.land
            .door
            .form(&format!("/desk/contacts/{contact}/known"), &session, &format!("event={event}"))
            .await
    }

    async fn asks(&self, who: &str, contact: &str, values: &[(&str, Json)]) -> String {
        let event = self.look_up(who, contact, values).await;
        let answer = self.hand_in(who, contact, &event).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.text
    }

    async fn looked_up(&self) -> usize {
        let story = self.land.country.story(0).await;
        story.iter().filter(|(_, kind)| kind == "child.looked_up").count()
    }
}

fn named(name: &str, year: i64) -> Vec<(&str, Json)> {
    vec![("name", name.into()), ("birth_year", year.into())]
}

#[tokio::test]
async fn a_known_child_is_found_and_told_of_by_need() {
    let asked = Asked::open().await;
    let ours = asked.asks("h1100/line", "k1", &named("مها سالم حمد بلوشي", 2017)).await;
    assert!(ours.contains(&format!("/desk/cases/{CASE}")), "a party is told which case: {ours}");
    assert!(ours.contains("h1100/line") && ours.contains("/act/contact.linked?case="));
    let theirs = asked.asks(STRANGER, "k2", &named("مها البلوشي", 2017)).await;
    assert!(theirs.contains("h1100/line"), "anybody who looks up is told which unit: {theirs}");
    assert!(!theirs.contains(CASE), "and not which case");
    let number = asked.asks(STRANGER, "k3", &[("civil_number", "٠١٢٣٤٥٦٧".into())]).await;
    assert!(number.contains("h1100/line"));
    assert_eq!(asked.looked_up().await, 3, "each is on the ledger");
    for page in [&ours, &theirs, &number] {
        assert!(!page.contains(NAME) && !page.contains("01234567"), "no page repeats a value");
    }
}

#[tokio::test]
async fn an_unknown_child_is_not_found() {
    let asked = Asked::open().await;
    let unknown = "غير معروف";
    for (contact, values) in [
        ("k1", named(NAME, 2016)),
        ("k2", named("مها", 2017)),
        ("k3", vec![("civil_number", "01234568".into())]),
    ] {
        let page = asked.asks("h1100/line", contact, &values).await;
        assert!(page.contains(unknown) && !page.contains(CASE), "{contact}");
    }
    let page = asked.asks("h1100/line", "k4", &[("name", NAME.into())]).await;
    assert!(page.contains("لا يكفي ما كُتب للبحث"), "a name alone is half of a country's");
}

/// An abuser's colleague must not learn that there is a case at all.
#[tokio::test]
async fn whoever_is_kept_out_is_told_nothing() {
    let asked = Asked::open().await;
    let restricted = object(&[
        ("officers", Json::Array(Vec::new())),
        ("units", Json::Array(vec![object(&[("agency", "pp".into()), ("unit", "desk".into())])])),
        ("reason", "conflict_of_interest".into()),
    ]);
    asked.land.act("h1100/line-2", "access.restricted", restricted).await;
    let page = asked.asks(STRANGER, "k1", &named(NAME, 2017)).await;
    assert!(page.contains("غير معروف") && !page.contains("h1100"), "{page}");
}

/// What another officer signed, or signed long ago, is not answered; the form is there for who logged the contact.
#[tokio::test]
async fn only_a_fresh_look_up_of_ones_own_is_answered() {
    let asked = Asked::open().await;
    let event = asked.look_up("h1100/line", "k1", &named(NAME, 2017)).await;
    let others = asked.hand_in("h1100/line-2", "k1", &event).await;
    assert_eq!(others.status, StatusCode::BAD_REQUEST);
    assert_eq!(asked.looked_up().await, 0);
    assert_eq!(asked.hand_in("h1100/line", "k1", &event).await.status, StatusCode::OK);
    assert_eq!(
        asked.hand_in("h1100/line", "k1", &event).await.status,
        StatusCode::OK,
        "a connection that broke"
    );
    asked.land.country.later(6);
    let old = asked.hand_in("h1100/line", "k1", &event).await;
    assert_eq!(old.status, StatusCode::CONFLICT);
    assert!(!old.text.contains(CASE));
    assert_eq!(asked.looked_up().await, 1);

    let ours = asked.land.sign_in("h1100/line").await;
    let form = asked.land.door.page("/desk/contacts/k1/known", Some(&ours)).await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(form.text.contains("identity.civil_number"));
    let theirs = asked.land.sign_in(STRANGER).await;
    let none = asked.land.door.page("/desk/contacts/k1/known", Some(&theirs)).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}
