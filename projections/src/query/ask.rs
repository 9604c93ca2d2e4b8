//! What is asked of a view.

use sijill_event::Timestamp;

use super::view::{Field, Kind, View};
use crate::error::ProjectionError;
use crate::model::{Cell, Type};

/// Most rows in a page.
pub const MOST: u32 = 1_000;

/// Filters, an order, and how many rows at once: all of columns that the view has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub(super) tests: Vec<(usize, Test)>,
    pub(super) order: Option<Order>,
    pub(super) limit: u32,
    /// Only rows of agencies that were no party to the case or contact before.
    pub(super) outsiders: bool,
}

/// A condition on a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// It holds this.
    Is(Cell),
    /// This is among the texts it holds.
    Has(String),
    /// It holds nothing.
    Nothing,
    /// It holds no less than the first, and less than the second.
    Within(Option<i64>, Option<i64>),
}

/// By a column; what holds nothing there comes last either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) column: usize,
    pub(super) falling: bool,
}

impl Ask {
    /// Reads a question of this view. A filter is a column's name and what it is to hold: a value; nothing at all, for rows
    /// that have none; or on integers and times a range `A..B`, from A on and below B, either of which may be left out. Times
    /// are Unix milliseconds or RFC 3339. `sort` is a column's name, with `-` before it for falling.
    ///
    /// # Errors
    /// [`ProjectionError::Question`], in words that hold nothing of what was asked.
    pub fn read<'a>(
        view: &View,
        filters: impl IntoIterator<Item = (&'a str, &'a str)>,
        sort: Option<&str>,
        limit: u32,
    ) -> Result<Self, ProjectionError> {
        if !(1..=MOST).contains(&limit) {
            return Err(question(format!("`limit` is 1 to {MOST}")));
        }
        let mut tests: Vec<(usize, Test)> = Vec::new();
        for (name, value) in filters {
            let unknown =
                || question("a parameter names no column of this view; `/v1/views` lists them".into());
            let place = view.place(name).ok_or_else(unknown)?;
            let field = view.fields.get(place).ok_or_else(unknown)?;
            if tests.iter().any(|(other, _)| *other == place) {
                return Err(question(format!("`{}` is there twice", field.name)));
            }
            tests.push((place, test(field, value)?));
        }
        tests.sort_by_key(|(place, _)| *place);
        let order = sort.map(|sort| {
            let (name, falling) = sort.strip_prefix('-').map_or((sort, false), |name| (name, true));
            let column = view.place(name);
            let unknown = || question("`sort` is a column of this view, with `-` before it to fall".into());
            Ok::<_, ProjectionError>(Order { column: column.ok_or_else(unknown)?, falling })
        });
        Ok(Self { tests, order: order.transpose()?, limit, outsiders: false })
    }

    /// The same question, so many rows at once, 1 to [`MOST`].
    #[must_use]
    pub fn by(&self, limit: u32) -> Self {
        Self { limit: limit.clamp(1, MOST), ..self.clone() }
    }

    /// The same question about rows whose `agency` was no party to the case or contact before them; of views with such a column.
    #[must_use]
    pub fn of_outsiders(self) -> Self {
        Self { outsiders: true, ..self }
    }

    /// How many rows at once.
    pub fn limit(&self) -> u32 {
        self.limit
    }
}

