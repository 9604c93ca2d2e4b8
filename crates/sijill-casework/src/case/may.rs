//! What somebody may do now, and why not the rest: the rules of [`CaseFile::decide`], asked before anything is filled
//! in or signed.
//!
//! No rule stands here. An event of the type is made up, with values that fit wherever the person has not chosen any
//! yet, and judged as if it had been signed. A refusal that could only be about a made-up value counts as none.

use sijill_domain::Position;
use sijill_event::{Digest, Json, StreamKind};

use super::World;
use super::author::Author;
use super::decide::{CHILD_RECORDS, CONTACT_RECORDS, PARTY_RECORDS};
use super::file::{Case, CaseFile};
use crate::catalogue::{self, CaseEvent, DeadlineRef, FieldClass, FieldSpec, Kind, TypeSpec};
use crate::{Address, Refusal};

/// The thing of a case that an event is about: the referral it accepts, the plan it approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// What the event with this hash made.
    Event(Digest),
    /// A clock.
    Deadline(DeadlineRef),
}

impl Subject {
    /// As an event's field holds it.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Event(hash) => hash.to_string().into(),
            Self::Deadline(clock) => Json::object([
                ("milestone", Json::from(clock.milestone.as_str())),
                ("of", clock.of.to_string().into()),
            ]),
        }
    }
}

impl TypeSpec {
    /// The field that says what an event of this type is about; `None` if it is about the case as a whole.
    pub fn subject(&self) -> Option<&'static FieldSpec> {
        self.of_class(FieldClass::Routing)
            .find(|field| field.required && matches!(field.kind, Kind::Digest | Kind::Deadline))
    }

    /// The stream in which officers sign events of this type; `None` if only services of the ledger do.
    pub fn signed_in(&self) -> Option<StreamKind> {
        let of_service = matches!(self.name, "access.released" | "export.released" | "erasure.done");
        self.streams.iter().copied().find(|kind| *kind != StreamKind::Auto).filter(|_| !of_service)
    }
}

impl CaseFile {
    /// What an event of this type could be about here, in log order; nothing if the type has no
    /// [subject](TypeSpec::subject).
    pub fn subjects(&self, event_type: &str) -> Vec<Subject> {
        let Some(field) = catalogue::latest(event_type).and_then(TypeSpec::subject) else {
            return Vec::new();
        };
        let mut subjects: Vec<Subject> = match (field.name, &self.case) {
            ("corrects", _) => self.records(event_type).map(Subject::Event).collect(),
            ("erasure", _) => self.outline.erasures.keys().copied().map(Subject::Event).collect(),
            ("invocation", _) => self.broken.keys().copied().map(Subject::Event).collect(),
            ("deadline", Some(case)) => {
                let running = case.deadlines.iter().filter(|deadline| deadline.runs());
                let named =
                    running.map(|deadline| DeadlineRef { milestone: deadline.milestone, of: deadline.of });
                named.map(Subject::Deadline).collect()
            }
            (name, Some(case)) => things(case, event_type, name).into_iter().map(Subject::Event).collect(),
            (_, None) => Vec::new(),
        };
        subjects.sort_by_key(|subject| {
            let hash = match subject {
                Subject::Event(hash) => hash,
                Subject::Deadline(clock) => &clock.of,
            };
            (self.events.get(hash).map(|noted| noted.index), *subject)
        });
        subjects.dedup();
        subjects
    }

    /// The stream of this case or contact in which officers sign events of this type.
    pub fn signed_in(&self, spec: &TypeSpec) -> Option<StreamKind> {
        let of_contact = self.contact.is_some() && spec.streams.contains(&StreamKind::Contact);
        if of_contact { Some(StreamKind::Contact) } else { spec.signed_in() }
    }

    /// Whether this officer may now sign an event of this type, about this subject. Authority (role, party) is for
    /// the registry to say, and a file with [gaps](Self::gaps) takes nothing but what is about
    /// erasure.
    ///
    /// # Errors
    /// The refusal the event would meet, whatever else it held.
    pub fn may(
        &self,
        world: &World,
        at: Position,
        author: &Author,
        event_type: &str,
        subject: Option<&Subject>,
    ) -> Result<(), Refusal> {
        let unknown = || Refusal::TypeUnknown { kind: event_type.to_owned(), v: 1 };
        let spec = catalogue::latest(event_type).ok_or_else(unknown)?;
        let Some(stream) = self.signed_in(spec) else {
            return Err(Refusal::NotYours("a service of the ledger"));
        };
        let made_up = MadeUp { file: self, world, author };
        let probe = CaseEvent::of_values(event_type, &made_up.values(spec, subject));
        let probe = probe.ok_or_else(|| Refusal::malformed(event_type, "its subject"))?;
        match self.judge(world, at, author, stream, &probe) {
            // Without a subject nothing can be asked of it: what is missing is the thing itself.
            Err(refusal) if subject.is_some() || spec.subject().is_none() => {
                if is_of_made_up(&refusal) {
                    Ok(())
                } else {
                    Err(refusal)
                }
            }
            verdict => verdict,
        }
    }

    fn records(&self, event_type: &str) -> impl Iterator<Item = Digest> {
        let sort =
            [CHILD_RECORDS, PARTY_RECORDS, CONTACT_RECORDS].into_iter().find(|s| s.contains(&event_type));
        let sort = sort.unwrap_or_default();
        self.events.iter().filter(|(_, noted)| sort.contains(&noted.event_type)).map(|(hash, _)| *hash)
    }
}

