//! Generated types behind trait objects, so that a connection can serve what it does not know.

mod topic;

use std::any::{Any, TypeId};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

pub(in crate::contract) use topic::ErasedTopic;

use super::matching::{Candidate, find};
use super::membership::during;
use super::schema::Schemas;
use super::{
    Broadcast, Caller, ConnectRouter, Content, Frames, GreetRouter, Operation, OperationRouter, Refusal,
    Request, RequestRouter, Snapshot,
};
use crate::protocol::{
    Fault, Faults, MessageSpec, OperationSpec, ReplaySpec, RequestSpec, SchemaRef, StoreSpec, TopicSpec, json,
};

/// A boxed future that a connection drives.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// The reply to a request, as JSON text; `None` where none is declared.
pub(crate) type Answer = BoxFuture<Result<Option<String>, Refusal>>;

/// A route with its service.
pub(crate) trait TopicService: Send + Sync {
    /// What is declared.
    fn spec(&self) -> &'static TopicSpec;
    /// Reads the parameters of a subscription.
    fn resolve(
        self: Arc<Self>,
        schemas: &Schemas,
        payload: Option<&str>,
    ) -> Result<Arc<dyn ResolvedTopic>, Faults>;
    /// Reads an update that came as JSON, and writes it as a publisher would.
    fn read_update(&self, schemas: &Schemas, payload: &str) -> Result<String, Faults>;
}

/// One topic of a route, its parameters read.
pub(crate) trait ResolvedTopic: Send + Sync {
    /// What is declared of the route.
    fn spec(&self) -> &'static TopicSpec;
    /// The topic string.
    fn topic(&self) -> &Arc<str>;
    /// The validated parameters, a JSON object in declaration order.
    fn params_json(&self) -> &str;
    /// The subject of replies.
    fn label(&self) -> &str;
    /// The same without what only replies need (the JSON of the parameters and the label): what is kept for as long
    /// as a subscription.
    fn without_words(self: Arc<Self>) -> Arc<dyn ResolvedTopic>;
    /// Whether the caller may subscribe.
    fn authorize(self: Arc<Self>, caller: Caller) -> BoxFuture<Result<(), Refusal>>;
    /// The service's own snapshot, as JSON text.
    fn snapshot(self: Arc<Self>, caller: Caller) -> BoxFuture<Option<String>>;
    /// See [`TopicRouter::first_subscriber`](crate::contract::TopicRouter::first_subscriber).
    fn first_subscriber(&self);
    /// See [`TopicRouter::last_subscriber`](crate::contract::TopicRouter::last_subscriber).
    fn last_subscriber(&self);
}

/// A request with its service.
pub(crate) trait RequestService: Send + Sync {
    /// What is declared.
    fn spec(&self) -> &'static RequestSpec;
    /// Reads the payload and starts the call.
    fn call(
        self: Arc<Self>,
        schemas: &Schemas,
        payload: Option<&str>,
        caller: Caller,
    ) -> Result<Answer, Faults>;
    /// The same for a caller over HTTP, whose reply may be bytes.
    fn fetch(
        self: Arc<Self>,
        schemas: &Schemas,
        payload: Option<&str>,
        caller: Caller,
    ) -> Result<BoxFuture<Result<Fetched, Refusal>>, Faults>;
}

/// The reply to a request over HTTP.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// None is declared.
    Nothing,
    /// JSON text.
    Json(String),
    /// Bytes of the declared media type.
    Bytes(Content),
}

/// An explicit operation with its service.
pub(crate) trait OperationService: Send + Sync {
    /// What is declared.
    fn spec(&self) -> &'static OperationSpec;
    /// Reads the frame as the message at `index` and starts the call.
    fn call(self: Arc<Self>, index: usize, frame: &str, caller: Caller) -> Result<Answer, Faults>;
}

/// Messages for new connections with their service.
pub(crate) trait ConnectService: Send + Sync {
    /// The whole frames for this caller.
    fn welcome(self: Arc<Self>, caller: Caller) -> BoxFuture<Vec<Bytes>>;
}

/// Something that can be published to every connection from outside.
pub(crate) trait Publishable: Send + Sync {
    /// Its `type`, or the operation's name.
    fn name(&self) -> &'static str;
    /// Reads the payload and writes it as a publisher would.
    fn read(&self, schemas: &Schemas, payload: Option<&str>) -> Result<Written, Faults>;
    /// How it is kept while nobody is connected, if it is.
    fn replay(&self) -> Option<ReplaySpec>;
    /// The messages that are whole frames and can be given as such.
    fn messages(&self) -> &'static [MessageSpec] {
        &[]
    }
    /// Reads a whole frame that was recognised as the message at `index`, and writes it.
    fn whole(&self, _: &Schemas, index: usize, _: &str) -> Result<Written, Faults> {
        Err(Faults::new(vec![Fault::new("", "message", format!("no message has index {index}"))]))
    }
}

