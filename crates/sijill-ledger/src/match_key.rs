//! Match keys: what a child known already is found by, without a name or number standing anywhere (`docs/casework.md` §9).
//!
//! ```text
//! match key = HMAC-SHA-256(key, what)     key  = HMAC-SHA-256(master key, "sijill-match-key/1\n" origin "\n")
//! what      = "civil\n" number            the civil number alone
//!           | "name\n" name "\n" year     all of the name, and the year of birth
//!           | "ends\n" name "\n" year     its first and its last part, and the year of birth
//! ```
//!
//! A name is written in many ways; [`name_parts`] takes away what does not tell two people apart. Of two spellings that
//! come out alike, one finds the other: to find a child twice costs a look, to miss it may cost the child.

use chrono::Datelike;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sijill_event::{Json, SdJwt};
use sijill_store::MatchKey;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

/// Fewer characters are no civil number but a slip of the pen.
const SHORTEST_NUMBER: usize = 4;
/// What joins the parts of a name and is as often left out, and the article where it stands alone.
const PARTICLES: &[&str] = &["ال", "بن", "بنت", "ابن", "ابنه", "al", "el", "ul", "bin", "bint", "ibn", "ben"];
/// Parts that are one with the next, in whatever way they are spaced, and what the two together begin with.
const JOINED: &[(&str, &str)] = &[
    ("عبد", "عبد"),
    ("ابو", "ابو"),
    ("abd", "abd"),
    ("abdul", "abd"),
    ("abdel", "abd"),
    ("abdal", "abd"),
    ("abu", "abu"),
];
/// `عبد` with the article as one word, what it becomes, and how much must follow.
const SERVANTS: &[(&str, &str, usize)] =
    &[("عبدال", "عبد", 2), ("abdul", "abd", 3), ("abdel", "abd", 3), ("abdal", "abd", 3)];

/// What is said of who a child is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Child {
    name: Option<String>,
    born: Option<i64>,
    civil_number: Option<String>,
}

impl Child {
    /// The child that an event says something of; `None` if it is of a type that says nothing of one.
    pub(crate) fn of(sd_jwt: &SdJwt) -> Option<Self> {
        let [name, born, number] = match sd_jwt.event.event_type.as_str() {
            "child.registered" | "child.corrected" => ["name", "birth_date", "civil_number"],
            "contact.logged" | "contact.corrected" => {
                ["child_name", "child_birth_year", "child_civil_number"]
            }
            "child.looked_up" => ["name", "birth_year", "civil_number"],
            _ => return None,
        };
        let value = |wanted: &str| {
            let mut all = sd_jwt.disclosures.iter().map(|(_, disclosure)| disclosure);
            all.find(|disclosure| disclosure.name == wanted).map(|disclosure| &disclosure.value)
        };
        let text = |wanted| value(wanted).and_then(Json::as_str).map(str::to_owned);
        Some(Self { name: text(name), born: value(born).and_then(year), civil_number: text(number) })
    }

    /// Whether an event of this type only asks.
    pub(crate) fn is_asked_for(event_type: &str) -> bool {
        event_type == "child.looked_up"
    }

    /// What its match keys are made of; nothing if too little is said.
    fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        if let Some(number) = self.civil_number.as_deref().and_then(civil_number) {
            told.push(format!("civil\n{number}"));
        }
        if let (Some(name), Some(year)) = (&self.name, self.born) {
            let parts = name_parts(name);
            if let [first, .., last] = parts.as_slice() {
                told.push(format!("ends\n{first} {last}\n{year}"));
            }
            if !parts.is_empty() {
                told.push(format!("name\n{}\n{year}", parts.join(" ")));
            }
        }
        told
    }
}

/// The year of a year or of a date.
fn year(json: &Json) -> Option<i64> {
    let of_date =
        || chrono::NaiveDate::parse_from_str(json.as_str()?, "%Y-%m-%d").ok().map(|d| d.year().into());
    json.as_i64().or_else(of_date)
}

/// The key that match keys are made with: derived from the master key, so that whoever has the database alone cannot try
/// names.
#[derive(Clone)]
pub(crate) struct Matching(Hmac<Sha256>);

impl std::fmt::Debug for Matching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Matching(…)")
    }
}

impl Matching {
    /// Under a key of 32 bytes.
    pub(crate) fn under(key: &[u8; 32]) -> Self {
        // A shorter key than a block is filled up with zeros (RFC 2104 §2).
        let mut block = Zeroizing::new([0; 64]);
        let (start, _) = block.split_at_mut(key.len());
        start.copy_from_slice(key);
        Self(Hmac::new((&*block).into()))
    }

