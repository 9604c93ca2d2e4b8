//! What a field can hold.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use sijill_domain::{AgencyId, OfficerId, UnitId};
use sijill_event::{Digest, Json, Timestamp};

use super::field::Field;
use super::spec::Bilingual;
use super::value::{Attachment, CaseId, ContactId, DeadlineRef, FieldPath, Officer};
use crate::{Address, Code};

/// A word of a closed vocabulary, and what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// As events spell it.
    pub word: &'static str,
    /// What people read.
    pub label: Bilingual,
}

/// What a field holds. Sets are arrays in ascending order of their texts, without repetition; the number with
/// them is how many elements there are at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text of at most so many characters (code points): not blank, no control characters but line feed and tab.
    Text(usize),
    /// A code of this list.
    Code(&'static str),
    /// A set of codes of this list.
    Codes(&'static str, usize),
    /// One of these words.
    Word(&'static [Word]),
    /// A set of these words.
    Words(&'static [Word], usize),
    /// The hash of a JWT.
    Digest,
    /// A set of hashes of JWTs.
    Digests(usize),
    /// `{agency, unit}`.
    Address,
    /// A set of addresses, ordered as `agency/unit`.
    Addresses(usize),
    /// An agency's id.
    Agency,
    /// A set of agencies.
    Agencies(usize),
    /// A unit's id, of the author's agency.
    Unit,
    /// An officer's id, of the author's agency.
    OfficerId,
    /// `{agency, officer}`.
    Officer,
    /// A set of officers, ordered as `agency/officer`.
    Officers(usize),
    /// A case's id.
    Case,
    /// A set of contacts' ids.
    Contacts(usize),
    /// A set of fields, each `<class>.<name>`.
    Fields(usize),
    /// `{milestone, of}`: a running deadline.
    Deadline,
    /// `[{event, fields}, …]`: what of which events was released.
    Released,
    /// RFC 3339 with offset.
    Timestamp,
    /// `YYYY-MM-DD`.
    Date,
    /// An integer, at least so much.
    Integer(u64),
    /// True or false.
    Bool,
    /// `{attachment, size, media_type}`: a file in the vault.
    Attachment,
}

impl Kind {
    /// The code list it draws on.
    pub fn list(&self) -> Option<&'static str> {
        match self {
            Self::Code(list) | Self::Codes(list, _) => Some(list),
            _ => None,
        }
    }

    /// Whether `json` is such a value. Whether its codes stand in their list is not asked here.
    pub fn fits(&self, json: &Json) -> bool {
        match *self {
            Self::Text(max) => String::read(Some(json)).is_some_and(|text| text.chars().count() <= max),
            Self::Code(_) => Code::read(Some(json)).is_some(),
            Self::Codes(_, least) => set::<Code>(json, least),
            Self::Word(words) => json.as_str().is_some_and(|text| is_word(words, text)),
            Self::Words(words, least) => is_set_of_words(json, words, least),
            Self::Digest => Digest::read(Some(json)).is_some(),
            Self::Digests(least) => set::<Digest>(json, least),
            Self::Address => Address::read(Some(json)).is_some(),
            Self::Addresses(least) => set::<Address>(json, least),
            Self::Agency => AgencyId::read(Some(json)).is_some(),
            Self::Agencies(least) => set::<AgencyId>(json, least),
            Self::Unit => UnitId::read(Some(json)).is_some(),
            Self::OfficerId => OfficerId::read(Some(json)).is_some(),
            Self::Officer => Officer::read(Some(json)).is_some(),
            Self::Officers(least) => set::<Officer>(json, least),
            Self::Case => CaseId::read(Some(json)).is_some(),
            Self::Contacts(least) => set::<ContactId>(json, least),
            Self::Fields(least) => set::<FieldPath>(json, least),
            Self::Deadline => DeadlineRef::read(Some(json)).is_some(),
            Self::Released => BTreeMap::<Digest, BTreeSet<FieldPath>>::read(Some(json)).is_some(),
            Self::Timestamp => Timestamp::read(Some(json)).is_some(),
            Self::Date => NaiveDate::read(Some(json)).is_some(),
            Self::Integer(least) => u64::read(Some(json)).is_some_and(|number| number >= least),
            Self::Bool => bool::read(Some(json)).is_some(),
            Self::Attachment => Attachment::read(Some(json)).is_some_and(|file| is_file(&file)),
        }
    }
}

fn set<T>(json: &Json, least: usize) -> bool
where
    BTreeSet<T>: Field,
{
    BTreeSet::<T>::read(Some(json)).is_some_and(|set| set.len() >= least)
}

fn is_word(words: &[Word], text: &str) -> bool {
    words.iter().any(|word| word.word == text)
}

fn is_set_of_words(json: &Json, words: &[Word], least: usize) -> bool {
    let Some(elements) = json.as_array() else { return false };
    let texts: Option<Vec<&str>> = elements.iter().map(Json::as_str).collect();
    texts.is_some_and(|texts| {
        texts.len() >= least
            && texts.iter().all(|text| is_word(words, text))
            && texts.array_windows().all(|[a, b]| a < b)
    })
}

/// At least one byte, and a media type of two printable ASCII parts.
fn is_file(file: &Attachment) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic());
    let media_type = file.media_type.split_once('/').is_some_and(|(a, b)| part(a) && part(b));
    file.size >= 1 && media_type && file.media_type.len() <= 127
}

