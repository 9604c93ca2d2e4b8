//! What a ledger attests of its read models and publishes of each month, compared with what its entries give.

use sijill_audit::FaultCode::{Projection, Publication};
use sijill_audit::Status;
use sijill_domain::UnitId;
use sijill_domain::event::{Clock, FiguresPublished, PublishedStock};
use sijill_event::Draft;
use sijill_ledger::testing::Actor;
use sijill_ledger::{attest, publish};
use sijill_projections::engine::{Base, Projector, SqliteBase};

use crate::copy::Copy;
use crate::story::{begin, run};
use crate::{faults, report};

const DAY: u64 = 86_400_000;

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

/// A country that publishes December and January.
fn published() -> (Copy, Vec<(u64, FiguresPublished)>, Actor) {
    run(async {
        let dir = tempfile::tempdir().expect("a directory");
        let country = begin(dir.path(), Clock::Simulated).await;
        for n in 1..=9 {
            country.open_case(&format!("c{n}"), if n < 3 { "high" } else { "low" }).await;
        }
        let base = SqliteBase::open(&dir.path().join("read.db")).await.expect("a database");
        let key = country.ground.attestor.clone();
        let publish = async || {
            let jti = |_| sijill_event::Uuid::now_v7();
            publish(&country.ledger, &base, &key, DAY, &jti).await.expect("published")
        };
        assert!(publish().await.is_empty(), "no month is over");
        country.later(28 * 24 * 60);
        country.ledger.wake().await.expect("room");
        assert!(publish().await.is_empty(), "January is over, but for a day of grace");
        country.later(24 * 60);
        let mut months = publish().await;
        // What comes to be known later changes nothing, and nothing is published twice.
        country.open_case("c10", "low").await;
        assert!(publish().await.is_empty());
        country.later(30 * 24 * 60);
        months.extend(publish().await);
        let months = months.into_iter().map(|(said, receipt)| (receipt.index, said)).collect();
        (Copy::of(&country).await, months, Actor { key, ..Actor::new("ledger", "log") })
    })
}

#[test]
fn what_is_published_of_a_month_is_counted_again() {
    let (copy, months, log) = published();
    assert_eq!(months.iter().map(|(_, said)| said.month).collect::<Vec<_>>(), [202_601, 202_602]);
    let january = &months[0].1;
    let total = |said: &FiguresPublished, code: &str| {
        said.figures.iter().find(|figure| figure.indicator.as_str() == code).map(|figure| figure.total)
    };
    assert_eq!((total(january, "cases-begun"), total(january, "cases-closed")), (Some(Some(9)), None));
    assert_eq!(total(&months[1].1, "cases-begun"), Some(None), "1 is not told");
    assert!(
        january.stocks.iter().any(|stock| stock.indicator.as_str() == "cases-open" && stock.least == Some(5))
    );
    assert!(!months[1].1.stocks.iter().any(|stock| stock.indicator.as_str() == "cases-open"));
    let clean = report(&copy);
    assert!(clean.is_faultless(), "{:?}", clean.faults);
    assert_eq!((clean.levels.figures.status, clean.levels.figures.checked), (Status::Clean, 2));

    // In its place, said otherwise: more, less, what nobody is to know, or another month.
    let (index, said) = months.last().expect("a month");
    let otherwise: [fn(&mut FiguresPublished); 5] = [
        |said| said.figures[0].total = Some(1),
        |said| drop(said.figures.remove(0)),
        |said| {
            said.stocks.push(PublishedStock {
                indicator: UnitId::parse("cases-open").expect("an id"),
                least: Some(10),
            });
        },
        |said| said.size -= 1,
        |said| said.month = 202_601,
    ];
    for change in otherwise {
        let mut said = said.clone();
        change(&mut said);
        let mut altered = copy.up_to(*index);
        let members = said.data();
        let members = members.as_object().expect("an object").iter();
        let draft = members.fold(Draft::new(FiguresPublished::TYPE, 1), |draft, (name, value)| {
            draft.open(name, value.clone())
        });
        let received = copy.entry(*index).received;
        let again = altered.say(&log, "log", draft, received, sijill_event::Uuid::now_v7());
        assert_eq!(faults(&altered), [(Publication, Some(again))], "{said:?}");
        assert_eq!(report(&altered).levels.figures.status, Status::Faults);
    }

    // Where values are withheld it cannot be said.
    let mut withheld = copy.clone();
    withheld.disclosures.clear();
    withheld.all = false;
    assert_eq!(faults(&withheld), []);
    let levels = report(&withheld).levels;
    assert_eq!((levels.figures.status, levels.figures.unchecked), (Status::Partial, 2));
}
