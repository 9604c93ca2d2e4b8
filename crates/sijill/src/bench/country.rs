//! What rule-set 2 rests on: the agencies and units the shipped policy sends to, and the shipped documents in force.

use std::collections::BTreeMap;

use sijill_casework::policy::Policy;
use sijill_casework::shipped;
use sijill_domain::event::{
    Action, AgencyAdmit, DocumentPublish, Grant, Name, ProposalApproved, ProposalOpened, UnitOpened, prove,
};
use sijill_domain::{AgencyId, Signer, UnitId};
use sijill_event::{SigningKey, Stream, StreamKind};
use sijill_ledger::Ledger;

use crate::error::{Error, Result};
use crate::gate::{Desk, Gate, Told};
use crate::genesis::ledger_stream;
use crate::key_file::{Author, ROOT};
use crate::new_event::NewEvent;

/// Brings it onto a ledger where `member` decides alone.
pub(super) async fn settle(ledger: &Ledger, gate: &Gate, member: &Author) -> Result<()> {
    let policy = Policy::parse(shipped::POLICY).map_err(|error| Error::Usage(error.to_string()))?;
    let mut units: BTreeMap<&AgencyId, Vec<&UnitId>> = BTreeMap::new();
    for target in policy.targets() {
        units.entry(&target.agency).or_default().push(&target.unit);
    }
    let mut council = Desk::new(gate, member, None).await?;
    let name = || Name::new("جهة", "Agency").ok_or_else(|| Error::Usage("not a name".into()));
    for (agency, units) in units {
        let key = SigningKey::generate().map_err(Error::event)?;
        let (root_key, proof) = prove(&key, council.origin(), &Signer::Root(agency.clone()));
        let admit = AgencyAdmit {
            agency: agency.clone(),
            name: name()?,
            root_key,
            proof,
            grants: [Grant::Casework].into(),
            member: false,
            quorum: None,
        };
        decide(&mut council, admit.into()).await?;
        let root = Author { agency: agency.to_string(), officer: ROOT.into(), key };
        let stream = Stream::new(StreamKind::Agency, agency.as_str());
        let stream = stream.ok_or_else(|| Error::Usage("not a stream".into()))?;
        let opened = units.into_iter().map(|unit| {
            let data = UnitOpened { unit: unit.clone(), name: name()? }.data();
            Ok(NewEvent::registry(stream.clone(), UnitOpened::TYPE, data))
        });
        let opened: Vec<_> = opened.collect::<Result<_>>()?;
        taken(Desk::new(gate, &root, None).await?.append_all(&opened, false).await?)?;
    }
    for (kind, id, bytes) in shipped::documents() {
        let put = ledger.put_document(bytes).await;
        let hash = put.map_err(|error| Error::Usage(error.to_string()))?;
        let id = UnitId::parse(id).ok_or_else(|| Error::Usage("not an id".into()))?;
        decide(&mut council, DocumentPublish { kind, id, version: 1, hash }.into()).await?;
    }
    Ok(())
}

async fn decide(council: &mut Desk<'_>, action: Action) -> Result<()> {
    let event = |event_type, data| Ok::<_, Error>(NewEvent::registry(ledger_stream()?, event_type, data));
    let proposal = ProposalOpened { action, effective: None }.data();
    let told = council.append(&event(ProposalOpened::TYPE, proposal)?, false).await?;
    let Told::Appended { hash, .. } = told else { return taken(vec![told]) };
    let approved = ProposalApproved { proposal: hash }.data();
    taken(vec![council.append(&event(ProposalApproved::TYPE, approved)?, false).await?])
}

/// All of them, or why not.
pub(super) fn taken(told: Vec<Told>) -> Result<()> {
    told.into_iter().try_for_each(|told| match told {
        Told::Appended { .. } => Ok(()),
        Told::Refused { code, message } => Err(Error::Refused { code, message }),
        Told::Unknown { message } => Err(Error::Source(message)),
    })
}
