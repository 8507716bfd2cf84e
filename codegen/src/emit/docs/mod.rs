//! The docs page: one HTML file that needs nothing else, readable without script, with a console that speaks the
//! protocol.
//!
//! Everything an author wrote is escaped or goes through `markdown`; the console gets its data as JSON text and
//! builds elements, never mark-up.

mod assets;
mod http;
mod markdown;
mod operations;
mod snippets;
mod state;
mod types;
mod wire;

use std::collections::HashSet;

use askama::Template;
use serde_json::Value;

use super::asyncapi::{duration, frames, retry, size};
use super::examples::Examples;
use super::typescript::http_function;
use crate::model::{Activity, Api, AuthMode, Endpoint, Envelope, OnInvalid};
use operations::Entry;
use types::TypeView;

#[derive(Template)]
#[template(path = "docs/page.html")]
struct Page<'a> {
    source: String,
    title: &'a str,
    version: &'a str,
    description: String,
    facts: Vec<Fact>,
    endpoints: Vec<EndpointView>,
    groups: Vec<Group>,
    types: Vec<TypeView>,
    style: String,
    script: String,
    data: String,
}

/// A label with a value, shown side by side; the value is HTML.
struct Fact {
    label: &'static str,
    value: String,
}

/// Entries under one tag.
struct Group {
    id: String,
    title: String,
    text: String,
    entries: Vec<Entry>,
}

/// One socket.
struct EndpointView {
    id: String,
    title: String,
    text: String,
    address: String,
    settings: Vec<Fact>,
    parameters: Vec<types::FieldView>,
    wscat: String,
    import: String,
    closes: Vec<Failure>,
    errors: Vec<Failure>,
}

/// One row of a table of failures.
struct Failure {
    code: String,
    name: String,
    text: String,
    retry: &'static str,
}

/// The API as one HTML page, the same bytes on every run.
#[must_use]
pub fn emit_docs(api: &Api) -> String {
    let examples = Examples::new(api);
    let mut ids = HashSet::new();
    let entries: Vec<(Option<String>, Entry)> = api
        .endpoints
        .iter()
        .flat_map(|endpoint| operations::entries(api, endpoint, &examples, &mut ids))
        .collect();
    let page = Page {
        source: format!("asyncapi/{}.yaml", api.name.wire),
        title: api.title(),
        version: api.version(),
        description: api.description().map(markdown::render).unwrap_or_default(),
        facts: facts(api),
        endpoints: api.endpoints.iter().map(|endpoint| endpoint_view(api, endpoint)).collect(),
        groups: groups(api, entries),
        types: types::all(api),
        style: assets::style(),
        script: assets::script(),
        data: wire::data(api, &examples),
    };
    let mut out = String::new();
    if page.render_into(&mut out).is_err() {
        // Rendering into a string cannot fail, and no field of the page computes anything.
        out.clear();
    }
    lines_without_indent(&out)
}

/// Templates are indented for their readers; the page is not, and has no empty lines.
fn lines_without_indent(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut verbatim = false;
    for line in page.lines() {
        verbatim |= line.contains("<pre");
        let text = if verbatim { line } else { line.trim() };
        if verbatim || !text.is_empty() {
            out.push_str(text);
            out.push('\n');
        }
        if line.rfind("</pre>") > line.rfind("<pre") {
            verbatim = false;
        }
    }
    out
}

fn facts(api: &Api) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (label, key) in [("Licence", "license"), ("Contact", "contact")] {
        let Some(entry) = api.info.get(key) else { continue };
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let Some(name) = text("name").or(text("email")).or(text("url")) else { continue };
        let linked =
            text("url").map(|url| markdown::inline(&format!("[{}]({url})", name.replace(['[', ']'], ""))));
        facts.push(Fact { label, value: linked.unwrap_or_else(|| markdown::escape(name)) });
    }
    for (name, server) in api.servers.as_object().into_iter().flatten() {
        let text = |key: &str| server.get(key).and_then(Value::as_str).unwrap_or_default();
        let url = format!("{}://{}{}", text("protocol"), text("host"), text("pathname"));
        let about = match text("description") {
            "" => String::new(),
            about => format!(": {}", markdown::inline(about)),
        };
        let value = format!(
            "<code>{}</code> <small>{}{about}</small>",
            markdown::escape(&url),
            markdown::escape(name)
        );
        facts.push(Fact { label: "Server", value });
    }
    facts
}

/// One group per first tag, in order of first use; what has none stands under its kind.
fn groups(api: &Api, entries: Vec<(Option<String>, Entry)>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (tag, entry) in entries {
        let title = tag.clone().unwrap_or_else(|| entry.plural.to_owned());
        match groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.entries.push(entry),
            None => {
                let text =
                    tag.and_then(|tag| tag_description(api, &tag)).map(markdown::render).unwrap_or_default();
                let id = format!("group-{}", groups.len() + 1);
                groups.push(Group { id, title, text, entries: vec![entry] });
            }
        }
    }
    groups
}

fn tag_description<'a>(api: &'a Api, tag: &str) -> Option<&'a str> {
    let tags = api.info.get("tags")?.as_array()?;
    tags.iter()
        .find(|known| known.get("name").and_then(Value::as_str) == Some(tag))?
        .get("description")?
        .as_str()
}

