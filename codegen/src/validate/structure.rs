//! Which members objects have, and of what type: the tables of [`crate::spec::shapes`] held against the document.

use std::collections::HashSet;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::rules::document::{INVALID_VALUE, MISSING_FIELD, UNKNOWN_EXTENSION, UNKNOWN_FIELD, WRONG_TYPE};
use crate::rules::extensions::{INVALID_DURATION, INVALID_SIZE, LIMIT_OUT_OF_RANGE};
use crate::rules::references::{IGNORED_SIBLING, INVALID_REFERENCE, UNESCAPED_REFERENCE};
use crate::source::{SourceMap, Span};
use crate::spec::quantity::{duration_ms, size_bytes};
use crate::spec::shape::{Kind, Shape, one_of};
use crate::spec::shapes::asyncapi::DOCUMENT;
use crate::spec::{Node, NodeValue, References, Resolved};

/// Our extensions and where they are read.
const EXTENSIONS: &[(&str, &str)] = &[
    ("x-bellwire", "at the root of the document"),
    ("x-connection", "on a channel"),
    ("x-topics", "on a channel"),
    ("x-requests", "on a channel"),
    ("x-broadcasts", "on a channel"),
    ("x-state", "on a channel"),
    ("x-topic", "on a channel"),
    ("x-http", "on a channel"),
    ("x-request", "on an operation"),
    ("x-broadcast", "on an operation"),
    ("x-control", "on an operation"),
];

pub(super) fn check(references: &References, sources: &SourceMap, sink: &mut Diagnostics) {
    let root = references.root();
    let mut walker = Walker { references, sources, sink, visited: HashSet::new() };
    let start = Span { end: root.span.start, ..root.span };
    walker.object(root, &DOCUMENT, Place { name: "the document", span: start });
}

/// What a value is called and where its name stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    span: Span,
}

struct Walker<'a, 's> {
    references: &'a References,
    sources: &'s SourceMap,
    sink: &'s mut Diagnostics,
    /// Targets of references that have been checked, by their address in memory.
    visited: HashSet<*const Node>,
}

impl Walker<'_, '_> {
    fn object(&mut self, node: &Node, shape: &'static Shape, place: Place<'_>) {
        if !node.is_mapping() {
            return self.wrong_type(node, Kind::Object(shape), place);
        }
        for entry in node.entries() {
            let here = Place { name: &entry.key, span: entry.key_span };
            match shape.field(&entry.key) {
                Some(field) => self.value(&entry.value, field.kind, here),
                None if entry.key.starts_with("x-") => self.extension(shape, here),
                None => self.unknown(shape, here),
            }
        }
        let missing = shape.fields.iter().filter(|field| field.required && node.get(field.key).is_none());
        for field in missing {
            let message = if place.name == shape.name {
                format!("{} lacks `{}`", shape.name, field.key)
            } else {
                format!("`{}` lacks `{}`", place.name, field.key)
            };
            let help = format!("add `{}`: {}", field.key, field.about.trim_end_matches('.'));
            self.sink.push(Diagnostic::new(&MISSING_FIELD, place.span, message).help(help));
        }
    }

    fn value(&mut self, node: &Node, kind: Kind, place: Place<'_>) {
        match kind {
            Kind::Text if node.as_str().is_some() => {}
            Kind::TextOrNull if node.as_str().is_some() || node.is_null() => {}
            Kind::Boolean if node.as_bool().is_some() => {}
            Kind::Text | Kind::TextOrNull | Kind::Boolean => self.wrong_type(node, kind, place),
            Kind::Count => self.count(node, place),
            Kind::Word(words) => self.word(node, words, kind, place),
            Kind::Duration | Kind::DurationOrNever => self.duration(node, kind, place),
            Kind::Size => self.size(node, place),
            Kind::Anything | Kind::Schema => {}
            Kind::Object(shape) => self.object(node, shape, place),
            Kind::Reusable(shape) => self.reusable(node, shape, place),
            Kind::WordOr(_, shape) if node.is_mapping() => self.object(node, shape, place),
            Kind::WordOr(words, _) => self.word(node, words, kind, place),
            Kind::WordOrList(_, item) if node.is_sequence() => self.value(node, Kind::List(item), place),
            Kind::WordOrList(words, _) => self.word(node, words, kind, place),
            Kind::Reference => self.reference(node, place),
            Kind::List(item) => match &node.value {
                NodeValue::Sequence(items) => {
                    for node in items {
                        self.value(node, *item, Place { name: place.name, span: node.span });
                    }
                }
                _ => self.wrong_type(node, kind, place),
            },
            Kind::Map(value) => match &node.value {
                NodeValue::Mapping(entries) => {
                    for entry in entries {
                        self.value(&entry.value, *value, Place { name: &entry.key, span: entry.key_span });
                    }
                }
                _ => self.wrong_type(node, kind, place),
            },
        }
    }

