//! How fast a client may send: a token bucket that knows two levels of too much.

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

/// A token bucket. It holds two seconds' worth; as many messages again are refused before they count as a flood.
#[derive(Debug)]
pub(crate) struct RateLimit {
    per_second: f64,
    tokens: f64,
    filled_at: Instant,
}

impl RateLimit {
    /// A full bucket.
    pub(crate) fn new(messages_per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(messages_per_second.max(1));
        Self { per_second, tokens: 2.0 * per_second, filled_at: now }
    }

    /// Takes one message's worth.
    pub(crate) fn charge(&mut self, now: Instant) -> Charge {
        let burst = 2.0 * self.per_second;
        let elapsed = now.saturating_duration_since(self.filled_at).max(Duration::ZERO);
        self.filled_at = now;
        self.tokens = (self.tokens + elapsed.as_secs_f64() * self.per_second).min(burst) - 1.0;
        if self.tokens >= 0.0 {
            Charge::Accepted
        } else if self.tokens >= -burst {
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
        let mut limit = RateLimit::new(10, start);
        let charges: Vec<Charge> = (0..41).map(|_| limit.charge(start)).collect();
        assert!(charges[..20].iter().all(|charge| *charge == Charge::Accepted));
        assert!(charges[20..40].iter().all(|charge| *charge == Charge::Refused));
        assert_eq!(charges[40], Charge::Flood);
    }

    #[test]
    fn the_sustained_rate_passes_for_ever() {
        let mut now = Instant::now();
        let mut limit = RateLimit::new(10, now);
        for _ in 0..1000 {
            now += Duration::from_millis(100);
            assert_eq!(limit.charge(now), Charge::Accepted);
        }
    }
}
