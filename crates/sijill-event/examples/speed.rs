//! How fast one core reads and checks events. Run: `cargo run --release -p sijill-event --example speed`

#![expect(clippy::print_stdout, reason = "its purpose")]

use std::hint::black_box;
use std::time::Instant;

use sijill_event::{
    Class, Digest, Draft, Entry, Event, EventError, Json, PreparedKey, SdJwt, Seen, SigningKey, Stream,
    StreamKind, Uuid, verify_batch,
};

const EVENTS: u32 = 4_096;

fn main() -> Result<(), EventError> {
    let key = SigningKey::from_seed(&[7; 32])?;
    let signed = (0..EVENTS).map(|seq| event(&key, seq)).collect::<Result<Vec<_>, _>>()?;
    let jwts: Vec<&str> = signed.iter().map(|sd_jwt| sd_jwt.event.jwt.as_str()).collect();
    let entries: Vec<String> = jwts.iter().map(|jwt| format!("1756000000000 {jwt}")).collect();
    let sd_jwts: Vec<String> = signed.iter().map(ToString::to_string).collect();
    println!("a JWT of {} bytes, an SD-JWT of {}", jwts[0].len(), sd_jwts[0].len());

    time("Event::parse", 16, || all(&jwts, |jwt| Event::parse(jwt).is_ok()));
    time("Entry::parse", 16, || all(&entries, |entry| Entry::parse(entry.as_bytes()).is_ok()));
    time("SdJwt::parse, 4 disclosures", 16, || all(&sd_jwts, |text| SdJwt::parse(text).is_ok()));
    time("Event::hash", 16, || all(&signed, |sd_jwt| sd_jwt.event.hash() != Digest([0; 32])));
    time("Event::verify (verify_strict)", 2, || {
        all(&signed, |sd_jwt| sd_jwt.event.verify(key.public()).is_ok())
    });
    for prepared in [PreparedKey::new(key.public()), PreparedKey::with_table(key.public())] {
        let batch: Vec<_> = signed
            .iter()
            .map(|s| (&prepared, s.event.signing_input().as_bytes(), s.event.signature()))
            .collect();
        time(&format!("verify_batch, {prepared:?}"), 2, || {
            verify_batch(&batch).into_iter().all(|valid| valid)
        });
    }
    let tables = Instant::now();
    (0..100).for_each(|_| drop(black_box(PreparedKey::with_table(key.public()))));
    println!("{:>9.2} µs  PreparedKey::with_table", tables.elapsed().as_secs_f64() * 1e4);
    Ok(())
}

fn all<T>(items: &[T], check: impl Fn(&T) -> bool) -> bool {
    items.iter().all(|item| black_box(check(black_box(item))))
}

fn time(what: &str, rounds: u32, run: impl Fn() -> bool) {
    assert!(run(), "{what}");
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(run());
    }
    println!("{:>9.2} µs  {what}", start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds * EVENTS));
}

fn event(key: &SigningKey, seq: u32) -> Result<SdJwt, EventError> {
    let case = Stream::new(StreamKind::Case, "01J8-77a2f0").ok_or(EventError::EntryFormat)?;
    Draft::new("referral.accepted", 1)
        .author("moh", "intake-3")
        .aud("ledger.example.om/2026")
        .jti(Uuid::from_u128(0x0198_f3c2_5a00_7000_8000_0000_0000_0000 + u128::from(seq)))
        .iat(1_756_000_000)
        .occurred("2025-08-24T09:30:00+04:00")
        .at(&case, seq.into(), (seq > 0).then(|| Digest::of(seq.to_be_bytes())))
        .seen(Seen { size: 1 + u64::from(seq), root: [7; 32] })
        .open("to", Json::object([("agency", "mosd".into()), ("unit", "intake".into())]))
        .disclose(Class::Casework, "priority", "high".into())
        .disclose(Class::Casework, "deadline", "2025-08-27".into())
        .disclose(Class::Casework, "reason", Json::Null)
        .disclose(Class::Narrative, "note", "Called back; the family agreed to a visit on Tuesday.".into())
        .sign(key)
}
