//! Named types as interfaces, unions, aliases and constant objects.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Project;
use super::docs::Comment;
use super::expression::{Expression, joined};
use super::literal::{object_key, property_key, scalar, width};
use super::scope::RuntimeType;
use super::usage::{Direction, shape_types};
use crate::model::{Additional, Api, Enum, EnumRepr, Field, IntWidth, Object, Shape, Type, TypeDef, TypeId};

/// One exported declaration.
#[derive(Debug)]
pub(super) struct Item {
    /// JSDoc with its line feed, or empty.
    pub(super) docs: String,
    /// What is declared.
    pub(super) name: String,
    /// How.
    pub(super) body: Body,
}

/// The kinds of declaration.
#[derive(Debug)]
pub(super) enum Body {
    /// `export interface X { … }`
    Interface(Vec<Member>),
    /// `export type X = …`; the text begins with the blank or line feed that follows `=`.
    Alias(String),
    /// `export const X = { … } as const`
    Values(Vec<Member>),
}

/// One line of a declaration, with its comment.
#[derive(Debug)]
pub(super) struct Member {
    /// JSDoc with its line feed, or empty.
    pub(super) docs: String,
    /// Without the sign at its end.
    pub(super) text: String,
}

impl Member {
    /// How many lines it takes.
    pub(super) fn line_count(&self) -> usize {
        self.docs.matches('\n').count() + self.text.matches('\n').count() + 1
    }
}

impl Item {
    /// How many lines it takes, the blank one before it included.
    pub(super) fn line_count(&self) -> usize {
        let lines = |text: &str| text.matches('\n').count();
        let body = match &self.body {
            Body::Interface(members) | Body::Values(members) => {
                2 + members.iter().map(Member::line_count).sum::<usize>()
            }
            Body::Alias(text) => 1 + lines(text),
        };
        1 + lines(&self.docs) + body
    }
}

/// Writes types and keeps account of what they mention.
#[derive(Debug)]
pub(super) struct TypeWriter<'a> {
    project: &'a Project<'a>,
    /// Every named type mentioned, in which form.
    pub(super) mentions: BTreeSet<(TypeId, String)>,
    /// Every type of the runtime mentioned.
    pub(super) runtime: BTreeSet<RuntimeType>,
    /// What stands before the name of a declared type: nothing, or `types.`.
    prefix: &'static str,
}

impl<'a> TypeWriter<'a> {
    /// A writer that has mentioned nothing yet.
    pub(super) fn new(project: &'a Project<'a>) -> Self {
        Self { project, mentions: BTreeSet::new(), runtime: BTreeSet::new(), prefix: "" }
    }

    /// A writer for files that import the types as a namespace.
    pub(super) fn qualified(project: &'a Project<'a>) -> Self {
        Self { prefix: "types.", ..Self::new(project) }
    }

