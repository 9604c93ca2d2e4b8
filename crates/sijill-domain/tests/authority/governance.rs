//! What the members decide together: quorum arithmetic, approvals, schedules, keys of roots and services.

use sijill_domain::event::{
    Action, AgencyAdmit, AgencyMerge, AgencyRemove, AgencyRename, Clock, DocumentKind, DocumentPublish,
    GrantsSet, ProposalOpened, QuorumSet, RegistrarReinstate, RegistrarSuspend, RootKeyReplace, RulesPut,
    Service, ServiceKeyReplace, UnitClosed, prove,
};
use sijill_domain::{Parties, Refusal, Signer, Status};
use sijill_event::Digest;

use crate::support::*;

const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

fn holds(k: u64, n: u64) -> bool {
    2 * k > n && k <= n
}

fn members(n: u64) -> &'static [&'static str] {
    NAMES.get(..usize::try_from(n).unwrap()).unwrap()
}

pub(crate) fn admit(id: &str, member: bool, quorum: Option<u64>) -> AgencyAdmit {
    let (root_key, proof) = prove(&key(&format!("{id}/root")), ORIGIN, &root(id));
    AgencyAdmit {
        agency: agency(id),
        name: name(id),
        root_key,
        proof,
        grants: ALL_GRANTS.into(),
        member,
        quorum,
    }
}

/// Whatever the quorum was, the decision is made by that many approvals, no fewer.
fn decide(world: &World, n: u64, k: u64, action: Action) -> (World, Result<(), Refusal>) {
    let mut world = world.clone();
    let proposal = world.open("a", action).unwrap();
    let mut verdict = Ok(());
    for (i, member) in (1..=k).zip(members(n)) {
        assert_eq!(world.registry.proposals()[&proposal].status, Status::Open, "{n} {k}");
        verdict = world.approve(member, proposal);
        assert!(verdict.is_ok() || i == k, "{n} {k}");
    }
    (world, verdict)
}

#[test]
fn genesis_takes_a_majority_and_at_most_all() {
    for n in 1..=9 {
        for k in 1..=10 {
            let verdict = World::empty().create(&created(members(n), k, Clock::Live));
            assert_eq!(code(verdict), if holds(k, n) { "accepted" } else { "quorum-arithmetic" }, "{n} {k}");
        }
    }
}

/// Every n and k up to 9, every way membership changes, every quorum that can be named with it.
#[test]
fn quorum_is_rechecked_at_every_change_of_membership() {
    for n in 1..=9 {
        for k in (1..=n).filter(|k| holds(*k, n)) {
            let world = World::founded(members(n), k, Clock::Live);
            for named in std::iter::once(None).chain((1..=10).map(Some)) {
                let last = agency(members(n).last().unwrap());
                let actions: [(Action, u64); 4] = [
                    (admit("new", true, named).into(), n + 1),
                    (admit("new", false, named).into(), n),
                    (AgencyRemove { agency: last.clone(), quorum: named }.into(), n - 1),
                    (QuorumSet { quorum: named.unwrap_or(k) }.into(), n),
                ];
                for (action, then) in actions {
                    check(&world, n, k, action, then, named);
                }
                if n > 1 {
                    let merge = AgencyMerge { agency: last, into: agency("a"), quorum: named };
                    check(&world, n, k, merge.into(), n - 1, named);
                }
            }
        }
    }
}

fn check(world: &World, n: u64, k: u64, action: Action, then: u64, named: Option<u64>) {
    let what = format!("{n} {k} {} {named:?}", action.word());
    let (world, verdict) = decide(world, n, k, action);
    let new = named.unwrap_or(k);
    if holds(new, then) {
        assert_eq!(code(verdict), "accepted", "{what}");
        assert_eq!((world.registry.quorum(), world.registry.members().count() as u64), (new, then), "{what}");
    } else {
        assert_eq!(code(verdict), "quorum-arithmetic", "{what}");
        assert_eq!((world.registry.quorum(), world.registry.members().count() as u64), (k, n), "{what}");
    }
}

#[test]
fn opening_is_no_approval() {
    let mut world = World::founded(&["moh"], 1, Clock::Live);
    let proposal = world.open("moh", AgencyRename { agency: agency("moh"), name: name("Health") }).unwrap();
    assert_eq!(world.registry.proposals()[&proposal].status, Status::Open);
    world.approve("moh", proposal).unwrap();
    assert_eq!(world.registry.proposals()[&proposal].status, Status::Enacted(3));
}

