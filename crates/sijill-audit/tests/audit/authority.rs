//! Faults at authority level: who signed what it was not allowed to.

use sijill_audit::FaultCode;
use sijill_audit::{Options, Trust};
use sijill_domain::event::{
    Action, AgencyRename, KeyRevoked, LedgerRatified, Name, ProposalApproved, ProposalOpened,
};
use sijill_domain::{AgencyId, Reason};
use sijill_event::Draft;

use crate::made::{AGENCIES, Made, created, draft, key};
use crate::verdict::{at, continued, faults_of, found, resign, run, whole, with_event};

use FaultCode::{CheckpointSignature, EntryFormat, KeyNotValid, NotAuthorised};

#[test]
fn key_not_valid() {
    let mut made = Made::with_cases(9);
    let revoked =
        KeyRevoked { kid: key("moh/o0").public().kid(), reason: Reason::parse("left").expect("a reason") };
    made.say("moh/registrar", "agency/moh", draft(KeyRevoked::TYPE, &revoked.data()));
    let index = made.say("moh/o0", "case/new", Draft::new("referral.sent", 1));
    // A refused event changes nothing, so its author is no party of the stream; the other one is not one either.
    let other = made.say("moe/o0", "case/new", Draft::new("referral.sent", 1));
    assert_eq!(faults_of(&made), [at(KeyNotValid, index), at(NotAuthorised, other)]);

    // Another's name under one's own key.
    let (made, index) = with_event(|made, draft| made.sign_with(&key("moh/o1"), &draft));
    assert_eq!(faults_of(&made), [at(KeyNotValid, index)]);
}

#[test]
fn not_authorised() {
    let mut made = Made::with_cases(9);
    let index = made.say("moh/registrar", "case/new", Draft::new("referral.sent", 1));
    let other = made.say("ledger/log", "log", Draft::new("log.witnessed", 1));
    assert_eq!(faults_of(&continued(made)), [at(NotAuthorised, index), at(NotAuthorised, other)]);
}

#[test]
fn scheduled_proposals_come_into_force_even_by_refused_entries() {
    let mut made = Made::with_cases(2);
    let agency = AgencyId::parse("moh").expect("an id");
    let action =
        Action::AgencyRename(AgencyRename { agency, name: Name::new("أ", "Health").expect("a name") });
    let opened = ProposalOpened { action, effective: None };
    let index = made.say("moe/root", "ledger", draft(ProposalOpened::TYPE, &opened.data()));
    let approved = ProposalApproved { proposal: made.hash(usize::try_from(index).expect("small")) };
    for agency in AGENCIES {
        made.say(&format!("{agency}/root"), "ledger", draft(ProposalApproved::TYPE, &approved.data()));
    }
    // Two of three are the quorum: the third comes to a closed proposal.
    assert_eq!(faults_of(&made), [at(NotAuthorised, index + 3)]);
}

#[test]
fn an_entry_0_that_creates_nothing_stops_the_level() {
    let mut made = Made::empty();
    let mut rash = created();
    rash.quorum = 1;
    made.say("ledger/operator", "ledger", draft("ledger.created", &rash.data()));
    let ratified = LedgerRatified { created: made.hash(0) };
    made.say("moh/root", "ledger", draft(LedgerRatified::TYPE, &ratified.data()));
    let report = run(&made.source(), &Options::default());
    assert_eq!(found(&report), [at(NotAuthorised, 0)]);
    assert_eq!((report.levels.authority.checked, report.levels.authority.unchecked), (1, 1));

    // Signed by a key of its own, but not the operator's: whatever the code, it is `not-authorised`.
    let mut made = Made::empty();
    let said = made.sign("ledger/operator", "ledger", draft("ledger.created", &created().data()));
    let event = resign(&said, "moh/root", |_| ());
    made.append_bytes(format!("{} {}", made.now(), event.jwt).into_bytes());
    assert_eq!(found(&run(&made.source(), &Options::default())), [at(NotAuthorised, 0)]);

    // Malformed: the fault that stands there is enough. The log's key is not known then.
    let mut made = Made::empty();
    made.append_bytes(b"nonsense".to_vec());
    assert_eq!(
        found(&run(&made.source(), &Options::default())),
        [whole(CheckpointSignature), at(EntryFormat, 0)]
    );
    let trust = Trust { ..made.trust() };
    assert_eq!(
        found(&run(&made.source(), &Options { trust: Some(&trust), ..Options::default() })),
        [at(EntryFormat, 0)]
    );
}
