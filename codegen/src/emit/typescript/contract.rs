//! The contract constant: what the runtime has to know of an endpoint, as data.

use std::collections::BTreeMap;

use super::literal::Literal;
use super::shape::frame_shape;
use super::usage::messages;
use crate::model::{
    Action, Activity, Api, Connection, Endpoint, Envelope, Matcher, Message, Operation, ParamShape, Request,
    Retry, Shape, Topic, Type,
};

type Members = Vec<(String, Literal)>;

/// Lines that a contract may have before its tables are filled, and about how many they have then.
const MAX_LINES: usize = 440;

/// The contract of an endpoint as an object literal.
pub(super) fn literal(api: &Api, endpoint: &Endpoint) -> String {
    let members = contract(api, endpoint);
    let literal = Literal::Spread(members.clone()).print(0, 0, 0);
    if literal.lines().count() <= MAX_LINES {
        return literal;
    }
    let tables = members.iter().filter(|(_, value)| matches!(value, Literal::Spread(_))).count().max(1);
    let lines = members.iter().map(|(key, value)| match value {
        Literal::Spread(_) => {
            format!("  // prettier-ignore\n  {key}: {},\n", value.print_filled(4, MAX_LINES / tables))
        }
        _ => format!("  {key}: {},\n", value.print(2, key.len() + 4, 1)),
    });
    format!("{{\n{}}}", lines.collect::<String>())
}

/// The contract of an endpoint, as the members of an object.
fn contract(api: &Api, endpoint: &Endpoint) -> Members {
    let mut members = vec![("address".to_owned(), Literal::text(&endpoint.address))];
    let mut add = |key: &str, value: Literal| {
        if !matches!(&value, Literal::Object(inner) | Literal::Spread(inner) | Literal::Codes(inner) if inner.is_empty())
        {
            members.push((key.to_owned(), value));
        }
    };
    add("parameters", address_parameters(endpoint));
    let connection = &endpoint.connection;
    if connection.auth.query != "token" {
        add("tokenParameter", Literal::text(&connection.auth.query));
    }
    if speaks_protocol(endpoint) {
        add("subprotocol", Literal::text(&connection.subprotocol));
        add("envelope", envelope(&connection.envelope));
        add("heartbeatMs", Literal::Raw(connection.heartbeat_ms.to_string()));
        if connection.activity == Activity::Message {
            add("activity", Literal::text("message"));
        }
        add("messagesPerSecond", Literal::Raw(connection.messages_per_second.to_string()));
    }
    add("closes", closes(connection));
    let reasons = close_reasons(connection);
    if !reasons.is_empty() {
        add("closeReasons", Literal::Array(reasons));
    }
    let (joined, topics): (Vec<&Topic>, Vec<_>) = endpoint.topics.iter().partition(|topic| topic.by_handler);
    add("topics", table(topics.into_iter().map(|it| (&it.name.wire, topic(it)))));
    add("requests", table(endpoint.socket_requests().map(|it| (&it.name.wire, request(it)))));
    // What nobody subscribes to from here arrives as a broadcast does.
    let joined: Vec<String> = joined.into_iter().map(Topic::update_tag).collect();
    let updates = joined.iter().map(|kind| (kind, broadcast(false)));
    let broadcasts = endpoint.broadcasts.iter().map(|it| (&it.name.wire, broadcast(it.on_connect)));
    add("broadcasts", table(updates.chain(broadcasts)));
    add(
        "operations",
        table(endpoint.operations.iter().map(|it| (&it.name.wire, operation(api, endpoint, it)))),
    );
    members
}

/// Whether Bellwire's own messages, `ping` among them, are spoken here. An endpoint of plain operations alone may be
/// anyone's.
fn speaks_protocol(endpoint: &Endpoint) -> bool {
    let requests = endpoint.socket_requests().next();
    !(endpoint.topics.is_empty() && requests.is_none() && endpoint.broadcasts.is_empty())
}

/// What differs from the standard envelope.
fn envelope(envelope: &Envelope) -> Literal {
    let standard = Envelope::standard();
    let own = |key: &str, name: &str, usual: &str| (name != usual).then(|| member(key, Literal::text(name)));
    let timestamp = envelope.timestamp.as_ref().map(|name| member("timestamp", Literal::text(name)));
    let members = [
        own("tag", &envelope.tag, &standard.tag),
        own("clientTag", &envelope.client_tag, &envelope.tag),
        own("body", envelope.body_word(), "payload"),
        timestamp,
    ];
    Literal::Object(members.into_iter().flatten().collect())
}

/// One entry per line.
fn table<'a>(entries: impl Iterator<Item = (&'a String, Literal)>) -> Literal {
    Literal::Spread(entries.map(|(key, value)| (key.clone(), value)).collect())
}

fn member(key: &str, value: Literal) -> (String, Literal) {
    (key.to_owned(), value)
}

fn address_parameters(endpoint: &Endpoint) -> Literal {
    let parameters = endpoint.parameters.iter().map(|parameter| {
        let default = parameter.default.as_ref().map(|default| member("default", Literal::text(default)));
        (parameter.name.wire.clone(), Literal::Object(default.into_iter().collect()))
    });
    Literal::Object(parameters.collect())
}

/// Retry class by close code; where conditions share a code, the most cautious one.
fn closes(connection: &Connection) -> Literal {
    let mut by_code: BTreeMap<u16, Retry> = BTreeMap::new();
    for close in &connection.closes {
        let known = by_code.entry(close.code).or_insert(close.retry);
        if caution(close.retry) > caution(*known) {
            *known = close.retry;
        }
    }
    let entries = by_code.into_iter().map(|(code, retry)| (code.to_string(), retry_literal(retry)));
    Literal::Codes(entries.collect())
}

