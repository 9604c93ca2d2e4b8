//! Made-up figures, for tests and for the page of patterns.

use maud::html;

use super::{
    Ahead, Band, Bar, Bars, Chart, Flow, Known, Line, Measure, Month, Spread, Stream, Tile, Tiles, Trend,
    Value, Weeks,
};
use crate::{Text, View};

const HOUR: u64 = 3_600_000;
/// 1,200 entries, 2026-01-04 08:05 in Muscat.
pub(crate) const KNOWN: Known = Known { size: 1200, at: 1_767_499_500_000 };

const fn t(ar: &'static str, en: &'static str) -> Text {
    Text { ar, en }
}

const AGENCIES: [Text; 5] = [
    t("وزارة التنمية الاجتماعية", "Ministry of Social Development"),
    t("شرطة عمان السلطانية", "Royal Oman Police"),
    t("وزارة الصحة", "Ministry of Health"),
    t("وزارة التربية والتعليم", "Ministry of Education"),
    t("الادعاء العام", "Public Prosecution"),
];

pub(crate) fn chart<'a>(view: &'a View, id: &'a str) -> Chart<'a> {
    let definition = t("تُحسب من لحظة الطلب إلى أول رد.", "Counted from the request to the first answer.");
    Chart {
        view,
        id,
        title: view.t(t("من ينتظر منه الأطفال أكثر؟", "Whom do children wait for most?")).to_owned(),
        definition: html! { p { (view.t(definition)) } },
        events: Some("/desk/oversight/events".to_owned()),
        known: KNOWN,
    }
}

/// Two series over five agencies, one figure hidden.
pub(crate) fn bars(view: &View, stacked: bool) -> Bars {
    let figures = [(1120, 96), (640, 210), (480, 0), (37, 12), (0, 0)];
    let bar = |(name, (first, second)): (&Text, (u64, u64))| Bar {
        label: view.t(*name).to_owned(),
        values: vec![Value::Known(first), if second == 12 { Value::Fewer(5) } else { Value::Known(second) }],
        href: Some("#".to_owned()),
    };
    Bars {
        measure: Measure::Number,
        series: [t("في الموعد", "On time"), t("متأخرة", "Late")].map(|name| view.t(name).to_owned()).to_vec(),
        stacked,
        by_first: false,
        bars: AGENCIES.iter().zip(figures).map(bar).collect(),
    }
}

/// Times to one series of agencies.
pub(crate) fn times(view: &View) -> Bars {
    let bar = |(name, hours): (&Text, u64)| Bar {
        label: view.t(*name).to_owned(),
        values: vec![Value::Known(hours * HOUR / 2)],
        href: None,
    };
    let bars = AGENCIES.iter().zip([205, 51, 22, 9, 1]).map(bar).collect();
    Bars {
        measure: Measure::Time,
        series: vec![view.t(t("الوسيط", "Median")).to_owned()],
        stacked: false,
        by_first: false,
        bars,
    }
}

/// Eight bands; the limit where two meet.
pub(crate) fn spread() -> Spread {
    let ends = [HOUR / 2, HOUR, 4 * HOUR, 24 * HOUR, 48 * HOUR, 72 * HOUR, 168 * HOUR]
        .map(Some)
        .into_iter()
        .chain([None]);
    let band = |(to, figure)| Band { to, value: Value::Known(figure), href: Some("#".to_owned()) };
    Spread {
        measure: Measure::Time,
        bands: ends.zip([812, 304, 120, 96, 60, 12, 7, 21]).map(band).collect(),
        limit: Some(24 * HOUR),
    }
}

/// Flows between five agencies, one hidden.
pub(crate) fn flow(view: &View) -> Flow {
    let figures = [
        (0, 1, 210),
        (0, 2, 480),
        (0, 3, 37),
        (1, 0, 96),
        (1, 2, 160),
        (1, 4, 88),
        (2, 0, 44),
        (3, 0, 61),
        (4, 1, 3),
    ];
    let stream = |(from, to, figure): (usize, usize, u64)| Stream {
        from: view.t(AGENCIES[from]).to_owned(),
        to: view.t(AGENCIES[to]).to_owned(),
        value: if figure < 5 { Value::Fewer(5) } else { Value::Known(figure) },
        href: Some("#".to_owned()),
    };
    Flow { streams: figures.into_iter().map(stream).collect() }
}

/// A year and a half in so many series.
pub(crate) fn trend(series: u64) -> Trend {
    let months: Vec<_> =
        (0..18_u8).map(|n| Month { year: 2025 + i32::from(n / 12), month: n % 12 + 1 }).collect();
    let line = |n: u64| Line {
        name: format!("{}", n + 1),
        values: (0..18).map(|i| Value::Known(20 * (n + 1) + (i * 37 + n * 11) % 50)).collect(),
        hrefs: Vec::new(),
    };
    Trend { measure: Measure::Number, months, lines: (0..series).map(line).collect() }
}

/// Half a year and what is expected after it.
pub(crate) fn weeks() -> Weeks {
    const WEEK: u64 = 7 * 24 * HOUR;
    let begins = |n: u64| KNOWN.at / WEEK * WEEK + n * WEEK;
    let ahead =
        |n: u64| Ahead { begins: begins(26 + n), expected: 31 + n, range: Some((24 - n, 38 + 2 * n)) };
    Weeks {
        past: (0..26).map(|n| (begins(n), 20 + (n * 37) % 19)).collect(),
        ahead: (0..4).map(ahead).collect(),
    }
}

/// Three headline figures, the last hidden.
pub(crate) fn tiles(view: &View) -> Tiles {
    let tile = |label: Text, value, measure, note: Option<Text>| Tile {
        label: view.t(label).to_owned(),
        value,
        measure,
        note: note.map(|note| view.t(note).to_owned()),
        href: Some("#".to_owned()),
    };
    Tiles {
        tiles: vec![
            tile(
                t("متأخر الآن", "Overdue now"),
                Value::Known(23),
                Measure::Number,
                Some(t("كانت 31 قبل أسبوع", "31 a week ago")),
            ),
            tile(t("حالات مفتوحة", "Open cases"), Value::Known(4210), Measure::Number, None),
            tile(t("ردود في الموعد", "Answers on time"), Value::Known(874), Measure::Share, None),
            tile(t("أُعيد فتحها", "Reopened"), Value::Fewer(5), Measure::Number, None),
        ],
    }
}

/// Any figure, known or hidden; sums of a few hundred still fit.
#[cfg(test)]
pub(crate) fn any_value() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    prop_oneof![
        8 => (0_u64..1_000_000_000_000_000).prop_map(Value::Known),
        2 => (0_u64..50).prop_map(Value::Known),
        1 => (1_u64..20).prop_map(Value::Fewer),
        1 => Just(Value::Withheld),
        1 => Just(Value::Nothing),
    ]
}
