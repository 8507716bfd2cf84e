//! Topics, requests and broadcasts.

use super::connection::{Settings, retry};
use super::docs::{docs, tags};
use super::http::http;
use super::names::{self, Place, upper_camel};
use super::naming::{Member, RequestName};
use super::schemas::{SchemaLowering, members};
use super::stores::told;
use crate::model::{
    Broadcast, Delivery, DeliveryMode, ErrorCode, History, Name, Order, Overflow, ParamShape, Request, Retry,
    State, StateKind, Topic, Type, TypeDef, WhenFull,
};
use crate::spec::document::entries;
use crate::spec::shape::{Kind, Shape};
use crate::spec::shapes::extensions::{BROADCAST, REQUEST, TOPIC};
use crate::spec::{Declared, Document, Endpoint, Node};

/// Deepest nesting of parameters that goes into a topic string.
const MAX_NESTING: usize = 8;

/// The shape of an object member, for its defaults.
fn shape_of(shape: &'static Shape, key: &str) -> &'static Shape {
    match shape.field(key).map(|field| field.kind) {
        Some(Kind::Object(inner) | Kind::WordOr(_, inner)) => inner,
        _ => shape,
    }
}

/// A topic; `None` where it lacks what every topic must have, which has been reported.
pub(super) fn topic<'a>(
    document: &Document<'a>,
    declared: &Declared<'a>,
    named: Member,
    schemas: &mut SchemaLowering<'a>,
) -> Option<Topic> {
    let node = declared.node;
    let upper = upper_camel(declared.name);
    let mut payload = |key: &str, suffix: &str| {
        node.get(key).map(|schema| schemas.payload(schema, &format!("{upper}{suffix}")))
    };
    let Type::Named(params) = payload("params", "Params")? else { return None };
    let update = payload("update", "Update")?;
    let own_snapshot = payload("snapshot", "Snapshot");
    let state = state(node);
    let derived = state.as_ref().map(|state| match state.kind {
        StateKind::Latest | StateKind::Merge => update.clone(),
        StateKind::Keyed { .. } | StateKind::Window { .. } => Type::Array(Box::new(update.clone())),
    });
    let most = node.get("maxSubscriptions").and_then(Node::as_integer);
    Some(Topic {
        name: named.name,
        module: named.method,
        docs: docs(|key| node.get(key)),
        tags: tags(document, node.get("tags")),
        params,
        param_shape: ParamShape::default(),
        update,
        state,
        snapshot: own_snapshot.or(derived),
        delivery: delivery(node),
        history: history(node),
        access: node.get("access").map(Node::to_json),
        label: node.get("label").and_then(Node::as_str).unwrap_or_default().to_owned(),
        unwrap: texts(node.get("unwrap")),
        errors: errors(document, node, &upper, schemas),
        max_subscriptions: most.and_then(|most| u32::try_from(most).ok()),
        by_handler: Settings::new(Some(node), &TOPIC).text("subscribe") == "handler",
        message: node.get("message").and_then(Node::as_str).map(str::to_owned),
    })
}

/// The strings of a list.
pub(super) fn texts(node: Option<&Node>) -> Vec<String> {
    node.map_or(&[][..], Node::items).iter().filter_map(Node::as_str).map(str::to_owned).collect()
}

fn state(topic: &Node) -> Option<State> {
    let node = topic.get("state")?;
    let settings = Settings::new(Some(node), shape_of(&TOPIC, "state"));
    let word = node.as_str().map_or_else(|| settings.text("kind"), str::to_owned);
    let kind = state_kind(&word, node, settings)?;
    Some(State { kind, http: node.get("http").and_then(Node::as_str).map(str::to_owned) })
}

/// The kind of this name, with its settings.
pub(super) fn state_kind(word: &str, node: &Node, settings: Settings<'_>) -> Option<StateKind> {
    Some(match word {
        "latest" => StateKind::Latest,
        "merge" => StateKind::Merge,
        "keyed" => StateKind::Keyed {
            key: texts(node.get("key")),
            max_keys: settings.count("maxKeys"),
            when_full: match settings.text("whenFull").as_str() {
                "refuse" => WhenFull::Refuse,
                _ => WhenFull::DropOldest,
            },
        },
        "window" => {
            let order = match settings.text("order").as_str() {
                "newestLast" => Order::NewestLast,
                _ => Order::NewestFirst,
            };
            StateKind::Window { size: settings.count("size"), order }
        }
        _ => return None,
    })
}

