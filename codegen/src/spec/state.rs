//! Writes out what a document leaves to be understood about retained state: the schema of a store that is fed by
//! broadcasts, and the payload of a broadcast that tells new connections what is retained.
//!
//! Done on the nodes, before anything is paired, so that everything after sees a document that says it all. What
//! cannot be written out (the names are wrong, the sources differ) is left as it is for the rules to complain about.

use super::node::{Entry, Node, NodeValue};
use super::pointer::escape;
use super::properties::Properties;
use super::references::References;
use crate::source::Span;

/// A member to be added to an entry of a channel's extension.
struct Addition {
    channel: usize,
    extension: &'static str,
    name: String,
    key: &'static str,
    value: Node,
}

/// Completes a document in place: stores first, because snapshots are made of them.
pub(crate) fn complete(references: &mut References) {
    for find in [schemas, payloads] {
        let additions = find(references);
        for addition in additions {
            insert(references.root_mut(), addition);
        }
    }
}

fn channels(root: &Node) -> impl Iterator<Item = (usize, &Entry)> {
    root.get("channels").map_or(&[][..], Node::entries).iter().enumerate()
}

/// The schemas of stores that declare none.
fn schemas(references: &References) -> Vec<Addition> {
    let mut additions = Vec::new();
    for (at, channel) in channels(references.root()) {
        for entry in channel.value.get("x-state").map_or(&[][..], Node::entries) {
            let store = &entry.value;
            if !store.is_mapping() || store.get("schema").is_some() || store.reference().is_some() {
                continue;
            }
            if let Some(value) = schema_of(references, channel, store) {
                let name = entry.key.clone();
                additions.push(Addition { channel: at, extension: "x-state", name, key: "schema", value });
            }
        }
    }
    additions
}

/// What all sources of a store have in common.
fn schema_of(references: &References, channel: &Entry, store: &Node) -> Option<Node> {
    if store.get("take").and_then(Node::as_str) == Some("frame") {
        return Some(mapping(store.span, [("type", text(store.span, "object"))]));
    }
    let broadcasts = channel.value.get("x-broadcasts")?;
    let names = sources(store, broadcasts);
    let mut found = names.iter().map(|name| {
        let broadcast = references.resolve(broadcasts.get(name)?).ok()?.node;
        let payload = broadcast.get("payload")?;
        let Some(member) = store.get("member").and_then(Node::as_str) else {
            let place = format!("#/channels/{}/x-broadcasts/{}/payload", escape(&channel.key), escape(name));
            let inline = payload.reference().is_none() && broadcasts.get(name)?.reference().is_none();
            return Some(if inline { reference(payload.span, &place) } else { payload.clone() });
        };
        Properties::read(references, payload)?.get(member).cloned()
    });
    let first = found.next()??;
    let same = |other: Option<Node>| other.is_some_and(|other| other.to_json() == first.to_json());
    found.all(same).then_some(first)
}

/// The broadcasts that feed a store.
pub(crate) fn sources<'a>(store: &'a Node, broadcasts: &'a Node) -> Vec<&'a str> {
    let Some(from) = store.get("from") else { return Vec::new() };
    if from.as_str() == Some("all") {
        let published =
            |entry: &&Entry| entry.value.get("on").and_then(Node::as_str).is_none_or(|on| on == "publish");
        return broadcasts.entries().iter().filter(published).map(|entry| entry.key.as_str()).collect();
    }
    from.items().iter().filter_map(Node::as_str).collect()
}

/// The payloads of broadcasts that tell what is retained.
fn payloads(references: &References) -> Vec<Addition> {
    let mut additions = Vec::new();
    for (at, channel) in channels(references.root()) {
        let stores = channel.value.get("x-state");
        for entry in channel.value.get("x-broadcasts").map_or(&[][..], Node::entries) {
            let Some(held) = entry.value.get("state").filter(|held| held.is_sequence()) else { continue };
            if entry.value.get("payload").is_some() {
                continue;
            }
            let members = held.items().iter().map(|item| {
                let name = item.as_str()?;
                Some((name, value_of(&channel.key, name, stores?.get(name)?, item.span)?))
            });
            let Some(members) = members.collect::<Option<Vec<_>>>() else { continue };
            let mut value = object(held.span, members);
            if let Some(member) = entry.value.get("member").and_then(Node::as_str) {
                value = object(held.span, vec![(member, value)]);
            }
            let name = entry.key.clone();
            additions.push(Addition { channel: at, extension: "x-broadcasts", name, key: "payload", value });
        }
    }
    additions
}

/// The schema of all that a store holds.
fn value_of(channel: &str, name: &str, store: &Node, span: Span) -> Option<Node> {
    let schema = store.get("schema")?;
    let place = format!("#/channels/{}/x-state/{}/schema", escape(channel), escape(name));
    let item = if schema.reference().is_some() { schema.clone() } else { reference(span, &place) };
    Some(match store.get("kind").and_then(Node::as_str)? {
        "keyed" | "window" => mapping(span, [("type", text(span, "array")), ("items", item)]),
        _ if store.get("initial").is_some_and(|initial| !initial.is_null()) => item,
        _ => {
            let null = mapping(span, [("type", text(span, "null"))]);
            mapping(span, [("oneOf", Node { span, value: NodeValue::Sequence(vec![item, null]) })])
        }
    })
}

fn object(span: Span, members: Vec<(&str, Node)>) -> Node {
    let required = members.iter().map(|(name, _)| text(span, name)).collect();
    mapping(
        span,
        [
            ("type", text(span, "object")),
            ("required", Node { span, value: NodeValue::Sequence(required) }),
            ("properties", mapping(span, members)),
        ],
    )
}

fn mapping<'a>(span: Span, entries: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    let entries =
        entries.into_iter().map(|(key, value)| Entry { key: key.to_owned(), key_span: span, value });
    Node { span, value: NodeValue::Mapping(entries.collect()) }
}

fn text(span: Span, text: &str) -> Node {
    Node { span, value: NodeValue::String(text.to_owned()) }
}

fn reference(span: Span, target: &str) -> Node {
    mapping(span, [("$ref", text(span, target))])
}

fn insert(root: &mut Node, addition: Addition) {
    let Addition { channel, extension, name, key, value } = addition;
    let entries = |node: &mut Node, key: &str| -> Option<usize> {
        node.entries().iter().position(|entry| entry.key == key)
    };
    let mut node = root;
    let path = [("channels", None), ("", Some(channel)), (extension, None), (name.as_str(), None)];
    for (key, at) in path {
        let Some(at) = at.or_else(|| entries(node, key)) else { return };
        let NodeValue::Mapping(children) = &mut node.value else { return };
        let Some(child) = children.get_mut(at) else { return };
        node = &mut child.value;
    }
    if let NodeValue::Mapping(members) = &mut node.value {
        members.push(Entry { key: key.to_owned(), key_span: node.span, value });
    }
}
