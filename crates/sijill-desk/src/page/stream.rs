//! `/desk/streams/{stream}/next`: where the signed-in officer's next event goes, and what happened there meanwhile.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use sijill_casework::catalogue;
use sijill_event::{Entry, Stream, Uuid, b64};

use crate::desk::Office;
use crate::{DeskError, Session, View};

/// At most so many of the events since are told; who is further behind starts again.
const SINCE: u32 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The position from which on events are wanted.
    from: Option<u64>,
}

/// The same payload as the API's `GET /v1/streams/{stream}/next`, for a session instead of a token.
pub(crate) async fn next(
    State(office): State<Arc<Office>>,
    session: Session,
    view: View,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, DeskError> {
    let Path(stream) = path?;
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    let stream = Stream::parse(&stream).ok_or(DeskError::NotFound)?;
    let ledger = &office.desk.ledger;
    let next = ledger.next(&stream).await?;
    // A case's head tells how much has happened in it.
    if !next.parties.is_empty() && !ledger.registry().may_read(&session.kid, &stream, &next.parties) {
        return Err(DeskError::NotAParty);
    }
    let mut payload = json!({
        "iss": session.agency.as_str(), "sub": session.officer.as_str(), "aud": ledger.origin(),
        "jti": Uuid::now_v7().to_string(), "iat": ledger.now_ms() / 1000,
        "stream": stream.as_str(), "seq": next.seq, "v": 1, "_sd_alg": "sha-256",
    });
    if let Some(prev) = next.prev {
        payload["prev"] = prev.to_string().into();
    }
    if let Some(seen) = next.seen {
        payload["seen"] = json!({ "size": seen.size, "root": b64::encode(seen.root) });
    }
    let since = match asked.from {
        Some(from) => ledger.stream_entries(&stream, from, SINCE).await?,
        None => Vec::new(),
    };
    let since: Vec<Value> = since.iter().filter_map(|(_, entry)| line(&view, entry)).collect();
    Ok(Json(json!({ "payload": payload, "since": since })))
}

/// An event as one line: open members only.
fn line(view: &View, entry: &str) -> Option<Value> {
    let entry = Entry::parse(entry.as_bytes()).ok()?;
    let event = &entry.event;
    // Of the registry's types there are no words here.
    let spec = catalogue::latest(&event.event_type);
    let what = spec.map_or(event.event_type.as_str(), |spec| view.t(spec.title.into()));
    Some(json!({
        "seq": event.seq, "type": what, "agency": event.iss, "officer": event.sub,
        "received": view.date_time(entry.received),
    }))
}
