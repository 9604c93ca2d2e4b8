//! The dishonest operator: all of the database, all keys of the ledger, and no key of anyone else, unless an officer
//! lends it. Covers its tracks as well as that allows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sijill_domain::{AgencyId, Parties};
use sijill_event::{Digest, Entry, Event, Json, SdJwt, StreamKind};
use sijill_log::{Checkpoint, Hash, KeyName, NoteSigner, TileBuilder, leaf_hash};
use sijill_tests::chance::Chance;
use sijill_tests::made::{Made, ORIGIN, Writer};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use tokio::runtime::Runtime;

use crate::vault;

/// A stored disclosure.
pub(crate) struct Stored {
    pub(crate) index: u64,
    pub(crate) digest: [u8; 32],
    pub(crate) key_id: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
}

pub(crate) struct Operator<'a> {
    pub(crate) made: &'a Made,
    pub(crate) dir: PathBuf,
    pub(crate) chance: Chance,
    /// What a lent key would write next.
    pub(crate) writer: Writer,
    master: [u8; 32],
    log_key: NoteSigner,
    runtime: Runtime,
    ledger: SqliteConnection,
    keys: SqliteConnection,
}

/// A copy of a ledger without any constraint in its database.
pub(crate) fn unlock(made: &Made, to: &Path) {
    copy(&made.dir, to);
    runtime().block_on(async {
        let mut ledger = connect(&to.join("ledger.sqlite")).await;
        unbind(&mut ledger).await;
        ledger.close().await.expect("closed");
    });
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Copies a directory.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

impl<'a> Operator<'a> {
    /// Sits down at a copy of the ledger, made by [`unlock`].
    pub(crate) fn enter(made: &'a Made, unlocked: &Path, dir: &Path, chance: Chance) -> Self {
        copy(unlocked, dir);
        let runtime = runtime();
        let ledger = runtime.block_on(connect(&dir.join("ledger.sqlite")));
        let keys = runtime.block_on(connect(&dir.join("keystore/keys.sqlite")));
        let master = std::fs::read(dir.join("keys/master.key")).expect("the operator reads every key");
        let master = sijill_event::b64::decode_array(&master, "master key").expect("a key");
        let (log_key, writer) = (made.log_key(), made.writer.clone());
        Self { made, dir: dir.to_path_buf(), chance, writer, master, log_key, runtime, ledger, keys }
    }

    /// Leaves everything on disk.
    pub(crate) fn leave(self) -> PathBuf {
        self.runtime.block_on(self.ledger.close()).expect("closed");
        self.runtime.block_on(self.keys.close()).expect("closed");
        self.dir
    }

    /// Runs a statement on the ledger's database; it has to change something.
    pub(crate) fn sql(&mut self, sql: &str, bind: impl FnOnce(&mut SqliteArguments)) {
        let changed = self.runtime.block_on(execute(&mut self.ledger, sql, bind));
        assert_ne!(changed, 0, "{sql} changes nothing");
    }

    /// Runs a statement that may change nothing.
    pub(crate) fn script(&mut self, sql: &str) {
        self.runtime.block_on(execute(&mut self.ledger, sql, |_| ()));
    }

    /// Runs a statement on the key store.
    pub(crate) fn sql_on_keys(&mut self, sql: &str, bind: impl FnOnce(&mut SqliteArguments)) {
        let changed = self.runtime.block_on(execute(&mut self.keys, sql, bind));
        assert_ne!(changed, 0, "{sql} changes nothing");
    }

    /// Reads rows of the ledger's database.
    pub(crate) fn rows(&mut self, sql: &str) -> Vec<SqliteRow> {
        let query = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.ledger);
        self.runtime.block_on(query).expect(sql)
    }

    /// An entry's text as it stands in the database.
    pub(crate) fn entry(&mut self, index: u64) -> String {
        self.rows(&format!("SELECT entry FROM entry WHERE idx = {index}"))[0].get(0)
    }

    /// Puts another text in the place of an entry.
    pub(crate) fn put(&mut self, index: u64, text: &str) {
        self.sql(&format!("UPDATE entry SET entry = ? WHERE idx = {index}"), |a| add(a, text));
    }

    /// Makes room: everything from `index` on moves up by `by`, down if negative.
    pub(crate) fn shift(&mut self, index: u64, by: i64) {
        for (table, column) in [("entry", "idx"), ("disclosure", "idx"), ("attachment", "entry")] {
            let sql = format!("UPDATE {table} SET {column} = {column} + {by} WHERE {column} >= {index}");
            self.script(&sql);
        }
    }

    /// Writes an entry where none is; its columns come with [`cover`](Self::cover).
    pub(crate) fn insert(&mut self, index: u64, text: &str) {
        let sql =
            format!("INSERT INTO entry VALUES ({index}, 'x', 0, x'00000000000000000000000000000000', 0, ?)");
        self.sql(&sql, |a| add(a, text));
    }

    /// Appends what `signed` says, received now.
    pub(crate) fn append(&mut self, signed: &SdJwt) -> u64 {
        let index = self.size();
        let text = format!("{} {}", self.writer.now_ms, signed.event.jwt);
        self.insert(index, &text);
        index
    }

    /// Number of entries in the database.
    pub(crate) fn size(&mut self) -> u64 {
        self.rows("SELECT count(*) FROM entry")[0].get(0)
    }

    /// Stored disclosures of an entry.
    pub(crate) fn stored(&mut self, index: u64) -> Vec<Stored> {
        let sql =
            format!("SELECT digest, key_id, ciphertext FROM disclosure WHERE idx = {index} ORDER BY digest");
        let read = |row: SqliteRow| Stored {
            index,
            digest: row.get::<Vec<u8>, _>(0).try_into().expect("32 bytes"),
            key_id: row.get(1),
            ciphertext: row.get(2),
        };
        self.rows(&sql).into_iter().map(read).collect()
    }

    fn data_key(&mut self, id: &[u8]) -> [u8; 32] {
        let query =
            sqlx::query("SELECT wrapped FROM data_key WHERE id = ?").bind(id).fetch_one(&mut self.keys);
        let wrapped: Vec<u8> = self.runtime.block_on(query).expect("the key is there").get(0);
        vault::unwrap_key(&self.master, id, &wrapped)
    }

    /// The text of a stored disclosure.
    pub(crate) fn read(&mut self, stored: &Stored) -> String {
        let key = self.data_key(&stored.key_id);
        let event = &self.made.entries[usize::try_from(stored.index).expect("fits")].event;
        vault::open_disclosure(&key, event, &stored.digest, &stored.ciphertext)
    }

    /// Puts a text in the place of a stored disclosure, encrypted as if it had always been there.
    pub(crate) fn replace(&mut self, stored: &Stored, digest: &[u8; 32], text: &str) {
        let key = self.data_key(&stored.key_id);
        let event = &self.made.entries[usize::try_from(stored.index).expect("fits")].event;
        let sealed = vault::seal_disclosure(&key, event, digest, text, self.chance.bytes());
        let sql = format!(
            "UPDATE disclosure SET digest = ?, ciphertext = ? WHERE idx = {} AND digest = ?",
            stored.index
        );
        self.sql(&sql, |a| {
            add(a, digest.to_vec());
            add(a, sealed);
            add(a, stored.digest.to_vec());
        });
    }

    /// One more disclosure of an entry, under the data key of `beside`.
    pub(crate) fn add_disclosure(&mut self, index: u64, beside: &Stored, digest: &[u8; 32], text: &str) {
        let key = self.data_key(&beside.key_id);
        let event = &self.made.entries[usize::try_from(index).expect("fits")].event;
        let sealed = vault::seal_disclosure(&key, event, digest, text, self.chance.bytes());
        self.sql(&format!("INSERT INTO disclosure VALUES ({index}, ?, ?, ?)"), |a| {
            add(a, digest.to_vec());
            add(a, beside.key_id.clone());
            add(a, sealed);
        });
    }

    /// Another data key in the place of a disclosure's, rightly wrapped.
    pub(crate) fn replace_key(&mut self, stored: &Stored) {
        let wrapped =
            vault::wrap_key(&self.master, &stored.key_id, &self.chance.bytes(), self.chance.bytes());
        self.sql_on_keys("UPDATE data_key SET wrapped = ? WHERE id = ?", |a| {
            add(a, wrapped);
            add(a, stored.key_id.clone());
        });
    }

    /// Signs a checkpoint and puts it in the place of the seal.
    pub(crate) fn seal(&self, size: u64, root: Hash) {
        let origin = KeyName::new(ORIGIN).expect("a name");
        let note = Checkpoint { origin, size, root }.sign(&self.log_key).expect("signed");
        std::fs::write(self.dir.join("seal"), note.to_string()).expect("written");
    }

    /// Makes the database agree with its entries, and signs what they are now: tiles, columns, heads, checkpoint.
    pub(crate) fn cover(&mut self) {
        let entries: Vec<(u64, String)> = self
            .rows("SELECT idx, entry FROM entry ORDER BY idx")
            .iter()
            .map(|row| (row.get(0), row.get(1)))
            .collect();
        let mut builder = TileBuilder::new();
        let tiles = builder.extend(entries.iter().map(|(_, text)| leaf_hash(text.as_bytes())));
        self.sql("DELETE FROM tile", |_| ());
        for full in tiles {
            let sql = format!("INSERT INTO tile VALUES ({}, {}, ?)", full.tile.level, full.tile.index);
            self.sql(&sql, |a| add(a, full.bytes));
        }
        self.cover_columns(&entries);
        let received =
            entries.iter().filter_map(|(_, text)| text.split_once(' ')?.0.parse::<u64>().ok()).max();
        let sql = format!(
            "UPDATE head SET size = {}, root = ?, received = {}",
            builder.size(),
            received.unwrap_or(0)
        );
        self.sql(&sql, |a| add(a, builder.root().0.to_vec()));
        self.seal(builder.size(), builder.root());
    }

    /// The columns an entry is found by.
    fn cover_row(&mut self, index: u64, event: &Event) {
        let (seq, registry) = (event.seq, u8::from(is_registry(event)));
        let sql = format!(
            "UPDATE entry SET stream = ?, seq = {seq}, jti = ?, registry = {registry} WHERE idx = {index}"
        );
        self.sql(&sql, |a| {
            add(a, event.stream.as_str().to_owned());
            add(a, event.jti.as_bytes().to_vec());
        });
    }

    fn cover_columns(&mut self, entries: &[(u64, String)]) {
        let mut heads: BTreeMap<String, (u64, Digest, Parties)> = BTreeMap::new();
        let made = self.made;
        self.script("BEGIN");
        for (index, text) in entries {
            let known = usize::try_from(*index).ok().and_then(|index| made.entries.get(index));
            let read;
            let event = if let Some(known) = known.filter(|known| known.format() == *text) {
                &known.event
            } else {
                let Ok(entry) = Entry::parse(text.as_bytes()) else { continue };
                read = entry.event;
                self.cover_row(*index, &read);
                &read
            };
            let head =
                heads.entry(event.stream.as_str().to_owned()).or_insert((0, Digest([0; 32]), Parties::new()));
            if event.seq >= head.0 {
                (head.0, head.1) = (event.seq, event.hash());
            }
            if !is_registry(event) {
                let to = event.data.get("to").and_then(|to| to.get("agency")).and_then(Json::as_str);
                head.2.extend(
                    &[to, Some(&*event.iss)].into_iter().flatten().filter_map(AgencyId::parse).collect(),
                );
            }
        }
        self.sql("DELETE FROM stream_head", |_| ());
        for (stream, (seq, last, parties)) in heads {
            self.sql(&format!("INSERT INTO stream_head VALUES (?, {seq}, ?, ?)"), |a| {
                add(a, stream);
                add(a, last.0.to_vec());
                add(a, parties.to_string());
            });
        }
        self.script("COMMIT");
    }
}

