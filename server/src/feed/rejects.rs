//! Frames that do not fit: counted always, logged once in a while.

use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Least distance between two log lines.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// Counts what an upstream sent that does not fit its schema, and says so in the log at most once a minute.
#[derive(Debug, Default)]
pub struct Rejects {
    count: AtomicU64,
    logged: Mutex<Option<Instant>>,
}

impl Rejects {
    /// Counts one; `frame` is not logged, only its length and what is wrong with it.
    pub fn reject(&self, provider: &str, frame: &str, error: &dyn Display) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if self.may_log(Instant::now()) {
            tracing::warn!(provider, count, bytes = frame.len(), %error, "upstream frame does not fit; skipped");
        }
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn may_log(&self, now: Instant) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let may = logged.is_none_or(|last| now.duration_since(last) >= LOG_EVERY);
        if may {
            *logged = Some(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn logs_once_a_minute_and_counts_always() {
        let rejects = Rejects::default();
        let mut logged = 0;
        for _ in 0..130 {
            rejects.reject("x", "{}", &"no price");
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(rejects.count(), 130);
        let other = Rejects::default();
        for _ in 0..130 {
            logged += u32::from(other.may_log(Instant::now()));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(logged, 3);
    }
}
