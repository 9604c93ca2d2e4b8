//! A bundle that decodes encodes back to the bytes it came from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_log::bundle;

fuzz_target!(|input: (u16, &[u8])| {
    let (width, bytes) = input;
    if let Ok(entries) = bundle::decode(bytes, width) {
        assert_eq!(bundle::encode(&entries).as_deref(), Ok(bytes));
    }
});
