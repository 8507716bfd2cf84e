//! The local fan-out of one node: topics, their subscribers, what is retained of them.
//!
//! The hub knows no sockets: a subscriber is an [`Outlet`] that takes publications and decides itself what happens
//! when it is full. Publishing is synchronous and may come from any thread. Locks are std locks, one per shard of the
//! registry and one per topic, never held across a call into a service.

mod audience;
mod cell;
mod outlet;
mod publication;
mod route;
mod state;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

pub(crate) use audience::Audience;
pub(crate) use outlet::Outlet;
pub(crate) use publication::{Publication, PublicationKind};
pub(crate) use route::{Lifecycle, Route, RoutePolicy, Subscription};
pub(crate) use state::{Retained, key_of};

/// All routes and audiences of one node.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    routes: RwLock<HashMap<(&'static str, &'static str), Arc<Route>>>,
    audiences: RwLock<HashMap<&'static str, Arc<Audience>>>,
}

impl Hub {
    /// The topics of one route of one endpoint; made when first asked for.
    pub(crate) fn route(&self, endpoint: &'static str, policy: RoutePolicy) -> Arc<Route> {
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes.entry((endpoint, policy.route)).or_insert_with(|| Arc::new(Route::new(policy))).clone()
    }

    /// Everyone connected to an endpoint.
    pub(crate) fn audience(&self, endpoint: &'static str) -> Arc<Audience> {
        let mut audiences = self.audiences.write().unwrap_or_else(PoisonError::into_inner);
        audiences.entry(endpoint).or_default().clone()
    }
}

#[cfg(test)]
mod tests;
