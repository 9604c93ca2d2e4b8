//! Rows as a table for other programs (RFC 4180), a page of them or all.

use std::sync::Arc;

use ::csv::{Terminator, WriterBuilder};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::Value;
use sijill_projections::Cell;
use sijill_projections::query::{MOST, View, Views};
use tokio::sync::mpsc;

use super::asked::Asked;
use super::rows::{Known, json};
use crate::app::App;
use crate::error::WebError;
use crate::reading::{Part, Place, body_of};
use crate::token::Caller;

/// The media type.
pub(super) const KIND: &str = "text/csv";

/// Pages read ahead of the connection.
const AHEAD: usize = 2;

/// A page of rows.
pub(super) fn page(view: &View, rows: &[Vec<Cell>]) -> Result<Response, WebError> {
    Ok(answer(table(view, true, rows)?.into()))
}

/// All rows. They are read while they are sent, and whether the caller may have them is asked with each page; an answer that
/// has no proper end (HTTP/1.1: no last chunk; HTTP/2: reset) is not whole.
pub(super) fn whole(
    app: Arc<App>,
    caller: Caller,
    view: &'static View,
    asked: Asked,
    known: &Known,
) -> Result<Response, WebError> {
    let place = Place::take(&app)?;
    let (out, parts) = mpsc::channel(AHEAD);
    let mut response = answer(body_of(parts));
    known.name(view, true, response.headers_mut());
    let size = known.size;
    tokio::spawn(async move {
        let _place = place;
        // Refusals were logged where they are the operator's business; the client sees that the answer was cut off.
        let _ = send(&app, &caller, view, asked, size, &out).await;
    });
    Ok(response)
}

async fn send(
    app: &App,
    caller: &Caller,
    view: &'static View,
    asked: Asked,
    size: u64,
    out: &mpsc::Sender<Part>,
) -> Result<(), WebError> {
    let views = Views::of(&**app.read_models()?);
    let ask = asked.ask.by(MOST);
    let put = async |part| {
        let sent = tokio::time::timeout(app.settings.stall_timeout, out.send(part)).await;
        sent.ok().and_then(Result::ok).ok_or(WebError::Stopping)
    };
    let (mut after, mut first) = (None, true);
    loop {
        caller.check(&app.ledger.registry(), app.now_s()?)?;
        let sight = app.sight(caller)?;
        let withheld = app.withheld(views.standing(view).await?).await?;
        let page = views.rows(view, &ask, size, after.as_ref(), &sight, &withheld).await?;
        if app.stop.is_cancelled() {
            return Err(WebError::Stopping);
        }
        put(Part::Bytes(Bytes::from(table(view, first, &page.rows)?))).await?;
        first = false;
        match page.next {
            Some(next) => after = Some(next),
            None => return put(Part::End).await,
        }
    }
}

fn answer(body: axum::body::Body) -> Response {
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn table(view: &View, head: bool, rows: &[Vec<Cell>]) -> Result<Vec<u8>, WebError> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    if head {
        writer.write_record(view.fields.iter().map(|field| field.name)).map_err(|_| WebError::Internal)?;
    }
    for row in rows {
        let cells = view.fields.iter().zip(row).map(|(field, cell)| text(json(field.kind, cell.clone())));
        writer.write_record(cells).map_err(|_| WebError::Internal)?;
    }
    writer.into_inner().map_err(|_| WebError::Internal)
}

/// Nothing is an empty text; several codes have `;` between.
fn text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        Value::Array(several) => {
            let several: Vec<&str> = several.iter().filter_map(Value::as_str).collect();
            harmless(several.join(";"))
        }
        other => other.to_string(),
    }
}

/// A text that a spreadsheet would calculate gets an apostrophe before it, and so does one that begins with an apostrophe:
/// whoever takes one off has the text again. Numbers are left alone.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_calculate_is_a_text() {
        for (text, safe) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-7Q", "'-7Q"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("'x", "''x"),
            ("7Q", "7Q"),
            ("", ""),
        ] {
            assert_eq!(harmless(text.to_owned()), safe);
        }
        assert_eq!(super::text(Value::from(-5)), "-5");
        assert_eq!(super::text(Value::from(vec!["a", "b"])), "a;b");
    }
}
