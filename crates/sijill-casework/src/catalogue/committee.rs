//! Stream `case/X`: conferences and votes of the child protection committee, orders of prosecution and court.

use super::LONG;
use super::event::event;

event! {
    /// Agencies will meet about the case; each of these has a vote.
    ConferenceScheduled = "conference.scheduled" v 1 in [Case],
    "تحديد موعد اجتماع" / "Conference scheduled", "ستجتمع الجهات بشأن الحالة، ولكل جهة من هذه صوت.";
    routing {
        members: Agencies(1), "الجهات الأعضاء", "Member agencies";
    }
    casework {
        at: Timestamp, "الموعد", "When";
        kind: Code("conference-kind"), "نوع الاجتماع", "Kind";
        reason: Code("conference-reason"), "سبب الاجتماع", "Reason";
    }
}

event! {
    /// A member's own vote.
    VoteCast = "vote.cast" v 1 in [Case],
    "تصويت" / "Vote cast", "صوت عضو بتوقيعه.";
    routing {
        conference: Digest, "الاجتماع", "Conference";
    }
    casework {
        vote: Vote, "الصوت", "Vote";
    }
    narrative {
        dissent?: Text(LONG), "الرأي المخالف", "Dissent";
    }
}

event! {
    /// The conference was held, and what the votes decided.
    ConferenceHeld = "conference.held" v 1 in [Case],
    "انعقاد الاجتماع" / "Conference held", "انعقد الاجتماع، وهذا ما قررته الأصوات.";
    routing {
        conference: Digest, "الاجتماع", "Conference";
    }
    casework {
        outcome: Code("conference-outcome"), "القرار", "Outcome";
    }
    narrative {
        minutes?: Text(LONG), "المحضر", "Minutes";
    }
}

event! {
    /// A prosecutor or court ordered something.
    OrderIssued = "order.issued" v 1 in [Case],
    "صدور أمر" / "Order issued", "أصدر الادعاء العام أو المحكمة أمرًا.";
    routing {}
    casework {
        kind: Code("order-kind"), "نوع الأمر", "Kind";
        issuer: Agency, "الجهة المُصدِرة", "Issued by";
    }
    narrative {
        text?: Text(LONG), "نص الأمر", "Text";
    }
    sensitive {
        grounds?: Text(LONG), "أسباب الأمر", "Grounds";
    }
}

event! {
    /// The text of an order that was given on paper or by word of mouth.
    OrderTranscribed = "order.transcribed" v 1 in [Case],
    "تدوين أمر" / "Order transcribed", "نص أمر صدر كتابةً أو شفاهةً.";
    routing {
        order: Digest, "الأمر", "Order";
    }
    casework {}
    narrative {
        text: Text(LONG), "نص الأمر", "Text";
    }
}

event! {
    /// The order no longer stands.
    OrderEnded = "order.ended" v 1 in [Case],
    "انتهاء أمر" / "Order ended", "لم يعد الأمر ساريًا.";
    routing {
        order: Digest, "الأمر", "Order";
    }
    casework {
        reason: Code("order-end-reason"), "سبب الانتهاء", "Reason";
    }
}
