//! Numbers, moments and spans of time in the reader's language (ICU4X); times are Asia/Muscat.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, Timelike};
use icu_calendar::Gregorian;
use icu_datetime::input::{Date, DateTime as IcuDateTime, Time};
use icu_datetime::{FixedCalendarDateTimeFormatter, fieldsets};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_locale_core::Locale;
use maud::{Markup, Render, html};

use crate::chart::Month;
use crate::{Count, Digits, Lang, View};

/// Muscat has kept UTC+4 without daylight saving since 1920.
const MUSCAT_S: i32 = 4 * 3600;

const MINUTES: Count = Count {
    ar: ["أقل من دقيقة", "دقيقة", "دقيقتان", "{n} دقائق", "{n} دقيقة", "{n} دقيقة"],
    en: ["{n} minute", "{n} minutes"],
};
const HOURS: Count = Count {
    ar: ["{n} ساعة", "ساعة", "ساعتان", "{n} ساعات", "{n} ساعة", "{n} ساعة"],
    en: ["{n} hour", "{n} hours"],
};
/// On an axis, where there is little room; as CLDR abbreviates them.
const BRIEF_MINUTES: Count = Count { ar: ["{n} د"; 6], en: ["{n} min"; 2] };
const BRIEF_HOURS: Count = Count { ar: ["{n} س"; 6], en: ["{n} h"; 2] };
const BRIEF_DAYS: Count = Count { ar: ["{n} ي"; 6], en: ["{n} d"; 2] };
const DAYS: Count = Count {
    ar: ["{n} يوم", "يوم", "يومان", "{n} أيام", "{n} يومًا", "{n} يوم"],
    en: ["{n} day", "{n} days"],
};

impl View {
    /// The CLDR locale: 24 hours a day, since half of a duty is at night.
    fn locale(&self) -> Locale {
        let digits = if self.lang == Lang::Ar { self.digits.tag() } else { "latn" };
        let tag = format!("{}-u-hc-h23-nu-{digits}", if self.lang == Lang::En { "en-GB" } else { "ar" });
        Locale::try_from_str(&tag).unwrap_or(Locale::UNKNOWN)
    }

    /// A whole number, grouped.
    pub fn number(&self, n: u64) -> String {
        DecimalFormatter::try_new(
            self.locale().into(),
            icu_decimal::options::DecimalFormatterOptions::default(),
        )
        .map_or_else(|_| n.to_string(), |formatter| formatter.format(&Decimal::from(n)).to_string())
    }

