//! `/desk/cases/{id}`: a case as its parties may know it without asking to see more.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use maud::{Markup, html};
use sijill_casework::case::{Case, Deadline, Status};
use sijill_casework::catalogue::CaseEvent;
use sijill_event::{Digest, StreamKind};

use super::offer::{self, Offer};
use super::value::Telling;
use super::{Known, back, glass, history, openable, owed, path};
use crate::desk::Office;
use crate::page::queue::risk;
use crate::page::word;
use crate::part::page::Page;
use crate::part::queue::{Urgency, due, mark};
use crate::part::state::{self, Tone};
use crate::part::timeline::timeline;
use crate::text::texts;
use crate::{DeskError, Id, Session, Text, View};
use sijill_ledger::Line;

texts! {
    TITLE: "حالة", "Case";
    OWNER: "الوحدة المسؤولة", "Owning unit";
    WORKER: "أخصائي الحالة", "Case worker";
    NOBODY: "لم يُكلَّف أحد بعد", "Nobody yet";
    STATUS: "الوضع", "Status";
    OPEN: "مفتوحة", "Open";
    CLOSED: "مغلقة", "Closed";
    MERGED: "مدمجة في حالة أخرى", "Merged into another case";
    CHILD: "الطفل", "Child";
    CONCERNS: "دواعي الحماية", "Protection concerns";
    CONTACTS: "الاتصالات", "Contacts";
    LINK: "ربط الاتصال بهذه الحالة", "Link the contact to this case";
    OPENED: "فُتحت", "Opened";
    DUE: "المطلوب ومواعيده", "What is owed, and by when";
    NOTHING_DUE: "لا مُهَل سارية.", "No deadline is running.";
    BREACHED: "تجاوزت موعدها", "Missed";
    MISSED: "فات موعده: {what}", "Missed: {what}";
    LATE: "بعد موعده: {what}", "Not in time: {what}";
    OWES: "على {unit}", "Owed by {unit}";
    REFERRALS: "الإحالات", "Referrals";
    NO_REFERRALS: "لا إحالات بعد.", "No referrals yet.";
    TO: "إلى {unit}", "To {unit}";
    SINCE: "منذ {moment}", "Since {moment}";
    UNDISPOSED: "تنتظر البتّ من الوحدة المسؤولة", "Waits for the owner's decision";
    PERSONAL: "البيانات الشخصية", "Personal data";
    PERSONAL_NOTE: "الأسماء والأقوال والبيانات الحساسة مختومة. لرؤيتها تطلب الاطلاع بتوقيعك، ويبقى الطلب وما أُتيح لك في تاريخ الحالة.", "Names, accounts and sensitive data are sealed. To see them you ask under your signature; the request and what you were shown stay in the history of the case.";
    ASK: "طلب الاطلاع", "Ask to see";
    HISTORY: "ما جرى", "What happened";
    CONTACT: "اتصال", "Contact";
    ERASED: "مُحيت بيانات هذا الملف كلها بأمر معتمد، ولا يُضاف إليه شيء. ما يستجدّ يُسجَّل في ملف جديد.", "All values here were erased by an approved order, and nothing is added any more. What is new goes into a new case.";
    GAPS: "مُحيت قيم بعض قيود هذه الحالة، فلا يمكن الجزم بما هي عليه الآن.", "Values of some entries were erased, so how the case stands cannot be said for certain.";
}

