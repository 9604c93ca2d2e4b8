//! A desk over a whole country: units with officers, the shipped policy, a case with planted values.

use sijill_event::{Digest, Json};
use sijill_ledger::Receipt;
use sijill_ledger::testing::Country;
use tempfile::TempDir;

use crate::house::{Door, SITE, ground};

/// The case that most tests are about.
pub(crate) const CASE: &str = "0198c2f1-0000-7000-8000-00000000c0de";

/// A value of each class that no page may hold before somebody has asked to see it.
pub(crate) const CANARIES: [(&str, &str); 4] = [
    ("identity", "CANARY-IDENTITY"),
    ("narrative", "CANARY-NARRATIVE"),
    ("sensitive", "CANARY-SENSITIVE"),
    ("reporter", "CANARY-REPORTER"),
];

pub(crate) struct Land {
    pub(crate) country: Country,
    pub(crate) door: Door,
    _dir: TempDir,
}

impl Land {
    pub(crate) async fn open() -> Self {
        let (ground, dir) = ground().await;
        let country = Country::begin(ground).await;
        let door = Door::of(country.ledger.clone(), vec![SITE.to_owned()]);
        Self { country, door, _dir: dir }
    }

    /// With a case of the helpline at risk `high` in Muscat, the child registered with canaries.
    pub(crate) async fn with_case() -> Self {
        let land = Self::open().await;
        land.country.open_case(CASE, "high").await;
        let [(_, identity), (_, narrative), (_, sensitive), _] = CANARIES;
        let child = object(&[
            ("age_band", "5-11".into()),
            ("sex", "female".into()),
            ("situations", Json::Array(Vec::new())),
            ("name", identity.into()),
            ("health", sensitive.into()),
        ]);
        land.act("h1100/line", "child.registered", child).await;
        land.act("h1100/line", "note.added", object(&[("text", narrative.into())])).await;
        land
    }

    /// Signs an event in the case; panics if it is refused.
    pub(crate) async fn act(&self, who: &str, event_type: &str, values: Json) -> Receipt {
        self.country.act(who, &format!("case/{CASE}"), event_type, values).await.expect("appended")
    }

    pub(crate) async fn sign_in(&self, who: &str) -> String {
        self.door.sign_in(&self.country.officers[who]).await
    }

    /// The referral of the case to this unit.
    pub(crate) async fn referral_to(&self, unit: &str) -> Digest {
        let file = self.country.case(CASE).await;
        let case = file.case.as_ref().expect("a case");
        let found = case.referrals.iter().find(|(_, referral)| referral.to.to_string() == unit);
        *found.expect("a referral to the unit").0
    }

    /// The event that registered the child.
    pub(crate) async fn registered(&self) -> Digest {
        let file = self.country.case(CASE).await;
        let found = file.events.iter().find(|(_, noted)| noted.event_type == "child.registered");
        *found.expect("registered").0
    }

    /// Logs a contact with canaries.
    pub(crate) async fn contact(&self, id: &str) -> Receipt {
        let [(_, identity), (_, narrative), _, (_, reporter)] = CANARIES;
        let values = object(&[
            ("kind", "someone_about_child".into()),
            ("channel", "1100".into()),
            ("governorate", "OM-MA".into()),
            ("repeat", false.into()),
            ("age_band", "5-11".into()),
            ("concerns", Json::Array(vec!["physical_abuse".into()])),
            ("child_name", identity.into()),
            ("summary", narrative.into()),
            ("reporter_name", reporter.into()),
        ]);
        let stream = format!("contact/{id}");
        self.country.act("h1100/line", &stream, "contact.logged", values).await.expect("logged")
    }
}

pub(crate) fn object(members: &[(&str, Json)]) -> Json {
    Json::object(members.iter().cloned())
}

/// None of the planted values is in the text.
pub(crate) fn is_sealed(place: &str, text: &str) {
    for (class, canary) in CANARIES {
        assert!(!text.contains(canary), "{place} shows the {class} value");
    }
}
