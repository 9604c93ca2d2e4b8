//! One version of a calendar, as published.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use sijill_domain::UnitId;
use sijill_domain::event::HolidayAnnounced;

use super::error::CalendarError;
use super::hours::{Dates, Hours, Opening, Week, Workday, date, time_of_day};
use crate::codes::Label;

/// Hours that are open around the clock, under the one id whose meaning is fixed.
const ALWAYS: &str = "always";

/// One version of a calendar document: hours by id, and public holidays.
#[derive(Debug, Clone)]
pub struct Calendar {
    id: UnitId,
    version: u64,
    time_zone: String,
    /// Local time less UTC, in milliseconds.
    pub(super) offset: i64,
    title: Label,
    hours: BTreeMap<String, Hours>,
    holidays: Vec<Holiday>,
    /// The days of `holidays`, ascending and apart.
    pub(super) closed: Vec<Dates>,
}

/// Days on which hours that keep holidays are closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// The first day, in the calendar's time zone.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// What it is called.
    pub name: Label,
    /// The law or announcement it rests on.
    pub source: String,
    /// Computed, and not announced yet: a new moon is seen or it is not.
    pub expected: bool,
    /// What people should know of it.
    pub note: Option<Label>,
}

impl Holiday {
    /// A holiday as it was announced; `None` if it is on no day that a calendar may speak of.
    pub fn announced(event: &HolidayAnnounced) -> Option<Self> {
        let (from, to) = (date(event.from.as_str())?, date(event.to.as_str())?);
        let name = Label { ar: event.name.ar().to_owned(), en: event.name.en().to_owned() };
        let source = "holiday.announced".to_owned();
        (from <= to).then_some(Self { from, to, name, source, expected: false, note: None })
    }

    pub(super) fn dates(&self) -> Dates {
        Dates::of(self.from, self.to)
    }
}

impl Calendar {
    /// Reads a document and checks it.
    pub fn parse(toml: &[u8]) -> Result<Self, CalendarError> {
        let text = std::str::from_utf8(toml).map_err(|error| CalendarError::Malformed(error.to_string()))?;
        let document: Document =
            toml::from_str(text).map_err(|error| CalendarError::Malformed(error.to_string()))?;
        if document.version == 0 {
            return Err(CalendarError::Version);
        }
        let offset =
            offset(&document.offset).ok_or_else(|| CalendarError::Offset(document.offset.clone()))?;
        labelled(|| "the calendar".to_owned(), &[&document.title], &[&document.time_zone])?;
        if document.hours.is_empty() {
            return Err(CalendarError::NoHours);
        }
        let hours = document.hours.into_iter().map(|(id, text)| Ok((id.clone(), text.read(&id)?)));
        let hours = hours.collect::<Result<BTreeMap<_, _>, CalendarError>>()?;
        let holidays = document
            .holiday
            .into_iter()
            .map(|text| text.read("holiday"))
            .collect::<Result<Vec<_>, CalendarError>>()?;
        let closed = Dates::joined(holidays.iter().map(Holiday::dates).collect());
        let Document { id, version, time_zone, title, .. } = document;
        Ok(Self { id, version, time_zone, offset, title, hours, holidays, closed })
    }

    /// The document's id, e.g. `oman`.
    pub fn id(&self) -> &UnitId {
        &self.id
    }

