//! The document as written: every value with its place, references followed on request.

pub mod node;
mod pointer;
pub mod references;
mod yaml;

pub use node::{Entry, Node, NodeValue};
pub use references::{Location, References, Resolved};

pub(crate) use pointer::{escape, unescape};
