//! `GET /v1/views/{name}`: rows of a read model, as known at a size of the log.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use sijill_event::Entry;
use sijill_log::Hash;
use sijill_projections::Cell;
use sijill_projections::query::{self, Field, Kind, View, Views};
use utoipa::ToSchema;

use super::asked::Asked;
use super::csv;
use crate::accept::quality;
use crate::app::App;
use crate::error::WebError;
use crate::extract::{Path, Query};
use crate::hash_text;
use crate::refusals::Guarded;
use crate::token::Scope;

/// What a log said, and at which size: with the root it is what was said for good.
pub(crate) struct Known {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// When its last entry was sequenced, Unix milliseconds.
    pub(crate) received: Option<u64>,
}

/// A page of rows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ViewRows {
    #[schema(example = "deadlines")]
    view: &'static str,
    /// Of the function that made the rows.
    version: u32,
    /// The rows are what the log's first so many entries say.
    #[schema(minimum = 0)]
    size: u64,
    /// The log's root at that size, base64url.
    root: String,
    /// When the last of these entries was sequenced, Unix milliseconds; null if there is none.
    #[schema(required = true)]
    received: Option<u64>,
    /// Objects of the columns that `/v1/views` lists; what a row has nothing of is null.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Map<String, Value>>,
    /// The `cursor` of the next page; null if there is nothing more.
    #[schema(required = true)]
    next: Option<String>,
}

/// Read a view
///
/// Rows of cases and contacts that the caller may know of, as the log said at a size. Every column is a filter: `status=open`,
/// `met_ms=` (nothing there), `due_ms=..2026-11-01T00:00:00Z` (a range `A..B`, from A on and below B). To officers who work on
/// cases in an agency that is a party, or who broke the glass; `accesses` to officers of the unit that answers for the case and
/// its agency's supervisors; all of it to auditors. Nobody sees rows of a case that was restricted against them.
#[utoipa::path(get, path = "/v1/views/{name}", tag = "views",
    params(
        ("name" = String, Path, example = "deadlines", description = "As `/v1/views` lists them"),
        ("sort" = Option<String>, Query, example = "-due_ms", description = "A column, with `-` before it to fall; what has nothing there comes last. Without it by subject"),
        ("limit" = Option<u32>, Query, description = "At most so many rows, 1 to 1,000; 100 without it, in CSV all"),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before, with the same filters and order"),
        ("at" = Option<String>, Query, example = "2026-11-01T00:00:00Z", description = "As known at this size of the log, or at this time (RFC 3339); without it, now"),
        ("format" = Option<String>, Query, example = "csv", description = "`json` or `csv`, before `Accept`"),
        ("filters" = Option<std::collections::BTreeMap<String, String>>, Query, style = Form, explode, description = "Columns by name, and what they are to hold"),
    ),
    security(("ledger_key" = ["read"])),
    responses(
        (status = 200, description = "A page of rows. `Link` with `rel=\"next\"` names the next page, `Sijill-Size` and `Sijill-Root` the log",
            content((ViewRows = "application/json"), (String = "text/csv"))),
        Guarded,
    ))]
pub(crate) async fn rows(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let view = query::view(&name).ok_or(WebError::ViewUnknown)?;
    let sight = app.sight(&caller)?;
    let asked = Asked::read(view, &pairs)?;
    let views = Views::of(&**app.read_models()?);
    let standing = views.standing(view).await?;
    let known = Known::at(&app, asked.size(&app, standing.position).await?).await?;

    let csv =
        asked.csv.unwrap_or_else(|| quality(&headers, csv::KIND) > quality(&headers, "application/json"));
    if csv && asked.limit.is_none() && asked.after.is_none() {
        return csv::whole(app, caller, view, asked, &known);
    }
    let withheld = app.withheld(standing.position.min(standing.circled)).await?;
    let page = views.rows(standing, &asked.ask, known.size, asked.after.as_ref(), &sight, &withheld).await?;
    let next = page.next.map(|next| next.write(view, &asked.ask));
    let link = next.as_ref().map(|cursor| format!("<{}>; rel=\"next\"", asked.next(view, cursor)));
    let rows: Vec<_> = page.rows.into_iter().map(|row| view_row(view, row)).collect();
    let mut response = if csv {
        csv::page(view, &rows)?
    } else {
        Json(ViewRows {
            view: view.name,
            version: view.model.version,
            size: known.size,
            root: hash_text(&known.root),
            received: known.received,
            rows,
            next,
        })
        .into_response()
    };
    known.name((view.name, view.model.version), csv, response.headers_mut());
    if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

impl Known {
    pub(crate) async fn at(app: &App, size: u64) -> Result<Self, WebError> {
        let root = app.ledger.root_at(size).await?;
        let last = match size.checked_sub(1) {
            Some(last) => app.ledger.entries(last, 1).await?.pop(),
            None => None,
        };
        let received = last.map(|(_, text)| Entry::parse(text.as_bytes()).map(|entry| entry.received));
        let received = received.transpose().map_err(|_| WebError::Internal)?;
        Ok(Self { size, root, received })
    }

    /// Names the log beside the rows, for a table that leaves this system has no other place for it.
    pub(crate) fn name(&self, (what, version): (&str, u32), csv: bool, headers: &mut HeaderMap) {
        let mut set = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("sijill-size", self.size.to_string());
        set("sijill-root", hash_text(&self.root));
        set("sijill-view", format!("{what}/{version}"));
        if csv {
            set("content-disposition", format!("attachment; filename=\"{what}-{}.csv\"", self.size));
        }
    }
}

/// A row as answers have it: flags are true or false, several codes an array.
pub fn view_row(view: &View, cells: Vec<Cell>) -> Map<String, Value> {
    let value = |(field, cell): (&Field, Cell)| (field.name.to_owned(), json(field.kind, cell));
    view.fields.iter().zip(cells).map(value).collect()
}

fn json(kind: Kind, cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(value) if kind == Kind::Flag => Value::Bool(value != 0),
        Cell::Integer(value) => Value::from(value),
        Cell::Text(text) if kind.is_many() => text.split(',').filter(|one| !one.is_empty()).collect(),
        Cell::Text(text) => Value::String(text.into()),
    }
}
