//! Rows as a table for other programs (RFC 4180), a page of them or all.

use std::sync::Arc;

use ::csv::{Terminator, WriterBuilder};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value};
use sijill_projections::query::{MOST, View, Views};
use tokio::sync::mpsc;

use super::asked::Asked;
use super::rows::{Known, view_row};
use crate::app::App;
use crate::error::WebError;
use crate::reading::{Part, Place, body_of};
use crate::token::Caller;

/// The media type.
pub(crate) const KIND: &str = "text/csv";

/// Pages read ahead of the connection.
const AHEAD: usize = 2;

/// A page of rows.
pub(super) fn page(view: &View, rows: &[Map<String, Value>]) -> Result<Response, WebError> {
    Ok(answer(view_table(view, true, rows).map_err(|_| WebError::Internal)?.into()))
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
    known.name((view.name, view.model.version), true, response.headers_mut());
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
        let standing = views.standing(view).await?;
        let withheld = app.withheld(standing.position.min(standing.circled)).await?;
        let page = views.rows(standing, &ask, size, after.as_ref(), &sight, &withheld).await?;
        if app.stop.is_cancelled() {
            return Err(WebError::Stopping);
        }
        let rows: Vec<_> = page.rows.into_iter().map(|row| view_row(view, row)).collect();
        let table = view_table(view, first, &rows).map_err(|_| WebError::Internal)?;
        put(Part::Bytes(Bytes::from(table))).await?;
        first = false;
        match page.next {
            Some(next) => after = Some(next),
            None => return put(Part::End).await,
        }
    }
}

/// A table as an answer.
pub(crate) fn answer(body: axum::body::Body) -> Response {
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// Rows as RFC 4180 has them, with a header line if `head`.
///
/// # Errors
/// The rows do not fit in memory.
pub fn view_table(view: &View, head: bool, rows: &[Map<String, Value>]) -> Result<Vec<u8>, ::csv::Error> {
    let names: Vec<&str> = view.fields.iter().map(|field| field.name).collect();
    table(&names, head, rows)
}

/// The same, of columns with these names.
pub(crate) fn table(
    names: &[&str],
    head: bool,
    rows: &[Map<String, Value>],
) -> Result<Vec<u8>, ::csv::Error> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    if head {
        writer.write_record(names)?;
    }
    for row in rows {
        writer.write_record(names.iter().map(|name| text(row.get(*name).unwrap_or(&Value::Null))))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// Nothing is an empty text; several codes have `;` between.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        Value::Array(several) => {
            let several: Vec<&str> = several.iter().filter_map(Value::as_str).collect();
            harmless(&several.join(";"))
        }
        other => other.to_string(),
    }
}

/// A text that a spreadsheet would calculate gets an apostrophe before it, and so does one that begins with an apostrophe:
/// whoever takes one off has the text again. Numbers are left alone.
pub(in crate::call) fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
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
            assert_eq!(harmless(text), safe);
        }
        assert_eq!(super::text(&Value::from(-5)), "-5");
        assert_eq!(super::text(&Value::from(vec!["a", "b"])), "a;b");
    }
}
