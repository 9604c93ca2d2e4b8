//! Who asks, and the condition that leaves only its rows.

use super::answer::Statement;
use super::view::Who;
use crate::circles::{BARRED, CALLER, GLASS, OWNER, PARTY};
use crate::span::NEVER;

/// Whose eyes an answer is for.
#[derive(Debug, Clone)]
pub enum Sight {
    /// Whoever holds the databases themselves.
    Everything,
    /// An officer.
    Of(Reader),
}

/// An officer who asks, as the registry has it now.
///
/// What it sees of a case it sees as of any size: whether it may know of the case is a question of today.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Whether it audits: it sees every row.
    pub audits: bool,
    /// Whether it works on cases; if it does neither, it sees no row.
    pub works: bool,
    /// Whether it supervises its agency's units.
    pub supervises: bool,
    /// The agency it signs for.
    pub agency: String,
    /// All ids that this agency and those merged into it ever had.
    pub agencies: Vec<String>,
    /// Its unit.
    pub unit: String,
    /// Its id.
    pub officer: String,
    /// Unix milliseconds: what a broken glass opens until then is closed.
    pub now: u64,
}

impl Sight {
    /// Whether any row at all may be shown.
    pub fn is_blind(&self) -> bool {
        matches!(self, Self::Of(reader) if !reader.audits && !reader.works)
    }

    /// Leaves what may be seen of the cases and contacts in the column `of`, by what `circle` says now.
    pub(crate) fn narrow(&self, who: Who, of: &str, circle: &str, statement: &mut Statement) {
        let Self::Of(reader) = self else { return };
        let never = statement.bind(NEVER);
        if !reader.audits {
            let agencies = statement.list(&reader.agencies);
            let (agency, officer) =
                (statement.bind(reader.agency.as_str()), statement.bind(reader.officer.as_str()));
            let now = statement.bind(reader.now);
            statement.and(&format!(
                "{of} IN (SELECT subject FROM {circle} WHERE until = {never} AND \
                 ((tie IN ('{PARTY}', '{CALLER}') AND agency IN ({agencies})) OR \
                 (tie = '{GLASS}' AND agency = {agency} AND officer = {officer} AND ends_ms > {now})))"
            ));
            if who == Who::Owners {
                let unit = statement.bind(reader.unit.as_str());
                let whole =
                    if reader.supervises { format!(" OR agency IN ({agencies})") } else { String::new() };
                statement.and(&format!(
                    "{of} IN (SELECT subject FROM {circle} WHERE until = {never} AND tie = '{OWNER}' AND \
                     ((agency = {agency} AND unit = {unit}){whole}))"
                ));
            }
        }
        // Auditors too: whoever is kept out of a case is told nothing of it.
        let (agency, unit) = (statement.bind(reader.agency.as_str()), statement.bind(reader.unit.as_str()));
        let officer = statement.bind(reader.officer.as_str());
        statement.and(&format!(
            "{of} NOT IN (SELECT subject FROM {circle} WHERE until = {never} AND tie = '{BARRED}' AND \
             agency = {agency} AND (unit = {unit} OR officer = {officer}))"
        ));
    }
}
