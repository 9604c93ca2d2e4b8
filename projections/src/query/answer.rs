//! The one statement that a question becomes, and its rows.

use std::fmt::Write as _;

use super::ask::{Ask, Order, Test};
use super::cursor::Place;
use super::reader::Sight;
use super::view::View;
use crate::circles::{self, CALLER, PARTY};
use crate::engine::Base;
use crate::error::ProjectionError;
use crate::model::{Cell, Model};

/// Where rows are asked for.
pub struct Views<'a> {
    pub(super) base: &'a dyn Base,
}

/// How far the models have come that a view is answered from.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// The view.
    pub view: &'static View,
    /// The view has taken in this many entries: no later size can be asked for.
    pub position: u64,
    /// Who may see what is known as of this many entries.
    pub circled: u64,
    pub(super) table: u64,
    pub(super) circle: u64,
}

/// A page of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// Cells in the order of the view's fields.
    pub rows: Vec<Vec<Cell>>,
    /// Where the next page begins; `None` if there is nothing more.
    pub next: Option<Place>,
}

impl Standing {
    /// Whether these are other tables, and say at least as much.
    fn takes_place_of(&self, other: &Self) -> bool {
        (self.table != other.table || self.circle != other.circle)
            && self.position >= other.position
            && self.circled >= other.circled
    }
}

impl<'a> Views<'a> {
    /// The views of this database.
    pub fn of(base: &'a dyn Base) -> Self {
        Self { base }
    }

    /// How far the view has come.
    ///
    /// # Errors
    /// [`ProjectionError::NotBuilt`] as long as this release has not built what it takes.
    pub async fn standing(&self, view: &'static View) -> Result<Standing, ProjectionError> {
        let (table, position) = self.live(view.model).await?;
        let (circle, circled) = self.live(&circles::MODEL).await?;
        Ok(Standing { view, position, circled, table, circle })
    }

    async fn live(&self, model: &'static Model) -> Result<(u64, u64), ProjectionError> {
        let sql = "SELECT number, position FROM projection WHERE model = $1 AND version = $2 AND live = 1";
        let rows = self.base.query(sql, &[model.name.into(), u64::from(model.version).into()]).await?;
        let whole = |cell: &Cell| u64::try_from(cell.integer()).unwrap_or(0);
        match rows.first().map(Vec::as_slice) {
            Some([number, position]) => Ok((whole(number), whole(position))),
            _ => Err(ProjectionError::NotBuilt(model.name)),
        }
    }

    /// The rows that answer the question, as the log of `size` entries says, after a place if one is given. Cases and contacts
    /// in `withheld` are left out: those that fewer may know of since what the models stood at, so that they are answered from
    /// models that stand there or further.
    ///
    /// # Errors
    /// [`ProjectionError::Ahead`] for a size that the models have not come to.
    pub async fn rows(
        &self,
        standing: Standing,
        ask: &Ask,
        size: u64,
        after: Option<&Place>,
        sight: &Sight,
        withheld: &[String],
    ) -> Result<Rows, ProjectionError> {
        if sight.is_blind() {
            return Ok(Rows { rows: Vec::new(), next: None });
        }
        let view = standing.view;
        if size > standing.position {
            return Err(ProjectionError::Ahead { size, position: standing.position });
        }
        let put = async |standing: Standing| {
            let statement = statement(ask, size, after, sight, withheld, standing);
            self.base.query(&statement.text, &statement.parameters).await
        };
        let mut rows = match put(standing).await {
            Ok(rows) => rows,
            // A rebuild may have put another generation in this one's place in between.
            Err(error) => match self.standing(view).await? {
                moved if moved.takes_place_of(&standing) => put(moved).await?,
                _ => return Err(error),
            },
        };
        let more = rows.len() > ask.limit as usize;
        rows.truncate(ask.limit as usize);
        let columns = ask.order.map(|order| order.column).into_iter().chain(view.identity());
        let next = rows.last().filter(|_| more).map(|last| {
            let cells = columns.map(|column| last.get(column).cloned().unwrap_or(Cell::Null));
            Place { size, cells: cells.collect() }
        });
        Ok(Rows { rows, next })
    }
}

/// SQL that grows, and its parameters.
#[derive(Debug, Default)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) parameters: Vec<Cell>,
}

