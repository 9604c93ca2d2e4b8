//! Stream `access/X`: values that are destroyed by order. Nothing here is of class casework: an order, its approval and
//! what was done outlive every value of the case, and can be judged when none is left.

use super::LONG;
use super::event::event;

event! {
    /// An officer of the owner orders that values be destroyed. None is until a supervisor who is somebody else approves.
    ErasureOrdered = "erasure.ordered" v 1 in [Access],
    "أمر محو" / "Erasure ordered", "أمر موظف من الوحدة المسؤولة بمحو بيانات، ولا يُمحى شيء حتى يعتمد الأمرَ مشرف غيره.";
    routing {
        ground: Ground, "سند المحو", "Ground";
        rule?: Text(64), "قاعدة الاحتفاظ", "Retention rule",
            "معرّف القاعدة في السياسة، متى كان السند انقضاء مدة الاحتفاظ.", "Its id in the policy, where the ground is that a retention period is over.";
        fields?: Fields(1), "الحقول", "Fields",
            "إن تُركت مُحي الملف كله.", "Left out, everything is erased.";
        events?: Digests(1), "السجلات", "Events",
            "إن تُركت فالحقول حيثما وردت في الملف.", "Left out, the fields wherever they occur.";
    }
    casework {}
    narrative {
        why?: Text(LONG), "الشرح", "Why";
    }
}

event! {
    /// A supervisor who did not order it lets the erasure happen: it is carried out at once, and cannot be undone.
    ErasureApproved = "erasure.approved" v 1 in [Access],
    "اعتماد محو" / "Erasure approved", "اعتمد مشرف غير من أمر بالمحو تنفيذَه، فيُنفَّذ فورًا ولا رجعة فيه.";
    routing {
        erasure: Digest, "أمر المحو", "Erasure";
    }
    casework {}
}

event! {
    /// A supervisor does not let the erasure happen.
    ErasureRefused = "erasure.refused" v 1 in [Access],
    "رفض محو" / "Erasure refused", "لم يعتمد المشرف أمر المحو، فلا يُمحى شيء.";
    routing {
        erasure: Digest, "أمر المحو", "Erasure";
    }
    casework {}
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// Values and the keys that opened them were destroyed; these are their digests. Whoever was shown any of the case is
    /// told by it, and is to erase what it holds.
    ErasureDone = "erasure.done" v 1 in [Access],
    "تنفيذ محو" / "Erasure done", "أُتلفت القيم ومفاتيحها، وهذه بصماتها. وعلى كل وحدة اطّلعت على شيء من الملف أن تمحو ما لديها.";
    routing {
        erasure: Digest, "أمر المحو", "Erasure";
        part: Integer(1), "الجزء", "Part";
        parts: Integer(1), "عدد الأجزاء", "Parts",
            "قائمة طويلة تُكتب في عدة قيود.", "A long list is written in several events.";
        digests: Digests(0), "البصمات", "Digests";
        told: Addresses(0), "الوحدات المُبلَّغة", "Told";
    }
    casework {}
}

event! {
    /// A unit that was told has erased what it held.
    ErasureConfirmed = "erasure.confirmed" v 1 in [Access],
    "تأكيد محو" / "Erasure confirmed", "محت الوحدة المُبلَّغة ما لديها.";
    routing {
        erasure: Digest, "أمر المحو", "Erasure";
    }
    casework {}
}
