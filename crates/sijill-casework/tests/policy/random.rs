//! Random policies: what the engine says of them is what the naive one says.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::subsequence;
use sijill_casework::codes::{CodeBook, CodeList};
use sijill_casework::policy::{Difference, Finding, Policy, Situation};
use sijill_casework::{Code, Milestone};

use crate::code;
use crate::naive::{self, Combination};

/// A world small enough to enumerate: per dimension its list and codes; situations are `none` and these.
const WORLD: [(&str, &[&str]); 5] = [
    ("concern", &["hurt", "alone", "lost"]),
    ("risk", &["high", "low"]),
    ("age-band", &["young", "old"]),
    ("governorate", &["north", "south"]),
    ("situation", &["ill", "working"]),
];

fn book() -> CodeBook {
    let rest: [(&str, &[&str]); 4] = [
        ("service", &["help"]),
        ("legal-basis", &["duty"]),
        ("referral-reason", &["need"]),
        ("hold-reason", &["court"]),
    ];
    let list = |(id, codes): (&str, &[&str])| {
        let code = |code: &&str| {
            format!(
                r#"{{"code":"{code}","label":{{"ar":"ع","en":"{code}"}},"definition":{{"ar":"ع","en":"e"}}}}"#
            )
        };
        let codes: Vec<String> = codes.iter().map(code).collect();
        let text = format!(
            r#"{{"list":"{id}","version":1,"title":{{"ar":"ع","en":"e"}},"source":"s","codes":[{}]}}"#,
            codes.join(",")
        );
        CodeList::parse(text.as_bytes()).unwrap()
    };
    WORLD.into_iter().chain(rest).map(list).collect()
}

/// The codes of a dimension as a rule may name them.
fn nameable(dimension: usize) -> Vec<&'static str> {
    let mut codes = WORLD[dimension].1.to_vec();
    if dimension == 4 {
        codes.push("none");
    }
    codes
}

