//! `sijill case queue`: what lies on a unit's desk.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sijill_casework::Address;
use sijill_ledger::DeskKind;

use crate::answer::Answer;
use crate::casework::reading::{Asking, Reading};
use crate::casework::words::muscat;
use crate::client::Client;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::running::store_to_read;

/// Where a unit's desk is looked at. An export has none.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(group(clap::ArgGroup::new("from").required(true).args(["dir", "url"])))]
pub struct Desks {
    /// The data directory, also beside the server that has it open
    #[arg(long)]
    dir: Option<PathBuf>,
    /// URL of a server, which shows the desk to the unit's officers and its agency's supervisors
    #[arg(long, requires = "key")]
    url: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

/// Rows of a page of the API, at most.
const ROWS: u32 = 200;

/// A case on a desk: its number, why it lies there, when something is due, whether it is urgent.
type Row = (String, String, Option<u64>, bool);

/// Runs `sijill case queue`.
pub(super) async fn queue(unit: &str, at: &Desks, limit: u32) -> Result<Answer> {
    let Some(address) = Address::parse(unit) else {
        return Err(Error::Usage(format!("`{unit}` is no unit: AGENCY/UNIT")));
    };
    let rows = match (&at.dir, &at.url) {
        (Some(dir), _) => queue_here(&address, dir, limit).await?,
        (None, Some(url)) => queue_there(&address, &at.asking.client(url).await?, limit).await?,
        (None, None) => return Err(Error::Usage("give --dir or --url".to_owned())),
    };
    let mut text = format!("{address}: {} on the desk", rows.len());
    for (case, kind, due, urgent) in &rows {
        let due = due.map_or("no deadline".to_owned(), muscat);
        let urgent = if *urgent { "urgent" } else { "" };
        let _ = write!(text, "\n{due:<16}  {urgent:<6}  {kind:<10}  {case}");
    }
    let line =
        |(case, kind, due, urgent): &Row| json!({"case": case, "kind": kind, "due": due, "urgent": urgent});
    let lines: Vec<Value> = rows.iter().map(line).collect();
    Ok(Answer::good(text, &json!({"unit": address, "queue": lines})))
}

async fn queue_here(unit: &Address, dir: &Path, limit: u32) -> Result<Vec<Row>> {
    let data_dir = DataDir::open(dir)?;
    let asked = unit.clone();
    let known = Reading::of_dir(dir, move |reading| {
        let agency = reading.registry().agency(asked.agency.as_str());
        Ok(agency.is_some_and(|agency| agency.units.contains_key(&asked.unit)))
    });
    if !known.await? {
        return Err(Error::Usage(format!("there is no unit {unit} in this ledger")));
    }
    let store = store_to_read(&data_dir).await?;
    let entries = store.desk(unit.agency.as_str(), unit.unit.as_str(), None, limit).await?;
    let kind = |number: u8| {
        DeskKind::from_number(number)
            .map_or_else(|| "other".to_owned(), |kind| format!("{kind:?}").to_lowercase())
    };
    let row = |one: sijill_store::DeskEntry| (one.case, kind(one.kind), one.due, one.urgent);
    Ok(entries.into_iter().map(row).collect())
}

async fn queue_there(unit: &Address, client: &Client, limit: u32) -> Result<Vec<Row>> {
    let path = ["v1", "units", unit.agency.as_str(), unit.unit.as_str(), "queue"];
    let (mut rows, mut after) = (Vec::<Row>::new(), None::<String>);
    loop {
        let mut query = vec![("limit", ROWS.to_string())];
        query.extend(after.map(|after| ("after", after)));
        let page = client.get_json(&path, &query).await?;
        for row in page["rows"].as_array().into_iter().flatten() {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            rows.push((text("case"), text("kind"), row["due"].as_u64(), row["urgent"] == true));
        }
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() || rows.len() >= limit as usize {
            rows.truncate(limit as usize);
            return Ok(rows);
        }
    }
}
