//! `sijill figures` and `sijill explain`: what indicators come to, at any size of the log, and the entries each figure counts.

mod published;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset, SecondsFormat};
use serde_json::{Value, json};
use sijill_projections::figure::{Ask, CountedFact, Dimension, Figure, Figures, Filter, Reader};
use sijill_projections::indicators::catalogue::{Band, INDICATORS, Indicator, indicator};
use sijill_projections::{NEVER, ProjectionError};

use crate::answer::Answer;
use crate::command::prove;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::running::read_models;

/// Events listed if not asked otherwise.
const LISTED: u64 = 100;

/// `sijill figures`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without a name, all indicators are listed with what they count. Figures come from the read models: a server keeps them \
    where the log is, `sijill rebuild` makes them. Each answer names the size of the log it was computed at; `--at` tells what was known at \
    an earlier one. With --published, what everybody may know of a month, as it stands on the ledger: of an export as well."
)]
pub struct Args {
    /// The data directory; it may be in use
    #[arg(long)]
    dir: PathBuf,
    /// Indicators, such as timeliness
    #[arg(value_name = "INDICATOR")]
    indicators: Vec<String>,
    /// What was published of a month, such as 202611; of the latest without one
    #[arg(long, value_name = "MONTH", num_args = 0..=1, require_equals = true, default_missing_value = "",
        conflicts_with_all = ["indicators", "only", "at"])]
    published: Option<String>,
    /// Told apart by: kind, band, agency, unit, governorate, month
    #[arg(long, value_delimiter = ',', default_value = "kind", value_parser = dimension)]
    by: Vec<Dimension>,
    #[command(flatten)]
    which: Which,
}

/// `sijill explain`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each line is an entry that makes the figure count, its case or contact, and the entry a time is measured from. With -o, \
    the entries are written with their proofs to an evidence file, which `sijill audit FILE --trust trust.json` checks without this ledger."
)]
pub struct Explain {
    /// The data directory; it may be in use
    #[arg(long)]
    dir: PathBuf,
    /// The indicator
    #[arg(value_name = "INDICATOR")]
    indicator: String,
    #[command(flatten)]
    which: Which,
    /// At most so many events; without it 100, with -o all
    #[arg(long)]
    limit: Option<u64>,
    /// Behind the first so many
    #[arg(long, default_value_t = 0)]
    skip: u64,
    /// Write the events listed, with their proofs, to an evidence file
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Which facts.
#[derive(Debug, clap::Args)]
struct Which {
    /// Only where, such as agency=moh, kind=high, month=202611 (repeatable)
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = pair)]
    only: Vec<(Dimension, String)>,
    /// As known when the log had so many entries
    #[arg(long, value_name = "SIZE")]
    at: Option<u64>,
}

impl Which {
    fn filter(&self) -> Result<Filter> {
        let mut filter = Filter::default();
        for (dimension, value) in &self.only {
            let place = match dimension {
                Dimension::Kind => &mut filter.kind,
                Dimension::Band => &mut filter.band,
                Dimension::Agency => &mut filter.agency,
                Dimension::Unit => &mut filter.unit,
                Dimension::Governorate => &mut filter.governorate,
                Dimension::Month => {
                    let month = value.parse::<i64>().ok().filter(|month| (1..=12).contains(&(month % 100)));
                    let month = month
                        .ok_or_else(|| Error::Usage(format!("`{value}` is no month, such as 202611")))?;
                    (filter.from, filter.to) = (Some(month), Some(month));
                    continue;
                }
            };
            *place = Some(value.clone());
        }
        Ok(filter)
    }
}

/// Runs `sijill figures`.
pub async fn run(args: Args) -> Result<Answer> {
    if let Some(month) = &args.published {
        return published::run(&args.dir, month).await;
    }
    if args.indicators.is_empty() {
        return Ok(all());
    }
    let codes: Vec<&str> = args.indicators.iter().map(String::as_str).collect();
    let base = read_models(&DataDir::open(&args.dir)?).await?;
    let ask = Ask { indicators: &codes, by: &args.by, filter: args.which.filter()? };
    let figures = Reader { base: &*base }.figures(&ask, args.which.at).await?;
    Ok(Answer::good(table(&figures), &told(&figures, &args.by)))
}

