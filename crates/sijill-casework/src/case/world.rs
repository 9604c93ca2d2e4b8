//! What a case is judged against at one position of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sijill_domain::event::{Action, DocumentKind};
use sijill_domain::{AgencyId, Published, Registry, Status};
use sijill_event::{Event, Json};

use super::Documents;
use crate::calendar::{Almanac, Holiday, Timing};
use crate::catalogue::Codes;
use crate::codes::CodeBook;
use crate::policy::Policy;
use crate::{Address, Clock, Code, Refusal};

/// The id under which rule-set 2 looks for the policy.
pub(super) const POLICY: &str = "child-protection";

/// Registry, documents and calendars after some entries. What it is asked of an earlier position, it answers as
/// it was then: a case can be replayed with a later world. Cheap to clone; made anew when one of its streams moves.
#[derive(Debug, Clone)]
pub struct World {
    registry: Arc<Registry>,
    documents: Arc<Documents>,
    almanac: Arc<Almanac>,
    calendars: usize,
    policies: Arc<Vec<(u64, PolicyInForce)>>,
    complete: bool,
}

/// The policy in force.
#[derive(Debug, Clone)]
pub struct PolicyInForce {
    /// Its version on the ledger.
    pub version: u64,
    /// What it says.
    pub policy: Arc<Policy>,
}

impl World {
    /// The world after the entries that `registry` has folded. Documents that are not among `documents` leave it
    /// incomplete.
    pub fn new(registry: Arc<Registry>, documents: Arc<Documents>) -> Self {
        let mut complete = true;
        let mut policies = Vec::new();
        for published in registry.document(DocumentKind::Policy, POLICY) {
            match documents.policy(&published.hash).cloned() {
                Some(policy) => {
                    policies.push((published.index, PolicyInForce { version: published.version, policy }));
                }
                None => complete = false,
            }
        }
        let mut world = Self {
            almanac: Arc::default(),
            calendars: 0,
            registry,
            documents,
            policies: Arc::new(policies),
            complete,
        };
        world.open_almanac(u64::MAX);
        world
    }

    /// The world with the calendars as they were known before the entry at `size`, and everything else as it is: what else
    /// is asked of an earlier position is answered as it was anyway. For whoever replays a case by itself, long after.
    #[must_use]
    pub fn known_at(&self, size: u64) -> Self {
        let mut world = self.clone();
        world.open_almanac(size);
        world
    }

    /// The entries after which the calendars were others, ascending, each with the Unix millisecond from which that counts.
    pub fn calendar_changes(&self) -> Vec<(u64, u64)> {
        let calendars: BTreeSet<&str> =
            self.policies.iter().map(|(_, in_force)| in_force.policy.calendar()).collect();
        let of_versions = calendars.iter().flat_map(|id| {
            let versions = self.registry.document(DocumentKind::Calendar, id);
            versions.iter().map(|version| (version.index, version.since))
        });
        let of_days = self.registry.announced().iter();
        let of_days = of_days.filter(|day| calendars.contains(day.holiday.calendar.as_str()));
        let of_policies = self
            .registry
            .document(DocumentKind::Policy, POLICY)
            .iter()
            .map(|policy| (policy.index, policy.since));
        let changes = of_versions.chain(of_days.map(|day| (day.index, day.since))).chain(of_policies);
        changes.collect::<BTreeMap<_, _>>().into_iter().collect()
    }

    /// The same world if neither documents nor calendars moved, only agencies did.
    #[must_use]
    pub fn with_registry(&self, registry: &Arc<Registry>, documents: &Arc<Documents>) -> Self {
        let count = |registry: &Registry| {
            let versions = registry.documents().map(|(_, _, versions)| versions.len());
            registry.announced().len() + versions.sum::<usize>()
        };
        if count(registry) == count(&self.registry) {
            Self { registry: Arc::clone(registry), ..self.clone() }
        } else {
            Self::new(Arc::clone(registry), Arc::clone(documents))
        }
    }

    /// The documents that are held.
    pub fn documents(&self) -> &Arc<Documents> {
        &self.documents
    }

