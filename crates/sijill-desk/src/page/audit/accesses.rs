//! `/desk/audit/accesses`: who saw what. Every request, release, broken glass, review, look-up and export, a line each.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate};
use maud::{Markup, html};
use serde::Deserialize;
use sijill_casework::case::World;
use sijill_casework::catalogue::{self, Kind};
use sijill_casework::codes::CodeBook;
use sijill_domain::event::Role;
use sijill_event::Class;
use sijill_projections::query::{Ask, BusyDay, Place, Reader, Sight, Views, view as view_of};
use sijill_projections::{Cell, ProjectionError};

use super::{busy, entry_link};
use crate::desk::Office;
use crate::page::case;
use crate::page::oversight::{ask_query, page_of, unavailable};
use crate::page::word;
use crate::part::form::{Choice, Field, errors};
use crate::part::page::Page;
use crate::part::state;
use crate::say::Id;
use crate::text::texts;
use crate::{DeskError, Lang, Session, Text, View};

texts! {
    TITLE: "من اطّلع على ماذا", "Who saw what";
    BACK: "التدقيق", "Audit";
    NOTE: "كل سطر قيد موقّع في السجل. ما يظهر هنا حالات برموزها، لا أسماء أطفال ولا قيم.", "Each line is a signed entry of the ledger. Cases stand here by their pseudonyms: no child's name and no value.";
    NARROW: "اختيار ما يُعرض", "Choose what is shown";
    AGENCY: "الجهة", "Agency";
    ALL_AGENCIES: "كل الجهات", "All agencies";
    OFFICER: "الموظف", "Officer";
    OFFICER_HINT: "معرّفه، مثل ma-1", "Its id, like ma-1";
    CASE: "الحالة أو الاتصال", "Case or contact";
    CASE_HINT: "الرقم كما في السجل", "Its number, as the ledger has it";
    ACT: "الإجراء", "Act";
    ALL_ACTS: "كل الإجراءات", "All acts";
    FROM: "من يوم", "From day";
    TO: "إلى يوم", "To day";
    DAY_HINT: "مثل 2026-01-31", "Like 2026-01-31";
    ONLY: "ما يستحق السؤال", "Worth a question";
    EVERYTHING: "كل الأسطر", "All lines";
    CLOSED: "خارج دوام الوحدة", "Outside the unit's working time";
    OUTSIDERS: "من جهة ليست طرفًا في الحالة", "By an agency that is no party to the case";
    UNUSUAL_NOTE: "غير المعتاد ليس مخالفة: خط الحماية يعمل ليلًا، والمدقق ليس طرفًا في حالة.", "Unusual is not wrong: the helpline works at night, and an auditor is no party to a case.";
    SHOW: "عرض", "Show";
    WRONG_DAY: "اكتب اليوم هكذا: 2026-01-31", "Write the day like this: 2026-01-31";
    WRONG_ORDER: "يبدأ المدى بعد نهايته", "It begins after it ends";
    WRONG: "لا يمكن أن يكون هذا معرّفًا", "This can be no id";
    ENTRY: "القيد", "Entry";
    WHEN: "الوقت", "When";
    WHO: "من", "Who";
    WHAT: "ماذا", "What";
    GROUND: "الغرض أو السبب", "Purpose or ground";
    SEEN: "فئات البيانات", "Classes of data";
    FIELDS: "عدد القيم {n}: {classes}", "Values: {n} ({classes})";
    MARK_CLOSED: "خارج الدوام", "Outside working time";
    LOOKED: "عدد الأسطر التي فُحصت لهذه الصفحة: {n}.", "Lines looked through for this page: {n}.";
    NOTHING: "لا سطر يطابق هذا", "No line is like this";
    NOTHING_NOTE: "لم يُسجَّل اطلاع بهذه الصفات في هذه المدة.", "No access of this sort was recorded in this time.";
    NOT_YET: "يقرأ الخادم السجل من أوله. أعد تحميل الصفحة بعد قليل.", "The server is reading the log from its beginning. Reload this page in a while.";
    NOT_YET_TITLE: "السجل قيد القراءة", "The log is being read";
    KNOWN: "السجل عند الحجم {n}.", "The log at size {n}.";
    MORE: "التالي", "Next";
    LATEST: "الأحدث", "Latest";
}

