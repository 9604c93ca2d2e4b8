//! A history for every code of Annex B, by name: what leads to it, and that nothing else does.

use std::collections::BTreeSet;

use crate::second;
use crate::support::*;
use sijill_domain::event::{
    AgencyAdmit, AgencyMerge, AgencyRemove, AgencyRename, Clock, DocumentKind, DocumentPublish, Grant,
    GrantsSet, KeyAdded, KeyCompromised, KeyRevoked, LedgerCreated, LedgerRatified, OfficerKind,
    OfficerMoved, OfficerRemoved, ProposalApproved, QuorumSet, RegistrarSuspend, Role, RolesSet,
    RootKeyReplace, RulesPut, Service, ServiceKeyReplace, UnitCalendarSet, UnitClosed, UnitOpened,
    UnitRenamed, prove,
};
use sijill_domain::{Refusal, Signer};
use sijill_event::{Digest, Json};

pub(crate) type History = fn() -> Result<(), Refusal>;

/// What happens, and the code of the refusal it ends in.
const HISTORIES: &[(&str, &str, History)] = &[
    ("an unknown key signs", "key-not-valid", || peopled(&work("moh/stranger", "case/a", None))),
    ("the checkpoint key signs", "key-not-valid", || {
        peopled(&by("ledger/operator", "ledger", "a.b", Json::object::<&str>([])).with_key("checkpoint"))
    }),
    ("an officer's key speaks for another officer", "key-not-valid", || {
        peopled(&work("moh/reg", "case/a", None).with_key("moh/cw"))
    }),
    ("an officer's key speaks for another agency", "key-not-valid", || {
        peopled(&work("moe/cw", "case/a", None).with_key("moh/cw"))
    }),
    ("an unknown key before ratification", "key-not-valid", || {
        let mut world = World::empty();
        world.create(&created(&["moh"], 1, Clock::Live))?;
        world.work("moh/cw", "case/a", None).map(|_| ())
    }),
    ("an unknown key in a reserved stream", "key-not-valid", || peopled(&work("moh/nobody", "auto/a", None))),
    ("genesis signed by another key than it names", "key-not-valid", || {
        let data = created(&["moh"], 1, Clock::Live).data();
        genesis(&by("ledger/operator", "ledger", LedgerCreated::TYPE, data).with_key("moh/root"))
    }),
    ("genesis by a founder", "key-not-valid", || {
        let data = created(&["moh"], 1, Clock::Live).data();
        genesis(&by("moh/root", "ledger", LedgerCreated::TYPE, data).with_key("ledger/operator"))
    }),
    ("a person signs on behalf of another", "act-not-allowed", || {
        peopled(&work("moh/cw", "case/a", None).acting_for("reg"))
    }),
    ("a root signs on behalf of an officer", "act-not-allowed", || {
        let opened = UnitOpened { unit: unit("new"), name: name("New") };
        peopled(&by("moh/root", "agency/moh", UnitOpened::TYPE, opened.data()).acting_for("reg"))
    }),
    ("the operator signs genesis on behalf of someone", "act-not-allowed", || {
        let data = created(&["moh"], 1, Clock::Live).data();
        genesis(&by("ledger/operator", "ledger", LedgerCreated::TYPE, data).acting_for("someone"))
    }),
    ("schema version 2 of a registry event", "data-malformed", || {
        let closed = UnitClosed { unit: unit("desk") };
        let mut said = by("moh/root", "agency/moh", UnitClosed::TYPE, closed.data());
        said.v = 2;
        peopled(&said)
    }),
    ("a registry event with something hidden", "data-malformed", || {
        let closed = UnitClosed { unit: unit("desk") };
        let mut said = by("moh/root", "agency/moh", UnitClosed::TYPE, closed.data());
        said.disclosed = true;
        peopled(&said)
    }),
    ("ratifying another ledger", "data-malformed", || {
        let mut world = World::empty();
        world.create(&created(&["moh"], 1, Clock::Live))?;
        let other = LedgerRatified { created: Digest([1; 32]) };
        world.say(&by("moh/root", "ledger", LedgerRatified::TYPE, other.data())).map(|_| ())
    }),
    ("something else comes first", "not-ratified", || genesis(&work("moh/cw", "case/a", None))),
    ("work before all have ratified", "not-ratified", || {
        let mut world = World::empty();
        world.create(&created(&["moe", "moh"], 2, Clock::Live))?;
        world.ratify("moh")?;
        world.open("moh", QuorumSet { quorum: 2 }).map(|_| ())
    }),
    ("a service before all have ratified", "not-ratified", || {
        let mut world = World::empty();
        world.create(&created(&["moe", "moh"], 2, Clock::Live))?;
        world.say(&by("ledger/log", "log", "heads.committed", Json::object::<&str>([]))).map(|_| ())
    }),
    ("a founder ratifies twice", "already-ratified", || {
        let mut world = World::empty();
        world.create(&created(&["moe", "moh"], 2, Clock::Live))?;
        world.ratify("moh")?;
        world.ratify("moh").map(|_| ())
    }),
    ("a founder ratifies when all have", "already-ratified", || World::peopled().ratify("moh").map(|_| ())),
    ("a second genesis", "not-a-member", || {
        World::peopled().create(&created(&["x"], 1, Clock::Live)).map(|_| ())
    }),
    ("a member creates the ledger again", "type-not-here", || {
        peopled(&by("moh/root", "ledger", LedgerCreated::TYPE, created(&["x"], 1, Clock::Live).data()))
    }),
    ("case work on the ledger stream", "type-not-here", || peopled(&work("moh/root", "ledger", None))),
    ("case work on an agency's stream", "type-not-here", || peopled(&work("moh/reg", "agency/moh", None))),
    ("a registry event in a case", "type-not-here", || {
        let closed = UnitClosed { unit: unit("desk") };
        peopled(&by("moh/cw", "case/a", UnitClosed::TYPE, closed.data()))
    }),
    ("a unit's calendar in rule-set 1", "type-not-here", || {
        kept(UnitCalendarSet { unit: unit("desk"), calendar: unit("office") })
    }),
    ("a holiday in rule-set 1", "type-not-here", || peopled(&second::holiday("moh/root"))),
    ("the automation acts in rule-set 1", "stream-reserved", || {
        peopled(&work("ledger/automation", "auto/a", None))
    }),
    ("a disclosure is asked for in rule-set 1", "stream-reserved", || {
        peopled(&work("moh/cw", "access/a", None))
    }),
    ("a disclosure is released in rule-set 1", "stream-reserved", || {
        peopled(&work("ledger/access", "access/a", None))
    }),
    ("the log speaks in rule-set 1", "stream-reserved", || peopled(&work("ledger/log", "log", None))),
    ("a registrar approves", "not-a-member", || {
        let approved = ProposalApproved { proposal: Digest([1; 32]) };
        peopled(&by("moh/reg", "ledger", ProposalApproved::TYPE, approved.data()))
    }),
    ("an agency without a vote proposes", "not-a-member", || {
        let mut world = World::peopled();
        world.pass(&["moh", "moe"], admit("ngo", false, None))?;
        world.open("ngo", QuorumSet { quorum: 3 }).map(|_| ())
    }),
    ("approving what nobody proposed", "proposal-unknown", || {
        World::peopled().approve("moh", Digest([1; 32]))
    }),
    ("approving what was enacted", "proposal-closed", || {
        let mut world = World::peopled();
        let proposal = world.pass(&["moh", "moe"], QuorumSet { quorum: 3 })?;
        world.approve("rop", proposal)
    }),
    ("approving what is scheduled", "proposal-closed", || {
        let mut world = World::peopled();
        let proposal = world.pass_at(&["moh", "moe"], QuorumSet { quorum: 3 }, Some(START * 2))?;
        world.approve("rop", proposal)
    }),
    ("approving what became void", "proposal-closed", || {
        let mut world = World::peopled();
        let later = world.received + 60_000;
        let proposal = world.pass_at(&["moh", "moe"], publish(2), Some(later))?;
        world.received = later;
        world.approve("rop", proposal)
    }),
    ("approving twice", "already-approved", || {
        let mut world = World::peopled();
        let proposal = world.open("moh", QuorumSet { quorum: 3 })?;
        world.approve("moh", proposal)?;
        world.approve("moh", proposal)
    }),
    ("one of two founders is enough", "quorum-arithmetic", || {
        found(&created(&["moe", "moh"], 1, Clock::Live))
    }),
    ("three of two founders", "quorum-arithmetic", || found(&created(&["moe", "moh"], 3, Clock::Live))),
    ("a quorum of half", "quorum-arithmetic", || passed(QuorumSet { quorum: 1 })),
    ("a quorum of more than all", "quorum-arithmetic", || passed(QuorumSet { quorum: 4 })),
    ("a fourth member, quorum still two", "quorum-arithmetic", || passed(admit("ngo", true, None))),
    ("a member leaves, quorum of three stays", "quorum-arithmetic", || {
        let mut world = World::peopled();
        world.pass(&["moh", "moe"], QuorumSet { quorum: 3 })?;
        world.pass(&["moh", "moe", "rop"], AgencyRemove { agency: agency("rop"), quorum: None }).map(|_| ())
    }),
    ("merged, quorum of one", "quorum-arithmetic", || {
        passed(AgencyMerge { agency: agency("rop"), into: agency("moh"), quorum: Some(1) })
    }),
    ("the only member leaves", "quorum-arithmetic", || {
        let mut world = World::founded(&["moh"], 1, Clock::Live);
        world.pass(&["moh"], AgencyRemove { agency: agency("moh"), quorum: None }).map(|_| ())
    }),
    ("a document begins with version 2", "version-not-next", || passed(publish(2))),
    ("a version again", "version-not-next", || {
        let mut world = World::peopled();
        world.pass(&["moh", "moe"], publish(1))?;
        world.pass(&["moh", "moe"], publish(1)).map(|_| ())
    }),
    ("rule-set 3", "rules-unknown", || passed(RulesPut { version: 3 })),
    ("genesis under rule-set 3", "rules-unknown", || found(&LedgerCreated { rules: 3, ..ordinary() })),
    ("admitting a member again", "agency-known", || passed(admit("moh", true, Some(3)))),
    ("admitting an agency that left", "agency-known", || {
        let mut world = World::peopled();
        world.pass(&["moh", "moe"], AgencyRemove { agency: agency("rop"), quorum: None })?;
        world.pass(&["moh", "moe"], admit("rop", true, None)).map(|_| ())
    }),
    ("renaming nobody", "agency-unknown", || passed(AgencyRename { agency: agency("ngo"), name: name("N") })),
    ("merging into nobody", "agency-unknown", || {
        passed(AgencyMerge { agency: agency("rop"), into: agency("ngo"), quorum: None })
    }),
    ("granting to an agency that was merged", "agency-unknown", || {
        let mut world = World::peopled();
        world.pass(&["moh", "moe"], merge_rop_into_moh())?;
        world.pass(&["moh", "moe"], GrantsSet { agency: agency("rop"), grants: [].into() }).map(|_| ())
    }),
    ("keeping the registry of nobody", "agency-unknown", || {
        let closed = UnitClosed { unit: unit("desk") };
        peopled(&by("moh/root", "agency/ngo", UnitClosed::TYPE, closed.data()))
    }),
    ("keeping the registry of an agency that left", "agency-unknown", || {
        let mut world = World::peopled();
        world.pass(&["moh", "moe"], AgencyRemove { agency: agency("rop"), quorum: None })?;
        world.keep("moh/root", "agency/rop", UnitClosed { unit: unit("desk") }).map(|_| ())
    }),
    ("referring to nobody", "agency-unknown", || peopled(&work("moh/cw", "case/a", Some("ngo")))),
    ("referring to what is no agency", "agency-unknown", || {
        peopled(&by("moh/cw", "case/a", "note.added", Json::object([("to", "moe".into())])))
    }),
    ("merging into itself", "merge-into-itself", || {
        passed(AgencyMerge { agency: agency("moh"), into: agency("moh"), quorum: None })
    }),
    ("another agency's registrar", "not-registrar", || {
        World::peopled().keep("moe/reg", "agency/moh", UnitClosed { unit: unit("desk") }).map(|_| ())
    }),
    ("another agency's root", "not-registrar", || {
        World::peopled().keep("moe/root", "agency/moh", UnitClosed { unit: unit("desk") }).map(|_| ())
    }),
    ("a case worker keeps the registry", "not-registrar", || {
        World::peopled().keep("moh/cw", "agency/moh", UnitClosed { unit: unit("desk") }).map(|_| ())
    }),
    ("a suspended registrar", "not-registrar", || {
        let mut world = World::peopled();
        world.pass(&["moe", "rop"], RegistrarSuspend { agency: agency("moh"), officer: officer("reg") })?;
        world.keep("moh/reg", "agency/moh", UnitClosed { unit: unit("desk") }).map(|_| ())
    }),
    ("a service of the ledger keeps the registry", "not-registrar", || {
        World::peopled().keep("ledger/log", "agency/moh", UnitClosed { unit: unit("desk") }).map(|_| ())
    }),
    ("an officer revokes a colleague's key", "not-registrar", || {
        let revoked = KeyRevoked { kid: key("moh/reg").public().kid(), reason: reason("lost") };
        World::peopled().keep("moh/cw", "agency/moh", revoked).map(|_| ())
    }),
    ("opening a unit again", "unit-known", || kept(UnitOpened { unit: unit("desk"), name: name("Desk") })),
    ("opening a closed unit again", "unit-known", || {
        let mut world = World::peopled();
        world.keep("moh/reg", "agency/moh", UnitClosed { unit: unit("desk") })?;
        let opened = UnitOpened { unit: unit("desk"), name: name("Desk") };
        world.keep("moh/reg", "agency/moh", opened).map(|_| ())
    }),
    ("renaming no unit", "unit-unknown", || kept(UnitRenamed { unit: unit("ward"), name: name("Ward") })),
    ("closing a closed unit", "unit-unknown", || {
        let mut world = World::peopled();
        world.keep("moh/reg", "agency/moh", UnitClosed { unit: unit("desk") })?;
        world.keep("moh/reg", "agency/moh", UnitClosed { unit: unit("desk") }).map(|_| ())
    }),
    ("moving to no unit", "unit-unknown", || {
        kept(OfficerMoved { officer: officer("cw"), unit: unit("ward") })
    }),
    ("enrolling into no unit", "unit-unknown", || {
        let mut new = enrolled("moh", "new", &[]);
        new.unit = unit("ward");
        kept(new)
    }),
    ("enrolling twice", "officer-known", || kept(enrolled("moh", "cw", &[]))),
    ("enrolling the root", "officer-known", || kept(enrolled("moh", "root", &[]))),
    ("enrolling who left", "officer-known", || {
        let mut world = World::peopled();
        world.keep("moh/reg", "agency/moh", leaves("cw"))?;
        world.keep("moh/reg", "agency/moh", enrolled("moh", "cw", &[])).map(|_| ())
    }),
    ("moving nobody", "officer-unknown", || {
        kept(OfficerMoved { officer: officer("new"), unit: unit("desk") })
    }),
    ("removing who left", "officer-unknown", || {
        let mut world = World::peopled();
        world.keep("moh/reg", "agency/moh", leaves("cw"))?;
        world.keep("moh/reg", "agency/moh", leaves("cw")).map(|_| ())
    }),
    ("suspending nobody", "officer-unknown", || {
        passed(RegistrarSuspend { agency: agency("moh"), officer: officer("new") })
    }),
    ("a key for nobody", "officer-unknown", || {
        let (key, proof) = prove(&key("moh/new"), ORIGIN, &officer_of("moh", "new"));
        kept(KeyAdded { officer: officer("new"), key, proof })
    }),
    ("a colleague's key", "key-known", || {
        let (key, proof) = prove(&key("moh/reg"), ORIGIN, &officer_of("moh", "cw"));
        kept(KeyAdded { officer: officer("cw"), key, proof })
    }),
    ("a key that was revoked", "key-known", || {
        let mut world = World::peopled();
        let lost = KeyRevoked { kid: key("moh/cw").public().kid(), reason: reason("lost") };
        world.keep("moh/reg", "agency/moh", lost)?;
        let (key, proof) = prove(&key("moh/cw"), ORIGIN, &officer_of("moh", "cw"));
        world.keep("moh/reg", "agency/moh", KeyAdded { officer: officer("cw"), key, proof }).map(|_| ())
    }),
    ("the checkpoint key for a service", "key-known", || {
        let (key, proof) = prove(&key("checkpoint"), ORIGIN, &Signer::Service(Service::Log));
        passed(ServiceKeyReplace { service: Service::Log, key, proof })
    }),
    ("an officer's key for the root", "key-known", || {
        let (key, proof) = prove(&key("moh/cw"), ORIGIN, &root("moh"));
        passed(RootKeyReplace { agency: agency("moh"), key, proof })
    }),
    ("one key for two founders", "key-known", || {
        let mut genesis = ordinary();
        genesis.founders.iter_mut().for_each(|founder| founder.root_key = key("same").public().clone());
        found(&genesis)
    }),
    ("the operator's key for checkpoints", "key-known", || {
        found(&LedgerCreated { log_key: key("ledger/operator").public().clone(), ..ordinary() })
    }),
    ("revoking a revoked key", "key-unknown", || {
        let mut world = World::peopled();
        let lost = KeyRevoked { kid: key("moh/cw").public().kid(), reason: reason("lost") };
        world.keep("moh/reg", "agency/moh", lost.clone())?;
        world.keep("moh/reg", "agency/moh", lost).map(|_| ())
    }),
    ("revoking a root key", "key-unknown", || {
        kept(KeyRevoked { kid: key("moh/root").public().kid(), reason: reason("lost") })
    }),
    ("revoking a key of another agency", "key-unknown", || {
        kept(KeyRevoked { kid: key("moe/cw").public().kid(), reason: reason("lost") })
    }),
    ("an unknown key is compromised", "key-unknown", || {
        kept(KeyCompromised { kid: key("moh/new").public().kid(), since: time(START) })
    }),
    ("a proof for another officer", "possession", || {
        let (key, proof) = prove(&key("moh/new"), ORIGIN, &officer_of("moh", "reg"));
        kept(KeyAdded { officer: officer("cw"), key, proof })
    }),
    ("a proof for another ledger", "possession", || {
        let (key, proof) = prove(&key("moh/new"), "other.example", &officer_of("moh", "cw"));
        kept(KeyAdded { officer: officer("cw"), key, proof })
    }),
    ("another key's proof for a root", "possession", || {
        let (_, proof) = prove(&key("moh/new"), ORIGIN, &root("moh"));
        passed(RootKeyReplace { agency: agency("moh"), key: key("moh/newer").public().clone(), proof })
    }),
    ("a service key nobody holds, at genesis", "possession", || {
        let mut genesis = ordinary();
        genesis.services.iter_mut().for_each(|service| service.key = key("other").public().clone());
        found(&genesis)
    }),
    ("an auditor without the grant", "role-not-granted", || {
        let mut world = World::peopled();
        world.pass(&["moe", "rop"], GrantsSet { agency: agency("moh"), grants: [].into() })?;
        let roles = RolesSet { officer: officer("cw"), roles: [Role::Auditor].into() };
        world.keep("moh/reg", "agency/moh", roles).map(|_| ())
    }),
    ("a supervisor without the grant", "role-not-granted", || {
        let mut world = World::peopled();
        world.pass(&["moe", "rop"], GrantsSet { agency: agency("moh"), grants: [Grant::Calendar].into() })?;
        world.enrol("moh", "new", &[Role::Supervisor]).map(|_| ())
    }),
    ("enrolled with a role that is not granted", "role-not-granted", || {
        let mut world = World::peopled();
        world.pass(&["moe", "rop"], GrantsSet { agency: agency("moh"), grants: [].into() })?;
        world.enrol("moh", "new", &[Role::Casework, Role::Registrar]).map(|_| ())
    }),
    ("working when the grant is gone", "role-not-granted", || {
        let mut world = World::peopled();
        world.pass(&["moe", "rop"], GrantsSet { agency: agency("moh"), grants: [].into() })?;
        world.work("moh/cw", "case/a", None).map(|_| ())
    }),
    ("a registrar works on a case", "role-missing", || peopled(&work("moh/reg", "case/a", None))),
    ("a supervisor who is no case worker works on a case", "role-missing", || {
        let mut world = World::peopled();
        world.enrol("moh", "chief", &[Role::Specialist, Role::Supervisor])?;
        world.work("moh/chief", "case/a", None).map(|_| ())
    }),
    ("a root works on a case", "role-missing", || peopled(&work("moh/root", "contact/a", None))),
    ("the automation works on a case", "role-missing", || {
        peopled(&work("ledger/automation", "case/a", None))
    }),
    ("a case worker imports", "role-missing", || {
        let mut world = World::founded(&["moh"], 1, Clock::Imported);
        world.people("moh");
        world.say(&work("moh/cw", "case/a", None).occurred()).map(|_| ())
    }),
    ("importing without a date", "occurred-missing", || {
        let mut world = World::founded(&["moh"], 1, Clock::Imported);
        world.people("moh");
        world.enrol("moh", "imp", &[Role::Importer])?;
        world.work("moh/imp", "case/a", None).map(|_| ())
    }),
    ("writing in a stranger's case", "not-a-party", || {
        let mut world = World::peopled();
        world.work("moh/cw", "case/a", Some("rop"))?;
        world.work("moe/cw", "case/a", None).map(|_| ())
    }),
];

