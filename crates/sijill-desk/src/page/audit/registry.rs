//! `/desk/audit/registry`: who may sign what, now or as it was before an entry. Position decides, never a claimed time.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use sijill_domain::event::{DocumentKind, Role, Service};
use sijill_domain::{Agency, KeyRecord, Owner, Registry, Signer, Standing};
use sijill_event::Kid;

use super::entry_link;
use crate::desk::Office;
use crate::page::word;
use crate::part::form::Field;
use crate::part::page::Page;
use crate::say::Id;
use crate::text::texts;
use crate::{DeskError, Session, Text, View};

texts! {
    TITLE: "سجل الصلاحيات", "The registry";
    BACK: "التدقيق", "Audit";
    BACK_ALL: "كل الجهات", "All agencies";
    NOTE: "كل صلاحية قيد في السجل. يصح المفتاح للقيود التي بعد القيد الذي أضافه، إلى القيد الذي ألغاه.", "All authority is on the ledger itself. A key is good for the entries after the one that added it, up to the one that revoked it.";
    NOW: "كما هو الآن.", "As it is now.";
    THEN: "كما كان قبل القيد {n}.", "As it was before entry {n}.";
    AT: "كما كان قبل القيد", "As it was before entry";
    AT_HINT: "رقم قيد. يُترك فارغًا لما هو الآن.", "An entry's number. Leave empty for now.";
    SHOW: "عرض", "Show";
    AGENCIES: "الجهات", "Agencies";
    AGENCY: "الجهة", "Agency";
    MEMBER: "عضو له صوت", "Member with a vote";
    YES: "نعم", "Yes";
    NO: "لا", "No";
    STANDING: "الوضع", "Standing";
    ACTIVE: "قائمة", "Active";
    REMOVED: "خرجت", "Removed";
    MERGED: "دُمجت في {agency}", "Merged into {agency}";
    UNITS: "الوحدات", "Units";
    OFFICERS: "الموظفون", "Officers";
    KEYS: "المفاتيح", "Keys";
    NAMES: "سُمّيت", "Called";
    SINCE: "{name}، منذ {moment}", "{name}, since {moment}";
    UNIT: "الوحدة", "Unit";
    OPEN: "مفتوحة", "Open";
    CLOSED: "مغلقة", "Closed";
    HOURS: "الدوام", "Hours";
    OFFICER: "الموظف", "Officer";
    ROLES: "الأدوار", "Roles";
    KEY: "المفتاح", "Key";
    OF: "باسم", "Speaks for";
    ADDED: "أضافه القيد", "Added by entry";
    REVOKED: "ألغاه القيد", "Revoked by entry";
    DISPUTED: "محل نزاع منذ {moment}", "Disputed since {moment}";
    GOOD: "سارٍ", "Good now";
    GONE: "انتهت صفته", "Removed";
    SUSPENDED: "موقوف عن التسجيل", "Suspended as registrar";
    SERVICES: "خدمات السجل ومفتاحه", "The ledger's services and its key";
    CHECKPOINTS: "توقيع بصمات السجل", "Signs checkpoints";
    AUTOMATION: "خدمة التنفيذ الآلي", "Automation";
    ACCESS: "خدمة الاطلاع", "Access";
    LOG: "خدمة السجل", "Log";
    OPERATOR: "المشغِّل", "Operator";
    ROOT: "الجهة نفسها", "The agency itself";
    DOCUMENTS: "الوثائق السارية", "Documents in force";
    DOCUMENT: "الوثيقة", "Document";
    VERSION: "الإصدار", "Version";
    FROM: "سرت بعد القيد", "In force after entry";
    CALENDAR: "التقويم", "Calendar";
    CODE_LIST: "قائمة رموز", "Code list";
    MANUAL: "دليل", "Manual";
    POLICY: "سياسة", "Policy";
    QUORUM: "النصاب: {quorum} من {members}. مجموعة القواعد: {rules}.", "Quorum: {quorum} of {members} members. Rule-set {rules}.";
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    at: String,
}

/// The registry now, or as it was before an entry.
struct Then {
    registry: Arc<Registry>,
    at: Option<u64>,
}

impl Then {
    async fn of(office: &Office, query: Result<Query<Asked>, QueryRejection>) -> Result<Self, DeskError> {
        let Query(Asked { at }) = query.map_err(|_| DeskError::Body)?;
        let ledger = &office.desk.ledger;
        if at.trim().is_empty() {
            return Ok(Self { registry: ledger.registry(), at: None });
        }
        let at: u64 = at.trim().parse().map_err(|_| DeskError::NotFound)?;
        if at == 0 || at > ledger.published().checkpoint.size {
            return Err(DeskError::NotFound);
        }
        Ok(Self { registry: Arc::new(ledger.registry_at(at).await?), at: Some(at) })
    }

