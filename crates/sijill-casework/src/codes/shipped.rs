//! The lists that come with the programme: version 1 of each, as `schemas/codes/` has them.

macro_rules! shipped {
    ($($id:literal,)*) => {
        /// Id and bytes of each list, by id.
        pub const SHIPPED: &[(&str, &[u8])] = &[
            $(($id, include_bytes!(concat!("../../../../schemas/codes/", $id, ".json"))),)*
        ];
    };
}

shipped! {
    "access-purpose", "age-band", "breach-nature", "break-glass-reason", "break-glass-verdict",
    "cancel-reason", "care-arrangement", "case-relation", "channel", "closure-refusal", "closure",
    "concern", "conference-kind", "conference-outcome", "conference-reason", "consent-by", "contact-action",
    "contact-category", "contact-type", "disposition", "document-kind", "escalation-outcome", "fail-reason",
    "feedback-by", "follow-up-outcome", "governorate", "hold-reason", "legal-basis", "nationality",
    "not-seen-reason", "order-end-reason", "order-kind", "party-relation", "placement-end-reason",
    "plan-reject-reason", "redirect-reason", "referral-outcome", "referral-reason", "reject-reason",
    "reopen-reason", "reporter-relation", "restriction-reason", "risk", "satisfaction", "see-place",
    "service", "sex", "situation", "transfer-reason", "variation-reason", "wilayat",
}
