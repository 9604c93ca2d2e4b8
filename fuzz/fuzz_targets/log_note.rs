//! A note that parses prints back to the bytes it came from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_log::Note;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
});
