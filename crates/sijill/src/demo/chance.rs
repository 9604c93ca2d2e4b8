//! Repeatable chance: everything that would be random is a hash of the seed and of what it is for.
//!
//! Nothing depends on the order in which it is asked, so one more case does not change all others. It is for
//! demonstrations alone: whoever knows the seed knows the keys and salts.

use sijill_event::{Digest, SigningKey, Uuid};

use crate::error::{Error, Result};

/// The chance of one seed.
#[derive(Debug, Clone, Copy)]
pub struct Chance {
    seed: u64,
}

impl Chance {
    /// Of this seed.
    pub fn of(seed: u64) -> Self {
        Self { seed }
    }

    fn bytes<const N: usize>(self, what: &str) -> [u8; N] {
        let hash = Digest::of(format!("sijill-demo/1\n{}\n{what}", self.seed));
        let mut bytes = [0; N];
        for (byte, of) in bytes.iter_mut().zip(hash.as_bytes()) {
            *byte = *of;
        }
        bytes
    }

    /// The private key of whoever is called so.
    pub fn key(self, whose: &str) -> Result<SigningKey> {
        SigningKey::from_seed(&self.bytes(&format!("key {whose}"))).map_err(Error::event)
    }

    /// A salt.
    pub fn salt(self, what: &str) -> [u8; 16] {
        self.bytes(&format!("salt {what}"))
    }

    /// What the salts of the ledger's services follow from.
    pub fn services_salts(self) -> [u8; 32] {
        self.bytes("salts of the services")
    }

    /// A UUID of version 7 made at this time.
    pub fn jti(self, unix_ms: u64, what: &str) -> Uuid {
        uuid::Builder::from_unix_timestamp_millis(unix_ms, &self.bytes(&format!("jti {what}"))).into_uuid()
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(self, what: &str, end: u64) -> u64 {
        u64::from_be_bytes(self.bytes(what)).checked_rem(end).unwrap_or(0)
    }

    /// A number in `from..to`.
    pub fn between(self, what: &str, from: u64, to: u64) -> u64 {
        from + self.below(what, to.saturating_sub(from))
    }

    /// Whether it happens, where it does so often in a hundred times.
    pub fn happens(self, what: &str, percent: u64) -> bool {
        self.below(what, 100) < percent
    }

    /// One of these, each as often as its weight says.
    pub fn pick<T: Copy + Default>(self, what: &str, weighted: &[(T, u64)]) -> T {
        let mut at = self.below(what, weighted.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in weighted {
            match at.checked_sub(*weight) {
                None => return *item,
                Some(rest) => at = rest,
            }
        }
        T::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_another_is_another() {
        let (one, two) = (Chance::of(1), Chance::of(2));
        assert_eq!(one.salt("a"), Chance::of(1).salt("a"));
        assert_ne!(one.salt("a"), one.salt("b"));
        assert_ne!(one.salt("a"), two.salt("a"));
        assert_ne!(one.key("a").expect("a key").public(), two.key("a").expect("a key").public());
        assert_eq!(one.jti(1_767_211_200_000, "a").get_version_num(), 7);
    }

    #[test]
    fn weights_are_kept() {
        let chance = Chance::of(1);
        let mut heads = 0;
        for n in 0..10_000 {
            let side = chance.pick(&format!("toss {n}"), &[("heads", 3), ("tails", 1), ("edge", 0)]);
            assert_ne!(side, "edge");
            heads += u32::from(side == "heads");
            assert!((5..8).contains(&chance.between(&format!("between {n}"), 5, 8)));
        }
        assert!((7_300..7_700).contains(&heads), "{heads}");
        assert_eq!(chance.below("nothing", 0), 0);
        assert_eq!(chance.pick::<&str>("nothing", &[]), "");
    }
}
