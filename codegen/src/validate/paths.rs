//! HTTP paths: of retained state, and of what a server always has beside its sockets.

use std::collections::BTreeMap;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::extensions as rules;
use crate::source::Span;
use crate::spec::endpoint::http_base;
use crate::spec::{Document, Node};

pub(super) fn paths(document: &Document<'_>, sink: &mut Diagnostics) {
    for endpoint in &document.endpoints {
        if let Some(node) = endpoint.connection.and_then(|connection| connection.get("http"))
            && let Some(text) = node.as_str()
            && !(text.is_empty() || (is_path(text) && !text.ends_with('/')))
        {
            path(node, text, sink);
        }
        let states = endpoint.topics.iter().filter_map(|topic| topic.node.get("state")?.get("http"));
        for node in states {
            if let Some(text) = node.as_str().filter(|text| !is_path(text)) {
                path(node, text, sink);
            }
        }
    }
}

fn path(node: &Node, text: &str, sink: &mut Diagnostics) {
    let message = format!("`{text}` is no path");
    let diagnostic = Diagnostic::new(&rules::INVALID_HTTP_PATH, node.span, message);
    let better = format!("/{}", text.trim_matches('/'));
    sink.push(if is_path(&better) && better != text && better != "/" {
        diagnostic.help(format!("write `{better}`"))
    } else {
        diagnostic
    });
}

fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && !text.contains("//")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b))
}

/// Who has a path already: another topic, at this place, or the server itself.
enum Owner {
    Server(&'static str),
    Topic(Span),
}

pub(super) fn distinct_paths(document: &Document<'_>, sink: &mut Diagnostics) {
    let mut owners = served(document);
    for topic in document.endpoints.iter().flat_map(|endpoint| &endpoint.topics) {
        let Some(node) = topic.node.get("state").and_then(|state| state.get("http")) else { continue };
        let Some(text) = node.as_str() else { continue };
        let diagnostic = match owners.get(text) {
            None => {
                owners.insert(text.to_owned(), Owner::Topic(node.span));
                continue;
            }
            Some(Owner::Server(what)) => {
                let message = format!("`{text}` is {what}");
                Diagnostic::new(&rules::DUPLICATE_HTTP_PATH, node.span, message)
            }
            Some(Owner::Topic(first)) => {
                let message = format!("two topics have the path `{text}`");
                Diagnostic::new(&rules::DUPLICATE_HTTP_PATH, node.span, message).related(*first, "taken here")
            }
        };
        sink.push(diagnostic);
    }
}

/// What a server has by itself.
fn served(document: &Document<'_>) -> BTreeMap<String, Owner> {
    let mut owners =
        BTreeMap::from([("/metrics".to_owned(), Owner::Server("where the server's metrics are"))]);
    for endpoint in &document.endpoints {
        let address = endpoint.address.trim_end_matches('/');
        let base = http_base(endpoint.connection, &endpoint.address);
        owners.extend([
            (endpoint.address.clone(), Owner::Server("the address of a socket")),
            (format!("{address}/asyncapi"), Owner::Server("where the docs page is")),
            (format!("{address}/asyncapi.json"), Owner::Server("where the AsyncAPI document is")),
            (format!("{base}/health"), Owner::Server("where the server says how it is")),
            (format!("{base}/publish"), Owner::Server("where back ends publish")),
        ]);
    }
    owners
}
