//! The digest of a read model: one root over all its rows, equal on every engine, after any interruption and from any start.
//!
//! ```text
//! line   = JSON array: table name, since, since_ms, until, until_ms, cells… ("until" null where it still holds), LF
//! leaf   = SHA-256(0x00 ‖ model "/" version LF subject LF lines)                                  (RFC 6962 §2.1)
//! bucket = RFC 6962 root over the leaves of the subjects whose SHA-256 begins with this byte, ascending by their bytes
//! root   = RFC 6962 root over the 256 buckets
//! ```
//!
//! Subjects without rows have no leaf. Subjects with gaps (values erased or withheld) have none either: they are counted apart,
//! by bucket, so that what an erasure leaves unchecked is little, and the rest is still compared.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use sijill_log::tree::Frontier;
use sijill_log::{Hash, leaf_hash};

use crate::model::{Cell, Model};
use crate::span::{NEVER, SubjectRows};

/// How many buckets there are.
pub const BUCKETS: usize = 256;

/// The digest of a model at one size of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelDigest {
    /// Over all buckets.
    pub root: Hash,
    /// Each bucket's root.
    pub buckets: Vec<Hash>,
    /// How many subjects in each bucket have gaps, and are in no root.
    pub gaps: Vec<u64>,
    /// Subjects with rows and without gaps.
    pub subjects: u64,
}

/// The bucket of a subject.
pub fn bucket(subject: &str) -> u8 {
    Sha256::digest(subject)[0]
}

/// The leaf of a subject; `None` if the model has no rows of it.
pub fn leaf(model: &Model, of: &SubjectRows) -> Option<Hash> {
    if of.rows.is_empty() {
        return None;
    }
    let mut text = format!("{}/{}\n{}\n", model.name, model.version, of.subject);
    for row in &of.rows {
        let table = model.tables.get(row.table).map_or("", |table| table.name);
        let _ = write!(text, "[{table:?},{},{}", row.since, row.since_ms);
        for until in [row.until, row.until_ms] {
            let _ = if until == NEVER { text.write_str(",null") } else { write!(text, ",{until}") };
        }
        for cell in &row.cells {
            text.push(',');
            match cell {
                Cell::Null => text.push_str("null"),
                Cell::Integer(value) => {
                    let _ = write!(text, "{value}");
                }
                Cell::Text(value) => quote(&mut text, value),
            }
        }
        text.push_str("]\n");
    }
    Some(leaf_hash(text.as_bytes()))
}

/// A JSON string with the fewest escapes there can be.
fn quote(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            control if control < ' ' => {
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

/// The root over the roots of the buckets.
pub fn over_buckets(buckets: &[Hash]) -> Hash {
    let mut whole = Frontier::default();
    for bucket in buckets {
        whole.push(leaf_hash(&bucket.0));
    }
    whole.root()
}

/// Takes leaves, ascending by the bytes of their subjects, and answers the digest.
#[derive(Debug)]
pub struct Tally {
    buckets: Vec<Frontier>,
    gaps: Vec<u64>,
    subjects: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { buckets: vec![Frontier::default(); BUCKETS], gaps: vec![0; BUCKETS], subjects: 0 }
    }
}

impl Tally {
    /// The next subject.
    pub fn push(&mut self, subject: &str, leaf: Option<Hash>, gaps: u32) {
        let bucket = usize::from(bucket(subject));
        let (Some(tree), Some(count)) = (self.buckets.get_mut(bucket), self.gaps.get_mut(bucket)) else {
            return;
        };
        if gaps > 0 {
            *count += 1;
        } else if let Some(leaf) = leaf {
            tree.push(leaf);
            self.subjects += 1;
        }
    }

    /// The digest of all that was pushed.
    pub fn end(self) -> ModelDigest {
        let buckets: Vec<Hash> = self.buckets.iter().map(Frontier::root).collect();
        ModelDigest { root: over_buckets(&buckets), buckets, gaps: self.gaps, subjects: self.subjects }
    }
}
