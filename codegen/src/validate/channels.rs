//! Channels: addresses, their parameters, bindings, servers' protocols.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::rules::channels as rules;
use crate::spec::document::{Channel, entries};
use crate::spec::endpoint::split_address;
use crate::spec::shape::one_of;
use crate::spec::{Document, Node};

/// Members of the `ws` binding of a channel.
const WS_BINDING: [&str; 4] = ["method", "query", "headers", "bindingVersion"];

/// Most parameters of an address.
const MAX_PARAMETERS: usize = 25;

pub(super) fn addresses(document: &Document<'_>, sink: &mut Diagnostics) {
    for channel in &document.channels {
        let Some(node) = channel.node.get("address") else { continue };
        let Some(written) = node.as_str() else { continue };
        let problem = if channel.is_http() { problem(written) } else { socket_problem(written) };
        if let Some((problem, help)) = problem {
            let message = format!("`{written}` is no address: {problem}");
            sink.push(Diagnostic::new(&rules::INVALID_ADDRESS, node.span, message).help(help));
            continue;
        }
        let (path, query) = split_address(Some(written));
        if query.is_some() {
            let message = format!("the address of `{}` carries a query", channel.id);
            sink.push(
                Diagnostic::new(&rules::QUERY_IN_ADDRESS, node.span, message)
                    .label(format!("read as `{path}`")),
            );
        } else if !written.starts_with('/') {
            let message = format!("the address of `{}` does not begin with `/`", channel.id);
            sink.push(
                Diagnostic::new(&rules::ADDRESS_WITHOUT_SLASH, node.span, message)
                    .help(format!("it is read as `{path}`")),
            );
        }
        let mut seen: Vec<&str> = Vec::new();
        for name in expressions(written) {
            if seen.contains(&name) {
                let message = format!("`{{{name}}}` stands twice in one address");
                sink.push(Diagnostic::new(&rules::DUPLICATE_ADDRESS_PARAMETER, node.span, message));
            }
            seen.push(name);
        }
    }
}

/// What makes an address unusable, and what to do.
fn problem(written: &str) -> Option<(&'static str, &'static str)> {
    if written.contains("://") {
        return Some((
            "it is a whole URL",
            "put the host under `servers`, and only the path here: `/api/v1/ws`",
        ));
    }
    if let Some(bad) =
        written.chars().find(|c| c.is_whitespace() || c.is_control() || "#\\\"<>^`|*".contains(*c))
    {
        return Some(match bad {
            ' ' => ("it contains a space", "write spaces as `%20`, or leave them out"),
            '#' => ("it contains `#`, which never reaches a server", "leave out what follows the `#`"),
            _ => (
                "it contains a character that paths cannot have",
                "use letters, digits, `-`, `_`, `.` and `/`",
            ),
        });
    }
    let (path, _) = split_address(Some(written));
    if path.len() > 1 && path.contains("//") {
        return Some(("it contains an empty segment", "write one `/` between segments"));
    }
    let mut open = false;
    for c in written.chars() {
        match c {
            '{' if open => return Some(("`{` within `{…}`", "close each `{` before the next")),
            '}' if !open => return Some(("`}` without `{`", "write parameters as `{name}`")),
            '{' => open = true,
            '}' => open = false,
            _ => {}
        }
    }
    if open {
        return Some(("`{` is never closed", "write parameters as `{name}`"));
    }
    let named = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    if expressions(written).any(|name| !named(name)) {
        return Some((
            "a parameter has no usable name",
            "write parameters as `{name}`: letters, digits, `_`, `-`",
        ));
    }
    path.split('/')
        .any(|segment| segment.matches('{').count() > 1)
        .then_some(("a segment has two parameters", "put a `/` between them"))
}

/// What makes an address unusable for a socket, whose paths a server routes otherwise than those of requests.
pub(super) fn socket_problem(written: &str) -> Option<(&'static str, &'static str)> {
    let (path, _) = split_address(Some(written));
    problem(written).or_else(|| unroutable(&path))
}

/// What the router of a server does not take.
fn unroutable(path: &str) -> Option<(&'static str, &'static str)> {
    if path.split('/').any(|segment| segment.contains('}') && !segment.ends_with('}')) {
        return Some(("a segment goes on behind its parameter", "put a `/` between them"));
    }
    if path.contains("/:") {
        return Some(("a segment begins with `:`", "write parameters as `{name}`"));
    }
    (path.matches('{').count() > MAX_PARAMETERS)
        .then_some(("it has more than 25 parameters", "put the others into the query"))
}

