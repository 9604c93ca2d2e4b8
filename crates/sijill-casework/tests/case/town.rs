//! A ledger in memory: it judges, sequences, and appends what the automation and the access service owe, as
//! `sijill-ledger` does, by a clock that the test sets.

use std::collections::BTreeMap;
use std::sync::Arc;

use sijill_casework::Refusal;
use sijill_casework::case::{Act, Case, CaseFile, Documents, World};
use sijill_casework::catalogue::{CaseEvent, Facts, Unread};
use sijill_domain::{Parties, Position, Registry, party_streams};
use sijill_event::{Digest, Event, Json, SdJwt, Stream, StreamKind};

use super::country::ORIGIN;
use super::say::{filled, of};

pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// An entry of the log that belongs to a case or contact.
#[derive(Clone)]
pub(crate) struct Logged {
    pub(crate) at: Position,
    pub(crate) sd_jwt: SdJwt,
    /// The act it is, if a service signed it.
    pub(crate) act: Option<Act>,
}

/// The ledger.
#[derive(Clone)]
pub(crate) struct Town {
    pub(crate) registry: Arc<Registry>,
    pub(crate) documents: Arc<Documents>,
    pub(crate) world: Arc<World>,
    pub(crate) heads: BTreeMap<Stream, (u64, Digest)>,
    pub(crate) parties: BTreeMap<Stream, Parties>,
    pub(crate) files: BTreeMap<String, CaseFile>,
    /// Entries of cases and contacts, in order.
    pub(crate) log: Vec<Logged>,
    pub(crate) size: u64,
    /// Unix milliseconds.
    pub(crate) now: u64,
    /// How many entries authors say they have seen, if not all.
    pub(crate) seen: Option<u64>,
    /// Drawn into the salts: one event said twice is two events.
    pub(crate) tries: u64,
}

/// An instant, local time in Oman: `2026-09-07 02:00`.
pub(crate) fn oman(text: &str) -> u64 {
    let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    u64::try_from(time.and_utc().timestamp_millis()).unwrap() - 4 * HOUR
}

