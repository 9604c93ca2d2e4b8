//! Breaking the glass: an officer from outside a case must see it now, because a child is in danger. It opens at once; the
//! owner is told, and a supervisor of the owner reviews it (`docs/casework.md` §7, §8).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use maud::{Markup, html};
use serde_json::Map;
use sijill_casework::case::{BrokenGlass, CaseFile};
use sijill_casework::catalogue::{BreakGlassInvoked, BreakGlassReviewed};
use sijill_domain::event::Role;
use sijill_event::{Class, Digest, Stream, StreamKind};

use super::act::Form;
use super::field::Asking;
use super::offer::Offer;
use super::{Known, is_kept_out, reader};
use crate::desk::Office;
use crate::page::word;
use crate::part::form::errors;
use crate::part::page::Page;
use crate::part::sign;
use crate::part::state::{self, Tone};
use crate::text::texts;
use crate::{DeskError, Id, Session, View};

texts! {
    TITLE: "اطلاع طارئ", "Break the glass";
    WARNING: "هذا لطفل في خطر الآن. تُفتح لك الحالة فور توقيعك ولمدة {span}. تُخطَر الوحدة المسؤولة حالًا، ويراجع مشرفها سببك، وإن لم يُراجَع صُعّد. يُسجَّل كل ما تطّلع عليه باسمك وإلى الأبد.", "This is for a child in danger now. The case opens to you as soon as you sign, for {span}. The owning unit is told at once, its supervisor reviews your reason, and unreviewed it escalates. Whatever you look at is recorded under your name and for good.";
    CASE: "الحالة", "Case";
    BACK: "رجوع", "Back";
    OFFER: "إن كان طفل في خطر الآن ولا بد أن ترى هذه الحالة، فافتحها باطلاع طارئ.", "If a child is in danger now and you must see this case, break the glass.";
    BROKEN: "اطّلع {who} على هذه الحالة اطلاعًا طارئًا، {when}، وهي مفتوحة له حتى {until}.", "{who} broke the glass of this case, {when}; it is open to them until {until}.";
    WAITS: "ينتظر مراجعة مشرف الوحدة المسؤولة.", "Waits for review by a supervisor of the owning unit.";
    REVIEWED: "رُوجع.", "Reviewed.";
    REVIEW: "مراجعة", "Review";
}

/// Where the glass of a case is broken.
pub(crate) fn path(case: &str) -> String {
    format!("/desk/cases/{case}/break-glass")
}

/// The way to it from the page of a case that one may not open; `None` at other addresses. It is the same whether
/// there is such a case or not.
pub(crate) fn offered(view: &View) -> Option<Markup> {
    let id = view.path.strip_prefix("/desk/cases/")?.split('/').next()?;
    Stream::new(StreamKind::Access, id)?;
    Some(html! { p { a href=(path(id)) { (view.t(OFFER)) } } })
}

/// `GET /desk/cases/{id}/break-glass`: the form, for whatever id: only who signs learns whether there is such a case.
pub(crate) async fn break_glass(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    id: Result<Path<String>, PathRejection>,
) -> Result<Markup, DeskError> {
    session.must(Role::Casework)?;
    let Path(id) = id?;
    let stream = Stream::new(StreamKind::Access, &id).ok_or(DeskError::NotFound)?;
    let ledger = &office.desk.ledger;
    let world = ledger.world();
    let reader = reader(world.registry(), &session)?;
    // Whom the case is restricted against it would show nothing, whatever is signed.
    if ledger.case(&id).await?.is_some_and(|file| is_kept_out(&file, &reader)) {
        return Err(DeskError::NotYours);
    }
    let book = world.book();
    let asking = Asking { view: &view, registry: world.registry(), book: &book, reader: &reader, file: None };
    let form = Form {
        asking,
        world: &world,
        spec: &BreakGlassInvoked::SPEC,
        stream: stream.to_string(),
        fixed: Map::new(),
        given: BTreeMap::new(),
        first: &[],
        done: format!("/desk/cases/{id}"),
        id: "break-glass".to_owned(),
        post: None,
        then: None,
    };
    let facts = html! {
        dl.facts { div { dt { (view.t(CASE)) } dd data-fact=(view.t(CASE)) { (word::short(&id)) } } }
    };
    let open_for = world.policy().map_or(0, |policy| policy.policy.break_glass_open_for().wall_ms());
    let span = view.span(open_for);
    let page = Page::new(&view, view.t(TITLE)).of(&session).script("js/sign.js").says(sign::SAID);
    Ok(page.with(&html! {
        a.back href="/desk/queue" { (view.t(BACK)) }
        (errors(&view, &[]))
        h1 { (view.t(TITLE)) }
        (state::notice(Tone::Warn, &html! { p { (WARNING.fill(view.lang, &[("span", &span)])) } }))
        (form.show(&facts))
    }))
}

/// Whether this reader would be shown anything by breaking the glass that it may not be shown without.
pub(crate) fn opens_more(known: &Known) -> bool {
    let shown = |file: &CaseFile| {
        file.permitted(&known.world, known.at, &known.reader, None, &Class::ALL.into_iter().collect())
    };
    let mut broken = CaseFile::clone(&known.file);
    let glass = BrokenGlass { by: known.reader.person(), until: u64::MAX, reviewed: false };
    broken.broken.insert(Digest([0; 32]), glass);
    known.works && shown(&broken) != shown(&known.file)
}

/// On the page of a case: who broke its glass, and what became of it. What waits for review comes first, then the newest.
pub(crate) fn told(view: &View, known: &Known, offers: &[Offer]) -> Markup {
    let mut broken: Vec<_> = known.file.broken.iter().collect();
    let index = |hash: &Digest| known.file.events.get(hash).map(|noted| noted.index);
    broken.sort_by_key(|(hash, glass)| (glass.reviewed, std::cmp::Reverse(index(hash))));
    html! {
        @for (hash, glass) in broken {
            @let (agency, officer) = &glass.by;
            @let who = html! { (word::agency(view, known.world.registry(), agency.as_str())) " · " (Id(officer.as_str())) };
            @let when = known.file.events.get(hash).map_or(0, |noted| noted.received);
            @let places: [(&str, &dyn maud::Render); 3] =
                [("who", &who), ("when", &view.time(when)), ("until", &view.time(glass.until))];
            (state::notice(if glass.reviewed { Tone::Plain } else { Tone::Warn }, &html! {
                p { (BROKEN.fill(view.lang, &places)) " " (view.t(if glass.reviewed { REVIEWED } else { WAITS })) }
                @if let Some(offer) = offers.iter().find(|o| o.spec.name == BreakGlassReviewed::TYPE && o.is_about(hash)) {
                    p { a href=(offer.href(known)) { (view.t(REVIEW)) } }
                }
            }))
        }
    }
}
