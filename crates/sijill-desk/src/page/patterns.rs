//! `/desk/patterns`, in tests only: every part in every state, with made-up content, to be looked at and checked.

use maud::{Markup, html};
use serde_json::json;

use crate::part::form::{Choice, Field, errors};
use crate::part::page::Page;
use crate::part::queue::{Due, Row, Span, Urgency, queue, urgency};
use crate::part::sign::{self, Signed};
use crate::part::state::{Tone, loading, nothing, notice};
use crate::part::timeline::{Line, Seal, timeline};
use crate::say::Id;
use crate::{Text, View};

const HOUR: u64 = 3_600_000;
/// 2026-01-04 08:00 in Muscat.
const NOW: u64 = 1_767_499_200_000;

const fn t(ar: &'static str, en: &'static str) -> Text {
    Text { ar, en }
}

const ACKNOWLEDGE: Text = t("التأكيد", "Acknowledge");
const OPEN: Text = t("فتح", "Open");

pub(crate) async fn patterns(view: View) -> Markup {
    Page::new(&view, view.t(t("الأنماط", "Patterns"))).script("js/sign.js").says(sign::SAID).with(&html! {
        h1 { (view.t(t("بانتظار وحدتنا", "Waiting for our unit"))) }
        (rows(&view))
        h2 { (view.t(t("تاريخ الحالة", "History of the case"))) }
        (history(&view))
        h2 { (view.t(t("نموذج", "A form"))) }
        (question(&view))
        h2 { (view.t(t("حالات الصفحة", "States of a page"))) }
        (states(&view))
    })
}

fn rows(view: &View) -> Markup {
    let row = |id: &str, age: Text, how, asked: Text, due, last: Text| Row {
        child: html! { (view.t(t("طفل", "Child"))) " " (Id(id)) " · " (view.t(age)) },
        urgency: urgency(view, how),
        asked: html! { (view.t(asked)) },
        due,
        last: html! { (view.t(last)) },
        act: ("#".to_owned(), OPEN),
    };
    let health = t(
        "فحص طبي، مطلوب من مستشفى خولة: وحدة حماية الطفل",
        "Medical examination, asked of Khoula Hospital: child protection unit",
    );
    let school = t(
        "تقرير مدرسي، مطلوب من مدرسة النور: الأخصائي الاجتماعي",
        "School report, asked of Al Noor School: social worker",
    );
    let last = t(
        "آخر إجراء: وزارة التنمية الاجتماعية، الخط الساخن، قبل 20 دقيقة",
        "Last: Ministry of Social Development, hotline, 20 minutes ago",
    );
    queue(
        view,
        &[
            row(
                "7Q-4410",
                t("6 إلى 9 سنوات", "6 to 9 years"),
                Urgency::Immediate,
                health,
                Some((ACKNOWLEDGE, Due::Over { by: HOUR + HOUR / 2, at: NOW - HOUR })),
                last,
            ),
            row(
                "2F-0093",
                t("أقل من سنة", "under 1 year"),
                Urgency::High,
                health,
                Some((ACKNOWLEDGE, Due::Left { left: Span::Wall(25 * 60_000), at: NOW + HOUR, soon: true })),
                last,
            ),
            row(
                "9K-2217",
                t("13 إلى 17 سنة", "13 to 17 years"),
                Urgency::Medium,
                school,
                Some((
                    t("التقرير", "Report"),
                    Due::Left { left: Span::Days(9), at: NOW + 99 * HOUR, soon: false },
                )),
                last,
            ),
            row(
                "1A-0001",
                t("10 إلى 12 سنة", "10 to 12 years"),
                Urgency::Low,
                school,
                Some((t("التقرير", "Report"), Due::Paused { left: Span::Working(50 * HOUR) })),
                last,
            ),
        ],
    )
}

fn history(view: &View) -> Markup {
    let seal =
        |signed, chained, witnessed| Seal { signed, chained, published: true, witnessed: Some(witnessed) };
    let line = |what: Text, who: Text, occurred, signed, seal| Line {
        id: String::new(),
        what: html! { (view.t(what)) },
        who: html! { (view.t(who)) },
        told: html! {},
        occurred,
        signed,
        received: NOW,
        seal,
        proof: Some("#".to_owned()),
    };
    timeline(
        view,
        &[
            line(
                t("فُتحت الحالة", "Case opened"),
                t("وزارة التنمية الاجتماعية، الخط الساخن", "Ministry of Social Development, hotline"),
                Some(NOW - 26 * HOUR),
                NOW,
                seal(true, true, true),
            ),
            line(
                t("طُلبت إحالة", "Referral requested"),
                t("المنظومة، بحسب السياسة", "The system, as the policy says"),
                None,
                NOW - 2 * HOUR,
                seal(true, true, false),
            ),
            line(
                t("قُبلت الإحالة", "Referral accepted"),
                t("وزارة الصحة، مستشفى خولة", "Ministry of Health, Khoula Hospital"),
                None,
                NOW,
                seal(false, true, true),
            ),
        ],
    )
}

fn question(view: &View) -> Markup {
    let why = Field::new(
        "casework.reason",
        t("لماذا لا يمكنكم قبول الإحالة؟", "Why can you not accept the referral?"),
    )
    .wrong(Some(t("اختر سببًا", "Choose a reason")));
    let note = Field::new(
        "narrative.note",
        t("ما الذي ينبغي أن تعرفه الجهة المحيلة؟", "What should the referring agency know?"),
    )
    .hint(t("لا تكتب أسماء.", "Do not write names."))
    .optional();
    let number = Field::new("data.reference", t("رقم المرجع", "Reference number"))
        .hint(t("كما في نظامكم", "As in your system"));
    let choices = [
        ("no_capacity", t("لا سعة لدينا الآن", "We have no capacity now")),
        ("wrong_service", t("ليست خدمتنا", "It is not our service")),
    ]
    .map(|(value, text)| Choice { value, label: html! { (view.t(text)) }, note: None, chosen: false });
    let signed = Signed {
        stream: "case/7Q",
        event_type: "referral.rejected",
        v: 1,
        data: json!({}),
        done: "#",
        post: None,
    };
    html! {
        (errors(view, &[why]))
        (sign::form(view, "reject", &signed, t("مراجعة الرفض", "Check and refuse"), &html! {
            (why.radios(view, &choices))
            (note.lines(view, ""))
            (number.line(view, "", "ltr"))
        }))
    }
}

fn states(view: &View) -> Markup {
    html! {
        (notice(Tone::Plain, &html! { p { (view.t(t("فتح البيانات الشخصية يُسجَّل باسمك.", "Opening personal data is recorded under your name."))) } }))
        (notice(Tone::Good, &html! { p { (view.t(t("سُجّل القبول.", "The acceptance was recorded."))) } }))
        (notice(Tone::Warn, &html! { p { (view.t(t("بقي أقل من ساعة.", "Less than an hour is left."))) } }))
        (notice(Tone::Bad, &html! { p { (view.t(t("لم يُسجَّل شيء.", "Nothing was recorded."))) } }))
        (nothing(view, t("لا شيء بانتظاركم", "Nothing waits for you"), t("يظهر هنا ما يُطلب من وحدتكم.", "What is asked of your unit appears here."), Some(("#", t("كل الحالات", "All cases")))))
        (loading(view))
    }
}
