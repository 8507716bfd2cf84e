//! Types as readers see them: a line of HTML for a use, a table of members for a definition.

use serde_json::Value;

use super::super::asyncapi::schema;
use super::markdown::{escape, inline, render};
use crate::model::{Additional, Api, Constraint, Docs, Field, IntWidth, Shape, Type, TypeDef};

/// One named type.
#[derive(Debug)]
pub(super) struct TypeView {
    /// Anchor.
    pub(super) id: String,
    /// Name in generated code.
    pub(super) name: String,
    /// `object`, `one of`, …
    pub(super) kind: String,
    /// Prose, as HTML.
    pub(super) text: String,
    /// Members of an object.
    pub(super) fields: Vec<FieldView>,
    /// What else there is to say, as HTML: values, arms, the aliased type.
    pub(super) body: String,
}

/// One row of a table of members.
#[derive(Debug)]
pub(super) struct FieldView {
    /// Wire key.
    pub(super) name: String,
    /// Its type, as HTML.
    pub(super) ty: String,
    /// `required`, `optional`.
    pub(super) presence: &'static str,
    /// Prose and constraints, as HTML.
    pub(super) text: String,
}

/// All named types, in the model's order.
pub(super) fn all(api: &Api) -> Vec<TypeView> {
    api.types.iter().map(|def| view(api, def)).collect()
}

fn view(api: &Api, def: &TypeDef) -> TypeView {
    let (kind, fields, body) = match &def.shape {
        Shape::Object(object) => {
            let rest = match &object.additional {
                Additional::Ignored => String::new(),
                Additional::Refused => "<p class=note>Further members are refused.</p>".to_owned(),
                Additional::Kept(ty) => format!("<p class=note>Further members: {}</p>", html(api, ty)),
            };
            ("object", fields(api, def), rest)
        }
        Shape::Enum(values) => {
            let listed = values.values.iter().map(|value| {
                let what =
                    value.description.as_ref().map(|text| format!(" {}", inline(text))).unwrap_or_default();
                // A number says nothing by itself: its name in generated code does.
                let name = if value.value.is_number() {
                    format!(" {}", value.name.typescript)
                } else {
                    String::new()
                };
                format!("<li><code>{}</code>{}{what}</li>", escape(&value.value.to_string()), escape(&name))
            });
            let open = if values.open { "<p class=note>Further values may be added.</p>" } else { "" };
            (
                if values.constant { "constant" } else { "one of" },
                Vec::new(),
                format!("<ul class=values>{}</ul>{open}", listed.collect::<String>()),
            )
        }
        Shape::Tagged(union) => {
            let arms = union.arms.iter().map(|arm| {
                let values: Vec<String> = arm
                    .values
                    .iter()
                    .map(|value| format!("<code>{}</code>", escape(&value.to_string())))
                    .collect();
                format!("<li>{} → {}</li>", values.join(", "), named(api.type_def(arm.ty)))
            });
            (
                "union",
                Vec::new(),
                format!(
                    "<p class=note>Told apart by <code>{}</code>:</p><ul class=values>{}</ul>",
                    escape(&union.tag),
                    arms.collect::<String>()
                ),
            )
        }
        Shape::Untagged(arms) => {
            let arms = arms.iter().map(|arm| format!("<li>{}</li>", html(api, &arm.ty)));
            ("union", Vec::new(), format!("<ul class=values>{}</ul>", arms.collect::<String>()))
        }
        Shape::Alias(ty) => ("alias", Vec::new(), format!("<p class=note>{}</p>", html(api, ty))),
    };
    TypeView {
        id: anchor(def),
        name: title(def),
        kind: kind.to_owned(),
        text: prose(&def.docs) + &constraints(&def.constraints),
        fields,
        body,
    }
}

/// Members of an object; nothing for any other shape.
pub(super) fn fields(api: &Api, def: &TypeDef) -> Vec<FieldView> {
    let Shape::Object(object) = &def.shape else { return Vec::new() };
    object.fields.iter().map(|field| field_view(api, field)).collect()
}

