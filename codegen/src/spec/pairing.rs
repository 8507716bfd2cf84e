//! Finds the channels and messages that operations refer to.

use super::document::{Channel, Layered, Message, Operation, Reply, at, entries, follow};
use super::node::{Entry, Node};
use super::references::{Location, References};
use crate::diagnostics::{Diagnostic, Diagnostics, Rule};
use crate::nearest::nearest;
use crate::rules::operations as rules;
use crate::source::Span;

/// A channel with its messages.
pub(super) fn channel<'a>(
    references: &'a References,
    entry: &'a Entry,
    sink: &mut Diagnostics,
) -> Option<Channel<'a>> {
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

/// An operation with its channel, messages and reply.
pub(super) fn operation<'a>(
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
        rule: &'static Rule,
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
    rule: &'static Rule,
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
