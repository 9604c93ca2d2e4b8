//! JSON that parses prints to a text that parses to the same value, and serde_json reads it alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_event::parse_json;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(json) = parse_json(bytes) {
        let theirs: serde_json::Value = serde_json::from_slice(bytes).expect("it is JSON");
        assert_eq!(serde_json::to_value(&json).expect("it is JSON"), theirs);
        assert_eq!(parse_json(json.to_string().as_bytes()), Ok(json));
    }
});
