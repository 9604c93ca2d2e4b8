//! Inviting an officer, and signing the key that came back.

pub(crate) mod signed;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use qrcode::{Color, QrCode};
use serde_json::json;
use sijill_domain::event::Role;
use sijill_domain::{Agency, OfficerId, UnitId};

use super::word;
use crate::desk::Office;
use crate::invitation::{Invitation, LIFE_MS, Post, State as Step};
use crate::part::form::{Choice, Field, errors};
use crate::part::page::Page;
use crate::part::sign::{self, Signed};
use crate::part::state::{self, Tone};
use crate::say::Id;
use crate::text::texts;
use crate::{DeskError, Session, Text, View, frame};

texts! {
    TITLE: "دعوة موظف", "Invite an officer";
    LEAD: "تعطي الموظف رابطًا يُستخدم مرة واحدة. يُنشئ متصفحه مفتاحًا، ثم توقّعه أنت.", "You give the officer a link that works once. Their browser makes a key, and then you sign it.";
    OFFICER: "رمز الموظف", "Officer id";
    OFFICER_HINT: "رمز وظيفي لا يتغير وليس اسمًا، مثل intake-3. حروف لاتينية صغيرة وأرقام ونقطة وشرطة.", "A staff code for good, never a name, e.g. intake-3. Small Latin letters, digits, dot, hyphen.";
    OFFICER_WRONG: "اكتب رمزًا من حروف لاتينية صغيرة وأرقام، يبدأ بحرف أو رقم.", "Write an id of small Latin letters and digits that begins with one of them.";
    OFFICER_KNOWN: "هذا الرمز مستخدم من قبل. اختر رمزًا آخر، أو ادعُ الموظف لجهاز آخر من صفحته.", "This id was used before. Choose another, or invite the officer for another device from their page.";
    UNIT: "الوحدة", "Unit";
    UNIT_WRONG: "اختر وحدة مفتوحة.", "Choose an open unit.";
    ROLES: "الأدوار", "Roles";
    ROLES_HINT: "ما يحتاجه عمله فقط.", "Only what the work needs.";
    ROLES_WRONG: "اختر من الأدوار الممنوحة لجهتك.", "Choose among the roles your agency was granted.";
    BUTTON: "إنشاء الدعوة", "Make the invitation";
    NO_UNIT: "لا وحدة مفتوحة في جهتك", "Your agency has no open unit";
    NO_UNIT_NOTE: "يفتح حامل مفتاح الجهة وحدةً أولًا.", "The holder of the agency's root key opens one first.";
    MADE: "الدعوة جاهزة", "The invitation is ready";
    MADE_LEAD: "أعطِ الموظف {officer} هذا الرابط أو الرمز، بيدك أو في مكالمة تعرف فيها صوته. لن يظهر مرة أخرى.", "Give officer {officer} this link or code, in person or on a call where you know the voice. It is not shown again.";
    MADE_ENDS: "صالح حتى {moment}.", "Good until {moment}.";
    QR: "رمز الاستجابة السريعة للدعوة", "QR code of the invitation";
    THEN: "بعد أن يفتحه الموظف يظهر مفتاحه في صفحة الموظفين لتوقّعه.", "Once the officer has opened it, the key appears under Officers for you to sign.";
    TO_OFFICERS: "إلى صفحة الموظفين", "Go to Officers";
    SIGN_TITLE: "توقيع مفتاح", "Sign a key";
    SIGN_LEAD: "اسأل الموظف أن يقرأ عليك الرمز الظاهر عنده. إن اختلف حرف واحد فلا توقّع، واسحب الدعوة.", "Ask the officer to read out the code on their screen. If a single letter differs, do not sign; withdraw the invitation.";
    FINGERPRINT: "رمز المفتاح", "Key code";
    SIGN_BUTTON: "الرمز مطابق: مراجعة وتوقيع", "The codes match: check and sign";
    NOT_ANSWERED: "لم يفتح الموظف الدعوة بعد", "The officer has not opened the invitation yet";
    NOT_ANSWERED_NOTE: "أعد تحميل الصفحة بعد أن يفتحها.", "Load this page again once they have.";
    DONE: "هذا المفتاح مسجَّل", "This key is registered";
    DONE_NOTE: "يستطيع الموظف الدخول الآن.", "The officer can sign in now.";
    NO_ROLES: "بلا أدوار", "No roles";
    BACK: "كل الموظفين", "All officers";
}

/// What the form holds, right or wrong.
#[derive(Default)]
struct Written {
    officer: String,
    unit: String,
    roles: BTreeSet<String>,
    another: bool,
}

impl Written {
    fn read(pairs: Vec<(String, String)>) -> Result<Self, DeskError> {
        let mut written = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "officer" => written.officer = value.trim().to_owned(),
                "unit" => written.unit = value,
                "roles" => {
                    written.roles.insert(value);
                }
                "device" => written.another = value == "another",
                _ => return Err(DeskError::Body),
            }
        }
        Ok(written)
    }
}

