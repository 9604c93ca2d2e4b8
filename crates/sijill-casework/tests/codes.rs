//! The code lists in `schemas/codes/`, and what the loader refuses.

use std::collections::BTreeSet;
use std::path::Path;

use sijill_casework::codes::{Code, CodeBook, CodeList, CodeListError, SHIPPED};

fn lists() -> Vec<CodeList> {
    let parse =
        |(id, json): &(&str, &[u8])| CodeList::parse(json).unwrap_or_else(|error| panic!("{id}: {error}"));
    SHIPPED.iter().map(parse).collect()
}

#[test]
fn what_is_shipped_is_what_lies_in_the_directory() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/codes");
    let files: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap().replace(".json", ""))
        .collect();
    let shipped: BTreeSet<String> = SHIPPED.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(files, shipped);
}

#[test]
fn every_list_is_sound() {
    for ((id, _), list) in SHIPPED.iter().zip(lists()) {
        assert_eq!(list.list.as_str(), *id);
        assert_eq!(list.version, 1, "{id}");
        assert!(!list.codes.is_empty() && !list.source.trim().is_empty(), "{id}");
        assert!(!list.title.ar.is_empty() && !list.title.en.is_empty(), "{id}");
        let labels: BTreeSet<&str> = list.codes.iter().map(|entry| entry.label.en.as_str()).collect();
        assert_eq!(labels.len(), list.codes.len(), "{id}: two codes have one English label");
        let labels: BTreeSet<&str> = list.codes.iter().map(|entry| entry.label.ar.as_str()).collect();
        assert_eq!(labels.len(), list.codes.len(), "{id}: two codes have one Arabic label");
        assert!(list.codes.iter().all(|entry| !entry.retired), "{id}");
        list.follows(&list).unwrap();
    }
}

#[test]
fn each_text_is_in_its_language() {
    let arabic = |text: &str| text.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
    // What a child or an adult must not be called before anyone has judged.
    let loaded = ["victim", "perpetrator", "abuser", "offender", "ضحية", "الجاني", "المعتدي", "المجرم"];
    for list in lists() {
        for entry in &list.codes {
            for text in [&entry.label, &entry.definition] {
                assert!(arabic(&text.ar) && !arabic(&text.en), "{}: {}", list.list, entry.code);
                let said = |word: &&&str| text.ar.contains(**word) || text.en.to_lowercase().contains(**word);
                assert_eq!(loaded.iter().find(said), None, "{}: {}", list.list, entry.code);
            }
        }
    }
}

#[test]
fn parents_exist() {
    let book: CodeBook = lists().into_iter().collect();
    for (id, of) in [("wilayat", "governorate"), ("contact-category", "contact-category")] {
        for entry in &book.list(id).unwrap().codes {
            let known = entry.parent.as_ref().is_none_or(|parent| {
                book.list(of).unwrap().get(parent.as_str()).is_some_and(|above| above.parent.is_none())
            });
            assert!(known, "{id}: {}", entry.code);
        }
    }
    assert!(book.list("wilayat").unwrap().codes.iter().all(|entry| entry.parent.is_some()));
    assert_eq!(book.current("wilayat").count(), 63);
    assert_eq!(book.current("governorate").count(), 11);
    assert_eq!(book.current("no-such-list").count(), 0);
}

/// A list of two codes, the second of them this one.
fn small(code: &str, label: &str, retired: bool) -> Vec<u8> {
    let retired = if retired { r#","retired":true"# } else { "" };
    format!(
        r#"{{"list":"x","version":1,"title":{{"ar":"ع","en":"X"}},"source":"s","codes":[
        {{"code":"a","label":{{"ar":"ا","en":"A"}},"definition":{{"ar":"ا","en":"a"}}}},
        {{"code":"{code}","label":{{"ar":"ب","en":"{label}"}},"definition":{{"ar":"ب","en":"b"}}{retired}}}]}}"#
    )
    .into_bytes()
}

#[test]
fn a_list_that_will_not_do_is_refused() {
    assert!(CodeList::parse(&small("b", "B", false)).is_ok());
    assert!(matches!(CodeList::parse(b"{"), Err(CodeListError::Malformed(_))));
    assert!(matches!(CodeList::parse(&small("b c", "B", false)), Err(CodeListError::Malformed(_))));
    let code = |text| Code::parse(text).unwrap();
    assert_eq!(CodeList::parse(&small("a", "B", false)), Err(CodeListError::Twice(code("a"))));
    assert_eq!(CodeList::parse(&small("b", " ", false)), Err(CodeListError::Unlabelled(code("b"))));
}

#[test]
fn a_code_is_retired_and_never_reused() {
    let list = |code, label, retired| CodeList::parse(&small(code, label, retired)).unwrap();
    let before = list("b", "B", false);
    let reused = Err(CodeListError::Reused(Code::parse("b").unwrap()));
    assert_eq!(list("b", "B", true).follows(&before), Ok(()));
    assert_eq!(list("c", "C", false).follows(&before), reused, "gone");
    assert_eq!(list("b", "Bee", false).follows(&before), reused, "relabelled");
    assert_eq!(before.follows(&list("b", "B", true)), reused, "brought back");
    assert!(!list("b", "B", true).is_current("b"));
    assert!(list("b", "B", true).get("b").is_some() && before.is_current("b") && !before.is_current("z"));
}