#[test]
fn approvals_of_agencies_that_ceased_to_be_members_do_not_count() {
    for leave in [
        Action::from(AgencyRemove { agency: agency("rop"), quorum: Some(3) }),
        Action::from(AgencyMerge { agency: agency("rop"), into: agency("moe"), quorum: Some(3) }),
    ] {
        let mut world = World::founded(&["mod", "moe", "moh", "rop"], 3, Clock::Live);
        let proposal = world.open("rop", GrantsSet { agency: agency("moh"), grants: [].into() }).unwrap();
        world.approve("rop", proposal).unwrap();
        world.approve("moe", proposal).unwrap();
        world.pass(&["mod", "moe", "moh"], leave).unwrap();
        world.approve("moh", proposal).unwrap();
        assert_eq!(
            world.registry.proposals()[&proposal].status,
            Status::Open,
            "rop's approval counts no more"
        );
        world.approve("mod", proposal).unwrap();
        assert_eq!(world.registry.agency("moh").unwrap().grants, [].into());
    }
}

#[test]
fn approvals_are_counted_against_the_quorum_of_the_moment() {
    let mut world = World::founded(&["a", "b", "c", "d", "e"], 4, Clock::Live);
    let early = world.open("a", GrantsSet { agency: agency("e"), grants: [].into() }).unwrap();
    world.approve("a", early).unwrap();
    world.approve("b", early).unwrap();
    world.pass(&["a", "b", "c", "d"], QuorumSet { quorum: 3 }).unwrap();
    world.approve("c", early).unwrap();
    assert!(matches!(world.registry.proposals()[&early].status, Status::Enacted(_)));
}

#[test]
fn a_refused_enactment_leaves_the_proposal_open() {
    let mut world = World::founded(&["moe", "moh", "rop"], 2, Clock::Live);
    let later =
        world.open("moh", RegistrarSuspend { agency: agency("rop"), officer: officer("reg") }).unwrap();
    world.approve("moh", later).unwrap();
    assert_eq!(code(world.approve("moe", later)), "officer-unknown");
    assert_eq!(world.registry.proposals()[&later].approvals.len(), 1);
    world.people("rop");
    world.approve("moe", later).unwrap();
    assert!(world.registry.agency("rop").unwrap().officers["reg"].suspended);
}

#[test]
fn the_same_jwt_twice_is_one_proposal() {
    let mut world = World::founded(&["moe", "moh", "rop"], 2, Clock::Live);
    let opened = ProposalOpened { action: QuorumSet { quorum: 3 }.into(), effective: None };
    let event = world.say(&by("moh/root", "ledger", ProposalOpened::TYPE, opened.data())).unwrap();
    world.approve("moh", event.hash()).unwrap();
    let before = world.registry.clone();
    world.sequence(event).unwrap();
    assert_eq!(world.registry, before);
}

#[test]
fn scheduled_proposals_come_into_force_by_received_in_order() {
    let mut world = World::peopled();
    let noon = world.received + 3_600_000;
    let names = [("second", noon + 1), ("first", noon), ("third", noon + 1)];
    let proposals = names.map(|(to, when)| {
        let rename = AgencyRename { agency: agency("rop"), name: name(to) };
        world.pass_at(&["moh", "moe"], rename, Some(when)).unwrap()
    });
    assert!(proposals.iter().all(|p| matches!(world.registry.proposals()[p].status, Status::Scheduled(_))));

    world.received = noon - 1;
    world.work("moh/cw", "case/a", None).unwrap();
    let called =
        |world: &World| world.registry.agency("rop").unwrap().names.last().unwrap().name.en().to_owned();
    assert_eq!(called(&world), "rop");

    world.received = noon;
    world.work("moh/cw", "case/a", None).unwrap();
    assert_eq!(called(&world), "first");
    world.received = noon + 10;
    world.work("moh/cw", "case/a", None).unwrap();
    let names: Vec<_> =
        world.registry.agency("rop").unwrap().names.iter().map(|n| (n.name.en(), n.since)).collect();
    assert_eq!(names[1..], [("first", noon), ("second", noon + 1), ("third", noon + 1)]);
}

#[test]
fn a_time_that_is_not_to_come_means_now() {
    for effective in [0, START, START + 1] {
        let mut world = World::founded(&["moh"], 1, Clock::Live);
        let at = world.next().index + 1;
        let proposal = world.pass_at(&["moh"], RulesPut { version: 1 }, Some(effective)).unwrap();
        assert_eq!(world.registry.proposals()[&proposal].status, Status::Enacted(at));
    }
}

#[test]
fn a_refused_event_still_brings_what_was_due_into_force() {
    let mut world = World::peopled();
    let noon = world.received + 3_600_000;
    world.pass_at(&["moh", "moe"], AgencyRemove { agency: agency("rop"), quorum: None }, Some(noon)).unwrap();
    let mut before = world.clone();
    before.received = noon - 1;
    assert_eq!(code(before.work("rop/cw", "case/a", None)), "accepted");
    world.received = noon;
    assert_eq!(code(world.work("rop/cw", "case/a", None)), "key-not-valid");
    assert!(world.registry.agency("rop").unwrap().is_removed());
    // decide, asked beforehand, says the same and changes nothing.
    before.received = noon;
    let event = before.sign(&work("rop/cw", "case/b", None));
    let untouched = before.registry.clone();
    assert_eq!(code(before.registry.decide(before.next(), &event, &Parties::new())), "key-not-valid");
    assert_eq!(before.registry, untouched);
}

