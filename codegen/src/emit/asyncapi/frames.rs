//! The messages that declarations expand to: schema and example of each whole frame.
//!
//! Both versions of the document and the docs page print from this one list.

use serde_json::{Map, Value, json};

use super::{history, schema};
use crate::emit::examples::Examples;
use crate::model::{Api, Broadcast, Connection, Endpoint, ErrorCode, Request, Topic, Type};

/// One message of the standard envelope.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Key under the channel's `messages`.
    pub(crate) key: String,
    /// Value of the frame's `type`.
    pub(crate) tag: String,
    /// One line.
    pub(crate) summary: String,
    /// Who sends it.
    pub(crate) from_client: bool,
    /// Schema of the whole frame.
    pub(crate) schema: Value,
    /// Example frames that fit the schema; may be empty where none could be made up.
    pub(crate) examples: Vec<Example>,
    /// It answers, or is answered, by `id`.
    pub(crate) correlated: bool,
}

/// One example frame.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    /// `ok`, `error`, or nothing where there is only one.
    pub(crate) name: Option<&'static str>,
    /// The whole frame.
    pub(crate) frame: Value,
}

/// Whether any frame of the standard envelope passes here: plain AsyncAPI endpoints have none of ours.
pub(crate) fn speaks_envelope(endpoint: &Endpoint) -> bool {
    let requests = endpoint.socket_requests().next();
    !(endpoint.topics.is_empty() && requests.is_none() && endpoint.broadcasts.is_empty())
}

/// Frames of one topic: subscribe, its reply, unsubscribe, its reply, snapshot where there is one, update.
pub(crate) fn of_topic(api: &Api, endpoint: &Endpoint, topic: &Topic, examples: &Examples<'_>) -> Vec<Frame> {
    let route = &topic.name.wire;
    let params = Type::Named(topic.params);
    let example = examples.of(&params);
    let name = example.as_ref().map(|params| super::topic_string(route, &topic.param_shape, params));
    let label = example.as_ref().map_or_else(String::new, |params| subject(&topic.label, params));
    let ok = schema::subscription_arm(api.type_def(topic.params));
    let answer = |verb: &str, did: &str| {
        let params = example.as_ref()?.as_object()?;
        let mut payload = Map::from_iter([("status".to_owned(), json!("ok"))]);
        payload.extend(params.clone());
        payload.insert("message".into(), json!(format!("{did} {label}")));
        payload.insert("topic".into(), json!(name.as_ref()?));
        Some(json!({ "type": format!("{route}.{verb}.response"), "id": "1", "payload": payload }))
    };
    let mut frames = Vec::new();
    for (verb, does, did) in [
        ("subscribe", "Subscribe to", "Subscribed to"),
        ("unsubscribe", "Unsubscribe from", "Unsubscribed from"),
    ] {
        let tag = format!("{route}.{verb}");
        let ask = example.as_ref().map(|params| json!({ "type": tag, "id": "1", "payload": params }));
        frames.push(ask_frame(
            verb,
            &tag,
            &format!("{does} `{route}`."),
            Some(schema::of(api, &params)),
            ask,
        ));
        frames.push(reply_frame(
            &format!("{verb}.response"),
            &format!("{tag}.response"),
            json!({ "oneOf": [ok.clone(), schema::failure_arm(api, &endpoint.connection.errors, &topic.errors)] }),
            answer(verb, did),
            failure_example(&tag, &topic.errors, &endpoint.connection),
        ));
    }
    let recoverable = topic.history.is_some();
    if recoverable {
        history::asks(&mut frames[0]);
        history::answers(&mut frames[1]);
    }
    let mut push = |verb: &str, summary: &str, payload: &Type| {
        let tag = format!("{route}.{verb}");
        let frame = examples.of(payload).zip(name.as_ref()).map(|(payload, name)| {
            let mut frame = json!({ "type": tag, "topic": name });
            if recoverable && verb == "snapshot" {
                frame["epoch"] = json!("k3x9");
            }
            if recoverable {
                frame["offset"] = json!(42);
            }
            frame["payload"] = payload;
            frame
        });
        frames.push(Frame {
            key: verb.to_owned(),
            schema: publication(api, &tag, verb == "update", recoverable, payload),
            tag,
            summary: summary.to_owned(),
            from_client: false,
            examples: unnamed(frame),
            correlated: false,
        });
    };
    if let Some(snapshot) = &topic.snapshot {
        push("snapshot", "The present state, once after the reply.", snapshot);
    }
    push("update", "One publication.", &topic.update);
    frames
}

