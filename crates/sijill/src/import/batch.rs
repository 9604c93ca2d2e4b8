//! A batch of planned events: what is there already is left out, the rest is signed and appended.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use sijill_event::{Draft, EventError, Json, Stream, Uuid};
use sijill_ledger::{Next, Receipt, Refused, RefusedKind, Wait};

use super::archive::Archive;
use super::log::Trouble;
use super::report::Report;
use super::script::{Kind, Planned};
use crate::error::{Error, Result};
use crate::key_file::Author;

/// Times a batch is signed anew because the streams had moved on.
const ATTEMPTS: u32 = 20;

/// Appends what is not there yet, and counts what became of each.
pub(super) async fn append(archive: &mut Archive, planned: Vec<Planned>, report: &mut Report) -> Result<()> {
    let (mut pending, repeated) = distinct(planned);
    for _ in 0..ATTEMPTS {
        let jtis: Vec<Uuid> = pending.iter().map(|event| event.jti).collect();
        let known = archive.ledger().known(&jtis).await.map_err(|error| Error::ledger(&error))?;
        pending.retain(|event| {
            let held = known.contains_key(&event.jti);
            if held {
                report.arrived(event, false);
            }
            !held
        });
        if pending.is_empty() {
            break;
        }
        pending = attempt(archive, pending, report).await?;
    }
    for event in pending {
        report.refuse(
            trouble(&event, "stream-conflict", "others were faster in its stream"),
            event.kind == Kind::Row,
        );
    }
    for event in repeated {
        report.arrived(&event, false);
    }
    Ok(())
}

/// A row that stands in the file twice, word for word, is one event.
fn distinct(planned: Vec<Planned>) -> (Vec<Planned>, Vec<Planned>) {
    let mut seen = HashSet::new();
    planned.into_iter().partition(|event| seen.insert(event.jti))
}

/// Signs and appends; answers what has to be signed anew.
async fn attempt(archive: &mut Archive, pending: Vec<Planned>, report: &mut Report) -> Result<Vec<Planned>> {
    let signed = sign(archive, pending).await?;
    let mut events = Vec::with_capacity(signed.len());
    let mut texts = Vec::with_capacity(signed.len());
    for (event, text) in signed {
        match text {
            Ok(text) => {
                events.push(event);
                texts.push(text);
            }
            Err(error) => {
                report.refuse(trouble(&event, error.code(), &error.to_string()), event.kind == Kind::Row);
            }
        }
    }
    let settled = archive.ledger().append(texts, Wait::Published).await;
    let settled =
        settled.map_err(|busy| Error::Refused { code: "busy".to_owned(), message: busy.to_string() })?;
    let mut again = Vec::new();
    for (event, settled) in events.into_iter().zip(settled) {
        match settled {
            Ok(Receipt { first, .. }) => report.arrived(&event, first),
            Err(Refused { kind: RefusedKind::Conflict { .. }, .. }) => again.push(event),
            Err(Refused { kind: RefusedKind::Unavailable | RefusedKind::Damaged, code, message }) => {
                return Err(Error::Refused { code: code.to_owned(), message });
            }
            Err(refused) => {
                report.refuse(trouble(&event, refused.code, &refused.message), event.kind == Kind::Row);
            }
        }
    }
    Ok(again)
}

fn trouble(event: &Planned, code: &str, why: &str) -> Trouble {
    Trouble::new(event.line, code, format!("{}: {why}", event.event_type))
}

type Signed = Vec<(Planned, Result<String, EventError>)>;

/// Signs events, each chained to the one before it in its stream; streams side by side.
async fn sign(archive: &mut Archive, pending: Vec<Planned>) -> Result<Signed> {
    let mut services = HashMap::new();
    for event in &pending {
        if !services.contains_key(&event.unit.id) {
            services.insert(event.unit.id.clone(), archive.service(&event.unit).await?);
        }
    }
    let mut streams: BTreeMap<Stream, (Next, Vec<(usize, Planned)>)> = BTreeMap::new();
    for (order, event) in pending.into_iter().enumerate() {
        if !streams.contains_key(&event.stream) {
            let next = archive.ledger().next(&event.stream).await.map_err(|error| Error::ledger(&error))?;
            streams.insert(event.stream.clone(), (next, Vec::new()));
        }
        if let Some((_, events)) = streams.get_mut(&event.stream) {
            events.push((order, event));
        }
    }
    let (origin, iat) = (archive.ledger().origin().to_owned(), archive.ledger().now_ms() / 1_000);
    let sign_all = || {
        let streams: Vec<_> = streams.into_values().collect();
        let signed = streams
            .into_par_iter()
            .flat_map_iter(|(next, events)| chain(next, events, &services, &origin, iat));
        let mut signed: Vec<_> = signed.collect();
        signed.sort_by_key(|(order, _, _)| *order);
        signed.into_iter().map(|(_, event, text)| (event, text)).collect()
    };
    Ok(tokio::task::block_in_place(sign_all))
}

fn chain(
    mut next: Next,
    events: Vec<(usize, Planned)>,
    services: &HashMap<String, Author>,
    origin: &str,
    iat: u64,
) -> Vec<(usize, Planned, Result<String, EventError>)> {
    let mut signed = Vec::with_capacity(events.len());
    for (order, event) in events {
        let Some(author) = services.get(&event.unit.id) else { continue };
        let text = draft(&event, &next, author, origin, iat).sign(&author.key).map(|sd_jwt| {
            (next.seq, next.prev) = (next.seq + 1, Some(sd_jwt.event.hash()));
            sd_jwt.to_string()
        });
        signed.push((order, event, text));
    }
    signed
}

fn draft(event: &Planned, next: &Next, author: &Author, origin: &str, iat: u64) -> Draft {
    let mut draft = Draft::new(&event.event_type, 1)
        .author(&author.agency, &author.officer)
        .aud(origin)
        .jti(event.jti)
        .iat(iat)
        .occurred(event.occurred.as_str())
        .at(&event.stream, next.seq, next.prev);
    if let Some(seen) = &next.seen {
        draft = draft.seen(*seen);
    }
    for (class, name, value) in &event.fields {
        draft = match class {
            // An open field that is not there is left out; a hidden one says so.
            None if *value == Json::Null => draft,
            None => draft.open(name, value.clone()),
            Some(class) => draft.disclose(*class, name, value.clone()),
        };
    }
    draft
}
