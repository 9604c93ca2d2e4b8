//! The map: what the columns of an event log mean, and what becomes of them. TOML, typed; `tools/import/` has
//! commented examples.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use sijill_domain::event::Name;
use sijill_domain::{AgencyId, Origin, UnitId};
use sijill_event::{Class, names};

use super::time::Offset;
use crate::error::{Error, Result};

/// A map as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Origin of the ledger that is made.
    pub origin: String,
    /// Who imports.
    pub agency: Named,
    /// Where in a row the file says what.
    pub source: Source,
    /// How groups become units.
    pub units: Units,
    /// Events about a case as a whole.
    pub case: Case,
    /// What a row becomes.
    pub row: RowEvent,
    /// Cells that are to be counted in the report: column → values.
    #[serde(default)]
    pub watch: BTreeMap<String, Vec<String>>,
}

/// An id with its names in both languages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// For good.
    pub id: String,
    /// In Arabic.
    pub ar: String,
    /// In English.
    pub en: String,
}

/// Columns every log has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Which case a row belongs to.
    pub case: String,
    /// What happened.
    pub activity: String,
    /// When.
    pub time: String,
    /// Who is accountable: becomes the unit whose service signs.
    #[serde(default)]
    pub group: Option<String>,
    /// For times without offset, such as `+04:00`; without it they are refused.
    #[serde(default)]
    pub offset: Option<String>,
    /// CSV only: what stands between cells.
    #[serde(default = "comma")]
    pub separator: char,
    /// Whether the rows of a case stand together.
    #[serde(default)]
    pub rows: Order,
}

fn comma() -> char {
    ','
}

/// How the rows of a case stand in the file. XES has them together by construction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// One after the other: a case's end is written after its last row, and memory does not grow with the file.
    #[default]
    Together,
    /// Anywhere: all ends are written when the file ends, and every case is remembered until then.
    Scattered,
}

/// Units of the importing agency.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// Signs what the file says of a case as a whole, and rows without a group.
    pub archive: Named,
    /// Names of groups not listed; `{}` is what the file calls them.
    #[serde(default = "itself")]
    pub ar: String,
    /// The same in English.
    #[serde(default = "itself")]
    pub en: String,
    /// Groups with an id and names of their own.
    #[serde(default)]
    pub names: BTreeMap<String, Named>,
}

fn itself() -> String {
    "{}".to_owned()
}

/// Events about a case as a whole. Their columns are read from the case's first row.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// It begins; without a start date in the file, with its first row.
    pub opened: CaseEvent,
    /// When it should end: stated with the beginning, disclosed as `casework.deadline`.
    #[serde(default)]
    pub deadline: Option<CaseEvent>,
    /// The rule that deadlines follow; where the file has another one, that one was varied.
    #[serde(default)]
    pub rule: Option<Rule>,
    /// It ended.
    #[serde(default)]
    pub ended: Option<CaseEvent>,
}

/// By when a case should end.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// So many times 24 hours after it began.
    pub days: u32,
    /// Type of the event that sets another deadline, disclosed as `casework.until`.
    #[serde(default = "varied")]
    pub varied: String,
}

fn varied() -> String {
    "deadline.varied".to_owned()
}

/// An event about a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseEvent {
    /// Event type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Column of its time.
    pub at: String,
    /// What it tells.
    #[serde(flatten)]
    pub fields: Fields,
}

/// What a row becomes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowEvent {
    /// Event type of activities not listed.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Activity → event type.
    #[serde(default)]
    pub types: BTreeMap<String, String>,
    /// What it tells.
    #[serde(flatten)]
    pub fields: Fields,
}

/// Field → column, by who may see it: `open` to everyone on the timeline and for ever, the others by class.
/// A cell that is empty is disclosed as `null`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    #[serde(default)]
    open: BTreeMap<String, String>,
    #[serde(default)]
    casework: BTreeMap<String, String>,
    #[serde(default)]
    identity: BTreeMap<String, String>,
    #[serde(default)]
    narrative: BTreeMap<String, String>,
    #[serde(default)]
    sensitive: BTreeMap<String, String>,
    #[serde(default)]
    reporter: BTreeMap<String, String>,
}

impl Fields {
    /// Class (none: open), field, column.
    pub fn each(&self) -> impl Iterator<Item = (Option<Class>, &str, &str)> {
        let classes = [
            (None, &self.open),
            (Some(Class::Casework), &self.casework),
            (Some(Class::Identity), &self.identity),
            (Some(Class::Narrative), &self.narrative),
            (Some(Class::Sensitive), &self.sensitive),
            (Some(Class::Reporter), &self.reporter),
        ];
        classes.into_iter().flat_map(|(class, fields)| {
            fields.iter().map(move |(field, column)| (class, field.as_str(), column.as_str()))
        })
    }
}

