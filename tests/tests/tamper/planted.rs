//! Rows that no entry names, put where they would go unread; and what no ledger writes: tables that are gone, columns of
//! another shape.

use crate::alterations::{Alteration, By, Faults, middle, row, with_disclosures};
use crate::operator::{Operator, add};
use crate::storage::file;

pub(crate) const ALTERATIONS: &[Alteration] = &[
    // In the vault.
    row("a disclosure planted as erased", By::Trust, |o| {
        let i = with_disclosures(o, 1);
        planted(o, &format!("INSERT INTO disclosure VALUES ({i}, randomblob(32), NULL, NULL)"), Some(i))
    }),
    row("a disclosure planted under a key nobody holds", By::Trust, |o| {
        let i = middle(o);
        let sql =
            format!("INSERT INTO disclosure VALUES ({i}, randomblob(32), randomblob(16), randomblob(60))");
        planted(o, &sql, Some(i))
    }),
    row("a file said to be cited by an entry that cites nothing", By::Trust, |o| {
        let i = middle(o);
        planted(o, &format!("UPDATE attachment SET entry = {i} WHERE chunks = 2"), Some(i))
    }),
    row("a file said to be cited by an entry that cites something else", By::Trust, |o| {
        let i = with_disclosures(o, 0);
        planted(o, &format!("UPDATE attachment SET entry = {i} WHERE chunks = 2"), Some(i))
    }),
    row("a file said to be cited beyond the head", By::Trust, |o| {
        planted(o, "UPDATE attachment SET entry = 100000 WHERE chunks = 2", None)
    }),
    row("a file said to be cited by no entry, so that it is swept", By::Trust, |o| {
        let (i, upload) = file(o);
        o.sql("UPDATE attachment SET entry = NULL WHERE upload = ?", |a| add(a, upload));
        vec![("store", Some(i))]
    }),
    row("a file said to be begun after the entry that cites it", By::Trust, |o| {
        let (i, upload) = file(o);
        o.sql("UPDATE attachment SET begun = begun + 86400 WHERE upload = ?", |a| add(a, upload));
        vec![("store", Some(i))]
    }),
    row("a file planted as cited", By::Trust, |o| {
        let i = middle(o);
        let row = format!("randomblob(16), 0, randomblob(32), 9, 1, randomblob(16), {i}, 0");
        planted(o, &format!("INSERT INTO attachment SELECT {row}"), Some(i))
    }),
    row("a file planted as erased, so that it is never taken", By::Trust, |o| {
        planted(
            o,
            "INSERT INTO attachment SELECT randomblob(16), 0, randomblob(32), 9, 0, NULL, NULL, 1",
            None,
        )
    }),
    // Beyond the head.
    row("an entry beyond the head", By::Trust, |o| {
        let sql =
            "INSERT INTO entry SELECT 100000, 'case/planted', 0, randomblob(16), 0, entry FROM entry LIMIT 1";
        planted(o, sql, None)
    }),
    row("a disclosure beyond the head", By::Trust, |o| {
        planted(o, "INSERT INTO disclosure VALUES (100000, randomblob(32), NULL, NULL)", None)
    }),
    row("the next tile, before it is full", By::Trust, |o| {
        planted(o, "INSERT INTO tile SELECT level, max(idx) + 1, hashes FROM tile WHERE level = 0", None)
    }),
    row("a tile far beyond the head", By::Trust, |o| {
        planted(o, "INSERT INTO tile SELECT 3, 9, hashes FROM tile LIMIT 1", None)
    }),
    row("a tile of a level there is not", By::Trust, |o| {
        planted(o, "INSERT INTO tile SELECT 77, 0, hashes FROM tile LIMIT 1", None)
    }),
    // Rows behind those that are read.
    row("a second, other row of an entry", By::Trust, |o| {
        let i = middle(o);
        let other = "idx, 'case/other', seq, jti, registry, 'other'";
        planted(o, &format!("INSERT INTO entry SELECT {other} FROM entry WHERE idx = {i}"), None)
    }),
    row("an entry between two others", By::Trust, |o| {
        let i = middle(o);
        let other = format!("{i}.5, stream, seq, jti, registry, entry");
        planted(o, &format!("INSERT INTO entry SELECT {other} FROM entry WHERE idx = {i}"), None)
    }),
    row("a second head", By::Trust, |o| {
        planted(o, "INSERT INTO head SELECT 2, size, zeroblob(32), received FROM head", None)
    }),
    row("a second, other row of a tile", By::Trust, |o| {
        planted(o, "INSERT INTO tile SELECT level, idx, zeroblob(8192) FROM tile WHERE idx = 1 LIMIT 1", None)
    }),
    row("a second, other head of a stream", By::Trust, |o| {
        let other = "stream, seq, zeroblob(32), parties";
        planted(o, &format!("INSERT INTO stream_head SELECT {other} FROM stream_head LIMIT 1"), None)
    }),
    row("a chunk of no file", By::Trust, |o| {
        planted(o, "INSERT INTO attachment_chunk VALUES (randomblob(16), 0, x'00')", None)
    }),
    // Tables that are gone.
    row("all tiles dropped", By::Trust, |o| {
        [gone(o, "tile"), vec![("root", Some(0)), ("root", Some(256)), ("root", Some(512))]].concat()
    }),
    row("all stream heads dropped", By::Trust, |o| gone(o, "stream_head")),
    row("the head dropped", By::Trust, |o| gone(o, "head")),
    row("all files dropped", By::Trust, |o| {
        let (i, _) = file(o);
        [gone(o, "attachment"), vec![("store", Some(i))]].concat()
    }),
    row("all disclosures dropped", By::Trust, |o| {
        let i = with_disclosures(o, 0);
        [gone(o, "disclosure"), vec![("disclosure-missing", Some(i))]].concat()
    }),
    row("all entries dropped", By::Trust, |o| {
        [gone(o, "entry"), vec![("root", Some(0)), ("not-authorised", Some(0))]].concat()
    }),
    row("the head's row deleted", By::Trust, |o| planted(o, "DELETE FROM head", None)),
    // Columns of another shape.
    row("the head's root cut short", By::Trust, |o| planted(o, "UPDATE head SET root = x'00'", None)),
    row("the head's size below nothing", By::Trust, |o| planted(o, "UPDATE head SET size = -1", None)),
    row("a stream's last hash cut short", By::Trust, |o| {
        planted(o, "UPDATE stream_head SET last = x'00' WHERE stream = 'case/c1'", None)
    }),
    row("an entry's column `jti` cut short", By::Trust, |o| {
        let i = middle(o);
        planted(o, &format!("UPDATE entry SET jti = x'00' WHERE idx = {i}"), Some(i))
    }),
    row("an entry that is no text", By::Trust, |o| {
        let i = middle(o);
        o.sql(&format!("UPDATE entry SET entry = CAST(x'ff00ff' AS TEXT) WHERE idx = {i}"), |_| ());
        vec![("root", Some(i)), ("stream-gap", crate::alterations::next_of(o, i))]
    }),
    row("a disclosure's digest cut short", By::Trust, |o| {
        let i = with_disclosures(o, 0);
        let stored = o.stored(i).remove(1);
        o.sql("UPDATE disclosure SET digest = x'00' WHERE digest = ?", |a| add(a, stored.digest.to_vec()));
        vec![("store", Some(i)), ("disclosure-missing", Some(i))]
    }),
    row("a file's key name cut short", By::Trust, |o| {
        let (i, upload) = file(o);
        o.sql("UPDATE attachment SET key_id = x'00' WHERE upload = ?", |a| add(a, upload));
        vec![("store", Some(i))]
    }),
    row("a data key cut short", By::Trust, |o| {
        let i = with_disclosures(o, 0);
        let stored = o.stored(i).remove(1);
        o.sql_on_keys("UPDATE data_key SET wrapped = x'00' WHERE id = ?", |a| add(a, stored.key_id));
        vec![("disclosure-mismatch", Some(i)), ("disclosure-missing", Some(i))]
    }),
];

fn planted(o: &mut Operator<'_>, sql: &str, index: Option<u64>) -> Faults {
    o.sql(sql, |_| ());
    vec![("store", index)]
}

fn gone(o: &mut Operator<'_>, table: &str) -> Faults {
    o.script(&format!("DROP TABLE {table}"));
    vec![("store", None)]
}
