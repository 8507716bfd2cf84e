//! Time on a connection: heartbeat, server pings, lifetime. Pure: the clock comes in.

use std::time::Duration;

use tokio::time::Instant;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// A protocol ping.
    Ping,
    /// The client was silent for too long.
    Heartbeat,
    /// The connection is too old.
    Lifetime,
}

/// The clocks of one connection.
#[derive(Debug)]
pub(super) struct Pulse {
    heartbeat: Duration,
    last_activity: Instant,
    next_ping: Instant,
    end: Option<Instant>,
}

impl Pulse {
    pub(super) fn new(heartbeat: Duration, lifetime: Option<Duration>, now: Instant) -> Self {
        Self {
            heartbeat,
            last_activity: now,
            next_ping: now + heartbeat / 2,
            end: lifetime.map(|lifetime| now + lifetime),
        }
    }

    /// The client gave a sign of life.
    pub(super) fn activity(&mut self, now: Instant) {
        self.last_activity = now;
    }

    /// When to ask [`Pulse::due`] again.
    pub(super) fn next(&self) -> Instant {
        let next = (self.last_activity + self.heartbeat).min(self.next_ping);
        self.end.map_or(next, |end| next.min(end))
    }

    /// Whether the client has been silent for too long, as far as what it sent has been read.
    pub(super) fn is_silent(&self, now: Instant) -> bool {
        now >= self.last_activity + self.heartbeat
    }

    /// What is due now.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        if self.end.is_some_and(|end| now >= end) {
            return Due::Lifetime;
        }
        // Where the server itself was away (a machine that slept, say), the client was not asked in time: it has as
        // long for its answer as ever.
        if now >= self.next_ping + self.heartbeat / 4 {
            self.last_activity = self.last_activity.max(now - self.heartbeat / 2);
        }
        if self.is_silent(now) {
            return Due::Heartbeat;
        }
        if now >= self.next_ping {
            self.next_ping = now + self.heartbeat / 2;
            return Due::Ping;
        }
        Due::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pings_twice_per_heartbeat_and_ends_in_silence() {
        let start = Instant::now();
        let mut pulse = Pulse::new(30 * SECOND, None, start);
        assert_eq!(pulse.next(), start + 15 * SECOND);
        assert_eq!(pulse.due(start + 15 * SECOND), Due::Ping);
        assert_eq!(pulse.due(start + 15 * SECOND), Due::Nothing);
        assert_eq!(pulse.next(), start + 30 * SECOND);
        assert_eq!(pulse.due(start + 30 * SECOND), Due::Heartbeat);
    }

    #[test]
    fn who_was_not_asked_in_time_is_asked_before_it_is_given_up() {
        let start = Instant::now();
        let mut pulse = Pulse::new(30 * SECOND, None, start);
        assert_eq!(pulse.due(start + 90 * SECOND), Due::Ping);
        assert_eq!(pulse.next(), start + 105 * SECOND);
        assert_eq!(pulse.due(start + 105 * SECOND), Due::Heartbeat);
    }

    #[test]
    fn activity_puts_the_end_off_but_not_the_lifetime() {
        let start = Instant::now();
        let mut pulse = Pulse::new(30 * SECOND, Some(60 * SECOND), start);
        for second in 1..60 {
            let now = start + second * SECOND;
            pulse.activity(now);
            assert!(matches!(pulse.due(now), Due::Nothing | Due::Ping), "{second}");
        }
        assert_eq!(pulse.due(start + 60 * SECOND), Due::Lifetime);
    }
}
