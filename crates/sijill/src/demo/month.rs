//! The month as it is played: what comes in, what officers do about it, and between it what happens to the registry: a
//! ministry is renamed, a key revoked, a unit closed, a key compromised, a holiday announced.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sijill_casework::case::World;
use sijill_casework::catalogue;
use sijill_domain::event::{
    AgencyRename, Day, HolidayAnnounced, KeyAdded, KeyCompromised, KeyRevoked, Name, OfficerMoved, UnitClosed,
};
use sijill_domain::{AgencyId, OfficerId, Position, Reason, UnitId};
use sijill_event::{Draft, Json, SigningKey, Stream};

use super::arrivals::{Arrival, arrivals};
use super::calendar::{BEGIN, DAY, END, MINUTE, january};
use super::country::{EDUCATION_AR, officers};
use super::founding::{Council, REGISTRAR, added, governance, key_name, no_id, registry, write_key};
use super::moves::{Move, Turn, object};
use super::stage::{Act, Played, Stage, Who, timestamp};
use crate::error::{Error, Result};

/// What happens to the registry, and when.
const HAPPENINGS: &[(u64, Happening)] = &[
    // Royal Decree 14/2026 merges and renames; the members decide on the day, in force from the next Sunday.
    (january(12, 10, 0), Happening::Rename),
    (january(14, 9, 0), Happening::Revoke),
    (january(19, 13, 0), Happening::CloseUnit),
    (january(21, 11, 0), Happening::Compromise),
    (january(25, 10, 0), Happening::Intrude),
    (january(27, 12, 0), Happening::Announce),
];

#[derive(Debug, Clone, Copy)]
enum Happening {
    /// The Ministry of Education gets another name.
    Rename,
    /// An officer of the police lost a device.
    Revoke,
    /// The Family Counselling Section closes.
    CloseUnit,
    /// An officer of a hospital finds that others knew a key.
    Compromise,
    /// An observer tries to write in a case.
    Intrude,
    /// Offices close for a day, two days ahead.
    Announce,
}

/// The new name is in force.
const RENAMED: u64 = january(18, 0, 0);
/// Others have known the key since then.
const KNOWN_SINCE: u64 = january(19, 8, 0);
/// Who lost a device.
const LOSER: (&str, &str) = ("rop", "desk-3");
/// Whose key was known.
const KNOWN: (&str, &str) = ("moh", "hospital-ma-3");

/// Plays the month. `keys` is where the data directory keeps keys.
pub async fn play(stage: &mut Stage, keys: &Path) -> Result<()> {
    stage.until(BEGIN).await?;
    let arrivals = arrivals(stage.chance, &stage.world());
    let (mut arriving, mut happening) = (arrivals.as_slice(), HAPPENINGS);
    let mut turns: BTreeMap<String, u64> = BTreeMap::new();
    loop {
        let next = [
            arriving.first().map(|arrival| arrival.at),
            happening.first().map(|(at, _)| *at),
            turns.values().min().copied(),
        ];
        let now = next.into_iter().flatten().min().unwrap_or(END);
        if now >= END {
            return Ok(());
        }
        let mut moved = stage.until(now).await?;
        while let Some(((at, what), rest)) = happening.split_first().filter(|((at, _), _)| *at <= now) {
            happen(stage, keys, *what, *at).await?;
            happening = rest;
        }
        let (come, rest) = arriving.split_at(arriving.partition_point(|arrival| arrival.at <= now));
        arriving = rest;
        let mut acts = come.iter().map(|arrival| begins(stage, arrival, now)).collect::<Result<Vec<_>>>()?;
        moved.extend(turns.iter().filter(|(_, at)| **at <= now).map(|(id, _)| id.clone()));
        let world = stage.world();
        for id in moved {
            let next = turn_in(stage, &world, &id, now).map(|turn| turn.next()).unwrap_or_default();
            match next.first().map(|it| it.at) {
                Some(at) if at <= now => {
                    let taken = next.into_iter().map(|it| takes(stage, &id, it, now));
                    acts.extend(taken.collect::<Result<Vec<_>>>()?);
                }
                at => turn(&mut turns, id, at),
            }
        }
        let played = stage.play(&acts).await?;
        for played in &played {
            mishaps(stage, played).await?;
        }
        let again: BTreeSet<String> = stage.until(now).await?;
        let world = stage.world();
        for id in again {
            let at = turn_in(stage, &world, &id, now).and_then(|turn| turn.again());
            turn(&mut turns, id, at);
        }
    }
}

