//! Plain HTTP on the page: the lines to copy, and what the console has to know.

use serde_json::{Value, json};

use super::super::asyncapi::schema;
use super::super::examples::Examples;
use super::snippets;
use crate::model::{Api, Endpoint, Http, HttpSubject, Request};

/// The origin of the API over HTTP.
pub(super) fn origin(api: &Api) -> String {
    super::origin(api).replacen("ws", "http", 1)
}

/// Where a request goes, and what it carries.
fn address(api: &Api, request: &Request, http: &Http, examples: &Examples<'_>) -> (String, Option<Value>) {
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
