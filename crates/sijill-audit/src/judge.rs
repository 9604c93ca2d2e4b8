//! What can only be said of an entry in order, beside all earlier ones: Annex C, numbers 2 to 7.

use std::collections::{HashMap, HashSet};

use sijill_casework::catalogue::ErasureDone;
use sijill_domain::event::{Clock, HeadsCommitted};
use sijill_domain::{Parties, Registry, party_streams};
use sijill_event::{Digest, Event, Json, Kid, PublicKey, StreamKind};

use crate::Unreadable;
use crate::account::Account;
use crate::authority::Authority;
use crate::examine::{Examined, Read, Seen, introduces};
use crate::fault::{FaultCode, Faults};
use crate::figures::Figures;
use crate::heads::Heads;
use crate::interval::Times;
use crate::lacking::Lacking;
use crate::prints::{AsIs, Print, PrintSet, Printer};
use crate::rules::Rules;
use crate::source::{Source, StreamEnd};

/// How much later than `received` an event may claim to be signed, milliseconds.
const SKEW_MS: u64 = 300_000;

/// The last event of a stream.
#[derive(Clone, Copy)]
struct Head {
    seq: u64,
    last: Digest,
    /// Which set of parties is kept with this stream, see [`Judge::parties`].
    parties: u32,
    /// In a source that is not whole: events of the stream are not here.
    broken: bool,
}

/// Entries of which something was not checked, by reason.
#[derive(Debug, Default)]
pub(crate) struct Unchecked {
    /// Disclosures withheld.
    pub(crate) withheld: u64,
    /// Disclosures erased by order.
    pub(crate) erased: u64,
    /// `seen` at a size that includes an entry that is not there.
    pub(crate) seen: u64,
    /// Events of the stream before this one are not there.
    pub(crate) stream: u64,
    /// Entries with any of these, each once.
    pub(crate) entries: u64,
    /// Entries that authority could not judge, or not in full.
    pub(crate) authority: u64,
}

/// The state that all entries so far left.
pub(crate) struct Judge {
    pub(crate) faults: Faults,
    pub(crate) unchecked: Unchecked,
    /// Entries judged.
    pub(crate) entries: u64,
    /// The latest `received`.
    pub(crate) received: u64,
    /// Index behind the last entry that could be read.
    pub(crate) end: u64,
    /// What entry 0 says is the log's key.
    pub(crate) log_key: Option<PublicKey>,
    pub(crate) authority: Authority,
    pub(crate) rules: Rules,
    pub(crate) figures: Figures,
    pub(crate) times: Times,
    /// What evidence is to be told of, entry by entry.
    pub(crate) accounts: Vec<Account>,
    whole: bool,
    prints: Printer,
    introduced: HashSet<Kid>,
    heads: HashMap<Print, Head, AsIs>,
    /// The same as the ledger commits itself to it.
    committed: Heads,
    /// Entries from the beginning on without a gap.
    unbroken: u64,
    /// The sets of parties that occur: few, however many streams there are. The first is empty.
    parties: Vec<Parties>,
    parties_known: HashMap<String, u32>,
    jtis: PrintSet,
    digests: PrintSet,
    lacking: Lacking,
}

impl Judge {
    pub(crate) fn new(whole: bool, prints: Printer, figures: Figures, times: Times) -> Self {
        Self {
            faults: Faults::default(),
            unchecked: Unchecked::default(),
            entries: 0,
            received: 0,
            end: 0,
            log_key: None,
            authority: Authority::new(),
            rules: Rules::default(),
            figures,
            times,
            accounts: Vec::new(),
            whole,
            prints,
            introduced: HashSet::new(),
            heads: HashMap::default(),
            committed: Heads::new(),
            unbroken: 0,
            parties: vec![Parties::new()],
            parties_known: HashMap::from([(String::new(), 0)]),
            jtis: PrintSet::default(),
            digests: PrintSet::default(),
            lacking: Lacking::default(),
        }
    }

