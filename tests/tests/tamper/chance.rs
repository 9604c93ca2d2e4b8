//! Alterations by chance: any byte of any column, any byte of any file of an export.

use std::path::{Path, PathBuf};

use sijill_tests::chance::Chance;
use sqlx::Row;

use crate::operator::{Operator, add};

/// Everything an audit reads of the ledger's database. What it cannot judge is left out: when an upload was begun, to the
/// second; which client assertions were used.
const COLUMNS: [(&str, &str); 37] = [
    ("entry", "entry"),
    ("entry", "entry"),
    ("entry", "entry"),
    ("entry", "entry"),
    ("entry", "entry"),
    ("entry", "entry"),
    ("entry", "idx"),
    ("entry", "stream"),
    ("entry", "seq"),
    ("entry", "jti"),
    ("entry", "registry"),
    ("tile", "hashes"),
    ("tile", "hashes"),
    ("tile", "idx"),
    ("tile", "level"),
    ("disclosure", "ciphertext"),
    ("disclosure", "ciphertext"),
    ("disclosure", "digest"),
    ("disclosure", "key_id"),
    ("disclosure", "idx"),
    ("stream_head", "stream"),
    ("stream_head", "seq"),
    ("stream_head", "last"),
    ("stream_head", "parties"),
    ("head", "size"),
    ("head", "root"),
    ("head", "received"),
    ("attachment", "upload"),
    ("attachment", "digest"),
    ("attachment", "size"),
    ("attachment", "chunks"),
    ("attachment", "key_id"),
    ("attachment", "entry"),
    ("attachment", "erased"),
    ("attachment_chunk", "upload"),
    ("attachment_chunk", "ciphertext"),
    ("attachment_chunk", "number"),
];

/// What chance did.
pub(crate) struct Done {
    /// Table and column, and whether the tracks were covered.
    pub(crate) what: String,
    /// The entry whose text it changed.
    pub(crate) entry: Option<u64>,
}

/// One value of one row.
pub(crate) fn alter(o: &mut Operator<'_>) -> Done {
    let (table, column) = *o.chance.pick(&COLUMNS);
    let count: u64 = o.rows(&format!("SELECT count(*) FROM {table}"))[0].get(0);
    let row = o.chance.draw() % count;
    let sql = format!(
        "SELECT rowid, typeof({column}), CAST({column} AS BLOB) FROM {table} ORDER BY rowid LIMIT 1 OFFSET {row}"
    );
    let (id, kind, bytes): (i64, String, Vec<u8>) = {
        let rows = o.rows(&sql);
        (rows[0].get(0), rows[0].get(1), rows[0].get(2))
    };
    let entry = (table == "entry" && column == "entry").then(|| {
        let rows = o.rows(&format!("SELECT idx FROM entry WHERE rowid = {id}"));
        rows[0].get(0)
    });
    if column == "registry" {
        o.sql(&format!("UPDATE entry SET registry = 1 - registry WHERE rowid = {id}"), |_| ());
    } else if kind == "integer" {
        let step = [1, -1, 7][o.chance.below(3)];
        // Never below 0, which SQLite would hold and the ledger never reads.
        let sql = format!(
            "UPDATE {table} SET {column} = abs({column} + {step}) + ({column} + {step} < 0) WHERE rowid = {id}"
        );
        o.sql(&sql, |_| ());
    } else {
        let bytes = damaged(&mut o.chance, bytes, kind == "text");
        o.sql(&format!("UPDATE {table} SET {column} = CAST(? AS {kind}) WHERE rowid = {id}"), |a| {
            add(a, bytes);
        });
    }
    let covered = entry.is_some() && o.chance.below(3) > 0;
    if covered {
        o.cover();
    }
    Done { what: format!("{table}.{column}{}", if covered { ", covered" } else { "" }), entry }
}

/// Bytes with one of them changed, gone or come. Text stays text, so that it can be read at all.
fn damaged(chance: &mut Chance, mut bytes: Vec<u8>, text: bool) -> Vec<u8> {
    if bytes.is_empty() {
        return vec![b'x'];
    }
    let place = chance.below(bytes.len());
    match chance.below(8) {
        0 => drop(bytes.remove(place)),
        1 => bytes.insert(place, b'A' + chance.draw().to_le_bytes()[0] % 26),
        _ if text => bytes[place] = other_character(chance, bytes[place]),
        _ => bytes[place] ^= 1 << chance.below(8),
    }
    bytes
}

fn other_character(chance: &mut Chance, not: u8) -> u8 {
    const ALL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~ ";
    loop {
        let character = *chance.pick(ALL);
        if character != not {
            return character;
        }
    }
}

/// One file of an export: a byte, its end, or all of it.
pub(crate) fn damage(chance: &mut Chance, export: &Path) -> String {
    let files = files(export);
    let file = chance.pick(&files);
    let name = file.strip_prefix(export).expect("inside").display().to_string();
    let mut bytes = std::fs::read(file).expect("readable");
    let what = match chance.below(10) {
        0 => {
            std::fs::remove_file(file).expect("removed");
            return format!("{name} removed");
        }
        1 => {
            bytes.truncate(chance.below(bytes.len()));
            "cut off"
        }
        2 => {
            bytes.extend(chance.bytes::<3>());
            "goes on"
        }
        _ => {
            let place = chance.below(bytes.len());
            bytes[place] ^= 1 << chance.below(8);
            "has a bit flipped"
        }
    };
    std::fs::write(file, bytes).expect("written");
    format!("{name} {what}")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}
