//! Requests over plain HTTP on the page: the line to copy, and what the console has to know.

use serde_json::{Value, json};

use super::super::asyncapi::schema;
use super::super::examples::Examples;
use super::snippets;
use crate::model::{Api, Http, Request};

/// The origin of the API over HTTP.
fn origin(api: &Api) -> String {
    super::origin(api).replacen("ws", "http", 1)
}

/// Where a request goes, and what it carries.
fn call(api: &Api, request: &Request, http: &Http, examples: &Examples<'_>) -> (String, Option<Value>) {
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
    let (url, body) = call(api, request, http, examples);
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

/// What a page writes to make a request that the socket's client cannot.
pub(super) fn fetch(api: &Api, request: &Request, http: &Http, examples: &Examples<'_>) -> String {
    let (url, body) = call(api, request, http, examples);
    let mut options = Vec::new();
    if http.method.as_str() != "GET" {
        options.push(format!("method: '{}'", http.method.as_str()));
    }
    if let Some(body) = body {
        options.push("headers: { 'content-type': 'application/json' }".to_owned());
        options.push(format!("body: JSON.stringify({})", snippets::literal(&body)));
    }
    let options =
        if options.is_empty() { String::new() } else { format!(", {{\n  {},\n}}", options.join(",\n  ")) };
    let read = match (http.produces.is_some(), request.reply.is_some()) {
        (true, _) => "\nconst result = await response.blob();",
        (false, true) => "\nconst result = await response.json();",
        (false, false) => "",
    };
    format!("const response = await fetch('{url}'{options});{read}")
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
