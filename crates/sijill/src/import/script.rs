//! From rows to events: what the file says, in the order in which it is appended. A pure function of rows and map.
//!
//! ```text
//! first row of a case   case.opened, deadline.set, deadline.varied where a rule says otherwise, then the row
//! every other row       the row
//! last row of a case    the row, then case.ended
//! ```

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sijill_event::{Class, Digest, Json, Stream, Timestamp, Uuid};

use super::log::{Row, Trouble};
use super::map::{CaseEvent, Fields, Map, Named, Order};
use super::name::{case_stream, jti};
use super::report::Cases;
use super::time::{self, Offset};

/// Kinds of imported events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A case begins.
    Opened,
    /// When it should end.
    Deadline,
    /// That it should end at another time than the rule says.
    Varied,
    /// A row of the file.
    Row,
    /// A case ended.
    Ended,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Deadline => "deadline",
            Self::Varied => "varied",
            Self::Row => "row",
            Self::Ended => "ended",
        }
    }
}

/// An event to be signed.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The line it comes from.
    pub line: u64,
    /// What it is.
    pub kind: Kind,
    /// Its idempotency key, a function of what it says.
    pub jti: Uuid,
    /// Its case.
    pub stream: Stream,
    /// Whose service signs.
    pub unit: Arc<Named>,
    /// Its type.
    pub event_type: String,
    /// When it happened.
    pub occurred: Timestamp,
    /// Class (none: open), name, value.
    pub fields: Vec<(Option<Class>, String, Json)>,
}

/// A case whose rows are being read.
struct Open {
    deadline: Option<i64>,
    ended: Option<Planned>,
    /// Time of its latest row.
    latest: Option<i64>,
    /// What its first row says of the case.
    says: Digest,
    differs: bool,
    /// Rows at the time of the last one: equal ones are told apart by counting.
    at: i64,
    seen: HashMap<Digest, u32>,
}

/// Plans the events of a log, row by row.
pub struct Script<'a> {
    map: &'a Map,
    columns: HashMap<String, usize>,
    offset: Option<Offset>,
    units: HashMap<Option<String>, Arc<Named>>,
    open: HashMap<Stream, Open>,
    /// The case the last row belongs to.
    current: Option<Stream>,
    /// Cases that are over, by a hash of their stream.
    over: HashSet<[u8; 8]>,
    /// What was counted.
    pub cases: Cases,
}

impl<'a> Script<'a> {
    /// A script for rows with these columns.
    pub fn new(map: &'a Map, columns: &[String]) -> Result<Self, String> {
        Ok(Self {
            offset: map.offset()?,
            map,
            columns: columns.iter().cloned().zip(0..).collect(),
            units: HashMap::new(),
            open: HashMap::new(),
            current: None,
            over: HashSet::new(),
            cases: Cases::default(),
        })
    }

    /// The events of a row, in order; or why it gives none.
    pub fn row(&mut self, row: &Row) -> Result<Vec<Planned>, Trouble> {
        let missing = |code, what: &str| Trouble::new(row.line, code, format!("the row has no {what}"));
        let source = &self.map.source;
        let stream = self.cell(row, &source.case).and_then(case_stream);
        let stream = stream.ok_or_else(|| missing("no-case", "case"))?;
        let time = self.time(row, &source.time)?;
        if row.event && time.is_none() {
            return Err(missing("no-time", "time"));
        }
        if row.event && self.cell(row, &source.activity).is_none() {
            return Err(missing("no-activity", "activity"));
        }
        let mut begins = Vec::new();
        let first = if self.open.contains_key(&stream) {
            None
        } else {
            if self.map.source.rows == Order::Together && self.over.contains(&short(&stream)) {
                let why = "its case ended further up: the rows of a case do not stand together; say `rows = \"scattered\"` in the map";
                return Err(Trouble::new(row.line, "case-scattered", why));
            }
            Some(self.begin(row, &stream, time.as_ref(), &mut begins)?)
        };
        let mut planned = self.leave_for(&stream);
        if let Some(case) = first {
            self.open.insert(stream.clone(), case);
        }
        planned.append(&mut begins);
        if let Some(time) = time.filter(|_| row.event) {
            planned.push(self.step(row, stream, time));
        }
        Ok(planned)
    }

