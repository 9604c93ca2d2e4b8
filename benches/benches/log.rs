//! Growing the tree, and proving in it.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sijill_log::tree::{consistency_proof, inclusion_proof};
use sijill_log::{Hash, SparseMap, TileBuilder, TileSet, leaf_hash};

const SIZE: u64 = 100_000;

fn log(c: &mut Criterion) {
    let mut tiles = TileSet::new();
    let mut builder = TileBuilder::new();
    for n in 0..SIZE {
        for tile in builder.push(leaf_hash(&n.to_be_bytes())) {
            tiles.insert(tile.tile, &tile.bytes).expect("a whole tile");
        }
    }
    let reader = (&builder, &tiles);
    let mut group = c.benchmark_group("log");
    group.bench_function("inclusion proof", |b| b.iter(|| inclusion_proof(black_box(31_337), SIZE, &reader)));
    group.bench_function("consistency proof", |b| {
        b.iter(|| consistency_proof(black_box(31_337), SIZE, &reader));
    });
    let leaf = leaf_hash(b"an entry");
    group.throughput(Throughput::Elements(1_024));
    group.bench_function("push 1,024 leaves", |b| {
        b.iter(|| {
            let mut edge = builder.clone();
            (0..1_024).map(|_| edge.push(black_box(leaf)).len()).sum::<usize>()
        });
    });
    group.finish();
}

/// Heads: a ledger of a million streams, of which a thousand changed since the last record.
fn heads(c: &mut Criterion) {
    const STREAMS: u64 = 1_000_000;
    let key = |n: u64| leaf_hash(&n.to_be_bytes());
    let value = |n: u64, round: u64| leaf_hash(&[n.to_be_bytes(), round.to_be_bytes()].concat());
    let all = |round| (0..STREAMS).map(move |n| (key(n), value(n, round)));
    let map = SparseMap::new().with(all(0));
    let changed: Vec<(Hash, Hash)> =
        (0..1_000).map(|n| n * 997 % STREAMS).map(|n| (key(n), value(n, 1))).collect();
    let mut group = c.benchmark_group("heads");
    group.bench_function("1,000 of 1,000,000 streams changed", |b| {
        b.iter(|| map.with(black_box(changed.iter().copied())).root());
    });
    group.bench_function("proof in 1,000,000 streams", |b| b.iter(|| map.prove(black_box(&key(31_337)))));
    group.sample_size(10);
    group.bench_function("1,000,000 streams anew", |b| b.iter(|| SparseMap::new().with(all(1)).root()));
    group.finish();
}

criterion_group!(benches, log, heads);
criterion_main!(benches);
