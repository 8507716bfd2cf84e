//! One thing that is wrong with a payload.

use serde::Serialize;

/// One thing that is wrong with a payload: where, which rule, and what in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// JSON pointer into the payload, empty for the payload itself; or to a member beside it, `/since`.
    pub pointer: String,
    /// The schema keyword that was not met.
    pub rule: String,
    /// What is wrong, to be read after the member's name: `is required`.
    pub message: String,
}

impl Fault {
    /// A fault at a pointer.
    pub fn new(pointer: impl Into<String>, rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), rule: rule.into(), message: message.into() }
    }

    /// The fault in one sentence, without lists of allowed values: `symbol is required`.
    pub(crate) fn sentence(&self) -> String {
        let place = self.pointer.trim_start_matches('/').replace('/', ".");
        let place = if place.is_empty() { "the payload" } else { &place };
        let message = if self.rule == "enum" { "is not one of the allowed values" } else { &self.message };
        format!("{place} {message}")
    }
}

/// Everything that is wrong with a payload; at least one fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// From a non-empty list; an empty one becomes a single unspecific fault.
    pub fn new(faults: Vec<Fault>) -> Self {
        if faults.is_empty() {
            Self(vec![Fault::new("", "type", "does not fit its schema")])
        } else {
            Self(faults)
        }
    }

    /// The faults.
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    /// The first of them.
    pub(crate) fn first(&self) -> &Fault {
        &self.0[0]
    }

    /// All of them in one line.
    pub(crate) fn summary(&self) -> String {
        self.0.iter().map(Fault::sentence).collect::<Vec<_>>().join("; ")
    }

    /// These and then the others.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The same faults with their pointers below `prefix`.
    pub(crate) fn below(mut self, prefix: &str) -> Self {
        for fault in &mut self.0 {
            fault.pointer.insert_str(0, prefix);
        }
        self
    }
}
