//! Requests and broadcasts as types, and what routes them.

use std::future::Future;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Caller, Refusal};
use crate::protocol::{BroadcastSpec, ReplaySpec, RequestSpec, StoreSpec};

/// A call with a typed reply and typed errors.
pub trait Request: Send + Sync + 'static {
    /// What the caller sends; [`Empty`] where nothing is declared.
    type Payload: DeserializeOwned + Send + 'static;
    /// What the caller gets; `()` where nothing is declared.
    type Reply: Serialize + Send + 'static;
    /// Why it may fail.
    type Error: Into<Refusal> + Send + 'static;
    /// What the document declares of it.
    const SPEC: RequestSpec;
}

/// Routes one request to a service.
pub trait RequestRouter<R: Request>: Send + Sync + 'static {
    /// Answers the request.
    fn call(
        &self,
        caller: &Caller,
        payload: R::Payload,
    ) -> impl Future<Output = Result<R::Reply, R::Error>> + Send;
}

/// A message to every connection of an endpoint.
pub trait Broadcast: Send + Sync + 'static {
    /// What it carries; [`Empty`] where nothing is declared.
    type Payload: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What the document declares of it.
    const SPEC: BroadcastSpec;
    /// What is retained of it.
    const FEEDS: &'static [&'static StoreSpec] = &[];
    /// How it is kept while nobody is connected, if it is.
    const REPLAY: Option<ReplaySpec> = None;
}

/// Routes a broadcast that each new connection gets once.
pub trait ConnectRouter<B: Broadcast>: Send + Sync + 'static {
    /// The message for this caller, or none.
    fn welcome(&self, caller: &Caller) -> impl Future<Output = Option<B::Payload>> + Send;
}

/// The payload of what declares none: whatever arrives is ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Empty;

impl Serialize for Empty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_struct("Empty", 0)?.end()
    }
}

impl<'de> Deserialize<'de> for Empty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|IgnoredAny| Self)
    }
}

/// The payload of what cannot happen: no value of it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Never {}

impl Serialize for Never {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }
}