/// `GET /desk/cases/{id}`
pub(crate) async fn case(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    path: Result<Path<String>, PathRejection>,
) -> Result<Markup, DeskError> {
    let Path(id) = path?;
    let known = Known::find(&office, &session, StreamKind::Case, &id).await?;
    let Some(case) = known.file.case.as_ref() else {
        return erased(&office, &view, &session, &known).await;
    };
    let book = known.world.book();
    let registry = known.world.registry();
    let mut telling = Telling::new(&view, registry, &book, &known.file);
    let history = office.desk.ledger.history(&id).await?;
    telling.open = openable(&office, &session, &known, &history).await;
    let size = office.desk.ledger.published().checkpoint.size;
    let offers = offer::all(&known);
    let page = Page::new(&view, format!("{} {id}", view.t(TITLE))).of(&session);
    Ok(page.with(&html! {
        (back(&view, &session))
        h1 { (view.t(TITLE)) " " (word::short(&id)) " " (risk(&view, &book, case.situation.risk.as_str())) }
        @if known.file.gaps > 0 { (state::notice(Tone::Warn, &html! { p { (view.t(GAPS)) } })) }
        (glass::told(&view, &known, &offers))
        (facts(&known, case, &telling, sex(&history).as_deref()))
        (deadlines(&known, case, &telling))
        (referrals(&known, case, &telling, &offers))
        (offer::list(&view, &known, &offers, &telling))
        h2 { (view.t(PERSONAL)) }
        p { (view.t(PERSONAL_NOTE)) }
        div.row { a.button.button--second href=(format!("{}/access", known.page())) { (view.t(ASK)) } }
        h2 { (view.t(HISTORY)) }
        (timeline(&view, &history::lines(&view, &known, &telling, &history, size)))
    }))
}

/// What is left of a case or contact that was erased: that it was, what is to be confirmed, and what happened.
pub(crate) async fn erased(
    office: &Office,
    view: &View,
    session: &Session,
    known: &Known,
) -> Result<Markup, DeskError> {
    let ledger = &office.desk.ledger;
    let book = known.world.book();
    let telling = Telling::new(view, known.world.registry(), &book, &known.file);
    let history = ledger.history(&known.id).await?;
    let size = ledger.published().checkpoint.size;
    let offers = offer::all(known);
    let title = if known.kind == StreamKind::Contact { CONTACT } else { TITLE };
    let page = Page::new(view, format!("{} {}", view.t(title), known.id)).of(session);
    Ok(page.with(&html! {
        (back(view, session))
        h1 { (view.t(title)) " " (word::short(&known.id)) }
        (state::notice(Tone::Warn, &html! { p { (view.t(ERASED)) } }))
        (offer::list(view, known, &offers, &telling))
        h2 { (view.t(HISTORY)) }
        (timeline(view, &history::lines(view, known, &telling, &history, size)))
    }))
}

/// The child's sex, as it was said last: a code of the list `sex`.
fn sex(history: &[Line]) -> Option<String> {
    let said = history.iter().rev().filter_map(|line| line.read.as_ref()).filter(|read| {
        matches!(
            read,
            CaseEvent::CaseOpened(_) | CaseEvent::ChildRegistered(_) | CaseEvent::ChildCorrected(_)
        )
    });
    said.map(CaseEvent::values).find_map(|values| values.get("sex")?.as_str().map(str::to_owned))
}

fn facts(known: &Known, case: &Case, telling: &Telling<'_>, sex: Option<&str>) -> Markup {
    let view = telling.view;
    let fact = |label: Text, value: Markup| html! { div { dt { (view.t(label)) } dd { (value) } } };
    let code = |list: &str, code: &str| word::code(view, telling.book, list, code);
    let comma = if view.lang == crate::Lang::Ar { "، " } else { ", " };
    let worker = html! {
        @match &case.assigned { Some(officer) => (Id(officer.as_str())), None => span.quiet { (view.t(NOBODY)) } }
    };
    let child = html! {
        @if let Some(sex) = sex { (code("sex", sex)) " · " }
        (code("age-band", case.situation.age.as_str())) " · " (code("governorate", case.situation.governorate.as_str()))
        @for situation in &case.situation.situations { " · " (telling.situation(situation.as_str(), sex)) }
    };
    let concerns = html! {
        @for (place, concern) in case.situation.concerns.iter().enumerate() {
            @if place > 0 { (comma) }
            (code("concern", concern.as_str()))
        }
    };
    html! {
        dl.facts {
            (fact(STATUS, status(telling, &case.status)))
            (fact(OWNER, word::address(view, telling.registry, &case.owner)))
            (fact(WORKER, worker))
            (fact(CHILD, child))
            (fact(CONCERNS, concerns))
            (fact(OPENED, view.time(case.opened_at)))
            @if !case.contacts.is_empty() { (fact(CONTACTS, contacts(known, case, telling))) }
        }
    }
}

