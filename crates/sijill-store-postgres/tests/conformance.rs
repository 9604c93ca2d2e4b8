//! The suite every engine passes, and the kill tests: of the server program, and of PostgreSQL beneath it.

use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use sijill_store::conformance::sample::{Writer, assert_sound};
use sijill_store::conformance::{Fixture, crash};
use sijill_store::{CommitOutcome, KeyStore, Store};
use sijill_store_postgres::testing::Cluster;
use sijill_store_postgres::{PostgresKeyStore, PostgresStore};

struct Databases {
    ledger: String,
    keys: String,
}

#[async_trait]
impl Fixture for Databases {
    async fn store(&self) -> Arc<dyn Store> {
        connect(&self.ledger).await
    }

    async fn keys(&self) -> Arc<dyn KeyStore> {
        Arc::new(PostgresKeyStore::connect(&self.keys).await.expect("the keys connect"))
    }
}

async fn connect(url: &str) -> Arc<dyn Store> {
    Arc::new(PostgresStore::connect(url).await.expect("the ledger connects"))
}

async fn fresh() -> Option<Databases> {
    let cluster = Cluster::shared()?;
    Some(Databases { ledger: cluster.create_ledger().await, keys: cluster.create_database().await })
}

sijill_store::conformance!(fresh);

const LEDGER: &str = "SIJILL_TEST_KILLED_LEDGER";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn survives_sigkill() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_ledger().await;
    let child = || {
        let mut child = Command::new(std::env::current_exe().expect("this test's program"));
        child.args(["--exact", "killed_child", "--ignored", "--nocapture"]).env(LEDGER, &url);
        child
    };
    crash::survives(20, child, || connect(&url)).await;
}

#[tokio::test]
#[ignore = "the program that survives_sigkill starts and kills"]
async fn killed_child() {
    let url = std::env::var(LEDGER).expect("started by survives_sigkill");
    crash::commit_until_killed(connect(&url).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn survives_a_crash_of_postgresql() {
    let Some(cluster) = Cluster::start() else { return };
    let store = connect(&cluster.create_ledger().await).await;
    for round in 0..3 {
        let mut writer = Writer::resume(&round.to_string(), &*store).await.with_padding(200);
        let (landed, mut is_landed) = tokio::sync::watch::channel(0);
        let committer = Arc::clone(&store);
        let committing = tokio::spawn(async move {
            loop {
                let batch = writer.batch(100);
                match committer.commit(&batch).await {
                    Ok(outcome) => assert_eq!(outcome, CommitOutcome::Committed),
                    Err(error) => return error.code(),
                }
                writer.landed(&batch);
                landed.send_replace(writer.head().size);
            }
        });
        is_landed.wait_for(|size| *size >= 300 * (round + 1)).await.expect("the committer goes on");
        cluster.crash();
        assert_eq!(committing.await.expect("no panic"), "store-unavailable");
        assert_eq!(store.head().await.expect_err("PostgreSQL is down").code(), "store-unavailable");

        cluster.restart();
        let confirmed = *is_landed.borrow();
        // The same handle finds the server again.
        let head = assert_sound(&*store).await;
        assert!(head.size >= confirmed, "round {round}: {confirmed} confirmed, {} there", head.size);
        assert!(head.size <= confirmed + 100, "at most the commit in flight came on top");
    }
}
