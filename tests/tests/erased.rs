//! An erasure on PostgreSQL, with read models that follow: what was destroyed is in no table, after the vacuum in no file of
//! the cluster, and a dump from before shows nothing with the key store of now.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use sijill_event::{Digest, Json};
use sijill_ledger::testing::{Country, Ground};
use sijill_ledger::{Seal, project};
use sijill_projections::engine::{Base, PostgresBase, Projector};
use sijill_store::{KeyId, KeyStore, Store, StoredDisclosure};
use sijill_store_postgres::testing::Cluster;
use sijill_store_postgres::{PostgresKeyStore, PostgresStore};
use sijill_tests::town::postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

const OWNER: &str = "h1100/line";
const CHIEF: &str = "h1100/line-2";
/// Index of the first entry behind the last.
const END: u64 = u32::MAX as u64;

fn values<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::object(members)
}

async fn act(country: &Country, who: &str, stream: &str, kind: &str, data: Json) -> Digest {
    let receipt = country.act(who, stream, kind, data).await;
    country.hash(receipt.unwrap_or_else(|refused| panic!("{kind}: {refused:?}")).index).await
}

/// A case with a note and a file, closed.
async fn closed_case(country: &Country) -> Digest {
    country.open_case("c1", "none").await;
    act(country, OWNER, "case/c1", "note.added", values([("text", "CANARY".into())])).await;
    let file: Vec<u8> = b"CANARY-attachment".iter().copied().cycle().take(70_000).collect();
    let held = country.ledger.put_attachment(futures::stream::iter([Ok::<_, std::io::Error>(file)])).await;
    let held = held.expect("taken");
    let kind = country.world().book().current("document-kind").next().expect("a code").to_string();
    let document = values([
        ("attachment", held.digest.to_string().into()),
        ("media_type", "text/plain".into()),
        ("size", 70_000_i64.into()),
    ]);
    let attached = values([("kind", kind.into()), ("title", "CANARY".into()), ("document", document)]);
    act(country, OWNER, "case/c1", "document.attached", attached).await;
    let ask = values([
        ("exceptions", Json::Array(Vec::new())),
        ("reason", "goals_met".into()),
        ("summary", "CANARY".into()),
    ]);
    let request = act(country, OWNER, "case/c1", "case.closure_requested", ask).await;
    act(country, CHIEF, "case/c1", "case.closed", values([("request", request.to_string().into())])).await;
    held.digest
}

async fn sealed(store: &dyn Store) -> Vec<StoredDisclosure> {
    let rows = store.disclosures(0..END, None, 10_000).await.expect("readable");
    rows.into_iter().filter(|row| row.sealed.is_some()).collect()
}

/// How many of these stand in some file below the folder.
fn found(folder: &Path, secrets: &[Vec<u8>]) -> usize {
    fn files(folder: &Path, all: &mut Vec<Vec<u8>>) {
        for file in std::fs::read_dir(folder).expect("readable").flatten() {
            let path = file.path();
            if path.is_dir() {
                files(&path, all);
            } else {
                // A file that is gone by now holds nothing.
                all.extend(std::fs::read(&path));
            }
        }
    }
    let mut all = Vec::new();
    files(folder, &mut all);
    let stands = |secret: &&Vec<u8>| all.iter().any(|file| file.windows(secret.len()).any(|w| w == **secret));
    secrets.iter().filter(stands).count()
}

