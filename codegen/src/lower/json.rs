//! Parts of the document that are kept as JSON: references replaced by what they mean.

use serde_json::Value;

use crate::spec::{Node, References};

/// Most values that are copied: references can multiply what they bring in.
const MAX_VALUES: usize = 20_000;

/// Deepest nesting that is copied: references can lead back into what holds them.
const MAX_DEPTH: usize = 60;

/// The value with references replaced, except those to security schemes, which are known by name. What cannot be
/// resolved, and what exceeds any sensible size, is null.
pub(super) fn inline(references: &References, node: &Node) -> Value {
    let mut budget = MAX_VALUES;
    copy(references, node, 0, &mut budget)
}

fn copy(references: &References, node: &Node, depth: usize, budget: &mut usize) -> Value {
    if *budget == 0 || depth > MAX_DEPTH {
        return Value::Null;
    }
    *budget -= 1;
    if node.reference().is_some() {
        let place = references.step(node).ok().and_then(|resolved| resolved.location);
        if place.is_some_and(|place| place.component("securitySchemes").is_some()) {
            return node.to_json();
        }
        return match references.resolve(node) {
            Ok(resolved) => copy(references, resolved.node, depth + 1, budget),
            Err(_) => Value::Null,
        };
    }
    if node.is_sequence() {
        return node.items().iter().map(|item| copy(references, item, depth + 1, budget)).collect();
    }
    if node.is_mapping() {
        let entries = node.entries().iter();
        return entries
            .map(|entry| (entry.key.clone(), copy(references, &entry.value, depth + 1, budget)))
            .collect();
    }
    node.to_json()
}
