//! The shapes of registry events: each reads what it writes, and nothing more or less.

use sijill_domain::Refusal;
use sijill_domain::Signer;
use sijill_domain::event::{
    Action, AgencyEvent, AgencyMerge, AgencyRemove, AgencyRename, AuditRecorded, CertificateGranted, Clock,
    Day, DocumentKind, DocumentPublish, FiguresPublished, GrantsSet, HeadsCommitted, HolidayAnnounced,
    KeyAdded, KeyCompromised, KeyRevoked, LedgerCreated, LedgerRatified, LogWitnessed, Name, OfficerMoved,
    OfficerRemoved, ProjectionAttested, ProposalApproved, ProposalOpened, QuorumSet, RegistrarReinstate,
    RegistrarSuspend, Role, RolesSet, RootKeyReplace, RulesPut, Service, ServiceKeyReplace, UnitCalendarSet,
    UnitClosed, UnitOpened, UnitRenamed, WitnessRule, WitnessesSet, prove,
};
use sijill_event::{Digest, Json, parse_json};

use crate::governance::admit;
use crate::second;
use crate::support::*;

fn actions() -> Vec<Action> {
    let (moh, reg) = (agency("moh"), officer("reg"));
    let (root_key, root_proof) = prove(&key("moh/root2"), ORIGIN, &root("moh"));
    let (log_key, log_proof) = prove(&key("log2"), ORIGIN, &Signer::Service(Service::Log));
    vec![
        admit("ngo", true, Some(3)).into(),
        AgencyRemove { agency: moh.clone(), quorum: Some(2) }.into(),
        AgencyRename { agency: moh.clone(), name: name("Health") }.into(),
        AgencyMerge { agency: moh.clone(), into: agency("moe"), quorum: Some(2) }.into(),
        GrantsSet { agency: moh.clone(), grants: ALL_GRANTS.into() }.into(),
        RootKeyReplace { agency: moh.clone(), key: root_key, proof: root_proof }.into(),
        ServiceKeyReplace { service: Service::Log, key: log_key, proof: log_proof }.into(),
        RegistrarSuspend { agency: moh.clone(), officer: reg.clone() }.into(),
        RegistrarReinstate { agency: moh, officer: reg }.into(),
        DocumentPublish {
            kind: DocumentKind::CodeList,
            id: unit("concern"),
            version: 7,
            hash: Digest([3; 32]),
        }
        .into(),
        QuorumSet { quorum: 4 }.into(),
        RulesPut { version: 1 }.into(),
        WitnessesSet { policy: WitnessRule::parse(&second::two_ministries_and_unicef()).unwrap() }.into(),
    ]
}

fn agency_events() -> Vec<AgencyEvent> {
    let (cw, desk) = (officer("cw"), unit("desk"));
    let (new, proof) = prove(&key("moh/cw2"), ORIGIN, &officer_of("moh", "cw"));
    let kid = new.kid();
    vec![
        UnitOpened { unit: desk.clone(), name: name("Desk") }.into(),
        UnitRenamed { unit: desk.clone(), name: name("Ward") }.into(),
        UnitClosed { unit: desk.clone() }.into(),
        UnitCalendarSet { unit: desk.clone(), calendar: unit("office") }.into(),
        enrolled("moh", "cw", &[Role::Casework, Role::Registrar]).into(),
        OfficerMoved { officer: cw.clone(), unit: desk }.into(),
        OfficerRemoved { officer: cw.clone(), reason: reason("left") }.into(),
        RolesSet { officer: cw.clone(), roles: [].into() }.into(),
        CertificateGranted { officer: cw.clone(), certificate: unit("basic"), expires: time(START) }.into(),
        KeyAdded { officer: cw, key: new, proof }.into(),
        KeyRevoked { kid, reason: reason("lost") }.into(),
        KeyCompromised { kid, since: time(START) }.into(),
    ]
}