async fn sql(url: &str, statements: &[&str]) {
    let mut connection = PgConnection::connect(url).await.expect("the cluster answers");
    for statement in statements {
        let done = sqlx::query(AssertSqlSafe((*statement).to_owned())).execute(&mut connection).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

async fn texts(url: &str, query: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.expect("the cluster answers");
    let rows = sqlx::query(AssertSqlSafe(query.to_owned())).fetch_all(&mut connection).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Waits until the read model of cases has this many rows of the case.
async fn await_rows(country: &Country, base: &dyn Base, some: bool) {
    for _ in 0..600 {
        let log = country.ledger.following();
        let generations = Projector { base, log: &log }.generations().await.expect("generations");
        if let Some(live) = generations.iter().find(|one| one.live && one.model == "cases") {
            let count = format!("SELECT count(*) FROM case_state_{} WHERE subject = 'c1'", live.number);
            let rows = base.query(&count, &[]).await.expect("a table")[0][0].integer();
            if (rows > 0) == some {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the read models do not follow");
}

fn run(program: &mut Command) {
    assert!(program.status().expect("it runs").success(), "{program:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_nothing_is_left_of_it() {
    // One of its own: its files are searched.
    let Some(cluster) = Cluster::start() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let (url, keys_url) = (cluster.create_database().await, cluster.create_database().await);
    let store = Arc::new(PostgresStore::connect(&url).await.expect("a store"));
    let keys = Arc::new(PostgresKeyStore::connect(&keys_url).await.expect("a key store"));
    let ground = Ground::new(
        Arc::clone(&store) as Arc<dyn Store>,
        Arc::clone(&keys) as Arc<dyn KeyStore>,
        Seal::at(dir.path().join("seal")),
    );
    let country = Country::begin(ground).await;
    let base: Arc<dyn Base> = Arc::new(PostgresBase::connect(&url).await.expect("read models"));
    let following = tokio::spawn(project(country.ledger.clone(), Arc::clone(&base)));
    let file = closed_case(&country).await;
    await_rows(&country, &*base, true).await;

    let order = values([("ground", "court_order".into()), ("why", "CANARY".into())]);
    let order = act(&country, OWNER, "access/c1", "erasure.ordered", order).await;
    let rows = sealed(&*store).await;
    let attachment = store.attachment(file.0).await.expect("readable").expect("held");
    let chunk = store.attachment_chunk(file.0, 0).await.expect("readable").expect("held");
    let mut names: BTreeSet<KeyId> =
        rows.iter().filter_map(|row| Some(row.sealed.as_ref()?.key_id)).collect();
    names.extend(attachment.key_id);
    let names: Vec<KeyId> = names.into_iter().collect();
    let wrapped = keys.get(&names).await.expect("readable");
    assert_eq!(wrapped.len(), names.len());
    let ciphertexts = rows.iter().filter_map(|row| Some(row.sealed.as_ref()?.ciphertext.clone()));
    let mut secrets: Vec<Vec<u8>> = ciphertexts.chain(wrapped.into_iter().map(|(_, key)| key)).collect();
    secrets.push(chunk[..64].to_vec());
    let folder = texts(&url, "SHOW data_directory").await.remove(0);
    sql(&url, &["CHECKPOINT"]).await;
    assert_eq!(found(Path::new(&folder), &secrets), secrets.len(), "they are there before");
    let dump = dir.path().join("before.dump");
    run(postgres("pg_dump").args(["--format=custom", "--file"]).arg(&dump).arg(&url));

    act(&country, CHIEF, "access/c1", "erasure.approved", values([("erasure", order.to_string().into())]))
        .await;
    for _ in 0..200 {
        country.ledger.wake().await.expect("room");
        if country.case("c1").await.outline.erased.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(sealed(&*store).await.is_empty(), "every value of this ledger was of that case");
    assert!(keys.get(&names).await.expect("readable").is_empty());
    let gone = store.attachment(file.0).await.expect("readable").expect("a tombstone");
    assert_eq!((gone.key_id, gone.chunks), (None, 0));
    await_rows(&country, &*base, false).await;
    country.ledger.shutdown().await;
    following.abort();

    // What docs/erasure.md asks of an operator.
    let tables = texts(&url, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'projections'").await;
    assert!(tables.len() > 5, "{tables:?}");
    let vacuum: Vec<String> =
        tables.iter().map(|table| format!("VACUUM (FULL) projections.{table}")).collect();
    sql(&url, &vacuum.iter().map(String::as_str).collect::<Vec<_>>()).await;
    sql(&url, &["VACUUM (FULL) disclosure, attachment, attachment_chunk, match_key"]).await;
    sql(&keys_url, &["VACUUM (FULL) data_key"]).await;
    sql(&url, &["ALTER SYSTEM SET wal_recycle = off", "SELECT pg_reload_conf()"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    sql(&url, &["SELECT pg_switch_wal()", "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"]).await;
    assert_eq!(
        found(Path::new(&folder), &secrets),
        0,
        "in no file of the cluster, its write-ahead log included"
    );

    // The dump from before, with the key store of now.
    let restored = cluster.create_database().await;
    run(postgres("pg_restore").args(["--exit-on-error", "--dbname", &restored]).arg(&dump));
    let restored = PostgresStore::connect(&restored).await.expect("the dump opens");
    assert_eq!(sealed(&restored).await.len(), rows.len(), "it has the ciphertext");
    assert!(keys.get(&names).await.expect("readable").is_empty(), "and nobody has a key");
}
