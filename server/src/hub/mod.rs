//! The local fan-out of one node: topics, their subscribers, what is retained of them.
//!
//! The hub knows no sockets: a subscriber is an [`Outlet`] that takes publications and decides itself what happens
//! when it is full. Publishing is synchronous and may come from any thread. Locks are std locks, one per shard of the
//! registry and one per topic, never held across a call into a service.

mod audience;
mod cell;
mod fan_out;
#[cfg(test)]
pub(crate) mod fixtures;
mod history;
mod kept;
mod outlet;
mod publication;
mod registry;
mod route;
mod run;
mod state;
mod stores;
mod turn;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::sleep;

pub(crate) use audience::{Audience, Event, Hook, Seat};
pub(crate) use cell::{Beginning, Kept};
use fan_out::FanOut;
pub(crate) use fan_out::in_order;
pub(crate) use history::{Position, Unrecoverable};
pub(crate) use outlet::Outlet;
pub(crate) use publication::{ENTRY_COST, FRAME_ROOM, Publication, PublicationKind};
pub(crate) use route::{Lifecycle, PendingHooks, Route, RoutePolicy, Subscription};
pub(crate) use run::Run;
pub(crate) use state::{Retained, key_of};
pub(crate) use stores::Stores;
pub(crate) use turn::Turn;

/// How often topics that nobody needs any more are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

type Routes = RwLock<HashMap<(&'static str, &'static str), Arc<Route>>>;

/// All routes and audiences of one node.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    routes: Arc<Routes>,
    audiences: RwLock<HashMap<&'static str, Arc<Audience>>>,
    fan_out: Arc<FanOut>,
    sweeping: OnceLock<()>,
}

/// The histories of one route as they are handed over.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct KeptRoute {
    endpoint: String,
    route: String,
    topics: Vec<Kept>,
}

/// What cannot be true of histories that another process is said to have left.
pub(crate) fn fault_of(routes: &[KeptRoute]) -> Option<String> {
    let mut seen = HashSet::new();
    let mut topics = routes.iter().flat_map(|route| route.topics.iter().map(move |topic| (route, topic)));
    topics.find_map(|(KeptRoute { endpoint, route, .. }, kept)| {
        let is_new = seen.insert((endpoint, route, &kept.topic));
        let fault = kept.fault().or((!is_new).then_some("it is there twice"))?;
        Some(format!("topic {} of {endpoint}: {fault}", kept.topic))
    })
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

    /// Starts the tasks that carry publications and forget topics, unless they run.
    pub(crate) fn start(&self) {
        self.fan_out.start();
        self.sweeping.get_or_init(|| {
            let routes = Arc::downgrade(&self.routes);
            tokio::spawn(async move {
                while let Some(routes) = routes.upgrade() {
                    all(&routes).iter().for_each(|(_, route)| route.sweep());
                    drop(routes);
                    sleep(SWEEP_EVERY).await;
                }
            });
        });
    }

    /// Fans out what waits by now, for company or for its turn.
    pub(crate) fn fan_out_waiting(&self) {
        all(&self.routes).iter().for_each(|(_, route)| route.fan_out_waiting());
    }

    /// What another process needs to go on with the histories of this one. From now on nothing is published to their
    /// topics.
    pub(crate) fn hand_over(&self) -> Vec<KeptRoute> {
        let routes = all(&self.routes).into_iter().map(|((endpoint, name), route)| KeptRoute {
            endpoint: endpoint.to_owned(),
            route: name.to_owned(),
            topics: route.hand_over(),
        });
        routes.filter(|route| !route.topics.is_empty()).collect()
    }

    /// Goes on where another process ended, as far as the routes are known; all of it that long ago. Says how many
    /// topics were taken over.
    pub(crate) fn take_over(&self, routes: &[KeptRoute], ago: Duration) -> usize {
        let ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
        let mut count = 0;
        for ((endpoint, name), route) in all(&self.routes) {
            let kept = routes.iter().filter(|kept| kept.endpoint == endpoint && kept.route == name);
            count += kept.flat_map(|kept| &kept.topics).filter(|topic| route.take_over(topic, ago)).count();
        }
        count
    }

    /// What is retained: of each route that keeps anything its bytes, and how many topics had to go for want of room since
    /// this was asked last. A route that several endpoints have comes several times.
    pub(crate) fn take_keeping(&self) -> Vec<(&'static str, usize, u64)> {
        let routes = all(&self.routes).into_iter();
        routes
            .filter_map(|((_, name), route)| Some((name, route.kept_bytes(), route.take_evicted()?)))
            .collect()
    }

    /// How many messages wait for those who come, over all endpoints.
    pub(crate) fn kept(&self) -> usize {
        let audiences = self.audiences.read().unwrap_or_else(PoisonError::into_inner);
        audiences.values().map(|audience| audience.kept()).sum()
    }

    /// Everyone connected to an endpoint.
    pub(crate) fn audience(&self, endpoint: &'static str) -> Arc<Audience> {
        let mut audiences = self.audiences.write().unwrap_or_else(PoisonError::into_inner);
        audiences.entry(endpoint).or_default().clone()
    }
}

fn all(routes: &Routes) -> Vec<((&'static str, &'static str), Arc<Route>)> {
    let routes = routes.read().unwrap_or_else(PoisonError::into_inner);
    routes.iter().map(|(key, route)| (*key, route.clone())).collect()
}

#[cfg(test)]
mod panics;
#[cfg(test)]
mod tests;
