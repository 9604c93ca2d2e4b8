//! The log as read models follow it.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use sijill_casework::case::World;
use sijill_domain::Position;
use sijill_event::StreamKind;
use sijill_log::{Hash, TileBuilder};
use sijill_projections::engine::Log;
use sijill_projections::{History, Line, ProjectionError, Timeline};
use sijill_store::{KeyStore, Store};
use tokio::sync::watch;

use crate::casework::{CaseReader, KINDS};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::publish::{Published, Tiles};
use crate::state::State;
use crate::vault::{MasterKey, Vault};

/// Rows of a page.
const PAGE: u32 = 10_000;

/// The log of a ledger, with what read models need of it.
pub struct Following {
    reader: CaseReader,
    tiles: Tiles,
    ends: Ends,
}

/// How far the log goes.
enum Ends {
    /// As far as it is published.
    Running(watch::Receiver<Arc<Published>>),
    /// As far as it did when it was opened.
    Still(Box<Still>),
}

struct Still {
    size: u64,
    world: Arc<World>,
    edge: TileBuilder,
}

impl Ledger {
    /// The published log, for read models to follow.
    pub fn following(&self) -> Following {
        Following {
            reader: self.cases().reader(),
            tiles: self.tiles().clone(),
            ends: Ends::Running(self.watch()),
        }
    }
}

impl Following {
    /// The log of a ledger that another process may be running, as it stands now.
    ///
    /// # Errors
    /// As [`Ledger::open`], where the store does not hold what its head says.
    pub async fn open(
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
        master: MasterKey,
        origin: &str,
    ) -> Result<Self, crate::OpenError> {
        let state = State::load(&*store).await?;
        let tiles = Tiles::new(Arc::clone(&store));
        let reader = CaseReader { store, keys, vault: Vault::new(master, origin) };
        let still = Still { size: state.head.size, world: state.world, edge: state.edge };
        Ok(Self { reader, tiles, ends: Ends::Still(Box::new(still)) })
    }
}

#[async_trait]
impl Log for Following {
    fn size(&self) -> u64 {
        match &self.ends {
            Ends::Running(published) => published.borrow().checkpoint.size,
            Ends::Still(still) => still.size,
        }
    }

    fn timeline(&self) -> Timeline {
        let world = match &self.ends {
            Ends::Running(published) => Arc::clone(&published.borrow().world),
            Ends::Still(still) => Arc::clone(&still.world),
        };
        Timeline::new((*world).clone())
    }

    async fn root(&self, size: u64) -> Result<Hash, ProjectionError> {
        let edge = match &self.ends {
            Ends::Running(published) => published.borrow().edge.clone(),
            Ends::Still(still) => still.edge.clone(),
        };
        if size == edge.size() {
            return Ok(edge.root());
        }
        self.tiles.root(size, &edge).await.map_err(|error| failed(&error))
    }

    async fn touched(&self, from: u64, to: u64) -> Result<BTreeSet<String>, ProjectionError> {
        let (mut touched, mut next) = (BTreeSet::new(), from);
        while next < to {
            let rows =
                self.reader.store.index_rows(next, PAGE).await.map_err(|error| failed(&error.into()))?;
            let Some(last) = rows.last() else { break };
            next = last.index + 1;
            let below = rows.iter().filter(|row| row.index < to);
            touched.extend(below.filter_map(|row| subject(&row.stream)).map(str::to_owned));
        }
        Ok(touched)
    }

    async fn subjects(&self, after: &str, limit: usize) -> Result<Vec<String>, ProjectionError> {
        let page = u32::try_from(limit).unwrap_or(PAGE).min(PAGE);
        let (mut found, mut complete) = (BTreeSet::new(), None::<String>);
        for kind in KINDS {
            let prefix = format!("{}/", kind.as_str());
            let behind = format!("{prefix}{after}");
            let heads = self.reader.store.stream_head_rows(&behind, page).await;
            let heads = heads.map_err(|error| failed(&error.into()))?;
            let is_full = heads.len() >= page as usize;
            let ids: Vec<String> = heads
                .iter()
                .filter_map(|head| head.stream.strip_prefix(&prefix))
                .map(str::to_owned)
                .collect();
            // Behind the last of a full page there may be more of this kind: what others have behind it comes later.
            if is_full && ids.len() == heads.len() {
                let last = ids.last().cloned();
                complete = complete.into_iter().chain(last).min();
            }
            found.extend(ids);
        }
        let until = |id: &String| complete.as_ref().is_none_or(|complete| id <= complete);
        Ok(found.into_iter().filter(until).take(limit).collect())
    }

    async fn histories(&self, subjects: &[String], size: u64) -> Result<Vec<History>, ProjectionError> {
        let mut held = self.reader.histories(subjects, size).await.map_err(|error| failed(&error))?;
        let history = |subject: &String| {
            let told = held.remove(subject).unwrap_or_default();
            let lines = told.into_iter().map(|(index, entry, facts)| Line {
                at: Position { index, received: entry.received },
                event: entry.event,
                facts,
            });
            History { subject: subject.clone(), lines: lines.collect() }
        };
        Ok(subjects.iter().map(history).collect())
    }
}

/// The subject that a stream is of.
fn subject(stream: &str) -> Option<&str> {
    let (kind, id) = stream.split_once('/')?;
    KINDS.iter().any(|of| StreamKind::as_str(*of) == kind).then_some(id)
}

fn failed(error: &LedgerError) -> ProjectionError {
    ProjectionError::Ledger(error.to_string())
}