    /// Judges the next entry. `all_disclosed`: what was not delivered with it is said not to exist.
    pub(crate) fn judge(
        &mut self,
        examined: &Examined,
        all_disclosed: bool,
        source: &dyn Source,
    ) -> Result<(), Unreadable> {
        let index = examined.index;
        self.entries += 1;
        self.unbroken += u64::from(index == self.unbroken);
        let read = match &examined.read {
            Ok(read) => read.as_ref(),
            Err(why) => {
                self.faults.add(FaultCode::EntryFormat, index, format!("entry {index} is malformed: {why}"));
                self.authority.skip(index, &mut self.faults);
                self.unchecked.authority += 1;
                self.rules.skip();
                return Ok(());
            }
        };
        if index == 0 {
            self.log_key = read.entry.event.data.get("log_key").and_then(|jwk| PublicKey::from_jwk(jwk).ok());
        }
        self.end = index + 1;
        let mut unchecked = false;
        self.judge_time(index, read);
        let signed = self.judge_signature(index, read);
        unchecked |= !self.judge_stream(index, read);
        if !self.jtis.insert(read.jti) {
            let jti = read.entry.event.jti;
            self.faults.add(
                FaultCode::JtiReused,
                index,
                format!("entry {index} has the jti {jti} of an earlier entry"),
            );
        }
        unchecked |= !self.judge_seen(index, read);
        unchecked |= !self.judge_disclosures(index, read, all_disclosed);
        self.unchecked.entries += u64::from(unchecked);
        if all_disclosed {
            let case = self.prints.of(read.entry.event.stream.id().unwrap_or_default());
            self.lacking.await_erasure(index, case, &read.delivered.absent, unchecked);
        }
        let live = self.is_live();
        self.times.take(index, read, signed, live, &mut self.faults);
        if !self.whole {
            self.accounts.extend(Account::of(index, &read.entry));
        }
        if signed {
            // What is due comes into force even with an entry that is refused.
            if introduces(&read.entry.event.stream) || self.authority.is_due(read.entry.received) {
                self.rules.moved();
            }
            if self.judge_authority(index, read) {
                self.excuse(&read.entry.event);
                self.times.take_record(index, read, live, &mut self.faults);
                return self.judge_rules(index, read, source);
            }
        } else {
            self.authority.skip(index, &mut self.faults);
            self.unchecked.authority += 1;
        }
        self.rules.skip();
        Ok(())
    }

    /// What a source that is not whole leaves out may have changed every case: nothing is said of its rules.
    fn judge_rules(&mut self, index: u64, read: &Read, source: &dyn Source) -> Result<(), Unreadable> {
        let Some(registry) = self.authority.registry().filter(|_| self.whole) else {
            self.rules.skip();
            return Ok(());
        };
        let facts = read.delivered.facts.as_ref();
        self.figures.take(index, &read.entry, facts, registry.rules())?;
        self.rules.judge(index, &read.entry, facts, registry, source, &mut self.faults)
    }

    /// Whether the ledger's times are those of the world.
    pub(crate) fn is_live(&self) -> bool {
        self.authority.registry().and_then(Registry::clock) != Some(Clock::Simulated)
    }

    fn judge_time(&mut self, index: u64, read: &Read) {
        let (received, iat) = (read.entry.received, read.entry.event.iat);
        if received < self.received {
            let message = format!(
                "entry {index} was received at {received}, before an earlier entry at {}",
                self.received
            );
            self.faults.add(FaultCode::ReceivedOrder, index, message);
        }
        self.received = self.received.max(received);
        // Both are at most 2^53-1, so nothing overflows.
        if iat * 1000 > received + SKEW_MS {
            let message = format!(
                "entry {index} claims to be signed at {iat} s, more than 300 s after it was received at {received} ms"
            );
            self.faults.add(FaultCode::ReceivedTime, index, message);
        }
    }

