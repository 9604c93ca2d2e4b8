//! Every reason to refuse a batch, and that nothing else is refused.

use proptest::prelude::*;
use sijill_store::{
    Batch, BatchFault, CaseRow, DeskRow, FullTile, Head, NewEntry, SealedDisclosure, StoreError, StreamHead,
    TILE_BYTES,
};
use uuid::Uuid;

/// Entries of streams `a`, `b`, `a`, on a ledger of ten.
fn batch() -> Batch {
    let entry = |index, stream: &str, seq| NewEntry {
        index,
        entry: format!("{index} jwt"),
        stream: stream.into(),
        seq,
        jti: Uuid::from_u128(index.into()),
        registry: false,
    };
    let head =
        |stream: &str, seq| StreamHead { stream: stream.into(), seq, last: [7; 32], parties: "moh".into() };
    let mut batch = Batch::new(
        Head { size: 10, root: [1; 32], received: 100 },
        Head { size: 13, root: [2; 32], received: 100 },
        vec![entry(10, "a", 4), entry(11, "b", 0), entry(12, "a", 5)],
    );
    batch.streams = vec![head("a", 5), head("b", 0), head("c", 9)];
    batch.tiles = vec![FullTile { level: 0, index: 0, hashes: vec![0; TILE_BYTES] }];
    batch.disclosures = vec![disclosure(10, 1), disclosure(12, 2)];
    batch.attached = vec![(11, [3; 32])];
    batch.erased = vec![(2, [4; 32])];
    batch.resealed = vec![disclosure(2, 5)];
    batch.erased_attachments = vec![[6; 32]];
    let desk = |kind, due| DeskRow { agency: "moh".into(), unit: "sur".into(), kind, due, urgent: false };
    batch.wake_all = Some(7);
    batch.cases = vec![
        CaseRow {
            id: "x".into(),
            wakes_at: Some(i64::MAX.unsigned_abs()),
            desks: vec![desk(0, Some(9)), desk(1, None)],
        },
        CaseRow {
            id: "y".repeat(255),
            wakes_at: None,
            desks: vec![desk(0, Some(i64::MAX.unsigned_abs() - 1))],
        },
    ];
    batch.match_keys = vec![([1; 32], "x".into()), ([1; 32], "x".into())];
    batch
}

fn disclosure(index: u64, digest: u8) -> SealedDisclosure {
    SealedDisclosure { index, digest: [digest; 32], key_id: [0; 16], ciphertext: vec![1, 2, 3] }
}

#[test]
fn a_sound_batch_passes() {
    assert_eq!(batch().check(), Ok(()));
}

