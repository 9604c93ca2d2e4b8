//! The pieces of work, counted by week where the read models lie: what a unit had to do, from when until when, due when.

use std::collections::BTreeMap;

use super::{Outlook, Spell, Week, Work};
use crate::engine::{Base, live, named};
use crate::error::ProjectionError;
use crate::model::{Cell, Model};
use crate::{cases, deadlines};

/// Reads forecasts.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Where the read models lie.
    pub base: &'a dyn Base,
}

/// All forecasts at one size of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecasts {
    /// How many entries the log had.
    pub size: u64,
    /// The last week that was over: the one before that in which the log tells of anything last. `None` if it tells of nothing.
    pub through: Option<Week>,
    /// By kind of work, agency and unit.
    pub units: Vec<UnitForecast>,
}

/// A unit's forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitForecast {
    /// Which work.
    pub work: Work,
    /// The agency, by the id it had.
    pub agency: String,
    /// The unit.
    pub unit: String,
    /// Its past and what is to be expected.
    pub outlook: Outlook,
}

/// Pieces of work by kind, agency and unit.
type Spells = BTreeMap<(Work, String, String), Vec<Spell>>;

impl Reader<'_> {
    /// The forecasts of all units, as known when the log had `size` entries; by the latest entry taken in for `None`.
    ///
    /// # Errors
    /// [`ProjectionError::NotBuilt`] while the models are being built; [`ProjectionError::Ahead`] for a size that they have not
    /// reached.
    pub async fn forecasts(&self, size: Option<u64>) -> Result<Forecasts, ProjectionError> {
        let (cases, first) = self.stand(&cases::MODEL).await?;
        let (tasks, second) = self.stand(&deadlines::MODEL).await?;
        let position = first.min(second);
        let size = size.unwrap_or(position);
        if size > position {
            return Err(ProjectionError::Ahead { size, position });
        }
        let mut spells = Spells::new();
        self.gather(Work::Cases, &case_spells(cases), size, &mut spells).await?;
        self.gather(Work::Tasks, &task_spells(tasks), size, &mut spells).await?;
        // The week in which something came or was done last may not be over.
        let told = spells.values().flatten().flat_map(|spell| [Some(spell.from), spell.to]).flatten();
        let through = told.max().map(|last| last.after(-1));
        let units = through.into_iter().flat_map(|through| outlooks(&spells, through)).collect();
        Ok(Forecasts { size, through, units })
    }

    /// How many entries the models have taken in.
    ///
    /// # Errors
    /// [`ProjectionError::NotBuilt`] while the models are being built.
    pub async fn position(&self) -> Result<u64, ProjectionError> {
        let (_, cases) = self.stand(&cases::MODEL).await?;
        let (_, tasks) = self.stand(&deadlines::MODEL).await?;
        Ok(cases.min(tasks))
    }

    async fn stand(&self, model: &'static Model) -> Result<(u64, u64), ProjectionError> {
        let mut live = live(self.base).await?.into_iter();
        let own = live.find(|(of, _)| of.name == model.name).ok_or(ProjectionError::NotBuilt(model.name))?;
        Ok((own.1.number, own.1.position))
    }

    async fn gather(
        &self,
        work: Work,
        sql: &str,
        size: u64,
        spells: &mut Spells,
    ) -> Result<(), ProjectionError> {
        for row in self.base.query(sql, &[size.into()]).await? {
            let [agency, unit, from, to, due, n] = row.as_slice() else { continue };
            let week = |cell: &Cell| (*cell != Cell::Null).then(|| Week(cell.integer()));
            let key = (work, agency.text().to_owned(), unit.text().to_owned());
            spells.entry(key).or_default().push(Spell {
                from: Week(from.integer()),
                to: week(to),
                due: week(due),
                n: u64::try_from(n.integer()).unwrap_or(0),
            });
        }
        Ok(())
    }
}

fn outlooks(spells: &Spells, through: Week) -> Vec<UnitForecast> {
    let outlook = |((work, agency, unit), spells): (&(Work, String, String), &Vec<Spell>)| {
        let outlook = Outlook::of(spells, through)?;
        Some(UnitForecast { work: *work, agency: agency.clone(), unit: unit.clone(), outlook })
    };
    spells.iter().filter_map(outlook).collect()
}

/// SQL for the week of a time. Both engines round towards nothing, which before 1970 is the wrong way: what is imported from then
/// is a week off, everywhere alike.
fn week(of: &str) -> String {
    format!("({of} + {}) / {}", Week::LEAD, Week::LENGTH)
}

/// Cases: from the entry by which a unit had one to the entry by which it was closed, merged or another's. Rows of one unit that
/// follow each other are one.
fn case_spells(number: u64) -> String {
    let table = named("case_state", number);
    let (from, to) = (week("begun_ms"), week("ended_ms"));
    format!(
        "SELECT agency, unit, {from} AS from_week, CASE WHEN ended >= $1 THEN NULL ELSE {to} END AS to_week, \
         CAST(NULL AS BIGINT) AS due_week, CAST(count(*) AS BIGINT) AS n FROM ( \
           SELECT subject, agency, unit, run, min(since_ms) AS begun_ms, max(until) AS ended, max(until_ms) AS ended_ms FROM ( \
             SELECT subject, agency, unit, since_ms, until, until_ms, \
               sum(begins) OVER (PARTITION BY subject ORDER BY since) AS run FROM ( \
                 SELECT subject, owner_agency AS agency, owner_unit AS unit, since, since_ms, until, until_ms, \
                   CASE WHEN lag(until) OVER w = since AND lag(owner_agency) OVER w = owner_agency \
                     AND lag(owner_unit) OVER w = owner_unit THEN 0 ELSE 1 END AS begins \
                 FROM {table} WHERE since < $1 AND status = 'open' WINDOW w AS (PARTITION BY subject ORDER BY since) \
               ) AS a \
           ) AS b GROUP BY subject, agency, unit, run \
         ) AS c GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    )
}

/// Clocks: from their start, or from the entry by which another unit owed it, to when it was met, ended or another's to keep.
fn task_spells(number: u64) -> String {
    let table = named("deadline_state", number);
    let from = week("CASE WHEN own_since = first_since THEN started_ms ELSE own_ms END");
    format!(
        "SELECT agency, unit, {from} AS from_week, \
           CASE WHEN met_ms IS NOT NULL THEN {met} WHEN until < $1 THEN {left} ELSE NULL END AS to_week, \
           {due} AS due_week, CAST(count(*) AS BIGINT) AS n FROM ( \
             SELECT owes_agency AS agency, owes_unit AS unit, started_ms, due_ms, met_ms, until, until_ms, \
               min(since) OVER (PARTITION BY subject, set_by, milestone) AS first_since, \
               min(since) OVER own AS own_since, min(since_ms) OVER own AS own_ms, \
               row_number() OVER (PARTITION BY subject, set_by, milestone, owes_agency, owes_unit ORDER BY since DESC) AS place \
             FROM {table} WHERE since < $1 WINDOW own AS (PARTITION BY subject, set_by, milestone, owes_agency, owes_unit) \
           ) AS a WHERE place = 1 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
        met = week("met_ms"),
        left = week("until_ms"),
        due = week("due_ms"),
    )
}