#[test]
fn each_history_ends_in_its_refusal() {
    for (name, code, history) in HISTORIES {
        assert_eq!(history().map_err(|refusal| refusal.code()), Err(*code), "{name}");
    }
}

#[test]
fn every_code_has_a_history() {
    let told: BTreeSet<&str> = HISTORIES.iter().chain(second::HISTORIES).map(|(_, code, _)| *code).collect();
    let known: BTreeSet<&str> = Refusal::examples().iter().map(Refusal::code).collect();
    assert_eq!(told, known);
}

#[test]
fn codes_are_distinct_and_only_one_is_a_fault_of_keys() {
    let examples = Refusal::examples();
    let codes: BTreeSet<&str> = examples.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), examples.len());
    let faults: Vec<&str> =
        examples.iter().filter(|refusal| refusal.is_key_fault()).map(Refusal::code).collect();
    assert_eq!(faults, ["key-not-valid"]);
}

fn peopled(said: &Said) -> Result<(), Refusal> {
    World::peopled().say(said).map(|_| ())
}

fn genesis(said: &Said) -> Result<(), Refusal> {
    World::empty().say(said).map(|_| ())
}

fn found(created: &LedgerCreated) -> Result<(), Refusal> {
    World::empty().create(created).map(|_| ())
}

fn ordinary() -> LedgerCreated {
    created(&["moe", "moh"], 2, Clock::Live)
}

