//! Policies, and notes judged by them.

use serde_json::{Value, json};
use sijill_log::{Checkpoint, CosignatureSigner, NoteSigner};

use super::{
    SIZE, accepted, checkpoint, cosigned, gives_checkpoint, impostor, log, name, refused, signed, witness,
    witness_seed,
};

/// Name of a witness in the policies: a for the first.
fn letter(number: u8) -> String {
    char::from(b'a' + number - 1).to_string()
}

/// Lines `witness <name> <vkey>`, for names a, b, c, d, e.
fn witnesses(count: u8) -> String {
    let lines = (1..=count).map(|w| format!("witness {} {}\n", letter(w), witness(w).verifier()));
    lines.collect::<Vec<_>>().concat()
}

fn policy(count: u8, rules: &str) -> String {
    format!("log {}\n{}{rules}", log().verifier(), witnesses(count))
}

pub(super) fn policies() -> Vec<Value> {
    [readable_policies(), refused_policies()].concat()
}

fn readable_policies() -> Vec<Value> {
    let gives = |logs: usize, witnesses: &[String], intersect: bool| json!({"logs": logs, "witnesses": witnesses, "quorums_intersect": intersect});
    let good = |name: &str, count: u8, rules: &str, intersect: bool| {
        let names: Vec<String> = (1..=count).map(letter).collect();
        accepted(name, json!({"policy": policy(count, rules)}), gives(1, &names, intersect))
    };
    let special = |name: &str, policy: String, gives: Value| accepted(name, json!({"policy": policy}), gives);
    let (log, a) = (log().verifier().to_string(), witness(1).verifier().to_string());
    vec![
        good("no quorum asked for", 0, "quorum none\n", false),
        good("one witness", 1, "quorum a\n", true),
        good("any", 3, "group g any a b c\nquorum g\n", false),
        good("all", 3, "group g all a b c\nquorum g\n", true),
        good("2 of 3", 3, "group g 2 a b c\nquorum g\n", true),
        good("2 of 4", 4, "group g 2 a b c d\nquorum g\n", false),
        good("nested", 5, "group x 2 a b c\ngroup y any d e\ngroup z all x y\nquorum z\n", true),
        good("a member that splits counts twice", 4, "group x any a b\ngroup y 2 x c d\nquorum y\n", false),
        good("witnesses that do not count", 3, "quorum b\n", true),
        special("no log", "quorum none\n".to_owned(), gives(0, &[], false)),
        special(
            "comments, blank lines, tabs, urls",
            format!("# a policy\n\n \t# more\n\tlog \t{log}  https://log.example/\t\nquorum none\n"),
            gives(1, &[], false),
        ),
        special(
            "any letters in names",
            format!("witness وزارة {a}\nquorum وزارة\n"),
            gives(0, &["وزارة".to_owned()], true),
        ),
        special(
            "the quorum before other lines",
            format!("{}quorum a\n{}", witnesses(1), policy(0, "")),
            gives(1, &["a".to_owned()], true),
        ),
    ]
}

fn refused_policies() -> Vec<Value> {
    let bad = |name: &str, policy: String, code: &str| refused(name, json!({"policy": policy}), code);
    let rules = |name: &str, rules: &str, code: &str| bad(name, policy(3, rules), code);
    let log_key = log().verifier().to_string();
    let witness_with =
        |seed: [u8; 32]| CosignatureSigner::new(name("again.example"), &seed).verifier().to_string();
    let (same_key, log_key_as_witness) = (witness_with(witness_seed(1)), witness_with([1; 32]));
    vec![
        bad("nothing", String::new(), "policy-quorum-line"),
        bad("no quorum", policy(1, ""), "policy-quorum-line"),
        rules("two quorums", "quorum a\nquorum a\n", "policy-quorum-line"),
        rules("no newline at the end", "quorum a", "policy-line"),
        rules("an unknown line", "witnes d\nquorum a\n", "policy-line"),
        rules("a quorum of two names", "quorum a b\n", "policy-line"),
        rules(
            "two urls",
            &format!("witness d {} https://a https://b\nquorum a\n", witness(4).verifier()),
            "policy-line",
        ),
        rules("a no-break space is no space", "quorum\u{a0}a\n", "policy-line"),
        rules("a group named none", "group none any a\nquorum a\n", "policy-line"),
        rules("a carriage return", "quorum a\r\n", "policy-encoding"),
        rules("an undefined quorum", "quorum d\n", "policy-name-unknown"),
        rules("an undefined member", "group g any a d\nquorum g\n", "policy-name-unknown"),
        rules("a group in itself", "group g any a g\nquorum g\n", "policy-name-unknown"),
        rules("used before it is defined", "group g any h\ngroup h any a\nquorum g\n", "policy-name-unknown"),
        rules("none as a member", "group g any a none\nquorum g\n", "policy-name-unknown"),
        rules("a member twice", "group g 2 a a\nquorum g\n", "policy-name-twice"),
        rules("a member of two groups", "group g any a b\ngroup h any b c\nquorum g\n", "policy-name-twice"),
        rules("a name defined twice", "group a any b\nquorum a\n", "policy-name-twice"),
        rules("threshold 0", "group g 0 a b\nquorum g\n", "policy-threshold"),
        rules("threshold above the members", "group g 3 a b\nquorum g\n", "policy-threshold"),
        rules("threshold with a leading zero", "group g 01 a b\nquorum g\n", "policy-threshold"),
        rules("a word for a threshold", "group g most a b\nquorum g\n", "policy-threshold"),
        rules("no members, all", "group g all\nquorum g\n", "policy-threshold"),
        rules("no members, any", "group g any\nquorum g\n", "policy-threshold"),
        rules("a key under two names", &format!("witness again {same_key}\nquorum a\n"), "policy-key-twice"),
        rules("a log twice", &format!("log {log_key}\nquorum a\n"), "policy-key-twice"),
        rules(
            "the log's key as witness",
            &format!("witness again {log_key_as_witness}\nquorum a\n"),
            "policy-key-twice",
        ),
        rules(
            "a log key for a witness",
            &format!("witness d {}\nquorum a\n", impostor().verifier()),
            "key-type",
        ),
        rules("a witness key for a log", &format!("log {}\nquorum a\n", witness(4).verifier()), "key-type"),
        rules(
            "a key with another id",
            &format!("log {}\nquorum a\n", impostor().verifier()).replace("sijill+", "sijil+"),
            "key-id",
        ),
    ]
}