/// Names between braces.
fn expressions(address: &str) -> impl Iterator<Item = &str> {
    address.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

pub(super) fn parameters(document: &Document<'_>, sink: &mut Diagnostics) {
    for channel in &document.channels {
        let written = channel.node.get("address").and_then(Node::as_str).unwrap_or("/");
        let names: Vec<&str> = expressions(written).collect();
        let declared = entries(channel.node, "parameters");
        for entry in declared {
            if !names.contains(&entry.key.as_str()) {
                let message = format!("the address `{written}` has no parameter `{}`", entry.key);
                let diagnostic =
                    Diagnostic::new(&rules::PARAMETER_WITHOUT_EXPRESSION, entry.key_span, message);
                sink.push(match nearest(&entry.key, names.iter().copied()) {
                    Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
                    None => diagnostic.help(format!(
                        "put `{{{}}}` into the address, or describe it under `bindings.ws.query`",
                        entry.key
                    )),
                });
            }
            if let Some(parameter) = document.follow(&entry.value, sink) {
                default_in_enum(parameter, &entry.key, sink);
            }
        }
        undeclared(channel, written, sink);
    }
}

fn default_in_enum(parameter: &Node, name: &str, sink: &mut Diagnostics) {
    let (Some(default), Some(values)) = (parameter.get("default"), parameter.get("enum")) else { return };
    let values: Vec<&str> = values.items().iter().filter_map(Node::as_str).collect();
    let Some(text) = default.as_str().filter(|text| !values.contains(text)) else { return };
    let message = format!("`{text}` is no value of the parameter `{name}`");
    sink.push(
        Diagnostic::new(&rules::DEFAULT_NOT_IN_ENUM, default.span, message)
            .help(format!("its `enum` has {}", super::listed(values))),
    );
}

fn undeclared(channel: &Channel<'_>, written: &str, sink: &mut Diagnostics) {
    let Some(node) = channel.node.get("address") else { return };
    let (path, _) = split_address(Some(written));
    // A topic's own channel repeats the address of its endpoint, not the description of it.
    if channel.node.get("x-topic").is_some() {
        return;
    }
    for name in expressions(&path) {
        if entries(channel.node, "parameters").iter().any(|entry| entry.key == name) {
            continue;
        }
        let message = format!("the parameter `{name}` is not described");
        sink.push(
            Diagnostic::new(&rules::UNDECLARED_PARAMETER, node.span, message)
                .help(format!("add `parameters: {{ {name}: {{ description: … }} }}` to the channel")),
        );
    }
}

pub(super) fn bindings(document: &Document<'_>, sink: &mut Diagnostics) {
    for channel in &document.channels {
        let Some(bindings) = channel.node.get("bindings").and_then(|node| document.follow(node, sink)) else {
            continue;
        };
        for entry in bindings.entries().iter().filter(|entry| !entry.key.starts_with("x-")) {
            if entry.key == "ws" {
                if let Some(binding) = document.follow(&entry.value, sink) {
                    ws_binding(binding, sink);
                }
                continue;
            }
            let message = format!("the binding `{}` has no effect", entry.key);
            let diagnostic = Diagnostic::new(&rules::UNSUPPORTED_PROTOCOL, entry.key_span, message);
            sink.push(if entry.key == "wss" {
                diagnostic.help("the binding is called `ws` for both `ws` and `wss`")
            } else {
                diagnostic.help("only `ws` concerns a WebSocket")
            });
        }
    }
}

fn ws_binding(binding: &Node, sink: &mut Diagnostics) {
    for entry in binding.entries() {
        if entry.key == "method" {
            let method = entry.value.as_str().unwrap_or_default();
            if method != "GET" {
                let message = format!("a WebSocket cannot be opened by `{method}`");
                sink.push(Diagnostic::new(&rules::BINDING_METHOD_POST, entry.value.span, message));
            }
        }
        if WS_BINDING.contains(&entry.key.as_str()) || entry.key.starts_with("x-") {
            continue;
        }
        let message = format!("the `ws` binding has no member `{}`", entry.key);
        let diagnostic = Diagnostic::new(&rules::UNKNOWN_BINDING_FIELD, entry.key_span, message);
        sink.push(match nearest(&entry.key, WS_BINDING) {
            Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
            None => diagnostic.help(format!("it may have {}", one_of(&WS_BINDING))),
        });
    }
}

pub(super) fn protocols(document: &Document<'_>, sink: &mut Diagnostics) {
    for entry in entries(document.root, "servers") {
        let Some(server) = document.follow(&entry.value, sink) else { continue };
        let Some(protocol) = server.get("protocol") else { continue };
        let Some(text) = protocol.as_str().filter(|text| !matches!(*text, "ws" | "wss")) else { continue };
        let message = format!("the server `{}` speaks `{text}`, not WebSocket", entry.key);
        let right = if text.ends_with('s') { "wss" } else { "ws" };
        sink.push(
            Diagnostic::new(&rules::UNSUPPORTED_PROTOCOL, protocol.span, message)
                .help(format!("write `protocol: {right}`")),
        );
    }
}
