//! The forecasts that were made last, kept: they move by the week, and making them reads all work there ever was.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{Forecasts, Reader};
use crate::engine::Base;
use crate::error::ProjectionError;

/// The latest forecasts.
#[derive(Debug, Default)]
pub struct Latest {
    kept: Mutex<Option<Arc<Forecasts>>>,
}

impl Latest {
    /// The forecasts as known at this size, or if it `may_lag` at one that is less than a thousandth below it; they name theirs.
    /// Whoever asks while they are made waits for them.
    ///
    /// # Errors
    /// As [`Reader::forecasts`].
    pub async fn at(
        &self,
        base: &dyn Base,
        size: u64,
        may_lag: bool,
    ) -> Result<Arc<Forecasts>, ProjectionError> {
        let mut kept = self.kept.lock().await;
        let least = if may_lag { size - size / 1_000 } else { size };
        if let Some(forecasts) = kept.as_ref().filter(|kept| (least..=size).contains(&kept.size)) {
            return Ok(Arc::clone(forecasts));
        }
        let made = Arc::new(Reader { base }.forecasts(Some(size)).await?);
        if may_lag {
            *kept = Some(Arc::clone(&made));
        }
        Ok(made)
    }
}
