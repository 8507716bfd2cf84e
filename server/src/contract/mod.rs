//! The seam: the only module that generated code imports, and what a service needs of the runtime.
//!
//! Declarations are types: a [`Topic`], a [`Request`], a [`Broadcast`], an [`Operation`], each with a `SPEC`. Routers
//! connect them to a service, publishers send them, and an [`Endpoint`] gathers the routers of one address. Names here
//! change only together with the generator.

mod caller;
mod content;
mod endpoint;
pub(crate) mod erased;
mod explain;
mod label;
pub(crate) mod matching;
pub(crate) mod membership;
mod operation;
mod refusal;
mod request;
pub(crate) mod schema;
mod store;
mod topic;
mod values;

pub(crate) use caller::Standing;
pub use caller::{Caller, Identity};
pub use content::Content;
pub use endpoint::Endpoint;
pub use membership::Membership;
pub use operation::{DecodeError, EncodeError, Frames, GreetRouter, Operation, OperationRouter, frames};
pub use refusal::Refusal;
pub use request::{Broadcast, ConnectRouter, Empty, Never, Request, RequestRouter};
pub use store::{Snapshot, Stored};
pub use topic::{ParamsOf, SnapshotOf, Topic, TopicRouter};
pub use values::*;

// The façade over the layers around this one: generated code shall need no second import.
pub use crate::node::{BroadcastPublisher, Node, OperationPublisher, Publisher, Reach, Store};
pub use crate::protocol::{
    Activity, AuthMode, AuthSpec, BroadcastSpec, CloseCondition, CloseSpec, ConnectionSpec, DeliveryMode,
    DeliverySpec, EndpointSpec, Envelope, Fault, Faults, HistorySpec, HttpMethod, HttpParameter, HttpSpec,
    HttpText, Matcher, MessageSpec, OnInvalid, OperationSpec, Overflow, ParamMember, ReplaySpec, RequestSpec,
    Retry, SchemaRef, StateKind, StateSpec, StoreSpec, Take, TopicSpec, WhenFull,
};
