//! What is wanted of an upstream against what it has been told. Pure; one per session.

use std::collections::BTreeSet;

use tokio::time::Instant;

/// Keys told at once; longer lists go in several messages.
const BATCH: usize = 200;

/// Wanted keys, and those the upstream knows.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    wanted: BTreeSet<String>,
    held: BTreeSet<String>,
    /// Keys of the last message that asked for any: those a rate limit means.
    latest: Vec<String>,
    not_before: Option<Instant>,
}

/// What to tell the upstream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tell {
    Subscribe(Vec<String>),
    Unsubscribe(Vec<String>),
}

impl Subscriptions {
    pub(super) fn want(&mut self, wanted: &BTreeSet<String>) {
        self.wanted.clone_from(wanted);
    }

    /// What to tell next, unless the upstream asked to wait. Ends come first: they make room.
    pub(super) fn next(&self, now: Instant) -> Option<Tell> {
        if self.not_before.is_some_and(|due| now < due) {
            return None;
        }
        let gone: Vec<String> = self.held.difference(&self.wanted).take(BATCH).cloned().collect();
        if !gone.is_empty() {
            return Some(Tell::Unsubscribe(gone));
        }
        let new: Vec<String> = self.wanted.difference(&self.held).take(BATCH).cloned().collect();
        (!new.is_empty()).then_some(Tell::Subscribe(new))
    }

    /// The upstream was told.
    pub(super) fn told(&mut self, tell: Tell) {
        match tell {
            Tell::Subscribe(keys) => {
                self.held.extend(keys.iter().cloned());
                self.latest = keys;
            }
            Tell::Unsubscribe(keys) => {
                for key in keys {
                    self.held.remove(&key);
                }
            }
        }
    }

    /// The upstream took none of the latest keys: they are queued until `due`.
    pub(super) fn refused_until(&mut self, due: Instant) {
        for key in self.latest.drain(..) {
            self.held.remove(&key);
        }
        self.not_before = Some(due);
    }

    /// When there will be something to tell, where it is not now.
    pub(super) fn next_due(&self) -> Option<Instant> {
        (self.wanted != self.held).then_some(self.not_before).flatten()
    }

    /// How many keys the upstream knows, and how many wait.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.held.len(), self.wanted.difference(&self.held).count())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn keys(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|key| (*key).to_owned()).collect()
    }

    fn vec(list: &[&str]) -> Vec<String> {
        list.iter().map(|key| (*key).to_owned()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn tells_differences_ends_first_and_waits_when_asked_to() {
        let now = Instant::now();
        let mut subscriptions = Subscriptions::default();
        subscriptions.want(&keys(&["a", "b"]));
        assert_eq!(subscriptions.next(now), Some(Tell::Subscribe(vec(&["a", "b"]))));
        subscriptions.told(Tell::Subscribe(vec(&["a", "b"])));
        assert_eq!((subscriptions.next(now), subscriptions.counts()), (None, (2, 0)));

        subscriptions.want(&keys(&["b", "c"]));
        assert_eq!(subscriptions.next(now), Some(Tell::Unsubscribe(vec(&["a"]))));
        subscriptions.told(Tell::Unsubscribe(vec(&["a"])));
        subscriptions.told(Tell::Subscribe(vec(&["c"])));
        let due = now + Duration::from_secs(5);
        subscriptions.refused_until(due);
        assert_eq!((subscriptions.next(now), subscriptions.counts()), (None, (1, 1)));
        assert_eq!(subscriptions.next_due(), Some(due));
        assert_eq!(subscriptions.next(due), Some(Tell::Subscribe(vec(&["c"]))));
    }

    #[tokio::test(start_paused = true)]
    async fn long_lists_go_in_parts() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.want(&(0..5_000).map(|n| n.to_string()).collect());
        let mut messages = 0;
        while let Some(tell) = subscriptions.next(Instant::now()) {
            subscriptions.told(tell);
            messages += 1;
        }
        assert_eq!((messages, subscriptions.counts()), (25, (5_000, 0)));
    }
}
