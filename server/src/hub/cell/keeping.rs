//! What outlives a topic's last subscriber: its state and its history, and for how long; and what another process
//! takes over.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::de::IgnoredAny;
use tokio::time::Instant;

use super::{Cell, Inner};
use crate::hub::history::{Entry, History};
use crate::hub::{Retained, RoutePolicy};
use crate::protocol::StateKind;

/// When a topic that is kept for its state is looked at again.
const REVISIT: Duration = Duration::from_secs(3600);

/// Up to here an offset is believed: half of those that every client can tell apart, so that no counting from there
/// leads beyond them.
const LAST_OFFSET: u64 = 1 << 52;

/// Why someone asks whether a topic may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hub) enum Reason {
    /// A subscriber left.
    Left,
    /// Its time in the list of kept topics has come.
    Due,
    /// Too many topics are kept: it goes unless someone subscribes.
    Crowded,
}

/// What becomes of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hub) enum Fate {
    /// It stays, and whoever keeps it will see to it.
    Stays,
    /// It is kept without subscribers: to be looked at again at this time.
    Kept(Instant),
    /// It is dead.
    Dead,
    /// It is dead before its time, for want of room.
    Evicted,
}

/// What a topic retains, counted with all that its route keeps.
pub(super) struct Counted {
    retained: Retained,
    total: Arc<AtomicUsize>,
}

impl Counted {
    pub(super) fn new(kind: StateKind, total: &Arc<AtomicUsize>) -> Self {
        Self { retained: Retained::new(kind), total: total.clone() }
    }

    pub(super) fn apply(&mut self, payload: &str) {
        let before = self.retained.bytes();
        self.retained.apply(payload);
        // Modulo what a counter holds, so that one step does for more and for less.
        self.total.fetch_add(self.retained.bytes().wrapping_sub(before), Ordering::Relaxed);
    }
}

impl Deref for Counted {
    type Target = Retained;

    fn deref(&self) -> &Retained {
        &self.retained
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.total.fetch_sub(self.retained.bytes(), Ordering::Relaxed);
    }
}

/// A topic as it is handed over.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Kept {
    pub(crate) topic: String,
    pub(crate) epoch: String,
    /// Offset of the last update.
    pub(crate) offset: u64,
    /// Updates that make the retained state.
    pub(crate) state: Vec<String>,
    /// The last updates with their ages in milliseconds.
    pub(crate) updates: Vec<(u64, String)>,
}

impl Kept {
    /// What cannot be true of it: taken over, it would give clients wrong offsets, or frames that nobody can read.
    pub(in crate::hub) fn fault(&self) -> Option<&'static str> {
        let is_json = |text: &String| serde_json::from_str::<IgnoredAny>(text).is_ok();
        if self.offset > LAST_OFFSET {
            Some("its offset is none that clients can count from")
        } else if self.updates.len() as u64 > self.offset {
            Some("it has more updates than were numbered")
        } else if !self.updates.iter().all(|(_, update)| is_json(update)) {
            Some("an update of it is no JSON")
        } else if !self.state.iter().all(is_json) {
            Some("its state is no JSON")
        } else {
            None
        }
    }
}

impl Cell {
    /// Marks the cell dead if nothing keeps it: no subscriber, no state, no history, no hook under way.
    pub(in crate::hub) fn retire(&self, policy: &RoutePolicy, reason: Reason) -> Fate {
        let seats = self.seats();
        let mut inner = self.lock();
        if inner.dead {
            return Fate::Stays;
        }
        if !seats.subscribers.is_empty() || inner.calling || !inner.transitions.is_empty() {
            inner.listed &= reason == Reason::Left;
            return Fate::Stays;
        }
        let until = inner.kept_until(policy).filter(|until| *until > Instant::now());
        match until {
            Some(_) if reason == Reason::Left && inner.listed => Fate::Stays,
            Some(until) if reason != Reason::Crowded => {
                inner.listed = true;
                Fate::Kept(until)
            }
            _ => {
                inner.dead = true;
                // Whoever still holds the cell must not hold what it kept.
                (inner.history, inner.retained) = (None, None);
                if until.is_some() { Fate::Evicted } else { Fate::Dead }
            }
        }
    }

    /// What another process needs to go on; nothing is published to this topic any more.
    pub(in crate::hub) fn hand_over(&self, policy: &RoutePolicy) -> Option<Kept> {
        let mut inner = self.lock();
        inner.closed = true;
        let (next, now) = (inner.next, Instant::now());
        let state = inner.retained.as_ref().map(|retained| retained.updates()).unwrap_or_default();
        let history = inner.history.as_mut()?;
        history.prune(policy.history?);
        let updates = history.entries().map(|entry| {
            let age = now.saturating_duration_since(entry.at).as_millis();
            (u64::try_from(age).unwrap_or(u64::MAX), entry.update.payload().into_owned())
        });
        let (topic, epoch) = (self.name.to_string(), history.epoch.to_string());
        Some(Kept { topic, epoch, offset: next, state, updates: updates.collect() })
    }

