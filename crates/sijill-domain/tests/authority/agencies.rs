//! What an agency's registry means: keys by position, names by date, mergers, queues, who may read.

use std::collections::BTreeSet;

use sijill_domain::event::{
    AgencyMerge, AgencyRemove, AgencyRename, Clock, GrantsSet, KeyAdded, KeyCompromised, KeyRevoked, Name,
    OfficerMoved, OfficerRemoved, RegistrarSuspend, Role, RolesSet, UnitClosed, UnitOpened, UnitRenamed,
    prove,
};
use sijill_domain::{Parties, Scope};
use sijill_event::Stream;

use crate::support::*;

fn kid(name: &str) -> sijill_event::Kid {
    key(name).public().kid()
}

fn merge(from: &str, into: &str, quorum: Option<u64>) -> AgencyMerge {
    AgencyMerge { agency: agency(from), into: agency(into), quorum }
}

#[test]
fn position_decides_where_a_key_is_good() {
    let mut world = World::peopled();
    let (second, proof) = prove(&key("moh/cw2"), ORIGIN, &officer_of("moh", "cw"));
    let said = work("moh/cw", "case/a", None).with_key("moh/cw2");
    assert_eq!(code(world.say(&said)), "key-not-valid");
    let added = world.next().index;
    world.keep("moh/reg", "agency/moh", KeyAdded { officer: officer("cw"), key: second, proof }).unwrap();
    world.say(&said).unwrap();
    world.work("moh/cw", "case/a", None).unwrap();
    let revoked = world.next().index;
    let lost = KeyRevoked { kid: kid("moh/cw2"), reason: reason("lost") };
    world.keep("moh/reg", "agency/moh", lost).unwrap();
    assert_eq!(code(world.say(&said)), "key-not-valid");
    assert_eq!(code(world.work("moh/cw", "case/a", None)), "accepted");

    let record = world.registry.key(&kid("moh/cw2")).unwrap();
    assert_eq!((record.added, record.revoked, record.disputed_since), (added, Some(revoked), None));
    let good: Vec<u64> = (0..revoked + 3).filter(|index| record.is_good_at(*index)).collect();
    assert_eq!(good, (added + 1..=revoked).collect::<Vec<_>>());
}

#[test]
fn an_officer_revokes_its_own_keys() {
    let mut world = World::peopled();
    let index = world.next().index;
    let lost = KeyRevoked { kid: kid("moh/cw"), reason: reason("lost") };
    world.keep("moh/cw", "agency/moh", lost.clone()).unwrap();
    assert!(
        world.registry.key(&kid("moh/cw")).unwrap().is_good_at(index),
        "the revocation was signed with it"
    );
    assert_eq!(code(world.keep("moh/cw", "agency/moh", lost)), "key-not-valid");
    // Elsewhere it is a stranger.
    let lost = KeyRevoked { kid: kid("moe/cw"), reason: reason("lost") };
    assert_eq!(code(world.keep("moe/cw", "agency/moh", lost)), "not-registrar");
}

#[test]
fn a_suspended_registrar_still_revokes_its_own_key() {
    let mut world = World::peopled();
    let suspend = RegistrarSuspend { agency: agency("moh"), officer: officer("reg") };
    world.pass(&["moe", "rop"], suspend).unwrap();
    let lost = KeyCompromised { kid: kid("moh/reg"), since: time(START) };
    assert_eq!(code(world.keep("moh/reg", "agency/moh", lost)), "accepted");
}

#[test]
fn a_compromised_key_is_revoked_and_its_work_disputed() {
    let mut world = World::peopled();
    world.work("moh/cw", "case/a", None).unwrap();
    let since = world.received;
    world.work("moh/cw", "case/a", None).unwrap();
    let revoked = world.next().index;
    let stolen = |since| KeyCompromised { kid: kid("moh/cw"), since: time(since) };
    world.keep("moh/reg", "agency/moh", stolen(since)).unwrap();
    assert_eq!(code(world.work("moh/cw", "case/a", None)), "key-not-valid");
    let disputed = |world: &World| {
        let received = [START, since - 1, since, since + 1];
        received.map(|received| world.registry.disputed(&kid("moh/cw"), received))
    };
    assert_eq!(disputed(&world), [false, false, true, true]);
    // Revoked already or not; the earliest time counts, and the revocation stays where it was.
    world.keep("moh/reg", "agency/moh", stolen(since + 5)).unwrap();
    assert_eq!(disputed(&world), [false, false, true, true]);
    world.keep("moh/reg", "agency/moh", stolen(since - 1)).unwrap();
    assert_eq!(disputed(&world), [false, true, true, true]);
    assert_eq!(world.registry.key(&kid("moh/cw")).unwrap().revoked, Some(revoked));
    assert!(!world.registry.disputed(&kid("moh/reg"), since));
}

