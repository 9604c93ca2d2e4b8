//! Rule-set 2 (`docs/casework.md` §1): a history for everything that it changes, and how it comes into force.

use sijill_domain::event::{
    AgencyMerge, AgencyRemove, AttestedModel, AuditRecorded, AuditStatus, AuditedLevel, AuditedLevels,
    CellValue, Clock, CosignedCheckpoint, CountedFaults, Day, FiguresPublished, Grant, GrantsSet,
    HeadsCommitted, HolidayAnnounced, LedgerCreated, LogWitnessed, ProjectionAttested, ProposalOpened,
    PublishedCell, PublishedFigure, PublishedStock, PublishedTable, Role, RolesSet, RulesPut,
    UnitCalendarSet, UnitClosed, WitnessRule, WitnessesSet,
};
use sijill_domain::{Parties, Position, Refusal, Status};
use sijill_event::{Digest, Json};
use sijill_log::{Checkpoint, CosignatureSigner, Hash, Note, NoteSigner};

use crate::refusals::History;
use crate::support::*;

/// What happens under rule-set 2, and the code of the refusal it ends in.
pub(crate) const HISTORIES: &[(&str, &str, History)] = &[
    ("back to rule-set 1", "rules-unknown", || {
        World::second().pass(&["moh", "moe"], RulesPut { version: 1 }).map(|_| ())
    }),
    // What is attested of read models.
    ("the log speaks of a case", "type-not-here", || tried(&work("ledger/log", "log", None))),
    ("the automation attests", "not-the-service", || tried(&attested("ledger/automation"))),
    ("an agency attests", "not-the-service", || tried(&attested("moh/root"))),
    ("an attestation of what is to come", "data-malformed", || {
        tried(&attest(&ProjectionAttested { size: 1 << 40, ..attestation() }))
    }),
    ("an attestation of no model", "data-malformed", || {
        tried(&attest(&ProjectionAttested { models: Vec::new(), ..attestation() }))
    }),
    ("an attestation of one model twice", "data-malformed", || {
        let ProjectionAttested { mut models, .. } = attestation();
        models.extend(models.clone());
        tried(&attest(&ProjectionAttested { models, ..attestation() }))
    }),
    ("an attestation with a bucket too few", "data-malformed", || {
        let buckets = attestation().buckets[1..].to_vec();
        tried(&attest(&ProjectionAttested { buckets, ..attestation() }))
    }),
    // Who witnesses.
    ("a witness policy under rule-set 1", "data-malformed", || {
        let mut world = World::peopled();
        world.say(&witnesses_set(&two_ministries_and_unicef())).map(|_| ())
    }),
    ("a witness policy with quorums that share no witness", "data-malformed", || {
        tried(&witnesses_set(&two_ministries_and_unicef().replace("all ministries", "any ministries")))
    }),
    ("a witness policy that names a log", "data-malformed", || {
        let log = signer("checkpoint", ORIGIN).verifier().to_string();
        tried(&witnesses_set(&format!("log {log}\n{}", two_ministries_and_unicef())))
    }),
    ("a witness policy that is too long", "data-malformed", || {
        tried(&witnesses_set(&format!("# {}\nquorum none\n", "x".repeat(16_384))))
    }),
    ("a witness policy that is none", "data-malformed", || tried(&witnesses_set("quorum none"))),
    // What is recorded of witnesses.
    ("the automation records witnesses", "not-the-service", || {
        tried(
            &Said { iss: "ledger".into(), sub: "automation".into(), ..witnessed(&|_| ()) }
                .with_key("ledger/automation"),
        )
    }),
    ("cosignatures on a checkpoint that was not seen", "data-malformed", || {
        tried(&witnessed(&|checkpoint| checkpoint.size -= 1))
    }),
    ("cosignatures on another root", "data-malformed", || {
        tried(&witnessed(&|checkpoint| checkpoint.root.0[0] = 1))
    }),
    ("cosignatures on another log's checkpoint", "data-malformed", || {
        tried(&witnessed(&|checkpoint| checkpoint.origin = "other.example".parse().unwrap()))
    }),
    ("a checkpoint that the log did not sign", "data-malformed", || {
        let said = cosigned(&signer("another log", ORIGIN), &checkpoint());
        tried(&by("ledger/log", "log", LogWitnessed::TYPE, said))
    }),
    ("a checkpoint that nobody cosigned", "data-malformed", || {
        let note = checkpoint().sign(&signer("checkpoint", ORIGIN)).unwrap().to_string();
        tried(&by("ledger/log", "log", LogWitnessed::TYPE, Json::object([("checkpoint", Json::from(note))])))
    }),
    ("cosignatures on the ledger's stream", "type-not-here", || {
        tried(&Said {
            stream: "ledger".into(),
            ..by("moh/root", "ledger", LogWitnessed::TYPE, witnessed(&|_| ()).data)
        })
    }),
    ("an attestation on the ledger's stream", "type-not-here", || {
        tried(&Said { stream: "ledger".into(), ..attested("moh/root") })
    }),
    // Where streams ended.
    ("the automation commits heads", "not-the-service", || {
        tried(
            &Said { iss: "ledger".into(), sub: "automation".into(), ..committed(0) }
                .with_key("ledger/automation"),
        )
    }),
    ("heads of a tree that was not seen", "data-malformed", || tried(&committed(1))),
    ("heads of a tree left long ago", "data-malformed", || reached(HeadsCommitted::REACH + 1)),
    ("schema version 2 of heads", "data-malformed", || tried(&Said { v: 2, ..committed(0) })),
    ("heads on the ledger's stream", "type-not-here", || {
        tried(&Said {
            stream: "ledger".into(),
            ..by("moh/root", "ledger", HeadsCommitted::TYPE, committed(0).data)
        })
    }),
    // What an auditor found.
    ("a case worker records an audit", "role-missing", || tried(&audited("moh/cw"))),
    ("the ledger records an audit of itself", "role-missing", || tried(&audited("ledger/log"))),
    ("a root records an audit", "role-missing", || tried(&audited("moh/root"))),
    ("an auditor of an agency that may not audit any more", "role-missing", || {
        let mut world = World::second();
        world.enrol("moh", "aud", &[Role::Auditor])?;
        world.pass(&["moe", "rop"], GrantsSet { agency: agency("moh"), grants: [Grant::Casework].into() })?;
        world.say(&audited("moh/aud")).map(|_| ())
    }),
    ("an auditor attests", "not-the-service", || {
        let mut world = World::second();
        world.enrol("moh", "aud", &[Role::Auditor])?;
        world.say(&attested("moh/aud")).map(|_| ())
    }),
    ("an audit on the ledger's stream", "type-not-here", || {
        tried(&Said { stream: "ledger".into(), ..audited("moh/root") })
    }),
    ("an audit of what is to come", "data-malformed", || {
        recorded(&AuditRecorded { size: 1 << 40, ..verdict() })
    }),
    ("an audit of more entries than there are", "data-malformed", || {
        recorded(&AuditRecorded { entries: Some(3), size: 2, ..verdict() })
    }),
    ("an audit that is clean and has faults", "data-malformed", || {
        let levels = AuditedLevels { authority: clean(), ..verdict().levels };
        recorded(&AuditRecorded { levels, ..verdict() })
    }),
    ("an audit at fault without a fault", "data-malformed", || {
        recorded(&AuditRecorded { faults: Vec::new(), ..verdict() })
    }),
    ("an audit that counts a code twice", "data-malformed", || {
        let faults = vec![verdict().faults[0].clone(), verdict().faults[0].clone()];
        recorded(&AuditRecorded { faults, ..verdict() })
    }),
    ("an audit that ended before it began", "data-malformed", || {
        let AuditRecorded { started, ended, .. } = verdict();
        recorded(&AuditRecorded { started: ended, ended: started, ..verdict() })
    }),
    ("an audit with something hidden", "data-malformed", || {
        let mut world = World::second();
        world.enrol("moh", "aud", &[Role::Auditor])?;
        let mut said = audited("moh/aud");
        said.disclosed = true;
        world.say(&said).map(|_| ())
    }),
    // What is published of a month.
    ("the automation publishes", "not-the-service", || tried(&published("ledger/automation"))),
    ("a publication on the ledger's stream", "type-not-here", || {
        tried(&Said { stream: "ledger".into(), ..published("moh/root") })
    }),
    ("a publication of what is to come", "data-malformed", || {
        tried(&publish(&FiguresPublished { size: 1 << 40, ..publication() }))
    }),
    ("a publication of a month that is not over", "data-malformed", || {
        tried(&publish(&FiguresPublished { month: 999_801, ..publication() }))
    }),
    ("a publication of no month", "data-malformed", || {
        tried(&publish(&FiguresPublished { month: 202_013, ..publication() }))
    }),
    ("a publication of a month before months are counted", "data-malformed", || {
        tried(&publish(&FiguresPublished { month: 196_912, ..publication() }))
    }),
    ("case work on the ledger stream", "type-not-here", || tried(&work("moh/root", "ledger", None))),
    ("case work on an agency's stream", "type-not-here", || tried(&work("moh/reg", "agency/moh", None))),
    ("an unknown key asks for a disclosure", "key-not-valid", || {
        opened(&work("moh/stranger", "access/a", None))
    }),
    ("a person asks on behalf of another", "act-not-allowed", || {
        opened(&work("moh/cw", "access/a", None).acting_for("reg"))
    }),
    ("a service before all have ratified", "not-ratified", || {
        let mut world = World::empty();
        world.create(&LedgerCreated { rules: 2, ..created(&["moe", "moh"], 2, Clock::Live) })?;
        world.ratify("moh")?;
        world.work("ledger/automation", "auto/a", None).map(|_| ())
    }),
    // Calendars and holidays.
    ("another agency's registrar sets hours", "not-registrar", || hours("moe/reg", "agency/moh", "desk")),
    ("hours of no unit", "unit-unknown", || hours("moh/reg", "agency/moh", "ward")),
    ("hours of a closed unit", "unit-unknown", || {
        let mut world = World::second();
        world.keep("moh/reg", "agency/moh", UnitClosed { unit: unit("desk") })?;
        world.keep("moh/reg", "agency/moh", calendar("desk")).map(|_| ())
    }),
    ("hours in the registry of nobody", "agency-unknown", || hours("moh/root", "agency/ngo", "desk")),
    ("hours in the registry of an agency that left", "agency-unknown", || {
        let mut world = World::second();
        world.pass(&["moh", "moe"], AgencyRemove { agency: agency("rop"), quorum: None })?;
        world.keep("moh/root", "agency/rop", calendar("desk")).map(|_| ())
    }),
    ("schema version 2 of hours", "data-malformed", || {
        let mut said = by("moh/reg", "agency/moh", UnitCalendarSet::TYPE, calendar("desk").data());
        said.v = 2;
        tried(&said)
    }),
    ("a holiday announced by a registrar", "grant-missing", || tried(&holiday("moh/reg"))),
    ("a holiday announced by a service", "grant-missing", || tried(&holiday("ledger/automation"))),
    ("a holiday announced without the grant", "grant-missing", || {
        let mut world = World::second();
        let grants = [Grant::Audit, Grant::Casework].into();
        world.pass(&["moe", "rop"], GrantsSet { agency: agency("moh"), grants })?;
        world.say(&holiday("moh/root")).map(|_| ())
    }),
    ("a holiday announced by an agency that was merged", "key-not-valid", || {
        let mut world = World::second();
        world.pass(&["moh", "moe"], merge_rop_into_moh())?;
        world.say(&holiday("rop/root")).map(|_| ())
    }),
    ("a holiday that ends before it begins", "data-malformed", || {
        let days = HolidayAnnounced { to: Day::parse("2026-03-18").unwrap(), ..eid() };
        tried(&by("moh/root", "ledger", HolidayAnnounced::TYPE, days.data()))
    }),
    ("a holiday with something hidden", "data-malformed", || {
        let mut said = holiday("moh/root");
        said.disclosed = true;
        tried(&said)
    }),
    ("a holiday on an agency's stream", "type-not-here", || {
        tried(&by("moh/root", "agency/moh", HolidayAnnounced::TYPE, eid().data()))
    }),
    // The automation.
    ("a case worker writes for the automation", "not-the-service", || {
        opened(&work("moh/cw", "auto/a", None))
    }),
    ("another service writes for the automation", "not-the-service", || {
        opened(&work("ledger/access", "auto/a", None))
    }),
    ("the automation acts where no case is", "case-unknown", || {
        opened(&work("ledger/automation", "auto/b", None))
    }),
    ("the automation acts in a contact", "case-unknown", || {
        let mut world = World::second();
        world.work("moh/cw", "contact/b", None)?;
        world.work("ledger/automation", "auto/b", None).map(|_| ())
    }),
    ("the automation acts in a case that only refused events tried to open", "case-unknown", || {
        let mut world = World::second();
        assert_eq!(code(world.work("moh/reg", "case/b", None)), "role-missing");
        world.work("ledger/automation", "auto/b", None).map(|_| ())
    }),
    ("the automation refers to nobody", "agency-unknown", || {
        opened(&work("ledger/automation", "auto/a", Some("ngo")))
    }),
    ("a case worker refers to an agency that left", "agency-unknown", || {
        let mut world = World::second();
        world.work("moh/cw", "case/a", None)?;
        world.pass(&["moh", "moe"], AgencyRemove { agency: agency("rop"), quorum: None })?;
        world.work("moh/cw", "case/a", Some("rop")).map(|_| ())
    }),
    ("the automation addresses what is no address", "agency-unknown", || {
        let mut world = World::second();
        world.work("moh/cw", "case/a", None)?;
        let to = Json::object([("to", Json::from("rop"))]);
        world.say(&by("ledger/automation", "auto/a", "note.added", to)).map(|_| ())
    }),
    // Disclosures.
    ("a registrar asks for a disclosure", "role-missing", || opened(&work("moh/reg", "access/a", None))),
    ("a root asks for a disclosure", "role-missing", || opened(&work("moh/root", "access/a", None))),
    ("the automation releases a disclosure", "role-missing", || {
        opened(&work("ledger/automation", "access/a", None))
    }),
    ("an auditor whose agency lost the grant asks", "role-missing", || {
        let mut world = World::second();
        world.work("moh/cw", "case/a", None)?;
        world.enrol("moe", "aud", &[Role::Auditor])?;
        let grants = [Grant::Casework].into();
        world.pass(&["moh", "rop"], GrantsSet { agency: agency("moe"), grants })?;
        world.work("moe/aud", "access/a", None).map(|_| ())
    }),
    ("a disclosure of nothing is asked for", "case-unknown", || opened(&work("moh/cw", "access/b", None))),
    ("a disclosure of nothing is released", "case-unknown", || {
        opened(&work("ledger/access", "access/b", None))
    }),
    // Cases: as before, and the members of a conference.
    ("a stranger's case", "not-a-party", || opened(&work("moe/cw", "case/a", None))),
    ("who asked for a disclosure is no party by that", "not-a-party", || {
        let mut world = World::second();
        world.work("moh/cw", "case/a", None)?;
        world.work("moe/cw", "access/a", Some("moe"))?;
        world.work("moe/cw", "case/a", None).map(|_| ())
    }),
    ("a party to the contact is none to the case", "not-a-party", || {
        let mut world = World::second();
        world.work("moe/cw", "contact/a", None)?;
        world.work("moh/cw", "case/a", None)?;
        world.work("moe/cw", "case/a", None).map(|_| ())
    }),
    ("a conference with nobody", "agency-unknown", || {
        tried(&conference(["moe", "ngo"].map(Json::from).into()))
    }),
    ("a conference with what is no agency", "agency-unknown", || tried(&conference(vec![Json::Integer(1)]))),
    ("a conference with what is no list", "agency-unknown", || {
        tried(&by("moh/cw", "case/a", "conference.scheduled", Json::object([("members", "moe".into())])))
    }),
    ("a conference with an agency that left", "agency-unknown", || {
        let mut world = World::second();
        world.pass(&["moh", "moe"], AgencyRemove { agency: agency("rop"), quorum: None })?;
        world.say(&conference(vec!["rop".into()])).map(|_| ())
    }),
];

