//! The projector: follows the log, and builds generations.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures::TryStreamExt as _;
use futures::future::try_join;
use futures::stream::FuturesOrdered;
use rayon::prelude::*;
use sijill_log::Hash;

use super::base::{Base, Batch, Folded, Generation, Lead, fill, names_of, tables_of};
use crate::MODELS;
use crate::digest::{ModelDigest, Tally};
use crate::error::ProjectionError;
use crate::history::{History, Timeline, Unfit};
use crate::model::{Cell, Model};

/// Entries taken in at once when following the log.
const STRIDE: u64 = 10_000;

/// Subjects folded and written at once.
const SUBJECTS: usize = 120;

/// So many such pages are read and folded ahead of the one that is written.
const AHEAD: usize = 2;

/// The log, as a projector reads it.
#[async_trait]
pub trait Log: Send + Sync {
    /// How many entries are published.
    fn size(&self) -> u64;

    /// The times of the world as published.
    fn timeline(&self) -> Timeline;

    /// The root at a size that was published.
    async fn root(&self, size: u64) -> Result<Hash, ProjectionError>;

    /// The subjects of the entries `from` to `to`, this one excluded.
    async fn touched(&self, from: u64, to: u64) -> Result<BTreeSet<String>, ProjectionError>;

    /// Subjects behind this one, ascending by their bytes; at most `limit`, and none when there are no more.
    async fn subjects(&self, after: &str, limit: usize) -> Result<Vec<String>, ProjectionError>;

    /// The histories of these subjects up to `size` entries, in the same order.
    async fn histories(&self, subjects: &[String], size: u64) -> Result<Vec<History>, ProjectionError>;
}

/// What was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// The model.
    pub model: &'static Model,
    /// Its new generation.
    pub number: u64,
    /// The log's size it was built for.
    pub size: u64,
    /// Its digest there.
    pub digest: ModelDigest,
}

/// Brings read models up to the log.
pub struct Projector<'a> {
    /// Where the rows lie.
    pub base: &'a dyn Base,
    /// What they follow from.
    pub log: &'a dyn Log,
}

