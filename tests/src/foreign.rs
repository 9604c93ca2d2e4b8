//! Verifiers and clients in other languages. Where one cannot run, the test says SKIPPED and why; with
//! `SIJILL_REQUIRE_CLIENTS=1` it fails.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

const REQUIRED: &str = "SIJILL_REQUIRE_CLIENTS";
/// What the scripts exit with where what they need is not installed.
const SKIPPED: i32 = 77;

/// The checkout.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the checkout")
}

/// Says that something was left out and why; panics where nothing may be.
pub fn skip(why: &str) {
    assert!(std::env::var_os(REQUIRED).is_none_or(|value| value != "1"), "{REQUIRED}=1, but {why}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Standard error itself, which the test harness does not hide as it hides what tests print.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

/// Python with what the verifier needs; `None`, said loudly, without.
pub fn python() -> Option<Command> {
    let found = Command::new("python3").args(["-c", "import cryptography"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        let mut python = Command::new("python3");
        python.env("PYTHONDONTWRITEBYTECODE", "1");
        return Some(python);
    }
    skip("python3 with the package `cryptography` is not installed");
    None
}

/// Node, if it can check Ed25519; `None`, said loudly, without.
pub fn node() -> Option<Command> {
    let able = "crypto.subtle.importKey('raw',new Uint8Array(32),'Ed25519',false,['verify']).then(()=>process.exit(0),\
                ()=>process.exit(1))";
    let found = Command::new("node").args(["-e", able]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(Command::new("node"));
    }
    skip("node with WebCrypto Ed25519 (20 or later) is not installed");
    None
}

/// Chromium that can check Ed25519 (137 or later): `$CHROMIUM`, else by the usual names.
pub fn chromium() -> Option<String> {
    let chosen = std::env::var("CHROMIUM").ok();
    let names =
        chosen.into_iter().chain(["chromium", "chromium-browser", "google-chrome"].map(str::to_owned));
    let found = names.into_iter().find(|name| {
        let output = Command::new(name).arg("--version").output();
        output.is_ok_and(|output| major(&String::from_utf8_lossy(&output.stdout)) >= Some(137))
    });
    if found.is_none() {
        skip("no Chromium of version 137 or later is installed");
    }
    found
}

fn major(version: &str) -> Option<u32> {
    version.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok())
}

/// A program of `tools/verify-js`.
pub fn verify_js(program: &str) -> Option<Command> {
    let mut node = node()?;
    node.arg(repository().join("tools/verify-js").join(program));
    Some(node)
}

/// A program of `tools/verify`.
pub fn verify(program: &str) -> Option<Command> {
    let mut python = python()?;
    python.arg(repository().join("tools/verify").join(program));
    Some(python)
}

/// Runs a script of this package; `None`, said loudly, where it says that it cannot run here.
pub fn script(name: &str, args: &[&str]) -> Option<Output> {
    let output = Command::new("sh")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
        .args(args)
        .output()
        .expect("a shell runs");
    if output.status.code() == Some(SKIPPED) {
        skip(String::from_utf8_lossy(&output.stderr).trim());
        return None;
    }
    Some(output)
}

/// A script of this package that runs on; it ends when its standard input is closed.
pub struct Running {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Running {
    /// Starts it and waits for its first line; `None`, said loudly, where it says that it cannot run here.
    pub fn start(name: &str, args: &[&str]) -> Option<(Self, String)> {
        let mut child = Command::new("sh")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell runs");
        let said = BufReader::new(child.stdout.take().expect("its standard output"));
        let mut running = Self { child, said };
        let first = running.line();
        if first.is_empty() {
            let status = running.child.wait().expect("it ended");
            assert_eq!(status.code(), Some(SKIPPED), "it ended with {status}");
            skip(&format!("{name} cannot run here"));
            return None;
        }
        Some((running, first))
    }

    /// The next line it says; empty once it has ended.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("readable");
        line.trim_end().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What a program said, for a panic.
pub fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// The JSON a program answered; panics if it did not end well.
pub fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", told(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(output)))
}
