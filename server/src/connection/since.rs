//! The position that a subscriber comes back with: read where its topic has a history, of no meaning elsewhere.

use std::sync::LazyLock;

use crate::contract::schema::Schemas;
use crate::hub::Position;
use crate::protocol::{Faults, SchemaRef, TopicSpec};

/// What the protocol says of `since`, so that its faults read like those of payloads.
static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    Schemas::new(
        r#"{ "components": { "schemas": { "Since": {
            "type": "object",
            "required": ["epoch", "offset"],
            "properties": { "epoch": { "type": "string" }, "offset": { "type": "integer", "format": "uint64" } }
        } } } }"#,
    )
});

/// Whatever fits the type fits the schema.
const SINCE: SchemaRef = SchemaRef { pointer: "#/components/schemas/Since", checked: false };

#[derive(serde::Deserialize)]
struct Since {
    epoch: String,
    offset: u64,
}

/// Reads the member, or says what is wrong with it, by pointers below `/since`.
pub(super) fn read(topic: &TopicSpec, since: Option<&str>) -> Result<Option<Position>, Faults> {
    let Some(since) = since.filter(|_| topic.history.is_some()) else { return Ok(None) };
    let Since { epoch, offset } = SCHEMAS.read(SINCE, since).map_err(|faults| faults.below("/since"))?;
    Ok(Some(Position { epoch: epoch.into(), offset }))
}
