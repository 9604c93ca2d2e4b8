//! Rows written behind the ledger's back, where its head says that nothing is.

use std::path::{Path, PathBuf};

use sijill_store::conformance::sample::Writer;
use sijill_store::{CommitOutcome, Store, Stray};
use sijill_store_sqlite::SqliteStore;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

async fn execute(path: &Path, sql: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.expect("a connection");
    sqlx::query(sql).execute(&mut connection).await.expect(sql);
}

/// A closed ledger of 300 entries.
async fn ledger(directory: &Path) -> PathBuf {
    let path = directory.join("ledger.db");
    let store = SqliteStore::open(&path).await.expect("the ledger opens");
    let batch = Writer::new("first").with_padding(200).batch(300);
    assert_eq!(store.commit(&batch).await.expect("a commit"), CommitOutcome::Committed);
    store.close().await;
    path
}

/// Rows that no ledger wrote, and what they are found as. The ledger has 300 entries.
const PLANTED: [(&str, Stray); 6] = [
    (
        "INSERT INTO entry SELECT 310, 'case/planted', 0, randomblob(16), 0, entry FROM entry WHERE idx = 8",
        Stray::Entry(310),
    ),
    ("INSERT INTO disclosure VALUES (4000, randomblob(32), NULL, NULL)", Stray::Disclosure(4000)),
    ("INSERT INTO disclosure VALUES (-1, randomblob(32), NULL, NULL)", Stray::Disclosure(-1)),
    ("INSERT INTO tile VALUES (0, 1, zeroblob(8192))", Stray::Tile { level: 0, index: 1 }),
    ("INSERT INTO tile VALUES (3, 9, zeroblob(8192))", Stray::Tile { level: 3, index: 9 }),
    ("INSERT INTO tile VALUES (200, 0, zeroblob(8192))", Stray::Tile { level: 200, index: 0 }),
];

#[tokio::test]
async fn rows_beyond_the_head_are_refused() {
    for (sql, stray) in PLANTED {
        let directory = tempfile::tempdir().expect("a directory");
        let path = ledger(directory.path()).await;
        execute(&path, sql).await;
        let error = SqliteStore::open(&path).await.expect_err(sql);
        assert_eq!(error.code(), "store-corrupt");
        assert!(error.to_string().contains(&stray.to_string()), "{error}");
        let reader = SqliteStore::open_read_only(&path).await.expect("an auditor sees it");
        assert_eq!(reader.strays().await.expect("readable"), [stray]);
    }
}

#[tokio::test]
async fn a_row_in_the_way_of_a_commit_is_a_contradiction() {
    for (sql, _) in [PLANTED[0], PLANTED[3]] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = ledger(directory.path()).await;
        let store = SqliteStore::open(&path).await.expect("the ledger opens");
        let batch = Writer::resume("first", &store).await.batch(300);
        execute(&path, sql).await;
        assert_eq!(store.commit(&batch).await.expect_err(sql).code(), "store-corrupt");
        assert_eq!(store.head().await.expect("a head").size, 300, "nothing was written");
    }
}
