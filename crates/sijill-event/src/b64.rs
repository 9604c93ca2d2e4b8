//! base64url without padding (RFC 4648 §5), in its one canonical spelling: unused trailing bits are zero, so
//! that two texts are equal exactly when their bytes are.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::EventError;

/// The base64url text of `bytes`.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of `text`; `what` names it in the error. Refuses padding, white space, the `+/` alphabet and
/// non-zero trailing bits: `base64url`.
pub fn decode(text: impl AsRef<[u8]>, what: &'static str) -> Result<Vec<u8>, EventError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| EventError::Base64url(what))
}

/// As [`decode`], for exactly `N` bytes.
pub fn decode_array<const N: usize>(
    text: impl AsRef<[u8]>,
    what: &'static str,
) -> Result<[u8; N], EventError> {
    let mut bytes = [0; N];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        _ => Err(EventError::Base64url(what)),
    }
}
