//! Doctored copies. Whoever made them holds every key, so integrity and authority have nothing to say.

use sijill_audit::FaultCode::{self, Automation, JtiReused, Rule};
use sijill_event::{Draft, Json, Uuid};

use crate::copy::{Copy, values};
use crate::faults;
use crate::story::{HOSPITAL, LINE, POLICE, Story, note, plain, story};

const DAY: u64 = 86_400_000;

fn at(code: FaultCode, index: u64) -> (FaultCode, Option<u64>) {
    (code, Some(index))
}

/// The story, and where in it case `c1` was opened; its three referrals follow directly.
fn opened() -> (&'static Story, u64) {
    let story = story();
    let opened = (0..story.copy.size()).find(|index| {
        let event = story.copy.entry(*index).event;
        event.event_type == "case.opened" && event.stream.as_str() == "case/c1"
    });
    (story, opened.expect("case c1"))
}

impl Copy {
    /// An act again, as the entry behind what is left.
    fn act(&mut self, story: &Story, of: u64, draft: Draft, received: u64, jti: Uuid) -> u64 {
        let stream = story.copy.entry(of).event.stream.to_string();
        self.say(&story.automation, &stream, draft, received, jti)
    }

    /// Somebody goes on elsewhere, in a case that is closed and owes nothing.
    fn goes_on(&mut self, story: &Story) -> u64 {
        let received = self.entry(self.size() - 1).received;
        self.goes_on_at(story, received)
    }

    fn goes_on_at(&mut self, story: &Story, received: u64) -> u64 {
        self.say(story.officer(LINE), "case/c3", note(), received, Uuid::now_v7())
    }
}

#[test]
fn a_referral_that_is_left_out() {
    let (story, opened) = opened();
    // The last of three, and work goes on.
    let mut copy = story.copy.up_to(opened + 3);
    let next = copy.goes_on(story);
    copy.goes_on(story);
    assert_eq!(next, opened + 3);
    assert_eq!(faults(&copy), [at(Automation, next)]);
    // Nothing goes on.
    assert_eq!(faults(&story.copy.up_to(opened + 3)), [(Automation, None)]);
    assert_eq!(faults(&story.copy.up_to(opened + 1)), [(Automation, None)]);
    assert_eq!(faults(&story.copy.up_to(opened + 4)), []);
    // The first of three: the others are what they should be.
    let mut copy = story.copy.up_to(opened + 1);
    for of in [opened + 2, opened + 3] {
        let entry = story.copy.entry(of);
        copy.act(story, of, story.copy.draft(of), entry.received, entry.event.jti);
    }
    copy.goes_on(story);
    assert_eq!(faults(&copy), [at(Automation, opened + 1)]);
}

#[test]
fn a_referral_to_another_unit() {
    let (story, opened) = opened();
    let last = opened + 3;
    let entry = story.copy.entry(last);
    let elsewhere = values([("agency", "moe".into()), ("unit", "school-social-work".into())]);
    let draft = || redirected(&story.copy, last, &elsewhere);
    // In the place of the right one, and as one more, whoever goes on.
    let mut copy = story.copy.up_to(last);
    let wrong = copy.act(story, last, draft(), entry.received, entry.event.jti);
    copy.goes_on(story);
    assert_eq!(faults(&copy), [at(Automation, wrong)]);
    let mut copy = story.copy.up_to(last);
    let wrong = copy.act(story, last, draft(), entry.received, Uuid::now_v7());
    let next = copy.goes_on(story);
    assert_eq!(faults(&copy), [at(Automation, wrong), at(Automation, next)]);
}

fn redirected(copy: &Copy, index: u64, to: &Json) -> Draft {
    let event = copy.entry(index).event;
    let mut values: Vec<(String, Json)> = event.data.as_object().expect("an object").to_vec();
    for (index_of, text) in &copy.disclosures {
        if *index_of == index {
            let disclosure = sijill_event::Disclosure::parse(text).expect("a disclosure");
            if disclosure.value != Json::Null {
                values.push((disclosure.name, disclosure.value));
            }
        }
    }
    values.iter_mut().filter(|(name, _)| name == "to").for_each(|(_, value)| *value = to.clone());
    plain(&event.event_type, &Json::Object(values))
}

