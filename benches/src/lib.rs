//! What the micro-benchmarks measure on: `cargo bench -p sijill-benches`.

use sijill_event::{Class, Draft, EventError, Json, SdJwt, Seen, SigningKey, Stream, Uuid};

/// A signed referral of about a kilobyte with three disclosures, by the key with this seed.
pub fn referral(seed: u8) -> Result<(SigningKey, SdJwt), EventError> {
    let key = SigningKey::from_seed(&[seed; 32])?;
    let mut draft = Draft::new("referral.requested", 1)
        .author("mosd", "worker-7")
        .aud("ledger.bench/1")
        .jti(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(seed)))
        .iat(1_767_499_200)
        .seen(Seen { size: 1, root: [1; 32] })
        .open("to", Json::object([("agency", Json::from("moh")), ("unit", Json::from("emergency"))]))
        .disclose(Class::Casework, "priority", "urgent".into())
        .disclose(Class::Casework, "service", "health_medical".into())
        .disclose(Class::Narrative, "note", "Seen at home with the caregiver; safe for the moment.".into());
    if let Some(stream) = Stream::parse("case/2026-0001") {
        draft = draft.at(&stream, 0, None);
    }
    let mut salt = 0;
    let signed = draft.sign_salted(&key, || {
        salt += 1;
        Ok([salt; 16])
    })?;
    Ok((key, signed))
}
