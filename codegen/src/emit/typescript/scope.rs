//! Names that generated files use without declaring them, and what they are written as where a document's own types
//! take them.

use crate::model::Api;

/// Types of the runtime that generated types lean on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RuntimeType {
    /// A decimal number in a string.
    Decimal,
    /// A whole number of 64 bits.
    Int64,
    /// The same in a string.
    Int64String,
}

impl RuntimeType {
    /// What the runtime calls it.
    pub(super) fn exported(self) -> &'static str {
        match self {
            Self::Decimal => "Decimal",
            Self::Int64 => "Int64",
            Self::Int64String => "Int64String",
        }
    }
}

/// Which names are free in the files of an API.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    api: &'a Api,
}

impl<'a> Scope<'a> {
    /// The names an API's own types leave free.
    pub(super) fn of(api: &'a Api) -> Self {
        Self { api }
    }

    /// Whether a global keeps its meaning: the document calls none of its types so.
    pub(super) fn is_free(&self, global: &str) -> bool {
        self.api.types.iter().all(|def| def.name.typescript != global)
    }

    /// What a type of the runtime is called here.
    pub(super) fn local(&self, runtime: RuntimeType) -> String {
        let exported = runtime.exported();
        let mut local = exported.to_owned();
        while !self.is_free(&local) {
            local.insert_str(0, "Bellwire");
        }
        local
    }

    /// The import specifier of a type of the runtime.
    pub(super) fn specifier(&self, runtime: RuntimeType) -> String {
        let (exported, local) = (runtime.exported(), self.local(runtime));
        if exported == local { local } else { format!("{exported} as {local}") }
    }
}
