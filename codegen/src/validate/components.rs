//! Components that nothing uses.

use std::collections::HashSet;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::document::UNUSED_COMPONENT;
use crate::source::FileId;
use crate::spec::{Document, Node};

pub(super) fn unused(document: &Document<'_>, sink: &mut Diagnostics) {
    let mut used: HashSet<(String, String)> = HashSet::new();
    for root in document.references.roots() {
        // A component may well be what a misspelt reference was meant for.
        if !collect(document, root, &mut used) {
            return;
        }
    }
    let sections = document.root.get("components").map_or(&[][..], Node::entries);
    for section in sections.iter().filter(|section| !section.key.starts_with("x-")) {
        for entry in section.value.entries() {
            if used.contains(&(section.key.clone(), entry.key.clone())) {
                continue;
            }
            let message = format!("nothing uses `#/components/{}/{}`", section.key, entry.key);
            sink.push(Diagnostic::new(&UNUSED_COMPONENT, entry.key_span, message));
        }
    }
}

/// Collects section and name of every component that a reference inside `node` leads to; whether all lead somewhere.
fn collect(document: &Document<'_>, node: &Node, used: &mut HashSet<(String, String)>) -> bool {
    if node.reference().is_some() {
        let Ok(resolved) = document.references.step(node) else { return false };
        if let Some(place) = resolved.location.filter(|place| place.file == FileId::default()) {
            used.extend(place.component_path());
        }
    }
    let mut inside = node.entries().iter().map(|entry| &entry.value).chain(node.items());
    inside.all(|child| collect(document, child, used))
}
