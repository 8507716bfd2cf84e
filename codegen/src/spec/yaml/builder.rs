//! From the parser's events to nodes: aliases replaced, merge keys applied, duplicates reported, everything bounded.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, ScalarStyle, Tag};

use super::scalars::core_scalar;
use super::{MAX_DEPTH, MAX_NODES};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::document as rules;
use crate::source::{FileId, Span};
use crate::spec::node::{Entry, Node, NodeValue};

/// A finished node with what later aliases must know about it.
struct Built {
    node: Node,
    count: usize,
    height: usize,
}

enum Frame {
    Sequence {
        start: Span,
        anchor: usize,
        items: Vec<Node>,
        size: Size,
    },
    Mapping {
        start: Span,
        anchor: usize,
        entries: Vec<Entry>,
        seen: HashMap<String, Span>,
        key: Key,
        size: Size,
    },
}

/// Nodes inside and levels below a collection that is being built.
#[derive(Clone, Copy, Default)]
struct Size {
    count: usize,
    height: usize,
}

/// What a mapping waits for.
enum Key {
    Wanted,
    Taken {
        name: String,
        span: Span,
        merge: bool,
    },
    /// The key was refused; its value is dropped.
    Refused,
}

/// Nodes under construction, fed by the parser's events.
pub(super) struct Builder<'a> {
    file: FileId,
    text: &'a str,
    offsets: Option<Vec<usize>>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Built>,
    nodes: usize,
    documents: usize,
    pub(super) root: Option<Node>,
    pub(super) sink: &'a mut Diagnostics,
}

impl<'a> Builder<'a> {
    pub(super) fn new(file: FileId, text: &'a str, sink: &'a mut Diagnostics) -> Self {
        Self {
            file,
            text,
            offsets: byte_offsets(text),
            stack: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            documents: 0,
            root: None,
            sink,
        }
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let byte = |index: usize| match &self.offsets {
            Some(offsets) => offsets.get(index).copied().unwrap_or(self.text.len()),
            None => index.min(self.text.len()),
        };
        Span::new(self.file, byte(start), byte(end))
    }

