//! Read models of a whole month: the same on both engines, after a rebuild that was killed, and while a server follows.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sijill_ledger::{DeskKind, Following, MasterKey};
use sijill_projections::engine::{Base, Log as _, PostgresBase, Projector, SqliteBase};
use sijill_projections::forecast::{self, Forecasts};
use sijill_projections::query::Sight;
use sijill_projections::warning::{self, Precision, Warning};
use sijill_projections::{Cell, MODELS, Model, NEVER, circles, queues};
use sijill_store::Store;
use sijill_store_postgres::testing::Cluster;
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};
use sijill_tests::program::{command, done};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

/// The demonstration's month: every type of event and act is in it.
fn month(dir: &Path) {
    done(["demo".as_ref(), "--no-serve".as_ref(), "--dir".as_ref(), dir.as_os_str()]);
}

/// Somebody reviews a warning of it, which in the month nobody does.
fn reviewed(dir: &Path) {
    let told = done(["warnings".as_ref(), "--dir".as_ref(), dir.as_os_str()]);
    let warnings = told["warnings"].as_array().expect("warnings").iter();
    let of = |warning: &&Value| warning["agency"] == "cpc" && warning["rule"] == "missed-follow-up";
    let warning = warnings.into_iter().find(of).expect("a warning of the committees'");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let events = format!("events={}", text(&warning["rests_on"][0]["event"]));
    let key = dir.join(format!("keys/demo/cpc/{}-1.key", text(&warning["unit"])));
    let case = text(&warning["case"]);
    let act = ["case", "act", &case, "warning.reviewed", "rule=missed-follow-up", "version=1", &events];
    let said = ["outcome=no_action", "reason=already_known", "--dir"];
    let mut args: Vec<&std::ffi::OsStr> = act.iter().chain(&said).map(std::convert::AsRef::as_ref).collect();
    args.extend([dir.as_os_str(), "--key".as_ref(), key.as_os_str()]);
    done(args);
}

/// What is made of rows when somebody asks: the same wherever they lie.
async fn planned(base: &dyn Base, size: u64) -> (Forecasts, Vec<Warning>, Vec<Precision>) {
    let forecasts = forecast::Reader { base }.forecasts(Some(size)).await.expect("forecasts");
    let reader = warning::Reader { base };
    let (standing, everything) = (reader.standing().await.expect("built"), Sight::Everything);
    // 2026-02-01, when the month is over.
    let warnings = reader.warnings(&standing, size, 1_769_925_600_000, &everything, &[]).await;
    let precision = reader.precision(&standing, size, &everything).await.expect("counts");
    (forecasts, warnings.expect("warnings"), precision)
}

async fn log_of(dir: &Path) -> Following {
    let store = SqliteStore::open_read_only(dir.join("ledger.sqlite")).await.expect("a store");
    let keys = SqliteKeyStore::open(dir.join("keystore/keys.sqlite")).await.expect("a key store");
    let master = std::fs::read_to_string(dir.join("keys/master.key")).expect("a master key");
    let trust = std::fs::read_to_string(dir.join("trust.json")).expect("a trust file");
    let trust: Value = serde_json::from_str(&trust).expect("JSON");
    let origin = trust["origin"].as_str().expect("an origin");
    let master = MasterKey::parse(&master).expect("a master key");
    Following::open(Arc::new(store), Arc::new(keys), master, origin).await.expect("readable")
}

/// What `sijill rebuild` says: each model's digest.
fn rebuilt(dir: &Path) -> BTreeMap<String, String> {
    let told = done(["rebuild".as_ref(), "--dir".as_ref(), dir.as_os_str()]);
    let models = told["models"].as_array().expect("models").iter();
    let text = |model: &Value, member: &str| model[member].as_str().expect("a text").to_owned();
    models.map(|model| (text(model, "model"), text(model, "digest"))).collect()
}

async fn live(base: &dyn Base, log: &Following) -> BTreeMap<String, String> {
    let projector = Projector { base, log };
    let generations = projector.generations().await.expect("generations");
    let mut roots = BTreeMap::new();
    for generation in generations.iter().filter(|generation| generation.live) {
        let model: &Model = MODELS.into_iter().find(|model| model.name == generation.model).expect("a model");
        let digest = projector.digest(model, generation.number).await.expect("a digest");
        roots.insert(model.name.to_owned(), digest.root.to_base64());
    }
    roots
}

/// Whoever the read models take for a party to a case is whom the ledger takes for one, and the other way about.
async fn parties_are_the_ledgers(dir: &Path, base: &dyn Base, number: u64) {
    let store = SqliteStore::open_read_only(dir.join("ledger.sqlite")).await.expect("a store");
    let mut held: BTreeMap<String, String> = BTreeMap::new();
    for kind in ["case/", "contact/"] {
        let heads = store.stream_head_rows(kind, 100_000).await.expect("readable");
        for head in heads {
            if let Some(id) = head.stream.strip_prefix(kind) {
                held.entry(id.to_owned()).or_insert(head.parties);
            }
        }
    }
    let sql = format!(
        "SELECT subject, agency FROM circle_{number} WHERE tie IN ($1, $2) AND until = $3 ORDER BY subject, agency"
    );
    let rows = base.query(&sql, &[circles::PARTY.into(), circles::CALLER.into(), NEVER.into()]).await;
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for row in rows.expect("readable") {
        let parties = found.entry(row[0].text().to_owned()).or_default();
        *parties += if parties.is_empty() { "" } else { "," };
        *parties += row[1].text();
    }
    assert!(found.len() > 200);
    assert_eq!(found, held);
}

