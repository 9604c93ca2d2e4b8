//! The `sijill` program, as whoever installs it runs it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The program. Cargo builds it once per test executable; `SIJILL_BIN` names another.
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| std::env::var_os("SIJILL_BIN").map_or_else(build, PathBuf::from))
}

/// Tests of one package are not told where another's program is: it is built beside the tests, in their profile.
fn build() -> PathBuf {
    let this = std::env::current_exe().expect("a test has a path");
    let profile = this.ancestors().nth(2).expect("target/PROFILE/deps/test");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--quiet", "--package", "sijill", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    cargo.arg("--target-dir").arg(profile.parent().expect("target"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo runs").success(), "cargo builds the program");
    profile.join(format!("sijill{}", std::env::consts::EXE_SUFFIX))
}

/// A command of the program, answering in JSON, with nothing of the tester's own environment.
pub fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(path());
    for variable in
        ["SIJILL_STORE_URL", "SIJILL_KEYSTORE_URL", "SIJILL_MASTER_KEY", "SIJILL_TOKEN", "SIJILL_LOG"]
    {
        command.env_remove(variable);
    }
    command.arg("--json").args(args);
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit status; -1 if a signal ended it.
    pub status: i32,
    /// The answer, or `Null`.
    pub answer: Value,
    /// What stands on stderr.
    pub errors: String,
}

impl Ended {
    fn of(output: &Output) -> Self {
        let last = output.stdout.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
        Self {
            status: output.status.code().unwrap_or(-1),
            answer: last.and_then(|line| serde_json::from_slice(line).ok()).unwrap_or_default(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Of an error: its code.
    pub fn code(&self) -> String {
        let last = self.errors.lines().last().unwrap_or_default();
        let error: Value = serde_json::from_str(last).unwrap_or_default();
        error["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Runs a command to its end.
pub fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Ended {
    Ended::of(&command(args).output().expect("the program runs"))
}

/// Runs a command that has to end well; gives its answer.
pub fn done<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Value {
    let mut command = command(args);
    let ended = Ended::of(&command.output().expect("the program runs"));
    assert_eq!(ended.status, 0, "{command:?} ended with {ended:?}");
    ended.answer
}

/// A running `sijill serve`. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it serves.
    pub url: String,
    log: PathBuf,
}

impl Server {
    /// Serves `dir` on a free port; panics with its log if it does not.
    pub fn start(dir: &Path) -> Self {
        Self::try_start(dir).unwrap_or_else(|ended| panic!("it does not serve: {ended:?}"))
    }

    /// Serves `dir` where it was served before.
    pub fn start_at(dir: &Path, port: u16) -> Self {
        Self::try_start_at(&["serve"], dir, port)
            .unwrap_or_else(|ended| panic!("it does not serve: {ended:?}"))
    }

    /// Serves `dir` on a free port, or tells how the program ended instead.
    pub fn try_start(dir: &Path) -> Result<Self, Ended> {
        Self::try_start_at(&["serve"], dir, 0)
    }

    /// Serves the witness in `dir` at a port, or with 0 at a free one; panics with its log if it does not.
    pub fn witness(dir: &Path, port: u16) -> Self {
        Self::try_start_at(&["witness", "serve"], dir, port)
            .unwrap_or_else(|ended| panic!("it does not serve: {ended:?}"))
    }

    /// Serves the mirror in `dir` at a port, or with 0 at a free one; panics with its log if it does not.
    pub fn mirror(dir: &Path, port: u16) -> Self {
        Self::try_mirror(dir, port).unwrap_or_else(|ended| panic!("it does not serve: {ended:?}"))
    }

    /// Serves the mirror in `dir`, or tells how the program ended instead.
    pub fn try_mirror(dir: &Path, port: u16) -> Result<Self, Ended> {
        Self::try_start_at(&["mirror", "serve"], dir, port)
    }

    fn try_start_at(words: &[&str], dir: &Path, port: u16) -> Result<Self, Ended> {
        // A pipe nobody reads would stop the server when it is full: its log goes to a file.
        let log = dir.with_extension(format!("{}.log", uuid::Uuid::new_v4().simple()));
        let mut child = command(words)
            .args([OsStr::new("--dir"), dir.as_os_str()])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).expect("a log"))
            .spawn()
            .expect("the program runs");
        let mut stdout = BufReader::new(child.stdout.take().expect("its standard output"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("readable");
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(url) = ready["serving"].as_str() {
            return Ok(Self { url: url.to_owned(), child, log });
        }
        let mut rest = line.into_bytes();
        stdout.read_to_end(&mut rest).expect("readable");
        let status = child.wait().expect("it ends");
        let stderr = std::fs::read(&log).expect("its log");
        Err(Ended::of(&Output { status, stdout: rest, stderr }))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a power cut would: SIGKILL, nothing is flushed, nobody is told.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("dead");
    }

    /// Asks it to stop, and waits.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(asked.success(), "it was still running");
        let status = self.child.wait().expect("it stops");
        assert!(status.success(), "it stopped with {status}: {}", self.log());
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
