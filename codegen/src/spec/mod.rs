//! The document as written: every value with its place, references followed on request.
//!
//! `yaml` → [`node`] → [`references`] → [`document`], which pairs channels, messages and operations; what each object
//! may hold stands in [`shape`] and [`shapes`].

pub mod document;
pub mod endpoint;
pub mod node;
mod pairing;
mod pointer;
pub mod properties;
pub mod quantity;
pub mod references;
pub mod shape;
pub mod shapes;
pub(crate) mod state;
mod suggestions;
mod yaml;

pub use document::{Channel, Document, Message, Operation};
pub use endpoint::{Declared, Endpoint};
pub use node::{Entry, Node, NodeValue};
pub(crate) use pointer::{escape, unescape};
pub use references::{Location, References, Resolved};
