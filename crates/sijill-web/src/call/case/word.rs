//! The small things that answers about cases are made of.

use serde::Serialize;
use sijill_casework::catalogue::Bilingual;
use sijill_domain::{AgencyId, OfficerId};
use utoipa::ToSchema;

/// A unit of an agency: what cases and referrals are addressed to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Address {
    #[schema(example = "moh")]
    agency: String,
    #[schema(example = "hospital-ma")]
    unit: String,
}

impl From<&sijill_casework::Address> for Address {
    fn from(address: &sijill_casework::Address) -> Self {
        Self { agency: address.agency.to_string(), unit: address.unit.to_string() }
    }
}

/// An officer of an agency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    #[schema(example = "moh")]
    agency: String,
    #[schema(example = "ana")]
    officer: String,
}

impl From<&(AgencyId, OfficerId)> for Person {
    fn from((agency, officer): &(AgencyId, OfficerId)) -> Self {
        Self { agency: agency.to_string(), officer: officer.to_string() }
    }
}

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Label {
    ar: &'static str,
    en: &'static str,
}

impl From<[&'static str; 2]> for Label {
    fn from([ar, en]: [&'static str; 2]) -> Self {
        Self { ar, en }
    }
}

impl From<Bilingual> for Label {
    fn from(text: Bilingual) -> Self {
        Self { ar: text.ar, en: text.en }
    }
}

/// Each as text.
pub(crate) fn texts<T: ToString>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    all.into_iter().map(|one| one.to_string()).collect()
}
