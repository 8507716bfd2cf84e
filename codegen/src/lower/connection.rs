//! `x-connection`, with defaults from the table of its shape.

use serde_json::Value;

use super::declared::error_code;
use super::names::{self, Place};
use super::schemas::SchemaLowering;
use super::tables::{CLOSES, FRAMEWORK_ERRORS};
use crate::model::{
    Activity, Auth, AuthMode, Close, Connection, Docs, Envelope, ErrorCode, OnInvalid, Replay, Retry,
};
use crate::spec::document::entries;
use crate::spec::endpoint::http_base;
use crate::spec::quantity::{duration_ms, size_bytes};
use crate::spec::shape::Shape;
use crate::spec::shapes::extensions::{AUTH, CONNECTION, ENVELOPE, FLAT, REPLAY};
use crate::spec::{Document, Node};

/// Members of an object, or their defaults.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings<'a> {
    node: Option<&'a Node>,
    shape: &'static Shape,
}

impl<'a> Settings<'a> {
    pub(super) fn new(node: Option<&'a Node>, shape: &'static Shape) -> Self {
        Self { node, shape }
    }

    fn value(&self, key: &str) -> Value {
        let written = self.node.and_then(|node| node.get(key)).map(Node::to_json);
        let default = || self.shape.field(key)?.default;
        let usual = || default().and_then(|json| serde_json::from_str(json).ok());
        written.or_else(usual).unwrap_or_default()
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.value(key).as_str().unwrap_or_default().to_owned()
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.value(key).as_bool().unwrap_or_default()
    }

    pub(super) fn count(&self, key: &str) -> u32 {
        let value = self.value(key);
        // `50.0` is as whole as `50`.
        let number = value.as_u64().or_else(|| value.as_f64().map(|number| number as u64));
        number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
    }

    pub(super) fn duration(&self, key: &str) -> Option<u64> {
        duration_ms(&self.text(key))
    }

    fn size(&self, key: &str) -> u64 {
        size_bytes(&self.text(key)).unwrap_or_default()
    }
}

pub(super) fn lower<'a>(
    document: &Document<'a>,
    node: Option<&'a Node>,
    address: &str,
    security: &[String],
    schemas: &mut SchemaLowering<'a>,
) -> Connection {
    let settings = Settings::new(node, &CONNECTION);
    Connection {
        envelope: envelope(node.and_then(|node| node.get("envelope"))),
        subprotocol: settings.text("subprotocol"),
        heartbeat_ms: settings.duration("heartbeat").unwrap_or_default(),
        lifetime_ms: settings.duration("lifetime"),
        activity: if settings.text("activity") == "message" { Activity::Message } else { Activity::Any },
        on_invalid: if settings.text("invalidPayload") == "close" {
            OnInvalid::Close
        } else {
            OnInvalid::Reply
        },
        max_message_bytes: settings.size("maxMessage"),
        max_depth: settings.count("maxDepth"),
        max_subscriptions: settings.count("maxSubscriptions"),
        queue_bytes: settings.size("queue"),
        messages_per_second: settings.count("messagesPerSecond"),
        http_base: http_base(node, address),
        replay: node.and_then(|node| node.get("replay")).map(replay),
        auth: auth(document, node.and_then(|node| node.get("auth")), security, schemas),
        closes: closes(node.and_then(|node| node.get("closes"))),
        errors: errors(document, node.and_then(|node| node.get("errors")), schemas),
    }
}

/// The word `standard` or nothing is the standard envelope; a mapping says what differs from it.
fn envelope(node: Option<&Node>) -> Envelope {
    let Some(node) = node.filter(|node| node.is_mapping()) else { return Envelope::standard() };
    let settings = Settings::new(Some(node), &ENVELOPE);
    let own = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let tag = settings.text("tag");
    Envelope {
        client_tag: own("clientTag").unwrap_or_else(|| tag.clone()),
        tag,
        body: Some(settings.text("body")).filter(|body| body != FLAT),
        timestamp: own("timestamp"),
    }
}

fn replay(node: &Node) -> Replay {
    let settings = Settings::new(Some(node), &REPLAY);
    Replay {
        size: settings.count("size"),
        ttl_ms: settings.duration("ttl").unwrap_or_default(),
        bytes: settings.size("bytes"),
    }
}

fn auth<'a>(
    document: &Document<'a>,
    node: Option<&'a Node>,
    security: &[String],
    schemas: &mut SchemaLowering<'a>,
) -> Auth {
    let declared = node.map(|node| Settings::new(Some(node), &AUTH));
    Auth {
        mode: declared.map(|settings| match settings.text("mode").as_str() {
            "optional" => AuthMode::Optional,
            _ => AuthMode::Required,
        }),
        timeout_ms: declared.and_then(|settings| settings.duration("timeout")),
        claims: node.and_then(|node| node.get("claims")).map(|claims| schemas.payload(claims, "Claims")),
        query: query_parameter(document, security).unwrap_or("token").to_owned(),
        asks: declared.is_some() || !security.is_empty(),
    }
}

/// What the first security scheme that puts its key into the query calls it.
fn query_parameter<'a>(document: &Document<'a>, security: &[String]) -> Option<&'a str> {
    let schemes = entries(document.root.get("components")?, "securitySchemes").iter();
    let mut schemes = schemes.filter(|entry| security.contains(&entry.key));
    schemes.find_map(|entry| {
        let scheme = document.references.resolve(&entry.value).ok()?.node;
        let text = |key| scheme.get(key).and_then(Node::as_str);
        (text("type") == Some("httpApiKey") && text("in") == Some("query")).then(|| text("name"))?
    })
}

/// The retry class of a node, else the usual one.
pub(super) fn retry(node: Option<&Node>, usual: Retry) -> Retry {
    match node.and_then(Node::as_str) {
        Some("never") => Retry::Never,
        Some("later") => Retry::Later,
        Some("now") => Retry::Now,
        _ => usual,
    }
}

fn closes(overrides: Option<&Node>) -> Vec<Close> {
    let rows = CLOSES.iter().map(|row| {
        let own = overrides.and_then(|node| node.get(row.condition));
        let member = |key| own.and_then(|own| own.get(key));
        let text = |key, usual: &str| member(key).and_then(Node::as_str).unwrap_or(usual).to_owned();
        let code = member("code").and_then(Node::as_integer).and_then(|code| u16::try_from(code).ok());
        Close {
            condition: row.condition.to_owned(),
            code: code.unwrap_or(row.code),
            reason: text("reason", row.reason),
            retry: retry(member("retry"), row.retry),
            description: text("description", row.description).trim().to_owned(),
        }
    });
    rows.collect()
}

fn errors<'a>(
    document: &Document<'a>,
    overrides: Option<&'a Node>,
    schemas: &mut SchemaLowering<'a>,
) -> Vec<ErrorCode> {
    let rows = FRAMEWORK_ERRORS.iter().map(|(code, usual, description)| {
        let own = overrides.and_then(|node| node.get(code));
        let name = names::name(code, Place::Variant);
        let error = error_code(document, name, own, *usual, "", schemas);
        let description = error.docs.description.clone().unwrap_or_else(|| (*description).to_owned());
        ErrorCode { docs: Docs { description: Some(description), ..error.docs }, ..error }
    });
    rows.collect()
}
