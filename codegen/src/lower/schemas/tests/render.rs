//! Types as short text.

use std::fmt::Write as _;

use crate::diagnostics::Report;
use crate::model::{Additional, EnumRepr, Field, Shape, Type, TypeDef};

/// One block per type.
pub(super) fn types(types: &[TypeDef]) -> String {
    let mut out = String::new();
    for definition in types {
        let name = &definition.name;
        let mut title = name.rust.clone();
        if name.typescript != name.rust {
            let _ = write!(title, " (ts {})", name.typescript);
        }
        if name.wire != name.rust {
            let _ = write!(title, " (wire {:?})", name.wire);
        }
        if types[definition.root.0].name != *name {
            let _ = write!(title, " in {}", types[definition.root.0].name.rust);
        }
        let flags = [(definition.checked, "checked"), (definition.hashable, "hashable")];
        let flags: Vec<&str> = flags.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag).collect();
        let flags = if flags.is_empty() { String::new() } else { format!(" [{}]", flags.join(", ")) };
        let _ = writeln!(out, "{title}{flags} = {}", shape(&definition.shape, types));
    }
    out
}

/// One line per diagnostic.
pub(super) fn reports(report: &Report) -> String {
    let mut out = String::new();
    for diagnostic in report.diagnostics() {
        // The wrapping of the case takes three lines.
        let line = report.sources().line_column(diagnostic.span.file, diagnostic.span.start).line;
        let line = line.saturating_sub(3);
        let severity = diagnostic.severity().as_str();
        let _ = writeln!(out, "{severity}[{}] line {line}: {}", diagnostic.rule.id, diagnostic.message);
    }
    out
}

fn shape(shape: &Shape, types: &[TypeDef]) -> String {
    match shape {
        Shape::Alias(ty) => show(ty, types),
        Shape::Object(object) => {
            let mut out = String::from("object");
            match &object.additional {
                Additional::Ignored => {}
                Additional::Refused => out.push_str(" closed"),
                Additional::Kept(ty) => {
                    let _ = write!(out, " and {}", show(ty, types));
                }
            }
            for field in &object.fields {
                let _ = write!(out, "\n  {}", self::field(field, types));
            }
            out
        }
        Shape::Enum(values) => {
            let mut out = String::from(match values.repr {
                EnumRepr::String => "enum",
                EnumRepr::Integer => "integer enum",
                EnumRepr::Mixed => "mixed enum",
            });
            out.push_str(if values.open { ", open" } else { "" });
            out.push_str(if values.constant { ", constant" } else { "" });
            for value in &values.values {
                let _ = write!(out, "\n  {} = {}", value.name.rust, value.value);
                if let Some(description) = &value.description {
                    let _ = write!(out, " // {description}");
                }
            }
            out
        }
        Shape::Tagged(union) => {
            let mut out = format!("union by {:?}", union.tag);
            for arm in &union.arms {
                let values: Vec<String> = arm.values.iter().map(ToString::to_string).collect();
                let ty = &types[arm.ty.0].name.rust;
                let _ = write!(out, "\n  {} = {} {ty}", arm.name.rust, values.join("|"));
            }
            out
        }
        Shape::Untagged(arms) => {
            let mut out = String::from("union in order");
            for arm in arms {
                let boxed = if arm.boxed { "boxed " } else { "" };
                let _ = write!(out, "\n  {}: {boxed}{}", arm.name.rust, show(&arm.ty, types));
            }
            out
        }
    }
}

fn field(field: &Field, types: &[TypeDef]) -> String {
    let name = &field.name;
    let mut out = name.rust.clone();
    if name.wire != name.rust {
        let _ = write!(out, " ({})", name.typescript);
    }
    out.push_str(if field.required { ": " } else { "?: " });
    out.push_str(if field.boxed { "boxed " } else { "" });
    out.push_str(&show(&field.ty, types));
    out.push_str(if field.nullable { " | null" } else { "" });
    if let Some(default) = &field.default {
        let _ = write!(out, " = {default}");
    }
    for constraint in field.constraints.iter().filter(|constraint| constraint.keyword != "format") {
        let _ = write!(out, ", {} {}", constraint.keyword, constraint.value);
    }
    let said = [
        (field.docs.deprecated, ", deprecated"),
        (field.read_only, ", read only"),
        (field.write_only, ", write only"),
        (!field.docs.examples.is_empty(), ", with examples"),
    ];
    out.extend(said.into_iter().filter(|(on, _)| *on).map(|(_, said)| said));
    for text in [&field.docs.summary, &field.docs.description].into_iter().flatten() {
        let _ = write!(out, " // {}", text.replace('\n', "⏎"));
    }
    out
}

fn show(ty: &Type, types: &[TypeDef]) -> String {
    match ty {
        Type::Any => "any".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Integer(width) => format!("{width:?}").to_lowercase(),
        Type::Float32 => "f32".to_owned(),
        Type::Float64 => "f64".to_owned(),
        Type::String { format: None } => "string".to_owned(),
        Type::String { format: Some(format) } => format!("string<{format}>"),
        Type::Decimal => "decimal".to_owned(),
        Type::IntegerString { unsigned } => if *unsigned { "string<u64>" } else { "string<i64>" }.to_owned(),
        Type::Constant(value) => format!("constant {value}"),
        Type::Named(id) => types[id.0].name.rust.clone(),
        Type::Array(item) => format!("[{}]", show(item, types)),
        Type::Tuple { items, rest } => {
            let mut items: Vec<String> = items.iter().map(|item| show(item, types)).collect();
            items.extend(rest.as_ref().map(|rest| format!("...{}", show(rest, types))));
            format!("({})", items.join(", "))
        }
        Type::Map { key, value } => {
            let key = key.map_or("string", |key| &types[key.0].name.rust);
            format!("{{{key}: {}}}", show(value, types))
        }
        Type::Nullable(inner) => format!("{} | null", show(inner, types)),
    }
}
