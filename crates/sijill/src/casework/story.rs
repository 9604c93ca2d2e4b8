//! A case told from beginning to end: what was said and done, by which rule, what was missed, and how it stands.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;
use sijill_casework::case::{Author, Case, CaseFile, Deadline, Status};
use sijill_casework::catalogue::CaseEvent;
use sijill_casework::policy::Dimension;
use sijill_casework::{Address, Amount, Clock, Milestone};
use sijill_event::{Digest, Json, StreamKind};

use super::reading::{History, Line, Reading};
use super::sentences::sentence;
use super::words::{Language, Words, is_automatic};

/// A case's story.
#[derive(Debug, Clone, Serialize)]
pub struct Story {
    /// The case.
    pub case: String,
    #[serde(skip)]
    contact: bool,
    /// Its sentences, in log order.
    pub lines: Vec<Told>,
    /// How it stands at the end.
    pub now: Vec<String>,
}

/// One entry, told.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// The entry's index.
    pub index: u64,
    /// When the ledger received it, Unix milliseconds.
    pub received: u64,
    /// The same in Muscat.
    pub time: String,
    /// The event type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Hash of its JWT.
    pub hash: Digest,
    /// What it says.
    pub sentence: String,
}

impl Story {
    /// Tells a case.
    pub fn tell(reading: &Reading, id: &str, history: &History, language: Language) -> Self {
        let teller = Teller {
            reading,
            words: Words::new(reading.world(), language, &history.lines),
            case: history.file.as_ref().and_then(|file| file.case.as_ref()),
            lines: &history.lines,
        };
        let lines = history.lines.iter().map(|line| teller.told(line)).collect();
        let now = history.file.as_ref().map(|file| teller.now(file)).unwrap_or_default();
        // A case is told with the contacts that it came from.
        let contact = !history.lines.iter().any(|line| line.entry.event.stream.kind() == StreamKind::Case);
        Self { case: id.to_owned(), contact, lines, now }
    }

    /// For people.
    pub fn text(&self, language: Language) -> String {
        let heading = if self.contact {
            language.of("قصة الاتصال", "The story of contact")
        } else {
            language.of("قصة الحالة", "The story of case")
        };
        let times = language.of("الأوقات بتوقيت مسقط", "times are Muscat’s");
        let mut text = format!("{heading} {} ({times})\n", self.case);
        let mut day = "";
        for line in &self.lines {
            let (date, time) = line.time.split_once(' ').unwrap_or((&line.time, ""));
            if date != day {
                let _ = write!(text, "\n{date}\n");
                day = date;
            }
            let _ = writeln!(text, "  {time}  {}  [{}]", line.sentence, line.index);
        }
        if !self.now.is_empty() {
            let _ = writeln!(text, "\n{}", language.of("الوضع الآن", "How it stands"));
            for sentence in &self.now {
                let _ = writeln!(text, "  {sentence}");
            }
        }
        text
    }
}

struct Teller<'a> {
    reading: &'a Reading,
    words: Words<'a>,
    case: Option<&'a Case>,
    lines: &'a [Line],
}

