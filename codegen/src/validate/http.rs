//! Requests over plain HTTP: that they can be reached, that their path is filled from the payload, and what a reply
//! may be.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::lower::http::expressions;
use crate::nearest::nearest;
use crate::rules::extensions as rules;
use crate::spec::document::entries;
use crate::spec::properties::Properties;
use crate::spec::{Declared, Document, Node};

fn requests<'d, 'a>(document: &'d Document<'a>) -> impl Iterator<Item = &'d Declared<'a>> {
    document.endpoints.iter().flat_map(|endpoint| &endpoint.requests)
}

fn is_off_socket(request: &Declared<'_>) -> bool {
    request.node.get("socket").and_then(Node::as_bool) == Some(false)
}

pub(super) fn reachable(document: &Document<'_>, sink: &mut Diagnostics) {
    for request in requests(document).filter(|request| is_off_socket(request)) {
        if request.node.get("http").is_none() {
            let message = format!("nobody can make the request `{}`", request.name);
            sink.push(Diagnostic::new(&rules::UNREACHABLE_REQUEST, request.name_span, message));
        }
    }
}

pub(super) fn parameters(document: &Document<'_>, sink: &mut Diagnostics) {
    for request in requests(document) {
        let Some(http) = request.node.get("http") else { continue };
        let Some(path) = http.get("path") else { continue };
        let names: Vec<&str> = expressions(path.as_str().unwrap_or_default()).collect();
        let payload = request.node.entry("payload");
        let Some(properties) = payload
            .map_or(Some(Properties::default()), |entry| Properties::read(document.references, &entry.value))
        else {
            continue;
        };
        let has_body = http
            .get("method")
            .and_then(Node::as_str)
            .is_none_or(|method| matches!(method, "POST" | "PUT" | "PATCH"));
        let choice = payload.is_some_and(|entry| {
            document
                .references
                .resolve(&entry.value)
                .is_ok_and(|resolved| ["oneOf", "anyOf"].iter().any(|key| resolved.node.get(key).is_some()))
        });
        if let Some(entry) = payload
            && (properties.not_object || choice)
            && (!has_body || !names.is_empty())
        {
            let message = format!("the payload of `{}` must be one object", request.name);
            sink.push(
                Diagnostic::new(&rules::PARAMS_NOT_OBJECT, entry.key_span, message)
                    .help("its members are what path and query are read into"),
            );
            continue;
        }
        for name in names.iter().filter(|name| properties.get(name).is_none()) {
            let message = format!("the payload of `{}` has no member `{name}`", request.name);
            let diagnostic = Diagnostic::new(&rules::HTTP_PARAMETER_NOT_FOUND, path.span, message);
            sink.push(match nearest(name, properties.keys()) {
                Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                None => diagnostic.help(format!("it has {}", super::listed(properties.keys()))),
            });
        }
    }
}

pub(super) fn replies(document: &Document<'_>, sink: &mut Diagnostics) {
    for request in requests(document) {
        let Some(http) = request.node.get("http") else { continue };
        if let Some(produces) = http.get("produces") {
            if let Some(reply) = request.node.entry("reply") {
                let message = format!("the reply of `{}` is bytes and JSON at once", request.name);
                sink.push(
                    Diagnostic::new(&rules::INVALID_HTTP_REPLY, reply.key_span, message)
                        .related(produces.span, "bytes")
                        .help("remove `reply` or `produces`"),
                );
            }
            if !is_off_socket(request) {
                let message =
                    format!("the reply of `{}` is bytes, which have no place in a frame", request.name);
                sink.push(
                    Diagnostic::new(&rules::INVALID_HTTP_REPLY, produces.span, message)
                        .help("add `socket: false` to the request"),
                );
            }
            if let Some(text) = produces.as_str().filter(|text| !is_media_type(text)) {
                let message = format!("`{text}` is no media type");
                sink.push(
                    Diagnostic::new(&rules::INVALID_HTTP_REPLY, produces.span, message)
                        .help("write it like `image/png`"),
                );
            }
        }
    }
}

fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    let printable = text.bytes().all(|b| (0x20..0x7f).contains(&b));
    printable && essence.split_once('/').is_some_and(|(kind, of)| token(kind) && token(of))
}

/// Statuses of errors, which only mean something where there is HTTP.
pub(super) fn statuses(document: &Document<'_>, sink: &mut Diagnostics) {
    for endpoint in &document.endpoints {
        let over_http = endpoint.requests.iter().filter(|request| request.node.get("http").is_some());
        for entry in over_http.flat_map(|request| entries(request.node, "errors")) {
            let Some(status) = entry.value.get("status") else { continue };
            if status.as_integer().is_some_and(|status| !(400..600).contains(&status)) {
                let message = format!("an answer that carries `{}` is no success", entry.key);
                sink.push(
                    Diagnostic::new(&rules::INVALID_HTTP_STATUS, status.span, message)
                        .help("use 400–499 where the caller is wrong, 500–599 where the service is"),
                );
            }
        }
        let elsewhere = endpoint.requests.iter().filter(|request| request.node.get("http").is_none());
        let own = endpoint.connection.map_or(&[][..], |connection| entries(connection, "errors"));
        let elsewhere =
            elsewhere.chain(&endpoint.topics).flat_map(|declared| entries(declared.node, "errors"));
        for entry in elsewhere.chain(own) {
            if let Some(status) = entry.value.entry("status") {
                let message = format!("the `status` of `{}` is never sent", entry.key);
                sink.push(
                    Diagnostic::new(&rules::SETTING_WITHOUT_EFFECT, status.key_span, message)
                        .label("only answers over HTTP have a status"),
                );
            }
        }
    }
}
