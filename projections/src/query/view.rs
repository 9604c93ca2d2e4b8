//! What can be asked for.

use sijill_casework::catalogue::Bilingual;

use super::words;
use crate::model::{Model, Table, Type};
use crate::{accesses, cases, contacts, deadlines, entries, queues, referrals};

/// A table of a model, as it is offered to readers.
#[derive(Debug)]
pub struct View {
    /// Its name in addresses; its model's.
    pub name: &'static str,
    /// The model whose first table it is.
    pub model: &'static Model,
    /// Who sees rows of a case.
    pub who: Who,
    /// What people call it.
    pub title: Bilingual,
    /// What its rows say.
    pub about: Bilingual,
    /// Its columns: `subject`, `since`, `since_ms`, then those of the table.
    pub fields: &'static [Field],
}

/// Who sees rows of a case or contact, besides auditors; nobody who is kept out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever may know of it: officers who work on cases in an agency that is a party, and who broke the glass.
    Knowers,
    /// Of these, officers of the unit that answers for it and supervisors of that unit's agency.
    Owners,
}

/// A column of a view.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name in the table and in answers.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What people call it.
    pub label: Bilingual,
    /// What it says.
    pub about: Bilingual,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The id of a case or contact.
    Subject,
    /// An entry of the log.
    Index,
    /// Unix milliseconds.
    Time,
    /// Milliseconds.
    Duration,
    /// How many, or a number given to a thing.
    Count,
    /// 0 or 1.
    Flag,
    /// A code of this list.
    Code(&'static str),
    /// Codes of this list, each between commas.
    Codes(&'static str),
    /// A word of the rules, or an event's type.
    Word,
    /// Words, each between commas.
    Words,
    /// An agency's id.
    Agency,
    /// The id of a unit of the agency beside it.
    Unit,
    /// The id of an officer or service.
    Officer,
    /// The hash of an event's JWT, base64url.
    Event,
}

impl Kind {
    /// As the list of views has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Index => "index",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::Count => "count",
            Self::Flag => "flag",
            Self::Code(_) => "code",
            Self::Codes(_) => "codes",
            Self::Word => "word",
            Self::Words => "words",
            Self::Agency => "agency",
            Self::Unit => "unit",
            Self::Officer => "officer",
            Self::Event => "event",
        }
    }

    /// The code list its values are from.
    pub fn list(self) -> Option<&'static str> {
        match self {
            Self::Code(list) | Self::Codes(list) => Some(list),
            _ => None,
        }
    }

    /// What the column holds.
    pub fn holds(self) -> Type {
        match self {
            Self::Index | Self::Time | Self::Duration | Self::Count | Self::Flag => Type::Integer,
            _ => Type::Text,
        }
    }

    /// Whether its text is several values, each between commas.
    pub fn is_many(self) -> bool {
        matches!(self, Self::Codes(_) | Self::Words)
    }
}

