//! Values are destroyed by order, with four eyes; what a case is without them is the same whoever asks, and when.

use std::collections::BTreeSet;
use std::sync::Arc;

use sijill_casework::case::{Act, CaseFile, ErasureState};
use sijill_casework::catalogue::{CATALOGUE, CaseEvent, ErasureDone, Facts, spec};
use sijill_domain::event::DocumentKind;
use sijill_event::{Digest, Event, Json, SdJwt};

use super::country::POLICY;
use super::say::v;
use super::scene::{AMAL, CASE, CHIEF, HOSPITAL, NURSE, open};
use super::town::{DAY, MINUTE, Town};

const DEPUTY: &str = "h1100/deputy";

impl Town {
    /// The values an approved order covers are destroyed, and the access service says so.
    pub(crate) fn carry_out(&mut self, id: &str, mut act: Act) {
        let (order, erasure) =
            self.file(id).outline.approved().map(|(hash, one)| (*hash, one.clone())).unwrap();
        assert_eq!(act.values.get("erasure").and_then(Json::as_str), Some(order.to_string().as_str()));
        let file = self.file(id).clone();
        let mut gone = BTreeSet::new();
        for logged in self.log.iter_mut().filter(|logged| logged.sd_jwt.event.stream.id() == Some(id)) {
            let SdJwt { event, disclosures } = &mut logged.sd_jwt;
            let Some(spec) = spec(&event.event_type, event.v) else { continue };
            let covered = erasure.covers(&event.hash(), spec);
            disclosures.retain(|(class, disclosure)| {
                let stays = !covered.iter().any(|(of, name)| of == class && *name == disclosure.name);
                if !stays {
                    gone.insert(disclosure.digest().to_string());
                }
                stays
            });
        }
        assert!(file.case == self.file(id).case);
        let Json::Object(values) = &mut act.values else { panic!("an object") };
        values.push(("part".into(), Json::Integer(1)));
        values.push(("parts".into(), Json::Integer(1)));
        values.push(("digests".into(), Json::Array(gone.into_iter().map(Json::from).collect())));
        self.append("access", id, act);
    }

    /// The case as whoever reads the log after the erasure folds it.
    fn without_values(&self, id: &str) -> CaseFile {
        self.replay(id, &self.world)
    }

    fn events(&self, id: &str) -> Vec<Event> {
        self.entries(id).map(|logged| logged.sd_jwt.event.clone()).collect()
    }

    fn asked(&self, who: &str, kind: &str, values: Json) -> &'static str {
        self.clone().asks(who, kind, values).map_or_else(|code| code, |_| "accepted")
    }
}

/// A case that has been through something, closed.
pub(crate) fn closed() -> Town {
    let mut town = open("none");
    town.does(AMAL, "child.registered", v! { name: "مها" });
    let referral = town.refer(HOSPITAL, "urgent");
    let classes = Json::Array(vec!["identity".into()]);
    town.asks(NURSE, "access.requested", v! { classes: classes }).unwrap();
    town.does(NURSE, "referral.completed", v! { referral: referral });
    town.asks("rop/officer", "break_glass.invoked", v! {}).unwrap();
    town.does(CHIEF, "access.restricted", v! { units: ["cpc/mu"] });
    let request = town.does(AMAL, "case.closure_requested", v! {});
    town.does(CHIEF, "case.closed", v! { request: request });
    town
}

fn ordered(town: &mut Town, values: Json) -> Digest {
    town.asks(AMAL, "erasure.ordered", values).unwrap()
}

fn approved(town: &mut Town, order: Digest) {
    town.asks(CHIEF, "erasure.approved", v! { erasure: order }).unwrap();
    town.until(town.now);
}

#[test]
fn a_closed_case_is_erased_whole_and_takes_nothing_more() {
    let mut town = closed();
    let order = ordered(&mut town, v! { ground: "court_order" });
    assert_eq!(town.asked(NURSE, "erasure.approved", v! { erasure: order }), "not-yours");
    assert_eq!(town.asked(AMAL, "erasure.approved", v! { erasure: order }), "not-yours", "no supervisor");
    assert!(town.file(CASE).wakes_at().is_some(), "a review of the broken glass is owed");
    let before = town.size;
    approved(&mut town, order);
    let done: Vec<(String, u64)> = town.story(CASE, before);
    assert_eq!(done, [("erasure.approved".into(), town.now), ("erasure.done".into(), town.now)]);

    let file = town.file(CASE);
    assert!(file.case.is_none() && file.broken.is_empty() && file.gaps > 0);
    assert_eq!(file.wakes_at(), None, "its clocks end");
    assert_eq!(file.outline.erased, Some(order));
    assert_eq!(file.restricted_units.len(), 1, "who was kept out still is");
    assert_eq!(file, &town.without_values(CASE), "as whoever comes later finds it");
    assert!(
        town.entries(CASE).all(|logged| logged.sd_jwt.disclosures.is_empty() || logged.at.index > before)
    );

    for spec in CATALOGUE.iter().filter(|spec| !spec.name.starts_with("erasure.")) {
        let Some(stream) = spec.signed_in() else { continue };
        if ["case.transfer_requested", "access.restricted"].contains(&spec.name) {
            continue;
        }
        let said = town.clone().say(AMAL, &format!("{}/{CASE}", stream.as_str()), spec.name, v! {});
        assert_eq!(said, Err("case-erased"), "{}", spec.name);
    }
    assert_eq!(town.asked(AMAL, "erasure.ordered", v! {}), "case-erased");
    assert_eq!(town.asked(CHIEF, "erasure.approved", v! { erasure: order }), "already-ended");
    town.wait(400 * DAY);
    assert_eq!(town.story(CASE, before).len(), 2, "nothing falls due any more");
}

