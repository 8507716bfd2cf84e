//! `$ref`: reading the files a document leads to, and finding what a reference means.
//!
//! All files are read first, so that resolving borrows nodes and needs no reader. A file that cannot be read is a
//! mistake only once a reference is really followed: a `$ref` inside an example is just text.

use std::collections::{HashMap, VecDeque};
use std::path::{Component, Path, PathBuf};

use super::node::Node;
use super::pointer;
use super::suggestions::{existing, suggestion};
use super::yaml;
use crate::FileReader;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::document::{DOCUMENT_TOO_LARGE, UNREADABLE_FILE};
use crate::rules::references::{INVALID_REFERENCE, REFERENCE_CYCLE, REFERENCE_NOT_FOUND};
use crate::source::{FileId, SourceMap, Span};

/// Most files one document may lead to.
const MAX_FILES: usize = 200;

/// Longest chain of references that is followed.
const MAX_HOPS: usize = 64;

/// The canonical place of a value: equal for all references to one thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The file it stands in.
    pub file: FileId,
    /// JSON pointer within the file, `~0`/`~1` escaped, empty for the whole file.
    pub pointer: String,
}

impl Location {
    /// The unescaped name of the member it points to: `Bar` of `/components/schemas/Bar`.
    #[must_use]
    pub fn name(&self) -> String {
        pointer::unescape(self.pointer.rsplit('/').next().unwrap_or_default())
    }

    /// The name, if it is a component of `section` (`schemas`, `messages`, …) of the document itself.
    #[must_use]
    pub fn component(&self, section: &str) -> Option<String> {
        let rest = self.pointer.strip_prefix("/components/")?.strip_prefix(section)?.strip_prefix('/')?;
        (self.file == FileId::default() && !rest.contains('/')).then(|| pointer::unescape(rest))
    }

    /// Section and name of the component that it is, or is part of.
    #[must_use]
    pub fn component_path(&self) -> Option<(String, String)> {
        let mut tokens = self.pointer.strip_prefix("/components/")?.split('/');
        Some((pointer::unescape(tokens.next()?), pointer::unescape(tokens.next()?)))
    }

    /// The place of a member or item of this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        Self { file: self.file, pointer: format!("{}/{}", self.pointer, pointer::escape(name)) }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "#{}", self.pointer)
    }
}

/// What a reference means.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved<'a> {
    /// The value.
    pub node: &'a Node,
    /// Its place; `None` where the node that was asked about is no reference but the value itself.
    pub location: Option<Location>,
    /// How the pointer should have been written, where it left a `/` inside a name unescaped.
    pub escaped: Option<String>,
}

/// Every file that belongs to a document, and the way from references to values.
#[derive(Debug, Clone)]
pub struct References {
    /// Keyed by normalised path.
    by_path: HashMap<PathBuf, Result<FileId, String>>,
    /// By number of the file: its path and what it holds.
    documents: Vec<(PathBuf, Option<Node>)>,
    ids: Vec<FileId>,
}

impl References {
    /// Reads a document and all files its references lead to.
    ///
    /// Files that hold no YAML are reported here; files that cannot be read when they are asked for, except the
    /// document itself. `None` where the document itself gives nothing to work on.
    pub fn read(
        path: &Path,
        reader: &dyn FileReader,
        sources: &mut SourceMap,
        sink: &mut Diagnostics,
    ) -> Option<Self> {
        let mut references = Self { by_path: HashMap::new(), documents: Vec::new(), ids: Vec::new() };
        let mut queue = VecDeque::from([normalise(path)]);
        while let Some(next) = queue.pop_front() {
            if references.by_path.contains_key(&next) {
                continue;
            }
            let outcome = if references.by_path.len() < MAX_FILES {
                reader.read(&next).map_err(|error| error.to_string())
            } else {
                Err(format!("the document already leads to {MAX_FILES} files"))
            };
            let outcome = outcome.map(|text| {
                let file = sources.add(next.clone(), text);
                let root = yaml::parse(file, sources.text(file), sink);
                if let Some(root) = &root {
                    each_reference(root, &mut |target| queue.extend(target_file(&next, target)));
                }
                references.documents.push((next.clone(), root));
                references.ids.push(file);
                file
            });
            if let (true, Err(error)) = (references.documents.is_empty(), &outcome) {
                let file = sources.add(next.clone(), "");
                let message = format!("`{}` cannot be read: {error}", path.display());
                sink.push(Diagnostic::new(&UNREADABLE_FILE, Span::new(file, 0, 0), message));
                return None;
            }
            references.by_path.insert(next, outcome);
        }
        references.documents.first()?.1.is_some().then_some(references)
    }