#[test]
fn an_act_that_is_there_twice() {
    let (story, opened) = opened();
    let last = opened + 3;
    let entry = story.copy.entry(last);
    for (jti, also) in [(Uuid::now_v7(), None), (entry.event.jti, Some(JtiReused))] {
        let mut copy = story.copy.up_to(last + 1);
        let twice = copy.act(story, last, story.copy.draft(last), entry.received, jti);
        copy.goes_on(story);
        let mut expected = vec![at(Automation, twice)];
        expected.extend(also.map(|code| at(code, twice)));
        assert_eq!(faults(&copy), expected);
    }
    // In the midst of others: they are not blamed.
    let mut copy = story.copy.up_to(opened + 2);
    let first = opened + 1;
    copy.act(story, first, story.copy.draft(first), entry.received, Uuid::now_v7());
    for of in [opened + 2, opened + 3] {
        let entry = story.copy.entry(of);
        copy.act(story, of, story.copy.draft(of), entry.received, entry.event.jti);
    }
    copy.goes_on(story);
    assert_eq!(faults(&copy), [at(Automation, opened + 2)]);
}

#[test]
fn an_act_with_another_idempotency_key() {
    let (story, opened) = opened();
    let last = opened + 3;
    let mut copy = story.copy.up_to(last);
    let received = story.copy.entry(last).received;
    copy.act(story, last, story.copy.draft(last), received, Uuid::now_v7());
    copy.goes_on(story);
    assert_eq!(faults(&copy), [at(Automation, last)]);
}

#[test]
fn an_act_before_its_time() {
    let (story, opened) = opened();
    let reminder = story.copy.index_of("reminder.sent", opened).expect("a reminder");
    let entry = story.copy.entry(reminder);
    let mut copy = story.copy.up_to(reminder);
    let early =
        copy.act(story, reminder, story.copy.draft(reminder), entry.received - 60_000, entry.event.jti);
    copy.goes_on_at(story, entry.received - 30_000);
    assert_eq!(faults(&copy), [at(Automation, early)]);
    // It is not owed again when its time comes.
    copy.goes_on_at(story, entry.received);
    assert_eq!(faults(&copy), [at(Automation, early)]);
}

#[test]
fn an_escalation_too_many() {
    let (story, opened) = opened();
    let breach = story.copy.index_of("referral.breached", opened).expect("a breach");
    let raised = story.copy.index_of("escalation.raised", breach).expect("an escalation");
    let entry = story.copy.entry(raised);
    assert_eq!(entry.event.stream.as_str(), "auto/c1");
    // The transaction is complete with what the next officer says.
    let next = (raised..story.copy.size())
        .find(|index| story.copy.entry(*index).event.iss != "ledger")
        .expect("an officer's");
    let mut copy = story.copy.up_to(next);
    let added = copy.act(story, raised, story.copy.draft(raised), entry.received, Uuid::now_v7());
    copy.goes_on(story);
    assert_eq!(faults(&copy), [at(Automation, added)]);
}

/// The unit answered late; the log says it answered in time, for it does not say that it was late.
#[test]
fn a_late_answer_that_is_to_look_timely() {
    let (story, opened) = opened();
    let breach = story.copy.index_of("referral.breached", opened).expect("a breach");
    let late = story.copy.index_of("referral.acknowledged", breach).expect("a late answer");
    let entry = story.copy.entry(late);
    let mut copy = story.copy.up_to(breach);
    let answer =
        copy.say(story.officer(POLICE), "case/c1", story.copy.draft(late), entry.received, entry.event.jti);
    assert_eq!((answer, faults(&copy)), (breach, vec![at(Automation, breach)]));
    copy.goes_on(story);
    assert_eq!(faults(&copy), [at(Automation, answer)]);
}

#[test]
fn an_idle_case_is_not_forgotten() {
    let (story, opened) = opened();
    let reminder = story.copy.index_of("reminder.sent", opened).expect("a reminder");
    let due = story.copy.entry(reminder).received;
    let mut copy = story.copy.up_to(reminder);
    // Within the grace it may still come.
    copy.goes_on_at(story, due + 5 * 60_000);
    assert_eq!(faults(&copy), []);
    let next = copy.goes_on_at(story, due + 5 * 60_000 + 1);
    assert_eq!(faults(&copy), [at(Automation, next)]);
}

