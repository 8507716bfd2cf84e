//! AsyncAPI 3.0.0: one channel per topic beside the endpoint's own, all at the endpoint's address.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::frames::{self, Frame};
use super::{PERSPECTIVE_NOTE, authentication, declare, http, schema};
use crate::emit::examples::Examples;
use crate::model::{Action, Api, Channel, Endpoint, Message, Operation};

/// The whole document.
pub(super) fn document(api: &Api) -> Value {
    let examples = Examples::new(api);
    let mut writer = Writer::new(api);
    for endpoint in &api.endpoints {
        writer.endpoint(endpoint, &examples);
    }
    let mut components = Map::new();
    components.insert("schemas".into(), Value::Object(schema::components(api)));
    if let Some(schemes) = api.security_schemes.as_object().filter(|schemes| !schemes.is_empty()) {
        components.insert("securitySchemes".into(), Value::Object(schemes.clone()));
    }
    let mut out = Map::new();
    out.insert("asyncapi".into(), json!("3.0.0"));
    out.insert("x-bellwire".into(), json!({ "perspective": "server" }));
    out.insert("info".into(), info(api));
    if api.servers.as_object().is_some_and(|servers| !servers.is_empty()) {
        out.insert("servers".into(), api.servers.clone());
    }
    out.insert("defaultContentType".into(), json!("application/json"));
    out.insert("channels".into(), Value::Object(writer.channels));
    out.insert("operations".into(), Value::Object(writer.operations));
    out.insert("components".into(), Value::Object(components));
    Value::Object(out)
}

/// `info` with the note on perspective at the end of its description.
pub(super) fn info(api: &Api) -> Value {
    let mut info = api.info.clone();
    info["description"] = json!(match api.description() {
        Some(own) => format!("{own}\n\n{PERSPECTIVE_NOTE}"),
        None => PERSPECTIVE_NOTE.to_owned(),
    });
    info
}

/// Escapes a key for use in a JSON pointer.
pub(super) fn pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

struct Writer<'a> {
    api: &'a Api,
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    /// Operation ids that explicit operations own; generated ones give way.
    taken: HashSet<&'a str>,
}

impl<'a> Writer<'a> {
    fn new(api: &'a Api) -> Self {
        let explicit = api.endpoints.iter().flat_map(|endpoint| &endpoint.operations);
        let taken = explicit.map(|operation| operation.name.wire.as_str()).collect();
        Self { api, channels: Map::new(), operations: Map::new(), taken }
    }

    fn endpoint(&mut self, endpoint: &Endpoint, examples: &Examples<'_>) {
        let own = &endpoint.name.wire;
        if !endpoint.channels.iter().any(|channel| channel.id == *own) {
            let channel = self.endpoint_channel(endpoint, None, examples);
            self.channels.insert(own.clone(), channel);
        }
        for channel in &endpoint.channels {
            let written = if channel.id == *own {
                self.endpoint_channel(endpoint, Some(channel), examples)
            } else {
                self.explicit_channel(endpoint, channel)
            };
            self.channels.insert(channel.id.clone(), written);
        }
        self.topics(endpoint, examples);
        self.calls(endpoint, examples);
        for operation in &endpoint.operations {
            let written = self.explicit_operation(endpoint, operation);
            self.operations.insert(operation.name.wire.clone(), written);
        }
        if frames::speaks_envelope(endpoint) {
            self.control(endpoint);
        }
    }

