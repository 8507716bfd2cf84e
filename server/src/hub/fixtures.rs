//! What tests of the hub and of connections have in common.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::{Lifecycle, Outlet, Publication, Route, RoutePolicy, Run, Subscription};
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

/// Keeps the payloads it is offered, those that came together in one entry.
#[derive(Default)]
pub(crate) struct Inbox {
    runs: Mutex<Vec<Vec<String>>>,
    pub(crate) came: Notify,
}

impl Inbox {
    pub(crate) fn take(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.runs.lock().expect("no panic"))
    }

    fn put(&self, run: Vec<String>) {
        self.runs.lock().expect("no panic").push(run);
        self.came.notify_one();
    }
}

impl Outlet for Inbox {
    fn offer(&self, publication: &Arc<Publication>) {
        self.put(vec![publication.payload().into_owned()]);
    }

    fn offer_all(&self, run: &Run) {
        self.put(run.publications().iter().map(|publication| publication.payload().into_owned()).collect());
    }

    fn room(&self) -> usize {
        usize::MAX
    }

    fn overflow(&self) {
        self.put(vec!["overflow".to_owned()]);
    }

    fn fail(&self) {
        self.overflow();
    }
}

pub(crate) fn publish(route: &Route, topic: &str, payload: &str) {
    route.publish(|| Ok::<_, ()>(topic.to_owned()), || Ok(payload.to_owned())).expect("nothing fails");
}

pub(crate) fn subscribe(route: &Arc<Route>, topic: &str) -> (Arc<Inbox>, Subscription) {
    subscribe_with(route, topic, &(Arc::new(NoHooks) as _))
}

pub(crate) fn subscribe_with(
    route: &Arc<Route>,
    topic: &str,
    lifecycle: &Arc<dyn Lifecycle>,
) -> (Arc<Inbox>, Subscription) {
    let inbox = Arc::new(Inbox::default());
    let outlet: Arc<dyn Outlet> = inbox.clone();
    let subscription = route.subscribe(topic, &outlet, lifecycle, None).0;
    (inbox, subscription)
}
