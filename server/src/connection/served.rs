//! One endpoint as connections see it: its services by message type, its hub routes, the limits in force.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::outbound::Outbound;
use crate::auth::Guard;
use crate::contract::Endpoint;
use crate::contract::erased::ResolvedTopic;
use crate::hub::{Audience, Route, Stores};
use crate::limits::AddressLimit;
use crate::node::{Node, route_of};
use crate::protocol::envelope::Writer;
use crate::protocol::{Activity, Close, CloseCondition, OnInvalid, ReasonValues, encode};
use crate::websocket::CompressionPolicy;

/// What a message type means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Subscribe to a topic of the route at this index.
    Subscribe(usize),
    /// Unsubscribe from one.
    Unsubscribe(usize),
    /// Call the request at this index.
    Request(usize),
}

/// Limits and clocks in force: the document's, unless the operator set others.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) heartbeat: Duration,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) activity: Activity,
    pub(crate) on_invalid: OnInvalid,
    pub(crate) max_message_bytes: usize,
    pub(crate) max_depth: u32,
    pub(crate) max_subscriptions: usize,
    pub(crate) queue_bytes: usize,
    /// What the kernel may hold for one client that does not read.
    pub(crate) send_buffer: usize,
    /// How long messages wait for those who come later; `None` where the document's word counts.
    pub(crate) replay_ttl: Option<Duration>,
    /// How long a message may take to arrive once it has begun.
    pub(crate) message_timeout: Duration,
    /// How messages are compressed for clients that take it.
    pub(crate) compression: Option<CompressionPolicy>,
    pub(crate) messages_per_second: u32,
    /// Requests over plain HTTP of one address; `None` for no limit.
    pub(crate) http_per_second: Option<u32>,
    /// How long a service may take for one request.
    pub(crate) request_timeout: Duration,
    /// How long replies may take to finish once the node is about to stop.
    pub(crate) drain_timeout: Duration,
}

/// One endpoint as connections see it.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) node: Node,
    pub(crate) endpoint: Endpoint,
    pub(crate) options: Options,
    /// What it asks of its callers.
    pub(crate) guard: Guard,
    pub(crate) audience: Arc<Audience>,
    /// How fast an address may make requests over plain HTTP, where that is bounded.
    pub(crate) http_rate: Option<AddressLimit>,
    pub(super) routes: Vec<Arc<Route>>,
    actions: HashMap<String, Action>,
}

impl Served {
    /// Prepares an endpoint for its connections.
    pub(crate) fn new(node: Node, endpoint: Endpoint, options: Options, guard: Guard) -> Self {
        let mut actions = HashMap::new();
        let topics = endpoint.topics.iter().enumerate().filter(|(_, topic)| !topic.spec().by_handler);
        for (index, topic) in topics {
            let route = topic.spec().route;
            actions.insert(format!("{route}.subscribe"), Action::Subscribe(index));
            actions.insert(format!("{route}.unsubscribe"), Action::Unsubscribe(index));
        }
        for (index, request) in endpoint.requests.iter().enumerate() {
            actions.insert(request.spec().name.to_owned(), Action::Request(index));
        }
        let routes = endpoint.topics.iter().map(|topic| route_of(&node, topic.spec())).collect();
        let audience = node.shared().hub.audience(endpoint.spec.address);
        // Back ends may publish what no publisher was made for.
        endpoint.publishables.iter().for_each(|publishable| audience.keep(publishable.replay()));
        if let Some(ttl) = options.replay_ttl {
            audience.keep_for(ttl);
        }
        let http_rate = options.http_per_second.map(AddressLimit::new);
        Self { node, endpoint, options, guard, audience, http_rate, routes, actions }
    }

    /// Whether messages may be whole frames of explicit operations.
    pub(super) fn has_operations(&self) -> bool {
        !self.endpoint.operations.is_empty()
    }

    pub(super) fn action(&self, kind: &str) -> Option<Action> {
        self.actions.get(kind).copied()
    }

    /// Writes frames in the endpoint's envelope.
    pub(super) fn writer(&self) -> Writer {
        self.endpoint.spec.connection.envelope.now()
    }

    /// Whether a message of this type goes unanswered where it comes without an id.
    pub(super) fn is_notification(&self, kind: &str) -> bool {
        match self.action(kind) {
            Some(Action::Request(index)) => self.endpoint.requests[index].spec().notification,
            _ => false,
        }
    }

    /// The hub's route with this name.
    pub(crate) fn route(&self, name: &str) -> Option<(usize, &Arc<Route>)> {
        let index = self.endpoint.topics.iter().position(|topic| topic.spec().route == name)?;
        Some((index, &self.routes[index]))
    }

    /// What tells a new connection all that is retained.
    pub(super) fn greetings(&self, stores: &mut Stores) -> Vec<Bytes> {
        let snapshots = self.endpoint.snapshots.iter();
        snapshots.map(|snapshot| snapshot.frame(&stores.object(snapshot.stores()))).collect()
    }

    /// Tells a client how many updates of a topic it lost, if any: a fresh snapshot follows.
    pub(super) fn tell_loss(&self, outbound: &Outbound, resolved: &dyn ResolvedTopic, dropped: u64) {
        if dropped > 0 {
            let route = resolved.spec().route;
            outbound.control(&encode::resync(&self.writer(), route, resolved.topic(), dropped));
            self.node.shared().metrics.resynced(route);
        }
    }

    /// The close of a condition, as this endpoint words it.
    pub(crate) fn close(&self, condition: CloseCondition) -> Close {
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let values = ReasonValues {
            heartbeat_ms: milliseconds(self.options.heartbeat),
            lifetime_ms: self.options.lifetime.map(milliseconds),
        };
        Close::new(self.endpoint.spec.connection.closes, condition, &values)
    }
}
