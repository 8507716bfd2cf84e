//! What clients do over plain HTTP: which members of a payload come from path and query, how their text is read, and
//! what everything is called.

use super::connection::Settings;
use super::names::{self, Place};
use super::schemas::members;
use crate::model::{
    Additional, Endpoint, EnumRepr, HealthMember, Http, HttpCall, HttpMethod, HttpParameter, HttpSubject,
    HttpText, Request, Shape, Type, TypeDef,
};
use crate::spec::Node;
use crate::spec::shapes::extensions::HTTP;

/// What the document says; the parameters are filled in once the types are known.
pub(super) fn http(request: &Node) -> Option<Http> {
    let node = request.get("http").filter(|node| node.is_mapping())?;
    let settings = Settings::new(Some(node), &HTTP);
    let method = match settings.text("method").as_str() {
        "GET" => HttpMethod::Get,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Post,
    };
    Some(Http {
        method,
        path: settings.text("path"),
        produces: node.get("produces").and_then(Node::as_str).map(str::to_owned),
        max_age_ms: settings.duration("maxAge"),
        parameters: Vec::new(),
        body: false,
        health: Vec::new(),
    })
}

/// What the server adds to the reply of a request at the path of its health: all that the document does not declare.
pub(super) fn complete_health(requests: &mut [Request], base: &str, types: &[TypeDef]) {
    let path = format!("{base}/health");
    for request in requests {
        let Some(http) = &mut request.http else { continue };
        let is_health = http.method == HttpMethod::Get && (http.path == path || http.path == "/health");
        let reply = request.reply.as_ref().filter(|ty| !matches!(ty, Type::Nullable(_)));
        let Some(reply) = reply.filter(|_| is_health).and_then(|ty| members(types, ty)) else { continue };
        if reply.additional == Additional::Refused {
            continue;
        }
        let is_declared =
            |member: &HealthMember| reply.fields.iter().any(|field| field.name.wire == member.name());
        http.health = HealthMember::ALL.into_iter().filter(|member| !is_declared(member)).collect();
    }
}

/// Names between the braces of a path.
pub(crate) fn expressions(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// Divides the payload of each request between path, query and body.
pub(super) fn divide(requests: &mut [Request], types: &[TypeDef]) {
    for request in requests {
        let Some(http) = &mut request.http else { continue };
        let fields = request.payload.as_ref().and_then(|ty| members(types, ty)).map(|object| &object.fields);
        let fields = fields.map_or(&[][..], Vec::as_slice);
        let parameter = |name: &str, in_path| {
            let field = fields.iter().find(|field| field.name.wire == name);
            HttpParameter {
                name: name.to_owned(),
                in_path,
                text: field.map_or(HttpText::Text, |field| text(types, &field.ty, 0)),
                required: in_path || field.is_some_and(|field| field.required && field.default.is_none()),
            }
        };
        let in_path: Vec<&str> = expressions(&http.path).collect();
        let rest = fields.iter().map(|field| field.name.wire.as_str()).filter(|name| !in_path.contains(name));
        let in_query = rest.clone().filter(|_| !http.method.has_body());
        http.parameters = in_path
            .iter()
            .map(|name| parameter(name, true))
            .chain(in_query.map(|name| parameter(name, false)))
            .collect();
        let is_all_in_path = !in_path.is_empty() && rest.count() == 0;
        http.body = http.method.has_body() && request.payload.is_some() && !is_all_in_path;
    }
}

/// How text is read that stands for a value of this type.
fn text(types: &[TypeDef], ty: &Type, depth: usize) -> HttpText {
    let of = |ty: &Type| text(types, ty, depth + 1);
    match ty {
        Type::Nullable(inner) => of(inner),
        Type::Array(item) => match of(item) {
            HttpText::Text => HttpText::Texts,
            _ => HttpText::Values,
        },
        Type::Named(id) if depth <= types.len() => match types.get(id.0).map(|def| &def.shape) {
            Some(Shape::Alias(inner)) => of(inner),
            Some(Shape::Enum(values)) if values.repr == EnumRepr::String => HttpText::Text,
            Some(Shape::Untagged(arms)) if arms.iter().any(|arm| of(&arm.ty) == HttpText::Text) => {
                HttpText::Text
            }
            _ => HttpText::Value,
        },
        Type::String { .. } | Type::Decimal | Type::IntegerString { .. } => HttpText::Text,
        Type::Constant(value) if value.is_string() => HttpText::Text,
        _ => HttpText::Value,
    }
}

/// Names that would make the whole something else: an object with `then` counts as a promise.
const NOT_METHODS: &[&str] = &["then", "constructor"];

/// Everything that is done over HTTP: what is read, then what is asked.
pub(super) fn calls(endpoint: &Endpoint, types: &[TypeDef]) -> Vec<HttpCall> {
    let mut found: Vec<(String, HttpSubject, bool)> = Vec::new();
    for (at, topic) in endpoint.topics.iter().enumerate() {
        if topic.state.as_ref().is_some_and(|state| state.http.is_some()) {
            // A parameter of this name is the topic's own.
            let taken = topic.param_shape.members.iter().any(|(key, ..)| key == "limit");
            let limit = !taken && topic.snapshot.as_ref().is_some_and(|ty| ty.is_list(types));
            found.push((format!("get_{}", topic.name.wire), HttpSubject::Topic(at), limit));
        }
    }
    for (at, store) in endpoint.stores.iter().enumerate().filter(|(_, store)| store.http.is_some()) {
        let limit = store.shown.is_list(types);
        found.push((format!("get_{}", store.name.wire), HttpSubject::Store(at), limit));
    }
    for (at, broadcast) in endpoint.broadcasts.iter().enumerate() {
        if broadcast.tells.as_ref().is_some_and(|told| told.http.is_some()) {
            found.push((format!("get_{}", broadcast.name.wire), HttpSubject::Broadcast(at), false));
        }
    }
    for (at, request) in endpoint.requests.iter().enumerate().filter(|(_, request)| request.http.is_some()) {
        found.push((request.name.wire.clone(), HttpSubject::Request(at), false));
    }
    let wires: Vec<&str> = found.iter().map(|(wire, ..)| wire.as_str()).collect();
    let named = names::in_order(&wires, Place::Method, NOT_METHODS);
    let calls = named.into_iter().zip(&found);
    calls.map(|(name, &(_, subject, limit))| HttpCall { member: name.typescript, subject, limit }).collect()
}
