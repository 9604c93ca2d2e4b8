//! `sijill warnings`: what somebody who works on a case should look at, and how often the rules were wrong.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sijill_event::Entry;
use sijill_projections::engine::live;
use sijill_projections::query::{MOST, Sight};
use sijill_projections::warning::{NOTICE, Reader};

use crate::answer::Answer;
use crate::casework::reading::{Asking, size};
use crate::casework::words::muscat;
use crate::client::Client;
use crate::data_dir::DataDir;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::running::read_models;

/// `sijill warnings`
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("from").required(true).args(["dir", "url"])),
    after_help = "Each warning names the rule it follows from and the entries it rests on. It is never the only ground of a decision: what \
    became of it is signed in the case, `sijill case act warning.reviewed …`, with what else was looked at. Beside each rule stands how \
    many of its warnings were reviewed, and how many were wrong."
)]
pub struct Args {
    /// The data directory; it may be in use
    #[arg(long)]
    dir: Option<PathBuf>,
    /// URL of a server, which shows the officer warnings about the cases that its unit answers for
    #[arg(long, requires = "key")]
    url: Option<String>,
    #[command(flatten)]
    asking: Asking,
    /// Only warnings of this rule
    #[arg(long)]
    rule: Option<String>,
    /// Also those that were reviewed
    #[arg(long)]
    all: bool,
    /// As known when the log had so many entries; with --url also at a time, RFC 3339
    #[arg(long, value_name = "SIZE")]
    at: Option<String>,
}

/// Runs `sijill warnings`.
pub async fn run(args: Args) -> Result<Answer> {
    let mut told = match (&args.dir, &args.url) {
        (Some(dir), _) => here(dir, size(args.at.as_deref())?).await?,
        (None, Some(url)) => there(&args.asking.client(url).await?, args.at.clone()).await?,
        (None, None) => return Err(Error::Usage("give --dir or --url".to_owned())),
    };
    if let Value::Array(all) = &mut told["warnings"] {
        all.retain(|warning| {
            let of_rule = args.rule.as_deref().is_none_or(|rule| warning["rule"] == rule);
            of_rule && (args.all || warning["review"].is_null())
        });
    }
    Ok(Answer::good(for_people(&told), &told))
}

/// All pages of a server's answer, as one.
async fn there(client: &Client, at: Option<String>) -> Result<Value> {
    let mut query: Vec<(&str, String)> = at.map(|at| ("at", at)).into_iter().collect();
    query.push(("limit", MOST.to_string()));
    let mut told = client.get_json(&["v1", "warnings"], &query).await?;
    let mut all = match told["warnings"].take() {
        Value::Array(all) => all,
        _ => Vec::new(),
    };
    let (size, mut more) = (told["size"].clone(), !told["next"].is_null());
    while more {
        let query = [("at", size.to_string()), ("limit", MOST.to_string()), ("skip", all.len().to_string())];
        let mut page = client.get_json(&["v1", "warnings"], &query).await?;
        let Value::Array(some) = page["warnings"].take() else { break };
        more = !page["next"].is_null() && !some.is_empty();
        all.extend(some);
    }
    (told["warnings"], told["next"]) = (Value::Array(all), Value::Null);
    Ok(told)
}

async fn here(dir: &Path, at: Option<u64>) -> Result<Value> {
    let dir = DataDir::open(dir)?;
    let base = read_models(&dir).await?;
    let reader = Reader { base: &*base };
    let standing = reader.standing().await?;
    let size = at.unwrap_or(standing.position);
    let (database, _) = Database::open(&dir).await?;
    let last = match size.checked_sub(1) {
        Some(last) => database.store().entries(last, 1).await?.pop(),
        None => None,
    };
    let received =
        last.and_then(|(_, text)| Entry::parse(text.as_bytes()).ok()).map_or(0, |entry| entry.received);
    let warnings = reader.warnings(&standing, size, received, &Sight::Everything, &[]).await?;
    let precision = reader.precision(&standing, size, &Sight::Everything).await?;
    let generations = live(&*base).await?;
    let known = generations.iter().find(|(_, live)| live.position == size);
    let root = known.and_then(|(_, live)| sijill_log::Hash::from_base64(&live.root).ok());
    let answer = sijill_web::WarningsAnswer::of(&warnings, &precision, (size, received), root.as_ref());
    serde_json::to_value(answer)
        .map_err(|error| Error::Source(format!("the answer cannot be written: {error}")))
}

fn for_people(told: &Value) -> String {
    let mut text = String::new();
    let warnings = told["warnings"].as_array().map_or(&[][..], Vec::as_slice);
    for warning in warnings {
        let (case, risk, rule) =
            (string(&warning["case"]), string(&warning["risk"]), string(&warning["rule"]));
        let since = muscat(warning["since"].as_u64().unwrap_or(0));
        let _ = writeln!(text, "case {case}  {risk}  {rule}  {since}\n  {}", string(&warning["said"]["en"]));
        let grounds = warning["rests_on"].as_array().into_iter().flatten();
        let grounds: Vec<String> = grounds
            .map(|ground| format!("entry {} in {}", ground["entry"], string(&ground["stream"])))
            .collect();
        let _ = writeln!(text, "  rests on {}", grounds.join(", "));
        if let Some(outcome) = warning["review"]["outcome"].as_str() {
            let review = &warning["review"];
            let _ = writeln!(
                text,
                "  reviewed in entry {} by {}/{}: {outcome}, {}",
                review["entry"],
                string(&review["agency"]),
                string(&review["officer"]),
                string(&review["reason"])
            );
        }
    }
    for rule in told["rules"].as_array().into_iter().flatten() {
        let _ = writeln!(
            text,
            "{} {}: {} reviewed, {} acted on, {} wrong",
            string(&rule["id"]),
            rule["version"],
            rule["reviewed"],
            rule["acted"],
            rule["wrong"]
        );
    }
    let _ = write!(text, "{} warnings at {} entries. {}", warnings.len(), told["size"], NOTICE[1]);
    text
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
