//! The table of rules: every kind of mistake that can be reported, by subject.
//!
//! A leaf: reading, checking and lowering all report against it. Each rule has a fixture folder of its name under
//! `tests/diagnostics`.

/// Declares rules as constants, and their table.
macro_rules! rules {
    ($($name:ident = $severity:ident $id:literal: $explanation:literal, $remedy:literal;)+) => {
        $(
            #[doc = $explanation]
            pub static $name: crate::diagnostics::Rule = crate::diagnostics::Rule {
                id: $id,
                severity: crate::diagnostics::Severity::$severity,
                explanation: $explanation,
                remedy: $remedy,
            };
        )+
        pub(super) const ALL: &[&crate::diagnostics::Rule] = &[$(&$name),+];
    };
}

pub mod channels;
pub mod document;
pub mod extensions;
pub mod operations;
pub mod references;
pub mod schemas;
pub mod security;

use crate::diagnostics::Rule;

/// Every rule, in the order of the subjects.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let subjects = [
        document::ALL,
        references::ALL,
        channels::ALL,
        operations::ALL,
        security::ALL,
        extensions::ALL,
        schemas::ALL,
    ];
    subjects.into_iter().flatten().copied()
}