#[test]
fn each_history_under_rule_set_2_ends_in_its_refusal() {
    for (name, code, history) in HISTORIES {
        assert_eq!(history().map_err(|refusal| refusal.code()), Err(*code), "{name}");
    }
}

fn tried(said: &Said) -> Result<(), Refusal> {
    World::second().say(said).map(|_| ())
}

/// After `moh` opened `case/a`.
fn opened(said: &Said) -> Result<(), Refusal> {
    let mut world = World::second();
    world.work("moh/cw", "case/a", None).unwrap();
    world.say(said).map(|_| ())
}

fn calendar(id: &str) -> UnitCalendarSet {
    UnitCalendarSet { unit: unit(id), calendar: unit("office") }
}

fn hours(who: &str, stream: &str, unit: &str) -> Result<(), Refusal> {
    World::second().keep(who, stream, calendar(unit)).map(|_| ())
}

fn eid() -> HolidayAnnounced {
    let day = |text| Day::parse(text).unwrap();
    HolidayAnnounced {
        calendar: unit("oman"),
        from: day("2026-03-19"),
        to: day("2026-03-22"),
        name: name("Eid"),
    }
}

fn attestation() -> ProjectionAttested {
    let model = |name, gaps| AttestedModel { name: unit(name), version: 1, root: Digest([3; 32]), gaps };
    ProjectionAttested {
        size: 1,
        models: vec![model("indicators", None), model("cases", Some(2))],
        buckets: vec![Digest([4; 32]); ProjectionAttested::BUCKETS],
    }
}

