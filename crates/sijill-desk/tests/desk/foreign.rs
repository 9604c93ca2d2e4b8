//! What the tests need that is not Rust. Where it is not installed, the test says SKIPPED and why; with
//! `SIJILL_REQUIRE_CLIENTS=1` it fails.

use std::io::Write as _;
use std::process::Command;

const REQUIRED: &str = "SIJILL_REQUIRE_CLIENTS";

/// Says that something was left out and why; panics where nothing may be.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os(REQUIRED).is_none_or(|value| value != "1"), "{REQUIRED}=1, but {why}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Standard error itself, which the test harness does not hide as it hides what tests print.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

/// Node, if it can sign with Ed25519; `None`, said loudly, otherwise.
pub(crate) fn node() -> Option<Command> {
    let able =
        "crypto.subtle.generateKey('Ed25519',false,['sign']).then(()=>process.exit(0),()=>process.exit(1))";
    let found = Command::new("node").args(["-e", able]).output();
    if found.is_ok_and(|output| output.status.success()) {
        let mut node = Command::new("node");
        node.current_dir(env!("CARGO_MANIFEST_DIR"));
        return Some(node);
    }
    skip("node with WebCrypto Ed25519 (20 or later) is not installed");
    None
}

/// Chromium that can sign with Ed25519 (137 or later): `$CHROMIUM`, else by the usual names.
pub(crate) fn chromium() -> Option<String> {
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
