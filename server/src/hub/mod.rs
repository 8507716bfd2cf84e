//! The local fan-out of one node: topics, their subscribers, what is retained of them.
//!
//! The hub knows no sockets: a subscriber is an [`Outlet`] that takes publications and decides itself what happens
//! when it is full. Publishing is synchronous and may come from any thread. Locks are std locks, one per shard of the
//! registry and one per topic, never held across a call into a service.

mod audience;
mod cell;
mod fan_out;
mod outlet;
mod publication;
mod route;
mod state;
mod stores;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

pub(crate) use audience::{Audience, Event, Hook, Seat};
use fan_out::FanOut;
pub(crate) use outlet::Outlet;
pub(crate) use publication::{Publication, PublicationKind};
pub(crate) use route::{Lifecycle, Route, RoutePolicy, Subscription};
pub(crate) use state::{Retained, key_of};
pub(crate) use stores::Stores;

/// All routes and audiences of one node.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    routes: RwLock<HashMap<(&'static str, &'static str), Arc<Route>>>,
    audiences: RwLock<HashMap<&'static str, Arc<Audience>>>,
    fan_out: Arc<FanOut>,
}

impl Hub {
    /// The topics of one route of one endpoint; made when first asked for.
    pub(crate) fn route(&self, endpoint: &'static str, policy: RoutePolicy) -> Arc<Route> {
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes
            .entry((endpoint, policy.route))
            .or_insert_with(|| Arc::new(Route::new(policy, self.fan_out.clone())))
            .clone()
    }

    /// Starts the tasks that carry publications, unless they run.
    pub(crate) fn start(&self) {
        self.fan_out.start();
    }

    /// Everyone connected to an endpoint.
    pub(crate) fn audience(&self, endpoint: &'static str) -> Arc<Audience> {
        let mut audiences = self.audiences.write().unwrap_or_else(PoisonError::into_inner);
        audiences.entry(endpoint).or_default().clone()
    }
}

#[cfg(test)]
mod tests;
