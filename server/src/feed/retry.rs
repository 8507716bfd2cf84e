//! Which provider is next, and after how long. Pure.

use std::sync::Arc;
use std::time::Duration;

use super::Provider;

/// How long to wait after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    first: Duration,
    most: Duration,
}

impl Default for Retry {
    /// 1 s, doubled after every further failure, up to 60 s.
    fn default() -> Self {
        Self::backoff(Duration::from_secs(1), Duration::from_secs(60))
    }
}

impl Retry {
    /// Always the same time.
    #[must_use]
    pub const fn fixed(delay: Duration) -> Self {
        Self { first: delay, most: delay }
    }

    /// `first`, doubled after every further failure in a row, up to `most`.
    #[must_use]
    pub const fn backoff(first: Duration, most: Duration) -> Self {
        Self { first, most }
    }

    /// The wait after the `failures`-th failure in a row, counted from 1.
    #[must_use]
    pub fn delay(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(doubled).min(self.most)
    }
}

/// Providers in turn.
pub(super) struct Rotation {
    providers: Vec<Arc<dyn Provider>>,
    retry: Retry,
    current: usize,
    failures: u32,
}

impl Rotation {
    pub(super) fn new(providers: Vec<Arc<dyn Provider>>, retry: Retry) -> Self {
        Self { providers, retry, current: 0, failures: 0 }
    }

    /// Whose turn it is; `None` where there is nobody.
    pub(super) fn current(&self) -> Option<Arc<dyn Provider>> {
        self.providers.get(self.current).cloned()
    }

    /// The current provider delivers: what failed before is forgiven.
    pub(super) fn works(&mut self) {
        self.failures = 0;
    }

    /// The current provider failed: the next one is on, after this long.
    pub(super) fn failed(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.current = (self.current + 1) % self.providers.len().max(1);
        self.retry.delay(self.failures)
    }

    /// How often it failed since a provider delivered.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_their_bound() {
        let seconds = |retry: Retry| [1, 2, 3, 6, 7, 40, u32::MAX].map(|n| retry.delay(n).as_secs());
        assert_eq!(seconds(Retry::default()), [1, 2, 4, 32, 60, 60, 60]);
        assert_eq!(seconds(Retry::fixed(Duration::from_secs(1))), [1; 7]);
    }
}
