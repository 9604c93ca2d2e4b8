//! Where events go in: a server over HTTP, or a ledger opened in this process. And the way one goes in:
//! place → sign → append → receipt verified offline; after a conflict, the new place and the same `jti`.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use sijill_event::{Event, Json, SdJwt, Stream};
use sijill_ledger::{Ledger, RefusedKind, Wait};
use sijill_log::{Checkpoint, NoteVerifier, TlogProof, leaf_hash};
use uuid::Uuid;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::key_file::Author;
use crate::new_event::{NewEvent, Place};

/// Times an event is signed anew because someone else was faster in its stream.
const CONFLICTS: u32 = 20;
/// Times the same bytes are sent, and the first pause between two, which doubles.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(250);
/// Events in one request or batch.
pub const BATCH: usize = 500;

/// What became of an event.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is in the log.
    Taken(Taken),
    /// The stream has moved on: sign anew, with the same `jti`.
    Conflict,
    /// Not now, and perhaps it was taken: the same bytes again.
    Again,
    /// No, and again no.
    Refused {
        /// The ledger's code.
        code: String,
        /// Its sentence.
        message: String,
    },
}

/// A receipt.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Taken {
    /// Index of the entry.
    pub index: u64,
    /// When the ledger received it, Unix milliseconds.
    pub received: u64,
    /// The tlog-proof, with its checkpoint.
    pub proof: String,
    /// `false`: this very event was there already.
    pub first: bool,
}

impl Outcome {
    /// A refusal as HTTP tells it.
    pub fn refused(status: u16, code: String, message: String) -> Self {
        // 409 is also said of a `jti` used for other bytes: signing that anew would be wrong.
        match status {
            409 if code == "stream-conflict" => Self::Conflict,
            429 | 500.. => Self::Again,
            _ => Self::Refused { code, message },
        }
    }
}

/// The ledger, wherever it runs.
pub enum Gate {
    /// A server.
    Server(Box<Client>),
    /// In this process.
    Here(Ledger),
}

impl Gate {
    /// The ledger's origin.
    pub async fn origin(&self) -> Result<String> {
        match self {
            Self::Server(client) => client.origin().await,
            Self::Here(ledger) => Ok(ledger.origin().to_string()),
        }
    }

    /// The next place in a stream for this author.
    pub async fn next(&self, author: &Author, stream: &Stream) -> Result<Place> {
        match self {
            Self::Server(client) => client.next(stream).await,
            Self::Here(ledger) => {
                let next = ledger.next(stream).await.map_err(|error| Error::ledger(&error))?;
                let number = |n: u64| Json::try_from(n).unwrap_or(Json::Null);
                let mut place = Place::new(vec![
                    ("iss".to_string(), author.agency.as_str().into()),
                    ("sub".to_string(), author.officer.as_str().into()),
                    ("aud".to_string(), ledger.origin().into()),
                    ("iat".to_string(), number(ledger.now_ms() / 1000)),
                    ("seq".to_string(), number(next.seq)),
                ]);
                if let Some(prev) = next.prev {
                    place.set("prev", prev.to_string());
                }
                if let Some(seen) = next.seen {
                    let root = sijill_event::b64::encode(seen.root);
                    place.set("seen", Json::object([("size", number(seen.size)), ("root", root.into())]));
                }
                Ok(place)
            }
        }
    }

    /// Appends signed events; an outcome for each, in order.
    pub async fn append(&self, events: Vec<String>, witnessed: bool) -> Result<Vec<Outcome>> {
        match self {
            Self::Server(client) => match events.as_slice() {
                [one] => Ok(vec![client.append(one, witnessed).await?]),
                many => client.append_all(many, witnessed).await,
            },
            Self::Here(ledger) => {
                let wait = if witnessed { Wait::Witnessed } else { Wait::Published };
                let results = ledger.append(events, wait).await;
                let results = results
                    .map_err(|busy| Error::Refused { code: "busy".into(), message: busy.to_string() })?;
                Ok(results.into_iter().map(outcome_here).collect())
            }
        }
    }
}

fn outcome_here(result: Result<sijill_ledger::Receipt, sijill_ledger::Refused>) -> Outcome {
    match result {
        Ok(r) => {
            Outcome::Taken(Taken { index: r.index, received: r.received, proof: r.proof, first: r.first })
        }
        Err(refused) => match refused.kind {
            RefusedKind::Conflict { .. } => Outcome::Conflict,
            RefusedKind::Unavailable => Outcome::Again,
            _ => Outcome::Refused { code: refused.code.to_string(), message: refused.message },
        },
    }
}

