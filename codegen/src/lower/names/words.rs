//! Cutting what a document calls a thing into words.
//!
//! Words carry no casing decision: `orderID`, `order-id` and `ORDER_ID` are the same two words.

/// The words of a name, each lower-case; never empty, and made of identifier characters only.
pub(super) fn words(wire: &str) -> Vec<String> {
    let mut words = split(wire);
    if words.is_empty() {
        words = wire.chars().map(symbol).collect();
    }
    if words.is_empty() {
        words.push("empty".to_owned());
    }
    words
}

fn split(wire: &str) -> Vec<String> {
    let characters: Vec<char> = wire.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, &c) in characters.iter().enumerate() {
        if !is_word_character(c) {
            finish(&mut word, &mut words);
            if let Some(sign) = sign(&characters, at) {
                words.push(sign.to_owned());
            }
            continue;
        }
        if starts_word(&characters, at) {
            finish(&mut word, &mut words);
        }
        word.extend(c.to_lowercase().filter(|&lower| is_word_character(lower)));
    }
    finish(&mut word, &mut words);
    words
}

fn finish(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// A hump (`orderId`) or the end of an acronym (`HTTPServer`) starts a word; a digit never does.
fn starts_word(characters: &[char], at: usize) -> bool {
    let previous = at.checked_sub(1).and_then(|before| characters.get(before));
    let Some(&previous) = previous.filter(|previous| is_word_character(**previous)) else { return false };
    if !characters[at].is_uppercase() {
        return false;
    }
    let next_is_lower = characters.get(at + 1).is_some_and(|next| next.is_lowercase());
    previous.is_lowercase() || previous.is_ascii_digit() || (previous.is_uppercase() && next_is_lower)
}

/// The sign of a number is part of its name: `-1` is no `1`.
fn sign(characters: &[char], at: usize) -> Option<&'static str> {
    let before_digit = characters.get(at + 1).is_some_and(char::is_ascii_digit);
    let starts = at == 0 || !is_word_character(characters[at - 1]);
    match characters[at] {
        '-' if before_digit && starts => Some("minus"),
        '+' if before_digit && starts => Some("plus"),
        _ => None,
    }
}

/// Letters and digits that both languages take inside an identifier without a warning.
fn is_word_character(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    c.is_alphanumeric() && !is_variant_form(c) && syn::parse_str::<syn::Ident>(&format!("a{c}")).is_ok()
}

/// Ligatures, full-width forms and the like: compilers take them for, or warn of them as, the plain letters.
fn is_variant_form(c: char) -> bool {
    matches!(
        u32::from(c),
        0xaa | 0xb5 | 0xba
            | 0x02b0..=0x02ff
            | 0x1d00..=0x1dbf
            | 0x2070..=0x218f
            | 0x3300..=0x33ff
            | 0xf900..=0xfaff
            | 0xfb00..=0xfdff
            | 0xfe70..=0xffef
            | 0x1d400..=0x1d7ff
            | 0x2f800..=0x2fa1f
    )
}

/// A name for a character that no identifier can hold.
fn symbol(c: char) -> String {
    let name = match c {
        ' ' => "space",
        '!' => "bang",
        '"' => "quote",
        '#' => "hash",
        '$' => "dollar",
        '%' => "percent",
        '&' => "and",
        '\'' => "apostrophe",
        '(' => "open",
        ')' => "close",
        '*' => "star",
        '+' => "plus",
        ',' => "comma",
        '-' => "minus",
        '.' => "dot",
        '/' => "slash",
        ':' => "colon",
        ';' => "semicolon",
        '<' => "less",
        '=' => "equal",
        '>' => "greater",
        '?' => "question",
        '@' => "at",
        '[' | ']' => "bracket",
        '\\' => "backslash",
        '^' => "caret",
        '_' => "underscore",
        '`' => "backtick",
        '{' | '}' => "brace",
        '|' => "or",
        '~' => "tilde",
        other => return format!("u{:x}", u32::from(other)),
    };
    name.to_owned()
}
