//! The fields of an act, asked: each as what it holds wants to be answered.

use maud::{Markup, html};
use sijill_casework::Address;
use sijill_casework::case::{Author, CaseFile};
use sijill_casework::catalogue::{self, FieldClass, FieldSpec, Kind, TypeSpec};
use sijill_casework::codes::CodeBook;
use sijill_domain::Registry;
use sijill_domain::event::OfficerKind;
use sijill_event::{Class, Digest, Json};

use super::value::{Telling, field_label};
use crate::View;
use crate::page::word;
use crate::part::form::{Choice, Field};
use crate::text::texts;

texts! {
    CHOOSE: "اختر", "Choose";
    LEFT_OPEN: "غير محدد", "Not said";
    YES: "نعم", "Yes";
    NO: "لا", "No";
    OCCURRED: "متى حدث ذلك، إن لم يكن الآن؟", "When did it happen, if not now?";
    MUSCAT: "بتوقيت مسقط", "Muscat time";
}

/// Up to so many answers stand open to be read; more go into a list.
const FEW: usize = 6;

/// Types whose personal fields a referral may disclose.
const DISCLOSED_OF: &[&str] = &[
    "case.opened",
    "child.registered",
    "party.added",
    "risk.assessed",
    "safety_plan.made",
    "assessment.completed",
    "plan.proposed",
    "placement.started",
];

/// What fields are asked with.
pub(crate) struct Asking<'a> {
    pub(crate) view: &'a View,
    pub(crate) registry: &'a Registry,
    pub(crate) book: &'a CodeBook,
    pub(crate) reader: &'a Author,
    /// The case or contact, if it is there already.
    pub(crate) file: Option<&'a CaseFile>,
}

/// An answer: what is sent, what is read, whether it is given already.
type Answer = (String, Markup, bool);