impl Map {
    /// Reads and checks a map.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::unreadable(path))?;
        Self::parse(&text).map_err(|why| Error::malformed(path, why))
    }

    /// Reads and checks the text of a map; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let map: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        map.check()?;
        Ok(map)
    }

    /// What types alone cannot say: found before the first event is signed, not after the ten-thousandth.
    fn check(&self) -> Result<(), String> {
        Origin::parse(&self.origin).ok_or_else(|| format!("`origin`: `{}` is no origin", self.origin))?;
        AgencyId::parse(&self.agency.id)
            .ok_or_else(|| format!("`agency.id`: `{}` is no agency id", self.agency.id))?;
        self.agency.name().ok_or("`agency`: names are 1 to 200 characters")?;
        let mut ids = BTreeMap::new();
        for (group, unit) in self.units.listed() {
            let id =
                UnitId::parse(&unit.id).ok_or_else(|| format!("`units`: `{}` is no unit id", unit.id))?;
            unit.name().ok_or_else(|| format!("`units`: the names of `{id}` are 1 to 200 characters"))?;
            if let Some(other) = ids.insert(unit.id.as_str(), group) {
                return Err(format!(
                    "`units`: `{id}` stands for {other} and for {group}: two groups would become one"
                ));
            }
        }
        for (what, event_type) in self.types() {
            if !names::is_event_type(event_type) {
                return Err(format!("`{what}`: `{event_type}` is no event type, such as `case.opened`"));
            }
        }
        for (class, field, _) in self.all_fields() {
            let reserved = field == "to" || Class::parse(field).is_some() || matches!(field, "_sd" | "...");
            if !names::is_field_name(field) || (class.is_none() && reserved) {
                return Err(format!("`{field}` cannot be the name of a field"));
            }
        }
        let deadline = self.case.deadline.iter().flat_map(|event| event.fields.each());
        if deadline.into_iter().any(|(class, field, _)| class == Some(Class::Casework) && field == "deadline")
        {
            return Err("`case.deadline`: `casework.deadline` is the deadline itself, from `at`".to_owned());
        }
        if let Some(rule) = &self.case.rule {
            if self.case.deadline.is_none() {
                return Err("`case.rule`: it says when `case.deadline` is; there is none".to_owned());
            }
            if rule.days == 0 || rule.days > 36_500 {
                return Err("`case.rule.days` is 1 to 36500".to_owned());
            }
        }
        self.offset()?;
        if !self.source.separator.is_ascii() {
            return Err("`source.separator` is one ASCII character".to_owned());
        }
        Ok(())
    }

    /// Offset of times that have none.
    pub fn offset(&self) -> Result<Option<Offset>, String> {
        let Some(text) = &self.source.offset else { return Ok(None) };
        Offset::parse(text)
            .map(Some)
            .ok_or_else(|| format!("`source.offset`: `{text}` is no offset, such as `+04:00`"))
    }

    fn types(&self) -> impl Iterator<Item = (&str, &str)> {
        let case = [Some(&self.case.opened), self.case.deadline.as_ref(), self.case.ended.as_ref()];
        let case = case.into_iter().flatten().map(|event| ("case", event.event_type.as_str()));
        let case = case.chain(self.case.rule.iter().map(|rule| ("case.rule.varied", rule.varied.as_str())));
        let rows =
            self.row.types.iter().map(|(activity, event_type)| (activity.as_str(), event_type.as_str()));
        case.chain([("row.type", self.row.event_type.as_str())]).chain(rows)
    }

    fn all_fields(&self) -> impl Iterator<Item = (Option<Class>, &str, &str)> {
        let case = [Some(&self.case.opened), self.case.deadline.as_ref(), self.case.ended.as_ref()];
        case.into_iter().flatten().flat_map(|event| event.fields.each()).chain(self.row.fields.each())
    }

    /// Every column the map names, each once.
    pub fn columns(&self) -> Vec<String> {
        let source = &self.source;
        let times = [Some(&self.case.opened), self.case.deadline.as_ref(), self.case.ended.as_ref()];
        let mut columns: Vec<String> =
            [&source.case, &source.activity, &source.time].into_iter().cloned().collect();
        columns.extend(source.group.clone());
        columns.extend(times.into_iter().flatten().map(|event| event.at.clone()));
        columns.extend(self.all_fields().map(|(_, _, column)| column.to_owned()));
        columns.extend(self.watch.keys().cloned());
        let mut seen = std::collections::BTreeSet::new();
        columns.retain(|column| seen.insert(column.clone()));
        columns
    }
}

