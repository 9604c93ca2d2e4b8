//! What opening a file refuses, what it promises to readers, and what reaches the file's bytes.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sijill_store::conformance::sample::{Writer, all_disclosures, assert_sound};
use sijill_store::{CommitOutcome, KeyStore, Store, StoreError};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.expect("a plain connection")
}

async fn execute(path: &Path, sql: &'static str) {
    sqlx::query(sql).execute(&mut raw(path).await).await.expect(sql);
}

async fn append(store: &SqliteStore, count: usize) {
    let batch = Writer::resume("first", store).await.with_padding(200).batch(count);
    assert_eq!(store.commit(&batch).await.expect("a commit"), CommitOutcome::Committed);
}

/// A closed ledger of 300 entries.
async fn ledger(directory: &Path) -> PathBuf {
    let path = directory.join("ledger.db");
    let store = SqliteStore::open(&path).await.expect("the ledger opens");
    append(&store, 300).await;
    store.close().await;
    path
}

fn directory() -> TempDir {
    TempDir::new().expect("a directory")
}

#[tokio::test]
async fn servers_that_start_together_migrate_once() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    let (a, b, c, d) = tokio::join!(
        SqliteStore::open(&path),
        SqliteStore::open(&path),
        SqliteStore::open(&path),
        SqliteStore::open(&path)
    );
    for store in [a, b, c, d] {
        assert_sound(&store.expect("each of them opens")).await;
    }
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    execute(&path, "UPDATE _sqlx_migrations SET checksum = x'00'").await;
    assert_eq!(SqliteStore::open(&path).await.expect_err("changed").code(), "schema-changed");
    assert_eq!(SqliteStore::open_read_only(&path).await.expect_err("changed").code(), "schema-changed");
}

#[tokio::test]
async fn a_newer_release_is_named() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    for newer in [
        "INSERT INTO _sqlx_migrations VALUES (900, 'v8.1.0 something', '', TRUE, x'00', 0)",
        "INSERT INTO _sqlx_migrations VALUES (901, 'v9.4.0 something else', '', TRUE, x'00', 0)",
    ] {
        execute(&path, newer).await;
    }
    for error in [SqliteStore::open(&path).await.err(), SqliteStore::open_read_only(&path).await.err()] {
        let error = error.expect("newer");
        assert_eq!(error.code(), "schema-newer");
        assert!(error.to_string().contains("Sijill 9.4.0"), "{error}");
    }
}

#[tokio::test]
async fn ledger_and_keys_never_share_a_file() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    assert_eq!(SqliteKeyStore::open(&path).await.expect_err("the ledger").code(), "store-unsuitable");
    let keys = directory.path().join("keys.db");
    SqliteKeyStore::open(&keys).await.expect("the key file opens").close().await;
    assert_eq!(SqliteStore::open(&keys).await.expect_err("the keys").code(), "store-unsuitable");
}

#[tokio::test]
async fn a_reader_does_not_migrate() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    execute(&path, "DELETE FROM _sqlx_migrations").await;
    assert_eq!(SqliteStore::open_read_only(&path).await.expect_err("older").code(), "schema-older");
}

#[tokio::test]
async fn a_ledger_from_before_casework_is_brought_up_to_date() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    for sql in [
        "DELETE FROM _sqlx_migrations WHERE version > 1",
        "DROP TABLE document",
        "DROP TABLE case_wake",
        "DROP TABLE desk",
        "DROP TABLE match_key",
    ] {
        execute(&path, sql).await;
    }
    let reader = SqliteStore::open_read_only(&path).await.expect("it is read as it is");
    assert_eq!(reader.lacks(), Some(2));
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
    let store = SqliteStore::open(&path).await.expect("the ledger is migrated");
    assert_eq!(store.lacks(), None);
    assert_eq!(assert_sound(&store).await.size, 300);
    assert_eq!(store.wake_all(0).await.expect("the table is there"), 0);
    store.put_document([1; 32], b"x", 0).await.expect("the table is there");
}

