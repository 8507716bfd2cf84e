//! Whole frames out of payloads: schema and example, in the envelope of an endpoint.

use serde_json::{Map, Value, json};

use crate::model::{Api, Connection, Envelope};

/// Keywords that list alternatives, or parts, of a schema.
const CHOICES: [&str; 3] = ["oneOf", "anyOf", "allOf"];
/// Alternatives within alternatives are followed so deep: a choice may lead back to itself.
const DEEPEST: usize = 16;

/// Wraps payloads in the envelope of one endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrap<'a> {
    pub(super) api: &'a Api,
    envelope: &'a Envelope,
}

impl<'a> Wrap<'a> {
    pub(super) fn new(api: &'a Api, connection: &'a Connection) -> Self {
        Self { api, envelope: &connection.envelope }
    }

    /// An example frame: its tag, further members, the payload where the type has one.
    pub(super) fn example(
        &self,
        from_client: bool,
        tag: &str,
        members: &[(&str, Value)],
        payload: Option<Value>,
    ) -> Value {
        let Envelope { body, timestamp, .. } = self.envelope;
        let mut frame = Map::from_iter([(self.envelope.tag_of(from_client).to_owned(), json!(tag))]);
        let stamp = timestamp.as_ref().filter(|_| !from_client);
        let stamp = stamp.map(|member| (member.clone(), json!("2024-01-15T10:30:00.000Z")));
        if body.is_some() {
            frame.extend(stamp.clone());
        }
        frame.extend(members.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        match (body, payload) {
            (Some(body), Some(payload)) => {
                frame.insert(body.clone(), payload);
            }
            (None, Some(Value::Object(payload))) => frame.extend(payload),
            _ => {}
        }
        if body.is_none() {
            frame.extend(stamp);
        }
        Value::Object(frame)
    }

    /// The schema of a frame; its `required` begins with the tag.
    pub(super) fn schema(
        &self,
        from_client: bool,
        tag: &str,
        members: &[(&str, Value)],
        payload: Option<Value>,
    ) -> Value {
        let Envelope { body, timestamp, .. } = self.envelope;
        let key = self.envelope.tag_of(from_client);
        let mut required = vec![json!(key)];
        let mut properties = Map::from_iter([(key.to_owned(), json!({ "const": tag }))]);
        if let Some(member) = timestamp.as_ref().filter(|_| !from_client) {
            required.push(json!(member));
            let schema =
                json!({ "type": "string", "format": "date-time", "description": "When it was sent, UTC." });
            properties.insert(member.clone(), schema);
        }
        properties.extend(members.iter().map(|(key, schema)| ((*key).to_owned(), schema.clone())));
        match (body, payload) {
            (Some(body), Some(payload)) => {
                required.push(json!(body));
                properties.insert(body.clone(), payload);
            }
            (None, Some(payload)) => return self.beside(&Head { required, properties }, &payload, 0),
            (_, None) => {}
        }
        json!({ "type": "object", "required": required, "properties": properties })
    }

    /// The envelope's members beside those of the payload. What might refuse members that it does not name takes them
    /// in, each alternative of a choice for itself; anything else stands beside them.
    fn beside(&self, head: &Head, payload: &Value, depth: usize) -> Value {
        let schema = self.resolved(payload).as_object();
        match schema {
            Some(plain) if is_plain(plain) => Value::Object(head.joined(plain)),
            Some(choice) if self.is_closed(payload, depth) => {
                let mut choice = if refuses_others(choice) { head.joined(choice) } else { choice.clone() };
                choice.shift_remove("examples");
                for key in CHOICES {
                    if let Some(arms) = choice.get_mut(key).and_then(Value::as_array_mut) {
                        arms.iter_mut().for_each(|arm| *arm = self.beside(head, arm, depth + 1));
                    }
                }
                Value::Object(choice)
            }
            _ => json!({ "allOf": [head.alone(), payload] }),
        }
    }

    /// A schema, or the one that it refers to.
    fn resolved<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'a: 's,
    {
        let named = |pointer: &str| self.api.types.iter().find(|def| def.pointer == pointer)?.schema.as_ref();
        schema.get("$ref").and_then(Value::as_str).and_then(named).unwrap_or(schema)
    }

    /// Whether it, or an alternative of it, might refuse members that it does not name.
    fn is_closed(&self, schema: &Value, depth: usize) -> bool {
        let Some(schema) = self.resolved(schema).as_object() else { return false };
        let mut arms = CHOICES.iter().filter_map(|key| schema.get(*key)?.as_array()).flatten();
        depth < DEEPEST && (refuses_others(schema) || arms.any(|arm| self.is_closed(arm, depth + 1)))
    }
}

/// The members that an envelope puts beside a flat payload.
struct Head {
    required: Vec<Value>,
    properties: Map<String, Value>,
}

impl Head {
    /// An object of these members.
    fn alone(&self) -> Value {
        json!({ "type": "object", "required": self.required, "properties": self.properties })
    }

    /// An object with these members before its own.
    fn joined(&self, object: &Map<String, Value>) -> Map<String, Value> {
        let (mut required, mut properties) = (self.required.clone(), self.properties.clone());
        required.extend(object.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
        properties.extend(object.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
        let mut joined = object.clone();
        joined.shift_remove("examples");
        joined.insert("required".into(), json!(required));
        joined.insert("properties".into(), Value::Object(properties));
        joined
    }
}

/// An object that is no choice.
fn is_plain(schema: &Map<String, Value>) -> bool {
    let is_object = schema.contains_key("properties") || refuses_others(schema);
    is_object && !CHOICES.iter().any(|key| schema.contains_key(*key))
}

/// Whether a schema says itself what members that it does not name must be.
fn refuses_others(schema: &Map<String, Value>) -> bool {
    schema.get("additionalProperties").is_some_and(|others| *others != json!(true) && *others != json!({}))
}
