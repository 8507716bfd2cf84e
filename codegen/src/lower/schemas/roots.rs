//! Which schemas become components of the served document: the components themselves, payloads, and everything a
//! `$ref` leads to, wherever it stands.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::keywords;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::lower::names::upper_camel;
use crate::rules::references::UNESCAPED_REFERENCE;
use crate::rules::schemas::UNSUPPORTED_SCHEMA;
use crate::source::Span;
use crate::spec::{Location, Node, References, unescape};

/// How the names of components begin that describe the protocol and not the API.
const PROTOCOL: &str = "bellwire.";

/// A schema that becomes a component.
#[derive(Debug, Clone)]
pub(super) struct Root<'a> {
    /// The schema as written.
    pub(super) node: &'a Node,
    /// Its name in the served document.
    pub(super) wire: String,
    /// Where to point at when the root as a whole is meant.
    pub(super) span: Span,
}

/// The roots found so far. Nodes are told apart by their address: the references own them and outlive this.
#[derive(Debug)]
pub(super) struct Roots<'a> {
    references: &'a References,
    pub(super) list: Vec<Root<'a>>,
    by_node: HashMap<*const Node, usize>,
    wires: BTreeSet<String>,
    /// How many of the list have been searched for references.
    searched: usize,
}

impl<'a> Roots<'a> {
    pub(super) fn new(references: &'a References) -> Self {
        let list = Vec::new();
        let mut roots =
            Self { references, list, by_node: HashMap::new(), wires: BTreeSet::new(), searched: 0 };
        let components = references.root().get("components").and_then(|components| components.get("schemas"));
        for entry in components.map(Node::entries).unwrap_or_default() {
            // Shapes of the protocol's own messages, in documents that were served: no types of the API.
            if entry.key.starts_with(PROTOCOL) {
                continue;
            }
            roots.add(&entry.value, &entry.key, entry.key_span);
        }
        roots
    }

    /// The root that a node is, if it is one.
    pub(super) fn of_node(&self, node: &Node) -> Option<usize> {
        self.by_node.get(&std::ptr::from_ref(schema_of(node))).copied()
    }

    /// The root that a payload stands for: the target of a plain reference, else the payload itself under that name.
    pub(super) fn payload(&mut self, node: &'a Node, suggested: &str) -> usize {
        if let Some(target) = self.target(schema_of(node)) {
            return target;
        }
        match self.of_node(node) {
            Some(root) => root,
            None => self.add(node, suggested, node.span),
        }
    }

    /// The root a reference object leads to in one step, declared if it is new; `None` for anything that is no
    /// reference or leads nowhere.
    pub(super) fn target(&mut self, node: &'a Node) -> Option<usize> {
        node.reference()?;
        let resolved = self.references.step(node).ok()?;
        self.references.resolve(node).ok()?;
        let location = resolved.location?;
        let target = resolved.node;
        match self.of_node(target) {
            Some(root) => Some(root),
            None => {
                let written = node.reference().and_then(Node::as_str).unwrap_or_default();
                Some(self.add(target, &name_of(&location, written), target.span))
            }
        }
    }

    /// The root a reference object leads to, once all have been declared.
    pub(super) fn known_target(&self, node: &Node) -> Option<usize> {
        node.reference()?;
        self.references.resolve(node).ok()?;
        self.of_node(self.references.step(node).ok()?.node)
    }

    /// Looks into every root for references to more of them, and says which lead nowhere.
    pub(super) fn discover(&mut self, sink: &mut Diagnostics) {
        while let Some(root) = self.list.get(self.searched) {
            let node = root.node;
            self.searched += 1;
            self.search(node, sink);
        }
    }

    fn search(&mut self, node: &'a Node, sink: &mut Diagnostics) {
        if node.reference().is_some() {
            let problem = self.references.resolve(node).err();
            if let Some(problem) = problem {
                sink.push(*problem);
            } else if let Ok(Some(escaped)) = self.references.step(node).map(|step| step.escaped) {
                let message =
                    format!("a name with a `/` stands unescaped in this reference; write `{escaped}`");
                let span = node.reference().map_or(node.span, |target| target.span);
                sink.push(Diagnostic::new(&UNESCAPED_REFERENCE, span, message));
            }
            self.target(node);
            return;
        }
        if let Some(format) = foreign_format(node) {
            let message =
                format!("schemas in the format `{}` are not read", format.as_str().unwrap_or_default());
            let help = "write it as JSON Schema draft-07; until then any value is accepted";
            sink.push(Diagnostic::new(&UNSUPPORTED_SCHEMA, format.span, message).help(help));
        }
        let schema = schema_of(node);
        if !std::ptr::eq(schema, node) {
            if !is_foreign(node) {
                self.search(schema, sink);
            }
            return;
        }
        for entry in schema.entries() {
            for child in keywords::children(&entry.key, &entry.value) {
                self.search(child, sink);
            }
        }
    }

    fn add(&mut self, node: &'a Node, wanted: &str, span: Span) -> usize {
        let mut wire = wanted.to_owned();
        let mut number = 2_usize;
        while !self.wires.insert(wire.clone()) {
            wire = format!("{wanted}{number}");
            number += 1;
        }
        self.by_node.insert(std::ptr::from_ref(schema_of(node)), self.list.len());
        self.list.push(Root { node, wire, span });
        self.list.len() - 1
    }
}

/// The schema inside a multi-format schema object; anything else is itself.
pub(super) fn schema_of(node: &Node) -> &Node {
    match (node.get("schemaFormat"), node.get("schema")) {
        (Some(_), Some(schema)) => schema,
        _ => node,
    }
}

/// Whether a multi-format schema object holds something else than JSON Schema.
pub(super) fn is_foreign(node: &Node) -> bool {
    foreign_format(node).is_some()
}

/// The format of a multi-format schema object, if it is none of the JSON Schema family.
fn foreign_format(node: &Node) -> Option<&Node> {
    node.get("schema")?;
    let format = node.get("schemaFormat")?;
    let name = format.as_str().unwrap_or_default();
    let known = name.starts_with("application/vnd.aai.asyncapi")
        || name.starts_with("application/schema+json")
        || name.starts_with("application/schema+yaml")
        || name.starts_with("application/vnd.oai.openapi");
    (!known).then_some(format)
}

/// A component name for a schema that stands somewhere else: its own name, or the names on the way to it.
fn name_of(location: &Location, written: &str) -> String {
    let segments: Vec<String> = location.pointer.split('/').skip(1).map(unescape).collect();
    let mut names: Vec<&str> = Vec::new();
    let mut rest = segments.iter().map(String::as_str);
    while let Some(segment) = rest.next() {
        match segment {
            "schemas" | "definitions" | "$defs" | "properties" | "messages" | "channels" | "operations" => {
                names.extend(rest.next());
            }
            "components" | "schema" => {}
            "items" => names.push("item"),
            other => names.push(other),
        }
    }
    let file = written.split('#').next().unwrap_or_default();
    let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or("Schema");
    let name = match names.as_slice() {
        [] => stem.to_owned(),
        [name] => (*name).to_owned(),
        names => names.iter().map(|name| upper_camel(name)).collect(),
    };
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}
