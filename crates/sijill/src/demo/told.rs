//! What the demonstration says: what was made, and commands to go on with.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::HumanCount as Count;
use serde_json::{Value, json};
use sijill_audit::{Level, Report, Status};
use sijill_domain::{Registry, name_at};

use super::country::{AGENCIES, Part, QUORUM};
use super::founding::{Council, key_name};
use super::guards::AtWork;
use super::stage::{Stage, Tally, Who};
use super::{figures, month};
use crate::command::serve::{no_secure_context, url_of};

/// What is left of the stage when the play is over.
pub(super) struct Played {
    tally: Tally,
    size: u64,
    root: String,
    /// The id of a case in which much has happened.
    case: String,
    /// The id of the one that has just come in.
    urgent: String,
    agencies: Vec<(String, String, String)>,
}

impl Played {
    pub(super) fn of(stage: &Stage) -> Self {
        let published = stage.ledger().published();
        Self {
            tally: stage.tally.clone(),
            size: published.checkpoint.size,
            root: sijill_event::b64::encode(published.checkpoint.root.0),
            case: case(stage),
            urgent: urgent(stage),
            agencies: names(&stage.ledger().registry(), stage.ledger().now_ms()),
        }
    }
}

/// The open case of Muscat's committee with the longest history; of equally long ones the first.
fn case(stage: &Stage) -> String {
    let cases = stage.files().iter().filter(|(_, file)| {
        file.is_open() && file.case.as_ref().is_some_and(|case| case.owner.to_string() == "cpc/ma")
    });
    cases.rev().max_by_key(|(_, file)| file.events.len()).map(|(id, _)| id.clone()).unwrap_or_default()
}

/// The case that was opened last.
fn urgent(stage: &Stage) -> String {
    let cases = stage.files().iter().filter_map(|(id, file)| Some((id, file.case.as_ref()?.opened_at)));
    cases.max_by_key(|(_, opened)| *opened).map(|(id, _)| id.clone()).unwrap_or_default()
}

/// The agencies by their names now.
fn names(registry: &Registry, now: u64) -> Vec<(String, String, String)> {
    let named = AGENCIES.iter().filter_map(|agency| {
        let name = name_at(&registry.agency(agency.id)?.names, now)?;
        Some((agency.id.to_owned(), name.ar().to_owned(), name.en().to_owned()))
    });
    named.collect()
}

/// Everything to be told.
pub(super) struct Told {
    pub(super) dir: PathBuf,
    pub(super) seed: u64,
    pub(super) address: Option<SocketAddr>,
    pub(super) made: Duration,
    pub(super) stage: Played,
    pub(super) report: Report,
    /// Dropped, they end.
    pub(super) guards: Vec<AtWork>,
}