/// Lines of a page.
const PAGE: u32 = 50;
/// Lines looked through where only those outside working time are shown.
const LOOK: u32 = 500;
/// Entries that the read models may be behind before nothing is shown.
const BEHIND: u64 = 10_000;
/// The busiest days that are told.
const DAYS: u32 = 12;
/// Acts, as they are chosen.
const ACTS: [&str; 6] = [
    "access.requested",
    "access.released",
    "break_glass.invoked",
    "break_glass.reviewed",
    "child.looked_up",
    "export.released",
];

/// The query of the address, as it was written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(super) agency: String,
    pub(super) officer: String,
    pub(super) case: String,
    pub(super) act: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) only: String,
    pub(super) after: String,
}

/// `YYYY-MM-DD` in Muscat of a moment, Unix milliseconds.
pub(super) fn day(unix_ms: u64) -> String {
    let at = i64::try_from(unix_ms.saturating_add(MUSCAT_MS)).ok().and_then(DateTime::from_timestamp_millis);
    at.map(|at| at.date_naive().to_string()).unwrap_or_default()
}

/// Muscat is four hours ahead of UTC all year.
const MUSCAT_MS: u64 = 4 * 3_600_000;

/// The first moment of a day in Muscat, or of the one after it, Unix milliseconds.
fn bound(text: &str, after: bool) -> Option<u64> {
    let day = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()?;
    let day = if after { day.succ_opt()? } else { day };
    let start = day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis();
    u64::try_from(start).ok()?.checked_sub(MUSCAT_MS)
}

/// The address of these lines.
pub(super) fn path(asked: &Asked, after: Option<&str>) -> String {
    let Asked { agency, officer, case, act, from, to, only, .. } = asked;
    let all = [
        ("agency", agency.as_str()),
        ("officer", officer),
        ("case", case),
        ("act", act),
        ("from", from),
        ("to", to),
        ("only", only),
        ("after", after.unwrap_or_default()),
    ];
    let given = all.map(|(name, value)| (name, Some(value).filter(|value| !value.is_empty())));
    format!("/desk/audit/accesses{}", ask_query(&given))
}

/// The question in the view's words; what could not be understood is said beside its field.
fn read(asked: &Asked) -> Result<Ask, Vec<(&'static str, Text)>> {
    let mut wrong = Vec::new();
    let mut end = |name, text: &str, after| {
        let read = if text.is_empty() { None } else { bound(text, after) };
        if read.is_none() && !text.is_empty() {
            wrong.push((name, WRONG_DAY));
        }
        read
    };
    let (from, to) = (end("from", &asked.from, false), end("to", &asked.to, true));
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        wrong.push(("to", WRONG_ORDER));
    }
    let text = |end: Option<u64>| end.map(|ms| ms.to_string()).unwrap_or_default();
    let time = format!("{}..{}", text(from), text(to));
    let plain = |name, text: &str, wrong: &mut Vec<(&'static str, Text)>| {
        if text.chars().any(char::is_control) {
            wrong.push((name, WRONG));
        }
    };
    plain("officer", &asked.officer, &mut wrong);
    plain("case", &asked.case, &mut wrong);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let named = [
        ("agency", asked.agency.trim()),
        ("officer", asked.officer.trim()),
        ("subject", asked.case.trim()),
        ("act", asked.act.trim()),
        ("since_ms", if from.or(to).is_some() { time.as_str() } else { "" }),
    ];
    let filters = named.into_iter().filter(|(_, value)| !value.is_empty());
    let limit = if asked.only == "closed" { LOOK } else { PAGE };
    let ask = view_of("accesses").and_then(|view| Ask::read(view, filters, Some("-since"), limit).ok());
    let ask = ask.ok_or_else(|| vec![("agency", WRONG)])?;
    Ok(if asked.only == "outsiders" { ask.of_outsiders() } else { ask })
}

/// A line, as the view has it.
struct Line {
    subject: String,
    index: u64,
    at: u64,
    act: String,
    agency: String,
    unit: String,
    officer: String,
    code: String,
    classes: Vec<Class>,
    fields: u64,
    closed: bool,
    /// The page of the case or contact, if the auditor may know of it.
    page: Option<String>,
}

