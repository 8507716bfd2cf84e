//! Retained state as services see it: typed reading and writing, from any thread.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;

use super::Node;
use crate::contract::Stored;
use crate::hub::{Audience, Hook};
use crate::protocol::{StoreSpec, json};

/// What an endpoint retains under one name of `x-state`. Broadcasts feed it; what is written here reaches whoever
/// connects or asks next, and is not broadcast. Cheap to clone; usable before the server runs.
pub struct Store<S> {
    audience: Arc<Audience>,
    stored: PhantomData<fn() -> S>,
}

impl<S: Stored> Store<S> {
    const SPEC: &'static StoreSpec = &S::SPEC;

    /// The store of this node.
    pub fn new(node: &Node) -> Self {
        Self { audience: node.shared().hub.audience(S::SPEC.endpoint), stored: PhantomData }
    }

    /// What it holds; `None` where that is nothing yet, or does not fit its type (merged members of which one that is
    /// required is still missing).
    pub fn get(&self) -> Option<S::Value> {
        read::<S>(&self.json())
    }

    /// What it holds, as clients see it: JSON text, `null` for nothing yet.
    pub fn json(&self) -> String {
        self.audience.stores(|stores| stores.value(Self::SPEC).0)
    }

    /// Takes one value as if a broadcast had brought it: replaces, merges, or joins the list. Says whether there was
    /// room for it.
    pub fn put(&self, item: &S::Item) -> bool {
        let Some(value) = self.write(item) else { return false };
        let Some(value) = self.audience.changed(Self::SPEC, Cow::Owned(value)) else { return false };
        self.audience.stores(|stores| stores.put(Self::SPEC, &value))
    }

    /// Replaces all it holds.
    pub fn set(&self, value: &S::Value) {
        if let Some(value) = self.write(value) {
            self.audience.stores(|stores| stores.set(Self::SPEC, &value, None));
        }
    }

    /// Replaces what it holds by what `change` makes of it. No lock is held meanwhile: where something else changes
    /// the store at the same time, `change` is called again.
    pub fn update(&self, mut change: impl FnMut(Option<S::Value>) -> S::Value) {
        loop {
            let (text, version) = self.audience.stores(|stores| stores.value(Self::SPEC));
            let Some(value) = self.write(&change(read::<S>(&text))) else { return };
            if self.audience.stores(|stores| stores.set(Self::SPEC, &value, Some(version))) {
                return;
            }
        }
    }

    /// Has everything that goes in pass through `change`, which keeps it out by giving nothing. One per store; called
    /// in the thread that publishes, so it should be quick. What does not fit the type of an item passes unchanged.
    pub fn transform(&self, change: impl Fn(S::Item) -> Option<S::Item> + Send + Sync + 'static) {
        let hook: Hook = Arc::new(move |text| match crate::contract::from_str::<S::Item>(text) {
            Ok(item) => change(item).and_then(|item| json::to_string(&item).ok()),
            Err(error) => {
                tracing::warn!(store = S::SPEC.name, %error, "a value does not fit the store's type");
                Some(text.to_owned())
            }
        });
        self.audience.set_hook(Self::SPEC, hook);
    }

    fn write(&self, value: &impl Serialize) -> Option<String> {
        json::to_string(value)
            .inspect_err(
                |error| tracing::error!(store = S::SPEC.name, %error, "value cannot be written as JSON"),
            )
            .ok()
    }
}

fn read<S: Stored>(text: &str) -> Option<S::Value> {
    crate::contract::from_str(text).ok()
}

impl<S> Clone for Store<S> {
    fn clone(&self) -> Self {
        Self { audience: self.audience.clone(), stored: PhantomData }
    }
}

impl<S> fmt::Debug for Store<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Store").finish_non_exhaustive()
    }
}
