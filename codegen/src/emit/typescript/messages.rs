//! Unions of the messages of plain operations: named once, used in the client.

use std::collections::BTreeMap;

use super::docs::Comment;
use super::exports::Exports;
use super::expression::Expression;
use super::types::{Body, Item, TypeWriter};
use super::usage::{Direction, messages};
use crate::model::{Action, Endpoint, Matcher, Message, Operation};

/// The two sides of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// What it is called with, or what it sends.
    Message,
    /// What answers it.
    Reply,
}

impl Part {
    /// The union of the frames of this side.
    pub(super) fn frames(
        self,
        writer: &mut TypeWriter<'_>,
        endpoint: &Endpoint,
        operation: &Operation,
    ) -> Expression {
        let (channel, indices) = match (self, &operation.reply) {
            (Self::Reply, Some(reply)) => (reply.channel, &reply.messages),
            _ => (operation.channel, &operation.messages),
        };
        let direction = match (self, operation.action) {
            (Self::Message, Action::Receive) | (Self::Reply, Action::Send) => Direction::Sent,
            _ => Direction::Received,
        };
        let mut frames = messages(endpoint, channel, indices).peekable();
        if frames.peek().is_none() {
            return Expression::atom("unknown");
        }
        writer.union(|writer| {
            let frame = |message: &Message| match (&message.payload, &message.matcher) {
                (Some(ty), _) => writer.expression(ty, direction),
                (None, Matcher::Text) => Expression::atom("string"),
                (None, _) => Expression::atom("unknown"),
            };
            frames.map(frame).collect()
        })
    }
}

/// The named unions of an endpoint.
#[derive(Debug, Default)]
pub(super) struct Unions {
    names: BTreeMap<(String, Part), String>,
}

impl Unions {
    /// Names every union of an endpoint and declares it; none names another.
    pub(super) fn declare(
        writer: &mut TypeWriter<'_>,
        endpoint: &Endpoint,
        exports: &mut Exports,
    ) -> (Self, Vec<Vec<Item>>) {
        let mut unions = Self::default();
        let mut groups = Vec::new();
        for operation in &endpoint.operations {
            for part in [Part::Message, Part::Reply] {
                let frames = part.frames(writer, endpoint, operation);
                if (part == Part::Reply && operation.reply.is_none())
                    || !matches!(frames, Expression::Union(_))
                {
                    continue;
                }
                let (suffix, prose) = match part {
                    Part::Message => ("Message", "The messages of"),
                    Part::Reply => ("Reply", "The answers to"),
                };
                let name = exports.single(&format!("{}{suffix}", operation.name.rust));
                let docs = Comment::default().paragraph(format!("{prose} `{}`.", operation.name.wire));
                let docs = docs.declared_at(&format!("#/operations/{}", operation.name.wire)).print(0);
                let body = Body::Alias(frames.print_alias(&name));
                groups.push(vec![Item { docs, body, name: name.clone() }]);
                unions.names.insert((operation.name.wire.clone(), part), name);
            }
        }
        (unions, groups)
    }

    /// The name of a union, where the operation has several messages.
    pub(super) fn name(&self, operation: &Operation, part: Part) -> Option<&str> {
        self.names.get(&(operation.name.wire.clone(), part)).map(String::as_str)
    }
}
