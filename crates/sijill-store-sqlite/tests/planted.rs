//! Rows written behind the ledger's back, where its head says that nothing is.

use std::path::{Path, PathBuf};

use sijill_store::conformance::sample::Writer;
use sijill_store::{CommitOutcome, Irregularity, Store, Stray};
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

/// A table without its constraints, and a row that nobody reads.
const REPLACED: &str =
    "CREATE TABLE free AS SELECT * FROM entry; DROP TABLE entry; ALTER TABLE free RENAME TO entry;
    CREATE INDEX entry_registry ON entry (idx) WHERE registry = 1;";

#[tokio::test]
async fn rows_without_a_place_are_counted() {
    for (sql, table) in [
        (format!("{REPLACED} INSERT INTO entry SELECT idx, stream, seq, jti, registry, 'x' FROM entry WHERE idx = 8"), "entry"),
        (format!("{REPLACED} INSERT INTO entry SELECT 8.5, stream, seq, jti, registry, entry FROM entry WHERE idx = 8"), "entry"),
        (
            "CREATE TABLE free AS SELECT * FROM head; DROP TABLE head; ALTER TABLE free RENAME TO head;
             INSERT INTO head SELECT 2, size, zeroblob(32), received FROM head".to_owned(),
            "head",
        ),
        (
            "CREATE TABLE free AS SELECT * FROM tile; DROP TABLE tile; ALTER TABLE free RENAME TO tile;
             INSERT INTO tile SELECT level, idx, zeroblob(8192) FROM tile".to_owned(),
            "tile",
        ),
        (
            "CREATE TABLE free AS SELECT * FROM stream_head; DROP TABLE stream_head; ALTER TABLE free RENAME TO stream_head;
             INSERT INTO stream_head SELECT stream, seq + 1, last, parties FROM stream_head LIMIT 1".to_owned(),
            "stream_head",
        ),
        (
            "INSERT INTO attachment_chunk VALUES (randomblob(16), 0, x'00')".to_owned(),
            "attachment_chunk",
        ),
        (
            "CREATE TABLE free AS SELECT * FROM attachment; DROP TABLE attachment; ALTER TABLE free RENAME TO attachment;
             INSERT INTO attachment VALUES (x'00', 0, NULL, NULL, NULL, NULL, NULL, 0), (x'00', 1, NULL, NULL, NULL, NULL, NULL, 0)"
                .to_owned(),
            "attachment",
        ),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = ledger(directory.path()).await;
        execute_all(&path, &sql).await;
        let found = irregularities(&path).await;
        let Some(Irregularity::Rows { table: told, held, placed }) = found.first() else { panic!("{found:?}") };
        assert_eq!((*told, *held), (table, placed + 1), "{sql}");
    }
}

#[tokio::test]
async fn a_schema_no_migration_makes_is_told() {
    let missing = |what: &str| Irregularity::Missing(what.to_owned());
    let foreign = |what: &str| Irregularity::Foreign(what.to_owned());
    for (sql, told) in [
        ("DROP INDEX entry_registry", vec![missing("index entry_registry")]),
        (
            "CREATE TRIGGER late AFTER INSERT ON entry BEGIN DELETE FROM tile; END",
            vec![foreign("trigger late")],
        ),
        ("CREATE VIEW shown AS SELECT * FROM entry", vec![foreign("view shown")]),
        ("CREATE INDEX mine ON entry (entry)", vec![foreign("index mine")]),
        ("CREATE TABLE notes (note TEXT)", vec![foreign("table notes")]),
        (
            "ALTER TABLE match_key ADD COLUMN note TEXT",
            vec![missing("table match_key"), foreign("table match_key")],
        ),
        (
            "ALTER TABLE tile RENAME TO shadow; CREATE VIEW tile AS SELECT * FROM shadow",
            vec![
                missing("index sqlite_autoindex_tile_1"),
                missing("table tile"),
                foreign("index sqlite_autoindex_shadow_1"),
                foreign("table shadow"),
                foreign("view tile"),
            ],
        ),
        ("ANALYZE", vec![]),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = ledger(directory.path()).await;
        execute_all(&path, sql).await;
        assert_eq!(irregularities(&path).await, told, "{sql}");
    }
}

#[tokio::test]
async fn a_damaged_index_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = ledger(directory.path()).await;
    assert_eq!(irregularities(&path).await, []);
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.expect("a connection");
    let root = "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema
        WHERE name = 'sqlite_autoindex_entry_1'";
    let (page, size): (i64, i64) = sqlx::query_as(root).fetch_one(&mut connection).await.expect("its root");
    sqlx::Connection::close(connection).await.expect("closed");
    let (page, size) = (usize::try_from(page).expect("a page"), usize::try_from(size).expect("a size"));
    let mut file = std::fs::read(&path).expect("read");
    file[(page - 1) * size..page * size].fill(0);
    std::fs::write(&path, file).expect("written");
    let found = irregularities(&path).await;
    assert!(matches!(found.first(), Some(Irregularity::Damage(_))), "{found:?}");
    assert!(found.len() <= 8, "it stays short");
}

async fn irregularities(path: &Path) -> Vec<Irregularity> {
    let reader = SqliteStore::open_read_only(path).await.expect("an auditor sees it");
    let found = reader.irregularities().await.expect("readable");
    reader.close().await;
    found
}

async fn execute_all(path: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(false);
    let mut connection = options.connect().await.expect("a connection");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect(sql);
    sqlx::Connection::close(connection).await.expect("closed");
}