/// Reads `data` as the type, and writes what was read.
fn reread(kind: &str, data: &Json) -> Result<Json, Refusal> {
    match kind {
        LedgerCreated::TYPE => LedgerCreated::parse(data).map(|event| event.data()),
        LedgerRatified::TYPE => LedgerRatified::parse(data).map(|event| event.data()),
        ProposalOpened::TYPE => ProposalOpened::parse(data).map(|event| event.data()),
        ProposalApproved::TYPE => ProposalApproved::parse(data).map(|event| event.data()),
        HolidayAnnounced::TYPE => HolidayAnnounced::parse(data).map(|event| event.data()),
        ProjectionAttested::TYPE => ProjectionAttested::parse(data).map(|event| event.data()),
        HeadsCommitted::TYPE => HeadsCommitted::parse(data).map(|event| event.data()),
        LogWitnessed::TYPE => LogWitnessed::parse(data).map(|event| event.data()),
        AuditRecorded::TYPE => AuditRecorded::parse(data).map(|event| event.data()),
        FiguresPublished::TYPE => FiguresPublished::parse(data).map(|event| event.data()),
        _ => AgencyEvent::parse(kind, data).unwrap().map(|event| event.data()),
    }
}

fn examples() -> Vec<(&'static str, Json)> {
    let mut examples = vec![
        (LedgerCreated::TYPE, created(&["moe", "moh"], 2, Clock::Simulated).data()),
        (LedgerRatified::TYPE, LedgerRatified { created: Digest([1; 32]) }.data()),
        (ProposalApproved::TYPE, ProposalApproved { proposal: Digest([1; 32]) }.data()),
        (HolidayAnnounced::TYPE, second::holiday("moh/root").data),
        (ProjectionAttested::TYPE, second::attested("ledger/log").data),
        (HeadsCommitted::TYPE, second::committed(0).data),
        (LogWitnessed::TYPE, second::witnessed(&|_| ()).data),
        (AuditRecorded::TYPE, second::audited("moh/aud").data),
        (FiguresPublished::TYPE, second::published("ledger/log").data),
    ];
    examples.extend(agency_events().iter().map(|event| (event.event_type(), event.data())));
    let opened = |action| ProposalOpened { action, effective: Some(time(START)) }.data();
    examples.extend(actions().into_iter().map(|action| (ProposalOpened::TYPE, opened(action))));
    examples
}

#[test]
fn every_type_and_action_is_among_the_examples() {
    let kinds: Vec<_> = agency_events().iter().map(AgencyEvent::event_type).collect();
    assert_eq!(kinds, AgencyEvent::TYPES);
    assert_eq!(actions().iter().map(Action::word).collect::<Vec<_>>(), Action::WORDS);
}

#[test]
fn each_reads_what_it_writes() {
    for (kind, data) in examples() {
        assert_eq!(reread(kind, &data), Ok(data.clone()), "{kind}");
        let text = parse_json(data.to_string().as_bytes()).unwrap();
        assert_eq!(text, data, "{kind}");
    }
}

/// Every value in `json`, replaced in turn by `with`; objects of keys and names included.
fn with_each_value(json: &Json, with: &dyn Fn(&Json) -> Option<Json>) -> Vec<Json> {
    let mut variants: Vec<Json> = with(json).into_iter().collect();
    match json {
        Json::Object(members) => {
            for (i, (name, value)) in members.iter().enumerate() {
                for variant in with_each_value(value, with) {
                    let mut members = members.clone();
                    members[i] = (name.clone(), variant);
                    variants.push(Json::Object(members));
                }
            }
        }
        Json::Array(elements) => {
            for (i, value) in elements.iter().enumerate() {
                for variant in with_each_value(value, with) {
                    let mut elements = elements.clone();
                    elements[i] = variant;
                    variants.push(Json::Array(elements));
                }
            }
        }
        _ => {}
    }
    variants
}

fn refuses_all(change: &dyn Fn(&Json) -> Option<Json>, what: &str) {
    for (kind, data) in examples() {
        let variants = with_each_value(&data, change);
        for variant in variants {
            let verdict = reread(kind, &variant);
            assert_eq!(code(verdict), "data-malformed", "{kind}, {what}: {variant}");
        }
    }
}

