//! Golden vectors, `schemas/vectors/log.json`: made by [`make`], checked in, and run here from the file as a verifier in
//! another language would.
//!
//! After a deliberate change: `UPDATE_VECTORS=1 cargo test -p sijill-log`, and review the difference.

mod make;
mod run;

use std::{collections::BTreeSet, fs};

use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/vectors/log.json");

fn read() -> Value {
    serde_json::from_slice(&fs::read(FILE).expect("the vectors are checked in")).expect("JSON")
}

/// All cases: (section, case).
fn cases(file: &Value) -> Vec<(&str, &Value)> {
    let sections = file["sections"].as_object().expect("sections");
    let cases = sections.iter().flat_map(|(section, cases)| {
        cases.as_array().expect("cases").iter().map(move |case| (section.as_str(), case))
    });
    cases.collect()
}

/// The codes some case of the file is refused with.
pub(crate) fn refused_codes() -> BTreeSet<String> {
    let file = read();
    cases(&file).iter().filter_map(|(_, case)| Some(case["refused"].as_str()?.to_owned())).collect()
}

#[test]
fn file_is_what_is_made() {
    let made = make::file();
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(&made).expect("JSON");
        fs::write(FILE, text + "\n").expect("the vectors are writable");
    }
    assert!(read() == made, "{FILE} differs; see this module's comment");
}

#[test]
fn every_case_holds() {
    let file = read();
    let cases = cases(&file);
    assert!(cases.len() > 150, "only {} cases", cases.len());
    for (section, case) in cases {
        match run::case(section, case) {
            Ok(given) => assert_eq!(case["gives"], given, "{section}: {case:#}"),
            Err(error) => assert_eq!(case["refused"], error.code(), "{section}: {case:#}"),
        }
    }
}
