//! A scene on SQLite in a directory of its own.

use std::path::Path;
use std::sync::Arc;

use sijill_event::Json;
use sijill_ledger::Seal;
use sijill_ledger::testing::{Ground, Scene};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};
use tempfile::TempDir;

pub(crate) async fn ground(dir: &Path) -> Ground {
    let store = SqliteStore::open(dir.join("ledger.sqlite")).await.expect("a store");
    let keys = SqliteKeyStore::open(dir.join("keys.sqlite")).await.expect("a key store");
    Ground::new(Arc::new(store), Arc::new(keys), Seal::at(dir.join("seal")))
}

pub(crate) async fn scene() -> (TempDir, Scene) {
    let dir = tempfile::tempdir().expect("a directory");
    let scene = Scene::set(ground(dir.path()).await).await;
    (dir, scene)
}

pub(crate) fn none() -> Json {
    Json::Object(Vec::new())
}