    /// Whether key and signature stand; then the entry's keys are introduced.
    fn judge_signature(&mut self, index: u64, read: &Read) -> bool {
        let event = &read.entry.event;
        let kid = event.kid;
        let by_itself = || index == 0 && read.keys.iter().any(|key| key.kid() == kid);
        if !self.introduced.contains(&kid) && !by_itself() {
            self.faults.add(
                FaultCode::KeyUnknown,
                index,
                format!("entry {index} is signed by key {kid}, which no entry before it introduced"),
            );
            return false;
        }
        if read.signature != Some(true) {
            self.faults.add(
                FaultCode::EventSignature,
                index,
                format!("the signature of entry {index} by key {kid} is not valid"),
            );
            return false;
        }
        self.introduced.extend(read.keys.iter().map(PublicKey::kid));
        true
    }

    /// Whether the event's place in its stream could be judged.
    fn judge_stream(&mut self, index: u64, read: &Read) -> bool {
        let event = &read.entry.event;
        let head = self.heads.get(&read.stream).copied();
        let expected = head.map_or(0, |head| head.seq + 1);
        let (stream, seq) = (&event.stream, event.seq);
        if seq < expected {
            let message =
                format!("entry {index} is event {seq} of stream {stream}, which has {expected} already");
            self.faults.add(FaultCode::StreamFork, index, message);
            return true;
        }
        let excused = !self.whole && !introduces(stream);
        let gap = seq > expected;
        if gap && !excused {
            let message =
                format!("entry {index} is event {seq} of stream {stream}, but event {expected} is missing");
            self.faults.add(FaultCode::StreamGap, index, message);
        } else if !gap && event.prev != head.map(|head| head.last) {
            let message =
                format!("entry {index} does not name the event before it in stream {stream}, but another");
            self.faults.add(FaultCode::StreamFork, index, message);
        }
        let unjudged = gap && excused;
        self.unchecked.stream += u64::from(unjudged);
        let (parties, broken) = head.map_or((0, false), |head| (head.parties, head.broken));
        self.heads.insert(read.stream, Head { seq, last: read.hash, parties, broken: broken || unjudged });
        if self.whole {
            self.committed.moved(index, stream, seq, read.hash);
        }
        !unjudged
    }

    fn judge_seen(&mut self, index: u64, read: &Read) -> bool {
        let size = read.entry.event.seen.map_or(0, |seen| seen.size);
        let message = match read.seen {
            Seen::Good => return true,
            Seen::Unjudged => {
                self.unchecked.seen += 1;
                return false;
            }
            Seen::TooLarge => {
                format!("entry {index} has seen {size} entries, more than there were before it")
            }
            Seen::Wrong => {
                format!("entry {index} has seen another root at size {size} than the entries give")
            }
        };
        self.faults.add(FaultCode::SeenMismatch, index, message);
        true
    }

    fn judge_disclosures(&mut self, index: u64, read: &Read, all: bool) -> bool {
        let mut reused = false;
        for print in &read.digests {
            reused |= !self.digests.insert(*print);
        }
        if reused {
            self.faults.add(
                FaultCode::DisclosureMismatch,
                index,
                format!("entry {index} has a digest that an earlier entry has"),
            );
        }
        if let Some(why) = read.delivered.mismatch {
            self.faults.add(FaultCode::DisclosureMismatch, index, format!("entry {index}: {why}"));
        }
        let withheld = !all && !read.delivered.absent.is_empty();
        self.unchecked.withheld += u64::from(withheld);
        !withheld
    }

    /// What an erasure names as destroyed is not missing. Whether it was rightly destroyed is for the rules to say.
    fn excuse(&mut self, event: &Event) {
        if event.iss != "ledger"
            || event.event_type != ErasureDone::TYPE
            || event.stream.kind() != StreamKind::Access
        {
            return;
        }
        let case = self.prints.of(event.stream.id().unwrap_or_default());
        let named = event.data.get("digests").and_then(Json::as_array).unwrap_or_default();
        for digest in named.iter().filter_map(|digest| Digest::parse(digest.as_str()?).ok()) {
            let (erased, unchecked) = self.lacking.excuse(&digest, case);
            self.unchecked.erased += erased;
            self.unchecked.entries += unchecked;
        }
    }

