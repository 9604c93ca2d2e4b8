//! Random histories by random actors: what must hold whatever they try.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sijill_domain::event::{
    Action, AgencyAdmit, AgencyEvent, AgencyMerge, AgencyRemove, AgencyRename, Clock, DocumentKind,
    DocumentPublish, Grant, GrantsSet, HolidayAnnounced, KeyAdded, KeyCompromised, KeyRevoked, LedgerCreated,
    OfficerEnrolled, OfficerKind, OfficerMoved, OfficerRemoved, ProposalApproved, QuorumSet,
    RegistrarReinstate, RegistrarSuspend, Role, RolesSet, RootKeyReplace, RulesPut, Service,
    ServiceKeyReplace, UnitCalendarSet, UnitClosed, UnitOpened, UnitRenamed, prove,
};
use sijill_domain::{Owner, Parties, Registry, Signer, Status};
use sijill_event::{Digest, Event, Kid, StreamKind};

use crate::second::holiday;
use crate::support::*;

/// `a`, `b` and `c` found the ledger.
const AGENCIES: [&str; 5] = ["a", "b", "c", "d", "e"];
const WHO: [&str; 4] = ["root", "reg", "cw", "new"];
const UNITS: [&str; 2] = ["desk", "ward"];
const STREAMS: [&str; 8] =
    ["case/x", "case/x", "case/y", "contact/x", "contact/z", "auto/x", "access/x", "access/z"];
const KEYS: [&str; 8] = ["a/root", "b/cw", "checkpoint", "k1", "k2", "k3", "k4", "k5"];

/// What somebody tries.
#[derive(Debug, Clone)]
enum Attempt {
    Propose { by: &'static str, action: Action, wait: Option<u64>, votes: Vec<&'static str> },
    Approve { by: &'static str, nth: usize },
    Keep { who: String, key: Option<&'static str>, agency: &'static str, event: AgencyEvent },
    Work { who: String, key: Option<&'static str>, stream: &'static str, to: Option<&'static str> },
    Announce { who: String },
    Wait { ms: u64 },
}

fn id() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => select(&AGENCIES[..3]), 1 => select(&AGENCIES[3..])]
}

fn who() -> impl Strategy<Value = &'static str> {
    select(&WHO[..])
}

fn unit_id() -> impl Strategy<Value = &'static str> {
    select(&UNITS[..])
}

fn key_name() -> impl Strategy<Value = &'static str> {
    select(&KEYS[..])
}

/// Mostly everybody uses their own.
fn other_key() -> impl Strategy<Value = Option<&'static str>> {
    proptest::option::weighted(0.2, key_name())
}

fn quorum() -> impl Strategy<Value = Option<u64>> {
    proptest::option::of(1..=4_u64)
}

fn roles() -> impl Strategy<Value = Vec<Role>> {
    proptest::sample::subsequence(Role::ALL.to_vec(), 0..=3)
}

fn grants() -> impl Strategy<Value = Vec<Grant>> {
    proptest::sample::subsequence(Grant::ALL.to_vec(), 1..=4)
}

fn action() -> impl Strategy<Value = Action> {
    let membership = prop_oneof![
        (id(), other_key(), any::<bool>(), quorum()).prop_map(|(id, other, member, quorum)| {
            let own = format!("{id}/root");
            let (root_key, proof) = prove(&key(other.unwrap_or(&own)), ORIGIN, &root(id));
            let grants = ALL_GRANTS.into();
            AgencyAdmit { agency: agency(id), name: name(id), root_key, proof, grants, member, quorum }.into()
        }),
        (id(), quorum()).prop_map(|(id, quorum)| AgencyRemove { agency: agency(id), quorum }.into()),
        (id(), id(), quorum()).prop_map(|(id, into, quorum)| AgencyMerge {
            agency: agency(id),
            into: agency(into),
            quorum
        }
        .into()),
        (1..=4_u64).prop_map(|quorum| QuorumSet { quorum }.into()),
    ];
    let keys = prop_oneof![
        (id(), key_name()).prop_map(|(id, name)| {
            let (key, proof) = prove(&key(name), ORIGIN, &root(id));
            RootKeyReplace { agency: agency(id), key, proof }.into()
        }),
        (select(Service::ALL), key_name()).prop_map(|(service, name)| {
            let (key, proof) = prove(&key(name), ORIGIN, &Signer::Service(service));
            ServiceKeyReplace { service, key, proof }.into()
        }),
    ];
    let rest = prop_oneof![
        id().prop_map(|id| AgencyRename { agency: agency(id), name: name("New name") }.into()),
        (id(), grants()).prop_map(|(id, grants)| GrantsSet {
            agency: agency(id),
            grants: grants.into_iter().collect()
        }
        .into()),
        (id(), who())
            .prop_map(|(id, who)| { RegistrarSuspend { agency: agency(id), officer: officer(who) }.into() }),
        (id(), who()).prop_map(|(id, who)| {
            RegistrarReinstate { agency: agency(id), officer: officer(who) }.into()
        }),
        (1..=3_u64).prop_map(|version| {
            let (kind, hash) = (DocumentKind::Manual, Digest([0; 32]));
            DocumentPublish { kind, id: unit("intake"), version, hash }.into()
        }),
        (1..=3_u64).prop_map(|version| RulesPut { version }.into()),
    ];
    prop_oneof![membership, keys, rest]
}

