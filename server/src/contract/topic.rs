//! Topics as types, and what routes their subscriptions.

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Caller, Refusal};
use crate::protocol::TopicSpec;

/// A stream that clients subscribe to by typed parameters.
pub trait Topic: Send + Sync + 'static {
    /// What tells one topic of the route from another.
    type Params: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Payload of an update.
    type Update: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Payload of a snapshot; [`Never`](super::Never) where there is none.
    type Snapshot: Serialize + Send + Sync + 'static;
    /// What the document declares of it.
    const SPEC: TopicSpec;
}

/// Parameters of the topic a router serves.
pub type ParamsOf<R> = <<R as TopicRouter>::Topic as Topic>::Params;
/// Snapshot of the topic a router serves.
pub type SnapshotOf<R> = <<R as TopicRouter>::Topic as Topic>::Snapshot;

/// Routes the subscriptions of one topic to a service.
pub trait TopicRouter: Send + Sync + 'static {
    /// The topic.
    type Topic: Topic;

    /// Whether the caller may subscribe.
    fn authorize(
        &self,
        caller: &Caller,
        params: &ParamsOf<Self>,
    ) -> impl Future<Output = Result<(), Refusal>> + Send
    where
        Self: Sized;

    /// The snapshot for one new subscriber; `None` sends the retained state. Updates published while it is made are
    /// held back and follow it, so an update that the snapshot already contains may arrive once more.
    fn snapshot(
        &self,
        caller: &Caller,
        params: &ParamsOf<Self>,
    ) -> impl Future<Output = Option<SnapshotOf<Self>>> + Send
    where
        Self: Sized;

    /// The first connection subscribed to these parameters. Must not block.
    fn first_subscriber(&self, params: &ParamsOf<Self>)
    where
        Self: Sized;

    /// The last one left. Must not block.
    fn last_subscriber(&self, params: &ParamsOf<Self>)
    where
        Self: Sized;
}