    /// The API whose types are written.
    pub(super) fn api(&self) -> &'a Api {
        self.project.api
    }

    /// The declarations of a type: none where uses print the value in place.
    pub(super) fn items(&mut self, id: TypeId) -> Vec<Item> {
        let def = self.project.api.type_def(id);
        if in_place(self.project.api, id).is_some() {
            return Vec::new();
        }
        let forms = self.project.usage.forms(id);
        let both = forms.len() > 1;
        let mut items = Vec::new();
        for (direction, name) in forms {
            let mut docs = Comment::of(&def.docs).constraints(&def.constraints);
            if both && direction == Direction::Sent {
                docs = docs.paragraph("The form a client sends: members with a default may be left out.");
            }
            let docs = docs.declared_at(&def.pointer).print(0);
            let body = self.body(id, def, direction, &name);
            items.push(Item { docs, name, body });
        }
        if let Shape::Enum(shape) = &def.shape {
            items.extend(values(def, shape));
        }
        items
    }

    fn body(&mut self, id: TypeId, def: &TypeDef, direction: Direction, name: &str) -> Body {
        let expression = match &def.shape {
            Shape::Object(object) if object.fields.is_empty() => {
                self.open_object(&object.additional, direction)
            }
            Shape::Object(object) => return Body::Interface(self.members(object, direction)),
            Shape::Enum(shape) => enumeration(shape),
            Shape::Tagged(tagged) => {
                let arms: Vec<_> = tagged.arms.iter().map(|arm| self.named(arm.ty, direction)).collect();
                Expression::union(arms)
            }
            Shape::Untagged(arms) => {
                self.union(|writer| arms.iter().map(|arm| writer.expression(&arm.ty, direction)).collect())
            }
            Shape::Alias(ty) => self.expression(ty, direction),
        };
        let expression = if recursive(self.project.api, id) { deferred(expression) } else { expression };
        Body::Alias(expression.print_alias(name))
    }

    /// An object without declared members.
    fn open_object(&mut self, additional: &Additional, direction: Direction) -> Expression {
        let value = match additional {
            Additional::Ignored => Expression::atom("unknown"),
            Additional::Refused => Expression::atom("never"),
            Additional::Kept(ty) => self.expression(ty, direction),
        };
        self.record(value)
    }

    fn members(&mut self, object: &Object, direction: Direction) -> Vec<Member> {
        let mut members: Vec<_> = object.fields.iter().map(|field| self.member(field, direction)).collect();
        if let Additional::Kept(ty) = &object.additional {
            members.push(self.index_signature(object, ty, direction));
        }
        members
    }

    fn member(&mut self, field: &Field, direction: Direction) -> Member {
        let mark = if is_optional(field, direction) { "?" } else { "" };
        let head = format!("{}{mark}:", property_key(&field.name.wire));
        let text = self.field_type(field, direction).print(2, width(&head) + 3, 1);
        let mut docs = Comment::of(&field.docs).constraints(&field.constraints);
        if let Some(default) = &field.default {
            docs = docs.default_value(default);
        }
        if field.read_only {
            docs = docs.tag("@readonly");
        }
        if field.write_only {
            docs = docs.tag("@writeonly");
        }
        Member { docs: docs.print(2), text: joined(&head, &text) }
    }

    fn field_type(&mut self, field: &Field, direction: Direction) -> Expression {
        let ty = self.expression(&field.ty, direction);
        if field.nullable { Expression::union([ty, Expression::atom("null")]) } else { ty }
    }

    /// TypeScript wants the declared members to fit the index signature too.
    fn index_signature(&mut self, object: &Object, kept: &Type, direction: Direction) -> Member {
        let types = self.union(|writer| {
            let mut types = vec![writer.expression(kept, direction)];
            types.extend(object.fields.iter().map(|field| writer.field_type(field, direction)));
            if object.fields.iter().any(|field| is_optional(field, direction)) {
                types.push(Expression::atom("undefined"));
            }
            types
        });
        let head = "[key: string]:";
        let text = types.print(2, width(head) + 3, 1);
        let docs = Comment::default().paragraph("Members the document does not name.").print(2);
        Member { docs, text: joined(head, &text) }
    }

    /// A use of a type.
    pub(super) fn expression(&mut self, ty: &Type, direction: Direction) -> Expression {
        match ty {
            Type::Any => Expression::atom("unknown"),
            Type::Null => Expression::atom("null"),
            Type::Boolean => Expression::atom("boolean"),
            Type::Integer(IntWidth::I64 | IntWidth::U64) => self.runtime_type(RuntimeType::Int64),
            Type::Integer(_) | Type::Float32 | Type::Float64 => Expression::atom("number"),
            Type::String { .. } => Expression::atom("string"),
            Type::Decimal => self.runtime_type(RuntimeType::Decimal),
            Type::IntegerString { .. } => self.runtime_type(RuntimeType::Int64String),
            Type::Constant(value) => constant(value),
            Type::Named(id) => self.named(*id, direction),
            Type::Array(item) => Expression::Array(Box::new(self.expression(item, direction))),
            Type::Tuple { items, rest } => {
                let mut items: Vec<_> = items.iter().map(|item| self.expression(item, direction)).collect();
                if let Some(rest) = rest {
                    let rest = Expression::Array(Box::new(self.expression(rest, direction)));
                    items.push(Expression::Rest(Box::new(rest)));
                }
                Expression::Tuple(items)
            }
            Type::Map { key: None, value } => {
                let value = self.expression(value, direction);
                self.record(value)
            }
            Type::Map { key: Some(key), value } => {
                let value = self.expression(value, direction);
                self.partial_record(*key, value)
            }
            Type::Nullable(inner) => {
                Expression::union([self.expression(inner, direction), Expression::atom("null")])
            }
        }
    }

    /// A union of these arms. Where one of them takes anything, the others are not printed and so not mentioned.
    pub(super) fn union(&mut self, arms: impl FnOnce(&mut Self) -> Vec<Expression>) -> Expression {
        let before = (self.mentions.clone(), self.runtime.clone());
        let union = Expression::union(arms(self));
        if union == Expression::atom("unknown") {
            (self.mentions, self.runtime) = before;
        }
        union
    }

    /// A named type, or its value where it has just one.
    pub(super) fn named(&mut self, id: TypeId, direction: Direction) -> Expression {
        if let Some(value) = in_place(self.project.api, id) {
            return Expression::atom(scalar(value));
        }
        let name = self.project.usage.name(id, direction);
        let expression = Expression::Atom(format!("{}{name}", self.prefix));
        self.mentions.insert((id, name));
        expression
    }

    fn runtime_type(&mut self, runtime: RuntimeType) -> Expression {
        self.runtime.insert(runtime);
        // Beside a namespace of types, nothing takes the runtime's names.
        Expression::Atom(if self.prefix.is_empty() {
            self.project.scope.local(runtime)
        } else {
            runtime.exported().to_owned()
        })
    }

    fn is_free(&self, global: &str) -> bool {
        !self.prefix.is_empty() || self.project.scope.is_free(global)
    }

    fn record(&self, value: Expression) -> Expression {
        if self.is_free("Record") {
            Expression::Generic("Record".to_owned(), vec![Expression::atom("string"), value])
        } else {
            Expression::Braces(vec![("[key: string]".to_owned(), value)])
        }
    }

    fn partial_record(&mut self, key: TypeId, value: Expression) -> Expression {
        let key = self.named(key, Direction::Received);
        if self.is_free("Record") && self.is_free("Partial") {
            let record = Expression::Generic("Record".to_owned(), vec![key, value]);
            Expression::Generic("Partial".to_owned(), vec![record])
        } else {
            Expression::Braces(vec![(format!("[Key in {}]?", key.flat()), value)])
        }
    }
}

