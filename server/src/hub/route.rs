//! The topics of one route, sharded by name.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cell::Cell;
use super::fan_out::FanOut;
use super::{Outlet, key_of};
use crate::protocol::{DeliveryMode, DeliverySpec, StateKind};

/// Enough that publishers of different topics rarely meet at one lock.
const SHARD_COUNT: usize = 16;

/// What all topics of a route have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoutePolicy {
    /// First part of the topic strings.
    pub(crate) route: &'static str,
    /// What is retained.
    pub(crate) state: Option<StateKind>,
    /// How updates are delivered.
    pub(crate) delivery: DeliverySpec,
}

impl RoutePolicy {
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
pub(crate) trait Lifecycle: Send + Sync {
    /// The first one came.
    fn first_subscriber(&self);
    /// The last one left.
    fn last_subscriber(&self);
}

/// The topics of one route.
pub(crate) struct Route {
    policy: RoutePolicy,
    fan_out: Arc<FanOut>,
    hasher: RandomState,
    shards: [Mutex<HashMap<Arc<str>, Arc<Cell>>>; SHARD_COUNT],
    subscription_count: AtomicUsize,
}

impl Route {
    pub(super) fn new(policy: RoutePolicy, fan_out: Arc<FanOut>) -> Self {
        Self {
            policy,
            fan_out,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            subscription_count: AtomicUsize::new(0),
        }
    }

    fn shard(&self, topic: &str) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Cell>>> {
        let index = self.hasher.hash_one(topic) as usize % SHARD_COUNT;
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, topic: &str) -> Option<Arc<Cell>> {
        self.shard(topic).get(topic).cloned()
    }

    fn find_or_create(&self, topic: &str) -> Arc<Cell> {
        let mut shard = self.shard(topic);
        if let Some(cell) = shard.get(topic) {
            return cell.clone();
        }
        let name: Arc<str> = topic.into();
        let cell = Arc::new(Cell::new(name.clone()));
        shard.insert(name, cell.clone());
        cell
    }

    /// Adds a subscriber. Its updates are held back until [`Subscription::release`].
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        topic: &str,
        outlet: &Arc<dyn Outlet>,
        lifecycle: &Arc<dyn Lifecycle>,
    ) -> Subscription {
        // Counted before it is there: a publisher that sees no subscription may skip its work.
        self.subscription_count.fetch_add(1, Ordering::SeqCst);
        loop {
            let cell = self.find_or_create(topic);
            if let Some(slot) = cell.join(outlet.clone(), lifecycle) {
                cell.call_hooks();
                return Subscription { route: self.clone(), cell, slot };
            }
        }
    }

    /// Applies an update and offers it to every subscriber; says how many there are. `payload` is asked for only
    /// where someone listens or something is retained.
    pub(crate) fn publish<E>(
        &self,
        topic: impl FnOnce() -> Result<String, E>,
        payload: impl FnOnce() -> Result<String, E>,
    ) -> Result<usize, E> {
        if self.policy.state.is_none() && self.subscription_count.load(Ordering::SeqCst) == 0 {
            return Ok(0);
        }
        let topic = topic()?;
        let retains = self.policy.state.is_some();
        let Some(mut cell) = (if retains { Some(self.find_or_create(&topic)) } else { self.find(&topic) })
        else {
            return Ok(0);
        };
        let payload = payload()?;
        loop {
            if let Some(accepted) = cell.publish(&self.policy, &payload) {
                if accepted.submit {
                    self.fan_out.submit(&cell, Duration::from_millis(self.policy.delivery.flush_ms));
                }
                if accepted.help {
                    cell.fan_out();
                }
                return Ok(accepted.subscribers);
            }
            // The last subscriber left between the look-up and the lock; someone may have come since.
            match if retains { Some(self.find_or_create(&topic)) } else { self.find(&topic) } {
                Some(found) => cell = found,
                None => return Ok(0),
            }
        }
    }

    /// How many subscribe to a topic.
    pub(crate) fn subscriber_count(&self, topic: &str) -> usize {
        self.find(topic).map_or(0, |cell| cell.subscriber_count())
    }

    /// How many subscriptions there are to all topics of the route.
    pub(crate) fn subscription_count(&self) -> usize {
        self.subscription_count.load(Ordering::SeqCst)
    }

    /// What is retained of a topic, as a snapshot's payload.
    pub(crate) fn retained(&self, topic: &str) -> Option<String> {
        self.find(topic).and_then(|cell| cell.retained())
    }

    /// How many topics are known.
    #[cfg(test)]
    pub(super) fn topic_count(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().map_or(0, |shard| shard.len())).sum()
    }

    /// Forgets a cell that nothing keeps.
    fn retire(&self, cell: &Arc<Cell>) {
        let mut shard = self.shard(&cell.name);
        if cell.try_retire() && shard.get(&cell.name).is_some_and(|known| Arc::ptr_eq(known, cell)) {
            shard.remove(&cell.name);
        }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Route").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// One connection's subscription to one topic; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Subscription {
    route: Arc<Route>,
    cell: Arc<Cell>,
    slot: usize,
}

impl Subscription {
    /// The topic.
    pub(crate) fn topic(&self) -> &Arc<str> {
        &self.cell.name
    }

    /// Holds updates back until [`Subscription::release`].
    pub(crate) fn hold(&self) {
        self.cell.hold(self.slot);
    }

    /// Sends the snapshot, the service's own or else the retained one, and whatever was held back.
    pub(crate) fn release(&self, service_snapshot: Option<&str>) {
        self.cell.release(self.slot, &self.route.policy, service_snapshot);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.cell.leave(self.slot);
        self.route.subscription_count.fetch_sub(1, Ordering::SeqCst);
        self.cell.call_hooks();
        self.route.retire(&self.cell);
    }
}