impl Line {
    fn of(world: &World, cells: Vec<Cell>) -> Option<Self> {
        let fields = view_of("accesses")?.fields.iter().map(|field| field.name);
        let cells: BTreeMap<&str, Cell> = fields.zip(cells).collect();
        let text = |name: &str| match cells.get(name) {
            Some(Cell::Text(text)) => text.to_string(),
            _ => String::new(),
        };
        let whole =
            |name: &str| cells.get(name).and_then(|cell| u64::try_from(cell.integer()).ok()).unwrap_or(0);
        let (index, at, agency, unit) = (whole("since"), whole("since_ms"), text("agency"), text("unit"));
        let asks = !matches!(text("act").as_str(), "access.released" | "export.released");
        Some(Self {
            closed: asks && busy::was_closed(world, index, &agency, &unit, at) == Some(true),
            classes: text("classes").split(',').filter_map(Class::parse).collect(),
            subject: text("subject"),
            act: text("act"),
            officer: text("officer"),
            code: text("code"),
            fields: whole("fields"),
            page: None,
            index,
            at,
            agency,
            unit,
        })
    }
}

struct Found {
    lines: Vec<Line>,
    /// How many were looked through.
    looked: usize,
    next: Option<String>,
    size: u64,
    days: Vec<BusyDay>,
}

