//! The signs that rules look at, read for who may see them. What a statement leaves out for the sake of speed is what no rule would
//! take; the rules decide all the same.

use std::collections::BTreeMap;

use super::rules::{LATELY, RECENT};
use super::{CaseNow, DAY, Link, Precision, Review, Seen, Sign, Warning, warnings};
use crate::engine::{Base, live, named};
use crate::error::ProjectionError;
use crate::model::{Cell, Model};
use crate::query::{Sight, Statement, Who};
use crate::{cases, circles, deadlines, signs};

/// Cases asked about at once.
const CASES: usize = 500;

/// The columns of a case, of the table `t`.
const CASE: &str = "t.subject, t.owner_agency, t.owner_unit, t.officer, t.risk";

/// The columns of a sign, of the table `s`.
const SIGN: &str = "s.since, s.since_ms, s.subject, s.kind, s.other, s.code, s.event";

/// Reads warnings.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Where the read models lie.
    pub base: &'a dyn Base,
}

/// How far the models have come that warnings are read from.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// They have taken in this many entries: no later size can be asked for.
    pub position: u64,
    /// Who may see what is known as of this many entries.
    pub circled: u64,
    cases: u64,
    deadlines: u64,
    signs: u64,
    circles: u64,
}

impl Standing {
    fn case(&self) -> String {
        named("case_state", self.cases)
    }

    fn deadline(&self) -> String {
        named("deadline_state", self.deadlines)
    }

    fn sign(&self) -> String {
        named("warning_sign", self.signs)
    }

    fn review(&self) -> String {
        named("warning_review", self.signs)
    }

    fn circle(&self) -> String {
        named("circle", self.circles)
    }
}

