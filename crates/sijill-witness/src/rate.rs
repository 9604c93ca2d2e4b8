//! How much one client address may ask for: a token bucket each, in a table of fixed size.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Two addresses that fall into one bucket share it; which do is decided by a key drawn at start.
const BUCKETS: usize = 4_096;

/// What one address may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second.
    pub per_second: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
}

impl Default for Rate {
    /// 50 a second, 200 at once: a log submits one a second, and several logs may share an address.
    fn default() -> Self {
        let of = |more| NonZeroU32::MIN.saturating_add(more);
        Self { per_second: of(49), burst: of(199) }
    }
}

pub(crate) struct RateLimit {
    buckets: Box<[DefaultDirectRateLimiter]>,
    place: RandomState,
}

impl RateLimit {
    pub(crate) fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        let buckets = (0..BUCKETS).map(|_| RateLimiter::direct(quota)).collect();
        Self { buckets, place: RandomState::new() }
    }

    /// Takes one request out of the address's bucket, or says after how many seconds there will be one.
    pub(crate) fn take(&self, address: IpAddr) -> Result<(), u64> {
        // One subscriber may choose any of the 2^64 addresses of its IPv6 network.
        let address = match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX)).into(),
            v4 @ IpAddr::V4(_) => v4,
        };
        let place = self.place.hash_one(address) % BUCKETS as u64;
        let Some(bucket) = usize::try_from(place).ok().and_then(|place| self.buckets.get(place)) else {
            return Ok(());
        };
        bucket.check().map_err(|later| later.wait_time_from(DefaultClock::default().now()).as_secs() + 1)
    }
}
