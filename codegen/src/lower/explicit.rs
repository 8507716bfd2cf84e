//! Channels, messages and operations written in plain AsyncAPI.

use std::collections::HashMap;

use super::docs::{docs, message_docs, tags};
use super::names::{self, Place, upper_camel};
use super::naming::Member;
use super::schemas::SchemaLowering;
use crate::Perspective;
use crate::model::{Action, Channel, Matcher, Message, Name, Operation, Reply};
use crate::spec::{self, Document, Endpoint, Node};
use crate::validate::messages::expansions;

/// What one endpoint has of each.
pub(super) struct Explicit {
    pub(super) channels: Vec<Channel>,
    pub(super) operations: Vec<Operation>,
}

/// From numbers in the document to numbers in the model: channel, then its messages.
type Numbers = HashMap<usize, (usize, HashMap<usize, usize>)>;

pub(super) fn lower<'a>(
    document: &Document<'a>,
    endpoint: &Endpoint<'a>,
    names: &[Option<Member>],
    perspective: Perspective,
    schemas: &mut SchemaLowering<'a>,
) -> Explicit {
    let expanded = expansions(document);
    let mut channels: Vec<Channel> = Vec::new();
    let mut numbers = Numbers::new();
    for &at in &endpoint.channels {
        let channel = &document.channels[at];
        let kept: Vec<usize> =
            (0..channel.messages.len()).filter(|number| !expanded.contains(&(at, *number))).collect();
        // A channel without messages says nothing that the endpoint does not say.
        if kept.is_empty() {
            continue;
        }
        let wires: Vec<&str> = kept.iter().map(|number| channel.messages[*number].id).collect();
        let named = names::unique(&wires, Place::Variant, &[]);
        let messages = kept.iter().zip(named);
        let messages = messages
            .map(|(number, name)| message(document, &channel.messages[*number], name, schemas))
            .collect();
        let order = kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        numbers.insert(at, (channels.len(), order));
        channels.push(Channel {
            id: channel.id.to_owned(),
            docs: docs(|key| channel.node.get(key)),
            messages,
        });
    }
    let operations = document.operations.iter().zip(names);
    let operations = operations.filter_map(|(operation, name)| {
        lower_operation(document, operation, name.clone()?, perspective, &numbers)
    });
    Explicit { operations: operations.collect(), channels }
}

fn message<'a>(
    document: &Document<'a>,
    message: &spec::Message<'a>,
    name: Name,
    schemas: &mut SchemaLowering<'a>,
) -> Message {
    let parts = &message.parts;
    // A shared message is called by the name under which it is shared.
    let suggested = message.place.component("messages").unwrap_or_else(|| message.id.to_owned());
    let payload = parts.get("payload");
    let default = document.root.get("defaultContentType").and_then(Node::as_str);
    let content_type = parts.text("contentType").or(default).unwrap_or("application/json");
    let correlation =
        parts.get("correlationId").and_then(|node| Some(document.references.resolve(node).ok()?.node));
    let location = correlation.and_then(|node| node.get("location")?.as_str());
    Message {
        docs: message_docs(|key| parts.get(key)),
        payload: payload.map(|schema| schemas.payload(schema, &upper_camel(&suggested))),
        content_type: content_type.to_owned(),
        // Chosen once the types are finished.
        matcher: Matcher::Shape,
        correlation: location.and_then(|text| text.strip_prefix("$message.payload#")).map(str::to_owned),
        name,
    }
}

fn lower_operation(
    document: &Document<'_>,
    operation: &spec::Operation<'_>,
    named: Member,
    perspective: Perspective,
    numbers: &Numbers,
) -> Option<Operation> {
    let find = |channel: usize, messages: &[usize]| {
        let (channel, order) = numbers.get(&channel)?;
        let messages: Vec<usize> = messages.iter().filter_map(|number| order.get(number).copied()).collect();
        (!messages.is_empty()).then_some((*channel, messages))
    };
    let (channel, messages) = find(operation.channel?, &operation.messages)?;
    let reply = operation.reply.as_ref().and_then(|reply| find(reply.channel, &reply.messages));
    let sends = operation.sends() == (perspective == Perspective::Server);
    Some(Operation {
        name: named.name,
        method: named.method,
        action: if sends { Action::Send } else { Action::Receive },
        channel,
        messages,
        on_connect: sends && operation.parts.text("x-on") == Some("connect"),
        reply: reply.map(|(channel, messages)| Reply { channel, messages }),
        docs: docs(|key| operation.parts.get(key)),
        tags: tags(document, operation.parts.get("tags")),
    })
}