#[test]
fn who_leaves_signs_nothing_more_and_is_never_enrolled_again() {
    let mut world = World::peopled();
    let leaves = OfficerRemoved { officer: officer("cw"), reason: reason("left") };
    world.keep("moh/reg", "agency/moh", leaves).unwrap();
    assert_eq!(code(world.work("moh/cw", "case/a", None)), "key-not-valid");
    let moved = OfficerMoved { officer: officer("cw"), unit: unit("desk") };
    assert_eq!(code(world.keep("moh/reg", "agency/moh", moved)), "officer-unknown");
    assert!(world.registry.scopes(&kid("moh/cw")).is_empty());
}

#[test]
fn a_removed_agency_signs_nothing_more() {
    let mut world = World::peopled();
    world.work("rop/cw", "case/a", Some("moh")).unwrap();
    world.pass(&["moh", "moe"], AgencyRemove { agency: agency("rop"), quorum: None }).unwrap();
    for said in [
        work("rop/cw", "case/a", None),
        work("rop/root", "ledger", None),
        work("rop/reg", "agency/rop", None),
    ] {
        assert_eq!(code(world.say(&said)), "key-not-valid");
    }
    assert_eq!(code(world.work("moh/cw", "case/a", Some("rop"))), "agency-unknown");
    assert_eq!(code(world.work("moh/cw", "case/a", None)), "accepted");
}

#[test]
fn officers_units_and_parties_of_a_merged_agency_stand() {
    let mut world = World::peopled();
    world.work("rop/cw", "case/ours", None).unwrap();
    world.work("moe/cw", "case/theirs", Some("rop")).unwrap();
    world.pass(&["moh", "moe"], merge("rop", "moh", None)).unwrap();
    assert_eq!(
        world.registry.members().map(sijill_domain::AgencyId::as_str).collect::<Vec<_>>(),
        ["moe", "moh"]
    );
    assert_eq!(world.registry.now("rop"), Some(&agency("moh")));

    // Its officers sign on under their old name, and the successor's come in where it was a party.
    assert_eq!(code(world.work("rop/cw", "case/ours", None)), "accepted");
    assert_eq!(code(world.work("moh/cw", "case/ours", None)), "accepted");
    assert_eq!(code(world.work("moh/cw", "case/theirs", None)), "accepted");
    assert_eq!(code(world.work("moe/cw", "case/ours", None)), "not-a-party");
    // And the other way round: where the successor is a party, so are those who joined it.
    world.work("moh/cw", "case/new", None).unwrap();
    assert_eq!(code(world.work("rop/cw", "case/new", Some("rop"))), "accepted");
    let parties = &world.parties["case/new"];
    assert_eq!(parties.to_string(), "moh,rop");

    // Its root signs nothing; its own registrar and the successor's keep its registry.
    let closed = UnitClosed { unit: unit("desk") };
    assert_eq!(code(world.keep("rop/root", "agency/rop", closed.clone())), "key-not-valid");
    assert_eq!(code(world.keep("moe/reg", "agency/rop", closed.clone())), "not-registrar");
    for (who, id) in [("rop/reg", "one"), ("moh/reg", "two"), ("moh/root", "three")] {
        let opened = UnitOpened { unit: unit(id), name: name(id) };
        assert_eq!(code(world.keep(who, "agency/rop", opened)), "accepted", "{who}");
    }
    assert_eq!(code(world.keep("rop/reg", "agency/moh", closed)), "not-registrar");
}

#[test]
fn mergers_are_followed_to_the_end() {
    let mut world = World::founded(&["a", "b", "c", "d"], 3, Clock::Live);
    for id in ["a", "b", "c", "d"] {
        world.people(id);
    }
    world.work("a/cw", "case/x", None).unwrap();
    world.pass(&["b", "c", "d"], merge("a", "b", Some(2))).unwrap();
    world.pass(&["b", "c"], merge("b", "c", None)).unwrap();
    assert_eq!(world.registry.now("a"), Some(&agency("c")));
    assert_eq!(world.registry.now("nobody"), None);
    assert_eq!(code(world.work("c/cw", "case/x", None)), "accepted");
    assert_eq!(code(world.work("b/cw", "case/x", None)), "accepted");
    assert_eq!(code(world.work("d/cw", "case/x", None)), "not-a-party");
    let closed = || UnitClosed { unit: unit("desk") };
    assert_eq!(code(world.keep("b/reg", "agency/a", closed())), "not-registrar", "b is not who a is now");
    assert_eq!(code(world.keep("c/reg", "agency/a", closed())), "accepted");
    let queue = world.registry.resolve_unit("a", "desk").unwrap();
    assert_eq!((queue.now.as_str(), queue.agency.as_str(), queue.id.as_str()), ("c", "a", "desk"));
    assert!(!queue.unit.open);
    assert!(world.registry.resolve_unit("a", "ward").is_none());
    assert!(world.registry.resolve_unit("z", "desk").is_none());
}

