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
    /// What is counted, as text; with what is looked at only where somebody asks.
    pub(crate) fn metrics_now(&self) -> String {
        self.metrics.keeping(&self.hub.take_keeping());
        self.metrics.render()
    }

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::hub::RoutePolicy;
    use crate::hub::fixtures::{policy, publish};
    use crate::protocol::{HistorySpec, StateKind};

    /// What an operator reads of a metric's routes.
    fn lines(node: &Node, metric: &str) -> Vec<String> {
        let text = node.shared().metrics_now();
        let lines = text.lines().filter_map(|line| line.strip_prefix(metric)?.strip_prefix("{route="));
        lines.map(str::to_owned).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn an_operator_sees_what_is_retained_and_what_went_for_want_of_room() {
        let node = Node::new();
        let state = RoutePolicy { state: Some(StateKind::Latest), ..policy("t") };
        let routes = ["/a", "/b"].map(|endpoint| node.shared().hub.route(endpoint, state));
        let history = Some(HistorySpec { size: 10, ttl_ms: 1_000 });
        let passing = node.shared().hub.route("/a", RoutePolicy { history, ..policy("passing") });
        node.shared().hub.route("/a", policy("forgetful"));
        publish(&passing, "passing", "1");
        tokio::time::advance(Duration::from_secs(2)).await;
        passing.sweep();
        let payload = format!("\"{}\"", "x".repeat((1 << 20) - 66));
        for number in 0..10 {
            publish(&routes[0], &number.to_string(), &payload);
        }
        publish(&routes[1], "0", "17");
        for _ in 0..2 {
            let mut retained = lines(&node, "bellwire_retained_bytes");
            retained.sort();
            assert_eq!(retained, ["\"passing\"} 0".to_owned(), format!("\"t\"}} {}", (8 << 20) + 66)]);
            let mut evicted = lines(&node, "bellwire_evicted_total");
            evicted.sort();
            assert_eq!(evicted, ["\"passing\"} 0", "\"t\"} 2"], "what is over goes by itself");
        }
    }
}
