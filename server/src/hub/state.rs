//! What is retained of a topic for those who come later: the four kinds of state, as pure values.

use std::borrow::Cow;
use std::collections::VecDeque;

use indexmap::IndexMap;
use serde_json::value::RawValue;

use crate::protocol::{StateKind, WhenFull};

/// The retained state of one topic. Payloads are kept as the JSON text they were published with.
#[derive(Debug)]
pub(crate) struct Retained {
    kind: StateKind,
    values: Values,
    bytes: usize,
}

/// What a value costs beside its text.
const ENTRY_COST: usize = 64;

#[derive(Debug)]
enum Values {
    Latest(Option<Box<str>>),
    Merge(IndexMap<String, Box<RawValue>>),
    Keyed(IndexMap<String, Box<str>>),
    Window(VecDeque<Box<str>>),
}

impl Retained {
    /// Nothing yet.
    pub(crate) fn new(kind: StateKind) -> Self {
        let values = match kind {
            StateKind::Latest => Values::Latest(None),
            StateKind::Merge => Values::Merge(IndexMap::new()),
            StateKind::Keyed { .. } => Values::Keyed(IndexMap::new()),
            StateKind::Window { .. } => Values::Window(VecDeque::new()),
        };
        Self { kind, values, bytes: 0 }
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes an update. A payload that its kind cannot use (no object to merge) or has no room for changes nothing; the
    /// latter is answered with `false`.
    pub(crate) fn apply(&mut self, payload: &str) -> bool {
        let bytes = &mut self.bytes;
        match (&mut self.values, self.kind) {
            (Values::Latest(latest), _) => {
                *latest = Some(payload.into());
                *bytes = payload.len() + ENTRY_COST;
            }
            (Values::Merge(members), _) => {
                let update = serde_json::from_str::<IndexMap<String, Box<RawValue>>>(payload);
                for (name, value) in update.unwrap_or_default() {
                    *bytes += cost(&name, value.get());
                    let size = name.len();
                    if let Some(replaced) = members.insert(name, value) {
                        *bytes -= size + cost("", replaced.get());
                    }
                }
            }
            (Values::Keyed(entries), StateKind::Keyed { key, max_keys, when_full }) => {
                let key = key_of(key, payload);
                if entries.len() >= max_keys as usize && !entries.contains_key(&key) {
                    if when_full == WhenFull::Refuse {
                        return false;
                    }
                    if let Some((key, oldest)) = entries.shift_remove_index(0) {
                        *bytes -= cost(&key, &oldest);
                    }
                }
                *bytes += cost(&key, payload);
                let size = key.len();
                if let Some(replaced) = entries.insert(key, payload.into()) {
                    *bytes -= size + cost("", &replaced);
                }
            }
            (Values::Window(entries), StateKind::Window { size, .. }) => {
                entries.push_back(payload.into());
                *bytes += cost("", payload);
                while entries.len() > size as usize
                    && let Some(oldest) = entries.pop_front()
                {
                    *bytes -= cost("", &oldest);
                }
            }
            (Values::Keyed(_) | Values::Window(_), _) => {}
        }
        true
    }

    /// Updates that make the same state again.
    pub(crate) fn updates(&self) -> Vec<String> {
        match &self.values {
            Values::Keyed(entries) => entries.values().map(|entry| entry.to_string()).collect(),
            Values::Window(entries) => entries.iter().map(|entry| entry.to_string()).collect(),
            Values::Latest(_) | Values::Merge(_) => self.snapshot().into_iter().collect(),
        }
    }

    /// The payload of a snapshot; `None` before the first update.
    pub(crate) fn snapshot(&self) -> Option<String> {
        match &self.values {
            Values::Latest(latest) => latest.as_deref().map(str::to_owned),
            Values::Merge(members) if members.is_empty() => None,
            Values::Merge(members) => serde_json::to_string(members).ok(),
            Values::Keyed(entries) if entries.is_empty() => None,
            Values::Window(entries) if entries.is_empty() => None,
            Values::Keyed(_) | Values::Window(_) => Some(self.list()),
        }
    }

    /// The entries of a list, in the order in which they are shown; nothing of what is no list.
    pub(super) fn list(&self) -> String {
        match (&self.values, self.kind) {
            (Values::Keyed(entries), _) => array(entries.values()),
            (Values::Window(entries), StateKind::Window { newest_first: true, .. }) => {
                array(entries.iter().rev())
            }
            (Values::Window(entries), _) => array(entries.iter()),
            (Values::Latest(_) | Values::Merge(_), _) => array([].into_iter()),
        }
    }
}

fn cost(key: &str, value: &str) -> usize {
    key.len() + value.len() + ENTRY_COST
}

fn array<'a>(items: impl Iterator<Item = &'a Box<str>>) -> String {
    let mut out = String::from("[");
    for item in items {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(item);
    }
    out.push(']');
    out
}

