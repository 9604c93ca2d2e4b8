//! What is unusual in who saw what: counted and marked, and judged by nobody here.

use maud::{Markup, html};
use sijill_casework::Address;
use sijill_casework::case::World;
use sijill_domain::{AgencyId, UnitId};
use sijill_projections::query::BusyDay;

use super::accesses::{self, Asked, path};
use crate::View;
use crate::page::word;
use crate::say::Id;
use crate::text::texts;

texts! {
    TITLE: "أيام كثرت فيها الطلبات", "Days with the most requests";
    NOTE: "الموظف الذي طلب الاطلاع على أكثر الحالات في يوم واحد. الكثرة ليست مخالفة: قد يكون يوم لجنة أو تسليم وحدة. لكنها تستحق السؤال.", "Officers who asked to see the most cases on one day. Many is not wrong: it may have been a committee's day, or a unit handed over. It is worth a question.";
    DAY: "اليوم", "Day";
    WHO: "الموظف", "Officer";
    SUBJECTS: "حالات واتصالات", "Cases and contacts";
    REQUESTS: "طلبات", "Requests";
    NOTHING: "لم يطلب أحد الاطلاع على شيء بعد.", "Nobody has asked to see anything yet.";
}

/// The table of the busiest days, each with the way to its lines.
pub(super) fn table(view: &View, world: &World, days: &[BusyDay]) -> Markup {
    html! {
        details.more {
            summary { (view.t(TITLE)) }
            p { (view.t(NOTE)) }
            @if days.is_empty() { p.quiet { (view.t(NOTHING)) } } @else {
                div.table-wrap tabindex="0" role="group" aria-label=(view.t(TITLE)) {
                    table {
                        caption.visually-hidden { (view.t(TITLE)) }
                        thead { tr { @for head in [DAY, WHO, SUBJECTS, REQUESTS] { th scope="col" { (view.t(head)) } } } }
                        tbody { @for day in days { (row(view, world, day)) } }
                    }
                }
            }
        }
    }
}

fn row(view: &View, world: &World, day: &BusyDay) -> Markup {
    let asked = Asked {
        agency: day.agency.clone(),
        officer: day.officer.clone(),
        from: accesses::day(day.day_ms),
        to: accesses::day(day.day_ms),
        ..Asked::default()
    };
    html! {
        tr {
            th scope="row" { a href=(path(&asked, None)) { (view.date(day.day_ms)) } }
            td { (word::agency(view, world.registry(), &day.agency)) " · " (Id(&day.officer)) }
            td { (view.number(day.subjects)) }
            td { (view.number(day.requests)) }
        }
    }
}

/// Whether the unit's office was closed then; `None` where its hours are not known.
pub(super) fn was_closed(world: &World, index: u64, agency: &str, unit: &str, at: u64) -> Option<bool> {
    let address = Address { agency: AgencyId::parse(agency)?, unit: UnitId::parse(unit)? };
    let policy = &world.policy_at(index)?.policy;
    world.almanac().in_force(at)?;
    Some(!world.almanac().is_open(world.hours(index, &address, policy), at))
}
