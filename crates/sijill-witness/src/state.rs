//! What a witness must never forget: the checkpoint of each log that it cosigned last; what it keeps as evidence; and which
//! checkpoints it has cosigned or heard of, as far back as there is room.
//!
//! One SQLite file, WAL and `synchronous=FULL`: what was committed survives loss of power. Writers of all processes queue
//! behind `BEGIN IMMEDIATE`, and a head moves by compare-and-swap besides.
//!
//! **Danger.** A restored backup of this file knows smaller sizes than were cosigned, and would cosign a second history.
//! Never restore it: a witness that lost its state begins anew with a new key (`docs/operations.md`).

mod evidence;
mod open;
mod seen;

use std::collections::HashMap;
use std::path::Path;

use sijill_log::{Checkpoint, Hash, KeyKind, Note, NoteVerifier};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection, SqlitePool};

use crate::error::WitnessError;
use crate::judge::{Answer, Decision, EvidenceKind, Shown, decide};

pub use evidence::{Evidence, MAX_EVIDENCE};
pub use seen::{Heard, MAX_SEEN};

/// The checkpoint of a log that was cosigned last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Origin, size and root.
    pub checkpoint: Checkpoint,
    /// With the log's signatures.
    pub note: Note,
    /// When, Unix seconds.
    pub at: u64,
}

/// The state. Clones share it.
#[derive(Debug, Clone)]
pub struct State {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl State {
    /// Opens the file, which is made if there is none.
    pub async fn open(path: &Path) -> Result<Self, WitnessError> {
        let (writer, readers) = open::open(path).await?;
        Ok(Self { writer, readers })
    }

    /// Closes all connections; the last one folds the log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Trusts a key to sign checkpoints of `origin`, from the next request on, also in a witness that runs. Known already:
    /// nothing changes.
    pub async fn trust(&self, origin: &str, key: &NoteVerifier) -> Result<(), WitnessError> {
        // What `Checkpoint::parse` would refuse could never be witnessed.
        origin.parse::<sijill_log::KeyName>()?;
        if key.kind() != KeyKind::Log {
            return Err(WitnessError::KeyTwice(key.to_string()));
        }
        let vkey = key.to_string();
        sqlx::query("INSERT INTO log_key (origin, vkey) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(origin)
            .bind(&vkey)
            .execute(&self.writer)
            .await?;
        let known: String = sqlx::query_scalar("SELECT origin FROM log_key WHERE vkey = ?")
            .bind(&vkey)
            .fetch_one(&self.writer)
            .await?;
        if known == origin { Ok(()) } else { Err(WitnessError::KeyOfOther(known)) }
    }

    /// Trusts one key of a log no more, or none of them: then the log is unknown. What was cosigned of it stays known.
    pub async fn distrust(&self, origin: &str, key: Option<&NoteVerifier>) -> Result<(), WitnessError> {
        let vkey = key.map(ToString::to_string);
        let gone = sqlx::query("DELETE FROM log_key WHERE origin = ?1 AND (?2 IS NULL OR vkey = ?2)")
            .bind(origin)
            .bind(vkey)
            .execute(&self.writer)
            .await?;
        if gone.rows_affected() > 0 { Ok(()) } else { Err(WitnessError::LogUnknown(origin.to_owned())) }
    }

    /// The logs that are witnessed, with their keys, by origin.
    pub async fn logs(&self) -> Result<Vec<(String, Vec<NoteVerifier>)>, WitnessError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT origin, vkey FROM log_key ORDER BY origin, vkey")
                .fetch_all(&self.readers)
                .await?;
        let mut logs: Vec<(String, Vec<NoteVerifier>)> = Vec::new();
        for (origin, vkey) in rows {
            let key = read_key(&vkey)?;
            match logs.last_mut() {
                Some((last, keys)) if *last == origin => keys.push(key),
                _ => logs.push((origin, vec![key])),
            }
        }
        Ok(logs)
    }

    /// The keys of one log; none if it is not witnessed.
    pub async fn keys_of(&self, origin: &str) -> Result<Vec<NoteVerifier>, WitnessError> {
        let rows: Vec<String> = sqlx::query_scalar("SELECT vkey FROM log_key WHERE origin = ? ORDER BY vkey")
            .bind(origin)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|vkey| read_key(vkey)).collect()
    }

    /// What was cosigned last of a log.
    pub async fn held(&self, origin: &str) -> Result<Option<Held>, WitnessError> {
        held(&mut *self.readers.acquire().await?, origin).await
    }

    /// Everything kept as evidence, by origin, forks first; with each log's number of what there was no room for.
    pub async fn evidence(&self) -> Result<(Vec<Evidence>, Vec<(String, u64)>), WitnessError> {
        evidence::all(&self.readers).await
    }

    /// Hears of a checkpoint that somebody else holds, signed by the log and verified. If the log signed another root for its
    /// size, the two are kept as evidence. Otherwise it is remembered; answers whether it is new.
    pub(crate) async fn hear(&self, shown: &Shown, now: u64) -> Result<Heard, WitnessError> {
        let mut connection = self.writer.acquire().await?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let heard = if let Some(held) = seen::otherwise(&mut transaction, &shown.checkpoint).await? {
            evidence::keep(&mut transaction, EvidenceKind::Fork, &held, shown, now).await?;
            Heard::Fork
        } else if seen::add(&mut transaction, &shown.checkpoint, &shown.note, now, false).await? {
            seen::prune(&mut transaction, shown.checkpoint.origin.as_str()).await?;
            Heard::New
        } else {
            Heard::Known
        };
        transaction.commit().await?;
        Ok(heard)
    }

