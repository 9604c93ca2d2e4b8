//! Looking a child up: whether it is known, and to which unit. Every look-up is on the ledger before it is answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sijill_casework::Address;
use sijill_casework::case::{Author, CaseFile};
use sijill_domain::Parties;
use sijill_event::{SdJwt, Stream, StreamKind};

use crate::error::{Busy, LedgerError, Own, Refused};
use crate::ledger::{Ledger, Receipt, Wait};
use crate::match_key::Child;

/// For how long a look-up that is handed in again is answered again, milliseconds: enough for a connection that broke.
const AGAIN_MS: u64 = 300_000;

/// What a look-up is answered with.
#[derive(Debug, Clone)]
pub struct LookedUp {
    /// Of the look-up.
    pub receipt: Receipt,
    /// Whether enough was said of the child to look for it: its civil number, or its name and year of birth.
    pub enough: bool,
    /// Who knows the child, each unit once for every case it may be told of.
    pub known: BTreeSet<KnownTo>,
}

/// A unit that knows the child. That it does is told to whoever looks up under their name; which case it is, only to
/// agencies that are party to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownTo {
    /// The unit that owns the case, or logged the contact.
    pub unit: Address,
    /// The case or contact, for those who may know of it.
    pub place: Option<KnownPlace>,
}

/// Where a child is known from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownPlace {
    /// [`StreamKind::Case`] or [`StreamKind::Contact`].
    pub kind: StreamKind,
    /// Its id.
    pub id: String,
    /// Since when there is a case, Unix milliseconds.
    pub opened: Option<u64>,
}

impl Ledger {
    /// Hands in a signed `child.looked_up` and answers it. The caller has made sure that `asker` signed it.
    ///
    /// Refused beside what any event is: `look-up-over`.
    pub async fn look_up(
        &self,
        look_up: &SdJwt,
        asker: &Author,
    ) -> Result<Result<LookedUp, Refused>, LookUpError> {
        let child = Child::of(look_up).unwrap_or_default();
        let settled = self.append(vec![look_up.to_string()], Wait::Published).await?.pop();
        let receipt = match settled {
            Some(Ok(receipt)) => receipt,
            Some(Err(refused)) => return Ok(Err(refused)),
            None => return Ok(Err(Refused::unavailable("the ledger did not answer"))),
        };
        if !receipt.first && self.now_ms().saturating_sub(receipt.received) > AGAIN_MS {
            let why = "this look-up was answered some time ago; who wants to know again signs again";
            return Ok(Err(Own::LookUpOver.because(why)));
        }
        let keys = self.vault().matching().keys(&child);
        let own = look_up.event.stream.id().unwrap_or_default();
        let found = self.store().cases_by_match(&keys).await.map_err(LedgerError::from)?;
        let ids: BTreeSet<String> = found.into_iter().map(|(_, id)| id).filter(|id| id != own).collect();
        let mut known = BTreeSet::new();
        for (id, file) in self.files_of(ids).await? {
            known.extend(self.known_from(&id, &file, asker).await?);
        }
        // Who is told of a case of a unit need not be told of the unit as well.
        let told: BTreeSet<Address> =
            known.iter().filter(|known| known.place.is_some()).map(|known| known.unit.clone()).collect();
        known.retain(|known| known.place.is_some() || !told.contains(&known.unit));
        Ok(Ok(LookedUp { receipt, enough: !keys.is_empty(), known }))
    }

    /// These cases and contacts; of a contact that was linked to cases, those.
    async fn files_of(&self, ids: BTreeSet<String>) -> Result<BTreeMap<String, Arc<CaseFile>>, LedgerError> {
        let mut files = self.case_files(&ids.into_iter().collect::<Vec<_>>()).await?;
        let linked = |file: &CaseFile| -> Vec<String> {
            file.contact.iter().flat_map(|contact| contact.linked.keys().cloned()).collect()
        };
        let cases: Vec<String> = files.values().flat_map(|file| linked(file)).collect();
        files.extend(self.case_files(&cases).await?);
        let there: BTreeSet<String> = files.keys().cloned().collect();
        files.retain(|_, file| linked(file).iter().all(|case| !there.contains(case)));
        Ok(files)
    }

    async fn known_from(
        &self,
        id: &str,
        file: &CaseFile,
        asker: &Author,
    ) -> Result<Option<KnownTo>, LedgerError> {
        // Whoever is kept out of a case is not told that there is one.
        if file.restricted_officers.contains(&asker.person()) || file.restricted_units.contains(&asker.unit) {
            return Ok(None);
        }
        let (kind, unit, opened) = match (&file.case, &file.contact) {
            (Some(case), _) => (StreamKind::Case, &case.owner, Some(case.opened_at)),
            (None, Some(contact)) => (StreamKind::Contact, &contact.by, None),
            (None, None) => return Ok(None),
        };
        let parties = match Stream::new(kind, id) {
            Some(stream) => self.next(&stream).await?.parties,
            None => Parties::new(),
        };
        let place =
            parties.contains(asker.agency.as_str()).then(|| KnownPlace { kind, id: id.to_owned(), opened });
        Ok(Some(KnownTo { unit: unit.clone(), place }))
    }
}

/// Why a look-up was not answered, though nothing is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum LookUpError {
    /// Not now.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Below.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}
