//! What bounds a client: messages per second, requests per second of its address, connections at once.

mod addresses;
mod connections;
mod rate;

pub(crate) use addresses::AddressLimit;
pub(crate) use connections::{ConnectionLimit, ConnectionPermit};
pub(crate) use rate::{Charge, RateLimit};
