//! From normalised schemas to types: which shape each takes, and which positions get a type of their own.
//!
//! The kinds of shapes are in files of their own: objects, unions, enums, scalars.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::annotations::annotations;
use super::conjunction::{Conjunction, Cursor, Key, MAX_PARTS, Schemas};
use super::flat::{Flat, Group, Items, Types, is_null, is_record};
use super::normalise::{COMPONENTS, Normal};
use crate::diagnostics::{Diagnostic, Diagnostics, Rule};
use crate::lower::names::{self, Place};
use crate::model::{Constraint, Docs, Name, Shape, Type, TypeDef, TypeId};
use crate::rules::document::DOCUMENT_TOO_LARGE;
use crate::rules::schemas as rules;
use crate::source::Span;
use crate::spec::escape;

/// More types than any real document has.
const MAX_TYPES: usize = 20_000;

/// Most types that stand nowhere but come of schemas put together; past it they multiply each other.
const MAX_MERGED: usize = 1_000;

/// Merged schemas that grow into each other deeper than this are cut off.
const MAX_DEPTH: usize = 200;

/// Where a type that has no component of its own would live.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) root: usize,
    /// Pointer within the root.
    pub(super) pointer: String,
    /// What it would be called: the names on the way to it, dots between them.
    pub(super) name: String,
}

impl Site {
    /// The place of something inside.
    pub(super) fn inside(&self, name: &str, pointer: &str) -> Self {
        let name = format!("{}.{name}", self.name);
        Self { root: self.root, pointer: format!("{}{pointer}", self.pointer), name }
    }
}

/// A use of a type, and what is said about the use itself.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub(super) ty: Type,
    pub(super) nullable: bool,
    pub(super) constraints: Vec<Constraint>,
    /// The use demands more than the type enforces; what a named type demands is its own.
    pub(super) checked: bool,
}

impl Use {
    pub(super) fn plain(ty: Type) -> Self {
        Self { ty, nullable: false, constraints: Vec::new(), checked: false }
    }

    /// The type with nullability put into it.
    pub(super) fn whole(self) -> Type {
        match (self.nullable, self.ty) {
            (true, ty @ (Type::Any | Type::Null | Type::Nullable(_))) | (false, ty) => ty,
            (true, ty) => Type::Nullable(Box::new(ty)),
        }
    }
}

/// What a schema becomes.
#[derive(Debug)]
enum Plan<'s> {
    Object,
    Enum,
    Union(Group<'s>),
    /// One arm per JSON type.
    Kinds(Vec<Types>),
    /// A type that needs no name, of one JSON type.
    Single(Types),
    Any,
}

/// What is left of a schema once nothing can be taken away.
#[derive(Debug)]
enum Settled<'s> {
    /// It says nothing.
    Any,
    /// It is another root.
    Reference(usize),
    /// Keywords, and where a type for them would live.
    Flat(Box<Flat<'s>>, Site),
}

/// The work in progress.
#[derive(Debug)]
pub(super) struct Lowering<'s, 'd> {
    pub(super) schemas: Schemas<'s>,
    pub(super) normal: &'s Normal,
    pub(super) sink: &'d mut Diagnostics,
    pub(super) types: Vec<TypeDef>,
    /// By root and parts.
    inline: HashMap<(usize, Vec<Key>), TypeId>,
    merged: usize,
    /// Where the document grew too large, and how.
    too_large: Option<(Site, String)>,
    depth: usize,
    rust_names: BTreeSet<String>,
    typescript_names: BTreeSet<String>,
}

