//! Requests over plain HTTP on the page: the line to copy, and what the console has to know.

use serde_json::{Value, json};

use super::super::asyncapi::schema;
use super::super::examples::Examples;
use crate::model::{Api, Http, Request};

/// The origin of the API over HTTP.
fn origin(api: &Api) -> String {
    super::origin(api).replacen("ws", "http", 1)
}

/// A line for the shell that makes the request.
pub(super) fn curl(api: &Api, request: &Request, http: &Http, examples: &Examples<'_>) -> String {
    let example = request.payload.as_ref().and_then(|payload| examples.of(payload)).unwrap_or_default();
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
    let method = match http.method.as_str() {
        "GET" => String::new(),
        method => format!(" -X {method}"),
    };
    let body = if http.body {
        let mut body = example;
        if let Some(members) = body.as_object_mut() {
            members.retain(|key, _| !http.parameters.iter().any(|parameter| parameter.name == *key));
        }
        format!(" \\\n  -H 'Content-Type: application/json' -d '{}'", body.to_string().replace('\'', "'\\''"))
    } else {
        String::new()
    };
    let file = if http.produces.is_some() { " -O" } else { "" };
    format!("curl{method}{file} '{}{path}{query}'{body}", origin(api))
}

/// An entry of the console.
pub(super) fn send(api: &Api, request: &Request, http: &Http, examples: &Examples<'_>) -> Value {
    let payload = request.payload.as_ref();
    let query =
        http.parameters.iter().filter(|parameter| !parameter.in_path).map(|parameter| &parameter.name);
    json!({
        "group": "HTTP",
        "tag": tag(http),
        "schema": payload.map(|payload| schema::of(api, payload)),
        "example": payload.and_then(|payload| examples.of(payload)),
        "http": {
            "origin": origin(api),
            "method": http.method.as_str(),
            "path": http.path,
            "query": query.collect::<Vec<_>>(),
            "body": http.body,
        },
    })
}

/// What the console calls the request.
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
