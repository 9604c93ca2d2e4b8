//! What is done to what is kept beside the entries: tiles, disclosures, keys, files, columns, heads, the seal.

use sijill_event::{Digest, Event, Json};
use sijill_log::{Checkpoint, Hash, KeyName, NoteSigner};
use sijill_tests::made::ORIGIN;
use sqlx::Row;

use crate::alterations::{Alteration, By, Faults, at, find, forged, row, with_disclosures};
use crate::operator::{Operator, Stored, add};

pub(crate) const ALTERATIONS: &[Alteration] = &[
    // Tiles.
    row("a hash of a tile changed", By::Trust, |o| {
        let mut hashes: Vec<u8> = o.rows("SELECT hashes FROM tile WHERE level = 0 AND idx = 2")[0].get(0);
        hashes[1_000] ^= 1;
        o.sql("UPDATE tile SET hashes = ? WHERE level = 0 AND idx = 2", |a| add(a, hashes));
        vec![("root", Some(512))]
    }),
    row("a tile deleted", By::Trust, |o| {
        o.sql("DELETE FROM tile WHERE level = 0 AND idx = 3", |_| ());
        vec![("root", Some(768))]
    }),
    row("two tiles swapped", By::Trust, |o| {
        o.sql("UPDATE tile SET idx = 3 - idx WHERE level = 0 AND idx IN (1, 2)", |_| ());
        vec![("root", Some(256)), ("root", Some(512))]
    }),
    // Disclosures.
    row("a bit of a ciphertext", By::Trust, |o| {
        let mut stored = some(o);
        stored.ciphertext[30] ^= 1;
        o.sql("UPDATE disclosure SET ciphertext = ? WHERE digest = ?", |a| {
            add(a, stored.ciphertext);
            add(a, stored.digest.to_vec());
        });
        mismatch_and_missing(stored.index)
    }),
    row("a disclosure deleted", By::Trust, |o| {
        let stored = some(o);
        o.sql("DELETE FROM disclosure WHERE digest = ?", |a| add(a, stored.digest.to_vec()));
        vec![("disclosure-missing", Some(stored.index))]
    }),
    row("a disclosure erased without order", By::Trust, |o| {
        let stored = some(o);
        let sql = "UPDATE disclosure SET key_id = NULL, ciphertext = NULL WHERE digest = ?";
        o.sql(sql, |a| add(a, stored.digest.to_vec()));
        vec![("disclosure-missing", Some(stored.index))]
    }),
    row("an entry's data key destroyed without order", By::Trust, |o| {
        let stored = some(o);
        o.sql_on_keys("DELETE FROM data_key WHERE id = ?", |a| add(a, stored.key_id));
        vec![("disclosure-missing", Some(stored.index))]
    }),
    row("an entry's data key replaced", By::Trust, |o| {
        let stored = some(o);
        o.replace_key(&stored);
        mismatch_and_missing(stored.index)
    }),
    row("a value replaced, re-encrypted", By::Trust, |o| {
        let stored = some(o);
        let text = forged(o, &stored, None);
        o.replace(&stored, &stored.digest, &text);
        mismatch_and_missing(stored.index)
    }),
    row("a field renamed, re-encrypted", By::Trust, |o| {
        let stored = some(o);
        let text = forged(o, &stored, Some("renamed"));
        o.replace(&stored, &stored.digest, &text);
        mismatch_and_missing(stored.index)
    }),
    row("a value replaced together with its digest", By::Trust, |o| {
        let stored = some(o);
        let text = forged(o, &stored, None);
        o.replace(&stored, &Digest::of(&text).0, &text);
        mismatch_and_missing(stored.index)
    }),
    row("two disclosures of an entry swapped, re-encrypted", By::Trust, |o| {
        let i = with_disclosures(o, 0);
        let mut stored = o.stored(i);
        let (one, other) = (stored.remove(0), stored.remove(0));
        swap(o, &one, &other);
        vec![("disclosure-mismatch", Some(i)), ("disclosure-missing", Some(i))]
    }),
    row("disclosures of two entries swapped, re-encrypted", By::Trust, |o| {
        let (i, j) = (with_disclosures(o, 0), with_disclosures(o, 3));
        let (one, other) = (o.stored(i).remove(0), o.stored(j).remove(0));
        swap(o, &one, &other);
        [mismatch_and_missing(i), mismatch_and_missing(j)].concat()
    }),
    row("a disclosure moved to another entry", By::Trust, |o| {
        let (stored, j) = (some(o), with_disclosures(o, 3));
        o.sql(&format!("UPDATE disclosure SET idx = {j} WHERE digest = ?"), |a| {
            add(a, stored.digest.to_vec());
        });
        vec![("disclosure-missing", Some(stored.index)), ("disclosure-mismatch", Some(j))]
    }),
    row("a disclosure cloned in its entry", By::Trust, |o| {
        let stored = some(o);
        let text = o.read(&stored);
        o.add_disclosure(stored.index, &stored, &stored.digest, &text);
        vec![("disclosure-mismatch", Some(stored.index))]
    }),
    row("a disclosure cloned under a digest of its own", By::Trust, |o| {
        let stored = some(o);
        let (text, digest) = (o.read(&stored), o.chance.bytes());
        o.add_disclosure(stored.index, &stored, &digest, &text);
        vec![("disclosure-mismatch", Some(stored.index))]
    }),
    row("a disclosure cloned into another entry, re-encrypted", By::Trust, |o| {
        let (stored, j) = (some(o), with_disclosures(o, 3));
        let text = o.read(&stored);
        o.add_disclosure(j, &stored, &stored.digest, &text);
        vec![("disclosure-mismatch", Some(j))]
    }),
    row("a disclosure invented for an event that has none", By::Trust, |o| {
        let stored = some(o);
        let text = o.read(&stored);
        let j = find(o, at(stored.index), |_, _, entry| entry.event.digests.is_empty());
        o.add_disclosure(j, &stored, &stored.digest, &text);
        vec![("disclosure-mismatch", Some(j))]
    }),
    // Files.
    row("a bit of a file", By::Trust, |o| {
        let (i, upload) = file(o);
        let mut bytes = chunk(o, &upload);
        bytes[100] ^= 1;
        o.sql("UPDATE attachment_chunk SET ciphertext = ? WHERE upload = ? AND number = 0", |a| {
            add(a, bytes);
            add(a, upload);
        });
        vec![("store", Some(i))]
    }),
    row("a file's last chunk cut off", By::Trust, |o| {
        let (i, upload) = file(o);
        o.sql("DELETE FROM attachment_chunk WHERE number = 1 AND upload = ?", |a| add(a, upload.clone()));
        o.sql("UPDATE attachment SET chunks = 1 WHERE upload = ?", |a| add(a, upload));
        vec![("store", Some(i))]
    }),
    row("a file's chunks swapped", By::Trust, |o| {
        let (i, upload) = file(o);
        o.sql("UPDATE attachment_chunk SET number = 1 - number WHERE upload = ?", |a| add(a, upload));
        vec![("store", Some(i))]
    }),
    row("a file deleted", By::Trust, |o| {
        let (i, upload) = file(o);
        o.sql("DELETE FROM attachment_chunk WHERE upload = ?", |a| add(a, upload.clone()));
        o.sql("DELETE FROM attachment WHERE upload = ?", |a| add(a, upload));
        vec![("store", Some(i))]
    }),
    row("a file erased without order", By::Trust, |o| {
        let (i, upload) = file(o);
        o.sql("DELETE FROM attachment_chunk WHERE upload = ?", |a| add(a, upload.clone()));
        o.sql("UPDATE attachment SET erased = 1, key_id = NULL, chunks = 0 WHERE upload = ?", |a| {
            add(a, upload);
        });
        vec![("store", Some(i))]
    }),
    row("a file's data key destroyed without order", By::Trust, |o| {
        let (i, upload) = file(o);
        let query = format!("SELECT key_id FROM attachment WHERE hex(upload) = '{}'", hex(&upload));
        let key: Vec<u8> = o.rows(&query)[0].get(0);
        o.sql_on_keys("DELETE FROM data_key WHERE id = ?", |a| add(a, key));
        vec![("store", Some(i))]
    }),
    row("a file's size", By::Trust, |o| {
        let (i, upload) = file(o);
        o.sql("UPDATE attachment SET size = size + 1 WHERE upload = ?", |a| add(a, upload));
        vec![("store", Some(i))]
    }),
    row("two files exchanged", By::Trust, |o| {
        let rows = o.rows(
            "SELECT upload, digest, entry FROM attachment WHERE entry IS NOT NULL ORDER BY entry LIMIT 2",
        );
        let pick = |n: usize| -> (Vec<u8>, Vec<u8>, u64) { (rows[n].get(0), rows[n].get(1), rows[n].get(2)) };
        let ((one, first, i), (other, second, j)) = (pick(0), pick(1));
        for (upload, digest) in [(one, second), (other, first)] {
            o.sql("UPDATE attachment SET digest = ? WHERE upload = ?", |a| {
                add(a, digest);
                add(a, upload);
            });
        }
        vec![("store", Some(i)), ("store", Some(j))]
    }),
    // What the database finds entries by, and where it says streams and log end.
    row("an entry's column `stream`", By::Trust, |o| column(o, "stream = 'case/other'")),
    row("an entry's column `seq`", By::Trust, |o| column(o, "seq = seq + 1000")),
    row("an entry's column `jti`", By::Trust, |o| column(o, "jti = x'01020304050607080910111213141516'")),
    row("an entry's column `registry`", By::Trust, |o| column(o, "registry = 1 - registry")),
    row("the head's size", By::Trust, |o| whole(o, "UPDATE head SET size = size - 1")),
    row("the head's size, beyond the last entry", By::Trust, |o| {
        let size = o.size();
        o.script("UPDATE head SET size = size + 1");
        // The entry that it claims is missing.
        vec![("store", Some(size))]
    }),
    row("the head's root", By::Trust, |o| whole(o, "UPDATE head SET root = zeroblob(32)")),
    row("the head's `received`", By::Trust, |o| whole(o, "UPDATE head SET received = received + 1")),
    row("a stream's head", By::Trust, |o| {
        whole(o, "UPDATE stream_head SET seq = seq - 1 WHERE stream = 'case/c1'")
    }),
    row("a stream's last hash", By::Trust, |o| {
        whole(o, "UPDATE stream_head SET last = zeroblob(32) WHERE stream = 'case/c2'")
    }),
    row("a stream's parties", By::Trust, |o| {
        whole(o, "UPDATE stream_head SET parties = parties || ',zzz' WHERE stream = 'case/c3'")
    }),
    row("a stream's head deleted", By::Trust, |o| {
        whole(o, "DELETE FROM stream_head WHERE stream = 'case/c4'")
    }),
    row("a head without a stream", By::Trust, |o| {
        whole(o, "INSERT INTO stream_head VALUES ('case/none', 0, zeroblob(32), 'moh')")
    }),
    // The seal.
    row("the checkpoint signed by a stranger", By::Trust, |o| {
        let stranger = NoteSigner::new(KeyName::new(ORIGIN).expect("a name"), &o.chance.bytes());
        let note = checkpoint(o).sign(&stranger).expect("signed");
        std::fs::write(o.dir.join("seal"), note.to_string()).expect("written");
        vec![("checkpoint-signature", None)]
    }),
    row("the checkpoint of another root", By::Trust, |o| {
        let (size, root) = (o.size(), Hash(o.chance.bytes()));
        o.seal(size, root);
        vec![("root", None)]
    }),
    row("the checkpoint of entries that are not there", By::Trust, |o| {
        let (size, root) = (o.size(), Hash(o.chance.bytes()));
        o.seal(size + 5, root);
        vec![("root", Some(size)), ("store", None)]
    }),
    row("an older checkpoint put back", By::Holder, |o| {
        std::fs::write(o.dir.join("seal"), &o.made.older).expect("written");
        vec![("root", None), ("root", Some(o.made.entries.len() as u64 - 1))]
    }),
    row("no checkpoint", By::Trust, |o| {
        std::fs::remove_file(o.dir.join("seal")).expect("removed");
        vec![("store", None)]
    }),
    row("a word in the checkpoint", By::Trust, |o| {
        let note = o.made.newest.replacen("test", "tset", 1);
        std::fs::write(o.dir.join("seal"), note).expect("written");
        vec![("checkpoint-signature", None)]
    }),
];

