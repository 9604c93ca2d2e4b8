//! How histories begin.

use sijill_casework::catalogue::ReferralState;
use sijill_event::{Digest, Json};

use super::say::v;
use super::town::Town;

/// The case that tests are about, owned by the helpline.
pub(crate) const CASE: &str = "7Q";
pub(crate) const AMAL: &str = "h1100/amal";
/// A supervisor of the owner's agency, in the owner's unit.
pub(crate) const CHIEF: &str = "h1100/chief";
pub(crate) const NURSE: &str = "moh/nurse";
pub(crate) const HOSPITAL: &str = "moh/hospital-ma";

/// A town with case 7Q open at this risk, and assigned. At risk `none` no policy asks for anything.
pub(crate) fn open(risk: &str) -> Town {
    let mut town = Town::new();
    town.opened(risk);
    town.does(AMAL, "case.assigned", v! { officer: "amal" });
    town
}

/// The same, with a referral to the hospital that rests on a legal basis.
pub(crate) fn referred() -> (Town, Digest) {
    let mut town = open("none");
    let referral = town.refer(HOSPITAL, "urgent");
    (town, referral)
}

impl Town {
    pub(crate) fn opened(&mut self, risk: &str) -> Digest {
        self.does(AMAL, "case.opened", v! { unit: "line", risk: risk, governorate: "OM-MA" })
    }

    /// An event of the case, which must be accepted.
    pub(crate) fn does(&mut self, who: &str, kind: &str, values: Json) -> Digest {
        self.tries(who, kind, values).unwrap_or_else(|code| panic!("{who} {kind}: {code}"))
    }

    /// An event of the case.
    pub(crate) fn tries(&mut self, who: &str, kind: &str, values: Json) -> Result<Digest, &'static str> {
        self.say(who, &format!("case/{CASE}"), kind, values)
    }

    /// An event of stream `access/7Q`.
    pub(crate) fn asks(&mut self, who: &str, kind: &str, values: Json) -> Result<Digest, &'static str> {
        self.say(who, &format!("access/{CASE}"), kind, values)
    }

    /// The code that an event of the case is refused with.
    pub(crate) fn refused(&self, who: &str, kind: &str, values: Json) -> &'static str {
        let mut town = self.clone();
        match town.tries(who, kind, values) {
            Ok(_) => "accepted",
            Err(code) => code,
        }
    }

    /// The owner asks a unit, on a legal basis.
    pub(crate) fn refer(&mut self, to: &str, priority: &str) -> Digest {
        self.does(AMAL, "referral.requested", v! { to: to, priority: priority, legal_basis: "best_interest" })
    }

    pub(crate) fn state(&self, referral: Digest) -> ReferralState {
        self.case(CASE).referrals[&referral].state
    }
}
