//! What every connection of one server process shares.

mod alarms;
mod publish;
mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use alarms::Alarms;
pub use publish::{BroadcastPublisher, OperationPublisher, Publisher, Reach};
pub(crate) use publish::{publish_written, route_of};
pub use store::Store;

use crate::hub::Hub;
use crate::limits::ConnectionLimit;
use crate::metrics::Metrics;
use crate::shutdown::Shutdown;

/// One server process: the hub that publishers publish into and connections subscribe to. Cheap to clone; publishers
/// may be made and used before the server runs.
#[derive(Debug, Clone, Default)]
pub struct Node(Arc<Shared>);

#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) hub: Hub,
    pub(crate) metrics: Metrics,
    pub(crate) shutdown: Shutdown,
    pub(crate) connections: ConnectionLimit,
    pub(crate) alarms: Arc<Alarms>,
    next_connection: AtomicU64,
}

impl Shared {
    /// Lets every connection know that the node is about to stop.
    pub(crate) fn begin_shutdown(&self) {
        // Its connections are closed before it would come.
        self.hub.fan_out_waiting();
        self.shutdown.begin();
        self.alarms.ring_all();
    }
}

impl Node {
    /// A node without connections.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections are open.
    pub fn connection_count(&self) -> usize {
        self.0.connections.count()
    }

    /// How many messages were sent to everyone while nobody was connected and wait for those who come
    /// (`x-connection.replay`).
    pub fn queued_messages(&self) -> usize {
        self.0.hub.kept()
    }

    /// Publishes so that each connection gets what this thread publishes meanwhile in the order of the calls, across
    /// topics too: for events that belong together, such as a fill, the order it fills and the position it makes.
    /// Otherwise only the updates of one topic have an order. The publisher carries them to the subscribers itself, so
    /// this is for topics that few subscribe to. Topics with `delivery.interval` or `delivery.flush` take no part, and
    /// a subscriber that waits for its snapshot, or lags, gets what it missed of that topic later.
    pub fn in_order<T>(&self, publish: impl FnOnce() -> T) -> T {
        crate::hub::in_order(publish)
    }

    /// The registry behind `/metrics`, for an application's own.
    pub fn register_metrics(&self, register: impl FnOnce(&mut prometheus_client::registry::Registry)) {
        self.0.metrics.register(register);
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }

    pub(crate) fn next_connection(&self) -> u64 {
        self.0.next_connection.fetch_add(1, Ordering::Relaxed) + 1
    }
}
