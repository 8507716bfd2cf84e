//! Examples of messages, held against the schemas they illustrate. Needs the finished model: only there are schemas
//! free of references and of what draft-07 does not know.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::messages::explicit;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model::{Api, Type, TypeId};
use crate::rules::extensions::STATE_INITIAL_MISMATCH;
use crate::rules::operations::EXAMPLE_MISMATCH;
use crate::spec::{Document, Node};

/// Most examples that are looked at: each of a thousand schemas may bring some.
const MAX_EXAMPLES: usize = 500;

pub(crate) fn check(document: &Document<'_>, api: &Api, sink: &mut Diagnostics) {
    let mut checker = Checker::new(api);
    initials(document, api, &mut checker, sink);
    let mut left = MAX_EXAMPLES;
    for (channel, message) in explicit(document) {
        let endpoints = api.endpoints.iter().flat_map(|endpoint| &endpoint.channels);
        let mut channels = endpoints.filter(|lowered| lowered.id == channel.id);
        let lowered = channels.find_map(|lowered| {
            lowered.messages.iter().find(|lowered| lowered.name.wire == message.id)?.payload.clone()
        });
        let Some(Type::Named(root)) = lowered else { continue };
        for example in message.parts.get("examples").map_or(&[][..], Node::items) {
            let Some(payload) = example.get("payload") else { continue };
            if left == 0 {
                return;
            }
            left -= 1;
            if let Some(problem) = checker.problem(root, &payload.to_json()) {
                let text = format!("an example of `{}` does not fit its payload", message.id);
                sink.push(Diagnostic::new(&EXAMPLE_MISMATCH, start(payload), text).label(problem));
            }
        }
    }
}

/// What stores hold at first.
fn initials(document: &Document<'_>, api: &Api, checker: &mut Checker<'_>, sink: &mut Diagnostics) {
    for (endpoint, lowered) in document.endpoints.iter().zip(&api.endpoints) {
        for store in &lowered.stores {
            let declared = endpoint.states.iter().find(|declared| declared.name == store.name.wire);
            let Some(node) = declared.and_then(|declared| declared.node.get("initial")) else { continue };
            let (Some(initial), Type::Named(root)) = (&store.initial, &store.item) else { continue };
            let problem = match (&store.value, initial) {
                (Type::Array(_), Value::Array(items)) => {
                    items.iter().find_map(|item| checker.problem(*root, item))
                }
                (Type::Array(_), _) => Some("this is no list".to_owned()),
                (_, initial) => checker.problem(*root, initial),
            };
            if let Some(problem) = problem {
                let text = format!("what `{}` holds at first does not fit its schema", store.name.wire);
                sink.push(Diagnostic::new(&STATE_INITIAL_MISMATCH, start(node), text).label(problem));
            }
        }
    }
}

fn start(node: &Node) -> crate::source::Span {
    node.entries().first().map_or(node.span, |entry| entry.key_span)
}

/// Validators of root types, compiled when first asked for.
struct Checker<'a> {
    api: &'a Api,
    schemas: Value,
    compiled: HashMap<TypeId, Option<jsonschema::Validator>>,
}

impl<'a> Checker<'a> {
    fn new(api: &'a Api) -> Self {
        let roots = api.types.iter().filter_map(|ty| Some((ty.name.wire.clone(), ty.schema.clone()?)));
        Self { api, schemas: Value::Object(roots.collect()), compiled: HashMap::new() }
    }

    /// The first thing wrong with a value; `None` also where the schema itself is unusable.
    fn problem(&mut self, root: TypeId, value: &Value) -> Option<String> {
        let compiled = self.compiled.entry(root).or_insert_with(|| {
            let pointer = &self.api.types.get(root.0)?.pointer;
            let schema = json!({ "$ref": pointer, "components": { "schemas": self.schemas } });
            jsonschema::options().with_draft(jsonschema::Draft::Draft7).build(&schema).ok()
        });
        let error = compiled.as_ref()?.iter_errors(value).next()?;
        let place = error.instance_path().to_string();
        let text: String = error.to_string().chars().take(160).collect();
        Some(if place.is_empty() { text } else { format!("{place}: {text}") })
    }
}