    /// The channel that stands for the socket: settings, requests, broadcasts and control messages.
    fn endpoint_channel(
        &self,
        endpoint: &Endpoint,
        explicit: Option<&Channel>,
        examples: &Examples<'_>,
    ) -> Value {
        let mut out = Map::new();
        out.insert("address".into(), json!(endpoint.address));
        declare::prose(&mut out, &endpoint.docs);
        put_address(&mut out, endpoint);
        out.insert("x-connection".into(), declare::connection(self.api, &endpoint.connection));
        if !endpoint.stores.is_empty() {
            out.insert("x-state".into(), declare::stores(self.api, endpoint));
        }
        if !endpoint.security.is_empty() {
            out.insert("x-security".into(), json!(endpoint.security));
        }
        let mut messages = explicit.map(|channel| self.explicit_messages(channel)).unwrap_or_default();
        for frame in shared_frames(self.api, endpoint, examples) {
            messages.insert(free_key(&frame.key, explicit), message(&frame, true));
        }
        if !messages.is_empty() {
            out.insert("messages".into(), Value::Object(messages));
        }
        Value::Object(out)
    }

    fn explicit_channel(&self, endpoint: &Endpoint, channel: &Channel) -> Value {
        let mut out = Map::new();
        out.insert("address".into(), json!(endpoint.address));
        declare::prose(&mut out, &channel.docs);
        put_address(&mut out, endpoint);
        out.insert("messages".into(), Value::Object(self.explicit_messages(channel)));
        Value::Object(out)
    }

    fn explicit_messages(&self, channel: &Channel) -> Map<String, Value> {
        let entries = channel.messages.iter();
        entries.map(|message| (message.name.wire.clone(), explicit_message(self.api, message))).collect()
    }

    fn topics(&mut self, endpoint: &Endpoint, examples: &Examples<'_>) {
        for topic in &endpoint.topics {
            let id = format!("{}.{}", endpoint.name.wire, topic.name.wire);
            let frames = frames::of_topic(self.api, endpoint, topic, examples);
            let mut channel = Map::new();
            channel.insert("address".into(), json!(endpoint.address));
            channel.insert("title".into(), json!(topic.name.wire));
            declare::prose(&mut channel, &topic.docs);
            declare::tags(&mut channel, &topic.tags);
            put_address(&mut channel, endpoint);
            channel.insert("x-topic".into(), declare::topic(self.api, topic));
            let messages = frames.iter().map(|frame| (frame.key.clone(), message(frame, false)));
            channel.insert("messages".into(), Value::Object(messages.collect()));
            for frame in &frames {
                if frame.key.ends_with(".response") {
                    continue;
                }
                let mut operation = operation(endpoint, frame, &id, &frame.key);
                declare::tags(&mut operation, &topic.tags);
                if frame.from_client {
                    operation.insert("reply".into(), reply(&id, &format!("{}.response", frame.key)));
                }
                self.add(endpoint, &frame.tag, operation);
            }
            self.channels.insert(id, Value::Object(channel));
        }
    }

    fn calls(&mut self, endpoint: &Endpoint, examples: &Examples<'_>) {
        let explicit = own_channel(endpoint);
        let id = &endpoint.name.wire;
        let mut over_http = http::calls(self.api, endpoint).peekable();
        for request in &endpoint.requests {
            if request.socket {
                let frames = frames::of_request(self.api, endpoint, request, examples);
                let mut out = operation(endpoint, &frames[0], id, &free_key(&frames[0].key, explicit));
                put_description(&mut out, request.docs.description.as_deref());
                declare::tags(&mut out, &request.tags);
                out.insert("reply".into(), reply(id, &free_key(&frames[1].key, explicit)));
                out.insert("x-request".into(), declare::request(self.api, request));
                self.add(endpoint, &request.name.wire, out);
            }
            if let Some(call) = over_http.next_if(|call| std::ptr::eq(call.request(), request)) {
                self.channels.insert(call.channel_id(), call.channel(examples));
                self.add(endpoint, &call.operation_id(), call.operation(examples, !request.socket));
            }
        }
        for broadcast in &endpoint.broadcasts {
            let frame = frames::of_broadcast(self.api, endpoint, broadcast, examples);
            let mut out = operation(endpoint, &frame, id, &free_key(&frame.key, explicit));
            put_description(&mut out, broadcast.docs.description.as_deref());
            declare::tags(&mut out, &broadcast.tags);
            out.insert("x-broadcast".into(), declare::broadcast(self.api, endpoint, broadcast));
            self.add(endpoint, &broadcast.name.wire, out);
        }
    }

