//! Access tokens (RFC 9068): who gets one, what it says, and what it is still worth at each request.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use sijill_domain::{Registry, Signer};
use sijill_event::{Kid, Uuid, jws, parse_json};

use crate::app::App;
use crate::error::WebError;

pub(crate) use sijill_domain::Scope;

/// `typ` of an access token: nothing else the token key signs has it.
const TYP: &str = "at+jwt";
/// Life of an access token, seconds.
pub(crate) const LIFE_S: i64 = 600;

/// Every scope, and what it opens.
pub(crate) const SCOPES: [(Scope, &str); 4] = [
    (Scope::Append, "Where a stream's next event goes, and attachments"),
    (Scope::Read, "Events of streams one's agency is a party to; of others the leaf hash"),
    (Scope::ReadAll, "Every event, and entry bundles"),
    (Scope::Registry, "The registry"),
];

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    client_id: String,
    scope: String,
    jti: String,
    iat: i64,
    exp: i64,
    /// The registered key it was given for, and dies with.
    key: Kid,
}

/// Whoever holds a token that is good now.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) kid: Kid,
    client: String,
    scopes: BTreeSet<Scope>,
    expires: i64,
}

/// The scopes as one string, in their order.
pub(crate) fn joined(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

impl App {
    /// The time by which assertions and tokens expire, Unix seconds.
    pub(crate) fn now_s(&self) -> Result<i64, WebError> {
        let now = self.settings.clock.now().map_err(|_| WebError::NotReady("its clock jumped"))?;
        Ok(i64::try_from(now / 1000).unwrap_or(i64::MAX))
    }

    /// A token for the client's key.
    pub(crate) fn mint(
        &self,
        client: &str,
        key: Kid,
        scopes: &BTreeSet<Scope>,
        now: i64,
    ) -> Result<String, WebError> {
        let claims = Claims {
            iss: self.ledger.origin().to_owned(),
            aud: self.ledger.origin().to_owned(),
            sub: client.to_owned(),
            client_id: client.to_owned(),
            scope: joined(scopes),
            jti: Uuid::now_v7().to_string(),
            iat: now,
            exp: now.saturating_add(LIFE_S),
            key,
        };
        let payload = serde_json::to_vec(&claims).map_err(|_| WebError::Internal)?;
        Ok(jws::sign(&payload, TYP, &self.settings.token_key))
    }

    /// Who is calling, if the call's token opens `needed`.
    pub(crate) fn caller(&self, headers: &HeaderMap, needed: Scope) -> Result<Caller, WebError> {
        let caller = self.holder(bearer(headers)?)?;
        caller.check(&self.ledger.registry(), self.now_s()?)?;
        if caller.scopes.contains(&needed) {
            Ok(caller)
        } else {
            Err(WebError::ScopeMissing(needed.as_str()))
        }
    }

    /// Reads a token that this ledger gave out: to whom, not whether it is good still.
    fn holder(&self, token: &str) -> Result<Caller, WebError> {
        let jws = jws::parse(token, TYP).map_err(|_| WebError::TokenInvalid)?;
        jws.verify(self.settings.token_key.public()).map_err(|_| WebError::TokenInvalid)?;
        let claims: Claims = parse_json(&jws.payload)
            .ok()
            .and_then(|json| json.decode().ok())
            .ok_or(WebError::TokenInvalid)?;
        // Several ledgers could be given one token key; a token is good at the one that gave it out.
        if claims.iss != self.ledger.origin() || claims.aud != self.ledger.origin() {
            return Err(WebError::TokenInvalid);
        }
        let granted: BTreeSet<&str> = claims.scope.split(' ').collect();
        let scopes =
            SCOPES.into_iter().map(|(scope, _)| scope).filter(|scope| granted.contains(scope.as_str()));
        Ok(Caller {
            kid: claims.key,
            client: claims.client_id,
            scopes: scopes.collect(),
            expires: claims.exp,
        })
    }
}

impl Caller {
    /// Whether the token is good at `now` (seconds) on this registry: a key that was revoked, or an officer
    /// who lost a role, takes it along at once.
    pub(crate) fn check(&self, registry: &Registry, now: i64) -> Result<(), WebError> {
        if self.expires <= now {
            return Err(WebError::TokenExpired);
        }
        if !speaks_for(registry, &self.kid, &self.client)
            || !self.scopes.is_subset(&registry.scopes(&self.kid))
        {
            return Err(WebError::TokenDead);
        }
        Ok(())
    }

    /// Whether it is this author of events.
    pub(crate) fn is(&self, iss: &str, sub: &str) -> bool {
        self.client.split_once('/') == Some((iss, sub))
    }

    /// Whether the token was given this scope.
    pub(crate) fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// Whether the key speaks for the client `<agency>/<officer>` now.
pub(crate) fn speaks_for(registry: &Registry, kid: &Kid, client: &str) -> bool {
    registry.signer(kid).map(Signer::iss_sub).is_some_and(|signer| Some(signer) == client.split_once('/'))
}

/// The token in `Authorization: Bearer …` (RFC 6750 §2.1); nowhere else is one looked for.
fn bearer(headers: &HeaderMap) -> Result<&str, WebError> {
    let value = headers.get(header::AUTHORIZATION).ok_or(WebError::TokenMissing)?;
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(WebError::TokenInvalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(WebError::TokenMissing) }
}