impl Asking<'_> {
    /// A field as a question. `given` is the answer that is known already.
    pub(crate) fn field(&self, spec: &FieldSpec, given: Option<&Json>) -> Markup {
        let name = name(spec);
        let mut field = Field::new(&name, spec.label.into());
        field.optional = !spec.required;
        field.hint = spec.help.map(Into::into);
        let text = given.and_then(Json::as_str).unwrap_or_default();
        let is = |value: &str| text == value;
        let among = |value: &str| {
            given
                .and_then(Json::as_array)
                .is_some_and(|all| all.iter().any(|held| held.as_str() == Some(value)))
        };
        let view = self.view;
        match spec.kind {
            Kind::Text(longest) if longest <= 500 => field.longest(longest).line(view, text, "auto"),
            Kind::Text(longest) => field.longest(longest).lines(view, text),
            Kind::Code(list) => self.one(field, self.codes(list, is)),
            Kind::Codes(list, least) => self.any(field, least, &self.codes(list, among)),
            Kind::Word(words) => {
                let answers = words
                    .iter()
                    .map(|held| (held.word.to_owned(), html! { (view.t(held.label.into())) }, is(held.word)));
                self.one(field, answers.collect())
            }
            Kind::Words(words, least) => {
                let answers = words.iter().map(|held| {
                    (held.word.to_owned(), html! { (view.t(held.label.into())) }, among(held.word))
                });
                self.any(field, least, &answers.collect::<Vec<_>>())
            }
            Kind::Bool => {
                let given = given.and_then(Json::as_bool);
                let answers = [(true, YES), (false, NO)];
                let answers = answers
                    .map(|(value, said)| (value.to_string(), html! { (view.t(said)) }, given == Some(value)));
                self.one(field.kind("json"), answers.into())
            }
            Kind::Date => field.input(view, "date", text, "ltr"),
            Kind::Timestamp => {
                let local = text.strip_suffix("+04:00").and_then(|text| text.get(..16)).unwrap_or_default();
                muscat(view, field, local)
            }
            Kind::Integer(_) => field.kind("number").input(view, "number", text, "ltr"),
            Kind::Case => field.line(view, text, "ltr"),
            Kind::Digest => self.one(field, self.things(spec.name)),
            Kind::Digests(least) => self.any(field, least, &self.things(spec.name)),
            Kind::Address => {
                let to = given.map(|to| to.as_str().map_or_else(|| address_text(to), str::to_owned));
                self.listed(field.kind("address"), self.units(&|unit| to.as_deref() == Some(unit)))
            }
            Kind::Addresses(least) => self.any(field.kind("address"), least, &self.units(&|_| false)),
            Kind::Agency => self.listed(field, self.agencies()),
            Kind::Agencies(least) => self.any(field, least, &self.agencies()),
            Kind::OfficerId => self.listed(field, self.colleagues()),
            Kind::Officers(least) => self.any(field.kind("officer"), least, &self.involved()),
            Kind::Fields(least) => self.any(field, least, &personal(view)),
            Kind::Attachment => field.file(view, spec.label.into()),
            // Decided by the form around them, or never asked of a person.
            Kind::Unit | Kind::Officer | Kind::Contacts(_) | Kind::Deadline | Kind::Released => absent(spec),
        }
    }

    fn one(&self, field: Field<'_>, answers: Vec<Answer>) -> Markup {
        if answers.len() > FEW || field.optional {
            return self.listed(field, answers);
        }
        field.radios(self.view, &choices(&answers))
    }

    fn listed(&self, field: Field<'_>, answers: Vec<Answer>) -> Markup {
        let said = self.view.t(if field.optional { LEFT_OPEN } else { CHOOSE });
        let none = (String::new(), html! { (said) }, !answers.iter().any(|(.., chosen)| *chosen));
        let answers: Vec<Answer> = std::iter::once(none).chain(answers).collect();
        field.select(self.view, &choices(&answers))
    }

    fn any(&self, mut field: Field<'_>, least: usize, answers: &[Answer]) -> Markup {
        field.optional = least == 0;
        if answers.is_empty() {
            // An empty list, not an absent one.
            return html! { input type="hidden" name=(field.name) value="[]" data-kind="json"; };
        }
        field.checks(self.view, &choices(answers))
    }

    fn codes(&self, list: &str, chosen: impl Fn(&str) -> bool) -> Vec<Answer> {
        let current =
            self.book.list(list).into_iter().flat_map(|list| &list.codes).filter(|code| !code.retired);
        let answer = |entry: &sijill_casework::codes::CodeEntry| {
            let label = html! { (word::label(self.view, &entry.label)) };
            (entry.code.to_string(), label, chosen(entry.code.as_str()))
        };
        current.map(answer).collect()
    }

    /// What a field that names something of the case can name.
    fn things(&self, name: &str) -> Vec<Answer> {
        let Some((file, case)) = self.file.and_then(|file| Some((file, file.case.as_ref()?))) else {
            return Vec::new();
        };
        let hashes: Vec<Digest> = match name {
            "consent" => {
                let standing = case.consents.iter().filter(|(_, consent)| consent.withdrawn.is_none());
                standing.map(|(hash, _)| *hash).collect()
            }
            "referral" | "replaces" => case.referrals.keys().copied().collect(),
            "exceptions" => {
                let open = case.referrals.iter().filter(|(_, r)| r.state.is_live() || r.is_undisposed());
                open.map(|(hash, _)| *hash).collect()
            }
            _ => Vec::new(),
        };
        let telling = Telling::new(self.view, self.registry, self.book, file);
        let said = |hash: &Digest| match case.referrals.get(hash) {
            Some(referral) => html! {
                (word::code(self.view, self.book, "service", referral.service.as_str())) " · "
                (word::address(self.view, self.registry, &referral.to))
            },
            None => telling.event(&hash.to_string()),
        };
        hashes.iter().map(|hash| (hash.to_string(), said(hash), false)).collect()
    }

    fn units(&self, chosen: &dyn Fn(&str) -> bool) -> Vec<Answer> {
        let agencies = self.registry.agencies().filter(|(_, agency)| !agency.is_removed());
        let units = agencies.flat_map(|(id, agency)| {
            let open = agency.units.iter().filter(|(_, unit)| unit.open);
            open.map(|(unit, _)| Address { agency: id.clone(), unit: unit.clone() })
        });
        let answer = |unit: Address| {
            let text = unit.to_string();
            let chosen = chosen(&text);
            (text, word::address(self.view, self.registry, &unit), chosen)
        };
        units.map(answer).collect()
    }

    fn agencies(&self) -> Vec<Answer> {
        let there = self.registry.agencies().filter(|(_, agency)| !agency.is_removed());
        there
            .map(|(id, _)| (id.to_string(), word::agency(self.view, self.registry, id.as_str()), false))
            .collect()
    }

    fn colleagues(&self) -> Vec<Answer> {
        self.people(self.reader.agency.as_str(), str::to_owned)
    }

    /// Officers of every agency that has to do with the case.
    fn involved(&self) -> Vec<Answer> {
        let case = self.file.and_then(|file| file.case.as_ref());
        let to =
            case.into_iter().flat_map(|case| case.referrals.values().map(|referral| &referral.to.agency));
        let owner = case.into_iter().map(|case| &case.owner.agency);
        let agencies: std::collections::BTreeSet<_> = owner.chain(to).collect();
        let all = agencies
            .into_iter()
            .flat_map(|agency| self.people(agency.as_str(), |officer| format!("{agency}/{officer}")));
        all.collect()
    }

    fn people(&self, agency: &str, text: impl Fn(&str) -> String) -> Vec<Answer> {
        let officers = self.registry.agency(agency).into_iter().flat_map(|agency| &agency.officers);
        let there = officers.filter(|(_, officer)| !officer.removed && officer.kind == OfficerKind::Officer);
        let answer = |(id, _): (&sijill_domain::OfficerId, _)| {
            let value = text(id.as_str());
            let said = html! { bdi { (value) } };
            (value, said, false)
        };
        there.map(answer).collect()
    }
}