/// All views.
pub static VIEWS: [View; 7] = [
    View {
        name: "cases",
        model: &cases::MODEL,
        who: Who::Knowers,
        title: Bilingual { ar: "الحالات", en: "Cases" },
        about: Bilingual {
            ar: "وضع كل حالة: مفتوحة أم مغلقة، ودرجة الخطر، والمحافظة، والوحدة المسؤولة، والموظف المكلّف.",
            en: "How each case stood: open or closed, risk, governorate, the unit that owns it, the officer in charge.",
        },
        fields: words::CASES,
    },
    View {
        name: "referrals",
        model: &referrals::MODEL,
        who: Who::Knowers,
        title: Bilingual { ar: "الإحالات", en: "Referrals" },
        about: Bilingual {
            ar: "موضع كل إحالة، ومنذ متى، والجهة التي تنتظرها.",
            en: "Where each referral stood, since when, and on whose side it lay.",
        },
        fields: words::REFERRALS,
    },
    View {
        name: "queues",
        model: &queues::MODEL,
        who: Who::Knowers,
        title: Bilingual { ar: "قوائم العمل", en: "Queues" },
        about: Bilingual {
            ar: "أي حالة تقع في قائمة أي وحدة، ولماذا، وأول ما يُطلب منها فيها.",
            en: "Which case lies in which unit's queue, why, and the first of what the unit owes in it.",
        },
        fields: words::QUEUES,
    },
    View {
        name: "deadlines",
        model: &deadlines::MODEL,
        who: Who::Knowers,
        title: Bilingual { ar: "المواعيد", en: "Deadlines" },
        about: Bilingual {
            ar: "ما استحق عمله، وعلى أي وحدة، ومتى يحين موعده، وهل أُنجز أم فات.",
            en: "What was owed, by which unit, by when, and whether it was met or missed.",
        },
        fields: words::DEADLINES,
    },
    View {
        name: "contacts",
        model: &contacts::MODEL,
        who: Who::Knowers,
        title: Bilingual { ar: "الاتصالات", en: "Contacts" },
        about: Bilingual {
            ar: "ما ورد من اتصالات، ومن أي قناة، وهل صار حالة.",
            en: "What came in, through which channel, and whether it became a case.",
        },
        fields: words::CONTACTS,
    },
    View {
        name: "accesses",
        model: &accesses::MODEL,
        who: Who::Owners,
        title: Bilingual { ar: "الاطلاع", en: "Accesses" },
        about: Bilingual {
            ar: "من طلب الاطلاع، وما عُرض عليه، والدخول الطارئ ومراجعته، وما أُخرج من المنظومة.",
            en: "Who asked to see, what they were shown, broken glass and its review, and what left the system.",
        },
        fields: words::ACCESSES,
    },
    View {
        name: "entries",
        model: &entries::MODEL,
        who: Who::Knowers,
        title: Bilingual { ar: "القيود", en: "Entries" },
        about: Bilingual {
            ar: "كل قيد في حالة أو اتصال: ما هو، ومن وقّعه، وكم تأخر تسجيله. وبتحديد `subject` هو التسلسل الزمني للحالة.",
            en: "Every entry of a case or contact: what, by whom, how late it was recorded. With `subject` it is a case's timeline.",
        },
        fields: words::ENTRIES,
    },
];

/// The view of this name.
pub fn view(name: &str) -> Option<&'static View> {
    VIEWS.iter().find(|view| view.name == name)
}

impl View {
    /// Its table.
    pub(super) fn table(&self) -> Option<&'static Table> {
        self.model.tables.first()
    }

    /// Where the column of this name stands.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The columns that tell any two rows apart that are known at the same size: the subject, the table's key, since when.
    pub(super) fn identity(&self) -> impl Iterator<Item = usize> + '_ {
        let key = self.table().map_or(0, |table| table.key);
        let own = self.table().map_or(&[][..], |table| table.columns).iter().take(key);
        std::iter::once(0).chain(own.filter_map(|column| self.place(column.name))).chain([1])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_view_has_the_columns_of_its_table_in_both_languages() {
        for view in &VIEWS {
            assert_eq!(view.name, view.model.name);
            let first = [("subject", Type::Text), ("since", Type::Integer), ("since_ms", Type::Integer)];
            let own = view.table().expect("a table").columns;
            let columns: Vec<_> =
                first.into_iter().chain(own.iter().map(|column| (column.name, column.holds))).collect();
            let fields: Vec<_> = view.fields.iter().map(|field| (field.name, field.kind.holds())).collect();
            assert_eq!(fields, columns, "{}", view.name);
            let texts = view.fields.iter().flat_map(|field| [field.label, field.about]);
            for text in texts.chain([view.title, view.about]) {
                let arabic = |c: char| ('\u{0600}'..='\u{06ff}').contains(&c);
                assert!(text.ar.chars().any(arabic), "{}: {text:?}", view.name);
                assert!(!text.en.is_empty() && !text.en.chars().any(arabic), "{}: {text:?}", view.name);
            }
            let labels: BTreeSet<_> = view.fields.iter().map(|field| field.label.en).collect();
            assert_eq!(labels.len(), view.fields.len(), "{}: two columns of one label", view.name);
            assert!(view.identity().count() >= 2);
        }
    }

    #[test]
    fn codes_are_of_lists_that_there_are() {
        let shipped: BTreeSet<&str> =
            sijill_casework::shipped::CODE_LISTS.iter().map(|(id, _)| *id).collect();
        for field in VIEWS.iter().flat_map(|view| view.fields) {
            assert!(field.kind.list().is_none_or(|list| shipped.contains(list)), "{}", field.name);
        }
    }
}