fn test(field: &Field, value: &str) -> Result<Test, ProjectionError> {
    if value.is_empty() {
        return Ok(Test::Nothing);
    }
    if !is_plain(value) {
        return Err(expects(field, "a text without control characters"));
    }
    if field.kind.is_many() {
        // A comma would ask for neighbours.
        let single = !value.contains(',');
        return if single { Ok(Test::Has(value.to_owned())) } else { Err(expects(field, "one code")) };
    }
    match field.kind.holds() {
        Type::Text => Ok(Test::Is(value.into())),
        Type::Integer => match (field.kind, value.split_once("..")) {
            (Kind::Flag, _) => match value {
                "true" | "1" => Ok(Test::Is(true.into())),
                "false" | "0" => Ok(Test::Is(false.into())),
                _ => Err(expects(field, "`true` or `false`")),
            },
            (_, None) => Ok(Test::Is(Cell::Integer(integer(field, value)?))),
            (_, Some(("", ""))) => Err(expects(field, "a range that has a beginning or an end")),
            (_, Some((from, to))) => {
                let end = |text: &str| (!text.is_empty()).then(|| integer(field, text)).transpose();
                Ok(Test::Within(end(from)?, end(to)?))
            }
        },
    }
}

fn integer(field: &Field, text: &str) -> Result<i64, ProjectionError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map_err(|_| expects(field, "an integer of at most 64 bits"));
    }
    let time = Timestamp::parse(text).filter(|_| field.kind == Kind::Time).map(|time| time.unix_ms());
    time.ok_or_else(|| {
        let what = if field.kind == Kind::Time {
            "a time, in Unix milliseconds or RFC 3339 with an offset, or a range of times `A..B`"
        } else {
            "an integer or a range `A..B`"
        };
        expects(field, what)
    })
}

fn expects(field: &Field, what: &str) -> ProjectionError {
    question(format!("`{}` takes {what}", field.name))
}

/// PostgreSQL holds no U+0000, and no id or code has any other control character.
pub(super) fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

pub(super) fn question(why: String) -> ProjectionError {
    ProjectionError::Question(why)
}

#[cfg(test)]
mod tests {
    use super::super::view::view;
    use super::*;

    fn read(filters: &[(&str, &str)], sort: Option<&str>) -> Result<Ask, String> {
        let deadlines = view("deadlines").expect("a view");
        Ask::read(deadlines, filters.iter().copied(), sort, 10).map_err(|error| {
            assert_eq!(error.code(), "projection-question");
            error.to_string()
        })
    }

    #[test]
    fn filters_are_read_by_what_their_column_holds() {
        let ask = read(
            &[("due_ms", "..2026-11-01T04:00:00+04:00"), ("met_ms", ""), ("varied", "true")],
            Some("-due_ms"),
        );
        let ask = ask.expect("a question");
        let tests: Vec<&Test> = ask.tests.iter().map(|(_, test)| test).collect();
        let until = 1_793_491_200_000;
        assert_eq!(tests, [&Test::Within(None, Some(until)), &Test::Nothing, &Test::Is(Cell::Integer(1))]);
        assert_eq!(ask.order.map(|order| order.falling), Some(true));
        let cases = view("cases").expect("a view");
        let ask = Ask::read(cases, [("concerns", "neglect")], None, 1).expect("a question");
        assert_eq!(ask.tests[0].1, Test::Has("neglect".into()));
    }

    #[test]
    fn what_a_view_does_not_have_is_refused_without_repeating_it() {
        for (filters, sort) in [
            (&[("until", "1")][..], None),
            (&[("secret; DROP TABLE", "1")], None),
            (&[("due_ms", "secret")], None),
            (&[("due_ms", "..")], None),
            (&[("due_ms", "1..2..3")], None),
            (&[("due_ms", "99999999999999999999")], None),
            (&[("since", "2026-11-01T00:00:00Z")], None),
            (&[("varied", "secret")], None),
            (&[("milestone", "secret\0")], None),
            (&[("met_ms", ""), ("met_ms", "1")], None),
            (&[], Some("secret")),
            (&[], Some("--due_ms")),
        ] {
            let why = read(filters, sort).expect_err("refused");
            assert!(!why.contains("secret"), "{why}");
        }
        let cases = view("cases").expect("a view");
        assert!(Ask::read(cases, [("concerns", "a,b")], None, 1).is_err());
        assert!(Ask::read(cases, [], None, 0).is_err());
        assert!(Ask::read(cases, [], None, MOST + 1).is_err());
    }
}
