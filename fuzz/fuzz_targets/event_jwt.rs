//! A payload or a whole JWT of any bytes: what parses keeps its bytes, and its parts are where they belong.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sijill_event::{Event, SigningKey, TYP, b64, jws};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[1; 32]).expect("a good key"));

fuzz_target!(|bytes: &[u8]| {
    let _ = Event::parse(&String::from_utf8_lossy(bytes));
    let jwt = jws::sign(bytes, TYP, &KEY);
    if let Ok(event) = Event::parse(&jwt) {
        assert_eq!(event.jwt, jwt);
        assert_eq!(format!("{}.{}", event.signing_input(), b64::encode(event.signature())), jwt);
        assert_eq!(event.verify(KEY.public()), Ok(()));
        assert_eq!(event.seq == 0, event.prev.is_none());
    }
});