/// Whether a member may be left out by whoever writes the object.
fn is_optional(field: &Field, direction: Direction) -> bool {
    match direction {
        Direction::Sent => !field.required || field.default.is_some(),
        Direction::Received => !field.required && field.default.is_none(),
    }
}

/// The value of an inline type that has only one: it is printed where the type is used.
fn in_place(api: &Api, id: TypeId) -> Option<&Value> {
    let def = api.type_def(id);
    match &def.shape {
        Shape::Enum(Enum { values, open: false, .. }) if values.len() == 1 && def.root != id => {
            Some(&values[0].value)
        }
        _ => None,
    }
}

fn enumeration(shape: &Enum) -> Expression {
    let values = shape.values.iter().map(|value| Expression::atom(scalar(&value.value)));
    let rest: &[&str] = match (shape.open, shape.repr) {
        (false, _) => &[],
        (true, EnumRepr::String) => &["(string & {})"],
        (true, EnumRepr::Integer) => &["(number & {})"],
        (true, EnumRepr::Mixed) => &["(string & {})", "(number & {})", "boolean", "null"],
    };
    Expression::union(values.chain(rest.iter().copied().map(Expression::atom)))
}

/// The values of an enumeration by name, for use at run time.
fn values(def: &TypeDef, shape: &Enum) -> Option<Item> {
    if shape.constant {
        return None;
    }
    let members = shape.values.iter().map(|value| {
        let docs = value.description.as_ref().map(|text| Comment::default().paragraph(text).print(2));
        let text = format!("{}: {}", object_key(&value.name.typescript), scalar(&value.value));
        Member { docs: docs.unwrap_or_default(), text }
    });
    let name = def.name.typescript.clone();
    let docs = Comment::default().paragraph(format!("The values of {{@link {name}}} by name.")).print(0);
    Some(Item { docs, name, body: Body::Values(members.collect()) })
}

/// A constant as a type.
fn constant(value: &Value) -> Expression {
    match value {
        Value::Array(items) => Expression::Tuple(items.iter().map(constant).collect()),
        Value::Object(members) => Expression::Braces(
            members.iter().map(|(key, value)| (property_key(key), constant(value))).collect(),
        ),
        scalar_value => Expression::atom(scalar(scalar_value)),
    }
}

/// Whether a type mentions itself, at any depth.
fn recursive(api: &Api, id: TypeId) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = shape_types(&api.type_def(id).shape);
    while let Some(next) = open.pop() {
        if next == id {
            return true;
        }
        if seen.insert(next) {
            open.extend(shape_types(&api.type_def(next).shape));
        }
    }
    false
}

/// `Record` in a recursive alias would be circular to the compiler; an index signature is not.
fn deferred(expression: Expression) -> Expression {
    match expression {
        Expression::Generic(name, mut arguments) if name == "Record" && arguments.len() == 2 => {
            let value = deferred(arguments.remove(1));
            let key = arguments.remove(0);
            let head = if key == Expression::atom("string") {
                "[key: string]".to_owned()
            } else {
                format!("[Key in {}]?", key.flat())
            };
            Expression::Braces(vec![(head, value)])
        }
        Expression::Generic(name, mut arguments) if name == "Partial" && arguments.len() == 1 => {
            deferred(arguments.remove(0))
        }
        Expression::Union(members) => Expression::Union(members.into_iter().map(deferred).collect()),
        Expression::Array(item) => Expression::Array(Box::new(deferred(*item))),
        Expression::Rest(item) => Expression::Rest(Box::new(deferred(*item))),
        Expression::Tuple(items) => Expression::Tuple(items.into_iter().map(deferred).collect()),
        other => other,
    }
}