pub(super) fn quorums() -> Vec<Value> {
    let t = 1_700_000_000;
    let inputs = |policy: &str, note: String| json!({"policy": policy, "note": note});
    let good = |name: &str, policy: &str, by: &[(u8, u64)], time: Option<(u64, u64)>| {
        let mut gives = gives_checkpoint(&checkpoint(SIZE));
        // The policy's order, whatever the note's.
        let mut cosigned_by: Vec<&(u8, u64)> = by.iter().filter(|(w, _)| *w <= 3).collect();
        cosigned_by.sort();
        let names = cosigned_by.iter().map(|(w, time)| json!([letter(*w), time.to_string()]));
        gives["cosigned"] = names.collect();
        gives["by"] = json!(time.map(|(by, _)| by.to_string()));
        gives["since"] = json!(time.map(|(_, since)| since.to_string()));
        accepted(name, inputs(policy, cosigned(SIZE, by).to_string()), gives)
    };
    let bad = |name: &str, policy: &str, note: String, code: &str| refused(name, inputs(policy, note), code);
    let two_of_three = &policy(3, "group g 2 a b c\nquorum g\n");
    let all = &policy(3, "group g all a b c\nquorum g\n");
    let nested = &policy(3, "group x any a b\ngroup y all x c\nquorum y\n");
    let none = &policy(3, "quorum none\n");
    let mut wrong = cosigned(SIZE, &[(1, t), (2, t)]);
    wrong.add(witness(3).cosign(&checkpoint(7), t).expect("a time")).expect("room");
    let foreign = Checkpoint { origin: name("other.example"), ..checkpoint(SIZE) };
    let foreign_key = NoteSigner::new(name("other.example"), &[3; 32]);
    vec![
        good(
            "2 of 3, all signed: one false clock moves nothing",
            two_of_three,
            &[(1, 5), (2, t), (3, t + 9)],
            Some((t, t)),
        ),
        good("2 of 3, two signed", two_of_three, &[(3, t + 9), (1, t)], Some((t + 9, t))),
        good("all", all, &[(1, t), (2, t + 1), (3, t + 2)], Some((t + 2, t))),
        good("nested", nested, &[(1, t), (2, t + 1), (3, t + 2)], Some((t + 2, t + 1))),
        good("none, although one signed", none, &[(1, t)], None),
        good("none, and none signed", none, &[], None),
        good(
            "a witness that is not in the policy",
            two_of_three,
            &[(1, t), (2, t + 1), (4, 3)],
            Some((t + 1, t)),
        ),
        bad("1 of 3", two_of_three, cosigned(SIZE, &[(1, t)]).to_string(), "quorum"),
        bad(
            "two, but one is not in the policy",
            two_of_three,
            cosigned(SIZE, &[(1, t), (4, t)]).to_string(),
            "quorum",
        ),
        bad("nested, one group short", nested, cosigned(SIZE, &[(1, t), (2, t)]).to_string(), "quorum"),
        bad("a quorum beside a wrong cosignature", two_of_three, wrong.to_string(), "note-signature"),
        bad(
            "another log",
            none,
            foreign.sign(&foreign_key).expect("a checkpoint").to_string(),
            "policy-log-unknown",
        ),
        bad(
            "another key of the log",
            none,
            checkpoint(SIZE).sign(&impostor()).expect("a checkpoint").to_string(),
            "note-unsigned",
        ),
        bad("no log in the policy", "quorum none\n", signed(SIZE).to_string(), "policy-log-unknown"),
    ]
}
