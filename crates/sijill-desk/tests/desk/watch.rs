//! A country whose work can be watched: cases over some months, what became of them, and the read models of it all.

use std::sync::Arc;

use sijill_desk::Desk;
use sijill_domain::event::{AgencyAdmit, Grant, Name, Role, UnitOpened, prove};
use sijill_domain::{AgencyId, Signer, UnitId};
use sijill_event::{Json, Uuid};
use sijill_ledger::testing::{Actor, Country, ORIGIN};
use sijill_projections::MODELS;
use sijill_projections::engine::{Projector, SqliteBase};
use tempfile::TempDir;

use crate::house::ground;
use crate::land::object;

/// Who watches: all, without identities, the own agency.
pub(crate) const AUDITOR: &str = "mosd/auditor";
pub(crate) const EYE: &str = "ncc/eye";
pub(crate) const CHIEF: &str = "moh/hospital-ma-2";

const DAY: u64 = 24 * 60;

pub(crate) struct Watch {
    pub(crate) country: Country,
    pub(crate) base: Arc<SqliteBase>,
    pub(crate) dir: TempDir,
}

impl Watch {
    /// With read models of the empty country.
    pub(crate) async fn open() -> Self {
        let (ground, dir) = ground().await;
        let mut country = Country::begin(ground).await;
        oversee(&mut country).await;
        let base = Arc::new(SqliteBase::open(&dir.path().join("read.db")).await.expect("a database"));
        let watch = Self { country, base, dir };
        let log = watch.country.ledger.following();
        watch.projector(&log).rebuild(&MODELS, &|_| ()).await.expect("built");
        watch
    }

    fn projector<'a>(&'a self, log: &'a sijill_ledger::Following) -> Projector<'a> {
        Projector { base: &*self.base, log }
    }

    /// Takes in what has happened since.
    pub(crate) async fn follow(&self) {
        let log = self.country.ledger.following();
        while !self.projector(&log).follow().await.expect("it follows") {}
    }

    /// The pages over it.
    pub(crate) fn desk(&self, site: &str) -> Desk {
        let mut desk = Desk::new(self.country.ledger.clone(), vec![site.to_owned()]);
        desk.read_models = Some(Arc::clone(&self.base) as _);
        desk
    }

    /// Three months: cases of each risk, some contacts, referrals answered soon, late and never.
    pub(crate) async fn work(&self) {
        let country = &self.country;
        for number in 0..8_usize {
            let case = format!("c{number}");
            country.open_case(&case, ["high", "medium", "high", "low"][number % 4]).await;
            self.contact(number).await;
            country.later(20);
            if number % 2 == 0 {
                self.refer(&case, "moh/hospital-ma", "referral.acknowledged").await;
                self.refer(&case, "moh/hospital-ma", "referral.accepted").await;
                country.later(90);
                country.ledger.wake().await.expect("room");
                self.refer(&case, "rop/desk", "referral.acknowledged").await;
            }
            country.later(12 * DAY);
            country.ledger.wake().await.expect("room");
        }
        for who in ["pp/desk", "moh/hospital-ma-2"] {
            let broken = object(&[("reason", "danger_to_life".into()), ("why", "…".into())]);
            let stream = format!("access/c{}", usize::from(who.starts_with("pp")));
            self.country.act(who, &stream, "break_glass.invoked", broken).await.expect("taken");
        }
        self.follow().await;
    }

    /// Publishes the figures of the months that are over; answers which.
    pub(crate) async fn publish(&self) -> Vec<u64> {
        let (key, jti) = (self.country.ground.attestor.clone(), |_| Uuid::now_v7());
        let months = sijill_ledger::publish(&self.country.ledger, &*self.base, &key, 0, &jti).await;
        months.expect("published").into_iter().map(|(said, _)| said.month).collect()
    }

    async fn contact(&self, number: usize) {
        let values = object(&[
            ("kind", "someone_about_child".into()),
            ("channel", "1100".into()),
            ("repeat", number.is_multiple_of(3).into()),
            ("governorate", "OM-MA".into()),
            ("concerns", Json::Array(vec!["physical_abuse".into()])),
        ]);
        let stream = format!("contact/t{number}");
        self.country.act("h1100/line", &stream, "contact.logged", values).await.expect("logged");
    }

    async fn refer(&self, case: &str, unit: &str, event_type: &str) {
        let file = self.country.case(case).await;
        let referrals = file.case.iter().flat_map(|case| &case.referrals);
        let to = referrals.filter(|(_, referral)| referral.to.to_string() == unit);
        let hash = to.map(|(hash, _)| *hash).next().expect("a referral to the unit");
        let values = object(&[("referral", hash.to_string().into())]);
        self.country.act(unit, &format!("case/{case}"), event_type, values).await.expect("taken");
    }
}

/// An agency that watches over the system, and an officer of it.
async fn oversee(country: &mut Country) {
    let (agency, root) = (AgencyId::parse("ncc").expect("an id"), Actor::new("ncc", "root"));
    let (root_key, proof) = prove(&root.key, ORIGIN, &Signer::Root(agency.clone()));
    let name = || Name::new("الهيئة", "The commission").expect("a name");
    let grants = [Grant::Oversight].into();
    let admit = AgencyAdmit { agency, name: name(), root_key, proof, grants, member: false, quorum: None };
    country.decide(admit.into()).await;
    let unit = UnitOpened { unit: UnitId::parse("eyes").expect("an id"), name: name() }.data();
    country.open_event(&root, "agency/ncc", "unit.opened", unit).await;
    country.roots.insert("ncc".to_owned(), root);
    country.enrol(EYE, "eyes", &[Role::Oversight]).await;
}
