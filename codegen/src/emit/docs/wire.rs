//! What the console knows: a JSON value in the page, read by its script.

use serde_json::{Value, json};

use super::super::asyncapi::{authentication, frames, retry, schema};
use super::super::examples::Examples;
use super::http;
use super::operations::message_example;
use crate::model::{Action, Activity, Api, AuthMode, Endpoint, Matcher, Type};

/// Length at which a line of data takes no further entry.
const FULL: usize = 1200;

/// The console's data as JSON text that may stand inside a script element.
pub(super) fn data(api: &Api, examples: &Examples<'_>) -> String {
    let endpoints: Vec<Value> =
        api.endpoints.iter().map(|endpoint| self::endpoint(api, endpoint, examples)).collect();
    let mut lines = vec![format!("{{\"origin\":{},\"endpoints\":[", json!(super::origin(api)))];
    lines.push(endpoints.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n"));
    lines.push("],\"schemas\":{".into());
    let schemas = schema::types(api);
    lines.extend(packed(schemas.iter().map(|(key, schema)| format!("{}:{schema}", json!(key)))));
    lines.push("}}".into());
    // A closing tag or a comment inside a string would end the element.
    lines.join("\n").replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// Entries with commas between them, several to a line.
fn packed(entries: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for entry in entries {
        match lines.last_mut() {
            Some(line) if line.len() + entry.len() < FULL => line.push_str(&format!(",{entry}")),
            Some(line) => {
                line.push(',');
                lines.push(entry);
            }
            None => lines.push(entry),
        }
    }
    lines
}

fn endpoint(api: &Api, endpoint: &Endpoint, examples: &Examples<'_>) -> Value {
    let connection = &endpoint.connection;
    let closes = connection.closes.iter().map(|close| {
        json!({ "condition": close.condition, "code": close.code, "reason": close.reason, "retry": retry(close.retry),
            "description": close.description })
    });
    json!({
        "id": endpoint.name.wire,
        "address": endpoint.address,
        "subprotocol": connection.subprotocol,
        "envelope": {
            "tag": connection.envelope.tag,
            "clientTag": connection.envelope.client_tag,
            "body": connection.envelope.body,
        },
        "heartbeatMs": connection.heartbeat_ms,
        "keepAlive": frames::speaks_envelope(endpoint) && connection.activity == Activity::Message,
        "closes": closes.collect::<Vec<_>>(),
        "auth": auth(endpoint),
        "sends": sends(api, endpoint, examples),
    })
}

/// How a token is brought, where the document speaks of any.
fn auth(endpoint: &Endpoint) -> Value {
    let auth = &endpoint.connection.auth;
    if !auth.asks {
        return Value::Null;
    }
    // Who must have said who he is before his first message is gone by then, unless he is given time.
    let has_time = auth.timeout_ms.is_some() || auth.mode != Some(AuthMode::Required);
    json!({ "query": auth.query, "message": has_time && frames::speaks_envelope(endpoint) })
}

/// Everything a client may send: group, label, frame type, payload schema, example.
fn sends(api: &Api, endpoint: &Endpoint, examples: &Examples<'_>) -> Vec<Value> {
    let entry = |group: &str, tag: &str, payload: Option<&Type>| {
        json!({
            "group": group,
            "tag": tag,
            "schema": payload.map(|payload| schema::of(api, payload)),
            "example": payload.and_then(|payload| examples.of(payload)),
        })
    };
    let mut out = Vec::new();
    for topic in endpoint.topics.iter().filter(|topic| !topic.by_handler) {
        let params = Type::Named(topic.params);
        for verb in ["subscribe", "unsubscribe"] {
            let group = if verb == "subscribe" { "Subscribe" } else { "Unsubscribe" };
            out.push(entry(group, &format!("{}.{verb}", topic.name.wire), Some(&params)));
        }
    }
    for request in endpoint.socket_requests() {
        let payload = request.payload.as_ref();
        let mut entry = entry("Request", &request.name.wire, payload);
        entry["example"] = json!(payload.and_then(|payload| examples.given(&request.docs, payload)));
        out.push(entry);
    }
    for operation in endpoint.operations.iter().filter(|operation| operation.action == Action::Receive) {
        for index in &operation.messages {
            let message = &endpoint.channels[operation.channel].messages[*index];
            let mut entry = entry(
                "Operation",
                &format!("{}/{}", operation.name.wire, message.name.wire),
                message.payload.as_ref(),
            );
            entry["example"] = message_example(message, examples).into();
            // The payload is the whole frame: nothing is put around it.
            entry["raw"] = json!(if message.matcher == Matcher::Text { "text" } else { "json" });
            out.push(entry);
        }
    }
    out.extend(endpoint.http_calls.iter().map(|call| http::send(api, endpoint, call, examples)));
    if frames::speaks_envelope(endpoint) {
        out.push(entry("Control", "ping", None));
        if endpoint.connection.auth.asks {
            let mut authenticate = entry("Control", authentication::AUTHENTICATE, None);
            authenticate["schema"] = authentication::payload();
            authenticate["example"] = authentication::example();
            out.push(authenticate);
        }
    }
    out
}
