//! Values of events in the reader's words: codes by the lists in force, units by their names, times in Muscat.

use std::collections::BTreeSet;

use maud::{Markup, html};
use sijill_casework::Address;
use sijill_casework::case::CaseFile;
use sijill_casework::catalogue::{self, CATALOGUE, FieldClass, FieldPath, FieldSpec, Kind};
use sijill_casework::codes::CodeBook;
use sijill_domain::Registry;
use sijill_event::{Digest, Json, StreamKind, Timestamp};

use super::path;
use crate::page::word;
use crate::text::texts;
use crate::{Count, Lang, Text, View};

texts! {
    YES: "نعم", "Yes";
    NO: "لا", "No";
    NONE: "لا شيء", "None";
    ENTRY: "{what} (القيد {n})", "{what} (entry {n})";
    FILE: "ملف {kind}، {size} بايت", "File {kind}, {size} bytes";
}

const RELEASED: Count = Count {
    ar: ["لا قيمة", "قيمة واحدة", "قيمتان", "{n} قيم", "{n} قيمة", "{n} قيمة"],
    en: ["{n} value", "{n} values"],
};

/// Labels of the list `situation` as they are said of a girl. A label that is not here is the same for all children.
const FEMININE: &[(&str, &str)] = &[
    ("طفل ذو إعاقة", "طفلة ذات إعاقة"),
    ("يحتاج إلى تيسيرات", "تحتاج إلى تيسيرات"),
    ("غير مصحوب", "غير مصحوبة"),
    ("يتيم", "يتيمة"),
    ("يعيش مع الشخص المنسوب إليه الفعل", "تعيش مع الشخص المنسوب إليه الفعل"),
    ("يعمل", "تعمل"),
];

/// What values are told with.
pub(crate) struct Telling<'a> {
    pub(crate) view: &'a View,
    pub(crate) registry: &'a Registry,
    pub(crate) book: &'a CodeBook,
    pub(crate) file: &'a CaseFile,
    /// Pages of other cases and contacts that the reader may open: only to these there are links.
    pub(crate) open: BTreeSet<String>,
}

impl<'a> Telling<'a> {
    /// With links within the file only.
    pub(crate) fn new(
        view: &'a View,
        registry: &'a Registry,
        book: &'a CodeBook,
        file: &'a CaseFile,
    ) -> Self {
        Self { view, registry, book, file, open: BTreeSet::new() }
    }

    /// Another case or contact by its number, and the way there if the reader may go.
    pub(crate) fn elsewhere(&self, kind: StreamKind, id: &str) -> Markup {
        let page = path(kind, id);
        html! {
            @if self.open.contains(&page) { a href=(page) { (word::short(id)) } } @else { (word::short(id)) }
        }
    }

    /// A field's value.
    pub(crate) fn value(&self, field: &FieldSpec, value: &Json) -> Markup {
        match field.kind {
            // The automation's instants have one spelling, in Unix milliseconds.
            Kind::Integer(_) if field.name == "due" => {
                html! { (self.view.time(value.as_u64().unwrap_or(0))) }
            }
            kind => self.of(kind, value),
        }
    }

    /// How a child of this sex is situated: Arabic says it of a girl in the feminine, and the lists hold the masculine.
    pub(crate) fn situation(&self, code: &str, sex: Option<&str>) -> Markup {
        let label = self.book.list("situation").and_then(|list| list.get(code)).map(|entry| &entry.label);
        let feminine = label.filter(|_| self.view.lang == Lang::Ar && sex == Some("female"));
        match feminine.and_then(|label| FEMININE.iter().find(|(said, _)| *said == label.ar)) {
            Some((_, of_a_girl)) => html! { (of_a_girl) },
            None => word::code(self.view, self.book, "situation", code),
        }
    }

    /// The fields of one event.
    pub(crate) fn field(&self, field: &FieldSpec, value: &Json, values: &Json) -> Markup {
        match field.kind {
            Kind::Codes("situation", _) => {
                let sex = values.get("sex").and_then(Json::as_str);
                self.list(value, |code| self.situation(code.as_str().unwrap_or_default(), sex))
            }
            _ => self.value(field, value),
        }
    }