    /// Checkpoints of a log that were heard of, of at most `size` entries, smallest first, and that [`State::compared`] has not
    /// been told of.
    pub async fn heard(&self, origin: &str, size: u64) -> Result<Vec<Note>, WitnessError> {
        seen::heard(&self.readers, origin, size).await
    }

    /// Whoever holds the log's tree has compared with it what was heard of, up to `size` entries.
    pub async fn compared(&self, origin: &str, size: u64) -> Result<(), WitnessError> {
        seen::compared(&self.writer, origin, size).await
    }

    /// Judges checkpoints in turn and makes what follows durable, all or nothing, before it says so. A failure: nothing
    /// may be signed.
    pub(crate) async fn settle(&self, batch: &[Shown], now: u64) -> Result<Vec<Decision>, WitnessError> {
        let mut connection = self.writer.acquire().await?;
        // A return without commit rolls back.
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut heads: HashMap<&str, Option<Held>> = HashMap::new();
        let mut decisions = Vec::with_capacity(batch.len());
        for shown in batch {
            let origin = shown.checkpoint.origin.as_str();
            let head = match heads.remove(origin) {
                Some(head) => head,
                None => held(&mut transaction, origin).await?,
            };
            let mut decision = decide(head.as_ref(), shown);
            // What others hold is looked at when it comes to be cosigned here.
            let other = match decision {
                Decision::Advance => seen::otherwise(&mut transaction, &shown.checkpoint).await?,
                _ => None,
            };
            if let Some(other) = &other {
                evidence::keep(&mut transaction, EvidenceKind::Fork, other, shown, now).await?;
                let size = head.as_ref().map_or(0, |head| head.checkpoint.size);
                decision = Decision::Refuse(Answer::Conflict { size }, None);
            }
            let head = match &decision {
                Decision::Advance => {
                    let new =
                        Held { checkpoint: shown.checkpoint.clone(), note: shown.note.clone(), at: now };
                    swap(&mut transaction, head.as_ref(), &new).await?;
                    seen::add(&mut transaction, &new.checkpoint, &new.note, now, true).await?;
                    Some(new)
                }
                Decision::Refuse(_, Some(kind)) => {
                    if let Some(head) = &head {
                        evidence::keep(&mut transaction, *kind, head, shown, now).await?;
                    }
                    head
                }
                Decision::Again | Decision::Refuse(_, None) => head,
            };
            heads.insert(origin, head);
            decisions.push(decision);
        }
        transaction.commit().await?;
        Ok(decisions)
    }
}

/// The compare-and-swap. It cannot fail within a transaction that read the head; if it does, the file is not what it seems,
/// and nothing is signed.
async fn swap(connection: &mut SqliteConnection, from: Option<&Held>, to: &Held) -> Result<(), WitnessError> {
    let Held { checkpoint, note, at } = to;
    let swapped = sqlx::query(
        "INSERT INTO head (origin, size, root, note, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (origin) DO UPDATE SET size = ?2, root = ?3, note = ?4, at = ?5
         WHERE head.size = ?6 AND head.root = ?7 AND head.size < ?2",
    )
    .bind(checkpoint.origin.as_str())
    .bind(stored(checkpoint.size)?)
    .bind(&checkpoint.root.0[..])
    .bind(note.to_string())
    .bind(stored(*at)?)
    .bind(from.map(|held| stored(held.checkpoint.size)).transpose()?)
    .bind(from.map(|held| held.checkpoint.root.0.to_vec()))
    .execute(connection)
    .await?;
    if swapped.rows_affected() == 1 { Ok(()) } else { Err(WitnessError::Moved) }
}

async fn held(connection: &mut SqliteConnection, origin: &str) -> Result<Option<Held>, WitnessError> {
    let row = sqlx::query("SELECT size, root, note, at FROM head WHERE origin = ?")
        .bind(origin)
        .fetch_optional(connection)
        .await?;
    row.map(|row| read_held(origin, &row)).transpose()
}

/// The columns and the note have to say the same: a row that was changed by hand is no ground to sign on.
fn read_held(origin: &str, row: &SqliteRow) -> Result<Held, WitnessError> {
    let damaged = || WitnessError::Corrupt(format!("the head of {origin} is not one"));
    let note = Note::parse(row.try_get::<String, _>("note")?.as_bytes()).map_err(|_| damaged())?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|_| damaged())?;
    let root = Hash::try_from(row.try_get::<Vec<u8>, _>("root")?.as_slice()).map_err(|_| damaged())?;
    let size = loaded(row.try_get("size")?).ok_or_else(damaged)?;
    let at = loaded(row.try_get("at")?).ok_or_else(damaged)?;
    if checkpoint.origin.as_str() != origin || (checkpoint.size, checkpoint.root) != (size, root) {
        return Err(damaged());
    }
    Ok(Held { checkpoint, note, at })
}

fn read_key(vkey: &str) -> Result<NoteVerifier, WitnessError> {
    vkey.parse().map_err(|_| WitnessError::Corrupt(format!("`{vkey}` is no key of a log")))
}

/// Sizes and times as SQLite has them; those of the C2SP formats fit.
fn stored(number: u64) -> Result<i64, WitnessError> {
    i64::try_from(number).map_err(|_| WitnessError::Corrupt(format!("{number} is no size or time")))
}

fn loaded(number: i64) -> Option<u64> {
    u64::try_from(number).ok()
}
