//! A heads proof that parses prints to one that parses to the same, and to verify what is in it ends without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_domain::heads::HeadsProof;
use sijill_event::{Digest, parse_json};

fuzz_target!(|bytes: &[u8]| {
    let Ok(json) = parse_json(bytes) else { return };
    let Some(proof) = HeadsProof::read(&json) else { return };
    let again = parse_json(proof.to_json().to_string().as_bytes()).expect("it is JSON");
    assert_eq!(HeadsProof::read(&again).as_ref(), Some(&proof));
    for stream in &proof.streams {
        let _ = stream.verify(&Digest([0; 32]));
    }
    for key in &proof.keys {
        let _ = key.verify(&Digest([0; 32]));
    }
});