impl Told {
    fn count(&self, event_type: &str) -> u64 {
        self.stage.tally.by_type.get(event_type).copied().unwrap_or(0)
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        json!({
            "dir": self.dir, "seed": self.seed, "origin": super::ORIGIN, "size": self.stage.size, "root": self.stage.root,
            "trust": self.dir.join("trust.json"), "case": self.stage.case, "urgent": self.stage.urgent, "agencies": self.stage.agencies.len(),
            "tally": self.stage.tally, "audit": self.report, "seconds": self.made.as_secs_f64(),
            "url": self.address.map(url), "guards": self.guards.iter().map(AtWork::json).collect::<Vec<_>>(),
        })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "A made-up month of child protection in Oman, January 2026. Nobody in it is real; its keys come from the seed \
             ({}) and protect nothing.\n\n",
            self.seed
        );
        let mut line = |name: &str, words: String| _ = writeln!(text, "{name:<11}{words}");
        line(
            "ledger",
            format!(
                "{} in {}: {} entries, made in {:.1} s",
                super::ORIGIN,
                self.dir.display(),
                Count(self.stage.size),
                self.made.as_secs_f64()
            ),
        );
        let (founders, council) =
            (AGENCIES.iter().filter(|a| a.part == Part::Founder).count(), Council::complete());
        line(
            "agencies",
            format!(
                "{}; {founders} founded it, {QUORUM} of them decided; now {} of {} members do",
                AGENCIES.len(),
                council.quorum(),
                council.size()
            ),
        );
        for (id, ar, en) in &self.stage.agencies {
            line("", format!("{id:<8}{ar}  {en}"));
        }
        line("registry", "moe renamed by RD 14/2026 from 18 January; mosd/counselling closed; a key of rop/desk-3 revoked, one \
            of moh/hospital-ma-3 compromised; 29 January announced as a holiday".to_owned());
        self.tell_month(&mut line);
        let levels = &self.report.levels;
        for (head, name, level) in [
            ("audit", "integrity", &levels.integrity),
            ("", "authority", &levels.authority),
            ("", "rules", &levels.rules),
        ] {
            line(head, format!("{name} {}", words(level)));
        }
        line("", format!("{} faults, {:.1} s", self.report.faults.len(), self.report.seconds));
        for (nth, guard) in self.guards.iter().enumerate() {
            line(if nth == 0 { "guards" } else { "" }, guard.words());
        }
        if !self.guards.is_empty() {
            line(
                "",
                "two of the three witnesses have to cosign; the mirror has replayed everything".to_owned(),
            );
        }
        text.push('\n');
        text + &self.next()
    }

    fn tell_month(&self, line: &mut impl FnMut(&str, String)) {
        let tally = &self.stage.tally;
        line(
            "month",
            format!(
                "{} calls to 1100, of which {} became cases (published for 2018: {} of {}); {} cases in all",
                self.count("contact.logged"),
                tally.from_calls,
                figures::CASES_2018,
                Count(figures::CALLS_2018),
                self.count("case.opened"),
            ),
        );
        line(
            "",
            format!(
                "{} referrals, of which {} by policy and {} by hand; {} accepted, {} refused, {} completed so far",
                self.count("referral.requested"),
                self.stage.tally.by_policy,
                self.count("referral.requested").saturating_sub(self.stage.tally.by_policy),
                self.count("referral.accepted"),
                self.count("referral.rejected"),
                self.count("referral.completed"),
            ),
        );
        line(
            "",
            format!(
                "{} reminders, {} deadlines missed, {} escalations; {} children seen, {} plans approved, {} cases closed",
                self.count("reminder.sent"),
                self.count("referral.breached") + self.count("deadline.breached"),
                self.count("escalation.raised"),
                self.count("child.seen"),
                self.count("plan.approved"),
                self.count("case.closed"),
            ),
        );
        line(
            "",
            format!(
                "{} conferences held, {} consents withdrawn, glass broken {} times, values shown {} times",
                self.count("conference.held"),
                self.count("consent.withdrawn"),
                self.count("break_glass.invoked"),
                self.count("access.released"),
            ),
        );
        line(
            "",
            format!(
                "{} told more than a day late; {} written at once, seen and signed again; {} sent twice, kept once",
                tally.late, tally.conflicts, tally.duplicates
            ),
        );
        let refused: Vec<String> =
            tally.refused.iter().map(|(code, count)| format!("{count} {code}")).collect();
        line("", format!("refused as it has to be: {}", refused.join(", ")));
    }

    /// Commands, to be copied.
    fn next(&self) -> String {
        let program = program();
        let dir = shell(&self.dir.display().to_string());
        let key = |agency, officer| {
            let path = self.dir.join("keys").join(key_name(&Who::new(agency, officer)));
            shell(&path.display().to_string())
        };
        let (case, trust) = (format!("case/{}", self.stage.case), format!("{dir}/trust.json"));
        let mut text = String::from("Try:\n");
        let mut step = |what: &str, command: String| _ = writeln!(text, "\n  # {what}\n  {command}");
        if let Some(address) = self.address {
            let (url, escaped) = (url(address), case.replace('/', "%2F"));
            step("what the whole ledger hangs on", format!("curl -s {url}/log/checkpoint"));
            let token = format!("$({program} keys token --url {url} --key {})", key("sai", "audit-1"));
            step(
                "a case, as the State Audit Institution reads it: signed, pseudonymous, without what can be erased",
                format!(
                    "curl -s -H \"Authorization: Bearer {token}\" '{url}/v1/streams/{escaped}/events?limit=2'"
                ),
            );
            let write = |key: &str| {
                format!(
                    "{program} case act {} note.added text='made up' --url {url} --trust {trust} --key {key}",
                    self.stage.case
                )
            };
            step("write in it as the committee; the receipt is verified", write(&key("cpc", "ma-1")));
            // Whoever holds it does not even get a token: the answer says so.
            let revoked = shell(&self.dir.join("keys").join(month::revoked_key()).display().to_string());
            step("write in it with the revoked key of a police officer: refused", write(&revoked));
            if let Some((mirror, mirror_url)) = AtWork::mirror(&self.guards) {
                let mirror = shell(&mirror.display().to_string());
                step(
                    "the same, cosigned by two of three agencies, and by the mirror that has replayed it",
                    format!("curl -s {url}/log/witnessed; curl -s {mirror_url}/log/checkpoint"),
                );
                step(
                    "the mirror's own copy, audited without asking the ledger",
                    format!(
                        "{program} mirror status --dir {mirror}; {program} audit {mirror} --trust {trust}"
                    ),
                );
            }
            step("the description of the API, for a browser", format!("{url}/docs"));
        } else {
            step("serve it", format!("{program} serve --dir {dir}"));
        }
        step(
            "the story of a case, from the log alone: who did what, by which rule, what was missed (also --lang ar)",
            format!("{program} why {} --dir {dir}", self.stage.case),
        );
        step(
            "audit it, from another terminal, while it is served",
            format!("{program} audit {dir} --trust {trust}"),
        );
        let (export, evidence) = (format!("{dir}-export"), format!("{dir}-case.json"));
        step(
            "take one case to a court: everything it takes to verify it, in one file",
            format!(
                "{program} prove --dir {dir} --stream {case} --out {evidence} && {program} audit {evidence} --trust {trust}"
            ),
        );
        step(
            "give all of it to an auditor, who need not use this program",
            format!(
                "{program} export --dir {dir} --out {export} && python3 tools/verify/verify.py audit {export} --trust {trust}"
            ),
        );
        step(
            "change one byte of that and audit again",
            format!(
                "printf X | dd of={export}/tile/entries/001 bs=1 seek=4321 conv=notrunc 2>/dev/null; {program} audit {export} --trust {trust} | head -20"
            ),
        );
        if let Some(address) = self.address {
            let _ = write!(text, "\nServing at {} until Ctrl-C.", url(address));
            if let Some(note) = no_secure_context("http", address) {
                let _ = write!(text, "\n\nNote: {note}.");
            }
        }
        text
    }
}

/// Where it is served, to be copied.
fn url(address: SocketAddr) -> String {
    url_of("http", address)
}

/// This program, as it can be called from here.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else { return "sijill".to_owned() };
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).map_or(path.clone(), Path::to_path_buf);
    shell(&path.display().to_string())
}

/// A word for a POSIX shell.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn words(level: &Level) -> String {
    let status = match level.status {
        Status::Clean => "clean",
        Status::Faults => "FAULTS",
        Status::Partial => "partial",
        Status::NotRun => "not run",
    };
    format!("{status}, {} checked", Count(level.checked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_a_shell() {
        assert_eq!(shell(".sijill/demo"), ".sijill/demo");
        assert_eq!(shell("a b"), "'a b'");
        assert_eq!(shell("it's"), "'it'\\''s'");
    }
}