type When = [Option<Vec<&'static str>>; 5];

#[derive(Debug, Clone)]
struct RuleMade {
    when: When,
    /// Target and whether urgent; `None`: nothing.
    then: Option<(u8, bool)>,
}

fn write(tables: &[Vec<RuleMade>]) -> String {
    let mut text = "[policy]\nid = \"p\"\nmanual = \"m\"\neffective = \"2026-01-01\"\ntitle = { ar = \"ع\", en = \"e\" }\n\
        [calendar]\nid = \"c\"\ndefault = \"always\"\n[grace]\ntimer = \"1m\"\n[break_glass]\nopen_for = \"1h\"\n\
        [field_set.f]\nfields = []\nwhy = { ar = \"ع\", en = \"e\" }\n\
        [target.t0]\nany = \"a/t0\"\n[target.t1]\nnorth = \"a/north\"\nsouth = \"a/south\"\n\
        [ladder.l]\nsteps = [{ after = \"0m\", to = \"supervisor\" }]\n"
        .to_owned();
    for milestone in Milestone::ALL {
        let of = if milestone.is_of_referral() { "referral" } else { "case" };
        write!(
            text,
            "[[deadline]]\nid = \"{milestone}\"\nof = \"{of}\"\nmilestone = \"{milestone}\"\nwithin = \"1h\"\n\
             clock = \"wall\"\nladder = \"l\"\nsource = \"s\"\n"
        )
        .unwrap();
    }
    for (n, rules) in tables.iter().enumerate() {
        write!(text, "[[table]]\nid = \"t{n}\"\nservice = \"help\"\ntitle = {{ ar = \"ع\", en = \"e\" }}\n")
            .unwrap();
        for (m, rule) in rules.iter().enumerate() {
            write!(text, "[[table.rule]]\nid = \"r{m}\"\nsource = \"s\"\n").unwrap();
            for (dimension, named) in
                ["concern", "risk", "age", "governorate", "situation"].iter().zip(&rule.when)
            {
                if let Some(codes) = named {
                    writeln!(text, "when.{dimension} = {codes:?}").unwrap();
                }
            }
            match rule.then {
                None => text.push_str("then = \"nothing\"\n"),
                Some((to, urgent)) => writeln!(
                    text,
                    "then = {{ to = \"t{}\", priority = \"{}\", fields = \"f\", legal_basis = \"duty\", reason = \"need\" }}",
                    to % 2,
                    if urgent { "urgent" } else { "routine" }
                )
                .unwrap(),
            }
        }
    }
    text
}

/// Any rules at all: mostly holes and conflicts.
fn wild() -> impl Strategy<Value = Vec<RuleMade>> {
    let named = |dimension| {
        let codes = nameable(dimension);
        let count = codes.len();
        prop_oneof![2 => Just(None), 3 => subsequence(codes, 0..=count).prop_map(Some)]
    };
    let when = (named(0), named(1), named(2), named(3), named(4)).prop_map(|(a, b, c, d, e)| [a, b, c, d, e]);
    let rule = (when, any::<Option<(u8, bool)>>()).prop_map(|(when, then)| RuleMade { when, then });
    prop::collection::vec(rule, 0..5)
}

/// Rules that decide everything once: the whole, cut and cut again.
fn tame() -> impl Strategy<Value = Vec<RuleMade>> {
    let cuts = prop::collection::vec((any::<prop::sample::Index>(), 0..5_usize, any::<u8>()), 0..7);
    (cuts, prop::collection::vec(any::<Option<(u8, bool)>>(), 8)).prop_map(|(cuts, thens)| {
        let mut boxes: Vec<When> = vec![[None, None, None, None, None]];
        for (which, dimension, mask) in cuts {
            let at = which.index(boxes.len());
            let codes = boxes[at][dimension].clone().unwrap_or_else(|| nameable(dimension));
            let (left, right): (Vec<_>, Vec<_>) =
                codes.into_iter().enumerate().partition(|(bit, _)| mask >> bit & 1 == 0);
            let bare =
                |half: Vec<(usize, &'static str)>| Some(half.into_iter().map(|(_, code)| code).collect());
            if !left.is_empty() && !right.is_empty() {
                let mut other = boxes[at].clone();
                other[dimension] = bare(right);
                boxes[at][dimension] = bare(left);
                boxes.push(other);
            }
        }
        boxes.into_iter().zip(thens).map(|(when, then)| RuleMade { when, then }).collect()
    })
}

/// Decides everything once, but for one rule that may be gone, or there twice.
fn spoiled() -> impl Strategy<Value = Vec<RuleMade>> {
    (tame(), any::<prop::sample::Index>(), 0..3_u8).prop_map(|(mut rules, which, how)| {
        let at = which.index(rules.len());
        match how {
            0 => drop(rules.remove(at)),
            1 => rules.push(rules[at].clone()),
            _ => {}
        }
        rules
    })
}

fn tables() -> impl Strategy<Value = Vec<Vec<RuleMade>>> {
    prop::collection::vec(prop_oneof![wild(), spoiled(), tame()], 1..3)
}

fn case() -> impl Strategy<Value = Situation> {
    let some = |dimension: usize, least| {
        let codes = WORLD[dimension].1.to_vec();
        let count = codes.len();
        subsequence(codes, least..=count)
            .prop_map(|codes| codes.into_iter().map(code).collect::<BTreeSet<Code>>())
    };
    let one = |dimension: usize| prop::sample::select(WORLD[dimension].1).prop_map(code);
    (some(0, 0), one(1), one(2), one(3), some(4, 0)).prop_map(
        |(concerns, risk, age, governorate, situations)| Situation {
            concerns,
            risk,
            age,
            governorate,
            situations,
        },
    )
}

fn asked(case: &Situation) -> Vec<Combination> {
    let mut situations: Vec<String> = case.situations.iter().map(ToString::to_string).collect();
    if situations.is_empty() {
        situations.push("none".to_owned());
    }
    let with = |concern: &Code, situation: &String| {
        [
            concern.to_string(),
            case.risk.to_string(),
            case.age.to_string(),
            case.governorate.to_string(),
            situation.clone(),
        ]
    };
    case.concerns
        .iter()
        .flat_map(|concern| situations.iter().map(move |situation| with(concern, situation)))
        .collect()
}

fn refs(combination: &Combination) -> [&str; 5] {
    combination.each_ref().map(String::as_str)
}

proptest! {
    #[test]
    fn what_is_prescribed_is_what_enumeration_prescribes(tables in tables(), case in case()) {
        let text = write(&tables);
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let prescribed: Vec<[String; 4]> = policy
            .prescribe(&case)
            .into_iter()
            .map(|p| [p.table, p.rule, p.target, p.priority.to_string()])
            .collect();
        prop_assert_eq!(&prescribed, &naive::prescribe(&text.parse().unwrap(), &asked(&case)));

        let explained = policy.explain(&case);
        prop_assert_eq!(explained.len(), tables.len() * asked(&case).len());
        let document: toml::Table = text.parse().unwrap();
        for one in explained {
            let table = naive::list(&document, "table").into_iter().find(|t| naive::text(t, "id") == one.table).unwrap();
            let combination = [
                one.concern.to_string(), case.risk.to_string(), case.age.to_string(), case.governorate.to_string(),
                one.situation.to_string(),
            ];
            let matched: Vec<usize> =
                one.rules.iter().enumerate().filter(|(_, rule)| rule.missed.is_empty()).map(|(at, _)| at).collect();
            prop_assert_eq!(matched, naive::matching(table, &combination));
        }
    }

    #[test]
    fn no_finding_means_each_combination_is_decided_once(tables in tables()) {
        let book = book();
        let text = write(&tables);
        let found = Policy::parse(text.as_bytes()).unwrap().check(&book);
        let document: toml::Table = text.parse().unwrap();
        let all = naive::combinations(&book);
        prop_assert_eq!(found.is_empty(), naive::is_sound(&document, &all), "{:?}", found);

        for table in naive::list(&document, "table") {
            let here = |id: &String| id == naive::text(table, "id");
            for combination in &all {
                let matching = naive::matching(table, combination).len();
                let holes = found.iter().filter(|finding| matches!(finding, Finding::Undecided { table, combination: hole }
                    if here(table) && hole.contains(refs(combination)))).count();
                prop_assert_eq!(holes, usize::from(matching == 0), "{:?}", combination);
                let conflicts = found.iter().filter(|finding| matches!(finding, Finding::Conflict { table, combination: both, .. }
                    if here(table) && both.contains(refs(combination)))).count();
                prop_assert_eq!(conflicts, matching * matching.saturating_sub(1) / 2, "{:?}", combination);
            }
        }
    }

    #[test]
    fn a_diff_names_every_combination_that_is_decided_otherwise(before in tame(), after in tame()) {
        let book = book();
        let (before, after) = (write(&[before]), write(&[after]));
        let parse = |text: &String| Policy::parse(text.as_bytes()).unwrap();
        let differences = Policy::diff(&parse(&before), &parse(&after), &book);
        prop_assert!(Policy::diff(&parse(&before), &parse(&before), &book).is_empty());
        let documents: [toml::Table; 2] = [before.parse().unwrap(), after.parse().unwrap()];
        let tables = documents.each_ref().map(|document| naive::list(document, "table")[0]);
        let then = |table: &toml::Table, combination: &Combination| {
            let at = naive::matching(table, combination)[0];
            naive::list(table, "rule")[at].get("then").cloned()
        };
        for combination in naive::combinations(&book) {
            let named = differences.iter().filter(|difference| matches!(difference,
                Difference::Decision { combinations, .. } if combinations.iter().any(|c| c.contains(refs(&combination)))));
            let differs = then(tables[0], &combination) != then(tables[1], &combination);
            prop_assert_eq!(named.count(), usize::from(differs), "{:?}", combination);
        }
    }
}