    fn of(&self, kind: Kind, value: &Json) -> Markup {
        let view = self.view;
        let text = value.as_str().unwrap_or_default();
        match kind {
            Kind::Text(_) => html! { span.said dir="auto" { (text) } },
            Kind::Code(list) => word::code(view, self.book, list, text),
            Kind::Codes(list, _) => self.each(value, Kind::Code(list)),
            Kind::Word(_) => {
                html! { @match word::word(kind, text) { Some(said) => (view.t(said)), None => (text) } }
            }
            Kind::Words(words, _) => self.each(value, Kind::Word(words)),
            Kind::Digest => self.event(text),
            Kind::Digests(_) => self.each(value, Kind::Digest),
            Kind::Address => self.address(value),
            Kind::Addresses(_) => self.each(value, Kind::Address),
            Kind::Agency => word::agency(view, self.registry, text),
            Kind::Agencies(_) => self.each(value, Kind::Agency),
            Kind::Officer => html! { bdi { (member(value, "agency")) " / " (member(value, "officer")) } },
            Kind::Officers(_) => self.each(value, Kind::Officer),
            Kind::Case => self.elsewhere(StreamKind::Case, text),
            Kind::Contacts(_) => self.contacts(value),
            Kind::Fields(_) => {
                self.list(value, |path| html! { (view.t(field_label(path.as_str().unwrap_or_default()))) })
            }
            Kind::Deadline => {
                let milestone = sijill_casework::Milestone::parse(member(value, "milestone"));
                html! { @if let Some(milestone) = milestone { (view.t(word::milestone(milestone))) } }
            }
            Kind::Released => {
                let fields = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|event| event.get("fields")?.as_array());
                html! { (view.count(RELEASED, fields.map(|fields| fields.len() as u64).sum())) }
            }
            Kind::Timestamp => moment(text).map_or_else(|| html! { bdi { (text) } }, |at| view.time(at)),
            Kind::Date => {
                let noon = moment(&format!("{text}T12:00:00+04:00"));
                noon.map_or_else(|| html! { bdi { (text) } }, |at| html! { (view.date(at)) })
            }
            Kind::Integer(_) => {
                html! { bdi { (view.figures(&value.as_u64().unwrap_or_default().to_string())) } }
            }
            Kind::Bool => html! { (view.t(if value.as_bool() == Some(true) { YES } else { NO })) },
            Kind::Attachment => {
                let (kind, size) = (member(value, "media_type"), value.get("size").and_then(Json::as_u64));
                let kind = html! { bdi { (kind) } };
                FILE.fill(view.lang, &[("kind", &kind), ("size", &view.number(size.unwrap_or_default()))])
            }
            Kind::Unit | Kind::OfficerId => html! { bdi { (text) } },
        }
    }

    fn each(&self, value: &Json, kind: Kind) -> Markup {
        self.list(value, |element| self.of(kind, element))
    }

    fn list(&self, value: &Json, say: impl Fn(&Json) -> Markup) -> Markup {
        let elements = value.as_array().unwrap_or_default();
        let comma = if self.view.lang == Lang::Ar { "، " } else { ", " };
        html! {
            @if elements.is_empty() { span.quiet { (self.view.t(NONE)) } }
            @for (place, element) in elements.iter().enumerate() {
                @if place > 0 { (comma) }
                (say(element))
            }
        }
    }

    fn contacts(&self, value: &Json) -> Markup {
        self.list(value, |id| self.elsewhere(StreamKind::Contact, id.as_str().unwrap_or_default()))
    }

    fn address(&self, value: &Json) -> Markup {
        let text = format!("{}/{}", member(value, "agency"), member(value, "unit"));
        let address = Address::parse(&text);
        address.map_or_else(
            || html! { bdi { (text) } },
            |address| word::address(self.view, self.registry, &address),
        )
    }

    /// What a hash names: the event of this case that has it.
    pub(crate) fn event(&self, hash: &str) -> Markup {
        let noted = Digest::parse(hash).ok().and_then(|hash| self.file.events.get(&hash));
        let Some(noted) = noted else { return word::short(hash) };
        let what = self.view.t(word::event_type(noted.event_type));
        let said = ENTRY.fill(self.view.lang, &[("what", &what), ("n", &self.view.number(noted.index))]);
        html! { a href=(format!("#e{}", noted.index)) { (said) } }
    }
}

/// The label of a field path `<class>.<name>`, from the first type that has it.
pub(crate) fn field_label(path: &str) -> Text {
    let found = FieldPath::parse(path).and_then(|path| {
        let class = FieldClass::Disclosed(path.class());
        let mut fields = CATALOGUE.iter().flat_map(|spec| spec.fields);
        fields.find(|field| field.class == class && field.name == path.name())
    });
    found.map_or_else(|| word::event_type(""), |field| field.label.into())
}

/// A field of the version of a type that an event was signed under.
pub(crate) fn field_of(event_type: &str, v: u16, path: &str) -> Option<&'static FieldSpec> {
    let path = FieldPath::parse(path)?;
    catalogue::spec(event_type, v)?.field(path.name())
}

fn member<'a>(value: &'a Json, name: &str) -> &'a str {
    value.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Unix milliseconds of an RFC 3339 text.
pub(crate) fn moment(text: &str) -> Option<u64> {
    u64::try_from(Timestamp::parse(text)?.unix_ms()).ok()
}

#[cfg(test)]
mod tests {
    use sijill_casework::codes::CodeList;
    use sijill_casework::shipped;

    use super::*;

    /// A label that was changed in the list is said as the list has it: then the feminine is to be changed here too.
    #[test]
    fn every_feminine_is_of_a_label_that_is_shipped() {
        let (_, json) = shipped::CODE_LISTS.iter().find(|(id, _)| *id == "situation").expect("the list");
        let list = CodeList::parse(json).expect("a list");
        for (masculine, feminine) in FEMININE {
            assert!(list.codes.iter().any(|entry| entry.label.ar == *masculine), "{masculine}");
            assert_ne!(masculine, feminine);
        }
    }
}