#[test]
fn what_cannot_be_enacted_in_its_time_is_void() {
    let mut world = World::peopled();
    let noon = world.received + 3_600_000;
    let rename = AgencyRename { agency: agency("rop"), name: name("Police") };
    let proposal = world.pass_at(&["moh", "moe"], rename, Some(noon)).unwrap();
    world.pass(&["moh", "moe"], AgencyRemove { agency: agency("rop"), quorum: None }).unwrap();
    world.received = noon;
    let index = world.next().index - 1;
    world.work("moh/cw", "case/a", None).unwrap();
    let status = &world.registry.proposals()[&proposal].status;
    assert_eq!(*status, Status::Void { index, code: "agency-unknown" });
}

#[test]
fn a_scheduled_root_key_signs_the_first_entry_of_its_time() {
    let mut world = World::peopled();
    let noon = world.received + 3_600_000;
    let (new, proof) = prove(&key("moh/root2"), ORIGIN, &root("moh"));
    let replace = RootKeyReplace { agency: agency("moh"), key: new.clone(), proof };
    world.pass_at(&["moh", "moe"], replace, Some(noon)).unwrap();
    let said = by("moh/root", "agency/moh", UnitClosed::TYPE, UnitClosed { unit: unit("desk") }.data());
    assert_eq!(code(world.clone().say(&said.clone().with_key("moh/root2"))), "key-not-valid");
    world.received = noon;
    assert_eq!(code(world.clone().say(&said)), "key-not-valid");
    let index = world.next().index;
    world.say(&said.with_key("moh/root2")).unwrap();
    let record = world.registry.key(&new.kid()).unwrap();
    assert!(record.is_good_at(index) && !record.is_good_at(index - 1));
    let old = world.registry.key(&key("moh/root").public().kid()).unwrap();
    assert!(!old.is_good_at(index) && old.is_good_at(index - 1));
}

#[test]
fn services_change_their_keys_too() {
    let mut world = World::peopled();
    for service in [Service::Operator, Service::Log] {
        let (new, proof) = prove(&key(&format!("{service}2")), ORIGIN, &Signer::Service(service));
        world.pass(&["moh", "rop"], ServiceKeyReplace { service, key: new.clone(), proof }).unwrap();
        assert_eq!(world.registry.signer(&new.kid()), Some(&Signer::Service(service)));
        let old = key(&format!("ledger/{service}")).public().kid();
        assert_eq!(world.registry.signer(&old), None);
        assert_eq!(code(world.work(&format!("ledger/{service}"), "log", None)), "key-not-valid");
    }
}

#[test]
fn a_suspended_registrar_can_be_reinstated() {
    let mut world = World::peopled();
    let (moh, reg) = (agency("moh"), officer("reg"));
    world.pass(&["moe", "rop"], RegistrarSuspend { agency: moh.clone(), officer: reg.clone() }).unwrap();
    assert_eq!(code(world.keep("moh/reg", "agency/moh", UnitClosed { unit: unit("desk") })), "not-registrar");
    world.pass(&["moe", "rop"], RegistrarReinstate { agency: moh, officer: reg }).unwrap();
    assert_eq!(code(world.keep("moh/reg", "agency/moh", UnitClosed { unit: unit("desk") })), "accepted");
}

#[test]
fn documents_count_their_versions_apart() {
    let mut world = World::peopled();
    for (kind, id, version) in [
        (DocumentKind::Policy, "intake", 1),
        (DocumentKind::Policy, "intake", 2),
        (DocumentKind::Policy, "police", 1),
        (DocumentKind::Manual, "intake", 1),
    ] {
        let hash = Digest([u8::try_from(version).unwrap(); 32]);
        world.pass(&["moh", "moe"], DocumentPublish { kind, id: unit(id), version, hash }).unwrap();
    }
    let versions: Vec<u64> =
        world.registry.document(DocumentKind::Policy, "intake").iter().map(|d| d.version).collect();
    assert_eq!(versions, [1, 2]);
    assert_eq!(world.registry.document(DocumentKind::Calendar, "intake"), []);
}

#[test]
fn an_agency_without_a_vote_keeps_its_registry_and_works() {
    let mut world = World::peopled();
    world.pass(&["moh", "moe"], admit("ngo", false, None)).unwrap();
    world.people("ngo");
    assert_eq!(code(world.work("ngo/cw", "case/n", Some("moh"))), "accepted");
    assert_eq!((world.registry.members().count(), world.registry.quorum()), (3, 2));
}
