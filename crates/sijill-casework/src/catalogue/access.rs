//! Stream `access/X`: who asked to see what, and what they were shown.

use super::LONG;
use super::event::event;

event! {
    /// An officer asks to see values of these classes.
    AccessRequested = "access.requested" v 1 in [Access],
    "طلب اطلاع" / "Access requested", "يطلب موظف الاطلاع على بيانات من هذه الفئات.";
    routing {
        purpose: Code("access-purpose"), "الغرض", "Purpose";
        classes: Classes(1), "فئات البيانات", "Classes";
        events?: Digests(1), "السجلات", "Events", "إن تُركت فالحالة كلها.", "Left out, the whole case.";
    }
    casework {}
}

event! {
    /// What an officer was shown.
    AccessReleased = "access.released" v 1 in [Access],
    "إتاحة اطلاع" / "Access released", "ما أُتيح للموظف الاطلاع عليه.";
    routing {
        request: Digest, "الطلب", "Request";
        released: Released, "ما أُتيح", "Released";
    }
    casework {}
}

event! {
    /// An officer who is not on the case must see it now: a child is in danger. It is reviewed afterwards.
    BreakGlassInvoked = "break_glass.invoked" v 1 in [Access],
    "اطلاع طارئ" / "Break-glass invoked", "يحتاج موظف من خارج الحالة إلى الاطلاع فورًا لأن طفلًا في خطر، ويُراجع ذلك لاحقًا.";
    routing {}
    casework {
        reason: Code("break-glass-reason"), "السبب", "Reason";
    }
    narrative {
        why: Text(LONG), "الشرح", "Why";
    }
}

event! {
    /// A supervisor judges whether the glass was rightly broken.
    BreakGlassReviewed = "break_glass.reviewed" v 1 in [Access],
    "مراجعة اطلاع طارئ" / "Break-glass reviewed", "حكم المشرف في مبررات الاطلاع الطارئ.";
    routing {
        invocation: Digest, "الاطلاع الطارئ", "Invocation";
    }
    casework {
        verdict: Code("break-glass-verdict"), "الحكم", "Verdict";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}

event! {
    /// Personal data of the case left the system.
    ExportReleased = "export.released" v 1 in [Access],
    "تصدير بيانات" / "Export released", "خرجت بيانات شخصية من الحالة إلى خارج المنظومة.";
    routing {
        to: Officer, "إلى", "To";
        released: Released, "ما صُدِّر", "Released";
    }
    casework {
        purpose: Code("access-purpose"), "الغرض", "Purpose";
    }
}
