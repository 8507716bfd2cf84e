//! Requests over plain HTTP: each is a channel of its own, whose operation carries the standard's HTTP binding.

use serde_json::{Map, Value, json};

use super::frames::likely_failure;
use super::{declare, schema};
use crate::emit::examples::Examples;
use crate::model::{Api, Endpoint, Field, HealthMember, Http, HttpParameter, Request, Shape, Type};

/// Version of the HTTP binding in documents of 3.0.0.
const BINDING: &str = "0.3.0";

/// One request over HTTP, as an AsyncAPI 3.0.0 channel and operation print it.
pub(super) struct Call<'a> {
    api: &'a Api,
    endpoint: &'a Endpoint,
    request: &'a Request,
    http: &'a Http,
}

/// The requests of an endpoint that are made over HTTP.
pub(super) fn calls<'a>(api: &'a Api, endpoint: &'a Endpoint) -> impl Iterator<Item = Call<'a>> {
    let requests = endpoint.requests.iter();
    requests.filter_map(move |request| Some(Call { api, endpoint, request, http: request.http.as_ref()? }))
}

impl<'a> Call<'a> {
    /// The request itself.
    pub(super) fn request(&self) -> &'a Request {
        self.request
    }

    /// Key of the channel.
    pub(super) fn channel_id(&self) -> String {
        format!("{}.{}.http", self.endpoint.name.wire, self.request.name.wire)
    }

    /// Preferred key of the operation: the request's own where nothing else has it.
    pub(super) fn operation_id(&self) -> String {
        let name = &self.request.name.wire;
        if self.request.socket { format!("{name}.http") } else { name.clone() }
    }

    pub(super) fn path(&self) -> &str {
        &self.http.path
    }

    /// The channel: path, parameters, messages. Its mark says whose request it is.
    pub(super) fn channel(&self, examples: &Examples<'_>) -> Value {
        let mut out = Map::new();
        out.insert("address".into(), json!(self.http.path));
        out.insert("title".into(), json!(format!("{} {}", self.http.method.as_str(), self.http.path)));
        declare::prose(&mut out, &self.request.docs);
        let parameters = self.parameters(true).map(|parameter| {
            let mut entry = Map::new();
            if let Some(field) = self.field(parameter) {
                if let Some(text) = field.docs.description.as_ref().or(field.docs.summary.as_ref()) {
                    entry.insert("description".into(), json!(text));
                }
                if let Some(values) = self.values(&field.ty) {
                    entry.insert("enum".into(), json!(values));
                }
            }
            (parameter.name.clone(), Value::Object(entry))
        });
        let parameters: Map<String, Value> = parameters.collect();
        if !parameters.is_empty() {
            out.insert("parameters".into(), Value::Object(parameters));
        }
        out.insert("x-http".into(), json!(self.endpoint.name.wire));
        let messages = self.messages(examples).into_iter().map(|(key, message)| (key.to_owned(), message));
        out.insert("messages".into(), Value::Object(messages.collect()));
        Value::Object(out)
    }

    /// The messages: the body where there is one, the reply, and a failure.
    pub(super) fn messages(&self, examples: &Examples<'_>) -> Vec<(&'static str, Value)> {
        let mut messages = Vec::new();
        if let (true, Some(payload)) = (self.http.body, &self.request.payload) {
            let mut message = json!({
                "name": self.request.name.wire,
                "summary": "The body of the request.",
                "contentType": "application/json",
                "payload": schema::of(self.api, payload),
            });
            put_example(&mut message, examples.given(&self.request.docs, payload));
            messages.push(("request", message));
        }
        let mut reply = json!({
            "name": format!("{}.reply", self.request.name.wire),
            "summary": "The answer.",
            "contentType": self.http.produces.as_deref().unwrap_or("application/json"),
        });
        match (&self.request.reply, &self.http.produces) {
            (_, Some(_)) => reply["payload"] = json!({ "type": "string", "format": "binary" }),
            (Some(ty), None) => {
                reply["payload"] = self.completed(schema::of(self.api, ty));
                let mut example = examples.of(ty);
                if let Some(Value::Object(example)) = &mut example {
                    example.extend(self.http.health.iter().map(|member| {
                        let (_, value) = health(*member);
                        (member.name().to_owned(), value)
                    }));
                }
                put_example(&mut reply, example);
            }
            (None, None) => reply["payload"] = json!({ "type": "null" }),
        }
        messages.push(("reply", reply));
        messages.push(("failure", self.failure()));
        messages
    }

    /// The reply as it is answered: with what the server adds of its health.
    fn completed(&self, reply: Value) -> Value {
        let added = &self.http.health;
        if added.is_empty() {
            return reply;
        }
        let names: Vec<&str> = added.iter().map(|member| member.name()).collect();
        let properties = added.iter().map(|member| (member.name().to_owned(), health(*member).0));
        let properties: Map<String, Value> = properties.collect();
        json!({ "allOf": [reply, { "type": "object", "required": names, "properties": properties }] })
    }

    fn failure(&self) -> Value {
        let framework = self.endpoint.connection.errors.iter();
        let codes: Vec<&str> =
            framework.chain(&self.request.errors).map(|error| error.name.wire.as_str()).collect();
        json!({
            "name": format!("{}.failure", self.request.name.wire),
            "summary": "Why there is no answer; the status says so, too.",
            "contentType": "application/json",
            "payload": {
                "type": "object",
                "required": ["code", "message", "retry"],
                "properties": {
                    "code": { "type": "string", "description": format!("Such as {}.", list(&codes)) },
                    "message": { "type": "string", "description": "For a person." },
                    "retry": schema::retry(),
                },
            },
            "examples": [{ "payload": likely_failure(&self.request.errors, &self.endpoint.connection) }],
        })
    }

    /// The operation; `declared` puts the declaration itself beside it.
    pub(super) fn operation(&self, examples: &Examples<'_>, declared: bool) -> Map<String, Value> {
        let id = super::v3::pointer(&self.channel_id());
        let message = |key: &str| json!({ "$ref": format!("#/channels/{id}/messages/{key}") });
        let channel = json!({ "$ref": format!("#/channels/{id}") });
        let mut out = Map::new();
        out.insert("action".into(), json!("receive"));
        out.insert("channel".into(), channel.clone());
        let docs = &self.request.docs;
        let summary =
            docs.summary.clone().unwrap_or_else(|| format!("Request `{}`.", self.request.name.wire));
        out.insert("summary".into(), json!(summary));
        if let Some(text) = &docs.description {
            out.insert("description".into(), json!(text));
        }
        declare::tags(&mut out, &self.request.tags);
        out.insert("bindings".into(), json!({ "http": self.binding(BINDING) }));
        let keys = self.messages(examples).into_iter().map(|(key, _)| key);
        let (asks, answers): (Vec<_>, Vec<_>) = keys.partition(|key| *key == "request");
        out.insert("messages".into(), asks.into_iter().map(message).collect());
        let answers: Vec<Value> = answers.into_iter().map(message).collect();
        out.insert("reply".into(), json!({ "channel": channel, "messages": answers }));
        if declared {
            out.insert("x-request".into(), declare::request(self.api, self.request));
        }
        out
    }

    /// The standard's binding: method and query.
    pub(super) fn binding(&self, version: &str) -> Value {
        let mut binding = json!({ "method": self.http.method.as_str() });
        let query: Vec<&HttpParameter> = self.parameters(false).collect();
        if !query.is_empty() {
            let properties = query.iter().map(|parameter| {
                let schema = self.field(parameter).map_or_else(
                    || json!({ "type": "string" }),
                    |field| {
                        let mut schema = schema::of(self.api, &field.ty);
                        if let (Some(text), None) = (&field.docs.description, schema.get("$ref")) {
                            schema["description"] = json!(text);
                        }
                        schema
                    },
                );
                (parameter.name.clone(), schema)
            });
            binding["query"] = json!({ "type": "object", "properties": properties.collect::<Map<_, _>>() });
            let required: Vec<&str> =
                query.iter().filter(|it| it.required).map(|it| it.name.as_str()).collect();
            if !required.is_empty() {
                binding["query"]["required"] = json!(required);
            }
        }
        binding["bindingVersion"] = json!(version);
        binding
    }

    fn parameters(&self, in_path: bool) -> impl Iterator<Item = &'a HttpParameter> {
        self.http.parameters.iter().filter(move |parameter| parameter.in_path == in_path)
    }

    fn field(&self, parameter: &HttpParameter) -> Option<&'a Field> {
        let Some(Type::Named(id)) = &self.request.payload else { return None };
        let Shape::Object(object) = &self.api.type_def(*id).shape else { return None };
        object.fields.iter().find(|field| field.name.wire == parameter.name)
    }

    /// The values of an enum of strings.
    fn values(&self, ty: &Type) -> Option<Vec<&'a str>> {
        let Type::Named(id) = ty else { return None };
        let Shape::Enum(values) = &self.api.type_def(*id).shape else { return None };
        if values.open {
            return None;
        }
        values.values.iter().map(|value| value.value.as_str()).collect()
    }
}

/// Schema and example of what the server adds of its health.
fn health(member: HealthMember) -> (Value, Value) {
    match member {
        HealthMember::Status => {
            (json!({ "type": "string", "enum": ["healthy", "draining"] }), json!("healthy"))
        }
        HealthMember::ActiveConnections => (json!({ "type": "integer", "minimum": 0 }), json!(3)),
        HealthMember::Timestamp => {
            (json!({ "type": "string", "format": "date-time" }), json!("2024-01-15T10:30:00.000Z"))
        }
    }
}

fn put_example(message: &mut Value, example: Option<Value>) {
    if let Some(example) = example {
        message["examples"] = json!([{ "payload": example }]);
    }
}

fn list(codes: &[&str]) -> String {
    codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ")
}
