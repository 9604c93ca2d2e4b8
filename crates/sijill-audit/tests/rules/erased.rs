//! What was erased by order is counted as erased; what is gone without one is missing, whatever the ledger says.

use std::collections::BTreeSet;

use sijill_audit::FaultCode::{self, Automation, DisclosureMissing, Rule};
use sijill_audit::Status;
use sijill_domain::event::Clock;
use sijill_event::{Digest, Draft, Json, Uuid};
use sijill_ledger::testing::{Actor, Country};

use crate::copy::{Copy, values};
use crate::story::{CHIEF, LINE, begin, note, run};
use crate::{faults, report};

/// A ledger in which case `c1` was erased, and `c2` was not.
struct Told {
    copy: Copy,
    access: Actor,
    country: Country,
    approved: u64,
    done: u64,
}

async fn tell(fields: Option<&[&str]>) -> Told {
    let dir = tempfile::tempdir().expect("a directory");
    let country = begin(dir.path(), Clock::Simulated).await;
    for case in ["c1", "c2"] {
        country.open_case(case, "none").await;
        let text = values([("text", "…".into())]);
        country.act(LINE, &format!("case/{case}"), "note.added", text).await.expect("noted");
    }
    let set = |texts: &[&str]| Json::Array(texts.iter().map(|text| Json::from(*text)).collect());
    if fields.is_none() {
        let closure =
            values([("exceptions", set(&[])), ("reason", "goals_met".into()), ("summary", "…".into())]);
        let request = country.act(LINE, "case/c1", "case.closure_requested", closure).await.expect("asked");
        let request = country.hash(request.index).await;
        let closed = values([("request", request.to_string().into())]);
        country.act(CHIEF, "case/c1", "case.closed", closed).await.expect("closed");
    }
    let mut order = vec![("ground", Json::from("request"))];
    order.extend(fields.map(|fields| ("fields", set(fields))));
    let order =
        country.act(LINE, "access/c1", "erasure.ordered", Json::object(order)).await.expect("ordered");
    let order = country.hash(order.index).await;
    let approval = values([("erasure", order.to_string().into())]);
    let approved =
        country.act(CHIEF, "access/c1", "erasure.approved", approval).await.expect("approved").index;
    country.ledger.wake().await.expect("room");
    let copy = Copy::of(&country).await;
    let done = copy.index_of("erasure.done", approved).expect("it was carried out");
    let key = country.ground.services.access.clone().expect("a key");
    let access = Actor { iss: "ledger".into(), sub: "access".into(), key };
    Told { copy, access, country, approved, done }
}

impl Told {
    /// What `erasure.done` says, with other digests.
    fn naming(&self, digests: &BTreeSet<String>) -> Draft {
        let event = self.copy.entry(self.done).event;
        let open = event.data.as_object().expect("an object").iter();
        open.fold(Draft::new("erasure.done", 1), |draft, (name, value)| match name.as_str() {
            "digests" => {
                draft.open(name, Json::Array(digests.iter().map(|digest| digest.as_str().into()).collect()))
            }
            _ => draft.open(name, value.clone()),
        })
    }

    fn named(&self) -> BTreeSet<String> {
        let event = self.copy.entry(self.done).event;
        let digests = event.data.get("digests").and_then(Json::as_array).expect("digests");
        digests.iter().filter_map(|digest| Some(digest.as_str()?.to_owned())).collect()
    }

    /// The log up to the approval, or with it, and then this in the place of `erasure.done`.
    fn instead(&self, from: u64, who: &Actor, draft: Draft) -> Copy {
        let mut copy = self.copy.up_to(from);
        let entry = self.copy.entry(self.done);
        copy.say(who, "access/c1", draft, entry.received, entry.event.jti);
        copy
    }

    /// The entries of the case that have digests.
    fn bare(&self) -> Vec<u64> {
        let of_case = |index: &u64| {
            let event = self.copy.entry(*index).event;
            event.stream.id() == Some("c1") && !event.digests.is_empty()
        };
        (0..self.copy.size()).filter(of_case).collect()
    }
}

fn missing(indexes: &[u64]) -> Vec<(FaultCode, Option<u64>)> {
    indexes.iter().map(|index| (DisclosureMissing, Some(*index))).collect()
}

fn digests_of(copy: &Copy, index: u64) -> BTreeSet<String> {
    let digests = copy.entry(index).event.digests;
    digests.iter().flat_map(|(_, digests)| digests).map(Digest::to_string).collect()
}

#[test]
fn what_was_erased_by_order_is_unchecked_and_no_fault() {
    run(async {
        let told = tell(None).await;
        let report = report(&told.copy);
        assert!(report.is_faultless(), "{:?}", report.faults);
        let bare = told.bare().len() as u64;
        let integrity = &report.levels.integrity;
        assert_eq!((integrity.status, integrity.unchecked), (Status::Partial, bare));
        assert_eq!(integrity.why, Some(format!("{bare} entries have disclosures that were erased by order")));
        assert_eq!(report.levels.authority.status, Status::Clean);
        // What officers did in it cannot be judged any more; that it was erased can.
        assert_eq!(report.levels.rules.status, Status::Partial);
        let of_case = (0..told.copy.size()).filter(|i| told.copy.entry(*i).event.stream.id() == Some("c1"));
        assert_eq!(report.levels.rules.unchecked, of_case.count() as u64 - 3);
        told.country.ledger.shutdown().await;
    });
}

