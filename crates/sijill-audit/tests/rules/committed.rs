//! What a running ledger commits itself to of its heads is what an audit finds: over a restart, with keys that end later than
//! it was decided, and with records that come in between.

use std::time::Duration;

use sijill_audit::FaultCode::Heads;
use sijill_audit::Status;
use sijill_domain::event::{
    Action, Clock, HeadsCommitted, ProposalApproved, ProposalOpened, RootKeyReplace, prove,
};
use sijill_domain::{AgencyId, Signer};
use sijill_event::{Draft, Json, SigningKey, Timestamp};
use sijill_ledger::testing::{Actor, Country, ORIGIN};
use sijill_ledger::{Wait, record_heads};

use crate::copy::Copy;
use crate::story::{LINE, begin, note, run};
use crate::{faults, report};

async fn commit(country: &Country) -> u64 {
    let recorded = record_heads(&country.ledger, &country.ground.attestor, Duration::ZERO).await;
    recorded.expect("taken").expect("recorded").index
}

/// The root of an agency is to sign with another key from an hour on in which nothing of the registry is signed.
async fn schedule(country: &Country) {
    let new = SigningKey::generate().expect("randomness");
    let agency = AgencyId::parse("moe").expect("an id");
    let (key, proof) = prove(&new, ORIGIN, &Signer::Root(agency.clone()));
    let action = Action::from(RootKeyReplace { agency, key, proof });
    let effective = Some(Timestamp::parse("2026-01-04T05:00:00Z").expect("a time"));
    let opened = ProposalOpened { action, effective }.data();
    let opened = country.open_event(&country.roots["mosd"], "ledger", "proposal.opened", opened).await;
    let approved = ProposalApproved { proposal: country.hash(opened.index).await }.data();
    for agency in ["mosd", "rop"] {
        country.open_event(&country.roots[agency], "ledger", "proposal.approved", approved.clone()).await;
    }
}

#[test]
fn what_the_ledger_commits_itself_to_is_clean() {
    let copy = run(async {
        let dir = tempfile::tempdir().expect("a directory");
        let mut country = begin(dir.path(), Clock::Simulated).await;
        commit(&country).await;
        country.open_case("c1", "low").await;
        schedule(&country).await;
        commit(&country).await;
        country.later(61);
        for _ in 0..3 {
            country.send(&country.officers[LINE], "case/c1", note()).await.expect("appended");
        }
        country.again().await;
        country.open_case("c2", "high").await;
        commit(&country).await;
        country.send(&country.officers[LINE], "case/c2", note()).await.expect("appended");
        commit(&country).await;
        Copy::of(&country).await
    });
    assert_eq!(faults(&copy), []);
    assert_eq!(report(&copy).levels.authority.status, Status::Clean);
}

/// Who holds the ledger's keys and commits it to a case without its last event.
#[test]
fn a_tail_that_is_withheld_from_the_record_is_found() {
    let (copy, index) = run(async {
        let dir = tempfile::tempdir().expect("a directory");
        let country = begin(dir.path(), Clock::Simulated).await;
        country.open_case("c1", "low").await;
        commit(&country).await;
        let before = country.ledger.heads().await.expect("read").expect("recorded");
        country.send(&country.officers[LINE], "case/c1", note()).await.expect("appended");
        // Of the tree with that event it says what it said of the one without.
        let published = country.ledger.published().checkpoint.clone();
        let said = HeadsCommitted { size: published.size, ..before.said };
        let log = Actor { iss: "ledger".into(), sub: "log".into(), key: country.ground.attestor.clone() };
        let signed = country.sign(&log, "log", data_of(&said.data())).await;
        let receipt = country.ledger.append(vec![signed], Wait::Published).await.expect("room").remove(0);
        (Copy::of(&country).await, receipt.expect("the ledger takes its own word").index)
    });
    assert_eq!(faults(&copy), [(Heads, Some(index))]);
}

fn data_of(data: &Json) -> Draft {
    let members = data.as_object().expect("an object").iter();
    members.fold(Draft::new(HeadsCommitted::TYPE, 1), |draft, (name, value)| draft.open(name, value.clone()))
}
