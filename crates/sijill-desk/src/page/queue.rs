//! `/desk/queue`: what a unit owes, what is due first first.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use sijill_casework::Address;
use sijill_casework::Priority;
use sijill_casework::case::{Case, CaseFile, Referral, World};
use sijill_casework::catalogue::ReferralState;
use sijill_casework::codes::CodeBook;
use sijill_domain::event::Role;
use sijill_event::{Digest, StreamKind};
use sijill_ledger::DeskKind;
use sijill_store::{DeskCount, DeskEntry};

use super::case::{owed, path, reader};
use super::{notices, word};
use crate::desk::Office;
use crate::part::page::Page;
use crate::part::queue::{self as rows, Row, Urgency, mark};
use crate::part::state;
use crate::text::texts;
use crate::{Count, DeskError, Session, Text, View};

texts! {
    TITLE: "قائمة العمل", "Queue";
    OF: "قائمة عمل: {unit}", "Queue of {unit}";
    NEWS: "تغيّرت القائمة.", "The queue has changed.";
    RELOAD: "حدّثها الآن", "Reload it now";
    EMPTY: "لا شيء بانتظار وحدتك", "Nothing waits for your unit";
    EMPTY_NOTE: "تظهر هنا الحالات التي وحدتك مسؤولة عنها وما يُطلب منها من إحالات وتصعيدات.", "Cases your unit owns appear here, and referrals and escalations addressed to it.";
    END: "لا مزيد في القائمة", "The queue ends here";
    FIRST: "إلى بداية القائمة", "Back to the beginning";
    MORE: "التالي", "Next";
    CASE: "حالة", "Case";
    RISK: "الخطورة: {risk}", "Risk: {risk}";
    GLASS: "اطلاع طارئ ينتظر المراجعة", "The glass was broken: waits for review";
    OWNED: "حالة وحدتك", "Your unit's case";
    ASKED: "إحالة إليكم: {service}، من {owner}", "Referral to you: {service}, from {owner}";
    ESCALATED: "تصعيد إليكم من {owner}", "Escalated to you from {owner}";
    TRANSFER: "يُطلب منكم تولّي الحالة، من {owner}", "You are asked to take the case, by {owner}";
    WITHDRAWN: "سُحبت موافقة: أكّدوا أنكم أوقفتم استعمال ما اطّلعتم عليه", "Consent was withdrawn: confirm that you stopped using what you were shown";
    ERASED: "مُحيت بيانات: امحوا ما لديكم منها وأكّدوا ذلك", "Values were erased: erase what you hold of them, and confirm it";
    LAST: "آخر إجراء: {what}، {who}، {moment}", "Last: {what}, {who}, {moment}";
    SYSTEM: "المنظومة", "the system";
    OPEN: "فتح", "Open";
    ACKNOWLEDGE: "الإقرار بالاستلام", "Acknowledge";
    ANSWER: "قبول أو رد", "Accept or answer";
    CONFIRM: "تأكيد", "Confirm";
    COUNT_OWNED: "حالات الوحدة", "Cases owned";
    COUNT_ASKED: "إحالات", "Referrals";
    COUNT_ESCALATED: "تصعيدات", "Escalations";
    COUNT_TRANSFER: "طلبات تحويل", "Transfers";
    COUNT_WITHDRAWN: "تأكيدات سحب", "Withdrawals";
    COUNT_ERASED: "تأكيدات محو", "Erasures";
}

const OVERDUE: Count = Count {
    ar: ["لا متأخر", "واحد متأخر", "اثنان متأخران", "{n} متأخرة", "{n} متأخرًا", "{n} متأخر"],
    en: ["{n} overdue", "{n} overdue"],
};

/// Rows of a page.
const PAGE: u32 = 25;

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// The last row of the page before.
    after: Option<String>,
}

/// What the rows are read with.
struct Queue<'a> {
    view: &'a View,
    world: &'a World,
    book: CodeBook,
    unit: Address,
    now: u64,
}

