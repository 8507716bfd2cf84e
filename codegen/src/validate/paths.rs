//! Paths on one server: of sockets, of retained state, of requests, and of what a server always has beside them.

use std::collections::BTreeMap;

use super::channels::socket_problem;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::channels::DUPLICATE_ADDRESS;
use crate::rules::extensions as rules;
use crate::source::Span;
use crate::spec::endpoint::http_base;
use crate::spec::{Document, Endpoint, Node};

/// Methods of requests.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(super) fn paths(document: &Document<'_>, sink: &mut Diagnostics) {
    for endpoint in &document.endpoints {
        if let Some(node) = endpoint.connection.and_then(|connection| connection.get("http"))
            && let Some(text) = node.as_str()
            && !(text.is_empty() || (is_path(text) && !text.ends_with('/')))
        {
            path(node, text, sink);
        }
        let states = endpoint.topics.iter().filter_map(|topic| topic.node.get("state")?.get("http"));
        let own = endpoint.states.iter().chain(&endpoint.broadcasts);
        let own = own.filter_map(|declared| declared.node.get("http"));
        for node in states.chain(own) {
            if let Some(text) = node.as_str().filter(|text| !is_path(text)) {
                path(node, text, sink);
            }
        }
        let requests = endpoint.requests.iter().filter_map(|request| request.node.get("http")?.get("path"));
        for node in requests {
            if let Some(text) = node.as_str().filter(|text| !is_template(text)) {
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

/// A path that may hold one `{parameter}` per segment, each of its own name.
fn is_template(text: &str) -> bool {
    let mut names: Vec<&str> = Vec::new();
    let named = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    for segment in text.split('/') {
        let Some((_, rest)) = segment.split_once('{') else { continue };
        let Some((name, tail)) = rest.split_once('}') else { return false };
        if !named(name) || tail.contains(['{', '}']) || names.contains(&name) {
            return false;
        }
        names.push(name);
    }
    is_path(&text.replace(['{', '}'], "-"))
}

/// What stands at the address of an endpoint, and below it.
const SOCKET: &str = "the address of a socket";
const BELOW: [(&str, &str, &str); 2] = [
    ("asyncapi", "the docs page", "where the docs page is"),
    ("asyncapi.json", "the AsyncAPI document", "where the AsyncAPI document is"),
];

/// Who has a path already: something declared at this place, or the server itself, maybe for an endpoint that is.
enum Owner {
    Server(&'static str, Option<Span>),
    Declared(&'static str, Span),
}

/// One method of a path, the path's parameters without their names.
type Place = (&'static str, String);

type Owners = BTreeMap<Place, Owner>;

pub(super) fn distinct_paths(document: &Document<'_>, sink: &mut Diagnostics) {
    let mut owners = served(document);
    addresses(document, &mut owners, sink);
    for endpoint in &document.endpoints {
        let health = format!("{}/health", http_base(endpoint.connection, &endpoint.address));
        for topic in &endpoint.topics {
            let node = topic.node.get("state").and_then(|state| state.get("http"));
            claim(&mut owners, node, "GET", "topic", sink);
        }
        for store in &endpoint.states {
            claim(&mut owners, store.node.get("http"), "GET", "retained state", sink);
        }
        for broadcast in &endpoint.broadcasts {
            claim(&mut owners, broadcast.node.get("http"), "GET", "broadcast", sink);
        }
        for request in &endpoint.requests {
            let Some(http) = request.node.get("http") else { continue };
            let method = http.get("method").and_then(Node::as_str).unwrap_or("POST");
            let Some(method) = METHODS.into_iter().find(|known| *known == method) else { continue };
            // What a request says at the place of `/health` joins what the server says there.
            let place = (method, http.get("path").and_then(Node::as_str).unwrap_or_default().to_owned());
            let is_health = place.0 == "GET" && (place.1 == health || place.1 == "/health");
            if is_health && matches!(owners.get(&place), Some(Owner::Server(..))) {
                owners.remove(&place);
            }
            claim(&mut owners, http.get("path"), method, "request", sink);
        }
    }
}

/// Takes a path, or says who has it.
fn claim(
    owners: &mut Owners,
    node: Option<&Node>,
    method: &'static str,
    kind: &'static str,
    sink: &mut Diagnostics,
) {
    let Some((node, text)) = node.and_then(|node| Some((node, node.as_str()?))) else { return };
    let place = (method, structure(text));
    let diagnostic = match owners.get(&place) {
        None => {
            owners.insert(place, Owner::Declared(kind, node.span));
            return;
        }
        Some(Owner::Server(what, endpoint)) => {
            let message = format!("`{text}` is {what}");
            let diagnostic = Diagnostic::new(&rules::DUPLICATE_HTTP_PATH, node.span, message);
            match endpoint {
                Some(endpoint) => diagnostic.related(*endpoint, "this endpoint's"),
                None => diagnostic,
            }
        }
        Some(Owner::Declared(other, first)) => {
            let message = if *other == kind {
                format!("two {kind}s have the path `{text}`")
            } else {
                format!("a {other} has the path `{text}`")
            };
            Diagnostic::new(&rules::DUPLICATE_HTTP_PATH, node.span, message).related(*first, "taken here")
        }
    };
    sink.push(diagnostic);
}

/// A path without the names of its parameters.
fn structure(path: &str) -> String {
    let mut parts = path.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("{}");
        out.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    out
}

/// What a server has by itself.
fn served(document: &Document<'_>) -> Owners {
    let mut owners = Owners::new();
    let mut add = |method, path: &str, what| {
        owners.insert((method, path.to_owned()), Owner::Server(what, None));
    };
    add("GET", "/metrics", "where the server's metrics are");
    let health = "where the server says how it is";
    add("GET", "/health", health);
    for endpoint in &document.endpoints {
        let base = http_base(endpoint.connection, &endpoint.address);
        add("GET", &format!("{base}/health"), health);
        add("POST", &format!("{base}/publish"), "where back ends publish");
    }
    owners
}

/// Takes the addresses of all endpoints, then what stands below each: a server that finds something else at one of
/// these places does not start.
fn addresses(document: &Document<'_>, owners: &mut Owners, sink: &mut Diagnostics) {
    let mut settled: Vec<(&Endpoint<'_>, Span)> = Vec::new();
    for endpoint in &document.endpoints {
        let address = &endpoint.address;
        let written = written(document, endpoint).filter(|_| socket_problem(address).is_none());
        let Some(span) = written else { continue };
        if let Some((what, first)) = settle(owners, span, address, SOCKET) {
            let but = if what == SOCKET { ", whatever its parameters are called" } else { "" };
            sink.push(duplicate(span, format!("`{address}` is {what}{but}"), first));
        } else {
            settled.push((endpoint, span));
        }
    }
    for (endpoint, span) in settled {
        let address = &endpoint.address;
        let taken = BELOW.into_iter().find_map(|(name, thing, what)| {
            let path = format!("{}/{name}", address.trim_end_matches('/'));
            let (what, first) = settle(owners, span, &path, what)?;
            Some((format!("{thing} of `{address}` would be at `{path}`, which is {what}"), first))
        });
        if let Some((message, first)) = taken {
            sink.push(duplicate(span, message, first));
        }
    }
}

/// Where an endpoint's address is written.
fn written(document: &Document<'_>, endpoint: &Endpoint<'_>) -> Option<Span> {
    let channel = &document.channels[*endpoint.channels.first()?];
    Some(channel.node.get("address").map_or(channel.id_span, |address| address.span))
}

/// Takes a path of an endpoint, or gives what the server has there.
fn settle(
    owners: &mut Owners,
    span: Span,
    path: &str,
    own: &'static str,
) -> Option<(&'static str, Option<Span>)> {
    let place = ("GET", structure(path));
    if let Some(Owner::Server(what, first)) = owners.get(&place) {
        return Some((*what, *first));
    }
    owners.insert(place, Owner::Server(own, Some(span)));
    None
}

fn duplicate(span: Span, message: String, first: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::new(&DUPLICATE_ADDRESS, span, message);
    match first {
        Some(first) => diagnostic.related(first, "this endpoint's"),
        None => diagnostic,
    }
}