/// Frames of one request: itself and its reply.
pub(crate) fn of_request(
    api: &Api,
    endpoint: &Endpoint,
    request: &Request,
    examples: &Examples<'_>,
) -> Vec<Frame> {
    let tag = &request.name.wire;
    let ask = match &request.payload {
        None => Some(json!({ "type": tag, "id": "1" })),
        Some(payload) => {
            examples.of(payload).map(|payload| json!({ "type": tag, "id": "1", "payload": payload }))
        }
    };
    let mut ok =
        json!({ "type": "object", "required": ["status"], "properties": { "status": { "const": "ok" } } });
    let mut done = json!({ "type": format!("{tag}.response"), "id": "1", "payload": { "status": "ok" } });
    let mut known = true;
    if let Some(reply) = &request.reply {
        ok["required"] = json!(["status", "result"]);
        ok["properties"]["result"] = schema::of(api, reply);
        match examples.of(reply) {
            Some(result) => done["payload"]["result"] = result,
            None => known = false,
        }
    }
    let summary = request.docs.summary.clone().unwrap_or_else(|| format!("Request `{tag}`."));
    vec![
        ask_frame(tag, tag, &summary, request.payload.as_ref().map(|payload| schema::of(api, payload)), ask),
        reply_frame(
            &format!("{tag}.response"),
            &format!("{tag}.response"),
            json!({ "oneOf": [ok, schema::failure_arm(api, &endpoint.connection.errors, &request.errors)] }),
            known.then_some(done),
            failure_example(tag, &request.errors, &endpoint.connection),
        ),
    ]
}

/// The frame of one broadcast.
pub(crate) fn of_broadcast(api: &Api, broadcast: &Broadcast, examples: &Examples<'_>) -> Frame {
    let tag = &broadcast.name.wire;
    let frame = match &broadcast.payload {
        None => Some(json!({ "type": tag })),
        Some(payload) => examples.of(payload).map(|payload| json!({ "type": tag, "payload": payload })),
    };
    let summary = broadcast.docs.summary.clone().unwrap_or_else(|| format!("Broadcast `{tag}`."));
    Frame {
        key: tag.clone(),
        tag: tag.clone(),
        summary,
        from_client: false,
        schema: envelope(tag, &[], broadcast.payload.as_ref().map(|payload| schema::of(api, payload))),
        examples: unnamed(frame),
        correlated: false,
    }
}

/// `ping`, `pong` and `closing`.
pub(crate) fn of_control(connection: &Connection) -> [Frame; 3] {
    let id = ("id", schema::component(schema::ID));
    let closing = json!({
        "type": "object",
        "required": ["condition", "code", "reason", "retry"],
        "properties": {
            "condition": { "enum": connection.closes.iter().map(|close| &close.condition).collect::<Vec<_>>() },
            "code": { "type": "integer", "description": "Close code that follows." },
            "reason": { "type": "string", "description": "Close reason that follows." },
            "retry": schema::retry(),
            "retry_after_ms": { "type": "integer", "minimum": 0, "description": "Not to come back sooner." },
        },
    });
    let planned = connection.closes.iter().find(|close| close.condition == "shutting-down").map(|close| {
        json!({ "type": "closing", "payload": {
            "condition": close.condition,
            "code": close.code,
            "reason": close.reason,
            "retry": super::declare::retry(close.retry),
            "retry_after_ms": 740,
        } })
    });
    let frame = |tag: &str, summary: &str, from_client, schema, examples, correlated| Frame {
        key: tag.to_owned(),
        tag: tag.to_owned(),
        summary: summary.to_owned(),
        from_client,
        schema,
        examples,
        correlated,
    };
    let ping = json!({ "type": "ping", "id": "6" });
    let pong = json!({ "type": "pong", "id": "6" });
    [
        frame(
            "ping",
            "Sign of life.",
            true,
            envelope("ping", std::slice::from_ref(&id), None),
            unnamed(Some(ping)),
            true,
        ),
        frame("pong", "Answer to `ping`.", false, envelope("pong", &[id], None), unnamed(Some(pong)), true),
        frame(
            "closing",
            "A planned close follows.",
            false,
            envelope("closing", &[], Some(closing)),
            unnamed(planned),
            false,
        ),
    ]
}

