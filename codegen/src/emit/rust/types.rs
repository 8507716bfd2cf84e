//! Named types: one file per root type, and how a use of a type is written.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;

use super::literal::ident;
use super::module::Module;
use super::scope::{Names, Scope};
use super::{Context, enums, objects, print, prose, unions};
use crate::model::{Additional, Api, IntWidth, Shape, Type, TypeDef, TypeId, UnionArm};

/// Lines above which the inline types of a root get files of their own.
const SPLIT_AT: usize = 400;

/// `generated/types/`.
pub(super) fn module(context: &Context<'_>) -> Module {
    let mut folder = Module::new("types", Vec::new());
    folder.public = true;
    folder.docs = vec!["The types of the document, each named as there.".to_owned()];
    let mut names = Names::reserving(["mod", "rt", "types"]);
    for group in groups(context) {
        let stem = names.module(&context.api.type_def(group[0]).name.rust);
        folder.children.push(file(context, stem, &group));
    }
    folder.items = folder.children.iter().filter_map(Module::reexport).collect();
    folder
}

/// Which types share a file: a root with its inline types, or each alone where that would be too long.
fn groups(context: &Context<'_>) -> Vec<Vec<TypeId>> {
    let mut roots: BTreeMap<TypeId, Vec<TypeId>> = BTreeMap::new();
    for (index, def) in context.api.types.iter().enumerate() {
        let group = roots.entry(def.root).or_default();
        // The root stands first, whatever its place in the list.
        if def.root == TypeId(index) { group.insert(0, TypeId(index)) } else { group.push(TypeId(index)) }
    }
    let mut groups = Vec::new();
    for group in roots.into_values() {
        let lines = print::lines(&file(context, "probe".to_owned(), &group), context.options);
        if lines > SPLIT_AT {
            groups.extend(group.into_iter().map(|id| vec![id]));
        } else {
            groups.push(group);
        }
    }
    groups
}