fn kid() -> impl Strategy<Value = Kid> {
    let named = (id(), who()).prop_map(|(id, who)| format!("{id}/{who}"));
    prop_oneof![named, key_name().prop_map(str::to_owned)].prop_map(|name| key(&name).public().kid())
}

/// An event for the stream of the agency `id`.
fn agency_event(id: &'static str) -> impl Strategy<Value = AgencyEvent> {
    let units = prop_oneof![
        unit_id().prop_map(|id| UnitOpened { unit: unit(id), name: name(id) }.into()),
        unit_id().prop_map(|id| UnitRenamed { unit: unit(id), name: name("New name") }.into()),
        unit_id().prop_map(|id| UnitClosed { unit: unit(id) }.into()),
        unit_id().prop_map(|id| UnitCalendarSet { unit: unit(id), calendar: unit("office") }.into()),
    ];
    let own_key = move |who: &str| format!("{id}/{who}");
    let officers = prop_oneof![
        3 => (who(), unit_id(), roles(), any::<bool>()).prop_map(move |(who, unit_id, roles, person)| {
            let (key, proof) = prove(&key(&own_key(who)), ORIGIN, &officer_of(id, who));
            let kind = if person { OfficerKind::Officer } else { OfficerKind::Service };
            let roles = roles.into_iter().collect();
            OfficerEnrolled { officer: officer(who), kind, unit: unit(unit_id), roles, key, proof }.into()
        }),
        1 => (who(), unit_id()).prop_map(|(who, id)| OfficerMoved { officer: officer(who), unit: unit(id) }.into()),
        1 => who().prop_map(|who| OfficerRemoved { officer: officer(who), reason: reason("left") }.into()),
        1 => (who(), roles())
            .prop_map(|(who, roles)| RolesSet { officer: officer(who), roles: roles.into_iter().collect() }.into()),
    ];
    let keys = prop_oneof![
        (who(), key_name()).prop_map(move |(who, name)| {
            let (key, proof) = prove(&key(name), ORIGIN, &officer_of(id, who));
            KeyAdded { officer: officer(who), key, proof }.into()
        }),
        kid().prop_map(|kid| KeyRevoked { kid, reason: reason("lost") }.into()),
        (kid(), 0..200_u64).prop_map(|(kid, s)| KeyCompromised { kid, since: time(START + s * 1000) }.into()),
    ];
    prop_oneof![units, officers, keys]
}

/// What `by` (a strategy for agencies) may try: everything that its root and officers can sign.
fn attempt(by: BoxedStrategy<&'static str>) -> impl Strategy<Value = Attempt> {
    let speaker = (by.clone(), who()).prop_map(|(id, who)| format!("{id}/{who}")).boxed();
    let service = select(Service::ALL).prop_map(|service| format!("ledger/{service}"));
    let worker = prop_oneof![3 => speaker.clone(), 1 => service];
    prop_oneof![
        4 => (by.clone(), action(), proptest::option::of(0..20_000_u64), vec(by.clone(), 0..4))
            .prop_map(|(by, action, wait, votes)| Attempt::Propose { by, action, wait, votes }),
        2 => (by, 0..4_usize).prop_map(|(by, nth)| Attempt::Approve { by, nth }),
        6 => id().prop_flat_map(agency_event_of).prop_flat_map({
            let speaker = speaker.clone();
            move |(agency, event)| (speaker.clone(), other_key(), Just(agency), Just(event))
        }).prop_map(|(who, key, agency, event)| Attempt::Keep { who, key, agency, event }),
        4 => (worker, other_key(), select(&STREAMS[..]), proptest::option::of(id()))
            .prop_map(|(who, key, stream, to)| Attempt::Work { who, key, stream, to }),
        1 => speaker.prop_map(|who| Attempt::Announce { who }),
        1 => (0..20_000_u64).prop_map(|ms| Attempt::Wait { ms }),
    ]
}