impl Teller<'_> {
    fn told(&self, line: &Line) -> Told {
        let event = &line.entry.event;
        let said = match &line.read {
            Some(read) => self.sentence(line, read),
            None => self.unread(line),
        };
        Told {
            index: line.index,
            received: line.entry.received,
            time: self.words.time(line.entry.received),
            event_type: event.event_type.clone(),
            hash: event.hash(),
            sentence: capital(&said),
        }
    }

    /// What can be said of an entry whose values are gone, or of a type that the catalogue does not have.
    fn unread(&self, line: &Line) -> String {
        let event = &line.entry.event;
        let language = self.words.language();
        let spec = sijill_casework::catalogue::spec(&event.event_type, event.v);
        let title = spec.map_or(event.event_type.as_str(), |spec| language.of(spec.title.ar, spec.title.en));
        let who = self.words.who(line.index, event, line.entry.received);
        let why = language.of("ما عدا ذلك غير محفوظ هنا", "what else it says is not held here");
        format!("{who}: {title} ({why}).")
    }

    fn sentence(&self, line: &Line, read: &CaseEvent) -> String {
        let automatic = is_automatic(&line.entry.event.stream);
        let Some(sentence) = sentence(read.event_type(), automatic) else { return self.unread(line) };
        let values = read.values();
        fill(sentence.template(self.words.language()), &|name| self.value(name, line, read, &values))
    }

    fn value(&self, name: &str, line: &Line, read: &CaseEvent, values: &Json) -> Option<String> {
        match name {
            "who" => Some(self.words.who(line.index, &line.entry.event, line.entry.received)),
            "by_rule" => self.rule(read),
            "reader" => match read {
                CaseEvent::AccessReleased(act) => self.words.signer(&act.request),
                _ => None,
            },
            "within" => self.deadline(values).map(|deadline| self.within(deadline)),
            "owed_by" => Some(self.words.unit(&self.owed_by(line, values)?, line.entry.received)),
            name => self.words.value(read.spec().field(name)?, values.get(name)?, line),
        }
    }

    /// The clock that an act of the automation is about.
    fn deadline(&self, values: &Json) -> Option<&Deadline> {
        let milestone = Milestone::parse(values.get("milestone")?.as_str()?)?;
        let of = Digest::parse(values.get("of")?.as_str()?).ok()?;
        let mut clocks = self.case?.deadlines.iter();
        clocks.find(|deadline| deadline.milestone == milestone && deadline.of == of)
    }

    /// Who owed what was missed, at the time of an escalation: whom the breach named, or who has taken the case over since. The
    /// case's state knows only who owes it now.
    fn owed_by(&self, line: &Line, values: &Json) -> Option<Address> {
        let milestone = Milestone::parse(values.get("milestone")?.as_str()?)?;
        let of = Digest::parse(values.get("of")?.as_str()?).ok()?;
        let passes_on = !milestone.is_of_referral() && milestone != Milestone::ConfirmWithdrawal;
        let mut owes = None;
        for earlier in self.lines.iter().filter(|earlier| earlier.index < line.index) {
            match &earlier.read {
                Some(CaseEvent::ReferralBreached(act)) if act.milestone == milestone && act.of == of => {
                    owes = Some(act.owes.clone());
                }
                Some(CaseEvent::DeadlineBreached(act)) if act.milestone == milestone && act.of == of => {
                    owes = Some(act.owes.clone());
                }
                Some(CaseEvent::CaseTransferred(_)) if passes_on && owes.is_some() => {
                    let author = Author::of(self.reading.world(), earlier.index, &earlier.entry.event);
                    owes = author.map(|author| author.unit);
                }
                _ => {}
            }
        }
        owes
    }

    fn within(&self, deadline: &Deadline) -> String {
        let language = self.words.language();
        let length = match deadline.rule().within {
            Amount::Time(ms) if ms % 3_600_000 == 0 => {
                counted(ms / 3_600_000, language, ["ساعة واحدة", "ساعتان", "ساعات", "ساعة"], ["h", "h"])
            }
            Amount::Time(ms) => {
                counted(ms / 60_000, language, ["دقيقة واحدة", "دقيقتان", "دقائق", "دقيقة"], ["min", "min"])
            }
            Amount::Days(days) => {
                counted(days.into(), language, ["يوم واحد", "يومان", "أيام", "يومًا"], ["day", "days"])
            }
        };
        let clock = match deadline.rule().clock {
            Clock::Wall => language.of("على مدار الساعة", "around the clock"),
            Clock::Working => language.of("بوقت العمل", "of working time"),
        };
        format!("{length} {clock}")
    }

    /// The rule that a referral cites, what it asks for, and what it rests on.
    fn rule(&self, read: &CaseEvent) -> Option<String> {
        let CaseEvent::ReferralRequested(act) = read else { return None };
        let (table_id, rule_id) = act.rule.as_deref()?.split_once('/')?;
        let version = act.policy?;
        let language = self.words.language();
        let published = self.reading.registry().documents().filter(|(kind, ..)| kind.as_str() == "policy");
        let hash = published.flat_map(|(_, _, versions)| versions).find(|one| one.version == version)?.hash;
        let Some(policy) = self.reading.world().documents().policy(&hash) else {
            let (rule, of) =
                (language.of("القاعدة", "rule"), language.of("من إصدار السياسة", "of policy version"));
            return Some(format!("{rule} {table_id}/{rule_id} {of} {version}"));
        };
        let table = policy.tables().iter().find(|table| table.id == table_id)?;
        let rule = table.rules.iter().find(|rule| rule.id == rule_id)?;
        let conditions: Vec<String> = Dimension::ALL
            .into_iter()
            .filter_map(|dimension| {
                let codes = rule.when.named(dimension)?;
                let labels: Vec<String> =
                    codes.iter().map(|code| self.words.code(dimension.list(), code.as_str())).collect();
                Some(labels.join(language.of(" أو ", " or ")))
            })
            .collect();
        let (word, table_word) = (language.of("القاعدة", "rule"), language.of("من جدول", "of table"));
        let (in_version, of_policy) = (language.of("في الإصدار", "in version"), language.of("من", "of"));
        let mut text = format!(
            "{word} {rule_id} {table_word} {}{}{} {in_version} {version} {of_policy} {}{}{}",
            language.of("«", "“"),
            language.label(&table.title),
            language.of("»", "”"),
            language.of("«", "“"),
            language.label(policy.title()),
            language.of("»", "”"),
        );
        if !conditions.is_empty() {
            let _ = write!(
                text,
                "{} {}",
                language.of("، وشرطها:", ", which is for:"),
                conditions.join(language.of("؛ ", "; "))
            );
        }
        let _ = write!(text, " ({} {})", language.of("مصدرها:", "source:"), rule.source);
        Some(text)
    }

    /// The clocks of a referral that ran out.
    fn missed<'c>(case: &'c Case, referral: &'c Digest) -> impl Iterator<Item = &'c Deadline> {
        let its = case.deadlines.iter().filter(move |one| one.subject.as_ref() == Some(referral));
        its.filter(|one| one.breached.is_some())
    }

    /// How the case stands.
    fn now(&self, file: &CaseFile) -> Vec<String> {
        let Some(case) = &file.case else { return Vec::new() };
        let (language, words) = (self.words.language(), &self.words);
        let latest = file.events.values().map(|noted| noted.received).max().unwrap_or_default();
        let status = match &case.status {
            Status::Open => language.of("الحالة مفتوحة", "The case is open").to_owned(),
            Status::Closed(_) => language.of("الحالة مغلقة", "The case is closed").to_owned(),
            Status::Merged(into) => {
                format!("{} {into}", language.of("دُمجت الحالة في", "The case is part of"))
            }
        };
        let owner = words.unit(&case.owner, latest);
        let mut now =
            vec![format!("{status}{} {owner}.", language.of("؛ الجهة المسؤولة عنها", "; it is owned by"))];
        let mut referrals: Vec<_> = case.referrals.iter().collect();
        referrals.sort_by_key(|(_, referral)| referral.index);
        for (hash, referral) in referrals {
            let state = words.state(referral.state.as_str());
            let missed = Self::missed(case, hash).map(|deadline| words.milestone(deadline.milestone));
            let missed: Vec<String> = missed.collect();
            let missed = match missed.as_slice() {
                [] => String::new(),
                all => format!("{}{}", language.of("؛ بعد موعده: ", "; not in time: "), language.join(all)),
            };
            now.push(capital(&format!("{}: {state}{missed}.", words.thing(hash))));
        }
        let mut running: Vec<&Deadline> = case.deadlines.iter().filter(|deadline| deadline.runs()).collect();
        running.sort_by_key(|deadline| (deadline.due, deadline.index));
        // One act meets all clocks of the same duty: it is told once, by the first of them.
        let mut told = BTreeSet::new();
        running.retain(|deadline| told.insert((deadline.milestone, deadline.subject, deadline.owes.clone())));
        for deadline in running {
            let unit = words.unit(&deadline.owes, latest);
            let mut owed = words.milestone(deadline.milestone);
            if let Some(subject) = &deadline.subject {
                let _ = write!(owed, "{}{}", language.of(" بشأن ", " for "), words.thing(subject));
            }
            let due = match deadline.due {
                Some(due) if deadline.breached.is_some() => {
                    format!("{} {}", language.of("فات موعده", "it was missed at"), words.time(due))
                }
                Some(due) => format!("{} {}", language.of("موعده", "it is due at"), words.time(due)),
                None => language.of("مهلته متوقفة", "its clock stands still").to_owned(),
            };
            let verb = language.of("مطلوب من", "owed by");
            let then = language.of("؛", ";");
            now.push(format!("{owed}: {verb} {unit}{then} {due}."));
        }
        let open = case.escalations.values().filter(|escalation| !escalation.resolved).count();
        if open > 0 {
            now.push(format!("{}: {open}.", language.of("تصعيدات لم تُعالج", "Escalations not resolved")));
        }
        now
    }
}