    /// A text that was written elsewhere, its digits as this page has them.
    pub fn figures<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let (from, to) = match self.digits {
            _ if self.lang == Lang::En => return text.into(),
            Digits::Latin => ('٠', '0'),
            Digits::ArabicIndic => ('0', '٠'),
        };
        let own = |c: char| {
            let figure = u32::from(c).checked_sub(u32::from(from)).filter(|figure| *figure < 10)?;
            char::from_u32(u32::from(to) + figure)
        };
        if text.chars().all(|c| own(c).is_none()) {
            return text.into();
        }
        text.chars().map(|c| own(c).unwrap_or(c)).collect()
    }

    /// A text with a number in it.
    pub fn count(&self, count: Count, n: u64) -> String {
        count.form(self.lang, n).replace("{n}", &self.number(n))
    }

    /// A part of a whole in percent, rounded; but what is not nothing is never nothing, and what is not all never all.
    pub fn share(&self, part: u64, whole: u64) -> String {
        let (part, whole) = (u128::from(part), u128::from(whole));
        let rounded = (part * 100 + whole / 2).checked_div(whole).unwrap_or(0);
        let (sign, mark) = match rounded {
            0 if part > 0 => ("<", 1),
            100 if part < whole => (">", 99),
            _ => ("", u64::try_from(rounded).unwrap_or(u64::MAX)),
        };
        let percent = if self.lang == Lang::Ar && self.digits == Digits::ArabicIndic { '٪' } else { '%' };
        format!("{sign}{}{percent}", self.number(mark))
    }

    /// [`View::span`] as it stands after a preposition: the duals of Arabic end otherwise there.
    pub fn span_after(&self, ms: u64) -> String {
        let nominative = self.span(ms);
        [("دقيقتان", "دقيقتين"), ("ساعتان", "ساعتين"), ("يومان", "يومين")]
            .iter()
            .fold(nominative, |said, (before, after)| said.replace(before, after))
    }

    /// How long something is, in its largest unit that divides it, abbreviated: "30 min", "4 h".
    pub fn brief(&self, ms: u64) -> String {
        let minutes = ms / 60_000;
        let (count, n) = match minutes {
            _ if minutes == 0 || !minutes.is_multiple_of(60) => (BRIEF_MINUTES, minutes),
            _ if !minutes.is_multiple_of(1440) => (BRIEF_HOURS, minutes / 60),
            _ => (BRIEF_DAYS, minutes / 1440),
        };
        self.count(count, n)
    }

    /// A month of a year, as words: "January 2026". `month` is 1 to 12.
    pub fn month(&self, year: i32, month: u8) -> String {
        let formatter =
            FixedCalendarDateTimeFormatter::try_new(self.locale().into(), fieldsets::YM::long()).ok();
        formatter
            .and_then(|formatter| Some(formatter.format(&first_of(year, month)?).to_string()))
            .unwrap_or_else(|| format!("{year}-{month:02}"))
    }

    /// The month of a moment in Muscat.
    pub fn month_of(&self, unix_ms: u64) -> Month {
        let at = instant(unix_ms).unwrap_or_default();
        Month { year: at.year(), month: u8::try_from(at.month()).unwrap_or(1) }
    }

    /// A month without its year, as short as its language has it: "Jan". `month` is 1 to 12.
    pub fn month_brief(&self, month: u8) -> String {
        let formatter =
            FixedCalendarDateTimeFormatter::try_new(self.locale().into(), fieldsets::M::medium()).ok();
        formatter
            .and_then(|formatter| Some(formatter.format(&first_of(2026, month)?).to_string()))
            .unwrap_or_else(|| month.to_string())
    }

    /// The day of its month of a moment in Muscat.
    pub fn day(&self, unix_ms: u64) -> String {
        self.number(u64::from(instant(unix_ms).unwrap_or_default().day()))
    }

    /// Day and time of a moment in Muscat, as words.
    pub fn date_time(&self, unix_ms: u64) -> String {
        let fields = fieldsets::YMD::long().with_time_hm();
        muscat(unix_ms)
            .and_then(|at| {
                FixedCalendarDateTimeFormatter::try_new(self.locale().into(), fields)
                    .ok()
                    .map(|formatter| formatter.format(&at).to_string())
            })
            .unwrap_or_else(|| unix_ms.to_string())
    }

    /// The day of a moment in Muscat, as words.
    pub fn date(&self, unix_ms: u64) -> String {
        muscat(unix_ms)
            .and_then(|at| {
                FixedCalendarDateTimeFormatter::try_new(self.locale().into(), fieldsets::YMD::long())
                    .ok()
                    .map(|formatter| formatter.format(&at).to_string())
            })
            .unwrap_or_else(|| unix_ms.to_string())
    }

    /// A moment as a `<time>` that machines can read too.
    pub fn time(&self, unix_ms: u64) -> Markup {
        let machine = instant(unix_ms).map(|at| at.to_rfc3339()).unwrap_or_default();
        html! { time datetime=(machine) { (self.date_time(unix_ms)) } }
    }

    /// The same without days: "30 hours 5 minutes". For working time, whose days are not of 24 hours.
    pub fn hours(&self, ms: u64) -> String {
        let minutes = ms / 60_000;
        let (hours, rest) = (minutes / 60, minutes % 60);
        match (hours, rest) {
            (0, _) => self.count(MINUTES, rest),
            (_, 0) => self.count(HOURS, hours),
            _ => {
                let and = if self.lang == Lang::Ar { " و" } else { " " };
                [self.count(HOURS, hours), self.count(MINUTES, rest)].join(and)
            }
        }
    }

    /// How long something is, in its two largest units, the smaller one rounded down: "2 hours 5 minutes".
    pub fn span(&self, ms: u64) -> String {
        let minutes = ms / 60_000;
        let (days, hours, rest) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        let parts = match (days, hours) {
            (0, 0) => vec![(MINUTES, rest)],
            (0, _) => vec![(HOURS, hours), (MINUTES, rest)],
            _ => vec![(DAYS, days), (HOURS, hours)],
        };
        let said: Vec<String> = parts
            .iter()
            .enumerate()
            .filter(|(place, (_, n))| *place == 0 || *n > 0)
            .map(|(_, (count, n))| self.count(*count, *n))
            .collect();
        said.join(if self.lang == Lang::Ar { " و" } else { " " })
    }
}

/// The first day of a month.
fn first_of(year: i32, month: u8) -> Option<Date<Gregorian>> {
    Date::try_new_gregorian(year, month, 1).ok()
}

/// The civil day and time in Muscat.
fn muscat(unix_ms: u64) -> Option<IcuDateTime<Gregorian>> {
    let at = instant(unix_ms)?;
    let small = |n: u32| u8::try_from(n).ok();
    Some(IcuDateTime {
        date: Date::try_new_gregorian(at.year(), small(at.month())?, small(at.day())?).ok()?,
        time: Time::try_new(small(at.hour())?, small(at.minute())?, small(at.second())?, 0).ok()?,
    })
}

fn instant(unix_ms: u64) -> Option<DateTime<FixedOffset>> {
    let utc = DateTime::from_timestamp_millis(i64::try_from(unix_ms).ok()?)?;
    Some(utc.with_timezone(&FixedOffset::east_opt(MUSCAT_S)?))
}

/// An identifier: isolated, so that it reads the same in either direction.
pub struct Id<'a>(
    /// The identifier.
    pub &'a str,
);

