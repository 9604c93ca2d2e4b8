//! What the values that figures are told apart by are called.

use std::borrow::Cow;

use sijill_casework::Milestone;
use sijill_casework::case::World;
use sijill_casework::catalogue::ReferralState;
use sijill_casework::codes::CodeBook;
use sijill_domain::Agency;
use sijill_projections::figure::Dimension;
use sijill_projections::indicators::catalogue::{
    DURATIONS, Indicator, Kind, LONGER, MORE_THAN_DOUBLE, RESULTS, SHARES,
};

use crate::page::word;
use crate::text::texts;
use crate::{Lang, Text, View};

texts! {
    NOBODY: "لا أحد", "Nobody";
    UNSTATED: "غير مذكور", "Not stated";
    WHOLE: "الحالة كلها", "The whole case";
    BELOW: "أقل من {to}", "less than {to}";
    LONGEST: "أطول من ذلك", "longer";
    UP_TO: "حتى {to}", "up to {to}";
    DOUBLE: "أكثر من ضعف المهلة", "more than twice the time";
}

/// Names, as the registry and the code lists have them now.
pub(super) struct Labels<'a> {
    pub(super) view: &'a View,
    pub(super) world: &'a World,
    pub(super) book: &'a CodeBook,
}

impl Labels<'_> {
    /// A value of a dimension, of an indicator's figure.
    pub(super) fn value(&self, indicator: &Indicator, by: Dimension, value: &str) -> String {
        match by {
            Dimension::Kind => self.kind(indicator, value),
            Dimension::Band => self.band(value),
            Dimension::Agency => self.agency(value),
            Dimension::Unit => value.to_owned(),
            Dimension::Governorate => self.code("governorate", value),
            Dimension::Month => self.month(value),
        }
    }

    /// An agency by its latest name, with its id where another has the same: two are never drawn as one.
    pub(super) fn agency(&self, id: &str) -> String {
        let latest = |agency: &Agency| agency.names.last().map(|latest| latest.name.clone());
        let registry = self.world.registry();
        let own = registry.agency(id).and_then(latest);
        let twin = registry.agencies().any(|(other, agency)| other.as_str() != id && latest(agency) == own);
        let named = self.named(id);
        if own.is_some() && twin { format!("{named} ({id})") } else { named }
    }

    fn named(&self, id: &str) -> String {
        let named = self.world.registry().agency(id).and_then(|agency| agency.names.last());
        named.map_or_else(|| self.or_unstated(id), |latest| word::name(self.view, &latest.name).into_owned())
    }

    /// A unit and its agency.
    pub(super) fn unit(&self, agency: &str, id: &str) -> String {
        let unit = self.world.registry().agency(agency).and_then(|agency| agency.units.get(id));
        let named = unit.and_then(|unit| unit.names.last()).map(|latest| word::name(self.view, &latest.name));
        let comma = if self.view.lang == Lang::Ar { "، " } else { ", " };
        [self.agency(agency), named.unwrap_or(Cow::Borrowed(id)).into_owned()].join(comma)
    }

    /// A code of a list in force; itself if the list does not say.
    pub(super) fn code(&self, list: &str, code: &str) -> String {
        let entry = self.book.list(list).and_then(|list| list.get(code));
        entry
            .map_or_else(|| self.or_unstated(code), |entry| word::label(self.view, &entry.label).into_owned())
    }

    /// A month, `202611`.
    pub(super) fn month(&self, month: &str) -> String {
        super::ask::month(month)
            .map_or_else(|| month.to_owned(), |month| self.view.month(month.year, month.month))
    }

    fn kind(&self, indicator: &Indicator, value: &str) -> String {
        let said = |text: Option<Text>| {
            text.map_or_else(|| self.or_unstated(value), |text| self.view.t(text).to_owned())
        };
        match indicator.kind {
            Kind::None => self.or_unstated(value),
            Kind::Code(list) => self.code(list, value),
            Kind::Agency => self.agency(value),
            Kind::Officer if value.is_empty() => self.view.t(NOBODY).to_owned(),
            Kind::Officer => value.to_owned(),
            Kind::Words(words) => said(in_words(words, value)),
            Kind::State => said(ReferralState::parse(value).map(word::referral_state)),
            Kind::Milestone if value == "end" => self.view.t(WHOLE).to_owned(),
            Kind::Milestone => said(Milestone::parse(value).map(word::milestone)),
            Kind::Event => self.view.t(word::event_type(value)).to_owned(),
        }
    }

    fn band(&self, band: &str) -> String {
        let fill = |text: Text, to: String| self.view.t(text).replace("{to}", &to);
        let found = |bands: &[(&str, i64)]| {
            bands.iter().find(|(word, _)| *word == band).map(|(_, to)| to.unsigned_abs())
        };
        if let Some(to) = found(&DURATIONS) {
            return fill(BELOW, self.view.span_after(to));
        }
        if let Some(to) = found(&SHARES) {
            return fill(UP_TO, self.view.share(to, 100));
        }
        match band {
            LONGER => self.view.t(LONGEST).to_owned(),
            MORE_THAN_DOUBLE => self.view.t(DOUBLE).to_owned(),
            _ => in_words(&RESULTS, band)
                .map_or_else(|| self.or_unstated(band), |text| self.view.t(text).to_owned()),
        }
    }

    fn or_unstated(&self, value: &str) -> String {
        if value.is_empty() { self.view.t(UNSTATED).to_owned() } else { value.to_owned() }
    }
}

fn in_words(words: &[(&str, &'static str, &'static str)], value: &str) -> Option<Text> {
    words.iter().find(|(word, ..)| *word == value).map(|(_, ar, en)| Text { ar, en })
}
