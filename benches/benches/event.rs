//! Parsing and checking one event.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sijill_event::{Event, PreparedKey, SdJwt, verify_batch};

fn event(c: &mut Criterion) {
    let (key, signed) = sijill_benches::referral(7).expect("a signed event");
    let (text, jwt) = (signed.to_string(), signed.event.jwt.clone());
    let mut group = c.benchmark_group("event");
    group.bench_function("parse the JWT", |b| b.iter(|| Event::parse(black_box(&jwt))));
    group.bench_function("parse the SD-JWT", |b| b.iter(|| SdJwt::parse(black_box(&text))));
    group.bench_function("verify_strict", |b| b.iter(|| signed.event.verify(black_box(key.public()))));

    let prepared = PreparedKey::with_table(key.public());
    let one = (&prepared, signed.event.signing_input().as_bytes(), signed.event.signature());
    let many = vec![one; 256];
    group.throughput(Throughput::Elements(256));
    group.bench_function("verify_batch of 256, prepared key", |b| b.iter(|| verify_batch(black_box(&many))));
    group.finish();
}

criterion_group!(benches, event);
criterion_main!(benches);
