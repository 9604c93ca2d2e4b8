//! What a command answers: one value for programs, one text for people, one verdict for the shell.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Error;

/// How a command that ran to its end ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Exit status 0.
    Good,
    /// Exit status 1: faults were found, or the ledger refused something.
    Bad,
    /// Exit status 2: not everything could be done; the answer says what was.
    Unfinished,
}

/// The answer of a command.
#[derive(Debug, Clone)]
#[must_use]
pub struct Answer {
    /// For people; printed without `--json`.
    pub text: String,
    /// For programs; printed with `--json`, on one line.
    pub json: Value,
    /// For the shell.
    pub verdict: Verdict,
}

impl Answer {
    /// An answer that is good. A value that cannot be JSON is a fault of this program, told rather than panicked.
    pub fn good(text: impl Into<String>, value: &impl Serialize) -> Self {
        let json =
            serde_json::to_value(value).unwrap_or_else(|error| json!({"unprintable": error.to_string()}));
        Self { text: text.into(), json, verdict: Verdict::Good }
    }

    /// The same answer with one more line, and member.
    pub fn and(mut self, name: &str, line: &str, value: Value) -> Self {
        self.text = format!("{}\n{line}", self.text.trim_end());
        if let Value::Object(members) = &mut self.json {
            members.insert(name.to_owned(), value);
        }
        self
    }

    /// The same answer, bad if `bad`.
    pub fn bad_if(mut self, bad: bool) -> Self {
        if bad {
            self.verdict = Verdict::Bad;
        }
        self
    }

    /// The same answer, unfinished if `unfinished`, whatever it was.
    pub fn unfinished_if(mut self, unfinished: bool) -> Self {
        if unfinished {
            self.verdict = Verdict::Unfinished;
        }
        self
    }

    /// Prints the answer and gives the exit status. A reader that went away (`| head`) is no failure.
    pub fn print(&self, as_json: bool) -> ExitCode {
        let text = if as_json { self.json.to_string() } else { self.text.clone() };
        let mut out = io::stdout().lock();
        if !text.is_empty() {
            let printed = out.write_all(text.as_bytes()).and_then(|()| {
                if text.ends_with('\n') {
                    out.flush()
                } else {
                    out.write_all(b"\n").and_then(|()| out.flush())
                }
            });
            if printed.is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe) {
                return ExitCode::from(2);
            }
        }
        match self.verdict {
            Verdict::Good => ExitCode::SUCCESS,
            Verdict::Bad => ExitCode::from(1),
            Verdict::Unfinished => ExitCode::from(2),
        }
    }
}

/// Prints an error on stderr and gives the exit status.
pub fn print_error(error: &Error, as_json: bool) -> ExitCode {
    let line = if as_json {
        json!({"code": error.code(), "message": error.to_string()}).to_string()
    } else {
        format!("sijill: {}: {error}", error.code())
    };
    // Nothing is left to tell if stderr is gone.
    let _ = writeln!(io::stderr().lock(), "{line}");
    ExitCode::from(error.status())
}