    /// Goes on where another process ended, if [`Kept::fault`] knows none. What was published here already (before anyone
    /// could subscribe) follows; says when to look at the topic again. `None` where it is too late.
    pub(in crate::hub) fn take_over(
        &self,
        policy: &RoutePolicy,
        kept: &Kept,
        ago_ms: u64,
        total: &Arc<AtomicUsize>,
    ) -> Option<Instant> {
        let (spec, seats) = (policy.history?, self.seats());
        let mut inner = self.lock();
        if inner.dead || !seats.subscribers.is_empty() {
            return None;
        }
        let own = inner.history.take()?;
        let own_state = inner.retained.as_ref().map(|retained| retained.updates()).unwrap_or_default();
        if let Some(kind) = policy.state {
            let mut retained = Counted::new(kind, total);
            for payload in kept.state.iter().chain(&own_state) {
                retained.apply(payload);
            }
            inner.retained = Some(retained);
            inner.snapshot = None;
        }
        let history = History::of_epoch(Arc::from(kept.epoch.as_str()), Instant::now(), total);
        let mut history = history.of_topic(&self.name);
        let is_whole = own.entries().count() as u64 == inner.next;
        let first = kept.offset - (kept.updates.len() as u64).min(kept.offset);
        let mut youngest = u64::MAX;
        for (offset, (age, payload)) in (first + 1..).zip(&kept.updates) {
            // Clocks that disagree must not have one go before another that came earlier.
            youngest = youngest.min(*age);
            // A gap between what was kept there and here would shift offsets: then only what is kept here counts.
            if let Some(at) = Instant::now()
                .checked_sub(Duration::from_millis(youngest.saturating_add(ago_ms)))
                .filter(|_| is_whole)
            {
                history.push(
                    spec,
                    Entry { at, update: Arc::new(self.update_of(policy, Some(offset), payload)) },
                );
            }
        }
        inner.next += kept.offset;
        let first = inner.next - own.entries().count() as u64;
        for (offset, entry) in (first + 1..).zip(own.entries()) {
            let update = Arc::new(self.update_of(policy, Some(offset), &entry.update.payload()));
            history.push(spec, Entry { at: entry.at, update });
        }
        inner.history = Some(Box::new(history));
        inner.listed = true;
        inner.kept_until(policy)
    }
}

impl Inner {
    /// Notes that something happened here: the history is kept for its time from now on.
    pub(super) fn touch(&mut self) {
        if let Some(history) = &mut self.history {
            history.active = Instant::now();
        }
    }

    /// Puts the topic into the list of those kept without subscribers, unless it stands there: says until when.
    pub(super) fn list(&mut self, policy: &RoutePolicy) -> Option<Instant> {
        if std::mem::replace(&mut self.listed, true) { None } else { self.kept_until(policy) }
    }

    /// How long the topic is kept without a subscriber.
    fn kept_until(&self, policy: &RoutePolicy) -> Option<Instant> {
        if self.retained.is_some() {
            return Some(Instant::now() + REVISIT);
        }
        let (history, spec) = (self.history.as_ref()?, policy.history?);
        Some(history.active + Duration::from_millis(spec.ttl_ms))
    }
}

#[cfg(test)]
mod tests {
    use crate::hub::fixtures::{policy, publish, subscribe};
    use crate::hub::{Hub, RoutePolicy};
    use crate::protocol::{StateKind, WhenFull};

    #[tokio::test]
    async fn states_that_nobody_subscribes_to_are_bounded_by_bytes() {
        let keyed = StateKind::Keyed { key: &["k"], max_keys: 10, when_full: WhenFull::DropOldest };
        let window = StateKind::Window { size: 10, newest_first: true };
        for kind in [StateKind::Latest, StateKind::Merge, keyed, window] {
            let route = Hub::default().route("/ws", RoutePolicy { state: Some(kind), ..policy("t") });
            let payload = format!("{{\"k\":1,\"pad\":\"{}\"}}", "x".repeat(1 << 20));
            publish(&route, "held", &payload);
            let (_inbox, _subscription) = subscribe(&route, "held");
            for number in 0..9 {
                publish(&route, &number.to_string(), &payload);
                // What takes the place of another counts once.
                publish(&route, &number.to_string(), "{\"k\":1,\"pad\":0}");
                publish(&route, &number.to_string(), &payload);
            }
            route.sweep();
            let kept = (0..9).filter(|number| route.retained(&number.to_string()).is_some()).count();
            // Seven fit, with the one that somebody holds.
            let most = if matches!(kind, StateKind::Window { .. }) { 3 } else { 6 };
            assert_eq!(kept, most, "{kind:?}");
            assert!(route.retained("held").is_some() && route.retained("8").is_some(), "{kind:?}");
        }
    }
}
