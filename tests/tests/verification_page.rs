//! The verification page (`tools/verify-js/verify.html`) in a real browser, opened from a disk with the network off.
//!
//! `SIJILL_AXE` names axe-core's `axe.min.js`; with it every state of the page is checked for accessibility too.
//! `SIJILL_PICTURES` names a directory for pictures.

use serde_json::json;
use sijill_tests::foreign::{self, repository, skip, told};

#[test]
fn evidence_is_checked_in_a_browser_with_the_network_off() {
    let (Some(mut node), Some(chromium)) = (foreign::node(), foreign::chromium()) else { return };
    let Some(mut python) = foreign::python() else { return };
    let axe = std::env::var("SIJILL_AXE").ok();
    if axe.is_none() {
        skip("accessibility: SIJILL_AXE does not name axe-core's axe.min.js");
    }
    let scripts = repository().join("tools/verify-js");
    let made = tempfile::tempdir().expect("a directory");
    let output = python.arg(scripts.join("tests/made_evidence.py")).arg(made.path()).output();
    let output = output.expect("Python runs");
    assert!(output.status.success(), "{}", told(&output));

    // As somebody has it who saved it: elsewhere, under another name.
    let page = made.path().join("saved page.html");
    std::fs::copy(scripts.join("verify.html"), &page).expect("copied");
    let asked = json!({
        "chromium": chromium, "page": page, "made": made.path(), "axe": axe,
        "pictures": std::env::var("SIJILL_PICTURES").ok(),
    });
    let output = node.arg(scripts.join("tests/browser.js")).arg(asked.to_string()).output();
    let output = output.expect("node runs");
    assert!(output.status.success(), "{}", told(&output));
}
