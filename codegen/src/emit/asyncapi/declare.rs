//! Declarations written back as the extensions a document is written with: every setting in force, normalised.
//!
//! What stands here is what the loader reads; the expansion beside it is for other tools.

use serde_json::{Map, Value, json};

use super::schema;
use crate::model::{
    Activity, Api, Auth, AuthMode, Broadcast, Connection, DeliveryMode, Docs, Endpoint, Envelope, ErrorCode,
    Http, OnInvalid, Order, Overflow, Replay, Request, Retry, State, StateKind, Take, Topic, Type, WhenFull,
};

/// `x-connection`, complete.
pub(crate) fn connection(api: &Api, connection: &Connection) -> Value {
    let closes = connection.closes.iter().map(|close| {
        let mut entry = json!({ "code": close.code, "reason": close.reason, "retry": retry(close.retry) });
        if !close.description.is_empty() {
            entry["description"] = json!(close.description);
        }
        (close.condition.clone(), entry)
    });
    let mut out = json!({
        "envelope": envelope(&connection.envelope),
        "subprotocol": connection.subprotocol,
        "heartbeat": duration(connection.heartbeat_ms),
        "lifetime": connection.lifetime_ms.map_or_else(|| "never".to_owned(), duration),
        "activity": match connection.activity { Activity::Message => "message", Activity::Any => "any" },
        "invalidPayload": match connection.on_invalid { OnInvalid::Reply => "reply", OnInvalid::Close => "close" },
        "maxMessage": size(connection.max_message_bytes),
        "maxDepth": connection.max_depth,
        "maxSubscriptions": connection.max_subscriptions,
        "queue": size(connection.queue_bytes),
        "messagesPerSecond": connection.messages_per_second,
        "http": connection.http_base,
        "closes": closes.collect::<Map<_, _>>(),
        "errors": errors(api, &connection.errors),
    });
    if let Some(Replay { size, ttl_ms, bytes }) = connection.replay {
        out["replay"] = json!({ "size": size, "ttl": duration(ttl_ms), "bytes": self::size(bytes) });
    }
    if let Some(mode) = connection.auth.mode {
        out["auth"] = auth(api, mode, &connection.auth);
    }
    out
}

fn envelope(envelope: &Envelope) -> Value {
    if *envelope == Envelope::standard() {
        return json!("standard");
    }
    let mut out = json!({ "tag": envelope.tag });
    if envelope.client_tag != envelope.tag {
        out["clientTag"] = json!(envelope.client_tag);
    }
    out["body"] = json!(envelope.body_word());
    if let Some(timestamp) = &envelope.timestamp {
        out["timestamp"] = json!(timestamp);
    }
    out
}

fn auth(api: &Api, mode: AuthMode, auth: &Auth) -> Value {
    let mut out =
        json!({ "mode": match mode { AuthMode::Optional => "optional", AuthMode::Required => "required" } });
    if let Some(timeout) = auth.timeout_ms {
        out["timeout"] = json!(duration(timeout));
    }
    if let Some(claims) = &auth.claims {
        out["claims"] = schema::of(api, claims);
    }
    out
}

/// One `x-topic`.
pub(crate) fn topic(api: &Api, topic: &Topic) -> Value {
    let params = api.type_def(topic.params);
    let mut members: Vec<&str> = topic.param_shape.members.iter().map(|(key, ..)| key.as_str()).collect();
    let mut out = Map::new();
    out.insert("name".into(), json!(topic.name.wire));
    out.insert("parameters".into(), json!(members));
    members.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
    let pattern: Vec<String> = members.iter().map(|key| format!("{}:{{{key}}}", json!(key))).collect();
    out.insert("pattern".into(), json!(format!("{}:{{{}}}", topic.name.wire, pattern.join(","))));
    docs(&mut out, &topic.docs, &topic.tags);
    out.insert("params".into(), schema::reference(params));
    out.insert("update".into(), schema::of(api, &topic.update));
    if let Some(snapshot) =
        topic.snapshot.as_ref().filter(|own| derived_snapshot(topic).as_ref() != Some(*own))
    {
        out.insert("snapshot".into(), schema::of(api, snapshot));
    }
    if let Some(kept) = &topic.state {
        out.insert("state".into(), state(kept));
    }
    out.insert("delivery".into(), delivery(topic));
    if let Some(history) = &topic.history {
        out.insert("history".into(), json!({ "size": history.size, "ttl": duration(history.ttl_ms) }));
    }
    if let Some(access) = &topic.access {
        out.insert("access".into(), access.clone());
    }
    out.insert("label".into(), json!(topic.label));
    if !topic.unwrap.is_empty() {
        out.insert("unwrap".into(), json!(topic.unwrap));
    }
    if !topic.errors.is_empty() {
        out.insert("errors".into(), errors(api, &topic.errors));
    }
    if let Some(most) = topic.max_subscriptions {
        out.insert("maxSubscriptions".into(), json!(most));
    }
    if topic.by_handler {
        out.insert("subscribe".into(), json!("handler"));
    }
    if let Some(message) = &topic.message {
        out.insert("message".into(), json!(message));
    }
    Value::Object(out)
}

