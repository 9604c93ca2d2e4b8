//! How the country comes onto the ledger: founded by five, ratified, the code lists and the calendar published, the others
//! admitted by proposal and approval; every agency opens its units and enrols its officers; last the pathways, which need
//! the units they send to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sijill_casework::shipped;
use sijill_domain::event::{
    Action, AgencyAdmit, DocumentKind, DocumentPublish, Grant, KeyAdded, LedgerRatified, Name,
    OfficerEnrolled, OfficerKind, ProposalApproved, ProposalOpened, Role, UnitCalendarSet, UnitOpened, prove,
};
use sijill_domain::{AgencyId, OfficerId, Signer, UnitId};
use sijill_event::{Digest, Draft, Json, SigningKey, Stream, Timestamp};

use super::calendar::{FOUNDING, HOUR, MINUTE};
use super::country::{AGENCIES, Agency, Part, QUORUM, Unit, roles};
use super::stage::{Act, Played, Stage, Who};
use crate::error::{Error, Result};
use crate::genesis::ledger_stream;
use crate::key_file::{KeyFile, ROOT};

/// Keeps an agency's registry.
pub const REGISTRAR: &str = "registrar-1";

/// Where an officer's key lies among the data directory's keys.
pub fn key_name(who: &Who) -> String {
    format!("demo/{who}.key")
}

/// Everything from ratification to the last officer. `created` is the hash of entry 0's JWT.
pub async fn found(stage: &mut Stage, keys: &Path, created: Digest) -> Result<()> {
    for agency in AGENCIES {
        for who in everyone(agency) {
            let key = stage.chance.key(&who.to_string())?;
            write_key(&keys.join(key_name(&who)), &who, &key)?;
            stage.give_key(&who, key);
        }
    }
    stage.until(FOUNDING).await?;
    let mut time = FOUNDING + HOUR;
    let founders = AGENCIES.iter().filter(|agency| agency.part == Part::Founder);
    let ratified = founders
        .clone()
        .map(|agency| governance(time, agency.id, LedgerRatified::TYPE, &LedgerRatified { created }.data()));
    stage.play(&ratified.collect::<Result<Vec<_>>>()?).await?;
    let mut council = Council { members: founders.map(|agency| agency.id).collect(), quorum: QUORUM };
    time += HOUR;
    let (policies, first): (Vec<_>, Vec<_>) =
        shipped::documents().partition(|(kind, ..)| *kind == DocumentKind::Policy);
    council.publish(stage, &first, time).await?;
    for agency in AGENCIES {
        time += HOUR;
        if agency.part != Part::Founder {
            council.admit(stage, agency, time).await?;
        }
        stage.play(&set_up(stage, agency, time + 30 * MINUTE)?).await?;
    }
    let manual: &[u8] = b"A manual would be here. This is a demonstration.";
    council.publish(stage, &[(DocumentKind::Manual, "child-protection", manual)], time + HOUR).await?;
    council.publish(stage, &policies, time + 2 * HOUR).await
}

/// The agencies that decide, and how many of them it takes.
pub struct Council {
    members: Vec<&'static str>,
    quorum: u64,
}

impl Council {
    /// As all have been admitted.
    pub fn complete() -> Self {
        let members: Vec<_> = AGENCIES.iter().filter(|a| a.part != Part::Guest).map(|a| a.id).collect();
        let quorum = majority(members.len());
        Self { members, quorum }
    }

    /// How many decide.
    pub fn size(&self) -> usize {
        self.members.len()
    }

    /// How many it takes.
    pub fn quorum(&self) -> u64 {
        self.quorum
    }

    async fn admit(&mut self, stage: &mut Stage, agency: &'static Agency, time: u64) -> Result<()> {
        let member = agency.part == Part::Member;
        let quorum = if member { majority(self.members.len() + 1) } else { self.quorum };
        let id = AgencyId::parse(agency.id).ok_or_else(no_id)?;
        let key = stage.chance.key(&Who::new(agency.id, ROOT).to_string())?;
        let (root_key, proof) = prove(&key, stage.ledger().origin(), &Signer::Root(id.clone()));
        let admit = AgencyAdmit {
            agency: id,
            name: Name::new(agency.ar, agency.en).ok_or_else(no_id)?,
            root_key,
            proof,
            grants: agency.grants.iter().copied().collect::<BTreeSet<Grant>>(),
            member,
            quorum: (quorum != self.quorum).then_some(quorum),
        };
        self.decide(stage, admit.into(), None, time).await?;
        self.quorum = quorum;
        if member {
            self.members.push(agency.id);
        }
        Ok(())
    }

    /// Brings documents and publishes them, each as version 1.
    async fn publish(
        &self,
        stage: &mut Stage,
        documents: &[(DocumentKind, &str, &[u8])],
        time: u64,
    ) -> Result<()> {
        let mut actions = Vec::with_capacity(documents.len());
        for (kind, id, bytes) in documents {
            let hash = stage.put_document(bytes).await?;
            let id = UnitId::parse(id).ok_or_else(no_id)?;
            actions.push(DocumentPublish { kind: *kind, id, version: 1, hash }.into());
        }
        self.decide_all(stage, actions, None, time, 2 * MINUTE).await
    }

    /// Decides on one, all members at one instant.
    pub async fn decide_at(&self, stage: &mut Stage, action: Action, time: u64) -> Result<()> {
        self.decide_all(stage, vec![action], None, time, 0).await
    }

    /// Decides on one.
    pub async fn decide(
        &self,
        stage: &mut Stage,
        action: Action,
        effective: Option<Timestamp>,
        time: u64,
    ) -> Result<()> {
        self.decide_all(stage, vec![action], effective, time, 2 * MINUTE).await
    }

