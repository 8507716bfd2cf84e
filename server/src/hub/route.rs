//! One route: its topics, what becomes of them, and the way of a publication to those who subscribe.

mod subscription;

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

pub(crate) use subscription::{PendingHooks, Subscription};
use tokio::time::Instant;

use super::cell::{Beginning, Cell, Fate, Kept, Reason};
use super::fan_out::{FanOut, is_in_order};
use super::history::{History, Position};
use super::registry::Registry;
use super::{Hook, Outlet, key_of, turn};
use crate::protocol::{DeliveryMode, DeliverySpec, Envelope, HistorySpec, StateKind};

/// Topics of a route that are kept for their state or history though nobody subscribes; the first to come are the
/// first to go.
const KEPT_LIMIT: usize = 100_000;
/// Bytes of states and histories, and of the names of topics with history, that a route keeps before topics without
/// subscribers have to go.
const KEPT_BYTES: usize = if cfg!(test) { 8 << 20 } else { 256 << 20 };

/// What all topics of a route have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoutePolicy {
    /// First part of the topic strings.
    pub(crate) route: &'static str,
    /// How frames wrap payloads.
    pub(crate) envelope: Envelope,
    /// What is retained.
    pub(crate) state: Option<StateKind>,
    /// What a client that comes back can still get.
    pub(crate) history: Option<HistorySpec>,
    /// How updates are delivered.
    pub(crate) delivery: DeliverySpec,
    /// Type of its frames, which then hold the payload alone.
    pub(crate) message: Option<&'static str>,
}

impl RoutePolicy {
    /// Whether a topic is more than its subscribers.
    fn keeps(&self) -> bool {
        self.state.is_some() || self.history.is_some()
    }

    /// Which value of the topic an update replaces, where only the latest of each is delivered.
    pub(super) fn conflation_key(&self, payload: &str) -> Option<Box<str>> {
        match self.delivery.mode {
            DeliveryMode::Every => None,
            DeliveryMode::Latest { key: &[], .. } => Some(Box::default()),
            DeliveryMode::Latest { key, .. } => Some(key_of(key, payload).into()),
        }
    }
}

/// Told when a topic gets its first subscriber and loses its last; called outside all locks, in order.
pub(crate) trait Lifecycle: Any + Send + Sync {
    /// The first one came.
    fn first_subscriber(&self);
    /// The last one left.
    fn last_subscriber(&self);
}

/// The topics of one route.
pub(crate) struct Route {
    policy: RoutePolicy,
    fan_out: Arc<FanOut>,
    topics: Registry,
    subscription_count: AtomicUsize,
    /// Topics that are kept without subscribers, and until when; roughly in that order.
    kept: Mutex<VecDeque<(Instant, Arc<Cell>)>>,
    kept_bytes: Arc<AtomicUsize>,
    /// Topics let go for want of room that nobody has asked for yet.
    evicted: AtomicU64,
    /// Handed over: nothing is published any more.
    closed: AtomicBool,
    /// What updates from outside the program go through.
    reception: RwLock<Option<Hook>>,
}

impl Route {
    pub(super) fn new(mut policy: RoutePolicy, fan_out: Arc<FanOut>) -> Self {
        if matches!(policy.delivery.mode, DeliveryMode::Latest { .. }) {
            // Values overtake each other there, so that no single offset says what a client has.
            policy.history = None;
        }
        Self {
            policy,
            fan_out,
            topics: Registry::default(),
            subscription_count: AtomicUsize::new(0),
            kept: Mutex::default(),
            kept_bytes: Arc::default(),
            evicted: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            reception: RwLock::default(),
        }
    }

    /// An update from outside the program as it is to be published, where something changes it.
    pub(crate) fn received(&self, payload: &str) -> Option<String> {
        let hook = self.reception.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        hook(payload)
    }