fn agency_event_of(id: &'static str) -> impl Strategy<Value = (&'static str, AgencyEvent)> {
    (Just(id), agency_event(id))
}

/// Plays an attempt; what is refused is part of the log as well.
fn play(world: &mut World, attempt: &Attempt) {
    match attempt {
        Attempt::Propose { by, action, wait, votes } => {
            let effective = wait.map(|wait| world.received + wait);
            if let Ok(proposal) = world.open_for(by, action.clone(), effective) {
                for member in votes {
                    let _ = world.approve(member, proposal);
                }
            }
        }
        Attempt::Approve { by, nth } => {
            let proposal = world.registry.proposals().keys().nth(*nth).copied();
            let _ = world.approve(by, proposal.unwrap_or(Digest([0; 32])));
        }
        Attempt::Keep { who, key, agency, event } => {
            let said = by(who, &format!("agency/{agency}"), event.event_type(), event.data());
            let _ = world.say(&said.with_key(key.unwrap_or(who)));
        }
        Attempt::Work { who, key, stream, to } => {
            let _ = world.say(&work(who, stream, *to).with_key(key.unwrap_or(who)));
        }
        Attempt::Announce { who } => _ = world.say(&holiday(who)),
        Attempt::Wait { ms } => world.received += ms,
    }
}

/// Founded and peopled under a rule-set.
fn beginning(rules: u64) -> World {
    let mut world = World::empty();
    world.create(&LedgerCreated { rules, ..created(&["a", "b", "c"], 2, Clock::Live) }).unwrap();
    for id in ["a", "b", "c"] {
        world.ratify(id).unwrap();
    }
    for id in ["a", "b", "c"] {
        world.people(id);
    }
    world
}

/// What no ledger takes before rule-set 2.
fn is_of_rule_set_2(event: &Event) -> bool {
    matches!(event.stream.kind(), StreamKind::Auto | StreamKind::Access)
        || [UnitCalendarSet::TYPE, HolidayAnnounced::TYPE].contains(&event.event_type.as_str())
}

/// All that only the members together may change.
fn governance(registry: &Registry) -> serde_json::Value {
    let agencies: BTreeMap<_, _> = registry
        .agencies()
        .map(|(id, agency)| {
            let suspended: Vec<_> =
                agency.officers.iter().filter(|(_, officer)| officer.suspended).map(|(id, _)| id).collect();
            (id, serde_json::json!([agency.names, agency.grants, agency.member, agency.standing, suspended]))
        })
        .collect();
    let keys: Vec<_> = registry
        .keys()
        .values()
        .filter(|key| !matches!(key.owner, Owner::Signer(Signer::Officer { .. })))
        .collect();
    let documents = registry.document(DocumentKind::Manual, "intake");
    serde_json::json!([agencies, keys, documents, registry.quorum(), registry.rules()])
}

fn quorum_holds(registry: &Registry) {
    let (k, n) = (registry.quorum(), registry.members().count() as u64);
    assert!(2 * k > n && k <= n, "{k} of {n}");
}

/// Every key has the owner it always had; every root and service speaks with one key at most, and only while
/// it may.
fn keys_are_sound(before: &Registry, after: &Registry) {
    for (kid, record) in before.keys() {
        let now = after.key(kid).unwrap();
        assert_eq!((&now.owner, now.added), (&record.owner, record.added));
        assert!(record.revoked.is_none() || now.revoked == record.revoked, "what is revoked stays revoked");
    }
    let (known, touched) = after.touched().split_at(before.touched().len());
    assert_eq!(known, before.touched());
    for (kid, record) in after.keys() {
        assert_eq!(
            before.key(kid) != Some(record),
            touched.contains(kid),
            "whatever became of a key is told"
        );
    }
    let mut speaking = BTreeMap::<&Signer, usize>::new();
    for kid in after.keys().keys() {
        let Some(signer) = after.signer(kid) else { continue };
        *speaking.entry(signer).or_default() += 1;
        match signer {
            Signer::Service(_) => {}
            Signer::Root(id) => assert!(after.agency(id.as_str()).unwrap().is_active()),
            Signer::Officer { agency, officer } => {
                let now = after.agency(after.now(agency.as_str()).unwrap().as_str()).unwrap();
                let agency = after.agency(agency.as_str()).unwrap();
                assert!(!now.is_removed() && agency.officer(officer.as_str()).is_some());
            }
        }
    }
    for (signer, keys) in speaking {
        assert!(keys == 1 || matches!(signer, Signer::Officer { .. }), "{signer:?} speaks with {keys} keys");
    }
}

