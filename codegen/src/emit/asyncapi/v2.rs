//! AsyncAPI 2.4.0, for tools that stopped there: one channel per address, directions from the client's side.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::frames::{self, Frame};
use super::{declare, http, schema, v3};
use crate::emit::examples::Examples;
use crate::model::{Action, Api, Endpoint, Type, TypeId};

/// The whole document.
pub(super) fn document(api: &Api) -> Value {
    let examples = Examples::new(api);
    let mut messages = Messages::default();
    let mut channels = Map::new();
    for endpoint in &api.endpoints {
        channels.insert(endpoint.address.clone(), channel(api, endpoint, &examples, &mut messages));
    }
    for endpoint in &api.endpoints {
        over_http(api, endpoint, &examples, &mut messages, &mut channels);
    }
    let mut info = v3::info(api);
    let id = format!("urn:bellwire:{}", component_key(&api.name.wire));
    let mut out = Map::from_iter([("asyncapi".to_owned(), json!("2.4.0")), ("id".to_owned(), json!(id))]);
    if let Some(info) = info.as_object_mut() {
        info.entry("tags").or_insert_with(|| tags(api));
    }
    let moved = ["tags", "externalDocs"]
        .map(|key| (key, info.as_object_mut().and_then(|info| info.shift_remove(key))));
    out.insert("info".into(), info);
    for (key, value) in moved {
        if let Some(value) = value {
            out.insert(key.into(), value);
        }
    }
    if let Some(servers) = api.servers.as_object().filter(|servers| !servers.is_empty()) {
        let servers = servers.iter().map(|(name, server)| (name.clone(), self::server(api, server)));
        out.insert("servers".into(), Value::Object(servers.collect()));
    }
    out.insert("defaultContentType".into(), json!("application/json"));
    out.insert("channels".into(), Value::Object(channels));
    let mut components = Map::new();
    components.insert("messages".into(), Value::Object(messages.components));
    components.insert("schemas".into(), Value::Object(schemas(api, &examples)));
    if let Some(schemes) = api.security_schemes.as_object().filter(|schemes| !schemes.is_empty()) {
        let schemes = schemes.iter().map(|(name, scheme)| (name.clone(), security_scheme(scheme)));
        components.insert("securitySchemes".into(), Value::Object(schemes.collect()));
    }
    out.insert("components".into(), Value::Object(components));
    Value::Object(out)
}

/// The components without the examples that contradict them, which 2.x refuses.
fn schemas(api: &Api, examples: &Examples<'_>) -> Map<String, Value> {
    let mut schemas = schema::components(api);
    for (at, def) in api.types.iter().enumerate() {
        let schema = schema::component_key(def).and_then(|key| schemas.get_mut(&key));
        if let Some(list) = schema.and_then(|schema| schema.get_mut("examples")).and_then(Value::as_array_mut)
        {
            list.retain(|example| examples.fits(&Type::Named(TypeId(at)), example));
        }
    }
    schemas
}

/// Every tag in use, in order of first use; validators of 2.x want at least one.
fn tags(api: &Api) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for endpoint in &api.endpoints {
        let topics = endpoint.topics.iter().flat_map(|topic| &topic.tags);
        let requests = endpoint.requests.iter().flat_map(|request| &request.tags);
        let broadcasts = endpoint.broadcasts.iter().flat_map(|broadcast| &broadcast.tags);
        let operations = endpoint.operations.iter().flat_map(|operation| &operation.tags);
        for tag in topics.chain(requests).chain(broadcasts).chain(operations) {
            if !names.contains(&tag.as_str()) {
                names.push(tag);
            }
        }
    }
    if names.is_empty() {
        names.push("websocket");
    }
    names.into_iter().map(|name| json!({ "name": name })).collect()
}

/// `components.messages`, whose keys are also the message ids.
#[derive(Default)]
struct Messages {
    components: Map<String, Value>,
}

impl Messages {
    /// Adds a message; the same key twice takes the owner's name in front.
    fn add(&mut self, owner: &str, key: &str, mut message: Value) -> Value {
        let mut id = component_key(key);
        while self.components.contains_key(&id) {
            id = format!("{}.{id}", component_key(owner));
        }
        message["messageId"] = json!(id);
        let reference = json!({ "$ref": format!("#/components/messages/{id}") });
        self.components.insert(id, message);
        reference
    }
}