impl Statement {
    /// One more parameter; what stands for it.
    pub(crate) fn bind(&mut self, cell: impl Into<Cell>) -> String {
        self.parameters.push(cell.into());
        format!("${}", self.parameters.len())
    }

    /// One for each of these. None would be no SQL: an empty text, which is nobody's id, stands for it.
    pub(crate) fn list(&mut self, texts: &[String]) -> String {
        if texts.is_empty() {
            return self.bind("");
        }
        texts.iter().map(|text| self.bind(text.as_str())).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn and(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }
}

fn statement(
    ask: &Ask,
    size: u64,
    after: Option<&Place>,
    sight: &Sight,
    withheld: &[String],
    standing: Standing,
) -> Statement {
    let view = standing.view;
    let column = |place: usize| format!("t.{}", view.fields.get(place).map_or("subject", |field| field.name));
    let all: Vec<String> = (0..view.fields.len()).map(column).collect();
    let table = view.table().map_or("", |table| table.name);
    let mut statement = Statement::default();
    let at = statement.bind(size);
    statement.text = format!(
        "SELECT {} FROM {table}_{} t WHERE t.since < {at} AND t.until >= {at}",
        all.join(", "),
        standing.table
    );
    for (place, test) in &ask.tests {
        let condition = condition(&column(*place), test, &mut statement);
        statement.and(&condition);
    }
    sight.narrow(view.who, "t.subject", &format!("circle_{}", standing.circle), &mut statement);
    if !withheld.is_empty() {
        let list = statement.list(withheld);
        statement.and(&format!("t.subject NOT IN ({list})"));
    }
    if ask.outsiders && view.place("agency").is_some() {
        statement.and(&format!(
            "NOT EXISTS (SELECT 1 FROM circle_{} c WHERE c.subject = t.subject AND c.tie IN ('{PARTY}', '{CALLER}') AND \
             c.agency = t.agency AND c.since < t.since AND c.until >= t.since)",
            standing.circle
        ));
    }
    let identity: Vec<String> = view.identity().map(column).collect();
    if let Some(after) = after {
        let condition =
            behind(ask.order.map(|order| (order, column(order.column))), &identity, after, &mut statement);
        statement.and(&condition);
    }
    let mut order = Vec::new();
    if let Some(Order { column: place, falling }) = ask.order {
        let by = column(place);
        order.push(format!("({by} IS NULL)"));
        order.push(if falling { format!("{by} DESC") } else { by });
    }
    order.extend(identity);
    let limit = statement.bind(u64::from(ask.limit) + 1);
    let _ = write!(statement.text, " ORDER BY {} LIMIT {limit}", order.join(", "));
    statement
}

fn condition(column: &str, test: &Test, statement: &mut Statement) -> String {
    match test {
        Test::Is(cell) => format!("{column} = {}", statement.bind(cell.clone())),
        // Not LIKE: the engines do not agree on upper and lower case there.
        Test::Has(one) => {
            format!("replace({column}, {}, '') <> {column}", statement.bind(format!(",{one},")))
        }
        Test::Nothing => format!("{column} IS NULL"),
        Test::Within(from, to) => {
            let mut ends = Vec::new();
            ends.extend(from.map(|from| format!("{column} >= {}", statement.bind(Cell::Integer(from)))));
            ends.extend(to.map(|to| format!("{column} < {}", statement.bind(Cell::Integer(to)))));
            format!("({})", ends.join(" AND "))
        }
    }
}

/// What comes after a place: the order's column first, then what tells rows apart.
fn behind(
    order: Option<(Order, String)>,
    identity: &[String],
    after: &Place,
    statement: &mut Statement,
) -> String {
    let (by, cells) = after.cells.split_at(usize::from(order.is_some()).min(after.cells.len()));
    let bound: Vec<String> = cells.iter().map(|cell| statement.bind(cell.clone())).collect();
    let later = format!("({}) > ({})", identity.join(", "), bound.join(", "));
    match (order, by.first()) {
        (Some((_, column)), None | Some(Cell::Null)) => format!("({column} IS NULL AND {later})"),
        (Some((order, column)), Some(cell)) => {
            let value = statement.bind(cell.clone());
            let than = if order.falling { "<" } else { ">" };
            format!("({column} {than} {value} OR {column} IS NULL OR ({column} = {value} AND {later}))")
        }
        (None, _) => later,
    }
}
