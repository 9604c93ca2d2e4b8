//! Repeatable chance: the same seed gives the same campaign.

/// `SplitMix64` (Steele, Lea, Flood 2014): good enough to choose with, and never for keys anyone relies on.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From the environment variable `SIJILL_SEED`, else `default`.
    pub fn from_environment(default: u64) -> (u64, Self) {
        let given =
            std::env::var("SIJILL_SEED").ok().map(|text| text.parse().expect("SIJILL_SEED is a number"));
        let seed = given.unwrap_or(default);
        (seed, Self::new(seed))
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("fits");
        usize::try_from(self.draw() % end).expect("fits")
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.draw().to_le_bytes()[0];
        }
        bytes
    }
}
