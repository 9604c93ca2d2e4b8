//! `GET /v1/publications`: figures that everybody may know, as they stand on the ledger.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sijill_domain::event::{FiguresPublished, PublishedFigure, PublishedStock, PublishedTable};
use sijill_projections::publication::{LEAST, PUBLICATIONS, Publication, STOCKS, Table};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accept::quality;
use crate::app::App;
use crate::call::case::word::Label;
use crate::call::view::csv;
use crate::call::view::rows::Known;
use crate::error::WebError;
use crate::extract::{Path, Query};
use crate::hash_text;
use crate::refusals::{Any, Named};

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(publications)).routes(routes!(month))
}

/// What was published, and what there is in a publication.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Publications)]
pub(crate) struct Listed {
    /// Ascending by month.
    publications: Vec<Published>,
    figures: Vec<FigureShape>,
    stocks: Vec<Name>,
    /// Fewer than so many, but some, are never shown.
    least: u64,
}

/// A publication on the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedMonth)]
struct Published {
    #[schema(example = 202_610)]
    month: u64,
    /// The entry that it is (`figures.published`).
    index: u64,
    /// Its figures are what the log's first so many entries say.
    size: u64,
}

/// A figure that is published.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedFigureShape)]
struct FigureShape {
    #[schema(example = "cases-begun")]
    code: &'static str,
    title: Label,
    /// What it counts.
    definition: Label,
    /// By what it is told apart, one at a time.
    by: Vec<Name>,
}

/// A code and what people call it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedName)]
struct Name {
    code: &'static str,
    title: Label,
}

/// The figures of a month.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MonthFigures {
    #[schema(example = 202_610)]
    month: u64,
    /// The entry that they are on the ledger.
    index: u64,
    /// They are what the log's first so many entries say.
    size: u64,
    /// The log's root at that size, base64url.
    root: String,
    /// When the last of these entries was sequenced, Unix milliseconds; null if there is none.
    #[schema(required = true)]
    received: Option<u64>,
    /// Which rule decided what is shown.
    version: u64,
    /// What there was any of in the month; what is not listed was not.
    figures: Vec<Figure>,
    /// What there was when it was counted, roughly, as far as that is shown.
    stocks: Vec<StockFigure>,
}

/// A figure of a month.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedFigure)]
struct Figure {
    indicator: String,
    /// How many; null if that is not shown.
    #[schema(required = true)]
    total: Option<u64>,
    tables: Vec<TableFigures>,
}

/// A figure of a month by one dimension.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedTable)]
struct TableFigures {
    #[schema(example = "governorate")]
    by: String,
    /// The values that there are any of; null if none of them is shown.
    #[schema(required = true)]
    cells: Option<Vec<Cell>>,
}

/// How many, of one value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedCell)]
struct Cell {
    /// A code, an agency, a band; `-` for what is not stated.
    value: String,
    /// How many; null if that is not shown.
    #[schema(required = true)]
    n: Option<u64>,
}

/// What there was when it was counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedStock)]
struct StockFigure {
    indicator: String,
    /// At least so many, and fewer than five more.
    least: u64,
}

/// List what was published
#[utoipa::path(get, path = "/v1/publications", tag = "figures",
    responses((status = 200, body = Listed, description = "The months with published figures, and what each holds, in both languages"), Any))]