    fn control(&mut self, endpoint: &Endpoint) {
        let explicit = own_channel(endpoint);
        let id = &endpoint.name.wire;
        let mut tokens = authentication::of_endpoint(self.api, endpoint).into_iter();
        let authenticate = tokens.next().map(|frame| (frame, tokens.next()));
        let [ping, pong, closing] = frames::of_control(self.api, &endpoint.connection);
        for (frame, answer) in authenticate.into_iter().chain([(ping, Some(pong)), (closing, None)]) {
            let mut out = operation(endpoint, &frame, id, &free_key(&frame.key, explicit));
            if let Some(answer) = answer {
                out.insert("reply".into(), reply(id, &free_key(&answer.key, explicit)));
            }
            out.insert("x-control".into(), json!(true));
            self.add(endpoint, &frame.tag, out);
        }
    }

    /// Adds a generated operation under its own name, or under the endpoint's where that is taken.
    fn add(&mut self, endpoint: &Endpoint, preferred: &str, operation: Map<String, Value>) {
        let mut id = preferred.to_owned();
        while self.operations.contains_key(&id) || self.taken.contains(id.as_str()) {
            id = format!("{}.{id}", endpoint.name.wire);
        }
        self.operations.insert(id, Value::Object(operation));
    }

    fn explicit_operation(&self, endpoint: &Endpoint, operation: &Operation) -> Value {
        let refs = |channel: usize, messages: &[usize]| {
            let channel = &endpoint.channels[channel];
            let refs =
                messages.iter().map(|index| message_ref(&channel.id, &channel.messages[*index].name.wire));
            (channel_ref(&channel.id), refs.collect::<Vec<_>>())
        };
        let (channel, messages) = refs(operation.channel, &operation.messages);
        let mut out = Map::new();
        out.insert(
            "action".into(),
            json!(if operation.action == Action::Receive { "receive" } else { "send" }),
        );
        out.insert("channel".into(), channel);
        declare::prose(&mut out, &operation.docs);
        declare::tags(&mut out, &operation.tags);
        if operation.on_connect {
            out.insert("x-on".into(), json!("connect"));
        }
        if operation.action == Action::Receive {
            put_security(&mut out, endpoint);
        }
        out.insert("messages".into(), json!(messages));
        if let Some(reply) = &operation.reply {
            let (channel, messages) = refs(reply.channel, &reply.messages);
            out.insert("reply".into(), json!({ "channel": channel, "messages": messages }));
        }
        Value::Object(out)
    }
}

/// Frames that belong to the endpoint's own channel.
pub(super) fn shared_frames(api: &Api, endpoint: &Endpoint, examples: &Examples<'_>) -> Vec<Frame> {
    let requests =
        endpoint.socket_requests().flat_map(|request| frames::of_request(api, endpoint, request, examples));
    let broadcasts =
        endpoint.broadcasts.iter().map(|broadcast| frames::of_broadcast(api, endpoint, broadcast, examples));
    let control = frames::speaks_envelope(endpoint).then(|| frames::of_control(api, &endpoint.connection));
    let tokens = authentication::of_endpoint(api, endpoint);
    requests.chain(broadcasts).chain(tokens).chain(control.into_iter().flatten()).collect()
}

/// An explicit message of the same key keeps it.
fn free_key(key: &str, explicit: Option<&Channel>) -> String {
    let taken =
        explicit.is_some_and(|channel| channel.messages.iter().any(|message| message.name.wire == key));
    if taken { format!("bellwire.{key}") } else { key.to_owned() }
}

fn own_channel(endpoint: &Endpoint) -> Option<&Channel> {
    endpoint.channels.iter().find(|channel| channel.id == endpoint.name.wire)
}