fn is_registry(event: &Event) -> bool {
    matches!(event.stream.kind(), StreamKind::Ledger | StreamKind::Agency)
}

/// Binds a value of a statement.
pub(crate) fn add<'q, T: sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(
    to: &mut SqliteArguments,
    value: T,
) {
    sqlx::Arguments::add(to, value).expect("it can be bound");
}

async fn connect(path: &Path) -> SqliteConnection {
    let options =
        SqliteConnectOptions::new().filename(path).pragma("synchronous", "OFF").pragma("foreign_keys", "OFF");
    SqliteConnection::connect_with(&options).await.expect("the operator opens every database")
}

async fn execute(on: &mut SqliteConnection, sql: &str, bind: impl FnOnce(&mut SqliteArguments)) -> u64 {
    let mut arguments = SqliteArguments::default();
    bind(&mut arguments);
    let query = sqlx::query_with(AssertSqlSafe(sql.to_owned()), arguments).execute(on);
    query.await.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
}

/// No constraint holds whoever owns the database: the same tables without any.
async fn unbind(ledger: &mut SqliteConnection) {
    for (table, columns, index) in [
        ("entry", "idx INTEGER, stream TEXT, seq INTEGER, jti BLOB, registry INTEGER, entry TEXT", "idx"),
        ("disclosure", "idx INTEGER, digest BLOB, key_id BLOB, ciphertext BLOB", "idx, digest"),
        ("stream_head", "stream TEXT, seq INTEGER, last BLOB, parties TEXT", "stream"),
        ("tile", "level INTEGER, idx INTEGER, hashes BLOB", "level, idx"),
        ("head", "only INTEGER, size INTEGER, root BLOB, received INTEGER", "only"),
        (
            "attachment",
            "upload BLOB, begun INTEGER, digest BLOB, size INTEGER, chunks INTEGER, key_id BLOB, entry INTEGER, erased INTEGER",
            "digest",
        ),
        ("attachment_chunk", "upload BLOB, number INTEGER, ciphertext BLOB", "upload"),
    ] {
        for sql in [
            format!("CREATE TABLE free ({columns})"),
            format!("INSERT INTO free SELECT * FROM {table}"),
            format!("DROP TABLE {table}"),
            format!("ALTER TABLE free RENAME TO {table}"),
            format!("CREATE INDEX {table}_free ON {table} ({index})"),
        ] {
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut *ledger)
                .await
                .expect("the operator owns the database");
        }
    }
    sqlx::query("CREATE INDEX entry_by_stream ON entry (stream, seq)")
        .execute(&mut *ledger)
        .await
        .expect("an index");
}