    /// Of what stands in entries before the one at `size`.
    fn open_almanac(&mut self, size: u64) {
        (self.calendars, self.almanac) = (0, Arc::default());
        let policies = self.policies.partition_point(|(index, _)| *index < size);
        let policies = self.policies.get(..policies).unwrap_or_default();
        let Some((_, latest)) = policies.last() else { return };
        let id = latest.policy.calendar();
        let versions = self.registry.document(DocumentKind::Calendar, id);
        let announced = self.registry.announced().iter().filter(|a| a.holiday.calendar.as_str() == id);
        let mut changes: Vec<(u64, u64, Change<'_>)> = versions
            .iter()
            .filter(|version| version.index < size)
            .map(|version| (version.index, version.since, Change::Version(version)))
            .chain(
                announced.filter(|a| a.index < size).map(|a| (a.index, a.since, Change::Holiday(&a.holiday))),
            )
            .collect();
        changes.sort_by_key(|(index, since, _)| (*since, *index));
        let mut almanac = Almanac::default();
        for (_, since, change) in &changes {
            match change {
                Change::Version(version) => match self.documents.calendar(&version.hash) {
                    Some(calendar) => almanac.publish(*since, Arc::clone(calendar)),
                    None => self.complete = false,
                },
                Change::Holiday(holiday) => {
                    if let Some(holiday) = Holiday::announced(holiday) {
                        almanac.announce(*since, holiday);
                    }
                }
            }
        }
        // A policy that goes by another calendar is a change like any other, though the new one may have had as many.
        let ids: Vec<&str> = policies.iter().map(|(_, in_force)| in_force.policy.calendar()).collect();
        let switches = ids.array_windows().filter(|[before, after]| before != after).count();
        self.calendars = changes.len() + (switches << 24);
        self.almanac = Arc::new(almanac);
    }

    /// The registry of authority.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// How working time runs.
    pub fn almanac(&self) -> &Almanac {
        &self.almanac
    }

    /// How many changes the almanac has seen: what was computed with fewer may be different now.
    pub fn calendars(&self) -> usize {
        self.calendars
    }

    /// Whether the agency was there, and had not been removed, when the entry at `index` came: whom the automation
    /// may address. Whatever became of it later.
    pub(super) fn stands(&self, agency: &AgencyId, index: u64) -> bool {
        let not_yet_or_no_more = self.registry.proposals().values().any(|proposal| {
            let Status::Enacted(enacted) = proposal.status else { return false };
            match &proposal.action {
                Action::AgencyAdmit(admit) => admit.agency == *agency && enacted >= index,
                Action::AgencyRemove(remove) => remove.agency == *agency && enacted < index,
                _ => false,
            }
        });
        self.registry.agency(agency.as_str()).is_some() && !not_yet_or_no_more
    }

    /// The policy in force now, if one was published and its text is held.
    pub fn policy(&self) -> Option<&PolicyInForce> {
        self.policies.last().map(|(_, policy)| policy)
    }

    /// The policy in force at the entry at `index`.
    pub fn policy_at(&self, index: u64) -> Option<&PolicyInForce> {
        self.policies.iter().rev().find(|(since, _)| *since < index).map(|(_, policy)| policy)
    }

    /// Whether every policy and calendar that decides was there. If not, nothing can be said of the automation.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The hours by which a unit's working time is counted in what the entry at `index` sets going.
    pub fn hours<'a>(&'a self, index: u64, unit: &Address, policy: &'a Policy) -> &'a str {
        self.registry
            .agency(unit.agency.as_str())
            .and_then(|agency| agency.units.get(&unit.unit))
            .and_then(|unit| unit.calendar_at(index))
            .map_or_else(|| policy.default_hours(), |hours| hours.as_str())
    }

    /// How a deadline of this clock runs.
    pub fn timing(clock: Clock, hours: &str) -> Timing<'_> {
        match clock {
            Clock::Wall => Timing::Wall,
            Clock::Working => Timing::Working(hours),
        }
    }

    /// The lists in force, as far as they are held.
    pub fn book(&self) -> CodeBook {
        let mut book = CodeBook::new();
        for (kind, _, versions) in self.registry.documents() {
            if let (DocumentKind::CodeList, Some(latest)) = (kind, versions.last())
                && let Some(list) = self.documents.list(&latest.hash)
            {
                book.insert(Arc::clone(list));
            }
        }
        book
    }

    /// The member `codes` of an event that draws on these lists now.
    pub fn codes<'a>(&self, lists: impl IntoIterator<Item = &'a str>) -> Option<Json> {
        let versions: BTreeMap<&str, u64> = lists
            .into_iter()
            .map(|list| {
                let latest = self.registry.document(DocumentKind::CodeList, list).last();
                (list, latest.map_or(0, |latest| latest.version))
            })
            .collect();
        let member =
            |(list, version): (&str, u64)| (list.to_owned(), Json::try_from(version).unwrap_or(Json::Null));
        (!versions.is_empty()).then(|| Json::Object(versions.into_iter().map(member).collect()))
    }

    /// Whether each code stands in the cited version of its list, and that version is or was in force.
    /// `None`: a list's text is not held, so nothing can be said.
    pub(super) fn check_codes<'a>(
        &self,
        event: &Event,
        cited: &Codes,
        used: impl IntoIterator<Item = (&'a str, &'a Code)>,
    ) -> Option<Result<(), Refusal>> {
        let seen = event.seen.as_ref().map_or(0, |seen| seen.size);
        for (list, version) in cited.iter() {
            let versions = self.registry.document(DocumentKind::CodeList, list);
            if !in_force(versions, version, seen) {
                return Some(Err(Refusal::CodesStale { list: list.to_owned(), version }));
            }
        }
        for (list, code) in used {
            // A type's reader takes no event that leaves out a list it draws on.
            let version = cited.version(list).unwrap_or_default();
            let versions = self.registry.document(DocumentKind::CodeList, list);
            let published = versions.iter().find(|published| published.version == version);
            let text = self.documents.list(&published?.hash)?;
            if !text.is_current(code.as_str()) {
                return Some(Err(Refusal::CodeUnknown { list: list.to_owned(), code: code.to_string() }));
            }
        }
        Some(Ok(()))
    }
}

enum Change<'a> {
    Version(&'a Published),
    Holiday(&'a sijill_domain::event::HolidayAnnounced),
}

/// Whether the version is the latest, or was when the log had `seen` entries.
fn in_force(versions: &[Published], version: u64, seen: u64) -> bool {
    let Some(at) = versions.iter().position(|published| published.version == version) else { return false };
    let was_seen = |at: usize| versions.get(at).is_some_and(|published| published.index < seen);
    at + 1 == versions.len() || (was_seen(at) && !was_seen(at + 1))
}
