//! Codes, units, officers, times and the things of a case as people read them.

use std::collections::BTreeMap;

use sijill_casework::Address;
use sijill_casework::case::{Author, World};
use sijill_casework::catalogue::{CATALOGUE, CaseEvent, FieldSpec, Kind, Word};
use sijill_casework::codes::{CodeBook, Label};
use sijill_domain::event::Name;
use sijill_event::{Digest, Event, Json, Stream, StreamKind};

use super::reading::Line;

/// Muscat keeps the same time all year, four hours ahead of UTC.
const MUSCAT_S: i32 = 4 * 3_600;

/// What later events call what an event of this type made, in English and Arabic. What is not here goes by its title.
const THINGS: &[(&str, &str, &str)] = &[
    ("contact.logged", "the contact", "الاتصال"),
    ("contact.corrected", "the correction of the contact", "تصحيح الاتصال"),
    ("case.opened", "the opening of the case", "فتح الحالة"),
    ("child.registered", "the registration of the child", "تسجيل بيانات الطفل"),
    ("child.corrected", "the correction of what is said of the child", "تصحيح بيانات الطفل"),
    ("party.added", "the record of a person around the child", "تسجيل شخص ذي صلة بالطفل"),
    (
        "party.corrected",
        "the correction of what is said of a person around the child",
        "تصحيح بيانات شخص ذي صلة بالطفل",
    ),
    ("case.transfer_requested", "the request to take the case over", "طلب تولّي الحالة"),
    ("case.transferred", "the transfer of the case", "انتقال الحالة"),
    ("case.unmerged", "the end of the merger", "إلغاء الدمج"),
    ("risk.assessed", "the assessment of the risk", "تقدير الخطورة"),
    ("assessment.completed", "the assessment", "التقييم"),
    ("safety_plan.made", "the safety plan", "خطة الأمان"),
    ("plan.proposed", "the plan", "الخطة"),
    ("plan.approved", "the approval of the plan", "اعتماد الخطة"),
    ("follow_up.recorded", "the follow-up", "المتابعة"),
    ("child.seen", "the visit to the child", "مقابلة الطفل"),
    ("placement.started", "the placement", "رعاية الطفل في مكان آخر"),
    ("note.added", "the note", "الملاحظة"),
    ("document.attached", "the document", "الوثيقة"),
    ("consent.recorded", "the consent", "الموافقة"),
    ("consent.withdrawn", "the withdrawal of the consent", "سحب الموافقة"),
    ("breach.recorded", "the breach of personal data", "انتهاك البيانات الشخصية"),
    ("conference.scheduled", "the conference", "الاجتماع"),
    ("order.issued", "the order", "الأمر"),
    ("referral.accepted", "the acceptance of the referral", "قبول الإحالة"),
    ("referral.started", "the beginning of work on the referral", "بدء العمل على الإحالة"),
    ("referral.redirected", "the passing on of the referral", "توجيه الإحالة"),
    ("case.closure_requested", "the request to close the case", "طلب إغلاق الحالة"),
    ("case.reopened", "the reopening of the case", "إعادة فتح الحالة"),
    ("notice.given", "the notice", "الإشعار"),
    ("access.requested", "the request to be shown values", "طلب الاطلاع"),
    ("break_glass.invoked", "the breaking of the glass", "الاطلاع الطارئ"),
    ("break_glass.reviewed", "the review of the breaking of the glass", "مراجعة الاطلاع الطارئ"),
    ("case.closure_refused", "the refusal to close the case", "رفض إغلاق الحالة"),
    ("case.transfer_refused", "the refusal to take the case over", "رفض تولّي الحالة"),
    ("child.looked_up", "the search for the child", "البحث عن الطفل"),
    ("child.not_seen", "the attempt to see the child", "محاولة مقابلة الطفل"),
    ("conference.held", "the outcome of the conference", "قرار الاجتماع"),
    ("deadline.varied", "the new time of the deadline", "تعديل المهلة"),
    ("erasure.ordered", "the order to erase", "أمر المحو"),
    ("erasure.refused", "the refusal to erase", "رفض المحو"),
    ("escalation.resolved", "the resolution of the escalation", "معالجة التصعيد"),
    ("feedback.recorded", "the feedback", "الرأي فيما جرى"),
    ("legal_basis.invoked", "the legal basis", "السند القانوني"),
    ("order.transcribed", "the text of the order", "نص الأمر"),
    ("plan.rejected", "the rejection of the plan", "إعادة الخطة"),
    ("referral.cancelled", "the cancellation of the referral", "إلغاء الإحالة"),
    ("referral.completed", "the completion of the referral", "إنجاز الإحالة"),
    ("referral.disposed", "the settlement of the referral", "البتّ في الإحالة"),
    ("referral.entered_in_error", "the retraction of the referral", "التصريح بخطأ الإحالة"),
    ("referral.failed", "the failure of the referral", "تعذّر تنفيذ الإحالة"),
    ("referral.held", "the hold on the referral", "تعليق الإحالة"),
    ("referral.info_provided", "the answer about the referral", "الجواب بشأن الإحالة"),
    ("referral.info_requested", "the question about the referral", "السؤال بشأن الإحالة"),
    ("referral.rejected", "the rejection of the referral", "رفض الإحالة"),
    ("service.delivered", "the service", "الخدمة"),
    ("vote.cast", "the vote", "التصويت"),
    ("warning.reviewed", "the review of the warning", "مراجعة الإنذار"),
];

