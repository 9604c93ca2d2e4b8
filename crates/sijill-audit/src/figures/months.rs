//! What the ledger published of each month, counted again.

use sijill_domain::event::FiguresPublished;
use sijill_projections::SubjectRows;
use sijill_projections::publication::{Past, Tally, VERSION};

use super::gone_before;
use crate::fault::{FaultCode, Faults};

/// The publications of a log, in its order.
#[derive(Default)]
pub(super) struct Months(Vec<Month>);

struct Month {
    index: u64,
    said: FiguresPublished,
    tally: Tally,
    /// There are cases or contacts of which not everything is known now, and more may have been known then.
    gaps: bool,
}

impl Months {
    pub(super) fn push(&mut self, index: u64, said: FiguresPublished) {
        let tally = Tally::of(said.month);
        self.0.push(Month { index, said, tally, gaps: false });
    }

    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Counts a case or contact whose first entry is `first`, and of which the entries `erased` destroyed values; `None`: what it
    /// says is not known.
    pub(super) fn look(&mut self, first: u64, rows: Option<&SubjectRows>, erased: &[u64]) {
        for month in self.0.iter_mut().filter(|month| first < month.said.size) {
            match rows.filter(|rows| rows.gaps == 0) {
                Some(rows) => month.tally.take(rows, month.said.size),
                None => month.gaps |= !gone_before(erased, month.said.size),
            }
        }
    }

    /// Compares: whether one is otherwise, and how many could not be checked.
    pub(super) fn judge(self, faults: &mut Faults) -> (bool, u64) {
        let (mut past, mut last, mut otherwise, mut unchecked) = (Past::default(), 0, false, 0);
        for Month { index, said, tally, gaps } in self.0 {
            let month = said.month;
            if month <= last {
                otherwise = true;
                let message = format!("entry {index} publishes {month} again, or after a later month");
                faults.add(FaultCode::Publication, index, message);
                continue;
            }
            last = month;
            let expected = tally.publish(said.size, &past);
            past.take(&said);
            if said == expected {
                continue;
            }
            if gaps || said.version != VERSION {
                unchecked += 1;
            } else {
                otherwise = true;
                let message = format!(
                    "entry {index} publishes figures of {month} that {} entries do not give, or that nobody is to know",
                    said.size
                );
                faults.add(FaultCode::Publication, index, message);
            }
        }
        (otherwise, unchecked)
    }
}
