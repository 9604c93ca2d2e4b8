//! Where the demonstration is played: acts are signed by whoever does them and appended at their time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sijill_event::{Class, Digest, Draft, Json, SdJwt, Seen, SigningKey, Stream, Timestamp, Uuid};
use sijill_ledger::{Ledger, Receipt, Refused, SimulatedClock, Wait};

use super::calendar::rfc3339;
use super::chance::Chance;
use crate::error::{Error, Result};

/// Someone who signs: agency and officer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Who {
    /// `iss`.
    pub agency: String,
    /// `sub`.
    pub officer: String,
}

impl Who {
    /// By ids.
    pub fn new(agency: &str, officer: impl Into<String>) -> Self {
        Self { agency: agency.to_owned(), officer: officer.into() }
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.agency, self.officer)
    }
}

/// Something that is done, and told to the ledger.
#[derive(Debug, Clone)]
pub struct Act {
    /// When it is signed, Unix milliseconds.
    pub at: u64,
    /// When it happened, as claimed.
    pub occurred: Option<u64>,
    /// Who signs.
    pub by: Who,
    /// In which stream.
    pub stream: Stream,
    /// Event type.
    pub event_type: &'static str,
    /// Open members, and under the name of a class an object of hidden ones.
    pub data: Json,
}

/// What was counted.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Tally {
    /// Entries by event type.
    pub by_type: BTreeMap<&'static str, u64>,
    /// Cases that began with a call.
    pub from_calls: u64,
    /// Told more than a day after they happened.
    pub late: u64,
    /// Two officers wrote at once; the second read what the first had written and signed again.
    pub conflicts: u64,
    /// Sent twice, appended once.
    pub duplicates: u64,
    /// Refused, as they had to be, by code.
    pub refused: BTreeMap<&'static str, u64>,
}

/// The place of an event in its stream.
type Place = (u64, Option<Digest>);

/// The stage.
pub struct Stage {
    /// Everything that looks random.
    pub chance: Chance,
    /// What was counted so far.
    pub tally: Tally,
    ledger: Ledger,
    clock: Arc<SimulatedClock>,
    keys: HashMap<Who, SigningKey>,
    ends: BTreeMap<Stream, (u64, Digest)>,
}

impl Stage {
    /// A stage on this ledger, whose clock it moves.
    pub fn new(chance: Chance, ledger: Ledger, clock: Arc<SimulatedClock>) -> Self {
        let (tally, keys, ends) = (Tally::default(), HashMap::new(), BTreeMap::new());
        Self { chance, tally, ledger, clock, keys, ends }
    }

