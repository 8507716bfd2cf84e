//! One topic: its subscribers, its retained state, and the hooks of its first and last subscriber.
//!
//! Everything about a topic happens under its own lock, which is what makes "reply, snapshot, then every later update"
//! exact. Hooks are the exception: they are queued under the lock and called outside it, by one thread at a time, so
//! they arrive in order and may publish.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slab::Slab;

use super::{Lifecycle, Outlet, Publication, PublicationKind, Retained, RoutePolicy};

/// Bytes of updates held back for one subscriber while its snapshot is made.
const HELD_LIMIT: usize = 1 << 20;

/// One topic.
pub(super) struct Cell {
    pub(super) name: Arc<str>,
    inner: Mutex<Inner>,
}

struct Inner {
    /// Taken out of the registry: whoever still holds it must look the topic up again.
    dead: bool,
    subscribers: Slab<Subscriber>,
    retained: Option<Retained>,
    /// The snapshot's frame, until the state changes.
    snapshot: Option<Arc<Publication>>,
    lifecycle: Option<Arc<dyn Lifecycle>>,
    transitions: VecDeque<(Transition, Arc<dyn Lifecycle>)>,
    /// Some thread is calling hooks; others leave theirs in the queue.
    calling: bool,
}

struct Subscriber {
    outlet: Arc<dyn Outlet>,
    held: Option<Held>,
}

/// Updates that wait for a snapshot.
#[derive(Default)]
struct Held {
    updates: VecDeque<Arc<Publication>>,
    bytes: usize,
}

#[derive(Clone, Copy)]
enum Transition {
    First,
    Last,
}

impl Cell {
    pub(super) fn new(name: Arc<str>) -> Self {
        let inner = Inner {
            dead: false,
            subscribers: Slab::new(),
            retained: None,
            snapshot: None,
            lifecycle: None,
            transitions: VecDeque::new(),
            calling: false,
        };
        Self { name, inner: Mutex::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a subscriber whose updates are held back until [`Cell::release`]; `None` where the cell is dead.
    pub(super) fn join(&self, outlet: Arc<dyn Outlet>, lifecycle: &Arc<dyn Lifecycle>) -> Option<usize> {
        let mut inner = self.lock();
        if inner.dead {
            return None;
        }
        let slot = inner.subscribers.insert(Subscriber { outlet, held: Some(Held::default()) });
        if inner.subscribers.len() == 1 {
            inner.lifecycle = Some(lifecycle.clone());
            inner.transitions.push_back((Transition::First, lifecycle.clone()));
        }
        Some(slot)
    }

    /// Removes a subscriber.
    pub(super) fn leave(&self, slot: usize) {
        let mut inner = self.lock();
        inner.subscribers.try_remove(slot);
        if inner.subscribers.is_empty()
            && let Some(lifecycle) = inner.lifecycle.take()
        {
            inner.transitions.push_back((Transition::Last, lifecycle));
        }
    }

    /// Calls the hooks that wait, unless another thread is at it: that one then calls these too.
    pub(super) fn call_hooks(&self) {
        loop {
            let mut inner = self.lock();
            if inner.calling {
                return;
            }
            let Some((transition, lifecycle)) = inner.transitions.pop_front() else { return };
            inner.calling = true;
            drop(inner);
            match transition {
                Transition::First => lifecycle.first_subscriber(),
                Transition::Last => lifecycle.last_subscriber(),
            }
            self.lock().calling = false;
        }
    }

    /// Holds a subscriber's updates back from now on.
    pub(super) fn hold(&self, slot: usize) {
        if let Some(subscriber) = self.lock().subscribers.get_mut(slot) {
            subscriber.held.get_or_insert_default();
        }
    }

    /// Sends a subscriber its snapshot and what was held back. Without a snapshot of the service's own it gets the
    /// retained one, which contains all that was held back.
    pub(super) fn release(&self, slot: usize, policy: &RoutePolicy, service_snapshot: Option<&str>) {
        let mut inner = self.lock();
        let snapshot = match service_snapshot {
            Some(payload) => Some(Arc::new(self.snapshot_of(policy, payload))),
            None => self.retained_snapshot(&mut inner, policy),
        };
        let Some(subscriber) = inner.subscribers.get_mut(slot) else { return };
        let mut held = subscriber.held.take().unwrap_or_default();
        if let Some(snapshot) = &snapshot {
            if service_snapshot.is_none() {
                held.updates.clear();
            }
            subscriber.outlet.offer(snapshot);
        }
        for update in &held.updates {
            subscriber.outlet.offer(update);
        }
    }

    /// Applies an update to the state and offers it to every subscriber; says how many there are. `None` where the
    /// cell is dead.
    pub(super) fn publish(&self, policy: &RoutePolicy, payload: &str) -> Option<usize> {
        let mut inner = self.lock();
        if inner.dead {
            return None;
        }
        if let Some(kind) = policy.state {
            inner.snapshot = None;
            inner.retained.get_or_insert_with(|| Retained::new(kind)).apply(payload);
        }
        if inner.subscribers.is_empty() {
            return Some(0);
        }
        let update = PublicationKind::Update;
        let mut publication =
            Publication::of_topic(update, policy.route, &self.name, payload, policy.delivery);
        publication.conflation_key = policy.conflation_key(payload);
        let publication = Arc::new(publication);
        for (_, subscriber) in &mut inner.subscribers {
            match &mut subscriber.held {
                None => subscriber.outlet.offer(&publication),
                Some(held) if held.bytes > HELD_LIMIT => subscriber.outlet.overflow(),
                Some(held) => {
                    held.bytes += publication.frame.len();
                    held.updates.push_back(publication.clone());
                }
            }
        }
        Some(inner.subscribers.len())
    }

    /// The retained state's payload, if there is any.
    pub(super) fn retained(&self) -> Option<String> {
        self.lock().retained.as_ref().and_then(Retained::snapshot)
    }

    pub(super) fn subscriber_count(&self) -> usize {
        self.lock().subscribers.len()
    }

    /// Marks the cell dead if nothing keeps it: no subscriber, no state, no hook under way.
    pub(super) fn try_retire(&self) -> bool {
        let mut inner = self.lock();
        let kept = !inner.subscribers.is_empty()
            || inner.retained.is_some()
            || inner.calling
            || !inner.transitions.is_empty();
        inner.dead |= !kept;
        inner.dead
    }

    fn retained_snapshot(&self, inner: &mut Inner, policy: &RoutePolicy) -> Option<Arc<Publication>> {
        if inner.snapshot.is_none() {
            let payload = inner.retained.as_ref().and_then(Retained::snapshot)?;
            inner.snapshot = Some(Arc::new(self.snapshot_of(policy, &payload)));
        }
        inner.snapshot.clone()
    }

    fn snapshot_of(&self, policy: &RoutePolicy, payload: &str) -> Publication {
        Publication::of_topic(PublicationKind::Snapshot, policy.route, &self.name, payload, policy.delivery)
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cell").field("name", &self.name).finish_non_exhaustive()
    }
}
