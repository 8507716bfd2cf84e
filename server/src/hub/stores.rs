//! What an endpoint retains of its broadcasts: one store per entry of `x-state`.
//!
//! Values are read out of a broadcast before any lock is taken; the stores themselves live under their audience's lock,
//! so that whoever joins gets a snapshot and then exactly what is published after it.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::Retained;
use crate::protocol::{StateKind, StoreSpec, Take};

/// All stores of one endpoint, each made when first asked for.
#[derive(Debug, Default)]
pub(crate) struct Stores(Vec<Store>);

#[derive(Debug)]
struct Store {
    spec: &'static StoreSpec,
    retained: Retained,
    version: u64,
    refused: u64,
}

impl Store {
    fn new(spec: &'static StoreSpec) -> Self {
        let mut store = Self { spec, retained: Retained::new(spec.kind), version: 0, refused: 0 };
        if let Some(initial) = spec.initial {
            store.replace(initial);
        }
        store
    }

    fn replace(&mut self, value: &str) {
        self.retained = Retained::new(self.spec.kind);
        let Some(_) = self.spec.kind.most() else {
            self.retained.apply(value);
            return;
        };
        let mut items: Vec<&RawValue> = serde_json::from_str(value).unwrap_or_default();
        if matches!(self.spec.kind, StateKind::Window { newest_first: true, .. }) {
            items.reverse();
        }
        for item in items {
            self.retained.apply(item.get());
        }
    }

    /// The value as clients see it; `null` where there is none yet.
    fn value(&self) -> String {
        match self.spec.kind.most() {
            Some(_) => self.retained.list(),
            None => self.retained.snapshot().unwrap_or_else(|| self.nothing().to_owned()),
        }
    }

    /// An object that was said to be there from the start is empty, not absent.
    fn nothing(&self) -> &'static str {
        if self.spec.initial.is_some() { "{}" } else { "null" }
    }
}

impl Stores {
    fn store(&mut self, spec: &'static StoreSpec) -> &mut Store {
        let known = self.0.iter().position(|store| store.spec.name == spec.name);
        let at = known.unwrap_or_else(|| {
            self.0.push(Store::new(spec));
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// Takes one value; `false` where there is no room for it.
    pub(crate) fn put(&mut self, spec: &'static StoreSpec, value: &str) -> bool {
        let store = self.store(spec);
        store.version += 1;
        let kept = store.retained.apply(value);
        if !kept {
            store.refused += 1;
            if store.refused.is_power_of_two() {
                tracing::warn!(store = spec.name, refused = store.refused, "no room for another key");
            }
        }
        kept
    }

    /// Replaces everything, if nothing has changed since `version`.
    pub(crate) fn set(&mut self, spec: &'static StoreSpec, value: &str, version: Option<u64>) -> bool {
        let store = self.store(spec);
        if version.is_some_and(|version| version != store.version) {
            return false;
        }
        store.version += 1;
        store.replace(value);
        true
    }

    /// What a store holds, as JSON text, and its version.
    pub(crate) fn value(&mut self, spec: &'static StoreSpec) -> (String, u64) {
        let store = self.store(spec);
        (store.value(), store.version)
    }

    /// Several stores as one JSON object.
    pub(crate) fn object(&mut self, specs: &[&'static StoreSpec]) -> String {
        let mut out = String::from("{");
        for spec in specs {
            if out.len() > 1 {
                out.push(',');
            }
            // Names of stores are checked identifiers: nothing in them needs an escape.
            out.push('"');
            out.push_str(spec.name);
            out.push_str("\":");
            out.push_str(&self.value(spec).0);
        }
        out.push('}');
        out
    }
}

/// What of a broadcast goes into a store; `None` where it lacks it.
pub(super) fn incoming<'a>(
    spec: &StoreSpec,
    payload: Option<&'a str>,
    frame: &'a str,
) -> Option<Cow<'a, str>> {
    let whole = match spec.take {
        Take::Payload => payload?,
        Take::Member(name) => members(payload?)?.get(name)?.get(),
        Take::Frame => frame,
    };
    if spec.members.is_empty() {
        return Some(Cow::Borrowed(whole));
    }
    let mut kept = members(whole)?;
    kept.retain(|name, _| spec.members.contains(&name.as_ref()));
    serde_json::to_string(&kept).ok().map(Cow::Owned)
}

fn members(object: &str) -> Option<IndexMap<Cow<'_, str>, &RawValue>> {
    serde_json::from_str(object).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn spec(kind: StateKind, take: Take) -> StoreSpec {
        StoreSpec { endpoint: "/ws", name: "s", kind, take, members: &[], initial: None, http: None }
    }

    #[test]
    fn each_store_takes_its_part_of_a_broadcast() {
        let payload = r#"{"a":{"x":1,"y":2},"b":[1]}"#;
        let frame = r#"{"type":"t","payload":{},"at":"now"}"#;
        let cases = [
            (spec(StateKind::Latest, Take::Payload), Some(payload)),
            (spec(StateKind::Latest, Take::Frame), Some(frame)),
            (spec(StateKind::Latest, Take::Member("b")), Some("[1]")),
            (spec(StateKind::Latest, Take::Member("c")), None),
            (
                StoreSpec { members: &["y", "z"], ..spec(StateKind::Merge, Take::Member("a")) },
                Some(r#"{"y":2}"#),
            ),
            (StoreSpec { members: &["y"], ..spec(StateKind::Merge, Take::Member("b")) }, None),
            (
                StoreSpec { members: &["at", "type"], ..spec(StateKind::Latest, Take::Frame) },
                Some(r#"{"type":"t","at":"now"}"#),
            ),
        ];
        for (spec, expected) in cases {
            assert_eq!(incoming(&spec, Some(payload), frame).as_deref(), expected, "{spec:?}");
        }
        assert_eq!(incoming(&spec(StateKind::Latest, Take::Payload), None, frame), None);
    }

    #[test]
    fn a_store_begins_with_what_is_declared() {
        static NOTHING: StoreSpec = spec(StateKind::Latest, Take::Payload);
        static EMPTY: StoreSpec =
            StoreSpec { name: "e", initial: Some("{}"), ..spec(StateKind::Merge, Take::Payload) };
        static LIST: StoreSpec = StoreSpec {
            name: "l",
            initial: Some("[3,2,1]"),
            ..spec(StateKind::Window { size: 2, newest_first: true }, Take::Payload)
        };
        let mut stores = Stores::default();
        assert_eq!(stores.object(&[&NOTHING, &EMPTY, &LIST]), r#"{"s":null,"e":{},"l":[3,2]}"#);
        assert!(stores.put(&LIST, "4"));
        assert_eq!(stores.value(&LIST), ("[4,3]".to_owned(), 1));
        assert!(!stores.set(&LIST, "[9]", Some(0)));
        assert!(stores.set(&LIST, "[9,8]", Some(1)));
        assert_eq!(stores.value(&LIST), ("[9,8]".to_owned(), 2));
    }
}