/// What a field of this name can name in a case.
fn things(case: &Case, event_type: &str, field: &str) -> Vec<Digest> {
    match field {
        "referral" => case.referrals.keys().copied().collect(),
        "plan" => case.plans.keys().copied().collect(),
        "consent" => case.consents.keys().copied().collect(),
        "withdrawal" => case.withdrawals.keys().copied().collect(),
        "placement" => case.placements.iter().copied().collect(),
        "order" => case.orders.iter().copied().collect(),
        "conference" => case.conferences.keys().copied().collect(),
        "breach" => case.breaches.iter().copied().collect(),
        "escalation" => case.escalations.keys().copied().collect(),
        "request" if event_type.starts_with("case.transfer") => {
            case.transfer.iter().map(|(request, _)| *request).collect()
        }
        "request" => case.closure.iter().map(|closure| closure.request).collect(),
        _ => Vec::new(),
    }
}

/// Whether the refusal may be about a value that was made up.
fn is_of_made_up(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::UnitUnknown(_)
            | Refusal::OfficerUnknown(_)
            | Refusal::NoBasis
            | Refusal::CodeUnknown { .. }
            | Refusal::CodesStale { .. }
            | Refusal::DeadlinePast
            | Refusal::OutcomeNotVoted
            | Refusal::CaseOpen
            | Refusal::GroundMissing
    )
}

/// Values for what has not been chosen yet, such as the rules take.
struct MadeUp<'a> {
    file: &'a CaseFile,
    world: &'a World,
    author: &'a Author,
}

impl MadeUp<'_> {
    fn values(&self, spec: &TypeSpec, subject: Option<&Subject>) -> Json {
        let about = spec.subject().map(|field| field.name);
        let fields = spec.fields.iter().filter(|field| field.required);
        let mut values: Vec<(&str, Json)> = fields
            .map(|field| match subject {
                Some(subject) if about == Some(field.name) => (field.name, subject.to_json()),
                _ => (field.name, self.value(field.kind)),
            })
            .collect();
        // A referral rests on something, though no single field of it is required.
        if spec.name == "referral.requested" {
            values.push(("legal_basis", CODE.into()));
        }
        Json::object(values)
    }

    fn value(&self, kind: Kind) -> Json {
        let nothing = || Json::from(Digest([0; 32]).to_string());
        let agency = || Json::from(self.author.agency.as_str());
        let officer =
            || Json::object([("agency", agency()), ("officer", self.author.officer.as_str().into())]);
        let set = |least: usize, value: Json| Json::Array(if least == 0 { Vec::new() } else { vec![value] });
        match kind {
            Kind::Text(_) | Kind::Code(_) => CODE.into(),
            Kind::Codes(_, least) | Kind::Contacts(least) => set(least, CODE.into()),
            Kind::Word(words) => words.first().map_or(Json::Null, |word| word.word.into()),
            Kind::Words(words, least) => {
                set(least, words.first().map_or(Json::Null, |word| word.word.into()))
            }
            Kind::Digest => nothing(),
            Kind::Digests(least) => set(least, nothing()),
            Kind::Address => address(&self.elsewhere()),
            Kind::Addresses(least) => set(least, address(&self.elsewhere())),
            Kind::Agency => agency(),
            Kind::Agencies(least) => set(least, agency()),
            Kind::Unit => self.author.unit.unit.as_str().into(),
            Kind::OfficerId => self.author.officer.as_str().into(),
            Kind::Officer => officer(),
            Kind::Officers(least) => set(least, officer()),
            Kind::Case => if self.file.id == CODE { "y" } else { CODE }.into(),
            Kind::Fields(least) => set(least, "casework.risk".into()),
            Kind::Deadline => Json::object([("milestone", Json::from("assess")), ("of", nothing())]),
            Kind::Released => Json::Array(Vec::new()),
            Kind::Timestamp => "9999-12-31T00:00:00Z".into(),
            Kind::Date => "9999-12-31".into(),
            Kind::Integer(least) => Json::try_from(least).unwrap_or(Json::Null),
            Kind::Bool => false.into(),
            Kind::Attachment => Json::object([
                ("attachment", nothing()),
                ("size", 1_i64.into()),
                ("media_type", "text/plain".into()),
            ]),
        }
    }

    /// An open unit that is neither the author's nor the owner's, and may see the case; the author's own if there is
    /// no other, which is then what the refusal says.
    fn elsewhere(&self) -> Address {
        let owner = self.file.case.as_ref().map(|case| &case.owner);
        let agencies = self.world.registry().agencies().filter(|(_, agency)| !agency.is_removed());
        let mut units = agencies.flat_map(|(id, agency)| {
            let open = agency.units.iter().filter(|(_, unit)| unit.open);
            open.map(|(unit, _)| Address { agency: id.clone(), unit: unit.clone() })
        });
        let other = units.find(|unit| {
            *unit != self.author.unit && Some(unit) != owner && !self.file.restricted_units.contains(unit)
        });
        other.unwrap_or_else(|| self.author.unit.clone())
    }
}

const CODE: &str = "x";

fn address(unit: &Address) -> Json {
    Json::object([("agency", Json::from(unit.agency.as_str())), ("unit", unit.unit.as_str().into())])
}