/// Sequences the log anew, from nothing, checking each step.
fn replay(log: &World) -> Registry {
    let mut registry = Registry::new();
    let mut parties = BTreeMap::<String, Parties>::new();
    for (at, event, verdict) in &log.log {
        let before = registry.clone();
        let known = parties_of(&parties, &event.stream);
        let decided = before.decide(*at, event, &known);
        let applied = registry.apply(*at, event, &known);
        assert_eq!(decided, applied, "decide says what apply does");
        assert_eq!(
            applied.as_ref().map(|_| ()).map_err(Clone::clone),
            *verdict,
            "replay says what live said"
        );

        let mut advanced = before.clone();
        advanced.advance(*at);
        let due = governance(&advanced) != governance(&before);
        match &applied {
            Err(_) => assert_eq!(registry, advanced, "a refused event changes nothing but the advance"),
            Ok(accepted) => {
                add_parties(&mut parties, &event.stream, &accepted.new_parties);
                let mut evolved = before.clone();
                evolved.evolve(*at, event, accepted);
                assert_eq!(registry, evolved, "apply is advance, decide, evolve");
            }
        }
        if at.index > 0 {
            quorum_holds(&advanced);
            let changed = governance(&registry) != governance(&advanced);
            assert!(
                !changed || event.event_type == ProposalApproved::TYPE,
                "only approvals change governance"
            );
            if changed {
                assert_decided(&advanced, &registry, at.index);
            }
            assert!(!due || before.proposals().values().any(|p| matches!(p.status, Status::Scheduled(_))));
        }
        assert!(before.rules() <= registry.rules(), "a rule-set is never taken back");
        assert!(at.index == 0 || registry.rules_at(at.index) == advanced.rules());
        assert!(advanced.rules() >= Some(2) || applied.is_err() || !is_of_rule_set_2(event));
        quorum_holds(&registry);
        keys_are_sound(&before, &registry);
    }
    registry
}

/// A proposal was enacted with this entry, by as many members as the quorum asked for.
fn assert_decided(before: &Registry, after: &Registry, index: u64) {
    let enacted =
        after.proposals().values().find(|proposal| proposal.status == Status::Enacted(index)).unwrap();
    let members = before.members().filter(|member| enacted.approvals.contains_key(*member)).count() as u64;
    assert!(members >= before.quorum(), "{members} of {}", before.quorum());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_tried(rules in 1..=2_u64, attempts in vec(attempt(id().boxed()), 1..40)) {
        let mut world = beginning(rules);
        for attempt in &attempts {
            play(&mut world, attempt);
        }
        prop_assert_eq!(replay(&world), world.registry);
    }

    #[test]
    fn one_agency_alone_changes_nothing_of_the_others(
        rules in 1..=2_u64,
        attempts in vec(attempt(Just("a").boxed()), 1..40),
    ) {
        let mut world = beginning(rules);
        let before = world.registry.clone();
        for attempt in &attempts {
            play(&mut world, attempt);
        }
        prop_assert_eq!(governance(&before), governance(&world.registry));
        prop_assert!(world.registry.proposals().values().all(|proposal| proposal.status == Status::Open));
        for other in ["b", "c"] {
            prop_assert_eq!(before.agency(other), world.registry.agency(other));
        }
    }
}

/// The histories would prove little if nearly everything in them were refused.
#[test]
fn random_histories_reach_most_of_the_rules() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut verdicts = BTreeMap::<&str, usize>::new();
    for rules in [1, 2].repeat(30) {
        let attempts = vec(attempt(id().boxed()), 40).new_tree(&mut runner).unwrap().current();
        let mut world = beginning(rules);
        let from = world.log.len();
        for attempt in &attempts {
            play(&mut world, attempt);
        }
        for (_, _, verdict) in &world.log[from..] {
            *verdicts.entry(code(verdict.clone())).or_default() += 1;
        }
    }
    let total: usize = verdicts.values().sum();
    assert!(verdicts["accepted"] * 5 > total, "{verdicts:?}");
    assert!(verdicts.len() >= 24, "{verdicts:?}");
    for code in ["grant-missing", "not-the-service", "case-unknown", "stream-reserved"] {
        assert!(verdicts.contains_key(code), "{code}: {verdicts:?}");
    }
}
