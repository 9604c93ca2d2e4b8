//! What connecting refuses, and what PostgreSQL's own faults become.

use std::process::Command;

use sijill_store::conformance::sample::{Writer, assert_sound};
use sijill_store::{CommitOutcome, Irregularity, KeyStore, Store, StoreError, Stray};
use sijill_store_postgres::testing::Cluster;
use sijill_store_postgres::{PostgresKeyStore, PostgresStore};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

async fn raw(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a plain connection")
}

async fn execute(url: &str, sql: &str) {
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut raw(url).await).await.expect(sql);
}

async fn refused(url: &str) -> StoreError {
    PostgresStore::connect(url).await.expect_err("connecting is refused")
}

async fn grown(url: &str, count: usize) -> PostgresStore {
    let store = PostgresStore::connect(url).await.expect("the ledger connects");
    let batch = Writer::new("first").with_padding(200).batch(count);
    assert_eq!(store.commit(&batch).await.expect("a commit"), CommitOutcome::Committed);
    store
}

#[tokio::test]
async fn servers_that_start_together_migrate_once() {
    let Some(cluster) = Cluster::shared() else { return };
    for _ in 0..20 {
        let url = cluster.create_database().await;
        let (a, b, c, d) = tokio::join!(
            PostgresStore::connect(&url),
            PostgresStore::connect(&url),
            PostgresStore::connect(&url),
            PostgresStore::connect(&url)
        );
        for store in [a, b, c, d] {
            assert_sound(&store.expect("each of them connects")).await;
        }
    }
}

#[tokio::test]
async fn a_user_who_may_not_change_the_schema_can_run() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_ledger().await;
    for sql in [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "CREATE ROLE ledger_server LOGIN",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ledger_server",
    ] {
        execute(&url, sql).await;
    }
    assert_sound(&grown(&url.replace("postgres@", "ledger_server@"), 20).await).await;
}

#[tokio::test]
async fn a_reader_needs_no_right_to_write() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_ledger().await;
    let server = grown(&url, 300).await;
    execute(&url, "CREATE ROLE auditor LOGIN").await;
    execute(&url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor").await;
    let auditor_url = url.replace("postgres@", "auditor@");
    let auditor = PostgresStore::connect_read_only(&auditor_url).await.expect("reading is enough");
    assert_eq!(assert_sound(&auditor).await, server.head().await.expect("a head"));

    let batch = Writer::resume("auditor", &auditor).await.batch(1);
    let upload = uuid::Uuid::nil();
    let codes = [
        auditor.commit(&batch).await.map(drop),
        auditor.remember_assertion([0; 32], 1, 0).await.map(drop),
        auditor.begin_attachment(upload, 0).await,
        auditor.put_chunk(upload, 0, b"x").await,
        auditor.finish_attachment(upload, [0; 32], 1, [0; 16]).await.map(drop),
        auditor.sweep_attachments(0).await.map(drop),
        auditor.put_document([0; 32], b"x", 0).await,
        auditor.sweep_documents(0, &[]).await.map(drop),
        auditor.put_case_rows(batch.expected, &[]).await.map(drop),
        auditor.wake_all(0).await.map(drop),
        auditor.clear_case_rows().await,
        auditor.forget_match_keys("a").await,
    ]
    .map(|refused| refused.expect_err("read only").code());
    assert_eq!(codes, ["store-read-only"; 12]);

    execute(&url, "DELETE FROM _sqlx_migrations WHERE version = 11").await;
    let error = PostgresStore::connect_read_only(&auditor_url).await.expect_err("older");
    assert_eq!(error.code(), "schema-older");
    assert!(error.to_string().contains("migration 11 "), "{error}");
}

