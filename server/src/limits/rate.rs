//! How fast a client may send, with two levels of too much.

use std::time::Duration;

use tokio::time::Instant;

/// What a message costs its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    /// Within the rate.
    Accepted,
    /// Beyond it: the message is not served, and its sender is told.
    Refused,
    /// Far beyond it: the sender does not listen.
    Flood,
}

/// How far ahead of its rate a client may be.
const BURST: Duration = Duration::from_secs(2);

/// A bucket of two seconds' worth; as many messages again are refused before they count as a flood. Kept as one point in
/// time: when a client that sent at its rate would have sent all that it did.
#[derive(Debug, Default)]
pub(crate) struct RateLimit(Option<Instant>);

impl RateLimit {
    /// Takes one message's worth if it is there.
    pub(crate) fn take(&mut self, per_second: u32, now: Instant) -> bool {
        let sent_until = self.after_one(per_second, now);
        let is_there = sent_until - now <= BURST;
        if is_there {
            self.0 = Some(sent_until);
        }
        is_there
    }

    /// Where one message more leads.
    fn after_one(&self, per_second: u32, now: Instant) -> Instant {
        self.0.map_or(now, |until| until.max(now)) + Duration::from_secs(1) / per_second.max(1)
    }

    /// Takes one message's worth, there or not.
    pub(crate) fn charge(&mut self, per_second: u32, now: Instant) -> Charge {
        let sent_until = self.after_one(per_second, now);
        self.0 = Some(sent_until);
        let ahead = sent_until - now;
        if ahead <= BURST {
            Charge::Accepted
        } else if ahead <= 2 * BURST {
            Charge::Refused
        } else {
            Charge::Flood
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_refusals_then_flood() {
        let start = Instant::now();
        let mut limit = RateLimit::default();
        let charges: Vec<Charge> = (0..41).map(|_| limit.charge(10, start)).collect();
        assert!(charges[..20].iter().all(|charge| *charge == Charge::Accepted));
        assert!(charges[20..40].iter().all(|charge| *charge == Charge::Refused));
        assert_eq!(charges[40], Charge::Flood);
    }

    #[test]
    fn the_sustained_rate_passes_for_ever() {
        let mut now = Instant::now();
        let mut limit = RateLimit::default();
        for _ in 0..1000 {
            now += Duration::from_millis(100);
            assert_eq!(limit.charge(10, now), Charge::Accepted);
        }
    }
}