/// A message on its way to everyone.
pub(crate) struct Written {
    /// Its name in the document.
    pub(crate) name: &'static str,
    /// The whole frame.
    pub(crate) frame: Bytes,
    /// Its payload, if it has one of its own.
    pub(crate) payload: Option<String>,
    /// What is retained of it.
    pub(crate) feeds: &'static [&'static StoreSpec],
    /// Makes the frame again, for another payload; none where messages are whole frames.
    pub(crate) reframe: Option<fn(Option<&str>) -> Bytes>,
}

/// A broadcast that tells new connections what is retained.
pub(crate) trait SnapshotService: Send + Sync {
    /// What it holds.
    fn stores(&self) -> &'static [&'static StoreSpec];
    /// Path of a plain GET.
    fn http(&self) -> Option<&'static str>;
    /// The whole frame around the stores.
    fn frame(&self, stores: &str) -> Bytes;
}

pub(in crate::contract) struct ErasedRequest<R, S>(
    pub(in crate::contract) Arc<S>,
    pub(in crate::contract) PhantomData<fn() -> R>,
);

impl<R: Request, S: RequestRouter<R>> RequestService for ErasedRequest<R, S> {
    fn spec(&self) -> &'static RequestSpec {
        const { &R::SPEC }
    }

    fn call(
        self: Arc<Self>,
        schemas: &Schemas,
        payload: Option<&str>,
        caller: Caller,
    ) -> Result<Answer, Faults> {
        let holder = caller.holder().cloned();
        let answer = during(holder, self.fetch(schemas, payload, caller)?);
        Ok(Box::pin(async move {
            match answer.await? {
                Fetched::Json(text) => Ok(Some(text)),
                Fetched::Nothing | Fetched::Bytes(_) => Ok(None),
            }
        }))
    }

    fn fetch(
        self: Arc<Self>,
        schemas: &Schemas,
        payload: Option<&str>,
        caller: Caller,
    ) -> Result<BoxFuture<Result<Fetched, Refusal>>, Faults> {
        let payload: R::Payload = read_optional(schemas, self.spec().payload, payload)?;
        Ok(Box::pin(async move {
            let reply = self.0.call(&caller, payload).await.map_err(Into::into)?;
            if TypeId::of::<R::Reply>() == TypeId::of::<()>() {
                return Ok(Fetched::Nothing);
            }
            let mut reply = Some(reply);
            let any: &mut dyn Any = &mut reply;
            if let Some(content) = any.downcast_mut::<Option<Content>>().and_then(Option::take) {
                return Ok(Fetched::Bytes(content));
            }
            json::to_string(&reply).map(Fetched::Json).map_err(|error| {
                tracing::error!(request = self.spec().name, %error, "reply cannot be written as JSON");
                Refusal::internal("The reply could not be written")
            })
        }))
    }
}

pub(in crate::contract) struct ErasedOperation<O, S>(
    pub(in crate::contract) Arc<S>,
    pub(in crate::contract) PhantomData<fn() -> O>,
);

impl<O: Operation, S: OperationRouter<O>> OperationService for ErasedOperation<O, S> {
    fn spec(&self) -> &'static OperationSpec {
        const { &O::SPEC }
    }

    fn call(self: Arc<Self>, index: usize, frame: &str, caller: Caller) -> Result<Answer, Faults> {
        let message = O::Message::decode(index, frame)
            .map_err(|error| Faults::new(vec![Fault::new("", "type", error.to_string())]))?;
        Ok(Box::pin(async move {
            let holder = caller.holder().cloned();
            let reply = during(holder, self.0.call(&caller, message)).await?;
            let Some(reply) = reply else { return Ok(None) };
            reply.encode().map(Some).map_err(|error| {
                tracing::error!(operation = self.spec().name, %error, "reply cannot be written");
                Refusal::internal("The reply could not be written")
            })
        }))
    }
}

pub(in crate::contract) struct ErasedConnect<B, S>(
    pub(in crate::contract) Arc<S>,
    pub(in crate::contract) PhantomData<fn() -> B>,
);

impl<B: Broadcast, S: ConnectRouter<B>> ConnectService for ErasedConnect<B, S> {
    fn welcome(self: Arc<Self>, caller: Caller) -> BoxFuture<Vec<Bytes>> {
        Box::pin(async move {
            let Some(payload) = self.0.welcome(&caller).await else { return Vec::new() };
            let written = broadcast_written::<B>(&payload).inspect_err(|error| {
                tracing::error!(broadcast = B::SPEC.name, %error, "payload cannot be written as JSON");
            });
            written.into_iter().map(|written| written.frame).collect()
        })
    }
}

pub(in crate::contract) struct ErasedGreet<O, S>(
    pub(in crate::contract) Arc<S>,
    pub(in crate::contract) PhantomData<fn() -> O>,
);

