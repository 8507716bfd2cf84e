//! Objects with members, and objects used as dictionaries.

use serde_json::Value;

use super::annotations::annotations;
use super::conjunction::Cursor;
use super::flat::{Flat, shown};
use super::lowering::{Lowering, Site, Use};
use crate::diagnostics::Diagnostic;
use crate::lower::names::{self, Place};
use crate::model::{Additional, EnumRepr, Field, Name, Object, Shape, Type};
use crate::nearest::nearest;
use crate::rules::schemas as rules;
use crate::source::Span;

impl<'s> Lowering<'s, '_> {
    pub(super) fn object(&mut self, flat: &Flat<'s>, site: &Site) -> (Shape, bool) {
        let mut checked = ["minProperties", "maxProperties"].iter().any(|keyword| flat.has(keyword))
            || !flat.key_names.is_empty()
            || !flat.groups.is_empty();
        let additional = self.additional(flat, site, &mut checked);
        let undeclared = self.undeclared(flat, site, &additional);
        checked |= !undeclared.is_empty() || (!flat.patterns.is_empty());
        let wires: Vec<&str> = flat.properties.keys().copied().chain(undeclared.iter().copied()).collect();
        let names = names::unique(&wires, Place::Field, &[]);
        let mut fields = Vec::with_capacity(names.len());
        for name in names {
            self.report_numbered(&name, site);
            let field = match flat.properties.get(name.wire.as_str()) {
                Some(conjunction) => self.field(name, conjunction, flat, site, &mut checked),
                None => bare_field(name),
            };
            fields.push(field);
        }
        (Shape::Object(Object { fields, additional }), checked)
    }

    /// Says that a member is called otherwise in Rust than its own name would have it.
    fn report_numbered(&mut self, name: &Name, site: &Site) {
        let wanted = names::name(&name.wire, Place::Field).rust;
        if name.rust == wanted {
            return;
        }
        let inner = site.inside(&name.wire, &format!("/properties/{}", crate::spec::escape(&name.wire)));
        let message = format!(
            "the member `{}` would be called `{wanted}` in Rust like another; it becomes `{}`",
            name.wire, name.rust
        );
        let diagnostic = Diagnostic::new(&rules::NAME_COLLISION, self.span(&inner), message);
        self.sink.push(diagnostic.help("rename one of the two, where the protocol is yours"));
    }

    fn field(
        &mut self,
        name: Name,
        conjunction: &[Cursor<'s>],
        flat: &Flat<'s>,
        site: &Site,
        checked: &mut bool,
    ) -> Field {
        let inner = site.inside(&name.wire, &format!("/properties/{}", crate::spec::escape(&name.wire)));
        let used = self.use_of(conjunction, &inner);
        *checked |= used.checked;
        let said = annotations(&self.schemas, conjunction);
        let required = flat.required.contains(&name.wire.as_str());
        let default = said.default.filter(|default| self.default_fits(default, conjunction));
        Field {
            required,
            docs: said.docs,
            ty: used.ty,
            nullable: used.nullable,
            default,
            constraints: used.constraints,
            boxed: false,
            read_only: said.read_only,
            write_only: said.write_only,
            name,
        }
    }

    /// A default is the author's promise; one that breaks it has been reported and is left out.
    fn default_fits(&self, default: &Value, conjunction: &[Cursor<'s>]) -> bool {
        super::fits::fits(&self.schemas, default, conjunction).is_ok()
    }

    fn additional(&mut self, flat: &Flat<'s>, site: &Site, checked: &mut bool) -> Additional {
        if flat.additional.iter().any(|part| part.value == &Value::Bool(false)) && flat.patterns.is_empty() {
            return Additional::Refused;
        }
        if flat.additional.is_empty() && flat.patterns.is_empty() {
            return Additional::Ignored;
        }
        let used = self.dictionary_value(flat, site);
        *checked |= used.checked;
        Additional::Kept(used.whole())
    }

    /// Members that are required but declared nowhere: they are kept as any value.
    fn undeclared(&mut self, flat: &Flat<'s>, site: &Site, additional: &Additional) -> Vec<&'s str> {
        let missing = flat.required.iter().copied().filter(|name| !flat.properties.contains_key(*name));
        let missing: Vec<&str> = missing.collect();
        if matches!(additional, Additional::Kept(_)) {
            return Vec::new();
        }
        for name in &missing {
            let path = self.path(site);
            let message = format!("`required` names `{name}`, which {path} does not declare");
            let span = self.span_of_required(flat, name, site);
            let mut diagnostic = Diagnostic::new(&rules::REQUIRED_NOT_DECLARED, span, message);
            if let Some(meant) = nearest(name, flat.properties.keys().copied()) {
                diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
            }
            self.sink.push(diagnostic);
        }
        if flat.has_properties { missing } else { Vec::new() }
    }

    /// Where `required` names a member.
    fn span_of_required(&self, flat: &Flat<'s>, name: &str, site: &Site) -> Span {
        let place = flat.parts.iter().find_map(|part| {
            let list = part.get("required")?.as_array()?;
            let at = list.iter().position(|item| item == name)?;
            Some(self.normal.span(part.root, &format!("{}/required/{at}", part.pointer)))
        });
        place.unwrap_or_else(|| self.span(site))
    }

    /// An object used as a dictionary.
    pub(super) fn map(&mut self, flat: &Flat<'s>, site: &Site) -> Use {
        let key = self.key_type(flat, site);
        let value = self.dictionary_value(flat, site);
        let checked = value.checked
            || (key.is_none() && !flat.key_names.is_empty())
            || !flat.patterns.is_empty()
            || !flat.required.is_empty()
            || ["minProperties", "maxProperties"].iter().any(|keyword| flat.has(keyword));
        Use { checked, ..Use::plain(Type::Map { key, value: Box::new(value.whole()) }) }
    }

    fn key_type(&mut self, flat: &Flat<'s>, site: &Site) -> Option<crate::model::TypeId> {
        let known = Flat::new(self.schemas.resolved(&flat.key_names)).values?;
        if flat.key_names.is_empty() || !known.iter().all(Value::is_string) {
            return None;
        }
        match self.use_of(&flat.key_names, &site.inside("Key", "/propertyNames")).ty {
            Type::Named(id) => Some(id),
            _ => None,
        }
    }

    /// The type of members that have no name of their own.
    fn dictionary_value(&mut self, flat: &Flat<'s>, site: &Site) -> Use {
        let open: Vec<Cursor<'s>> =
            flat.additional.iter().filter(|part| part.value != &Value::Bool(false)).cloned().collect();
        let inner = site.inside("Value", "/additionalProperties");
        let mut uses: Vec<Use> = Vec::new();
        for pattern in &flat.patterns {
            let used = self.use_of(std::slice::from_ref(pattern), &inner);
            if !uses.iter().any(|known| known.ty == used.ty && known.nullable == used.nullable) {
                uses.push(used);
            }
        }
        if !open.is_empty() {
            let used = self.use_of(&open, &inner);
            if !uses.iter().any(|known| known.ty == used.ty && known.nullable == used.nullable) {
                uses.push(used);
            }
        }
        match uses.len() {
            0 => Use::plain(Type::Any),
            1 => uses.remove(0),
            _ => {
                self.unsupported(site, "values of a different type for each pattern of key");
                Use { checked: true, ..Use::plain(Type::Any) }
            }
        }
    }

    /// An enumeration of values: `enum`, or one `const`.
    pub(super) fn enumeration(&mut self, flat: &Flat<'s>, site: &Site) -> (Shape, bool) {
        let values = flat.values.clone().unwrap_or_default();
        let texts = |name: &str| -> Vec<Option<String>> {
            let list = flat.extension(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            list.iter().map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let (varnames, descriptions) = (texts("x-enum-varnames"), texts("x-enum-descriptions"));
        // `null` among the written values has become nullability: the texts stand beside the values as written.
        let written = flat.parts.iter().find_map(|part| part.get("enum")?.as_array());
        let place =
            |value: &Value| written.and_then(|written| written.iter().position(|other| other == value));
        let entries = values.into_iter().enumerate().map(|(at, value)| {
            let at = place(&value).unwrap_or(at);
            let text = |texts: &[Option<String>]| texts.get(at).cloned().flatten();
            (value, text(&varnames), text(&descriptions))
        });
        let entries: Vec<_> = entries.collect();
        (Shape::Enum(super::enums::enumeration(entries, flat.open, flat.constant)), self.mixed(flat, site))
    }

    /// Whether an enumeration is so mixed that only the schema can check it.
    fn mixed(&self, flat: &Flat<'s>, _site: &Site) -> bool {
        let values = flat.values.as_deref().unwrap_or_default();
        super::enums::repr(values) == EnumRepr::Mixed
    }
}

/// A member that is required but of which nothing else is known.
fn bare_field(name: Name) -> Field {
    Field {
        name,
        docs: crate::model::Docs::default(),
        ty: Type::Any,
        required: true,
        nullable: false,
        default: None,
        constraints: Vec::new(),
        boxed: false,
        read_only: false,
        write_only: false,
    }
}

/// A value in a message.
pub(super) fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        other => shown(other),
    }
}