#[tokio::test]
async fn what_is_no_ledger_is_refused() {
    let directory = directory();
    let path = directory.path().join("ledger.db");
    assert_eq!(SqliteStore::open_read_only(&path).await.expect_err("nothing").code(), "store-not-found");
    assert!(!path.exists(), "a reader creates nothing");
    fs::write(&path, "minutes of the meeting\n".repeat(500)).expect("a file");
    assert_eq!(SqliteStore::open(&path).await.expect_err("text").code(), "store-corrupt");
    assert_eq!(SqliteStore::open_read_only(&path).await.expect_err("text").code(), "store-corrupt");
    let nowhere = directory.path().join("no/such/ledger.db");
    assert_eq!(SqliteStore::open(nowhere).await.expect_err("no directory").code(), "store-unavailable");
}

#[tokio::test]
async fn missing_rows_are_contradictions() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    let store = SqliteStore::open(&path).await.expect("the ledger opens");
    execute(&path, "DELETE FROM entry WHERE idx = 40").await;
    let code = |error: StoreError| error.code();
    assert_eq!(store.entries(0, 100).await.map_err(code), Err("store-corrupt"));
    assert_eq!(store.entries(40, 100).await.map_err(code), Err("store-corrupt"));
    assert_eq!(store.index_rows(30, 100).await.map_err(code), Err("store-corrupt"));
    assert_eq!(store.stream_entries("case/6", 0, 100).await.map_err(code), Err("store-corrupt"));
    assert_eq!(store.entries(41, 9).await.map(|page| page.len()).map_err(code), Ok(9));
    execute(&path, "DELETE FROM head").await;
    assert_eq!(store.head().await.map_err(code), Err("store-corrupt"));
}

#[tokio::test]
async fn a_missing_table_is_a_contradiction() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    let store = SqliteStore::open(&path).await.expect("the ledger opens");
    execute(&path, "DROP TABLE tile").await;
    execute(&path, "ALTER TABLE disclosure RENAME COLUMN ciphertext TO other").await;
    let code = |error: StoreError| error.code();
    assert_eq!(store.tile(0, 0).await.map_err(code), Err("store-corrupt"));
    assert_eq!(store.disclosures(0..9, None, 9).await.map_err(code), Err("store-corrupt"));
}

#[tokio::test]
async fn a_writer_that_waits_too_long_may_try_again() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    let store = SqliteStore::open(&path).await.expect("the ledger opens");
    let batch = Writer::resume("first", &store).await.batch(2);
    let mut other = raw(&path).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("the lock");
    assert_eq!(store.commit(&batch).await.expect_err("locked out").code(), "store-retry");
    sqlx::query("ROLLBACK").execute(&mut other).await.expect("release");
    assert_eq!(store.commit(&batch).await.expect("the same batch"), CommitOutcome::Committed);
    assert_sound(&store).await;
}

#[tokio::test]
async fn a_reader_follows_a_running_server_and_writes_nothing() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    let server = SqliteStore::open(&path).await.expect("the ledger opens");
    let reader = SqliteStore::open_read_only(&path).await.expect("a reader beside it");
    for size in [310, 320] {
        append(&server, 10).await;
        assert_eq!(assert_sound(&reader).await.size, size);
    }
    let batch = Writer::resume("reader", &reader).await.batch(1);
    let upload = uuid::Uuid::nil();
    let codes = [
        reader.commit(&batch).await.map(drop),
        reader.remember_assertion([0; 32], 1, 0).await.map(drop),
        reader.begin_attachment(upload, 0).await,
        reader.put_chunk(upload, 0, b"x").await,
        reader.finish_attachment(upload, [0; 32], 1, [0; 16]).await.map(drop),
        reader.sweep_attachments(0).await.map(drop),
        reader.put_document([0; 32], b"x", 0).await,
        reader.sweep_documents(0, &[]).await.map(drop),
        reader.put_case_rows(batch.expected, &[]).await.map(drop),
        reader.wake_all(0).await.map(drop),
        reader.clear_case_rows().await,
        reader.forget_match_keys("a").await,
        reader.reseal(&[]).await,
        reader.backup(&directory.path().join("copy.db")).await,
    ]
    .map(|refused| refused.expect_err("read only").code());
    assert_eq!(codes, ["store-read-only"; 14]);
}

