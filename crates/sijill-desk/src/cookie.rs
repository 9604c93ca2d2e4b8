//! Cookies, as few as can be: the session, and how the reader wants the pages.

use axum::http::{HeaderMap, HeaderValue, header};

/// The value of the cookie of this name, if there is exactly one: a second one was planted by somebody else.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The name of the session's cookie. `__Host-` binds it to this host, to HTTPS and to the whole path; over plain
/// HTTP (a trial on one's own machine) browsers refuse that name.
pub(crate) const fn session_name(secure: bool) -> &'static str {
    if secure { "__Host-sijill" } else { "sijill" }
}

/// Sets the session's cookie, or takes it away if `id` is empty. It lasts as long as the browser is open; how long
/// the session does is for the server to say.
pub(crate) fn session(id: &str, secure: bool) -> Option<HeaderValue> {
    let name = session_name(secure);
    let secure = if secure { "; Secure" } else { "" };
    let end = if id.is_empty() { "; Max-Age=0" } else { "" };
    HeaderValue::try_from(format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict{secure}{end}")).ok()
}

/// Keeps a setting for a year.
pub(crate) fn setting(name: &str, value: &str, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/desk; HttpOnly; SameSite=Lax; Max-Age=31536000{secure}");
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_is_there_twice_is_not_there() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; b=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("b=3; c=a=b"));
        assert_eq!(read(&headers, "a"), Some("1"));
        assert_eq!(read(&headers, "b"), None);
        assert_eq!(read(&headers, "c"), Some("a=b"));
        assert_eq!(read(&headers, "d"), None);
    }
}
