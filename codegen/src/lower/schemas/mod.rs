//! From schemas to types.
//!
//! Two phases: first every schema that the document uses is declared and gets its id, then [`SchemaLowering::finish`]
//! brings all of them into normal form, checks them, and lowers them together. The path of one schema: `roots` finds
//! it, `normalise` spells it in draft-07, `mend` writes out implied tags, `checks` looks at
//! it, `conjunction` and `flat` take `allOf` apart, `lowering` chooses the shape,
//! `graph` settles recursion. A schema that cannot be said in types becomes any value, with a warning.

mod annotations;
mod arrays;
mod checks;
mod circles;
mod conjunction;
mod enums;
mod fits;
mod flat;
mod graph;
mod keywords;
mod lowering;
mod mend;
mod normalise;
mod objects;
mod questions;
mod roots;
mod scalars;
mod unions;

pub(crate) use questions::{const_tags, members};

use std::collections::BTreeSet;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::lower::names::{self, Place};
use crate::model::{Name, Type, TypeDef, TypeId};
use crate::rules::schemas as rules;
use crate::spec::{Node, References};
use lowering::Lowering;
use roots::Roots;

/// The schemas of one document on their way to types.
#[derive(Debug)]
pub(crate) struct SchemaLowering<'a> {
    roots: Roots<'a>,
}

impl<'a> SchemaLowering<'a> {
    /// Declares every entry of `components.schemas`, in order.
    pub(crate) fn new(references: &'a References) -> Self {
        Self { roots: Roots::new(references) }
    }

    /// The type of a payload: the target of a plain reference, else a component of the suggested name (numbered where
    /// that is taken). The same node always gives the same type.
    pub(crate) fn payload(&mut self, node: &'a Node, suggested: &str) -> Type {
        Type::Named(TypeId(self.roots.payload(node, suggested)))
    }

    /// Lowers everything that was declared and all it refers to. The first types are the roots, in the order of their
    /// ids; inline types follow.
    pub(crate) fn finish(mut self, sink: &mut Diagnostics) -> Vec<TypeDef> {
        self.roots.discover(sink);
        let names = self.root_names(sink);
        let mut normal = normalise::normalise(&self.roots, sink);
        let wires: Vec<&str> = self.roots.list.iter().map(|root| root.wire.as_str()).collect();
        mend::drop_contradicted_types(&mut normal, &wires, sink);
        mend::write_out_tags(&mut normal, &wires);
        let schemas = conjunction::Schemas::new(&normal.schemas, wires.clone());
        checks::check(&schemas, &normal, sink);
        let mut lowering = Lowering::new(&normal, &names, wires, sink);
        lowering.run();
        let mut types = std::mem::take(&mut lowering.types);
        let endless = graph::finish(&mut types);
        self.report_endless(&endless, &types, sink);
        types
    }

    /// Each root once: what is endless within one that is, is so because of it.
    fn report_endless(&self, endless: &[TypeId], types: &[TypeDef], sink: &mut Diagnostics) {
        let mut reported: BTreeSet<usize> = BTreeSet::new();
        for id in endless {
            let root = types[id.0].root;
            if !reported.insert(root.0) {
                continue;
            }
            let part = if root == *id { "" } else { "a part of " };
            let wire = &types[root.0].name.wire;
            let message = format!("{part}`{wire}` leads back to itself before any value can end");
            let span = self.roots.list[root.0].span;
            sink.push(Diagnostic::new(&rules::RECURSIVE_WITHOUT_END, span, message));
        }
    }

    fn root_names(&self, sink: &mut Diagnostics) -> Vec<Name> {
        let wires: Vec<&str> = self.roots.list.iter().map(|root| root.wire.as_str()).collect();
        let names = names::unique(&wires, Place::Type, &[]);
        for (name, root) in names.iter().zip(&self.roots.list) {
            let wanted = names::name(&name.wire, Place::Type);
            if *name == wanted {
                continue;
            }
            let message = format!(
                "the schema `{}` would be called `{}` like something else; it becomes `{}`",
                name.wire, wanted.rust, name.rust
            );
            sink.push(Diagnostic::new(&rules::NAME_COLLISION, root.span, message));
        }
        names
    }
}

#[cfg(test)]
mod tests;