    /// What is not there at the end of the log, and was not erased, is missing.
    pub(crate) fn end_disclosures(&mut self) {
        for (index, absent) in self.lacking.missing() {
            let message = format!("entry {index} has {absent} digests whose disclosure is missing");
            self.faults.add(FaultCode::DisclosureMissing, index, message);
        }
    }

    /// Whether authority accepted the entry.
    fn judge_authority(&mut self, index: u64, read: &Read) -> bool {
        let streams = party_streams(&read.entry.event.stream);
        let kept: Vec<Print> = streams.iter().map(|stream| self.prints.of(stream.as_str())).collect();
        let mut sets = kept.iter().filter_map(|kept| self.heads.get(kept)).map(|head| head.parties);
        let known = sets.find(|number| *number > 0).unwrap_or(0);
        let unsure = self.may_have_more_parties(index, read);
        let Some(parties) = self.parties.get(known as usize) else { return false };
        let verdict = self.authority.judge(index, &read.entry, parties, unsure, &mut self.faults);
        if let Some(registry) = self.authority.registry() {
            self.committed.registered(index, registry);
        }
        let joined = (!verdict.new_parties.is_empty()).then(|| {
            let mut more = parties.clone();
            more.extend(&verdict.new_parties);
            more
        });
        if let Some(more) = joined {
            let number = self.number_of(more);
            if let Some(head) = kept.first().and_then(|first| self.heads.get_mut(first)) {
                head.parties = number;
            }
        }
        let judged = verdict.judged && (!verdict.accepted || self.judge_heads(index, read));
        self.unchecked.authority += u64::from(!judged);
        verdict.accepted
    }

    /// Whether what an accepted entry says of heads, if it does, could be judged. In a source that is not whole nothing can.
    fn judge_heads(&mut self, index: u64, read: &Read) -> bool {
        let event = &read.entry.event;
        if event.stream.kind() != StreamKind::Log || event.event_type != HeadsCommitted::TYPE {
            return true;
        }
        let held = if self.whole { self.unbroken } else { 0 };
        match HeadsCommitted::parse(&event.data) {
            Ok(said) => self.committed.judge(index, &said, held, &mut self.faults),
            Err(_) => true,
        }
    }

    /// In a source that is not whole: whether entries that are not here may have added parties to the stream. That its own
    /// are all here shows; of the others that share a case's parties, which rule-set 2 has, nobody can tell.
    fn may_have_more_parties(&mut self, index: u64, read: &Read) -> bool {
        let entry = &read.entry;
        let in_case =
            matches!(entry.event.stream.kind(), StreamKind::Case | StreamKind::Auto | StreamKind::Access);
        let shared = in_case && self.authority.rules(index, entry) >= Some(2);
        !self.whole && (shared || self.heads.get(&read.stream).is_some_and(|head| head.broken))
    }

    fn number_of(&mut self, parties: Parties) -> u32 {
        let text = parties.to_string();
        if let Some(number) = self.parties_known.get(&text) {
            return *number;
        }
        // 2^32 different sets of parties would need more memory than there is.
        let number = u32::try_from(self.parties.len()).unwrap_or(u32::MAX);
        self.parties.push(parties);
        self.parties_known.insert(text, number);
        number
    }

    pub(crate) fn streams(&self) -> usize {
        self.heads.len()
    }

    /// The last event of a stream.
    pub(crate) fn stream(&self, stream: &str) -> Option<StreamEnd> {
        let head = self.heads.get(&self.prints.of(stream))?;
        let parties = self.parties.get(head.parties as usize)?.clone();
        Some(StreamEnd { seq: head.seq, last: head.last, parties })
    }
}
