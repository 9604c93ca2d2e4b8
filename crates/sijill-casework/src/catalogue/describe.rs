//! What is put into a field of some kind, in words: the description of every field that has no help of its own.

use super::kind::Kind;

impl Kind {
    /// What a value of this kind is, in Arabic and in English.
    pub(super) fn described(self) -> (String, String) {
        let (ar, en) = match self {
            Self::Text(max) => {
                return (format!("نص لا يزيد على {max} حرف."), format!("Text of at most {max} characters."));
            }
            Self::Code(list) => {
                return (format!("رمز من قائمة الرموز {list}."), format!("A code of the code list {list}."));
            }
            Self::Codes(list, _) => {
                return (
                    format!("رموز من قائمة الرموز {list} بترتيب تصاعدي."),
                    format!("Codes of the code list {list}, in ascending order."),
                );
            }
            Self::Word(_) => ("إحدى الكلمات المذكورة.", "One of the words listed."),
            Self::Words(..) => {
                ("من الكلمات المذكورة بترتيب تصاعدي.", "Of the words listed, in ascending order.")
            }
            Self::Digest => (
                "بصمة القيد المقصود: SHA-256 لرمز JWT الخاص به بترميز base64url.",
                "The hash of the event meant: SHA-256 of its JWT, base64url.",
            ),
            Self::Digests(_) => (
                "بصمات القيود المقصودة: SHA-256 لرمز JWT الخاص بكل منها بترميز base64url، بترتيب تصاعدي.",
                "The hashes of the events meant: SHA-256 of each JWT, base64url, in ascending order.",
            ),
            Self::Address => {
                ("وحدة، بمعرّف جهتها ومعرّفها فيها.", "A unit, by its agency's id and its id there.")
            }
            Self::Addresses(_) => (
                "وحدات، كل منها بمعرّف جهتها ومعرّفها فيها، بترتيب تصاعدي.",
                "Units, each by its agency's id and its id there, in ascending order.",
            ),
            Self::Agency => ("معرّف جهة.", "An agency's id."),
            Self::Agencies(_) => ("معرّفات جهات بترتيب تصاعدي.", "Ids of agencies, in ascending order."),
            Self::Unit => ("معرّف وحدة من جهة الموقِّع.", "The id of a unit of the signer's agency."),
            Self::OfficerId => ("معرّف موظف من جهة الموقِّع.", "The id of an officer of the signer's agency."),
            Self::Officer => {
                ("موظف، بمعرّف جهته ومعرّفه فيها.", "An officer, by its agency's id and its id there.")
            }
            Self::Officers(_) => (
                "موظفون، كل منهم بمعرّف جهته ومعرّفه فيها، بترتيب تصاعدي.",
                "Officers, each by its agency's id and its id there, in ascending order.",
            ),
            Self::Case => ("معرّف حالة.", "The id of a case."),
            Self::Contacts(_) => ("معرّفات اتصالات بترتيب تصاعدي.", "Ids of contacts, in ascending order."),
            Self::Fields(_) => (
                "حقول بفئاتها وأسمائها، مثل identity.name، بترتيب تصاعدي.",
                "Fields by class and name, such as identity.name, in ascending order.",
            ),
            Self::Deadline => (
                "مهلة: المطلوب فيها، وبصمة القيد الذي بدأت منه.",
                "A deadline: its milestone, and the hash of the event that set it.",
            ),
            Self::Released => (
                "لكل قيد ببصمته ما أُتيح من حقوله.",
                "For each event, by its hash, which of its fields were released.",
            ),
            Self::Timestamp => {
                ("تاريخ ووقت مع فرق التوقيت (RFC 3339).", "Date and time with offset (RFC 3339).")
            }
            Self::Date => ("تاريخ: سنة-شهر-يوم.", "A date, YYYY-MM-DD."),
            Self::Integer(least) => {
                return (format!("عدد صحيح لا يقل عن {least}."), format!("An integer, at least {least}."));
            }
            Self::Bool => ("نعم أو لا.", "True or false."),
            Self::Attachment => (
                "ملف في الخزنة: بصمته SHA-256 وحجمه بالبايت ونوعه.",
                "A file in the vault: its SHA-256, its size in bytes, and its media type.",
            ),
        };
        (ar.to_owned(), en.to_owned())
    }
}
