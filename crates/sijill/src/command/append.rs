//! `sijill append`: token → place → sign → post → receipt verified.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use sijill_event::Stream;

use super::target::Opened;
use super::{Target, told};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::gate::{BATCH, Desk, Told};
use crate::new_event::{EventArgs, NewEvent, read_line};
use crate::progress;

/// Refusals told one by one at the end of a file; the rest are counted.
const TOLD: usize = 20;

/// `sijill append`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// The stream, such as case/7Q
    #[arg(long, required_unless_present = "file", conflicts_with = "file")]
    stream: Option<String>,
    #[command(flatten)]
    event: EventArgs,
    /// Append every line of an NDJSON file: {"stream","type","data",…}; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["event_type", "disclose", "occurred", "act"])]
    file: Option<PathBuf>,
    /// With --file: write what became of each line here, as NDJSON
    #[arg(long, value_name = "FILE", requires = "file")]
    receipts: Option<PathBuf>,
    /// Wait until the witness quorum has cosigned
    #[arg(long)]
    witnessed: bool,
}

/// Runs `sijill append`.
pub async fn run(args: Args) -> Result<Answer> {
    match (&args.file, &args.stream) {
        (Some(file), _) => {
            let opened = args.target.open().await?;
            let answer = append_file(&opened, file, args.receipts.as_deref(), args.witnessed).await;
            opened.close().await;
            answer
        }
        (None, Some(stream)) => {
            let no_stream =
                || Error::Usage(format!("`{stream}` is not the name of a stream, such as case/7Q"));
            let event = args.event.event(Stream::parse(stream).ok_or_else(no_stream)?)?;
            let opened = args.target.open().await?;
            let told = append_one(&opened, &event, args.witnessed).await;
            opened.close().await;
            told::answer(told?, "appended")
        }
        (None, None) => Err(Error::Usage("give --stream or --file".to_string())),
    }
}

async fn append_one(opened: &Opened, event: &NewEvent, witnessed: bool) -> Result<Told> {
    Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await?.append(event, witnessed).await
}

/// Counts of a file that was appended.
#[derive(Default)]
struct Tally {
    appended: u64,
    known: u64,
    refused: u64,
    told: Vec<serde_json::Value>,
}

async fn append_file(
    opened: &Opened,
    file: &Path,
    receipts: Option<&Path>,
    witnessed: bool,
) -> Result<Answer> {
    let mut desk = Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await?;
    let mut lines = reader(file)?.lines();
    let mut out =
        receipts.map(|path| File::create_new(path).map_err(Error::unwritable(path)).map(BufWriter::new));
    let mut out = out.take().transpose()?;
    let progress = progress::spinner("appending");
    let (mut tally, mut number) = (Tally::default(), 0_u64);
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        for line in lines.by_ref().take(BATCH) {
            let line = line.map_err(Error::unreadable(file))?;
            number += 1;
            let wrong = |why| {
                Error::malformed(file, format!("line {number}: {why}; {} appended before", tally.appended))
            };
            batch.push((number, read_line(&line).map_err(wrong)?));
        }
        if batch.is_empty() {
            break;
        }
        let events: Vec<NewEvent> = batch.iter().map(|(_, event)| event.clone()).collect();
        let all = desk.append_all(&events, witnessed).await?;
        for ((line, _), told) in batch.iter().zip(all) {
            tally.count(*line, &told);
            if let Some((out, path)) = out.as_mut().zip(receipts) {
                let mut value = told::line(&told);
                value["line"] = json!(line);
                writeln!(out, "{value}").map_err(Error::unwritable(path))?;
            }
            progress.inc(1);
        }
    }
    if let Some((mut out, path)) = out.zip(receipts) {
        out.flush().map_err(Error::unwritable(path))?;
    }
    progress.finish_and_clear();
    Ok(tally.answer())
}

fn reader(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    Ok(Box::new(BufReader::new(File::open(path).map_err(Error::unreadable(path))?)))
}

impl Tally {
    fn count(&mut self, line: u64, told: &Told) {
        match told {
            Told::Appended { receipt, .. } if receipt.first => self.appended += 1,
            Told::Appended { .. } => self.known += 1,
            Told::Refused { code, message } => {
                self.refused += 1;
                if self.told.len() < TOLD {
                    self.told.push(json!({"line": line, "code": code, "message": message}));
                }
            }
        }
    }

    fn answer(self) -> Answer {
        let mut text =
            format!("{} appended, {} there already, {} refused", self.appended, self.known, self.refused);
        for refusal in &self.told {
            let word = |name: &str| refusal[name].as_str().unwrap_or_default();
            let _ = write!(text, "\nline {}: {}: {}", refusal["line"], word("code"), word("message"));
        }
        let value = json!({
            "appended": self.appended, "known": self.known, "refused": self.refused, "refusals": self.told,
        });
        Answer::good(text, &value).bad_if(self.refused > 0)
    }
}