#[test]
fn nothing_takes_null_or_a_value_of_another_kind() {
    refuses_all(&|_| Some(Json::Null), "null");
    refuses_all(&|value| (!value.is_null()).then(|| Json::Array(vec![value.clone()])), "wrapped");
    let as_array = |value: &Json| {
        let values = value.as_object()?.iter().map(|(_, value)| value.clone()).collect();
        Some(Json::Array(values))
    };
    refuses_all(&as_array, "an array for an object");
    refuses_all(&|value| value.as_bool().map(|_| Json::Integer(1)), "a number for a truth value");
    refuses_all(&|value| value.as_i64().map(|number| number.to_string().into()), "text for a number");
}

#[test]
fn numbers_count_from_one() {
    refuses_all(&|value| value.as_i64().map(|_| Json::Integer(0)), "0");
    refuses_all(&|value| value.as_i64().map(|number| Json::Integer(-number)), "negative");
}

#[test]
fn text_that_is_longer_or_empty_is_no_id_key_or_code() {
    refuses_all(&|value| value.as_str().map(|_| "".into()), "empty");
    refuses_all(&|value| value.as_str().map(|_| "A b!".repeat(60).into()), "long");
}

#[test]
fn unknown_members_are_refused_at_every_level() {
    let more = |value: &Json| {
        let mut members = value.as_object()?.to_vec();
        members.push(("more".to_owned(), "x".into()));
        Some(Json::Object(members))
    };
    refuses_all(&more, "one member more");
}

#[test]
fn missing_members_are_refused_unless_optional() {
    for (kind, data) in examples() {
        let names: Vec<String> = data.as_object().unwrap().iter().map(|(name, _)| name.clone()).collect();
        for name in names {
            let less = Json::Object(
                data.as_object().unwrap().iter().filter(|(other, _)| *other != name).cloned().collect(),
            );
            let expected =
                if ["effective", "entries"].contains(&name.as_str()) { "accepted" } else { "data-malformed" };
            assert_eq!(code(reread(kind, &less)), expected, "{kind} without {name}");
        }
    }
    for action in actions() {
        let data = ProposalOpened { action, effective: None }.data();
        let members = data.get("action").unwrap().as_object().unwrap();
        for (name, _) in members {
            let less: Vec<_> = members.iter().filter(|(other, _)| other != name).cloned().collect();
            let data = Json::object([("action", Json::Object(less))]);
            let optional = name == "quorum" && members.len() > 2;
            let expected = if optional { "accepted" } else { "data-malformed" };
            assert_eq!(code(reread(ProposalOpened::TYPE, &data)), expected, "{data} without {name}");
        }
    }
}

#[test]
fn sets_have_one_spelling() {
    for roles in
        [r#"["registrar","casework"]"#, r#"["casework","casework"]"#, r#"["chief"]"#, r#"["Casework"]"#]
    {
        let data = parse_json(format!(r#"{{"officer":"cw","roles":{roles}}}"#).as_bytes()).unwrap();
        assert_eq!(code(RolesSet::parse(&data)), "data-malformed", "{roles}");
    }
}

#[test]
fn days_are_days() {
    assert_eq!(Day::parse("2028-02-29").map(|day| day.to_string()), Some("2028-02-29".to_owned()));
    for text in
        ["2026-02-29", "2026-2-28", "2026-02-28Z", "2026-02-2٨", "0000-01-01", "28-02-2026", " 026-02-28"]
    {
        assert_eq!(Day::parse(text), None, "{text}");
    }
}

#[test]
fn names_have_one_to_two_hundred_characters() {
    assert!(Name::new(&"ع".repeat(200), &"x".repeat(200)).is_some());
    assert!(Name::new(&"ع".repeat(201), "x").is_none());
    assert!(Name::new("ع", "").is_none());
}
