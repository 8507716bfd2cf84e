//! Channels grouped by address into endpoints, with the topics, requests and broadcasts declared on them.

use super::document::{Document, entries, follow};
use super::node::{Entry, Node};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::channels as rules;
use crate::source::Span;

/// Extensions that make a channel the one that declares its endpoint.
const DECLARING: [&str; 5] = ["x-connection", "x-topics", "x-requests", "x-broadcasts", "x-state"];

/// One socket address.
#[derive(Debug)]
pub struct Endpoint<'a> {
    /// Path, always with a leading slash and without a query.
    pub address: String,
    /// Indices of its channels, in document order.
    pub channels: Vec<usize>,
    /// Index of the channel that carries our extensions, if one does.
    pub declaring: Option<usize>,
    /// The `x-connection` object.
    pub connection: Option<&'a Node>,
    /// Topics, from `x-topics` and from channels with `x-topic`.
    pub topics: Vec<Declared<'a>>,
    /// Requests, from `x-requests` and from operations with `x-request`.
    pub requests: Vec<Declared<'a>>,
    /// Broadcasts, from `x-broadcasts` and from operations with `x-broadcast`.
    pub broadcasts: Vec<Declared<'a>>,
    /// Retained state, from `x-state`.
    pub states: Vec<Declared<'a>>,
}

/// A topic, request or broadcast.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// Its name on the wire.
    pub name: &'a str,
    /// Where the name stands.
    pub name_span: Span,
    /// What is declared.
    pub node: &'a Node,
}

/// A path for a socket out of an address as people write it, and the query they put into it.
#[must_use]
pub(crate) fn split_address(written: Option<&str>) -> (String, Option<&str>) {
    let written = written.unwrap_or("/");
    let (path, query) = match written.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (written, None),
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    (path, query)
}

/// The path below which an endpoint's HTTP publishing and health stand: what `x-connection` says, else the address
/// without its last segment, and without anything from its first parameter on.
#[must_use]
pub(crate) fn http_base(connection: Option<&Node>, address: &str) -> String {
    if let Some(base) = connection.and_then(|connection| connection.get("http")?.as_str()) {
        return base.to_owned();
    }
    let fixed = address.find('{').map_or(address, |at| &address[..at]);
    fixed.rsplit_once('/').map_or("", |(base, _)| base).to_owned()
}

/// The endpoints of a document, in the order in which their addresses first occur.
pub(super) fn group<'a>(document: &Document<'a>, sink: &mut Diagnostics) -> Vec<Endpoint<'a>> {
    let mut endpoints: Vec<Endpoint<'a>> = Vec::new();
    for (at, channel) in document.channels.iter().enumerate().filter(|(_, channel)| !channel.is_http()) {
        let (address, _) = split_address(channel.node.get("address").and_then(Node::as_str));
        match endpoints.iter_mut().find(|endpoint| endpoint.address == address) {
            Some(endpoint) => endpoint.channels.push(at),
            None => endpoints.push(Endpoint {
                address,
                channels: vec![at],
                declaring: None,
                connection: None,
                topics: Vec::new(),
                requests: Vec::new(),
                broadcasts: Vec::new(),
                states: Vec::new(),
            }),
        }
    }
    for endpoint in &mut endpoints {
        declarations(document, endpoint, sink);
    }
    endpoints
}

fn declarations<'a>(document: &Document<'a>, endpoint: &mut Endpoint<'a>, sink: &mut Diagnostics) {
    for &at in &endpoint.channels {
        let channel = &document.channels[at];
        if let Some(node) = channel.node.get("x-topic").filter(|node| node.is_mapping()) {
            let id = channel.id.rsplit('.').next().unwrap_or(channel.id);
            endpoint.topics.push(named(node, id, channel.id_span));
        }
        if !DECLARING.iter().any(|key| channel.node.get(key).is_some()) {
            continue;
        }
        if let Some(first) = endpoint.declaring {
            let first = &document.channels[first];
            let message = format!(
                "`{}` and `{}` both declare the endpoint `{}`",
                first.id, channel.id, endpoint.address
            );
            sink.push(
                Diagnostic::new(&rules::CONFLICTING_ENDPOINT, channel.id_span, message)
                    .label("declared again here")
                    .related(first.id_span, "declared here"),
            );
            continue;
        }
        endpoint.declaring = Some(at);
        let connection = channel.node.get("x-connection");
        endpoint.connection = connection.and_then(|node| follow(document.references, node, sink));
        let mut read = |key| declared(document, entries(channel.node, key), sink);
        endpoint.topics.extend(read("x-topics"));
        endpoint.requests.extend(read("x-requests"));
        endpoint.broadcasts.extend(read("x-broadcasts"));
        endpoint.states.extend(read("x-state"));
    }
    for operation in &document.operations {
        if !operation.channel.is_some_and(|at| belongs(document, endpoint, at)) {
            continue;
        }
        for (key, list) in [("x-request", &mut endpoint.requests), ("x-broadcast", &mut endpoint.broadcasts)]
        {
            if let Some(node) = operation.parts.node.get(key).filter(|node| node.is_mapping()) {
                list.push(named(node, operation.id, operation.id_span));
            }
        }
    }
}

/// Whether a channel is the endpoint's, or a request of the endpoint's over plain HTTP.
fn belongs(document: &Document<'_>, endpoint: &Endpoint<'_>, at: usize) -> bool {
    let owner = document.channels[at].node.get("x-http").and_then(Node::as_str);
    endpoint.channels.contains(&at)
        || owner.is_some_and(|owner| endpoint.channels.iter().any(|at| document.channels[*at].id == owner))
}

fn declared<'a>(document: &Document<'a>, entries: &'a [Entry], sink: &mut Diagnostics) -> Vec<Declared<'a>> {
    let read = entries.iter().filter_map(|entry| {
        let node = follow(document.references, &entry.value, sink).filter(|node| node.is_mapping())?;
        Some(Declared { name: &entry.key, name_span: entry.key_span, node })
    });
    read.collect()
}

/// A single declaration is named by its `name`, else by what carries it.
fn named<'a>(node: &'a Node, id: &'a str, id_span: Span) -> Declared<'a> {
    match node.get("name") {
        Some(name) if name.as_str().is_some() => {
            Declared { name: name.as_str().unwrap_or(id), name_span: name.span, node }
        }
        _ => Declared { name: id, name_span: id_span, node },
    }
}