/// What the standard allows in a component's key.
fn component_key(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

/// References to what a client sends and what the server sends.
#[derive(Default)]
struct Directions {
    publish: Vec<Value>,
    subscribe: Vec<Value>,
}

fn channel(api: &Api, endpoint: &Endpoint, examples: &Examples<'_>, messages: &mut Messages) -> Value {
    let mut directions = Directions::default();
    let topics = endpoint.topics.iter().flat_map(|topic| frames::of_topic(api, endpoint, topic, examples));
    let shared = v3::shared_frames(api, endpoint, examples);
    add_frames(endpoint, &topics.chain(shared).collect::<Vec<_>>(), messages, &mut directions);
    add_explicit(api, endpoint, examples, messages, &mut directions);

    let mut out = Map::new();
    if let Some(text) = endpoint.docs.description.as_ref().or(endpoint.docs.summary.as_ref()) {
        out.insert("description".into(), json!(text));
    }
    if !endpoint.parameters.is_empty() {
        out.insert("parameters".into(), parameters(endpoint));
    }
    for (verb, does, mut refs) in [
        ("publish", "What a client sends.", directions.publish),
        ("subscribe", "What the server sends.", directions.subscribe),
    ] {
        let message = match refs.len() {
            0 => continue,
            1 => refs.remove(0),
            _ => json!({ "oneOf": refs }),
        };
        let id = format!("{}.{verb}", component_key(&endpoint.name.wire));
        let mut operation = json!({ "operationId": id, "summary": does });
        if verb == "publish" && !endpoint.security.is_empty() {
            operation["security"] =
                endpoint.security.iter().map(|name| json!({ name.as_str(): [] })).collect();
        }
        operation["message"] = message;
        out.insert(verb.into(), operation);
    }
    if let Some(binding) = &endpoint.binding {
        out.insert("bindings".into(), json!({ "ws": binding }));
    }
    out.insert("x-connection".into(), declare::connection(api, &endpoint.connection));
    if !endpoint.topics.is_empty() {
        let topics =
            endpoint.topics.iter().map(|topic| (topic.name.wire.clone(), declare::topic(api, topic)));
        out.insert("x-topics".into(), Value::Object(topics.collect()));
    }
    Value::Object(out)
}

/// Requests over plain HTTP: a channel per path. The standard has one operation per channel and direction here, so
/// that of several methods the first speaks.
fn over_http(
    api: &Api,
    endpoint: &Endpoint,
    examples: &Examples<'_>,
    messages: &mut Messages,
    channels: &mut Map<String, Value>,
) {
    for call in http::calls(api, endpoint) {
        if channels.contains_key(call.path()) {
            continue;
        }
        let mut asks = Value::Null;
        let mut answers = Vec::new();
        for (key, message) in call.messages(examples) {
            let name = format!("{}.{key}", call.operation_id());
            let reference = messages.add(&endpoint.name.wire, &name, message);
            if key == "request" { asks = reference } else { answers.push(reference) }
        }
        let id = component_key(&call.operation_id());
        let binding = |kind: &str| {
            let mut binding = json!({ "type": kind });
            if let (Some(binding), "request") = (binding.as_object_mut(), kind) {
                binding.extend(call.binding("0.1.0").as_object().cloned().unwrap_or_default());
            }
            json!({ "http": binding })
        };
        let mut channel = call.channel(examples);
        let mut out = Map::new();
        if let Some(text) = channel.get("description").or_else(|| channel.get("summary")) {
            out.insert("description".into(), text.clone());
        }
        let parameters = channel.get_mut("parameters").and_then(Value::as_object_mut);
        if let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) {
            let entries = parameters.iter().map(|(name, entry)| (name.clone(), http_parameter(entry)));
            out.insert("parameters".into(), Value::Object(entries.collect()));
        }
        if asks.is_null() {
            asks = messages.add(
                &endpoint.name.wire,
                &format!("{}.request", call.operation_id()),
                json!({ "summary": "A request without a body.", "payload": { "type": "null" } }),
            );
        }
        let operation = json!({ "operationId": format!("{id}.request"), "summary": "What a client asks.",
            "bindings": binding("request"), "message": asks });
        out.insert("publish".into(), operation);
        let operation = json!({ "operationId": format!("{id}.response"), "summary": "What it is answered.",
            "bindings": binding("response"), "message": { "oneOf": answers } });
        out.insert("subscribe".into(), operation);
        channels.insert(call.path().to_owned(), Value::Object(out));
    }
}

/// A parameter of 3.0 as 2.x writes it.
fn http_parameter(entry: &Value) -> Value {
    let mut schema = json!({ "type": "string" });
    if let Some(values) = entry.get("enum") {
        schema["enum"] = values.clone();
    }
    let mut out = json!({ "schema": schema });
    if let Some(text) = entry.get("description") {
        out["description"] = text.clone();
    }
    out
}

fn add_frames(endpoint: &Endpoint, frames: &[Frame], messages: &mut Messages, directions: &mut Directions) {
    let owner = &endpoint.name.wire;
    let mut asked: Vec<(String, Value)> = Vec::new();
    for frame in frames {
        let reference = messages.add(owner, &frame.tag, message(frame));
        if frame.from_client {
            directions.publish.push(reference.clone());
            asked.push((frame.tag.clone(), reference));
            continue;
        }
        // The standard has no replies before 3.0: the request names its own.
        let answers =
            |tag: &str| frame.tag == format!("{tag}.response") || (tag == "ping" && frame.tag == "pong");
        if let Some((_, request)) = asked.iter().find(|(tag, _)| answers(tag)) {
            let id =
                request["$ref"].as_str().and_then(|pointer| pointer.rsplit('/').next()).unwrap_or_default();
            if let Some(request) = messages.components.get_mut(id) {
                request["x-response"] = reference.clone();
            }
        }
        directions.subscribe.push(reference);
    }
}

