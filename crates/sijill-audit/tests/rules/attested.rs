//! What a ledger attests of its read models, compared with what its entries give.

use sijill_audit::FaultCode::Projection;
use sijill_audit::Status;
use sijill_domain::event::Clock;
use sijill_ledger::attest;
use sijill_projections::engine::{Base, Projector, SqliteBase};

use crate::copy::Copy;
use crate::story::{begin, run};
use crate::{faults, report};

/// A country that attests three times: as it is, what is not so of `cases`, and what is not so of `indicators`.
fn told() -> (Copy, [u64; 3]) {
    run(async {
        let dir = tempfile::tempdir().expect("a directory");
        let country = begin(dir.path(), Clock::Simulated).await;
        country.open_case("c1", "low").await;
        country.open_case("c2", "high").await;
        let base = SqliteBase::open(&dir.path().join("read.db")).await.expect("a database");
        let say = async || {
            let attested = attest(&country.ledger, &base, &country.ground.attestor).await;
            attested.expect("attested").1.index
        };
        let honest = say().await;
        country.later(45);
        country.ledger.wake().await.expect("room");
        // What is changed by hand would be folded anew with whatever comes to its case.
        let log = country.ledger.following();
        while !(Projector { base: &base, log: &log }).follow().await.expect("it follows") {}
        let mut lies = Vec::new();
        for model in ["cases", "indicators"] {
            let whole = format!(
                "UPDATE projection_subject SET leaf = (SELECT max(leaf) FROM projection_subject) WHERE model = '{model}' AND subject = 'c1'"
            );
            let before = "SELECT leaf FROM projection_subject WHERE model = $1 AND subject = 'c1'";
            let kept = base.query(before, &[model.into()]).await.expect("a leaf");
            base.run(&[whole]).await.expect("changed");
            lies.push(say().await);
            let back = format!(
                "UPDATE projection_subject SET leaf = '{}' WHERE model = '{model}' AND subject = 'c1'",
                kept[0][0].text()
            );
            base.run(&[back]).await.expect("as it was");
        }
        (Copy::of(&country).await, [honest, lies[0], lies[1]])
    })
}

#[test]
fn what_the_entries_do_not_give_is_a_fault_of_whoever_attests_it() {
    let (copy, [honest, of_cases, of_indicators]) = told();
    let expected = [(Projection, Some(of_cases)), (Projection, Some(of_indicators))];
    assert_eq!(faults(&copy), expected);
    let levels = report(&copy).levels;
    assert_eq!((levels.figures.status, levels.figures.checked), (Status::Faults, 3));
    assert_eq!(levels.rules.status, Status::Clean);

    let before = report(&copy.up_to(honest + 1));
    assert!(before.is_faultless(), "{:?}", before.faults);
    assert_eq!((before.levels.figures.status, before.levels.figures.checked), (Status::Clean, 1));

    // Where values are withheld it cannot be said, unless the attestation contradicts itself.
    let mut withheld = copy.clone();
    withheld.disclosures.clear();
    withheld.all = false;
    assert_eq!(faults(&withheld), []);
    let levels = report(&withheld).levels;
    assert_eq!((levels.figures.status, levels.figures.unchecked), (Status::Partial, 3));
}
