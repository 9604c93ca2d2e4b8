//! Disclosures, and the SD-JWT that delivers them with their event (RFC 9901 §4).

use std::collections::HashSet;
use std::fmt;

use crate::{Class, Digest, Event, EventError, Json, b64, names, parse_json};

/// The longest disclosure, in characters of its base64url form.
pub const MAX_DISCLOSURE: usize = 40_000;

/// The longest SD-JWT, in bytes.
pub const MAX_SD_JWT: usize = 1 << 20;

/// One value that was signed as a digest: `base64url(["<salt>","<name>",<value>])`.
///
/// `Debug` shows the digest and the name only: a log must not hold what can be erased elsewhere.
#[derive(Clone)]
pub struct Disclosure {
    /// The field's name.
    pub name: String,
    /// Its value; `null` if the field was left out.
    pub value: Json,
    encoded: String,
    digest: Digest,
}

impl Disclosure {
    /// Reads the base64url form. Refused: `too-large`, `base64url`, `json-…`, `disclosure-syntax`,
    /// `disclosure-salt`, `disclosure-name`, `disclosure-value`.
    pub fn parse(encoded: &str) -> Result<Self, EventError> {
        if encoded.len() > MAX_DISCLOSURE {
            return Err(EventError::TooLarge { what: "a disclosure", limit: MAX_DISCLOSURE });
        }
        let Json::Array(parts) = parse_json(&b64::decode(encoded, "a disclosure")?)? else {
            return Err(EventError::DisclosureSyntax);
        };
        let [salt, name, value] = <[Json; 3]>::try_from(parts).map_err(|_| EventError::DisclosureSyntax)?;
        let salt = salt.as_str().ok_or(EventError::DisclosureSalt)?;
        b64::decode_array::<16>(salt, "a salt").map_err(|_| EventError::DisclosureSalt)?;
        let name = match name {
            Json::String(name) if names::is_field_name(&name) => name,
            _ => return Err(EventError::DisclosureName),
        };
        if value.has_member(&|name| matches!(name, "_sd" | "...")) {
            return Err(EventError::DisclosureValue);
        }
        Ok(Self { name, value, encoded: encoded.to_owned(), digest: Digest::of(encoded) })
    }

    /// A disclosure with this salt: 128 random bits, never derived from anything and never used again.
    /// Refused: as [`parse`](Self::parse) refuses the result.
    pub fn new(salt: [u8; 16], name: &str, value: Json) -> Result<Self, EventError> {
        let parts = Json::Array(vec![b64::encode(salt).into(), name.into(), value]);
        Self::parse(&b64::encode(parts.to_string()))
    }

    /// SHA-256 over the base64url form: what stands in the event.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The base64url form. It holds the value.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disclosure({}, {})", self.name, self.digest)
    }
}

/// An event with disclosures, each with the class in which its digest stands, in the order delivered.
#[derive(Debug, Clone)]
pub struct SdJwt {
    /// The event.
    pub event: Event,
    /// Its disclosures.
    pub disclosures: Vec<(Class, Disclosure)>,
}

impl SdJwt {
    /// Reads `<JWT>~<disclosure>~…~` with the disclosures *complete*, as at admission. Refused: `too-large`,
    /// `sd-jwt-parts`, `disclosure-missing`, and as [`Event::parse`], [`Disclosure::parse`] and
    /// [`gather`](Self::gather).
    pub fn parse(text: &str) -> Result<Self, EventError> {
        if text.len() > MAX_SD_JWT {
            return Err(EventError::TooLarge { what: "the SD-JWT", limit: MAX_SD_JWT });
        }
        let parts = text.strip_suffix('~').ok_or(EventError::SdJwtParts)?;
        let (jwt, disclosures) = match parts.split_once('~') {
            Some((jwt, disclosures)) => (jwt, disclosures.split('~').collect()),
            None => (parts, Vec::new()),
        };
        if disclosures.contains(&"") {
            return Err(EventError::SdJwtParts);
        }
        let event = Event::parse(jwt)?;
        let disclosures = disclosures.into_iter().map(Disclosure::parse).collect::<Result<_, _>>()?;
        let delivered = Self::gather(event, disclosures)?;
        if let Some((class, _)) = delivered.undisclosed().next() {
            return Err(EventError::DisclosureMissing(class));
        }
        Ok(delivered)
    }

    /// Joins an event with those of its disclosures that one may have. Refused: `disclosure-unreferenced`,
    /// `disclosure-duplicate`, `disclosure-duplicate-name`.
    pub fn gather(event: Event, disclosures: Vec<Disclosure>) -> Result<Self, EventError> {
        let (mut digests, mut names) = (HashSet::new(), HashSet::new());
        let mut classed = Vec::with_capacity(disclosures.len());
        for disclosure in &disclosures {
            let class = event.class_of(&disclosure.digest).ok_or(EventError::DisclosureUnreferenced)?;
            if !digests.insert(disclosure.digest) {
                return Err(EventError::DisclosureDuplicate);
            }
            if !names.insert((class, disclosure.name.as_str())) {
                return Err(EventError::DisclosureDuplicateName(class));
            }
            classed.push(class);
        }
        Ok(Self { event, disclosures: classed.into_iter().zip(disclosures).collect() })
    }

    /// The digests whose disclosure is not here.
    pub fn undisclosed(&self) -> impl Iterator<Item = (Class, Digest)> {
        let here: HashSet<Digest> =
            self.disclosures.iter().map(|(_, disclosure)| disclosure.digest).collect();
        let all = self.event.digests.iter().flat_map(|(class, digests)| digests.iter().map(|d| (*class, *d)));
        all.filter(move |(_, digest)| !here.contains(digest))
    }

    /// The value of a disclosed field.
    pub fn value(&self, class: Class, name: &str) -> Option<&Json> {
        self.disclosures.iter().find(|(c, d)| *c == class && d.name == name).map(|(_, d)| &d.value)
    }
}

impl fmt::Display for SdJwt {
    /// The compact form. It holds the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~", self.event.jwt)?;
        self.disclosures.iter().try_for_each(|(_, disclosure)| write!(f, "{}~", disclosure.encoded))
    }
}
