//! From words on the wire to identifiers in both languages.
//!
//! One rule for every clash with a language: a trailing underscore (`type_`, `Self_`, `Option_`). One rule for every
//! clash between names of one scope: the spelling that already is the identifier keeps it, the others are numbered in
//! the order of their spelling, so that moving a member in the document renames nothing. What has another case in each
//! language is numbered in the document's order instead: else each language would number another one. What is reserved is
//! in `reserved`, how names are cut into words in `words`.

mod reserved;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Name;
use words::words;

/// Where a name stands, which decides its casing and what it may clash with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A type: `UpperCamel` in both languages.
    Type,
    /// A variant or constant key: `UpperCamel` in both languages.
    Variant,
    /// A member of an object: `snake_case` in Rust, the printed property key in TypeScript.
    Field,
    /// A method or module in Rust (`snake_case`), a member of the client in TypeScript (`camelCase`).
    Method,
}

/// The name of one thing that shares its scope with nothing, or whose scope is checked elsewhere.
pub(crate) fn name(wire: &str, place: Place) -> Name {
    Name { wire: wire.to_owned(), rust: rust(wire, place), typescript: typescript(wire, place) }
}

/// The names of everything in one scope, in the given order; distinct in each language, and none of `taken`.
pub(crate) fn unique(wires: &[&str], place: Place, taken: &[&str]) -> Vec<Name> {
    distinct_names(wires, place, taken, false)
}

/// The same, but of several that claim one identifier the first keeps it, in both languages.
pub(crate) fn in_order(wires: &[&str], place: Place, taken: &[&str]) -> Vec<Name> {
    distinct_names(wires, place, taken, true)
}

fn distinct_names(wires: &[&str], place: Place, taken: &[&str], ordered: bool) -> Vec<Name> {
    let rust_names = distinct(wires, place, taken, ordered, rust);
    let typescript_names: Vec<String> = match place {
        Place::Field => wires.iter().map(|wire| property_key(wire)).collect(),
        Place::Type | Place::Variant | Place::Method => distinct(wires, place, taken, ordered, typescript),
    };
    let identifiers = rust_names.into_iter().zip(typescript_names);
    let named = wires.iter().zip(identifiers);
    named.map(|(wire, (rust, typescript))| Name { wire: (*wire).to_owned(), rust, typescript }).collect()
}

/// `UpperCamel`, before any regard for reserved words.
pub(crate) fn upper_camel(wire: &str) -> String {
    let mut camel = String::new();
    for word in words(wire) {
        let digits_meet =
            word.starts_with(|c: char| c.is_ascii_digit()) && camel.ends_with(|c: char| c.is_ascii_digit());
        if digits_meet {
            camel.push('_');
        }
        let mut characters = word.chars();
        camel.extend(characters.next().into_iter().flat_map(capital));
        camel.extend(characters);
    }
    // A letter without a capital of its own (`ß`) begins no type either.
    let begins_badly = camel.starts_with(char::is_numeric) || camel.starts_with(char::is_lowercase);
    if begins_badly { format!("V{camel}") } else { camel }
}

/// `snake_case`, before any regard for reserved words.
pub(crate) fn snake(wire: &str) -> String {
    let snake = words(wire).join("_");
    if snake.starts_with(char::is_numeric) { format!("_{snake}") } else { snake }
}

/// A property key as TypeScript prints it: bare where it is an identifier, else in single quotes.
pub(crate) fn property_key(wire: &str) -> String {
    let mut characters = wire.chars();
    let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$');
    if starts && characters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$') {
        return wire.to_owned();
    }
    let mut quoted = String::from("'");
    for c in wire.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// Only letters that have one capital take it: a word may grow no further than it was.
fn capital(c: char) -> impl Iterator<Item = char> {
    let mut upper = c.to_uppercase();
    let single = (upper.len() == 1).then(|| upper.next()).flatten();
    std::iter::once(single.unwrap_or(c))
}

fn rust(wire: &str, place: Place) -> String {
    let is_type = place == Place::Type;
    let identifier = match place {
        Place::Type | Place::Variant => upper_camel(wire),
        Place::Field | Place::Method => snake(wire),
    };
    escape(identifier, |identifier| reserved::in_rust(identifier, is_type))
}

fn typescript(wire: &str, place: Place) -> String {
    match place {
        Place::Field => property_key(wire),
        Place::Variant => upper_camel(wire),
        Place::Type => escape(upper_camel(wire), |identifier| reserved::in_typescript(identifier, true)),
        Place::Method => escape(lower_camel(wire), |identifier| reserved::in_typescript(identifier, false)),
    }
}

fn lower_camel(wire: &str) -> String {
    let words = words(wire);
    let first = words[0].clone();
    let camel = if words.len() == 1 { first } else { first + &upper_camel_rest(&words[1..]) };
    if camel.starts_with(char::is_numeric) { format!("_{camel}") } else { camel }
}

fn upper_camel_rest(words: &[String]) -> String {
    let rest = upper_camel(&words.join("_"));
    let starts_with_digit = words[0].starts_with(char::is_numeric);
    if starts_with_digit { format!("_{}", rest.trim_start_matches('V')) } else { rest }
}

fn escape(identifier: String, is_reserved: impl Fn(&str) -> bool) -> String {
    if is_reserved(&identifier) { identifier + "_" } else { identifier }
}

fn distinct(
    wires: &[&str],
    place: Place,
    taken: &[&str],
    ordered: bool,
    convert: fn(&str, Place) -> String,
) -> Vec<String> {
    let wanted: Vec<String> = wires.iter().map(|wire| convert(wire, place)).collect();
    let mut claims: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, identifier) in wanted.iter().enumerate() {
        claims.entry(identifier).or_default().push(at);
    }
    let mut used: BTreeSet<String> = taken.iter().map(|name| (*name).to_owned()).collect();
    used.extend(wanted.iter().cloned());
    let mut chosen = wanted.clone();
    for (identifier, mut claimants) in claims {
        let plain = identifier.trim_end_matches('_');
        if !ordered {
            claimants.sort_by_key(|&at| (wires[at] != plain, wires[at], at));
        }
        let keeps = usize::from(!taken.contains(&identifier));
        for &at in claimants.iter().skip(keeps) {
            chosen[at] = numbered(identifier, place, &used);
            used.insert(chosen[at].clone());
        }
    }
    chosen
}

/// The identifier with the first free number: `Bar2`, `bar_2`, `V1_2`.
pub(crate) fn numbered(identifier: &str, place: Place, used: &BTreeSet<String>) -> String {
    let stem = identifier.trim_end_matches('_');
    let separator = match place {
        Place::Type | Place::Variant if !stem.ends_with(char::is_numeric) => "",
        Place::Type | Place::Variant | Place::Field | Place::Method => "_",
    };
    let mut number = 2_usize;
    loop {
        let candidate = format!("{stem}{separator}{number}");
        if !used.contains(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests;
