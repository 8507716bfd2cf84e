//! The messages about tokens, where a document speaks of any: `authenticate`, its reply, and a topic's `ended`.

use serde_json::{Value, json};

use super::frames::{Frame, ask_frame, failure_example, notice, reply_frame, speaks_envelope};
use super::schema;
use super::wrap::Wrap;
use crate::model::{Api, Endpoint, Topic};

/// Type of the message that brings a token.
pub(crate) const AUTHENTICATE: &str = "authenticate";

/// What a token looks like in an example: none is shown.
const EXAMPLE_TOKEN: &str = "header.claims.signature";

/// `authenticate` and its reply.
pub(crate) fn of_endpoint(api: &Api, endpoint: &Endpoint) -> Vec<Frame> {
    if !endpoint.connection.auth.asks || !speaks_envelope(endpoint) {
        return Vec::new();
    }
    let reply = format!("{AUTHENTICATE}.response");
    let ok = json!({
        "type": "object",
        "required": ["status", "result"],
        "properties": { "status": { "const": "ok" }, "result": {
            "type": "object",
            "properties": {
                "subject": { "type": "string", "description": "Whom the token names." },
                "expires_in_ms": { "type": "integer", "minimum": 0, "description": "For how long it is good." },
            },
        } },
    });
    let wrap = Wrap::new(api, &endpoint.connection);
    let id = ("id", json!("1"));
    let done = json!({ "status": "ok", "result": { "subject": "user-1", "expires_in_ms": 300_000 } });
    let done = wrap.example(false, &reply, std::slice::from_ref(&id), Some(done));
    let errors = &endpoint.connection.errors;
    vec![
        ask_frame(
            wrap,
            AUTHENTICATE,
            AUTHENTICATE,
            "Brings a token, as the first message or in place of the present one.",
            Some(payload()),
            Some(wrap.example(true, AUTHENTICATE, &[id], Some(example()))),
        ),
        reply_frame(
            wrap,
            &reply,
            &reply,
            json!({ "oneOf": [ok, schema::failure_arm(api, errors, &[])] }),
            Some(done),
            failure_example(wrap, AUTHENTICATE, &[], &endpoint.connection),
        ),
    ]
}

/// Schema of the payload of `authenticate`.
pub(crate) fn payload() -> Value {
    json!({
        "type": "object",
        "required": ["token"],
        "properties": { "token": { "type": "string", "description": "A JSON Web Token, or whatever the server takes." } },
    })
}

/// Example of the same.
pub(crate) fn example() -> Value {
    json!({ "token": EXAMPLE_TOKEN })
}

/// `<topic>.ended`: the server takes a subscription away.
pub(crate) fn of_topic(
    api: &Api,
    endpoint: &Endpoint,
    topic: &Topic,
    name: Option<&String>,
) -> Option<Frame> {
    if !endpoint.connection.auth.asks {
        return None;
    }
    let payload = json!({
        "type": "object",
        "required": ["code", "message", "retry"],
        "properties": {
            "code": { "type": "string", "description": "Why: `forbidden`." },
            "message": { "type": "string" },
            "retry": schema::retry(),
        },
    });
    let example = json!({ "code": "forbidden", "message": "The caller may not do this.", "retry": "never" });
    let summary = "The subscription is over: another token of the client does not cover it.";
    let wrap = Wrap::new(api, &endpoint.connection);
    Some(notice(wrap, topic, "ended", summary, payload, name.map(|name| (name, example))))
}
