//! Channels, messages and operations, paired with one another.
//!
//! Reads leniently: what is missing or of the wrong type has been reported by the structure check, and is left out
//! here. References that cannot be followed are reported by whoever meets them first; a report says each thing once.

use super::endpoint::{self, Endpoint};
use super::node::{Entry, Node};
use super::references::{Location, References};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::rules::operations as rules;
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
    places: Vec<Location>,
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
    fn read(references: &'a References, node: &'a Node, sink: &mut Diagnostics) -> Self {
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

impl Operation<'_> {
    /// Whether it only expands a declaration, so that nothing is generated from it.
    #[must_use]
    pub fn is_expansion(&self, document: &Document<'_>) -> bool {
        let declared = ["x-request", "x-broadcast"].iter().any(|key| self.parts.node.get(key).is_some());
        let control = self.parts.node.get("x-control").and_then(Node::as_bool) == Some(true);
        let topic = self.channel.is_some_and(|at| document.channels[at].node.get("x-topic").is_some());
        declared || control || topic
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

fn at(section: &str, id: &str) -> Location {
    Location { file: Default::default(), pointer: format!("/{section}") }.child(id)
}

fn channel<'a>(references: &'a References, entry: &'a Entry, sink: &mut Diagnostics) -> Option<Channel<'a>> {
    let resolved = references.resolve(&entry.value).map_err(|diagnostic| sink.push(*diagnostic)).ok()?;
    if !resolved.node.is_mapping() {
        return None;
    }
    let mut places = vec![at("channels", &entry.key)];
    places.extend(resolved.location);
    let home = places.last().map(|place| place.child("messages"))?;
    let messages = entries(resolved.node, "messages");
    let messages = messages.iter().filter_map(|entry| message(references, &home, entry, sink)).collect();
    Some(Channel { id: &entry.key, id_span: entry.key_span, node: resolved.node, messages, places })
}

fn message<'a>(
    references: &'a References,
    home: &Location,
    entry: &'a Entry,
    sink: &mut Diagnostics,
) -> Option<Message<'a>> {
    let resolved = references.resolve(&entry.value).map_err(|diagnostic| sink.push(*diagnostic)).ok()?;
    let place = resolved.location.unwrap_or_else(|| home.child(&entry.key));
    let parts = Layered::read(references, resolved.node, sink);
    resolved.node.is_mapping().then_some(Message { id: &entry.key, id_span: entry.key_span, parts, place })
}

fn operation<'a>(
    references: &'a References,
    channels: &[Channel<'a>],
    entry: &'a Entry,
    sink: &mut Diagnostics,
) -> Option<Operation<'a>> {
    let node = follow(references, &entry.value, sink).filter(|node| node.is_mapping())?;
    let parts = Layered::read(references, node, sink);
    let finder = Finder { references, channels };
    let channel = finder.channel(node.get("channel"), &entry.key, entry.key_span, sink);
    let messages = channel.map(|at| finder.messages(node, at, &rules::MESSAGE_NOT_IN_CHANNEL, sink));
    let reply = channel.and_then(|own| {
        let reply = follow(references, parts.get("reply")?, sink)?;
        let channel = match reply.get("channel") {
            Some(target) => finder.channel(Some(target), &entry.key, entry.key_span, sink)?,
            None => own,
        };
        let messages = finder.messages(reply, channel, &rules::REPLY_MESSAGE_NOT_IN_CHANNEL, sink);
        Some(Reply { channel, messages })
    });
    let messages = messages.unwrap_or_default();
    Some(Operation { id: &entry.key, id_span: entry.key_span, parts, channel, messages, reply })
}

/// Finds what operations refer to.
struct Finder<'f, 'a> {
    references: &'a References,
    channels: &'f [Channel<'a>],
}

