//! Audits on the record: who audited what size, with what result, when.

use maud::{Markup, html};
use sijill_domain::event::{AuditRecorded, AuditStatus, AuditedLevel};
use sijill_event::{Entry, Stream};
use sijill_ledger::Ledger;

use super::{commands, entry_link};
use crate::desk::Office;
use crate::page::word;
use crate::part::state;
use crate::say::Id;
use crate::text::texts;
use crate::{DeskError, Text, View};

texts! {
    TITLE: "ما وجده المدققون", "What audits found";
    NOTE: "يوقّع المدقق ما وجده بمفتاحه ويصير قيدًا لا يُسترد. ولا يُصدَّق بغير إعادة: أي مدقق آخر يعيد الفحص نفسه.", "An auditor signs what it found, and that becomes an entry nobody can take back. Nor has anybody to believe it: any other auditor can repeat the audit.";
    WHEN: "وقت التسجيل", "Recorded";
    WHO: "المدقق", "Auditor";
    OF: "القيود المدقَّقة", "Entries audited";
    RESULT: "النتيجة", "Result";
    WITH: "الأداة", "Program";
    ENTRY: "القيد", "Entry";
    FAULTLESS: "لا خلل فيما فُحص", "No fault in what was checked";
    FAULTY: "وُجد خلل: {faults}", "Faults were found: {faults}";
    NOT_ANCHORED: "بلا ملف ثقة: فُحص السجل على كلامه هو.", "Without a trust file: the ledger was checked against its own word.";
    OTHER_ROOT: "بصمته ليست بصمة هذا السجل عند ذلك العدد: أحدهما خاطئ.", "Its root hash is not this ledger's at that size: one of the two is wrong.";
    INTEGRITY: "السلامة", "Integrity";
    AUTHORITY: "الصلاحيات", "Authority";
    RULES: "القواعد", "Rules";
    FIGURES: "الأرقام", "Figures";
    CLEAN: "سليم", "clean";
    FAULTS: "خلل", "faults";
    PARTIAL: "سليم في ما فُحص، ولم يُفحص {unchecked}", "clean in what was checked, {unchecked} not checked";
    NOT_RUN: "لم يُفحص", "not run";
    NOTHING: "لم يُسجَّل أي تدقيق هنا", "No audit is recorded here";
    NOTHING_NOTE: "يسجّل المدقق نتيجته بالأمر أدناه.", "An auditor records one with the command below.";
    COMMANDS: "أمر التدقيق والتسجيل", "The command to audit and record";
    EARLIER: "أقدم", "Earlier";
    LATEST: "الأحدث", "Latest";
}

/// Entries of stream `log` that a page looks through; once a day it attests read models too.
const LOOK: u64 = 100;

struct Run {
    index: u64,
    entry: Entry,
    found: AuditRecorded,
    /// Whether its root is the log's at that size.
    same_root: bool,
}

/// The audits among the `log` entries before a position, the latest first; and where earlier ones would be.
async fn read(ledger: &Ledger, before: Option<u64>) -> Result<(Vec<Run>, u64), DeskError> {
    let stream = Stream::parse("log").ok_or(DeskError::Unavailable)?;
    let end = ledger.next(&stream).await?.seq;
    let end = before.map_or(end, |before| before.min(end));
    let from = end.saturating_sub(LOOK);
    let limit = u32::try_from(end - from).unwrap_or(0);
    let page = if limit == 0 { Vec::new() } else { ledger.stream_entries(&stream, from, limit).await? };
    let mut runs = Vec::new();
    for (index, text) in page {
        let Ok(entry) = Entry::parse(text.as_bytes()) else { continue };
        if entry.event.event_type != AuditRecorded::TYPE {
            continue;
        }
        let Ok(found) = AuditRecorded::parse(&entry.event.data) else { continue };
        let same_root = ledger.root_at(found.size).await.is_ok_and(|root| root.0 == found.root.0);
        runs.push(Run { index, entry, found, same_root });
    }
    runs.reverse();
    Ok((runs, from))
}

pub(super) async fn section(
    office: &Office,
    view: &View,
    audits: bool,
    before: Option<u64>,
) -> Result<Markup, DeskError> {
    let (runs, from) = read(&office.desk.ledger, before).await?;
    let site = office.desk.sites.first().map_or("", String::as_str);
    let lines = [format!("sijill audit {site}/log --trust trust.json --key auditor.key --record")];
    Ok(html! {
        h2 #runs { (view.t(TITLE)) }
        p { (view.t(NOTE)) }
        @if runs.is_empty() { (state::nothing(view, NOTHING, NOTHING_NOTE, None)) }
        @else { (table(view, office, &runs, audits)) }
        div.row {
            @if from > 0 { a.button.button--second href={ "/desk/audit?before=" (from) "#runs" } { (view.t(EARLIER)) } }
            @if before.is_some() { a href="/desk/audit#runs" { (view.t(LATEST)) } }
        }
        @if audits { (commands(view.t(COMMANDS), &lines)) }
    })
}

fn table(view: &View, office: &Office, runs: &[Run], audits: bool) -> Markup {
    let registry = office.desk.ledger.registry();
    html! {
        div.table-wrap tabindex="0" role="group" aria-label=(view.t(TITLE)) {
            table {
                caption.visually-hidden { (view.t(TITLE)) }
                thead { tr { @for head in [ENTRY, WHEN, WHO, OF, RESULT, WITH] { th scope="col" { (view.t(head)) } } } }
                tbody {
                    @for run in runs {
                        tr {
                            th scope="row" { @if audits { (entry_link(view, run.index)) } @else { (view.number(run.index)) } }
                            td { (view.time(run.entry.received)) }
                            td { (word::agency(view, &registry, &run.entry.event.iss)) " · " (Id(&run.entry.event.sub)) }
                            td { (view.number(run.found.size)) }
                            td { (result(view, run)) }
                            td { bdi dir="ltr" { (run.found.tool) " " (run.found.version) } }
                        }
                    }
                }
            }
        }
    }
}

fn result(view: &View, run: &Run) -> Markup {
    let found = &run.found;
    let faults: Vec<_> =
        found.faults.iter().map(|fault| format!("{} × {}", view.number(fault.count), fault.code)).collect();
    let levels = &found.levels;
    let all = [
        (INTEGRITY, &levels.integrity),
        (AUTHORITY, &levels.authority),
        (RULES, &levels.rules),
        (FIGURES, &levels.figures),
    ];
    html! {
        p.check data-good[faults.is_empty()] {
            @if faults.is_empty() { (view.t(FAULTLESS)) }
            @else { (FAULTY.fill(view.lang, &[("faults", &html! { bdi dir="ltr" { (faults.join(", ")) } })])) }
        }
        @if !run.same_root { p.check { (view.t(OTHER_ROOT)) } }
        @if !found.anchored { p.quiet.small { (view.t(NOT_ANCHORED)) } }
        ul.levels.small { @for (name, level) in all { li { (view.t(name)) ": " (status(view, level)) } } }
    }
}

fn status(view: &View, level: &AuditedLevel) -> Markup {
    let said: Text = match level.status {
        AuditStatus::Clean => CLEAN,
        AuditStatus::Faults => FAULTS,
        AuditStatus::Partial => PARTIAL,
        AuditStatus::NotRun => NOT_RUN,
    };
    said.fill(view.lang, &[("unchecked", &view.number(level.unchecked.unwrap_or(0)))])
}