fn ask_frame(key: &str, tag: &str, summary: &str, payload: Option<Value>, example: Option<Value>) -> Frame {
    Frame {
        key: key.to_owned(),
        tag: tag.to_owned(),
        summary: summary.to_owned(),
        from_client: true,
        schema: envelope(tag, &[("id", schema::component(schema::ID))], payload),
        examples: unnamed(example),
        correlated: true,
    }
}

fn reply_frame(key: &str, tag: &str, payload: Value, ok: Option<Value>, error: Value) -> Frame {
    let ok = ok.map(|frame| Example { name: Some("ok"), frame });
    Frame {
        key: key.to_owned(),
        tag: tag.to_owned(),
        summary: format!("Answer to `{}`.", tag.trim_end_matches(".response")),
        from_client: false,
        schema: envelope(tag, &[("id", schema::component(schema::ID))], Some(payload)),
        examples: ok.into_iter().chain([Example { name: Some("error"), frame: error }]).collect(),
        correlated: true,
    }
}

fn unnamed(frame: Option<Value>) -> Vec<Example> {
    frame.into_iter().map(|frame| Example { name: None, frame }).collect()
}

/// The schema of a frame: `type`, further members, `payload` where the type has one.
fn envelope(tag: &str, members: &[(&str, Value)], payload: Option<Value>) -> Value {
    let mut required = vec!["type"];
    let mut properties = Map::from_iter([("type".to_owned(), json!({ "const": tag }))]);
    properties.extend(members.iter().map(|(key, schema)| ((*key).to_owned(), schema.clone())));
    if let Some(payload) = payload {
        required.push("payload");
        properties.insert("payload".into(), payload);
    }
    json!({ "type": "object", "required": required, "properties": properties })
}

fn publication(api: &Api, tag: &str, update: bool, recoverable: bool, payload: &Type) -> Value {
    let mut members = vec![("topic", json!({ "type": "string" }))];
    if recoverable && !update {
        members.push(history::epoch());
    }
    if recoverable {
        members.push(history::offset());
    }
    if update {
        let meaning = "How many values this one stands for; absent means 1.";
        members.push(("conflated", json!({ "type": "integer", "minimum": 1, "description": meaning })));
    }
    let mut schema = envelope(tag, &members, Some(schema::of(api, payload)));
    schema["required"] = json!(["type", "topic", "payload"]);
    schema
}

/// A failure the caller is likely to meet: one of the operation's own, else the first of the framework.
fn failure_example(tag: &str, own: &[ErrorCode], connection: &Connection) -> Value {
    let simple = own.iter().find(|error| error.details.is_none());
    let forbidden = connection.errors.iter().find(|error| error.code == "forbidden");
    let (code, message, retry) = match simple.or(forbidden).or(connection.errors.first()) {
        Some(error) => {
            let said = error.docs.description.as_ref().or(error.docs.summary.as_ref());
            (
                error.code.as_str(),
                said.map_or("Refused", |said| first_line(said)),
                super::declare::retry(error.retry),
            )
        }
        None => ("internal", "The service failed", "later"),
    };
    json!({ "type": format!("{tag}.response"), "id": "1", "payload": {
        "status": "error", "code": code, "message": message, "retry": retry,
    } })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The label with its `{member}` placeholders filled: "AAPL".
fn subject(label: &str, params: &Value) -> String {
    let mut out = label.to_owned();
    for (key, value) in params.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        out = out.replace(&format!("{{{key}}}"), &text);
    }
    out
}
