//! A small ledger to try things on: two agencies, an officer, an auditor, each with key files as they would have them.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const ORIGIN: &str = "ledger.example/2026";

/// A directory with key files and, once begun, a data directory `d`.
pub(crate) struct Town {
    folder: TempDir,
}

/// A run of the command.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Self {
            status: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// The answer of a run that was good.
    pub(crate) fn good(self) -> Value {
        assert_eq!(self.status, 0, "{self:?}");
        self.json()
    }

    /// The one line of JSON on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of an error, with the exit status it must end with.
    pub(crate) fn refused(&self, status: i32) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.out.is_empty(), "an error prints nothing on stdout: {self:?}");
        let error: Value =
            serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 20), "{error}");
        error["code"].as_str().expect("a code").to_string()
    }
}

impl Town {
    /// Keys and nothing else.
    pub(crate) fn new() -> Self {
        let town = Self { folder: tempfile::tempdir().expect("temporary directory") };
        for (agency, officer) in [("moh", "root"), ("rop", "root"), ("moh", "amal"), ("rop", "auditor")] {
            let file = format!("{agency}-{officer}.key");
            town.good(["keys", "new", "--agency", agency, "--officer", officer, "--out", &file]);
        }
        town
    }

    /// A ledger of two founders that both have ratified.
    pub(crate) fn begun() -> Self {
        let town = Self::new();
        town.good(Town::init(&[]));
        town
    }

    /// The arguments of `init`, and more. By rule-set 1, which takes any event in a case: what is tried here is the ledger.
    pub(crate) fn init<'a>(more: &[&'a str]) -> Vec<&'a str> {
        let mut all = vec!["init", "--dir", "d", "--origin", ORIGIN, "--quorum", "2", "--ratify"];
        all.extend(["--rules", "1"]);
        all.extend([
            "--founder",
            "moh=moh-root.key",
            "--founder",
            "rop=rop-root.key",
            "--grants",
            "rop=audit,casework",
        ]);
        all.extend(more);
        all
    }

    /// A ledger with a unit, an officer, an auditor, and six entries of two cases.
    pub(crate) fn busy() -> Self {
        let town = Self::begun();
        town.settle(&["--dir", "d"]);
        town
    }

    /// Opens units, enrols officers and writes cases, at this place.
    pub(crate) fn settle(&self, place: &[&str]) {
        self.enrol(place);
        for (stream, note) in [("case/A", "one"), ("case/B", "two"), ("case/A", "three"), ("case/A", "four")]
        {
            let disclose = format!("narrative.text=\"{note}\"");
            let mut append =
                vec!["append", "--key", "moh-amal.key", "--stream", stream, "--type", "note.added"];
            append.extend(["--disclose", &disclose, "--data", r#"{"to":{"agency":"rop"}}"#]);
            self.good(append.into_iter().chain(place.iter().copied()));
        }
    }

    /// Units, an officer and an auditor.
    pub(crate) fn enrol(&self, place: &[&str]) {
        for (agency, officer, roles) in [("moh", "amal", "casework,registrar"), ("rop", "auditor", "auditor")]
        {
            let (root, key) = (format!("{agency}-root.key"), format!("{agency}-{officer}.key"));
            let unit = ["registry", "unit", "intake", "--name", "استقبال", "Intake", "--key", &root];
            self.good(unit.into_iter().chain(place.iter().copied()));
            let proof = self.good(["keys", "proof", &key, "--origin", ORIGIN]).to_string();
            fs::write(self.path("proof.json"), proof).expect("written");
            let enrol = ["registry", "enrol", "--key", &root, "--proof", "proof.json", "--unit", "intake"];
            self.good(enrol.into_iter().chain(["--roles", roles]).chain(place.iter().copied()));
        }
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sijill"));
        command.arg("--json").args(args).current_dir(self.folder.path());
        command
    }

    /// Runs the command with `--json`.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        Run::of(&self.command(args).stdin(Stdio::null()).output().expect("it runs"))
    }

    /// Runs it without `--json`.
    pub(crate) fn run_for_people(&self, args: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sijill"));
        Run::of(&command.args(args).current_dir(self.folder.path()).output().expect("it runs"))
    }

    /// Runs it with something on stdin.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &str) -> Run {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
        Run::of(&child.wait_with_output().expect("it ends"))
    }

    /// Runs it and answers what a good run answers.
    pub(crate) fn good<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        self.run(args).good()
    }

    /// Starts a server on a free port.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// The same with more arguments.
    pub(crate) fn serve_with(&self, more: &[&str]) -> Server {
        let mut command = self.command(["serve", "--dir", "d", "--listen", "127.0.0.1:0"]);
        command.args(more);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it says where it is");
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            let output = child.wait_with_output().expect("it ended");
            panic!("{line}{}", String::from_utf8_lossy(&output.stderr));
        };
        let url = ready["serving"].as_str().expect("a URL").to_string();
        Server { child: Some(child), out, url }
    }

    /// Changes the ledger's database behind its back.
    pub(crate) fn tamper(&self, sql: &str) {
        let output = Command::new("sqlite3")
            .arg(self.path("d/ledger.sqlite"))
            .arg(sql)
            .output()
            .expect("sqlite3 is installed");
        assert!(output.status.success(), "{output:?}");
    }

    /// The faults of an audit, as `code@index`, and its exit status.
    pub(crate) fn faults<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> (i32, Vec<String>) {
        let run = self.run(args);
        let report = run.json();
        let faults = report["faults"].as_array().expect("faults").iter().map(|fault| {
            let code = fault["code"].as_str().expect("a code");
            fault["index"].as_u64().map_or(code.to_string(), |index| format!("{code}@{index}"))
        });
        (run.status, faults.collect())
    }
}

/// A running server. Dropped, it is killed.
pub(crate) struct Server {
    child: Option<Child>,
    out: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Server {
    /// Asks it to stop, as a service manager would, and waits until it has.
    pub(crate) fn stop(mut self) -> Run {
        let child = self.child.take().expect("running");
        let killed =
            Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
        assert!(killed.success());
        let mut run = Run::of(&child.wait_with_output().expect("it ends"));
        self.out.read_to_string(&mut run.out).expect("read");
        run
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
