//! Stream `auto/X`: what the automation does in a case, beside the referrals it requests. Times that were due are
//! Unix milliseconds, which have one spelling: a recomputed act is the same act.

use super::event::event;

event! {
    /// The consent a referral rested on is gone, and with it the referral.
    ReferralWithdrawn = "referral.withdrawn" v 1 in [Auto],
    "سحب إحالة" / "Referral withdrawn", "زالت الموافقة التي قامت عليها الإحالة، فزالت معها.";
    routing {
        referral: Digest, "الإحالة", "Referral";
        cause: Digest, "القيد المسبِّب", "Cause";
    }
    casework {}
}

event! {
    /// Something will soon be due.
    ReminderSent = "reminder.sent" v 1 in [Auto],
    "تذكير" / "Reminder sent", "أمر يقترب موعده.";
    routing {
        milestone: Milestone, "المطلوب", "Milestone";
        of: Digest, "القيد الذي بدأت منه المهلة", "Deadline of";
        to: Address, "إلى", "To";
        policy: Integer(1), "إصدار السياسة", "Policy version";
    }
    casework {
        due: Integer(0), "الموعد", "Due",
            "بالملّي ثانية منذ 1970-01-01 بالتوقيت العالمي.", "Milliseconds since 1970-01-01 UTC.";
    }
}

event! {
    /// A unit did not answer a referral in time. A late answer stays possible.
    ReferralBreached = "referral.breached" v 1 in [Auto],
    "تجاوز مهلة إحالة" / "Referral breached", "لم تستجب الوحدة للإحالة في موعدها، ويبقى الرد المتأخر ممكنًا.";
    routing {
        referral: Digest, "الإحالة", "Referral";
        milestone: Milestone, "المطلوب", "Milestone";
        of: Digest, "القيد الذي بدأت منه المهلة", "Deadline of";
        owes: Address, "الوحدة المتأخرة", "Owed by";
        policy: Integer(1), "إصدار السياسة", "Policy version";
    }
    casework {
        state: State, "حالة الإحالة", "State of the referral";
        due: Integer(0), "الموعد", "Due",
            "بالملّي ثانية منذ 1970-01-01 بالتوقيت العالمي.", "Milliseconds since 1970-01-01 UTC.";
    }
}

event! {
    /// Something owed in the case was not done in time.
    DeadlineBreached = "deadline.breached" v 1 in [Auto],
    "تجاوز مهلة" / "Deadline breached", "لم يُنجز أمر مطلوب في الحالة في موعده.";
    routing {
        milestone: Milestone, "المطلوب", "Milestone";
        of: Digest, "القيد الذي بدأت منه المهلة", "Deadline of";
        owes: Address, "الوحدة المتأخرة", "Owed by";
        policy: Integer(1), "إصدار السياسة", "Policy version";
    }
    casework {
        due: Integer(0), "الموعد", "Due",
            "بالملّي ثانية منذ 1970-01-01 بالتوقيت العالمي.", "Milliseconds since 1970-01-01 UTC.";
    }
}

event! {
    /// What was not done in time is brought before someone who can act.
    EscalationRaised = "escalation.raised" v 1 in [Auto],
    "تصعيد" / "Escalation raised", "رُفع ما لم يُنجز في موعده إلى من يستطيع التصرف.";
    routing {
        milestone: Milestone, "المطلوب", "Milestone";
        of: Digest, "القيد الذي بدأت منه المهلة", "Deadline of";
        step: Integer(0), "درجة التصعيد", "Step";
        to: Address, "إلى", "To";
        policy: Integer(1), "إصدار السياسة", "Policy version";
    }
    casework {
        due: Integer(0), "الموعد", "Due",
            "بالملّي ثانية منذ 1970-01-01 بالتوقيت العالمي.", "Milliseconds since 1970-01-01 UTC.";
    }
}

event! {
    /// A unit is told of something it must know: a broken glass, a withdrawn consent.
    NoticeGiven = "notice.given" v 1 in [Auto],
    "إشعار" / "Notice given", "أُشعرت الوحدة بما يجب أن تعلمه: اطلاع طارئ أو سحب موافقة.";
    routing {
        about: Digest, "بشأن", "About";
        to: Address, "إلى", "To";
    }
    casework {}
}
