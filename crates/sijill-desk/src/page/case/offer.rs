//! What the reader may do in a case now, asked of the rules themselves.

use maud::{Markup, html};
use sijill_casework::case::Subject;
use sijill_casework::catalogue::{self, BreakGlassInvoked, CATALOGUE, TypeSpec};
use sijill_event::{Digest, StreamKind};

use super::value::Telling;
use super::{Known, deed, glass};
use crate::View;
use crate::page::word;
use crate::text::texts;

texts! {
    TITLE: "ما يمكنك فعله الآن", "What you can do now";
    MORE: "إجراءات أخرى", "Other acts";
    NOTHING: "لا إجراء لك في هذه الحالة الآن.", "There is nothing for you to do in this case now.";
}

/// What people do most, in the order of the work. The rest is folded.
const OFTEN: &[&str] = &[
    "case.transferred",
    "case.transfer_refused",
    "withdrawal.confirmed",
    "erasure.confirmed",
    "erasure.approved",
    "erasure.refused",
    "plan.approved",
    "plan.rejected",
    "case.closed",
    "case.closure_refused",
    "escalation.resolved",
    "break_glass.reviewed",
    "vote.cast",
    "case.assigned",
    "risk.assessed",
    "child.seen",
    "assessment.completed",
    "plan.proposed",
    "follow_up.recorded",
    "referral.requested",
    "note.added",
    "document.attached",
    "case.reopened",
    "contact.linked",
    "contact.corrected",
];

/// The steps of a referral, in their order: the first that is offered is the thing to do.
const STEPS: &[&str] = &[
    "referral.info_provided",
    "referral.acknowledged",
    "referral.accepted",
    "referral.started",
    "referral.resumed",
    "referral.completed",
    "referral.disposed",
];

/// Acts that end or undo something. They come last, and never invite.
const GRAVE: &[&str] =
    &["referral.rejected", "referral.cancelled", "referral.failed", "referral.entered_in_error"];

/// An act the rules would take from this reader now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) spec: &'static TypeSpec,
    pub(crate) subject: Option<Subject>,
}

impl Offer {
    /// The act of this type and subject, if the reader may do it now.
    pub(crate) fn find(known: &Known, event_type: &str, subject: Option<&str>) -> Option<Self> {
        let mut all = of_type(known, catalogue::latest(event_type)?).into_iter();
        all.find(|offer| match (&offer.subject, subject) {
            (None, None) => true,
            (Some(held), Some(asked)) => name(held) == asked,
            _ => false,
        })
    }

    /// Its form.
    pub(crate) fn href(&self, known: &Known) -> String {
        // What is said before it stands on a page of its own.
        if self.spec.name == BreakGlassInvoked::TYPE {
            return glass::path(&known.id);
        }
        let form = format!("{}/act/{}", known.page(), self.spec.name);
        match &self.subject {
            Some(subject) => format!("{form}?subject={}", name(subject)),
            None => form,
        }
    }

    /// What it is about, in the reader's words.
    pub(crate) fn about(&self, telling: &Telling<'_>) -> Option<Markup> {
        Some(match self.subject? {
            Subject::Event(hash) => telling.event(&hash.to_string()),
            Subject::Deadline(deadline) => {
                html! { (telling.view.t(word::milestone(deadline.milestone))) }
            }
        })
    }

    pub(crate) fn is_about(&self, hash: &Digest) -> bool {
        matches!(&self.subject, Some(Subject::Event(subject)) if subject == hash)
    }
}

/// A subject in an address: a hash, or `<milestone>.<hash>`.
fn name(subject: &Subject) -> String {
    match subject {
        Subject::Event(hash) => hash.to_string(),
        Subject::Deadline(deadline) => format!("{}.{}", deadline.milestone, deadline.of),
    }
}

