//! Plain HTTP on the page: the lines to copy, and what the console has to know.

use serde_json::{Value, json};

use super::super::asyncapi::schema;
use super::super::examples::Examples;
use super::super::typescript::reads_lists;
use super::snippets;
use crate::model::{Api, Endpoint, Http, HttpCall, HttpSubject, Request, Type};

/// The origin of the API over HTTP.
pub(super) fn origin(api: &Api) -> String {
    super::origin(api).replacen("ws", "http", 1)
}

/// Where a request goes, and what it carries.
fn address(api: &Api, request: &Request, http: &Http, examples: &Examples<'_>) -> (String, Option<Value>) {
    let example = request.payload.as_ref();
    let example = example.and_then(|payload| examples.given(&request.docs, payload)).unwrap_or_default();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut path = http.path.clone();
    let mut query = Vec::new();
    for parameter in &http.parameters {
        let Some(value) = example.get(&parameter.name).filter(|value| !value.is_null()) else { continue };
        let value = match value {
            Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
            value => text(value),
        };
        let value = encoded(&value);
        if parameter.in_path {
            path = path.replace(&format!("{{{}}}", parameter.name), &value);
        } else {
            query.push(format!("{}={value}", encoded(&parameter.name)));
        }
    }
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let body = http.body.then(|| {
        let mut body = example;
        if let Some(members) = body.as_object_mut() {
            members.retain(|key, _| !http.parameters.iter().any(|parameter| parameter.name == *key));
        }
        body
    });
    (format!("{}{path}{query}", origin(api)), body)
}

/// A line for the shell that makes the request.
pub(super) fn curl(api: &Api, request: &Request, http: &Http, examples: &Examples<'_>) -> String {
    let (url, body) = address(api, request, http, examples);
    let method = match http.method.as_str() {
        "GET" => String::new(),
        method => format!(" -X {method}"),
    };
    let body = body.map_or_else(String::new, |body| {
        format!(" \\\n  -H 'Content-Type: application/json' -d '{}'", body.to_string().replace('\'', "'\\''"))
    });
    let file = if http.produces.is_some() { " -O" } else { "" };
    format!("curl{method}{file} '{url}'{body}")
}

/// What a page writes to do this over plain HTTP, if that can be; `result` is what it calls the answer.
pub(super) fn snippet(
    endpoint: &Endpoint,
    subject: HttpSubject,
    result: Option<&str>,
    argument: Option<&Value>,
) -> Option<String> {
    let call = endpoint.http_call(subject)?;
    let argument = match (argument, call.limit) {
        (Some(argument), _) => snippets::literal(argument),
        (None, true) => "{ limit: 5 }".to_owned(),
        (None, false) => String::new(),
    };
    let result = result.map(|name| format!("const {name} = ")).unwrap_or_default();
    Some(format!("{result}await http.{}({argument});", call.member))
}

/// Where something stands among its like.
pub(super) fn place<T>(all: &[T], one: &T) -> usize {
    all.iter().position(|other| std::ptr::eq(other, one)).unwrap_or(all.len())
}

/// An entry of the console.
pub(super) fn send(api: &Api, endpoint: &Endpoint, call: &HttpCall, examples: &Examples<'_>) -> Value {
    let HttpSubject::Request(at) = call.subject else { return get(api, endpoint, call, examples) };
    let request = &endpoint.requests[at];
    let payload = request.payload.as_ref();
    let http = request.http.as_ref();
    let schema = payload.map(|payload| schema::of(api, payload));
    let example = payload.and_then(|payload| examples.given(&request.docs, payload));
    let method = http.map_or("GET", |http| http.method.as_str());
    let has_body = http.is_some_and(|http| http.body);
    let mut entry = entry(method, path(endpoint, call.subject), schema.as_ref(), example.as_ref());
    entry["http"]["body"] = json!(has_body);
    entry
}

/// The same for what is only read.
fn get(api: &Api, endpoint: &Endpoint, call: &HttpCall, examples: &Examples<'_>) -> Value {
    let path = path(endpoint, call.subject);
    let params = match call.subject {
        HttpSubject::Topic(at) => Some(Type::Named(endpoint.topics[at].params)),
        _ => None,
    };
    let limit = json!({ "type": "object", "properties": { "limit": { "type": "integer", "minimum": 1 } } });
    let given = params.as_ref().map(|params| schema::of(api, params));
    let schema = match (given, call.limit) {
        (Some(params), true) => Some(json!({ "allOf": [params, limit] })),
        (None, true) => Some(limit),
        (given, false) => given,
    };
    let example = params.and_then(|params| examples.of(&params));
    let mut entry = entry("GET", path, schema.as_ref(), example.as_ref());
    if let HttpSubject::Topic(at) = call.subject
        && reads_lists(api, &endpoint.topics[at])
    {
        entry["http"]["lists"] = json!("json");
    }
    entry
}

fn entry(method: &str, path: Option<&str>, schema: Option<&Value>, example: Option<&Value>) -> Value {
    let path = path.unwrap_or_default();
    json!({
        "group": "HTTP",
        "tag": format!("{method} {path}"),
        "schema": schema,
        "example": example,
        "http": { "method": method, "path": path, "body": false },
    })
}

/// Where what is retained is read.
fn path(endpoint: &Endpoint, subject: HttpSubject) -> Option<&str> {
    match subject {
        HttpSubject::Request(at) => endpoint.requests[at].http.as_ref().map(|http| http.path.as_str()),
        HttpSubject::Topic(at) => endpoint.topics[at].state.as_ref()?.http.as_deref(),
        HttpSubject::Store(at) => endpoint.stores[at].http.as_deref(),
        HttpSubject::Broadcast(at) => endpoint.broadcasts[at].tells.as_ref()?.http.as_deref(),
    }
}

/// What a button has to say to bring the console to this.
pub(super) fn attempt(endpoint: &Endpoint, subject: HttpSubject) -> Option<String> {
    let method = match subject {
        HttpSubject::Request(at) => endpoint.requests[at].http.as_ref()?.method.as_str(),
        _ => "GET",
    };
    Some(format!("{}|{method} {}", endpoint.name.wire, path(endpoint, subject)?))
}

/// What the console calls a request.
pub(super) fn tag(http: &Http) -> String {
    format!("{} {}", http.method.as_str(), http.path)
}

/// Percent-encodes what a segment or a value of a query cannot hold.
fn encoded(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~:,".contains(&byte);
    text.bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
