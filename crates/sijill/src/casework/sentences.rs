//! What each event says: one sentence per type in both languages, all of them here.
//!
//! `{field}` is a routing or casework field of the type, or one of [`EXTRA`]; `[…]` is left out if any of the fields in it
//! has no value. Nothing else may stand in a sentence: what is told of a case here, everyone who works on it may know.

use super::words::Language;

/// What can be said of an event beside its fields: who signed it, the rule of the policy that a referral follows, who asked
/// to be shown what was released, and of a deadline how long it ran and who owed it.
pub const EXTRA: &[&str] = &["who", "by_rule", "reader", "within", "owed_by"];

/// A type's sentence.
#[derive(Debug, Clone, Copy)]
pub struct Sentence {
    /// The event type.
    pub event_type: &'static str,
    /// Whether it is the one for the automation's events of that type.
    pub automatic: bool,
    ar: &'static str,
    en: &'static str,
}

impl Sentence {
    /// The template in a language.
    pub fn template(&self, language: Language) -> &'static str {
        match language {
            Language::Ar => self.ar,
            Language::En => self.en,
        }
    }
}

/// The sentence for events of this type, by an officer or by the automation.
pub fn sentence(event_type: &str, automatic: bool) -> Option<&'static Sentence> {
    let of_type = || SENTENCES.iter().filter(|sentence| sentence.event_type == event_type);
    of_type().find(|sentence| sentence.automatic == automatic).or_else(|| of_type().next())
}

macro_rules! sentences {
    ($($mark:ident $type:literal $en:literal $ar:literal)*) => {
        /// All of them, in the order of the catalogue.
        pub const SENTENCES: &[Sentence] =
            &[$(Sentence { event_type: $type, automatic: sentences!($mark), ar: $ar, en: $en },)*];
    };
    (says) => { false };
    (acts) => { true };
}

