//! `GET /v1/views`: what can be asked for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use sijill_projections::query::{Field, VIEWS, View};
use utoipa::ToSchema;

use crate::app::App;
use crate::call::case::word::Label;
use crate::error::WebError;
use crate::refusals::Guarded;
use crate::token::Scope;

/// What can be asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Views {
    views: Vec<ViewShape>,
}

/// A view: rows of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = View)]
struct ViewShape {
    #[schema(example = "deadlines")]
    name: &'static str,
    /// Of the function that makes its rows; another version may say other things of the same entries.
    version: u32,
    /// What people call it.
    title: Label,
    /// What its rows say.
    about: Label,
    columns: Vec<Column>,
}

/// A column of a view.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ViewColumn)]
struct Column {
    #[schema(example = "due_ms")]
    name: &'static str,
    /// `subject`, `index`, `time` (Unix milliseconds), `duration` (milliseconds), `count`, `flag`, `code`, `codes`, `word`,
    /// `words`, `agency`, `unit`, `officer` or `event` (hash of a JWT).
    #[serde(rename = "type")]
    #[schema(example = "time")]
    kind: &'static str,
    /// The code list that its values are from.
    #[schema(required = true)]
    list: Option<&'static str>,
    /// What people call it.
    label: Label,
    /// What it says.
    about: Label,
}

/// List the views
#[utoipa::path(get, path = "/v1/views", tag = "views",
    security(("ledger_key" = ["read"])),
    responses((status = 200, body = Views, description = "All views with their columns"), Guarded))]
pub(crate) async fn views(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Views>, WebError> {
    app.caller(&headers, Scope::Read)?;
    Ok(Json(Views { views: VIEWS.iter().map(ViewShape::from).collect() }))
}

impl From<&View> for ViewShape {
    fn from(view: &View) -> Self {
        Self {
            name: view.name,
            version: view.model.version,
            title: view.title.into(),
            about: view.about.into(),
            columns: view.fields.iter().map(Column::from).collect(),
        }
    }
}

impl From<&Field> for Column {
    fn from(field: &Field) -> Self {
        Self {
            name: field.name,
            kind: field.kind.as_str(),
            list: field.kind.list(),
            label: field.label.into(),
            about: field.about.into(),
        }
    }
}
