//! The suite every engine passes, and the kill test.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use sijill_store::conformance::{Fixture, crash};
use sijill_store::{KeyStore, Store};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};
use tempfile::TempDir;

struct Files(TempDir);

#[async_trait]
impl Fixture for Files {
    async fn store(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.0.path().join("ledger.db")).await.expect("the ledger opens"))
    }

    async fn keys(&self) -> Arc<dyn KeyStore> {
        Arc::new(SqliteKeyStore::open(self.0.path().join("keys.db")).await.expect("the key file opens"))
    }
}

#[expect(clippy::unused_async, reason = "the suite awaits it: another engine starts a server here")]
async fn fresh() -> Option<Files> {
    Some(Files(TempDir::new().expect("a directory")))
}

sijill_store::conformance!(fresh);

const LEDGER: &str = "SIJILL_TEST_KILLED_LEDGER";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn survives_sigkill() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("ledger.db");
    let child = || {
        let mut child = Command::new(std::env::current_exe().expect("this test's program"));
        child.args(["--exact", "killed_child", "--ignored", "--nocapture"]).env(LEDGER, &path);
        child
    };
    crash::survives(20, child, || async {
        Arc::new(SqliteStore::open(&path).await.expect("the ledger opens")) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
#[ignore = "the program that survives_sigkill starts and kills"]
async fn killed_child() {
    let path = PathBuf::from(std::env::var_os(LEDGER).expect("started by survives_sigkill"));
    crash::commit_until_killed(Arc::new(SqliteStore::open(path).await.expect("the ledger opens"))).await;
}
