//! YAML text to [`Node`]s: YAML 1.2 core scalars, one document, no recursion, everything bounded.

mod builder;
mod scalars;

use saphyr_parser::Parser;

use super::node::Node;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::document as rules;
use crate::source::{FileId, Span};
use builder::Builder;

/// Deepest nesting accepted; later passes recurse over nodes and rely on it.
pub(crate) const MAX_DEPTH: usize = 100;

/// Most nodes a file may come to once its aliases are expanded.
const MAX_NODES: usize = 250_000;

/// Parses one file; `None` where nothing usable came out, which always comes with a diagnostic.
pub(super) fn parse(file: FileId, text: &str, sink: &mut Diagnostics) -> Option<Node> {
    let mut builder = Builder::new(file, text, sink);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                let span = builder.span(span.start.index(), span.end.index());
                builder.event(event, span)?;
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