/// An author at the gate. Keeps the next place of each stream it writes in, so that a batch asks once per stream.
pub struct Desk<'a> {
    gate: &'a Gate,
    author: &'a Author,
    log_key: Option<NoteVerifier>,
    origin: String,
    places: HashMap<Stream, Place>,
}

/// What became of one event, for whoever reports it.
#[derive(Debug, Clone)]
pub enum Told {
    /// In the log; the receipt was verified if the log's key was known.
    Appended {
        /// The receipt.
        receipt: Taken,
        /// The event's idempotency key.
        jti: Uuid,
        /// Hash of its JWT: what an approval names, what the next event chains to.
        hash: sijill_event::Digest,
        /// Whether the receipt was verified offline.
        verified: bool,
    },
    /// Not in the log.
    Refused {
        /// The ledger's code.
        code: String,
        /// Its sentence.
        message: String,
    },
    /// In the log or not: the answer was lost, or the ledger could not say. Only the same bytes again tell.
    Unknown {
        /// Which event, and why it is not known.
        message: String,
    },
}

/// Told of every signature made anew, before it is sent: to keep it, so that another run can send the same bytes.
pub type Keep<'k> = dyn FnMut(usize, &SdJwt) -> Result<()> + Send + 'k;

impl<'a> Desk<'a> {
    /// An author at the gate. Every receipt is verified against `log_key`, where it is known, before it is believed.
    pub async fn new(gate: &'a Gate, author: &'a Author, log_key: Option<NoteVerifier>) -> Result<Desk<'a>> {
        let origin = gate.origin().await?;
        if let Some(key) = log_key.as_ref().filter(|key| key.name().as_str() != origin) {
            let why = format!(
                "the trusted ledger is {}, this one calls itself {origin}: nothing is signed",
                key.name()
            );
            return Err(Error::Usage(why));
        }
        Ok(Self { gate, author, log_key, origin, places: HashMap::new() })
    }

    /// The ledger's origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Appends one event.
    pub async fn append(&mut self, event: &NewEvent, witnessed: bool) -> Result<Told> {
        let mut told = self.append_all(std::slice::from_ref(event), witnessed).await?;
        told.pop().ok_or_else(|| Error::Usage("nothing to append".to_string()))
    }

    /// Appends events in order; each is taken or refused by itself.
    pub async fn append_all(&mut self, events: &[NewEvent], witnessed: bool) -> Result<Vec<Told>> {
        let signed = self.sign_all(events).await?;
        self.send_all(events, signed, witnessed, &mut |_, _| Ok(())).await
    }

    /// Signs events for the places they will have one after the other. Nothing is sent.
    pub async fn sign_all(&mut self, events: &[NewEvent]) -> Result<Vec<SdJwt>> {
        let mut signed = Vec::with_capacity(events.len());
        for event in events {
            signed.push(self.sign(event, Uuid::now_v7()).await?);
        }
        Ok(signed)
    }

    /// Sends `events` as they were `signed`, by this desk or in an earlier run. What lost a race is signed anew, one by
    /// one, with its `jti` kept: were the first signature taken after all, the second could not be. What waits in its
    /// stream for an event of unknown outcome is left unknown itself, else it would go before it.
    pub async fn send_all(
        &mut self,
        events: &[NewEvent],
        signed: Vec<SdJwt>,
        witnessed: bool,
        keep: &mut Keep<'_>,
    ) -> Result<Vec<Told>> {
        let bodies = signed.iter().map(ToString::to_string).collect();
        let (outcomes, mut why) = self.send(bodies, witnessed).await?;
        let (mut told, mut open) = (Vec::with_capacity(events.len()), HashSet::new());
        for (at, ((event, signed), outcome)) in events.iter().zip(signed).zip(outcomes).enumerate() {
            if !matches!(outcome, Outcome::Taken(_)) {
                self.places.remove(&event.stream);
            }
            let jti = signed.event.jti;
            let settled = match outcome {
                Outcome::Conflict if open.contains(&event.stream) => None,
                outcome => {
                    let mut keep = |sd_jwt: &SdJwt| keep(at, sd_jwt);
                    self.settle(event, signed, outcome, witnessed, &mut keep, &mut why).await?
                }
            };
            told.push(settled.unwrap_or_else(|| {
                open.insert(event.stream.clone());
                let message = format!("event {jti} of {} may or may not be in the log: {why}", event.stream);
                Told::Unknown { message }
            }));
        }
        Ok(told)
    }

    /// What became of an event in the end; `None` if that is not known.
    async fn settle(
        &mut self,
        event: &NewEvent,
        mut signed: SdJwt,
        mut outcome: Outcome,
        wait: bool,
        keep: &mut (dyn FnMut(&SdJwt) -> Result<()> + Send),
        why: &mut String,
    ) -> Result<Option<Told>> {
        for _ in 0..CONFLICTS {
            match outcome {
                Outcome::Taken(receipt) => return self.believe(&signed, receipt).map(Some),
                Outcome::Refused { code, message } => {
                    self.places.remove(&event.stream);
                    return Ok(Some(Told::Refused { code, message }));
                }
                Outcome::Again => {
                    self.places.remove(&event.stream);
                    return Ok(None);
                }
                Outcome::Conflict => {
                    self.places.remove(&event.stream);
                    signed = self.sign(event, signed.event.jti).await?;
                    keep(&signed)?;
                    let (answers, passing) = self.send(vec![signed.to_string()], wait).await?;
                    *why = passing;
                    let none = || Error::Usage("the ledger answered nothing".to_string());
                    outcome = answers.into_iter().next().ok_or_else(none)?;
                }
            }
        }
        let message = format!("others were faster in {} {CONFLICTS} times in a row", event.stream);
        Ok(Some(Told::Refused { code: "stream-conflict".to_string(), message }))
    }

    /// Sends signed events until each is answered for, or patience ends; why, if it did. A lost answer is no reason to
    /// sign anew: the ledger takes the same bytes once, however often they come.
    async fn send(&self, bodies: Vec<String>, witnessed: bool) -> Result<(Vec<Outcome>, String)> {
        let mut outcomes = vec![Outcome::Again; bodies.len()];
        let mut why = String::new();
        let mut pause = PAUSE;
        for attempt in 1..=ATTEMPTS {
            let open: Vec<usize> =
                (0..).zip(&outcomes).filter(|(_, o)| matches!(o, Outcome::Again)).map(|(i, _)| i).collect();
            if open.is_empty() {
                break;
            }
            if attempt > 1 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let again: Vec<String> = open.iter().filter_map(|i| bodies.get(*i).cloned()).collect();
            match self.gate.append(again, witnessed).await {
                Ok(answers) => {
                    why = "the ledger cannot say now".to_string();
                    for (i, answer) in open.into_iter().zip(answers) {
                        if let Some(outcome) = outcomes.get_mut(i) {
                            *outcome = answer;
                        }
                    }
                }
                Err(error) if error.is_passing() => why = error.to_string(),
                Err(error) => return Err(error),
            }
        }
        Ok((outcomes, why))
    }

    async fn sign(&mut self, event: &NewEvent, jti: Uuid) -> Result<SdJwt> {
        let place = match self.places.remove(&event.stream) {
            Some(place) => place,
            None => self.gate.next(self.author, &event.stream).await?,
        };
        self.refuse_foreign(&place, event)?;
        let sd_jwt = place.sign(event, jti, &self.author.key).map_err(Error::event)?;
        self.places.insert(event.stream.clone(), place.after(&sd_jwt.event));
        Ok(sd_jwt)
    }

    /// Whoever signs what another has prepared looks at it first: not another's name, not another ledger.
    fn refuse_foreign(&self, place: &Place, event: &NewEvent) -> Result<()> {
        let is = |name: &str, expected: &str| place.get(name).and_then(Json::as_str) == Some(expected);
        if is("iss", &self.author.agency) && is("sub", &self.author.officer) && is("aud", &self.origin) {
            return Ok(());
        }
        let why = format!(
            "the server prepared an event in {} for another author or ledger; nothing is signed",
            event.stream
        );
        Err(Error::Usage(why))
    }

    fn believe(&self, signed: &SdJwt, receipt: Taken) -> Result<Told> {
        let event = &signed.event;
        let verified = match &self.log_key {
            Some(key) => verify_receipt(&receipt, event, key).map(|_| true)?,
            None => false,
        };
        Ok(Told::Appended { receipt, jti: event.jti, hash: event.hash(), verified })
    }
}

/// Whether the receipt proves that the log holds this event: by nothing but the log's key.
pub fn verify_receipt(receipt: &Taken, event: &Event, log_key: &NoteVerifier) -> Result<Checkpoint> {
    let proof =
        TlogProof::parse(receipt.proof.as_bytes()).map_err(|error| Error::Receipt(error.to_string()))?;
    if proof.index != receipt.index {
        return Err(Error::Receipt(format!(
            "it says index {} and proves index {}",
            receipt.index, proof.index
        )));
    }
    let leaf = leaf_hash(format!("{} {}", receipt.received, event.jwt).as_bytes());
    proof.verify(&leaf, log_key).map_err(|error| Error::Receipt(error.to_string()))
}