impl Named {
    /// The names; `None` if one is empty or too long.
    pub fn name(&self) -> Option<Name> {
        Name::new(&self.ar, &self.en)
    }
}

impl Units {
    fn listed(&self) -> impl Iterator<Item = (&str, &Named)> {
        let groups = self.names.iter().map(|(group, unit)| (group.as_str(), unit));
        groups.chain([("the archive", &self.archive)])
    }

    /// The unit of a group; the archive for rows without one.
    pub fn unit(&self, group: Option<&str>) -> Named {
        let Some(group) = group else { return self.archive.clone() };
        if let Some(unit) = self.names.get(group) {
            return unit.clone();
        }
        let taken = |id: &str| self.listed().any(|(_, unit)| unit.id == id);
        Named {
            id: super::name::unit_id(group, taken),
            ar: self.ar.replace("{}", group),
            en: self.en.replace("{}", group),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A small map; tests put lines of their own in or out.
    pub(crate) const MAP: &str = r#"
origin = "archive.test/map"
agency = { id = "town", ar = "بلدية", en = "Town" }
watch = { who = ["test"] }
[source]
case = "case"
activity = "what"
time = "when"
group = "group"
[units]
archive = { id = "archive", ar = "الأرشيف", en = "Archive" }
names = { A = { id = "desk-a", ar = "أ", en = "Desk A" } }
[case.opened]
type = "case.opened"
at = "start"
casework = { channel = "channel" }
[case.deadline]
type = "deadline.set"
at = "due"
[case.ended]
type = "case.ended"
at = "end"
[row]
type = "step.completed"
types = { open = "file.opened" }
casework = { actor = "who", activity = "what" }
"#;

    #[test]
    fn columns_are_named_once() {
        let map = Map::parse(MAP).expect("valid");
        assert_eq!(map.columns(), ["case", "what", "when", "group", "start", "due", "end", "channel", "who"]);
    }

    #[test]
    fn what_types_cannot_say_is_checked() {
        let cases = [
            ("origin = \"archive.test/map\"", "origin = \"a b\"", "no origin"),
            ("id = \"town\"", "id = \"ledger\"", "no agency id"),
            ("ar = \"بلدية\"", "ar = \"\"", "1 to 200"),
            ("id = \"desk-a\"", "id = \"archive\"", "two groups would become one"),
            ("id = \"desk-a\"", "id = \"Desk\"", "no unit id"),
            ("\"file.opened\"", "\"opened\"", "no event type"),
            ("actor = \"who\"", "Actor = \"who\"", "name of a field"),
            ("[case.ended]", "open = { to = \"who\" }\n[case.ended]", "name of a field"),
            ("at = \"due\"", "at = \"due\"\ncasework = { deadline = \"due\" }", "the deadline itself"),
            ("group = \"group\"", "group = \"group\"\noffset = \"4\"", "no offset"),
            ("group = \"group\"", "group = \"group\"\nseparator = \"،\"", "ASCII"),
            ("group = \"group\"", "groop = \"group\"", "unknown field `groop`"),
            ("at = \"due\"", "at = \"due\"\npublic = {}", "unknown field `public`"),
            ("type = \"step.completed\"", "type = \"step.completed\"\nwho = 1", "unknown field `who`"),
            ("[case.ended]", "[case.rule]\ndays = 0\n[case.ended]", "1 to 36500"),
            ("[case.ended]", "[case.rule]\ndays = 5\nvaried = \"varied\"\n[case.ended]", "no event type"),
            (
                "[case.deadline]\ntype = \"deadline.set\"\nat = \"due\"",
                "[case.rule]\ndays = 5",
                "there is none",
            ),
        ];
        for (from, to, why) in cases {
            assert!(MAP.contains(from), "{from}");
            let refused = Map::parse(&MAP.replacen(from, to, 1)).expect_err(to);
            assert!(refused.contains(why), "{to}: {refused}");
        }
    }

    #[test]
    fn groups_become_units() {
        let units = Map::parse(MAP).expect("valid").units;
        assert_eq!(units.unit(None).id, "archive");
        assert_eq!(units.unit(Some("A")).id, "desk-a");
        assert_eq!(units.unit(Some("b")).id, "b");
        assert_eq!(units.unit(Some("b")).en, "b");
        // A group the file calls by the id of another's unit does not become it.
        assert_ne!(units.unit(Some("archive")).id, "archive");
        assert_ne!(units.unit(Some("desk-a")).id, "desk-a");
    }
}