/// A number of things. Arabic has words of their own for one and two, a plural up to ten and the accusative singular beyond.
fn counted(number: u64, language: Language, arabic: [&str; 4], english: [&str; 2]) -> String {
    let [one, two, few, many] = arabic;
    match (language, number, number % 100) {
        (Language::En, _, _) => format!("{number} {}", english[usize::from(number != 1)]),
        (Language::Ar, 1, _) => one.to_owned(),
        (Language::Ar, 2, _) => two.to_owned(),
        (Language::Ar, _, 3..=10) => format!("{number} {few}"),
        (Language::Ar, ..) => format!("{number} {many}"),
    }
}

/// A template with its values put in. A group in brackets is left out if one of its values is absent.
fn fill(template: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('[') {
        text += &put(before, value).0;
        let (group, behind) = after.split_once(']').unwrap_or((after, ""));
        let (filled, whole) = put(group, value);
        if whole {
            text += &filled;
        }
        rest = behind;
    }
    text + &put(rest, value).0
}

/// The text, and whether every value was there.
fn put(template: &str, value: &dyn Fn(&str) -> Option<String>) -> (String, bool) {
    let (mut text, mut whole) = (String::new(), true);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        let found = value(name);
        whole &= found.is_some();
        text += before;
        text += found.as_deref().unwrap_or("—");
        rest = behind;
    }
    (text + rest, whole)
}

/// A sentence begins with a capital, where the script has them.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_without_a_value_are_left_out() {
        let value = |name: &str| (name != "none").then(|| name.to_uppercase());
        assert_eq!(fill("{a} did[ {b}][, but {none} and {c}][ {d}].", &value), "A did B D.");
        assert_eq!(fill("{none}.", &value), "—.");
        assert_eq!(capital("officer"), "Officer");
        assert_eq!(capital("فتح"), "فتح");
    }

    #[test]
    fn days_are_counted_as_people_count_them() {
        let days = |number, language| {
            counted(number, language, ["يوم واحد", "يومان", "أيام", "يومًا"], ["day", "days"])
        };
        assert_eq!([1, 2].map(|number| days(number, Language::En)), ["1 day", "2 days"]);
        let arabic = [1, 2, 3, 10, 20].map(|number| days(number, Language::Ar));
        assert_eq!(arabic, ["يوم واحد", "يومان", "3 أيام", "10 أيام", "20 يومًا"]);
    }
}