#[tokio::test]
async fn a_ledger_from_before_casework_is_brought_up_to_date() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_ledger().await;
    grown(&url, 300).await.close().await;
    execute(&url, "DELETE FROM _sqlx_migrations WHERE version > 11").await;
    execute(&url, "DROP TABLE document, case_wake, desk, match_key").await;
    let reader = PostgresStore::connect_read_only(&url).await.expect("it is read as it is");
    assert_eq!(reader.head().await.expect("a head").size, 300);
    assert_eq!(reader.document([1; 32]).await.expect("none"), None);
    assert_eq!(reader.documents().await.expect("none"), [[0; 32]; 0]);
    assert_eq!(reader.due_cases(1, 1).await.expect("none"), []);
    assert_eq!(reader.next_wake().await.expect("none"), None);
    assert_eq!(reader.desk("a", "u", None, 1).await.expect("none"), []);
    assert_eq!(reader.desk_counts("a", "u", 1).await.expect("none"), []);
    assert_eq!(reader.cases_by_match(&[[1; 32]]).await.expect("none"), []);
    assert_eq!(reader.irregularities().await.expect("read"), [], "it is as its release made it");
    reader.close().await;
    let store = PostgresStore::connect(&url).await.expect("the ledger is migrated");
    assert_eq!(assert_sound(&store).await.size, 300);
    assert_eq!(store.wake_all(0).await.expect("the table is there"), 0);
    store.put_document([1; 32], b"x", 0).await.expect("the table is there");
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_ledger().await;
    execute(&url, "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 3").await;
    let error = refused(&url).await;
    assert_eq!(error.code(), "schema-changed");
    assert!(error.to_string().contains("migration 3 "), "{error}");
}

#[tokio::test]
async fn a_newer_release_is_named() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_ledger().await;
    let newer = "INSERT INTO _sqlx_migrations VALUES
                 (900, 'v8.1.0 something', now(), true, '\\x00', 0), (901, 'v9.4.0 else', now(), true, '\\x00', 0)";
    execute(&url, newer).await;
    let error = refused(&url).await;
    assert_eq!(error.code(), "schema-newer");
    assert!(error.to_string().contains("Sijill 9.4.0"), "{error}");
}

#[tokio::test]
async fn ledger_and_keys_never_share_a_database() {
    let Some(cluster) = Cluster::shared() else { return };
    let [ledger, keys] = [cluster.create_ledger().await, cluster.create_database().await];
    assert_eq!(PostgresKeyStore::connect(&ledger).await.expect_err("the ledger").code(), "store-unsuitable");
    PostgresKeyStore::connect(&keys).await.expect("the keys connect");
    assert_eq!(refused(&keys).await.code(), "store-unsuitable");
}

#[tokio::test]
async fn a_database_that_forgets_is_refused() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_database().await;
    let name = url.rsplit('/').next().expect("a name").to_owned();
    execute(&url, &format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let error = refused(&url).await;
    assert_eq!(error.code(), "store-unsuitable");
    assert!(error.to_string().contains("set synchronous_commit = on"), "{error}");
    execute(&url, &format!("ALTER DATABASE {name} RESET synchronous_commit")).await;
    PostgresStore::connect(&url).await.expect("mended");

    execute(
        &url,
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0 LOCALE_PROVIDER libc",
    )
    .await;
    let error = refused(&cluster.url("latin")).await;
    assert_eq!(error.code(), "store-unsuitable");
    assert!(error.to_string().contains("LATIN1"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_reached_is_unavailable() {
    let Some(cluster) = Cluster::shared() else { return };
    assert_eq!(refused(&cluster.url("no_such_database")).await.code(), "store-unavailable");
    assert_eq!(refused("postgres://postgres@127.0.0.1:1/ledger").await.code(), "store-unavailable");
    assert_eq!(refused("postgres://postgres@127.0.0.1:port/ledger").await.code(), "store-unsuitable");
}

#[tokio::test]
async fn missing_rows_and_tables_are_contradictions() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_ledger().await;
    let store = grown(&url, 300).await;
    let code = |error: StoreError| error.code();
    execute(&url, "DELETE FROM entry WHERE idx = 40").await;
    assert_eq!(store.entries(0, 100).await.map_err(code), Err("store-corrupt"));
    assert_eq!(store.entries(40, 100).await.map_err(code), Err("store-corrupt"));
    assert_eq!(store.index_rows(30, 100).await.map_err(code), Err("store-corrupt"));
    assert_eq!(store.stream_entries("case/6", 0, 100).await.map_err(code), Err("store-corrupt"));
    assert_eq!(store.entries(41, 9).await.map(|page| page.len()).map_err(code), Ok(9));
    execute(&url, "DELETE FROM head").await;
    assert_eq!(store.head().await.map_err(code), Err("store-corrupt"));
    execute(&url, "DROP TABLE tile").await;
    assert_eq!(store.tile(0, 0).await.map_err(code), Err("store-corrupt"));
}

#[tokio::test]
async fn a_committer_that_waits_too_long_may_try_again() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_ledger().await;
    let store = grown(&url, 10).await;
    let batch = Writer::resume("first", &store).await.batch(2);

    // A rival that holds the head and says nothing.
    let mut rival = raw(&url).await;
    let mut holding = rival.begin().await.expect("a transaction");
    sqlx::query("UPDATE head SET received = received").execute(&mut *holding).await.expect("the head");
    assert_eq!(store.commit(&batch).await.expect_err("locked out").code(), "store-retry");
    holding.rollback().await.expect("release");
    assert_eq!(store.commit(&batch).await.expect("the same batch"), CommitOutcome::Committed);
    assert_sound(&store).await;
}

#[tokio::test]
async fn a_rival_that_dies_holding_the_head_lets_it_go() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.create_ledger().await;
    let store = grown(&url, 10).await;
    let batch = Writer::resume("first", &store).await.batch(2);
    let mut rival = raw(&url).await;
    sqlx::raw_sql("BEGIN; UPDATE head SET size = 99").execute(&mut rival).await.expect("the head");
    let (committed, ()) = tokio::join!(store.commit(&batch), async { drop(rival) });
    assert_eq!(committed.expect("the head is free again"), CommitOutcome::Committed);
    assert_sound(&store).await;
}

