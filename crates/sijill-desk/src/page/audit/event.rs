//! `/desk/audit/event`: a proof of any entry in plain words, found by its index or its id, with files to check elsewhere.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use sijill_audit::EVIDENCE_MEDIA_TYPE;
use sijill_domain::event::Role;
use sijill_event::{Entry, Stream, StreamKind, Uuid, b64};
use sijill_ledger::Ledger;

use super::commands;
use super::evidence::gathered;
use super::examined::{Came, Examined, examine};
use super::kinds::called;
use crate::desk::Office;
use crate::page::case::{self, history, is_kept_out, reader};
use crate::page::word;
use crate::part::form::{Field, errors};
use crate::part::page::Page;
use crate::say::Id;
use crate::text::texts;
use crate::{DeskError, Session, Text, View};

texts! {
    TITLE: "إثبات قيد", "Proof of an entry";
    ENTRY: "القيد {n}", "Entry {n}";
    FIND: "إثبات أي قيد", "Prove any entry";
    WHICH: "رقم القيد أو معرّفه", "The entry's number or id";
    HINT: "رقمه في السجل، مثل 1200، أو معرّفه الموقّع فيه (jti).", "Its number in the log, like 1200, or the id that was signed in it (jti).";
    SHOW: "إثبات", "Prove it";
    NONE: "لا قيد بهذا الرقم أو المعرّف", "There is no entry of this number or id";
    BACK: "التدقيق", "Audit";
    HOLDS: "اجتاز هذا القيد كل فحص أمكن إجراؤه هنا.", "This entry passed every check that could be made here.";
    FAILS: "لم يجتز هذا القيد كل الفحوص. لا تعتمد عليه، وأبلغ الجهات الأعضاء.", "This entry did not pass every check. Do not rely on it, and tell the member agencies.";
    WHAT: "ماذا وُقّع", "What was signed";
    TYPE: "النوع", "Type";
    WHO: "الموقّع", "Signed by";
    STREAM: "المجرى", "Stream";
    JTI: "المعرّف", "Id";
    OCCURRED: "حدث، بحسب كاتبه", "Happened, as claimed";
    SIGNED: "وُقّع، بحسب كاتبه", "Signed, as claimed";
    RECEIVED: "سُجّل", "Recorded";
    SEALED_VALUES: "قيم مختومة", "Sealed values";
    NO_VALUES: "لا شيء", "None";
    VALUES: "{n} من فئة {class}", "{n} of class {class}";
    WORDS: "الكلمات الموقّعة كما هي", "The signed words as they are";
    CHECKS: "ما فُحص الآن", "What was checked now";
    GOOD_MARK: "صحيح", "Right";
    BAD_MARK: "خطأ", "Wrong";
    OPEN_MARK: "للعلم", "To be known";
    ELSEWHERE: "تحقق من دوننا", "Check it without us";
    ELSEWHERE_NOTE: "فحَص هذه الصفحةَ الخادمُ نفسه. ملف الإثبات يكفي وحده: فيه القيد، وقيود سجل الصلاحيات التي يقوم عليها، ومسار كل منها إلى البصمة الموقّعة. يُفحص على حاسوب بلا اتصال، بملف الثقة الذي تسلّمته عند نشأة السجل.", "This page was checked by the very server in question. The proof file stands by itself: it holds the entry, the entries of the registry that it rests on, and the path of each to the signed root. It is checked on a computer without a connection, by the trust file you were given when the ledger began.";
    EVIDENCE: "تنزيل ملف الإثبات", "Download the proof file";
    RECEIPT: "تنزيل الإيصال", "Download the receipt";
    RECEIPT_NOTE: "الإيصال أصغر: يُقدَّم مع تدقيق السجل كله، فيدين سجلًا ينكر القيد لاحقًا.", "The receipt is smaller: handed over with an audit of the whole log, it convicts a ledger that later denies the entry.";
    COMMANDS: "أوامر التحقق", "Commands to check it";
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    entry: String,
}

/// Where an entry is asked for.
pub(super) fn form(view: &View, value: &str, wrong: Option<Text>) -> Markup {
    let field = Field::new("entry", WHICH).hint(HINT).wrong(wrong);
    html! {
        h2 #find { (view.t(FIND)) }
        form method="get" action="/desk/audit/event" {
            (field.line(view, value, "ltr"))
            div.row { button.button type="submit" { (view.t(SHOW)) } }
        }
    }
}