impl<'a> Finder<'_, 'a> {
    fn channel(
        &self,
        target: Option<&'a Node>,
        operation: &str,
        operation_span: Span,
        sink: &mut Diagnostics,
    ) -> Option<usize> {
        let Some(target) = target else {
            let message = format!("the operation `{operation}` names no channel");
            let diagnostic = Diagnostic::new(&rules::OPERATION_WITHOUT_CHANNEL, operation_span, message);
            sink.push(self.suggest_channel(diagnostic, operation));
            return None;
        };
        // Anything but a reference has been reported as the wrong type.
        target.reference()?;
        let resolved = self.references.step(target).map_err(|diagnostic| sink.push(*diagnostic)).ok()?;
        let place = resolved.location?;
        let found = self.channels.iter().position(|channel| channel.places.contains(&place));
        if found.is_none() {
            let message = format!("the operation `{operation}` must use a channel of `#/channels`");
            let span = target.reference().unwrap_or(target).span;
            let diagnostic = Diagnostic::new(&rules::OPERATION_WITHOUT_CHANNEL, span, message)
                .label("this is no channel of the document");
            sink.push(self.suggest_channel(diagnostic, &place.name()));
        }
        found
    }

    fn suggest_channel(&self, diagnostic: Diagnostic, near: &str) -> Diagnostic {
        let mut ids = self.channels.iter().map(|channel| channel.id);
        let id = match self.channels {
            [only] => Some(only.id),
            _ => ids.clone().find(|id| *id == near).or_else(|| nearest(near, ids.by_ref())),
        };
        match id {
            Some(id) => {
                let place = at("channels", id);
                diagnostic.help(format!("write `channel: {{ $ref: '{place}' }}`"))
            }
            None => diagnostic,
        }
    }

    fn messages(
        &self,
        node: &'a Node,
        channel: usize,
        rule: &'static crate::diagnostics::Rule,
        sink: &mut Diagnostics,
    ) -> Vec<usize> {
        let channel = &self.channels[channel];
        let Some(listed) = node.get("messages").filter(|listed| listed.is_sequence()) else {
            return (0..channel.messages.len()).collect();
        };
        let found = listed.items().iter().filter_map(|item| {
            item.reference()?;
            let resolved = self.references.step(item).map_err(|diagnostic| sink.push(*diagnostic)).ok()?;
            let place = resolved.location?;
            let found = channel.messages.iter().position(|message| channel.lists(message, &place));
            if found.is_none() {
                sink.push(outside(channel, item, &place, self.references, rule));
            }
            found
        });
        let mut found: Vec<usize> = found.collect();
        let mut seen = std::collections::HashSet::new();
        found.retain(|at| seen.insert(*at));
        found
    }
}

impl Channel<'_> {
    /// Whether `place` is this channel's entry for the message.
    fn lists(&self, message: &Message<'_>, place: &Location) -> bool {
        self.places.iter().any(|own| own.child("messages").child(message.id) == *place)
    }
}

fn outside(
    channel: &Channel<'_>,
    item: &Node,
    place: &Location,
    references: &References,
    rule: &'static crate::diagnostics::Rule,
) -> Diagnostic {
    let target = item.reference().unwrap_or(item);
    let message = format!("`{}` is no message of the channel `{}`", place.name(), channel.id);
    let diagnostic = Diagnostic::new(rule, target.span, message)
        .label("not listed by the channel")
        .related(channel.id_span, format!("the messages of `{}` are listed here", channel.id));
    let meant = references.resolve(item).ok().and_then(|resolved| resolved.location);
    let same = channel.messages.iter().find(|message| Some(&message.place) == meant.as_ref());
    let names = channel.messages.iter().map(|message| message.id);
    let name = same.map(|message| message.id).or_else(|| nearest(&place.name(), names));
    match name {
        Some(name) => {
            let right = at("channels", channel.id).child("messages").child(name);
            diagnostic.help(format!("refer to the channel's own entry: `$ref: '{right}'`"))
        }
        None => {
            let home = at("channels", channel.id).child("messages");
            diagnostic.help(format!("add it to `{home}` and refer to it there"))
        }
    }
}