fn contacts(known: &Known, case: &Case, telling: &Telling<'_>) -> Markup {
    // Only the owner knows that the contact became its case; the unit that logged it says so in the contact's stream.
    let ours = known.reader.unit == case.opener;
    html! {
        @for contact in &case.contacts {
            p {
                @let page = path(StreamKind::Contact, contact);
                (telling.elsewhere(StreamKind::Contact, contact))
                @if ours && telling.open.contains(&page) {
                    " · "
                    a href=(format!("{page}/act/contact.linked?case={}&to={}", known.id, case.owner)) {
                        (telling.view.t(LINK))
                    }
                }
            }
        }
    }
}

fn status(telling: &Telling<'_>, status: &Status) -> Markup {
    let view = telling.view;
    html! {
        @match status {
            Status::Open => (view.t(OPEN)),
            Status::Closed(_) => span.tag { (view.t(CLOSED)) },
            Status::Merged(into) => { (view.t(MERGED)) " " (telling.elsewhere(StreamKind::Case, into)) }
        }
    }
}

fn deadlines(known: &Known, case: &Case, telling: &Telling<'_>) -> Markup {
    let view = telling.view;
    let running = owed::running(case, None);
    html! {
        h2 { (view.t(DUE)) }
        @if running.is_empty() { p.quiet { (view.t(NOTHING_DUE)) } }
        @else { ul.queue { @for deadline in running { (deadline_row(known, deadline, telling)) } } }
    }
}

fn deadline_row(known: &Known, deadline: &Deadline, telling: &Telling<'_>) -> Markup {
    let view = telling.view;
    let owed = word::milestone(deadline.milestone);
    let unit = word::address(view, telling.registry, &deadline.owes);
    html! {
        li {
            p { (OWES.fill(view.lang, &[("unit", &unit)])) }
            @match owed::due(&known.world, deadline, known.at.received) {
                Some(at) => (due(view, owed, at)),
                None => p { (view.t(owed)) },
            }
            @if deadline.breached.is_some() { p { (mark(Urgency::High, &html! { (view.t(BREACHED)) })) } }
        }
    }
}

/// The clocks of a referral that ran out, in the order they were set.
fn missed<'a>(case: &'a Case, referral: &'a Digest) -> impl Iterator<Item = &'a Deadline> {
    case.deadlines.iter().filter(move |one| one.subject.as_ref() == Some(referral) && one.breached.is_some())
}

/// What was missed. It calls for somebody only as long as it is still owed.
fn missed_mark(view: &View, deadline: &Deadline) -> Markup {
    let (text, urgency) = if deadline.runs() { (MISSED, Urgency::High) } else { (LATE, Urgency::Low) };
    let what = view.t(word::milestone(deadline.milestone));
    mark(urgency, &text.fill(view.lang, &[("what", &what)]))
}

fn referrals(known: &Known, case: &Case, telling: &Telling<'_>, offers: &[Offer]) -> Markup {
    let view = telling.view;
    let mut all: Vec<_> = case.referrals.iter().collect();
    // The reader's own first.
    all.sort_by_key(|(_, referral)| {
        (referral.to != known.reader.unit, !referral.state.is_live(), referral.index)
    });
    html! {
        h2 { (view.t(REFERRALS)) }
        @if all.is_empty() { p.quiet { (view.t(NO_REFERRALS)) } }
        ul.cards {
            @for (hash, referral) in all {
                li.card {
                    h3 {
                        a href=(format!("#e{}", referral.index)) {
                            (word::code(view, telling.book, "service", referral.service.as_str()))
                        }
                        " " span.tag { (view.t(word::referral_state(referral.state))) }
                        " " span.tag { (view.t(word::priority(referral.priority))) }
                        @for missed in missed(case, hash) { " " (missed_mark(view, missed)) }
                    }
                    p {
                        (TO.fill(view.lang, &[("unit", &word::address(view, telling.registry, &referral.to))])) " · "
                        (SINCE.fill(view.lang, &[("moment", &view.time(referral.since))]))
                    }
                    @if referral.is_undisposed() && !referral.state.is_live() { p { strong { (view.t(UNDISPOSED)) } } }
                    (offer::of_referral(view, known, offers, hash))
                }
            }
        }
    }
}