    /// What is left to say when the file ends: the ends of the cases that are still open.
    pub fn finish(&mut self) -> Vec<Planned> {
        self.current = None;
        let mut open: Vec<(Stream, Open)> = self.open.drain().collect();
        open.sort_by(|(a, _), (b, _)| a.cmp(b));
        open.into_iter().filter_map(|(_, case)| self.cases.close(case.tally())).collect()
    }

    fn cell<'r>(&self, row: &'r Row, column: &str) -> Option<&'r str> {
        row.cells.get(*self.columns.get(column)?)?.as_deref()
    }

    fn time(&self, row: &Row, column: &str) -> Result<Option<Timestamp>, Trouble> {
        let Some(text) = self.cell(row, column) else { return Ok(None) };
        let time = time::parse(text, self.offset.as_ref());
        let wrong = || Trouble::new(row.line, "bad-time", format!("`{column}` is no date-time with offset"));
        time.map(Some).ok_or_else(wrong)
    }

    /// When rows stand together, a row of another case ends the last one.
    fn leave_for(&mut self, stream: &Stream) -> Vec<Planned> {
        if self.current.as_ref() == Some(stream) {
            return Vec::new();
        }
        let last = self.current.replace(stream.clone());
        if self.map.source.rows == Order::Scattered {
            return Vec::new();
        }
        let ended = last.and_then(|last| {
            self.over.insert(short(&last));
            self.open.remove(&last)
        });
        ended.and_then(|case| self.cases.close(case.tally())).into_iter().collect()
    }

    /// A case begins: what its first row says of it.
    fn begin(
        &mut self,
        row: &Row,
        stream: &Stream,
        time: Option<&Timestamp>,
        planned: &mut Vec<Planned>,
    ) -> Result<Open, Trouble> {
        let case = &self.map.case;
        let opened = self.time(row, &case.opened.at)?;
        let deadline =
            case.deadline.as_ref().map(|event| Ok((event, self.time(row, &event.at)?))).transpose()?;
        let ended = case.ended.as_ref().map(|event| Ok((event, self.time(row, &event.at)?))).transpose()?;
        let Some(start) = opened.clone().or_else(|| time.cloned()) else {
            return Err(Trouble::new(row.line, "no-time", "a case without events has no start"));
        };
        self.cases.all += 1;
        self.cases.without_events += u64::from(!row.event);
        self.cases.without_start += u64::from(opened.is_none());
        planned.push(self.of_case(row, Kind::Opened, &case.opened, stream, &start, &start));
        let mut due = None;
        if let Some((event, deadline)) = deadline {
            self.cases.without_deadline += u64::from(deadline.is_none());
            let ruled = match &case.rule {
                None => deadline.clone(),
                Some(rule) => {
                    let ruled = time::days_later(&start, rule.days);
                    let beyond =
                        || Trouble::new(row.line, "bad-time", "the rule's deadline lies beyond all years");
                    Some(ruled.ok_or_else(beyond)?)
                }
            };
            due = deadline.as_ref().or(ruled.as_ref()).map(Timestamp::unix_ms);
            if let Some(ruled) = ruled {
                let mut set = self.of_case(row, Kind::Deadline, event, stream, &start, &ruled);
                set.fields.push((Some(Class::Casework), "deadline".to_owned(), ruled.as_str().into()));
                planned.push(set);
                let other = deadline.filter(|deadline| deadline.unix_ms() != ruled.unix_ms());
                if let (Some(rule), Some(until)) = (&case.rule, other) {
                    let varied = CaseEvent {
                        event_type: rule.varied.clone(),
                        at: event.at.clone(),
                        fields: Fields::default(),
                    };
                    let mut varied = self.of_case(row, Kind::Varied, &varied, stream, &start, &until);
                    varied.fields.push((Some(Class::Casework), "until".to_owned(), until.as_str().into()));
                    planned.push(varied);
                }
            }
        }
        let ended = ended.and_then(|(event, end)| {
            self.cases.without_end += u64::from(end.is_none());
            let end = end?;
            Some(self.of_case(row, Kind::Ended, event, stream, &end, &end))
        });
        let says = self.says(row);
        Ok(Open {
            deadline: due,
            ended,
            latest: None,
            says,
            differs: false,
            at: i64::MIN,
            seen: HashMap::new(),
        })
    }

    fn of_case(
        &mut self,
        row: &Row,
        kind: Kind,
        event: &CaseEvent,
        stream: &Stream,
        occurred: &Timestamp,
        identity: &Timestamp,
    ) -> Planned {
        let what = [&self.map.origin, stream.as_str(), kind.word(), identity.as_str()];
        Planned {
            line: row.line,
            kind,
            jti: jti(occurred.unix_ms(), &what),
            stream: stream.clone(),
            unit: self.unit(None),
            event_type: event.event_type.clone(),
            occurred: occurred.clone(),
            fields: self.fields(row, &event.fields),
        }
    }

    /// A row becomes an event.
    fn step(&mut self, row: &Row, stream: Stream, occurred: Timestamp) -> Planned {
        let activity = self.cell(row, &self.map.source.activity).unwrap_or_default().to_owned();
        let group =
            self.map.source.group.as_ref().and_then(|column| self.cell(row, column)).map(str::to_owned);
        let fields = self.fields(row, &self.map.row.fields);
        // What the row itself says, and nothing that is said of the case: next year's file may know its end.
        let own = [activity.as_str(), occurred.as_str(), group.as_deref().unwrap_or_default()];
        let own =
            own.iter().map(|text| Json::from(*text)).chain(fields.iter().map(|(_, _, value)| value.clone()));
        let own = Digest::of(Json::Array(own.collect()).to_string());
        let says = self.says(row);
        let ms = occurred.unix_ms();
        let mut again = 0;
        if let Some(case) = self.open.get_mut(&stream) {
            if case.at != ms {
                (case.at, case.seen) = (ms, HashMap::new());
            }
            let equal = case.seen.entry(own).or_default();
            again = *equal;
            *equal += 1;
            case.latest = Some(case.latest.map_or(ms, |latest| latest.max(ms)));
            case.differs |= case.says != says;
        }
        let what =
            [&*self.map.origin, stream.as_str(), Kind::Row.word(), &own.to_string(), &again.to_string()];
        Planned {
            line: row.line,
            kind: Kind::Row,
            jti: jti(ms, &what),
            stream,
            unit: self.unit(group),
            event_type: self.map.row.types.get(&activity).unwrap_or(&self.map.row.event_type).clone(),
            occurred,
            fields,
        }
    }

    fn fields(&self, row: &Row, fields: &Fields) -> Vec<(Option<Class>, String, Json)> {
        let value = |column| self.cell(row, column).map_or(Json::Null, Json::from);
        fields.each().map(|(class, field, column)| (class, field.to_owned(), value(column))).collect()
    }

    /// A hash of what the row says of its case.
    fn says(&self, row: &Row) -> Digest {
        let case = &self.map.case;
        let mut text = String::new();
        for event in [Some(&case.opened), case.deadline.as_ref(), case.ended.as_ref()].into_iter().flatten() {
            for column in
                std::iter::once(event.at.as_str()).chain(event.fields.each().map(|(_, _, column)| column))
            {
                text.push_str(self.cell(row, column).unwrap_or_default());
                text.push('\n');
            }
        }
        Digest::of(text)
    }

    fn unit(&mut self, group: Option<String>) -> Arc<Named> {
        let units = &self.map.units;
        let unit = self.units.entry(group).or_insert_with_key(|group| Arc::new(units.unit(group.as_deref())));
        Arc::clone(unit)
    }
}

/// A case that is over, as the report counts it.
pub(super) struct Over {
    pub(super) ended: Option<Planned>,
    pub(super) latest: Option<i64>,
    pub(super) deadline: Option<i64>,
    pub(super) differs: bool,
}

impl Open {
    fn tally(self) -> Over {
        Over { ended: self.ended, latest: self.latest, deadline: self.deadline, differs: self.differs }
    }
}

fn short(stream: &Stream) -> [u8; 8] {
    let mut short = [0; 8];
    for (byte, of) in short.iter_mut().zip(Digest::of(stream.as_str()).as_bytes()) {
        *byte = *of;
    }
    short
}

#[cfg(test)]
mod tests;
