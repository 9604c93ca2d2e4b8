//! The documents published on the ledger, read, by their hash.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use sijill_domain::event::DocumentKind;
use sijill_event::Digest;

use crate::calendar::{Calendar, CalendarError};
use crate::codes::{CodeList, CodeListError};
use crate::policy::{Policy, PolicyError};

/// Documents by hash. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    policies: BTreeMap<Digest, Arc<Policy>>,
    calendars: BTreeMap<Digest, Arc<Calendar>>,
    lists: BTreeMap<Digest, Arc<CodeList>>,
    manuals: std::collections::BTreeSet<Digest>,
}

/// A document is not what it is published as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// No policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// No calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// No code list.
    #[error(transparent)]
    CodeList(#[from] CodeListError),
}

impl Documents {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a document of this kind and holds it; answers its hash.
    pub fn insert(&mut self, kind: DocumentKind, bytes: &[u8]) -> Result<Digest, DocumentError> {
        let hash = Digest(Sha256::digest(bytes).into());
        match kind {
            DocumentKind::Policy => {
                self.policies.insert(hash, Arc::new(Policy::parse(bytes)?));
            }
            DocumentKind::Calendar => {
                self.calendars.insert(hash, Arc::new(Calendar::parse(bytes)?));
            }
            DocumentKind::CodeList => {
                self.lists.insert(hash, Arc::new(CodeList::parse(bytes)?));
            }
            DocumentKind::Manual => {
                self.manuals.insert(hash);
            }
        }
        Ok(hash)
    }

    /// The policy with this hash.
    pub fn policy(&self, hash: &Digest) -> Option<&Arc<Policy>> {
        self.policies.get(hash)
    }

    /// The calendar with this hash.
    pub fn calendar(&self, hash: &Digest) -> Option<&Arc<Calendar>> {
        self.calendars.get(hash)
    }

    /// The code list with this hash.
    pub fn list(&self, hash: &Digest) -> Option<&Arc<CodeList>> {
        self.lists.get(hash)
    }

    /// Whether a document of this kind with this hash is held.
    pub fn holds(&self, kind: DocumentKind, hash: &Digest) -> bool {
        match kind {
            DocumentKind::Policy => self.policies.contains_key(hash),
            DocumentKind::Calendar => self.calendars.contains_key(hash),
            DocumentKind::CodeList => self.lists.contains_key(hash),
            DocumentKind::Manual => self.manuals.contains(hash),
        }
    }
}