/// Everything the reader may do now.
pub(crate) fn all(known: &Known) -> Vec<Offer> {
    let newest = CATALOGUE.iter().filter(|spec| catalogue::latest(spec.name).is_some_and(|l| l.v == spec.v));
    let mut all: Vec<Offer> = newest.flat_map(|spec| of_type(known, spec)).collect();
    all.sort_by_key(|offer| OFTEN.iter().position(|name| *name == offer.spec.name).unwrap_or(OFTEN.len()));
    all
}

fn of_type(known: &Known, spec: &'static TypeSpec) -> Vec<Offer> {
    let here = match known.kind {
        StreamKind::Contact => {
            spec.signed_in() == Some(StreamKind::Contact) || spec.name.starts_with("erasure.")
        }
        _ => matches!(spec.signed_in(), Some(StreamKind::Case | StreamKind::Access)),
    };
    // These have pages of their own.
    let elsewhere = matches!(
        spec.name,
        "access.requested" | "case.opened" | "contact.logged" | "child.looked_up" | "warning.reviewed"
    );
    let idle = spec.name == BreakGlassInvoked::TYPE && !glass::opens_more(known);
    if !here || elsewhere || idle {
        return Vec::new();
    }
    let may = |subject: Option<&Subject>| {
        known.file.may(&known.world, known.at, &known.reader, spec.name, subject).is_ok()
    };
    if spec.subject().is_none() {
        return if may(None) { vec![Offer { spec, subject: None }] } else { Vec::new() };
    }
    let subjects = known.file.subjects(spec.name).into_iter().filter(|subject| may(Some(subject)));
    subjects.map(|subject| Offer { spec, subject: Some(subject) }).collect()
}

/// What may be done to one referral, as buttons: the next step is filled, if one is due.
pub(crate) fn of_referral(view: &View, known: &Known, offers: &[Offer], referral: &Digest) -> Markup {
    let mut its: Vec<&Offer> =
        offers.iter().filter(|o| o.spec.name.starts_with("referral.") && o.is_about(referral)).collect();
    let step = |offer: &Offer| STEPS.iter().position(|name| *name == offer.spec.name);
    let is_grave = |offer: &Offer| GRAVE.contains(&offer.spec.name);
    its.sort_by_key(|offer| (is_grave(offer), step(offer).unwrap_or(STEPS.len())));
    let next = its.first().filter(|offer| step(offer).is_some()).map(|offer| offer.spec.name);
    html! {
        @if !its.is_empty() {
            div.row {
                @for offer in its {
                    a.button .button--second[next != Some(offer.spec.name) && !is_grave(offer)] .button--grave[is_grave(offer)]
                        href=(offer.href(known)) { (view.t(deed::of(offer.spec))) }
                }
            }
        }
    }
}

/// Everything else that may be done.
pub(crate) fn list(view: &View, known: &Known, offers: &[Offer], telling: &Telling<'_>) -> Markup {
    let of_case = |offer: &&Offer| !(offer.spec.name.starts_with("referral.") && offer.subject.is_some());
    let (often, seldom): (Vec<&Offer>, Vec<&Offer>) =
        offers.iter().filter(of_case).partition(|offer| OFTEN.contains(&offer.spec.name));
    let link = |offer: &Offer| {
        let what = html! { a href=(offer.href(known)) { (view.t(deed::of(offer.spec))) } };
        match offer.about(telling) {
            Some(about) => html! { (what) ": " (about) },
            None => what,
        }
    };
    html! {
        section.acts aria-labelledby="acts" {
            h2 #acts { (view.t(TITLE)) }
            @if offers.is_empty() { p.quiet { (view.t(NOTHING)) } }
            @if !often.is_empty() { ul.links { @for offer in &often { li { (link(offer)) } } } }
            @if !seldom.is_empty() {
                details.more {
                    summary { (view.t(MORE)) }
                    ul.links { @for offer in &seldom { li { (link(offer)) } } }
                }
            }
        }
    }
}
