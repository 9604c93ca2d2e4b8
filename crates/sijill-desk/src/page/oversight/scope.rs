//! Which figures an officer may see.

use sijill_domain::AgencyId;
use sijill_domain::event::Role;

use crate::chart::Value;
use crate::{DeskError, Session};

/// A figure of fewer is not shown to the oversight role: somebody could be recognised by it.
const LEAST: u64 = 5;

/// Which figures an officer may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// An auditor: all of them, and what they count.
    Whole,
    /// A supervisor: those put down to the own agency, and what they count.
    Own(AgencyId),
    /// Oversight: those of the whole country, small ones hidden. Nothing can be narrowed down, no earlier size asked for
    /// and no event listed, so that nothing follows from the difference of two pages.
    Published,
}

impl Scope {
    /// The widest that one of the officer's roles gives. Oversight goes before the own agency: it is why an officer of a
    /// member has that role.
    pub(super) fn of(session: &Session) -> Result<Self, DeskError> {
        if session.may(Role::Auditor) {
            Ok(Self::Whole)
        } else if session.may(Role::Oversight) {
            Ok(Self::Published)
        } else if session.may(Role::Supervisor) {
            Ok(Self::Own(session.agency_now.clone()))
        } else {
            Err(DeskError::NotYours)
        }
    }

    /// Whether figures can be narrowed down and the events behind them listed.
    pub(super) fn opens(&self) -> bool {
        *self != Self::Published
    }

    /// The agency whose figures these are, if only one's.
    pub(super) fn own(&self) -> Option<&AgencyId> {
        if let Self::Own(agency) = self { Some(agency) } else { None }
    }

    /// Figures that stand together, as the reader may know them: small ones are hidden, and if that is only one, the smallest
    /// of the others too, since the sum may be known from elsewhere. To be replaced by figures that were published on the
    /// ledger (`projection.attested`): successive days can still be compared here.
    pub(super) fn shown(&self, figures: &[u64]) -> Vec<Value> {
        if self.opens() {
            return figures.iter().copied().map(Value::Known).collect();
        }
        let is_small = |n: u64| (1..LEAST).contains(&n);
        let mut shown: Vec<_> = figures
            .iter()
            .map(|n| if is_small(*n) { Value::Fewer(LEAST) } else { Value::Known(*n) })
            .collect();
        if figures.iter().filter(|n| is_small(**n)).count() == 1 {
            let others =
                shown.iter_mut().filter_map(|value| value.known().filter(|n| *n > 0).map(|n| (n, value)));
            if let Some((_, smallest)) = others.min_by_key(|(n, _)| *n) {
                *smallest = Value::Withheld;
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_figures_are_hidden_from_oversight_and_never_only_one() {
        use Value::{Fewer, Known, Withheld};
        for (figures, shown) in [
            (&[0, 5, 900][..], vec![Known(0), Known(5), Known(900)]),
            (&[4, 0, 80, 60], vec![Fewer(5), Known(0), Known(80), Withheld]),
            (&[4, 1, 60], vec![Fewer(5), Fewer(5), Known(60)]),
            (&[3], vec![Fewer(5)]),
            (&[], vec![]),
        ] {
            assert_eq!(Scope::Published.shown(figures), shown, "{figures:?}");
            let all: Vec<_> = figures.iter().copied().map(Known).collect();
            assert_eq!(Scope::Whole.shown(figures), all);
        }
    }
}