fn endpoint_view(api: &Api, endpoint: &Endpoint) -> EndpointView {
    let origin = origin(api);
    let url = format!("{origin}{}", endpoint.address);
    let closes = endpoint.connection.closes.iter().map(|close| Failure {
        code: close.code.to_string(),
        name: close.condition.clone(),
        text: format!("“{}” {}", markdown::escape(&close.reason), markdown::inline(&close.description)),
        retry: retry(close.retry),
    });
    let errors = endpoint.connection.errors.iter().map(|error| operations::failure(api, error));
    EndpointView {
        id: endpoint.name.wire.clone(),
        title: if api.endpoints.len() > 1 {
            format!("Connection {}", endpoint.name.wire)
        } else {
            "Connection".into()
        },
        text: connection_text(api, endpoint),
        address: endpoint.address.clone(),
        settings: settings(endpoint),
        parameters: endpoint.parameters.iter().map(operations::parameter).collect(),
        wscat: format!("npx wscat -s {} -c {url}", endpoint.connection.subprotocol),
        import: import(api, endpoint, &url),
        closes: closes.collect(),
        errors: errors.collect(),
    }
}

/// The prose of an endpoint; a title that says what the page's does is left out.
fn connection_text(api: &Api, endpoint: &Endpoint) -> String {
    let mut docs = endpoint.docs.clone();
    docs.summary = docs.summary.filter(|summary| summary != api.title());
    types::prose(&docs)
}

/// What a page begins with.
fn import(api: &Api, endpoint: &Endpoint, url: &str) -> String {
    let name = if api.endpoints.len() > 1 { &endpoint.name } else { &api.name };
    let client = &name.typescript;
    let http = (!endpoint.http_calls.is_empty()).then(|| http_function(&format!("{client}Http")));
    let also = http.as_ref().map(|http| format!(", {http}")).unwrap_or_default();
    let requests =
        http.map(|http| format!("\nconst http = {http}('{}');", http::origin(api))).unwrap_or_default();
    format!(
        "import {{ create{client}Client{also} }} from './generated/{}/index.js';\nconst client = create{client}Client({{ url: '{url}' }});{requests}",
        api.name.wire
    )
}

/// Scheme and host of the first server.
fn origin(api: &Api) -> String {
    let server = api.servers.as_object().and_then(|servers| servers.values().next());
    let text = |key: &str| server.and_then(|server| server.get(key)).and_then(Value::as_str);
    format!(
        "{}://{}{}",
        text("protocol").unwrap_or("ws"),
        text("host").unwrap_or("localhost:8000"),
        text("pathname").unwrap_or("")
    )
}

/// The members of a frame, and those of a client's where they are others.
fn envelope(envelope: &Envelope) -> String {
    let frame = |tag: &str, timestamp: Option<&String>| {
        let quoted = |name: &String| format!("\"{name}\"");
        let (body, timestamp) = (envelope.body.as_ref().map(quoted), timestamp.map(quoted));
        let members = match body {
            Some(body) => [Some(quoted(&tag.to_owned())), timestamp, Some(body)],
            None => [Some(quoted(&tag.to_owned())), Some("…".to_owned()), timestamp],
        };
        let members: Vec<String> = members.into_iter().flatten().collect();
        format!("<code>{}</code>", markdown::escape(&format!("{{{}}}", members.join(", "))))
    };
    let mut text = frame(&envelope.tag, envelope.timestamp.as_ref());
    if envelope.client_tag != envelope.tag || envelope.timestamp.is_some() {
        text.push_str(&format!(" <small>from clients</small> {}", frame(&envelope.client_tag, None)));
    }
    if envelope.body.is_none() {
        text.push_str(" <small>members of the payload beside the tag</small>");
    }
    text
}

fn settings(endpoint: &Endpoint) -> Vec<Fact> {
    let connection = &endpoint.connection;
    let code = |text: &str| format!("<code>{}</code>", markdown::escape(text));
    let activity = match connection.activity {
        Activity::Message => "valid messages only; protocol pings do not count",
        Activity::Any => "anything that arrives, protocol pongs included",
    };
    let invalid = match connection.on_invalid {
        OnInvalid::Reply => "an error reply",
        OnInvalid::Close => "closes the connection",
    };
    let access = match endpoint.security.as_slice() {
        [] => "open to all".to_owned(),
        schemes => schemes.iter().map(|scheme| code(scheme)).collect::<Vec<_>>().join(" or "),
    };
    let access = match connection.auth.mode {
        None => access,
        Some(AuthMode::Optional) => format!("{access} <small>token optional</small>"),
        Some(AuthMode::Required) => format!("{access} <small>token required</small>"),
    };
    let lifetime = connection.lifetime_ms.map_or_else(|| "unlimited".to_owned(), duration);
    let rate = format!("{} messages per second", connection.messages_per_second);
    let rate = if endpoint.requests.iter().any(|request| request.http.is_some()) {
        format!("{rate} <small>as many requests over HTTP per client address</small>")
    } else {
        rate
    };
    let rows = [
        ("Heartbeat", format!("{} <small>silent longer: closed</small>", duration(connection.heartbeat_ms))),
        ("Activity", activity.to_owned()),
        ("Lifetime", lifetime),
        ("Invalid payload", invalid.to_owned()),
        ("Largest message", size(connection.max_message_bytes)),
        ("Deepest nesting", format!("{} levels", connection.max_depth)),
        ("Subscriptions", format!("{} per connection", connection.max_subscriptions)),
        ("Rate", rate),
        ("Send queue", format!("{} per connection", size(connection.queue_bytes))),
        ("Access", access),
        ("HTTP", code(if connection.http_base.is_empty() { "/" } else { &connection.http_base })),
        ("Subprotocol", code(&connection.subprotocol)),
    ];
    let envelope = frames::speaks_envelope(endpoint).then(|| ("Envelope", envelope(&connection.envelope)));
    rows.into_iter().chain(envelope).map(|(label, value)| Fact { label, value }).collect()
}