/// Runs `sijill explain`.
pub async fn explain(args: Explain) -> Result<Answer> {
    let indicator =
        indicator(&args.indicator).ok_or_else(|| ProjectionError::Unknown(args.indicator.clone()))?;
    let base = read_models(&DataDir::open(&args.dir)?).await?;
    let filter = args.which.filter()?;
    let limit = args.limit.unwrap_or(if args.out.is_some() { NEVER } else { LISTED }).min(NEVER);
    // One more, which tells whether there are others.
    let page = (args.skip, limit.saturating_add(1).min(NEVER));
    let reader = Reader { base: &*base };
    let (size, mut facts) = reader.facts(indicator.code, &filter, args.which.at, page).await?;
    let more = facts.len() as u64 > limit;
    facts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let mut text = format!("{}\n{}\nat {size} entries\n", indicator.title[1], indicator.definition[1]);
    for fact in &facts {
        let _ = writeln!(text, "{}", line(indicator, fact));
    }
    let _ = write!(text, "{} events", facts.len());
    if more {
        let _ = write!(text, ", and there are others (--limit, --skip)");
    }
    if let Some(out) = &args.out {
        let wanted: BTreeSet<u64> =
            facts.iter().flat_map(|fact| [Some(fact.entry), fact.begun]).flatten().collect();
        if wanted.is_empty() {
            return Err(Error::Usage("nothing is counted there: there is nothing to prove".to_owned()));
        }
        prove::write(&args.dir, wanted, out).await?;
        let _ = write!(text, ", proved in {}", out.display());
    }
    let events: Vec<Value> = facts.iter().map(event).collect();
    let json = json!({
        "indicator": indicator.code, "title": words(indicator.title), "definition": words(indicator.definition),
        "size": size, "events": events, "more": more, "out": args.out,
    });
    Ok(Answer::good(text, &json))
}

fn all() -> Answer {
    let mut text = String::new();
    for indicator in &INDICATORS {
        let _ = writeln!(
            text,
            "{:<26}{}\n{:<26}{}",
            indicator.code, indicator.title[1], "", indicator.definition[1]
        );
    }
    let told = |of: &Indicator| json!({"indicator": of.code, "title": words(of.title), "definition": words(of.definition)});
    Answer::good(text.trim_end(), &json!({"indicators": INDICATORS.iter().map(told).collect::<Vec<_>>()}))
}

fn table(figures: &Figures) -> String {
    let mut text = String::new();
    let mut last = "";
    for figure in &figures.figures {
        if figure.indicator != last {
            last = figure.indicator;
            let title = indicator(last).map_or(last, |indicator| indicator.title[1]);
            let _ = writeln!(text, "{title}");
        }
        let by: Vec<&str> = figure.by.iter().map(|by| if by.is_empty() { "-" } else { by }).collect();
        let _ = writeln!(text, "{:>9}  {}{}", figure.n, by.join("  "), mean(figure));
    }
    let _ = write!(text, "at {} entries", figures.size);
    text
}

/// How long it took on the whole, where that was measured.
fn mean(figure: &Figure) -> String {
    let timed = indicator(figure.indicator).is_some_and(|of| matches!(of.band, Band::Duration));
    let n = i64::try_from(figure.n).unwrap_or(i64::MAX).max(1);
    if timed { format!("  {} on average", duration(figure.total / n)) } else { String::new() }
}

fn line(indicator: &Indicator, fact: &CountedFact) -> String {
    let mut line = format!("entry {:<8} {} {}", fact.entry, moment(fact.at_ms), fact.subject);
    for said in [&fact.kind, &fact.band, &fact.agency, &fact.unit, &fact.governorate] {
        if !said.is_empty() {
            line.push_str("  ");
            line.push_str(said);
        }
    }
    if matches!(indicator.band, Band::Duration | Band::Share) {
        let _ = write!(line, "  {}", duration(fact.value));
    }
    if let Some(begun) = fact.begun.filter(|begun| *begun != fact.entry) {
        let _ = write!(line, "  since entry {begun}");
    }
    line
}

fn told(figures: &Figures, by: &[Dimension]) -> Value {
    let figure = |figure: &Figure| {
        let mut told = json!({"indicator": figure.indicator, "n": figure.n, "total": figure.total});
        for (dimension, value) in by.iter().zip(&figure.by) {
            told[dimension.column()] = value.as_str().into();
        }
        told
    };
    json!({"size": figures.size, "figures": figures.figures.iter().map(figure).collect::<Vec<_>>()})
}

fn event(fact: &CountedFact) -> Value {
    json!({
        "entry": fact.entry, "received": moment(fact.at_ms), "subject": fact.subject, "begun": fact.begun, "kind": fact.kind,
        "band": fact.band, "agency": fact.agency, "unit": fact.unit, "governorate": fact.governorate, "month": fact.month,
        "value": fact.value,
    })
}

fn words([ar, en]: [&str; 2]) -> Value {
    json!({"ar": ar, "en": en})
}

/// Days and hours, hours and minutes, or minutes.
fn duration(milliseconds: i64) -> String {
    let minutes = milliseconds / 60_000;
    match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A time as people in Oman read it.
fn moment(unix_ms: u64) -> String {
    const MUSCAT: i32 = 4 * 3_600;
    let time = i64::try_from(unix_ms).ok().and_then(DateTime::from_timestamp_millis);
    let there = time.zip(FixedOffset::east_opt(MUSCAT)).map(|(time, offset)| time.with_timezone(&offset));
    there.map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Secs, false))
}

fn dimension(text: &str) -> std::result::Result<Dimension, String> {
    let all: Vec<&str> = Dimension::ALL.into_iter().map(Dimension::column).collect();
    Dimension::parse(text).ok_or_else(|| format!("figures are told apart by {}", all.join(", ")))
}

fn pair(text: &str) -> std::result::Result<(Dimension, String), String> {
    let (column, value) = text.split_once('=').ok_or("write COLUMN=VALUE, such as agency=moh")?;
    Ok((dimension(column)?, value.to_owned()))
}
