//! The messages that declarations expand to: schema and example of each whole frame.
//!
//! Both versions of the document and the docs page print from this one list.

use serde_json::{Map, Value, json};

use super::wrap::Wrap;
use super::{authentication, history, overflow, schema};
use crate::emit::examples::Examples;
use crate::model::{Api, Broadcast, Connection, Endpoint, ErrorCode, Request, Topic, Type};

/// One message of an endpoint's envelope.
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

/// Whether any frame of an envelope passes here: plain AsyncAPI endpoints have none of ours.
pub(crate) fn speaks_envelope(endpoint: &Endpoint) -> bool {
    let requests = endpoint.socket_requests().next();
    !(endpoint.topics.is_empty() && requests.is_none() && endpoint.broadcasts.is_empty())
}

/// Frames of one topic: subscribe, its reply, unsubscribe, its reply, snapshot where there is one, update.
pub(crate) fn of_topic(api: &Api, endpoint: &Endpoint, topic: &Topic, examples: &Examples<'_>) -> Vec<Frame> {
    let wrap = Wrap::new(api, &endpoint.connection);
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
        let tag = format!("{route}.{verb}.response");
        Some(wrap.example(false, &tag, &[("id", json!("1"))], Some(Value::Object(payload))))
    };
    let mut frames = Vec::new();
    let verbs = [
        ("subscribe", "Subscribe to", "Subscribed to"),
        ("unsubscribe", "Unsubscribe from", "Unsubscribed from"),
    ];
    for (verb, does, did) in verbs.into_iter().filter(|_| !topic.by_handler) {
        let tag = format!("{route}.{verb}");
        let ask = example
            .as_ref()
            .map(|params| wrap.example(true, &tag, &[("id", json!("1"))], Some(params.clone())));
        frames.push(ask_frame(
            wrap,
            verb,
            &tag,
            &format!("{does} `{route}`."),
            Some(schema::of(api, &params)),
            ask,
        ));
        frames.push(reply_frame(
            wrap,
            &format!("{verb}.response"),
            &format!("{tag}.response"),
            json!({ "oneOf": [ok.clone(), schema::failure_arm(api, &endpoint.connection.errors, &topic.errors)] }),
            answer(verb, did),
            failure_example(wrap, &tag, &topic.errors, &endpoint.connection),
        ));
    }
    let recoverable = topic.history.is_some();
    if recoverable {
        history::asks(&mut frames[0]);
        history::answers(&mut frames[1]);
    }
    if let Some(tag) = &topic.message {
        frames.push(alone(wrap, tag, topic, examples));
        return frames;
    }
    let mut push = |verb: &str, summary: &str, payload: &Type| {
        let tag = format!("{route}.{verb}");
        let frame = examples.given(&topic.docs, payload).zip(name.as_ref()).map(|(payload, name)| {
            let epoch = [("epoch", json!("k3x9"))].into_iter().filter(|_| recoverable && verb == "snapshot");
            let offset = [("offset", json!(42))].into_iter().filter(|_| recoverable);
            let members: Vec<_> = [("topic", json!(name))].into_iter().chain(epoch).chain(offset).collect();
            wrap.example(false, &tag, &members, Some(payload))
        });
        frames.push(Frame {
            key: verb.to_owned(),
            schema: publication(wrap, topic, verb, payload),
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
    frames.extend(overflow::of_topic(api, endpoint, topic, name.as_ref()));
    frames.extend(authentication::of_topic(api, endpoint, topic, name.as_ref()));
    frames
}

/// A publication or retained value whose frame holds the payload alone.
fn alone(wrap: Wrap<'_>, tag: &str, topic: &Topic, examples: &Examples<'_>) -> Frame {
    let payload = &topic.update;
    let example =
        examples.given(&topic.docs, payload).map(|payload| wrap.example(false, tag, &[], Some(payload)));
    Frame {
        key: tag.to_owned(),
        tag: tag.to_owned(),
        summary: "One publication, or the retained value at the beginning.".to_owned(),
        from_client: false,
        schema: wrap.schema(false, tag, &[], Some(schema::of(wrap.api, payload))),
        examples: unnamed(example),
        correlated: false,
    }
}

/// Frames of one request: itself and its reply.
pub(crate) fn of_request(
    api: &Api,
    endpoint: &Endpoint,
    request: &Request,
    examples: &Examples<'_>,
) -> Vec<Frame> {
    let wrap = Wrap::new(api, &endpoint.connection);
    let tag = &request.name.wire;
    let ask = match &request.payload {
        None => Some(wrap.example(true, tag, &[("id", json!("1"))], None)),
        Some(payload) => {
            let example = examples.given(&request.docs, payload);
            example.map(|payload| wrap.example(true, tag, &[("id", json!("1"))], Some(payload)))
        }
    };
    let mut ok =
        json!({ "type": "object", "required": ["status"], "properties": { "status": { "const": "ok" } } });
    let answer = format!("{tag}.response");
    let mut done = json!({ "status": "ok" });
    let mut known = true;
    if let Some(reply) = &request.reply {
        ok["required"] = json!(["status", "result"]);
        ok["properties"]["result"] = schema::of(api, reply);
        match examples.of(reply) {
            Some(result) => done["result"] = result,
            None => known = false,
        }
    }
    let summary = request.docs.summary.clone().unwrap_or_else(|| format!("Request `{tag}`."));
    vec![
        ask_frame(
            wrap,
            tag,
            tag,
            &summary,
            request.payload.as_ref().map(|payload| schema::of(api, payload)),
            ask,
        ),
        reply_frame(
            wrap,
            &answer,
            &answer,
            json!({ "oneOf": [ok, schema::failure_arm(api, &endpoint.connection.errors, &request.errors)] }),
            known.then(|| wrap.example(false, &answer, &[("id", json!("1"))], Some(done))),
            failure_example(wrap, tag, &request.errors, &endpoint.connection),
        ),
    ]
}

/// The frame of one broadcast.
pub(crate) fn of_broadcast(
    api: &Api,
    endpoint: &Endpoint,
    broadcast: &Broadcast,
    examples: &Examples<'_>,
) -> Frame {
    let wrap = Wrap::new(api, &endpoint.connection);
    let tag = &broadcast.name.wire;
    let frame = match &broadcast.payload {
        None => Some(wrap.example(false, tag, &[], None)),
        Some(payload) => {
            let example = examples.given(&broadcast.docs, payload);
            example.map(|payload| wrap.example(false, tag, &[], Some(payload)))
        }
    };
    let summary = broadcast.docs.summary.clone().unwrap_or_else(|| format!("Broadcast `{tag}`."));
    Frame {
        key: tag.clone(),
        tag: tag.clone(),
        summary,
        from_client: false,
        schema: wrap.schema(
            false,
            tag,
            &[],
            broadcast.payload.as_ref().map(|payload| schema::of(api, payload)),
        ),
        examples: unnamed(frame),
        correlated: false,
    }
}

/// `ping`, `pong` and `closing`.
pub(crate) fn of_control(api: &Api, connection: &Connection) -> [Frame; 3] {
    let wrap = Wrap::new(api, connection);
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
        let payload = json!({
            "condition": close.condition,
            "code": close.code,
            "reason": close.reason,
            "retry": super::declare::retry(close.retry),
            "retry_after_ms": 740,
        });
        wrap.example(false, "closing", &[], Some(payload))
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
    let ping = wrap.example(true, "ping", &[("id", json!("6"))], None);
    let pong = wrap.example(false, "pong", &[("id", json!("6"))], None);
    [
        frame(
            "ping",
            "Sign of life.",
            true,
            wrap.schema(true, "ping", std::slice::from_ref(&id), None),
            unnamed(Some(ping)),
            true,
        ),
        frame(
            "pong",
            "Answer to `ping`.",
            false,
            wrap.schema(false, "pong", &[id], None),
            unnamed(Some(pong)),
            true,
        ),
        frame(
            "closing",
            "A planned close follows.",
            false,
            wrap.schema(false, "closing", &[], Some(closing)),
            unnamed(planned),
            false,
        ),
    ]
}

pub(super) fn ask_frame(
    wrap: Wrap<'_>,
    key: &str,
    tag: &str,
    summary: &str,
    payload: Option<Value>,
    example: Option<Value>,
) -> Frame {
    Frame {
        key: key.to_owned(),
        tag: tag.to_owned(),
        summary: summary.to_owned(),
        from_client: true,
        schema: wrap.schema(true, tag, &[("id", schema::component(schema::ID))], payload),
        examples: unnamed(example),
        correlated: true,
    }
}

pub(super) fn reply_frame(
    wrap: Wrap<'_>,
    key: &str,
    tag: &str,
    payload: Value,
    ok: Option<Value>,
    error: Value,
) -> Frame {
    let ok = ok.map(|frame| Example { name: Some("ok"), frame });
    Frame {
        key: key.to_owned(),
        tag: tag.to_owned(),
        summary: format!("Answer to `{}`.", tag.trim_end_matches(".response")),
        from_client: false,
        schema: wrap.schema(false, tag, &[("id", schema::component(schema::ID))], Some(payload)),
        examples: ok.into_iter().chain([Example { name: Some("error"), frame: error }]).collect(),
        correlated: true,
    }
}

pub(super) fn unnamed(frame: Option<Value>) -> Vec<Example> {
    frame.into_iter().map(|frame| Example { name: None, frame }).collect()
}

fn publication(wrap: Wrap<'_>, topic: &Topic, verb: &str, payload: &Type) -> Value {
    let (update, recoverable) = (verb == "update", topic.history.is_some());
    let mut members = Vec::new();
    if recoverable && !update {
        members.push(history::epoch());
    }
    if recoverable {
        members.push(history::offset());
    }
    if update {
        let meaning = "How many values this one stands for; absent means 1.";
        members.push(("conflated", overflow::count(meaning)));
        members.extend(overflow::member(topic));
    }
    about_topic(wrap, &format!("{}.{verb}", topic.name.wire), members, schema::of(wrap.api, payload))
}

/// Schema of a frame that names its topic.
fn about_topic(wrap: Wrap<'_>, tag: &str, members: Vec<(&str, Value)>, payload: Value) -> Value {
    let topic = ("topic", json!({ "type": "string" }));
    let members: Vec<_> = std::iter::once(topic).chain(members).collect();
    let mut schema = wrap.schema(false, tag, &members, Some(payload));
    if let Some(required) = schema["required"].as_array_mut() {
        required.insert(1, json!("topic"));
    }
    schema
}

/// What the server says of a topic by itself; the example has the topic's name and the payload.
pub(super) fn notice(
    wrap: Wrap<'_>,
    topic: &Topic,
    verb: &str,
    summary: &str,
    payload: Value,
    example: Option<(&String, Value)>,
) -> Frame {
    let tag = format!("{}.{verb}", topic.name.wire);
    let example =
        example.map(|(name, payload)| wrap.example(false, &tag, &[("topic", json!(name))], Some(payload)));
    Frame {
        key: verb.to_owned(),
        summary: summary.to_owned(),
        from_client: false,
        schema: about_topic(wrap, &tag, Vec::new(), payload),
        examples: unnamed(example),
        correlated: false,
        tag,
    }
}

/// A reply of failure.
pub(super) fn failure_example(
    wrap: Wrap<'_>,
    tag: &str,
    own: &[ErrorCode],
    connection: &Connection,
) -> Value {
    let mut payload = json!({ "status": "error" });
    if let (Some(payload), Value::Object(likely)) = (payload.as_object_mut(), likely_failure(own, connection))
    {
        payload.extend(likely);
    }
    wrap.example(false, &format!("{tag}.response"), &[("id", json!("1"))], Some(payload))
}

/// A failure the caller is likely to meet: one of the operation's own, else the first of the framework.
pub(super) fn likely_failure(own: &[ErrorCode], connection: &Connection) -> Value {
    let simple = own.iter().find(|error| error.details.is_none());
    let forbidden = connection.errors.iter().find(|error| error.name.wire == "forbidden");
    match simple.or(forbidden).or(connection.errors.first()) {
        Some(error) => {
            let said = error.docs.description.as_ref().or(error.docs.summary.as_ref());
            let message = said.map_or("Refused", |said| first_line(said));
            json!({ "code": error.name.wire, "message": message, "retry": super::declare::retry(error.retry) })
        }
        None => json!({ "code": "internal", "message": "The service failed", "retry": "later" }),
    }
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