/// A stored disclosure.
fn some(o: &mut Operator<'_>) -> Stored {
    let i = with_disclosures(o, 0);
    o.stored(i).remove(1)
}

fn mismatch_and_missing(i: u64) -> Faults {
    vec![("disclosure-mismatch", Some(i)), ("disclosure-missing", Some(i))]
}

fn swap(o: &mut Operator<'_>, one: &Stored, other: &Stored) {
    let (first, second) = (o.read(one), o.read(other));
    o.replace(one, &one.digest, &second);
    o.replace(other, &other.digest, &first);
}

/// A file of two chunks, and the first entry that cites it.
pub(crate) fn file(o: &mut Operator<'_>) -> (u64, Vec<u8>) {
    let rows = o.rows("SELECT upload, digest FROM attachment WHERE chunks = 2 ORDER BY entry LIMIT 1");
    let digest: Vec<u8> = rows[0].get(1);
    (citing(o, &digest), rows[0].get(0))
}

/// The first entry that cites a file.
fn citing(o: &mut Operator<'_>, digest: &[u8]) -> u64 {
    let query = format!("SELECT entry FROM attachment WHERE hex(digest) = '{}'", hex(digest));
    o.rows(&query)[0].get(0)
}

fn chunk(o: &mut Operator<'_>, upload: &[u8]) -> Vec<u8> {
    let query = format!(
        "SELECT ciphertext FROM attachment_chunk WHERE number = 0 AND hex(upload) = '{}'",
        hex(upload)
    );
    o.rows(&query)[0].get(0)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}"))
}

fn column(o: &mut Operator<'_>, change: &str) -> Faults {
    let is_plain =
        |event: &Event| event.seq > 0 && event.data.get("step").is_some_and(|step| *step != Json::Null);
    let i = find(o, 700, |_, _, entry| is_plain(&entry.event));
    o.sql(&format!("UPDATE entry SET {change} WHERE idx = {i}"), |_| ());
    vec![("store", Some(i))]
}

fn whole(o: &mut Operator<'_>, sql: &str) -> Faults {
    o.sql(sql, |_| ());
    vec![("store", None)]
}

fn checkpoint(o: &mut Operator<'_>) -> Checkpoint {
    let text = o.made.newest.split("\n\n").next().expect("a text").to_owned() + "\n";
    Checkpoint::parse(&text).expect("a checkpoint")
}
