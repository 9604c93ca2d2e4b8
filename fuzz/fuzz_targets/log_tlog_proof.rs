//! A proof file that parses prints back to the bytes it came from, and verifying it never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_log::{NoteVerifier, TlogProof, leaf_hash};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
        let log = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let log: NoteVerifier = log.parse().expect("the C2SP example key");
        let _ = proof.verify(&leaf_hash(b""), &log);
    }
});
