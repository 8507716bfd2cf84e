//! Retained state of an endpoint as types.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Broadcast;
use crate::protocol::StoreSpec;

/// One entry of `x-state`.
pub trait Stored: Send + Sync + 'static {
    /// One value that goes in.
    type Item: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// All of it: the item, or the list of items.
    type Value: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What the document declares of it.
    const SPEC: StoreSpec;
}

/// A broadcast that tells each new connection what is retained.
pub trait Snapshot: Broadcast {
    /// What it holds, in order.
    const STORES: &'static [&'static StoreSpec];
    /// Member of the payload that holds the stores; `None` where they are the payload.
    const MEMBER: Option<&'static str>;
    /// Path of a plain GET of the same stores.
    const HTTP: Option<&'static str>;
}
