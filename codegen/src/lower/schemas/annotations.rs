//! What a schema says that no value can break: prose, defaults, examples.

use serde_json::Value;

use super::conjunction::{Cursor, Schemas};
use crate::model::Docs;

/// Prose and the like about one use of a schema.
#[derive(Debug, Clone, Default)]
pub(super) struct Annotations {
    pub(super) docs: Docs,
    /// Of this use, else of what it refers to: a default holds wherever the schema is used.
    pub(super) default: Option<Value>,
    pub(super) read_only: bool,
    pub(super) write_only: bool,
}

/// What is said about this use. Prose behind a reference belongs to the type it refers to.
pub(super) fn annotations<'s>(schemas: &Schemas<'s>, conjunction: &[Cursor<'s>]) -> Annotations {
    let own = schemas.own(conjunction);
    let text = |keyword: &str| {
        let texts = own.iter().filter_map(|part| part.get(keyword)?.as_str());
        texts.map(tidy).find(|text| !text.is_empty())
    };
    let flag = |keyword: &str| own.iter().any(|part| part.get(keyword) == Some(&Value::Bool(true)));
    let mut examples: Vec<Value> = Vec::new();
    for example in own.iter().filter_map(|part| part.get("examples")?.as_array()).flatten() {
        if !examples.contains(example) {
            examples.push(example.clone());
        }
    }
    Annotations {
        docs: Docs {
            summary: text("title").map(|title| title.split_whitespace().collect::<Vec<_>>().join(" ")),
            description: text("description"),
            deprecated: flag("deprecated"),
            examples,
        },
        default: default(schemas, &own).or_else(|| default(schemas, &schemas.resolved(conjunction))),
        read_only: flag("readOnly"),
        write_only: flag("writeOnly"),
    }
}

fn default<'s>(schemas: &Schemas<'s>, parts: &[Cursor<'s>]) -> Option<Value> {
    parts.iter().filter(|part| schemas.target(part).is_none()).find_map(|part| part.get("default").cloned())
}

fn tidy(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned()
}
