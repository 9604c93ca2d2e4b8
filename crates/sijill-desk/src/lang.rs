//! How a reader wants the pages: language and digits.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};

use crate::cookie;

/// A language of the pages. Arabic is the default: it is what most of the officers speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Arabic, right to left.
    #[default]
    Ar,
    /// English.
    En,
}

impl Lang {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ar, Self::En];

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::En => "en",
        }
    }

    /// What it calls itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ar => "العربية",
            Self::En => "English",
        }
    }

    /// `dir` of a page.
    pub const fn dir(self) -> &'static str {
        match self {
            Self::Ar => "rtl",
            Self::En => "ltr",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Ar => Self::En,
            Self::En => Self::Ar,
        }
    }

    fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.tag() == tag)
    }

    /// The first of our languages in an `Accept-Language`, by weight.
    fn accepted(header: &str) -> Option<Self> {
        let weighed = header.split(',').filter_map(|range| {
            let mut parts = range.split(';');
            let lang = Self::parse(parts.next()?.trim().split('-').next()?.to_ascii_lowercase().as_str())?;
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok());
            Some((lang, weight.unwrap_or(1.0))).filter(|(_, weight)| *weight > 0.0)
        });
        // The first of equal weights wins: `fold` keeps the earlier one unless a later one is greater.
        weighed
            .fold(None, |best: Option<(Self, f32)>, next| match best {
                Some(best) if best.1 >= next.1 => Some(best),
                _ => Some(next),
            })
            .map(|(lang, _)| lang)
    }
}

/// Which digits numbers and dates are written with. Identifiers are never translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Digits {
    /// 0123456789
    #[default]
    Latin,
    /// ٠١٢٣٤٥٦٧٨٩, in Arabic only.
    ArabicIndic,
}

impl Digits {
    /// The CLDR numbering system, and how the setting is spelt.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Latin => "latn",
            Self::ArabicIndic => "arab",
        }
    }

    fn parse(tag: &str) -> Option<Self> {
        [Self::Latin, Self::ArabicIndic].into_iter().find(|digits| digits.tag() == tag)
    }
}

/// How this request's page is to be written, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// By `?lang=`, else the cookie, else `Accept-Language`, else Arabic.
    pub lang: Lang,
    /// By `?digits=`, else the cookie, else Latin.
    pub digits: Digits,
    /// The path, for links back to the same page.
    pub path: String,
    /// The query without these two settings.
    pub query: String,
}

/// The names of the query parameters and cookies.
const LANG: &str = "lang";
const DIGITS: &str = "digits";

impl View {
    /// What a request asks for.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let query = uri.query().unwrap_or_default();
        let asked = |name| pairs(query).find(|(key, _)| *key == name).map(|(_, value)| value);
        let kept = |name| cookie::read(headers, name);
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let rest = pairs(query).filter(|(key, _)| ![LANG, DIGITS].contains(key));
        Self {
            lang: asked(LANG)
                .and_then(Lang::parse)
                .or_else(|| Lang::parse(kept(LANG)?))
                .or_else(|| Lang::accepted(accepted?))
                .unwrap_or_default(),
            digits: asked(DIGITS)
                .and_then(Digits::parse)
                .or_else(|| Digits::parse(kept(DIGITS)?))
                .unwrap_or_default(),
            path: uri.path().to_owned(),
            query: rest.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&"),
        }
    }

    /// What was chosen with this very request and is to be kept: name and value.
    pub(crate) fn chosen(&self, uri: &Uri) -> Vec<(&'static str, &'static str)> {
        let has = |name: &str| pairs(uri.query().unwrap_or_default()).any(|(key, _)| key == name);
        let settings = [(LANG, self.lang.tag()), (DIGITS, self.digits.tag())];
        settings.into_iter().filter(|(name, _)| has(name)).collect()
    }

    /// This page in another setting.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let and = if self.query.is_empty() { "" } else { "&" };
        format!("{}?{}{and}{name}={value}", self.path, self.query)
    }

    /// A text in the reader's language.
    pub const fn t(&self, text: crate::Text) -> &'static str {
        text.to(self.lang)
    }
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

impl<S: Send + Sync> FromRequestParts<S> for View {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // `frame` has put it there.
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn view(uri: &str, cookie: &str, accepted: &str) -> View {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(cookie).expect("a value"));
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(accepted).expect("a value"));
        View::of(&uri.parse().expect("a uri"), &headers)
    }

    #[test]
    fn the_query_goes_before_the_cookie_and_that_before_the_browser() {
        for (uri, cookie, accepted, lang) in [
            ("/desk?lang=en", "lang=ar", "ar", Lang::En),
            ("/desk", "a=b; lang=en", "ar", Lang::En),
            ("/desk", "lang=fr", "fr, en-GB;q=0.8, ar;q=0.7", Lang::En),
            ("/desk", "", "en;q=0.5, ar-OM", Lang::Ar),
            ("/desk", "", "en;q=0, fr", Lang::Ar),
            ("/desk", "", "en, ar", Lang::En),
            ("/desk?lang=xx", "", "", Lang::Ar),
        ] {
            assert_eq!(view(uri, cookie, accepted).lang, lang, "{uri} {cookie} {accepted}");
        }
        assert_eq!(view("/desk?digits=arab", "", "").digits, Digits::ArabicIndic);
        assert_eq!(view("/desk", "digits=arab", "").digits, Digits::ArabicIndic);
        assert_eq!(view("/desk", "", "").digits, Digits::Latin);
    }

    #[test]
    fn a_switch_keeps_the_rest_of_the_query() {
        let view = view("/desk/x?a=1&lang=ar&b=2", "", "");
        assert_eq!(view.with("lang", "en"), "/desk/x?a=1&b=2&lang=en");
        assert_eq!(view.chosen(&"/desk/x?lang=ar".parse().expect("a uri")), [("lang", "ar")]);
    }
}