/// When a case is looked at again.
fn turn(turns: &mut BTreeMap<String, u64>, id: String, at: Option<u64>) {
    match at {
        Some(at) => turns.insert(id, at),
        None => turns.remove(&id),
    };
}

fn turn_in<'a>(stage: &'a Stage, world: &'a World, id: &str, now: u64) -> Option<Turn<'a>> {
    let at = Position { index: stage.ledger().published().checkpoint.size, received: now };
    Some(Turn { chance: stage.chance, world, file: stage.files().get(id)?, at })
}

fn begins(stage: &Stage, arrival: &Arrival, now: u64) -> Result<Act> {
    let Arrival { by, id, event_type, values, .. } = arrival.clone();
    takes(stage, &id, Move { at: now, by, event_type, values }, now)
}

/// Most acts are told within the hour, some days later.
fn takes(stage: &Stage, id: &str, it: Move, now: u64) -> Result<Act> {
    let draft = drafted(stage, it.event_type, it.values)?;
    let kind = catalogue::latest(it.event_type).and_then(catalogue::TypeSpec::signed_in);
    let stream = kind.and_then(|kind| Stream::new(kind, id)).ok_or_else(no_id)?;
    let what = format!("{stream} {} {now}", it.event_type);
    let ago = if stage.chance.happens(&format!("{what} late"), 2) {
        DAY + stage.chance.below(&format!("{what} how late"), 2 * DAY)
    } else {
        stage.chance.below(&what, 40) * MINUTE
    };
    let occurred = Some(now.saturating_sub(ago) / 1_000 * 1_000);
    Ok(Act { at: now, occurred, by: it.by, stream, draft })
}

/// An event of the catalogue, with the versions of the lists that its codes are of.
fn drafted(stage: &Stage, event_type: &str, values: Json) -> Result<Draft> {
    let spec = catalogue::latest(event_type).ok_or_else(no_id)?;
    let Json::Object(mut members) = values else { return Err(no_id()) };
    members.extend(stage.world().codes(spec.lists()).map(|codes| ("codes".to_owned(), codes)));
    spec.draft(&Json::Object(members)).map_err(|refusal| Error::Source(refusal.to_string()))
}

/// Networks and people: sent twice, written at once.
async fn mishaps(stage: &mut Stage, played: &Played) -> Result<()> {
    let what = format!("{}#{}", played.act.stream, played.place.0);
    if stage.chance.happens(&format!("{what} sent again"), 1) {
        stage.send_again(played).await?;
    }
    if stage.chance.happens(&format!("{what} at once"), 2) {
        collide(stage, played).await?;
    }
    Ok(())
}

/// A colleague writes in the same case without having seen the last act.
async fn collide(stage: &mut Stage, played: &Played) -> Result<()> {
    let by = &played.act.by;
    let (unit, n) = by.officer.rsplit_once('-').unwrap_or_default();
    let id = played.act.stream.id().unwrap_or_default();
    let case = stage.files().get(id).and_then(|file| file.case.as_ref());
    let owns =
        case.is_some_and(|case| case.owner.agency.as_str() == by.agency && case.owner.unit.as_str() == unit);
    if !played.act.stream.as_str().starts_with("case/") || !owns || officers(&by.agency, unit) < 2 {
        return Ok(());
    }
    let note = object(&[("text", "Made-up note, written at the same time.".into())]);
    let act = Act {
        by: Who::new(&by.agency, format!("{unit}-{}", if n == "1" { 2 } else { 1 })),
        draft: drafted(stage, "note.added", note)?,
        ..played.act.clone()
    };
    stage.play_late(&act, played.place).await
}

async fn happen(stage: &mut Stage, keys: &Path, what: Happening, at: u64) -> Result<()> {
    match what {
        Happening::Rename => rename(stage, at).await,
        Happening::Revoke => revoke(stage, keys, at).await,
        Happening::CloseUnit => close_unit(stage, at).await,
        Happening::Compromise => compromise(stage, keys, at).await,
        Happening::Intrude => intrude(stage, at).await,
        Happening::Announce => announce(stage, at).await,
    }
}