impl<'s, 'd> Lowering<'s, 'd> {
    pub(super) fn new(
        normal: &'s Normal,
        roots: &[Name],
        wires: Vec<&'s str>,
        sink: &'d mut Diagnostics,
    ) -> Self {
        let types = roots.iter().enumerate().map(|(at, name)| TypeDef {
            name: name.clone(),
            docs: Docs::default(),
            pointer: format!("{COMPONENTS}{}", escape(&name.wire)),
            root: TypeId(at),
            shape: Shape::Alias(Type::Any),
            constraints: Vec::new(),
            schema: normal.schemas.get(at).cloned(),
            hashable: false,
            checked: false,
        });
        Self {
            types: types.collect(),
            schemas: Schemas::new(&normal.schemas, wires),
            normal,
            sink,
            inline: HashMap::new(),
            merged: 0,
            too_large: None,
            depth: 0,
            rust_names: roots.iter().map(|name| name.rust.clone()).collect(),
            typescript_names: roots.iter().map(|name| name.typescript.clone()).collect(),
        }
    }

    /// Lowers every root, in order.
    pub(super) fn run(&mut self) {
        let clean = self.sink.count();
        for root in 0..self.schemas.len() {
            self.root(root);
        }
        if let Some((site, what)) = self.too_large.take() {
            // Of what multiplied there is too much to say.
            self.sink.truncate(clean);
            let message = format!("{what} {}", self.path(&site));
            self.report(&DOCUMENT_TOO_LARGE, self.span(&site), message);
        }
    }

    fn root(&mut self, root: usize) {
        let conjunction = vec![self.schemas.root(root)];
        self.types[root].docs = annotations(&self.schemas, &conjunction).docs;
        let site = Site { root, pointer: String::new(), name: self.schemas.wire(root).to_owned() };
        let (settled, nullable) = self.settle(&conjunction, &site, false);
        let (flat, inner) = match settled {
            Settled::Any => return,
            Settled::Reference(target) => {
                let used = Use { nullable, ..Use::plain(Type::Named(TypeId(target))) };
                self.types[root].shape = Shape::Alias(used.whole());
                return;
            }
            Settled::Flat(flat, inner) => (flat, inner),
        };
        match self.plan(&flat, &inner) {
            plan @ (Plan::Single(_) | Plan::Any) => {
                let used = self.unnamed(&flat, &plan, nullable, &inner);
                let definition = &mut self.types[root];
                definition.constraints = used.constraints.clone();
                definition.checked = used.checked;
                definition.shape = Shape::Alias(used.whole());
            }
            plan if nullable => {
                let inner = Site { name: format!("{}.Value", site.name), ..inner };
                let ty = self.named(&flat, plan, &inner);
                self.types[root].shape = Shape::Alias(Type::Nullable(Box::new(ty)));
            }
            plan => self.define(TypeId(root), &flat, plan, &site),
        }
    }

