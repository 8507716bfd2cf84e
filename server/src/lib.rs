//! Bellwire: an AsyncAPI-first WebSocket framework.
pub mod contract;