fn attest(said: &ProjectionAttested) -> Said {
    by("ledger/log", "log", ProjectionAttested::TYPE, said.data())
}

pub(crate) fn attested(who: &str) -> Said {
    by(who, "log", ProjectionAttested::TYPE, attestation().data())
}

/// The checkpoint that the next event of [`World::second`] sees.
fn checkpoint() -> Checkpoint {
    let size = World::second().next().index;
    Checkpoint { origin: ORIGIN.parse().unwrap(), size, root: Hash([0; 32]) }
}

fn signer(seed: &str, name: &str) -> NoteSigner {
    NoteSigner::new(name.parse().unwrap(), &key(seed).seed())
}

/// The data of a record, signed by this log and cosigned.
fn cosigned(log: &NoteSigner, checkpoint: &Checkpoint) -> Json {
    let text = checkpoint.to_string();
    let mut note = Note::new(text, log.sign(&checkpoint.to_string())).unwrap();
    let witness = CosignatureSigner::new("witness.example".parse().unwrap(), &[8; 32]);
    note.add(witness.cosign(checkpoint, START / 1_000).unwrap()).unwrap();
    LogWitnessed { checkpoint: CosignedCheckpoint::new(note).unwrap() }.data()
}

pub(crate) fn witnessed(change: &dyn Fn(&mut Checkpoint)) -> Said {
    let mut checkpoint = checkpoint();
    change(&mut checkpoint);
    by("ledger/log", "log", LogWitnessed::TYPE, cosigned(&signer("checkpoint", ORIGIN), &checkpoint))
}