fn operation(endpoint: &Endpoint, frame: &Frame, channel: &str, message: &str) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("action".into(), json!(if frame.from_client { "receive" } else { "send" }));
    out.insert("channel".into(), channel_ref(channel));
    out.insert("summary".into(), json!(frame.summary));
    if frame.from_client {
        put_security(&mut out, endpoint);
    }
    out.insert("messages".into(), json!([message_ref(channel, message)]));
    out
}

fn reply(channel: &str, message: &str) -> Value {
    json!({ "channel": channel_ref(channel), "messages": [message_ref(channel, message)] })
}

fn channel_ref(channel: &str) -> Value {
    json!({ "$ref": format!("#/channels/{}", pointer(channel)) })
}

fn message_ref(channel: &str, message: &str) -> Value {
    json!({ "$ref": format!("#/channels/{}/messages/{}", pointer(channel), pointer(message)) })
}

/// A generated message. On the endpoint's channel it is marked, so that the loader tells it from written ones.
fn message(frame: &Frame, marked: bool) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), json!(frame.tag));
    out.insert("summary".into(), json!(frame.summary));
    out.insert("contentType".into(), json!("application/json"));
    if frame.correlated {
        out.insert("correlationId".into(), json!({ "location": "$message.payload#/id" }));
    }
    out.insert("payload".into(), frame.schema.clone());
    let examples = frame.examples.iter().map(|example| match example.name {
        Some(name) => json!({ "name": name, "payload": example.frame }),
        None => json!({ "payload": example.frame }),
    });
    if !frame.examples.is_empty() {
        out.insert("examples".into(), examples.collect());
    }
    if marked {
        out.insert(schema::FRAME_MARK.into(), json!(true));
    }
    Value::Object(out)
}

/// A message as the document wrote it.
pub(super) fn explicit_message(api: &Api, message: &Message) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), json!(message.name.wire));
    declare::prose(&mut out, &message.docs);
    out.insert("contentType".into(), json!(message.content_type));
    if let Some(location) = &message.correlation {
        out.insert("correlationId".into(), json!({ "location": format!("$message.payload#{location}") }));
    }
    if let Some(payload) = &message.payload {
        out.insert("payload".into(), schema::of(api, payload));
    }
    if !message.docs.examples.is_empty() {
        let examples = message.docs.examples.iter().map(|payload| json!({ "payload": payload }));
        out.insert("examples".into(), examples.collect());
    }
    Value::Object(out)
}

fn put_description(out: &mut Map<String, Value>, description: Option<&str>) {
    if let Some(description) = description {
        out.insert("description".into(), json!(description));
    }
}

fn put_security(out: &mut Map<String, Value>, endpoint: &Endpoint) {
    if !endpoint.security.is_empty() {
        let schemes = endpoint.security.iter();
        let refs =
            schemes.map(|name| json!({ "$ref": format!("#/components/securitySchemes/{}", pointer(name)) }));
        out.insert("security".into(), refs.collect());
    }
}

/// What every channel of an address repeats: its parameters and its binding.
fn put_address(out: &mut Map<String, Value>, endpoint: &Endpoint) {
    if !endpoint.parameters.is_empty() {
        let parameters = endpoint.parameters.iter().map(|parameter| {
            let mut entry = Map::new();
            let docs = &parameter.docs;
            put_description(&mut entry, docs.description.as_deref().or(docs.summary.as_deref()));
            if !parameter.values.is_empty() {
                entry.insert("enum".into(), json!(parameter.values));
            }
            if let Some(default) = &parameter.default {
                entry.insert("default".into(), json!(default));
            }
            if !docs.examples.is_empty() {
                entry.insert("examples".into(), json!(docs.examples));
            }
            (parameter.name.wire.clone(), Value::Object(entry))
        });
        out.insert("parameters".into(), Value::Object(parameters.collect()));
    }
    if let Some(binding) = &endpoint.binding {
        out.insert("bindings".into(), json!({ "ws": binding }));
    }
}
