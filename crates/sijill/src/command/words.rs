//! The registry's closed vocabularies as arguments: taken from the types, so that what the help lists is what there is.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use sijill_domain::event::{Grant, Role};

/// Takes a role.
pub(super) fn roles() -> impl TypedValueParser<Value = Role> {
    let words = Role::ALL.iter().map(|role| role.as_str());
    PossibleValuesParser::new(words).try_map(|word| Role::parse(&word).ok_or("no role"))
}

/// Takes a grant.
pub(super) fn grants() -> impl TypedValueParser<Value = Grant> {
    let words = Grant::ALL.iter().map(|grant| grant.as_str());
    PossibleValuesParser::new(words).try_map(|word| Grant::parse(&word).ok_or("no grant"))
}

/// All grants in a line.
pub(super) fn all_grants() -> String {
    Grant::ALL.iter().map(|grant| grant.as_str()).collect::<Vec<_>>().join(", ")
}