/// Heads of so many entries fewer than the event sees.
pub(crate) fn committed(fewer: u64) -> Said {
    let size = World::second().next().index - fewer;
    let said = HeadsCommitted { size, streams: Digest([5; 32]), keys: Digest([6; 32]) };
    by("ledger/log", "log", HeadsCommitted::TYPE, said.data())
}

/// Heads that are appended so many entries after the tree they are about.
fn reached(entries: u64) -> Result<(), Refusal> {
    let world = World::second();
    let Position { index, received } = world.next();
    let at = Position { index: index + entries, received };
    world.registry.decide(at, &world.sign(&committed(0)), &Parties::new()).map(|_| ())
}

#[test]
fn heads_are_committed() {
    assert_eq!(tried(&committed(0)), Ok(()));
    assert_eq!(reached(HeadsCommitted::REACH), Ok(()));
}

pub(crate) fn two_ministries_and_unicef() -> String {
    let witness = |name: &&str| {
        let seed = key(&format!("witness {name}")).seed();
        let key = CosignatureSigner::new(format!("{name}.example").parse().unwrap(), &seed);
        format!("witness {name} {} https://{name}.example\n", key.verifier())
    };
    let witnesses: Vec<String> = ["moe", "moh", "mosd", "unicef"].iter().map(witness).collect();
    witnesses.concat() + "group ministries 2 moe moh mosd\ngroup both all ministries unicef\nquorum both\n"
}