    /// The document itself.
    #[must_use]
    #[expect(clippy::expect_used, reason = "`read` gives no value without a parsed first file")]
    pub fn root(&self) -> &Node {
        self.documents[0].1.as_ref().expect("the first file is parsed")
    }

    /// The same, to be completed before it is read.
    #[expect(clippy::expect_used, reason = "`read` gives no value without a parsed first file")]
    pub(super) fn root_mut(&mut self) -> &mut Node {
        self.documents[0].1.as_mut().expect("the first file is parsed")
    }

    /// What every file holds that could be read, the document itself first.
    pub fn roots(&self) -> impl Iterator<Item = &Node> {
        self.documents.iter().filter_map(|(_, root)| root.as_ref())
    }

    /// The value at a place.
    #[must_use]
    pub fn at(&self, location: &Location) -> Option<&Node> {
        let mut node = self.document(location.file)?;
        for token in location.pointer.split('/').skip(1) {
            node = pointer::child(node, &pointer::unescape(token))?;
        }
        Some(node)
    }

    /// Follows a reference to the value it finally means; anything else means itself.
    ///
    /// # Errors
    /// A ready diagnostic: malformed, not found (with the nearest name), going in circles, or on and on.
    pub fn resolve<'a>(&'a self, node: &'a Node) -> Result<Resolved<'a>, Box<Diagnostic>> {
        let mut resolved = Resolved { node, location: None, escaped: None };
        let mut seen: Vec<Location> = Vec::new();
        while resolved.node.reference().is_some() {
            let next = self.step(resolved.node)?;
            let location = next.location.clone();
            if location.as_ref().is_some_and(|location| seen.contains(location)) {
                return Err(self.cycle(node, &seen));
            }
            if seen.len() >= MAX_HOPS {
                return Err(Box::new(chain(node)));
            }
            seen.extend(location);
            let escaped = resolved.escaped.or(next.escaped);
            resolved = Resolved { node: next.node, location: next.location, escaped };
        }
        Ok(resolved)
    }

    /// Follows one reference by one step: what it names may be a reference again. This is how to learn under which
    /// key a channel lists a message that it takes from the components.
    ///
    /// # Errors
    /// As [`References::resolve`].
    pub fn step<'a>(&'a self, node: &'a Node) -> Result<Resolved<'a>, Box<Diagnostic>> {
        self.step_within(node, MAX_HOPS)
    }

    fn step_within<'a>(&'a self, node: &'a Node, hops: usize) -> Result<Resolved<'a>, Box<Diagnostic>> {
        let Some(target) = node.reference() else {
            return Ok(Resolved { node, location: None, escaped: None });
        };
        let written = target.as_str().unwrap_or_default();
        let (file, fragment) = written.split_once('#').unwrap_or((written, ""));
        let file = self.file(target, file)?;
        let root = self.document(file).ok_or_else(|| {
            // The mistake inside the file has been reported where it is.
            Box::new(not_found(target, format!("`{written}` is not usable")).help("mend that file first"))
        })?;
        let Some(tokens) = pointer::tokens(fragment) else {
            let message = format!("`{written}` is no valid reference");
            return Err(Box::new(
                Diagnostic::new(&INVALID_REFERENCE, target.span, message)
                    .label("what follows `#` must begin with `/`"),
            ));
        };
        let found = self.walk(Location { file, pointer: String::new() }, root, &tokens, hops);
        let Some((node, location, joined)) = found else {
            return Err(Box::new(self.nothing_there(target, written, root, &tokens)));
        };
        let escaped = joined.then(|| {
            let file = written.split_once('#').map_or(written, |(file, _)| file);
            format!("{file}{location}")
        });
        Ok(Resolved { node, location: Some(location), escaped })
    }

