//! What moves under a case while it runs: a policy that was scheduled, a holiday, who works where.

use sijill_audit::{Evidence, ExportDirectory, FaultCode, Options, Status, audit, export};
use sijill_casework::shipped;
use sijill_domain::UnitId;
use sijill_domain::event::{
    Clock, DocumentKind, DocumentPublish, HolidayAnnounced, ProposalApproved, ProposalOpened, Role,
};
use sijill_event::{Json, Timestamp};
use sijill_ledger::testing::Country;

use crate::copy::{Copy, values};
use crate::story::{LINE, begin, run, story};
use crate::{faults, report};

/// A second version of the policy, which says what the first says, comes into force an hour after the ledger began.
async fn schedule_policy(country: &Country) {
    let bytes = [shipped::POLICY, b"\n# As before.\n"].concat();
    let hash = country.ledger.put_document(&bytes).await.expect("held");
    let id = UnitId::parse("child-protection").expect("an id");
    let publish = DocumentPublish { kind: DocumentKind::Policy, id, version: 2, hash };
    let effective = Some(Timestamp::parse("2026-01-04T05:00:00Z").expect("a time"));
    let opened = ProposalOpened { action: publish.into(), effective }.data();
    let opened = country.open_event(&country.roots["mosd"], "ledger", "proposal.opened", opened).await;
    let proposal = country.hash(opened.index).await;
    for agency in ["mosd", "rop"] {
        let approved = ProposalApproved { proposal }.data();
        country.open_event(&country.roots[agency], "ledger", "proposal.approved", approved).await;
    }
}

#[test]
fn what_comes_into_force_between_two_entries_of_a_case() {
    let copy = run(async {
        let dir = tempfile::tempdir().expect("a directory");
        let mut country = begin(dir.path(), Clock::Simulated).await;
        country.open_case("c1", "low").await;
        schedule_policy(&country).await;
        country.later(61);
        // Nothing of the registry is signed at that hour: the policy changes with this very entry.
        country.open_case("c2", "high").await;
        let holiday = Json::object([
            ("calendar", "oman".into()),
            ("from", "2026-01-05".into()),
            ("to", "2026-01-06".into()),
            ("name", values([("ar", "عطلة".into()), ("en", "A holiday".into())])),
        ]);
        country.open_event(&country.roots["mosd"], "ledger", HolidayAnnounced::TYPE, holiday).await;
        country.later(26 * 60);
        country.enrol("moe/newcomer", "school-social-work", &[Role::Casework]).await;
        country.later(4 * 24 * 60);
        country.act(LINE, "case/c1", "note.added", values([("text", "…".into())])).await.expect("accepted");
        Copy::of(&country).await
    });
    assert_eq!(faults(&copy), []);
    assert_eq!(report(&copy).levels.rules.status, Status::Clean);
    let second = copy.index_of("case.opened", copy.index_of("case.opened", 0).expect("c1") + 1).expect("c2");
    assert_eq!(copy.entry(second + 1).event.data.get("policy").and_then(Json::as_u64), Some(2));
}

#[test]
fn an_export_holds_the_documents_and_is_clean() {
    let copy = &story().copy;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("export");
    export(copy, &path, true).expect("exported");
    let exported = audit(&ExportDirectory::open(&path).expect("an export"), &Options::default());
    let exported = exported.expect("a verdict");
    assert!(exported.is_faultless(), "{:?}", exported.faults);
    assert_eq!(exported.levels.rules.status, Status::Clean);
    let held = std::fs::read_dir(path.join("documents")).expect("documents").count();
    assert_eq!(held, copy.documents.len());
    // What is there besides is nobody's document.
    std::fs::write(path.join("documents/readme"), "…").expect("written");
    std::fs::write(path.join(format!("documents/{}", sijill_event::Digest::of("x"))), "y").expect("written");
    let exported = audit(&ExportDirectory::open(&path).expect("an export"), &Options::default());
    let exported = exported.expect("a verdict");
    assert!(exported.is_faultless(), "{:?}", exported.faults);
    assert_eq!(exported.levels.rules.status, Status::Clean);
    // One that is there and says something else is nobody's either, and somebody altered it.
    let policy = path.join(format!("documents/{}", sijill_event::Digest::of(shipped::POLICY)));
    let longer = [shipped::POLICY, vec![b'\n'; 1 << 20].as_slice()].concat();
    for other in [&shipped::POLICY[1..], b"", &longer] {
        std::fs::write(&policy, other).expect("written");
        let exported = audit(&ExportDirectory::open(&path).expect("an export"), &Options::default());
        let found: Vec<_> =
            exported.expect("a verdict").faults.iter().map(|fault| (fault.code, fault.index)).collect();
        assert_eq!(found, [(FaultCode::DocumentMismatch, None)]);
    }
    std::fs::remove_file(&policy).expect("removed");
    let exported = audit(&ExportDirectory::open(&path).expect("an export"), &Options::default());
    let exported = exported.expect("a verdict");
    assert!(exported.is_faultless(), "{:?}", exported.faults);
    assert_eq!(exported.levels.rules.status, Status::Partial);
}

#[test]
fn evidence_says_nothing_of_rules() {
    let copy = &story().copy;
    let wanted = [copy.index_of("referral.breached", 0).expect("a breach")].into();
    let evidence = Evidence::gather(copy, &wanted, true).expect("evidence");
    let report = audit(&evidence, &Options::default()).expect("a verdict");
    assert!(report.is_faultless(), "{:?}", report.faults);
    let rules = report.levels.rules;
    assert_eq!((rules.status, rules.checked, rules.unchecked), (Status::Partial, 0, copy.size()));
    assert!(rules.why.is_some());
}
