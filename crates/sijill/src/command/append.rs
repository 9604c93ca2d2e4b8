//! `sijill append`: token → place → sign → post → receipt verified.

mod file;
mod receipts;
mod unsettled;

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sijill_event::Stream;

use super::target::Opened;
use super::{Target, told};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::gate::{Desk, Told};
use crate::new_event::{EventArgs, NewEvent};

/// Refusals told one by one at the end of a file; the rest are counted.
const TOLD: usize = 20;

/// `sijill append`
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["stream", "file"]),
    after_help = "With --file every line is taken or refused by itself, also one that is no event at all. Where it stays unknown whether the ledger took one — the \
    connection was lost, the server stopped — the command ends with status 2; run the same command again until it does not. \
    What was signed is kept beside the file, as FILE.unsettled (it holds what FILE holds): the same bytes are sent again and \
    nothing is appended twice. It is gone when everything is answered for. Of what comes from a pipe nothing is kept.\n\n\
    Exit status: 0 everything is in the ledger; 1 some lines were refused, all others are in; 2 it could not be carried out, or \
    not to its end."
)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// The stream, such as case/7Q
    #[arg(long)]
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
            let answer = file::append(&opened, file, args.receipts.as_deref(), args.witnessed).await;
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
        (None, None) => Err(Error::Usage(
            "what is to be appended? One event: --stream and --type; the lines of a file: --file".to_string(),
        )),
    }
}

async fn append_one(opened: &Opened, event: &NewEvent, witnessed: bool) -> Result<Told> {
    Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await?.append(event, witnessed).await
}

/// What became of the lines of a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Tally {
    appended: u64,
    known: u64,
    refused: u64,
    unknown: u64,
    /// The first of them.
    refusals: Vec<Refusal>,
    /// Why it did not go on to the end of the file.
    stopped: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Refusal {
    line: u64,
    code: String,
    message: String,
}

impl Tally {
    fn count(&mut self, line: u64, told: &Told) {
        match told {
            Told::Appended { receipt, .. } if receipt.first => self.appended += 1,
            Told::Appended { .. } => self.known += 1,
            Told::Refused { code, message } => {
                self.refused += 1;
                if self.refusals.len() < TOLD {
                    self.refusals.push(Refusal { line, code: code.clone(), message: message.clone() });
                }
            }
            Told::Unknown { message } => {
                self.unknown += 1;
                self.stopped.get_or_insert_with(|| format!("line {line}: {message}"));
            }
        }
    }

    /// Lines that are answered for.
    fn settled(&self) -> u64 {
        self.appended + self.known + self.refused
    }

    /// `kept`: the same command can be run again.
    fn answer(self, kept: bool) -> Answer {
        let mut text =
            format!("{} appended, {} there already, {} refused", self.appended, self.known, self.refused);
        for Refusal { line, code, message } in &self.refusals {
            let _ = write!(text, "\nline {line}: {code}: {message}");
        }
        if let Some(why) = &self.stopped {
            let what = if kept {
                "run the same command again to go on: the same bytes are sent, and nothing is appended twice"
            } else {
                "nothing was kept of what came from a pipe: look which events are there before sending them again"
            };
            let _ = write!(text, "\nnot finished: outcome unknown of {} lines\n{why}\n{what}", self.unknown);
        }
        let value = json!({
            "appended": self.appended, "known": self.known, "refused": self.refused, "unknown": self.unknown,
            "refusals": self.refusals, "stopped": self.stopped,
        });
        Answer::good(text, &value).bad_if(self.refused > 0).unfinished_if(self.stopped.is_some())
    }
}