/// What is wrong with what was written.
#[derive(Default)]
struct Wrong {
    officer: Option<Text>,
    unit: Option<Text>,
    roles: Option<Text>,
}

impl Wrong {
    fn first(&self) -> Text {
        self.officer.or(self.unit).or(self.roles).unwrap_or(OFFICER_WRONG)
    }
}

/// `GET /desk/invite`
pub(crate) async fn form(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
) -> Result<Markup, DeskError> {
    session.must(Role::Registrar)?;
    let registry = office.desk.ledger.registry();
    let agency = registry.agency(session.agency.as_str()).ok_or(DeskError::NotYours)?;
    Ok(asked(&view, &session, agency, &Written::default(), &Wrong::default()))
}

fn asked(view: &View, session: &Session, agency: &Agency, written: &Written, wrong: &Wrong) -> Markup {
    let fields = [
        Field::new("officer", OFFICER).hint(OFFICER_HINT).wrong(wrong.officer),
        Field::new("unit", UNIT).wrong(wrong.unit),
        Field::new("roles", ROLES).hint(ROLES_HINT).wrong(wrong.roles),
    ];
    let open = agency.units.iter().filter(|(_, unit)| unit.open);
    let units: Vec<_> = open
        .map(|(id, unit)| Choice {
            value: id.as_str(),
            label: html! { (unit.names.last().map_or(id.as_str().into(), |naming| word::name(view, &naming.name))) " (" (id.as_str()) ")" },
            note: None,
            chosen: written.unit == id.as_str(),
        })
        .collect();
    let roles: Vec<_> = Role::ALL
        .iter()
        .filter(|role| agency.is_granted(**role))
        .map(|role| Choice {
            value: role.as_str(),
            label: html! { (view.t(word::role(*role).0)) },
            note: Some(word::role(*role).1),
            chosen: written.roles.contains(role.as_str()),
        })
        .collect();
    let any_wrong = fields.iter().any(|field| field.wrong.is_some());
    Page::new(view, view.t(TITLE)).of(session).wrong(any_wrong).with(&html! {
        a.back href="/desk/officers" { (view.t(BACK)) }
        (errors(view, &fields))
        h1 { (view.t(TITLE)) }
        p.lead { (view.t(LEAD)) }
        @if units.is_empty() { (state::nothing(view, NO_UNIT, NO_UNIT_NOTE, None)) } @else {
            form method="post" action="/desk/invite" novalidate {
                (fields[0].line(view, &written.officer, "ltr"))
                (fields[1].select(view, &units))
                (fields[2].checks(view, &roles))
                div.row { button.button type="submit" { (view.t(BUTTON)) } }
            }
        }
    })
}