/// `GET /desk/queue`
pub(crate) async fn queue(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Markup, DeskError> {
    session.must(Role::Casework)?;
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    let after =
        asked.after.as_deref().map(|text| from_cursor(text).ok_or(DeskError::NotFound)).transpose()?;
    let ledger = &office.desk.ledger;
    let (agency, unit) = (session.agency.as_str(), session.unit.as_str());
    // Before the rows are read: whatever changes meanwhile is news.
    let news = notices::fingerprint(ledger, agency, unit).await?;
    let mut entries = ledger.desk(agency, unit, after.as_ref(), PAGE + 1).await?;
    let more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    let counts = ledger.desk_counts(agency, unit).await?;
    let ids: Vec<String> = entries.iter().map(|entry| entry.case.clone()).collect();
    let files = ledger.case_files(&ids).await?;
    let world = ledger.world();
    let unit = reader(world.registry(), &session)?.unit;
    let queue = Queue { view: &view, world: &world, book: world.book(), unit, now: ledger.now_ms() };
    let rows: Vec<Row> = entries.iter().filter_map(|entry| queue.row(entry, &files)).collect();
    let next = entries.last().filter(|_| more).map(|last| format!("/desk/queue?after={}", cursor(last)));
    Ok(Page::new(&view, view.t(TITLE)).of(&session).script("js/queue.js").with(&html! {
        div.notice.notice--warn role="status" data-news=(news) hidden {
            p { (view.t(NEWS)) " " a href="/desk/queue" { (view.t(RELOAD)) } }
        }
        h1 { (OF.fill(view.lang, &[("unit", &word::address(&view, world.registry(), &queue.unit))])) }
        (tally(&view, &counts))
        @if rows.is_empty() && after.is_none() { (state::nothing(&view, EMPTY, EMPTY_NOTE, None)) }
        @else if rows.is_empty() { (state::nothing(&view, END, EMPTY_NOTE, Some(("/desk/queue", FIRST)))) }
        @else { (rows::queue(&view, &rows)) }
        div.row {
            @if after.is_some() { a href="/desk/queue" { (view.t(FIRST)) } }
            @if let Some(next) = next { a.button.button--second rel="next" href=(next) { (view.t(MORE)) } }
        }
    }))
}

fn tally(view: &View, counts: &[DeskCount]) -> Markup {
    let name = |kind: u8| match DeskKind::from_number(kind) {
        Some(DeskKind::Referral) => COUNT_ASKED,
        Some(DeskKind::Escalation) => COUNT_ESCALATED,
        Some(DeskKind::Transfer) => COUNT_TRANSFER,
        Some(DeskKind::Withdrawal) => COUNT_WITHDRAWN,
        Some(DeskKind::Erasure) => COUNT_ERASED,
        Some(DeskKind::Owner) | None => COUNT_OWNED,
    };
    html! {
        @if !counts.is_empty() {
            ul.tally {
                @for count in counts {
                    li {
                        (view.t(name(count.kind))) ": " strong { (view.number(count.cases)) }
                        @if count.overdue > 0 { " · " span.due.due--over { (view.count(OVERDUE, count.overdue)) } }
                    }
                }
            }
        }
    }
}

impl Queue<'_> {
    fn row(&self, entry: &DeskEntry, files: &BTreeMap<String, Arc<CaseFile>>) -> Option<Row> {
        let file = files.get(&entry.case)?;
        let kind = DeskKind::from_number(entry.kind)?;
        if kind == DeskKind::Erasure {
            return Some(self.erased(file));
        }
        let case = file.case.as_ref()?;
        let view = self.view;
        let page = format!("/desk/cases/{}", file.id);
        let asked = self.asked(case);
        let deadline = owed::running(case, Some(&self.unit)).into_iter().next();
        let due = deadline.and_then(|deadline| {
            Some((word::milestone(deadline.milestone), owed::due(self.world, deadline, self.now)?))
        });
        let child = html! {
            a href=(page) { (view.t(CASE)) " " (word::short(&file.id)) }
            " · " (word::code(view, &self.book, "age-band", case.situation.age.as_str()))
        };
        Some(Row {
            child,
            urgency: self.risk(case),
            asked: html! {
                (self.why(kind, case, asked))
                @if kind == DeskKind::Owner && file.broken.values().any(|glass| !glass.reviewed) {
                    " " (mark(Urgency::High, &html! { (view.t(GLASS)) }))
                }
            },
            due,
            last: self.last(file),
            act: act(kind, file, case, asked, page),
        })
    }

    /// An erasure to confirm: of the case itself nothing may be known any more.
    fn erased(&self, file: &CaseFile) -> Row {
        let view = self.view;
        let page =
            path(if file.outline.is_contact { StreamKind::Contact } else { StreamKind::Case }, &file.id);
        let told = file.outline.erasures.iter().find(|(_, one)| one.told.get(&self.unit) == Some(&false));
        let form = told.map(|(hash, _)| format!("{page}/act/erasure.confirmed?subject={hash}"));
        Row {
            child: html! { a href=(page) { (view.t(CASE)) " " (word::short(&file.id)) } },
            urgency: html! {},
            asked: html! { (view.t(ERASED)) },
            due: None,
            last: self.last(file),
            act: (form.unwrap_or(page), CONFIRM),
        }
    }

    /// The live referral to this unit that is asked for first.
    fn asked<'a>(&self, case: &'a Case) -> Option<(&'a Digest, &'a Referral)> {
        let live = case.referrals.iter().filter(|(_, r)| r.state.is_live() && r.to == self.unit);
        live.min_by_key(|(_, r)| (r.priority != Priority::Urgent, r.index))
    }

    fn risk(&self, case: &Case) -> Markup {
        risk(self.view, &self.book, case.situation.risk.as_str())
    }

    fn why(&self, kind: DeskKind, case: &Case, asked: Option<(&Digest, &Referral)>) -> Markup {
        let view = self.view;
        let owner = word::address(view, self.world.registry(), &case.owner);
        let with_owner = |text: Text| text.fill(view.lang, &[("owner", &owner)]);
        match kind {
            DeskKind::Owner => html! { (view.t(OWNED)) },
            DeskKind::Escalation => with_owner(ESCALATED),
            DeskKind::Transfer => with_owner(TRANSFER),
            DeskKind::Withdrawal => html! { (view.t(WITHDRAWN)) },
            DeskKind::Erasure => html! { (view.t(ERASED)) },
            DeskKind::Referral => {
                let Some((_, referral)) = asked else { return with_owner(ASKED) };
                let service = word::code(view, &self.book, "service", referral.service.as_str());
                let said = ASKED.fill(view.lang, &[("service", &service), ("owner", &owner)]);
                let state = view.t(word::referral_state(referral.state));
                let priority = view.t(word::priority(referral.priority));
                html! { (said) " · " (priority) " · " (state) }
            }
        }
    }

    /// Who acted last, and when.
    fn last(&self, file: &CaseFile) -> Markup {
        let Some(last) = file.events.values().max_by_key(|noted| noted.index) else { return html! {} };
        let who = html! {
            @match &last.by {
                Some(by) => (word::address(self.view, self.world.registry(), by)),
                None => (self.view.t(SYSTEM)),
            }
        };
        let what = html! { (self.view.t(word::event_type(last.event_type))) };
        let moment = self.view.time(last.received);
        LAST.fill(self.view.lang, &[("what", &what), ("who", &who), ("moment", &moment)])
    }
}

