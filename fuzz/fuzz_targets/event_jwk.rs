//! A key that parses prints to a JWK that parses to the same key, and no signature of zeros is valid for it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_event::{PreparedKey, PublicKey, parse_json, verify_batch};

fuzz_target!(|input: (&[u8], [u8; 32], [u8; 32])| {
    let (jwk, point, s) = input;
    let keys = [parse_json(jwk).and_then(|jwk| PublicKey::from_jwk(&jwk)), PublicKey::from_bytes(&point)];
    for key in keys.into_iter().flatten() {
        assert_eq!(PublicKey::from_jwk(&key.to_jwk()).as_ref(), Ok(&key));
        let mut signature = [0; 64];
        signature[32..].copy_from_slice(&s);
        let verdict = key.verify(jwk, &signature).is_ok();
        assert!(!verdict);
        assert_eq!(verify_batch(&[(&PreparedKey::new(&key), jwk, &signature)]), [verdict]);
    }
});