impl Reader<'_> {
    /// How far the models have come.
    ///
    /// # Errors
    /// [`ProjectionError::NotBuilt`] as long as this release has not built what it takes.
    pub async fn standing(&self) -> Result<Standing, ProjectionError> {
        let all = live(self.base).await?;
        let of = |model: &'static Model| {
            let own = all.iter().find(|(of, _)| of.name == model.name);
            own.map(|(_, live)| (live.number, live.position)).ok_or(ProjectionError::NotBuilt(model.name))
        };
        let (cases, deadlines) = (of(&cases::MODEL)?, of(&deadlines::MODEL)?);
        let (signs, circles) = (of(&signs::MODEL)?, of(&circles::MODEL)?);
        Ok(Standing {
            position: cases.1.min(deadlines.1).min(signs.1),
            circled: circles.1,
            cases: cases.0,
            deadlines: deadlines.0,
            signs: signs.0,
            circles: circles.0,
        })
    }

    /// The warnings about open cases that the reader answers for, as the log of `size` entries says at `now_ms`: those whose cases
    /// and contacts it may know of, one and all. Cases and contacts in `withheld` are left out.
    ///
    /// # Errors
    /// [`ProjectionError::Ahead`] for a size that the models have not come to.
    pub async fn warnings(
        &self,
        standing: &Standing,
        size: u64,
        now_ms: u64,
        sight: &Sight,
        withheld: &[String],
    ) -> Result<Vec<Warning>, ProjectionError> {
        if size > standing.position {
            return Err(ProjectionError::Ahead { size, position: standing.position });
        }
        if sight.is_blind() {
            return Ok(Vec::new());
        }
        let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
        self.own(standing, size, sight, &mut seen).await?;
        self.contacts(standing, size, now_ms, sight, &mut seen).await?;
        for direction in [OUT, IN] {
            self.links(standing, (size, now_ms), direction, sight, &mut seen).await?;
        }
        let subjects: Vec<String> = seen.keys().cloned().collect();
        let mut reviews = Vec::new();
        for some in subjects.chunks(CASES) {
            self.beginnings(standing, size, some, &mut seen).await?;
            reviews.extend(self.reviews(standing, size, some).await?);
        }
        let mut seen: Vec<Seen> = seen.into_values().collect();
        for seen in &mut seen {
            seen.own.sort();
            seen.contacts.sort();
            seen.links.sort_by(|a, b| a.sign.cmp(&b.sign));
        }
        let mut all = warnings(&seen, &reviews, now_ms);
        all.retain(|warning| {
            let mut told = warning.others.iter().chain([&warning.case.id]);
            !told.any(|subject| withheld.contains(subject))
        });
        Ok(all)
    }

    /// What became of the warnings that were reviewed, by rule and version: by the reader's agency, or of all for who audits.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn precision(
        &self,
        standing: &Standing,
        size: u64,
        sight: &Sight,
    ) -> Result<Vec<Precision>, ProjectionError> {
        let mut statement = Statement::default();
        let at = statement.bind(size);
        statement.text = format!(
            "SELECT rule, version, outcome, CAST(count(*) AS BIGINT) AS n FROM {} WHERE since < {at} AND until >= {at}",
            standing.review()
        );
        if let Sight::Of(reader) = sight
            && !reader.audits
        {
            let agencies = statement.list(&reader.agencies);
            statement.and(&format!("agency IN ({agencies})"));
        }
        statement.text.push_str(" GROUP BY rule, version, outcome ORDER BY rule, version, outcome");
        let mut all: Vec<Precision> = Vec::new();
        for row in self.put(&statement).await? {
            let [rule, version, outcome, n] = row.as_slice() else { continue };
            let (rule, version) = (rule.text().to_owned(), whole(version));
            if all.last().is_none_or(|last| (&last.rule, last.version) != (&rule, version)) {
                all.push(Precision { rule, version, outcomes: BTreeMap::new() });
            }
            if let Some(last) = all.last_mut() {
                last.outcomes.insert(outcome.text().to_owned(), whole(n));
            }
        }
        Ok(all)
    }

    async fn put(&self, statement: &Statement) -> Result<Vec<Vec<Cell>>, ProjectionError> {
        self.base.query(&statement.text, &statement.parameters).await
    }

    async fn own(
        &self,
        standing: &Standing,
        size: u64,
        sight: &Sight,
        seen: &mut BTreeMap<String, Seen>,
    ) -> Result<(), ProjectionError> {
        let mut statement = Statement::default();
        statement.bind(size);
        statement.text = format!(
            "SELECT {CASE}, {SIGN} FROM {case} t JOIN {sign} s ON s.subject = t.subject \
             WHERE t.since < $1 AND t.until >= $1 AND t.status = 'open' AND s.since < $1 AND ( \
               (s.kind = 'missed' AND EXISTS (SELECT 1 FROM {deadline} d WHERE d.subject = s.subject AND d.set_by = s.other \
                 AND d.milestone = s.code AND d.since < $1 AND d.until >= $1 AND d.met_ms IS NULL)) \
               OR (s.kind IN ('closed', 'reopened') AND t.reopened > 0) \
               OR (s.kind = 'assigned' AND (SELECT count(*) FROM {sign} a WHERE a.subject = s.subject AND a.kind = 'assigned' \
                 AND a.since < $1) > 3))",
            case = standing.case(),
            sign = standing.sign(),
            deadline = standing.deadline(),
        );
        sight.narrow(Who::Owners, "t.subject", &standing.circle(), &mut statement);
        for row in self.put(&statement).await? {
            let Some((case, sign)) = row.split_at_checked(5) else { continue };
            of(seen, case).own.push(read(sign));
        }
        Ok(())
    }

    async fn contacts(
        &self,
        standing: &Standing,
        size: u64,
        now_ms: u64,
        sight: &Sight,
        seen: &mut BTreeMap<String, Seen>,
    ) -> Result<(), ProjectionError> {
        let mut statement = Statement::default();
        statement.bind(size);
        statement.bind(now_ms.saturating_sub(RECENT * DAY));
        statement.text = format!(
            "SELECT {CASE}, {SIGN} FROM {} t JOIN {} s ON s.kind = 'contact' AND s.other = t.subject \
             WHERE t.since < $1 AND t.until >= $1 AND t.status = 'open' AND s.since < $1 AND s.since_ms > $2",
            standing.case(),
            standing.sign()
        );
        sight.narrow(Who::Owners, "t.subject", &standing.circle(), &mut statement);
        sight.narrow(Who::Knowers, "s.subject", &standing.circle(), &mut statement);
        for row in self.put(&statement).await? {
            let Some((case, sign)) = row.split_at_checked(5) else { continue };
            of(seen, case).contacts.push(read(sign));
        }
        Ok(())
    }

    async fn links(
        &self,
        standing: &Standing,
        (size, now_ms): (u64, u64),
        (own, other): (&str, &str),
        sight: &Sight,
        seen: &mut BTreeMap<String, Seen>,
    ) -> Result<(), ProjectionError> {
        let mut statement = Statement::default();
        statement.bind(size);
        statement.bind(now_ms.saturating_sub(LATELY * DAY));
        statement.text = format!(
            "SELECT {CASE}, {SIGN}, o.subject, o.status, (SELECT max(c.since_ms) FROM {sign} c WHERE c.subject = o.subject \
               AND c.kind = 'closed' AND c.since < $1) AS closed_ms, \
               p.since, p.since_ms, p.subject, p.kind, p.other, p.code, p.event \
             FROM {case} t JOIN {sign} s ON s.kind = 'linked' AND {own} = t.subject JOIN {case} o ON o.subject = {other} \
               JOIN {sign} p ON p.kind = 'opened' AND p.subject = s.other \
             WHERE t.since < $1 AND t.until >= $1 AND t.status = 'open' AND s.since < $1 AND o.since < $1 AND o.until >= $1 \
               AND p.since < $1 AND (o.status = 'open' OR (o.status = 'closed' AND o.since_ms > $2))",
            case = standing.case(),
            sign = standing.sign(),
        );
        sight.narrow(Who::Owners, "t.subject", &standing.circle(), &mut statement);
        sight.narrow(Who::Knowers, "o.subject", &standing.circle(), &mut statement);
        for row in self.put(&statement).await? {
            let Some((case, rest)) = row.split_at_checked(5) else { continue };
            let Some((sign, rest)) = rest.split_at_checked(7) else { continue };
            let [other, status, closed, opened @ ..] = rest else { continue };
            let closed_ms = (status.text() == "closed").then(|| whole(closed));
            let link =
                Link { sign: read(sign), other: other.text().to_owned(), closed_ms, opened: read(opened) };
            of(seen, case).links.push(link);
        }
        Ok(())
    }

    /// How these cases began.
    async fn beginnings(
        &self,
        standing: &Standing,
        size: u64,
        subjects: &[String],
        seen: &mut BTreeMap<String, Seen>,
    ) -> Result<(), ProjectionError> {
        let mut statement = Statement::default();
        statement.bind(size);
        statement.text = format!(
            "SELECT {SIGN} FROM {} s WHERE s.since < $1 AND s.kind IN ('opened', 'origin')",
            standing.sign()
        );
        let list = statement.list(subjects);
        statement.and(&format!("s.subject IN ({list})"));
        for row in self.put(&statement).await? {
            let sign = read(&row);
            if let Some(seen) = seen.get_mut(&sign.subject) {
                seen.own.push(sign);
            }
        }
        Ok(())
    }

    /// The reviews of warnings about these cases, ascending by entry.
    async fn reviews(
        &self,
        standing: &Standing,
        size: u64,
        subjects: &[String],
    ) -> Result<Vec<Review>, ProjectionError> {
        let mut statement = Statement::default();
        statement.bind(size);
        statement.text = format!(
            "SELECT r.subject, r.since, r.since_ms, r.rule, r.version, r.events, r.outcome, r.reason, r.ground, r.agency, r.unit, \
             r.officer FROM {} r WHERE r.since < $1",
            standing.review()
        );
        let list = statement.list(subjects);
        statement.and(&format!("r.subject IN ({list})"));
        statement.text.push_str(" ORDER BY r.since");
        Ok(self.put(&statement).await?.iter().filter_map(|row| review(row)).collect())
    }
}