impl Render for Id<'_> {
    fn render(&self) -> Markup {
        html! { bdi { (self.0) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-04 08:05 in Muscat.
    const AT: u64 = 1_767_499_200_000 + 300_000;

    fn view(lang: Lang, digits: Digits) -> View {
        View { lang, digits, ..View::default() }
    }

    #[test]
    fn moments_are_muscats_in_either_language_and_digits() {
        assert_eq!(view(Lang::En, Digits::Latin).date_time(AT), "4 January 2026 at 08:05");
        assert_eq!(view(Lang::Ar, Digits::Latin).date(AT), "4 يناير 2026");
        assert_eq!(view(Lang::Ar, Digits::ArabicIndic).date(AT), "٤ يناير ٢٠٢٦");
        assert!(view(Lang::Ar, Digits::ArabicIndic).date_time(AT).contains("٠٨:٠٥"));
        // An hour before midnight in UTC is the next day in Muscat.
        assert_eq!(view(Lang::En, Digits::Latin).date(AT - 5 * 3_600_000 - 300_000), "4 January 2026");
        let time = view(Lang::En, Digits::Latin).time(AT).into_string();
        assert!(time.contains(r#"datetime="2026-01-04T08:05:00+04:00""#), "{time}");
    }

    #[test]
    fn english_is_never_written_with_arabic_digits() {
        assert_eq!(view(Lang::En, Digits::ArabicIndic).number(1_234_567), "1,234,567");
        assert_eq!(view(Lang::Ar, Digits::ArabicIndic).number(1_234_567), "١٬٢٣٤٬٥٦٧");
        assert_eq!(view(Lang::Ar, Digits::Latin).number(1_234_567), "1,234,567");
    }

    #[test]
    fn what_was_written_elsewhere_has_the_digits_of_the_page() {
        let (latin, indic) = ("خط 1100، كوفيد-19", "خط ١١٠٠، كوفيد-١٩");
        for text in [latin, indic] {
            assert_eq!(view(Lang::Ar, Digits::Latin).figures(text), latin);
            assert_eq!(view(Lang::Ar, Digits::ArabicIndic).figures(text), indic);
        }
        assert_eq!(view(Lang::En, Digits::ArabicIndic).figures("COVID-19"), "COVID-19");
    }

    #[test]
    fn spans_are_counted_as_people_count() {
        let arabic = view(Lang::Ar, Digits::Latin);
        let minute = 60_000;
        for (minutes, said) in [
            (0, "أقل من دقيقة"),
            (1, "دقيقة"),
            (2, "دقيقتان"),
            (3, "3 دقائق"),
            (11, "11 دقيقة"),
            (60, "ساعة"),
            (125, "ساعتان و5 دقائق"),
            (1440 * 2 + 60 * 11, "يومان و11 ساعة"),
            (1440 * 11, "11 يومًا"),
            (1440 * 100, "100 يوم"),
            (1440 * 103, "103 أيام"),
        ] {
            assert_eq!(arabic.span(minutes * minute), said);
        }
        assert_eq!(view(Lang::En, Digits::Latin).span(61 * minute), "1 hour 1 minute");
    }

    #[test]
    fn shares_are_never_rounded_to_all_or_nothing() {
        let english = view(Lang::En, Digits::Latin);
        for (part, whole, said) in [
            (0, 0, "0%"),
            (0, 7, "0%"),
            (1, 3, "33%"),
            (2, 3, "67%"),
            (7, 7, "100%"),
            (1, 900, "<1%"),
            (899, 900, ">99%"),
        ] {
            assert_eq!(english.share(part, whole), said, "{part} of {whole}");
        }
        assert_eq!(english.share(u64::MAX, u64::MAX), "100%");
        assert_eq!(view(Lang::Ar, Digits::ArabicIndic).share(1, 3), "٣٣٪");
    }

    #[test]
    fn axes_have_short_words() {
        let (arabic, english) = (view(Lang::Ar, Digits::Latin), view(Lang::En, Digits::Latin));
        for (minutes, ar, en) in [
            (0, "0 د", "0 min"),
            (30, "30 د", "30 min"),
            (90, "90 د", "90 min"),
            (240, "4 س", "4 h"),
            (4320, "3 ي", "3 d"),
        ] {
            assert_eq!(
                (arabic.brief(minutes * 60_000), english.brief(minutes * 60_000)),
                (ar.into(), en.into())
            );
        }
        assert_eq!(arabic.span_after(26 * 3_600_000), "يوم وساعتين");
        assert_eq!(english.month(2026, 1), "January 2026");
        assert_eq!(arabic.month(2026, 1), "يناير 2026");
        assert_eq!((english.month_brief(9), arabic.month_brief(9)), ("Sept".into(), "سبتمبر".into()));
        assert_eq!(english.month(2026, 13), "2026-13");
    }

    #[test]
    fn identifiers_are_isolated() {
        assert_eq!(Id("a<b").render().into_string(), "<bdi>a&lt;b</bdi>");
    }
}
