//! Publishers: the typed way into the hub, from any thread.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::Node;
use crate::contract::erased::{Written, broadcast_written};
use crate::contract::{Broadcast, Caller, Frames, Operation, Topic};
use crate::hub::{Audience, Event, Hook, Publication, Route, RoutePolicy};
use crate::metrics::Published;
use crate::protocol::{DeliveryMode, DeliverySpec, Layout, Overflow, TopicName, TopicSpec, json, topic_of};

/// Broadcasts and explicit messages cannot be dropped without breaking what the document promises.
pub(crate) const MESSAGE_DELIVERY: DeliverySpec =
    DeliverySpec { mode: DeliveryMode::Every, flush_ms: 0, overflow: Overflow::Close, compress: true };

/// Whom a publication reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// Connections it was queued for.
    pub subscribers: usize,
}

/// Publishes updates of one topic's route.
pub struct Publisher<T> {
    route: Arc<Route>,
    node: Node,
    /// Looked up once, by the first publication.
    counters: OnceLock<Published>,
    topic: PhantomData<fn() -> T>,
}

impl<T: Topic> Publisher<T> {
    /// A publisher into the node's hub.
    pub fn new(node: &Node) -> Self {
        let route = route_of(node, const { &T::SPEC });
        Self { route, node: node.clone(), counters: OnceLock::new(), topic: PhantomData }
    }

    /// Sends an update to every subscriber of these parameters and says how many there are. Never blocks. An update
    /// that cannot be written as JSON is logged and reaches nobody.
    pub fn publish(&self, params: &T::Params, update: &T::Update) -> Reach {
        let published = self.route.publish(|| Self::topic(params), || json::to_string(update));
        match published {
            Ok(subscribers) => {
                let metrics = &self.node.shared().metrics;
                self.counters.get_or_init(|| metrics.publications(T::SPEC.route)).count(subscribers);
                Reach { subscribers }
            }
            Err(error) => {
                tracing::error!(route = T::SPEC.route, %error, "update cannot be written as JSON");
                Reach::default()
            }
        }
    }

    /// Whether anyone listens: a cheap check before costly work.
    pub fn has_subscribers(&self, params: &T::Params) -> bool {
        self.route.subscription_count() > 0
            && Self::topic(params).is_ok_and(|topic| self.route.subscriber_count(&topic) > 0)
    }

    fn topic(params: &T::Params) -> Result<TopicName, serde_json::Error> {
        topic_of(T::SPEC.route, const { &Layout::of(T::SPEC.shape) }, params)
    }

    /// Has every update that a back end publishes over HTTP pass through `change` once it fits the document: before it
    /// is retained and sent, and before members of it say which topic it is for. For spellings that mean the same. One
    /// per topic declared; called in the thread that publishes, so it should be quick.
    pub fn prepare_received(&self, change: impl Fn(T::Update) -> T::Update + Send + Sync + 'static) {
        self.route.set_reception(prepared(T::SPEC.route, change));
    }
}

/// The hub's route for a declared topic.
pub(crate) fn route_of(node: &Node, spec: &TopicSpec) -> Arc<Route> {
    let state = spec.state.map(|state| state.kind);
    let (envelope, history) = (spec.envelope, spec.history);
    let (delivery, message) = (spec.delivery, spec.message);
    let policy = RoutePolicy { route: spec.route, envelope, state, history, delivery, message };
    node.shared().hub.route(spec.endpoint, policy)
}

impl<T> Clone for Publisher<T> {
    fn clone(&self) -> Self {
        let (route, node, counters) = (self.route.clone(), self.node.clone(), self.counters.clone());
        Self { route, node, counters, topic: PhantomData }
    }
}

impl<T> fmt::Debug for Publisher<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Publisher").field("route", &self.route).finish_non_exhaustive()
    }
}

/// Publishes one broadcast to every connection of its endpoint.
pub struct BroadcastPublisher<B> {
    audience: Arc<Audience>,
    broadcast: PhantomData<fn() -> B>,
}

impl<B: Broadcast> BroadcastPublisher<B> {
    /// A publisher into the node's hub.
    pub fn new(node: &Node) -> Self {
        let audience = node.shared().hub.audience(B::SPEC.endpoint);
        audience.keep(B::REPLAY);
        Self { audience, broadcast: PhantomData }
    }

