//! `sijill forecast`: what units have to expect, and how well such forecasts did.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sijill_projections::engine::live;
use sijill_projections::forecast::{Forecasts, HISTORY, LIMITS, MODEL, Reader};

use crate::answer::Answer;
use crate::casework::reading::{Asking, size};
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::running::read_models;

/// `sijill forecast`
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("from").required(true).args(["dir", "url"])),
    after_help = "For each unit: arrivals, completions, what is open and what is overdue at the end of this week and the three after it, with \
    the range that eight of ten past errors lay within. Beside it stands how the model did on the past: its mean error, and that of \
    saying `as in the last week`. Weeks begin on Sunday in Muscat. Of a past that is too short there is no forecast. Forecasts come from the \
    read models: a server keeps them where the log is, `sijill rebuild` makes them."
)]
pub struct Args {
    /// Only this unit, as agency/unit, or the units of this agency
    #[arg(value_name = "UNIT")]
    unit: Option<String>,
    /// The data directory; it may be in use
    #[arg(long)]
    dir: Option<PathBuf>,
    /// URL of a server, which shows the officer the units of its agency, and auditors all
    #[arg(long, requires = "key")]
    url: Option<String>,
    #[command(flatten)]
    asking: Asking,
    /// As known when the log had so many entries; with --url also at a time, RFC 3339
    #[arg(long, value_name = "SIZE")]
    at: Option<String>,
    /// Write a table for other programs (RFC 4180); with --dir only
    #[arg(long, conflicts_with = "url")]
    csv: bool,
}

/// Runs `sijill forecast`.
pub async fn run(args: Args) -> Result<Answer> {
    let told = match (&args.dir, &args.url) {
        (Some(dir), _) => {
            let (forecasts, root) = here(dir, &args).await?;
            if args.csv {
                let table = sijill_web::forecast_table(&forecasts).map_err(unwritten)?;
                return Ok(Answer::good(String::from_utf8_lossy(&table), &json(&forecasts, root.as_ref())?));
            }
            json(&forecasts, root.as_ref())?
        }
        (None, Some(url)) => {
            let client = args.asking.client(url).await?;
            let (agency, unit) = asked(args.unit.as_deref());
            let mut query: Vec<(&str, String)> =
                agency.map(|agency| ("agency", agency.to_owned())).into_iter().collect();
            query.extend(unit.map(|unit| ("unit", unit.to_owned())));
            query.extend(args.at.iter().map(|at| ("at", at.clone())));
            client.get_json(&["v1", "forecast"], &query).await?
        }
        (None, None) => return Err(Error::Usage("give --dir or --url".to_owned())),
    };
    Ok(Answer::good(for_people(&told), &told))
}

async fn here(dir: &Path, args: &Args) -> Result<(Forecasts, Option<sijill_log::Hash>)> {
    let base = read_models(&DataDir::open(dir)?).await?;
    let mut forecasts = Reader { base: &*base }.forecasts(size(args.at.as_deref())?).await?;
    let (agency, unit) = asked(args.unit.as_deref());
    forecasts.units.retain(|own| {
        agency.is_none_or(|agency| agency == own.agency) && unit.is_none_or(|unit| unit == own.unit)
    });
    if args.unit.is_some() && forecasts.units.is_empty() {
        return Err(Error::Usage(
            "there is no work of such a unit; write agency/unit, or an agency".to_owned(),
        ));
    }
    // The models say the log's root where they stand; of an earlier size they do not.
    let generations = live(&*base).await?;
    let here = generations.iter().find(|(_, live)| live.position == forecasts.size);
    let root = here.and_then(|(_, live)| sijill_log::Hash::from_base64(&live.root).ok());
    Ok((forecasts, root))
}

fn asked(unit: Option<&str>) -> (Option<&str>, Option<&str>) {
    match unit {
        None => (None, None),
        Some(unit) => {
            unit.split_once('/').map_or((Some(unit), None), |(agency, unit)| (Some(agency), Some(unit)))
        }
    }
}

fn json(forecasts: &Forecasts, root: Option<&sijill_log::Hash>) -> Result<Value> {
    let answer = sijill_web::ForecastAnswer::of(forecasts, root);
    serde_json::to_value(answer)
        .map_err(|error| Error::Source(format!("the answer cannot be written: {error}")))
}

fn unwritten(error: impl std::fmt::Display) -> Error {
    Error::Source(format!("the table cannot be written: {error}"))
}

fn for_people(told: &Value) -> String {
    let mut text = String::new();
    for unit in told["forecasts"].as_array().into_iter().flatten() {
        let _ = writeln!(
            text,
            "{}/{}: {}",
            string(&unit["agency"]),
            string(&unit["unit"]),
            string(&unit["work"])
        );
        let series = unit["series"].as_array().map_or(&[][..], Vec::as_slice);
        if series.is_empty() {
            let _ = writeln!(
                text,
                "  no forecast: {} weeks are known, {HISTORY} are needed",
                unit["weeks_known"]
            );
        }
        for one in series {
            let _ = write!(text, "  {:<12}", string(&one["series"]));
            for week in one["weeks"].as_array().into_iter().flatten() {
                let range = match (week["low"].as_u64(), week["high"].as_u64()) {
                    (Some(low), Some(high)) => format!(" ({low}-{high})"),
                    _ => String::new(),
                };
                let _ = write!(text, "{:>18}", format!("{}{range}", tenths(&week["expected"])));
            }
            text.push('\n');
            let _ = write!(text, "    {:<10}", "error");
            for week in one["weeks"].as_array().into_iter().flatten() {
                let tried = &week["tried"];
                let said = format!("{} / {}", tenths(&tried["error"]), tenths(&tried["last_week_error"]));
                let _ = write!(text, "{said:>18}");
            }
            let better = one["better_than_naive"] == true;
            let _ = writeln!(text, "  {}", if better { "better than naive" } else { "no better than naive" });
        }
        for line in unit["explained"].as_array().and_then(|all| all.first()?.as_array()).into_iter().flatten()
        {
            let _ = writeln!(text, "    {}", string(&line["en"]));
        }
    }
    let through = told["through"].as_str().unwrap_or("no week");
    let _ = write!(
        text,
        "{} {} at {} entries; the last week that was over began {through}. Errors: the model's / of saying as in the last week.\n{}",
        MODEL.0, MODEL.1, told["size"], LIMITS[1]
    );
    text
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Thousandths, to one place.
fn tenths(value: &Value) -> String {
    let milli = value.as_i64().unwrap_or(0);
    let tenths = (milli.abs() + 50) / 100;
    format!("{}{}.{}", if milli < 0 && tenths > 0 { "-" } else { "" }, tenths / 10, tenths % 10)
}
