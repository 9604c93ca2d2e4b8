//! Secrets handed out once: the server keeps their hash only, so that what it holds opens nothing.

use sijill_event::{Digest, b64};

use crate::DeskError;

/// 256 random bits.
pub(crate) fn random() -> Result<[u8; 32], DeskError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| DeskError::Unavailable)?;
    Ok(bytes)
}

/// What is kept of a secret. With 256 bits of it, a plain hash cannot be searched.
pub(crate) type Kept = [u8; 32];

/// A fresh secret as text, and what is kept of it.
pub(crate) fn fresh() -> Result<(String, Kept), DeskError> {
    let text = b64::encode(random()?);
    let kept = kept(&text);
    Ok((text, kept))
}

/// What would have been kept of this text. Looking that up in a map gives nothing away: its place depends on a hash
/// that who guesses cannot steer.
pub(crate) fn kept(text: &str) -> Kept {
    Digest::of(text).0
}