    /// Sends the message to every connection and says how many there are; what is retained of it is, when this
    /// returns. Never blocks.
    pub fn publish(&self, payload: &B::Payload) -> Reach {
        match broadcast_written::<B>(payload) {
            Ok(written) => publish_written(&self.audience, written),
            Err(error) => {
                tracing::error!(broadcast = B::SPEC.name, %error, "payload cannot be written as JSON");
                Reach::default()
            }
        }
    }

    /// Has every payload of this broadcast pass through `change` before it is retained and sent, whoever publishes it
    /// and over whichever way: for members that are to be filled in. One per broadcast; called in the thread that
    /// publishes, so it should be quick.
    pub fn prepare(&self, change: impl Fn(B::Payload) -> B::Payload + Send + Sync + 'static) {
        self.audience.set_preparation(B::SPEC.name, prepared(B::SPEC.name, change));
    }
}

/// A change of typed payloads as a change of their JSON.
fn prepared<P>(name: &'static str, change: impl Fn(P) -> P + Send + Sync + 'static) -> Hook
where
    P: serde::Serialize + serde::de::DeserializeOwned,
{
    Arc::new(move |text: &str| {
        let payload = crate::contract::from_str::<P>(text)
            .inspect_err(|error| tracing::warn!(name, %error, "payload cannot be prepared"))
            .ok()?;
        json::to_string(&change(payload)).ok()
    })
}

impl<B> Clone for BroadcastPublisher<B> {
    fn clone(&self) -> Self {
        Self { audience: self.audience.clone(), broadcast: PhantomData }
    }
}

impl<B> fmt::Debug for BroadcastPublisher<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BroadcastPublisher").finish_non_exhaustive()
    }
}

/// Sends the messages of one explicit operation.
pub struct OperationPublisher<O> {
    audience: Arc<Audience>,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> OperationPublisher<O> {
    /// A publisher into the node's hub.
    pub fn new(node: &Node) -> Self {
        let audience = node.shared().hub.audience(O::SPEC.endpoint);
        audience.keep(O::REPLAY);
        Self { audience, operation: PhantomData }
    }

    /// Sends the message to every connection and says how many there are. Never blocks.
    pub fn publish(&self, message: &O::Message) -> Reach {
        Self::frame(message).map(|frame| publish_frame(&self.audience, &frame)).unwrap_or_default()
    }

    /// Sends the message to one connection, if it is still there.
    pub fn send(&self, caller: &Caller, message: &O::Message) -> Reach {
        let Some(frame) = Self::frame(message) else { return Reach::default() };
        let publication = Arc::new(Publication::message(&frame, MESSAGE_DELIVERY));
        Reach { subscribers: usize::from(self.audience.send(caller.id(), &publication)) }
    }

    fn frame(message: &O::Message) -> Option<Bytes> {
        message
            .encode()
            .inspect_err(
                |error| tracing::error!(operation = O::SPEC.name, %error, "message cannot be written"),
            )
            .map(Bytes::from)
            .ok()
    }
}

impl<O> Clone for OperationPublisher<O> {
    fn clone(&self) -> Self {
        Self { audience: self.audience.clone(), operation: PhantomData }
    }
}

impl<O> fmt::Debug for OperationPublisher<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OperationPublisher").finish_non_exhaustive()
    }
}

/// Offers a message to everyone, and retains what is to be retained of it.
pub(crate) fn publish_written(audience: &Audience, mut written: Written) -> Reach {
    let prepared = written.payload.as_deref().and_then(|payload| audience.prepared(written.name, payload));
    if let (Some(payload), Some(reframe)) = (prepared, written.reframe) {
        written.frame = reframe(Some(&payload));
        written.payload = Some(payload);
    }
    let publication = &Arc::new(Publication::message(&written.frame, MESSAGE_DELIVERY));
    let event = Event { payload: written.payload.as_deref(), feeds: written.feeds, publication };
    Reach { subscribers: audience.publish_event(event) }
}

/// Offers a whole frame to everyone.
fn publish_frame(audience: &Audience, frame: &[u8]) -> Reach {
    let publication = Arc::new(Publication::message(frame, MESSAGE_DELIVERY));
    Reach { subscribers: audience.publish(&publication) }
}
