//! The checkpoint in plain words.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use sijill_event::{Entry, PublicKey};
use sijill_ledger::{Ledger, Published};
use sijill_log::{Checkpoint, KeyKind, KeyName, NoteVerifier};

use super::{commands, must_watch};
use crate::desk::Office;
use crate::page::word;
use crate::say::Id;
use crate::text::texts;
use crate::{DeskError, Session, View};

texts! {
    TITLE: "البصمة الموقّعة", "The checkpoint";
    WHAT: "كلمة السجل الموقّعة عن قيوده كلها: من احتفظ بها عرف لاحقًا إن غُيّر قيد قبلها أو حُذف أو أُضيف.", "The ledger's signed word on all of its entries: whoever keeps it can find out later whether anything before it was changed, removed or added.";
    LOG: "السجل", "Ledger";
    SIZE: "عدد القيود", "Entries";
    ROOT: "البصمة", "Root hash";
    SEALED: "آخر قيد مشمول", "Its last entry was received";
    BY: "وُقّعت بمفتاح", "Signed with the key";
    GOOD: "التوقيع صحيح، والمفتاح هو الذي سمّاه القيد الأول للسجل.", "The signature is right, and the key is the one that the ledger's first entry names.";
    BAD: "التوقيع غير صحيح، أو المفتاح ليس الذي سمّاه القيد الأول. أبلغ الجهات الأعضاء.", "The signature is wrong, or the key is not the one that the first entry names. Tell the member agencies.";
    WITNESSES: "الشهود المستقلون", "Independent witnesses";
    NO_WITNESSES: "لا أحد بعد: لم يُسمَّ لهذا السجل شهود. فلا يكشف حذفَ آخره أو استبدالَه كله إلا من احتفظ ببصمة أقدم.", "None yet: no witnesses are named for this ledger. So a cut-off end, or a whole history replaced, shows only to those who keep an older checkpoint.";
    NOT_YET: "سُمّي له شهود، ولم يوقّع النصاب منهم بعدُ منذ بدأ الخادم.", "Witnesses are named; their quorum has not cosigned since the server began.";
    COSIGNED: "وقّع البصمة عند الحجم {size}: {names}.", "The checkpoint of size {size} was cosigned by {names}.";
    DOWNLOAD: "تنزيل البصمة", "Download the checkpoint";
    KEEP: "احتفظ بها خارج هذه المنظومة، ثم تحقق لاحقًا من دوننا:", "Keep it outside this system, and check later without us:";
    COMMANDS: "أوامر التحقق", "Commands to check it";
}

/// The log's key as checkpoints are signed with it.
pub(super) fn verifier(origin: &str, key: &PublicKey) -> Option<NoteVerifier> {
    NoteVerifier::new(KeyName::new(origin).ok()?, KeyKind::Log, key.as_bytes()).ok()
}

/// The key that the first entry names, and whether the published note is signed with it.
pub(super) fn key_of(published: &Published) -> Option<(NoteVerifier, bool)> {
    let registry = &published.registry;
    let log = verifier(registry.origin()?, registry.log_key()?)?;
    let good = Checkpoint::of_note(&published.note, &log).is_ok_and(|said| said == published.checkpoint);
    Some((log, good))
}

/// Who has cosigned what, in words.
fn witnessed(view: &View, ledger: &Ledger) -> Markup {
    let Some(cosigned) = ledger.cosigned() else {
        return html! { (view.t(if ledger.has_witnesses() { NOT_YET } else { NO_WITNESSES })) };
    };
    let checkpoint = cosigned.checkpoint();
    let names = cosigned.note.signatures().iter().map(|signature| signature.name.as_str());
    let names: BTreeSet<&str> = names.filter(|name| *name != checkpoint.origin.as_str()).collect();
    let names = html! { @for (n, name) in names.iter().enumerate() { @if n > 0 { " · " } (Id(name)) } };
    COSIGNED.fill(view.lang, &[("size", &view.number(checkpoint.size)), ("names", &names)])
}

/// When the last entry was received, Unix milliseconds.
async fn last_received(ledger: &Ledger, size: u64) -> Result<Option<u64>, DeskError> {
    let Some(last) = size.checked_sub(1) else { return Ok(None) };
    let page = ledger.entries(last, 1).await?;
    Ok(page.first().and_then(|(_, text)| Entry::parse(text.as_bytes()).ok()).map(|entry| entry.received))
}

pub(super) async fn section(office: &Office, view: &View) -> Result<Markup, DeskError> {
    let ledger = &office.desk.ledger;
    let published = ledger.published();
    let checkpoint = &published.checkpoint;
    let received = last_received(ledger, checkpoint.size).await?;
    let signed = key_of(&published).is_some_and(|(_, good)| good);
    let kid = published.registry.log_key().map(PublicKey::kid);
    let own = ledger.origin();
    let site = office.desk.sites.first().map_or("", String::as_str);
    let lines =
        [format!("sijill audit {site}/log --since checkpoint.txt --trust trust.json --key auditor.key")];
    Ok(html! {
        h2 #checkpoint { (view.t(TITLE)) }
        p { (view.t(WHAT)) }
        dl.facts {
            div { dt { (view.t(LOG)) } dd { (Id(own)) } }
            div { dt { (view.t(SIZE)) } dd { (view.number(checkpoint.size)) } }
            div { dt { (view.t(ROOT)) } dd { bdi.code.long dir="ltr" { (checkpoint.root.to_base64()) } } }
            @if let Some(at) = received { div { dt { (view.t(SEALED)) } dd { (view.time(at)) } } }
            div {
                dt { (view.t(BY)) }
                dd {
                    @if let Some(kid) = &kid { bdi.code dir="ltr" { (word::fingerprint(kid)) } }
                    p.check data-good[signed] { (view.t(if signed { GOOD } else { BAD })) }
                }
            }
            div {
                dt { (view.t(WITNESSES)) }
                dd { (witnessed(view, ledger)) }
            }
        }
        p { a.button.button--second href="/desk/audit/checkpoint" { (view.t(DOWNLOAD)) } }
        p { (view.t(KEEP)) }
        (commands(view.t(COMMANDS), &lines))
    })
}

/// `GET /desk/audit/checkpoint`: the signed note, as a file to keep.
pub(crate) async fn note(State(office): State<Arc<Office>>, session: Session) -> Result<Response, DeskError> {
    must_watch(&session)?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"checkpoint.txt\""),
    ];
    Ok((headers, office.desk.ledger.published().note.to_string()).into_response())
}
