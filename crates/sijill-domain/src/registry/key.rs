//! Keys: whose they are and where in the log they are good.

use serde::Serialize;
use sijill_event::PublicKey;

use crate::event::Service;
use crate::{AgencyId, OfficerId};

/// Who a signature speaks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signer {
    /// A service of the ledger: `iss` `ledger`, `sub` its name.
    Service(Service),
    /// The root of an agency: `iss` the agency, `sub` `root`.
    Root(AgencyId),
    /// An officer.
    Officer {
        /// `iss`
        agency: AgencyId,
        /// `sub`
        officer: OfficerId,
    },
}

impl Signer {
    /// The `iss` and `sub` of what it signs.
    pub fn iss_sub(&self) -> (&str, &str) {
        match self {
            Self::Service(service) => ("ledger", service.as_str()),
            Self::Root(agency) => (agency.as_str(), "root"),
            Self::Officer { agency, officer } => (agency.as_str(), officer.as_str()),
        }
    }

    /// The agency it belongs to, by the id it had when it joined; none for the ledger's services.
    pub fn agency(&self) -> Option<&AgencyId> {
        match self {
            Self::Service(_) => None,
            Self::Root(agency) | Self::Officer { agency, .. } => Some(agency),
        }
    }
}

/// Whose a key is, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// It signs checkpoints and no event.
    Checkpoint,
    /// It signs events for this signer, while it is good.
    Signer(Signer),
}

/// A key that is known.
///
/// Log position decides where it is good, never a claimed time: at index *i* if `added` < *i* ≤ `revoked`. (The
/// entry that revokes a key may be signed by it. Entry 0 is signed by a key it adds itself.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyRecord {
    /// Whose it is.
    pub owner: Owner,
    /// The key.
    pub key: PublicKey,
    /// The entry that added it; for a scheduled proposal, the last entry before it was enacted.
    pub added: u64,
    /// The entry that revoked it (in the same sense): by name, with its officer or agency, or by putting
    /// another in its place.
    pub revoked: Option<u64>,
    /// What it signed with `received` from this Unix millisecond on is disputed.
    pub disputed_since: Option<u64>,
}

impl KeyRecord {
    pub(super) fn new(owner: Owner, key: &PublicKey, added: u64) -> Self {
        Self { owner, key: key.clone(), added, revoked: None, disputed_since: None }
    }

    /// Whether it may sign the event at `index`.
    pub fn is_good_at(&self, index: u64) -> bool {
        self.added < index && self.revoked.is_none_or(|revoked| index <= revoked)
    }

    /// Who it speaks for now.
    pub fn signer(&self) -> Option<&Signer> {
        match &self.owner {
            Owner::Signer(signer) if self.revoked.is_none() => Some(signer),
            _ => None,
        }
    }
}
