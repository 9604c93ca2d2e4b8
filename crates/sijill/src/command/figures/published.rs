//! `sijill figures --published`: what everybody may know of a month, read from a data directory or an export.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use sijill_audit::Source;
use sijill_domain::event::{FiguresPublished, PublishedFigure, PublishedTable};
use sijill_event::{Entry, StreamKind};
use sijill_ledger::Stated;
use sijill_projections::publication::{PUBLICATIONS, STOCKS, publication, stock};

use super::words;
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::source::{blocking, open_path};

/// Entries read at a time.
const PAGE: usize = 1_000;

/// The publication of a month, or the latest.
pub(super) async fn run(path: &Path, month: &str) -> Result<Answer> {
    let month = Some(month).filter(|month| !month.is_empty()).map(|text| {
        text.parse::<u64>().map_err(|_| Error::Usage(format!("`{text}` is no month, such as 202611")))
    });
    let month = month.transpose()?;
    let (source, _) = open_path(path).await?;
    let stated = blocking(move || stated(&*source)).await??;
    let months: Vec<u64> = stated.publications().iter().map(|(_, said)| said.month).collect();
    let found = match month {
        Some(month) => stated.publication(month),
        None => stated.publications().last(),
    };
    let Some((index, said)) = found else {
        return Err(match month {
            Some(month) => Error::Usage(format!(
                "no figures of {month} are published; of these months they are: {months:?}"
            )),
            None => Error::Usage("no figures are published yet".to_owned()),
        });
    };
    Ok(Answer::good(text(*index, said), &told(*index, said, &months)))
}

/// What the log says of its own figures.
fn stated(source: &dyn Source) -> Result<Stated> {
    let (mut stated, mut from) = (Stated::default(), 0);
    loop {
        let page = source.entries(from, PAGE).map_err(Error::audit)?;
        let Some((last, _)) = page.last() else { return Ok(stated) };
        from = last + 1;
        for (index, bytes) in &page {
            // What is malformed is for an audit to say.
            if let Ok(entry) = Entry::parse(bytes)
                && entry.event.stream.kind() == StreamKind::Log
            {
                stated.take(*index, &entry.event);
            }
        }
    }
}

fn text(index: u64, said: &FiguresPublished) -> String {
    let mut text = format!("{}, published by entry {index} as of {} entries\n", said.month, said.size);
    for of in &PUBLICATIONS {
        let figure = said.figures.iter().find(|figure| figure.indicator.as_str() == of.code);
        let Some(figure) = figure else {
            let _ = writeln!(text, "{:>9}  {}", 0, of.title[1]);
            continue;
        };
        let _ = writeln!(text, "{:>9}  {}", number(figure.total), of.title[1]);
        for table in &figure.tables {
            let _ = writeln!(text, "{:>11}{}", "", by(figure, table));
            match &table.cells {
                None => _ = writeln!(text, "{:>15}  not shown", "-"),
                Some(cells) => {
                    for cell in cells {
                        let _ = writeln!(text, "{:>15}  {}", number(cell.n), cell.value.as_str());
                    }
                }
            }
        }
    }
    for told in &said.stocks {
        let title = stock(told.indicator.as_str()).map_or("", |stock| stock.title[1]);
        let _ = match told.least {
            Some(least) => writeln!(text, "{least:>9}  {title}, at least"),
            None => writeln!(text, "{:>9}  {title}", "< 5"),
        };
    }
    text.push_str("not shown (-): fewer than 5, or what fewer than 5 would follow from");
    text
}

fn number(n: Option<u64>) -> String {
    n.map_or_else(|| "-".to_owned(), |n| n.to_string())
}

fn by(figure: &PublishedFigure, table: &PublishedTable) -> String {
    let of = publication(figure.indicator.as_str());
    let by = of.and_then(|of| of.tables.iter().find(|by| by.by == table.by.as_str()));
    by.map_or_else(|| table.by.to_string(), |by| by.title[1].to_owned())
}

fn told(index: u64, said: &FiguresPublished, months: &[u64]) -> Value {
    let title = |code: &str| {
        let titles = PUBLICATIONS.iter().map(|of| (of.code, of.title));
        let mut titles = titles.chain(STOCKS.iter().map(|of| (of.code, of.title)));
        titles.find(|(of, _)| *of == code).map_or(Value::Null, |(_, title)| words(title))
    };
    let table = |table: &PublishedTable| {
        let cells = table.cells.as_ref().map(|cells| {
            cells.iter().map(|cell| json!({"value": cell.value.as_str(), "n": cell.n})).collect::<Vec<_>>()
        });
        json!({"by": table.by.as_str(), "cells": cells})
    };
    let figures = said.figures.iter().map(|figure| {
        let code = figure.indicator.as_str();
        let tables: Vec<Value> = figure.tables.iter().map(table).collect();
        json!({"indicator": code, "title": title(code), "total": figure.total, "tables": tables})
    });
    let stocks = said.stocks.iter().map(|stock| {
        let code = stock.indicator.as_str();
        json!({"indicator": code, "title": title(code), "least": stock.least.unwrap_or(0)})
    });
    json!({
        "month": said.month, "index": index, "size": said.size, "version": said.version, "months": months,
        "figures": figures.collect::<Vec<_>>(), "stocks": stocks.collect::<Vec<_>>(),
    })
}