fn witnesses_set(policy: &str) -> Said {
    let action = Json::object([("do", Json::from("witnesses.set")), ("policy", Json::from(policy))]);
    by("moh/root", "ledger", ProposalOpened::TYPE, Json::object([("action", action)]))
}

#[test]
fn the_members_decide_who_witnesses() {
    let mut world = World::second();
    assert_eq!(world.registry.witnesses(), None);
    let set = |text: &str| WitnessesSet { policy: WitnessRule::parse(text).unwrap() };
    let opened = world.open("moh", set(&two_ministries_and_unicef())).unwrap();
    world.approve("moh", opened).unwrap();
    assert_eq!(world.registry.witnesses(), None, "one of three");
    world.approve("rop", opened).unwrap();
    let policy = world.registry.witnesses().expect("decided");
    assert_eq!(policy.to_string(), two_ministries_and_unicef());
    let shown = serde_json::to_value(&world.registry).unwrap();
    assert_eq!(shown["witnesses"], two_ministries_and_unicef());
    world.pass(&["moh", "moe"], set("quorum none\n")).unwrap();
    assert_eq!(world.registry.witnesses(), None);
}

#[test]
fn what_witnesses_cosigned_is_recorded() {
    assert_eq!(tried(&witnessed(&|_| ())), Ok(()));
}