fn choices(answers: &[Answer]) -> Vec<Choice<'_>> {
    let choice = |answer: &'_ Answer| (answer.1.clone(), answer.2);
    let values = answers.iter().map(|(value, ..)| value);
    let rest = answers.iter().map(choice);
    values.zip(rest).map(|(value, (label, chosen))| Choice { value, label, note: None, chosen }).collect()
}

/// The personal fields that a referral may disclose.
fn personal(view: &View) -> Vec<Answer> {
    let mut seen = std::collections::BTreeSet::new();
    let fields = DISCLOSED_OF.iter().filter_map(|name| catalogue::latest(name)).flat_map(|spec| spec.fields);
    let paths = fields.filter_map(|field| match field.class {
        FieldClass::Disclosed(Class::Casework) | FieldClass::Routing => None,
        FieldClass::Disclosed(class) => Some((class, format!("{class}.{}", field.name))),
    });
    let said =
        |class, path: &str| html! { (view.t(field_label(path))) " (" (view.t(word::class(class))) ")" };
    paths
        .filter(|(_, path)| seen.insert(path.clone()))
        .map(|(class, path)| (path.clone(), said(class, &path), false))
        .collect()
}

/// The name a field's answer is sent under (`static/js/form.js`).
fn name(spec: &FieldSpec) -> String {
    match spec.class {
        FieldClass::Routing => format!("data.{}", spec.name),
        FieldClass::Disclosed(class) => format!("{class}.{}", spec.name),
    }
}

/// What stands for a field that is not asked: a disclosure is there all the same, so that the number of digests tells
/// nothing.
pub(crate) fn absent(spec: &FieldSpec) -> Markup {
    html! {
        @if spec.class != FieldClass::Routing { input type="hidden" name=(name(spec)) value=""; }
    }
}

/// When it happened, as claimed.
pub(crate) fn occurred(view: &View) -> Markup {
    muscat(view, Field::new("occurred", OCCURRED).optional(), "")
}

fn muscat(view: &View, mut field: Field<'_>, local: &str) -> Markup {
    field.hint = field.hint.or(Some(MUSCAT));
    field.kind("muscat").input(view, "datetime-local", local, "ltr")
}

fn address_text(json: &Json) -> String {
    let part = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default();
    format!("{}/{}", part("agency"), part("unit"))
}

/// Whether a person is asked for it. What a policy prescribes, only the automation cites.
pub(crate) fn is_asked(spec: &TypeSpec, field: &FieldSpec) -> bool {
    !(spec.name == "referral.requested" && ["policy", "cause", "rule"].contains(&field.name))
}
