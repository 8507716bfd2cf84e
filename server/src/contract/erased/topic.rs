//! Topics behind trait objects.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{BoxFuture, ResolvedTopic, TopicService, parse, unwritable};
use crate::contract::label::fill_label;
use crate::contract::schema::Schemas;
use crate::contract::{Caller, ParamsOf, Refusal, Topic, TopicRouter};
use crate::protocol::{Faults, SchemaRef, TopicSpec, json, topic_name};

/// How many subscribe payloads of a route are remembered with what they mean.
const REMEMBERED: usize = 256;
/// Longer ones are read each time.
const REMEMBERED_BYTES: usize = 256;

pub(in crate::contract) struct ErasedTopic<R: TopicRouter> {
    router: Arc<R>,
    /// What clients asked for of late: many ask for the same, and the answer depends on nothing else.
    recent: Mutex<HashMap<Box<str>, Arc<Resolved<R>>>>,
}

impl<R: TopicRouter> ErasedTopic<R> {
    pub(in crate::contract) fn new(router: R) -> Self {
        Self { router: Arc::new(router), recent: Mutex::default() }
    }

    fn recent(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Resolved<R>>>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, schemas: &Schemas, payload: &str) -> Result<Resolved<R>, Faults> {
        let spec: &'static TopicSpec = const { &R::Topic::SPEC };
        // A name may be written with escapes.
        let may_be = |wrapper: &&str| payload.contains(*wrapper) || payload.contains('\\');
        let params: ParamsOf<R> = if spec.unwrap.iter().any(may_be) {
            let mut value = parse(payload)?;
            unwrap_members(&mut value, spec.unwrap);
            schemas.read_value(spec.params, &value)?
        } else {
            schemas.read(spec.params, payload)?
        };
        let params_json = json::to_string(&params).map_err(|error| unwritable(&error))?.into();
        let value = serde_json::to_value(&params).map_err(|error| unwritable(&error))?;
        let topic: Arc<str> = topic_name(spec.route, spec.shape, &value).into();
        let label = fill_label(spec.label, &value, spec.route).into();
        Ok(Resolved { router: self.router.clone(), params, params_json, topic, label })
    }
}

impl<R: TopicRouter> TopicService for ErasedTopic<R> {
    fn spec(&self) -> &'static TopicSpec {
        const { &R::Topic::SPEC }
    }

    fn resolve(
        self: Arc<Self>,
        schemas: &Schemas,
        payload: Option<&str>,
    ) -> Result<Arc<dyn ResolvedTopic>, Faults> {
        let payload = payload.unwrap_or("{}");
        if let Some(known) = self.recent().get(payload) {
            return Ok(known.clone());
        }
        let resolved = Arc::new(self.read(schemas, payload)?);
        if payload.len() <= REMEMBERED_BYTES {
            let mut recent = self.recent();
            if recent.len() >= REMEMBERED {
                // Those that are asked for again come back soon.
                recent.clear();
            }
            recent.insert(payload.into(), resolved.clone());
        }
        Ok(resolved)
    }

    fn read_update(&self, schemas: &Schemas, payload: &str) -> Result<String, Faults> {
        let update: <R::Topic as Topic>::Update = read_checked(schemas, self.spec().update, payload)?;
        json::to_string(&update).map_err(|error| unwritable(&error))
    }
}

struct Resolved<R: TopicRouter> {
    router: Arc<R>,
    params: ParamsOf<R>,
    params_json: Box<str>,
    topic: Arc<str>,
    label: Box<str>,
}

impl<R: TopicRouter> ResolvedTopic for Resolved<R> {
    fn spec(&self) -> &'static TopicSpec {
        const { &R::Topic::SPEC }
    }

    fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    fn params_json(&self) -> &str {
        &self.params_json
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn without_words(mut self: Arc<Self>) -> Arc<dyn ResolvedTopic> {
        let has_rule = self.spec().access.is_some();
        if let Some(words) = Arc::get_mut(&mut self) {
            words.label = Default::default();
            // An access rule is asked again when the caller brings another token.
            if !has_rule {
                words.params_json = Default::default();
            }
        }
        self
    }

    fn authorize(self: Arc<Self>, caller: Caller) -> BoxFuture<Result<(), Refusal>> {
        Box::pin(async move { self.router.authorize(&caller, &self.params).await })
    }

    fn snapshot(self: Arc<Self>, caller: Caller) -> BoxFuture<Option<String>> {
        Box::pin(async move {
            let snapshot = self.router.snapshot(&caller, &self.params).await?;
            match json::to_string(&snapshot) {
                Ok(payload) => Some(payload),
                Err(error) => {
                    tracing::error!(topic = %self.topic, %error, "snapshot cannot be written as JSON");
                    None
                }
            }
        })
    }

    fn first_subscriber(&self) {
        guard_hook(&self.topic, "first_subscriber", || self.router.first_subscriber(&self.params));
    }

    fn last_subscriber(&self) {
        guard_hook(&self.topic, "last_subscriber", || self.router.last_subscriber(&self.params));
    }
}

/// A hook that panics must not take the connection, or whoever else called it, with it.
fn guard_hook(topic: &str, hook: &'static str, call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        tracing::error!(topic, hook, "the service panicked");
    }
}

/// Reads input from outside the type system, where the schema is always asked.
fn read_checked<T: serde::de::DeserializeOwned>(
    schemas: &Schemas,
    schema: SchemaRef,
    text: &str,
) -> Result<T, Faults> {
    schemas.read(SchemaRef { checked: true, ..schema }, text)
}

/// Moves the members of older wrapper objects to where they belong; what already stands there wins.
fn unwrap_members(value: &mut Value, wrappers: &[&str]) {
    let Value::Object(object) = value else { return };
    for wrapper in wrappers {
        if !object.get(*wrapper).is_some_and(Value::is_object) {
            continue;
        }
        if let Some(Value::Object(inner)) = object.shift_remove(*wrapper) {
            for (key, member) in inner {
                object.entry(key).or_insert(member);
            }
        }
    }
}