fn add_explicit(
    api: &Api,
    endpoint: &Endpoint,
    examples: &Examples<'_>,
    messages: &mut Messages,
    directions: &mut Directions,
) {
    let mut written: HashSet<(usize, usize, bool)> = HashSet::new();
    let mut references: Map<String, Value> = Map::new();
    // A message that goes both ways stands twice: an id may occur in one direction only.
    let mut reference = |channel: usize, index: usize, from_client: bool| {
        let source = &endpoint.channels[channel];
        let message = &source.messages[index];
        let entry = references.entry(format!("{channel}/{index}/{from_client}"));
        entry
            .or_insert_with(|| {
                let mut written = v3::explicit_message(api, message);
                // Validators of 2.x refuse what those of 3.0 let pass: an example that its schema refuses.
                let given = written.get_mut("examples").and_then(Value::as_array_mut);
                if let (Some(payload), Some(given)) = (&message.payload, given) {
                    given.retain(|example| examples.fits(payload, &example["payload"]));
                }
                messages.add(&source.id, &message.name.wire, written)
            })
            .clone()
    };
    for operation in &endpoint.operations {
        let receives = operation.action == Action::Receive;
        let asks = operation.messages.iter().map(|index| (operation.channel, *index, receives));
        let replies = operation
            .reply
            .iter()
            .flat_map(|reply| reply.messages.iter().map(move |index| (reply.channel, *index, !receives)));
        for (channel, index, from_client) in asks.chain(replies) {
            if written.insert((channel, index, from_client)) {
                let reference = reference(channel, index, from_client);
                if from_client { &mut directions.publish } else { &mut directions.subscribe }.push(reference);
            }
        }
    }
}

fn message(frame: &Frame) -> Value {
    let mut out = json!({ "name": frame.tag, "summary": frame.summary, "contentType": "application/json" });
    if frame.correlated {
        out["correlationId"] = json!({ "location": "$message.payload#/id" });
    }
    out["payload"] = frame.schema.clone();
    let examples = frame.examples.iter().map(|example| match example.name {
        Some(name) => json!({ "name": name, "payload": example.frame }),
        None => json!({ "payload": example.frame }),
    });
    if !frame.examples.is_empty() {
        out["examples"] = examples.collect();
    }
    out
}

fn parameters(endpoint: &Endpoint) -> Value {
    let entries = endpoint.parameters.iter().map(|parameter| {
        let mut schema = json!({ "type": "string" });
        if !parameter.values.is_empty() {
            schema["enum"] = json!(parameter.values);
        }
        if let Some(default) = &parameter.default {
            schema["default"] = json!(default);
        }
        let mut entry = json!({ "schema": schema });
        if let Some(text) = parameter.docs.description.as_ref().or(parameter.docs.summary.as_ref()) {
            entry["description"] = json!(text);
        }
        (parameter.name.wire.clone(), entry)
    });
    Value::Object(entries.collect())
}

/// A server as 2.x writes it: `url` instead of host and path, requirements by name instead of schemes.
fn server(api: &Api, server: &Value) -> Value {
    let text = |key: &str| server.get(key).and_then(Value::as_str).unwrap_or_default();
    let url = format!("{}://{}{}", text("protocol"), text("host"), text("pathname"));
    let mut out = json!({ "url": url.trim_end_matches('/'), "protocol": text("protocol") });
    for key in ["protocolVersion", "description", "variables", "bindings"] {
        if let Some(value) = server.get(key) {
            out[key] = value.clone();
        }
    }
    let named = |scheme: &Value| {
        let by_ref =
            scheme.get("$ref").and_then(Value::as_str).and_then(|pointer| pointer.rsplit('/').next());
        let schemes = api.security_schemes.as_object().into_iter().flatten();
        let name = by_ref.or_else(|| {
            schemes.into_iter().find(|(_, known)| *known == scheme).map(|(name, _)| name.as_str())
        })?;
        Some(json!({ name: scheme.get("scopes").cloned().unwrap_or_else(|| json!([])) }))
    };
    if let Some(security) = server.get("security").and_then(Value::as_array) {
        let security: Vec<Value> = security.iter().filter_map(named).collect();
        if !security.is_empty() {
            out["security"] = json!(security);
        }
    }
    out
}

/// OAuth flows call their scopes `scopes` before 3.0, and a scheme lists none of its own.
fn security_scheme(scheme: &Value) -> Value {
    let mut scheme = scheme.clone();
    let Some(members) = scheme.as_object_mut() else { return scheme };
    members.shift_remove("scopes");
    let flows = members.get_mut("flows").and_then(Value::as_object_mut);
    for flow in flows.into_iter().flat_map(|flows| flows.values_mut()) {
        if let Some(scopes) = flow.as_object_mut().and_then(|flow| flow.shift_remove("availableScopes")) {
            flow["scopes"] = scopes;
        }
    }
    scheme
}