/// A closed vocabulary with labels.
macro_rules! vocabulary {
    ($($(#[$doc:meta])* $name:ident: $($word:literal = $ar:literal / $en:literal),*;)*) => {$(
        $(#[$doc])*
        pub(crate) const $name: &[Word] =
            &[$(Word { word: $word, label: Bilingual { ar: $ar, en: $en } },)*];
    )*};
}

vocabulary! {
    /// [`crate::Priority`].
    PRIORITY: "routine" = "اعتيادية" / "Routine", "urgent" = "عاجلة" / "Urgent";
    /// [`super::Vote`].
    VOTE: "for" = "موافق" / "For", "against" = "معارض" / "Against", "abstain" = "ممتنع" / "Abstain";
    /// [`super::ErasureGround`].
    ERASURE_GROUND:
        "request" = "طلب الطفل أو من يمثله" / "Request of the child or who acts for it",
        "consent_withdrawn" = "سحب الموافقة" / "Consent withdrawn",
        "unlawful" = "بيانات ما كان ينبغي تسجيلها" / "Should never have been recorded",
        "court_order" = "أمر محكمة" / "Court order",
        "purpose_over" = "انتفاء الغرض" / "Purpose is over",
        "retention" = "انقضاء مدة الاحتفاظ" / "Retention period is over";
    /// [`super::WarningOutcome`].
    WARNING_OUTCOME:
        "no_action" = "لا حاجة إلى إجراء" / "No action needed",
        "acted" = "اتُّخذ إجراء" / "Acted on",
        "wrong" = "الإنذار خاطئ" / "The warning is wrong";
    /// [`super::WarningReason`].
    WARNING_REASON:
        "already_known" = "معروف ويُعمل عليه" / "Known and being worked on",
        "risk_higher" = "الخطورة أعلى مما قُدّر" / "The risk is higher than assessed",
        "work_missing" = "عمل لم يُنجز" / "Work was not done",
        "family" = "الأسرة تحتاج إلى عمل واحد مشترك" / "The family needs one joint piece of work",
        "record_wrong" = "السجل غير صحيح" / "The record is not right",
        "unrelated" = "لا صلة بين ما جُمع" / "What was put together does not belong together",
        "other" = "سبب آخر" / "Another reason";
    /// [`super::WarningGround`].
    WARNING_GROUND:
        "child_seen" = "قوبل الطفل" / "The child was seen",
        "family_asked" = "سُئلت الأسرة" / "The family was asked",
        "file_read" = "قُرئ ملف الحالة" / "The case file was read",
        "agency_asked" = "سُئلت جهة أخرى" / "Another agency was asked",
        "new_report" = "بلاغ جديد" / "A new report",
        "supervision" = "نوقش مع المشرف" / "It was discussed with the supervisor";
    /// [`crate::Milestone`].
    MILESTONE:
        "acknowledge" = "الإقرار بالاستلام" / "Acknowledgement",
        "accept" = "القبول" / "Acceptance",
        "complete" = "الإنجاز" / "Completion",
        "assign" = "تكليف أخصائي حالة" / "Assignment of a case worker",
        "see_child" = "مقابلة الطفل" / "Seeing the child",
        "assess" = "التقييم" / "Assessment",
        "plan" = "اعتماد خطة الحالة" / "Approved case plan",
        "follow_up" = "المتابعة" / "Follow-up",
        "conference_papers" = "أوراق الاجتماع" / "Conference papers",
        "review_break_glass" = "مراجعة الاطلاع الطارئ" / "Review of an emergency access",
        "confirm_withdrawal" = "تأكيد سحب الموافقة" / "Confirmation of a withdrawal",
        "notify_breach" = "الإبلاغ عن انتهاك البيانات" / "Notification of a data breach";
    /// [`super::ReferralState`].
    REFERRAL_STATE:
        "requested" = "بانتظار الاستلام" / "Requested",
        "acknowledged" = "بانتظار القبول" / "Acknowledged",
        "accepted" = "مقبولة" / "Accepted",
        "in_progress" = "قيد التنفيذ" / "In progress",
        "on_hold" = "معلّقة" / "On hold",
        "info_requested" = "بانتظار معلومات" / "Information requested",
        "completed" = "منجزة" / "Completed",
        "rejected" = "مرفوضة" / "Rejected",
        "cancelled_by_requester" = "ألغتها الجهة المُحيلة" / "Cancelled by the requester",
        "cancelled_by_recipient" = "ألغتها الجهة المُحال إليها" / "Cancelled by the recipient",
        "failed" = "تعذّر تنفيذها" / "Failed",
        "entered_in_error" = "أُدخلت خطأً" / "Entered in error",
        "withdrawn" = "مسحوبة" / "Withdrawn";
    /// [`sijill_event::Class`].
    CLASS:
        "casework" = "بيانات العمل على الحالة" / "Casework",
        "identity" = "بيانات الهوية" / "Identity",
        "narrative" = "النصوص والوثائق" / "Narrative",
        "reporter" = "بيانات المُبلِّغ" / "Reporter",
        "sensitive" = "بيانات حساسة" / "Sensitive";
}