    /// 1, 2, 3…
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The name of its time zone, for people; what counts is the offset, which never changes within a version.
    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }

    /// What it is called.
    pub fn title(&self) -> &Label {
        &self.title
    }

    /// The ids of its hours.
    pub fn hours(&self) -> impl Iterator<Item = &str> {
        self.hours.keys().map(String::as_str)
    }

    /// What these hours are called; `None` if there are none of this id.
    pub fn hours_title(&self, id: &str) -> Option<&Label> {
        self.hours.get(id).map(|hours| &hours.title)
    }

    /// The public holidays, in the document's order.
    pub fn holidays(&self) -> &[Holiday] {
        &self.holidays
    }

    pub(super) fn hours_of(&self, id: &str) -> Option<&Hours> {
        self.hours.get(id)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    id: UnitId,
    version: u64,
    time_zone: String,
    offset: String,
    title: Label,
    hours: BTreeMap<String, HoursText>,
    #[serde(default)]
    holiday: Vec<HolidayText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursText {
    title: Label,
    source: String,
    holidays: bool,
    week: WeekText,
    #[serde(default)]
    period: Vec<PeriodText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodText {
    from: String,
    to: String,
    name: Label,
    source: String,
    #[serde(default)]
    expected: bool,
    note: Option<Label>,
    /// As the hours have it if left out.
    holidays: Option<bool>,
    week: WeekText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidayText {
    from: String,
    to: String,
    name: Label,
    source: String,
    #[serde(default)]
    expected: bool,
    note: Option<Label>,
}

/// Weekday to intervals; a weekday left out is closed.
type WeekText = BTreeMap<String, Vec<String>>;

impl HoursText {
    fn read(self, id: &str) -> Result<Hours, CalendarError> {
        if UnitId::parse(id).is_none() {
            return Err(CalendarError::HoursId(id.to_owned()));
        }
        let place = || format!("hours `{id}`");
        labelled(place, &[&self.title], &[&self.source])?;
        let usual = Week { days: week(place, self.week)?, holidays: self.holidays };
        if usual.is_never_open() {
            return Err(CalendarError::NeverOpen(id.to_owned()));
        }
        if id == ALWAYS && !(usual.is_always_open() && self.period.is_empty()) {
            return Err(CalendarError::Always);
        }
        let mut periods = Vec::with_capacity(self.period.len());
        for PeriodText { from, to, name, source, expected, note, holidays, week: text } in self.period {
            let period = HolidayText { from, to, name, source, expected, note };
            let period = period.read(&format!("hours `{id}`, period"))?;
            let days = week(|| format!("hours `{id}`, period from {}", period.from), text)?;
            let week = Week { days, holidays: holidays.unwrap_or(self.holidays) };
            periods.push((period.dates(), week, period.from));
        }
        periods.sort_by_key(|(dates, ..)| *dates);
        if let Some([_, (_, _, from)]) =
            periods.array_windows().find(|[one, next]| next.0.first <= one.0.last)
        {
            return Err(CalendarError::Periods { hours: id.to_owned(), from: from.to_string() });
        }
        let (dates, weeks) = periods.into_iter().map(|(dates, week, _)| (dates, week)).unzip();
        Ok(Hours { title: self.title, usual, dates, weeks })
    }
}

impl HolidayText {
    fn read(self, kind: &str) -> Result<Holiday, CalendarError> {
        let place = || format!("{kind} `{}`", self.name.en);
        let (from, to) = dates(place, &self.from, &self.to)?;
        let labels: Vec<&Label> = [&self.name].into_iter().chain(&self.note).collect();
        labelled(place, &labels, &[&self.source])?;
        let Self { name, source, expected, note, .. } = self;
        Ok(Holiday { from, to, name, source, expected, note })
    }
}

fn week(place: impl Fn() -> String, text: WeekText) -> Result<[Workday; 7], CalendarError> {
    let mut days: [Workday; 7] = Default::default();
    for (weekday, intervals) in text {
        let day = Week::index(&weekday).and_then(|index| days.get_mut(index));
        let Some(day) = day else { return Err(CalendarError::Weekday { place: place(), weekday }) };
        let place = || format!("{}, {weekday}", place());
        let mut openings = Vec::with_capacity(intervals.len());
        for interval in intervals {
            match Opening::parse(&interval) {
                Some(opening) => openings.push((opening, interval)),
                None => return Err(CalendarError::Interval { place: place(), interval }),
            }
        }
        openings.sort();
        if let Some([_, (_, interval)]) = openings.array_windows().find(|[one, next]| next.0.from < one.0.to)
        {
            return Err(CalendarError::Overlap { place: place(), interval: interval.clone() });
        }
        *day = Workday::new(openings.into_iter().map(|(opening, _)| opening).collect());
    }
    Ok(days)
}

fn dates(place: impl Fn() -> String, from: &str, to: &str) -> Result<(NaiveDate, NaiveDate), CalendarError> {
    let read =
        |text: &str| date(text).ok_or_else(|| CalendarError::Date { place: place(), date: text.to_owned() });
    let (first, last) = (read(from)?, read(to)?);
    if last < first {
        return Err(CalendarError::Reversed { place: place(), from: from.to_owned(), to: to.to_owned() });
    }
    Ok((first, last))
}

fn labelled(place: impl Fn() -> String, labels: &[&Label], texts: &[&str]) -> Result<(), CalendarError> {
    let labels = labels.iter().flat_map(|label| [label.ar.as_str(), label.en.as_str()]);
    let is_blank = labels.chain(texts.iter().copied()).any(|text| text.trim().is_empty());
    if is_blank { Err(CalendarError::Unlabelled(place())) } else { Ok(()) }
}

/// Reads `+04:00`, in milliseconds.
fn offset(text: &str) -> Option<i64> {
    let (sign, time) = match text.as_bytes().first()? {
        b'+' => (1, text.get(1..)?),
        b'-' => (-1, text.get(1..)?),
        _ => return None,
    };
    let ms = time_of_day(time)?;
    (ms <= 14 * 3_600_000).then_some(sign * ms)
}