#[test]
fn a_release_to_an_outsider() {
    let (story, opened) = opened();
    let all = story.copy.index_of("access.released", opened).expect("a release");
    let none = story.copy.index_of("access.released", all + 1).expect("another");
    let everything = story.copy.entry(all).event.data.get("released").expect("what was released").clone();
    let entry = story.copy.entry(none);
    assert_eq!(entry.event.data.get("released"), Some(&Json::Array(Vec::new())));
    let request = entry.event.data.get("request").expect("a request").clone();
    let released = plain("access.released", &values([("request", request), ("released", everything)]));
    for jti in [entry.event.jti, Uuid::now_v7()] {
        let mut copy = story.copy.up_to(none);
        let wrong = copy.say(&story.access, "access/c2", released.clone(), entry.received, jti);
        copy.goes_on(story);
        assert_eq!(faults(&copy), [at(Automation, wrong)]);
        // Nobody asked, and it is released once more.
        let again = copy.say(&story.access, "access/c2", released.clone(), entry.received, Uuid::now_v7());
        assert_eq!(faults(&copy), [at(Automation, wrong), at(Automation, again)]);
    }
    // No answer at all, be it that the case goes on or another.
    let mut copy = story.copy.up_to(none);
    let next = copy.goes_on(story);
    assert_eq!(faults(&copy), [at(Automation, next)]);
    let mut copy = story.copy.up_to(none);
    let next = copy.say(story.officer(LINE), "case/c1", note(), entry.received, Uuid::now_v7());
    assert_eq!(faults(&copy), [at(Automation, next)]);
}

#[test]
fn what_an_officer_may_not_do() {
    let (story, opened) = opened();
    let answer = story.copy.index_of("referral.acknowledged", opened).expect("an answer");
    let entry = story.copy.entry(answer);
    assert_eq!(format!("{}/{}", entry.event.iss, entry.event.sub), HOSPITAL);
    // Another unit answers, and then the right one: what was refused did nothing.
    let mut copy = story.copy.up_to(answer);
    let draft = || story.copy.draft(answer);
    let wrong = copy.say(story.officer(POLICE), "case/c1", draft(), entry.received, Uuid::now_v7());
    copy.say(story.officer(HOSPITAL), "case/c1", draft(), entry.received, Uuid::now_v7());
    assert_eq!(faults(&copy), [at(Rule, wrong)]);
    // A type that nobody knows, and a known one that lacks what it needs.
    let mut copy = story.copy.up_to(answer);
    let who = story.officer(LINE);
    let unknown = copy.say(who, "case/c1", Draft::new("note.sung", 1), entry.received, Uuid::now_v7());
    let lacking = copy.say(who, "case/c1", Draft::new("note.added", 1), entry.received, Uuid::now_v7());
    assert_eq!(faults(&copy), [at(Rule, unknown), at(Rule, lacking)]);
    // An officer who signs what only the access service says.
    let released = story.copy.index_of("access.released", opened).expect("a release");
    let mut copy = story.copy.up_to(released);
    let entry = story.copy.entry(released);
    let forged = copy.say(who, "access/c2", story.copy.draft(released), entry.received, entry.event.jti);
    assert_eq!(faults(&copy), [at(Automation, forged), at(Rule, forged)]);
}

/// The automation does something days late in a case where work went on meanwhile: missing there, superfluous here.
#[test]
fn an_act_behind_its_time() {
    let (story, opened) = opened();
    let reminder = story.copy.index_of("reminder.sent", opened).expect("a reminder");
    let entry = story.copy.entry(reminder);
    let mut copy = story.copy.up_to(reminder);
    let work = copy.say(story.officer(LINE), "case/c1", note(), entry.received + DAY / 48, Uuid::now_v7());
    let behind =
        copy.act(story, reminder, story.copy.draft(reminder), entry.received + DAY / 48, entry.event.jti);
    assert_eq!(faults(&copy), [at(Automation, work), at(Automation, behind)]);
}

/// Whichever act is left out, with everything behind it: when work in its case goes on, it is missed there.
#[test]
fn every_act_is_missed() {
    let story = story();
    let mut missed = std::collections::BTreeMap::new();
    for index in 0..story.copy.size() {
        let entry = story.copy.entry(index);
        let Some(id) = entry.event.stream.id().filter(|id| ["c1", "c2"].contains(id)) else { continue };
        if entry.event.iss != "ledger" {
            continue;
        }
        let mut copy = story.copy.up_to(index);
        let who = story.officer(LINE);
        copy.say(who, &format!("case/{id}"), note(), entry.received, Uuid::now_v7());
        assert_eq!(faults(&copy), [at(Automation, index)], "{} left out", entry.event.event_type);
        *missed.entry(entry.event.event_type).or_insert(0) += 1;
    }
    assert!(missed.len() >= 8 && missed.values().sum::<u64>() > 50, "{missed:?}");
}
