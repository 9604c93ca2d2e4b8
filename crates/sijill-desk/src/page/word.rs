//! The registry's closed vocabularies in the reader's words, and names with their ids.

use maud::{Markup, html};
use sijill_domain::Registry;
use sijill_domain::event::{Name, Role};
use sijill_event::Kid;

use crate::say::Id;
use crate::text::texts;
use crate::{Lang, Text, View};

texts! {
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
pub(crate) fn name<'a>(view: &View, name: &'a Name) -> &'a str {
    if view.lang == Lang::Ar { name.ar() } else { name.en() }
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

/// A key's name as 20 digits in four groups, for two people to compare aloud, in whatever language: its first 16 bytes
/// as a number, modulo 10^20 (as in `static/js/key.js`). That is 66 bits: nobody finds another key with the same digits
/// while an invitation lasts.
pub(crate) fn fingerprint(kid: &Kid) -> String {
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
