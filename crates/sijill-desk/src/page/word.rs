//! The registry's closed vocabularies in the reader's words, and names with their ids.

use std::borrow::Cow;

use maud::{Markup, html};
use sijill_casework::catalogue::{
    self, AccessRequested, DeadlineBreached, Kind, ReferralBreached, ReferralRequested,
};
use sijill_casework::codes::{CodeBook, Label};
use sijill_casework::{Address, Milestone};
use sijill_domain::Registry;
use sijill_domain::event::{Name, Role};
use sijill_event::Kid;

use crate::say::Id;
use crate::text::texts;
use crate::{Lang, Text, View};

texts! {
    UNKNOWN_WORD: "غير معروف", "Unknown";
    AUDITOR: "مدقق", "Auditor";
    AUDITOR_NOTE: "يقرأ كل القيود ليدقق السجل، دون هويات.", "Reads every entry to audit the ledger, without identities.";
    CASEWORK: "العمل على الحالات", "Casework";
    CASEWORK_NOTE: "يستقبل البلاغات ويعمل على الحالات والإحالات.", "Takes reports and works on cases and referrals.";
    IMPORTER: "استيراد القيود القديمة", "Importer";
    IMPORTER_NOTE: "يُدخل حالات قديمة في سجل مستورد.", "Brings old cases into an imported ledger.";
    MIRROR: "نسخة مستقلة", "Mirror";
    MIRROR_NOTE: "يحفظ نسخة من السجل لجهته.", "Keeps a copy of the ledger for its agency.";
    OVERSIGHT: "الإشراف العام", "Oversight";
    OVERSIGHT_NOTE: "يتابع عمل المنظومة دون هويات.", "Watches over the system without identities.";
    REGISTRAR: "مسؤول التسجيل", "Registrar";
    REGISTRAR_NOTE: "يسجل وحدات جهته وموظفيها ومفاتيحهم.", "Keeps its agency's units, officers and keys.";
    SPECIALIST: "مختص", "Specialist";
    SPECIALIST_NOTE: "يطلع على البيانات الحساسة: الطبية والجنائية والقانونية.", "May be shown sensitive data: medical, forensic, legal.";
    SUPERVISOR: "مشرف", "Supervisor";
    SUPERVISOR_NOTE: "يعتمد الخطط والإغلاق ويراجع عمل الآخرين.", "Approves plans and closures and reviews others' work.";
}

/// A role, and a line on what it is for.
pub(crate) const fn role(role: Role) -> (Text, Text) {
    match role {
        Role::Auditor => (AUDITOR, AUDITOR_NOTE),
        Role::Casework => (CASEWORK, CASEWORK_NOTE),
        Role::Importer => (IMPORTER, IMPORTER_NOTE),
        Role::Mirror => (MIRROR, MIRROR_NOTE),
        Role::Oversight => (OVERSIGHT, OVERSIGHT_NOTE),
        Role::Registrar => (REGISTRAR, REGISTRAR_NOTE),
        Role::Specialist => (SPECIALIST, SPECIALIST_NOTE),
        Role::Supervisor => (SUPERVISOR, SUPERVISOR_NOTE),
    }
}

/// Several roles in a line.
pub(crate) fn roles<'a>(view: &View, all: impl IntoIterator<Item = &'a Role>) -> String {
    let names: Vec<_> = all.into_iter().map(|each| view.t(role(*each).0)).collect();
    names.join(if view.lang == Lang::Ar { "، " } else { ", " })
}

/// A name in the reader's language.
pub(crate) fn name<'a>(view: &View, name: &'a Name) -> Cow<'a, str> {
    view.figures(if view.lang == Lang::Ar { name.ar() } else { name.en() })
}

/// An agency by its latest name, with its id.
pub(crate) fn agency(view: &View, registry: &Registry, id: &str) -> Markup {
    let latest = registry.agency(id).and_then(|agency| agency.names.last());
    html! { @if let Some(latest) = latest { (name(view, &latest.name)) " " } span.quiet { "(" (Id(id)) ")" } }
}