#[test]
fn whoever_knew_is_told_and_confirms_once() {
    let mut town = closed();
    let order = ordered(&mut town, v! {});
    approved(&mut town, order);
    let told: Vec<String> =
        town.file(CASE).outline.erasures[&order].told.keys().map(ToString::to_string).collect();
    assert_eq!(told, [HOSPITAL], "the police broke the glass and was shown nothing");
    let confirm = v! { erasure: order };
    assert_eq!(town.asked("rop/officer", "erasure.confirmed", confirm.clone()), "not-yours");
    town.asks(NURSE, "erasure.confirmed", confirm.clone()).unwrap();
    assert_eq!(town.asked("moh/doctor", "erasure.confirmed", confirm), "already-confirmed");
    assert!(town.file(CASE).outline.erasures[&order].told.values().all(|confirmed| *confirmed));
    assert_eq!(town.file(CASE), &town.without_values(CASE));
}

#[test]
fn fields_are_erased_while_the_work_goes_on() {
    let mut town = open("high");
    let registered = town.does(AMAL, "child.registered", v! { name: "مها", health: "س" });
    town.does(AMAL, "child.corrected", v! { corrects: registered, name: "سلمى" });
    let order = ordered(&mut town, v! { fields: ["identity.name"], events: [registered] });
    let (case, size) = (town.case(CASE).clone(), town.size);
    approved(&mut town, order);
    assert_eq!(town.case(CASE), &case, "what the rules rest on stays");
    assert_eq!(town.file(CASE), &town.without_values(CASE));
    let names = |town: &Town| {
        let all = town.entries(CASE).flat_map(|logged| &logged.sd_jwt.disclosures);
        all.filter(|(_, one)| one.name == "name").count()
    };
    assert_eq!(names(&town), 1, "the corrected one stays");
    assert_eq!(town.story(CASE, size).len(), 2);
    town.does(AMAL, "note.added", v! {});

    // The same again, everywhere: what is gone already is not named twice.
    let order = ordered(&mut town, v! { fields: ["identity.name"] });
    approved(&mut town, order);
    assert_eq!(names(&town), 0);
    assert_eq!(town.file(CASE), &town.without_values(CASE));
    assert!(town.file(CASE).is_open());
}

#[test]
fn nothing_happens_between_approval_and_destruction() {
    let mut town = open("high");
    town.does(AMAL, "child.registered", v! { name: "مها" });
    let order = ordered(&mut town, v! { fields: ["identity.name"] });
    let mut waiting = town.clone();
    waiting.asks(CHIEF, "erasure.approved", v! { erasure: order }).unwrap();
    assert!(matches!(waiting.file(CASE).outline.erasures[&order].state, ErasureState::Approved { .. }));
    assert_eq!(waiting.file(CASE).wakes_at(), Some(waiting.now));
    let note = waiting.sign(
        AMAL,
        "case/7Q",
        super::say::of("note.added").draft(&v! { text: "س" }).unwrap().jti(waiting.jti()),
    );
    let read = CaseEvent::read(&note.event, &Facts::of(&note)).unwrap();
    let verdict = waiting.file(CASE).decide(&waiting.world, waiting.next(), &note.event, &read);
    assert_eq!(verdict.map_err(super::town::code), Err("automation-owed"));
    town.asks(CHIEF, "erasure.refused", v! { erasure: order }).unwrap();
    assert_eq!(town.asked(CHIEF, "erasure.approved", v! { erasure: order }), "already-ended");
    ordered(&mut town, v! { fields: ["identity.name"] });
}

#[test]
fn nobody_approves_their_own_order() {
    let mut town = closed();
    let order = town.asks(CHIEF, "erasure.ordered", v! {}).unwrap();
    for kind in ["erasure.approved", "erasure.refused"] {
        assert_eq!(town.asked(CHIEF, kind, v! { erasure: order }), "own-work");
        assert_eq!(town.asked(DEPUTY, kind, v! { erasure: order }), "accepted");
    }
    assert_eq!(town.asked("moh/head", "erasure.approved", v! { erasure: order }), "not-yours");
    assert_eq!(town.asked(NURSE, "erasure.ordered", v! {}), "not-yours");
}

