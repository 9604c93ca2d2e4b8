//! The rules: what each looks at, in code and in words. A change of what one says is a new version; an id is for good.

use std::collections::BTreeSet;

use sijill_casework::catalogue::{self, Kind};

use super::{DAY, Seen, Sign};
use crate::signs::{ASSIGNED, CLOSED, MISSED, OPENED, ORIGIN, REOPENED};

/// How far back rules look, in days.
pub(super) const RECENT: u64 = 90;

/// For so many days a case that was closed still counts as one that was lately open.
pub(super) const LATELY: u64 = 180;

/// How often an officer in charge may change within [`RECENT`] days before it is worth a word.
const HANDOVERS: usize = 3;

/// Relations between cases that make one child's danger the other's business, as the code list has them, in Arabic and English.
const RELATIONS: [(&str, [&str; 2]); 4] = [
    ("sibling", ["إخوة", "Siblings"]),
    ("same_household", ["سكن واحد", "Same household"]),
    ("same_incident", ["واقعة واحدة", "Same incident"]),
    ("same_alleged", ["الشخص المنسوب إليه الفعل واحد", "Same person alleged"]),
];

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id, for good.
    pub id: &'static str,
    /// Its version, from 1.
    pub version: u32,
    /// What it is called, in Arabic and English.
    pub title: [&'static str; 2],
    /// What it looks at, in Arabic and English.
    pub definition: [&'static str; 2],
}

/// All rules.
pub static RULES: [Rule; 5] = [
    Rule {
        id: "missed-follow-up",
        version: 1,
        title: ["متابعة لم تتم", "Missed follow-up"],
        definition: [
            "حالة مفتوحة فات فيها موعد مقابلة الطفل أو متابعته، ولم تُسجَّل المقابلة أو المتابعة حتى الآن.",
            "An open case in which the child was to be seen or followed up by a time that is over, and it has not been recorded since.",
        ],
    },
    Rule {
        id: "repeat-contacts",
        version: 1,
        title: ["اتصالات متكررة", "Repeat contacts"],
        definition: [
            "حالة مفتوحة ورد بشأن طفلها اتصالان على الأقل، ورُبط بها أحدهما على الأقل بعد فتحها وخلال آخر 90 يومًا. ولا يُعرف أنها عن الطفل نفسه إلا بالربط الموقَّع؛ ولا يُبحث هنا عن الأسماء.",
            "An open case with at least two contacts about its child, at least one of them linked to it after it was opened and within the last 90 days. That they are about the same child is known only from links that were signed; no name is searched for here.",
        ],
    },
    Rule {
        id: "linked-case",
        version: 1,
        title: ["إخوة أو حالة متصلة", "Siblings or a linked case"],
        definition: [
            "حالة مفتوحة رُبطت بها حالة أخرى لإخوة أو سكن واحد أو واقعة واحدة أو شخص واحد منسوب إليه الفعل، والأخرى مفتوحة أو أُغلقت خلال آخر 180 يومًا. ولا يظهر إلا لمن يجوز له أن يعلم بالحالتين.",
            "An open case that is linked with another as siblings, same household, same incident or same person alleged, where the other is open or was closed within the last 180 days. Shown only to who may know of both.",
        ],
    },
    Rule {
        id: "reopened-soon",
        version: 1,
        title: ["أُعيد فتحها قريبًا من إغلاقها", "Reopened soon after closing"],
        definition: [
            "حالة مفتوحة أُعيد فتحها خلال آخر 90 يومًا، بعد إغلاقها بما لا يزيد على 90 يومًا.",
            "An open case that was reopened within the last 90 days, and no more than 90 days after it was closed.",
        ],
    },
    Rule {
        id: "handovers",
        version: 1,
        title: ["تعاقب الموظفين على الحالة", "Many handovers"],
        definition: [
            "حالة مفتوحة تغيّر الموظف المكلّف بها ثلاث مرات على الأقل خلال آخر 90 يومًا. ولا يُحسب تكليف أول موظف.",
            "An open case whose officer in charge changed at least three times within the last 90 days. The first to be put in charge is no change.",
        ],
    },
];

/// The rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// What a rule found.
pub(super) struct Found {
    pub(super) others: Vec<String>,
    pub(super) rests_on: Vec<Sign>,
    pub(super) said: [String; 2],
}

/// What a rule finds in a case at a time.
pub(super) fn found(rule: &Rule, seen: &Seen, now_ms: u64) -> Vec<Found> {
    match rule.id {
        "missed-follow-up" => missed(seen, now_ms),
        "repeat-contacts" => repeated(seen, now_ms).into_iter().collect(),
        "linked-case" => linked(seen, now_ms),
        "reopened-soon" => reopened(seen, now_ms).into_iter().collect(),
        "handovers" => handed_over(seen, now_ms).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn missed(seen: &Seen, now_ms: u64) -> Vec<Found> {
    let signs = seen.own.iter().filter(|sign| sign.kind == MISSED);
    let found = |sign: &Sign| {
        let days = now_ms.saturating_sub(sign.at_ms) / DAY;
        let [ar, en] = milestone(&sign.code);
        Found {
            others: Vec::new(),
            rests_on: vec![sign.clone()],
            said: [
                format!("«{ar}» فات موعده ولم يُسجَّل حتى الآن. الأيام منذ فواته: {days}."),
                format!(
                    "“{en}” was missed and has not been recorded since. Days since it was missed: {days}."
                ),
            ],
        }
    };
    signs.map(found).collect()
}

fn repeated(seen: &Seen, now_ms: u64) -> Option<Found> {
    let opened = seen.own.iter().find(|sign| sign.kind == OPENED)?;
    let origins: BTreeSet<&str> =
        seen.own.iter().filter(|sign| sign.kind == ORIGIN).map(|sign| sign.other.as_str()).collect();
    let mut further: Vec<&Sign> = Vec::new();
    for contact in &seen.contacts {
        let later = contact.entry > opened.entry && !origins.contains(contact.subject.as_str());
        let recent = contact.at_ms.saturating_add(RECENT * DAY) > now_ms;
        let known = further.iter().any(|other| other.subject == contact.subject);
        if later && recent && !known {
            further.push(contact);
        }
    }
    let all = origins.len() + further.len();
    if further.is_empty() || all < 2 {
        return None;
    }
    let n = further.len();
    Some(Found {
        others: further.iter().map(|contact| contact.subject.clone()).collect(),
        rests_on: further.into_iter().chain([opened]).cloned().collect(),
        said: [
            format!(
                "عدد الاتصالات بشأن هذا الطفل: {all}، ورُبط منها بالحالة بعد فتحها وخلال آخر {RECENT} يومًا: {n}."
            ),
            format!(
                "Contacts about this child: {all}. Of these, linked after the case was opened and within the last {RECENT} days: {n}."
            ),
        ],
    })
}

fn linked(seen: &Seen, now_ms: u64) -> Vec<Found> {
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let mut all = Vec::new();
    for link in &seen.links {
        let Some((_, [ar, en])) = RELATIONS.iter().find(|(code, _)| *code == link.sign.code) else {
            continue;
        };
        let ended = link.closed_ms.map(|closed| now_ms.saturating_sub(closed) / DAY);
        if ended.is_some_and(|days| days >= LATELY) || !told.insert(&link.other) {
            continue;
        }
        let other = &link.other;
        let said = match ended {
            None => [
                format!("{ar}: الحالة الأخرى ({other}) مفتوحة."),
                format!("{en}: the other case ({other}) is open."),
            ],
            Some(days) => [
                format!("{ar}: الحالة الأخرى ({other}) أُغلقت. الأيام منذ إغلاقها: {days}."),
                format!("{en}: the other case ({other}) was closed. Days since then: {days}."),
            ],
        };
        let rests_on = vec![link.sign.clone(), link.opened.clone()];
        all.push(Found { others: vec![other.clone()], rests_on, said });
    }
    all
}

fn reopened(seen: &Seen, now_ms: u64) -> Option<Found> {
    let again = seen.own.iter().rfind(|sign| sign.kind == REOPENED)?;
    let closed = seen.own.iter().rfind(|sign| sign.kind == CLOSED && sign.entry < again.entry)?;
    let rested = again.at_ms.saturating_sub(closed.at_ms) / DAY;
    let ago = now_ms.saturating_sub(again.at_ms) / DAY;
    if rested > RECENT || ago >= RECENT {
        return None;
    }
    Some(Found {
        others: Vec::new(),
        rests_on: vec![closed.clone(), again.clone()],
        said: [
            format!("أُعيد فتح الحالة. الأيام بين إغلاقها وإعادة فتحها: {rested}."),
            format!("The case was reopened. Days between its closing and its reopening: {rested}."),
        ],
    })
}

fn handed_over(seen: &Seen, now_ms: u64) -> Option<Found> {
    let assigned: Vec<&Sign> = seen.own.iter().filter(|sign| sign.kind == ASSIGNED).collect();
    let changes = assigned.windows(2).filter_map(|pair| match pair {
        [before, after] if before.code != after.code => Some(*after),
        _ => None,
    });
    let recent: Vec<&Sign> =
        changes.filter(|sign| sign.at_ms.saturating_add(RECENT * DAY) > now_ms).collect();
    let n = recent.len();
    (n >= HANDOVERS).then(|| Found {
        others: Vec::new(),
        rests_on: recent.into_iter().cloned().collect(),
        said: [
            format!("عدد مرات تغيّر الموظف المكلّف بالحالة خلال آخر {RECENT} يومًا: {n}."),
            format!("Times the officer in charge changed within the last {RECENT} days: {n}."),
        ],
    })
}

/// What people call a milestone, in Arabic and English.
fn milestone(word: &str) -> [&str; 2] {
    let field = catalogue::latest("deadline.breached").and_then(|spec| spec.field("milestone"));
    let label = field.and_then(|field| match field.kind {
        Kind::Word(words) => words.iter().find(|held| held.word == word).map(|held| held.label),
        _ => None,
    });
    label.map_or([word, word], |label| [label.ar, label.en])
}