/// A unit by its latest name, with its id.
pub(crate) fn unit(view: &View, registry: &Registry, agency: &str, id: &str) -> Markup {
    let unit = registry.agency(agency).and_then(|agency| agency.units.get(id));
    let latest = unit.and_then(|unit| unit.names.last());
    html! { @if let Some(latest) = latest { (name(view, &latest.name)) " " } span.quiet { "(" (Id(id)) ")" } }
}

/// A unit and its agency, by their latest names.
pub(crate) fn address(view: &View, registry: &Registry, to: &Address) -> Markup {
    let agency = registry.agency(to.agency.as_str());
    let named = agency.and_then(|agency| agency.names.last()).map(|latest| name(view, &latest.name));
    let unit = agency.and_then(|agency| agency.units.get(&to.unit)).and_then(|unit| unit.names.last());
    let comma = if view.lang == Lang::Ar { "، " } else { ", " };
    html! {
        @if let Some(named) = named { (named) }
        @if let Some(unit) = unit { (comma) (name(view, &unit.name)) }
        " " span.quiet { "(" bdi { (to) } ")" }
    }
}

/// A label of a code list in the reader's language.
pub(crate) fn label<'a>(view: &View, label: &'a Label) -> Cow<'a, str> {
    view.figures(if view.lang == Lang::Ar { &label.ar } else { &label.en })
}

/// What a code means in the list in force; the code itself if the list does not say.
pub(crate) fn code(view: &View, book: &CodeBook, list: &str, code: &str) -> Markup {
    let entry = book.list(list).and_then(|list| list.get(code));
    html! { @match entry { Some(entry) => (label(view, &entry.label)), None => bdi { (code) } } }
}

/// What people read for a word of a field's closed vocabulary.
pub(crate) fn word(kind: Kind, word: &str) -> Option<Text> {
    let (Kind::Word(words) | Kind::Words(words, _)) = kind else { return None };
    words.iter().find(|held| held.word == word).map(|held| held.label.into())
}

/// A milestone.
pub(crate) fn milestone(milestone: Milestone) -> Text {
    of_field(&DeadlineBreached::SPEC, "milestone", milestone.as_str())
}

/// A referral's state.
pub(crate) fn referral_state(state: catalogue::ReferralState) -> Text {
    of_field(&ReferralBreached::SPEC, "state", state.as_str())
}

/// A referral's priority.
pub(crate) fn priority(priority: sijill_casework::Priority) -> Text {
    of_field(&ReferralRequested::SPEC, "priority", priority.as_str())
}

/// A class of values.
pub(crate) fn class(class: sijill_event::Class) -> Text {
    of_field(&AccessRequested::SPEC, "classes", class.as_str())
}

fn of_field(spec: &catalogue::TypeSpec, field: &str, said: &str) -> Text {
    // The catalogue holds every word it writes.
    spec.field(field).and_then(|field| word(field.kind, said)).unwrap_or(UNKNOWN_WORD)
}

/// What people call an event type.
pub(crate) fn event_type(event_type: &str) -> Text {
    catalogue::latest(event_type).map_or(UNKNOWN_WORD, |spec| spec.title.into())
}

/// An identifier that is too long to read: its ends, and the whole of it where one points.
pub(crate) fn short(id: &str) -> Markup {
    let long = id.len() > 16 && id.is_ascii();
    html! {
        @if long { bdi.code title=(id) { (&id[..8]) "…" (&id[id.len() - 4..]) } } @else { bdi.code { (id) } }
    }
}

/// A key's name as 20 digits in four groups, for two people to compare aloud, in whatever language: its first 16 bytes
/// as a number, modulo 10^20 (as in `static/js/key.js`). That is 66 bits: nobody finds another key with the same digits
/// while an invitation lasts.
pub fn fingerprint(kid: &Kid) -> String {
    let number = kid.as_bytes().iter().take(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    let digits = format!("{:020}", number % 10_u128.pow(20));
    [&digits[..5], &digits[5..10], &digits[10..15], &digits[15..]].join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_same_in_both_programs() {
        let kid = Kid::parse("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k").expect("a kid");
        assert_eq!(fingerprint(&kid), "89422 68745 29680 90146");
    }
}