/// `GET /desk/audit/event?entry=…`
pub(crate) async fn event(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, DeskError> {
    session.must(Role::Auditor)?;
    let Query(Asked { entry }) = query.map_err(|_| DeskError::Body)?;
    let examined = match index_of(&office.desk.ledger, &entry).await? {
        Some(index) => examine(&view, &office.desk.ledger, index).await?,
        None => None,
    };
    let page = Page::new(&view, view.t(TITLE)).of(&session).style("audit.css");
    let Some(examined) = examined else {
        let wrong = (!entry.trim().is_empty()).then_some(NONE);
        let status = if wrong.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK };
        let page = page.wrong(wrong.is_some()).with(&html! {
            a.back href="/desk/audit" { (view.t(BACK)) }
            (errors(&view, &[Field::new("entry", WHICH).wrong(wrong)]))
            h1 { (view.t(TITLE)) }
            (form(&view, &entry, wrong))
        });
        return Ok((status, page).into_response());
    };
    may_know(&office, &session, &examined.entry.event.stream).await?;
    Ok(page.with(&shown(&office, &view, &examined)).into_response())
}

/// The index that was meant: a number, in whichever digits, or the id of an event.
async fn index_of(ledger: &Ledger, text: &str) -> Result<Option<u64>, DeskError> {
    let latin: String = text
        .trim()
        .chars()
        .map(|c| match c {
            '٠'..='٩' => char::from_digit(u32::from(c) - u32::from('٠'), 10).unwrap_or(c),
            _ => c,
        })
        .filter(|c| !matches!(c, ',' | '٬'))
        .collect();
    if let Ok(index) = latin.parse() {
        return Ok(Some(index));
    }
    let Ok(jti) = Uuid::parse_str(&latin) else { return Ok(None) };
    Ok(ledger.known(&[jti]).await?.remove(&jti))
}

/// Whoever is kept out of a case is told nothing of it, auditors too.
async fn may_know(office: &Office, session: &Session, stream: &Stream) -> Result<(), DeskError> {
    let of_a_case = matches!(
        stream.kind(),
        StreamKind::Case | StreamKind::Contact | StreamKind::Auto | StreamKind::Access
    );
    let Some(id) = stream.id().filter(|_| of_a_case) else { return Ok(()) };
    let ledger = &office.desk.ledger;
    let Some(file) = ledger.case(id).await? else { return Ok(()) };
    let reader = reader(ledger.world().registry(), session)?;
    if is_kept_out(&file, &reader) { Err(DeskError::CaseUnknown) } else { Ok(()) }
}

fn shown(office: &Office, view: &View, examined: &Examined) -> Markup {
    let Examined { index, entry, checks } = examined;
    let good = examined.is_good();
    let name = format!("entry-{index}.evidence");
    let site = office.desk.sites.first().map_or("", String::as_str);
    let check = [
        format!("sijill audit {name} --trust trust.json"),
        format!(
            "sijill audit {site}/log --receipt receipt-{index}.json --trust trust.json --key auditor.key"
        ),
    ];
    html! {
        a.back href="/desk/audit" { (view.t(BACK)) }
        h1 { (view.t(TITLE)) ": " (ENTRY.fill(view.lang, &[("n", &view.number(*index))])) }
        p.lead.check data-good[good] { (view.t(if good { HOLDS } else { FAILS })) }
        h2 { (view.t(WHAT)) }
        (facts(view, office, entry))
        details.more {
            summary { (view.t(WORDS)) }
            pre.commands dir="ltr" tabindex="0" role="group" aria-label=(view.t(WORDS)) { (words(entry)) }
        }
        h2 { (view.t(CHECKS)) }
        ol.checks {
            @for (came, said) in checks {
                li.check data-good[*came == Came::Good] data-open[*came == Came::Open] {
                    strong {
                        (view.t(match came { Came::Good => GOOD_MARK, Came::Bad => BAD_MARK, Came::Open => OPEN_MARK })) ": "
                    }
                    (said)
                }
            }
        }
        h2 { (view.t(ELSEWHERE)) }
        p { (view.t(ELSEWHERE_NOTE)) }
        div.row {
            a.button href={ "/desk/audit/entries/" (index) "/evidence" } { (view.t(EVIDENCE)) }
            a.button.button--second href={ "/desk/audit/entries/" (index) "/receipt" } { (view.t(RECEIPT)) }
        }
        p { (view.t(RECEIPT_NOTE)) }
        (commands(view.t(COMMANDS), &check))
    }
}