#[test]
fn officers_of_a_merged_agency_sign_nothing_once_its_successor_is_removed() {
    let mut world = World::founded(&["a", "b", "c", "d"], 3, Clock::Live);
    for id in ["a", "b", "c", "d"] {
        world.people(id);
    }
    world.pass(&["b", "c", "d"], merge("a", "b", Some(2))).unwrap();
    world.pass(&["b", "c"], merge("b", "c", None)).unwrap();
    assert_eq!(code(world.work("a/cw", "case/x", None)), "accepted");
    world.pass(&["c", "d"], AgencyRemove { agency: agency("c"), quorum: Some(1) }).unwrap();
    let closed = || UnitClosed { unit: unit("desk") };
    for id in ["a", "b", "c"] {
        assert_eq!(code(world.work(&format!("{id}/cw"), "case/x", None)), "key-not-valid", "{id}");
        let kept = world.keep(&format!("{id}/reg"), &format!("agency/{id}"), closed());
        assert_eq!(code(kept), "key-not-valid", "{id}");
        assert!(world.registry.scopes(&kid(&format!("{id}/cw"))).is_empty(), "{id}");
    }
    assert_eq!(code(world.work("d/cw", "case/y", None)), "accepted");
    assert_eq!(code(world.keep("d/reg", "agency/a", closed())), "not-registrar");
}

#[test]
fn the_merged_agencys_own_grants_count() {
    let mut world = World::peopled();
    world.pass(&["moh", "moe"], merge("rop", "moh", None)).unwrap();
    world.pass(&["moh", "moe"], GrantsSet { agency: agency("moh"), grants: [].into() }).unwrap();
    assert_eq!(code(world.work("moh/cw", "case/a", None)), "role-not-granted");
    assert_eq!(code(world.work("rop/cw", "case/b", None)), "accepted");
    let roles = || RolesSet { officer: officer("cw"), roles: [Role::Auditor].into() };
    assert_eq!(code(world.keep("moh/reg", "agency/moh", roles())), "role-not-granted");
    assert_eq!(code(world.keep("moh/reg", "agency/rop", roles())), "accepted");
}

#[test]
fn names_count_from_their_date() {
    let mut world = World::peopled();
    let (renamed, noon) = (world.received + 2000, world.received + 3_600_000);
    world.pass(&["moh", "moe"], AgencyRename { agency: agency("rop"), name: name("Police") }).unwrap();
    let later = AgencyRename { agency: agency("rop"), name: name("Royal Police") };
    world.pass_at(&["moh", "moe"], later, Some(noon)).unwrap();
    world.received = noon + 7000;
    let unit_renamed = world.received;
    world
        .keep("rop/reg", "agency/rop", UnitRenamed { unit: unit("desk"), name: name("Family desk") })
        .unwrap();
    let called = |at| world.registry.name_at("rop", at).map(Name::en);
    assert_eq!(called(START - 1), None);
    assert_eq!(called(START), Some("rop"));
    assert_eq!(called(renamed - 1), Some("rop"));
    assert_eq!(called(renamed), Some("Police"));
    assert_eq!(called(noon), Some("Royal Police"), "from the time it was scheduled for");
    let desk = world.registry.resolve_unit("rop", "desk").unwrap().unit;
    let unit_called = |at| sijill_domain::name_at(&desk.names, at).map(Name::en);
    assert_eq!(
        (unit_called(unit_renamed - 1), unit_called(unit_renamed)),
        (Some("Desk"), Some("Family desk"))
    );
}

#[test]
fn an_imported_ledger_takes_importers_with_dates() {
    let mut world = World::founded(&["moh"], 1, Clock::Imported);
    world.people("moh");
    world.enrol("moh", "imp", &[Role::Importer]).unwrap();
    assert_eq!(code(world.say(&work("moh/imp", "case/a", None).occurred())), "accepted");
    assert_eq!(code(world.say(&work("moh/imp", "case/a", None))), "occurred-missing");
    assert_eq!(code(world.say(&work("moh/cw", "case/a", None).occurred())), "role-missing");
    // The registry itself is kept as everywhere, without claimed times.
    let opened = UnitOpened { unit: unit("ward"), name: name("Ward") };
    assert_eq!(code(world.keep("moh/reg", "agency/moh", opened)), "accepted");
}