fn field_view(api: &Api, field: &Field) -> FieldView {
    let mut ty = html(api, &field.ty);
    if field.nullable {
        ty.push_str(" | null");
    }
    let mut text = short(&field.docs);
    if let (true, Type::Named(id)) = (text.is_empty(), &field.ty) {
        text = short(&api.type_def(*id).docs);
    }
    if let Some(default) = &field.default {
        text.push_str(&format!(" <span class=rule>default {}</span>", escape(&default.to_string())));
    }
    text.push_str(&constraints(&field.constraints));
    for (flag, word) in [
        (field.read_only, "read only"),
        (field.write_only, "write only"),
        (field.docs.deprecated, "deprecated"),
    ] {
        if flag {
            text.push_str(&format!(" <span class=rule>{word}</span>"));
        }
    }
    FieldView {
        name: field.name.wire.clone(),
        ty,
        presence: if field.required { "required" } else { "optional" },
        text,
    }
}

fn constraints(list: &[Constraint]) -> String {
    let shown = list.iter().map(|constraint| {
        let value = match &constraint.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let words = match constraint.keyword.as_str() {
            "minimum" => format!("≥ {value}"),
            "maximum" => format!("≤ {value}"),
            "exclusiveMinimum" => format!("> {value}"),
            "exclusiveMaximum" => format!("< {value}"),
            keyword => format!("{keyword} {value}"),
        };
        format!(" <span class=rule>{}</span>", escape(&words))
    });
    shown.collect()
}

/// Summary and description, as blocks.
pub(super) fn prose(docs: &Docs) -> String {
    let summary = docs.summary.as_ref().map(|text| format!("<p>{}</p>", inline(text)));
    let description = docs.description.as_deref().map(render);
    summary.into_iter().chain(description).collect()
}

fn short(docs: &Docs) -> String {
    docs.description.as_deref().or(docs.summary.as_deref()).map(inline).unwrap_or_default()
}

/// Anchor of a type.
fn anchor(def: &TypeDef) -> String {
    format!("schema-{}", def.name.typescript)
}

/// As the document calls it, where it has a place of its own there.
fn title(def: &TypeDef) -> String {
    schema::component_key(def).unwrap_or_else(|| def.name.typescript.clone())
}

fn named(def: &TypeDef) -> String {
    format!("<a class=type href=\"#{}\">{}</a>", escape(&anchor(def)), escape(&title(def)))
}

/// A use of a type, one line.
pub(super) fn html(api: &Api, ty: &Type) -> String {
    match ty {
        Type::Any => "any".into(),
        Type::Null => "null".into(),
        Type::Boolean => "boolean".into(),
        Type::Integer(IntWidth::SafeI64 | IntWidth::I64) => "integer".into(),
        Type::Integer(width) => format!(
            "integer <small>{}</small>",
            format!("{width:?}").trim_start_matches("Safe").to_lowercase()
        ),
        Type::Float32 | Type::Float64 => "number".into(),
        Type::String { format: None } => "string".into(),
        Type::String { format: Some(format) } => format!("string <small>{}</small>", escape(format)),
        Type::Decimal => "string <small>decimal</small>".into(),
        Type::IntegerString { .. } => "string <small>integer</small>".into(),
        Type::Constant(value) => format!("<code>{}</code>", escape(&value.to_string())),
        Type::Named(id) => constant(api.type_def(*id)).unwrap_or_else(|| named(api.type_def(*id))),
        Type::Array(item) => format!("{}[]", html(api, item)),
        Type::Tuple { items, rest } => {
            let items = items.iter().map(|item| html(api, item));
            let rest = rest.iter().map(|rest| format!("…{}[]", html(api, rest)));
            format!("[{}]", items.chain(rest).collect::<Vec<_>>().join(", "))
        }
        Type::Map { value, .. } => format!("map of {}", html(api, value)),
        Type::Nullable(inner) => format!("{} | null", html(api, inner)),
    }
}

/// A constant is shown as its value.
fn constant(def: &TypeDef) -> Option<String> {
    let Shape::Enum(values) = &def.shape else { return None };
    let value = values.values.first().filter(|_| values.constant)?;
    Some(format!("<code>{}</code>", escape(&value.value.to_string())))
}
