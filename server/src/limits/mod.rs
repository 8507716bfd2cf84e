//! What bounds a client: messages per second, connections at once.

mod connections;
mod rate;

pub(crate) use connections::{ConnectionLimit, ConnectionPermit};
pub(crate) use rate::{Charge, RateLimit};