/// `GET /desk/audit/accesses`
pub(crate) async fn accesses(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, DeskError> {
    session.must(Role::Auditor)?;
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    let world = office.desk.ledger.world();
    let page = Page::new(&view, view.t(TITLE)).of(&session).style("audit.css").style("chart.css");
    let around = |wrong: &[(&'static str, Text)], content: &Markup| {
        html! {
            a.back href="/desk/audit" { (view.t(BACK)) }
            (errors(&view, &fields(wrong)))
            h1 { (view.t(TITLE)) }
            p { (view.t(NOTE)) }
            (form(&view, &world, &asked, wrong))
            (content)
        }
    };
    let ask = match read(&asked) {
        Ok(ask) => ask,
        Err(wrong) => {
            let page = page.wrong(true).with(&around(&wrong, &html! {}));
            return Ok((StatusCode::BAD_REQUEST, page).into_response());
        }
    };
    let content = match find(&office, &session, &world, &asked, &ask).await {
        Ok(found) => shown(&view, &world, &asked, &found),
        Err(Stop::Failed(ProjectionError::NotBuilt(_))) => {
            state::nothing(&view, NOT_YET_TITLE, NOT_YET, None)
        }
        Err(Stop::Failed(error)) => return Err(unavailable(&error)),
        Err(Stop::Refused(error)) => return Err(error),
    };
    Ok(page.with(&around(&[], &content)).into_response())
}

enum Stop {
    Failed(ProjectionError),
    Refused(DeskError),
}

impl From<ProjectionError> for Stop {
    fn from(error: ProjectionError) -> Self {
        Self::Failed(error)
    }
}

impl From<DeskError> for Stop {
    fn from(error: DeskError) -> Self {
        Self::Refused(error)
    }
}

async fn find(
    office: &Office,
    session: &Session,
    world: &World,
    asked: &Asked,
    ask: &Ask,
) -> Result<Found, Stop> {
    let base = office.desk.read_models.as_deref().ok_or(DeskError::Unavailable)?;
    let of = view_of("accesses").ok_or(DeskError::Unavailable)?;
    let views = Views::of(base);
    let standing = views.standing(of).await?;
    let after = if asked.after.is_empty() {
        None
    } else {
        Some(Place::read(&asked.after, of, ask).map_err(|_| DeskError::NotFound)?)
    };
    let size = after.as_ref().map_or(standing.position, |place| place.size);
    let from = standing.position.min(standing.circled);
    if office.desk.ledger.published().checkpoint.size.saturating_sub(from) > BEHIND {
        return Err(ProjectionError::NotBuilt(of.name).into());
    }
    let withheld = office.desk.ledger.narrowed_since(from).await.map_err(DeskError::from)?;
    let sight = sight(office, session, world)?;
    let page = views.rows(standing, ask, size, after.as_ref(), &sight, &withheld).await?;
    let days = if asked.after.is_empty() {
        views.busiest(standing, &sight, &withheld, DAYS).await?
    } else {
        Vec::new()
    };
    let looked = page.rows.len();
    let mut lines: Vec<Line> = page.rows.into_iter().filter_map(|row| Line::of(world, row)).collect();
    if asked.only == "closed" {
        lines.retain(|line| line.closed);
    }
    let mut pages: BTreeMap<String, Option<String>> = BTreeMap::new();
    for line in &mut lines {
        if !pages.contains_key(&line.subject) {
            pages.insert(line.subject.clone(), page_of(office, session, &line.subject).await);
        }
        line.page = pages.get(&line.subject).cloned().flatten();
    }
    Ok(Found { lines, looked, next: page.next.map(|next| next.write(of, ask)), size, days })
}

/// All rows, but of those cases that were restricted against this auditor.
fn sight(office: &Office, session: &Session, world: &World) -> Result<Sight, DeskError> {
    let author = case::reader(world.registry(), session)?;
    Ok(Sight::Of(Reader {
        audits: author.is_auditor(),
        works: session.may(Role::Casework),
        supervises: false,
        agency: author.agency.to_string(),
        agencies: vec![author.agency.to_string()],
        unit: author.unit.unit.to_string(),
        officer: author.officer.to_string(),
        now: office.desk.ledger.now_ms(),
    }))
}

fn fields(wrong: &[(&'static str, Text)]) -> [Field<'static>; 4] {
    let field = |name, label, hint| {
        let said = wrong.iter().find(|(of, _)| *of == name).map(|(_, text)| *text);
        Field::new(name, label).hint(hint).wrong(said).optional()
    };
    [
        field("officer", OFFICER, OFFICER_HINT),
        field("case", CASE, CASE_HINT),
        field("from", FROM, DAY_HINT),
        field("to", TO, DAY_HINT),
    ]
}

fn form(view: &View, world: &World, asked: &Asked, wrong: &[(&'static str, Text)]) -> Markup {
    let registry = world.registry();
    let all = |text: Text| Choice { value: "", label: html! { (view.t(text)) }, note: None, chosen: false };
    let named = |id: &str| registry.agency(id).and_then(|agency| agency.names.last());
    let mut agencies = vec![all(ALL_AGENCIES)];
    agencies.extend(registry.agencies().map(|(id, _)| Choice {
        value: id.as_str(),
        label: html! { @match named(id.as_str()) { Some(named) => (word::name(view, &named.name)), None => (id) } },
        note: None,
        chosen: id.as_str() == asked.agency,
    }));
    let mut acts = vec![all(ALL_ACTS)];
    acts.extend(ACTS.iter().map(|act| Choice {
        value: act,
        label: html! { (view.t(word::event_type(act))) },
        note: None,
        chosen: *act == asked.act,
    }));
    let only = [("", EVERYTHING), ("closed", CLOSED), ("outsiders", OUTSIDERS)].map(|(value, label)| {
        Choice { value, label: html! { (view.t(label)) }, note: None, chosen: value == asked.only }
    });
    let [officer, case, from, to] = fields(wrong);
    let narrowed = path(asked, None).contains('?');
    html! {
        details.more open[narrowed] {
            summary { (view.t(NARROW)) }
            form.narrow method="get" action="/desk/audit/accesses" {
                (Field::new("agency", AGENCY).optional().select(view, &agencies))
                (officer.line(view, &asked.officer, "ltr"))
                (case.line(view, &asked.case, "ltr"))
                (Field::new("act", ACT).optional().select(view, &acts))
                (from.line(view, &asked.from, "ltr"))
                (to.line(view, &asked.to, "ltr"))
                (Field::new("only", ONLY).optional().hint(UNUSUAL_NOTE).select(view, &only))
                div.row { button.button type="submit" { (view.t(SHOW)) } }
            }
        }
    }
}

fn shown(view: &View, world: &World, asked: &Asked, found: &Found) -> Markup {
    let book = world.book();
    let heads = [ENTRY, WHEN, WHO, WHAT, CASE, GROUND, SEEN];
    html! {
        @if asked.after.is_empty() { (busy::table(view, world, &found.days)) }
        @if found.lines.is_empty() { (state::nothing(view, NOTHING, NOTHING_NOTE, None)) } @else {
            div.table-wrap tabindex="0" role="group" aria-label=(view.t(TITLE)) {
                table.accesses {
                    caption.visually-hidden { (view.t(TITLE)) }
                    thead { tr { @for head in heads { th scope="col" { (view.t(head)) } } } }
                    tbody { @for line in &found.lines { (row(view, world, &book, line)) } }
                }
            }
        }
        p.small.quiet {
            (KNOWN.fill(view.lang, &[("n", &view.number(found.size))]))
            @if asked.only == "closed" { " " (LOOKED.fill(view.lang, &[("n", &view.number(found.looked as u64))])) }
        }
        div.row {
            @if let Some(next) = &found.next { a.button.button--second href=(path(asked, Some(next))) { (view.t(MORE)) } }
            @if !asked.after.is_empty() { a href=(path(asked, None)) { (view.t(LATEST)) } }
        }
    }
}

fn row(view: &View, world: &World, book: &CodeBook, line: &Line) -> Markup {
    let comma = if view.lang == Lang::Ar { "، " } else { ", " };
    let classes: Vec<&str> = line.classes.iter().map(|class| view.t(word::class(*class))).collect();
    let classes = classes.join(comma);
    html! {
        tr {
            th scope="row" { (entry_link(view, line.index)) }
            td {
                (view.time(line.at))
                @if line.closed { br; span.tag { (view.t(MARK_CLOSED)) } }
            }
            td {
                (word::agency(view, world.registry(), &line.agency))
                @if !line.unit.is_empty() { br; (word::unit(view, world.registry(), &line.agency, &line.unit)) }
                br; (Id(&line.officer))
            }
            td { (view.t(word::event_type(&line.act))) }
            td {
                @match &line.page {
                    Some(page) => a href=(page) { (word::short(&line.subject)) },
                    None => (word::short(&line.subject)),
                }
            }
            td { (ground(view, book, line)) }
            td {
                @if line.fields > 0 { (FIELDS.fill(view.lang, &[("n", &view.number(line.fields)), ("classes", &classes)])) }
                @else { (classes) }
            }
        }
    }
}

/// What the act's code means: of the list its own field is of.
fn ground(view: &View, book: &CodeBook, line: &Line) -> Markup {
    let fields = catalogue::latest(&line.act).into_iter().flat_map(|spec| spec.fields);
    let list = fields
        .filter(|field| ["purpose", "reason", "verdict"].contains(&field.name))
        .find_map(|field| if let Kind::Code(list) = field.kind { Some(list) } else { None });
    match list {
        Some(list) if !line.code.is_empty() => word::code(view, book, list, &line.code),
        _ => html! {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_day_in_muscat() {
        assert_eq!(bound("2026-01-31", false), Some(1_769_803_200_000));
        assert_eq!(bound("2026-01-31", true), Some(1_769_889_600_000));
        assert_eq!(day(1_769_803_200_000), "2026-01-31");
        assert_eq!(day(1_769_803_199_999), "2026-01-30");
        assert_eq!(bound("31/1/2026", false), None);
    }

    #[test]
    fn what_cannot_be_meant_is_said_at_its_field() {
        let wrong = |asked: Asked| {
            read(&asked).expect_err("refused").into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let some = |from: &str, to: &str, officer: &str| Asked {
            from: from.into(),
            to: to.into(),
            officer: officer.into(),
            ..Asked::default()
        };
        assert_eq!(wrong(some("spring", "", "")), ["from"]);
        assert_eq!(wrong(some("2026-02-01", "2026-01-01", "")), ["to"]);
        assert_eq!(wrong(some("", "", "a\u{1}")), ["officer"]);
        assert!(read(&some("2026-01-01", "2026-01-01", "ma-1")).is_ok());
    }

    #[test]
    fn an_address_keeps_what_was_asked() {
        let asked = Asked { agency: "moh".into(), only: "closed".into(), ..Asked::default() };
        assert_eq!(path(&asked, Some("x")), "/desk/audit/accesses?agency=moh&only=closed&after=x");
        assert_eq!(path(&Asked::default(), None), "/desk/audit/accesses");
    }
}
