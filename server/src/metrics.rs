//! What the runtime counts. Names, labels and help stand here and nowhere else; labels are routes, codes and
//! conditions of the document, never topics or users, so their number is bounded.

mod durations;

use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub(crate) use durations::Durations;

/// Counters of one node.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    pub(crate) connections: Gauge,
    pub(crate) connections_accepted: Counter,
    pub(crate) connection_limit_reached: Counter,
    pub(crate) subscriptions: Gauge,
    pub(crate) messages_received: Counter,
    pub(crate) messages_received_bytes: Counter,
    pub(crate) messages_sent: Counter,
    pub(crate) messages_sent_bytes: Counter,
    pub(crate) slow_disconnects: Counter,
    pub(crate) publications_compressed: Counter,
    pub(crate) fan_out_panics: Counter,
    published: Family<RouteLabel, Counter>,
    deliveries: Family<RouteLabel, Counter>,
    dropped: Family<RouteLabel, Counter>,
    conflated: Family<RouteLabel, Counter>,
    resyncs: Family<RouteLabel, Counter>,
    recoveries: Family<RecoveryLabel, Counter>,
    retained_bytes: Family<RouteLabel, Gauge>,
    evicted: Family<RouteLabel, Counter>,
    closes: Family<ConditionLabel, Counter>,
    reply_errors: Family<CodeLabel, Counter>,
    commands: Family<CommandLabel, Durations>,
    pub(crate) requests: Durations,
    pub(crate) operations: Durations,
    pub(crate) http: Durations,
    pub(crate) subscribes: Durations,
    pub(crate) unsubscribes: Durations,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RecoveryLabel {
    route: &'static str,
    recovered: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConditionLabel {
    condition: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CommandLabel {
    command: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let commands = Family::<CommandLabel, Durations>::default();
        // Looked up once: who counts holds the counter.
        let of = |command| commands.get_or_create(&CommandLabel { command }).clone();
        let (requests, operations, http) = (of("request"), of("operation"), of("http"));
        let (subscribes, unsubscribes) = (of("subscribe"), of("unsubscribe"));
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("bellwire")),
            connections: Gauge::default(),
            connections_accepted: Counter::default(),
            connection_limit_reached: Counter::default(),
            subscriptions: Gauge::default(),
            messages_received: Counter::default(),
            messages_received_bytes: Counter::default(),
            messages_sent: Counter::default(),
            messages_sent_bytes: Counter::default(),
            slow_disconnects: Counter::default(),
            publications_compressed: Counter::default(),
            fan_out_panics: Counter::default(),
            published: Family::default(),
            deliveries: Family::default(),
            dropped: Family::default(),
            conflated: Family::default(),
            resyncs: Family::default(),
            recoveries: Family::default(),
            retained_bytes: Family::default(),
            evicted: Family::default(),
            closes: Family::default(),
            reply_errors: Family::default(),
            commands,
            requests,
            operations,
            http,
            subscribes,
            unsubscribes,
        };
        metrics.register_own();
        metrics
    }
}

