//! Documents on their way onto the ledger (`docs/casework.md` §2): a proposal to publish one is taken only if its bytes
//! are here and sound. That is admission's word, not authority's: an audit without the bytes judges the proposal alike.

use sijill_casework::Refusal;
use sijill_domain::event::{Action, DocumentKind, DocumentPublish, ProposalOpened};
use sijill_event::{Event, StreamKind};

use crate::error::Refused;
use crate::plan::{Known, Plan};

/// The document that an event proposes to publish.
pub(crate) fn proposed(event: &Event) -> Option<DocumentPublish> {
    let here = event.event_type == ProposalOpened::TYPE && event.stream.kind() == StreamKind::Ledger;
    match ProposalOpened::parse(&event.data).ok().filter(|_| here)?.action {
        Action::DocumentPublish(publish) => Some(publish),
        _ => None,
    }
}

impl Plan<'_> {
    /// Refused: `document-missing`, `document-unsound`.
    pub(crate) fn check_documents(&self, event: &Event, known: &Known) -> Result<(), Refused> {
        if self.registry.rules() != Some(2) {
            return Ok(());
        }
        let Some(publish) = proposed(event) else { return Ok(()) };
        let unsound = |why: String| Refusal::DocumentUnsound { id: publish.id.to_string(), why };
        if let Some(why) = known.unsound.get(&publish.hash) {
            return Err(unsound(why.clone()).into());
        }
        if !self.documents().holds(publish.kind, &publish.hash) {
            return Err(Refusal::DocumentMissing(publish.hash.to_string()).into());
        }
        self.sound(&publish).map_err(|why| unsound(why).into())
    }

    fn sound(&self, publish: &DocumentPublish) -> Result<(), String> {
        match publish.kind {
            DocumentKind::Policy => self.sound_policy(publish),
            DocumentKind::CodeList => self.sound_list(publish),
            DocumentKind::Calendar => match self.documents().calendar(&publish.hash) {
                Some(calendar) if *calendar.id() != publish.id => {
                    Err(format!("it calls itself `{}`", calendar.id()))
                }
                Some(calendar) if calendar.version() != publish.version => {
                    Err(format!("it calls itself version {}", calendar.version()))
                }
                _ => Ok(()),
            },
            DocumentKind::Manual => Ok(()),
        }
    }

    /// Complete, free of contradictions, everyone it sends referrals to is there, and so are the hours it counts by.
    fn sound_policy(&self, publish: &DocumentPublish) -> Result<(), String> {
        let Some(policy) = self.documents().policy(&publish.hash) else { return Ok(()) };
        if policy.id() != publish.id.as_str() {
            return Err(format!("it calls itself `{}`", policy.id()));
        }
        let calendar = self.registry.document(DocumentKind::Calendar, policy.calendar()).last();
        let calendar = calendar.and_then(|published| self.documents().calendar(&published.hash));
        if calendar.is_none_or(|calendar| calendar.hours_title(policy.default_hours()).is_none()) {
            let (hours, calendar) = (policy.default_hours(), policy.calendar());
            return Err(format!("no calendar `{calendar}` with hours `{hours}` is in force to count by"));
        }
        if let Some(finding) = policy.check(&self.world.book()).first() {
            return Err(finding.to_string());
        }
        let closed = policy.targets().find(|to| {
            let queue = self.registry.resolve_unit(to.agency.as_str(), to.unit.as_str());
            !queue.is_some_and(|queue| queue.unit.open)
        });
        closed.map_or(Ok(()), |to| Err(format!("it sends referrals to {to}, which is no open unit")))
    }

    fn sound_list(&self, publish: &DocumentPublish) -> Result<(), String> {
        let Some(list) = self.documents().list(&publish.hash) else { return Ok(()) };
        if list.list != publish.id || list.version != publish.version {
            return Err(format!("it calls itself `{}`, version {}", list.list, list.version));
        }
        let before = self.registry.document(DocumentKind::CodeList, publish.id.as_str()).last();
        match before.and_then(|before| self.documents().list(&before.hash)) {
            Some(before) => list.follows(before).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}
