//! Whose figures somebody may see: the one rule, for the API and for the pages.

use sijill_domain::event::Role;
use sijill_domain::{AgencyId, Registry, Signer};
use sijill_event::Kid;

use super::ask::Filter;

/// Which figures somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of them, exactly, and what they count.
    Whole,
    /// Those put down to this agency, exactly, and what they count.
    Own(AgencyId),
    /// Those that were published. Nothing can be narrowed down, no size asked for and no event listed, so that nothing follows
    /// from the difference of two answers.
    Published,
}

impl Scope {
    /// The widest that the holder of a key has now: an auditor sees all figures; oversight those of the whole country that were
    /// published; a supervisor, or a system of an agency with that role, those of its own agency. Oversight goes before the own
    /// agency: it is why an officer of a member has that role. `None` for everybody else, who is the public.
    ///
    /// `audits`: whether an auditor is to be one here; a token may have been asked for with less.
    pub fn of(registry: &Registry, kid: &Kid, audits: bool) -> Option<Self> {
        let may = |role| registry.may_use(kid, role);
        if audits && may(Role::Auditor) {
            Some(Self::Whole)
        } else if may(Role::Oversight) {
            Some(Self::Published)
        } else if may(Role::Supervisor) {
            let Signer::Officer { agency, .. } = registry.signer(kid)? else { return None };
            Some(Self::Own(registry.now(agency.as_str())?.clone()))
        } else {
            None
        }
    }

    /// Whether figures can be narrowed down, and the events behind them listed.
    pub fn opens(&self) -> bool {
        *self != Self::Published
    }

    /// The agency whose figures these are, if only one's.
    pub fn own(&self) -> Option<&AgencyId> {
        if let Self::Own(agency) = self { Some(agency) } else { None }
    }

    /// The filter within what may be seen; `None` if it asks for figures that may not, or nothing can be filtered.
    pub fn within(&self, filter: Filter) -> Option<Filter> {
        match self {
            Self::Whole => Some(filter),
            Self::Own(own) => {
                let asked = filter.agency.as_deref().is_none_or(|asked| asked == own.as_str());
                asked.then(|| Filter { agency: Some(own.to_string()), ..filter })
            }
            Self::Published => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_stays_within_what_may_be_seen() {
        let of = |agency: Option<&str>| Filter { agency: agency.map(str::to_owned), ..Filter::default() };
        let own = Scope::Own(AgencyId::parse("moh").expect("an id"));
        for (scope, asked, within) in [
            (&Scope::Whole, None, Some(None)),
            (&Scope::Whole, Some("rop"), Some(Some("rop"))),
            (&own, None, Some(Some("moh"))),
            (&own, Some("moh"), Some(Some("moh"))),
            (&own, Some("rop"), None),
            (&own, Some(""), None),
            (&Scope::Published, None, None),
            (&Scope::Published, Some("moh"), None),
        ] {
            let found = scope.within(of(asked));
            assert_eq!(found.as_ref().map(|filter| filter.agency.as_deref()), within, "{scope:?} {asked:?}");
        }
        assert!(own.opens() && Scope::Whole.opens() && !Scope::Published.opens());
        assert_eq!(own.own().map(AgencyId::as_str), Some("moh"));
    }
}