#[tokio::test]
async fn a_reader_of_a_closed_file_leaves_no_trace_and_notices_a_server() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    let names = || fs::read_dir(directory.path()).expect("the directory").count();
    assert_eq!(names(), 1, "a closed ledger is one file");
    let reader = SqliteStore::open_read_only(&path).await.expect("a reader");
    assert_eq!(assert_sound(&reader).await.size, 300);
    assert_eq!(names(), 1, "nothing appears beside it");

    let server = SqliteStore::open(&path).await.expect("a server starts");
    append(&server, 300).await;
    assert_eq!(reader.head().await.expect("the file stands still so far").size, 300);
    server.close().await;
    assert_eq!(reader.head().await.expect_err("the file has changed").code(), "store-changed");
    let again = SqliteStore::open_read_only(&path).await.expect("open again");
    assert_eq!(assert_sound(&again).await.size, 600);
}

const LEDGER: &str = "SIJILL_TEST_READ_ONLY_LEDGER";

/// Opens the ledger as a user who may write neither to it nor beside it, and answers what that user saw.
fn seen_by_a_stranger(program: &Path, ledger: &Path) -> String {
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|this| std::os::unix::fs::MetadataExt::uid(&this) == 0);
    let mut child = if is_root {
        // Root may write anywhere: step down to nobody.
        let mut child = Command::new("setpriv");
        child.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
        child
    } else {
        Command::new(program)
    };
    child.args(["--exact", "stranger_child", "--ignored", "--nocapture"]).env(LEDGER, ledger);
    let output = child.output().expect("the child starts");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let seen = stdout.lines().find_map(|line| line.split_once("saw: ").map(|(_, seen)| seen.to_owned()));
    seen.unwrap_or_else(|| panic!("{stdout}\n{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
#[ignore = "the program a_stranger_can_audit starts"]
async fn stranger_child() {
    use std::io::Write;
    let path = PathBuf::from(std::env::var_os(LEDGER).expect("started by a_stranger_can_audit"));
    let probe = path.with_file_name("probe");
    assert!(fs::write(&probe, "").is_err(), "this user must not be able to write there");
    let seen = match SqliteStore::open_read_only(&path).await {
        Ok(store) => assert_sound(&store).await.size.to_string(),
        Err(error) => error.code().into(),
    };
    writeln!(std::io::stdout(), "\nsaw: {seen}").expect("standard output");
}

#[tokio::test]
async fn a_stranger_can_audit() {
    let directory = directory();
    let may =
        |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
    // Everyone may read, nobody but its owner (here: root, or for a moment ourselves) may write.
    let program = directory.path().join("program");
    fs::copy(std::env::current_exe().expect("this program"), &program).expect("a copy");
    let data = directory.path().join("data");
    fs::create_dir(&data).expect("a directory");
    may(directory.path(), 0o755);
    may(&program, 0o755);
    let seal = |data: &Path| {
        fs::read_dir(data).expect("files").for_each(|file| may(&file.expect("a file").path(), 0o444));
        may(data, 0o555);
    };
    let unseal = |data: &Path| {
        may(data, 0o755);
        fs::read_dir(data).expect("files").for_each(|file| may(&file.expect("a file").path(), 0o644));
    };

    let path = ledger(&data).await;
    seal(&data);
    assert_eq!(seen_by_a_stranger(&program, &path), "300", "a closed ledger");

    unseal(&data);
    let server = SqliteStore::open(&path).await.expect("a server");
    append(&server, 50).await;
    seal(&data);
    assert_eq!(seen_by_a_stranger(&program, &path), "350", "beside a running server");

    // What a server leaves behind that is killed now.
    let [crashed, copied] = ["crashed", "copied"].map(|name| directory.path().join(name));
    for copy in [&crashed, &copied] {
        fs::create_dir(copy).expect("a directory");
        for file in fs::read_dir(&data).expect("files") {
            let file = file.expect("a file");
            fs::copy(file.path(), copy.join(file.file_name())).expect("a copy");
        }
    }
    fs::remove_file(copied.join("ledger.db-shm")).expect("an index");
    seal(&crashed);
    seal(&copied);
    assert_eq!(seen_by_a_stranger(&program, &crashed.join("ledger.db")), "350", "after a crash");
    assert_eq!(seen_by_a_stranger(&program, &copied.join("ledger.db")), "store-needs-recovery");
    for directory in [&data, &crashed, &copied] {
        unseal(directory);
    }
}

#[tokio::test]
async fn a_backup_is_a_sound_ledger() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    let store = SqliteStore::open(&path).await.expect("the ledger opens");
    let copy = directory.path().join("copy.db");
    fs::write(directory.path().join("copy.db.partial"), "an attempt that was interrupted").expect("a file");
    let writing = async {
        for _ in 0..10 {
            append(&store, 20).await;
        }
    };
    let (copied, ()) = tokio::join!(store.backup(&copy), writing);
    copied.expect("a backup beside the writer");
    assert_eq!(fs::metadata(&copy).expect("the copy").permissions().mode() & 0o777, 0o600);
    assert!(!directory.path().join("copy.db.partial").exists());
    let head = assert_sound(&SqliteStore::open_read_only(&copy).await.expect("the copy opens")).await;
    assert!((300..=500).contains(&head.size) && head.size % 20 == 0, "whole batches only: {}", head.size);
    assert_eq!(store.backup(&copy).await.expect_err("exists").code(), "backup-exists");

    let restored = SqliteStore::open(&copy).await.expect("the copy runs");
    append(&restored, 5).await;
    assert_sound(&restored).await;
}

/// Whether any file of the directory holds these bytes.
fn anywhere(directory: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(directory).expect("files").any(|file| {
        let content = fs::read(file.expect("a file").path()).expect("its bytes");
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[tokio::test]
async fn erased_bytes_leave_the_disk() {
    let directory = directory();
    let path = ledger(directory.path()).await;
    let store = SqliteStore::open(&path).await.expect("the ledger opens");
    append(&store, 20).await;
    let held = all_disclosures(&store, 0..320).await;
    // One from the closed file, one from the log of the running server.
    let erased = [held[5].clone(), held[held.len() - 1].clone()];
    let ciphertexts = erased.clone().map(|d| d.sealed.expect("not erased yet").ciphertext);
    assert!(ciphertexts.iter().all(|ciphertext| anywhere(directory.path(), ciphertext)));

    let mut batch = Writer::resume("first", &store).await.batch(1);
    batch.erased = erased.iter().map(|d| (d.index, d.digest)).collect();
    assert_eq!(store.commit(&batch).await.expect("a commit"), CommitOutcome::Committed);
    for ciphertext in &ciphertexts {
        assert!(!anywhere(directory.path(), ciphertext), "while the server runs");
    }
    let mut batch = Writer::resume("first", &store).await.batch(1);
    batch.match_keys = vec![(*b"the key by which a child is foun", "a".into())];
    assert_eq!(store.commit(&batch).await.expect("a commit"), CommitOutcome::Committed);
    assert!(anywhere(directory.path(), &batch.match_keys[0].0));
    store.forget_match_keys("a").await.expect("forgotten");
    assert!(!anywhere(directory.path(), &batch.match_keys[0].0), "while the server runs");
    store.close().await;

    let keys = SqliteKeyStore::open(directory.path().join("keys.db")).await.expect("the key file opens");
    let key = [*b"sixteen bytes id", *b"and another name"].map(|id| (id, id.repeat(4)));
    keys.put(&key).await.expect("two keys");
    assert!(anywhere(directory.path(), &key[0].1));
    assert_eq!(keys.destroy(&[key[0].0]).await.expect("destroyed"), 1);
    assert!(!anywhere(directory.path(), &key[0].1), "a destroyed key is nowhere");
    assert!(anywhere(directory.path(), &key[1].1), "its neighbour is");
}

#[tokio::test]
async fn the_key_file_is_its_owners_alone() {
    let directory = directory();
    let path = directory.path().join("keys.db");
    let keys = SqliteKeyStore::open(&path).await.expect("the key file opens");
    keys.put(&[([1; 16], vec![1])]).await.expect("a key");
    for name in ["keys.db", "keys.db-wal", "keys.db-shm"] {
        let mode = fs::metadata(directory.path().join(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let copy = directory.path().join("copy.db");
    keys.backup(&copy).await.expect("a backup");
    assert_eq!(keys.backup(&copy).await.expect_err("exists").code(), "backup-exists");
    keys.close().await;
    let copy = SqliteKeyStore::open(&copy).await.expect("the copy opens");
    assert_eq!(copy.get(&[[1; 16]]).await.expect("a look-up"), [([1; 16], vec![1])]);
}
