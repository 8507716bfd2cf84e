//! Envelopes: members with names of their own, and payloads that can stand beside the tag.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::extensions as rules;
use crate::spec::properties::Properties;
use crate::spec::shapes::extensions::FLAT;
use crate::spec::{Declared, Document, Endpoint, Node};

/// Members that the protocol puts beside the payload.
const BESIDE: [&str; 6] = ["id", "topic", "conflated", "dropped", "offset", "epoch"];

/// Members of the framework's own payloads, which stand beside the tag where payloads are flat.
const OWN: [&str; 11] = [
    "status",
    "result",
    "code",
    "message",
    "retry",
    "errors",
    "details",
    "condition",
    "reason",
    "retry_after_ms",
    "topic",
];

/// The `envelope` of an endpoint, where it is not a word.
fn envelope<'a>(endpoint: &Endpoint<'a>) -> Option<&'a Node> {
    endpoint.connection?.get("envelope").filter(|node| node.is_mapping())
}

fn is_flat(envelope: &Node) -> bool {
    envelope.get("body").and_then(Node::as_str) == Some(FLAT)
}

/// Names of the envelope's members are neither empty nor the same, and none is the protocol's.
pub(super) fn members(document: &Document<'_>, sink: &mut Diagnostics) {
    for envelope in document.endpoints.iter().filter_map(envelope) {
        let mut taken: Vec<&str> = BESIDE.to_vec();
        if is_flat(envelope) {
            taken.extend(OWN);
        }
        let tag = envelope.get("tag").and_then(Node::as_str).unwrap_or("type");
        // A client's tag may be the server's: they are never in one frame.
        let body = envelope.get("body").and_then(Node::as_str).unwrap_or("payload");
        for (key, others) in [
            ("tag", &[][..]),
            ("clientTag", &[]),
            ("body", &["tag", "clientTag"]),
            ("timestamp", &["tag", "clientTag", "body"]),
        ] {
            let Some(node) = envelope.get(key) else { continue };
            let Some(name) = node.as_str() else { continue };
            let names_of = |other: &&str| match *other {
                "tag" => Some(tag),
                "body" => Some(body).filter(|body| *body != FLAT),
                other => envelope.get(other).and_then(Node::as_str),
            };
            let twice = others.iter().filter_map(names_of).any(|other| other == name);
            let message = if name.is_empty() {
                format!("`{key}` cannot be an empty name")
            } else if taken.contains(&name) || twice {
                format!("`{key}` cannot be `{name}`, which is another member of frames")
            } else {
                continue;
            };
            sink.push(Diagnostic::new(&rules::ENVELOPE_COLLISION, node.span, message));
        }
    }
}

/// Where payloads are flat, they are objects, and none of their members is one of the envelope's.
pub(super) fn flat(document: &Document<'_>, sink: &mut Diagnostics) {
    for endpoint in &document.endpoints {
        let Some(envelope) = envelope(endpoint).filter(|envelope| is_flat(envelope)) else { continue };
        let name = |key: &str| envelope.get(key).and_then(Node::as_str);
        let tag = name("tag").unwrap_or("type");
        for topic in &endpoint.topics {
            let message = format!("`{}` cannot be a topic of an endpoint with flat payloads", topic.name);
            let help = "give the envelope a `body`, or declare a broadcast";
            sink.push(Diagnostic::new(&rules::FLAT_PAYLOAD, topic.name_span, message).help(help));
        }
        // A broadcast with an `id` could be taken for the answer to a request.
        let over_http =
            |declared: &Declared<'_>| declared.node.get("socket").and_then(Node::as_bool) == Some(false);
        let mut requests = endpoint.requests.iter().filter(|declared| !over_http(declared)).peekable();
        let id = requests.peek().is_some().then_some("id");
        let broadcast = [Some(tag), name("timestamp"), id];
        for declared in &endpoint.broadcasts {
            payload(document, declared, &broadcast, sink);
        }
        let request = [Some(name("clientTag").unwrap_or(tag)), name("timestamp"), Some("id")];
        for declared in requests {
            payload(document, declared, &request, sink);
        }
    }
}

fn payload(document: &Document<'_>, declared: &Declared<'_>, taken: &[Option<&str>], sink: &mut Diagnostics) {
    let Some(entry) = declared.node.entry("payload") else { return };
    let Some(properties) = Properties::read(document.references, &entry.value) else { return };
    if properties.not_object {
        let message = format!("the payload of `{}` has no members to stand beside the tag", declared.name);
        let help = "give the schema `type: object`, or the envelope a `body`";
        sink.push(Diagnostic::new(&rules::FLAT_PAYLOAD, entry.key_span, message).help(help));
    }
    for member in &properties.members {
        if taken.contains(&Some(member.key.as_str())) {
            let message = format!("the payload of `{}` cannot have a member `{}`", declared.name, member.key);
            sink.push(
                Diagnostic::new(&rules::ENVELOPE_COLLISION, member.key_span, message)
                    .label("the envelope has a member of this name")
                    .related(declared.name_span, "its members stand beside the envelope's"),
            );
        }
    }
}