sentences! {
says "contact.logged"
    "{who} logged a contact: {kind}. Channel: {channel}[. Category: {category}][. Concerns: {concerns}][. Governorate: {governorate}][. First received: {reported}][. Action taken: {action}]."
    "سجّل {who} اتصالًا: {kind}. القناة: {channel}[. التصنيف: {category}][. دواعي الحماية: {concerns}][. المحافظة: {governorate}][. أول ورود للبلاغ: {reported}][. الإجراء المتخذ: {action}]."
says "contact.corrected"
    "{who} corrected {corrects}: {kind}. Channel: {channel}[. Concerns: {concerns}]."
    "صحّح {who} {corrects}: {kind}. القناة: {channel}[. دواعي الحماية: {concerns}]."
says "contact.linked"
    "{who} linked the contact to case {case}, which {to} works."
    "ربط {who} الاتصال بالحالة {case} التي تعمل عليها {to}."
says "child.looked_up"
    "{who} looked up whether the child is known."
    "بحث {who} عمّا إذا كان الطفل معروفًا."
says "case.opened"
    "{who} opened the case, and {unit} owns it. Concerns: {concerns}. Risk: {risk}. Governorate: {governorate}[, {wilayat}]. Child: {age_band}, {sex}[. Situation: {situations}]. Channel: {channel}[. First received: {reported}][. From contact {contacts}]."
    "فتح {who} الحالة، والجهة المسؤولة عنها {unit}. دواعي الحماية: {concerns}. درجة الخطورة: {risk}. المحافظة: {governorate}[، {wilayat}]. الطفل: {age_band}، {sex}[. وضعه: {situations}]. القناة: {channel}[. أول ورود للبلاغ: {reported}][. من الاتصال {contacts}]."
says "child.registered"
    "{who} registered the child: {age_band}, {sex}[, {nationality}][. Situation: {situations}]."
    "سجّل {who} بيانات الطفل: {age_band}، {sex}[، {nationality}][. وضعه: {situations}]."
says "child.corrected"
    "{who} corrected what {corrects} says of the child: {age_band}, {sex}[, {nationality}][. Situation: {situations}]."
    "صحّح {who} بيانات الطفل في {corrects}: {age_band}، {sex}[، {nationality}][. وضعه: {situations}]."
says "party.added"
    "{who} added a person around the child: {relation}. Person to whom the act is attributed: {alleged}."
    "أضاف {who} شخصًا ذا صلة بالطفل: {relation}. الشخص المنسوب إليه الفعل: {alleged}."
says "party.corrected"
    "{who} corrected what {corrects} says of a person around the child: {relation}. Person to whom the act is attributed: {alleged}."
    "صحّح {who} بيانات شخص ذي صلة في {corrects}: {relation}. الشخص المنسوب إليه الفعل: {alleged}."
says "case.linked"
    "{who} linked case {case}: {relation}."
    "ربط {who} الحالة بالحالة {case}: {relation}."
says "case.merged"
    "{who} merged the case into case {into}, where work goes on."
    "دمج {who} الحالة في الحالة {into}، ويستمر العمل فيها."
says "case.unmerged"
    "{who} undid the merger; work goes on here again."
    "ألغى {who} الدمج، وعاد العمل إلى هذه الحالة."
says "case.assigned"
    "{who} put officer {officer} in charge."
    "كلّف {who} الموظف {officer} بالحالة."
says "case.transfer_requested"
    "{who} asked {to} to take the case over. Reason: {reason}."
    "طلب {who} من {to} تولّي الحالة. السبب: {reason}."
says "case.transfer_refused"
    "{who} did not take the case, as asked in {request}. Reason: {reason}."
    "لم يقبل {who} تولّي الحالة المطلوب في {request}. السبب: {reason}."
says "case.transferred"
    "{who} took the case over, as asked in {request}."
    "تولّى {who} الحالة بناءً على {request}."
says "risk.assessed"
    "{who} assessed the risk: {risk}. Concerns: {concerns}[. Situation: {situations}]."
    "قدّر {who} الخطورة: {risk}. دواعي الحماية: {concerns}[. وضع الطفل: {situations}]."
says "assessment.completed"
    "{who} completed the assessment[. Needs: {needs}]."
    "أنجز {who} التقييم[. الاحتياجات: {needs}]."
says "safety_plan.made"
    "{who} made a safety plan."
    "وضع {who} خطة أمان."
says "plan.proposed"
    "{who} proposed a case plan[. Services: {services}][. To be reviewed by {review_by}]."
    "اقترح {who} خطة للحالة[. الخدمات: {services}][. تُراجع في {review_by}]."
says "plan.approved"
    "{who} approved {plan}."
    "اعتمد {who} {plan}."
says "plan.rejected"
    "{who} sent {plan} back. Reason: {reason}."
    "أعاد {who} {plan}. السبب: {reason}."
says "service.delivered"
    "{who} gave a service: {service}[, for {referral}]."
    "قدّم {who} خدمة: {service}[، في إطار {referral}]."
says "child.seen"
    "{who} saw the child face to face: {place}."
    "قابل {who} الطفل وجهًا لوجه: {place}."
says "child.not_seen"
    "{who} tried to see the child and did not. Reason: {reason}."
    "حاول {who} مقابلة الطفل ولم تتم. السبب: {reason}."
says "follow_up.recorded"
    "{who} followed up: {outcome}."
    "تابع {who} الحالة: {outcome}."
says "placement.started"
    "{who} placed the child: {kind}. Legal basis: {legal_basis}."
    "سجّل {who} بدء رعاية الطفل في مكان آخر: {kind}. السند القانوني: {legal_basis}."
says "placement.ended"
    "{who} ended {placement}. Reason: {reason}."
    "أنهى {who} {placement}. السبب: {reason}."
says "note.added"
    "{who} added a note."
    "أضاف {who} ملاحظة."
says "document.attached"
    "{who} attached a document: {kind}."
    "أرفق {who} وثيقة: {kind}."
says "consent.recorded"
    "{who} recorded a consent, given by: {given_by}. It lets these be told: {agencies}[. It expires on {expires}]."
    "سجّل {who} موافقة من: {given_by}. تجيز إطلاع: {agencies}[. تنتهي في {expires}]."
says "consent.withdrawn"
    "{who} recorded that {consent} was withdrawn[ by: {by}]."
    "سجّل {who} سحب {consent}[ من: {by}]."
says "withdrawal.confirmed"
    "{who} confirmed that what {withdrawal} took back is not used any more."
    "أكّد {who} التوقف عن استعمال ما شمله {withdrawal}."
says "legal_basis.invoked"
    "{who} invoked a legal basis to tell {agencies}: {basis}[, {article}]."
    "استند {who} إلى سند قانوني لإطلاع {agencies}: {basis}[، {article}]."
says "access.restricted"
    "{who} set who may see nothing of the case[. Officers: {officers}][. Units: {units}]. Reason: {reason}."
    "حدّد {who} من لا يطّلع على شيء من الحالة[. الموظفون: {officers}][. الوحدات: {units}]. السبب: {reason}."
says "breach.recorded"
    "{who} recorded a breach of personal data: {nature}."
    "سجّل {who} انتهاك بيانات شخصية: {nature}."
says "breach.notified"
    "{who} recorded that {breach} was notified."
    "سجّل {who} الإبلاغ عن {breach}."
says "conference.scheduled"
    "{who} scheduled a conference for {at}: {kind}. Reason: {reason}. Members: {members}."
    "حدّد {who} اجتماعًا في {at}: {kind}. السبب: {reason}. الأعضاء: {members}."
says "vote.cast"
    "{who} voted in {conference}: {vote}."
    "صوّت {who} في {conference}: {vote}."
says "conference.held"
    "{who} recorded that {conference} was held. Outcome: {outcome}."
    "سجّل {who} انعقاد {conference}. القرار: {outcome}."
says "order.issued"
    "{who} recorded an order of {issuer}: {kind}."
    "سجّل {who} أمرًا من {issuer}: {kind}."
says "order.transcribed"
    "{who} wrote down the text of {order}."
    "دوّن {who} نص {order}."
says "order.ended"
    "{who} recorded that {order} ended. Reason: {reason}."
    "سجّل {who} انتهاء {order}. السبب: {reason}."
says "referral.requested"
    "{who} referred the child to {to}: {service}, {priority}[. Reason: {reason}][. Legal basis: {legal_basis}][. It rests on {consent}][. In place of {replaces}][. May be shown: {fields}]."
    "أحال {who} الطفل إلى {to}: {service}، {priority}[. السبب: {reason}][. السند القانوني: {legal_basis}][. تستند إلى {consent}][. بدلًا من {replaces}][. ما يجوز الاطلاع عليه: {fields}]."
acts "referral.requested"
    "Because of {cause}, {who} referred the child to {to}: {service}, {priority}[. Reason: {reason}][. By {by_rule}][. Legal basis: {legal_basis}][. May be shown: {fields}]."
    "بسبب {cause} أحال {who} الطفل إلى {to}: {service}، {priority}[. السبب: {reason}][. بموجب {by_rule}][. السند القانوني: {legal_basis}][. ما يجوز الاطلاع عليه: {fields}]."
says "referral.acknowledged"
    "{who} acknowledged {referral}."
    "أقرّ {who} باستلام {referral}."
says "referral.accepted"
    "{who} accepted {referral}[. In charge: officer {officer}][. Expected by {expected}]."
    "قبل {who} {referral}[. المسؤول: الموظف {officer}][. الإنجاز المتوقع في {expected}]."
says "referral.started"
    "{who} began work on {referral}."
    "بدأ {who} العمل على {referral}."
says "referral.held"
    "{who} put {referral} on hold. Reason: {reason}."
    "علّق {who} {referral}. السبب: {reason}."
says "referral.resumed"
    "{who} went on with {referral}."
    "استأنف {who} {referral}."
says "referral.info_requested"
    "{who} asked the owner of the case something about {referral}."
    "سأل {who} الجهة المسؤولة عن الحالة بشأن {referral}."
says "referral.info_provided"
    "{who} answered what was asked about {referral}."
    "أجاب {who} عمّا سُئل عنه بشأن {referral}."
says "referral.completed"
    "{who} completed {referral}. Outcome: {outcome}."
    "أنجز {who} {referral}. النتيجة: {outcome}."
says "referral.rejected"
    "{who} rejected {referral}. Reason: {reason}."
    "رفض {who} {referral}. السبب: {reason}."
says "referral.redirected"
    "{who} passed {referral} on to {to}. Reason: {reason}."
    "وجّه {who} {referral} إلى {to}. السبب: {reason}."
says "referral.cancelled"
    "{who} called {referral} off. Reason: {reason}."
    "ألغى {who} {referral}. السبب: {reason}."
says "referral.failed"
    "{who} could not carry out {referral}. Reason: {reason}."
    "تعذّر على {who} تنفيذ {referral}. السبب: {reason}."
says "referral.entered_in_error"
    "{who} declared that {referral} should never have been."
    "صرّح {who} بأن {referral} أُدخلت خطأً."
says "referral.disposed"
    "{who} settled what becomes of {referral}: {disposition}."
    "بتّ {who} في {referral}: {disposition}."
says "case.closure_requested"
    "{who} asked that the case be closed. Reason: {reason}[. Despite: {exceptions}][, because {exception_reason}]."
    "طلب {who} إغلاق الحالة. السبب: {reason}[. مع استثناء: {exceptions}][، لأن {exception_reason}]."
says "case.closure_refused"
    "{who} left the case open, against {request}. Reason: {reason}."
    "أبقى {who} الحالة مفتوحة خلافًا لما جاء في {request}. السبب: {reason}."
says "case.closed"
    "{who} closed the case, as asked in {request}."
    "أغلق {who} الحالة بناءً على {request}."
says "case.reopened"
    "{who} reopened the case. Reason: {reason}."
    "أعاد {who} فتح الحالة. السبب: {reason}."
says "feedback.recorded"
    "{who} recorded what was thought of the work, by: {by}[. Satisfaction: {satisfaction}]."
    "سجّل {who} رأيًا فيما جرى من: {by}[. مدى الرضا: {satisfaction}]."
says "deadline.varied"
    "{who} gave the deadline “{deadline}” a new time: {until}. Reason: {reason}."
    "حدّد {who} للمهلة «{deadline}» موعدًا جديدًا: {until}. السبب: {reason}."
says "escalation.resolved"
    "{who} resolved {escalation}: {outcome}."
    "عالج {who} {escalation}: {outcome}."
says "warning.reviewed"
    "{who} reviewed an early warning of rule {rule} (version {version}) that rests on {events}: {outcome}. Reason: {reason}[. Besides it: {ground}]."
    "راجع {who} إنذارًا مبكرًا صدر عن القاعدة {rule} (النسخة {version}) استنادًا إلى {events}: {outcome}. السبب: {reason}[. وغير الإنذار: {ground}]."
acts "referral.withdrawn"
    "Because of {cause}, {who} withdrew {referral}: what it rested on is gone."
    "بسبب {cause} سحب {who} {referral}، فقد زال ما قامت عليه."
acts "reminder.sent"
    "{who} reminded {to}: “{milestone}”, running since {of}, is due at {due}."
    "ذكّر {who} {to}: «{milestone}»، ومهلته من {of}، موعده {due}."
acts "referral.breached"
    "{owes} missed a deadline: “{milestone}” for {referral} was due at {due}[ ({within})]. The referral stood at: {state}."
    "لم تلتزم {owes} بالمهلة: «{milestone}» في {referral} كان موعده {due}[ ({within})]. وكانت حالة الإحالة: {state}."
acts "deadline.breached"
    "{owes} missed a deadline: “{milestone}”, running since {of}, was due at {due}[ ({within})]."
    "لم تلتزم {owes} بالمهلة: «{milestone}»، ومهلته من {of}، كان موعده {due}[ ({within})]."
acts "escalation.raised"
    "{who} escalated to {to} (step {step}) what was not done: “{milestone}”, due at {due}[, owed by {owed_by}]."
    "صعّد {who} إلى {to} (الدرجة {step}) ما لم يُنجز: «{milestone}»، وموعده {due}[، والمتأخر {owed_by}]."
acts "notice.given"
    "{who} told {to} of {about}."
    "أشعر {who} {to} بشأن {about}."
says "access.requested"
    "{who} asked to be shown: {classes}[, of {events}]. Purpose: {purpose}."
    "طلب {who} الاطلاع على: {classes}[، من {events}]. الغرض: {purpose}."
says "access.released"
    "{who} showed {reader}: {released}."
    "أطلع {who} {reader} على: {released}."
says "break_glass.invoked"
    "{who}, who is not on the case, broke the glass. Reason: {reason}."
    "فتح {who}، وهو من خارج الحالة، اطلاعًا طارئًا. السبب: {reason}."
says "break_glass.reviewed"
    "{who} reviewed {invocation}: {verdict}."
    "راجع {who} {invocation}: {verdict}."
says "export.released"
    "{who} released personal data of the case to {to}: {released}. Purpose: {purpose}."
    "أتاح {who} بيانات شخصية من الحالة إلى {to}: {released}. الغرض: {purpose}."
says "erasure.ordered"
    "{who} ordered that values be erased. Ground: {ground}[ ({rule})][. Fields: {fields}][, of {events}]."
    "أمر {who} بمحو بيانات. السند: {ground}[ ({rule})][. الحقول: {fields}][، من {events}]."
says "erasure.approved"
    "{who} approved what {erasure} says: it is carried out at once."
    "اعتمد {who} ما جاء في {erasure}، فيُنفَّذ فورًا."
says "erasure.refused"
    "{who} did not approve what {erasure} says."
    "لم يعتمد {who} ما جاء في {erasure}."
says "erasure.done"
    "{who} destroyed what {erasure} says, and its keys (part {part} of {parts})[. Told: {told}]."
    "أتلف {who} ما جاء في {erasure} ومفاتيحه (الجزء {part} من {parts})[. وأُبلغت: {told}]."
says "erasure.confirmed"
    "{who} confirmed that what {erasure} says was erased there too."
    "أكّد {who} محو ما لديه مما جاء في {erasure}."
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sijill_casework::catalogue::{CATALOGUE, FieldClass, Kind, latest};
    use sijill_event::Class;

    use super::*;

    /// The fields that a template names, and whether each stands in brackets.
    fn named(template: &str) -> Vec<(&str, bool)> {
        let mut named = Vec::new();
        let mut before = String::new();
        for (at, part) in template.split('{').enumerate() {
            if at > 0 {
                let (name, _) = part.split_once('}').expect("closed");
                named.push((name, before.matches('[').count() > before.matches(']').count()));
            }
            before.push_str(part);
        }
        named
    }

    #[test]
    fn every_type_has_its_sentence_and_no_sentence_is_of_nothing() {
        for spec in CATALOGUE {
            assert!(sentence(spec.name, false).is_some(), "{}", spec.name);
        }
        let distinct: BTreeSet<_> = SENTENCES.iter().map(|s| (s.event_type, s.automatic)).collect();
        assert_eq!(distinct.len(), SENTENCES.len());
        assert!(SENTENCES.iter().all(|s| latest(s.event_type).is_some()));
    }

    #[test]
    fn sentences_name_what_rules_may_see_and_bracket_what_may_be_absent() {
        for one in SENTENCES {
            let spec = latest(one.event_type).expect("a type");
            let mut languages = Vec::new();
            for language in [Language::Ar, Language::En] {
                let template = one.template(language);
                assert_eq!(template.matches('[').count(), template.matches(']').count(), "{template}");
                assert!(template.ends_with('.'), "{template}");
                for (name, bracketed) in named(template) {
                    let Some(field) = spec.field(name) else {
                        assert!(EXTRA.contains(&name), "{}: {name}", one.event_type);
                        continue;
                    };
                    let seen = [FieldClass::Routing, FieldClass::Disclosed(Class::Casework)];
                    assert!(seen.contains(&field.class), "{}: {name} is of another class", one.event_type);
                    let may_be_empty = matches!(
                        field.kind,
                        Kind::Codes(_, 0)
                            | Kind::Digests(0)
                            | Kind::Fields(0)
                            | Kind::Contacts(0)
                            | Kind::Officers(0)
                            | Kind::Addresses(0)
                    );
                    let certain = (field.required && !may_be_empty) || one.automatic && name == "cause";
                    assert!(certain || bracketed, "{}: {name} may be absent", one.event_type);
                }
                languages.push(named(template).into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>());
            }
            assert_eq!(languages[0], languages[1], "{}: both languages tell the same", one.event_type);
        }
    }

    #[test]
    fn no_casework_value_is_left_untold() {
        // `rule` is told as the rule itself, `policy` with it, and a repeated contact is not worth a word.
        let passed = [
            "rule",
            "policy",
            "repeat",
            "of",
            "age_band",
            "sex",
            "governorate",
            "wilayat",
            "reported",
            "category",
            "action",
        ];
        for spec in CATALOGUE.iter().filter(|spec| latest(spec.name).is_some_and(|newest| newest.v == spec.v))
        {
            for field in spec.of_class(FieldClass::Disclosed(Class::Casework)) {
                let told = SENTENCES
                    .iter()
                    .filter(|one| one.event_type == spec.name)
                    .any(|one| named(one.en).iter().any(|(name, _)| *name == field.name));
                assert!(told || passed.contains(&field.name), "{}: {}", spec.name, field.name);
            }
        }
    }
}
