//! One WebSocket address with the services behind it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::erased::{
    ConnectService, ErasedBroadcast, ErasedConnect, ErasedGreet, ErasedOperation, ErasedRequest, ErasedSend,
    ErasedSnapshot, ErasedTopic, OperationService, Publishable, RequestService, SnapshotService,
    TopicService,
};
use super::schema::Schemas;
use super::{
    Broadcast, ConnectRouter, GreetRouter, Operation, OperationRouter, Request, RequestRouter, Snapshot,
    Stored, TopicRouter,
};
use crate::protocol::{EndpointSpec, StoreSpec};

/// One WebSocket address with the services behind it, ready for [`App::endpoint`](crate::App::endpoint). Generated
/// code builds it, with a router for everything the document declares.
pub struct Endpoint {
    pub(crate) spec: &'static EndpointSpec,
    pub(crate) schemas: Schemas,
    pub(crate) topics: Vec<Arc<dyn TopicService>>,
    pub(crate) requests: Vec<Arc<dyn RequestService>>,
    /// Those of the requests that are made over plain HTTP, some of them over nothing else.
    pub(crate) http: Vec<Arc<dyn RequestService>>,
    pub(crate) operations: Vec<Arc<dyn OperationService>>,
    pub(crate) welcomes: Vec<Arc<dyn ConnectService>>,
    pub(crate) publishables: Vec<Arc<dyn Publishable>>,
    pub(crate) stores: Vec<&'static StoreSpec>,
    pub(crate) snapshots: Vec<Arc<dyn SnapshotService>>,
}

impl Endpoint {
    /// An endpoint without services.
    pub fn new(spec: &'static EndpointSpec) -> Self {
        Self {
            spec,
            schemas: Schemas::new(spec.asyncapi_json),
            topics: Vec::new(),
            requests: Vec::new(),
            http: Vec::new(),
            operations: Vec::new(),
            welcomes: Vec::new(),
            publishables: Vec::new(),
            stores: Vec::new(),
            snapshots: Vec::new(),
        }
    }

    /// Whether anything of it is only for some callers.
    pub(crate) fn has_access_rules(&self) -> bool {
        self.topics.iter().any(|topic| topic.spec().access.is_some())
            || self.requests.iter().any(|request| request.spec().access.is_some())
    }

    /// Serves a topic.
    #[must_use]
    pub fn topic<R: TopicRouter>(mut self, router: R) -> Self {
        self.topics.push(Arc::new(ErasedTopic::new(router)));
        self
    }

    /// Answers a request.
    #[must_use]
    pub fn request<R: Request, S: RequestRouter<R>>(mut self, router: Arc<S>) -> Self {
        let service = Arc::new(ErasedRequest::<R, S>(router, PhantomData));
        if R::SPEC.http.is_some() {
            self.http.push(service.clone());
        }
        if R::SPEC.socket {
            self.requests.push(service);
        }
        self
    }

    /// Sends a broadcast to each new connection.
    #[must_use]
    pub fn connect<B: Broadcast, S: ConnectRouter<B>>(mut self, router: Arc<S>) -> Self {
        self.welcomes.push(Arc::new(ErasedConnect::<B, S>(router, PhantomData)));
        self
    }

    /// Sends messages of an explicit operation to each new connection.
    #[must_use]
    pub fn greets<O: Operation, S: GreetRouter<O>>(mut self, router: Arc<S>) -> Self {
        self.welcomes.push(Arc::new(ErasedGreet::<O, S>(router, PhantomData)));
        self
    }

    /// Serves what is retained of broadcasts.
    #[must_use]
    pub fn store<S: Stored>(mut self) -> Self {
        self.stores.push(const { &S::SPEC });
        self
    }

    /// Tells each new connection what is retained.
    #[must_use]
    pub fn snapshot<B: Snapshot>(mut self) -> Self {
        self.snapshots.push(Arc::new(ErasedSnapshot::<B>(PhantomData)));
        self
    }

    /// Takes the messages of an explicit operation.
    #[must_use]
    pub fn operation<O: Operation, S: OperationRouter<O>>(mut self, router: Arc<S>) -> Self {
        self.operations.push(Arc::new(ErasedOperation::<O, S>(router, PhantomData)));
        self
    }

    /// Lets back ends publish a broadcast over HTTP.
    #[must_use]
    pub fn broadcast<B: Broadcast>(mut self) -> Self {
        self.publishables.push(Arc::new(ErasedBroadcast::<B>(PhantomData)));
        self
    }

    /// Lets back ends publish the messages of an explicit operation over HTTP.
    #[must_use]
    pub fn sends<O: Operation>(mut self) -> Self {
        self.publishables.push(Arc::new(ErasedSend::<O>(PhantomData)));
        self
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Endpoint").field("address", &self.spec.address).finish_non_exhaustive()
    }
}
