//! How fast the clients of one address may ask over plain HTTP, where no connection could be held to account.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::RateLimit;

/// A bucket is full again after this time: whoever has kept quiet for so long need not be remembered.
const MEMORY: Duration = Duration::from_secs(2);
/// Addresses remembered in that time. When there are more, those heard of least recently are forgotten sooner.
const MOST: usize = 8_192;

/// A rate for each address. An IPv6 address counts as its network of 64 bits: a single host has all of that.
#[derive(Debug)]
pub(crate) struct AddressLimit {
    per_second: u32,
    seen: Mutex<Seen>,
}

/// Buckets in two generations, of which the older one is forgotten as a whole.
#[derive(Debug)]
struct Seen {
    since: Instant,
    now: HashMap<IpAddr, RateLimit>,
    before: HashMap<IpAddr, RateLimit>,
}

impl AddressLimit {
    /// So many requests per second on average, twice as many at once.
    pub(crate) fn new(per_second: u32) -> Self {
        let seen = Seen { since: Instant::now(), now: HashMap::new(), before: HashMap::new() };
        Self { per_second, seen: Mutex::new(seen) }
    }

    /// Whether an address may ask once more. What is refused costs nothing: who goes on asking too fast is served at the
    /// rate.
    pub(crate) fn admits(&self, address: IpAddr, now: Instant) -> bool {
        let address = network(address);
        let seen = &mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(seen.since) >= MEMORY || seen.now.len() >= MOST {
            seen.before = std::mem::take(&mut seen.now);
            seen.since = now;
        }
        let Seen { now: present, before, .. } = seen;
        let bucket = present.entry(address).or_insert_with(|| before.remove(&address).unwrap_or_default());
        bucket.take(self.per_second, now)
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn each_address_has_its_own_rate() {
        let (limit, mut now) = (AddressLimit::new(5), Instant::now());
        let one = address("192.0.2.1");
        let admitted = |address, now| (0..100).filter(|_| limit.admits(address, now)).count();
        assert_eq!(admitted(one, now), 10);
        assert_eq!(admitted(address("::ffff:192.0.2.1"), now), 0, "the same one");
        assert_eq!(admitted(address("192.0.2.2"), now), 10);
        assert_eq!(admitted(address("2001:db8::1"), now), 10);
        assert_eq!(admitted(address("2001:db8::2"), now), 0, "the same network");
        assert_eq!(admitted(address("2001:db8:0:1::1"), now), 10);
        for _ in 0..10 {
            now += Duration::from_secs(1);
            assert_eq!(admitted(one, now), 5, "however often it asks");
        }
        now += Duration::from_secs(60);
        assert_eq!(admitted(one, now), 10);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (limit, now) = (AddressLimit::new(1), Instant::now());
        for number in 0..100_000_u32 {
            assert!(limit.admits(IpAddr::V4(number.into()), now));
        }
        let seen = limit.seen.lock().unwrap();
        assert!(seen.now.len() + seen.before.len() <= 2 * MOST);
    }
}