/// Closes that only their reason tells from others of the same code.
fn close_reasons(connection: &Connection) -> Vec<Literal> {
    let strictest = |code: u16| {
        connection.closes.iter().filter(|close| close.code == code).map(|close| caution(close.retry)).max()
    };
    let mut seen: Vec<(u16, &str)> = Vec::new();
    let mut entries = Vec::new();
    for close in connection.closes.iter().filter(|close| Some(caution(close.retry)) != strictest(close.code))
    {
        let prefix = close.reason.split('{').next().unwrap_or_default();
        if seen.contains(&(close.code, prefix)) {
            continue;
        }
        seen.push((close.code, prefix));
        entries.push(Literal::Object(vec![
            member("code", Literal::Raw(close.code.to_string())),
            member("reason", Literal::text(prefix)),
            member("retry", retry_literal(close.retry)),
        ]));
    }
    entries
}

fn caution(retry: Retry) -> u8 {
    match retry {
        Retry::Now => 0,
        Retry::Later => 1,
        Retry::Never => 2,
    }
}

fn retry_literal(retry: Retry) -> Literal {
    Literal::text(retry_word(retry))
}

/// The word for a retry class on the wire.
pub(super) fn retry_word(retry: Retry) -> &'static str {
    match retry {
        Retry::Now => "now",
        Retry::Later => "later",
        Retry::Never => "never",
    }
}

fn topic(topic: &Topic) -> Literal {
    let mut members = vec![member("shape", param_shape(&topic.param_shape))];
    if topic.snapshot.is_some() {
        members.push(member("snapshot", Literal::Raw("true".to_owned())));
    }
    Literal::Object(members)
}

fn param_shape(shape: &ParamShape) -> Literal {
    let members = shape.members.iter().map(|(key, default, nested)| {
        let default = default.as_ref().map(|value| member("default", Literal::from(value)));
        let nested = nested.as_ref().map(|nested| member("members", param_shape(nested)));
        (key.clone(), Literal::Object(default.into_iter().chain(nested).collect()))
    });
    Literal::Object(members.collect())
}

fn request(request: &Request) -> Literal {
    let notification = request.notification.then(|| member("notification", Literal::Raw("true".to_owned())));
    Literal::Object(notification.into_iter().collect())
}

fn broadcast(on_connect: bool) -> Literal {
    let on_connect = on_connect.then(|| member("onConnect", Literal::Raw("true".to_owned())));
    Literal::Object(on_connect.into_iter().collect())
}

fn operation(api: &Api, endpoint: &Endpoint, operation: &Operation) -> Literal {
    let action = match operation.action {
        Action::Receive => "receive",
        Action::Send => "send",
    };
    let list = |channel: usize, indices: &[usize]| {
        Literal::Array(messages(endpoint, channel, indices).map(|it| message(api, it)).collect())
    };
    let mut members = vec![
        member("action", Literal::text(action)),
        member("messages", list(operation.channel, &operation.messages)),
    ];
    if let Some(reply) = &operation.reply {
        members.push(member("reply", list(reply.channel, &reply.messages)));
    }
    Literal::Object(members)
}

fn message(api: &Api, message: &Message) -> Literal {
    let matcher = match &message.matcher {
        Matcher::Tag { pointer, value } => vec![
            member("kind", Literal::text("tag")),
            member("pointer", Literal::text(pointer)),
            member("value", Literal::from(value)),
        ],
        Matcher::Shape => {
            let shape = message.payload.as_ref().map(|ty| frame_shape(api, ty)).unwrap_or_default();
            vec![member("kind", Literal::text("shape")), member("shape", Literal::Object(shape))]
        }
        Matcher::Text => text_matcher(api, message),
    };
    let mut members =
        vec![member("name", Literal::text(&message.name.wire)), member("match", Literal::Object(matcher))];
    members.extend(correlation(api, message));
    Literal::Object(members)
}

fn text_matcher(api: &Api, message: &Message) -> Members {
    let mut members = vec![member("kind", Literal::text("text"))];
    let Some(Type::Named(id)) = &message.payload else { return members };
    let def = api.type_def(*id);
    if let Some(pattern) = def.pattern() {
        members.push(member("pattern", Literal::text(pattern)));
    }
    if let Shape::Enum(shape) = &def.shape
        && !shape.open
    {
        let values = shape.values.iter().map(|value| Literal::from(&value.value));
        members.push(member("values", Literal::Array(values.collect())));
    }
    members
}

fn correlation(api: &Api, message: &Message) -> Option<(String, Literal)> {
    let pointer = message.correlation.as_ref()?;
    let kind = if is_integer(api, message.payload.as_ref()?, pointer) { "integer" } else { "string" };
    let members = vec![member("pointer", Literal::text(pointer)), member("type", Literal::text(kind))];
    Some(member("correlation", Literal::Object(members)))
}

/// Whether an integer stands at a pointer into a value of this type.
fn is_integer(api: &Api, ty: &Type, pointer: &str) -> bool {
    let mut keys = pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~"));
    let mut ty = ty;
    while let Type::Named(id) = ty {
        ty = match &api.type_def(*id).shape {
            Shape::Alias(inner) => inner,
            Shape::Object(object) => {
                let Some(key) = keys.next() else { return false };
                let Some(field) = object.fields.iter().find(|field| field.name.wire == key) else {
                    return false;
                };
                &field.ty
            }
            _ => return false,
        };
    }
    matches!(ty, Type::Integer(_))
}
