//! What people call the events of the registry and of the log itself, which the catalogue of casework does not know.

use maud::{Markup, html};
use sijill_casework::catalogue;

use crate::text::texts;
use crate::{Text, View};

texts! {
    LEDGER_CREATED: "إنشاء السجل", "Ledger created";
    LEDGER_RATIFIED: "إقرار جهة مؤسِّسة", "Ledger ratified by a founder";
    PROPOSAL_OPENED: "طرح قرار", "Proposal opened";
    PROPOSAL_APPROVED: "موافقة على قرار", "Proposal approved";
    HOLIDAY_ANNOUNCED: "إعلان عطلة", "Holiday announced";
    UNIT_OPENED: "فتح وحدة", "Unit opened";
    UNIT_RENAMED: "تغيير اسم وحدة", "Unit renamed";
    UNIT_CLOSED: "إغلاق وحدة", "Unit closed";
    UNIT_CALENDAR: "تحديد دوام وحدة", "Unit's working hours set";
    OFFICER_ENROLLED: "تسجيل موظف", "Officer enrolled";
    OFFICER_MOVED: "نقل موظف", "Officer moved";
    OFFICER_REMOVED: "إنهاء صفة موظف", "Officer removed";
    ROLES_SET: "تحديد أدوار", "Roles set";
    CERTIFICATE: "منح شهادة تدريب", "Certificate granted";
    KEY_ADDED: "إضافة مفتاح", "Key added";
    KEY_REVOKED: "إلغاء مفتاح", "Key revoked";
    KEY_COMPROMISED: "إبلاغ عن مفتاح في يد غير صاحبه", "Key reported compromised";
    ATTESTED: "تصديق الأرقام", "Figures attested";
    AUDITED: "تسجيل تدقيق", "Audit recorded";
}

const KINDS: [(&str, Text); 19] = [
    ("ledger.created", LEDGER_CREATED),
    ("ledger.ratified", LEDGER_RATIFIED),
    ("proposal.opened", PROPOSAL_OPENED),
    ("proposal.approved", PROPOSAL_APPROVED),
    ("holiday.announced", HOLIDAY_ANNOUNCED),
    ("unit.opened", UNIT_OPENED),
    ("unit.renamed", UNIT_RENAMED),
    ("unit.closed", UNIT_CLOSED),
    ("unit.calendar_set", UNIT_CALENDAR),
    ("officer.enrolled", OFFICER_ENROLLED),
    ("officer.moved", OFFICER_MOVED),
    ("officer.removed", OFFICER_REMOVED),
    ("roles.set", ROLES_SET),
    ("certificate.granted", CERTIFICATE),
    ("key.added", KEY_ADDED),
    ("key.revoked", KEY_REVOKED),
    ("key.compromised", KEY_COMPROMISED),
    ("projection.attested", ATTESTED),
    ("audit.recorded", AUDITED),
];

/// What an event of this type is called, with the type itself; of one that nobody has a word for, the type alone.
pub(super) fn called(view: &View, event_type: &str) -> Markup {
    let own = KINDS.iter().find(|(known, _)| *known == event_type).map(|(_, text)| *text);
    let title = own.or_else(|| catalogue::latest(event_type).map(|spec| spec.title.into()));
    html! {
        @if let Some(title) = title { (view.t(title)) " " }
        span.quiet { "(" bdi dir="ltr" { (event_type) } ")" }
    }
}

#[cfg(test)]
mod tests {
    use sijill_domain::event::{AgencyEvent, AuditRecorded, ProjectionAttested};

    use super::*;

    #[test]
    fn every_type_of_a_registrar_and_of_the_log_has_a_name() {
        for event_type in AgencyEvent::TYPES.iter().chain([&ProjectionAttested::TYPE, &AuditRecorded::TYPE]) {
            assert!(KINDS.iter().any(|(known, _)| known == event_type), "{event_type}");
        }
    }
}
