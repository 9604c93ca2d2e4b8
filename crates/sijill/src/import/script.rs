//! From rows to events: what the file says, in the order in which it is appended. A pure function of rows and map.
//!
//! ```text
//! first row of a case   case.opened, deadline.set, then the row
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
            if let Some(deadline) = deadline {
                let mut set = self.of_case(row, Kind::Deadline, event, stream, &start, &deadline);
                set.fields.push((Some(Class::Casework), "deadline".to_owned(), deadline.as_str().into()));
                due = Some(deadline.unix_ms());
                planned.push(set);
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
mod tests {
    use super::super::map::tests::MAP;
    use super::*;

    /// Rows of `case what when group start due end channel who`; `-` is an empty cell.
    fn plan(map: &str, rows: &[&str]) -> (Vec<Planned>, Vec<Trouble>, Cases) {
        let map = Map::parse(map).expect("a map");
        let mut script = Script::new(&map, &map.columns()).expect("a script");
        let (mut planned, mut refused) = (Vec::new(), Vec::new());
        for (text, line) in rows.iter().zip(2..) {
            let cells: Vec<Option<String>> =
                text.split(' ').map(|cell| (cell != "-").then(|| cell.to_owned())).collect();
            let event = cells[1].is_some() || cells[2].is_some();
            match script.row(&Row { line, cells, event }) {
                Ok(events) => planned.extend(events),
                Err(trouble) => refused.push(trouble),
            }
        }
        planned.extend(script.finish());
        (planned, refused, script.cases)
    }

    fn told(planned: &[Planned]) -> Vec<String> {
        let told = |event: &Planned| {
            let id = event.stream.id().unwrap_or_default();
            format!("{id} {} {} {}", event.event_type, event.unit.id, event.occurred)
        };
        planned.iter().map(told).collect()
    }

    const ROWS: [&str; 4] = [
        "1 open 2026-01-02T10:00Z A 2026-01-01T00:00Z 2026-02-01T00:00Z 2026-03-01T00:00Z 1100 amal",
        "1 seen 2026-01-03T10:00Z - 2026-01-01T00:00Z 2026-02-01T00:00Z 2026-03-01T00:00Z 1100 -",
        "2 seen 2026-01-04T10:00Z B - - - - test",
        "3 - - - 2026-01-05T00:00Z - 2026-01-04T00:00Z desk -",
    ];

    #[test]
    fn a_case_is_opened_worked_on_and_ended() {
        let (planned, refused, cases) = plan(MAP, &ROWS);
        assert_eq!(refused, []);
        let group_b = super::super::name::unit_id("B", |_| false);
        assert_eq!(
            told(&planned),
            [
                "1 case.opened archive 2026-01-01T00:00:00Z".to_owned(),
                "1 deadline.set archive 2026-01-01T00:00:00Z".to_owned(),
                "1 file.opened desk-a 2026-01-02T10:00:00Z".to_owned(),
                "1 step.completed archive 2026-01-03T10:00:00Z".to_owned(),
                "1 case.ended archive 2026-03-01T00:00:00Z".to_owned(),
                "2 case.opened archive 2026-01-04T10:00:00Z".to_owned(),
                format!("2 step.completed {group_b} 2026-01-04T10:00:00Z"),
                "3 case.opened archive 2026-01-05T00:00:00Z".to_owned(),
                "3 case.ended archive 2026-01-04T00:00:00Z".to_owned(),
            ]
        );
        let due = planned[1]
            .fields
            .iter()
            .find(|(_, name, _)| name == "deadline")
            .map(|(_, _, value)| value.clone());
        assert_eq!(due, Some("2026-02-01T00:00:00Z".into()));
        assert!(planned[3].fields.contains(&(Some(Class::Casework), "actor".to_owned(), Json::Null)));
        let (all, no_events, no_start) = (cases.all, cases.without_events, cases.without_start);
        assert_eq!((all, no_events, no_start), (3, 1, 1));
        assert_eq!((cases.without_deadline, cases.without_end, cases.differing), (2, 1, 0));
        assert_eq!((cases.ended_after_last_row, cases.ended_before_last_row), (1, 0));
        assert_eq!((cases.ended_in_time, cases.ended_late), (0, 1));
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_line() {
        let rows = [
            "- seen 2026-01-01T00:00Z - - - - - -",
            "1 - 2026-01-01T00:00Z A - - - - -",
            "1 seen - A - - - - -",
            "1 seen 1.1.2026 A - - - - -",
            "1 seen 2026-01-01T00:00Z A yesterday - - - -",
            "1 seen 2026-01-01T00:00Z A - - soon - -",
            "1 seen 2026-01-01T00:00Z A - - - - -",
            "4 - - - - - - - -",
        ];
        let (planned, refused, cases) = plan(MAP, &rows);
        assert_eq!(
            told(&planned),
            ["1 case.opened archive 2026-01-01T00:00:00Z", "1 step.completed desk-a 2026-01-01T00:00:00Z"]
        );
        let codes: Vec<(u64, &str)> = refused.iter().map(|t| (t.line, t.code.as_str())).collect();
        assert_eq!(
            codes,
            [
                (2, "no-case"),
                (3, "no-activity"),
                (4, "no-time"),
                (5, "bad-time"),
                (6, "bad-time"),
                (7, "bad-time"),
                (9, "no-time"),
            ]
        );
        assert_eq!(cases.all, 1);
    }

    #[test]
    fn the_same_file_gives_the_same_keys_and_a_longer_one_keeps_them() {
        let keys = |rows: &[&str]| plan(MAP, rows).0.iter().map(|event| event.jti).collect::<Vec<_>>();
        let all = keys(&ROWS);
        assert_eq!(all, keys(&ROWS));
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        // Next year's file knows the end of case 2 and another channel of case 1: nothing else is new.
        let later = [
            ROWS[0].replace("1100", "web"),
            ROWS[1].replace("1100", "web"),
            ROWS[2].replace("B - - -", "B - - 2026-04-01T00:00Z"),
        ];
        let later: Vec<&str> = later.iter().map(String::as_str).collect();
        let new: Vec<_> = plan(MAP, &later).0.into_iter().filter(|event| !all.contains(&event.jti)).collect();
        assert_eq!(told(&new), ["2 case.ended archive 2026-04-01T00:00:00Z"]);
    }

    #[test]
    fn equal_rows_at_one_time_are_two_events() {
        let row = "1 seen 2026-01-01T00:00Z A - - - - -";
        let other = "1 sent 2026-01-01T00:00Z A - - - - -";
        let (planned, _, _) = plan(MAP, &[row, other, row]);
        let keys: HashSet<_> = planned.iter().map(|event| event.jti).collect();
        assert_eq!((planned.len(), keys.len()), (4, 4));
    }

    #[test]
    fn scattered_rows_end_with_the_file_and_where_they_should_not_be_are_refused() {
        let (first, second) = (ROWS[0], ROWS[2]);
        let again =
            "1 sent 2026-04-01T00:00Z A 2026-01-01T00:00Z 2026-02-01T00:00Z 2026-03-01T00:00Z other -";
        let (_, refused, _) = plan(MAP, &[first, second, again]);
        assert!(matches!(refused.as_slice(), [t] if (t.line, t.code.as_str()) == (4, "case-scattered")));
        let scattered = MAP.replace("group = \"group\"", "group = \"group\"\nrows = \"scattered\"");
        let (planned, refused, cases) = plan(&scattered, &[first, second, again]);
        assert_eq!(refused, []);
        assert_eq!(
            told(&planned).last().map(String::as_str),
            Some("1 case.ended archive 2026-03-01T00:00:00Z")
        );
        assert_eq!((planned.len(), cases.differing, cases.ended_before_last_row), (7, 1, 1));
    }
}
