//! `sijill policy`: whether a policy is sound, what it says to a case, what another version changes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sijill_casework::Code;
use sijill_casework::codes::{CodeBook, CodeList, SHIPPED};
use sijill_casework::policy::{Difference, Dimension, Explained, Policy, Prescription, Situation};

use crate::answer::Answer;
use crate::error::{Error, Result};

/// `sijill policy …`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say whether a policy is complete, free of contradictions and within the code lists
    #[command(after_help = "Exit status: 0 sound; 1 findings; 2 the file is no policy, or cannot be read.")]
    Check {
        /// The policy, TOML
        file: PathBuf,
        /// Where the code lists are
        #[command(flatten)]
        codes: CodesFrom,
    },
    /// Say what a policy prescribes for a case, by which rules, and why the other rules do not apply
    Explain {
        /// The policy, TOML
        file: PathBuf,
        /// The situation
        #[command(flatten)]
        case: CaseArgs,
        /// Where the code lists are
        #[command(flatten)]
        codes: CodesFrom,
    },
    /// Say what changes when one policy takes the place of another
    Diff {
        /// The policy as it is
        before: PathBuf,
        /// The policy as it would be
        after: PathBuf,
        /// Where the code lists are
        #[command(flatten)]
        codes: CodesFrom,
    },
}

/// Where the code lists are.
#[derive(Debug, clap::Args)]
pub struct CodesFrom {
    /// Directory of code lists (*.json), instead of those that come with this program
    #[arg(long = "codes", value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// What is known of a case.
#[derive(Debug, clap::Args)]
pub struct CaseArgs {
    /// What is feared for the child (repeatable)
    #[arg(long = "concern", value_name = "CODE", required = true)]
    concerns: Vec<String>,
    /// The risk
    #[arg(long, value_name = "CODE")]
    risk: String,
    /// The age band
    #[arg(long, value_name = "CODE")]
    age: String,
    /// Where the case is
    #[arg(long, value_name = "CODE")]
    governorate: String,
    /// Something in the child's situation (repeatable)
    #[arg(long = "situation", value_name = "CODE")]
    situations: Vec<String>,
}

/// Runs `sijill policy …`.
pub fn run(command: Command) -> Result<Answer> {
    match command {
        Command::Check { file, codes } => Ok(check(&read(&file)?, &codes.read()?)),
        Command::Explain { file, case, codes } => {
            let case = case.read(&codes.read()?)?;
            Ok(explain(&read(&file)?, &case))
        }
        Command::Diff { before, after, codes } => Ok(diff(&read(&before)?, &read(&after)?, &codes.read()?)),
    }
}

fn read(file: &Path) -> Result<Policy> {
    let bytes = std::fs::read(file).map_err(Error::unreadable(file))?;
    Policy::parse(&bytes).map_err(|error| Error::malformed(file, format!("{}: {error}", error.code())))
}

impl CodesFrom {
    fn read(&self) -> Result<CodeBook> {
        let Some(dir) = &self.dir else {
            return SHIPPED.iter().map(|(id, json)| list(Path::new(id), json)).collect();
        };
        let mut lists = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(Error::unreadable(dir))? {
            let path = entry.map_err(Error::unreadable(dir))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                lists.push(list(&path, &std::fs::read(&path).map_err(Error::unreadable(&path))?)?);
            }
        }
        Ok(lists.into_iter().collect())
    }
}

fn list(path: &Path, json: &[u8]) -> Result<CodeList> {
    CodeList::parse(json).map_err(|error| Error::malformed(path, error.to_string()))
}

impl CaseArgs {
    /// The case, in codes of the lists: a misspelt one would match no rule and look like an answer.
    fn read(&self, book: &CodeBook) -> Result<Situation> {
        let code = |dimension: Dimension, text: &String| {
            let known = Code::parse(text).filter(|code| {
                book.list(dimension.list()).is_some_and(|list| list.is_current(code.as_str()))
            });
            known.ok_or_else(|| {
                let codes: Vec<&str> = book.current(dimension.list()).map(Code::as_str).collect();
                Error::Usage(format!("`{text}` is no {dimension}; it is one of {}", codes.join(", ")))
            })
        };
        let codes = |dimension: Dimension, texts: &[String]| {
            texts.iter().map(|text| code(dimension, text)).collect::<Result<_>>()
        };
        Ok(Situation {
            concerns: codes(Dimension::Concern, &self.concerns)?,
            risk: code(Dimension::Risk, &self.risk)?,
            age: code(Dimension::Age, &self.age)?,
            governorate: code(Dimension::Governorate, &self.governorate)?,
            situations: codes(Dimension::Situation, &self.situations)?,
        })
    }
}