fn file(context: &Context<'_>, stem: String, group: &[TypeId]) -> Module {
    let api = context.api;
    let own: BTreeSet<TypeId> = group.iter().copied().collect();
    let mut used = BTreeSet::new();
    for id in group {
        uses(api.type_def(*id), &mut used);
    }
    let foreign: Vec<_> = used.difference(&own).map(|id| api.type_def(*id).name.rust.as_str()).collect();
    let here = group.iter().map(|id| api.type_def(*id).name.rust.as_str());
    let scope = Scope::with(here.clone().chain(foreign.iter().copied()));
    let place = TypePlace { context, scope, prefix: None };
    let mut items = Vec::new();
    if !foreign.is_empty() {
        let mut names: Vec<_> = foreign.iter().map(|name| ident(name)).collect();
        names.sort();
        items.push(match names.as_slice() {
            [name] => quote!(use super::#name;),
            names => quote!(use super::{#(#names),*};),
        });
    }
    for id in group {
        items.extend(place.definition(*id));
    }
    let mut module = Module::new(stem, items);
    module.scope = place.scope;
    module.exports = here.map(str::to_owned).collect();
    module.exports.sort();
    module
}

/// Where types are written down: with which names in scope, and by which path named types are reached.
pub(super) struct TypePlace<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) scope: Scope,
    /// `types` outside of the types' own files.
    pub(super) prefix: Option<&'static str>,
}

impl<'a> TypePlace<'a> {
    /// A place outside of `types/`.
    pub(super) fn outside(context: &'a Context<'a>, scope: Scope) -> Self {
        Self { context, scope, prefix: Some("types") }
    }

    /// A use of a type.
    pub(super) fn ty(&self, ty: &Type) -> TokenStream {
        match ty {
            Type::Any => quote!(rt::Value),
            Type::Null => quote!(()),
            Type::Boolean => quote!(bool),
            Type::Integer(width) => integer(*width),
            Type::Float32 => quote!(f32),
            Type::Float64 => quote!(f64),
            Type::String { .. } => self.scope.std("String"),
            Type::Decimal => quote!(rt::Decimal),
            Type::IntegerString { unsigned: false } => quote!(rt::IntegerString<i64>),
            Type::IntegerString { unsigned: true } => quote!(rt::IntegerString<u64>),
            Type::Constant(serde_json::Value::Bool(value)) => quote!(rt::ConstantBool<#value>),
            Type::Constant(_) => quote!(rt::Value),
            Type::Named(id) => self.named(*id),
            Type::Array(item) => self.list(item),
            Type::Tuple { items, rest } => self.tuple(items, rest.as_deref()),
            Type::Map { key, value } => self.map(*key, value),
            Type::Nullable(inner) => self.scope.option(&self.ty(inner)),
        }
    }

    /// A named type by its path.
    pub(super) fn named(&self, id: TypeId) -> TokenStream {
        let name = ident(&self.context.api.type_def(id).name.rust);
        self.prefix.map_or_else(
            || quote!(#name),
            |prefix| {
                let prefix = ident(prefix);
                quote!(#prefix::#name)
            },
        )
    }

    fn list(&self, item: &Type) -> TokenStream {
        let (vec, item) = (self.scope.std("Vec"), self.ty(item));
        quote!(#vec<#item>)
    }

    fn tuple(&self, items: &[Type], rest: Option<&Type>) -> TokenStream {
        // The standard library's traits for tuples end at twelve positions.
        if items.is_empty() || items.len() > 12 {
            return self.list(rest.filter(|_| items.is_empty()).unwrap_or(&Type::Any));
        }
        let items = items.iter().map(|item| self.ty(item));
        let head = quote!((#(#items,)*));
        match rest {
            Some(rest) => {
                let rest = self.ty(rest);
                quote!(rt::WithRest<#head, #rest>)
            }
            None => head,
        }
    }

    pub(super) fn map(&self, key: Option<TypeId>, value: &Type) -> TokenStream {
        let key = key.map_or_else(|| self.scope.std("String"), |id| self.named(id));
        let (map, value) = (self.scope.std("BTreeMap"), self.ty(value));
        quote!(#map<#key, #value>)
    }

    fn definition(&self, id: TypeId) -> Vec<TokenStream> {
        let def = self.context.api.type_def(id);
        match &def.shape {
            Shape::Object(object) => objects::definition(self, def, object),
            Shape::Enum(values) => enums::definition(self, def, values),
            Shape::Tagged(tagged) => unions::tagged(self, def, tagged),
            Shape::Untagged(arms) => unions::untagged(self, def, arms),
            Shape::Alias(ty) => vec![self.alias(id, def, ty)],
        }
    }

    fn alias(&self, id: TypeId, def: &TypeDef, ty: &Type) -> TokenStream {
        let docs = self.docs(def);
        let (name, inner) = (ident(&def.name.rust), self.ty(ty));
        if !is_endless(self.context.api, id) {
            return quote!(#docs pub type #name = #inner;);
        }
        // A Rust alias may not mention itself, a struct may.
        let attributes =
            self.derives(&Derives { hash: def.hashable, ..Derives::default() }, &quote!(transparent));
        quote!(#docs #attributes pub struct #name( #[doc = " The value itself."] pub #inner);)
    }

    /// The doc comment of a type.
    pub(super) fn docs(&self, def: &TypeDef) -> TokenStream {
        let mut notes = Vec::new();
        let facts = prose::facts(&def.constraints);
        if !facts.is_empty() {
            notes.push(facts);
        }
        notes.push(format!("Declared at {}.", prose::code(&def.pointer)));
        prose::outer(&prose::lines(
            &def.docs,
            &format!("{} of the document.", prose::code(&def.name.wire)),
            &notes,
        ))
    }

    /// The derives every type carries; `serde` are further arguments of its `serde` attribute.
    pub(super) fn derives(&self, derives: &Derives, serde: &TokenStream) -> TokenStream {
        self.derives_with(derives, serde, &TokenStream::new())
    }

    /// [`TypePlace::derives`] with further arguments of the `schemars` attribute.
    pub(super) fn derives_with(
        &self,
        derives: &Derives,
        serde: &TokenStream,
        schemars: &TokenStream,
    ) -> TokenStream {
        let copy = derives.copy.then(|| quote!(Copy,));
        let default = derives.default.then(|| quote!(Default,));
        let hash = derives.hash.then(|| quote!(, Eq, Hash));
        let order = derives.order.then(|| quote!(, PartialOrd, Ord));
        let deserialize = (!derives.by_hand).then(|| quote!(rt::Deserialize,));
        let runtime = &self.context.options.runtime;
        let (serde_crate, schemars_crate) = (format!("{runtime}::serde"), format!("{runtime}::schemars"));
        let serde = (!serde.is_empty()).then(|| quote!(, #serde));
        let schemars = (!schemars.is_empty()).then(|| quote!(, #schemars));
        quote! {
            #[derive(Debug, Clone, #copy #default PartialEq #hash #order)]
            #[derive(rt::Serialize, #deserialize rt::JsonSchema)]
            #[serde(crate = #serde_crate #serde)]
            #[schemars(crate = #schemars_crate #schemars)]
        }
    }
}

/// What a type can derive beside the usual.
#[derive(Default)]
pub(super) struct Derives {
    pub(super) copy: bool,
    pub(super) default: bool,
    pub(super) hash: bool,
    pub(super) order: bool,
    /// `Deserialize` is written out.
    pub(super) by_hand: bool,
}

fn integer(width: IntWidth) -> TokenStream {
    match width {
        IntWidth::I8 => quote!(i8),
        IntWidth::I16 => quote!(i16),
        IntWidth::I32 => quote!(i32),
        IntWidth::SafeI64 | IntWidth::I64 => quote!(i64),
        IntWidth::U8 => quote!(u8),
        IntWidth::U16 => quote!(u16),
        IntWidth::U32 => quote!(u32),
        IntWidth::SafeU64 | IntWidth::U64 => quote!(u64),
    }
}

/// Whether the type accepts `null`, seen through aliases.
pub(super) fn admits_null(api: &Api, ty: &Type) -> bool {
    match ty {
        Type::Nullable(_) => true,
        Type::Named(id) => match &api.type_def(*id).shape {
            Shape::Alias(ty) => !is_endless(api, *id) && admits_null(api, ty),
            _ => false,
        },
        _ => false,
    }
}

/// Whether an alias leads back to itself through nothing but aliases.
fn is_endless(api: &Api, start: TypeId) -> bool {
    let mut open = vec![start];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        let Shape::Alias(ty) = &api.type_def(id).shape else { continue };
        let mut next = BTreeSet::new();
        named(ty, &mut next);
        if next.contains(&start) {
            return true;
        }
        open.extend(next.into_iter().filter(|id| seen.insert(*id)));
    }
    false
}

/// The named types a definition mentions.
fn uses(def: &TypeDef, used: &mut BTreeSet<TypeId>) {
    match &def.shape {
        Shape::Object(object) => {
            object.fields.iter().for_each(|field| named(&field.ty, used));
            if let Additional::Kept(ty) = &object.additional {
                named(ty, used);
            }
        }
        Shape::Enum(_) => {}
        Shape::Tagged(tagged) => used.extend(tagged.arms.iter().map(|arm| arm.ty)),
        Shape::Untagged(arms) => arms.iter().for_each(|UnionArm { ty, .. }| named(ty, used)),
        Shape::Alias(ty) => named(ty, used),
    }
}

fn named(ty: &Type, found: &mut BTreeSet<TypeId>) {
    match ty {
        Type::Named(id) => {
            found.insert(*id);
        }
        Type::Array(inner) | Type::Nullable(inner) => named(inner, found),
        Type::Tuple { items, rest } => {
            items.iter().for_each(|item| named(item, found));
            rest.iter().for_each(|rest| named(rest, found));
        }
        Type::Map { key, value } => {
            found.extend(key);
            named(value, found);
        }
        _ => {}
    }
}
