//! The month as it is played: what happens in the cases, delivered eight times a day, and between it what happens to the
//! registry: a ministry is renamed, a key revoked, a unit closed, a key compromised.

use std::path::Path;

use sijill_domain::event::{
    AgencyRename, KeyAdded, KeyCompromised, KeyRevoked, Name, OfficerMoved, UnitClosed,
};
use sijill_domain::{AgencyId, OfficerId, Reason, UnitId};
use sijill_event::{Json, SigningKey, Stream};

use super::calendar::{HOUR, MINUTE, january};
use super::country::{EDUCATION_AR, officers};
use super::founding::{Council, REGISTRAR, added, key_name, no_id, registry, write_key};
use super::stage::{Act, Played, Stage, Who, timestamp};
use super::story::{self, COUNSELLING_CLOSES};
use crate::error::Result;

/// Royal Decree 14/2026 merges and renames; the members decide on the day, in force from the next Sunday.
const DECREE: u64 = january(12, 10, 0);
/// The new name is in force.
const RENAMED: u64 = january(18, 0, 0);
/// An officer of the police lost a device.
const LOST: u64 = january(14, 9, 0);
/// An officer of the Ministry of Health finds that others knew a key …
const FOUND: u64 = january(21, 11, 0);
/// … since then.
const KNOWN_SINCE: u64 = january(19, 8, 0);
/// An observer tries to write in a case.
const OBSERVED: u64 = january(25, 10, 0);

/// What is signed within this time is delivered together: each delivery is durable before the next, and to wait for the
/// disk a thousand times would be no demonstration.
const DELIVERY: u64 = 3 * HOUR;

/// Plays the month. `keys` is where the data directory keeps keys.
pub async fn play(stage: &mut Stage, keys: &Path) -> Result<()> {
    let acts = story::acts(stage.chance)?;
    let mut rest = deliver(stage, &acts, DECREE).await?;
    rename(stage).await?;
    rest = deliver(stage, rest, LOST).await?;
    revoke(stage, keys).await?;
    rest = deliver(stage, rest, COUNSELLING_CLOSES).await?;
    close_unit(stage).await?;
    rest = deliver(stage, rest, FOUND).await?;
    compromise(stage, keys).await?;
    rest = deliver(stage, rest, OBSERVED).await?;
    intrude(stage).await?;
    deliver(stage, rest, u64::MAX).await?;
    Ok(())
}

/// Delivers the acts before `until`, delivery by delivery; answers the rest.
async fn deliver<'a>(stage: &mut Stage, acts: &'a [Act], until: u64) -> Result<&'a [Act]> {
    let (now, rest) = acts.split_at(acts.partition_point(|act| act.at < until));
    for delivery in now.chunk_by(|a, b| a.at / DELIVERY == b.at / DELIVERY) {
        for played in stage.play(delivery).await? {
            let what = format!("{}#{}", played.act.stream, played.place.0);
            if stage.chance.happens(&format!("{what} sent again"), 1) {
                stage.send_again(&played).await?;
            }
            if stage.chance.happens(&format!("{what} at once"), 3) {
                collide(stage, &played).await?;
            }
        }
    }
    Ok(rest)
}

/// A colleague writes in the same case without having seen the last act.
async fn collide(stage: &mut Stage, played: &Played) -> Result<()> {
    let by = &played.act.by;
    let unit = by.officer.rsplit_once('-').map_or("", |(unit, _)| unit);
    if by.agency != "cpc" || officers("cpc", unit) < 2 {
        return Ok(());
    }
    let other = if by.officer.ends_with("-1") { 2 } else { 1 };
    let note = Json::object([("note", Json::from("Made-up note, written at the same time."))]);
    let act = Act {
        by: Who::new("cpc", format!("{unit}-{other}")),
        event_type: "note.added",
        data: Json::object([("narrative", note)]),
        ..played.act.clone()
    };
    stage.play_late(&act, played.place).await
}

async fn rename(stage: &mut Stage) -> Result<()> {
    let rename = AgencyRename {
        agency: AgencyId::parse("moe").ok_or_else(no_id)?,
        name: Name::new(EDUCATION_AR, "Ministry of Education").ok_or_else(no_id)?,
    };
    Council::complete().decide(stage, rename.into(), Some(timestamp(RENAMED)?), DECREE).await
}

/// Gives an officer a second key; answers the first.
async fn replace_key(stage: &mut Stage, keys: &Path, who: &Who, time: u64) -> Result<Option<SigningKey>> {
    let key = stage.chance.key(&format!("{who} second"))?;
    write_key(&keys.join(format!("demo/{who}.second.key")), who, &key)?;
    let added = added(stage, who, &key)?;
    stage.play(&[registry(time, &Who::new(&who.agency, REGISTRAR), KeyAdded::TYPE, added.data())?]).await?;
    Ok(stage.give_key(who, key))
}

async fn revoke(stage: &mut Stage, keys: &Path) -> Result<()> {
    let (who, registrar) = (Who::new("rop", "desk-2"), Who::new("rop", REGISTRAR));
    let Some(lost) = replace_key(stage, keys, &who, LOST).await? else { return Ok(()) };
    let reason = Reason::parse("device_lost").ok_or_else(no_id)?;
    let revoked = KeyRevoked { kid: lost.public().kid(), reason };
    stage.play(&[registry(LOST + MINUTE, &registrar, KeyRevoked::TYPE, revoked.data())?]).await?;
    // Whoever found the device tries the key.
    let stream = Stream::parse("contact/2026-0001").ok_or_else(no_id)?;
    let act = Act {
        at: LOST + HOUR,
        occurred: None,
        by: who,
        stream,
        event_type: "note.added",
        data: Json::object::<&str>([]),
    };
    stage.play_refused(&act, Some(lost), "key-not-valid").await
}

async fn close_unit(stage: &mut Stage) -> Result<()> {
    let registrar = Who::new("mosd", REGISTRAR);
    let unit = |id| UnitId::parse(id).ok_or_else(no_id);
    let officer = OfficerId::parse("counselling-1").ok_or_else(no_id)?;
    let moved = OfficerMoved { officer, unit: unit("family-protection")? };
    let closed = UnitClosed { unit: unit("counselling")? };
    let acts = [
        registry(COUNSELLING_CLOSES, &registrar, OfficerMoved::TYPE, moved.data())?,
        registry(COUNSELLING_CLOSES, &registrar, UnitClosed::TYPE, closed.data())?,
    ];
    stage.play(&acts).await.map(|_| ())
}

async fn compromise(stage: &mut Stage, keys: &Path) -> Result<()> {
    let who = Who::new("moh", "desk-2");
    let Some(known) = replace_key(stage, keys, &who, FOUND).await? else { return Ok(()) };
    let compromised = KeyCompromised { kid: known.public().kid(), since: timestamp(KNOWN_SINCE)? };
    let registrar = Who::new("moh", REGISTRAR);
    let act = registry(FOUND + MINUTE, &registrar, KeyCompromised::TYPE, compromised.data())?;
    stage.play(&[act]).await.map(|_| ())
}

async fn intrude(stage: &mut Stage) -> Result<()> {
    let Some(stream) = stage.longest_case().cloned() else { return Ok(()) };
    let by = Who::new("unicef", "observers-1");
    let act = Act {
        at: OBSERVED,
        occurred: None,
        by,
        stream,
        event_type: "note.added",
        data: Json::object::<&str>([]),
    };
    stage.play_refused(&act, None, "role-missing").await
}

/// The key of the officer whose first key was revoked.
pub fn revoked_key() -> String {
    key_name(&Who::new("rop", "desk-2"))
}
