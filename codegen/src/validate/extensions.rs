//! Closes and error codes.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::lower::tables::{CLOSES, FRAMEWORK_ERRORS};
use crate::nearest::nearest;
use crate::rules::extensions as rules;
use crate::spec::document::entries;
use crate::spec::{Declared, Document, Endpoint, Entry};

pub(super) fn closes(document: &Document<'_>, sink: &mut Diagnostics) {
    let connections = document.endpoints.iter().filter_map(|endpoint| endpoint.connection);
    for entry in connections.flat_map(|connection| entries(connection, "closes")) {
        let conditions = CLOSES.iter().map(|close| close.condition);
        if !conditions.clone().any(|condition| condition == entry.key) {
            let message = format!("the server never closes for `{}`", entry.key);
            let diagnostic = Diagnostic::new(&rules::UNKNOWN_CLOSE_CONDITION, entry.key_span, message);
            sink.push(match nearest(&entry.key, conditions.clone()) {
                Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
                None => diagnostic.help(format!("the conditions are {}", super::listed(conditions))),
            });
        }
        close(entry, sink);
    }
}

fn close(entry: &Entry, sink: &mut Diagnostics) {
    if let Some(node) = entry.value.get("code")
        && let Some(code) = node.as_integer()
        && !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    {
        let message = format!("{code} is no close code that a server may send");
        sink.push(Diagnostic::new(&rules::INVALID_CLOSE_CODE, node.span, message));
    }
    // Two numbers of the widest kind may be filled in; a reason that only fits without them is too long.
    if let Some(node) = entry.value.get("reason")
        && let Some(reason) = node.as_str()
        && reason.replace("{heartbeat}", "86400.0").replace("{lifetime}", "86400.0").len() > 123
    {
        let message = format!("the reason of `{}` has {} bytes", entry.key, reason.len());
        sink.push(Diagnostic::new(&rules::REASON_TOO_LONG, node.span, message));
    }
}

fn all<'d, 'a>(endpoint: &'d Endpoint<'a>) -> impl Iterator<Item = &'d Declared<'a>> {
    endpoint.topics.iter().chain(&endpoint.requests)
}

pub(super) fn errors(document: &Document<'_>, sink: &mut Diagnostics) {
    for endpoint in &document.endpoints {
        for entry in all(endpoint).flat_map(|declared| entries(declared.node, "errors")) {
            let code = entry.key.as_str();
            if FRAMEWORK_ERRORS.iter().any(|(framework, ..)| *framework == code) {
                let message = format!("the framework answers `{code}` itself");
                sink.push(Diagnostic::new(&rules::DUPLICATE_ERROR_CODE, entry.key_span, message));
            } else if !is_kebab(code) {
                let message = format!("`{code}` cannot be an error code");
                let diagnostic = Diagnostic::new(&rules::INVALID_ERROR_CODE, entry.key_span, message);
                let better = kebab(code);
                sink.push(if is_kebab(&better) {
                    diagnostic.help(format!("write `{better}`"))
                } else {
                    diagnostic
                });
            }
        }
        for entry in endpoint.connection.map_or(&[][..], |connection| entries(connection, "errors")) {
            let codes = FRAMEWORK_ERRORS.iter().map(|(code, ..)| *code);
            if codes.clone().any(|code| code == entry.key) {
                continue;
            }
            let message = format!("the framework has no error `{}`", entry.key);
            let diagnostic = Diagnostic::new(&rules::UNKNOWN_ERROR_CODE, entry.key_span, message);
            sink.push(match nearest(&entry.key, codes.clone()) {
                Some(code) => diagnostic.help(format!("did you mean `{code}`?")),
                None => diagnostic.help("declare errors of your own under the topic or request"),
            });
        }
    }
}

fn is_kebab(code: &str) -> bool {
    code.starts_with(|c: char| c.is_ascii_lowercase())
        && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !code.ends_with('-')
        && !code.contains("--")
        && code.len() <= 64
}

fn kebab(code: &str) -> String {
    let mut out = String::new();
    for c in code.chars() {
        let boundary = c.is_ascii_uppercase() && out.ends_with(|last: char| last.is_ascii_lowercase());
        if boundary {
            out.push('-');
        }
        match c {
            c if c.is_ascii_alphanumeric() => out.push(c.to_ascii_lowercase()),
            _ if !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    out.trim_matches('-').to_owned()
}
