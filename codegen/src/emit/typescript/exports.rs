//! The names that an API's files export side by side, so that none hides another.

use std::collections::BTreeSet;

use super::Project;
use crate::model::TypeId;

/// Names that are taken.
#[derive(Debug)]
pub(super) struct Exports {
    taken: BTreeSet<String>,
}

impl Exports {
    /// The names of the types, and of the runtime's client, which every client imports.
    pub(super) fn of(project: &Project<'_>) -> Self {
        let ids = (0..project.api.types.len()).map(TypeId);
        let types = ids.flat_map(|id| project.usage.forms(id)).map(|(_, name)| name);
        let taken = types.chain(["CoreClient".to_owned()]).collect();
        Self { taken }
    }

    /// `<base>Error` and `<base>ErrorCode`, both free.
    pub(super) fn pair(&mut self, base: &str) -> (String, String) {
        let base = self.base(base, |base| vec![format!("{base}Error"), format!("{base}ErrorCode")]);
        (format!("{base}Error"), format!("{base}ErrorCode"))
    }

    /// A name, with `_` after it where it is taken.
    pub(super) fn single(&mut self, name: &str) -> String {
        self.base(name, |name| vec![name.to_owned()])
    }

    /// A base for the names of a client.
    pub(super) fn client(&mut self, base: &str) -> String {
        self.base(base, |base| {
            vec![format!("{base}Client"), format!("{base}ClientOptions"), format!("create{base}Client")]
        })
    }

    fn base(&mut self, base: &str, names: impl Fn(&str) -> Vec<String>) -> String {
        let mut base = base.to_owned();
        while names(&base).iter().any(|name| self.taken.contains(name)) {
            base.push('_');
        }
        self.taken.extend(names(&base));
        base
    }
}
