//! Texts, in Arabic and English side by side, and texts that count.

use icu_locale_core::locale;
use icu_plurals::{PluralCategory, PluralRules, PluralRulesOptions};
use maud::{Markup, PreEscaped, Render};
use sijill_casework::catalogue::Bilingual;

use crate::Lang;

/// One text in both languages. `{name}` marks a place to be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// Arabic.
    pub ar: &'static str,
    /// English.
    pub en: &'static str,
}

impl Text {
    /// In this language.
    pub const fn to(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Ar => self.ar,
            Lang::En => self.en,
        }
    }

    /// With its places filled. The text is escaped, what fills it is markup already: an id as `<bdi>`, a link.
    pub fn fill(self, lang: Lang, places: &[(&str, &dyn Render)]) -> Markup {
        PreEscaped(filled(&self.to(lang).render().into_string(), places))
    }
}

/// What the catalogue of events calls its types and fields.
impl From<Bilingual> for Text {
    fn from(Bilingual { ar, en }: Bilingual) -> Self {
        Self { ar, en }
    }
}

/// A text with a number in it, in every form its language has for it.
///
/// Arabic has six: for 0, 1, 2, 3–10, 11–99 and the rest, as the last two digits decide. `{n}` is the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// zero, one, two, few, many, other
    pub ar: [&'static str; 6],
    /// one, other
    pub en: [&'static str; 2],
}

impl Count {
    /// The form for `n`, its place not filled yet.
    pub fn form(self, lang: Lang, n: u64) -> &'static str {
        let rules = match lang {
            Lang::Ar => locale!("ar"),
            Lang::En => locale!("en"),
        };
        // Both locales are compiled in; without rules the general form is the least wrong.
        let category = PluralRules::try_new(rules.into(), PluralRulesOptions::default())
            .map_or(PluralCategory::Other, |rules| rules.category_for(n));
        match (lang, category) {
            (Lang::En, PluralCategory::One) => self.en[0],
            (Lang::En, _) => self.en[1],
            (Lang::Ar, PluralCategory::Zero) => self.ar[0],
            (Lang::Ar, PluralCategory::One) => self.ar[1],
            (Lang::Ar, PluralCategory::Two) => self.ar[2],
            (Lang::Ar, PluralCategory::Few) => self.ar[3],
            (Lang::Ar, PluralCategory::Many) => self.ar[4],
            (Lang::Ar, PluralCategory::Other) => self.ar[5],
        }
    }
}

/// Replaces `{name}` by markup, each place once per occurrence, never inside what was put in.
fn filled(text: &str, places: &[(&str, &dyn Render)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        if let Some((_, value)) = places.iter().find(|(place, _)| *place == name) {
            value.render_to(&mut out);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The texts of a page: `NAME: "Arabic", "English";`. `ALL` lists them, for the test that reads every one.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $ar:literal, $en:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: $crate::Text = $crate::Text { ar: $ar, en: $en };)*
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, $crate::Text)] = &[$((stringify!($name), $name),)*];
    };
}
pub(crate) use texts;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every module that has texts.
    fn all() -> Vec<(&'static str, Text)> {
        let mut all = Vec::new();
        for (module, texts) in [
            crate::page::TEXTS,
            crate::page::audit::TEXTS,
            crate::page::oversight::TEXTS,
            crate::page::planning::TEXTS,
            crate::part::TEXTS,
            crate::chart::TEXTS,
        ]
        .concat()
        {
            assert!(!texts.is_empty(), "{module} lists no text");
            all.extend_from_slice(texts);
        }
        all
    }

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_text_is_in_both_languages() {
        let arabic = |c: char| ('\u{0600}'..='\u{06FF}').contains(&c);
        for (name, text) in all() {
            assert!(text.ar.chars().any(arabic), "{name} is not Arabic: {}", text.ar);
            assert!(
                !text.en.is_empty() && !text.en.chars().any(arabic),
                "{name} is not English: {}",
                text.en
            );
            assert_eq!(places(text.ar), places(text.en), "{name} has other places in its two languages");
            for side in [text.ar, text.en] {
                assert_eq!(side, side.trim(), "{name} has space around it");
                assert!(!side.contains("  ") && !side.contains('\n'), "{name} has space in it");
            }
        }
    }

    #[test]
    fn places_are_filled_once_and_never_in_what_fills_them() {
        let text = Text { ar: "{who} <{what}>", en: "{who} <{what}> {none}{" };
        let who = PreEscaped("<bdi>{what}</bdi>");
        let filled = text.fill(Lang::En, &[("who", &who), ("what", &"a & b")]).into_string();
        assert_eq!(filled, "<bdi>{what}</bdi> &lt;a &amp; b&gt; {");
    }

    #[test]
    fn arabic_counts_in_six_forms() {
        let count = Count { ar: ["zero", "one", "two", "few", "many", "other"], en: ["one", "other"] };
        for (n, form) in [
            (0, "zero"),
            (1, "one"),
            (2, "two"),
            (3, "few"),
            (10, "few"),
            (11, "many"),
            (99, "many"),
            (100, "other"),
            (101, "other"),
            (102, "other"),
            (103, "few"),
            (110, "few"),
            (111, "many"),
            (1_000, "other"),
        ] {
            assert_eq!(count.form(Lang::Ar, n), form, "{n} in Arabic");
            assert_eq!(count.form(Lang::En, n), if n == 1 { "one" } else { "other" }, "{n} in English");
        }
    }
}
