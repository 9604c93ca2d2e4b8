//! Whether an event is what its type says, and how one is drafted.

use std::collections::BTreeMap;

use sijill_event::{Class, Draft, Event, Json, SdJwt};

use super::event::{Facts, Unread, Values, is_here};
use super::field::Field;
use super::spec::{FieldClass, FieldSpec, TypeSpec};
use super::value::Codes;
use crate::{Code, Refusal};

static NO_VALUES: BTreeMap<String, Json> = BTreeMap::new();

impl TypeSpec {
    /// Whether the event, with all its disclosures, is one of this type, as at admission: every open member and
    /// every disclosure there, in its class, of its kind, and nothing else; `codes` names exactly the lists.
    /// Refused: `type-unknown` (it is of another type or version), `type-not-here`, `data-malformed`.
    pub fn check(&self, sd_jwt: &SdJwt) -> Result<(), Refusal> {
        self.check_outside(&sd_jwt.event)?;
        for field in self.fields {
            let FieldClass::Disclosed(class) = field.class else { continue };
            self.check_disclosed(field, sd_jwt.value(class, field.name))?;
        }
        Ok(())
    }

    /// All the codes among the values that are here, each with its list: what admission judges. Rules judge only
    /// [`CaseEvent::codes_used`](super::CaseEvent::codes_used), which leaves out what may be withheld from them.
    pub fn codes(&self, sd_jwt: &SdJwt) -> Vec<(&'static str, Code)> {
        let mut codes = Vec::new();
        for field in self.fields {
            let value = match field.class {
                FieldClass::Routing => sd_jwt.event.data.get(field.name),
                FieldClass::Disclosed(class) => sd_jwt.value(class, field.name),
            };
            let (Some(list), Some(value)) = (field.kind.list(), value) else { continue };
            let texts = value.as_array().unwrap_or(std::slice::from_ref(value));
            codes.extend(texts.iter().filter_map(|text| Some((list, Code::parse(text.as_str()?)?))));
        }
        codes
    }

    /// A draft of an event of this type from an object `{field: value}`: routing fields and `codes` become open
    /// members, the others disclosures of their class, with `null` for an optional one that is left out. What
    /// remains is author, place and time. Refused: `data-malformed`.
    pub fn draft(&self, values: &Json) -> Result<Draft, Refusal> {
        let members = values.as_object().ok_or_else(|| self.malformed("the object of values"))?;
        let listed = |name: &str| self.field(name).is_some() || (name == "codes" && !self.lists().is_empty());
        if !members.iter().all(|(name, _)| listed(name)) {
            return Err(self.malformed("a field that is not listed"));
        }
        let mut draft = Draft::new(self.name, self.v);
        for field in self.fields {
            let value = values.get(field.name);
            draft = match (field.class, value) {
                (_, Some(value)) if !field.kind.fits(value) => return Err(self.malformed(field.name)),
                (_, None) if field.required => return Err(self.malformed(field.name)),
                (FieldClass::Routing, None) => draft,
                (FieldClass::Routing, Some(value)) => draft.open(field.name, value.clone()),
                (FieldClass::Disclosed(class), value) => {
                    draft.disclose(class, field.name, value.cloned().unwrap_or(Json::Null))
                }
            };
        }
        self.check_codes(values)?;
        Ok(match values.get("codes") {
            Some(codes) => draft.open("codes", codes.clone()),
            None => draft,
        })
    }

    /// The values that rules may rest on, checked. Whatever can be seen to be wrong without the casework values is
    /// refused whether they are known or not.
    pub(super) fn values<'a>(&self, event: &'a Event, facts: &'a Facts) -> Result<Values<'a>, Unread> {
        self.check_outside(event)?;
        let casework = FieldClass::Disclosed(Class::Casework);
        let values = match facts {
            Facts::Known(values) => values,
            Facts::Withheld if self.of_class(casework).next().is_none() => &NO_VALUES,
            Facts::Withheld => return Err(Unread::Withheld),
        };
        for field in self.of_class(casework) {
            self.check_disclosed(field, values.get(field.name))?;
        }
        if values.len() != self.of_class(casework).count() {
            return Err(self.malformed("a disclosure that is not listed").into());
        }
        Ok(Values { open: &event.data, casework: values })
    }

    /// What everyone sees: type, stream, open members, number of digests per class.
    fn check_outside(&self, event: &Event) -> Result<(), Refusal> {
        if event.event_type != self.name || event.v != self.v {
            return Err(Refusal::TypeUnknown { kind: event.event_type.clone(), v: event.v });
        }
        if !is_here(self, event) {
            let (kind, stream) = (self.name.to_owned(), event.stream.to_string());
            return Err(Refusal::TypeNotHere { kind, stream });
        }
        self.check_open(&event.data)?;
        for class in Class::ALL {
            let there =
                event.digests.iter().find(|(c, _)| *c == class).map_or(0, |(_, digests)| digests.len());
            let fields = || self.of_class(FieldClass::Disclosed(class)).map(|field| field.name);
            if there != fields().count() {
                // Which one is missing no digest tells; which there are, the schema does.
                let wanted = match fields().collect::<Vec<_>>().as_slice() {
                    [] => "none wanted".to_owned(),
                    fields => format!("wanted: {}, null where left out", fields.join(", ")),
                };
                return Err(self.malformed(&format!(
                    "the number of digests in class {class} ({there} there; {wanted})"
                )));
            }
        }
        Ok(())
    }

    fn check_open(&self, data: &Json) -> Result<(), Refusal> {
        let mut taken = 0;
        for field in self.of_class(FieldClass::Routing) {
            match data.get(field.name) {
                Some(value) if field.kind.fits(value) => taken += 1,
                None if !field.required => {}
                _ => return Err(self.malformed(field.name)),
            }
        }
        self.check_codes(data)?;
        taken += usize::from(data.get("codes").is_some());
        // Names are distinct, so as many members as were taken means no others.
        match data.as_object() {
            Some(members) if members.len() == taken => Ok(()),
            _ => Err(self.malformed("a member that is not listed")),
        }
    }

    /// `codes` names exactly the lists; there is none if there are no lists.
    fn check_codes(&self, object: &Json) -> Result<(), Refusal> {
        let codes = Codes::read(object.get("codes")).ok_or_else(|| self.malformed("codes"))?;
        if codes.iter().map(|(list, _)| list).eq(self.lists()) {
            Ok(())
        } else {
            Err(self.malformed("codes"))
        }
    }

    fn check_disclosed(&self, field: &FieldSpec, value: Option<&Json>) -> Result<(), Refusal> {
        match value {
            Some(Json::Null) if !field.required => Ok(()),
            Some(value) if field.kind.fits(value) => Ok(()),
            _ => Err(self.malformed(field.name)),
        }
    }

    pub(super) fn malformed(&self, what: &str) -> Refusal {
        Refusal::malformed(self.name, what)
    }
}