pub(crate) fn audited(who: &str) -> Said {
    by(who, "log", AuditRecorded::TYPE, verdict().data())
}

fn clean() -> AuditedLevel {
    AuditedLevel { status: AuditStatus::Clean, checked: Some(1), unchecked: None }
}

/// One fault, at authority level.
fn verdict() -> AuditRecorded {
    AuditRecorded {
        size: 1,
        root: Digest([7; 32]),
        entries: Some(1),
        anchored: true,
        levels: AuditedLevels {
            integrity: clean(),
            authority: AuditedLevel { status: AuditStatus::Faults, checked: Some(1), unchecked: None },
            rules: AuditedLevel { status: AuditStatus::Partial, checked: None, unchecked: Some(1) },
            figures: AuditedLevel { status: AuditStatus::NotRun, checked: None, unchecked: Some(1) },
        },
        faults: vec![CountedFaults { code: unit("key-not-valid"), count: 1 }],
        tool: unit("sijill"),
        version: officer("0.1.0"),
        started: time(START),
        ended: time(START + 1_000),
    }
}

/// An auditor puts it on record.
fn recorded(found: &AuditRecorded) -> Result<(), Refusal> {
    let mut world = World::second();
    world.enrol("moh", "aud", &[Role::Auditor])?;
    world.say(&by("moh/aud", "log", AuditRecorded::TYPE, found.data())).map(|_| ())
}

fn publication() -> FiguresPublished {
    let cell = |value: &str, n| PublishedCell { value: CellValue::of(value).unwrap(), n };
    let table = |by, cells| PublishedTable { by: unit(by), cells };
    let cells = vec![cell("", None), cell("OM-MA", Some(57)), cell("OM-WU", None)];
    FiguresPublished {
        month: 202_001,
        size: 1,
        version: 1,
        figures: vec![
            PublishedFigure {
                indicator: unit("cases-begun"),
                total: Some(70),
                tables: vec![table("governorate", Some(cells)), table("risk", None)],
            },
            PublishedFigure { indicator: unit("cases-closed"), total: None, tables: Vec::new() },
        ],
        stocks: vec![
            PublishedStock { indicator: unit("cases-open"), least: Some(120) },
            PublishedStock { indicator: unit("referrals-open"), least: None },
        ],
    }
}

fn publish(said: &FiguresPublished) -> Said {
    by("ledger/log", "log", FiguresPublished::TYPE, said.data())
}

pub(crate) fn published(who: &str) -> Said {
    by(who, "log", FiguresPublished::TYPE, publication().data())
}

#[test]
fn a_month_is_published_when_it_is_over_in_oman() {
    let ends = |month| FiguresPublished { month, ..publication() }.ends_ms();
    assert_eq!(ends(202_601), Some(1_769_889_600_000));
    assert_eq!(ends(202_512), Some(1_767_211_200_000));
    assert_eq!([0, 13, 202_600, 202_613, 196_912, 999_901, u64::MAX].map(ends), [None; 7]);
    assert!(tried(&published("ledger/log")).is_ok());
}