async fn rename(stage: &mut Stage, at: u64) -> Result<()> {
    let rename = AgencyRename {
        agency: AgencyId::parse("moe").ok_or_else(no_id)?,
        name: Name::new(EDUCATION_AR, "Ministry of Education").ok_or_else(no_id)?,
    };
    Council::complete().decide(stage, rename.into(), Some(timestamp(RENAMED)?), at).await
}

/// Gives an officer a second key; answers the first.
async fn replace_key(stage: &mut Stage, keys: &Path, who: &Who, at: u64) -> Result<Option<SigningKey>> {
    let key = stage.chance.key(&format!("{who} second"))?;
    write_key(&keys.join(format!("demo/{who}.second.key")), who, &key)?;
    let added = added(stage, who, &key)?;
    stage.play(&[registry(at, &Who::new(&who.agency, REGISTRAR), KeyAdded::TYPE, &added.data())?]).await?;
    Ok(stage.give_key(who, key))
}

async fn revoke(stage: &mut Stage, keys: &Path, at: u64) -> Result<()> {
    let (who, registrar) = (Who::new(LOSER.0, LOSER.1), Who::new(LOSER.0, REGISTRAR));
    let Some(lost) = replace_key(stage, keys, &who, at).await? else { return Ok(()) };
    let reason = Reason::parse("device_lost").ok_or_else(no_id)?;
    let revoked = KeyRevoked { kid: lost.public().kid(), reason };
    stage.play(&[registry(at + MINUTE, &registrar, KeyRevoked::TYPE, &revoked.data())?]).await?;
    // Whoever found the device tries the key.
    let stream = Stream::parse("case/2026-0001").ok_or_else(no_id)?;
    let draft = drafted(stage, "note.added", object(&[("text", "Not by the officer.".into())]))?;
    let act = Act { at: at + 2 * MINUTE, occurred: None, by: who, stream, draft };
    stage.play_refused(&act, Some(lost), "key-not-valid").await
}

async fn close_unit(stage: &mut Stage, at: u64) -> Result<()> {
    let registrar = Who::new("mosd", REGISTRAR);
    let unit = |id| UnitId::parse(id).ok_or_else(no_id);
    let officer = OfficerId::parse("counselling-1").ok_or_else(no_id)?;
    let moved = OfficerMoved { officer, unit: unit("family-protection")? };
    let closed = UnitClosed { unit: unit("counselling")? };
    let acts = [
        registry(at, &registrar, OfficerMoved::TYPE, &moved.data())?,
        registry(at, &registrar, UnitClosed::TYPE, &closed.data())?,
    ];
    stage.play(&acts).await.map(|_| ())
}

async fn compromise(stage: &mut Stage, keys: &Path, at: u64) -> Result<()> {
    let who = Who::new(KNOWN.0, KNOWN.1);
    let Some(known) = replace_key(stage, keys, &who, at).await? else { return Ok(()) };
    let compromised = KeyCompromised { kid: known.public().kid(), since: timestamp(KNOWN_SINCE)? };
    let registrar = Who::new(KNOWN.0, REGISTRAR);
    let act = registry(at + MINUTE, &registrar, KeyCompromised::TYPE, &compromised.data())?;
    stage.play(&[act]).await.map(|_| ())
}

async fn intrude(stage: &mut Stage, at: u64) -> Result<()> {
    let by = Who::new("unicef", "observers-1");
    let draft = drafted(stage, "note.added", object(&[("text", "Not an observer's to write.".into())]))?;
    let stream = Stream::parse("case/2026-0001").ok_or_else(no_id)?;
    let act = Act { at, occurred: None, by, stream, draft };
    stage.play_refused(&act, None, "role-missing").await
}

/// Every clock that counts working time moves.
async fn announce(stage: &mut Stage, at: u64) -> Result<()> {
    let day = || Day::parse("2026-01-29").ok_or_else(no_id);
    let holiday = HolidayAnnounced {
        calendar: UnitId::parse("oman").ok_or_else(no_id)?,
        from: day()?,
        to: day()?,
        name: Name::new("إجازة لظروف الطقس", "Closed for the weather").ok_or_else(no_id)?,
    };
    stage.play(&[governance(at, "mosd", HolidayAnnounced::TYPE, &holiday.data())?]).await.map(|_| ())
}

/// The key of the officer whose first key was revoked.
pub fn revoked_key() -> String {
    key_name(&Who::new(LOSER.0, LOSER.1))
}
