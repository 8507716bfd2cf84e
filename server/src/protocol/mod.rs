//! The wire: frames, topic strings, codes, and the tables a document declares.
//!
//! Pure data and functions from text to text; nothing here waits, locks or knows a socket. The contract in words is
//! `PROTOCOL.md`.

mod close;
pub(crate) mod encode;
pub(crate) mod envelope;
mod error_code;
mod fault;
mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod http;
pub(crate) mod json;
mod spec;
mod store;
mod topic_name;

pub use close::CloseCondition;
pub(crate) use close::{Close, ReasonValues};
pub use envelope::Envelope;
pub(crate) use error_code::ErrorCode;
pub use error_code::Retry;
pub use fault::{Fault, Faults};
pub(crate) use frame::{Frame, FrameError, NoFrame, is_deeper_than};
pub use http::{HttpMethod, HttpParameter, HttpSpec, HttpText};
pub use spec::{
    Activity, AuthMode, AuthSpec, BroadcastSpec, CloseSpec, ConnectionSpec, DeliveryMode, DeliverySpec,
    EndpointSpec, HistorySpec, Matcher, MessageSpec, OnInvalid, OperationSpec, Overflow, ParamMember,
    ReplaySpec, RequestSpec, SchemaRef, StateKind, StateSpec, TopicSpec, WhenFull,
};
pub use store::{StoreSpec, Take};
pub(crate) use topic_name::{Layout, TopicName, topic_name, topic_of};
