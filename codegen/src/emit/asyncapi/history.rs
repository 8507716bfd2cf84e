//! What frames of topics with history have beside those of others.

use serde_json::{Value, json};

use super::frames::Frame;

/// The members of a position by name.
pub(super) fn offset() -> (&'static str, Value) {
    let meaning = "Number of the publication in its topic.";
    ("offset", json!({ "type": "integer", "minimum": 0, "description": meaning }))
}

/// See [`offset`].
pub(super) fn epoch() -> (&'static str, Value) {
    ("epoch", json!({ "type": "string", "description": "Which count the offset belongs to." }))
}

/// Lets a subscribe say where the client stood.
pub(super) fn asks(frame: &mut Frame) {
    let members = [epoch(), offset()].map(|(key, schema)| (key.to_owned(), schema));
    let since = json!({
        "type": "object",
        "required": ["epoch", "offset"],
        "properties": serde_json::Map::from_iter(members),
        "description": "Where a client that comes back stood: it gets what it missed since.",
    });
    insert(frame, &[("since", since)]);
}

/// Lets its reply say where the topic stands, and whether what was missed follows.
pub(super) fn answers(frame: &mut Frame) {
    let recovered = "Where `since` was given: whether all that was missed follows.";
    let reason = "Why it does not.";
    insert(
        frame,
        &[
            epoch(),
            offset(),
            ("recovered", json!({ "type": "boolean", "description": recovered })),
            (
                "reason",
                json!({ "enum": ["new-epoch", "too-old", "ahead", "too-much"], "description": reason }),
            ),
        ],
    );
    for example in &mut frame.examples {
        if example.name == Some("ok") {
            place(&mut example.frame);
        }
    }
}

/// Puts a position before the payload of an example.
pub(super) fn place(example: &mut Value) {
    let payload = example.as_object_mut().and_then(|frame| frame.shift_remove("payload"));
    example["epoch"] = json!("k3x9");
    example["offset"] = json!(42);
    example["payload"] = payload.unwrap_or_default();
}

/// Puts members before the payload of a frame's schema.
fn insert(frame: &mut Frame, members: &[(&str, Value)]) {
    let Some(properties) = frame.schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let payload = properties.shift_remove("payload");
    properties.extend(members.iter().map(|(key, schema)| ((*key).to_owned(), schema.clone())));
    properties.extend(payload.map(|payload| ("payload".to_owned(), payload)));
}
