//! What a caller may see of an entry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use sijill_domain::{Parties, Registry, party_streams};
use sijill_event::{Entry, Stream, StreamKind};
use sijill_log::leaf_hash;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::WebError;
use crate::hash_text;
use crate::token::{Caller, Scope};

/// An entry of the log, as far as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Shown {
    Event(Event),
    Leaf(Leaf),
}

/// An entry whose stream the caller may read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    /// The entry's index in the log.
    #[schema(minimum = 0)]
    pub(crate) index: u64,
    /// When the ledger sequenced it, Unix milliseconds.
    #[schema(minimum = 0)]
    received: u64,
    /// The issuer-signed JWT, without disclosures.
    jwt: String,
    /// The leaf hash, base64url.
    leaf: String,
    /// Whether its key was reported compromised at a time before it was received.
    disputed: bool,
}

/// Any other entry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Leaf {
    /// The entry's index in the log.
    #[schema(minimum = 0)]
    pub(crate) index: u64,
    /// The leaf hash, base64url.
    leaf: String,
}

/// Shows a page of entries to one caller, on the registry of now.
pub(crate) async fn show(
    app: &App,
    caller: &Caller,
    page: Vec<(u64, String)>,
) -> Result<Vec<Shown>, WebError> {
    let entries: Vec<(u64, String, Entry)> = page.into_iter().map(parse).collect::<Result<_, _>>()?;
    let mut streams: Vec<Stream> = entries.iter().map(|(_, _, entry)| entry.event.stream.clone()).collect();
    streams.sort();
    streams.dedup();
    let mut view =
        View { registry: app.ledger.registry(), caller, parties: BTreeMap::new(), kept_out: BTreeSet::new() };
    if !caller.has(Scope::ReadAll) {
        view.parties = parties(app, &streams).await?;
        streams.retain(|stream| view.may_read(stream));
        view.kept_out = kept_out(app, caller, &streams).await?;
    }
    Ok(entries.iter().map(|(index, text, entry)| view.of(*index, text, entry)).collect())
}

/// The parties of streams, wherever they are kept: a case's streams share one set.
pub(crate) async fn parties(app: &App, streams: &[Stream]) -> Result<BTreeMap<String, Parties>, WebError> {
    let mut holders: Vec<Stream> = streams.iter().flat_map(party_streams).collect();
    holders.sort();
    holders.dedup();
    let held = app.ledger.parties(&holders).await?;
    let of = |stream: &Stream| {
        let mut sets = party_streams(stream).into_iter().filter_map(|holder| held.get(holder.as_str()));
        sets.find(|parties| !parties.is_empty()).cloned().unwrap_or_default()
    };
    Ok(streams.iter().map(|stream| (stream.to_string(), of(stream))).collect())
}

/// Whether the caller may read the stream; of one that has no events, as if it had some.
pub(crate) async fn may_read(app: &App, caller: &Caller, stream: &Stream) -> Result<bool, WebError> {
    let streams = std::slice::from_ref(stream);
    let (registry, parties) = (app.ledger.registry(), parties(app, streams).await?);
    let kept_out = kept_out(app, caller, streams).await?;
    Ok(View { registry, caller, parties, kept_out }.may_read(stream))
}

/// The cases and contacts among these streams that were restricted against the caller.
pub(crate) async fn kept_out(
    app: &App,
    caller: &Caller,
    streams: &[Stream],
) -> Result<BTreeSet<String>, WebError> {
    let of_cases = streams.iter().filter(|stream| is_of_case(stream)).filter_map(Stream::id);
    let ids: BTreeSet<String> = of_cases.map(str::to_owned).collect();
    let reader = app.reader(caller).filter(|reader| !ids.is_empty() && reader.registry().rules() == Some(2));
    let Some(reader) = reader else { return Ok(BTreeSet::new()) };
    let files = app.ledger.case_files(&ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(files.into_iter().filter(|(_, file)| reader.is_kept_out(file)).map(|(id, _)| id).collect())
}

fn is_of_case(stream: &Stream) -> bool {
    matches!(stream.kind(), StreamKind::Case | StreamKind::Contact | StreamKind::Auto | StreamKind::Access)
}

fn parse((index, text): (u64, String)) -> Result<(u64, String, Entry), WebError> {
    let entry = Entry::parse(text.as_bytes()).map_err(|error| {
        tracing::error!(index, code = error.code(), "an entry of the log cannot be read");
        WebError::Internal
    })?;
    Ok((index, text, entry))
}

struct View<'a> {
    registry: Arc<Registry>,
    caller: &'a Caller,
    parties: BTreeMap<String, Parties>,
    kept_out: BTreeSet<String>,
}

impl View<'_> {
    fn of(&self, index: u64, text: &str, entry: &Entry) -> Shown {
        let leaf = hash_text(&leaf_hash(text.as_bytes()));
        if !self.may_read(&entry.event.stream) {
            return Shown::Leaf(Leaf { index, leaf });
        }
        let disputed = self.registry.disputed(&entry.event.kid, entry.received);
        Shown::Event(Event { index, received: entry.received, jwt: entry.event.jwt.clone(), leaf, disputed })
    }

    /// The token's scope binds even where the key could read more: a token may have been asked for with less.
    fn may_read(&self, stream: &Stream) -> bool {
        if self.caller.has(Scope::ReadAll) {
            return true;
        }
        if is_of_case(stream) && stream.id().is_some_and(|id| self.kept_out.contains(id)) {
            return false;
        }
        let no_parties = Parties::new();
        let parties = self.parties.get(stream.as_str()).unwrap_or(&no_parties);
        self.registry.may_read_as_party(&self.caller.kid, stream, parties)
    }
}