    /// A stream that began without the stage: its last event, at `seq`.
    pub fn take_over(&mut self, stream: Stream, seq: u64, last: Digest) {
        self.ends.insert(stream, (seq, last));
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// From now on `who` signs with this key; the key before it.
    pub fn give_key(&mut self, who: &Who, key: SigningKey) -> Option<SigningKey> {
        self.keys.insert(who.clone(), key)
    }

    /// The case with the longest history.
    pub fn longest_case(&self) -> Option<&Stream> {
        let cases = self.ends.iter().filter(|(stream, _)| stream.as_str().starts_with("case/"));
        // Of equally long ones the first.
        cases.rev().max_by_key(|(_, (seq, _))| *seq).map(|(stream, _)| stream)
    }

    /// Plays acts in their order, as one delivery. Whatever the ledger refuses ends the play.
    pub async fn play(&mut self, acts: &[Act]) -> Result<Vec<Played>> {
        let Some(time) = acts.iter().map(|act| act.at).max() else { return Ok(Vec::new()) };
        let mut played = Vec::with_capacity(acts.len());
        for act in acts {
            let place = self.place(&act.stream);
            let jti = self.jti(act, place);
            let signed = self.sign(act, place, jti, "")?;
            self.ends.insert(act.stream.clone(), (place.0, signed.event.hash()));
            played.push(Played {
                act: act.clone(),
                place,
                hash: signed.event.hash(),
                text: signed.to_string(),
            });
        }
        let texts = played.iter().map(|played| played.text.clone()).collect();
        for settled in self.deliver(texts, time).await? {
            settled.map_err(refused)?;
        }
        for act in acts {
            *self.tally.by_type.entry(act.event_type).or_default() += 1;
            self.tally.from_calls += u64::from(act.data.get("contact").is_some());
            self.tally.late +=
                u64::from(act.occurred.is_some_and(|then| then + super::calendar::DAY < act.at));
        }
        Ok(played)
    }

    /// Sends the same bytes again, as after a time-out: the ledger answers with the first receipt.
    pub async fn send_again(&mut self, played: &Played) -> Result<()> {
        let answer = self.deliver(vec![played.text.clone()], 0).await?.pop();
        match answer {
            Some(Ok(receipt)) if !receipt.first => self.tally.duplicates += 1,
            Some(Err(error)) => return Err(refused(error)),
            _ => return Err(Error::Source("the ledger took the same event twice".to_owned())),
        }
        Ok(())
    }

    /// An act whose author has not seen the last one: refused, signed again with the same `jti`, appended.
    pub async fn play_late(&mut self, act: &Act, stale: Place) -> Result<()> {
        let jti = self.jti(act, stale);
        let first = self.sign(act, stale, jti, "")?;
        self.expect_refusal(first, act.at, "stream-conflict").await?;
        let place = self.place(&act.stream);
        let again = self.sign(act, place, jti, " again")?;
        self.ends.insert(act.stream.clone(), (place.0, again.event.hash()));
        for settled in self.deliver(vec![again.to_string()], act.at).await? {
            settled.map_err(refused)?;
        }
        *self.tally.by_type.entry(act.event_type).or_default() += 1;
        self.tally.conflicts += 1;
        Ok(())
    }

    /// An act that must not pass, signed with `key` if one is given.
    pub async fn play_refused(
        &mut self,
        act: &Act,
        key: Option<SigningKey>,
        code: &'static str,
    ) -> Result<()> {
        let place = self.place(&act.stream);
        let jti = self.jti(act, place);
        let mine = key.and_then(|key| self.give_key(&act.by, key));
        let signed = self.sign(act, place, jti, " refused")?;
        if let Some(mine) = mine {
            self.give_key(&act.by, mine);
        }
        self.expect_refusal(signed, act.at, code).await?;
        *self.tally.refused.entry(code).or_default() += 1;
        Ok(())
    }

    async fn expect_refusal(&mut self, signed: SdJwt, at: u64, code: &str) -> Result<()> {
        match self.deliver(vec![signed.to_string()], at).await?.pop() {
            Some(Err(refused)) if refused.code == code => Ok(()),
            Some(Err(other)) => Err(refused(other)),
            _ => Err(Error::Source(format!("the ledger took an event it had to refuse ({code})"))),
        }
    }

    async fn deliver(&mut self, texts: Vec<String>, at: u64) -> Result<Vec<Result<Receipt, Refused>>> {
        if at > 0 {
            self.clock.set(at);
        }
        let settled = self.ledger.append(texts, Wait::Published).await;
        settled.map_err(|busy| Error::Refused { code: "busy".to_owned(), message: busy.to_string() })
    }

    fn place(&self, stream: &Stream) -> Place {
        self.ends.get(stream).map_or((0, None), |(seq, last)| (seq + 1, Some(*last)))
    }

    fn jti(&self, act: &Act, place: Place) -> Uuid {
        self.chance.jti(act.at, &format!("{}#{} {}", act.stream, place.0, act.by))
    }

    fn sign(&self, act: &Act, place: Place, jti: Uuid, again: &str) -> Result<SdJwt> {
        let Some(key) = self.keys.get(&act.by) else {
            return Err(Error::Source(format!("{} has no key", act.by)));
        };
        let mut draft = Draft::new(act.event_type, 1)
            .author(&act.by.agency, &act.by.officer)
            .aud(self.ledger.origin())
            .jti(jti)
            .iat(act.at / 1_000)
            .at(&act.stream, place.0, place.1);
        if let Some(time) = act.occurred {
            draft = draft.occurred(&rfc3339(time));
        }
        let published = self.ledger.published();
        draft = draft.seen(Seen { size: published.checkpoint.size, root: published.checkpoint.root.0 });
        for (name, value) in act.data.as_object().unwrap_or_default() {
            match (Class::parse(name), value.as_object()) {
                (Some(class), Some(hidden)) => {
                    for (name, value) in hidden {
                        draft = draft.disclose(class, name, value.clone());
                    }
                }
                _ => draft = draft.open(name, value.clone()),
            }
        }
        let mut count = 0;
        let salt = || {
            count += 1;
            Ok(self.chance.salt(&format!("{jti}{again} {count}")))
        };
        draft.sign_salted(key, salt).map_err(Error::event)
    }
}

/// An act that was played.
#[derive(Debug, Clone)]
pub struct Played {
    /// The act.
    pub act: Act,
    /// Where it stands in its stream.
    pub place: Place,
    /// Hash of its JWT.
    pub hash: Digest,
    text: String,
}

fn refused(refused: Refused) -> Error {
    Error::Refused { code: refused.code.to_owned(), message: refused.message }
}

/// A timestamp of the registry.
pub fn timestamp(unix_ms: u64) -> Result<Timestamp> {
    Timestamp::parse(&rfc3339(unix_ms)).ok_or_else(|| Error::Source("no such time".to_owned()))
}
