//! Stream `case/X`: what became of an early warning. A warning is a sentence about rows, made anew whenever it is asked for; only
//! what a person made of it stands on the ledger.

use super::LONG;
use super::event::event;

event! {
    /// A person looked at an early warning about the case and says what became of it.
    WarningReviewed = "warning.reviewed" v 1 in [Case],
    "مراجعة إنذار مبكر" / "Early warning reviewed", "نظر شخص في إنذار مبكر بشأن الحالة وبيّن ما آل إليه.";
    routing {
        rule: Text(64), "القاعدة", "Rule",
            "معرّف القاعدة التي صدر عنها الإنذار.", "The id of the rule that gave the warning.";
        version: Integer(1), "نسخة القاعدة", "Version of the rule";
        events: Digests(1), "ما استند إليه", "What it rested on",
            "القيود التي ذكرها الإنذار، في هذه الحالة وفي غيرها، وأحدها على الأقل في هذه الحالة.",
            "The events that the warning named, in this case and elsewhere; at least one is of this case.";
    }
    casework {
        outcome: Outcome, "ما آل إليه", "Outcome";
        reason: WarningReason, "السبب", "Reason";
        ground?: WarningGround, "ما استُند إليه غير الإنذار", "What else was looked at",
            "لا يُتخذ إجراء بناءً على الإنذار وحده.", "Nothing is done on the ground of a warning alone.";
    }
    narrative {
        note?: Text(LONG), "ملاحظة", "Note";
    }
}
