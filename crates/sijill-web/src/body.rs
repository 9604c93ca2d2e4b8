//! Request bodies, read whole within two bounds: the call's own and what all bodies together may hold in
//! memory.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::sync::OwnedSemaphorePermit;

use crate::app::App;
use crate::error::WebError;

/// A body and its share of the memory for bodies.
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    _share: OwnedSemaphorePermit,
}

/// Reads a body of at most `limit` bytes. A length announced above it is refused before a byte is read.
pub(crate) async fn read(app: &App, headers: &HeaderMap, body: Body, limit: u32) -> Result<Whole, WebError> {
    let announced = announced(headers);
    if announced.is_some_and(|length| length > u64::from(limit)) {
        return Err(WebError::BodyTooLarge(limit.into()));
    }
    let expected = announced.and_then(|length| u32::try_from(length).ok()).unwrap_or(limit);
    let share = Arc::clone(&app.bodies)
        .try_acquire_many_owned(expected.div_ceil(1024))
        .map_err(|_| WebError::Overloaded("bytes of request bodies"))?;
    // What is announced is not believed with memory: it grows as bytes arrive.
    let mut bytes = BytesMut::new();
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| WebError::BodyUnreadable)?;
        if bytes.len() + part.len() > limit as usize {
            return Err(WebError::BodyTooLarge(limit.into()));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(Whole { bytes: bytes.freeze(), _share: share })
}

/// The length a client announces.
pub(crate) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
