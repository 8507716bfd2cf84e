//! What all connections together want of an upstream: a bounded, reference-counted set whose changes can be awaited.
//!
//! A topic's `first_subscriber` and `last_subscriber` feed it; an upstream client follows its changes, several at a
//! time where they come fast. It knows nothing of topics: the values are the application's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::contract::Refusal;

/// The code of a refusal by [`Interests::claim`].
const TOO_MANY: &str = "too-many-interests";

/// A bounded, reference-counted set of values; cheap to clone, all clones are the same set.
pub struct Interests<P> {
    shared: Arc<Shared<P>>,
}

struct Shared<P> {
    bound: usize,
    held: Mutex<BTreeMap<P, usize>>,
    /// Counts changes of the set.
    version: watch::Sender<u64>,
}

impl<P: Ord + Clone> Interests<P> {
    /// An empty set of at most `bound` values.
    pub fn new(bound: usize) -> Self {
        let shared = Shared { bound, held: Mutex::default(), version: watch::Sender::new(0) };
        Self { shared: Arc::new(shared) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<P, usize>> {
        self.shared.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Someone wants the value: a topic's first subscriber. `false` where the set is full and does not hold it; then
    /// it stays away, which a [`claim`](Self::claim) before the subscription prevents.
    pub fn add(&self, value: &P) -> bool {
        let held = &mut *self.lock();
        if let Some(count) = held.get_mut(value) {
            *count += 1;
            return true;
        }
        if held.len() >= self.shared.bound {
            return false;
        }
        held.insert(value.clone(), 1);
        self.shared.version.send_modify(|version| *version += 1);
        true
    }

    /// Someone wants it no more: a topic's last subscriber.
    pub fn remove(&self, value: &P) {
        let held = &mut *self.lock();
        let Some(count) = held.get_mut(value) else { return };
        *count -= 1;
        if *count == 0 {
            held.remove(value);
            self.shared.version.send_modify(|version| *version += 1);
        }
    }

    /// Room for a value, kept until the claim is dropped: taken before a subscription that may be the first, so that
    /// the bound holds however many come at once.
    ///
    /// # Errors
    /// `too-many-interests` where the set is full and does not hold the value.
    pub fn claim(&self, value: P) -> Result<Claim<P>, Refusal> {
        if self.add(&value) {
            return Ok(Claim { interests: self.clone(), value });
        }
        let message = format!("No more than {} at a time", self.shared.bound);
        Err(Refusal::new(TOO_MANY, message).retry(crate::contract::Retry::Later))
    }

    /// The present set, in order.
    pub fn current(&self) -> Vec<P> {
        self.lock().keys().cloned().collect()
    }

    /// Whether the value is wanted.
    pub fn contains(&self, value: &P) -> bool {
        self.lock().contains_key(value)
    }

    /// How many values are wanted.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Changes from an empty set on: the first are what is wanted now.
    pub fn changes(&self) -> Changes<P> {
        Changes { interests: self.clone(), version: self.shared.version.subscribe(), known: BTreeSet::new() }
    }
}

impl<P> Clone for Interests<P> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<P> fmt::Debug for Interests<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Interests").field("bound", &self.shared.bound).finish_non_exhaustive()
    }
}

/// Room for one value in [`Interests`], until it is dropped.
#[must_use = "the room is given up when the claim is dropped"]
pub struct Claim<P: Ord + Clone> {
    interests: Interests<P>,
    value: P,
}

impl<P: Ord + Clone> Drop for Claim<P> {
    fn drop(&mut self) {
        self.interests.remove(&self.value);
    }
}

impl<P: Ord + Clone + fmt::Debug> fmt::Debug for Claim<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Claim").field(&self.value).finish()
    }
}

/// What an upstream has to do next, each list in order; what came and went in between is in neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<P> {
    /// To be subscribed to.
    pub added: Vec<P>,
    /// To be given up.
    pub removed: Vec<P>,
}

/// The changes of [`Interests`] as one upstream follows them, however slowly.
pub struct Changes<P> {
    interests: Interests<P>,
    version: watch::Receiver<u64>,
    known: BTreeSet<P>,
}

impl<P: Ord + Clone> Changes<P> {
    /// The difference to what the last change left, as soon as there is one. Nothing is lost where it is not awaited
    /// to the end.
    pub async fn next(&mut self) -> Change<P> {
        loop {
            self.version.mark_unchanged();
            if let Some(change) = self.difference() {
                return change;
            }
            if self.version.changed().await.is_err() {
                // The set lives as long as this: its own handle keeps it.
                return std::future::pending().await;
            }
        }
    }

    /// Begins again from an empty set: for an upstream that has connected anew.
    pub fn reset(&mut self) {
        self.known.clear();
    }

    fn difference(&mut self) -> Option<Change<P>> {
        let now: BTreeSet<P> = self.interests.lock().keys().cloned().collect();
        let added: Vec<P> = now.difference(&self.known).cloned().collect();
        let removed: Vec<P> = self.known.difference(&now).cloned().collect();
        if added.is_empty() && removed.is_empty() {
            return None;
        }
        self.known = now;
        Some(Change { added, removed })
    }
}

impl<P> fmt::Debug for Changes<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Changes").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(added: &[u32], removed: &[u32]) -> Change<u32> {
        Change { added: added.to_vec(), removed: removed.to_vec() }
    }

    #[tokio::test]
    async fn changes_are_joined_and_exact() {
        let interests = Interests::new(10);
        let mut changes = interests.changes();
        for value in [3, 1, 2, 2] {
            assert!(interests.add(&value));
        }
        interests.remove(&1);
        interests.remove(&2);
        interests.remove(&9);
        assert_eq!(changes.next().await, change(&[2, 3], &[]));
        interests.remove(&2);
        interests.add(&4);
        assert_eq!(changes.next().await, change(&[4], &[2]));
        assert_eq!(interests.current(), [3, 4]);
        changes.reset();
        assert_eq!(changes.next().await, change(&[3, 4], &[]));
        interests.add(&5);
        interests.remove(&5);
        assert!(futures_util::FutureExt::now_or_never(changes.next()).is_none(), "nothing has changed");
        interests.add(&6);
        assert_eq!(changes.next().await, change(&[6], &[]));
    }

    #[test]
    fn the_bound_holds_and_claims_keep_room() {
        let interests = Interests::new(2);
        assert!(interests.add(&1));
        let claim = interests.claim(2).expect("there is room");
        assert!(!interests.add(&3));
        let refusal = interests.claim(3).expect_err("there is no room");
        assert_eq!(refusal.code(), "too-many-interests");
        assert!(interests.add(&2), "the subscription that was claimed for");
        drop(claim);
        assert_eq!(interests.current(), [1, 2]);
        drop(interests.claim(1).expect("it is held"));
        interests.remove(&1);
        assert!(interests.add(&3));
        assert_eq!(interests.len(), 2);
    }
}
