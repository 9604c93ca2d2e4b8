//! A queue: which child, what is asked, how urgent, what is owed by when, who acted last, and one thing to do.

use maud::{Markup, html};

use crate::text::texts;
use crate::{Count, Text, View};

texts! {
    IMMEDIATE: "فوري", "Immediate";
    HIGH: "عاجل", "High";
    MEDIUM: "متوسط", "Medium";
    LOW: "عادي", "Routine";
    OVERDUE: "متأخر {span}", "Overdue by {span}";
    LEFT: "بقي {span}", "{span} left";
    PAUSED: "متوقف مؤقتًا، بقي {span}", "Paused, {span} left";
    DUE: "الموعد: {moment}", "Due {moment}";
    WAS_DUE: "كان الموعد: {moment}", "Was due {moment}";
    WORKING: "{span} من وقت العمل", "{span} of working time";
}

const WORKING_DAYS: Count = Count {
    ar: ["أقل من يوم عمل", "يوم عمل", "يوما عمل", "{n} أيام عمل", "{n} يوم عمل", "{n} يوم عمل"],
    en: ["{n} working day", "{n} working days"],
};

/// A length of time, in the time that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Milliseconds by the clock on the wall.
    Wall(u64),
    /// Milliseconds of working time.
    Working(u64),
    /// Whole working days, however long their hours.
    Days(u64),
}

impl Span {
    /// In words.
    pub fn say(self, view: &View) -> String {
        match self {
            Self::Wall(ms) => view.span(ms),
            Self::Working(ms) => view.t(WORKING).replace("{span}", &view.hours(ms)),
            Self::Days(days) => view.count(WORKING_DAYS, days),
        }
    }
}

/// How urgent: a word, a shape, and only then a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Now, whatever the hour.
    Immediate,
    /// High.
    High,
    /// Medium.
    Medium,
    /// Low.
    Low,
}

/// What is owed by when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Too late by so many milliseconds.
    Over {
        /// Milliseconds.
        by: u64,
        /// When it was due, Unix milliseconds.
        at: u64,
    },
    /// So much is left.
    Left {
        /// Working time where the clock is a working one.
        left: Span,
        /// When it is due, Unix milliseconds.
        at: u64,
        /// Whether it is time to hurry.
        soon: bool,
    },
    /// The clock stands still with so much left.
    Paused {
        /// Working time where the clock is a working one.
        left: Span,
    },
}

/// One line of a queue.
pub struct Row {
    /// Which child: pseudonym and age band until opened.
    pub child: Markup,
    /// How urgent: [`urgency`] or [`mark`].
    pub urgency: Markup,
    /// What is asked, of whom.
    pub asked: Markup,
    /// What is owed next, in words, and by when.
    pub due: Option<(Text, Due)>,
    /// Who acted last, and when.
    pub last: Markup,
    /// The one thing to do: where, and what it is called.
    pub act: (String, Text),
}

/// The word and shape of an urgency.
pub fn urgency(view: &View, urgency: Urgency) -> Markup {
    let text = match urgency {
        Urgency::Immediate => IMMEDIATE,
        Urgency::High => HIGH,
        Urgency::Medium => MEDIUM,
        Urgency::Low => LOW,
    };
    mark(urgency, &html! { (view.t(text)) })
}

/// The shape of an urgency beside a word of one's own.
pub fn mark(urgency: Urgency, word: &Markup) -> Markup {
    let (class, path) = match urgency {
        Urgency::Immediate => ("tag tag--immediate", "M6 0l6 11H0z"),
        Urgency::High => ("tag tag--high", "M6 0l6 6-6 6-6-6z"),
        Urgency::Medium => ("tag tag--medium", "M1 1h10v10H1z"),
        Urgency::Low => ("tag tag--low", "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1z"),
    };
    html! { span class=(class) { svg viewBox="0 0 12 12" aria-hidden="true" { path d=(path) {} } (word) } }
}

/// What is left, with the absolute moment below.
pub fn due(view: &View, owed: Text, due: Due) -> Markup {
    let (class, text, span, moment) = match due {
        Due::Over { by, at } => ("due due--over", OVERDUE, Span::Wall(by), Some((WAS_DUE, at))),
        Due::Left { left, at, soon: true } => ("due due--soon", LEFT, left, Some((DUE, at))),
        Due::Left { left, at, soon: false } => ("due", LEFT, left, Some((DUE, at))),
        Due::Paused { left } => ("due", PAUSED, left, None),
    };
    html! {
        p class=(class) {
            (view.t(owed)) ": " (text.fill(view.lang, &[("span", &span.say(view))]))
            @if let Some((text, at)) = moment {
                span.moment { (text.fill(view.lang, &[("moment", &view.time(at))])) }
            }
        }
    }
}

/// The queue, in the order given.
pub fn queue(view: &View, rows: &[Row]) -> Markup {
    html! {
        ul.queue {
            @for row in rows {
                li {
                    div {
                        p.title { span { (row.child) } (row.urgency) }
                        p { (row.asked) }
                        p.quiet.small { (row.last) }
                    }
                    @if let Some((owed, at)) = row.due { (due(view, owed, at)) } @else { span {} }
                    a.button.button--second href=(row.act.0) { (view.t(row.act.1)) }
                }
            }
        }
    }
}
