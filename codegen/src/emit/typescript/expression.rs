//! Types as TypeScript writes them, laid out as `prettier` does: on one line where that fits, else broken from the
//! outside in.

use super::literal::{WIDTH, width};

/// A type, not yet laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// A name, keyword or literal.
    Atom(String),
    /// `A | B`
    Union(Vec<Expression>),
    /// `A & B`
    Intersection(Vec<Expression>),
    /// `T[]`
    Array(Box<Expression>),
    /// `[A, B, ...C[]]`
    Tuple(Vec<Expression>),
    /// `...T`, in a tuple
    Rest(Box<Expression>),
    /// `Name<A, B>`
    Generic(String, Vec<Expression>),
    /// `{ head: T }`: an index signature, a mapped type or a literal object
    Braces(Vec<(String, Expression)>),
}

impl Expression {
    /// A name, keyword or literal.
    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self::Atom(text.into())
    }

    /// A union without repeated or nested members; `unknown` swallows the rest.
    pub(super) fn union(members: impl IntoIterator<Item = Self>) -> Self {
        let mut flat: Vec<Self> = Vec::new();
        for member in members {
            let parts = if let Self::Union(parts) = member { parts } else { vec![member] };
            for part in parts {
                if !flat.contains(&part) {
                    flat.push(part);
                }
            }
        }
        let unknown = Self::atom("unknown");
        if flat.contains(&unknown) {
            return unknown;
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::Union(flat) }
    }

    /// Itself, or its only part.
    pub(super) fn or_single(self) -> Self {
        match self {
            Self::Union(mut parts) | Self::Intersection(mut parts) if parts.len() == 1 => parts.remove(0),
            other => other,
        }
    }

    /// The type as it stands after `column` characters of a line, with `tail` more to follow on its last line.
    pub(super) fn print(&self, indent: usize, column: usize, tail: usize) -> String {
        let flat = self.flat();
        if column + width(&flat) + tail <= WIDTH {
            return flat;
        }
        let inner = " ".repeat(indent + 2);
        let outer = " ".repeat(indent);
        match self {
            Self::Atom(_) => flat,
            Self::Union(members) => union_lines(members, indent + 2),
            Self::Intersection(members) => {
                let members = members.iter().map(|member| member.print(indent + 2, indent + 2, 2));
                members.collect::<Vec<_>>().join(&format!(" &\n{inner}"))
            }
            Self::Array(item) => match item.as_ref() {
                Self::Union(members) => format!("({}\n{outer})[]", union_lines(members, indent + 2)),
                Self::Intersection(_) => format!("({})[]", item.print(indent, column + 1, tail + 3)),
                item => format!("{}[]", item.print(indent, column, tail + 2)),
            },
            Self::Tuple(items) => {
                let lines = items
                    .iter()
                    .map(|item| format!("{inner}{},\n", item.print_item(indent + 2, items.len())));
                format!("[\n{}{outer}]", lines.collect::<String>())
            }
            Self::Rest(item) => format!("...{}", item.print(indent, column + 3, tail)),
            Self::Generic(name, arguments) => {
                let lines: Vec<_> = arguments
                    .iter()
                    .map(|argument| format!("{inner}{}", argument.print_item(indent + 2, 1)))
                    .collect();
                format!("{name}<\n{}\n{outer}>", lines.join(",\n"))
            }
            Self::Braces(members) => {
                let lines = members.iter().map(|(head, value)| {
                    let value = value.print(indent + 2, indent + 2 + width(head) + 2, 1);
                    format!("{inner}{};\n", joined(&format!("{head}:"), &value))
                });
                format!("{{\n{}{outer}}}", lines.collect::<String>())
            }
        }
    }

    /// As one of several in brackets: a union is not indented there, and in a tuple of several stands in parentheses.
    fn print_item(&self, indent: usize, count: usize) -> String {
        let Self::Union(members) = self else { return self.print(indent, indent, 1) };
        let flat = self.flat();
        if indent + width(&flat) < WIDTH {
            return flat;
        }
        if count > 1 {
            return format!("({}\n{})", union_lines(members, indent + 2), " ".repeat(indent));
        }
        union_lines(members, indent).trim_start().to_owned()
    }

    /// The type after `export type X =`, with the blank or line feed between.
    pub(super) fn print_alias(&self, name: &str) -> String {
        let column = width("export type  = ") + width(name);
        let flat = self.flat();
        let breaks_after_sign = matches!(self, Self::Union(_) | Self::Atom(_))
            || matches!(self, Self::Array(item) if matches!(item.as_ref(), Self::Atom(_)));
        if breaks_after_sign
            && column + width(&flat) + 1 > WIDTH
            && (self.is_atomic() || width(&flat) + 3 <= WIDTH)
        {
            return format!("\n  {flat}");
        }
        let text = self.print(0, column, 1);
        if text.starts_with('\n') { text } else { format!(" {text}") }
    }

    fn is_atomic(&self) -> bool {
        !matches!(self, Self::Union(_))
    }

    /// On one line.
    pub(super) fn flat(&self) -> String {
        match self {
            Self::Atom(text) => text.clone(),
            Self::Union(members) => join(members, " | "),
            Self::Intersection(members) => join(members, " & "),
            Self::Array(item) if item.needs_parentheses() => format!("({})[]", item.flat()),
            Self::Array(item) => format!("{}[]", item.flat()),
            Self::Tuple(items) => format!("[{}]", join(items, ", ")),
            Self::Rest(item) => format!("...{}", item.flat()),
            Self::Generic(name, arguments) => format!("{name}<{}>", join(arguments, ", ")),
            Self::Braces(members) if members.is_empty() => "{}".to_owned(),
            Self::Braces(members) => {
                let members = members.iter().map(|(head, value)| format!("{head}: {}", value.flat()));
                format!("{{ {} }}", members.collect::<Vec<_>>().join("; "))
            }
        }
    }

    fn needs_parentheses(&self) -> bool {
        matches!(self, Self::Union(_) | Self::Intersection(_))
    }
}

fn join(members: &[Expression], separator: &str) -> String {
    members.iter().map(Expression::flat).collect::<Vec<_>>().join(separator)
}

/// `| A` on a line each, each after a line feed.
fn union_lines(members: &[Expression], indent: usize) -> String {
    let pad = " ".repeat(indent);
    members.iter().map(|member| format!("\n{pad}| {}", member.print(indent + 2, indent + 2, 0))).collect()
}

/// A head and a text that may begin on the next line.
pub(super) fn joined(head: &str, text: &str) -> String {
    if text.starts_with('\n') { format!("{head}{text}") } else { format!("{head} {text}") }
}
