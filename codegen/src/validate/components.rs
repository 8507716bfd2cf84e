//! Components that nothing uses.

use std::collections::HashSet;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::document::UNUSED_COMPONENT;
use crate::source::FileId;
use crate::spec::{Document, Node};

pub(super) fn unused(document: &Document<'_>, sink: &mut Diagnostics) {
    let mut used: HashSet<(String, String)> = HashSet::new();
    for root in document.references.roots() {
        collect(document, root, &mut used);
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

/// Section and name of every component that a reference inside `node` leads to or through.
fn collect(document: &Document<'_>, node: &Node, used: &mut HashSet<(String, String)>) {
    if node.reference().is_some()
        && let Ok(resolved) = document.references.step(node)
        && let Some(place) = resolved.location
        && place.file == FileId::default()
        && let Some((section, name)) = place.component_path()
    {
        used.insert((section, name));
    }
    for entry in node.entries() {
        collect(document, &entry.value, used);
    }
    for item in node.items() {
        collect(document, item, used);
    }
}
