//! What tests of the hub and of connections have in common.

use super::{Lifecycle, RoutePolicy};
use crate::protocol::{DeliveryMode, DeliverySpec, Envelope, Overflow};

/// Every update, at once; a connection that cannot take it ends.
pub(crate) const EVERY: DeliverySpec =
    DeliverySpec { mode: DeliveryMode::Every, flush_ms: 0, overflow: Overflow::Close, compress: true };

/// A route that keeps nothing and delivers every update.
pub(crate) fn policy(route: &'static str) -> RoutePolicy {
    RoutePolicy {
        route,
        envelope: Envelope::STANDARD,
        state: None,
        history: None,
        delivery: EVERY,
        message: None,
    }
}

/// Nobody is told who comes and goes.
pub(crate) struct NoHooks;

impl Lifecycle for NoHooks {
    fn first_subscriber(&self) {}
    fn last_subscriber(&self) {}
}
