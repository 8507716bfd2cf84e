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
            Self::Union(members) => members
                .iter()
                .map(|member| format!("\n{inner}| {}", member.print(indent + 4, indent + 4, 0)))
                .collect(),
            Self::Intersection(members) => {
                let members = members.iter().map(|member| member.print(indent + 2, indent + 2, 2));
                members.collect::<Vec<_>>().join(&format!(" &\n{inner}"))
            }
            Self::Array(item) if item.needs_parentheses() => {
                format!("({}\n{outer})[]", item.print(indent, usize::MAX / 2, 0))
            }
            Self::Array(item) => format!("{}[]", item.print(indent, column, tail + 2)),
            Self::Tuple(items) => {
                let lines = items.iter().map(|item| format!("{inner}{},\n", item.print(indent + 2, indent + 2, 1)));
                let mut lines: String = lines.collect();
                if matches!(items.last(), Some(Self::Rest(_))) {
                    lines.truncate(lines.len() - 2);
                    lines.push('\n');
                }
                format!("[\n{lines}{outer}]")
            }
            Self::Rest(item) => format!("...{}", item.print(indent, column + 3, tail)),
            Self::Generic(name, arguments) => {
                let lines: Vec<_> = arguments
                    .iter()
                    .map(|argument| format!("{inner}{}", argument.print(indent + 2, indent + 2, 1)))
                    .collect();
                format!("{name}<\n{}\n{outer}>", lines.join(",\n"))
            }
            Self::Braces(members) => {
                let lines = members.iter().map(|(head, value)| {
                    format!("{inner}{head}: {};\n", value.print(indent + 2, indent + 2 + width(head) + 2, 1))
                });
                format!("{{\n{}{outer}}}", lines.collect::<String>())
            }
        }
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
