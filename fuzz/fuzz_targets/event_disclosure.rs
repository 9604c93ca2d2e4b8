//! A disclosure that parses keeps its bytes; the same parts make one that parses to the same name and value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_event::{Digest, Disclosure, b64};

fuzz_target!(|bytes: &[u8]| {
    let _ = Disclosure::parse(&String::from_utf8_lossy(bytes));
    let encoded = b64::encode(bytes);
    if let Ok(read) = Disclosure::parse(&encoded) {
        assert_eq!(read.encoded(), encoded);
        assert_eq!(read.digest(), Digest::of(&encoded));
        let made = Disclosure::new([7; 16], &read.name, read.value.clone()).expect("as good");
        assert_eq!((&made.name, &made.value), (&read.name, &read.value));
    }
});