#[tokio::test]
async fn backups_are_left_to_postgresql() {
    let Some(cluster) = Cluster::shared() else { return };
    let store = PostgresStore::connect(&cluster.create_ledger().await).await.expect("the ledger connects");
    let keys = PostgresKeyStore::connect(&cluster.create_database().await).await.expect("the keys connect");
    let path = std::path::Path::new("copy");
    for error in [store.backup(path).await.expect_err("no"), keys.backup(path).await.expect_err("no")] {
        assert_eq!(error.code(), "backup-unsupported");
        assert!(error.to_string().contains("pg_dump"), "{error}");
    }
}

/// Without PostgreSQL a test says so where it is seen, and fails where PostgreSQL is required.
#[test]
fn a_missing_postgresql_is_not_passed_over_in_silence() {
    let run = |required: &str| {
        Command::new(std::env::current_exe().expect("this test's program"))
            .args(["--exact", "backups_are_left_to_postgresql"])
            .env("SIJILL_POSTGRES_PROGRAMS", "/nowhere")
            .env("SIJILL_REQUIRE_POSTGRES", required)
            .output()
            .expect("it runs")
    };
    let skipped = run("0");
    let said = String::from_utf8_lossy(&skipped.stderr).into_owned();
    assert!(skipped.status.success(), "{said}");
    assert!(said.contains("SKIPPED backups_are_left_to_postgresql: PostgreSQL is not installed"), "{said}");
    assert!(said.contains("apt install postgresql"), "{said}");
    assert!(!run("1").status.success(), "required, and yet not missed");
}

/// Rows that no ledger wrote, and what they are found as. The ledger has 300 entries.
const PLANTED: [(&str, Stray); 6] = [
    (
        "INSERT INTO entry SELECT 310, 0, gen_random_uuid(), false, 'case/planted', entry FROM entry WHERE idx = 8",
        Stray::Entry(310),
    ),
    (
        "INSERT INTO disclosure VALUES (4000, decode(repeat('07', 32), 'hex'), NULL, NULL)",
        Stray::Disclosure(4000),
    ),
    (
        "INSERT INTO disclosure VALUES (-1, decode(repeat('07', 32), 'hex'), NULL, NULL)",
        Stray::Disclosure(-1),
    ),
    ("INSERT INTO tile VALUES (0, 1, decode(repeat('00', 8192), 'hex'))", Stray::Tile { level: 0, index: 1 }),
    ("INSERT INTO tile VALUES (3, 9, decode(repeat('00', 8192), 'hex'))", Stray::Tile { level: 3, index: 9 }),
    (
        "INSERT INTO tile VALUES (200, 0, decode(repeat('00', 8192), 'hex'))",
        Stray::Tile { level: 200, index: 0 },
    ),
];

#[tokio::test]
async fn rows_beyond_the_head_are_refused() {
    let Some(cluster) = Cluster::shared() else { return };
    for (sql, stray) in PLANTED {
        let url = cluster.create_ledger().await;
        grown(&url, 300).await.close().await;
        execute(&url, sql).await;
        let error = refused(&url).await;
        assert_eq!(error.code(), "store-corrupt");
        assert!(error.to_string().contains(&stray.to_string()), "{error}");
        let reader = PostgresStore::connect_read_only(&url).await.expect("an auditor sees it");
        assert_eq!(reader.strays().await.expect("readable"), [stray]);
    }
}

