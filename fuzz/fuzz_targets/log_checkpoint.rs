//! A checkpoint text that parses prints back to the text it came from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_log::Checkpoint;

fuzz_target!(|text: &str| {
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
});