pub(crate) fn holiday(who: &str) -> Said {
    by(who, "ledger", HolidayAnnounced::TYPE, eid().data())
}

fn conference(members: Vec<Json>) -> Said {
    by("moh/cw", "case/a", "conference.scheduled", Json::object([("members", Json::Array(members))]))
}

fn merge_rop_into_moh() -> AgencyMerge {
    AgencyMerge { agency: agency("rop"), into: agency("moh"), quorum: None }
}

#[test]
fn rule_set_2_comes_by_proposal_and_stays() {
    let mut world = World::peopled();
    let hours = by("moh/reg", "agency/moh", UnitCalendarSet::TYPE, calendar("desk").data());
    assert_eq!(code(world.say(&hours)), "type-not-here");
    let back = world.open("moh", RulesPut { version: 1 }).unwrap();
    let last = world.next().index + 2;
    world.pass(&["moh", "moe"], RulesPut { version: 2 }).unwrap();
    assert_eq!(world.registry.rules(), Some(2));
    assert_eq!(code(world.say(&hours)), "accepted");
    // An earlier proposal, and one that comes to no change.
    world.approve("moh", back).unwrap();
    assert_eq!(code(world.approve("moe", back)), "rules-unknown");
    world.pass(&["moh", "moe"], RulesPut { version: 2 }).unwrap();
    assert_eq!(world.registry.rules(), Some(2));
    let at = [0, 1, last, last + 1, u64::MAX].map(|index| world.registry.rules_at(index));
    assert_eq!(at, [Some(1), Some(1), Some(1), Some(2), Some(2)]);
}

#[test]
fn a_scheduled_return_to_rule_set_1_is_void() {
    let mut world = World::peopled();
    let noon = world.received + 3_600_000;
    let back = world.pass_at(&["moh", "moe"], RulesPut { version: 1 }, Some(noon + 1)).unwrap();
    world.pass_at(&["moh", "moe"], RulesPut { version: 2 }, Some(noon)).unwrap();
    assert_eq!(code(world.work("moh/cw", "access/a", None)), "stream-reserved");
    world.received = noon + 1;
    let first = world.next().index;
    assert_eq!(code(world.work("moh/cw", "access/a", None)), "case-unknown");
    assert_eq!(
        world.registry.proposals()[&back].status,
        Status::Void { index: first - 1, code: "rules-unknown" }
    );
    assert_eq!([first - 1, first].map(|index| world.registry.rules_at(index)), [Some(1), Some(2)]);
}

#[test]
fn a_ledger_begins_under_rule_set_2() {
    let mut world = World::empty();
    assert_eq!(world.registry.rules_at(0), None);
    world.create(&LedgerCreated { rules: 2, ..created(&["moh"], 1, Clock::Live) }).unwrap();
    world.ratify("moh").unwrap();
    world.people("moh");
    assert_eq!([0, 1].map(|index| world.registry.rules_at(index)), [Some(2), Some(2)]);
    assert_eq!(code(world.keep("moh/reg", "agency/moh", calendar("desk"))), "accepted");
}

#[test]
fn working_hours_and_holidays_are_kept() {
    let mut world = World::second();
    assert_eq!(world.registry.agency("rop").unwrap().units["desk"].calendar, None);
    world.keep("rop/reg", "agency/rop", calendar("desk")).unwrap();
    assert_eq!(world.registry.agency("rop").unwrap().units["desk"].calendar, Some(unit("office")));
    // After a merger the successor's registrar keeps them too.
    world.pass(&["moh", "moe"], merge_rop_into_moh()).unwrap();
    assert_eq!(code(world.keep("moh/reg", "agency/rop", calendar("desk"))), "accepted");

    let at = world.next();
    world.say(&holiday("moh/root")).unwrap();
    // An agency without a vote announces as well.
    world.pass(&["moh", "moe"], crate::governance::admit("ngo", false, None)).unwrap();
    world.say(&holiday("ngo/root")).unwrap();
    let announced = world.registry.announced();
    assert_eq!(announced.iter().map(|one| one.by.as_str()).collect::<Vec<_>>(), ["moh", "ngo"]);
    assert_eq!(
        (announced[0].index, announced[0].since, &announced[0].holiday),
        (at.index, at.received, &eid())
    );
}