fn check(policy: &Policy, book: &CodeBook) -> Answer {
    let found = policy.check(book);
    let mut text = String::new();
    for finding in &found {
        let _ = writeln!(text, "{}: {finding}", finding.code());
    }
    let rules: usize = policy.tables().iter().map(|table| table.rules.len()).sum();
    let (tables, deadlines, units) =
        (policy.tables().len(), policy.deadlines().len(), policy.targets().count());
    let _ = write!(
        text,
        "{}: {tables} tables, {rules} rules, {deadlines} deadlines, {units} units: ",
        policy.id()
    );
    match found.len() {
        0 => text += "sound",
        1 => text += "1 finding",
        count => _ = write!(text, "{count} findings"),
    }
    let units: Vec<String> = policy.targets().map(ToString::to_string).collect();
    let findings: Vec<Value> = found
        .iter()
        .map(|finding| json!({"code": finding.code(), "sentence": finding.to_string()}))
        .collect();
    let json = json!({
        "policy": policy.id(), "sound": found.is_empty(), "findings": findings, "tables": tables, "rules": rules,
        "deadlines": deadlines, "units": units,
    });
    Answer::good(text, &json).bad_if(!found.is_empty())
}

fn explain(policy: &Policy, case: &Situation) -> Answer {
    let (prescribed, explained) = (policy.prescribe(case), policy.explain(case));
    let mut text = String::new();
    for one in &explained {
        weighed(&mut text, one);
    }
    match prescribed.len() {
        0 => text += "Nothing is prescribed.",
        count => _ = write!(text, "Prescribed ({count}):"),
    }
    for referral in &prescribed {
        let _ = write!(text, "\n  {}", sentence(referral));
    }
    Answer::good(text, &json!({"prescribed": prescribed, "explained": explained}))
}

fn weighed(text: &mut String, one: &Explained) {
    let _ = writeln!(
        text,
        "{} ({}), asked with concern {}, situation {}:",
        one.table, one.title.en, one.concern, one.situation
    );
    for rule in &one.rules {
        if rule.missed.is_empty() {
            let says = rule.says.as_ref().map_or_else(|| "nothing".to_owned(), sentence);
            let _ = writeln!(text, "  rule {} applies: {says}\n    by: {}", rule.rule, rule.source);
        } else {
            let missed: Vec<&str> = rule.missed.iter().map(|dimension| dimension.as_str()).collect();
            let _ = writeln!(text, "  rule {} does not, for its {}", rule.rule, missed.join(", "));
        }
    }
    text.push('\n');
}

fn sentence(referral: &Prescription) -> String {
    let fields: Vec<&str> = referral.fields.iter().map(String::as_str).collect();
    format!(
        "{} referral to {} for {} ({}), on {}, disclosing {}",
        referral.priority,
        referral.to,
        referral.service,
        referral.reason,
        referral.legal_basis,
        if fields.is_empty() { "nothing".to_owned() } else { fields.join(", ") }
    )
}

fn diff(before: &Policy, after: &Policy, book: &CodeBook) -> Answer {
    let differences = Policy::diff(before, after, book);
    let sentences: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let text = if sentences.is_empty() { "They decide alike.".to_owned() } else { sentences.join("\n") };
    let json: Vec<Value> = differences
        .iter()
        .zip(&sentences)
        .map(|(difference, sentence)| match difference {
            Difference::Decision { table, combinations, before, after } => json!({
                "table": table, "combinations": combinations, "before": before, "after": after, "sentence": sentence,
            }),
            Difference::Setting { what, before, after } => {
                json!({"what": what, "before": before, "after": after, "sentence": sentence})
            }
        })
        .collect();
    Answer::good(text, &json!({"differences": json}))
}

#[cfg(test)]
mod tests {
    use sijill_casework::policy::OMAN;

    use super::*;
    use crate::answer::Verdict;

