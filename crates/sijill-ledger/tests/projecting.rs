//! Read models that follow a ledger: the same whichever way they came about, and at any earlier size what they were then.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sijill_domain::UnitId;
use sijill_domain::event::{Day, HolidayAnnounced, Name, UnitCalendarSet};
use sijill_event::Json;
use sijill_ledger::testing::{Country, Ground};
use sijill_ledger::{Following, Seal};
use sijill_projections::MODELS;
use sijill_projections::engine::{Base, Log, Projector, SqliteBase};
use sijill_projections::figure::{Ask, Dimension, Figures, Filter, Reader};
use sijill_projections::indicators::catalogue::INDICATORS;
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

async fn ground(dir: &Path) -> Ground {
    let store = SqliteStore::open(&dir.join("ledger.db")).await.expect("a store");
    let keys = SqliteKeyStore::open(&dir.join("keys.db")).await.expect("a key store");
    Ground::new(Arc::new(store), Arc::new(keys), Seal::at(dir.join("seal")))
}

/// The root of each model's live generation, and how far it has come.
async fn roots(projector: &Projector<'_>) -> BTreeMap<&'static str, (u64, String)> {
    let generations = projector.generations().await.expect("generations");
    let mut roots = BTreeMap::new();
    for model in MODELS {
        let live = generations.iter().find(|g| g.live && g.model == model.name).expect("a live generation");
        let digest = projector.digest(model, live.number).await.expect("a digest");
        roots.insert(model.name, (live.position, digest.root.to_base64()));
    }
    roots
}

async fn follow(projector: &Projector<'_>) {
    while !projector.follow().await.expect("it follows") {}
}

/// Every figure there is, told apart by everything.
async fn figures(base: &dyn Base, size: Option<u64>) -> Figures {
    let codes: Vec<&str> = INDICATORS.iter().map(|indicator| indicator.code).collect();
    let ask = Ask { indicators: &codes, by: &Dimension::ALL, filter: Filter::default() };
    Reader { base }.figures(&ask, size).await.expect("figures")
}

/// The same, added up from the facts that the figures name.
async fn counted(base: &dyn Base, size: u64) -> Figures {
    let mut sums: BTreeMap<(usize, Vec<String>), (u64, i64)> = BTreeMap::new();
    for (place, indicator) in INDICATORS.iter().enumerate() {
        let mut skip = 0;
        loop {
            let page = Reader { base }.facts(indicator.code, &Filter::default(), Some(size), (skip, 7)).await;
            let (at, page) = page.expect("facts");
            assert_eq!(at, size);
            skip += page.len() as u64;
            for fact in &page {
                assert!(fact.entry < size && fact.begun.is_none_or(|begun| begun <= fact.entry), "{fact:?}");
                let by = [
                    &fact.kind,
                    &fact.band,
                    &fact.agency,
                    &fact.unit,
                    &fact.governorate,
                    &fact.month.to_string(),
                ];
                let sum = sums.entry((place, by.map(Clone::clone).to_vec())).or_default();
                *sum = (sum.0 + 1, sum.1 + fact.value);
            }
            if page.is_empty() {
                break;
            }
        }
    }
    let figure = |((place, by), (n, total)): ((usize, Vec<String>), _)| sijill_projections::figure::Figure {
        indicator: INDICATORS[place].code,
        by,
        n,
        total,
    };
    let mut figures: Vec<_> = sums.into_iter().map(figure).collect();
    figures.sort_by(|a, b| (a.indicator, &a.by).cmp(&(b.indicator, &b.by)));
    Figures { size, figures }
}

async fn refer(country: &Country, case: &str, unit: &str, event_type: &str, more: &[(&str, Json)]) {
    let file = country.case(case).await;
    let referrals = file.case.iter().flat_map(|case| &case.referrals);
    let to = referrals.filter(|(_, referral)| referral.to.to_string() == unit);
    let hash = to.map(|(hash, _)| *hash).next().expect("a referral to the unit");
    let values = std::iter::once(("referral", Json::from(hash.to_string()))).chain(more.iter().cloned());
    country.act(unit, &format!("case/{case}"), event_type, Json::object(values)).await.expect("taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn followed_rebuilt_and_remembered_are_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(dir.path()).await).await;
    let log = country.ledger.following();
    let base = SqliteBase::open(&dir.path().join("read.db")).await.expect("a database");
    let projector = Projector { base: &base, log: &log };
    assert_eq!(projector.unbuilt().await.expect("known").len(), MODELS.len());
    projector.rebuild(&MODELS, &|_| ()).await.expect("built");
    assert_eq!(projector.unbuilt().await.expect("known").len(), 0);

    // As the country works, the models are followed now and then; what they were is written down.
    let (mut noted, mut shown) = (Vec::new(), Vec::new());
    for (number, risk) in ["high", "medium", "low", "high", "medium"].into_iter().enumerate() {
        let case = format!("c{number}");
        country.open_case(&case, risk).await;
        if number % 2 == 0 {
            follow(&projector).await;
            noted.push(roots(&projector).await);
            shown.push(figures(&base, None).await);
        }
        country.later(45);
        country.ledger.wake().await.expect("room");
        if risk == "high" {
            refer(&country, &case, "moh/hospital-ma", "referral.acknowledged", &[]).await;
            refer(&country, &case, "moh/hospital-ma", "referral.accepted", &[]).await;
            country.later(10);
            refer(&country, &case, "rop/desk", "referral.acknowledged", &[]).await;
        }
    }
    // A case whose clocks run by office hours.
    let hours = UnitCalendarSet {
        unit: UnitId::parse("line").expect("an id"),
        calendar: UnitId::parse("office").expect("an id"),
    };
    country.open_event(&country.roots["h1100"], "agency/h1100", UnitCalendarSet::TYPE, hours.data()).await;
    country.open_case("office", "low").await;
    follow(&projector).await;
    noted.push(roots(&projector).await);

    // A holiday is announced late: deadlines move in cases in which nothing happened.
    holiday(&country).await;
    follow(&projector).await;
    noted.push(roots(&projector).await);
    country.later(3 * 24 * 60);
    country.ledger.wake().await.expect("room");
    follow(&projector).await;
    let last = roots(&projector).await;
    noted.push(last.clone());
    shown.push(figures(&base, None).await);
    let moved = |[a, b]: &[BTreeMap<&str, (u64, String)>; 2]| a["deadlines"].1 != b["deadlines"].1;
    assert!(noted.array_windows().all(moved), "each time something was owed otherwise: {noted:?}");

    // From the beginning, at once, in another database: the same.
    let other = SqliteBase::open(&dir.path().join("other.db")).await.expect("a database");
    let again = Projector { base: &other, log: &log };
    again.rebuild(&MODELS, &|_| ()).await.expect("built");
    assert_eq!(roots(&again).await, last);

    // And what either says of the past is what was said then.
    for projector in [&projector, &again] {
        let generations = projector.generations().await.expect("generations");
        for then in &noted {
            for model in MODELS {
                let live = generations.iter().find(|g| g.live && g.model == model.name).expect("live");
                let (size, root) = &then[model.name];
                let digest = projector.digest_at(model, live.number, *size).await.expect("a digest");
                assert_eq!(digest.root.to_base64(), *root, "{} at {size}", model.name);
            }
        }
    }

    // So are the figures, and each counts exactly the facts that it names.
    assert!(shown.array_windows().all(|[a, b]| a.size < b.size && a.figures != b.figures));
    for base in [&base, &other] {
        for then in &shown {
            assert_eq!(figures(base, Some(then.size)).await, *then);
            assert_eq!(counted(base, then.size).await, *then);
        }
        assert_eq!(figures(base, None).await, shown[shown.len() - 1]);
    }
    let ahead = Reader { base: &base }.facts("referrals", &Filter::default(), Some(1 << 40), (0, 1)).await;
    assert_eq!(ahead.map_err(|error| error.code()), Err("projection-ahead"));

    // A second rebuild takes the place of the first, whose tables go.
    again.rebuild(&[MODELS[0]], &|_| ()).await.expect("built");
    let generations = again.generations().await.expect("generations");
    assert_eq!(generations.len(), MODELS.len());
    assert_eq!(generations.iter().find(|g| g.model == MODELS[0].name).map(|g| g.number), Some(2));
    let gone = other.query("SELECT count(*) FROM case_state_1", &[]).await;
    assert!(gone.is_err());
    assert_eq!(roots(&again).await, last);
}

/// Announces the next three days as holidays.
async fn holiday(country: &Country) {
    let calendar = country.world().policy().expect("a policy").policy.calendar().to_owned();
    let now = i64::try_from(country.ledger.now_ms()).expect("a time");
    let today = chrono::DateTime::from_timestamp_millis(now).expect("a time").date_naive();
    let day = |days| Day::parse(&(today + chrono::Days::new(days)).to_string()).expect("a day");
    let holiday = HolidayAnnounced {
        calendar: UnitId::parse(&calendar).expect("an id"),
        from: day(1),
        to: day(3),
        name: Name::new("عطلة", "Holiday").expect("a name"),
    };
    country.open_event(&country.roots["mosd"], "ledger", HolidayAnnounced::TYPE, holiday.data()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_another_process_runs_can_be_followed() {
    let dir = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(dir.path()).await).await;
    country.open_case("c1", "high").await;
    let size = country.ledger.published().checkpoint.size;
    let store = SqliteStore::open_read_only(dir.path().join("ledger.db")).await.expect("a store");
    let keys = SqliteKeyStore::open(dir.path().join("keys.db")).await.expect("a key store");
    let log = Following::open(
        Arc::new(store),
        Arc::new(keys),
        country.ground.master.clone(),
        sijill_ledger::testing::ORIGIN,
    );
    let log = log.await.expect("readable");
    assert_eq!(log.size(), size);
    let subjects = log.subjects("", 100).await.expect("readable");
    assert_eq!(subjects, ["c1"]);
    assert_eq!(log.subjects("c1", 100).await.expect("readable"), [""; 0]);
    let histories = log.histories(&subjects, size).await.expect("readable");
    assert_eq!(histories[0].lines.len(), 4, "opened, and three referrals");
}