/// The snapshot's type where the topic declares none of its own.
pub(crate) fn derived_snapshot(topic: &Topic) -> Option<Type> {
    Some(match topic.state.as_ref()?.kind {
        StateKind::Latest | StateKind::Merge => topic.update.clone(),
        StateKind::Keyed { .. } | StateKind::Window { .. } => Type::Array(Box::new(topic.update.clone())),
    })
}

/// `x-state`.
pub(crate) fn stores(api: &Api, endpoint: &Endpoint) -> Value {
    let entries = endpoint.stores.iter().map(|store| {
        let mut out = Map::new();
        docs(&mut out, &store.docs, &[]);
        if let Value::Object(kind) = state_kind(&store.kind) {
            out.extend(kind);
        }
        let from = store.from.iter().map(|at| &endpoint.broadcasts[*at].name.wire);
        out.insert("from".into(), json!(from.collect::<Vec<_>>()));
        match &store.take {
            Take::Payload => {}
            Take::Member(member) => drop(out.insert("member".into(), json!(member))),
            Take::Frame => drop(out.insert("take".into(), json!("frame"))),
        }
        if !store.members.is_empty() {
            out.insert("members".into(), json!(store.members));
        }
        out.insert("schema".into(), schema::of(api, &store.item));
        out.extend(store.initial.iter().map(|initial| ("initial".to_owned(), initial.clone())));
        out.extend(store.http.iter().map(|path| ("http".to_owned(), json!(path))));
        (store.name.wire.clone(), Value::Object(out))
    });
    Value::Object(entries.collect())
}

fn state(state: &State) -> Value {
    let mut out = state_kind(&state.kind);
    if let Some(path) = &state.http {
        out["http"] = json!(path);
    }
    out
}

fn state_kind(kind: &StateKind) -> Value {
    match kind {
        StateKind::Latest => json!({ "kind": "latest" }),
        StateKind::Merge => json!({ "kind": "merge" }),
        StateKind::Keyed { key, max_keys, when_full } => {
            json!({ "kind": "keyed", "key": key, "maxKeys": max_keys, "whenFull": match when_full {
                WhenFull::DropOldest => "dropOldest",
                WhenFull::Refuse => "refuse",
            } })
        }
        StateKind::Window { size, order } => json!({ "kind": "window", "size": size, "order": match order {
            Order::NewestFirst => "newestFirst",
            Order::NewestLast => "newestLast",
        } }),
    }
}

fn delivery(topic: &Topic) -> Value {
    let delivery = &topic.delivery;
    let mut out = match &delivery.mode {
        DeliveryMode::Every => json!({ "mode": "every" }),
        DeliveryMode::Latest { key, interval_ms } => {
            json!({ "mode": "latest", "key": key, "interval": duration(*interval_ms) })
        }
    };
    out["flush"] = json!(duration(delivery.flush_ms));
    out["overflow"] = json!(match delivery.overflow {
        Overflow::Close => "close",
        Overflow::DropOldest => "dropOldest",
        Overflow::Resync => "resync",
    });
    out["compress"] = json!(delivery.compress);
    out
}

