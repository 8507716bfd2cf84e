//! Examples of messages and declarations, held against the schemas they illustrate. Needs the finished model: only there
//! are schemas free of references and of what draft-07 does not know. Examples in schemas are checked where those are
//! lowered.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::messages::explicit;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model::{Api, Type, TypeId};
use crate::rules::extensions::STATE_INITIAL_MISMATCH;
use crate::rules::operations::EXAMPLE_MISMATCH;
use crate::spec::{Declared, Document, Node};

/// Most examples that are looked at: each of a thousand schemas may bring some.
const MAX_EXAMPLES: usize = 500;

pub(crate) fn check(document: &Document<'_>, api: &Api, sink: &mut Diagnostics) {
    let mut checker = Checker::new(api);
    initials(document, api, &mut checker, sink);
    declared(document, api, &mut checker, sink);
    for (channel, message) in explicit(document) {
        let endpoints = api.endpoints.iter().flat_map(|endpoint| &endpoint.channels);
        let mut channels = endpoints.filter(|lowered| lowered.id == channel.id);
        let lowered = channels.find_map(|lowered| {
            lowered.messages.iter().find(|lowered| lowered.name.wire == message.id)?.payload.as_ref()
        });
        let Some(payload) = lowered else { continue };
        let examples = message.parts.get("examples").map_or(&[][..], Node::items);
        let examples = examples.iter().filter_map(|example| example.get("payload"));
        checker.examples(message.id, "its payload", &[payload], examples, sink);
    }
}

/// Examples of topics, requests and broadcasts. Those of a topic may show what one subscribes with, or what one gets.
fn declared(document: &Document<'_>, api: &Api, checker: &mut Checker<'_>, sink: &mut Diagnostics) {
    for (endpoint, lowered) in document.endpoints.iter().zip(&api.endpoints) {
        let mut check = |declared: &Declared<'_>, what: &str, types: &[&Type]| {
            let examples = declared.node.get("examples").map_or(&[][..], Node::items);
            checker.examples(declared.name, what, types, examples.iter(), sink);
        };
        for declared in &endpoint.topics {
            let topic = lowered.topics.iter().find(|topic| topic.name.wire == declared.name);
            let Some(topic) = topic else { continue };
            let params = Type::Named(topic.params);
            let types = [&topic.update, &params].into_iter().chain(&topic.snapshot);
            check(declared, "its updates", &types.collect::<Vec<_>>());
        }
        for (declared, request) in endpoint.requests.iter().zip(&lowered.requests) {
            check(declared, "its payload", request.payload.as_ref().as_slice());
        }
        for (declared, broadcast) in endpoint.broadcasts.iter().zip(&lowered.broadcasts) {
            check(declared, "its payload", broadcast.payload.as_ref().as_slice());
        }
    }
}

/// What stores hold at first.
fn initials(document: &Document<'_>, api: &Api, checker: &mut Checker<'_>, sink: &mut Diagnostics) {
    for (endpoint, lowered) in document.endpoints.iter().zip(&api.endpoints) {
        for store in &lowered.stores {
            let declared = endpoint.states.iter().find(|declared| declared.name == store.name.wire);
            let Some(node) = declared.and_then(|declared| declared.node.get("initial")) else { continue };
            let Some(initial) = &store.initial else { continue };
            if let Some(problem) = checker.problem(&store.value, initial) {
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
    /// How many examples are still looked at.
    left: usize,
}

impl<'a> Checker<'a> {
    fn new(api: &'a Api) -> Self {
        let roots = api.types.iter().filter_map(|ty| Some((ty.name.wire.clone(), ty.schema.clone()?)));
        Self { api, schemas: Value::Object(roots.collect()), compiled: HashMap::new(), left: MAX_EXAMPLES }
    }

    /// Reports every example that fits none of the types, with what it breaks of the first.
    fn examples<'n>(
        &mut self,
        owner: &str,
        what: &str,
        types: &[&Type],
        examples: impl Iterator<Item = &'n Node>,
        sink: &mut Diagnostics,
    ) {
        for example in examples {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            let value = example.to_json();
            let problems: Option<Vec<String>> = types.iter().map(|ty| self.problem(ty, &value)).collect();
            if let Some(problem) = problems.and_then(|problems| problems.into_iter().next()) {
                let text = format!("an example of `{owner}` does not fit {what}");
                sink.push(Diagnostic::new(&EXAMPLE_MISMATCH, start(example), text).label(problem));
            }
        }
    }

    /// The first thing wrong with a value; `None` also where the type or its schema cannot say.
    fn problem(&mut self, ty: &Type, value: &Value) -> Option<String> {
        match (ty, value) {
            (Type::Named(root), value) => self.problem_of(*root, value),
            (Type::Nullable(inner), value) => (!value.is_null()).then(|| self.problem(inner, value))?,
            (Type::Array(item), Value::Array(items)) => {
                items.iter().find_map(|value| self.problem(item, value))
            }
            (Type::Array(_), _) => Some("this is no list".to_owned()),
            _ => None,
        }
    }

    fn problem_of(&mut self, root: TypeId, value: &Value) -> Option<String> {
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