fn thing(event_type: &str) -> Option<(&'static str, &'static str)> {
    let (_, en, ar) = THINGS.iter().find(|(name, ..)| *name == event_type)?;
    Some((en, ar))
}

/// In which language something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// Arabic
    Ar,
    /// English
    En,
}

impl Language {
    /// The text of this language.
    pub fn of<'a>(self, ar: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Ar => ar,
            Self::En => en,
        }
    }

    /// The same of a label.
    pub fn label(self, label: &Label) -> &str {
        self.of(&label.ar, &label.en)
    }

    fn name(self, name: &Name) -> &str {
        self.of(name.ar(), name.en())
    }

    /// Several in a line.
    pub fn join(self, parts: &[String]) -> String {
        parts.join(self.of("، ", ", "))
    }
}

/// What an event made, for those that refer to it.
#[derive(Debug, Clone)]
struct Made {
    index: u64,
    phrase: String,
    by: String,
}

/// The words of one ledger in one language, and the things of one case.
pub struct Words<'a> {
    world: &'a World,
    book: CodeBook,
    language: Language,
    made: BTreeMap<Digest, Made>,
}

impl<'a> Words<'a> {
    /// The words; `lines` are what hashes can refer to.
    pub fn new(world: &'a World, language: Language, lines: &[Line]) -> Self {
        let mut words = Self { world, book: world.book(), language, made: BTreeMap::new() };
        for line in lines {
            let made = words.made_by(line);
            words.made.insert(line.entry.event.hash(), made);
        }
        words
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    fn made_by(&self, line: &Line) -> Made {
        let event = &line.entry.event;
        let phrase = match &line.read {
            Some(CaseEvent::ReferralRequested(act)) => {
                let to = self.unit(&act.to, line.entry.received);
                self.language.of("الإحالة إلى ", "the referral to ").to_owned() + &to
            }
            Some(CaseEvent::EscalationRaised(act)) => {
                let to = self.unit(&act.to, line.entry.received);
                self.language.of("التصعيد إلى ", "the escalation to ").to_owned() + &to
            }
            Some(read) => {
                let (en, ar) = thing(read.event_type()).unwrap_or_else(|| {
                    let title = read.spec().title;
                    (title.en, title.ar)
                });
                self.language.of(ar, en).to_owned()
            }
            None => event.event_type.clone(),
        };
        Made { index: line.index, phrase, by: self.who(line.index, event, line.entry.received) }
    }

    /// The thing that an event made, with the entry it stands in.
    pub fn thing(&self, hash: &Digest) -> String {
        match self.made.get(hash) {
            Some(made) => {
                format!("{} ({} {})", made.phrase, self.language.of("القيد", "entry"), made.index)
            }
            None => self.language.of("قيد غير موجود هنا", "an entry that is not here").to_owned(),
        }
    }

    /// Who signed the event with this hash.
    pub fn signer(&self, hash: &Digest) -> Option<String> {
        self.made.get(hash).map(|made| made.by.clone())
    }

    /// Who signed an event.
    pub fn who(&self, index: u64, event: &Event, received: u64) -> String {
        if event.iss == crate::key_file::LEDGER {
            return match event.stream.kind() {
                StreamKind::Auto => self.language.of("التشغيل الآلي للسجل", "the ledger’s automation"),
                _ => self.language.of("السجل", "the ledger"),
            }
            .to_owned();
        }
        match Author::of(self.world, index, event) {
            Some(author) => {
                let unit = self.unit(&author.unit, received);
                let (officer, of) =
                    (self.language.of("الموظف ", "officer "), self.language.of(" من ", " of "));
                format!("{officer}{}{of}{unit}", author.officer)
            }
            None => format!("{}/{}", event.iss, event.sub),
        }
    }

    /// An agency by the name it had at that time.
    pub fn agency(&self, id: &str, unix_ms: u64) -> String {
        let name = self.world.registry().name_at(id, unix_ms);
        name.map_or(id, |name| self.language.name(name)).to_owned()
    }

    /// A unit with its agency, by the names they had at that time.
    pub fn unit(&self, address: &Address, unix_ms: u64) -> String {
        let agency = self.world.registry().agency(address.agency.as_str());
        let unit = agency.and_then(|agency| agency.units.get(&address.unit));
        let name = unit.and_then(|unit| sijill_domain::name_at(&unit.names, unix_ms));
        let unit = name.map_or(address.unit.as_str(), |name| self.language.name(name));
        format!("{unit} ({})", self.agency(address.agency.as_str(), unix_ms))
    }

    /// What a code means in the list in force.
    pub fn code(&self, list: &str, code: &str) -> String {
        let entry = self.book.list(list).and_then(|list| list.get(code));
        entry.map_or(code, |entry| self.language.label(&entry.label)).to_owned()
    }

    fn word(&self, words: &[Word], text: &str) -> String {
        let found = words.iter().find(|word| word.word == text);
        found.map_or(text, |word| self.language.of(word.label.ar, word.label.en)).to_owned()
    }

    /// A disclosed field by its label.
    fn field(&self, path: &str) -> String {
        let (class, name) = path.split_once('.').unwrap_or(("", path));
        let mut fields = CATALOGUE.iter().flat_map(|spec| spec.fields);
        let found = fields.find(|field| field.class.as_str() == class && field.name == name);
        found.map_or(path, |field| self.language.of(field.label.ar, field.label.en)).to_owned()
    }

    /// A moment in Muscat.
    pub fn time(&self, unix_ms: u64) -> String {
        muscat(unix_ms)
    }

    /// The value of a field; `None` if there is nothing to say.
    pub fn value(&self, field: &FieldSpec, json: &Json, line: &Line) -> Option<String> {
        let at = line.entry.received;
        let text = || json.as_str().map(str::to_owned);
        let each = |one: &dyn Fn(&Json) -> Option<String>| {
            let parts: Vec<String> = json.as_array()?.iter().filter_map(one).collect();
            // Two fields of different types may be called the same.
            let first = |(at, part): (usize, &String)| {
                (!parts.iter().take(at).any(|before| before == part)).then(|| part.clone())
            };
            let parts: Vec<String> = parts.iter().enumerate().filter_map(first).collect();
            (!parts.is_empty()).then(|| self.language.join(&parts))
        };
        let address = |json: &Json| {
            let member = |name| json.get(name).and_then(Json::as_str);
            let address = Address::parse(&format!("{}/{}", member("agency")?, member("unit")?))?;
            Some(self.unit(&address, at))
        };
        let officer = |json: &Json| {
            let member = |name| json.get(name).and_then(Json::as_str);
            Some(format!("{} ({})", member("officer")?, self.agency(member("agency")?, at)))
        };
        let thing = |json: &Json| Some(self.thing(&Digest::parse(json.as_str()?).ok()?));
        match field.kind {
            Kind::Code(list) => Some(self.code(list, json.as_str()?)),
            Kind::Codes(list, _) => each(&|one| Some(self.code(list, one.as_str()?))),
            Kind::Word(words) => Some(self.word(words, json.as_str()?)),
            Kind::Words(words, _) => each(&|one| Some(self.word(words, one.as_str()?))),
            Kind::Digest => thing(json),
            Kind::Digests(_) => each(&thing),
            Kind::Address => address(json),
            Kind::Addresses(_) => each(&address),
            Kind::Agency => Some(self.agency(json.as_str()?, at)),
            Kind::Agencies(_) => each(&|one| Some(self.agency(one.as_str()?, at))),
            Kind::Unit => {
                let address = Address::parse(&format!("{}/{}", line.entry.event.iss, json.as_str()?))?;
                Some(self.unit(&address, at))
            }
            Kind::Officer => officer(json),
            Kind::Officers(_) => each(&officer),
            Kind::Contacts(_) => each(&|one| one.as_str().map(str::to_owned)),
            Kind::Fields(_) => each(&|one| Some(self.field(one.as_str()?))),
            Kind::Deadline => {
                let milestone = sijill_casework::Milestone::parse(json.get("milestone")?.as_str()?)?;
                Some(self.milestone(milestone))
            }
            Kind::Released => self.released(json),
            Kind::Timestamp => {
                let time = sijill_event::Timestamp::parse(json.as_str()?)?;
                Some(self.time(u64::try_from(time.unix_ms()).ok()?))
            }
            // The one moment that is written as a number: when an act of the automation was due.
            Kind::Integer(_) if field.name == "due" => json.as_u64().map(|due| self.time(due)),
            Kind::Integer(_) => json.as_u64().map(|number| number.to_string()),
            Kind::Bool => json.as_bool().map(|yes| {
                let (ar, en) = if yes { ("نعم", "yes") } else { ("لا", "no") };
                self.language.of(ar, en).to_owned()
            }),
            Kind::Text(_) | Kind::Date | Kind::Case | Kind::OfficerId | Kind::Attachment => text(),
        }
    }

    /// What is owed.
    pub fn milestone(&self, milestone: sijill_casework::Milestone) -> String {
        let words = CATALOGUE.iter().flat_map(|spec| spec.fields).find_map(|field| match field.kind {
            Kind::Word(words) if field.name == "milestone" => Some(words),
            _ => None,
        });
        self.word(words.unwrap_or_default(), milestone.as_str())
    }

    /// Where a referral stands.
    pub fn state(&self, state: &str) -> String {
        let words = CATALOGUE.iter().flat_map(|spec| spec.fields).find_map(|field| match field.kind {
            Kind::Word(words) if field.name == "state" => Some(words),
            _ => None,
        });
        self.word(words.unwrap_or_default(), state)
    }

    /// What an officer was shown: which fields, of which entries.
    fn released(&self, json: &Json) -> Option<String> {
        let events = json.as_array()?;
        if events.is_empty() {
            return Some(self.language.of("لا شيء", "nothing").to_owned());
        }
        let mut parts: Vec<(Option<u64>, String)> = events
            .iter()
            .filter_map(|event| {
                let hash = Digest::parse(event.get("event")?.as_str()?).ok()?;
                let fields = event.get("fields")?.as_array()?.iter();
                let fields: Vec<String> =
                    fields.filter_map(Json::as_str).map(|path| self.field(path)).collect();
                let (of, thing) = (self.language.of("من", "of"), self.thing(&hash));
                let index = self.made.get(&hash).map(|made| made.index);
                Some((index, format!("{} {of} {thing}", self.language.join(&fields))))
            })
            .collect();
        // The ledger lists them by hash; people read a case from its beginning.
        parts.sort_by_key(|(index, _)| *index);
        let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
        Some(parts.join(self.language.of("؛ ", "; ")))
    }
}

/// A moment by Muscat's clocks, to the minute.
pub fn muscat(unix_ms: u64) -> String {
    let utc = i64::try_from(unix_ms).ok().and_then(chrono::DateTime::from_timestamp_millis);
    let local =
        utc.zip(chrono::FixedOffset::east_opt(MUSCAT_S)).map(|(utc, muscat)| utc.with_timezone(&muscat));
    local.map_or_else(|| unix_ms.to_string(), |local| local.format("%Y-%m-%d %H:%M").to_string())
}

/// Whether the stream is the automation's.
pub(super) fn is_automatic(stream: &Stream) -> bool {
    stream.kind() == StreamKind::Auto
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sijill_casework::catalogue::{FieldClass, latest};
    use sijill_event::Class;

    use super::*;

    #[test]
    fn whatever_can_be_shown_to_somebody_has_a_name() {
        for spec in CATALOGUE {
            let hidden = spec.fields.iter().any(|field| match field.class {
                FieldClass::Disclosed(class) => class != Class::Casework,
                FieldClass::Routing => false,
            });
            let named = spec.name == "referral.requested" || thing(spec.name).is_some();
            assert!(named || !hidden, "{}", spec.name);
        }
    }

    #[test]
    fn every_thing_is_of_a_type_and_has_one_name_in_each_language() {
        assert!(THINGS.iter().all(|(event_type, ..)| latest(event_type).is_some()));
        let types: BTreeSet<_> = THINGS.iter().map(|(event_type, ..)| event_type).collect();
        let english: BTreeSet<_> = THINGS.iter().map(|(_, en, _)| en).collect();
        let arabic: BTreeSet<_> = THINGS.iter().map(|(.., ar)| ar).collect();
        assert!([types.len(), english.len(), arabic.len()].iter().all(|named| *named == THINGS.len()));
    }
}
