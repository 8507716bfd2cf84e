//! Messages: payload, content type, correlation.

use std::collections::HashSet;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::rules::operations as rules;
use crate::spec::document::{Channel, Message};
use crate::spec::properties::Properties;
use crate::spec::{Document, Node};

/// Messages that something is generated from, each once.
pub(super) fn explicit<'d, 'a>(document: &'d Document<'a>) -> Vec<(&'d Channel<'a>, &'d Message<'a>)> {
    let mut seen = HashSet::new();
    let expanded = expansions(document);
    let mut found = Vec::new();
    for (at, channel) in document.channels.iter().enumerate() {
        for (number, message) in channel.messages.iter().enumerate() {
            if !expanded.contains(&(at, number)) && seen.insert(&message.place) {
                found.push((channel, message));
            }
        }
    }
    found
}

/// Channel and message numbers that only expansions of declarations use.
pub(crate) fn expansions(document: &Document<'_>) -> HashSet<(usize, usize)> {
    let mut expanded: HashSet<(usize, usize)> = HashSet::new();
    for (at, channel) in document.channels.iter().enumerate() {
        if channel.node.get("x-topic").is_some() {
            expanded.extend((0..channel.messages.len()).map(|number| (at, number)));
        }
    }
    let uses = |of_expansion: bool| {
        let operations = document.operations.iter();
        operations.filter(move |operation| operation.is_expansion(document) == of_expansion).flat_map(
            |operation| {
                let own = operation.messages.iter().filter_map(|number| Some((operation.channel?, *number)));
                let reply = operation.reply.iter();
                let reply =
                    reply.flat_map(|reply| reply.messages.iter().map(|number| (reply.channel, *number)));
                own.chain(reply).collect::<Vec<_>>()
            },
        )
    };
    expanded.extend(uses(true));
    for used in uses(false) {
        expanded.remove(&used);
    }
    expanded
}

pub(super) fn payloads(document: &Document<'_>, sink: &mut Diagnostics) {
    for (_, message) in explicit(document) {
        if message.parts.get("payload").is_none() && message.parts.node.get("$ref").is_none() {
            let text = format!("the message `{}` has no payload", message.id);
            sink.push(Diagnostic::new(&rules::MESSAGE_WITHOUT_PAYLOAD, message.id_span, text));
        }
        if let Some(entry) = message.parts.node.entry("headers") {
            let text = format!("the headers of the message `{}` have no effect", message.id);
            sink.push(
                Diagnostic::new(&rules::UNSUPPORTED_FEATURE, entry.key_span, text)
                    .help("a WebSocket message has no headers: put what they say into the payload"),
            );
        }
    }
}

pub(super) fn content_types(document: &Document<'_>, sink: &mut Diagnostics) {
    let default = document.root.get("defaultContentType");
    let messages = explicit(document);
    let own = messages.iter().filter_map(|(_, message)| message.parts.get("contentType"));
    for node in own.chain(default) {
        let Some(text) = node.as_str().filter(|text| !is_json(text) && !is_text(text)) else { continue };
        let message = format!("messages of type `{text}` are treated as JSON");
        sink.push(
            Diagnostic::new(&rules::UNSUPPORTED_CONTENT_TYPE, node.span, message)
                .help("write `application/json`, or `text/plain` for bare text"),
        );
    }
}

/// Whether a content type is some kind of JSON.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence == "application/json" || essence.ends_with("+json") || essence.ends_with("/json")
}

/// Whether a content type is bare text.
pub(crate) fn is_text(content_type: &str) -> bool {
    content_type.trim().starts_with("text/") && !is_json(content_type)
}

pub(super) fn correlations(document: &Document<'_>, sink: &mut Diagnostics) {
    for (_, message) in explicit(document) {
        let Some(id) = message.parts.get("correlationId").and_then(|node| document.follow(node, sink)) else {
            continue;
        };
        let Some(location) = id.get("location") else { continue };
        let Some(text) = location.as_str() else { continue };
        match text.strip_prefix("$message.payload#/") {
            Some(pointer) => find(document, message, pointer, location, sink),
            None if text.starts_with("$message.header#") => {
                let message = "a correlation id in a header has no effect";
                sink.push(
                    Diagnostic::new(&rules::UNSUPPORTED_FEATURE, location.span, message)
                        .help("a WebSocket message has no headers: use `$message.payload#/id`"),
                );
            }
            None => {
                let message = format!("`{text}` is no place in a payload");
                sink.push(Diagnostic::new(&rules::INVALID_CORRELATION, location.span, message));
            }
        }
    }
}

fn find<'a>(
    document: &Document<'a>,
    message: &Message<'a>,
    pointer: &str,
    location: &Node,
    sink: &mut Diagnostics,
) {
    let mut schema = message.parts.get("payload");
    for token in pointer.split('/') {
        let Some(properties) = schema.and_then(|schema| Properties::read(document.references, schema)) else {
            return;
        };
        schema = properties.get(token);
        if schema.is_some() {
            continue;
        }
        if properties.open || properties.not_object {
            return;
        }
        let text = format!("the payload of `{}` has no `{token}`", message.id);
        let diagnostic = Diagnostic::new(&rules::CORRELATION_NOT_FOUND, location.span, text);
        sink.push(match nearest(token, properties.keys()) {
            Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
            None => diagnostic.help(format!("it has {}", super::listed(properties.keys()))),
        });
        return;
    }
}
