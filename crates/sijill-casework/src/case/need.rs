//! Need to know: who may be shown what (`docs/casework.md` §8). One pure function of the replayed state.

use std::collections::{BTreeMap, BTreeSet};

use sijill_domain::Position;
use sijill_event::{Class, Digest, Json, StreamKind};

use super::World;
use super::act::{Act, finish};
use super::author::Author;
use super::file::{Case, CaseFile, Noted};
use crate::catalogue::{self, FieldClass};

/// The purpose of a request whose answer leaves the system.
const EXPORT: &str = "export";

/// What is released of which event: field paths `<class>.<name>`, by the event's hash.
pub type Released = BTreeMap<Digest, BTreeSet<String>>;

impl CaseFile {
    /// What this reader may be shown now: of the named events, or of all; of these classes.
    pub fn permitted(
        &self,
        world: &World,
        at: Position,
        reader: &Author,
        events: Option<&BTreeSet<Digest>>,
        classes: &BTreeSet<Class>,
    ) -> Released {
        let mut released = Released::new();
        if self.restricted_officers.contains(&reader.person()) || self.restricted_units.contains(&reader.unit)
        {
            return released;
        }
        let breaks = self.broken.values().any(|b| reader.is(&b.by) && at.received < b.until);
        let reading = Reading { file: self, world, at, reader, breaks };
        for (hash, noted) in &self.events {
            if events.is_some_and(|events| !events.contains(hash)) {
                continue;
            }
            let Some(spec) = catalogue::spec(noted.event_type, noted.v) else { continue };
            let paths: BTreeSet<String> = spec
                .fields
                .iter()
                .filter_map(|field| match field.class {
                    FieldClass::Disclosed(class) if classes.contains(&class) => {
                        let path = format!("{}.{}", class.as_str(), field.name);
                        reading.may_see(noted, class, &path).then_some(path)
                    }
                    _ => None,
                })
                .collect();
            if !paths.is_empty() {
                released.insert(*hash, paths);
            }
        }
        released
    }

    /// What the access service owes in answer to the request that came last.
    pub fn answer(&self, world: &World, at: Position) -> Option<Act> {
        let (hash, (agency, officer), request) = self.asked.as_ref()?;
        let released = Author::reader(world.registry(), agency, officer)
            .map_or_else(Released::new, |reader| {
                self.permitted(world, at, &reader, request.events.as_ref(), &request.classes)
            });
        // As texts hashes follow each other otherwise than as bytes.
        let list: BTreeMap<String, &BTreeSet<String>> =
            released.iter().map(|(event, fields)| (event.to_string(), fields)).collect();
        let list = list.into_iter().map(|(event, fields)| {
            let fields = fields.iter().map(|field| Json::from(field.as_str())).collect();
            Json::object([("event", Json::from(event)), ("fields", Json::Array(fields))])
        });
        let list = Json::Array(list.collect());
        let (event_type, values) = if request.purpose.as_str() == EXPORT {
            let to = [("agency", Json::from(agency.as_str())), ("officer", officer.as_str().into())];
            let to = Json::object(to);
            ("export.released", vec![("purpose", EXPORT.into()), ("released", list), ("to", to)])
        } else {
            ("access.released", vec![("released", list), ("request", hash.to_string().into())])
        };
        Some(finish(world, event_type, values, at.received, *hash, 0))
    }
}

/// One reader at one time.
struct Reading<'a> {
    file: &'a CaseFile,
    world: &'a World,
    at: Position,
    reader: &'a Author,
    breaks: bool,
}

impl Reading<'_> {
    fn may_see(&self, noted: &Noted, class: Class, path: &str) -> bool {
        let Self { file, reader, .. } = self;
        let logged_here = file.contact.as_ref().is_some_and(|contact| contact.by == reader.unit);
        match class {
            Class::Reporter => return logged_here,
            Class::Sensitive if !reader.is_specialist() => return false,
            Class::Casework if reader.is_auditor() => return true,
            _ => {}
        }
        if self.breaks || noted.by.as_ref() == Some(&reader.unit) {
            return true;
        }
        if noted.stream == StreamKind::Contact {
            let linked = file.contact.iter().flat_map(|contact| contact.linked.values());
            return logged_here || linked.into_iter().any(|unit| *unit == reader.unit);
        }
        file.case.as_ref().is_some_and(|case| self.in_case(case, noted, path))
    }

    fn in_case(&self, case: &Case, noted: &Noted, path: &str) -> bool {
        let registry = self.world.registry();
        if case.owner == self.reader.unit || self.reader.supervises(registry, &case.owner) {
            return true;
        }
        case.referrals.iter().any(|(hash, referral)| {
            let is_its_own = noted.referral.as_ref() == Some(hash) || noted.index == referral.index;
            referral.state.is_live()
                && referral.to == self.reader.unit
                && case.stands(registry, referral, self.at.received)
                && (referral.fields.contains(path) || is_its_own)
        })
    }
}
