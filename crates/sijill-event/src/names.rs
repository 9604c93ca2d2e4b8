//! The names that occur in events, as patterns (Annex A). All are ASCII, so a length is in bytes.

/// `[a-z0-9][a-z0-9-]{0,31}`: what `iss` may be, and unit ids.
pub fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.len() <= 32 && starts(text, |b| b != b'-' && inner(b)) && text.bytes().all(inner)
}

/// An agency id: a label other than `ledger`, which is who the ledger's own services sign as.
pub fn is_agency_id(text: &str) -> bool {
    is_label(text) && text != "ledger"
}

/// `[a-z0-9][a-z0-9._-]{0,63}`: `sub` and `act`, an officer or service inside its agency.
pub fn is_officer_id(text: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 64
        && starts(text, alphanumeric)
        && text.bytes().all(|b| alphanumeric(b) || matches!(b, b'.' | b'_' | b'-'))
}

/// The origin of a ledger: 1 to 255 characters of `!`…`~` without `+`.
pub fn is_origin(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'+')
}

/// `[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+`, at most 64 characters: an event type such as `referral.accepted`.
pub fn is_event_type(text: &str) -> bool {
    text.len() <= 64 && text.contains('.') && text.split('.').all(is_word)
}

/// `[a-z][a-z0-9_]{0,63}`: the name of a disclosed field.
pub fn is_field_name(text: &str) -> bool {
    text.len() <= 64 && is_word(text)
}

/// `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`: the id of a contact or case inside a stream's name.
pub fn is_stream_id(text: &str) -> bool {
    text.len() <= 128
        && starts(text, |b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_word(text: &str) -> bool {
    starts(text, |b| b.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn starts(text: &str, with: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(with)
}