pub(crate) async fn publications(State(app): State<Arc<App>>) -> Result<Json<Listed>, WebError> {
    let stated = app.ledger.stated().await?;
    let published = |(index, said): &(u64, FiguresPublished)| Published {
        month: said.month,
        index: *index,
        size: said.size,
    };
    Ok(Json(Listed {
        publications: stated.publications().iter().map(published).collect(),
        figures: PUBLICATIONS.iter().map(FigureShape::from).collect(),
        stocks: STOCKS.iter().map(|of| Name { code: of.code, title: of.title.into() }).collect(),
        least: LEAST,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    format: Option<String>,
}

/// Read the figures of a month
///
/// What everybody may know of a month that is over: totals, and each total by one dimension at a time. They were counted once, at
/// the size named, and never change. Small numbers, and what they would follow from, are not shown.
#[utoipa::path(get, path = "/v1/publications/{month}", tag = "figures",
    params(
        ("month" = u64, Path, example = 202_610, description = "As `/v1/publications` lists them"),
        ("format" = Option<String>, Query, example = "csv", description = "`json` or `csv`, before `Accept`"),
    ),
    responses(
        (status = 200, description = "The figures. `Sijill-Size` and `Sijill-Root` name the log",
            content((MonthFigures = "application/json"), (String = "text/csv"))),
        Named,
    ))]
pub(crate) async fn month(
    State(app): State<Arc<App>>,
    Path(month): Path<u64>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let csv = match asked.format.as_deref() {
        None => quality(&headers, csv::KIND) > quality(&headers, "application/json"),
        Some("csv") => true,
        Some("json") => false,
        Some(_) => return Err(WebError::Query("`format` is `json` or `csv`".into())),
    };
    let stated = app.ledger.stated().await?;
    let (index, said) = stated.publication(month).ok_or(WebError::PublicationUnknown)?;
    let known = Known::at(&app, said.size).await?;
    let mut response = if csv {
        let bytes = csv::table(&COLUMNS, true, &rows(said)).map_err(|_| WebError::Internal)?;
        csv::answer(bytes.into())
    } else {
        Json(MonthFigures {
            month,
            index: *index,
            size: said.size,
            root: hash_text(&known.root),
            received: known.received,
            version: said.version,
            figures: said.figures.iter().map(Figure::from).collect(),
            stocks: said.stocks.iter().map(StockFigure::from).collect(),
        })
        .into_response()
    };
    let version = u32::try_from(said.version).unwrap_or(u32::MAX);
    known.name((&format!("figures-{month}"), version), csv, response.headers_mut());
    // It is on the ledger: another answer there will never be.
    let for_good = header::HeaderValue::from_static("public, max-age=86400, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, for_good);
    Ok(response)
}

/// `row` is `total`, `cell`, `table` (none of its cells is shown) or `stock`; what is not shown has no `n`.
const COLUMNS: [&str; 5] = ["row", "indicator", "by", "value", "n"];

/// A publication as the rows of one table.
fn rows(said: &FiguresPublished) -> Vec<Map<String, Value>> {
    let row = |kind: &str, indicator: &str, by: &str, value: &str, n: Option<u64>| -> Map<String, Value> {
        let values = [json!(kind), json!(indicator), json!(by), json!(value), json!(n)];
        COLUMNS.iter().map(|name| (*name).to_owned()).zip(values).collect()
    };
    let mut rows = Vec::new();
    for figure in &said.figures {
        let indicator = figure.indicator.as_str();
        rows.push(row("total", indicator, "", "", figure.total));
        for PublishedTable { by, cells } in &figure.tables {
            let Some(cells) = cells else {
                rows.push(row("table", indicator, by.as_str(), "", None));
                continue;
            };
            rows.extend(
                cells.iter().map(|cell| row("cell", indicator, by.as_str(), cell.value.as_str(), cell.n)),
            );
        }
    }
    let stock = |stock: &PublishedStock| {
        row("stock", stock.indicator.as_str(), "", "", Some(stock.least.unwrap_or(0)))
    };
    rows.extend(said.stocks.iter().map(stock));
    rows
}

impl From<&Publication> for FigureShape {
    fn from(of: &Publication) -> Self {
        let table = |table: &Table| Name { code: table.by, title: table.title.into() };
        Self {
            code: of.code,
            title: of.title.into(),
            definition: of.definition.into(),
            by: of.tables.iter().map(table).collect(),
        }
    }
}

impl From<&PublishedFigure> for Figure {
    fn from(figure: &PublishedFigure) -> Self {
        let table = |table: &PublishedTable| TableFigures {
            by: table.by.to_string(),
            cells: table.cells.as_ref().map(|cells| {
                cells.iter().map(|cell| Cell { value: cell.value.as_str().to_owned(), n: cell.n }).collect()
            }),
        };
        Self {
            indicator: figure.indicator.to_string(),
            total: figure.total,
            tables: figure.tables.iter().map(table).collect(),
        }
    }
}

impl From<&PublishedStock> for StockFigure {
    fn from(stock: &PublishedStock) -> Self {
        Self { indicator: stock.indicator.to_string(), least: stock.least.unwrap_or(0) }
    }
}
