//! The table of rules: every kind of mistake that can be reported, by subject.
//!
//! A leaf: reading, checking and lowering all report against it. Each rule has a fixture folder of its name under
//! `tests/diagnostics`.

/// Declares rules as constants, and their table.
macro_rules! rules {
    ($($name:ident = $severity:ident $id:literal: $explanation:literal, $remedy:literal;)+) => {
        $(
            #[doc = $explanation]
            pub const $name: crate::diagnostics::Rule = crate::diagnostics::Rule {
                id: $id,
                severity: crate::diagnostics::Severity::$severity,
                explanation: $explanation,
                remedy: $remedy,
            };
        )+
        pub(super) const ALL: &[&crate::diagnostics::Rule] = &[$(&$name),+];
    };
}

pub mod document;
pub mod references;
pub mod schemas;

use crate::diagnostics::Rule;

/// Every rule, in the order of the subjects.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [document::ALL, references::ALL, schemas::ALL].into_iter().flatten().copied()
}
