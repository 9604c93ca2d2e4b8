//! A policy that parses prints to a text that parses to the same policy.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_log::Policy;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = Policy::parse(bytes) {
        let _ = policy.quorums_intersect();
        assert_eq!(Policy::parse(policy.to_string().as_bytes()), Ok(policy));
    }
});