    /// The policy that comes with the programme in a directory, and a change of it.
    fn files(from: &str, to: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let (before, after) = (dir.path().join("before.toml"), dir.path().join("after.toml"));
        let text = std::str::from_utf8(OMAN).unwrap();
        assert!(text.contains(from));
        std::fs::write(&before, text).unwrap();
        std::fs::write(&after, text.replacen(from, to, 1)).unwrap();
        (dir, before, after)
    }

    fn shipped() -> CodesFrom {
        CodesFrom { dir: None }
    }

    #[test]
    fn a_sound_policy_is_good_a_spoiled_one_bad_and_no_policy_an_error() {
        let (dir, sound, spoiled) = files("when.risk = [\"none\"]", "when.risk = [\"high\"]");
        let answer = run(Command::Check { file: sound.clone(), codes: shipped() }).unwrap();
        assert_eq!((answer.verdict, &answer.json["sound"]), (Verdict::Good, &json!(true)));
        assert!(answer.text.ends_with(": sound"), "{}", answer.text);

        let answer = run(Command::Check { file: spoiled, codes: shipped() }).unwrap();
        assert_eq!(answer.verdict, Verdict::Bad);
        let codes: Vec<&str> = answer.json["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one["code"].as_str())
            .collect();
        assert_eq!(codes, ["policy-conflict", "policy-undecided"]);

        std::fs::write(&sound, "[policy").unwrap();
        let error = run(Command::Check { file: sound, codes: shipped() }).unwrap_err();
        assert!(error.to_string().contains("policy-malformed: line 1"), "{error}");
        assert!(run(Command::Check { file: dir.path().join("none"), codes: shipped() }).is_err());
    }

    #[test]
    fn code_lists_may_come_from_a_directory() {
        let (dir, sound, _) = files("oman", "oman");
        let lists = dir.path().join("codes");
        std::fs::create_dir(&lists).unwrap();
        let check = || {
            let codes = CodesFrom { dir: Some(lists.clone()) };
            run(Command::Check { file: sound.clone(), codes })
        };
        assert_eq!(check().unwrap().verdict, Verdict::Bad, "no lists at all");
        for (id, json) in SHIPPED {
            std::fs::write(lists.join(format!("{id}.json")), json).unwrap();
        }
        assert_eq!(check().unwrap().verdict, Verdict::Good);
        std::fs::write(lists.join("risk.json"), "{}").unwrap();
        assert!(check().unwrap_err().to_string().contains("risk.json"));
    }

    fn asked(risk: &str) -> CaseArgs {
        CaseArgs {
            concerns: vec!["physical_abuse".to_owned()],
            risk: risk.to_owned(),
            age: "5-11".to_owned(),
            governorate: "OM-DA".to_owned(),
            situations: Vec::new(),
        }
    }

    #[test]
    fn an_explanation_names_the_rule_and_why_others_are_silent() {
        let (_dir, file, _) = files("oman", "oman");
        let explain =
            |risk| run(Command::Explain { file: file.clone(), case: asked(risk), codes: shipped() });
        let answer = explain("high").unwrap();
        let to: Vec<&str> = answer.json["prescribed"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one["to"]["unit"].as_str())
            .collect();
        assert_eq!(to, ["da", "hospital-da", "desk"]);
        assert!(answer.text.contains("rule physical applies: urgent referral to moh/hospital-da for health"));
        assert!(answer.text.contains("rule sexual does not, for its concern"));
        assert!(explain("none").unwrap().text.ends_with("Nothing is prescribed."));
        let error = explain("huge").unwrap_err();
        assert!(error.to_string().contains("one of high, medium, low, none"), "{error}");
    }

    #[test]
    fn a_diff_says_what_changes() {
        let (_dir, before, after) = files("within = \"30m\"", "within = \"20m\"");
        let diff = |a: &PathBuf, b: &PathBuf| {
            run(Command::Diff { before: a.clone(), after: b.clone(), codes: shipped() }).unwrap()
        };
        let answer = diff(&before, &after);
        assert!(answer.text.starts_with("Deadline `acknowledge` of `urgent`: within 20m"), "{}", answer.text);
        assert_eq!(answer.json["differences"].as_array().unwrap().len(), 1);
        assert_eq!(diff(&before, &before).text, "They decide alike.");
    }
}
