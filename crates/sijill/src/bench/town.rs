//! The ledger that is measured: one agency with a few hundred officers in sixty units.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sijill_domain::event::{Clock, Grant, Name, OfficerEnrolled, OfficerKind, Role, UnitOpened, prove};
use sijill_domain::{AgencyId, OfficerId, Signer, UnitId};
use sijill_event::{Json, SigningKey, Stream, StreamKind};
use sijill_ledger::{SystemClock, Wait};

use super::load::{Kind, Load, Officer};
use super::{Args, country, desk};
use crate::config::{Config, Engine, Web};
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::gate::{Desk, Gate};
use crate::genesis::Genesis;
use crate::key_file::{Author, ROOT};
use crate::new_event::NewEvent;
use crate::progress;
use crate::running::{Running, Time};

const AGENCY: &str = "bench";
const UNITS: usize = 60;
const OFFICERS: usize = 300;
/// Events in one call while the ledger grows.
const BATCH: usize = 2_000;

/// The ledger's directory and those who sign in it.
pub(super) struct Town {
    dir: DataDir,
    officers: Vec<Officer>,
    auditor: Officer,
}

impl Town {
    /// Begins the ledger in `path` and enrols its officers.
    pub(super) async fn found(path: &Path, args: &Args) -> Result<Self> {
        let mut config = Config::new("ledger.bench/1");
        config.web = Web { rate_limit: Some(false), sites: vec![desk::SITE.into()], ..Web::default() };
        if let Some(url) = &args.postgres {
            config.engine = Engine::Postgres;
            config.url = Some(url.clone());
            config.keystore_url.clone_from(&args.keystore_postgres);
        }
        let root = key()?;
        let founder = Genesis::founder(
            AGENCY,
            "جهة القياس",
            "Bench",
            root.public().clone(),
            &[Grant::Audit, Grant::Casework, Grant::Calendar],
        )?;
        let (founders, rules) = (vec![founder], args.rules);
        let genesis = Genesis { config, clock: Clock::Live, founders, quorum: 1, rules };
        let begun = genesis.begin(path, Arc::new(SystemClock::new())).await?;
        let author = Author { agency: AGENCY.into(), officer: ROOT.into(), key: root };
        begun.ratify(&author).await?;
        let gate = Gate::Here(begun.running.ledger().clone());
        let origin = begun.dir.config.origin.clone();
        let (officers, auditor) = enrol(&gate, &author, &origin).await?;
        if rules == 2 {
            country::settle(begun.running.ledger(), &gate, &author).await?;
        }
        drop(gate);
        let dir = begun.dir;
        begun.running.close().await;
        Ok(Self { dir, officers, auditor })
    }

    /// Appends events until the ledger has `entries` of them.
    pub(super) async fn grow(self, kind: Kind, entries: usize) -> Result<Load> {
        let running = Running::open(&self.dir, Time::Own).await?;
        let ledger = running.ledger().clone();
        let mut load = Load::new(kind, self.dir.config.origin.clone(), self.officers, self.auditor);
        let bar = progress::bar("growing the ledger", entries as u64);
        loop {
            let published = ledger.published().checkpoint.clone();
            load.saw(published.size, published.root.0);
            let size = usize::try_from(published.size).unwrap_or(usize::MAX);
            bar.set_position(published.size);
            if size >= entries {
                break;
            }
            let wanted = (entries - size).min(BATCH);
            let mut texts: Vec<String> =
                load.chains(wanted.div_ceil(kind.length()), kind.length())?.into_iter().flatten().collect();
            texts.truncate(wanted);
            let settled =
                ledger.append(texts, Wait::Published).await.map_err(|e| Error::Source(e.to_string()))?;
            if let Some(Err(refused)) = settled.into_iter().find(Result::is_err) {
                return Err(Error::Refused { code: refused.code.into(), message: refused.message });
            }
        }
        bar.finish_and_clear();
        drop(ledger);
        running.close().await;
        Ok(load)
    }
}

fn key() -> Result<SigningKey> {
    SigningKey::generate().map_err(Error::event)
}

/// Opens the units; enrols those who write in cases, and an auditor.
async fn enrol(gate: &Gate, root: &Author, origin: &str) -> Result<(Vec<Officer>, Officer)> {
    let no_id = || Error::Usage("not an id".into());
    let stream = Stream::new(StreamKind::Agency, AGENCY).ok_or_else(no_id)?;
    let unit = |number: usize| UnitId::parse(&format!("desk-{number}")).ok_or_else(no_id);
    let event = |event_type: &str, data: Json| NewEvent::registry(stream.clone(), event_type, data);
    let mut events = Vec::new();
    for number in 0..UNITS {
        let name = Name::new("مكتب", "Desk").ok_or_else(no_id)?;
        events.push(event(UnitOpened::TYPE, UnitOpened { unit: unit(number)?, name }.data()));
    }
    let mut enrolled = |name: String, number: usize, role: Role| {
        let id = OfficerId::parse(&name).ok_or_else(no_id)?;
        let agency = AgencyId::parse(AGENCY).ok_or_else(no_id)?;
        let signing = key()?;
        let (public, proof) = prove(&signing, origin, &Signer::Officer { agency, officer: id.clone() });
        let data = OfficerEnrolled {
            officer: id,
            kind: OfficerKind::Officer,
            unit: unit(number % UNITS)?,
            roles: BTreeSet::from([role]),
            key: public,
            proof,
        };
        events.push(event("officer.enrolled", data.data()));
        let unit = unit(number % UNITS)?.to_string();
        Ok::<_, Error>(Officer { agency: AGENCY.into(), unit, name, key: signing })
    };
    let officers = (0..OFFICERS).map(|number| enrolled(format!("officer-{number}"), number, Role::Casework));
    let officers = officers.collect::<Result<_>>()?;
    let auditor = enrolled("auditor".into(), 0, Role::Auditor)?;
    let mut desk = Desk::new(gate, root, None).await?;
    country::taken(desk.append_all(&events, false).await?)?;
    Ok((officers, auditor))
}
