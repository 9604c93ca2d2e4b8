//! How much one client address may ask for: a token bucket each, in a table of fixed size.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Buckets in the table, about 1 MB. Two addresses that fall into one share it; which do is decided by a key
/// drawn at start, so nobody can aim at another's bucket, and no number of addresses makes the table grow.
const BUCKETS: usize = 16_384;

/// A bucket of `burst` requests that fills by one every `refill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests at once.
    pub burst: NonZeroU32,
    /// Until one more is allowed.
    pub refill: Duration,
}

impl Default for Rate {
    /// 100 requests a second, 400 at once: an agency's system behind one address, batching its events.
    fn default() -> Self {
        Self { burst: NonZeroU32::MIN.saturating_add(399), refill: Duration::from_millis(10) }
    }
}

/// The table.
pub(crate) struct RateLimit {
    buckets: Box<[DefaultDirectRateLimiter]>,
    place: RandomState,
}

impl RateLimit {
    /// `None` if `refill` is zero, which is no limit.
    pub(crate) fn new(rate: Rate) -> Option<Self> {
        let quota = Quota::with_period(rate.refill)?.allow_burst(rate.burst);
        let buckets = (0..BUCKETS).map(|_| RateLimiter::direct(quota)).collect();
        Some(Self { buckets, place: RandomState::new() })
    }

    /// Takes one request out of the address's bucket, or says after how many seconds there will be one.
    pub(crate) fn take(&self, address: IpAddr) -> Result<(), u64> {
        let place = self.place.hash_one(subscriber(address)) % BUCKETS as u64;
        let Some(bucket) = usize::try_from(place).ok().and_then(|place| self.buckets.get(place)) else {
            return Ok(());
        };
        bucket.check().map_err(|not_yet| not_yet.wait_time_from(DefaultClock::default().now()).as_secs() + 1)
    }
}

/// One subscriber's address: an IPv6 host may choose any of the 2^64 addresses of its network.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Where a request came from: the peer, or behind a trusted proxy the address that proxy appended. Addresses
/// further left in the header are the client's own claims.
pub(crate) fn client(headers: &HeaderMap, extensions: &Extensions, behind_proxy: bool) -> IpAddr {
    let forwarded = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = || extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let believed = if behind_proxy { forwarded() } else { None };
    believed.or_else(peer).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
    }

    fn hourly(burst: u32) -> Option<RateLimit> {
        RateLimit::new(Rate { burst: NonZeroU32::new(burst)?, refill: Duration::from_hours(1) })
    }

    #[test]
    fn a_bucket_empties_and_says_when_to_come_back() {
        let limit = hourly(2).expect("a limit");
        let one = address("192.0.2.1");
        assert_eq!(limit.take(one), Ok(()));
        assert_eq!(limit.take(one), Ok(()));
        let wait = limit.take(one).expect_err("the bucket is empty");
        assert!((3_500..=3_600).contains(&wait), "{wait}");
    }

    #[test]
    fn an_ipv6_network_is_one_subscriber_and_a_mapped_address_is_its_ipv4() {
        assert_eq!(subscriber(address("2001:db8::1")), subscriber(address("2001:db8::ffff:1")));
        assert_ne!(subscriber(address("2001:db8::1")), subscriber(address("2001:db8:0:1::1")));
        assert_eq!(subscriber(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_word() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "198.51.100.1, 203.0.113.7".parse().expect("a value"));
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))));
        assert_eq!(client(&headers, &extensions, false), address("192.0.2.1"));
        assert_eq!(client(&headers, &extensions, true), address("203.0.113.7"));
        headers.append("x-forwarded-for", "nonsense".parse().expect("a value"));
        assert_eq!(client(&headers, &extensions, true), address("192.0.2.1"));
    }
}
