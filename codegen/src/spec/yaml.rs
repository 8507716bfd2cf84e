//! YAML text to [`Node`]s: YAML 1.2 core scalars, one document, no recursion, everything bounded.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::node::{Entry, Node, NodeValue};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::document as rules;
use crate::source::{FileId, Span};

/// Deepest nesting accepted; later passes recurse over nodes and rely on it.
pub(crate) const MAX_DEPTH: usize = 100;

/// Most nodes a file may come to once its aliases are expanded.
const MAX_NODES: usize = 250_000;

/// Parses one file; `None` where nothing usable came out, which always comes with a diagnostic.
pub(super) fn parse(file: FileId, text: &str, sink: &mut Diagnostics) -> Option<Node> {
    let mut builder = Builder {
        file,
        text,
        offsets: byte_offsets(text),
        stack: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        documents: 0,
        root: None,
        sink,
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                let span = builder.span(span.start.index(), span.end.index());
                if builder.event(event, span).is_none() {
                    return None;
                }
            }
            Err(error) => {
                let at = builder.span(error.marker().index(), error.marker().index());
                let mut diagnostic = Diagnostic::new(&rules::INVALID_YAML, at, sentence(error.info()));
                diagnostic.help.extend(advice(error.info()).map(str::to_owned));
                builder.sink.push(diagnostic);
                return None;
            }
        }
    }
    if builder.root.is_none() {
        let at = Span::new(file, 0, 0);
        builder.sink.push(
            Diagnostic::new(&rules::INVALID_YAML, at, "the file is empty")
                .help("start with `asyncapi: 3.0.0`"),
        );
    }
    builder.root
}

/// The parser counts characters; everything else counts bytes. `None` where the two are the same.
fn byte_offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect())
}

/// The parser's own words, as the first line of a diagnostic.
fn sentence(info: &str) -> String {
    info.trim().trim_end_matches('.').to_owned()
}

/// What to do about the commonest of the parser's complaints.
fn advice(info: &str) -> Option<&'static str> {
    const ADVICE: [(&str, &str); 6] = [
        ("tab", "indent with spaces: YAML allows no tabs there"),
        ("block mapping", "look at the indentation: the keys of one mapping stand in one column"),
        ("block collection", "look at the indentation: the items of one list stand in one column"),
        ("mapping values are not allowed", "put text that contains `: ` in quotes"),
        ("simple key", "put text that contains `: ` in quotes, and a space after each `:`"),
        ("quoted scalar", "close the quotes"),
    ];
    ADVICE.iter().find(|(part, _)| info.contains(part)).map(|(_, advice)| *advice)
}

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

struct Builder<'a> {
    file: FileId,
    text: &'a str,
    offsets: Option<Vec<usize>>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Built>,
    nodes: usize,
    documents: usize,
    root: Option<Node>,
    sink: &'a mut Diagnostics,
}

impl Builder<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        let byte = |index: usize| match &self.offsets {
            Some(offsets) => offsets.get(index).copied().unwrap_or(self.text.len()),
            None => index.min(self.text.len()),
        };
        Span::new(self.file, byte(start), byte(end))
    }

    /// `None` stops the reading.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
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
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return self.too_large(built.node.span, format!("the file holds more than {MAX_NODES} values"));
        }
        if anchor > 0 {
            let copy = Built { node: built.node.clone(), ..built };
            self.anchors.insert(anchor, copy);
        }
        self.attach(built);
        Some(())
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

/// A plain scalar by the core schema of YAML 1.2; `None` is a string.
fn core_scalar(text: &str) -> Option<NodeValue> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(NodeValue::Null),
        "true" | "True" | "TRUE" => return Some(NodeValue::Bool(true)),
        "false" | "False" | "FALSE" => return Some(NodeValue::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Some(NodeValue::Float(f64::NAN)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(NodeValue::Float(f64::INFINITY));
    }
    let bounds = i128::from(i64::MIN)..=i128::from(u64::MAX);
    let radix =
        |digits: &str, radix| i128::from_str_radix(digits, radix).ok().filter(|value| bounds.contains(value));
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| !digits.starts_with(['-', '+'])) {
        return radix(digits, 16).map(NodeValue::Integer);
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| !digits.starts_with(['-', '+'])) {
        return radix(digits, 8).map(NodeValue::Integer);
    }
    // Rust also reads `inf`, `nan` and `1_000`, which are strings here.
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return None;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit()) {
        if let Some(value) = text.parse().ok().filter(|value| bounds.contains(value)) {
            return Some(NodeValue::Integer(value));
        }
    }
    text.parse().ok().map(NodeValue::Float)
}

/// A scalar's span without the line breaks a block scalar takes along.
fn trimmed(span: Span, text: &str) -> Span {
    let inside = text.get(span.start..span.end).unwrap_or_default();
    Span { end: span.start + inside.trim_end().len(), ..span }
}
