//! Names of topics, requests and broadcasts, and the message types that come of them.

use std::collections::HashMap;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::extensions as rules;
use crate::source::Span;
use crate::spec::{Declared, Document, Endpoint, Node};

/// Types of the protocol's own messages.
const CONTROL: [&str; 5] = ["ping", "pong", "closing", "error", "authenticate"];

/// Verbs of topics, which no broadcast or request may be called.
const VERBS: [&str; 7] = ["subscribe", "unsubscribe", "update", "snapshot", "resync", "ended", "response"];

/// Endings of the types that a topic brings.
const OF_TOPIC: [&str; 8] = [
    "subscribe",
    "subscribe.response",
    "unsubscribe",
    "unsubscribe.response",
    "update",
    "snapshot",
    "resync",
    "ended",
];

/// Every declaration of an endpoint with the word for its kind.
fn all<'d, 'a>(endpoint: &'d Endpoint<'a>) -> impl Iterator<Item = (&'static str, &'d Declared<'a>)> {
    let topics = endpoint.topics.iter().map(|declared| ("topic", declared));
    let requests = endpoint.requests.iter().map(|declared| ("request", declared));
    let broadcasts = endpoint.broadcasts.iter().map(|declared| ("broadcast", declared));
    topics.chain(requests).chain(broadcasts)
}

/// The retained states of an endpoint, whose names are members of payloads.
fn states<'d, 'a>(endpoint: &'d Endpoint<'a>) -> impl Iterator<Item = (&'static str, &'d Declared<'a>)> {
    endpoint.states.iter().map(|declared| ("retained state", declared))
}

pub(super) fn spelling(document: &Document<'_>, sink: &mut Diagnostics) {
    for (kind, declared) in
        document.endpoints.iter().flat_map(|endpoint| all(endpoint).chain(states(endpoint)))
    {
        let name = declared.name;
        let mut characters = name.chars();
        let good = characters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
        if !good || name.ends_with('.') || name.contains("..") || name.len() > 100 {
            let message = format!("`{name}` cannot be the name of a {kind}");
            let diagnostic = Diagnostic::new(&rules::INVALID_NAME, declared.name_span, message);
            sink.push(match corrected(name) {
                Some(better) => diagnostic.help(format!("write `{better}`")),
                None => diagnostic,
            });
            continue;
        }
        let message = declared.node.get("message").filter(|_| kind == "topic");
        if let Some(word) = message.filter(|message| message.as_str().is_some_and(|it| CONTROL.contains(&it)))
        {
            let text = format!("the messages of `{name}` cannot have the type of the protocol's own");
            sink.push(Diagnostic::new(&rules::RESERVED_NAME, word.span, text));
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        let taken = match kind {
            "topic" => CONTROL.contains(&name),
            "retained state" => false,
            _ => CONTROL.contains(&name) || (VERBS.contains(&last) && (last == name || last == "response")),
        };
        if taken {
            let message = format!("`{name}` is a word of the protocol and cannot be the name of a {kind}");
            sink.push(Diagnostic::new(&rules::RESERVED_NAME, declared.name_span, message));
        }
    }
}

/// The nearest name that would do.
fn corrected(name: &str) -> Option<String> {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
    let better: String = name.chars().map(keep).collect();
    let mut better = better.trim_matches(['-', '.', '_']).to_owned();
    while better.contains("..") {
        better = better.replace("..", ".");
    }
    (better.starts_with(|c: char| c.is_ascii_alphabetic()) && better.len() <= 100).then_some(better)
}

pub(super) fn types(document: &Document<'_>, sink: &mut Diagnostics) {
    for endpoint in &document.endpoints {
        let mut taken: HashMap<String, (&'static str, &str, Span)> = HashMap::new();
        for (kind, declared) in all(endpoint) {
            for wire in wire_types(kind, declared) {
                let Some((other, name, span)) = taken.get(&wire) else {
                    taken.insert(wire, (kind, declared.name, declared.name_span));
                    continue;
                };
                let message = if wire == declared.name {
                    format!("the type `{wire}` belongs to the {other} `{name}`")
                } else {
                    format!(
                        "the {kind} `{}` needs the type `{wire}`, which the {other} `{name}` has",
                        declared.name
                    )
                };
                sink.push(
                    Diagnostic::new(&rules::DUPLICATE_TYPE, declared.name_span, message)
                        .related(*span, format!("the {other} is declared here")),
                );
                break;
            }
        }
    }
}

/// Every `type` that a declaration puts on the wire.
fn wire_types(kind: &str, declared: &Declared<'_>) -> Vec<String> {
    let name = declared.name;
    match kind {
        "topic" => match declared.node.get("message").and_then(Node::as_str) {
            Some(message) => vec![message.to_owned()],
            None => OF_TOPIC.iter().map(|verb| format!("{name}.{verb}")).collect(),
        },
        "request" => vec![name.to_owned(), format!("{name}.response")],
        _ => vec![name.to_owned()],
    }
}