    fn reusable(&mut self, node: &Node, shape: &'static Shape, place: Place<'_>) {
        if node.get("$ref").is_none() {
            return self.object(node, shape, place);
        }
        let resolved = self.followed(node, self.references.resolve(node));
        if let Some(resolved) = resolved.filter(|node| self.visited.insert(std::ptr::from_ref(*node))) {
            self.object(resolved, shape, place);
        }
    }

    fn reference(&mut self, node: &Node, place: Place<'_>) {
        if node.get("$ref").is_none() {
            return self.wrong_type(node, Kind::Reference, place);
        }
        self.followed(node, self.references.step(node));
    }

    /// What a `$ref` leads to; says what is wrong with it.
    fn followed<'n>(
        &mut self,
        node: &Node,
        followed: Result<Resolved<'n>, Box<Diagnostic>>,
    ) -> Option<&'n Node> {
        if !self.is_reference(node) {
            return None;
        }
        self.siblings(node);
        match followed {
            Ok(resolved) => {
                if let Some(pointer) = resolved.escaped {
                    self.unescaped(node, &pointer);
                }
                Some(resolved.node)
            }
            Err(diagnostic) => {
                self.sink.push(*diagnostic);
                None
            }
        }
    }

    /// Whether the `$ref` is a string; says so if not.
    fn is_reference(&mut self, node: &Node) -> bool {
        let Some(target) = node.get("$ref").filter(|target| target.as_str().is_none()) else { return true };
        let message = "`$ref` must be a string";
        self.sink.push(
            Diagnostic::new(&INVALID_REFERENCE, target.span, message)
                .label(format!("this is {}", target.kind())),
        );
        false
    }

    fn siblings(&mut self, node: &Node) {
        let beside =
            node.entries().iter().filter(|entry| entry.key != "$ref" && !entry.key.starts_with("x-"));
        for entry in beside {
            let message = format!("`{}` has no effect beside `$ref`", entry.key);
            self.sink.push(Diagnostic::new(&IGNORED_SIBLING, entry.key_span, message));
        }
    }

    fn unescaped(&mut self, node: &Node, pointer: &str) {
        let Some(target) = node.reference() else { return };
        let message = "a `/` within a name must be written `~1`";
        self.sink.push(
            Diagnostic::new(&UNESCAPED_REFERENCE, target.span, message).help(format!("write `{pointer}`")),
        );
    }

    fn unknown(&mut self, shape: &Shape, place: Place<'_>) {
        let message = format!("{} has no member `{}`", shape.name, place.name);
        let diagnostic = Diagnostic::new(&UNKNOWN_FIELD, place.span, message);
        let known = shape.fields.iter().map(|field| field.key);
        self.sink.push(match nearest(place.name, known) {
            Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
            None => diagnostic,
        });
    }

    /// An extension that is not one of ours here is the author's own, unless it looks like a slip.
    fn extension(&mut self, shape: &Shape, place: Place<'_>) {
        if let Some((_, home)) = EXTENSIONS.iter().find(|(name, _)| *name == place.name) {
            let message = format!("`{}` has no effect on {}", place.name, shape.name);
            let help = format!("it is read {home}");
            return self.sink.push(Diagnostic::new(&UNKNOWN_EXTENSION, place.span, message).help(help));
        }
        let ours = shape.fields.iter().map(|field| field.key).filter(|key| key.starts_with("x-"));
        if let Some(name) = nearest(place.name, ours) {
            let message = format!("`{}` is no extension of Bellwire's", place.name);
            let help = format!("did you mean `{name}`?");
            self.sink.push(Diagnostic::new(&UNKNOWN_EXTENSION, place.span, message).help(help));
        }
    }

    fn count(&mut self, node: &Node, place: Place<'_>) {
        match node.as_integer() {
            Some(value) if u32::try_from(value).is_ok() => {}
            Some(value) => {
                let message = format!("`{}` cannot be {value}", place.name);
                // Nothing would be too few for most, which is another mistake.
                let help = format!("give it a number from 1 to {}", u32::MAX);
                self.sink.push(Diagnostic::new(&LIMIT_OUT_OF_RANGE, node.span, message).help(help));
            }
            None => self.wrong_type(node, Kind::Count, place),
        }
    }

    fn word(&mut self, node: &Node, words: &[&str], kind: Kind, place: Place<'_>) {
        let Some(text) = node.as_str() else { return self.wrong_type(node, kind, place) };
        if words.contains(&text) {
            return;
        }
        let message = format!("`{}` cannot be `{text}`", place.name);
        let diagnostic = Diagnostic::new(&INVALID_VALUE, node.span, message);
        self.sink.push(match (kind, nearest(text, words.iter().copied())) {
            (Kind::WordOr(_, shape), _) if shape_takes(shape, text) => {
                diagnostic.help(format!("it needs settings: `{}: {{ kind: {text}, … }}`", place.name))
            }
            (_, Some(word)) => diagnostic.help(format!("did you mean `{word}`?")),
            _ => diagnostic.help(format!("it may be {}", one_of(words))),
        });
    }

    fn duration(&mut self, node: &Node, kind: Kind, place: Place<'_>) {
        let never = matches!(kind, Kind::DurationOrNever);
        let diagnostic = match (node.as_str(), node.as_integer()) {
            (Some("never"), _) if never => return,
            (Some("never"), _) => {
                Diagnostic::new(&INVALID_DURATION, node.span, format!("`{}` cannot be `never`", place.name))
                    .help("give it a duration, as long as you like: `1d`")
            }
            (Some(text), _) if duration_ms(text).is_some() => return,
            (Some(text), _) => {
                Diagnostic::new(&INVALID_DURATION, node.span, format!("`{text}` is no duration"))
            }
            (None, Some(number)) if number < 0 => {
                let message = format!("`{}` cannot be below zero", place.name);
                Diagnostic::new(&INVALID_DURATION, node.span, message)
            }
            (None, Some(number)) => {
                let message = format!("`{}` lacks a unit", place.name);
                Diagnostic::new(&INVALID_DURATION, node.span, message)
                    .help(format!("write `{number}s` for seconds, `{number}ms` for milliseconds"))
            }
            (None, None) => return self.wrong_type(node, kind, place),
        };
        self.sink.push(diagnostic);
    }

    fn size(&mut self, node: &Node, place: Place<'_>) {
        let diagnostic = match (node.as_str(), node.as_integer()) {
            (Some(text), _) if size_bytes(text).is_some() => return,
            (Some(text), _) => Diagnostic::new(&INVALID_SIZE, node.span, format!("`{text}` is no size")),
            (None, Some(number)) if number < 0 => {
                let message = format!("`{}` cannot be below zero", place.name);
                Diagnostic::new(&INVALID_SIZE, node.span, message)
            }
            (None, Some(number)) => {
                let message = format!("`{}` lacks a unit", place.name);
                Diagnostic::new(&INVALID_SIZE, node.span, message)
                    .help(format!("write `{number}B` for bytes, `{number}KiB` for kibibytes"))
            }
            (None, None) => return self.wrong_type(node, Kind::Size, place),
        };
        self.sink.push(diagnostic);
    }

    fn wrong_type(&mut self, node: &Node, kind: Kind, place: Place<'_>) {
        let message = match place.name {
            "the document" => "the document must be a mapping".to_owned(),
            name => format!("`{name}` must be {}", kind.describe()),
        };
        let span = if node.span.start == node.span.end { place.span } else { node.span };
        let found =
            if node.is_null() { "nothing is given".into() } else { format!("this is {}", node.kind()) };
        let diagnostic = Diagnostic::new(&WRONG_TYPE, span, message).label(found);
        let text = matches!(kind, Kind::Text | Kind::TextOrNull);
        let scalar = matches!(node.value, NodeValue::Integer(_) | NodeValue::Float(_) | NodeValue::Bool(_));
        self.sink.push(if text && scalar {
            diagnostic.help(format!("put it in quotes: `'{}'`", self.sources.slice(node.span)))
        } else {
            diagnostic
        });
    }
}

/// Whether the longer form of a setting takes this word as its kind.
fn shape_takes(shape: &Shape, word: &str) -> bool {
    matches!(shape.field("kind").map(|field| field.kind), Some(Kind::Word(words)) if words.contains(&word))
}
