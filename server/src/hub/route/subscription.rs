//! One connection's part in one topic: its seat, what is held back for it, and the hooks it owes when it ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Lifecycle, Route};
use crate::hub::cell::Cell;
use crate::hub::history::Position;

/// One connection's subscription to one topic; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(super) route: Arc<Route>,
    pub(super) cell: Arc<Cell>,
    /// Its seat, until that is left ahead of the hooks.
    pub(super) slot: Option<usize>,
}

impl Subscription {
    /// The topic.
    pub(crate) fn topic(&self) -> &Arc<str> {
        &self.cell.name
    }

    /// What is told of the topic's first and last subscriber: what the first of them brought.
    pub(crate) fn lifecycle(&self) -> Option<Arc<dyn Lifecycle>> {
        self.cell.lifecycle()
    }

    /// The hooks that wait since it came.
    pub(crate) fn hooks(&self) -> PendingHooks {
        PendingHooks { route: self.route.clone(), cell: self.cell.clone() }
    }

    /// Leaves its seat: nothing of the topic is offered from now on. For whoever holds a lock: hooks are called when the
    /// rest is dropped.
    pub(crate) fn leave_seat(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.cell.leave(slot);
        }
    }

    /// Holds updates back until [`Subscription::release`], and says where the topic stands. A client that subscribes
    /// `again` gets those too that the snapshot contains: others of its readers may not look at the snapshot.
    pub(crate) fn hold(&self, again: bool) -> Option<Position> {
        self.cell.hold(self.slot?, again)
    }

    /// Holds updates back, unless they are already; says whether they were not.
    pub(crate) fn hold_back(&self) -> bool {
        self.slot.is_some_and(|slot| self.cell.hold_back(slot))
    }

    /// Begins to hold back anew where what was held back is given up; says how many updates of the client's that were.
    pub(crate) fn renew(&self) -> u64 {
        self.slot.map_or(0, |slot| self.cell.renew(slot))
    }

    /// First part of the topic's name.
    pub(crate) fn route(&self) -> &'static str {
        self.route.policy.route
    }

    /// Sends what was missed and whatever was held back.
    pub(crate) fn resume(&self) {
        if let Some(slot) = self.slot {
            self.cell.resume(slot, &self.route.policy);
        }
    }

    /// Sends the snapshot, the service's own or else the retained one, and whatever was held back. `false` where too much
    /// came meanwhile: neither is sent, and the topic begins anew.
    pub(crate) fn release(&self, service_snapshot: Option<&str>) -> bool {
        self.slot.is_none_or(|slot| self.cell.release(slot, &self.route.policy, service_snapshot))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.leave_seat();
        self.route.subscription_count.fetch_sub(1, Ordering::SeqCst);
        self.route.call_hooks(&self.cell);
    }
}

/// The hooks of a topic that wait to be called, once no lock is held.
#[must_use = "hooks that nobody calls wait for the next who comes or leaves"]
pub(crate) struct PendingHooks {
    route: Arc<Route>,
    cell: Arc<Cell>,
}

impl PendingHooks {
    /// Calls them, unless another thread is at it.
    pub(crate) fn call(self) {
        self.route.call_hooks(&self.cell);
    }
}