    /// The first member proposes; as many approve as it takes, one after the other with a pause.
    async fn decide_all(
        &self,
        stage: &mut Stage,
        actions: Vec<Action>,
        effective: Option<Timestamp>,
        time: u64,
        pause: u64,
    ) -> Result<()> {
        let proposer = self.members.first().copied().unwrap_or_default();
        let open = |action| {
            let opened = ProposalOpened { action, effective: effective.clone() }.data();
            governance(time, proposer, ProposalOpened::TYPE, &opened)
        };
        let opened = actions.into_iter().map(open).collect::<Result<Vec<_>>>()?;
        let proposals = stage.play(&opened).await?;
        for (member, n) in self.members.iter().zip(0..self.quorum) {
            let approve = |proposal: &Played| {
                let approved = ProposalApproved { proposal: proposal.hash }.data();
                governance(time + (n + 1) * pause, member, ProposalApproved::TYPE, &approved)
            };
            stage.play(&proposals.iter().map(approve).collect::<Result<Vec<_>>>()?).await?;
        }
        Ok(())
    }
}

fn majority(of: usize) -> u64 {
    of as u64 / 2 + 1
}

/// All who sign for an agency: its root, its registrar, its officers.
fn everyone(agency: &'static Agency) -> impl Iterator<Item = Who> {
    let officers = agency.units.iter().flat_map(move |unit| officers(agency, unit));
    [Who::new(agency.id, ROOT), Who::new(agency.id, REGISTRAR)].into_iter().chain(officers)
}

fn officers(agency: &'static Agency, unit: &'static Unit) -> impl Iterator<Item = Who> {
    (1..=unit.officers).map(move |n| Who::new(agency.id, format!("{}-{n}", unit.id)))
}

/// The root opens the first unit and enrols the registrar, who does the rest.
fn set_up(stage: &Stage, agency: &'static Agency, time: u64) -> Result<Vec<Act>> {
    let mut acts = Vec::new();
    let registrar = Who::new(agency.id, REGISTRAR);
    let mut keeper = Who::new(agency.id, ROOT);
    for unit in agency.units {
        let id = || UnitId::parse(unit.id).ok_or_else(no_id);
        let name = Name::new(unit.ar, unit.en).ok_or_else(no_id)?;
        acts.push(registry(time, &keeper, UnitOpened::TYPE, &UnitOpened { unit: id()?, name }.data())?);
        if keeper != registrar {
            acts.push(enrol(stage, time, &keeper, &registrar, unit.id, [Role::Registrar].into())?);
            keeper = registrar.clone();
        }
        if let Some(hours) = unit.calendar {
            let calendar = UnitId::parse(hours).ok_or_else(no_id)?;
            let set = UnitCalendarSet { unit: id()?, calendar };
            acts.push(registry(time, &keeper, UnitCalendarSet::TYPE, &set.data())?);
        }
        for (n, officer) in (1..).zip(officers(agency, unit)) {
            acts.push(enrol(stage, time, &keeper, &officer, unit.id, roles(agency.id, n))?);
        }
    }
    Ok(acts)
}

fn enrol(
    stage: &Stage,
    time: u64,
    keeper: &Who,
    who: &Who,
    unit: &str,
    roles: BTreeSet<Role>,
) -> Result<Act> {
    let KeyAdded { officer, key, proof } = added(stage, who, &stage.chance.key(&who.to_string())?)?;
    let unit = UnitId::parse(unit).ok_or_else(no_id)?;
    let kind = OfficerKind::Officer;
    let enrolled = OfficerEnrolled { officer, kind, unit, roles, key, proof };
    registry(time, keeper, OfficerEnrolled::TYPE, &enrolled.data())
}

/// A key of an officer, with the proof that it holds it.
pub fn added(stage: &Stage, who: &Who, key: &SigningKey) -> Result<KeyAdded> {
    let agency = AgencyId::parse(&who.agency).ok_or_else(no_id)?;
    let officer = OfficerId::parse(&who.officer).ok_or_else(no_id)?;
    let signer = Signer::Officer { agency, officer: officer.clone() };
    let (key, proof) = prove(key, stage.ledger().origin(), &signer);
    Ok(KeyAdded { officer, key, proof })
}

/// An act of a member's root in stream `ledger`.
pub fn governance(time: u64, agency: &str, event_type: &'static str, data: &Json) -> Result<Act> {
    open_act(time, &Who::new(agency, ROOT), ledger_stream()?, event_type, data)
}

/// An act in the registry of the agency of who signs.
pub fn registry(time: u64, by: &Who, event_type: &'static str, data: &Json) -> Result<Act> {
    let stream = Stream::parse(&format!("agency/{}", by.agency)).ok_or_else(no_id)?;
    open_act(time, by, stream, event_type, data)
}

/// An act that hides nothing.
fn open_act(at: u64, by: &Who, stream: Stream, event_type: &str, data: &Json) -> Result<Act> {
    let mut draft = Draft::new(event_type, 1);
    for (name, value) in data.as_object().ok_or_else(no_id)? {
        draft = draft.open(name, value.clone());
    }
    Ok(Act { at, occurred: None, by: by.clone(), stream, draft })
}

/// Writes a key file, to be used with this very program.
pub fn write_key(path: &Path, who: &Who, key: &SigningKey) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::unwritable(folder))?;
    }
    KeyFile::private(key.clone(), Some(&who.agency), Some(&who.officer)).write(path)
}

/// A name of this module's own that is no name.
pub fn no_id() -> Error {
    Error::Source("the demonstration names something that is no name".to_owned())
}
