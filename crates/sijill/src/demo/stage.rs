//! Where the demonstration is played: acts are signed by whoever does them and appended at their time, and the log is
//! followed, so that everybody knows how each case stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sijill_casework::case::{CaseFile, World};
use sijill_event::{Digest, Draft, SdJwt, Seen, SigningKey, Stream, Timestamp, Uuid};
use sijill_ledger::{Ledger, Receipt, Refused, SimulatedClock, Wait};

use super::calendar::rfc3339;
use super::chance::Chance;
use super::following::Following;
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
    /// What: all but author, place and time.
    pub draft: Draft,
}

/// What was counted beside the entries.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Tally {
    /// Entries by event type.
    pub by_type: BTreeMap<String, u64>,
    /// Cases that began with a call.
    pub from_calls: u64,
    /// Referrals that the policy asked for.
    pub by_policy: u64,
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
    following: Following,
}

impl Stage {
    /// A stage on this ledger, whose clock it moves.
    pub fn new(chance: Chance, ledger: Ledger, clock: Arc<SimulatedClock>) -> Self {
        let (tally, keys, following) = (Tally::default(), HashMap::new(), Following::default());
        Self { chance, tally, ledger, clock, keys, following }
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What cases are judged by now.
    pub fn world(&self) -> Arc<World> {
        self.ledger.world()
    }

    /// Cases and contacts as they stand, by id.
    pub fn files(&self) -> &BTreeMap<String, CaseFile> {
        self.following.files()
    }

    /// From now on `who` signs with this key; the key before it.
    pub fn give_key(&mut self, who: &Who, key: SigningKey) -> Option<SigningKey> {
        self.keys.insert(who.clone(), key)
    }

    /// Brings a document.
    pub async fn put_document(&self, bytes: &[u8]) -> Result<Digest> {
        self.ledger.put_document(bytes).await.map_err(|error| Error::ledger(&error))
    }

    /// Time passes, and what falls due meanwhile is done. The cases and contacts in which something happened since it was
    /// asked last.
    pub async fn until(&mut self, time: u64) -> Result<BTreeSet<String>> {
        self.clock.set(time);
        self.ledger.wake().await.map_err(busy_error)?;
        self.follow().await?;
        Ok(self.following.take_moved())
    }

    async fn follow(&mut self) -> Result<()> {
        self.following.follow(&self.ledger, &mut self.tally).await
    }

    /// Plays acts in their order, as one delivery. Whatever the ledger refuses ends the play.
    pub async fn play(&mut self, acts: &[Act]) -> Result<Vec<Played>> {
        let Some(time) = acts.iter().map(|act| act.at).max() else { return Ok(Vec::new()) };
        let mut played = Vec::with_capacity(acts.len());
        // What several say in one stream at once follows each other there.
        let mut ends: BTreeMap<&Stream, Place> = BTreeMap::new();
        for act in acts {
            let place = ends.get(&act.stream).copied().unwrap_or_else(|| self.place(&act.stream));
            let jti = self.jti(act, place);
            let signed = self.sign(act, place, jti, "")?;
            let hash = signed.event.hash();
            ends.insert(&act.stream, (place.0 + 1, Some(hash)));
            self.following.expect(&signed);
            played.push(Played { act: act.clone(), place, hash, text: signed.to_string() });
        }
        let texts = played.iter().map(|played| played.text.clone()).collect();
        for (settled, act) in self.deliver(texts, time).await?.into_iter().zip(acts) {
            settled.map_err(|why| refused(&why, Some(act)))?;
        }
        let late = |act: &&Act| act.occurred.is_some_and(|then| then + super::calendar::DAY < act.at);
        self.tally.late += acts.iter().filter(late).count() as u64;
        self.follow().await?;
        Ok(played)
    }

    /// Sends the same bytes again, as after a time-out: the ledger answers with the first receipt.
    pub async fn send_again(&mut self, played: &Played) -> Result<()> {
        let answer = self.deliver(vec![played.text.clone()], 0).await?.pop();
        match answer {
            Some(Ok(receipt)) if !receipt.first => self.tally.duplicates += 1,
            Some(Err(error)) => return Err(refused(&error, None)),
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
        self.following.expect(&again);
        for settled in self.deliver(vec![again.to_string()], act.at).await? {
            settled.map_err(|why| refused(&why, Some(act)))?;
        }
        self.tally.conflicts += 1;
        self.follow().await
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
            Some(Err(other)) => Err(refused(&other, None)),
            _ => Err(Error::Source(format!("the ledger took an event it had to refuse ({code})"))),
        }
    }

    async fn deliver(&mut self, texts: Vec<String>, at: u64) -> Result<Vec<Result<Receipt, Refused>>> {
        if at > 0 {
            self.clock.set(at);
        }
        self.ledger.append(texts, Wait::Published).await.map_err(busy_error)
    }

    fn place(&self, stream: &Stream) -> Place {
        self.following.end(stream).map_or((0, None), |(seq, last)| (seq + 1, Some(last)))
    }

    fn jti(&self, act: &Act, place: Place) -> Uuid {
        self.chance.jti(act.at, &format!("{}#{} {}", act.stream, place.0, act.by))
    }

    fn sign(&self, act: &Act, place: Place, jti: Uuid, again: &str) -> Result<SdJwt> {
        let Some(key) = self.keys.get(&act.by) else {
            return Err(Error::Source(format!("{} has no key", act.by)));
        };
        let published = self.ledger.published();
        let mut draft = act
            .draft
            .clone()
            .author(&act.by.agency, &act.by.officer)
            .aud(self.ledger.origin())
            .jti(jti)
            .iat(act.at / 1_000)
            .at(&act.stream, place.0, place.1)
            .seen(Seen { size: published.checkpoint.size, root: published.checkpoint.root.0 });
        if let Some(time) = act.occurred {
            draft = draft.occurred(&rfc3339(time));
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

fn refused(refused: &Refused, act: Option<&Act>) -> Error {
    let what =
        act.map_or_else(String::new, |act| format!(" ({} in {}: {:?})", act.by, act.stream, act.draft));
    Error::Refused { code: refused.code.to_owned(), message: format!("{}{what}", refused.message) }
}

fn busy_error(busy: sijill_ledger::Busy) -> Error {
    Error::Refused { code: "busy".to_owned(), message: busy.to_string() }
}

/// A timestamp of the registry.
pub fn timestamp(unix_ms: u64) -> Result<Timestamp> {
    Timestamp::parse(&rfc3339(unix_ms)).ok_or_else(|| Error::Source("no such time".to_owned()))
}
