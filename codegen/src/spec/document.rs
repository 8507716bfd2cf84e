//! Channels, messages and operations, paired with one another.
//!
//! Reads leniently: what is missing or of the wrong type has been reported by the structure check, and is left out
//! here. References that cannot be followed are reported by whoever meets them first; a report says each thing once.

use super::endpoint::{self, Endpoint};
use super::node::{Entry, Node};
use super::pairing::{channel, operation};
use super::references::{Location, References};
use crate::diagnostics::Diagnostics;
use crate::source::Span;

/// The document with its parts paired.
#[derive(Debug)]
pub struct Document<'a> {
    /// For following further references.
    pub references: &'a References,
    /// The root mapping.
    pub root: &'a Node,
    /// In document order.
    pub channels: Vec<Channel<'a>>,
    /// In document order, the expansions of declarations among them.
    pub operations: Vec<Operation<'a>>,
    /// One per distinct address, in document order.
    pub endpoints: Vec<Endpoint<'a>>,
}

/// A channel.
#[derive(Debug)]
pub struct Channel<'a> {
    /// Its key.
    pub id: &'a str,
    /// Where the key stands.
    pub id_span: Span,
    /// The channel itself, reference followed.
    pub node: &'a Node,
    /// Its messages.
    pub messages: Vec<Message<'a>>,
    /// `#/channels/<id>`, and where that leads if it is a reference.
    pub(super) places: Vec<Location>,
}

/// A message of a channel.
#[derive(Debug)]
pub struct Message<'a> {
    /// Its key in the channel.
    pub id: &'a str,
    /// Where the key stands.
    pub id_span: Span,
    /// The message itself, references followed, traits beneath.
    pub parts: Layered<'a>,
    /// Where the message itself stands: equal for two channels that share it.
    pub place: Location,
}

/// An operation.
#[derive(Debug)]
pub struct Operation<'a> {
    /// Its key.
    pub id: &'a str,
    /// Where the key stands.
    pub id_span: Span,
    /// The operation itself, reference followed, traits beneath.
    pub parts: Layered<'a>,
    /// Index of its channel.
    pub channel: Option<usize>,
    /// Indices of its messages in that channel.
    pub messages: Vec<usize>,
    /// Its answer.
    pub reply: Option<Reply>,
}

/// The answer to an operation.
#[derive(Debug)]
pub struct Reply {
    /// Index of its channel.
    pub channel: usize,
    /// Indices of its messages in that channel.
    pub messages: Vec<usize>,
}

/// An object with its traits: a member comes from the object, else from the last trait that has it.
#[derive(Debug)]
pub struct Layered<'a> {
    /// The object itself.
    pub node: &'a Node,
    traits: Vec<&'a Node>,
}

impl<'a> Layered<'a> {
    pub(super) fn read(references: &'a References, node: &'a Node, sink: &mut Diagnostics) -> Self {
        let traits = node.get("traits").map_or(&[][..], Node::items);
        Self { node, traits: traits.iter().filter_map(|item| follow(references, item, sink)).collect() }
    }

    /// The value of a member.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.node.get(key).or_else(|| self.traits.iter().rev().find_map(|layer| layer.get(key)))
    }

    /// The text of a member.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(Node::as_str)
    }
}

impl Channel<'_> {
    /// Whether it only expands a request that is made over plain HTTP.
    #[must_use]
    pub fn is_http(&self) -> bool {
        self.node.get("x-http").is_some_and(|owner| owner.as_str().is_some())
    }
}

impl Operation<'_> {
    /// Whether it only expands a declaration, so that nothing is generated from it.
    #[must_use]
    pub fn is_expansion(&self, document: &Document<'_>) -> bool {
        let declared = ["x-request", "x-broadcast"].iter().any(|key| self.parts.node.get(key).is_some());
        let control = self.parts.node.get("x-control").and_then(Node::as_bool) == Some(true);
        let channel = self.channel.map(|at| &document.channels[at]);
        let other = channel.is_some_and(|channel| channel.is_http() || channel.node.get("x-topic").is_some());
        declared || control || other
    }

    /// Whether the described application sends; it receives otherwise.
    #[must_use]
    pub fn sends(&self) -> bool {
        self.parts.text("action") == Some("send")
    }
}

impl<'a> Document<'a> {
    /// Pairs the parts of the document; what cannot be paired is reported and left out.
    pub fn read(references: &'a References, sink: &mut Diagnostics) -> Self {
        let root = references.root();
        let channels = entries(root, "channels");
        let channels: Vec<_> = channels.iter().filter_map(|entry| channel(references, entry, sink)).collect();
        let operations = entries(root, "operations");
        let operations =
            operations.iter().filter_map(|entry| operation(references, &channels, entry, sink)).collect();
        let mut document = Self { references, root, channels, operations, endpoints: Vec::new() };
        document.endpoints = endpoint::group(&document, sink);
        document
    }

    /// The value a node means; unresolvable references are reported.
    pub fn follow(&self, node: &'a Node, sink: &mut Diagnostics) -> Option<&'a Node> {
        follow(self.references, node, sink)
    }
}

/// Entries of a member of `node`, none where it is no mapping.
pub(crate) fn entries<'a>(node: &'a Node, key: &str) -> &'a [Entry] {
    node.get(key).map_or(&[], Node::entries)
}

pub(crate) fn follow<'a>(
    references: &'a References,
    node: &'a Node,
    sink: &mut Diagnostics,
) -> Option<&'a Node> {
    match references.resolve(node) {
        Ok(resolved) => Some(resolved.node),
        Err(diagnostic) => {
            sink.push(*diagnostic);
            None
        }
    }
}

pub(super) fn at(section: &str, id: &str) -> Location {
    Location { file: Default::default(), pointer: format!("/{section}") }.child(id)
}