/// The named members of a payload as one string; members it lacks count as absent.
pub(crate) fn key_of(key: &[&str], payload: &str) -> String {
    let members: IndexMap<Cow<'_, str>, &RawValue> = serde_json::from_str(payload).unwrap_or_default();
    let mut out = String::new();
    for name in key {
        out.push_str(members.get(*name).map_or("", |value| value.get()));
        out.push('\u{1f}');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed(key: &'static [&'static str], max_keys: u32, when_full: WhenFull) -> StateKind {
        StateKind::Keyed { key, max_keys, when_full }
    }

    /// Applies updates and returns the snapshot.
    fn after(kind: StateKind, updates: &[&str]) -> Option<String> {
        let mut retained = Retained::new(kind);
        for update in updates {
            retained.apply(update);
        }
        retained.snapshot()
    }

    #[test]
    fn nothing_is_retained_before_the_first_update() {
        for kind in [
            StateKind::Latest,
            StateKind::Merge,
            keyed(&["k"], 9, WhenFull::Refuse),
            StateKind::Window { size: 2, newest_first: true },
        ] {
            assert_eq!(after(kind, &[]), None);
        }
    }

    #[test]
    fn each_kind_keeps_what_it_says() {
        let cases: [(StateKind, &[&str], &str); 8] = [
            (StateKind::Latest, &["1", "{\"a\":2}"], "{\"a\":2}"),
            (
                StateKind::Merge,
                &["{\"a\":1,\"b\":{\"x\":1}}", "{\"b\":{\"y\":2}}", "7"],
                "{\"a\":1,\"b\":{\"y\":2}}",
            ),
            (
                keyed(&["s", "v"], 9, WhenFull::Refuse),
                &["{\"s\":\"A\",\"v\":1}", "{\"s\":\"B\"}", "{\"p\":9,\"v\":1,\"s\":\"A\"}"],
                "[{\"p\":9,\"v\":1,\"s\":\"A\"},{\"s\":\"B\"}]",
            ),
            (
                keyed(&["k"], 2, WhenFull::Refuse),
                &["{\"k\":1}", "{\"k\":2}", "{\"k\":3}", "{\"k\":1,\"v\":1}"],
                "[{\"k\":1,\"v\":1},{\"k\":2}]",
            ),
            (
                keyed(&["k"], 2, WhenFull::DropOldest),
                &["{\"k\":1}", "{\"k\":2}", "{\"k\":2,\"v\":1}", "{\"k\":3}"],
                "[{\"k\":2,\"v\":1},{\"k\":3}]",
            ),
            (StateKind::Window { size: 2, newest_first: true }, &["1", "2", "3"], "[3,2]"),
            (StateKind::Window { size: 2, newest_first: false }, &["1", "2", "3"], "[2,3]"),
            (StateKind::Window { size: 0, newest_first: false }, &["1"], "[]"),
        ];
        for (kind, updates, snapshot) in cases {
            let got = after(kind, updates).unwrap_or_else(|| "[]".to_owned());
            assert_eq!(got, snapshot, "{kind:?}");
        }
    }
}