#[tokio::test]
async fn a_row_in_the_way_of_a_commit_is_a_contradiction() {
    let Some(cluster) = Cluster::shared() else { return };
    for (sql, _) in [PLANTED[0], PLANTED[3]] {
        let url = cluster.create_ledger().await;
        let store = grown(&url, 300).await;
        let batch = Writer::resume("first", &store).await.batch(300);
        execute(&url, sql).await;
        assert_eq!(store.commit(&batch).await.expect_err(sql).code(), "store-corrupt");
        assert_eq!(store.head().await.expect("a head").size, 300, "nothing was written");
    }
}

/// A ledger as its migrations make it is regular: `src/form.txt` is what they make.
#[tokio::test]
async fn rows_without_a_place_and_a_schema_no_migration_makes_are_told() {
    let Some(cluster) = Cluster::shared() else { return };
    let missing = |what: &str| Irregularity::Missing(what.to_owned());
    let foreign = |what: &str| Irregularity::Foreign(what.to_owned());
    let rows = |table, held, placed| Irregularity::Rows { table, held, placed };
    for (sql, told) in [
        ("SELECT 1", vec![]),
        (
            "ALTER TABLE stream_head DROP CONSTRAINT stream_head_pkey, ALTER COLUMN stream SET NOT NULL;
             INSERT INTO stream_head SELECT stream, seq + 1, last, parties FROM stream_head LIMIT 1",
            vec![
                rows("stream_head", 21, 20),
                missing("stream_head | CREATE UNIQUE INDEX stream_head_pkey ON stream_head USING btree (stream)"),
                missing("stream_head | constraint PRIMARY KEY (stream)"),
            ],
        ),
        (
            "ALTER TABLE tile DROP CONSTRAINT tile_pkey, ALTER COLUMN level SET NOT NULL, ALTER COLUMN idx SET NOT NULL;
             INSERT INTO tile SELECT * FROM tile",
            vec![
                rows("tile", 2, 1),
                missing("tile | CREATE UNIQUE INDEX tile_pkey ON tile USING btree (level, idx)"),
                missing("tile | constraint PRIMARY KEY (level, idx)"),
            ],
        ),
        (
            "ALTER TABLE head DROP CONSTRAINT head_id_check;
             INSERT INTO head SELECT 2, size, root, received FROM head",
            vec![rows("head", 2, 1), missing("head | constraint CHECK (id = 1)")],
        ),
        (
            "CREATE TABLE heir () INHERITS (entry); INSERT INTO heir SELECT * FROM entry WHERE idx = 8; DROP INDEX entry_registry",
            vec![
                rows("entry", 301, 300),
                missing("entry | CREATE INDEX entry_registry ON entry USING btree (idx) WHERE registry"),
                foreign("entry | rows of its heir heir"),
            ],
        ),
        (
            "CREATE RULE deaf AS ON DELETE TO entry DO INSTEAD NOTHING",
            vec![foreign("entry | rule deaf")],
        ),
        (
            "ALTER TABLE entry ALTER COLUMN seq DROP NOT NULL",
            vec![missing("entry | column seq bigint NOT NULL"), foreign("entry | column seq bigint")],
        ),
        (
            "CREATE TRIGGER late BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            vec![foreign(
                "head | CREATE TRIGGER late BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            )],
        ),
        ("ALTER TABLE entry ENABLE ROW LEVEL SECURITY", vec![
            missing("entry | relation of kind r"),
            foreign("entry | relation of kind r with hidden rows"),
        ]),
        (
            "ALTER TABLE attachment_chunk DISABLE TRIGGER ALL; INSERT INTO attachment_chunk VALUES (gen_random_uuid(), 0, '')",
            vec![
                rows("attachment_chunk", 1, 0),
                foreign("attachment_chunk | a constraint that is turned off"),
            ],
        ),
        (
            "CREATE VIEW shown AS SELECT idx FROM entry",
            vec![
                foreign("shown | column idx bigint"),
                foreign("shown | relation of kind v"),
                foreign("shown | rule _RETURN"),
            ],
        ),
    ] {
        let url = cluster.create_ledger().await;
        grown(&url, 300).await.close().await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut raw(&url).await).await.expect(sql);
        let reader = PostgresStore::connect_read_only(&url).await.expect("an auditor sees it");
        let found = reader.irregularities().await.expect("readable");
        let (heirs, found): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|one| matches!(one, Irregularity::Foreign(what) if what.starts_with("heir ")));
        assert_eq!(found, told, "{sql}");
        assert_eq!(heirs.is_empty(), !sql.contains("heir"), "{heirs:?}");
        reader.close().await;
    }
}