    /// Has every update from outside the program go through a hook from now on.
    pub(crate) fn set_reception(&self, hook: Hook) {
        *self.reception.write().unwrap_or_else(PoisonError::into_inner) = Some(hook);
    }

    fn find_or_create(&self, topic: &str) -> Arc<Cell> {
        self.topics.find_or_insert(topic, |name| {
            let history = self.policy.history.map(|_| History::new(Instant::now(), &self.kept_bytes));
            Cell::new(name, history, self.closed.load(Ordering::SeqCst))
        })
    }

    /// Adds a subscriber. Its updates are held back until [`Subscription::release`], or [`Subscription::resume`] where
    /// all that it missed since a position is there.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        topic: &str,
        outlet: &Arc<dyn Outlet>,
        lifecycle: &Arc<dyn Lifecycle>,
        since: Option<&Position>,
    ) -> (Subscription, Beginning) {
        let (subscription, beginning) = self.take_seat(topic, outlet, lifecycle, since);
        // Behind the subscription: it leaves again where a hook panics.
        subscription.cell.call_hooks();
        (subscription, beginning)
    }

    /// The same for whoever holds a lock: no hook is called before [`Subscription::hooks`] are.
    pub(crate) fn take_seat(
        self: &Arc<Self>,
        topic: &str,
        outlet: &Arc<dyn Outlet>,
        lifecycle: &Arc<dyn Lifecycle>,
        since: Option<&Position>,
    ) -> (Subscription, Beginning) {
        // Counted before it is there: a publisher that sees no subscription may skip its work.
        self.subscription_count.fetch_add(1, Ordering::SeqCst);
        loop {
            let cell = self.find_or_create(topic);
            // Either a publisher sees this subscription, or its snapshot is made of what that one has changed before.
            fence(Ordering::SeqCst);
            if let Some((slot, beginning)) = cell.join(outlet.clone(), lifecycle, &self.policy, since) {
                return (Subscription { route: self.clone(), cell, slot: Some(slot) }, beginning);
            }
        }
    }

    /// Applies an update and offers it to every subscriber; says how many there are. `payload` is asked for only
    /// where someone listens or something is retained.
    pub(crate) fn publish<N: Deref<Target = str>, E>(
        &self,
        topic: impl FnOnce() -> Result<N, E>,
        payload: impl FnOnce() -> Result<String, E>,
    ) -> Result<usize, E> {
        let keeps = self.policy.keeps();
        if !keeps && self.subscription_count() == 0 {
            return Ok(0);
        }
        let topic = topic()?;
        let look_up = || if keeps { Some(self.find_or_create(&topic)) } else { self.topics.find(&topic) };
        let Some(mut cell) = look_up() else { return Ok(0) };
        let payload = payload()?;
        let flush = Duration::from_millis(self.policy.delivery.flush_ms);
        let turn = if flush.is_zero() { turn::here() } else { None };
        loop {
            if let Some(accepted) = cell.publish(&self.policy, &payload, turn, &self.kept_bytes) {
                let at_once = accepted.help || (accepted.subscribers > 0 && flush.is_zero() && is_in_order());
                let is_carried = at_once && cell.fan_out_through(accepted.offset);
                if accepted.submit && !is_carried {
                    self.fan_out.submit(&cell, flush);
                }
                if let Some(until) = accepted.kept {
                    self.keep(until, cell);
                }
                return Ok(accepted.subscribers);
            }
            // The last subscriber left between the look-up and the lock; someone may have come since.
            match look_up() {
                Some(found) => cell = found,
                None => return Ok(0),
            }
        }
    }

    /// How many subscribe to a topic.
    pub(crate) fn subscriber_count(&self, topic: &str) -> usize {
        self.topics.find(topic).map_or(0, |cell| cell.subscriber_count())
    }

    /// How many subscriptions there are to all topics of the route.
    pub(crate) fn subscription_count(&self) -> usize {
        // Belongs to the one in `subscribe`: what the application has changed is there for everyone before anyone is
        // looked for.
        fence(Ordering::SeqCst);
        self.subscription_count.load(Ordering::SeqCst)
    }

    /// What is retained of a topic, as a snapshot's payload.
    pub(crate) fn retained(&self, topic: &str) -> Option<String> {
        self.topics.find(topic).and_then(|cell| cell.retained())
    }

    /// How many topics are known.
    #[cfg(test)]
    pub(crate) fn topic_count(&self) -> usize {
        self.topics.filter_map(|_| Some(())).len()
    }

    /// What is counted against the room for states and histories.
    pub(super) fn kept_bytes(&self) -> usize {
        self.kept_bytes.load(Ordering::Relaxed)
    }

    /// Fans out what waits by now at any of its topics.
    pub(super) fn fan_out_waiting(&self) {
        // Outside the registry's locks.
        let topics = self.topics.filter_map(|cell| (cell.subscriber_count() > 0).then(|| cell.clone()));
        topics.iter().for_each(|cell| cell.fan_out_waiting());
    }

    /// How many topics were let go for want of room since this was asked last; `None` where none is ever kept.
    pub(super) fn take_evicted(&self) -> Option<u64> {
        self.policy.keeps().then(|| self.evicted.swap(0, Ordering::Relaxed))
    }

    /// Keeps a topic though nobody subscribes, at the cost of those kept longest where there are too many.
    fn keep(&self, until: Instant, cell: Arc<Cell>) {
        self.kept().push_back((until, cell));
        self.sweep();
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<(Instant, Arc<Cell>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the kept topics whose time has come, and at those for which there is no room.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        // Each is looked at once: those that stay are put at the end.
        let count = self.kept().len();
        for _ in 0..count {
            let mut kept = self.kept();
            let Some((until, _)) = kept.front() else { return };
            let is_crowded = kept.len() > KEPT_LIMIT || self.kept_bytes.load(Ordering::Relaxed) > KEPT_BYTES;
            let reason = if is_crowded { Reason::Crowded } else { Reason::Due };
            if !is_crowded && *until > now {
                return;
            }
            let Some((_, cell)) = kept.pop_front() else { return };
            drop(kept);
            self.retire(&cell, reason);
        }
    }

    /// Calls a topic's hooks that wait. Whoever left meanwhile left it to this thread to forget the topic.
    fn call_hooks(&self, cell: &Arc<Cell>) {
        cell.call_hooks();
        // Who asks holds up those who look for other topics, so only where the topic may go.
        if cell.subscriber_count() == 0 {
            self.retire(cell, Reason::Left);
        }
    }

    /// Forgets a cell that nothing keeps, or keeps it.
    fn retire(&self, cell: &Arc<Cell>, reason: Reason) {
        self.topics.remove_if(cell, || match cell.retire(&self.policy, reason) {
            Fate::Stays => false,
            Fate::Kept(until) => {
                self.kept().push_back((until, cell.clone()));
                false
            }
            Fate::Dead => true,
            Fate::Evicted => {
                self.evicted.fetch_add(1, Ordering::Relaxed);
                true
            }
        });
    }

    /// What another process needs to go on with this route's histories; nothing is published here any more.
    pub(super) fn hand_over(&self) -> Vec<Kept> {
        if self.policy.history.is_none() {
            return Vec::new();
        }
        self.closed.store(true, Ordering::SeqCst);
        self.topics.filter_map(|cell| cell.hand_over(&self.policy))
    }

    /// Goes on where another process ended so many milliseconds ago.
    pub(super) fn take_over(&self, kept: &Kept, ago_ms: u64) -> bool {
        if self.policy.history.is_none() {
            return false;
        }
        let cell = self.find_or_create(&kept.topic);
        let Some(until) = cell.take_over(&self.policy, kept, ago_ms, &self.kept_bytes) else {
            return false;
        };
        self.keep(until, cell);
        true
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Route").field("policy", &self.policy).finish_non_exhaustive()
    }
}