impl Projector<'_> {
    /// All generations there are.
    pub async fn generations(&self) -> Result<Vec<Generation>, ProjectionError> {
        generations(self.base).await
    }

    /// The models that have no live generation of this release's version, or one of another log.
    pub async fn unbuilt(&self) -> Result<Vec<&'static Model>, ProjectionError> {
        let generations = self.generations().await?;
        let mut unbuilt = Vec::new();
        for model in MODELS {
            let live = generations.iter().find(|g| g.live && g.model == model.name);
            let stands = match live {
                Some(live) if live.version == model.version && live.position <= self.log.size() => {
                    self.log.root(live.position).await?.to_base64() == live.root
                }
                _ => false,
            };
            if !stands {
                unbuilt.push(model);
            }
        }
        Ok(unbuilt)
    }

    /// Takes in the next entries, if there are any; answers whether the live generations of all models are where the log is.
    pub async fn follow(&self) -> Result<bool, ProjectionError> {
        let size = self.log.size();
        let live: Vec<Generation> = self.generations().await?.into_iter().filter(|g| g.live).collect();
        let mut behind: BTreeMap<u64, Vec<(&'static Model, u64)>> = BTreeMap::new();
        for model in MODELS {
            let live = live.iter().find(|live| live.model == model.name && live.version == model.version);
            let Some(live) = live else { continue };
            if live.position < size {
                behind.entry(live.position).or_default().push((model, live.number));
            }
        }
        let Some((from, models)) = behind.pop_first() else { return Ok(true) };
        let to = size.min(from + STRIDE).min(behind.keys().next().copied().unwrap_or(u64::MAX));
        self.advance(&models, from, to).await?;
        Ok(false)
    }

    /// Moves these generations from one size of the log to the next.
    async fn advance(
        &self,
        models: &[(&'static Model, u64)],
        from: u64,
        to: u64,
    ) -> Result<(), ProjectionError> {
        let timeline = self.log.timeline();
        let mut touched: BTreeSet<String> = self.log.touched(from, to).await?;
        if timeline.world().calendar_changes().iter().any(|(index, _)| (from..to).contains(index)) {
            // Deadlines everywhere fall due at other times.
            touched.extend(self.all().await?);
        }
        let touched: Vec<String> = touched.into_iter().collect();
        let root = self.log.root(to).await?;
        let mut rows: Vec<Vec<Folded>> = models.iter().map(|_| Vec::new()).collect();
        for subjects in touched.chunks(SUBJECTS) {
            let names: Vec<&'static Model> = models.iter().map(|(model, _)| *model).collect();
            let (folded, _) = self.fold(subjects.to_vec(), &timeline, to, &names).await?;
            for (all, some) in rows.iter_mut().zip(folded) {
                all.extend(some);
            }
        }
        let leads = models.iter().zip(&rows).map(|((model, number), subjects)| Lead {
            model,
            number: *number,
            from,
            to: (to, root),
            subjects,
            fresh: false,
        });
        // Whoever was faster has written the same rows.
        self.base.write(&Batch { leads: leads.collect() }).await?;
        Ok(())
    }

    /// The rows of subjects, by model, and how many entries they came from.
    async fn fold(
        &self,
        subjects: Vec<String>,
        timeline: &Timeline,
        size: u64,
        models: &[&'static Model],
    ) -> Result<(Vec<Vec<Folded>>, u64), ProjectionError> {
        let histories = self.log.histories(&subjects, size).await?;
        let lines = histories.iter().map(|history| history.lines.len() as u64).sum();
        let (timeline, models) = (timeline.clone(), models.to_vec());
        let rows = tokio::task::spawn_blocking(move || {
            let fold = |history: History| {
                let rows = history.rows(&timeline, size, &models)?;
                Ok(models.iter().zip(rows).map(|(model, of)| Folded::new(model, of)).collect())
            };
            let by_subject: Result<Vec<Vec<Folded>>, Unfit> = histories.into_par_iter().map(fold).collect();
            by_subject.map(|by_subject| by_model(by_subject, models.len()))
        });
        let rows = rows.await.map_err(|error| ProjectionError::Ledger(error.to_string()))??;
        Ok((rows, lines))
    }

    async fn all(&self) -> Result<Vec<String>, ProjectionError> {
        let mut all: Vec<String> = Vec::new();
        loop {
            let page = self.log.subjects(all.last().map_or("", String::as_str), 10_000).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Builds new generations of these models beside the old ones and lets them take their places. The old ones are read and
    /// followed until then. Tells now and then how many entries were taken in.
    pub async fn rebuild(
        &self,
        models: &[&'static Model],
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Vec<Built>, ProjectionError> {
        let numbered = self.begin(models).await?;
        let size = self.log.size();
        let (timeline, root) = (self.log.timeline(), self.log.root(size).await?);
        let (mut folding, mut after) = (FuturesOrdered::new(), Some(String::new()));
        let (mut ready, mut taken) = (Vec::new(), 0);
        loop {
            while let Some(last) = after.take_if(|_| folding.len() < AHEAD) {
                let subjects = self.log.subjects(&last, SUBJECTS).await?;
                after = subjects.last().cloned();
                folding.push_back(self.fold(subjects, &timeline, size, models));
            }
            // While one page is written, the next ones are read and folded.
            let write = async {
                if ready.is_empty() { Ok(()) } else { self.put(&numbered, &ready, (0, root), 0).await }
            };
            let ((), Some((rows, lines))) = try_join(write, folding.try_next()).await? else { break };
            ready = rows;
            taken += lines;
            progress(taken);
        }
        for (model, number) in &numbered {
            for index in tables_of(model, *number).1 {
                self.base.run(&[self.base.spelling(&index)]).await?;
            }
        }
        let counts: Vec<String> =
            numbered.iter().filter_map(|(model, number)| fill(model, *number)).collect();
        self.base.run(&counts).await?;
        self.put(&numbered, &[], (size, root), 0).await?;
        // What came in the meantime, so that the new generations are not behind the old ones.
        let mut at = size;
        while at < self.log.size() {
            let to = self.log.size().min(at + STRIDE);
            self.advance(&numbered, at, to).await?;
            at = to;
        }
        let mut built = Vec::new();
        for (model, number) in &numbered {
            let digest = self.digest(model, *number).await?;
            built.push(Built { model, number: *number, size: at, digest });
        }
        self.swap(&numbered).await?;
        Ok(built)
    }

    async fn put(
        &self,
        models: &[(&'static Model, u64)],
        rows: &[Vec<Folded>],
        to: (u64, Hash),
        from: u64,
    ) -> Result<(), ProjectionError> {
        let leads = models.iter().enumerate().map(|(at, (model, number))| Lead {
            model,
            number: *number,
            from,
            to,
            subjects: rows.get(at).map_or(&[], Vec::as_slice),
            fresh: true,
        });
        let written = self.base.write(&Batch { leads: leads.collect() }).await?;
        if written {
            Ok(())
        } else {
            Err(ProjectionError::Corrupt("another rebuild took this one's place".into()))
        }
    }

    /// Makes empty generations, in place of what earlier rebuilds left unfinished.
    async fn begin(&self, models: &[&'static Model]) -> Result<Vec<(&'static Model, u64)>, ProjectionError> {
        let generations = self.generations().await?;
        let (mut statements, mut numbered) = (Vec::new(), Vec::new());
        for model in models {
            let of_model = || generations.iter().filter(|g| g.model == model.name);
            statements.extend(of_model().filter(|g| !g.live).flat_map(|g| drop_statements(model, g.number)));
            let number = of_model().map(|g| g.number).max().unwrap_or(0) + 1;
            statements.extend(tables_of(model, number).0.iter().map(|sql| self.base.spelling(sql)));
            statements.push(format!(
                "INSERT INTO projection (model, number, version, position, root, live) VALUES ('{}', {number}, {}, 0, '', 0)",
                model.name, model.version
            ));
            numbered.push((*model, number));
        }
        self.base.run(&statements).await?;
        Ok(numbered)
    }

    /// The new generations take the places of the live ones, which go.
    async fn swap(&self, models: &[(&'static Model, u64)]) -> Result<(), ProjectionError> {
        let generations = self.generations().await?;
        let mut statements = Vec::new();
        for (model, number) in models {
            statements.push(format!("UPDATE projection SET live = 0 WHERE model = '{}'", model.name));
            statements.push(format!(
                "UPDATE projection SET live = 1 WHERE model = '{}' AND number = {number}",
                model.name
            ));
            let old = generations.iter().filter(|g| g.model == model.name && g.number != *number);
            statements.extend(old.flat_map(|old| drop_statements(model, old.number)));
        }
        self.base.run(&statements).await
    }

    /// The digest of a generation where it stands.
    pub async fn digest(&self, model: &Model, number: u64) -> Result<ModelDigest, ProjectionError> {
        let sql = "SELECT subject, gaps, leaf FROM projection_subject WHERE model = $1 AND number = $2 AND subject > $3 \
                   ORDER BY subject LIMIT 10000";
        let (mut tally, mut after) = (Tally::default(), String::new());
        loop {
            let parameters = [model.name.into(), number.into(), after.as_str().into()];
            let rows = self.base.query(sql, &parameters).await?;
            let Some(last) = rows.last().and_then(|row| row.first()) else { return Ok(tally.end()) };
            last.text().clone_into(&mut after);
            for row in &rows {
                let [subject, gaps, leaf] = row.as_slice() else { continue };
                let leaf = match leaf {
                    Cell::Text(text) => Some(Hash::from_base64(text).map_err(|_| {
                        ProjectionError::Corrupt(format!("the leaf of {} is no hash", subject.text()))
                    })?),
                    _ => None,
                };
                tally.push(subject.text(), leaf, u32::try_from(gaps.integer()).unwrap_or(u32::MAX));
            }
        }
    }
}

/// All generations there are.
pub(super) async fn generations(base: &dyn Base) -> Result<Vec<Generation>, ProjectionError> {
    let sql = "SELECT model, number, version, position, root, live FROM projection ORDER BY model, number";
    let rows = base.query(sql, &[]).await?;
    rows.iter().map(|row| generation(row)).collect()
}

/// What each model says of each subject, by model first.
fn by_model(by_subject: Vec<Vec<Folded>>, models: usize) -> Vec<Vec<Folded>> {
    let mut by_model: Vec<Vec<Folded>> = (0..models).map(|_| Vec::with_capacity(by_subject.len())).collect();
    for rows in by_subject {
        for (all, one) in by_model.iter_mut().zip(rows) {
            all.push(one);
        }
    }
    by_model
}

fn drop_statements(model: &Model, number: u64) -> Vec<String> {
    let tables = names_of(model).map(|table| format!("DROP TABLE IF EXISTS {table}_{number}"));
    let own = ["projection_subject", "projection"]
        .map(|table| format!("DELETE FROM {table} WHERE model = '{}' AND number = {number}", model.name));
    tables.chain(own).collect()
}

fn generation(row: &[Cell]) -> Result<Generation, ProjectionError> {
    let [model, number, version, position, root, live] = row else {
        return Err(ProjectionError::Corrupt("a generation lacks a column".into()));
    };
    let whole = |cell: &Cell| u64::try_from(cell.integer()).unwrap_or(0);
    Ok(Generation {
        model: model.text().to_owned(),
        number: whole(number),
        version: u32::try_from(version.integer()).unwrap_or(0),
        position: whole(position),
        root: root.text().to_owned(),
        live: live.integer() == 1,
    })
}
