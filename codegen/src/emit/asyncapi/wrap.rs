//! Whole frames out of payloads: schema and example, in the envelope of an endpoint.

use serde_json::{Map, Value, json};

use crate::model::{Api, Connection, Envelope};

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
            (None, Some(payload)) => return self.beside(required, properties, &payload),
            (_, None) => {}
        }
        json!({ "type": "object", "required": required, "properties": properties })
    }

    /// The envelope's members beside those of the payload. A plain object takes them in, because it might refuse
    /// members that it does not name; anything else stands beside them.
    fn beside(&self, mut required: Vec<Value>, mut properties: Map<String, Value>, payload: &Value) -> Value {
        let named = |pointer: &str| self.api.types.iter().find(|def| def.pointer == pointer)?.schema.as_ref();
        let resolved = payload.get("$ref").and_then(Value::as_str).and_then(named).unwrap_or(payload);
        let plain = resolved.as_object().filter(|schema| {
            schema.contains_key("properties")
                && !["oneOf", "anyOf", "allOf"].iter().any(|key| schema.contains_key(*key))
        });
        let Some(plain) = plain else {
            let head = json!({ "type": "object", "required": required, "properties": properties });
            return json!({ "allOf": [head, payload] });
        };
        let mut schema = plain.clone();
        required.extend(schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
        properties.extend(schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
        schema.shift_remove("examples");
        schema.insert("required".into(), json!(required));
        schema.insert("properties".into(), Value::Object(properties));
        Value::Object(schema)
    }
}