    /// The file a reference in `target`'s file names; empty is that file itself.
    fn file(&self, target: &Node, name: &str) -> Result<FileId, Box<Diagnostic>> {
        if name.is_empty() {
            return Ok(target.span.file);
        }
        if name.contains("://") {
            let message = format!("`{name}` is on the network, and references are never fetched");
            return Err(Box::new(
                Diagnostic::new(&INVALID_REFERENCE, target.span, message)
                    .help("save it beside the document and refer to the copy by its path"),
            ));
        }
        let base = self.path(target.span.file);
        let path = normalise(&base.parent().unwrap_or(Path::new("")).join(decoded(name)));
        match self.by_path.get(&path) {
            Some(Ok(file)) => Ok(*file),
            Some(Err(error)) => {
                let diagnostic = not_found(target, format!("`{name}` cannot be read: {error}"));
                let bare = !name.contains(['.', '/']);
                Err(Box::new(if bare {
                    diagnostic.help(format!("a component of this document is `#/components/schemas/{name}`"))
                } else {
                    diagnostic.help(format!(
                        "paths start at the folder of the file they stand in: `{}`",
                        show(base)
                    ))
                }))
            }
            None => Err(Box::new(not_found(target, format!("`{name}` was not read")))),
        }
    }

    fn path(&self, file: FileId) -> &Path {
        let at = self.ids.iter().position(|id| *id == file);
        at.map_or(Path::new(""), |at| &self.documents[at].0)
    }

    fn document(&self, file: FileId) -> Option<&Node> {
        let at = self.ids.iter().position(|id| *id == file)?;
        self.documents[at].1.as_ref()
    }

    /// Walks a pointer, through references on the way, joining tokens where a name holds an unescaped `/`. Tells
    /// whether it had to join.
    fn walk<'a>(
        &'a self,
        location: Location,
        node: &'a Node,
        tokens: &[String],
        hops: usize,
    ) -> Option<(&'a Node, Location, bool)> {
        if tokens.is_empty() {
            return Some((node, location, false));
        }
        for taken in 1..=tokens.len().min(8) {
            let name = tokens[..taken].join("/");
            if let Some(child) = pointer::child(node, &name) {
                let found = self.walk(location.child(&name), child, &tokens[taken..], hops)?;
                return Some((found.0, found.1, found.2 || taken > 1));
            }
        }
        if node.reference().is_some() && hops > 0 {
            let through = self.step_within(node, hops - 1).ok()?;
            return self.walk(through.location?, through.node, tokens, hops - 1);
        }
        None
    }

    fn nothing_there(&self, target: &Node, written: &str, root: &Node, tokens: &[String]) -> Diagnostic {
        let diagnostic = not_found(target, format!("`{written}` does not exist")).label("nothing is there");
        let file = written.split_once('#').map_or(written, |(file, _)| file);
        match suggestion(root, tokens) {
            Some(pointer) => diagnostic.help(format!("did you mean `{file}#{pointer}`?")),
            None => match existing(root, tokens) {
                Some(names) => diagnostic.help(names),
                None => diagnostic,
            },
        }
    }

    fn cycle(&self, node: &Node, chain: &[Location]) -> Box<Diagnostic> {
        let target = node.reference().unwrap_or(node);
        let written = target.as_str().unwrap_or_default();
        let message = format!("`{written}` leads back to itself");
        let mut diagnostic = Diagnostic::new(&REFERENCE_CYCLE, target.span, message);
        for place in chain.iter().take(4) {
            if let Some(next) =
                self.at(place).and_then(Node::reference).filter(|next| next.span != target.span)
            {
                diagnostic = diagnostic.related(next.span, "which refers on");
            }
        }
        Box::new(diagnostic)
    }
}

fn chain(node: &Node) -> Diagnostic {
    let target = node.reference().unwrap_or(node);
    let written = target.as_str().unwrap_or_default();
    let message = format!("`{written}` is the first of a chain of more than {MAX_HOPS} references");
    Diagnostic::new(&DOCUMENT_TOO_LARGE, target.span, message).help("refer to what the last of them names")
}

fn not_found(target: &Node, message: String) -> Diagnostic {
    Diagnostic::new(&REFERENCE_NOT_FOUND, target.span, message)
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

fn each_reference(node: &Node, visit: &mut dyn FnMut(&str)) {
    if let Some(target) = node.reference().and_then(Node::as_str) {
        visit(target);
    }
    for entry in node.entries() {
        each_reference(&entry.value, visit);
    }
    for item in node.items() {
        each_reference(item, visit);
    }
}

/// The file a reference leads to, if it is another one.
fn target_file(base: &Path, target: &str) -> Option<PathBuf> {
    let file = target.split('#').next().unwrap_or_default();
    (!file.is_empty() && !file.contains("://"))
        .then(|| normalise(&base.parent().unwrap_or(Path::new("")).join(decoded(file))))
}

fn decoded(file: &str) -> String {
    pointer::percent_decode(file).unwrap_or_else(|| file.to_owned())
}

/// Without `.` and with `..` taken back where it can be: two spellings of one file are one file.
fn normalise(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
