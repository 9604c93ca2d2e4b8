//! Cases and contacts: who may know of them, what the pages about them share.
//!
//! ```text
//! show.rs      the case: where it stands      history.rs  what happened, line by line, with seals
//! offer.rs     what the reader may do now     act.rs      the form of one act
//! field.rs     a field of an act, asked       value.rs    a field of an event, told
//! access.rs    asking to see more             owed.rs     what is owed by when
//! glass.rs     who must see a case at once     deed.rs   acts as one tells somebody to do them
//! ```

pub(crate) mod access;
pub(crate) mod act;
pub(crate) mod deed;
pub(crate) mod field;
pub(crate) mod glass;
pub(crate) mod history;
pub(crate) mod offer;
pub(crate) mod owed;
pub(crate) mod show;
pub(crate) mod value;

use std::collections::BTreeSet;
use std::sync::Arc;

use maud::{Markup, html};
use sijill_casework::case::{Author, CaseFile, Status, World};
use sijill_casework::catalogue::Kind;
use sijill_domain::event::Role;
use sijill_domain::{Position, Registry};
use sijill_event::{Json, Stream, StreamKind};
use sijill_ledger::Line;

use crate::desk::Office;
use crate::text::texts;
use crate::{DeskError, Session, View};

texts! {
    QUEUE: "قائمة العمل", "Queue";
    DESK: "مكتبي", "My desk";
}

/// A case or contact that the reader may know of.
pub(crate) struct Known {
    pub(crate) id: String,
    /// [`StreamKind::Case`] or [`StreamKind::Contact`].
    pub(crate) kind: StreamKind,
    pub(crate) file: Arc<CaseFile>,
    pub(crate) world: Arc<World>,
    pub(crate) reader: Author,
    /// Where an event signed now would stand.
    pub(crate) at: Position,
    /// Whether the reader works on cases.
    pub(crate) works: bool,
}

impl Known {
    /// The case or contact of this id, for an officer whose agency is party to it, who broke its glass not long ago, or
    /// who may read everything. For anybody else there is nothing here, and no way to tell that from there being none.
    pub(crate) async fn find(
        office: &Office,
        session: &Session,
        kind: StreamKind,
        id: &str,
    ) -> Result<Self, DeskError> {
        if !session.may(Role::Casework) && !session.may(Role::Auditor) {
            return Err(DeskError::NotYours);
        }
        let nothing = if kind == StreamKind::Case { DeskError::CaseUnknown } else { DeskError::NotFound };
        let stream = Stream::new(kind, id).ok_or(nothing)?;
        let ledger = &office.desk.ledger;
        let next = ledger.next(&stream).await?;
        let world = ledger.world();
        let may_read = world.registry().may_read(&session.kid, &stream, &next.parties);
        let file = ledger.case(id).await?.ok_or(nothing)?;
        let (reader, at) = (reader(world.registry(), session)?, now(office));
        let broke = |file: &CaseFile| {
            let mut broken = file.broken.values();
            session.may(Role::Casework) && broken.any(|b| reader.is(&b.by) && at.received < b.until)
        };
        // Of what was erased as a whole its history is left, and what is to be confirmed.
        let erased =
            file.outline.erased.is_some() && file.outline.is_contact == (kind == StreamKind::Contact);
        let is_there =
            erased || if kind == StreamKind::Case { file.case.is_some() } else { file.contact.is_some() };
        if !is_there || is_kept_out(&file, &reader) || !(may_read || broke(&file)) {
            return Err(nothing);
        }
        Ok(Self { id: id.to_owned(), kind, file, world, reader, at, works: session.may(Role::Casework) })
    }

    /// Its page.
    pub(crate) fn page(&self) -> String {
        path(self.kind, &self.id)
    }
}

/// The page of a case or contact.
pub(crate) fn path(kind: StreamKind, id: &str) -> String {
    format!("/desk/{}/{id}", if kind == StreamKind::Case { "cases" } else { "contacts" })
}

/// The way back from a case or contact: to the queue, for those who have one.
pub(crate) fn back(view: &View, session: &Session) -> Markup {
    let (page, said) = if session.may(Role::Casework) { ("/desk/queue", QUEUE) } else { ("/desk", DESK) };
    html! { a.back href=(page) { (view.t(said)) } }
}

/// The pages of those other cases and contacts this file tells of that the reader may open.
pub(crate) async fn openable(
    office: &Office,
    session: &Session,
    known: &Known,
    history: &[Line],
) -> BTreeSet<String> {
    let mut told: BTreeSet<(StreamKind, String)> = history.iter().flat_map(told_of).collect();
    if let Some(case) = &known.file.case {
        told.extend(case.contacts.iter().map(|id| (StreamKind::Contact, id.clone())));
        if let Status::Merged(into) = &case.status {
            told.insert((StreamKind::Case, into.clone()));
        }
    }
    let linked = known.file.contact.iter().flat_map(|contact| contact.linked.keys());
    told.extend(linked.map(|id| (StreamKind::Case, id.clone())));
    let mut open = BTreeSet::new();
    for (kind, id) in told {
        if Known::find(office, session, kind, &id).await.is_ok() {
            open.insert(path(kind, &id));
        }
    }
    open
}

/// The cases and contacts that a line names.
fn told_of(line: &Line) -> Vec<(StreamKind, String)> {
    let Some(read) = &line.read else { return Vec::new() };
    let values = read.values();
    let named = |kind: StreamKind, value: &Json| value.as_str().map(|id| (kind, id.to_owned()));
    let fields = read.spec().fields.iter().filter_map(|field| Some((field.kind, values.get(field.name)?)));
    let told = fields.flat_map(|(kind, value)| match kind {
        Kind::Case => vec![named(StreamKind::Case, value)],
        Kind::Contacts(_) => {
            let all = value.as_array().into_iter().flatten();
            all.map(|id| named(StreamKind::Contact, id)).collect()
        }
        _ => Vec::new(),
    });
    told.flatten().collect()
}

/// Whether the case is restricted against this reader.
pub(crate) fn is_kept_out(file: &CaseFile, reader: &Author) -> bool {
    file.restricted_officers.contains(&reader.person()) || file.restricted_units.contains(&reader.unit)
}

/// The signed-in officer as the rules of cases know it.
pub(crate) fn reader(registry: &Registry, session: &Session) -> Result<Author, DeskError> {
    Author::reader(registry, &session.agency, &session.officer).ok_or(DeskError::NotYours)
}

/// Where an event signed now would stand.
pub(crate) fn now(office: &Office) -> Position {
    let ledger = &office.desk.ledger;
    Position { index: ledger.published().checkpoint.size, received: ledger.now_ms() }
}
