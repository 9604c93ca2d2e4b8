//! Names of keys.

use std::{fmt, str::FromStr};

use crate::LogError;

/// Names a log or witness key, best as a URL without scheme: `ledger.example.om/sijill`. 1 to 255 bytes, no space of any
/// script, no control character, no `+`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Checks a name.
    pub fn new(name: &str) -> Result<Self, LogError> {
        let forbidden = |c: char| c.is_whitespace() || c < ' ' || c == '+';
        if name.is_empty() || name.len() > 255 || name.contains(forbidden) {
            return Err(LogError::KeyName);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = LogError;

    fn from_str(name: &str) -> Result<Self, LogError> {
        Self::new(name)
    }
}

impl AsRef<str> for KeyName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
