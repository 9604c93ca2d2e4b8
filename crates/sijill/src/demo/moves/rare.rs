//! What is seldom, and is to happen in every month that is played: it follows from a case's number and not from chance.

use sijill_casework::Milestone;
use sijill_event::Json;

use super::{Thinking, by_wall, hash, object, set, supervisor};
use crate::demo::calendar::{DAY, HOUR, rfc3339};
use crate::demo::stage::Who;

pub(super) fn think(thinking: &mut Thinking<'_>) {
    review(thinking);
    if !thinking.is_open() {
        return;
    }
    if thinking.is_one_in(17, 3) {
        break_glass(thinking);
    }
    if thinking.is_with_committee() {
        lose(thinking);
        vary(thinking);
        restrict(thinking);
    }
}

/// A hospital elsewhere, which the case is not known to: the child is brought there, and the night is no time to ask.
fn outsider(thinking: &Thinking<'_>) -> Who {
    let here = thinking.case.situation.governorate.as_str();
    Who::new("moh", if here == "OM-DA" { "hospital-zu-1" } else { "hospital-da-1" })
}

fn break_glass(thinking: &mut Thinking<'_>) {
    let (file, by) = (thinking.file, outsider(thinking));
    let Some((_, broken)) = file.broken.iter().next() else {
        let at = by_wall(thinking.case.opened_at, thinking.between("brought elsewhere", 200, 600));
        let why = ("why", "Made-up: the child was brought here unconscious.".into());
        return thinking.push(at, by, "break_glass.invoked", &[("reason", "child_presents".into()), why]);
    };
    let asked = file
        .events
        .values()
        .any(|noted| noted.event_type == "access.requested" && noted.person.as_ref() == Some(&broken.by));
    let invoked = thinking.last("break_glass.invoked").unwrap_or(broken.until);
    if !asked && invoked + 10 * 60_000 < broken.until {
        let at = by_wall(invoked, 10);
        let values = [("purpose", "emergency".into()), ("classes", set(&["identity", "narrative"]))];
        thinking.push(at, by, "access.requested", &values);
    }
}

/// Afterwards a supervisor judges; not always in time.
fn review(thinking: &mut Thinking<'_>) {
    let (file, owner) = (thinking.file, thinking.case.owner.clone());
    for (invocation, _) in file.broken.iter().filter(|(_, broken)| !broken.reviewed) {
        let Some(noted) = file.events.get(invocation) else { continue };
        let late = thinking.is_one_in(2, 0);
        let at = if late {
            by_wall(noted.received, thinking.between("reviewed late", 4_400, 6_000))
        } else {
            by_wall(noted.received, thinking.between("reviewed", 60, 400))
        };
        let verdict = if late { "justified_excessive" } else { "justified" };
        let values = [("invocation", hash(invocation)), ("verdict", verdict.into())];
        thinking.push(at, supervisor(&owner), "break_glass.reviewed", &values);
    }
}

/// A file goes to the wrong address.
fn lose(thinking: &mut Thinking<'_>) {
    if !thinking.is_one_in(31, 5) {
        return;
    }
    let Some(seen) = thinking.last("child.seen") else { return };
    if let Some(breach) = thinking.case.breaches.iter().next() {
        let Some(recorded) = thinking.last("breach.recorded") else { return };
        let at = by_wall(recorded, thinking.between("notified", 1_200, 3_000));
        return thinking.push(at, thinking.owner(), "breach.notified", &[("breach", hash(breach))]);
    }
    if thinking.count("breach.recorded") == 0 {
        let at = thinking.after(&thinking.case.owner.clone(), seen, 200);
        let values = [("nature", "wrong_recipient".into()), ("note", "Made-up: sent to a namesake.".into())];
        thinking.push(at, thinking.owner(), "breach.recorded", &values);
    }
}

/// The plan waits for the child to be well.
fn vary(thinking: &mut Thinking<'_>) {
    if !thinking.is_one_in(13, 6) || thinking.count("deadline.varied") > 0 {
        return;
    }
    let mut deadlines = thinking.case.deadlines.iter();
    let plan = deadlines.find(|it| it.runs() && it.breached.is_none() && it.milestone == Milestone::Plan);
    let Some((deadline, due)) = plan.and_then(|deadline| Some((deadline, deadline.due?))) else { return };
    let at = by_wall(deadline.started, 60);
    if at + HOUR > due {
        return;
    }
    let clock = object(&[("milestone", deadline.milestone.as_str().into()), ("of", hash(&deadline.of))]);
    let until = Json::from(rfc3339((due + 2 * DAY) / 1_000 * 1_000));
    let values = [("deadline", clock), ("until", until), ("reason", "child_unwell".into())];
    let by = supervisor(&thinking.case.owner);
    thinking.push(at, by, "deadline.varied", &values);
}

/// An officer who is related to the family is to see nothing.
fn restrict(thinking: &mut Thinking<'_>) {
    if !thinking.is_one_in(23, 8) || thinking.count("access.restricted") > 0 {
        return;
    }
    let at = thinking.after(&thinking.case.owner.clone(), thinking.case.opened_at, 300);
    let officer = object(&[("agency", "moe".into()), ("officer", "school-social-work-1".into())]);
    let values =
        [("officers", Json::Array(vec![officer])), ("units", set(&[])), ("reason", "relative".into())];
    let by = supervisor(&thinking.case.owner);
    thinking.push(at, by, "access.restricted", &values);
}