/// RFC 3339 in UTC.
pub(crate) fn rfc3339(unix_ms: u64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(unix_ms.cast_signed()).unwrap();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

impl Town {
    pub(crate) fn blank() -> Self {
        let registry = Arc::new(Registry::new());
        let documents = Arc::new(Documents::new());
        Self {
            world: Arc::new(World::new(Arc::clone(&registry), Arc::clone(&documents))),
            registry,
            documents,
            heads: BTreeMap::new(),
            parties: BTreeMap::new(),
            files: BTreeMap::new(),
            log: Vec::new(),
            size: 0,
            now: oman("2026-09-01 08:00"),
            seen: None,
            tries: 0,
        }
    }

    /// Where the next entry goes.
    pub(crate) fn next(&self) -> Position {
        Position { index: self.size, received: self.now }
    }

    /// It is the next entry.
    pub(crate) fn take(&mut self, event: &Event) {
        self.heads.insert(event.stream.clone(), (event.seq, event.hash()));
        self.size += 1;
    }

    /// Somebody signs and posts an event; `values` are filled up. Answers its hash, or the code it is refused with.
    pub(crate) fn say(
        &mut self,
        who: &str,
        stream: &str,
        kind: &str,
        values: Json,
    ) -> Result<Digest, &'static str> {
        let draft = of(kind).draft(&filled(&self.world, kind, values)).unwrap();
        self.tries += 1;
        let sd_jwt = self.sign(who, stream, draft.jti(self.jti()));
        self.post(sd_jwt)
    }

    /// An event on its way is judged and sequenced. A refusal by authority is a broken test.
    pub(crate) fn post(&mut self, sd_jwt: SdJwt) -> Result<Digest, &'static str> {
        let id = sd_jwt.event.stream.id().unwrap().to_owned();
        if sd_jwt.event.stream.kind() != StreamKind::Contact {
            self.catch_up(&id);
        }
        let at = self.next();
        let read = CaseEvent::read(&sd_jwt.event, &Facts::of(&sd_jwt)).map_err(code)?;
        let world = Arc::clone(&self.world);
        let file = self.files.entry(id.clone()).or_insert_with(|| CaseFile::new(&id));
        file.settle(&world);
        file.decide(&world, at, &sd_jwt.event, &read).map_err(code)?;
        let hash = sd_jwt.event.hash();
        self.enter(&id, sd_jwt, &read, None);
        self.act_after(&id);
        Ok(hash)
    }

    /// What the automation owes in a case up to now is appended.
    pub(crate) fn catch_up(&mut self, id: &str) {
        let world = Arc::clone(&self.world);
        let Some(file) = self.files.get_mut(id) else { return };
        file.settle(&world);
        while let Some(act) = self.files.get(id).and_then(|file| file.next_act(&world, self.now)) {
            if act.event_type == "erasure.done" {
                self.carry_out(id, act);
            } else {
                self.append("automation", id, act);
            }
        }
    }

    fn act_after(&mut self, id: &str) {
        let world = Arc::clone(&self.world);
        while let Some(act) = self.files.get(id).and_then(CaseFile::owed_act) {
            self.append("automation", id, act);
        }
        let answer = self.files.get(id).and_then(|file| file.answer(&world, self.next()));
        if let Some(answer) = answer {
            self.append("access", id, answer);
        }
    }

    pub(crate) fn append(&mut self, service: &str, id: &str, act: Act) {
        let sd_jwt = self.sign_act(service, id, &act);
        let read = CaseEvent::read(&sd_jwt.event, &Facts::of(&sd_jwt)).unwrap();
        let verdict = self.files[id].decide(&self.world, self.next(), &sd_jwt.event, &read);
        verdict.unwrap_or_else(|why| panic!("{act:?}: {why:?}"));
        self.enter(id, sd_jwt, &read, Some(act));
    }

    /// The event that an act becomes.
    pub(crate) fn sign_act(&self, service: &str, id: &str, act: &Act) -> SdJwt {
        let kind = if service == "access" { "access" } else { "auto" };
        let draft = of(act.event_type).draft(&act.values).unwrap().jti(act.jti(ORIGIN, id));
        self.sign(&format!("ledger/{service}"), &format!("{kind}/{id}"), draft)
    }

    fn enter(&mut self, id: &str, sd_jwt: SdJwt, read: &CaseEvent, act: Option<Act>) {
        let at = self.next();
        let event = &sd_jwt.event;
        let streams = party_streams(&event.stream);
        let known =
            streams.iter().filter_map(|stream| self.parties.get(stream)).find(|known| !known.is_empty());
        let known = known.cloned().unwrap_or_default();
        let accepted = self.registry.decide(at, event, &known);
        let accepted = accepted.unwrap_or_else(|why| panic!("{} {}: {why}", event.iss, event.event_type));
        self.parties.entry(streams[0].clone()).or_default().extend(&accepted.new_parties);
        let world = Arc::clone(&self.world);
        self.files.get_mut(id).unwrap().evolve(&world, at, event, read);
        self.take(event);
        self.log.push(Logged { at, sd_jwt, act });
    }

    /// Time passes while the automation is at work.
    pub(crate) fn until(&mut self, then: u64) {
        while let Some(wakes) =
            self.files.values().filter_map(CaseFile::wakes_at).min().filter(|at| *at <= then)
        {
            self.now = self.now.max(wakes);
            let ids: Vec<String> = self.files.keys().cloned().collect();
            for id in &ids {
                self.catch_up(id);
            }
        }
        self.now = self.now.max(then);
    }

    /// The same, by a length.
    pub(crate) fn wait(&mut self, ms: u64) {
        self.until(self.now + ms);
    }

    /// Time passes, and the automation does not run.
    pub(crate) fn outage(&mut self, ms: u64) {
        self.now += ms;
    }

    pub(crate) fn file(&self, id: &str) -> &CaseFile {
        &self.files[id]
    }

    pub(crate) fn case(&self, id: &str) -> &Case {
        self.files[id].case.as_ref().unwrap()
    }

    /// The entries of a case or contact from an index on: type and `received`.
    pub(crate) fn story(&self, id: &str, from: u64) -> Vec<(String, u64)> {
        self.entries(id)
            .filter(|logged| logged.at.index >= from)
            .map(|logged| (logged.sd_jwt.event.event_type.clone(), logged.at.received))
            .collect()
    }

    /// The entries of a case or contact, all streams.
    pub(crate) fn entries<'a>(&'a self, id: &'a str) -> impl DoubleEndedIterator<Item = &'a Logged> {
        self.log.iter().filter(move |logged| logged.sd_jwt.event.stream.id() == Some(id))
    }

    /// The acts of the automation in a case from an index on.
    pub(crate) fn acts<'a>(&'a self, id: &'a str, from: u64) -> Vec<&'a Act> {
        let acts = self.entries(id).filter(move |logged| logged.at.index >= from);
        acts.filter_map(|logged| logged.act.as_ref()).collect()
    }

    /// The case as whoever reads the log later folds it, with the world that it has then.
    pub(crate) fn replay(&self, id: &str, world: &World) -> CaseFile {
        let mut file = CaseFile::new(id);
        for Logged { at, sd_jwt, .. } in self.entries(id) {
            match CaseEvent::read(&sd_jwt.event, &Facts::of(sd_jwt)) {
                Ok(read) => file.evolve(world, *at, &sd_jwt.event, &read),
                Err(Unread::Withheld) => file.skip(world, *at, &sd_jwt.event),
                Err(Unread::Refused(refusal)) => panic!("{refusal}"),
            }
        }
        file.settle(world);
        file
    }
}

/// The code of a refusal.
pub(crate) fn code(unread: Unread) -> &'static str {
    match unread {
        Unread::Refused(refusal) => Refusal::code(&refusal),
        Unread::Withheld => "withheld",
    }
}
