//! Disclosures of any bytes beside an event that names the first three: all three and nothing else is complete.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sijill_event::{Class, Draft, SdJwt, SigningKey, Stream, Uuid};

static GOOD: LazyLock<SdJwt> = LazyLock::new(|| {
    Draft::new("referral.accepted", 1)
        .author("moh", "intake-3")
        .aud("ledger.example/2026")
        .jti(Uuid::from_u128(0x0198_f3c2_5a00_7000_8000_0000_0000_0001))
        .iat(0)
        .at(&Stream::parse("case/1").expect("a stream"), 0, None)
        .disclose(Class::Casework, "priority", "high".into())
        .disclose(Class::Casework, "deadline", 1.into())
        .disclose(Class::Narrative, "note", "text".into())
        .sign_salted(&SigningKey::from_seed(&[1; 32]).expect("a good key"), || Ok([7; 16]))
        .expect("a good event")
});

fuzz_target!(|input: (Vec<u8>, &str)| {
    let (order, rest) = input;
    let mut text = format!("{}~", GOOD.event.jwt);
    for n in order {
        if let Some((_, disclosure)) = GOOD.disclosures.get(usize::from(n % 4)) {
            text.push_str(disclosure.encoded());
        } else {
            text.push_str(rest);
        }
        text.push('~');
    }
    if let Ok(read) = SdJwt::parse(&text) {
        assert_eq!(read.to_string(), text);
        assert_eq!((read.disclosures.len(), read.undisclosed().count()), (3, 0));
    }
    let _ = SdJwt::parse(rest);
});