/// A risk as a tag: the word of the list in force, and a shape.
pub(crate) fn risk(view: &View, book: &CodeBook, risk: &str) -> Markup {
    let urgency = match risk {
        "high" => Urgency::Immediate,
        "medium" => Urgency::Medium,
        _ => Urgency::Low,
    };
    let said = RISK.fill(view.lang, &[("risk", &word::code(view, book, "risk", risk))]);
    mark(urgency, &said)
}

/// The one thing to do.
fn act(
    kind: DeskKind,
    file: &CaseFile,
    case: &Case,
    asked: Option<(&Digest, &Referral)>,
    page: String,
) -> (String, Text) {
    let form = |event_type: &str, subject: &Digest| {
        format!("/desk/cases/{}/act/{event_type}?subject={subject}", file.id)
    };
    match (kind, asked) {
        (DeskKind::Referral, Some((hash, referral))) if referral.state == ReferralState::Requested => {
            (form("referral.acknowledged", hash), ACKNOWLEDGE)
        }
        (DeskKind::Referral, Some((_, referral))) if referral.state == ReferralState::Acknowledged => {
            (page, ANSWER)
        }
        (DeskKind::Transfer, _) => (page, ANSWER),
        (DeskKind::Withdrawal, _) => {
            let unconfirmed =
                case.withdrawals.iter().find(|(_, withdrawal)| withdrawal.told.values().any(|done| !done));
            unconfirmed.map_or((page, CONFIRM), |(hash, _)| (form("withdrawal.confirmed", hash), CONFIRM))
        }
        _ => (page, OPEN),
    }
}

/// A row's place in the queue as text.
fn cursor(entry: &DeskEntry) -> String {
    let due = entry.due.map_or_else(String::new, |due| due.to_string());
    format!("{}.{due}.{}.{}", u8::from(entry.urgent), entry.kind, entry.case)
}

fn from_cursor(text: &str) -> Option<DeskEntry> {
    let mut parts = text.splitn(4, '.');
    let urgent = match parts.next()? {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    let due = match parts.next()? {
        "" => None,
        due => Some(due.parse().ok().filter(|due: &u64| i64::try_from(*due).is_ok())?),
    };
    let kind = parts.next()?.parse().ok()?;
    Some(DeskEntry { case: parts.next()?.to_owned(), kind, due, urgent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for (due, urgent) in [(None, true), (Some(1_767_499_200_000), false)] {
            let entry = DeskEntry { case: "a.b-c".to_owned(), kind: 1, due, urgent };
            assert_eq!(from_cursor(&cursor(&entry)), Some(entry));
        }
        for odd in ["", "2..0.x", "1.x.0.x", "1..x.x", "1..0", "1.18446744073709551615.0.x"] {
            assert_eq!(from_cursor(odd), None, "{odd}");
        }
    }
}
