//! An audit that never ends: a ledger judged as it grows, by the same stages and the same judge as a whole one.

use rayon::ThreadPool;
use sijill_domain::Registry;
use sijill_log::Hash;

use crate::audit::{Reading, judge_chunk, levels, pool, run};
use crate::examination::Examination;
use crate::examine::Examiner;
use crate::fault::Fault;
use crate::figures::Figures;
use crate::interval::Times;
use crate::judge::Judge;
use crate::prints::Printer;
use crate::report::{Level, Levels};
use crate::source::Source;
use crate::{StreamEnd, Unreadable};

/// A ledger judged so far. What only shows at the end of a log (an answer still owed, figures) is not judged, and neither are
/// checkpoints: whoever extends it has seen to it that the entries are those a checkpoint signs.
///
/// It takes some 200 bytes of memory an entry, and cannot be stored: who stops begins at entry 0 again. That is what makes
/// it worth something, for nothing of an earlier run is believed.
pub struct Auditor {
    examination: Examination,
    judge: Judge,
    pool: ThreadPool,
    size: u64,
    /// Entries below `size` that were not there.
    missing: u64,
}

impl Auditor {
    /// Before entry 0 of the ledger `origin`. `threads`: to examine entries on; 0 for as many as there are cores.
    pub fn new(origin: impl Into<String>, threads: usize) -> Result<Self, Unreadable> {
        let prints = Printer::default();
        let judge = Judge::new(true, prints.clone(), Figures::none(), Times::default());
        let examination = Examination::new(Examiner { origin: origin.into(), prints }, std::iter::once(0));
        Ok(Self { examination, judge, pool: pool(threads)?, size: 0, missing: 0 })
    }

    /// Judges the entries from [`Auditor::size`] up to `size` of a source that holds every entry. What the rules need of
    /// earlier ones, and published documents, is asked of the source too. After a failure it can go on no more.
    pub fn extend(&mut self, source: &dyn Source, size: u64) -> Result<(), Unreadable> {
        let Self { examination, judge, pool, missing, .. } = self;
        let reading = Reading { source, from: self.size, size };
        run(&reading, examination, pool, |chunk| {
            *missing += judge_chunk(judge, &chunk, source)?;
            Ok(())
        })?;
        self.size = size.max(self.size);
        Ok(())
    }

    /// How many entries were judged.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the first `size` entries; `None` beyond those judged.
    pub fn root(&self, size: u64) -> Option<Hash> {
        self.examination.tree().root(size)
    }

    /// Proof that the first `old` entries are the beginning of the first `new`; `None` beyond those judged.
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        self.examination.tree().consistency(old, new)
    }

    /// Proof that an entry is among the first `size`; `None` beyond those judged.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        self.examination.tree().prove(index, size)
    }

    /// The registry of authority as the entries left it; `None` before entry 0.
    pub fn registry(&self) -> Option<&Registry> {
        self.judge.authority.registry()
    }

    /// The last event of a stream, with the parties kept beside it.
    pub fn stream(&self, stream: &str) -> Option<StreamEnd> {
        self.judge.stream(stream)
    }

    /// Whether nothing is wrong so far.
    pub fn is_sound(&self) -> bool {
        self.judge.faults.len() == 0
    }

    /// Everything wrong so far.
    pub fn faults(&self) -> Vec<Fault> {
        self.judge.faults.sorted()
    }

    /// What was checked so far, and what was not and why.
    pub fn levels(&self) -> Levels {
        let figures = Level::not_run(self.size, "figures are judged of a whole ledger");
        levels(&self.judge, self.size, self.missing, figures)
    }
}
