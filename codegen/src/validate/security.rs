//! Security: requirements of servers, and the schemes they name.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::security as rules;
use crate::source::Span;
use crate::spec::document::entries;
use crate::spec::shape::one_of;
use crate::spec::{Document, Node};

/// Name and node of every requirement of a server, with the server's key and node.
fn required<'a>(document: &Document<'a>) -> Vec<(&'a str, &'a Node, &'a Node)> {
    let servers = entries(document.root, "servers").iter();
    let servers = servers
        .filter_map(|entry| Some((entry.key.as_str(), document.references.resolve(&entry.value).ok()?.node)));
    let listed = servers.flat_map(|(name, server)| {
        let items = server.get("security").map_or(&[][..], Node::items);
        items.iter().map(move |item| (name, server, item))
    });
    listed.collect()
}

pub(super) fn requirements(document: &Document<'_>, sink: &mut Diagnostics) {
    for (server, _, item) in required(document) {
        let Ok(resolved) = document.references.step(item) else { continue };
        let known = resolved.location.as_ref().is_some_and(|at| at.component("securitySchemes").is_some());
        if known {
            continue;
        }
        let span = item.reference().map_or(start_of(item), |target| target.span);
        let message = format!("the server `{server}` asks for a security scheme without a name");
        let diagnostic = Diagnostic::new(&rules::UNKNOWN_SECURITY_SCHEME, span, message);
        let first = entries(document.root, "components").iter().find(|entry| entry.key == "securitySchemes");
        let schemes = first.map_or(&[][..], |entry| entry.value.entries());
        sink.push(match schemes {
            [] => diagnostic,
            [entry, ..] => {
                diagnostic.help(format!("write `- $ref: '#/components/securitySchemes/{}'`", entry.key))
            }
        });
    }
}

fn start_of(node: &Node) -> Span {
    node.entries().first().map_or(node.span, |entry| entry.key_span)
}

pub(super) fn schemes(document: &Document<'_>, sink: &mut Diagnostics) {
    let components = document.root.get("components");
    for entry in components.map_or(&[][..], |node| entries(node, "securitySchemes")) {
        let Some(scheme) = document.follow(&entry.value, sink) else { continue };
        let Some(kind) = scheme.get("type") else { continue };
        match kind.as_str().unwrap_or_default() {
            "apiKey" => api_key(scheme, &entry.key, sink),
            "httpApiKey" => {
                needs(scheme, &["name", "in"], &entry.key, entry.key_span, sink);
                place(scheme, &entry.key, sink);
            }
            "http" => needs(scheme, &["scheme"], &entry.key, entry.key_span, sink),
            "oauth2" => needs(scheme, &["flows"], &entry.key, entry.key_span, sink),
            "openIdConnect" => needs(scheme, &["openIdConnectUrl"], &entry.key, entry.key_span, sink),
            "" => {}
            other => {
                let message = format!("a WebSocket handshake cannot carry `{other}`");
                sink.push(Diagnostic::new(&rules::UNSUPPORTED_SECURITY_SCHEME, kind.span, message));
            }
        }
    }
}

/// `apiKey` is for brokers, with the key in place of user or password.
fn api_key(scheme: &Node, name: &str, sink: &mut Diagnostics) {
    let Some(place) = scheme.get("in") else { return };
    let text = place.as_str().unwrap_or_default();
    if matches!(text, "user" | "password") {
        return;
    }
    let message = format!("`apiKey` cannot stand in `{text}`");
    let diagnostic = Diagnostic::new(&rules::API_KEY_SCHEME_MISUSED, place.span, message);
    let kind = scheme.get("type").map_or(place.span, |kind| kind.span);
    let key = scheme.get("name").and_then(Node::as_str).unwrap_or(name);
    sink.push(
        diagnostic
            .related(kind, "this type is for a broker's user or password")
            .help(format!("write `type: httpApiKey`, `name: {key}`, `in: {text}`")),
    );
}

fn needs(scheme: &Node, fields: &[&str], name: &str, span: Span, sink: &mut Diagnostics) {
    for field in fields.iter().filter(|field| scheme.get(field).is_none()) {
        let kind = scheme.get("type").and_then(Node::as_str).unwrap_or_default();
        let message = format!("the security scheme `{name}` lacks `{field}`");
        sink.push(
            Diagnostic::new(&rules::INCOMPLETE_SECURITY_SCHEME, span, message)
                .help(format!("`type: {kind}` needs {}", super::listed(fields.iter().copied()))),
        );
    }
}

fn place(scheme: &Node, name: &str, sink: &mut Diagnostics) {
    const PLACES: [&str; 3] = ["query", "header", "cookie"];
    let Some(node) = scheme.get("in") else { return };
    let Some(text) = node.as_str().filter(|text| !PLACES.contains(text)) else { return };
    let message = format!("the key of `{name}` cannot stand in `{text}`");
    sink.push(
        Diagnostic::new(&rules::INCOMPLETE_SECURITY_SCHEME, node.span, message)
            .help(format!("it may stand in {}", one_of(&PLACES))),
    );
}

pub(super) fn credentials(document: &Document<'_>, sink: &mut Diagnostics) {
    let mut last = "";
    for (name, server, item) in required(document) {
        let text = |key| server.get(key).and_then(Node::as_str).unwrap_or_default();
        let plain = matches!(text("protocol"), "ws" | "http");
        if !plain || is_local(text("host")) || name == last {
            continue;
        }
        last = name;
        let Some(protocol) = server.get("protocol") else { continue };
        let message = format!("the server `{name}` takes credentials over an open connection");
        let span = item.reference().map_or(item.span, |target| target.span);
        sink.push(
            Diagnostic::new(&rules::INSECURE_CREDENTIALS, protocol.span, message)
                .label("not encrypted")
                .related(span, "credentials are asked for here"),
        );
    }
}

fn is_local(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
    name == "localhost"
        || name.ends_with(".localhost")
        || name.starts_with("127.")
        || matches!(name, "[::1]" | "0.0.0.0")
}