#[test]
fn a_contact_is_erased_by_the_unit_that_logged_it() {
    let mut town = Town::new();
    town.say(AMAL, "contact/c1", "contact.logged", v! { child_name: "مها" }).unwrap();
    town.say(AMAL, "contact/c1", "contact.linked", v! { to: "cpc/ma" }).unwrap();
    assert_eq!(town.clone().say("cpc/worker", "access/c1", "erasure.ordered", v! {}), Err("not-yours"));
    let order = town.say(AMAL, "access/c1", "erasure.ordered", v! { ground: "purpose_over" }).unwrap();
    town.say(CHIEF, "access/c1", "erasure.approved", v! { erasure: order }).unwrap();
    town.until(town.now);
    assert_eq!(town.file("c1").outline.erased, Some(order));
    assert_eq!(town.file("c1"), &town.without_values("c1"));
    town.say("cpc/worker", "access/c1", "erasure.confirmed", v! { erasure: order }).unwrap();
    assert_eq!(
        town.clone().say(AMAL, "contact/c1", "contact.linked", v! { to: "cpc/mu" }),
        Err("case-erased")
    );
}

pub(crate) fn with_retention(town: &mut Town) {
    let rules = "\n[retention.closed]\nof = \"case\"\nkeep = \"30d\"\nsource = \"a test\"\n\
        [retention.calls]\nof = \"contact\"\nkeep = \"1d\"\nsource = \"a test\"\n";
    town.publish(DocumentKind::Policy, "child-protection", format!("{POLICY}{rules}").as_bytes());
}

#[test]
fn a_retention_rule_is_a_ground_once_its_time_is_over() {
    let mut town = closed();
    let by_rule = |rule: &str| v! { ground: "retention", rule: rule };
    assert_eq!(town.asked(AMAL, "erasure.ordered", by_rule("closed")), "retention-unknown");
    with_retention(&mut town);
    assert_eq!(town.asked(AMAL, "erasure.ordered", by_rule("calls")), "retention-unknown", "not of cases");
    assert_eq!(town.asked(AMAL, "erasure.ordered", by_rule("closed")), "retention-running");
    town.wait(29 * DAY);
    assert_eq!(town.asked(AMAL, "erasure.ordered", by_rule("closed")), "retention-running");
    town.wait(DAY + MINUTE);
    assert_eq!(town.asked(AMAL, "erasure.ordered", by_rule("closed")), "accepted");
    assert_eq!(town.asked(AMAL, "erasure.ordered", v! { ground: "retention" }), "data-malformed");
    assert_eq!(
        town.asked(AMAL, "erasure.ordered", v! { ground: "request", rule: "closed" }),
        "data-malformed"
    );
}

#[test]
fn what_is_named_as_erased_is_what_was_ordered() {
    let mut town = open("high");
    let registered = town.does(AMAL, "child.registered", v! { name: "مها" });
    let order = ordered(&mut town, v! { fields: ["identity.name", "identity.phone"], events: [registered] });
    town.asks(CHIEF, "erasure.approved", v! { erasure: order }).unwrap();
    let events = town.events(CASE);
    let identity: Vec<Digest> = events
        .iter()
        .filter(|event| event.hash() == registered)
        .flat_map(|event| &event.digests)
        .filter(|(class, _)| *class == sijill_event::Class::Identity)
        .flat_map(|(_, digests)| digests.iter().copied())
        .collect();
    let narrative = events[0].digests.iter().find(|(class, _)| *class == sijill_event::Class::Narrative);
    let other = narrative.unwrap().1[0];
    let says = |digests: &[Digest]| {
        let digests = digests.iter().copied().collect();
        let (told, codes) = (BTreeSet::new(), sijill_casework::catalogue::Codes::default());
        let done = ErasureDone { erasure: order, part: 1, parts: 1, digests, told, codes };
        town.file(CASE).is_all_erased(&done, &events)
    };
    assert!(says(&identity[..2]), "as many as fields were named");
    assert!(!says(&identity[..1]) && !says(&identity[..3]) && !says(&[]));
    assert!(!says(&[identity[0], other]) && !says(&[identity[0], identity[1], other]), "of another class");
    assert!(!says(&[identity[0], Digest([9; 32])]), "of no event");
}

/// Values that are gone without an order leave a case that nobody can judge, and no clock of it runs.
#[test]
fn a_gap_is_no_erasure() {
    let mut town = open("high");
    let world = Arc::clone(&town.world);
    let first = town.entries(CASE).next().unwrap().clone();
    let mut file = CaseFile::new(CASE);
    file.skip(&world, first.at, &first.sd_jwt.event);
    assert_eq!((file.gaps, file.wakes_at(), file.outline.erased), (1, None, None));
    let note = town.sign(
        AMAL,
        "case/7Q",
        super::say::of("note.added").draft(&v! { text: "س" }).unwrap().jti(town.jti()),
    );
    let read = CaseEvent::read(&note.event, &Facts::of(&note)).unwrap();
    let verdict = file.decide(&world, town.next(), &note.event, &read).map_err(super::town::code);
    assert_eq!(verdict, Err("withheld"));
    town.wait(DAY);
}
