//! A request to a witness that parses prints back to the bytes it came from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_log::AddCheckpoint;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
    }
});