    /// Under a key derived from this one for these words.
    pub(crate) fn derived(key: &[u8; 32], words: &str) -> Self {
        Self::under(&Self::under(key).key(words))
    }

    /// The match keys of a child, ascending; none if too little is said of it.
    pub(crate) fn keys(&self, child: &Child) -> Vec<MatchKey> {
        let mut keys: Vec<MatchKey> = child.told().iter().map(|what| self.key(what)).collect();
        keys.sort_unstable();
        keys
    }

    fn key(&self, what: &str) -> MatchKey {
        let mut mac = self.0.clone();
        mac.update(what.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// A number as it is typed, without what people put between its digits, in whatever digits.
fn civil_number(text: &str) -> Option<String> {
    let number: String = plain(text).filter(|c| c.is_alphanumeric()).collect();
    (number.chars().count() >= SHORTEST_NUMBER).then_some(number)
}

/// The parts of a name, each in the one form that all its spellings share.
pub(crate) fn name_parts(name: &str) -> Vec<String> {
    let plain: String =
        plain(name).filter(|c| !matches!(c, '\'' | '’' | '‘' | '`' | 'ʿ' | 'ʾ' | 'ʻ' | 'ʼ')).collect();
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.map(without_article).filter(|word| !PARTICLES.contains(word)).collect();
    let mut parts = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let joined = JOINED.iter().find(|(alone, _)| *alone == word);
        let part = match (joined, joined.and_then(|_| words.next())) {
            (Some((_, begun)), Some(next)) => format!("{begun}{next}"),
            _ => word.to_owned(),
        };
        parts.push(servant(part));
    }
    parts
}

/// A word without its article, if enough of it remains.
fn without_article(mut word: &str) -> &str {
    let stripped = |word: &str| {
        let arabic = word.strip_prefix("ال").filter(|rest| rest.chars().count() >= 3);
        let latin = || word.strip_prefix("al").filter(|rest| rest.chars().count() >= 5);
        arabic.or_else(latin).map(str::len)
    };
    while let Some(rest) = stripped(word) {
        word = &word[word.len() - rest..];
    }
    word
}

fn servant(mut part: String) -> String {
    let shorter = |part: &str| {
        SERVANTS.iter().find_map(|(long, begun, least)| {
            let rest = part.strip_prefix(long).filter(|rest| rest.chars().count() >= *least)?;
            Some(format!("{begun}{rest}"))
        })
    };
    while let Some(short) = shorter(&part) {
        part = short;
    }
    part
}

/// Letters and digits in one form each: no vowel signs, no lengthening, one alef, one ya, one ha, one set of digits.
fn plain(text: &str) -> impl Iterator<Item = char> + use<> {
    // Lower case twice: a sign may come apart into capitals, and a capital into a letter and its sign.
    let letters: String = text.to_lowercase().nfkd().flat_map(char::to_lowercase).collect();
    let letters: Vec<char> = letters.nfkd().filter(|c| !is_combining_mark(*c)).collect();
    letters.into_iter().filter_map(|c| match c {
        // Hamza by itself, lengthening, and what steers the direction or joining of letters.
        'ء'
        | 'ـ'
        | '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => None,
        'ٱ' => Some('ا'),
        'ى' | 'ی' | 'ې' => Some('ي'),
        'ة' | 'ہ' | 'ھ' | 'ە' => Some('ه'),
        'ک' => Some('ك'),
        '٠'..='٩' => char::from_digit(u32::from(c) - u32::from('٠'), 10),
        '۰'..='۹' => char::from_digit(u32::from(c) - u32::from('۰'), 10),
        _ => Some(c),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn child(name: &str, born: i64) -> Child {
        Child { name: Some(name.into()), born: Some(born), civil_number: None }
    }

    fn matches(one: &Child, other: &Child) -> bool {
        let matching = Matching::under(&[1; 32]);
        let keys = matching.keys(one);
        matching.keys(other).iter().any(|key| keys.contains(key))
    }

    #[test]
    fn spellings_of_one_name_are_one_name() {
        for (one, other) in [
            ("أحمد", "احمد"),
            ("إبراهيم", "ٱبراهيم"),
            ("آمنة", "امنه"),
            ("مُحَمَّد", "محمد"),
            ("مـهـا", "مها"),
            ("هدى", "هدي"),
            ("عائشة", "عايشه"),
            ("مؤمن", "مومن"),
            ("عبد الله", "عبدالله"),
            ("عبد الرحمن بن عوف", "عبدالرحمن عوف"),
            ("أبو بكر", "ابوبكر"),
            ("مها بنت سالم بن حمد البلوشي", "مها سالم حمد بلوشي"),
            ("آل سعيد", "سعيد"),
            ("ﻣﻬﺎ", "مها"),
            ("علی کریم", "علي كريم"),
            ("Maha Salim Al-Balushi", "maha salim al balushi"),
            ("Maha AlBalushi", "MAHA BALUSHI"),
            ("Abdul Rahman", "Abd al-Rahman"),
            ("Abdulrahman", "Abdel Rahman"),
            ("Sa'id", "Said"),
            ("José", "Jose"),
        ] {
            assert_eq!(name_parts(one), name_parts(other), "{one} and {other}");
            assert!(!name_parts(one).is_empty());
        }
        for (one, other) in [("مها", "مهند"), ("سالم", "سليم"), ("علي", "عالي"), ("Ali", "Alia")]
        {
            assert_ne!(name_parts(one), name_parts(other), "{one} and {other}");
        }
    }

    #[test]
    fn a_child_is_found_by_name_and_year_or_by_number() {
        let known = child("مها بنت سالم بن حمد البلوشي", 2017);
        assert!(matches(&known, &child("مها سالم حمد البلوشي", 2017)), "all of the name");
        assert!(matches(&known, &child("مها البلوشي", 2017)), "its ends");
        assert!(!matches(&known, &child("مها البلوشي", 2016)), "another year");
        assert!(!matches(&known, &child("مها", 2017)), "half of the country is called so");
        assert!(!matches(&known, &Child { born: None, ..known.clone() }), "no year");
        let number = |text: &str| Child { civil_number: Some(text.into()), ..Child::default() };
        assert!(matches(&number("٠١٢٣ ٤٥٦٧"), &number("0123-4567")));
        assert!(!matches(&number("123"), &number("123")), "too short");
        assert!(!matches(&number("01234567"), &number("01234568")));
    }

    #[test]
    fn keys_are_of_one_ledger() {
        let here = Matching::under(&[1; 32]).keys(&child("مها سالم", 2017));
        let there = Matching::under(&[2; 32]).keys(&child("مها سالم", 2017));
        assert_eq!(here.len(), 2);
        assert!(here.iter().all(|key| !there.contains(key)));
    }

    fn names() -> impl Strategy<Value = String> {
        let letter =
            proptest::sample::select("ابتحدرسعفقكلمنهويةىأإآؤئء abdelmihu-'".chars().collect::<Vec<_>>());
        let word = prop_oneof![
            3 => proptest::collection::vec(letter, 1..8).prop_map(|letters| letters.into_iter().collect()),
            1 => proptest::sample::select(vec!["عبد", "ال", "بن", "أبو", "abdul", "al", "bint", "الابن", "عبدال"])
                .prop_map(str::to_owned),
        ];
        proptest::collection::vec(word, 0..6).prop_map(|words: Vec<String>| words.join(" "))
    }

    proptest! {
        /// What was normalised once is normal, or stored and asked-for names would drift apart.
        #[test]
        fn normal_names_stay(name in names()) {
            let once = name_parts(&name);
            prop_assert_eq!(name_parts(&once.join(" ")), once);
        }

        /// Signs nobody types the same way twice change nothing.
        #[test]
        fn signs_change_nothing(name in names(), at in any::<prop::sample::Index>(), sign in 0_usize..8) {
            let sign = ['\u{64e}', '\u{651}', '\u{652}', 'ـ', '\u{200f}', '\u{670}', '\u{feff}', '\u{64b}'][sign];
            let places: Vec<usize> = name.char_indices().map(|(place, _)| place).chain([name.len()]).collect();
            let mut signed = name.clone();
            signed.insert(places[at.index(places.len())], sign);
            prop_assert_eq!(name_parts(&signed), name_parts(&name));
        }

        /// Whatever comes in, each part is letters and digits only, and nothing panics.
        #[test]
        fn parts_are_words(name in any::<String>()) {
            for part in name_parts(&name) {
                prop_assert!(!part.is_empty() && part.chars().all(char::is_alphanumeric), "{part:?}");
            }
        }
    }
}
