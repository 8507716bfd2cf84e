//! What the document says in prose.

use crate::model::Docs;
use crate::spec::{Document, Node};

/// Reads `summary` (else `title`), `description`, `deprecated` and plain `examples` through a way to get members.
pub(super) fn docs<'a>(get: impl Fn(&str) -> Option<&'a Node>) -> Docs {
    let text = |key| get(key).and_then(Node::as_str);
    let summary = text("summary").map(one_line).filter(|line| !line.is_empty());
    let summary = summary.or_else(|| text("title").map(one_line).filter(|line| !line.is_empty()));
    Docs {
        summary,
        description: text("description").map(normalised).filter(|text| !text.is_empty()),
        deprecated: get("deprecated").and_then(Node::as_bool) == Some(true),
        examples: get("examples").map_or(&[][..], Node::items).iter().map(Node::to_json).collect(),
    }
}

/// The same for a message, whose examples wrap their payloads.
pub(super) fn message_docs<'a>(get: impl Fn(&str) -> Option<&'a Node>) -> Docs {
    let examples = get("examples").map_or(&[][..], Node::items);
    let payloads = examples.iter().filter_map(|example| Some(example.get("payload")?.to_json())).collect();
    Docs { examples: payloads, ..docs(get) }
}

/// Names of tags.
pub(super) fn tags(document: &Document<'_>, node: Option<&Node>) -> Vec<String> {
    let items = node.map_or(&[][..], Node::items).iter();
    let resolved = items.filter_map(|item| document.references.resolve(item).ok());
    resolved.filter_map(|tag| tag.node.get("name")?.as_str().map(str::to_owned)).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn normalised(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned()
}