    /// The type of schemas that must all hold; `site` names it where they do not stand in one place.
    pub(super) fn use_of(&mut self, conjunction: &[Cursor<'s>], site: &Site) -> Use {
        if self.depth >= MAX_DEPTH {
            self.unsupported(site, "so deep a nesting");
            return Use { checked: true, ..Use::plain(Type::Any) };
        }
        self.depth += 1;
        let (settled, nullable) = self.settle(conjunction, site, true);
        let used = match settled {
            Settled::Any => Use::plain(Type::Any),
            Settled::Reference(target) => Use::plain(Type::Named(TypeId(target))),
            Settled::Flat(flat, site) => match self.plan(&flat, &site) {
                plan @ (Plan::Single(_) | Plan::Any) => self.unnamed(&flat, &plan, nullable, &site),
                plan => Use::plain(self.named(&flat, plan, &site)),
            },
        };
        self.depth -= 1;
        Use { nullable, ..used }
    }

    /// Takes `allOf`, `null` and unions of one arm away until something is left to choose a type by.
    fn settle(&mut self, conjunction: &[Cursor<'s>], site: &Site, inline: bool) -> (Settled<'s>, bool) {
        let mut conjunction = conjunction.to_vec();
        let mut nullable = false;
        // Every round takes a union away; past the bound a schema is eating its own tail.
        for _ in 0..MAX_PARTS {
            if self.too_large.is_some() {
                break;
            }
            let parts = self.schemas.parts(&conjunction);
            let site = match parts.as_slice() {
                [] => return (Settled::Any, nullable),
                [only] => match self.schemas.target(only) {
                    Some(target) => return (Settled::Reference(target), nullable),
                    None if inline || !only.pointer.is_empty() => Site {
                        root: only.root,
                        pointer: only.pointer.clone(),
                        name: self.schemas.position_name(only),
                    },
                    None => site.clone(),
                },
                _ => site.clone(),
            };
            if parts.len() > MAX_PARTS {
                self.grows_too_large(&site, format!("more than {MAX_PARTS} schemas must hold together in"));
                return (Settled::Any, nullable);
            }
            let (flat, null) = self.flat(parts, &site);
            nullable |= null;
            match flat.groups.iter().find(|group| group.arms.len() == 1) {
                Some(group) if flat.values.is_none() && !super::unions::only_checks(group, &flat) => {
                    conjunction = flat.around(group);
                    conjunction.push(group.arms[0].clone());
                }
                _ => return (Settled::Flat(Box::new(flat), site), nullable),
            }
        }
        (Settled::Any, nullable)
    }

    /// Notes where the document grows past a bound, and how; what follows is left alone.
    fn grows_too_large(&mut self, site: &Site, what: String) {
        if self.too_large.is_none() {
            let component = Site { pointer: String::new(), ..site.clone() };
            self.too_large = Some((component, what));
        }
    }

    /// The keywords of all parts in one, without `null`, and whether `null` was among what fits.
    pub(super) fn flat(&mut self, parts: Conjunction<'s>, site: &Site) -> (Flat<'s>, bool) {
        let mut flat = Flat::new(parts);
        for contradiction in std::mem::take(&mut flat.contradictions) {
            let message = format!("nothing fits {}: {contradiction}", self.path(site));
            self.report(&rules::UNSATISFIABLE_SCHEMA, self.span(site), message);
        }
        let nullable = self.take_null(&mut flat);
        (flat, nullable)
    }

    fn take_null(&self, flat: &mut Flat<'s>) -> bool {
        let allowed = flat.types.has(Types::NULL);
        let mut nullable = allowed && flat.types != Types::ALL && flat.groups.is_empty();
        if let Some(values) = &mut flat.values {
            nullable = allowed && values.contains(&Value::Null);
            if nullable && values.len() > 1 {
                values.retain(|value| !value.is_null());
            }
        }
        for group in &mut flat.groups {
            let before = group.arms.len();
            group.arms.retain(|arm| !is_null(arm));
            nullable |= allowed && group.arms.len() < before;
        }
        let only_null = flat.types == Types::NULL
            || flat.values.as_ref().is_some_and(|values| values.len() == 1 && values[0].is_null());
        if only_null {
            return false;
        }
        if nullable && flat.types != Types::ALL {
            flat.types = flat.types.without(Types::NULL);
        }
        nullable
    }

    fn plan(&mut self, flat: &Flat<'s>, site: &Site) -> Plan<'s> {
        if flat.types.is_empty() {
            return Plan::Any;
        }
        if let Some(values) = &flat.values {
            return plan_values(values, flat.constant);
        }
        let mut groups: Vec<&Group<'s>> =
            flat.groups.iter().filter(|group| !super::unions::only_checks(group, flat)).collect();
        match (groups.len(), groups.pop()) {
            (1, Some(group)) if !group.arms.is_empty() => return Plan::Union(group.clone()),
            (1, Some(_)) => return Plan::Single(Types::NULL),
            (2.., _) => self.unsupported(site, "several unions that must all hold"),
            _ => {}
        }
        for (keyword, part) in &flat.check_only {
            if matches!(*keyword, "not" | "if") {
                let inner = Site { root: part.root, pointer: part.pointer.clone(), ..site.clone() };
                self.unsupported(&inner, &format!("`{keyword}`"));
            }
        }
        match narrowed(flat).each().as_slice() {
            [] => Plan::Any,
            [Types::OBJECT] if is_record(flat) => Plan::Object,
            [single] => Plan::Single(*single),
            _ if narrowed(flat) == Types::ALL => Plan::Any,
            several => Plan::Kinds(several.to_vec()),
        }
    }

    fn unnamed(&mut self, flat: &Flat<'s>, plan: &Plan<'s>, nullable: bool, site: &Site) -> Use {
        let mut used = match plan {
            Plan::Single(single) => self.single(flat, *single, site),
            _ => Use { checked: !flat.parts.is_empty() && !flat.types.is_empty(), ..Use::plain(Type::Any) },
        };
        used.nullable = nullable;
        used.checked |= !flat.check_only.is_empty() || flat.groups.iter().any(|group| !group.arms.is_empty());
        used.constraints = flat.constraints.clone();
        used
    }

    /// A type of one JSON type that needs no name.
    pub(super) fn single(&mut self, flat: &Flat<'s>, single: Types, site: &Site) -> Use {
        if let Some([value]) = flat.values.as_deref()
            && !value.is_null()
            && single != Types::BOOLEAN.with(Types::NULL)
        {
            // Booleans are checked by their type, other constants by the schema alone.
            let checked = !value.is_boolean();
            return Use { checked, ..Use::plain(Type::Constant(value.clone())) };
        }
        match single {
            Types::NULL => Use::plain(Type::Null),
            Types::BOOLEAN => Use::plain(Type::Boolean),
            Types::STRING => super::scalars::string(flat),
            Types::ARRAY => self.array(flat, site),
            Types::OBJECT => self.map(flat, site),
            _ => self.number(flat, single, site),
        }
    }

    /// The named type of these parts: known already, or new.
    fn named(&mut self, flat: &Flat<'s>, plan: Plan<'s>, site: &Site) -> Type {
        let key = (site.root, flat.parts.iter().map(Cursor::key).collect());
        if let Some(id) = self.inline.get(&key) {
            return Type::Named(*id);
        }
        self.merged += usize::from(flat.parts.len() > 1);
        if self.merged > MAX_MERGED {
            self.grows_too_large(site, format!("schemas put together make more than {MAX_MERGED} types in"));
        }
        let id = self.reserve_type(site, annotations(&self.schemas, &flat.parts).docs);
        self.inline.insert(key, id);
        self.define(id, flat, plan, site);
        Type::Named(id)
    }

    /// The object among several types of one schema: it stands nowhere else, so nothing can share it.
    pub(super) fn unshared_object(&mut self, flat: &Flat<'s>, site: &Site) -> Type {
        let id = self.reserve_type(site, Docs::default());
        self.define(id, flat, Plan::Object, site);
        Type::Named(id)
    }

    /// The place of a type whose shape is still to come: recursion may ask for it before.
    fn reserve_type(&mut self, site: &Site, docs: Docs) -> TypeId {
        let definition = TypeDef {
            name: self.claim(site),
            docs,
            pointer: format!("{COMPONENTS}{}{}", escape(self.schemas.wire(site.root)), site.pointer),
            root: TypeId(site.root),
            shape: Shape::Alias(Type::Any),
            constraints: Vec::new(),
            schema: None,
            hashable: false,
            checked: false,
        };
        self.types.push(definition);
        if self.types.len() > MAX_TYPES {
            self.grows_too_large(
                site,
                format!("the document makes more than {MAX_TYPES} types, the last in"),
            );
        }
        TypeId(self.types.len() - 1)
    }

    fn define(&mut self, id: TypeId, flat: &Flat<'s>, plan: Plan<'s>, site: &Site) {
        let (shape, checked) = match plan {
            Plan::Object => self.object(flat, site),
            Plan::Enum => self.enumeration(flat, site),
            Plan::Union(group) => self.union(flat, &group, site),
            Plan::Kinds(kinds) => self.kinds(flat, &kinds, site),
            Plan::Single(_) | Plan::Any => (Shape::Alias(Type::Any), false),
        };
        let definition = &mut self.types[id.0];
        definition.shape = shape;
        definition.checked = checked || !flat.check_only.is_empty() || flat.groups.len() > 1;
        definition.constraints = flat.constraints.clone();
    }

    /// A name for an inline type that nothing else has.
    fn claim(&mut self, site: &Site) -> Name {
        let mut name = names::name(&site.name, Place::Type);
        name.wire = names::upper_camel(&site.name);
        let wanted = name.clone();
        if self.rust_names.contains(&name.rust) {
            name.rust = names::numbered(&name.rust, Place::Type, &self.rust_names);
        }
        if self.typescript_names.contains(&name.typescript) {
            name.typescript = names::numbered(&name.typescript, Place::Type, &self.typescript_names);
        }
        if name != wanted {
            let message = format!(
                "the type at {} would be called `{}` like another; it becomes `{}`",
                self.path(site),
                wanted.rust,
                name.rust
            );
            self.report(&rules::NAME_COLLISION, self.span(site), message);
        }
        self.rust_names.insert(name.rust.clone());
        self.typescript_names.insert(name.typescript.clone());
        name
    }

    /// The place in a sentence.
    pub(super) fn path(&self, site: &Site) -> String {
        format!("`{COMPONENTS}{}{}`", escape(self.schemas.wire(site.root)), site.pointer)
    }

    pub(super) fn span(&self, site: &Site) -> Span {
        self.normal.span(site.root, &site.pointer)
    }

    pub(super) fn report(&mut self, rule: &'static Rule, span: Span, message: impl Into<String>) {
        self.sink.push(Diagnostic::new(rule, span, message));
    }

    pub(super) fn unsupported(&mut self, site: &Site, what: &str) {
        let message = format!("generated types cannot say {what} at {}", self.path(site));
        let help = "it is checked on input all the same";
        let span = self.span(site);
        self.sink.push(Diagnostic::new(&rules::UNSUPPORTED_SCHEMA, span, message).help(help));
    }
}

/// The types that a schema means, where it leaves out `type`: those its keywords speak of.
pub(super) fn narrowed(flat: &Flat<'_>) -> Types {
    if flat.types != Types::ALL {
        return flat.types;
    }
    let has = |keywords: &[&str]| keywords.iter().any(|keyword| flat.has(keyword));
    let speaks_of_objects = flat.has_properties
        || !flat.additional.is_empty()
        || !flat.patterns.is_empty()
        || !flat.key_names.is_empty()
        || !flat.required.is_empty()
        || has(&["minProperties", "maxProperties"]);
    if speaks_of_objects {
        Types::OBJECT
    } else if !matches!(flat.items, Items::Any) || has(&["minItems", "maxItems", "uniqueItems"]) {
        Types::ARRAY
    } else if has(&["pattern", "minLength", "maxLength"]) {
        Types::STRING
    } else if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
        Types::NUMBER
    } else {
        flat.format.map_or(Types::ALL, super::scalars::type_of_format)
    }
}

fn plan_values<'s>(values: &[Value], constant: bool) -> Plan<'s> {
    match values {
        [] => Plan::Any,
        [Value::Null] => Plan::Single(Types::NULL),
        [Value::String(_)] => Plan::Enum,
        [Value::Number(number)] if number.is_i64() => Plan::Enum,
        [Value::Bool(_)] => Plan::Single(Types::of(&values[0])),
        [value] if constant => Plan::Single(Types::of(value)),
        _ if values.iter().all(Value::is_boolean) => Plan::Single(Types::BOOLEAN),
        _ => Plan::Enum,
    }
}