    /// `None` stops the reading.
    pub(super) fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "the file holds more than one YAML document";
                    self.sink.push(
                        Diagnostic::new(&rules::UNSUPPORTED_YAML, span, message)
                            .label("a second one starts here")
                            .help("keep one document per file"),
                    );
                    return None;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let span = trimmed(span, self.text);
                if let Some((name, merge)) = self.as_key(&text, style) {
                    let value = NodeValue::String(name.clone());
                    self.remember(&Built { node: Node { span, value }, count: 1, height: 1 }, anchor);
                    return self.take_key(name, span, merge);
                }
                let value = self.scalar(text, style, tag.as_deref(), span);
                return self.finish(Built { node: Node { span, value }, count: 1, height: 1 }, anchor);
            }
            Event::SequenceStart(anchor, _) => {
                self.refuse_complex_key(span);
                let frame = Frame::Sequence { start: span, anchor, items: Vec::new(), size: Size::default() };
                return self.open(frame, span);
            }
            Event::MappingStart(anchor, _) => {
                self.refuse_complex_key(span);
                let (entries, seen, size) = (Vec::new(), HashMap::new(), Size::default());
                let frame = Frame::Mapping { start: span, anchor, entries, seen, key: Key::Wanted, size };
                return self.open(frame, span);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(span),
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Some(())
    }

    fn open(&mut self, frame: Frame, span: Span) -> Option<()> {
        if self.stack.len() >= MAX_DEPTH {
            return self.too_large(span, format!("values are nested more than {MAX_DEPTH} levels deep"));
        }
        self.stack.push(frame);
        Some(())
    }

    fn close(&mut self, end: Span) -> Option<()> {
        let (node, size, anchor) = match self.stack.pop()? {
            Frame::Sequence { start, anchor, items, size } => {
                let last = items.last().map(|item| item.span.end);
                let span = self.collection_span(start, last, end);
                (Node { span, value: NodeValue::Sequence(items) }, size, anchor)
            }
            Frame::Mapping { start, anchor, entries, size, .. } => {
                let last = entries.last().map(|entry| entry.value.span.end.max(entry.key_span.end));
                let span = self.collection_span(start, last, end);
                (Node { span, value: NodeValue::Mapping(entries) }, size, anchor)
            }
        };
        self.finish(Built { node, count: size.count + 1, height: size.height + 1 }, anchor)
    }

    /// A block collection ends with its last item: the parser only notices at the next token.
    fn collection_span(&self, start: Span, last: Option<usize>, end: Span) -> Span {
        let flow = self.text[start.start..].starts_with(['{', '[']);
        let end = if flow { end.end } else { last.unwrap_or(start.start) };
        Span::new(self.file, start.start, end)
    }

    fn finish(&mut self, built: Built, anchor: usize) -> Option<()> {
        // What has an anchor is kept twice: anchors within anchors would multiply a file otherwise.
        self.nodes += if anchor > 0 { built.count + 1 } else { 1 };
        if self.nodes > MAX_NODES {
            let message =
                format!("the file holds more than {MAX_NODES} values, those that have anchors twice");
            return self.too_large(built.node.span, message);
        }
        self.remember(&built, anchor);
        self.attach(built);
        Some(())
    }

    /// Keeps a copy for the aliases to come, where there is an anchor.
    fn remember(&mut self, built: &Built, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, Built { node: built.node.clone(), ..*built });
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Option<()> {
        let Some(original) = self.anchors.get(&anchor) else {
            let message = "an alias stands inside the very value it names";
            self.sink.push(Diagnostic::new(&rules::UNSUPPORTED_YAML, span, message));
            return None;
        };
        self.nodes += original.count;
        if self.nodes > MAX_NODES {
            return self.too_large(span, format!("its aliases expand to more than {MAX_NODES} values"));
        }
        if self.stack.len() + original.height > MAX_DEPTH {
            return self.too_large(span, format!("aliases nest values more than {MAX_DEPTH} levels deep"));
        }
        let copy = Built { node: original.node.clone(), ..*original };
        if let Some(Frame::Mapping { key: Key::Wanted, .. }) = self.stack.last() {
            let key = match &copy.node.value {
                NodeValue::String(text) => Some(text.clone()),
                _ => None,
            };
            return match key {
                Some(key) => self.take_key(key, span, false),
                None => {
                    self.refuse_complex_key(span);
                    self.attach(copy);
                    Some(())
                }
            };
        }
        self.attach(copy);
        Some(())
    }

    fn too_large(&mut self, span: Span, message: String) -> Option<()> {
        self.sink.push(Diagnostic::new(&rules::DOCUMENT_TOO_LARGE, span, message));
        None
    }

    /// Puts a finished value where the open collection wants it.
    fn attach(&mut self, built: Built) {
        let Built { node, count, height } = built;
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Sequence { items, size, .. }) => {
                size.add(count, height);
                items.push(node);
            }
            Some(Frame::Mapping { entries, seen, key, size, .. }) => {
                size.add(count, height);
                match std::mem::replace(key, Key::Wanted) {
                    // A refused key that was itself a collection: its value comes next.
                    Key::Wanted => *key = Key::Refused,
                    Key::Refused => {}
                    Key::Taken { name, span, merge: false } => {
                        entries.push(Entry { key: name, key_span: span, value: node });
                    }
                    Key::Taken { span, merge: true, .. } => merge(entries, seen, &node, span, self.sink),
                }
            }
        }
    }

    /// The text of a scalar that stands where a key is wanted, and whether it is the merge key.
    fn as_key(&self, text: &str, style: ScalarStyle) -> Option<(String, bool)> {
        match self.stack.last() {
            Some(Frame::Mapping { key: Key::Wanted, .. }) => {
                Some((text.to_owned(), style == ScalarStyle::Plain && text == "<<"))
            }
            _ => None,
        }
    }

    fn take_key(&mut self, name: String, span: Span, merge: bool) -> Option<()> {
        let Some(Frame::Mapping { entries, seen, key, .. }) = self.stack.last_mut() else { return Some(()) };
        if let Some(first) = seen.get(&name).filter(|_| !merge) {
            self.sink.push(
                Diagnostic::new(&rules::DUPLICATE_KEY, span, format!("the key `{name}` is given twice"))
                    .label("here again")
                    .related(*first, "first given here"),
            );
            *key = Key::Refused;
            return Some(());
        }
        if !merge {
            // An entry of a merge gives way to one that is written out, wherever it stands.
            if entries.len() > seen.len() {
                entries.retain(|entry| entry.key != name);
            }
            seen.insert(name.clone(), span);
        }
        *key = Key::Taken { name, span, merge };
        Some(())
    }

    fn refuse_complex_key(&mut self, span: Span) {
        if let Some(Frame::Mapping { key: Key::Wanted, .. }) = self.stack.last() {
            let message = "a mapping or a list cannot be a key";
            self.sink.push(Diagnostic::new(&rules::UNSUPPORTED_YAML, span, message));
        }
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> NodeValue {
        let tag = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
        let value = match (tag, style) {
            (Some("str"), _) | (None, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) => None,
            (None, ScalarStyle::Literal | ScalarStyle::Folded) => None,
            (Some("null" | "bool" | "int" | "float"), _) | (None, ScalarStyle::Plain) => core_scalar(&text),
            (Some(_), _) => None,
        };
        match value {
            Some(NodeValue::Float(number)) if !number.is_finite() => {
                let message = format!("`{text}` has no counterpart in JSON");
                self.sink.push(Diagnostic::new(&rules::UNSUPPORTED_YAML, span, message));
                NodeValue::Null
            }
            Some(value) => value,
            None => NodeValue::String(text.into_owned()),
        }
    }
}

impl Size {
    fn add(&mut self, count: usize, height: usize) {
        self.count += count;
        self.height = self.height.max(height);
    }
}

/// Brings in the entries of `<<`: a mapping, or a list of mappings of which the first wins.
fn merge(
    entries: &mut Vec<Entry>,
    seen: &HashMap<String, Span>,
    node: &Node,
    key: Span,
    sink: &mut Diagnostics,
) {
    let sources: &[Node] = if node.is_sequence() { node.items() } else { std::slice::from_ref(node) };
    if sources.iter().any(|source| !source.is_mapping()) {
        let message = "`<<` merges mappings only";
        sink.push(Diagnostic::new(&rules::UNSUPPORTED_YAML, key, message).help("give it `*an-alias`"));
        return;
    }
    let mut merged: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    for entry in sources.iter().flat_map(Node::entries) {
        if !seen.contains_key(&entry.key) && merged.insert(entry.key.clone()) {
            entries.push(entry.clone());
        }
    }
}

/// A scalar's span without the line breaks a block scalar takes along.
fn trimmed(span: Span, text: &str) -> Span {
    let inside = text.get(span.start..span.end).unwrap_or_default();
    Span { end: span.start + inside.trim_end().len(), ..span }
}

/// The parser counts characters; everything else counts bytes. `None` where the two are the same.
fn byte_offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect())
}