#[test]
fn each_fault_has_its_code() {
    type Spoil = fn(&mut Batch);
    let cases: &[(&str, &str, Spoil)] = &[
        ("no entries", "batch-empty", |b| b.entries.clear()),
        ("size too small", "batch-head", |b| b.head.size = 12),
        ("size before the expected one", "batch-head", |b| b.head.size = 9),
        ("time runs backwards", "batch-head", |b| b.head.received = 99),
        ("size beyond the database", "batch-number", |b| b.head.size = u64::MAX),
        ("received beyond the database", "batch-number", |b| b.head.received = 1 << 63),
        ("seq beyond the database", "batch-number", |b| b.entries[1].seq = u64::MAX),
        ("head seq beyond the database", "batch-number", |b| b.streams[2].seq = u64::MAX),
        ("tile index beyond the database", "batch-number", |b| b.tiles[0].index = u64::MAX),
        ("erased index beyond the database", "batch-number", |b| b.erased[0].0 = u64::MAX),
        ("index gap", "batch-index", |b| b.entries[1].index = 12),
        ("index before the head", "batch-index", |b| b.entries[0].index = 9),
        ("same jti", "batch-jti", |b| b.entries[2].jti = b.entries[0].jti),
        ("NUL in entry", "batch-nul", |b| b.entries[0].entry.push('\0')),
        ("NUL in an entry's stream", "batch-nul", |b| b.entries[0].stream.push('\0')),
        ("NUL in parties", "batch-nul", |b| b.streams[0].parties.push('\0')),
        ("NUL in a head's stream", "batch-nul", |b| b.streams[2].stream.push('\0')),
        ("entry without stream head", "batch-stream", |b| b.streams.truncate(1)),
        ("head not at the last event", "batch-stream", |b| b.streams[0].seq = 6),
        ("seq gap inside the batch", "batch-stream", |b| b.entries[0].seq = 3),
        ("seq repeated inside the batch", "batch-stream", |b| b.entries[0].seq = 5),
        ("head twice", "batch-stream", |b| b.streams.push(b.streams[0].clone())),
        ("nameless stream", "batch-stream", |b| b.streams[2].stream.clear()),
        ("endless stream name", "batch-stream", |b| b.streams[2].stream = "x".repeat(256)),
        ("partial tile", "batch-tile", |b| b.tiles[0].hashes.truncate(32)),
        ("tile twice", "batch-tile", |b| b.tiles.push(b.tiles[0].clone())),
        ("disclosure of another entry", "batch-disclosure", |b| b.disclosures[0].index = 9),
        ("digest twice", "batch-disclosure", |b| b.disclosures[0].digest = b.disclosures[1].digest),
        ("attachment of another entry", "batch-disclosure", |b| b.attached[0].0 = 13),
        ("attachment twice", "batch-disclosure", |b| b.attached.push((12, [3; 32]))),
        ("erased twice", "batch-erasure", |b| b.erased.push(b.erased[0])),
        ("erased and resealed", "batch-erasure", |b| b.resealed.push(disclosure(2, 4))),
        ("case twice", "batch-case", |b| b.cases[1].id = "x".into()),
        ("nameless case", "batch-case", |b| b.cases[0].id.clear()),
        ("endless case name", "batch-case", |b| b.cases[1].id.push('y')),
        ("NUL in a case's name", "batch-case", |b| b.cases[0].id.push('\0')),
        ("two desk rows of a unit and kind", "batch-case", |b| b.cases[0].desks[1].kind = 0),
        ("nameless agency", "batch-case", |b| b.cases[0].desks[0].agency.clear()),
        ("NUL in a unit", "batch-case", |b| b.cases[1].desks[0].unit.push('\0')),
        ("nameless case of a match key", "batch-case", |b| b.match_keys[0].1.clear()),
        ("wake-up beyond the database", "batch-number", |b| b.cases[1].wakes_at = Some(1 << 63)),
        ("all woken beyond the database", "batch-number", |b| b.wake_all = Some(1 << 63)),
        ("due at what means never", "batch-number", |b| {
            b.cases[0].desks[0].due = Some(i64::MAX.unsigned_abs());
        }),
        ("attachment erased twice", "batch-erasure", |b| b.erased_attachments.push([6; 32])),
    ];
    for (name, code, spoil) in cases {
        let mut spoiled = batch();
        spoil(&mut spoiled);
        let fault = spoiled.check().expect_err(name);
        assert_eq!(fault.code(), *code, "{name}");
        assert_eq!(StoreError::from(fault).code(), *code, "{name}: the store error keeps the code");
    }
}

#[test]
fn an_entry_whose_stream_stands_before_the_first_event_is_refused() {
    let mut impossible = batch();
    impossible.entries[0].seq = 0;
    impossible.entries[2].seq = 0;
    impossible.streams[0].seq = 0;
    assert_eq!(impossible.check(), Err(BatchFault::Stream(10)));
}

proptest! {
    /// However the entries are spread over streams, a batch built by counting passes, and moving any one entry's
    /// position in its stream is noticed.
    #[test]
    fn stream_positions_are_checked(streams in prop::collection::vec(0_u8..5, 1..60), victim in any::<prop::sample::Index>()) {
        let mut next = [3_u64; 5];
        let mut sound = batch();
        sound.entries = streams.iter().zip(10_u64..).map(|(stream, index)| {
            let seq = next[usize::from(*stream)];
            next[usize::from(*stream)] += 1;
            NewEntry { index, entry: String::new(), stream: stream.to_string(), seq, jti: Uuid::from_u128(index.into()), registry: false }
        }).collect();
        sound.head.size = 10 + sound.entries.len() as u64;
        sound.streams = (0_u8..5).filter(|stream| streams.contains(stream)).map(|stream| StreamHead {
            stream: stream.to_string(), seq: next[usize::from(stream)] - 1, last: [0; 32], parties: String::new(),
        }).collect();
        sound.disclosures.clear();
        sound.attached.clear();
        prop_assert_eq!(sound.check(), Ok(()));

        let victim = victim.index(sound.entries.len());
        sound.entries[victim].seq += 1;
        prop_assert!(matches!(sound.check(), Err(BatchFault::Stream(_))));
    }
}
