//! Growing the tree, and proving in it.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sijill_log::tree::{consistency_proof, inclusion_proof};
use sijill_log::{TileBuilder, TileSet, leaf_hash};

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

criterion_group!(benches, log);
criterion_main!(benches);