#[test]
fn a_field_that_was_erased_leaves_the_rest_judged() {
    run(async {
        let told = tell(Some(&["narrative.text"])).await;
        let report = report(&told.copy);
        assert!(report.is_faultless(), "{:?}", report.faults);
        assert_eq!((report.levels.integrity.status, report.levels.integrity.unchecked), (Status::Partial, 1));
        assert_eq!((report.levels.rules.status, report.levels.rules.unchecked), (Status::Clean, 0));
        told.country.ledger.shutdown().await;
    });
}

#[test]
fn what_is_gone_without_an_order_is_missing() {
    run(async {
        let told = tell(None).await;
        let bare = told.bare();
        assert_eq!(faults(&told.copy.up_to(told.done)), missing(&bare), "approved, and not said to be done");
        // Somewhere else something is gone as well, and even an erasure that names it excuses nothing.
        let elsewhere = told
            .copy
            .index_of("note.added", 0)
            .into_iter()
            .chain(told.copy.index_of("note.added", bare[1] + 1));
        let elsewhere = elsewhere.max().expect("a note in the other case");
        assert_eq!(told.copy.entry(elsewhere).event.stream.as_str(), "case/c2");
        let mut copy = told.copy.clone();
        copy.disclosures.retain(|(index, _)| *index != elsewhere);
        assert_eq!(faults(&copy), missing(&[elsewhere]));
        let also: BTreeSet<String> =
            told.named().union(&digests_of(&told.copy, elsewhere)).cloned().collect();
        let mut copy = told.instead(told.done, &told.access, told.naming(&also));
        copy.disclosures.retain(|(index, _)| *index != elsewhere);
        assert_eq!(faults(&copy), [missing(&[elsewhere]), vec![(Automation, Some(told.done))]].concat());
        told.country.ledger.shutdown().await;
    });
}

#[test]
fn an_erasure_that_nobody_approved_is_a_fault() {
    run(async {
        let told = tell(None).await;
        // Ordered and not approved: the values are gone all the same, and it is the ledger's fault.
        let copy = told.instead(told.approved, &told.access, told.naming(&told.named()));
        assert_eq!(faults(&copy), [(Automation, Some(told.approved))]);
        // Not even ordered.
        let copy = told.instead(told.approved - 1, &told.access, told.naming(&told.named()));
        assert_eq!(faults(&copy), [(Automation, Some(told.approved - 1))]);
        // An officer cannot say it.
        let officer = &told.country.officers[LINE];
        let copy = told.instead(told.done, officer, told.naming(&told.named()));
        assert_eq!(
            faults(&copy),
            [missing(&told.bare()), vec![(Automation, Some(told.done)), (Rule, Some(told.done))]].concat()
        );
        told.country.ledger.shutdown().await;
    });
}

#[test]
fn an_erasure_names_what_was_ordered_no_more_and_no_less() {
    run(async {
        let told = tell(None).await;
        let last = *told.bare().last().expect("entries");
        let less: BTreeSet<String> =
            told.named().difference(&digests_of(&told.copy, last)).cloned().collect();
        let copy = told.instead(told.done, &told.access, told.naming(&less));
        assert_eq!(faults(&copy), [missing(&[last]), vec![(Automation, Some(told.done))]].concat());
        // Another `jti` than the order's own.
        let mut copy = told.copy.up_to(told.done);
        let received = told.copy.entry(told.done).received;
        copy.say(&told.access, "access/c1", told.naming(&told.named()), received, Uuid::now_v7());
        assert_eq!(faults(&copy), [(Automation, Some(told.done))]);
        told.country.ledger.shutdown().await;
    });
}

#[test]
fn what_was_erased_takes_nothing_more_and_an_erasure_cannot_wait() {
    run(async {
        let told = tell(None).await;
        let officer = &told.country.officers[LINE];
        let received = told.copy.entry(told.done).received;
        let mut copy = told.copy.clone();
        let after = copy.say(officer, "case/c1", note(), received, Uuid::now_v7());
        assert_eq!(faults(&copy), [(Rule, Some(after))]);
        // Approved, and then somebody goes on in the case: the erasure is owed before that.
        let told = tell(Some(&["narrative.text"])).await;
        let officer = &told.country.officers[LINE];
        let received = told.copy.entry(told.done).received;
        let mut copy = told.copy.up_to(told.done);
        let after = copy.say(officer, "case/c1", note(), received, Uuid::now_v7());
        let noted = told.bare()[1];
        assert_eq!(faults(&copy), [missing(&[noted]), vec![(Automation, Some(after))]].concat());
        told.country.ledger.shutdown().await;
    });
}
