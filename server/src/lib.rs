//! Bellwire: an AsyncAPI-first WebSocket framework.

pub mod contract;
mod hub;
mod limits;
mod metrics;
mod node;
mod protocol;
mod shutdown;

pub use node::Node;
