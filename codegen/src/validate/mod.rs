//! Rules that a document must keep, checked on the document as written; each file holds the rules of one subject.
//!
//! Every check reports and goes on, so that one run shows every mistake. The rules themselves, with severity and
//! remedy, stand in [`crate::rules`]; what schemas mean is checked while they are lowered.

mod channels;
mod components;
mod envelope;
pub(crate) mod examples;
mod extensions;
mod http;
mod limits;
pub(crate) mod messages;
mod names;
mod operations;
mod paths;
mod security;
mod state;
mod structure;
mod topics;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::document::UNSUPPORTED_VERSION;
use crate::source::{SourceMap, Span};
use crate::spec::{Document, Node, References};

/// One rule, or a few that look at the same thing.
type Check = fn(&Document<'_>, &mut Diagnostics);

const CHECKS: &[Check] = &[
    channels::addresses,
    channels::parameters,
    channels::bindings,
    channels::protocols,
    operations::messages_present,
    operations::replies,
    operations::greetings,
    operations::unsupported,
    messages::payloads,
    messages::content_types,
    messages::correlations,
    security::requirements,
    security::schemes,
    security::credentials,
    names::spelling,
    names::types,
    topics::params,
    topics::keys,
    topics::joined,
    topics::messages,
    topics::access,
    topics::labels,
    envelope::members,
    envelope::flat,
    state::sources,
    state::schemas,
    state::snapshots,
    extensions::closes,
    extensions::errors,
    paths::paths,
    paths::distinct_paths,
    http::reachable,
    http::parameters,
    http::replies,
    http::statuses,
    limits::connections,
    limits::replays,
    limits::topics,
    limits::stores,
    components::unused,
];

/// Checks every rule that needs the paired document.
pub(crate) fn document(document: &Document<'_>, sink: &mut Diagnostics) {
    for check in CHECKS {
        check(document, sink);
    }
}

/// Checks which members objects have and of what type they are.
pub(crate) fn structure(references: &References, sources: &SourceMap, sink: &mut Diagnostics) {
    structure::check(references, sources, sink);
}

/// Whether the document is written in a version that can be read; says so if not.
pub(crate) fn version(root: &Node, sink: &mut Diagnostics) -> bool {
    let Some(entry) = root.entry("asyncapi") else {
        let message = if root.entry("openapi").or_else(|| root.entry("swagger")).is_some() {
            "this is an OpenAPI document, not an AsyncAPI document"
        } else {
            "the document does not say that it is AsyncAPI"
        };
        let span = root.entries().first().map_or(root.span, |entry| entry.key_span);
        sink.push(
            Diagnostic::new(&UNSUPPORTED_VERSION, span, message).help("begin it with `asyncapi: 3.0.0`"),
        );
        return false;
    };
    let written = match entry.value.as_str() {
        Some(text) => text.to_owned(),
        None => entry.value.as_f64().map(|number| number.to_string()).unwrap_or_default(),
    };
    let mut parts = written.split('.');
    let supported = matches!((parts.next(), parts.next()), (Some("3"), Some("0" | "1")));
    if supported && entry.value.as_str().is_some() {
        return true;
    }
    sink.push(unsupported(&written, entry.value.span));
    false
}

fn unsupported(written: &str, span: Span) -> Diagnostic {
    let message = format!("AsyncAPI `{written}` is not supported");
    let diagnostic = Diagnostic::new(&UNSUPPORTED_VERSION, span, message).label("3.0.0 and 3.1.0 are");
    if written.starts_with("2.") || written == "2" || written.starts_with("1.") {
        diagnostic
            .help("convert the document with `npx @asyncapi/cli convert FILE --output FILE --target-version 3.0.0`")
            .help("most 2.x documents are written from the client's side: give `--perspective client` then")
    } else {
        diagnostic.help("write `asyncapi: 3.0.0`")
    }
}

/// `` `a`, `b` and `c` ``, for sentences that list what there is.
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => "nothing".into(),
    }
}