impl Metrics {
    fn register_own(&self) {
        self.register(|registry| {
            registry.register("connections_inflight", "Open connections", self.connections.clone());
            registry.register(
                "connections_accepted",
                "Connections accepted",
                self.connections_accepted.clone(),
            );
            let reached = self.connection_limit_reached.clone();
            registry.register("connection_limit_reached", "Connections refused by the limit", reached);
            registry.register("subscriptions_inflight", "Subscriptions held", self.subscriptions.clone());
            registry.register("messages_received", "Messages from clients", self.messages_received.clone());
            let received = self.messages_received_bytes.clone();
            registry.register("messages_received_bytes", "Bytes of messages from clients", received);
            registry.register("messages_sent", "Messages to clients", self.messages_sent.clone());
            registry.register(
                "messages_sent_bytes",
                "Bytes of messages to clients",
                self.messages_sent_bytes.clone(),
            );
            registry.register(
                "slow_disconnects",
                "Connections ended as too slow",
                self.slow_disconnects.clone(),
            );
            let compressed = self.publications_compressed.clone();
            registry.register("publications_compressed", "Frames compressed, each once for all", compressed);
            let help = "Panics in fan-out, each of which ended one connection";
            registry.register("fan_out_panics", help, self.fan_out_panics.clone());
            registry.register("published", "Updates published, by route", self.published.clone());
            registry.register(
                "deliveries",
                "Updates queued for subscribers, by route",
                self.deliveries.clone(),
            );
            registry.register("dropped", "Updates dropped by overflow, by route", self.dropped.clone());
            registry.register(
                "conflated",
                "Updates replaced by a later one, by route",
                self.conflated.clone(),
            );
            registry.register(
                "resync",
                "Topics resynchronised after overflow, by route",
                self.resyncs.clone(),
            );
            let help = "Clients that came back for what they missed, by route and whether it was there";
            registry.register("recover", help, self.recoveries.clone());
            let help = "Bytes of retained states and histories, by route";
            registry.register("retained_bytes", help, self.retained_bytes.clone());
            let help = "Topics without subscribers let go for want of room, by route";
            registry.register("evicted", help, self.evicted.clone());
            registry.register(
                "server_disconnects",
                "Closes by the server, by condition",
                self.closes.clone(),
            );
            registry.register(
                "reply_errors",
                "Requests answered with an error, by code",
                self.reply_errors.clone(),
            );
            let help = "Time from a message to its reply, by kind of message";
            registry.register("command_duration_seconds", help, self.commands.clone());
        });
    }

    pub(crate) fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// OpenMetrics text.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing into a string cannot fail.
        let _ = encode(&mut out, &registry);
        out
    }

    /// What counts the publications of a route.
    pub(crate) fn publications(&self, route: &'static str) -> Published {
        let label = RouteLabel { route };
        Published {
            published: self.published.get_or_create(&label).clone(),
            deliveries: self.deliveries.get_or_create(&label).clone(),
        }
    }

    pub(crate) fn dropped(&self, route: &'static str, count: u64) {
        self.dropped.get_or_create(&RouteLabel { route }).inc_by(count);
    }

    pub(crate) fn conflated(&self, route: &'static str, count: u64) {
        self.conflated.get_or_create(&RouteLabel { route }).inc_by(count);
    }

    pub(crate) fn resynced(&self, route: &'static str) {
        self.resyncs.get_or_create(&RouteLabel { route }).inc();
    }

    pub(crate) fn recovery(&self, route: &'static str, recovered: bool) {
        self.recoveries.get_or_create(&RecoveryLabel { route, recovered }).inc();
    }

    /// Takes over what the hub counts: all that is retained, and the topics that went for want of room meanwhile.
    pub(crate) fn keeping(&self, routes: &[(&'static str, usize, u64)]) {
        let bytes_of =
            |name| routes.iter().filter(move |(route, ..)| *route == name).map(|(_, bytes, _)| bytes);
        for &(route, _, evicted) in routes {
            let bytes: usize = bytes_of(route).sum();
            let label = RouteLabel { route };
            self.retained_bytes.get_or_create(&label).set(i64::try_from(bytes).unwrap_or(i64::MAX));
            self.evicted.get_or_create(&label).inc_by(evicted);
        }
    }

    pub(crate) fn closed(&self, condition: &'static str) {
        self.closes.get_or_create(&ConditionLabel { condition }).inc();
    }

    pub(crate) fn reply_error(&self, code: &str) {
        self.reply_errors.get_or_create(&CodeLabel { code: code.to_owned() }).inc();
    }
}

/// Counts the publications of one route.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    published: Counter,
    deliveries: Counter,
}

impl Published {
    pub(crate) fn count(&self, subscribers: usize) {
        self.published.inc();
        if subscribers > 0 {
            self.deliveries.inc_by(subscribers as u64);
        }
    }
}

/// One more of what a gauge counts, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Inflight(Gauge);

impl Inflight {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Inflight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