impl<O: Operation, S: GreetRouter<O>> ConnectService for ErasedGreet<O, S> {
    fn welcome(self: Arc<Self>, caller: Caller) -> BoxFuture<Vec<Bytes>> {
        Box::pin(async move {
            let frame = |message: O::Message| {
                let frame = message.encode().inspect_err(|error| {
                    tracing::error!(operation = O::SPEC.name, %error, "message cannot be written");
                });
                frame.ok().map(Bytes::from)
            };
            self.0.greet(&caller).await.into_iter().filter_map(frame).collect()
        })
    }
}

pub(in crate::contract) struct ErasedBroadcast<B>(pub(in crate::contract) PhantomData<fn() -> B>);

impl<B: Broadcast> Publishable for ErasedBroadcast<B> {
    fn name(&self) -> &'static str {
        B::SPEC.name
    }

    fn replay(&self) -> Option<ReplaySpec> {
        B::REPLAY
    }

    fn read(&self, schemas: &Schemas, payload: Option<&str>) -> Result<Written, Faults> {
        let payload: B::Payload = read_optional(schemas, B::SPEC.payload, payload)?;
        broadcast_written::<B>(&payload).map_err(|error| unwritable(&error))
    }
}

pub(in crate::contract) struct ErasedSnapshot<B>(pub(in crate::contract) PhantomData<fn() -> B>);

impl<B: Snapshot> SnapshotService for ErasedSnapshot<B> {
    fn stores(&self) -> &'static [&'static StoreSpec] {
        B::STORES
    }

    fn http(&self) -> Option<&'static str> {
        B::HTTP
    }

    fn frame(&self, stores: &str) -> Bytes {
        match B::MEMBER {
            Some(member) => frame_of::<B>(Some(&format!("{{\"{member}\":{stores}}}"))),
            None => frame_of::<B>(Some(stores)),
        }
    }
}

pub(in crate::contract) struct ErasedSend<O>(pub(in crate::contract) PhantomData<fn() -> O>);

impl<O: Operation> Publishable for ErasedSend<O> {
    fn name(&self) -> &'static str {
        O::SPEC.name
    }

    fn replay(&self) -> Option<ReplaySpec> {
        O::REPLAY
    }

    fn read(&self, schemas: &Schemas, payload: Option<&str>) -> Result<Written, Faults> {
        let payload = payload.ok_or_else(|| Faults::new(vec![Fault::new("", "required", "is required")]))?;
        // Bare text arrives as a JSON string.
        let text = serde_json::from_str::<String>(payload).unwrap_or_else(|_| payload.to_owned());
        let spec: &'static OperationSpec = const { &O::SPEC };
        let index = find(&Candidate::new(&text), spec.messages.iter().enumerate(), schemas)
            .ok_or_else(|| Faults::new(vec![Fault::new("", "message", "is no message of the operation")]))?;
        self.whole(schemas, index, &text)
    }

    fn messages(&self) -> &'static [MessageSpec] {
        const { O::SPEC }.messages
    }

    fn whole(&self, schemas: &Schemas, index: usize, text: &str) -> Result<Written, Faults> {
        let message = &O::SPEC.messages[index];
        if let Some(schema) = message.schema {
            schemas.check(schema, &Candidate::new(text).as_message(message))?;
        }
        let message = O::Message::decode(index, text)
            .map_err(|error| Faults::new(vec![Fault::new("", "type", error.to_string())]))?;
        let frame = message.encode().map_err(|error| unwritable(&error))?;
        Ok(Written { name: O::SPEC.name, frame: frame.into(), payload: None, feeds: &[], reframe: None })
    }
}

/// The frame of a broadcast, and what it was made of.
pub(crate) fn broadcast_written<B: Broadcast>(payload: &B::Payload) -> Result<Written, serde_json::Error> {
    let payload = B::SPEC.payload.map(|_| json::to_string(payload)).transpose()?;
    let frame = frame_of::<B>(payload.as_deref());
    Ok(Written { name: B::SPEC.name, frame, payload, feeds: B::FEEDS, reframe: Some(frame_of::<B>) })
}

fn frame_of<B: Broadcast>(payload: Option<&str>) -> Bytes {
    B::SPEC.envelope.now().message(B::SPEC.name, payload)
}

fn read_optional<T: serde::de::DeserializeOwned>(
    schemas: &Schemas,
    schema: Option<SchemaRef>,
    payload: Option<&str>,
) -> Result<T, Faults> {
    match (schema, payload) {
        (Some(schema), Some(payload)) => schemas.read(schema, payload),
        (Some(_), None) => Err(Faults::new(vec![Fault::new("", "required", "is required")])),
        (None, _) => crate::contract::from_value(&Value::Object(Map::new()))
            .map_err(|error| Faults::new(vec![Fault::new("", "type", error.to_string())])),
    }
}

fn parse(text: &str) -> Result<Value, Faults> {
    serde_json::from_str(text)
        .map_err(|error| Faults::new(vec![Fault::new("", "json", format!("is not JSON: {error}"))]))
}

fn unwritable(error: &dyn std::fmt::Display) -> Faults {
    Faults::new(vec![Fault::new("", "json", format!("cannot be written as JSON: {error}"))])
}
