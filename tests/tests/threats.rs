//! `docs/threat-model.md`: each row names tests that there are, or says that nothing catches what it tells of.

use std::fs;
use std::path::Path;

use sijill_tests::foreign::repository;

/// Where tests are: in Rust and in JavaScript, and the vectors.
const PLACES: [&str; 4] = ["crates", "tests", "tools/verify-js/tests", "schemas/vectors"];

fn collect(folder: &Path, text: &mut String) {
    for file in fs::read_dir(folder).expect("a folder").map(|file| file.expect("readable").path()) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if file.is_dir() && name != "target" && name != "node_modules" {
            collect(&file, text);
        } else if [".rs", ".js", ".json"].iter().any(|end| name.ends_with(end)) {
            text.push_str(&fs::read_to_string(&file).expect("text"));
        }
    }
}

/// Names between backticks; those that have backticks themselves stand between two.
fn named(cell: &str) -> Vec<&str> {
    let (mut names, mut rest) = (Vec::new(), cell);
    while let Some(start) = rest.find('`') {
        let mark = if rest[start..].starts_with("`` ") { "``" } else { "`" };
        let (name, after) = rest[start + mark.len()..].split_once(mark).expect("it ends");
        names.push(name.trim());
        rest = after;
    }
    names
}

#[test]
fn every_row_names_tests_that_there_are_or_says_that_nothing_catches_it() {
    let mut sources = String::new();
    for place in PLACES {
        collect(&repository().join(place), &mut sources);
    }
    let document = fs::read_to_string(repository().join("docs/threat-model.md")).expect("the document");
    let (english, arabic) = document.split_once("## ملخص").expect("an Arabic summary");
    let (mut rows, mut uncaught) = (0, 0);
    for row in english.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| attempt")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [_, found, tests] = cells[..] else { panic!("three cells: {row}") };
        let names = named(tests);
        rows += 1;
        uncaught += usize::from(names.is_empty());
        assert!(!names.is_empty() || found.contains("**Nothing"), "it names no test: {row}");
        for name in names {
            let written = [format!("fn {name}("), format!("\"{name}\"")];
            assert!(written.iter().any(|text| sources.contains(text)), "there is no test `{name}`: {row}");
        }
    }
    assert!(rows > 40 && uncaught > 5, "{rows} rows, {uncaught} that nothing catches");
    assert_eq!(
        arabic.lines().filter(|line| line.starts_with("| ")).count(),
        12,
        "a row for each, and a heading"
    );
}
