//! Files that were released: whoever was shown that a file is there may fetch it, for a while and as long as it may see it.

use std::collections::{BTreeMap, BTreeSet};

use sijill_casework::case::{Author, Released};
use sijill_casework::catalogue::{CaseEvent, Facts};
use sijill_domain::Position;
use sijill_event::{Class, Digest, Json, StreamKind};

use crate::attachment::Chunks;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::state::parse;

/// For how long a release opens its files, milliseconds: who comes later asks again, and that is recorded again.
const FILES_MS: u64 = 900_000;

/// A file that a release opens.
pub struct ReleasedFile {
    /// As the event says that cites it.
    pub media_type: String,
    /// Its bytes.
    pub size: u64,
    /// They themselves, in the order of the file.
    pub bytes: Chunks,
}

impl Ledger {
    /// A file of a case, by the entry that released it to this reader: the answer to a request of their own, no longer ago than
    /// a quarter of an hour, of a value that they may still be shown. `None` otherwise, and if the file is not held any more.
    pub async fn released_file(
        &self,
        id: &str,
        answer: u64,
        reader: &Author,
        digest: &Digest,
    ) -> Result<Option<ReleasedFile>, LedgerError> {
        let Some(released) = self.released_to(id, answer, reader).await? else { return Ok(None) };
        let Some(file) = self.case(id).await? else { return Ok(None) };
        let values = self.open_released(&file, &released).await?;
        let cited = values.values().flat_map(BTreeMap::values).find_map(|value| {
            let named = value.get("attachment").and_then(Json::as_str)? == digest.to_string();
            named.then(|| {
                Some((value.get("media_type")?.as_str()?.to_owned(), value.get("size")?.as_u64()?))
            })?
        });
        let Some((media_type, size)) = cited else { return Ok(None) };
        let bytes = self.read_attachment(*digest).await?;
        Ok(bytes.map(|bytes| ReleasedFile { media_type, size, bytes }))
    }

    /// What the entry `answer` released to this reader, as far as they may still be shown it.
    async fn released_to(
        &self,
        id: &str,
        answer: u64,
        reader: &Author,
    ) -> Result<Option<Released>, LedgerError> {
        let published = self.published();
        let at = Position { index: published.checkpoint.size, received: self.now_ms() };
        if answer >= at.index {
            return Ok(None);
        }
        let page = self.entries(answer, 1).await?;
        let Some((_, text)) = page.first() else { return Ok(None) };
        let entry = parse(answer, text)?;
        let of_case = entry.event.stream.kind() == StreamKind::Access && entry.event.stream.id() == Some(id);
        if !of_case || at.received.saturating_sub(entry.received) > FILES_MS {
            return Ok(None);
        }
        let Ok(CaseEvent::AccessReleased(answer)) = CaseEvent::read(&entry.event, &Facts::Known([].into()))
        else {
            return Ok(None);
        };
        let Some(file) = self.case(id).await? else { return Ok(None) };
        let asked = file.events.get(&answer.request).and_then(|noted| noted.person.as_ref());
        if asked != Some(&reader.person()) {
            return Ok(None);
        }
        let events: BTreeSet<Digest> = answer.released.keys().copied().collect();
        let classes = Class::ALL.into_iter().collect();
        let mut still = file.permitted(&published.world, at, reader, Some(&events), &classes);
        for (event, fields) in &mut still {
            let then = answer.released.get(event);
            fields
                .retain(|field| then.is_some_and(|then| then.iter().any(|path| path.to_string() == *field)));
        }
        Ok(Some(still))
    }
}