/// One `x-request`.
pub(crate) fn request(api: &Api, request: &Request) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), json!(request.name.wire));
    docs(&mut out, &request.docs, &request.tags);
    if let Some(payload) = &request.payload {
        out.insert("payload".into(), schema::of(api, payload));
    }
    if let Some(reply) = &request.reply {
        out.insert("reply".into(), schema::of(api, reply));
    }
    if !request.errors.is_empty() {
        out.insert("errors".into(), errors(api, &request.errors));
    }
    if let Some(access) = &request.access {
        out.insert("access".into(), access.clone());
    }
    if let Some(over) = &request.http {
        out.insert("http".into(), http(over));
    }
    if !request.socket {
        out.insert("socket".into(), json!(false));
    }
    if request.notification {
        out.insert("notification".into(), json!(true));
    }
    Value::Object(out)
}

fn http(http: &Http) -> Value {
    let mut out = json!({ "method": http.method.as_str(), "path": http.path });
    if let Some(kind) = &http.produces {
        out["produces"] = json!(kind);
    }
    if let Some(ms) = http.max_age_ms {
        out["maxAge"] = json!(duration(ms));
    }
    out
}

/// One `x-broadcast`.
pub(crate) fn broadcast(api: &Api, endpoint: &Endpoint, broadcast: &Broadcast) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), json!(broadcast.name.wire));
    docs(&mut out, &broadcast.docs, &broadcast.tags);
    if let Some(payload) = &broadcast.payload {
        out.insert("payload".into(), schema::of(api, payload));
    }
    out.insert("on".into(), json!(if broadcast.on_connect { "connect" } else { "publish" }));
    if let Some(told) = &broadcast.tells {
        let names = told.stores.iter().map(|at| &endpoint.stores[*at].name.wire);
        out.insert("state".into(), json!(names.collect::<Vec<_>>()));
        out.extend(told.member.iter().map(|member| ("member".to_owned(), json!(member))));
        out.extend(told.http.iter().map(|path| ("http".to_owned(), json!(path))));
    }
    Value::Object(out)
}

fn errors(api: &Api, errors: &[ErrorCode]) -> Value {
    let entries = errors.iter().map(|error| {
        let mut out = Map::new();
        docs(&mut out, &error.docs, &[]);
        out.insert("retry".into(), json!(retry(error.retry)));
        if let Some(status) = error.status {
            out.insert("status".into(), json!(status));
        }
        if let Some(details) = &error.details {
            out.insert("details".into(), schema::of(api, details));
        }
        (error.name.wire.clone(), Value::Object(out))
    });
    Value::Object(entries.collect())
}

fn docs(out: &mut Map<String, Value>, docs: &Docs, tags: &[String]) {
    prose(out, docs);
    if docs.deprecated {
        out.insert("deprecated".into(), json!(true));
    }
    if !docs.examples.is_empty() {
        out.insert("examples".into(), json!(docs.examples));
    }
    self::tags(out, tags);
}

/// `summary` and `description`, as every AsyncAPI object takes them.
pub(crate) fn prose(out: &mut Map<String, Value>, docs: &Docs) {
    for (key, text) in [("summary", &docs.summary), ("description", &docs.description)] {
        if let Some(text) = text {
            out.insert(key.into(), json!(text));
        }
    }
}

/// `tags`, where there are any.
pub(crate) fn tags(out: &mut Map<String, Value>, tags: &[String]) {
    if !tags.is_empty() {
        out.insert("tags".into(), tags.iter().map(|name| json!({ "name": name })).collect());
    }
}

/// A retry class as the document spells it.
pub(crate) fn retry(retry: Retry) -> &'static str {
    match retry {
        Retry::Never => "never",
        Retry::Later => "later",
        Retry::Now => "now",
    }
}

/// Milliseconds in the largest unit that divides them: `30s`.
pub(crate) fn duration(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    in_units(ms, &units).unwrap_or_else(|| format!("{ms}ms"))
}

/// Bytes in the largest binary unit that divides them: `1MiB`.
pub(crate) fn size(bytes: u64) -> String {
    in_units(bytes, &[(1 << 20, "MiB"), (1 << 10, "KiB")]).unwrap_or_else(|| format!("{bytes}B"))
}

fn in_units(amount: u64, units: &[(u64, &str)]) -> Option<String> {
    let (per, unit) = units.iter().find(|(per, _)| amount > 0 && amount.is_multiple_of(*per))?;
    Some(format!("{}{unit}", amount / per))
}
