//! Queries and path parameters whose refusals are problems.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize as _;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use sijill_casework::Address;
use sijill_casework::catalogue::CaseId;
use sijill_event::{Digest, Kid, Stream};
use sijill_log::Tile;

use crate::error::WebError;

/// A query string, each parameter at most once, unknown ones refused by the types that are read.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        // serde names the parameter that is wrong, not its value.
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|_| WebError::Query("see /docs for its parameters".into()))
    }
}

/// A path parameter of whatever a string can be read as.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: FromParameter> FromRequestParts<S> for Path<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let path =
            <axum::extract::Path<String> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        let axum::extract::Path(text) = path.map_err(|_| WebError::Path(T::EXPECTED))?;
        T::read(&text).map(Self).ok_or(WebError::Path(T::EXPECTED))
    }
}

/// What a path segment can stand for.
pub(crate) trait FromParameter: Sized {
    const EXPECTED: &'static str;
    fn read(text: &str) -> Option<Self>;
}

impl FromParameter for u64 {
    const EXPECTED: &'static str = "an index is a decimal number";

    fn read(text: &str) -> Option<Self> {
        decimal(text)
    }
}

impl FromParameter for Stream {
    const EXPECTED: &'static str = "a stream is `ledger`, or a kind and an id as in `case%2FAb-7`";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl FromParameter for CaseId {
    const EXPECTED: &'static str = "a case is named by its id, as in `7Q`";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl FromParameter for Digest {
    const EXPECTED: &'static str = "a hash is 43 characters of base64url";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl FromParameter for Kid {
    const EXPECTED: &'static str = "a key is named by its thumbprint, 43 characters of base64url";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl FromParameter for String {
    const EXPECTED: &'static str = "it is not UTF-8";

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// A unit of an agency, as two segments.
pub(crate) struct UnitPath(pub(crate) Address);

impl<S: Send + Sync> FromRequestParts<S> for UnitPath {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let refused = WebError::Path("a unit is `{agency}/{unit}`, each an id");
        let path =
            <axum::extract::Path<(String, String)> as FromRequestParts<S>>::from_request_parts(parts, state);
        let Ok(axum::extract::Path((agency, unit))) = path.await else { return Err(refused) };
        Address::parse(&format!("{agency}/{unit}")).map(Self).ok_or(refused)
    }
}

/// `<L>/<N>[.p/<W>]`
pub(crate) struct HashTile(pub(crate) Tile);

impl FromParameter for HashTile {
    const EXPECTED: &'static str = "it is not a tile of C2SP tlog-tiles";

    fn read(text: &str) -> Option<Self> {
        Tile::from_path(&format!("tile/{text}")).ok().map(Self)
    }
}

/// `<N>[.p/<W>]`
pub(crate) struct Bundle(pub(crate) Tile);

impl FromParameter for Bundle {
    const EXPECTED: &'static str = "it is not an entry bundle of C2SP tlog-tiles";

    fn read(text: &str) -> Option<Self> {
        Tile::from_entries_path(&format!("tile/entries/{text}")).ok().map(Self)
    }
}

/// A number as this API writes it: digits, no sign, no leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// A number in a query, written as in a path.
pub(crate) fn number<'de, D: Deserializer<'de>, N: TryFrom<u64>>(query: D) -> Result<N, D::Error> {
    let text = String::deserialize(query)?;
    let number = decimal(&text).and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| D::Error::custom("not a decimal number without sign or leading zero"))
}

/// The same, where it may be left out.
pub(crate) fn number_if_any<'de, D: Deserializer<'de>, N: TryFrom<u64>>(
    query: D,
) -> Result<Option<N>, D::Error> {
    number(query).map(Some)
}