fn facts(view: &View, office: &Office, entry: &Entry) -> Markup {
    let event = &entry.event;
    let registry = office.desk.ledger.registry();
    let occurred = event.occurred.as_ref().and_then(|at| u64::try_from(at.unix_ms()).ok());
    let of_a_case = matches!(event.stream.kind(), StreamKind::Case | StreamKind::Contact);
    let way = event.stream.id().filter(|_| of_a_case).map(|id| case::path(event.stream.kind(), id));
    html! {
        dl.facts {
            div { dt { (view.t(TYPE)) } dd { (called(view, &event.event_type)) } }
            div { dt { (view.t(WHO)) } dd { (word::agency(view, &registry, &event.iss)) " · " (Id(&event.sub)) } }
            div {
                dt { (view.t(STREAM)) }
                dd {
                    bdi.long dir="ltr" {
                        @if let Some(way) = way { a href=(way) { (event.stream) } } @else { (event.stream) }
                        " #" (event.seq)
                    }
                }
            }
            div { dt { (view.t(JTI)) } dd { bdi.code.long dir="ltr" { (event.jti) } } }
            @if let Some(at) = occurred { div { dt { (view.t(OCCURRED)) } dd { (view.time(at)) } } }
            div { dt { (view.t(SIGNED)) } dd { (view.time(event.iat.saturating_mul(1_000))) } }
            div { dt { (view.t(RECEIVED)) } dd { (view.time(entry.received)) } }
            div {
                dt { (view.t(SEALED_VALUES)) }
                dd {
                    @if event.digests.is_empty() { (view.t(NO_VALUES)) }
                    @for (n, (class, digests)) in event.digests.iter().enumerate() {
                        @if n > 0 { " · " }
                        (VALUES.fill(view.lang, &[("n", &view.number(digests.len() as u64)), ("class", &view.t(word::class(*class)))]))
                    }
                }
            }
        }
    }
}

/// The payload as it was signed, spread over lines.
fn words(entry: &Entry) -> String {
    let payload = entry.event.jwt.split('.').nth(1).and_then(|part| b64::decode(part, "the payload").ok());
    let json = payload.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    json.and_then(|json| serde_json::to_string_pretty(&json).ok()).unwrap_or_default()
}

/// An entry that the auditor may know of.
async fn known_entry(office: &Office, session: &Session, index: u64) -> Result<Entry, DeskError> {
    session.must(Role::Auditor)?;
    let page = office.desk.ledger.entries(index, 1).await?;
    let (_, text) = page.first().filter(|(held, _)| *held == index).ok_or(DeskError::NotFound)?;
    let entry = Entry::parse(text.as_bytes()).map_err(|_| DeskError::Unavailable)?;
    may_know(office, session, &entry.event.stream).await?;
    Ok(entry)
}

/// `GET /desk/audit/entries/{index}/receipt`
pub(crate) async fn receipt(
    State(office): State<Arc<Office>>,
    session: Session,
    path: Result<Path<u64>, PathRejection>,
) -> Result<Response, DeskError> {
    let Path(index) = path?;
    known_entry(&office, &session, index).await?;
    history::receipt(&office, index, &format!("receipt-{index}.json")).await
}

/// `GET /desk/audit/entries/{index}/evidence`: an evidence file (ledger format, Annex D), without disclosed values.
pub(crate) async fn evidence(
    State(office): State<Arc<Office>>,
    session: Session,
    path: Result<Path<u64>, PathRejection>,
) -> Result<Response, DeskError> {
    let Path(index) = path?;
    known_entry(&office, &session, index).await?;
    let evidence = gathered(&office.desk.ledger, [index].into()).await?.to_json();
    let headers = [
        (header::CONTENT_TYPE, EVIDENCE_MEDIA_TYPE.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"entry-{index}.evidence\"")),
    ];
    Ok((headers, evidence).into_response())
}