/// The case is the one that was linked with another, or the other way round.
const OUT: (&str, &str) = ("s.subject", "s.other");
const IN: (&str, &str) = ("s.other", "s.subject");

fn of<'a>(seen: &'a mut BTreeMap<String, Seen>, case: &[Cell]) -> &'a mut Seen {
    let text = |at: usize| case.get(at).map(|cell| cell.text().to_owned()).unwrap_or_default();
    let entry = seen.entry(text(0)).or_default();
    let officer = Some(text(3)).filter(|officer| !officer.is_empty());
    entry.case = CaseNow { id: text(0), agency: text(1), unit: text(2), officer, risk: text(4) };
    entry
}

fn read(cells: &[Cell]) -> Sign {
    let text = |at: usize| cells.get(at).map(|cell| cell.text().to_owned()).unwrap_or_default();
    Sign {
        entry: cells.first().map_or(0, whole),
        at_ms: cells.get(1).map_or(0, whole),
        subject: text(2),
        kind: text(3),
        other: text(4),
        code: text(5),
        event: text(6),
    }
}

fn review(row: &[Cell]) -> Option<Review> {
    let [case, entry, at, rule, version, events, outcome, reason, ground, agency, unit, officer] = row else {
        return None;
    };
    let text = |cell: &Cell| cell.text().to_owned();
    Some(Review {
        case: text(case),
        entry: whole(entry),
        at_ms: whole(at),
        rule: text(rule),
        version: whole(version),
        events: text(events),
        outcome: text(outcome),
        reason: text(reason),
        ground: (*ground != Cell::Null).then(|| text(ground)),
        agency: text(agency),
        unit: text(unit),
        officer: text(officer),
    })
}

fn whole(cell: &Cell) -> u64 {
    u64::try_from(cell.integer()).unwrap_or(0)
}
