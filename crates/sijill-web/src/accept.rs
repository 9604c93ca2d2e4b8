//! Content negotiation (RFC 9110 §12.5.1), as far as this API needs it.

use axum::http::{HeaderMap, header};

/// How much the client wants `kind` (such as `text/event-stream`), in thousandths; 0 is not at all. Without a
/// readable `Accept` anything is welcome.
pub(crate) fn quality(headers: &HeaderMap, kind: &str) -> u16 {
    let ranges: Vec<Range<'_>> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(Range::parse)
        .collect();
    if ranges.is_empty() {
        return 1000;
    }
    let matching = ranges.iter().filter_map(|range| Some((range.precision(kind)?, range.quality)));
    matching.max_by_key(|(precision, _)| *precision).map_or(0, |(_, quality)| quality)
}

/// The media type of a `Content-Type`, without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(essence(value).to_ascii_lowercase())
}

/// The part of a media type before its parameters.
pub(crate) fn essence(kind: &str) -> &str {
    kind.split(';').next().unwrap_or_default().trim()
}

struct Range<'a> {
    kind: &'a str,
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next().filter(|kind| kind.contains('/'))?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some(Self { kind, quality: weight.map_or(Some(1000), thousandths)? })
    }

    /// 3 for the very type, 2 for `type/*`, 1 for `*/*`; `None` if the range does not cover it.
    fn precision(&self, kind: &str) -> Option<u8> {
        let (top, _) = kind.split_once('/')?;
        match self.kind.split_once('/')? {
            ("*", "*") => Some(1),
            (its_top, "*") if its_top.eq_ignore_ascii_case(top) => Some(2),
            _ => self.kind.eq_ignore_ascii_case(kind).then_some(3),
        }
    }
}

/// `0.5` → 500; at most three decimals, at most 1.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let parts: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, parts) {
        ("0", parts) => Some(parts),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality_of(accept: &[&str], kind: &str) -> u16 {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().expect("a header value"));
        }
        quality(&headers, kind)
    }

    #[test]
    fn the_most_precise_range_decides() {
        for (accept, kind, expected) in [
            (&[][..], "application/json", 1000),
            (&["*/*"], "application/json", 1000),
            (&["text/html"], "application/json", 0),
            (&["TEXT/Event-Stream"], "text/event-stream", 1000),
            (&["application/*;q=0.5, */*;q=0.1"], "application/json", 500),
            (&["application/*;q=0.5, */*;q=0.1"], "text/plain", 100),
            (&["application/json;q=0, */*"], "application/json", 0),
            (&["text/plain", "application/json; q=0.25"], "application/json", 250),
            (&["application/json; charset=utf-8; q=0.333"], "application/json", 333),
            (&["nonsense"], "application/json", 1000),
            (&["application/json;q=1.5"], "application/json", 1000),
        ] {
            assert_eq!(quality_of(accept, kind), expected, "{accept:?} {kind}");
        }
    }
}