/// `POST /desk/invite`: for a new officer, or with `device=another` for one that is enrolled.
pub(crate) async fn make(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    headers: HeaderMap,
    body: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, DeskError> {
    session.must(Role::Registrar)?;
    let written = Written::read(body?.0)?;
    let registry = office.desk.ledger.registry();
    let agency = registry.agency(session.agency.as_str()).ok_or(DeskError::NotYours)?;
    let now = office.now()?;
    let (officer, post) = match judged(agency, &written) {
        Ok(sound) => sound,
        Err(wrong) => {
            let page = asked(&view, &session, agency, &written, &wrong);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let ends = now.saturating_add(LIFE_MS);
    let invitation =
        Invitation { agency: session.agency.clone(), officer: officer.clone(), post, ends, answer: None };
    let token = office.invitations.make(invitation, now)?;
    let site = frame::site(&office, &headers).ok_or(DeskError::Site)?;
    let link = format!("{site}/desk/enrol#{token}");
    Ok((StatusCode::CREATED, made(&view, &session, &officer, &link, ends)).into_response())
}

fn judged(agency: &Agency, written: &Written) -> Result<(OfficerId, Option<Post>), Wrong> {
    let mut wrong = Wrong::default();
    let officer = OfficerId::parse(&written.officer).filter(|id| id.as_str() != "root");
    let enrolled = agency.officer(&written.officer).is_some();
    if officer.is_none() || written.another && !enrolled {
        wrong.officer = Some(OFFICER_WRONG);
    } else if !written.another && agency.officers.contains_key(written.officer.as_str()) {
        wrong.officer = Some(OFFICER_KNOWN);
    }
    if written.another {
        return match officer {
            Some(officer) if wrong.officer.is_none() => Ok((officer, None)),
            _ => Err(wrong),
        };
    }
    let unit = UnitId::parse(&written.unit).filter(|unit| agency.open_unit(unit.as_str()).is_some());
    if unit.is_none() {
        wrong.unit = Some(UNIT_WRONG);
    }
    let roles: Option<BTreeSet<Role>> =
        written.roles.iter().map(|role| Role::parse(role).filter(|role| agency.is_granted(*role))).collect();
    if roles.is_none() {
        wrong.roles = Some(ROLES_WRONG);
    }
    match (officer, unit, roles) {
        (Some(officer), Some(unit), Some(roles)) if wrong.officer.is_none() => {
            Ok((officer, Some(Post { unit, roles })))
        }
        _ => Err(wrong),
    }
}

fn made(view: &View, session: &Session, officer: &OfficerId, link: &str, ends: u64) -> Markup {
    Page::new(view, view.t(MADE)).of(session).with(&html! {
        h1 { (view.t(MADE)) }
        p.lead { (MADE_LEAD.fill(view.lang, &[("officer", &Id(officer.as_str()))])) }
        p { bdi.link-out { (link) } }
        (qr(view, link))
        p { (MADE_ENDS.fill(view.lang, &[("moment", &view.time(ends))])) }
        p.quiet { (view.t(THEN)) }
        p { a href="/desk/officers" { (view.t(TO_OFFICERS)) } }
    })
}

/// A QR code as a drawing: one path, a square per dark module.
fn qr(view: &View, text: &str) -> Markup {
    let Ok(code) = QrCode::new(text) else { return html! {} };
    let width = code.width();
    let mut squares = String::new();
    for (place, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        // Writing to a String cannot fail.
        let _ = write!(squares, "M{} {}h1v1h-1z", place % width, place / width);
    }
    html! {
        svg.qr role="img" aria-label=(view.t(QR)) viewBox=(format!("0 0 {width} {width}")) shape-rendering="crispEdges" {
            path d=(squares) fill="#000" {}
        }
    }
}

/// `GET /desk/invitations/{id}`: the key that came back, to be compared and signed.
pub(crate) async fn answered(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    path: Result<Path<String>, PathRejection>,
) -> Result<Markup, DeskError> {
    session.must(Role::Registrar)?;
    let Path(id) = path?;
    let held = office.invitations.by_id(&id, &session.agency, office.now()?)?;
    let registry = office.desk.ledger.registry();
    let content = match (held.state(&registry), &held.answer) {
        (Step::Done, _) => state::nothing(&view, DONE, DONE_NOTE, Some(("/desk/officers", BACK))),
        (Step::Open, _) | (_, None) => {
            state::nothing(&view, NOT_ANSWERED, NOT_ANSWERED_NOTE, Some(("/desk/officers", BACK)))
        }
        (Step::Answered, Some(answer)) => {
            let (agency, officer) = (held.agency.as_str(), held.officer.as_str());
            let mut data = json!({ "officer": officer, "key": answer.key.to_jwk(), "proof": answer.proof });
            let event_type = match &held.post {
                None => "key.added",
                Some(Post { unit, roles }) => {
                    data["kind"] = "officer".into();
                    data["unit"] = unit.as_str().into();
                    data["roles"] = json!(roles);
                    "officer.enrolled"
                }
            };
            let stream = format!("agency/{agency}");
            let signed =
                Signed { stream: &stream, event_type, v: 1, data, done: "/desk/officers", post: None };
            sign::form(
                &view,
                "key",
                &signed,
                SIGN_BUTTON,
                &html! {
                    dl.facts {
                        div { dt { (view.t(OFFICER)) } dd data-fact=(view.t(OFFICER)) { (Id(officer)) } }
                        @if let Some(Post { unit, roles }) = &held.post {
                            div { dt { (view.t(UNIT)) } dd data-fact=(view.t(UNIT)) { (word::unit(&view, &registry, agency, unit.as_str())) } }
                            div { dt { (view.t(ROLES)) } dd data-fact=(view.t(ROLES)) {
                                @if roles.is_empty() { (view.t(NO_ROLES)) } @else { (word::roles(&view, roles)) }
                            } }
                        }
                        div { dt { (view.t(FINGERPRINT)) } dd data-fact=(view.t(FINGERPRINT)) {
                            bdi.fingerprint { (word::fingerprint(&answer.key.kid())) }
                        } }
                    }
                },
            )
        }
    };
    let page = Page::new(&view, view.t(SIGN_TITLE)).of(&session).script("js/sign.js").says(sign::SAID);
    Ok(page.with(&html! {
        a.back href="/desk/officers" { (view.t(BACK)) }
        (errors(&view, &[]))
        h1 { (view.t(SIGN_TITLE)) }
        (state::notice(Tone::Warn, &html! { p { (view.t(SIGN_LEAD)) } }))
        (content)
    }))
}

/// `POST /desk/invitations/{id}`: withdraws it.
pub(crate) async fn withdraw(
    State(office): State<Arc<Office>>,
    session: Session,
    path: Result<Path<String>, PathRejection>,
) -> Result<Redirect, DeskError> {
    session.must(Role::Registrar)?;
    let Path(id) = path?;
    office.invitations.withdraw(&id, &session.agency);
    Ok(Redirect::to("/desk/officers"))
}
