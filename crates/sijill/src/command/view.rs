//! `sijill view`: rows of the read models, as known at a size of the log.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sijill_projections::ProjectionError;
use sijill_projections::query::{self, Ask, Field, Kind, MOST, Sight, VIEWS, View, Views};

use crate::answer::Answer;
use crate::casework::reading::{Asking, size};
use crate::casework::words::muscat;
use crate::client::Client;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::running::read_models;

/// Rows if not asked otherwise.
const ROWS: u32 = 100;

/// `sijill view`
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("from").args(["dir", "url"])),
    after_help = "Without a name, all views are listed with their columns. Read models are kept where the log is by a server, and made by \
    `sijill rebuild`; each answer names the size of the log it is of.\n\n--where due_ms=..2026-11-01T00:00:00Z is a range (A..B, from A on \
    and below B), --where met_ms= asks for rows that have nothing there, of several codes one is asked for. In CSV, texts that a \
    spreadsheet would calculate have an apostrophe before them."
)]
pub struct Args {
    /// The view: cases, referrals, deadlines, contacts, accesses, entries
    #[arg(value_name = "NAME", requires = "from")]
    view: Option<String>,
    /// The data directory; it may be in use
    #[arg(long)]
    dir: Option<PathBuf>,
    /// URL of a server, which shows the officer the rows of cases that it may know of
    #[arg(long, requires = "key")]
    url: Option<String>,
    #[command(flatten)]
    asking: Asking,
    /// Only rows where a column holds this (repeatable)
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = pair)]
    only: Vec<(String, String)>,
    /// In the order of this column, with `-` before it falling
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    sort: Option<String>,
    /// As known when the log had so many entries; with --url also at a time, RFC 3339
    #[arg(long, value_name = "SIZE")]
    at: Option<String>,
    /// At most so many rows; without it 100, with --csv all
    #[arg(long)]
    limit: Option<u32>,
    /// Write a table for other programs (RFC 4180)
    #[arg(long)]
    csv: bool,
}

/// Rows, and the log they are of.
struct Told {
    size: u64,
    rows: Vec<Map<String, Value>>,
    more: bool,
}

/// Runs `sijill view`.
pub async fn run(args: Args) -> Result<Answer> {
    let Some(name) = &args.view else { return Ok(all()) };
    let view = query::view(name).ok_or_else(|| ProjectionError::Unknown(name.clone()))?;
    let limit = args.limit.unwrap_or(if args.csv { u32::MAX } else { ROWS });
    let told = match (&args.dir, &args.url) {
        (Some(dir), _) => here(view, &args, dir, limit).await?,
        (None, Some(url)) => there(view, &args, &args.asking.client(url).await?, limit).await?,
        (None, None) => return Err(Error::Usage("give --dir or --url".to_owned())),
    };
    let text = if args.csv {
        let table = sijill_web::view_table(view, true, &told.rows);
        let table = table.map_err(|error| Error::Source(format!("the table cannot be written: {error}")))?;
        String::from_utf8_lossy(&table).into_owned()
    } else {
        for_people(view, &told)
    };
    let more = told.more;
    Ok(Answer::good(
        text,
        &json!({"view": view.name, "version": view.model.version, "size": told.size, "rows": told.rows, "more": more}),
    ))
}

async fn here(view: &'static View, args: &Args, dir: &Path, limit: u32) -> Result<Told> {
    let base = read_models(&DataDir::open(dir)?).await?;
    let views = Views::of(&*base);
    let standing = views.standing(view).await?;
    let size = size(args.at.as_deref())?.unwrap_or(standing.position);
    let filters = args.only.iter().map(|(column, value)| (column.as_str(), value.as_str()));
    let ask = Ask::read(view, filters, args.sort.as_deref(), limit.clamp(1, MOST))?;
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = views.rows(standing, &ask, size, after.as_ref(), &Sight::Everything, &[]).await?;
        rows.extend(page.rows.into_iter().map(|row| sijill_web::view_row(view, row)));
        after = page.next;
        if after.is_none() || rows.len() >= limit as usize {
            let more = after.is_some() || rows.len() > limit as usize;
            rows.truncate(limit as usize);
            return Ok(Told { size, rows, more });
        }
    }
}

async fn there(view: &View, args: &Args, client: &Client, limit: u32) -> Result<Told> {
    let mut query: Vec<(&str, String)> =
        args.only.iter().map(|(column, value)| (column.as_str(), value.clone())).collect();
    query.push(("limit", limit.clamp(1, MOST).to_string()));
    query.extend(args.sort.iter().map(|sort| ("sort", sort.clone())));
    let (mut rows, mut place) = (Vec::new(), args.at.iter().map(|at| ("at", at.clone())).next());
    loop {
        let asked: Vec<(&str, String)> = query.iter().cloned().chain(place).collect();
        let mut page = client.get_json(&["v1", "views", view.name], &asked).await?;
        let size = page["size"].as_u64().unwrap_or_default();
        if let Value::Array(some) = page["rows"].take() {
            rows.extend(some.into_iter().filter_map(|row| match row {
                Value::Object(row) => Some(row),
                _ => None,
            }));
        }
        place = page["next"].as_str().map(|next| ("cursor", next.to_owned()));
        if place.is_none() || rows.len() >= limit as usize {
            let more = place.is_some() || rows.len() > limit as usize;
            rows.truncate(limit as usize);
            return Ok(Told { size, rows, more });
        }
    }
}

/// A line for each row, times by Muscat's clocks.
fn for_people(view: &View, told: &Told) -> String {
    let cell = |field: &Field, row: &Map<String, Value>| match &row[field.name] {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(several) if several.is_empty() => "-".to_owned(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        other => match other.as_u64().filter(|_| field.kind == Kind::Time) {
            Some(time) => muscat(time),
            None => other.to_string(),
        },
    };
    let lines =
        told.rows.iter().map(|row| view.fields.iter().map(|field| cell(field, row)).collect::<Vec<_>>());
    let head = view.fields.iter().map(|field| field.name.to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(lines).collect();
    let width = |column: usize| lines.iter().filter_map(|line| Some(line.get(column)?.chars().count())).max();
    let widths: Vec<usize> = (0..view.fields.len()).map(|column| width(column).unwrap_or(0)).collect();
    let more = if told.more { "; there are more: --limit" } else { "" };
    let mut text = format!("{} as known at {}: {} rows{more}", view.name, told.size, told.rows.len());
    for line in &lines {
        let cells: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = write!(text, "\n{}", cells.join("  ").trim_end());
    }
    text
}

/// All views, with what their columns say.
fn all() -> Answer {
    let (mut text, mut listed) = (String::new(), Vec::new());
    for view in &VIEWS {
        let _ = writeln!(text, "{}: {}", view.name, view.about.en);
        let mut columns = Vec::new();
        for field in view.fields {
            let _ = writeln!(text, "  {:<13} {:<8} {}", field.name, field.kind.as_str(), field.about.en);
            columns.push(json!({"name": field.name, "type": field.kind.as_str(), "label": field.label, "about": field.about}));
        }
        listed.push(json!({"name": view.name, "title": view.title, "about": view.about, "columns": columns}));
    }
    Answer::good(text, &json!({"views": listed}))
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    let pair = text.split_once('=').map(|(column, value)| (column.to_owned(), value.to_owned()));
    pair.ok_or_else(|| "COLUMN=VALUE, such as status=open".to_owned())
}
