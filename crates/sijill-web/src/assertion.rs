//! The client assertion (RFC 7523 §3): a JWT signed with a key that is registered on the ledger.

use serde::Deserialize;
use sijill_event::{Digest, Kid, Uuid, jws, parse_json};

/// `typ` of an assertion: an event or an access token is none.
const TYP: &str = "JWT";
/// Longest life of an assertion, seconds.
const MAX_LIFE_S: i64 = 300;
/// How far the client's clock may be ahead, seconds.
const SKEW_S: i64 = 60;

/// An assertion whose claims hold; whose key it is, and that it is new, is still to be seen.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    pub(crate) jws: jws::Jws<'a>,
    /// `<agency>/<officer>`.
    pub(crate) client: String,
    /// Seconds.
    pub(crate) expires: i64,
    jti: Uuid,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    jti: Uuid,
    iat: i64,
    exp: i64,
    nbf: Option<i64>,
}

impl<'a> Assertion<'a> {
    /// Reads an assertion and checks its claims at `now` (seconds). The error is a sentence that repeats none
    /// of them.
    pub(crate) fn read(jwt: &'a str, origin: &str, now: i64) -> Result<Self, &'static str> {
        let jws = jws::parse(jwt, TYP).map_err(
            |_| "the assertion is not a JWS with exactly alg Ed25519, typ JWT and kid in its header",
        )?;
        let claims: Claims = parse_json(&jws.payload)
            .ok()
            .and_then(|json| json.decode().ok())
            .ok_or("the assertion needs iss, sub, aud, jti (a UUID), iat and exp (integers)")?;
        if claims.iss != claims.sub {
            return Err("iss and sub must both be the client");
        }
        if claims.aud != origin {
            return Err("aud must be the ledger's origin");
        }
        if claims.exp <= now {
            return Err("the assertion has expired");
        }
        if claims.iat > now.saturating_add(SKEW_S)
            || claims.nbf.is_some_and(|nbf| nbf > now.saturating_add(SKEW_S))
        {
            return Err("the assertion is from the future");
        }
        if claims.exp.saturating_sub(claims.iat) > MAX_LIFE_S || claims.exp <= claims.iat {
            return Err("exp must be after iat, by at most 300 seconds");
        }
        Ok(Self { jws, client: claims.sub, expires: claims.exp, jti: claims.jti })
    }

    /// The key that is said to have signed it.
    pub(crate) fn kid(&self) -> Kid {
        self.jws.kid
    }

    /// What makes it this assertion and no other: RFC 7519 lets each issuer count its own `jti`s.
    pub(crate) fn id(&self) -> [u8; 32] {
        Digest::of(format!("{}\n{}", self.client, self.jti)).0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sijill_event::SigningKey;

    use super::*;

    const ORIGIN: &str = "ledger.example";
    const NOW: i64 = 1_000_000;

    fn claims() -> Value {
        json!({
            "iss": "moh/ana", "sub": "moh/ana", "aud": ORIGIN,
            "jti": "01890a5d-ac96-774b-bcce-b302099a8057", "iat": NOW, "exp": NOW + 300,
        })
    }

    fn read(claims: &Value, typ: &str) -> Result<String, &'static str> {
        let key = SigningKey::from_seed(&[7; 32]).expect("a key");
        let jwt = jws::sign(claims.to_string().as_bytes(), typ, &key);
        Assertion::read(&jwt, ORIGIN, NOW).map(|assertion| assertion.client)
    }

    #[test]
    fn a_good_assertion_is_read() {
        assert_eq!(read(&claims(), "JWT"), Ok("moh/ana".to_owned()));
    }

    #[test]
    fn every_claim_is_checked() {
        for (name, value, sentence) in [
            ("iss", json!("moh/badr"), "both be the client"),
            ("aud", json!("other.example"), "origin"),
            ("aud", json!([ORIGIN]), "needs iss"),
            ("jti", json!("once"), "needs iss"),
            ("exp", json!(NOW), "expired"),
            ("exp", json!(NOW + 301), "at most 300"),
            ("exp", json!("soon"), "needs iss"),
            ("iat", json!(NOW + 61), "future"),
            ("iat", json!(i64::MIN), "needs iss"),
            ("nbf", json!(NOW + 61), "future"),
            ("iat", Value::Null, "needs iss"),
        ] {
            let mut claims = claims();
            claims[name] = value;
            let refused = read(&claims, "JWT").expect_err(name);
            assert!(refused.contains(sentence), "{name}: {refused}");
        }
    }

    #[test]
    fn a_jwt_of_another_kind_is_no_assertion() {
        for typ in ["at+jwt", "case-event+sd-jwt", "jwt"] {
            assert!(read(&claims(), typ).is_err(), "{typ}");
        }
    }

    #[test]
    fn each_client_counts_its_own_ids() {
        let key = SigningKey::from_seed(&[7; 32]).expect("a key");
        let ids = ["moh/ana", "moh/badr"].map(|client| {
            let mut claims = claims();
            claims["iss"] = json!(client);
            claims["sub"] = json!(client);
            let jwt = jws::sign(claims.to_string().as_bytes(), TYP, &key);
            Assertion::read(&jwt, ORIGIN, NOW).expect("an assertion").id()
        });
        assert_ne!(ids[0], ids[1]);
    }
}