fn passed(action: impl Into<sijill_domain::event::Action>) -> Result<(), Refusal> {
    let mut world = World::peopled();
    let proposal = world.open("moh", action).unwrap();
    world.approve("moh", proposal).unwrap();
    world.approve("moe", proposal)
}

fn kept(event: impl Into<sijill_domain::event::AgencyEvent>) -> Result<(), Refusal> {
    World::peopled().keep("moh/reg", "agency/moh", event).map(|_| ())
}

fn admit(id: &str, member: bool, quorum: Option<u64>) -> AgencyAdmit {
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

fn publish(version: u64) -> DocumentPublish {
    DocumentPublish { kind: DocumentKind::Policy, id: unit("intake"), version, hash: Digest([9; 32]) }
}

fn leaves(who: &str) -> OfficerRemoved {
    OfficerRemoved { officer: officer(who), reason: reason("left") }
}

fn merge_rop_into_moh() -> AgencyMerge {
    AgencyMerge { agency: agency("rop"), into: agency("moh"), quorum: None }
}

/// What `act` is for.
#[test]
fn a_system_names_the_officer_behind_an_act() {
    let mut world = World::peopled();
    let mut system = enrolled("moh", "his", &[Role::Casework]);
    system.kind = OfficerKind::Service;
    world.keep("moh/root", "agency/moh", system).unwrap();
    assert_eq!(code(world.say(&work("moh/his", "case/a", None).acting_for("cw"))), "accepted");
}