#[test]
fn only_the_sequencer_adds_parties_and_only_new_ones() {
    let mut world = World::peopled();
    let event = world.sign(&work("moh/cw", "case/a", Some("moe")));
    let accepted = world.registry.decide(world.next(), &event, &Parties::new()).unwrap();
    assert_eq!(accepted.new_parties.to_string(), "moe,moh");
    let accepted = world.registry.decide(world.next(), &event, &"moh,rop".parse().unwrap()).unwrap();
    assert_eq!(accepted.new_parties.to_string(), "moe");
    world.sequence(event).unwrap();
    assert_eq!(code(world.work("moe/cw", "case/a", None)), "accepted");
    assert_eq!(code(world.work("rop/cw", "case/a", None)), "not-a-party");
}

#[test]
fn scopes_follow_roles_grants_and_suspension() {
    let mut world = World::peopled();
    world.enrol("moh", "aud", &[Role::Auditor]).unwrap();
    world.enrol("moh", "eye", &[Role::Oversight]).unwrap();
    world.enrol("moh", "mir", &[Role::Mirror, Role::Registrar]).unwrap();
    let scopes = |world: &World, name: &str| -> String {
        let scopes: Vec<_> = world.registry.scopes(&kid(name)).into_iter().map(Scope::as_str).collect();
        scopes.join(" ")
    };
    for (who, expected) in [
        ("moh/root", "append read registry"),
        ("moh/reg", "append read registry"),
        ("moh/cw", "append read registry"),
        ("moh/eye", "read registry"),
        ("moh/aud", "read read:all registry"),
        ("moh/mir", "append read read:all registry"),
        ("ledger/log", "read registry"),
        ("checkpoint", ""),
        ("stranger", ""),
    ] {
        assert_eq!(scopes(&world, who), expected, "{who}");
    }
    world.pass(&["moe", "rop"], GrantsSet { agency: agency("moh"), grants: [].into() }).unwrap();
    world.pass(&["moe", "rop"], RegistrarSuspend { agency: agency("moh"), officer: officer("mir") }).unwrap();
    for who in ["moh/cw", "moh/aud", "moh/mir"] {
        assert_eq!(scopes(&world, who), "read registry", "{who}");
    }
}

#[test]
fn parties_read_and_so_do_those_they_became() {
    let mut world = World::peopled();
    world.enrol("moe", "aud", &[Role::Auditor]).unwrap();
    let parties: Parties = "rop".parse().unwrap();
    let case = Stream::parse("case/1").unwrap();
    let readers = |world: &World| -> BTreeSet<&str> {
        let keys =
            ["rop/cw", "rop/root", "moh/cw", "moh/root", "moe/cw", "moe/aud", "ledger/log", "checkpoint"];
        keys.into_iter().filter(|who| world.registry.may_read(&kid(who), &case, &parties)).collect()
    };
    let ledger = Stream::parse("ledger").unwrap();
    assert!(world.registry.may_read(&kid("moh/cw"), &ledger, &parties), "governance is open to all who sign");
    assert!(!world.registry.may_read(&kid("checkpoint"), &ledger, &parties));
    assert_eq!(readers(&world), BTreeSet::from(["rop/cw", "rop/root", "moe/aud"]));
    world.pass(&["moh", "moe"], merge("rop", "moh", None)).unwrap();
    assert_eq!(readers(&world), BTreeSet::from(["rop/cw", "moh/cw", "moh/root", "moe/aud"]));
}

#[test]
fn the_registry_tells_everything_as_json() {
    let mut world = World::peopled();
    let noon = world.received + 3_600_000;
    let rename = AgencyRename { agency: agency("rop"), name: name("Police") };
    let proposal = world.pass_at(&["moh", "moe"], rename, Some(noon)).unwrap();
    let json = serde_json::to_value(&world.registry).unwrap();
    assert_eq!(json["origin"], ORIGIN);
    assert_eq!(json["clock"], "live");
    assert_eq!(json["quorum"], 2);
    assert_eq!(json["agencies"]["moh"]["officers"]["cw"]["roles"], serde_json::json!(["casework"]));
    assert_eq!(json["agencies"]["moh"]["units"]["desk"]["names"][0]["name"]["en"], "Desk");
    assert_eq!(json["proposals"][proposal.to_string()]["action"]["do"], "agency.rename");
    let record = &json["keys"][kid("moh/cw").to_string()];
    assert_eq!(
        record["owner"],
        serde_json::json!({"signer": {"officer": {"agency": "moh", "officer": "cw"}}})
    );
    assert_eq!(record["key"]["kty"], "OKP");
}
