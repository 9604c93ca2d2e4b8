//! Clocks are parameters: the sequencer never asks the system for the time by itself.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::SKEW_MS;

/// The time a sequencer stamps on entries.
pub trait Clock: Send + Sync {
    /// Unix milliseconds.
    ///
    /// # Errors
    /// [`ClockJumped`] when the clock can no longer be believed; the sequencer then refuses to run.
    fn now(&self) -> Result<u64, ClockJumped>;
}

/// The wall clock and the monotonic clock disagree by more than the permitted skew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system clock jumped by {by_ms} ms; set it right and restart the ledger")]
pub struct ClockJumped {
    /// How far the wall clock moved beyond what the monotonic clock allows, in milliseconds.
    pub by_ms: i64,
}

/// The system's wall clock, watched by its monotonic one.
#[derive(Debug)]
pub struct SystemClock {
    last: Mutex<(u64, Instant)>,
}

impl SystemClock {
    /// A clock that trusts the wall time it finds now and every slow correction after.
    pub fn new() -> Self {
        Self { last: Mutex::new((wall_ms(), Instant::now())) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Result<u64, ClockJumped> {
        let (wall, instant) = (wall_ms(), Instant::now());
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        judge(last.0, wall, instant.duration_since(last.1))?;
        *last = (wall, instant);
        Ok(wall)
    }
}

/// Compares two wall readings with the monotonic time between them. A jump is never forgotten: the caller
/// keeps the old reading, so every later call finds it again.
fn judge(before: u64, now: u64, elapsed: Duration) -> Result<(), ClockJumped> {
    let expected = i128::from(before) + i128::try_from(elapsed.as_millis()).unwrap_or(i128::MAX);
    let by = i128::from(now) - expected;
    if by.unsigned_abs() > u128::from(SKEW_MS) {
        return Err(ClockJumped { by_ms: i64::try_from(by).unwrap_or(i64::MAX) });
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn wall_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

/// A clock that is moved by hand, for simulated ledgers and tests; optionally it runs on from its last setting.
#[derive(Debug)]
pub struct SimulatedClock {
    at: AtomicU64,
    running_since: Option<Instant>,
}

impl SimulatedClock {
    /// Stands still at `ms` until moved.
    pub fn standing(ms: u64) -> Self {
        Self { at: AtomicU64::new(ms), running_since: None }
    }

    /// Starts at `ms` and runs on at the pace of real time.
    pub fn running(ms: u64) -> Self {
        Self { at: AtomicU64::new(ms), running_since: Some(Instant::now()) }
    }

    /// Moves the clock to `ms`.
    pub fn set(&self, ms: u64) {
        self.at.store(ms, Ordering::SeqCst);
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Result<u64, ClockJumped> {
        let ran =
            self.running_since.map_or(0, |s| u64::try_from(s.elapsed().as_millis()).unwrap_or(u64::MAX));
        Ok(self.at.load(Ordering::SeqCst).saturating_add(ran))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_corrections_pass_and_jumps_are_refused() {
        let second = Duration::from_secs(1);
        assert!(judge(10_000_000, 10_001_000, second).is_ok());
        assert!(judge(10_000_000, 10_001_000 + SKEW_MS, second).is_ok());
        assert_eq!(
            judge(10_000_000, 10_001_001 + SKEW_MS, second).map_err(|e| e.by_ms),
            Err(i64::try_from(SKEW_MS).unwrap_or(0) + 1)
        );
        assert!(judge(10_000_000, 9_000_000, second).is_err(), "backwards by a quarter of an hour");
    }

    #[test]
    fn a_simulated_clock_says_what_it_was_told() {
        let clock = SimulatedClock::standing(5);
        assert_eq!(clock.now(), Ok(5));
        clock.set(7);
        assert_eq!(clock.now(), Ok(7));
        assert!(SimulatedClock::running(9).now().is_ok_and(|t| t >= 9));
    }
}