#[test]
fn a_case_has_one_set_of_parties() {
    let mut world = World::second();
    world.work("moh/cw", "case/a", None).unwrap();
    assert_eq!(code(world.work("ledger/automation", "auto/a", Some("moe"))), "accepted");
    assert_eq!(
        world.parties["case/a"].to_string(),
        "moe,moh",
        "the automation addressed moe, and is no party"
    );
    assert_eq!(code(world.work("moe/cw", "case/a", None)), "accepted");
    // Who asks need be no party; nor does asking, or an answer, make one.
    assert_eq!(code(world.work("rop/cw", "access/a", Some("rop"))), "accepted");
    assert_eq!(code(world.work("ledger/access", "access/a", Some("rop"))), "accepted");
    assert_eq!(world.parties["case/a"].to_string(), "moe,moh");
    assert!(!world.parties.contains_key("auto/a"));
}

#[test]
fn the_automation_goes_on_where_an_agency_left() {
    let mut world = World::second();
    world.work("moh/cw", "case/a", None).unwrap();
    world.pass(&["moh", "moe"], AgencyRemove { agency: agency("rop"), quorum: None }).unwrap();
    assert_eq!(code(world.work("ledger/automation", "auto/a", Some("rop"))), "accepted");
    assert_eq!(world.parties["case/a"].to_string(), "moh", "an agency that left becomes no party");
    // The owner itself leaves.
    world.pass(&["moh", "moe"], AgencyRemove { agency: agency("moh"), quorum: Some(1) }).unwrap();
    assert_eq!(code(world.work("ledger/automation", "auto/a", Some("moh"))), "accepted");
}

#[test]
fn disclosures_are_asked_for_in_contacts_and_by_auditors() {
    let mut world = World::second();
    world.work("moh/cw", "contact/a", None).unwrap();
    world.enrol("rop", "aud", &[Role::Auditor]).unwrap();
    for who in ["moh/cw", "rop/aud", "ledger/access"] {
        assert_eq!(code(world.work(who, "access/a", None)), "accepted", "{who}");
    }
    assert_eq!(world.parties["contact/a"].to_string(), "moh");
}

#[test]
fn the_members_of_a_conference_become_parties() {
    let mut world = World::second();
    world.say(&conference(vec!["moe".into(), "rop".into(), "moe".into()])).unwrap();
    assert_eq!(world.parties["case/a"].to_string(), "moe,moh,rop");
    assert_eq!(code(world.work("rop/cw", "case/a", None)), "accepted");
    // In rule-set 1 the word means nothing.
    let mut world = World::peopled();
    world.say(&conference(vec![Json::Integer(1), "moe".into()])).unwrap();
    assert_eq!(world.parties["case/a"].to_string(), "moh");
}

#[test]
fn specialists_and_supervisors_are_case_workers_with_more() {
    let mut world = World::second();
    world.enrol("moh", "chief", &[Role::Casework, Role::Specialist, Role::Supervisor]).unwrap();
    assert_eq!(code(world.work("moh/chief", "case/a", None)), "accepted");
    let kid = key("moh/chief").public().kid();
    assert!([Role::Specialist, Role::Supervisor].iter().all(|role| world.registry.may_use(&kid, *role)));
    world
        .keep("moh/reg", "agency/moh", RolesSet { officer: officer("chief"), roles: [Role::Casework].into() })
        .unwrap();
    assert!(![Role::Specialist, Role::Supervisor].iter().any(|role| world.registry.may_use(&kid, *role)));
}

#[test]
fn the_log_attests_what_its_read_models_said() {
    let mut world = World::second();
    assert_eq!(code(world.say(&attested("ledger/log"))), "accepted");
    let mut first = World::peopled();
    assert_eq!(code(first.say(&attested("ledger/log"))), "stream-reserved");
}

#[test]
fn an_auditor_puts_what_it_found_on_record() {
    let mut world = World::second();
    world.enrol("moh", "aud", &[Role::Auditor]).unwrap();
    assert_eq!(code(world.say(&audited("moh/aud"))), "accepted");
    let mut first = World::peopled();
    first.enrol("moh", "aud", &[Role::Auditor]).unwrap();
    assert_eq!(code(first.say(&audited("moh/aud"))), "stream-reserved");
}
