//! Who may know of a case, and what it is then. Whoever may not learns no more than that it is none of theirs.

use std::collections::BTreeSet;
use std::sync::Arc;

use sijill_casework::Address;
use sijill_casework::case::{Author, CaseFile, World};
use sijill_casework::catalogue::CaseId;
use sijill_domain::event::Role;
use sijill_domain::{Parties, Position, Registry, Signer};
use sijill_event::{Stream, StreamKind};

use crate::app::App;
use crate::error::WebError;
use crate::shown::parties;
use crate::token::{Caller, Scope};

/// An officer at its desk: who is calling, as cases know people.
pub(crate) struct Reader {
    pub(crate) author: Author,
    pub(crate) world: Arc<World>,
    /// Where an event of now would stand.
    pub(crate) at: Position,
    /// Whether it works on cases.
    pub(crate) works: bool,
    /// Whether it audits, and the token says so.
    pub(crate) audits: bool,
}

/// A case or contact, and an officer who may know of it.
pub(crate) struct Known {
    pub(crate) file: Arc<CaseFile>,
    pub(crate) reader: Reader,
    pub(crate) parties: Parties,
}

impl App {
    /// The officer behind a token; `None` if it is no officer's.
    pub(crate) fn reader(&self, caller: &Caller) -> Option<Reader> {
        let published = self.ledger.published();
        let world = Arc::clone(&published.world);
        let registry = world.registry();
        let Signer::Officer { agency, officer } = registry.signer(&caller.kid)? else { return None };
        let author = Author::reader(registry, agency, officer)?;
        Some(Reader {
            works: registry.may_use(&caller.kid, Role::Casework),
            // The token's scope binds even where the key could read more.
            audits: author.is_auditor() && caller.has(Scope::ReadAll),
            at: Position { index: published.checkpoint.size, received: self.ledger.now_ms() },
            author,
            world,
        })
    }

    /// The case, for a caller who may know of it: an officer who works on cases in an agency that is a party, one who
    /// broke the glass, an auditor; nobody who is kept out of it.
    pub(crate) async fn known(&self, caller: &Caller, id: &CaseId) -> Result<Known, WebError> {
        let reader = self.reader(caller).ok_or(WebError::CaseUnknown)?;
        let file = self.ledger.case(id.as_str()).await?.ok_or(WebError::CaseUnknown)?;
        let stream = Stream::new(StreamKind::Access, id.as_str()).ok_or(WebError::CaseUnknown)?;
        let parties =
            parties(self, std::slice::from_ref(&stream)).await?.remove(stream.as_str()).unwrap_or_default();
        if reader.may_know(caller, &file, &stream, &parties) {
            Ok(Known { file, reader, parties })
        } else {
            Err(WebError::CaseUnknown)
        }
    }

    /// Which of these cases and contacts the caller may know of.
    pub(crate) async fn known_among(
        &self,
        caller: &Caller,
        ids: BTreeSet<String>,
    ) -> Result<BTreeSet<String>, WebError> {
        let Some(reader) = self.reader(caller) else { return Ok(BTreeSet::new()) };
        let streams: Vec<Stream> = ids.iter().filter_map(|id| Stream::new(StreamKind::Access, id)).collect();
        let parties = parties(self, &streams).await?;
        let files = self.ledger.case_files(&ids.into_iter().collect::<Vec<_>>()).await?;
        let may = |stream: &Stream| {
            let id = stream.id()?;
            let known = reader.may_know(caller, files.get(id)?, stream, parties.get(stream.as_str())?);
            known.then(|| id.to_owned())
        };
        Ok(streams.iter().filter_map(may).collect())
    }
}

impl Reader {
    pub(crate) fn registry(&self) -> &Registry {
        self.world.registry()
    }

    /// Whether it may know of the case, of which `stream` is the `access/…`.
    fn may_know(&self, caller: &Caller, file: &CaseFile, stream: &Stream, parties: &Parties) -> bool {
        let is_party = self.works && self.registry().may_read_as_party(&caller.kid, stream, parties);
        (self.audits || is_party || self.has_broken_glass(file)) && !self.is_kept_out(file)
    }

    /// Whether the case was restricted against it.
    pub(crate) fn is_kept_out(&self, file: &CaseFile) -> bool {
        file.restricted_officers.contains(&self.author.person())
            || file.restricted_units.contains(&self.author.unit)
    }

    fn has_broken_glass(&self, file: &CaseFile) -> bool {
        self.works && file.broken.values().any(|b| self.author.is(&b.by) && self.at.received < b.until)
    }

    /// Whether it works in this unit, or supervises it.
    pub(crate) fn answers_for(&self, unit: &Address) -> bool {
        self.works && (self.author.unit == *unit || self.author.supervises(self.registry(), unit))
    }
}

impl Known {
    /// The unit that owns the case, or logged the contact.
    pub(crate) fn owner(&self) -> Option<&Address> {
        let logged_by = self.file.contact.as_ref().map(|contact| &contact.by);
        self.file.case.as_ref().map(|case| &case.owner).or(logged_by)
    }
}