    fn query(&self) -> String {
        self.at.map(|at| format!("?at={at}")).unwrap_or_default()
    }

    fn said(&self, view: &View) -> Markup {
        match self.at {
            None => html! { (view.t(NOW)) },
            Some(at) => THEN.fill(view.lang, &[("n", &entry_link(view, at))]),
        }
    }
}

/// `GET /desk/audit/registry?at=…`
pub(crate) async fn registry(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Markup, DeskError> {
    session.must(Role::Auditor)?;
    let then = Then::of(&office, query).await?;
    let registry = &then.registry;
    let members = registry.members().count() as u64;
    let numbers: [(&str, &dyn maud::Render); 3] = [
        ("quorum", &view.number(registry.quorum())),
        ("members", &view.number(members)),
        ("rules", &view.number(registry.rules().unwrap_or(0))),
    ];
    Ok(Page::new(&view, view.t(TITLE)).of(&session).style("audit.css").with(&html! {
        a.back href="/desk/audit" { (view.t(BACK)) }
        h1 { (view.t(TITLE)) }
        p { (view.t(NOTE)) }
        p.quiet { (then.said(&view)) " " (QUORUM.fill(view.lang, &numbers)) }
        (form(&view, &then))
        h2 { (view.t(AGENCIES)) }
        (table(&view, AGENCIES, &[AGENCY, MEMBER, STANDING, UNITS, OFFICERS], &html! {
            @for (id, agency) in registry.agencies() {
                tr {
                    th scope="row" { a href={ "/desk/audit/registry/" (id) (then.query()) } { (latest(&view, agency)) } " " span.quiet { "(" (Id(id.as_str())) ")" } }
                    td { (view.t(if agency.member { YES } else { NO })) }
                    td { (standing(&view, registry, agency)) }
                    td { (view.number(agency.units.values().filter(|unit| unit.open).count() as u64)) }
                    td { (view.number(agency.officers.values().filter(|officer| !officer.removed).count() as u64)) }
                }
            }
        }))
        h2 { (view.t(SERVICES)) }
        (keys(&view, registry, |owner| !matches!(owner, Owner::Signer(Signer::Root(_) | Signer::Officer { .. }))))
        h2 { (view.t(DOCUMENTS)) }
        (table(&view, DOCUMENTS, &[DOCUMENT, VERSION, FROM], &html! {
            @for (kind, id, versions) in registry.documents() {
                @if let Some(last) = versions.last() {
                    tr {
                        th scope="row" { (view.t(document(kind))) " " (Id(id.as_str())) }
                        td { (view.number(last.version)) }
                        td { (entry_link(&view, last.index)) }
                    }
                }
            }
        }))
    }))
}

/// `GET /desk/audit/registry/{agency}?at=…`
pub(crate) async fn agency(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Markup, DeskError> {
    session.must(Role::Auditor)?;
    let Path(id) = path?;
    let then = Then::of(&office, query).await?;
    let registry = &then.registry;
    let agency = registry.agency(&id).ok_or(DeskError::NotFound)?;
    let own = |owner: &Owner| matches!(owner, Owner::Signer(signer) if signer.agency().is_some_and(|a| a.as_str() == id));
    Ok(Page::new(&view, latest(&view, agency)).of(&session).style("audit.css").with(&html! {
        a.back href={ "/desk/audit/registry" (then.query()) } { (view.t(BACK_ALL)) }
        h1 { (latest(&view, agency)) }
        p.quiet { (then.said(&view)) }
        dl.facts {
            div { dt { (view.t(AGENCY)) } dd { (Id(&id)) } }
            div { dt { (view.t(STANDING)) } dd { (standing(&view, registry, agency)) } }
            div { dt { (view.t(MEMBER)) } dd { (view.t(if agency.member { YES } else { NO })) } }
            div {
                dt { (view.t(NAMES)) }
                dd {
                    @for naming in &agency.names {
                        p { (SINCE.fill(view.lang, &[("name", &word::name(&view, &naming.name)), ("moment", &view.time(naming.since))])) }
                    }
                }
            }
        }
        h2 { (view.t(UNITS)) }
        (table(&view, UNITS, &[UNIT, STANDING, HOURS], &html! {
            @for (unit_id, unit) in &agency.units {
                tr {
                    th scope="row" { (word::unit(&view, registry, &id, unit_id.as_str())) }
                    td { (view.t(if unit.open { OPEN } else { CLOSED })) }
                    td { @if let Some(hours) = &unit.calendar { (Id(hours.as_str())) } }
                }
            }
        }))
        h2 { (view.t(OFFICERS)) }
        (table(&view, OFFICERS, &[OFFICER, UNIT, ROLES, STANDING], &html! {
            @for (officer_id, officer) in &agency.officers {
                tr {
                    th scope="row" { (Id(officer_id.as_str())) }
                    td { (word::unit(&view, registry, &id, officer.unit.as_str())) }
                    td { (word::roles(&view, officer.roles.iter().filter(|role| agency.may_use(officer, **role)))) }
                    td {
                        @if officer.removed { (view.t(GONE)) }
                        @else if officer.suspended { (view.t(SUSPENDED)) }
                        @else { (view.t(GOOD)) }
                    }
                }
            }
        }))
        h2 { (view.t(KEYS)) }
        (keys(&view, registry, own))
    }))
}

fn form(view: &View, then: &Then) -> Markup {
    let at = then.at.map(|at| at.to_string()).unwrap_or_default();
    html! {
        form method="get" action="/desk/audit/registry" {
            (Field::new("at", AT).hint(AT_HINT).optional().line(view, &at, "ltr"))
            div.row { button.button.button--second type="submit" { (view.t(SHOW)) } }
        }
    }
}

fn table(view: &View, title: Text, heads: &[Text], rows: &Markup) -> Markup {
    html! {
        div.table-wrap tabindex="0" role="group" aria-label=(view.t(title)) {
            table {
                caption.visually-hidden { (view.t(title)) }
                thead { tr { @for head in heads { th scope="col" { (view.t(*head)) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// Keys of these owners, in the order in which they were added.
fn keys(view: &View, registry: &Registry, wanted: impl Fn(&Owner) -> bool) -> Markup {
    let mut found: Vec<(&Kid, &KeyRecord)> =
        registry.keys().iter().filter(|(_, record)| wanted(&record.owner)).collect();
    found.sort_by_key(|(_, record)| record.added);
    table(
        view,
        KEYS,
        &[KEY, OF, ADDED, REVOKED],
        &html! {
            @for (kid, record) in found {
                tr {
                    th scope="row" { bdi.code dir="ltr" title=(kid) { (word::fingerprint(kid)) } }
                    td { (owner(view, &record.owner)) }
                    td { (entry_link(view, record.added)) }
                    td {
                        @match record.revoked { Some(revoked) => (entry_link(view, revoked)), None => (view.t(GOOD)) }
                        @if let Some(since) = record.disputed_since { br; (DISPUTED.fill(view.lang, &[("moment", &view.time(since))])) }
                    }
                }
            }
        },
    )
}

fn owner(view: &View, owner: &Owner) -> Markup {
    let service = |service: &Service| match service {
        Service::Access => ACCESS,
        Service::Automation => AUTOMATION,
        Service::Log => LOG,
        Service::Operator => OPERATOR,
    };
    match owner {
        Owner::Checkpoint => html! { (view.t(CHECKPOINTS)) },
        Owner::Signer(Signer::Service(of)) => html! { (view.t(service(of))) },
        Owner::Signer(Signer::Root(_)) => html! { (view.t(ROOT)) },
        Owner::Signer(Signer::Officer { officer, .. }) => html! { (Id(officer.as_str())) },
    }
}

fn latest<'a>(view: &View, agency: &'a Agency) -> Cow<'a, str> {
    agency.names.last().map_or(Cow::Borrowed(""), |latest| word::name(view, &latest.name))
}

fn standing(view: &View, registry: &Registry, agency: &Agency) -> Markup {
    match &agency.standing {
        Standing::Active => html! { (view.t(ACTIVE)) },
        Standing::Removed => html! { (view.t(REMOVED)) },
        Standing::Merged(into) => {
            MERGED.fill(view.lang, &[("agency", &word::agency(view, registry, into.as_str()))])
        }
    }
}

const fn document(kind: DocumentKind) -> Text {
    match kind {
        DocumentKind::Calendar => CALENDAR,
        DocumentKind::CodeList => CODE_LIST,
        DocumentKind::Manual => MANUAL,
        DocumentKind::Policy => POLICY,
    }
}
