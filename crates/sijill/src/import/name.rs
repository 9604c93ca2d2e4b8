//! From the file's names to the ledger's: never two to one.

use std::fmt::Write as _;

use sijill_event::{Digest, Stream, StreamKind, Uuid, names};

/// A stream id is at most this long.
const LONGEST: usize = 128;

/// The stream of a case. Letters, digits, `.` and `-` stand for themselves; other bytes become `_` and two capital hex
/// digits; an id that would begin otherwise than with a letter or digit gets `0_.` before it; one that would be too
/// long is `0_-` and its SHA-256. No two case ids become one. `None` if the id is empty.
pub fn case_stream(id: &str) -> Option<Stream> {
    if id.is_empty() {
        return None;
    }
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "_{byte:02X}");
        }
    }
    if !text.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        text.insert_str(0, "0_.");
    }
    if text.len() > LONGEST {
        text = format!("0_-{}", hex(Digest::of(id).as_bytes()));
    }
    Stream::new(StreamKind::Case, &text)
}

/// The unit id of a group that the map does not list. What is an id already stands for itself, unless it is `taken` or
/// looks like the other kind: what can be read of the name, and eight hex digits of its SHA-256.
pub fn unit_id(group: &str, taken: impl Fn(&str) -> bool) -> String {
    let suffixed = |id: &str| {
        id.rsplit_once('-')
            .is_some_and(|(_, end)| end.len() == 8 && end.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if names::is_label(group) && !suffixed(group) && !taken(group) {
        return group.to_owned();
    }
    let mut slug = String::new();
    for c in group.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == 22 {
            break;
        }
    }
    let slug = if slug.is_empty() { "group" } else { slug.trim_end_matches('-') };
    let hash: String = hex(Digest::of(group).as_bytes()).chars().take(8).collect();
    format!("{slug}-{hash}")
}

/// The idempotency key of an imported event: a UUID of version 7 whose 48-bit time is the original one and whose other bits are a
/// hash of what the event is. The same row gives the same key, today and in next year's import.
pub fn jti(unix_ms: i64, what: &[&str]) -> Uuid {
    let mut text = String::from("sijill-import/1\n");
    for part in what {
        let _ = writeln!(text, "{}:{part}", part.len());
    }
    let mut bits = [0; 10];
    for (bit, byte) in bits.iter_mut().zip(Digest::of(text).as_bytes()) {
        *bit = *byte;
    }
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(unix_ms).unwrap_or(0), &bits).into_uuid()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_ids() {
        let id = |text: &str| case_stream(text).map(|stream| stream.as_str().to_owned());
        assert_eq!(id("case-10011").as_deref(), Some("case/case-10011"));
        assert_eq!(id("2010/17 A_b").as_deref(), Some("case/2010_2F17_20A_5Fb"));
        assert_eq!(id("-1").as_deref(), Some("case/0_.-1"));
        assert_eq!(id("قضية").as_deref(), Some("case/0_._D9_82_D8_B6_D9_8A_D8_A9"));
        assert_eq!(id(&"x".repeat(129)).map(|text| text.len()), Some("case/0_-".len() + 64));
        assert_eq!(id(""), None);
    }

    #[test]
    fn unit_ids() {
        let id = |text| unit_id(text, |taken| taken == "archive");
        assert_eq!(id("desk-1"), "desk-1");
        assert!(id("archive").starts_with("archive-"));
        assert!(id("Group 1").starts_with("group-1-"));
        assert!(id("وحدة").starts_with("group-"));
        assert_ne!(id("Group 1"), id("group 1"));
        // What looks like the other kind is not taken at its word: it could be someone else's.
        assert_ne!(id(&id("Group 1")), id("Group 1"));
    }

    proptest! {
        #[test]
        fn every_case_id_has_a_stream_of_its_own(a in "\\PC{1,40}|[-._0_A-F]{1,8}", b in "\\PC{1,40}|[-._0_A-F]{1,8}") {
            let (left, right) = (case_stream(&a), case_stream(&b));
            prop_assert!(left.is_some() && right.is_some());
            prop_assert_eq!(a == b, left == right);
        }

        #[test]
        fn every_group_has_a_unit_of_its_own(a in "\\PC{1,60}|[-a-f0-9]{1,12}", b in "\\PC{1,60}|[-a-f0-9]{1,12}") {
            let (left, right) = (unit_id(&a, |_| false), unit_id(&b, |_| false));
            prop_assert!(names::is_label(&left), "{}", left);
            prop_assert_eq!(a == b, left == right);
        }

        #[test]
        fn keys_are_of_version_7_and_keep_the_time(ms in 0_i64..(1 << 48), part in ".{0,20}") {
            let key = jti(ms, &[&part]);
            prop_assert_eq!(key.get_version_num(), 7);
            prop_assert_eq!(key.get_variant(), uuid::Variant::RFC4122);
            prop_assert_eq!(key.as_u128() >> 80, u128::from(ms.unsigned_abs()));
            prop_assert_ne!(key, jti(ms, &[&part, ""]));
        }
    }
}
