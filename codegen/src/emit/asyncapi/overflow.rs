//! What a client is told that could not keep up: `resync` of a topic, and `dropped` in an update.

use serde_json::{Value, json};

use super::frames::{Frame, notice};
use super::wrap::Wrap;
use crate::model::{Api, Endpoint, Overflow, Topic};

/// `<topic>.resync`: updates were dropped, and what follows begins anew.
pub(super) fn of_topic(
    api: &Api,
    endpoint: &Endpoint,
    topic: &Topic,
    name: Option<&String>,
) -> Option<Frame> {
    if topic.delivery.overflow != Overflow::Resync {
        return None;
    }
    let payload = json!({
        "type": "object",
        "required": ["dropped"],
        "properties": { "dropped": count("How many updates.") },
    });
    let follows = topic.snapshot.as_ref().map_or("", |_| "; a fresh snapshot follows");
    let summary = format!("Updates were dropped, because the client did not keep up{follows}.");
    let wrap = Wrap::new(api, &endpoint.connection);
    let example = name.map(|name| (name, json!({ "dropped": 7 })));
    Some(notice(wrap, topic, "resync", &summary, payload, example))
}

/// The member of an update that says how many were dropped before it.
pub(super) fn member(topic: &Topic) -> Option<(&'static str, Value)> {
    let meaning = "How many updates before this one were dropped, because the client did not keep up.";
    (topic.delivery.overflow == Overflow::DropOldest).then(|| ("dropped", count(meaning)))
}

/// Schema of how many: at least one.
pub(super) fn count(meaning: &str) -> Value {
    json!({ "type": "integer", "minimum": 1, "description": meaning })
}
