//! The same questions answered the plain way: every combination, every rule, straight from the TOML.

use std::collections::BTreeSet;

use sijill_casework::codes::CodeBook;
use toml::{Table, Value};

/// A combination: concern, risk, age, governorate, situation.
pub(crate) type Combination = [String; 5];

const DIMENSIONS: [(&str, &str); 5] = [
    ("concern", "concern"),
    ("risk", "risk"),
    ("age", "age-band"),
    ("governorate", "governorate"),
    ("situation", "situation"),
];

/// Every combination the lists allow.
pub(crate) fn combinations(book: &CodeBook) -> Vec<Combination> {
    let mut all = vec![<[String; 5]>::default()];
    for (at, (_, list)) in DIMENSIONS.into_iter().enumerate() {
        let mut codes: Vec<String> = book.current(list).map(ToString::to_string).collect();
        if list == "situation" {
            codes.push("none".to_owned());
        }
        let with = |earlier: &Combination, code: &String| {
            let mut combination = earlier.clone();
            combination[at].clone_from(code);
            combination
        };
        all = all.iter().flat_map(|earlier| codes.iter().map(move |code| with(earlier, code))).collect();
    }
    all
}

/// The elements of an array of tables.
pub(crate) fn list<'a>(table: &'a Table, key: &str) -> Vec<&'a Table> {
    let array = table.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    array.iter().filter_map(Value::as_table).collect()
}

/// The text under a key.
pub(crate) fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn matches(rule: &Table, combination: &Combination) -> bool {
    DIMENSIONS.iter().zip(combination).all(|((dimension, _), code)| {
        let named = rule.get("when").and_then(|when| when.get(dimension)).and_then(Value::as_array);
        named.is_none_or(|codes| codes.iter().any(|named| named.as_str() == Some(code)))
    })
}

/// The places, in file order, of the rules of a table that match.
pub(crate) fn matching(table: &Table, combination: &Combination) -> Vec<usize> {
    let rules = list(table, "rule").into_iter().enumerate();
    rules.filter(|(_, rule)| matches(rule, combination)).map(|(at, _)| at).collect()
}

/// Whether every table decides every combination exactly once, and every rule is of use.
pub(crate) fn is_sound(policy: &Table, all: &[Combination]) -> bool {
    list(policy, "table").into_iter().all(|table| {
        let used: BTreeSet<usize> = all.iter().flat_map(|combination| matching(table, combination)).collect();
        used.len() == list(table, "rule").len() && all.iter().all(|c| matching(table, c).len() == 1)
    })
}

/// What is prescribed: table, rule, target, priority.
pub(crate) fn prescribe(policy: &Table, asked: &[Combination]) -> Vec<[String; 4]> {
    let mut prescribed = Vec::new();
    for table in list(policy, "table") {
        let rules = list(table, "rule");
        let matched: BTreeSet<usize> =
            asked.iter().flat_map(|combination| matching(table, combination)).collect();
        let then = |at: &usize| rules[*at].get("then").and_then(Value::as_table).cloned();
        let referring: Vec<(usize, Table)> = matched.iter().filter_map(|at| Some((*at, then(at)?))).collect();
        let targets: BTreeSet<&str> = referring.iter().map(|(_, then)| text(then, "to")).collect();
        let mut chosen: Vec<&(usize, Table)> = Vec::new();
        for target in targets {
            let to: Vec<_> = referring.iter().filter(|(_, then)| text(then, "to") == target).collect();
            let urgent = to.iter().find(|(_, then)| text(then, "priority") == "urgent");
            chosen.push(urgent.unwrap_or(&to[0]));
        }
        chosen.sort_by_key(|(at, _)| *at);
        prescribed.extend(chosen.into_iter().map(|(at, then)| {
            [text(table, "id"), text(rules[*at], "id"), text(then, "to"), text(then, "priority")]
                .map(str::to_owned)
        }));
    }
    prescribed
}