fn delivery(topic: &Node) -> Delivery {
    let settings = Settings::new(topic.get("delivery"), shape_of(&TOPIC, "delivery"));
    let mode = match settings.text("mode").as_str() {
        "latest" => DeliveryMode::Latest {
            key: texts(topic.get("delivery").and_then(|delivery| delivery.get("key"))),
            interval_ms: settings.duration("interval").unwrap_or_default(),
        },
        _ => DeliveryMode::Every,
    };
    Delivery {
        mode,
        flush_ms: settings.duration("flush").unwrap_or_default(),
        overflow: match settings.text("overflow").as_str() {
            "dropOldest" => Overflow::DropOldest,
            "resync" => Overflow::Resync,
            _ => Overflow::Close,
        },
        compress: settings.flag("compress"),
    }
}

fn history(topic: &Node) -> Option<History> {
    let node = topic.get("history")?;
    let settings = Settings::new(Some(node), shape_of(&TOPIC, "history"));
    Some(History { size: settings.count("size"), ttl_ms: settings.duration("ttl").unwrap_or_default() })
}

fn errors<'a>(
    document: &Document<'a>,
    node: &'a Node,
    owner: &str,
    schemas: &mut SchemaLowering<'a>,
) -> Vec<ErrorCode> {
    let entries = entries(node, "errors");
    let wires: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let named = names::unique(&wires, Place::Variant, &[]).into_iter().zip(entries);
    named
        .map(|(name, entry)| error_code(document, name, Some(&entry.value), Retry::Never, owner, schemas))
        .collect()
}

/// One error code, from its declaration if there is one.
pub(super) fn error_code<'a>(
    document: &Document<'a>,
    name: Name,
    node: Option<&'a Node>,
    usual: Retry,
    owner: &str,
    schemas: &mut SchemaLowering<'a>,
) -> ErrorCode {
    let node = node.and_then(|node| Some(document.references.resolve(node).ok()?.node));
    let details = node.and_then(|node| node.get("details"));
    let suggested = format!("{owner}{}Details", upper_camel(&name.wire));
    ErrorCode {
        docs: docs(|key| node?.get(key)),
        retry: retry(node.and_then(|node| node.get("retry")), usual),
        status: node.and_then(|node| u16::try_from(node.get("status")?.as_integer()?).ok()),
        details: details.map(|schema| schemas.payload(schema, &suggested)),
        name,
    }
}

/// A request.
pub(super) fn request<'a>(
    document: &Document<'a>,
    declared: &Declared<'a>,
    named: RequestName,
    schemas: &mut SchemaLowering<'a>,
) -> Request {
    let node = declared.node;
    let upper = upper_camel(declared.name);
    let mut payload = |key: &str, suffix: &str| {
        node.get(key).map(|schema| schemas.payload(schema, &format!("{upper}{suffix}")))
    };
    let (sent, reply) = (payload("payload", "Payload"), payload("reply", "Reply"));
    Request {
        name: named.name,
        method: named.method,
        path: named.path,
        docs: docs(|key| node.get(key)),
        tags: tags(document, node.get("tags")),
        payload: sent,
        reply,
        errors: errors(document, node, &upper, schemas),
        access: node.get("access").map(Node::to_json),
        http: http(node),
        socket: Settings::new(Some(node), &REQUEST).flag("socket"),
        notification: Settings::new(Some(node), &REQUEST).flag("notification"),
    }
}

/// A broadcast.
pub(super) fn broadcast<'a>(
    document: &Document<'a>,
    endpoint: &Endpoint<'a>,
    declared: &Declared<'a>,
    named: Member,
    schemas: &mut SchemaLowering<'a>,
) -> Broadcast {
    let node = declared.node;
    let payload = node.get("payload");
    Broadcast {
        docs: docs(|key| node.get(key)),
        tags: tags(document, node.get("tags")),
        payload: payload
            .map(|schema| schemas.payload(schema, &format!("{}Payload", upper_camel(declared.name)))),
        on_connect: Settings::new(Some(node), &BROADCAST).text("on") == "connect",
        feeds: Vec::new(),
        tells: told(endpoint, node),
        name: named.name,
        method: named.method,
    }
}

/// Fills in what the finished types say about parameters: how they become topic strings, and the usual label.
pub(super) fn shape_params(topics: &mut [Topic], types: &[TypeDef]) {
    for topic in topics {
        topic.param_shape = param_shape(types, &Type::Named(topic.params), 0).unwrap_or_default();
        if topic.label.is_empty() {
            topic.label = match topic.param_shape.members.first() {
                Some((key, ..)) => format!("{{{key}}}"),
                None => topic.name.wire.clone(),
            };
        }
    }
}

/// The declared members of an object; one that declares none is taken as it is, like anything that is no object.
fn param_shape(types: &[TypeDef], ty: &Type, depth: usize) -> Option<ParamShape> {
    let object = members(types, ty).filter(|object| depth < MAX_NESTING && !object.fields.is_empty())?;
    let members = object.fields.iter().map(|field| {
        (field.name.wire.clone(), field.default.clone(), param_shape(types, &field.ty, depth + 1))
    });
    Some(ParamShape { members: members.collect() })
}