/// The queues that the read model tells are those the ledger keeps beside the entries.
async fn queues_are_the_ledgers(dir: &Path, base: &dyn Base, number: u64) {
    let options = SqliteConnectOptions::new().filename(dir.join("ledger.sqlite")).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
    let held: Vec<(String, String, String, i64, Option<i64>, bool)> = sqlx::query_as(
        "SELECT case_id, agency, unit, kind, nullif(due, 9223372036854775807), calm = 0 FROM desk ORDER BY 1, 2, 3, 4",
    )
    .fetch_all(&mut connection)
    .await
    .expect("queues");
    let sql = format!(
        "SELECT subject, agency, unit, kind, due_ms, urgent FROM queue_place_{number} WHERE until = $1"
    );
    let rows = base.query(&sql, &[NEVER.into()]).await.expect("readable");
    let kind = |word: &str| {
        let number = (0..=u8::MAX)
            .find(|number| DeskKind::from_number(*number).is_some_and(|kind| kind.as_str() == word));
        i64::from(number.expect("a reason"))
    };
    let mut told: Vec<_> = rows
        .iter()
        .map(|row| {
            let text = |at: usize| row[at].text().to_owned();
            let due = (row[4] != Cell::Null).then(|| row[4].integer());
            (text(0), text(1), text(2), kind(row[3].text()), due, row[5].integer() == 1)
        })
        .collect();
    told.sort();
    assert!(told.len() > 100);
    assert_eq!(told, held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_has_the_same_rows_on_both_engines_and_after_a_kill() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("month");
    month(&path);
    rebuilt(&path);
    reviewed(&path);
    let roots = rebuilt(&path);
    assert_eq!(roots.len(), MODELS.len());
    let log = log_of(&path).await;

    // Killed somewhere in the middle, again and again: the live rows stay, and the next rebuild finishes.
    for millis in [20, 80, 200, 400] {
        let args = ["rebuild".as_ref(), "--dir".as_ref(), path.as_os_str()];
        let mut child = command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        tokio::time::sleep(Duration::from_millis(millis)).await;
        child.kill().expect("killed");
        child.wait().expect("it ended");
        let base = SqliteBase::open(&path.join("projections.db")).await.expect("a database");
        assert_eq!(live(&base, &log).await, roots, "after {millis} ms");
        base.close().await;
    }
    assert_eq!(rebuilt(&path), roots);

    // Every table of every model has rows: the month has all of them, and both engines take them.
    let base = SqliteBase::open(&path.join("projections.db")).await.expect("a database");
    let generations = Projector { base: &base, log: &log }.generations().await.expect("generations");
    assert_eq!(generations.len(), MODELS.len(), "what was left unfinished is gone: {generations:?}");
    for generation in &generations {
        let model = MODELS.into_iter().find(|model| model.name == generation.model).expect("a model");
        for table in model.tables {
            let sql = format!("SELECT count(*) FROM {}_{}", table.name, generation.number);
            let rows = base.query(&sql, &[]).await.expect("a table");
            let least = if table.name == "warning_review" { 0 } else { 100 };
            assert!(rows[0][0].integer() > least, "{}: {rows:?}", table.name);
        }
    }

    let circles = generations.iter().find(|generation| generation.model == circles::MODEL.name);
    parties_are_the_ledgers(&path, &base, circles.expect("who may know").number).await;

    let queues = generations.iter().find(|generation| generation.model == queues::MODEL.name);
    queues_are_the_ledgers(&path, &base, queues.expect("whose desks").number).await;

    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_database().await;
    let postgres = PostgresBase::connect(&url).await.expect("a database");
    let projector = Projector { base: &postgres, log: &log };
    projector.rebuild(&MODELS, &|_| ()).await.expect("built");
    assert_eq!(live(&postgres, &log).await, roots, "PostgreSQL");
    let size = log.size();
    let (here, there) = (planned(&base, size).await, planned(&postgres, size).await);
    assert_eq!(here, there, "forecasts and warnings");
    assert!(here.0.units.len() > 10 && here.1.len() > 5 && here.2.len() == 1, "{here:?}");
    assert_eq!(planned(&base, 3_000).await, planned(&postgres, 3_000).await, "as known then");
    // Another server on the same database finds them, and has nothing to do.
    let second = PostgresBase::connect(&url).await.expect("a database");
    let projector = Projector { base: &second, log: &log };
    assert!(projector.unbuilt().await.expect("known").is_empty());
    assert!(projector.follow().await.expect("it follows"));
    // And at an earlier size both say the same as well.
    for generation in projector.generations().await.expect("generations") {
        let model = MODELS.into_iter().find(|model| model.name == generation.model).expect("a model");
        let there = projector.digest_at(model, generation.number, 3_000).await.expect("a digest");
        let sqlite = Projector { base: &base, log: &log };
        let number = generations.iter().find(|g| g.model == generation.model).expect("live").number;
        let here = sqlite.digest_at(model, number, 3_000).await.expect("a digest");
        assert_eq!(here, there, "{}", model.name);
        assert_ne!(here.root.to_base64(), roots[model.name], "{} had fewer rows then", model.name);
    }
}
