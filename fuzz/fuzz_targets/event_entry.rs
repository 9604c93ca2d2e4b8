//! An entry that parses prints back to the bytes it came from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_event::Entry;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::parse(bytes) {
        assert_eq!(entry.format().as_bytes(), bytes);
    }
});
