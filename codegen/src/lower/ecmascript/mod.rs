//! What JavaScript takes as a regular expression with the `u` flag, beside what Rust takes.
//!
//! Only patterns that the validator has accepted come here, so this reads the syntax and matches nothing. What both
//! take but understand differently counts as a problem too.

mod properties;

/// Why JavaScript does not take a pattern, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) help: String,
}

type Outcome<T = ()> = Result<T, Problem>;

/// Characters that mean something, and may be written literally behind a backslash.
const SYNTAX: &str = "^$\\.*+?()[]{}|/";

/// What is wrong with a pattern, if anything is.
pub(super) fn problem(pattern: &str) -> Option<Problem> {
    let characters: Vec<char> = pattern.chars().collect();
    Reader { characters, at: 0 }.pattern().err()
}

fn refused<T>(what: impl Into<String>, help: impl Into<String>) -> Outcome<T> {
    Err(Problem { what: what.into(), help: help.into() })
}

/// A character of a class, for the ends of a range; `None` for a set such as `\d`.
type ClassAtom = Option<u32>;

struct Reader {
    characters: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    /// Reads a text that stands here.
    fn eat(&mut self, text: &str) -> bool {
        let length = text.chars().count();
        let found = self.characters[self.at..].iter().take(length).copied().eq(text.chars());
        self.at += if found { length } else { 0 };
        found
    }

    /// Reads up to a closing character, and over it.
    fn until(&mut self, end: char) -> Option<String> {
        let length = self.characters[self.at..].iter().position(|c| *c == end)?;
        let text = self.characters[self.at..self.at + length].iter().collect();
        self.at += length + 1;
        Some(text)
    }

    fn pattern(&mut self) -> Outcome {
        // Whether each open group may be repeated once it is closed.
        let mut open: Vec<bool> = Vec::new();
        // Whether what was read last may be repeated.
        let mut repeatable = false;
        while let Some(c) = self.next() {
            repeatable = match c {
                '^' | '$' | '|' => false,
                '(' => {
                    open.push(self.group()?);
                    false
                }
                ')' => open.pop().unwrap_or_default(),
                '[' => self.class()?,
                '\\' => self.escape()?,
                '*' | '+' | '?' | '{' => {
                    if c == '{' && !self.count() {
                        return refused(
                            "`{` begins no number of repetitions",
                            "write `\\{`, or `{0,3}` for `{,3}`",
                        );
                    }
                    if !repeatable {
                        return refused(
                            format!("there is nothing that `{c}` could repeat"),
                            "leave it out, or put what it repeats into `(?:…)`",
                        );
                    }
                    self.eat("?");
                    false
                }
                '}' | ']' => return refused(format!("a `{c}` stands alone"), format!("write `\\{c}`")),
                _ => true,
            };
        }
        Ok(())
    }

    /// What follows `(`; whether the whole may be repeated.
    fn group(&mut self) -> Outcome<bool> {
        if !self.eat("?") || self.eat(":") {
            return Ok(true);
        }
        if ["=", "!", "<=", "<!"].into_iter().any(|sign| self.eat(sign)) {
            return Ok(false);
        }
        let named = self.eat("<").then(|| self.until('>')).flatten();
        let is_name = |name: &str| {
            let begins = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
            begins && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
        };
        match named {
            Some(name) if is_name(&name) => Ok(true),
            Some(name) => {
                refused(format!("`{name}` cannot be the name of a group"), "use letters, digits and `_`")
            }
            None if self.eat("P<") => refused("groups are not named with `P`", "write `(?<name>…)`"),
            None => refused("there are no flags within a pattern", "write both cases out: `[Aa]`"),
        }
    }

    /// The rest of `{2}`, `{2,}` or `{2,3}`.
    fn count(&mut self) -> bool {
        let Some(inside) = self.until('}') else { return false };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match inside.split_once(',') {
            Some((least, most)) => digits(least) && (most.is_empty() || digits(most)),
            None => digits(&inside),
        }
    }

    /// What follows a backslash outside of classes; whether it may be repeated.
    fn escape(&mut self) -> Outcome<bool> {
        let rest = self.at;
        match self.next() {
            Some('b' | 'B') => Ok(false),
            // Back-references; that their groups exist has been looked at.
            Some('1'..='9') => {
                while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.at += 1;
                }
                Ok(true)
            }
            Some('k') if self.eat("<") => Ok(self.until('>').is_some()),
            _ => {
                self.at = rest;
                self.character_escape("").map(|_| true)
            }
        }
    }

    /// What follows a backslash anywhere; `more` are the characters that may be escaped beside those of the syntax.
    fn character_escape(&mut self, more: &str) -> Outcome<ClassAtom> {
        let Some(c) = self.next() else { return refused("it ends with a backslash", "write `\\\\`") };
        match c {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Ok(None),
            'p' | 'P' => self.property(c).map(|()| None),
            'f' | 'n' | 'r' | 't' | 'v' => Ok(Some(match c {
                'f' => 0x0c,
                'n' => 0x0a,
                'r' => 0x0d,
                't' => 0x09,
                _ => 0x0b,
            })),
            'c' if self.peek().is_some_and(|c| c.is_ascii_alphabetic()) => {
                Ok(self.next().map(|c| u32::from(c) % 32))
            }
            '0' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => Ok(Some(0)),
            'x' | 'u' => self.number(c).map(Some),
            c if SYNTAX.contains(c) || more.contains(c) => Ok(Some(u32::from(c))),
            'A' => refused("there is no `\\A`", "write `^`"),
            'z' | 'Z' => refused(format!("there is no `\\{c}`"), "write `$`"),
            'a' | 'e' => refused(
                format!("there is no `\\{c}`"),
                if c == 'a' { "write `\\x07`" } else { "write `\\x1b`" },
            ),
            c if c.is_ascii_alphanumeric() => {
                refused(format!("there is no `\\{c}`"), "say the same without it")
            }
            c => refused(format!("`\\{c}` is no escape"), format!("write `{c}`")),
        }
    }

    /// The rest of `\x41`, `\u0041` or `\u{41}`.
    fn number(&mut self, kind: char) -> Outcome<u32> {
        let digits = if kind == 'u' && self.eat("{") {
            self.until('}')
        } else {
            let end = self.at + if kind == 'x' { 2 } else { 4 };
            let digits = self.characters.get(self.at..end).map(|digits| digits.iter().collect());
            self.at = end.min(self.characters.len());
            digits
        };
        let digits = digits.filter(|it: &String| it.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = digits.and_then(|digits| u32::from_str_radix(&digits, 16).ok());
        match value.filter(|value| *value <= u32::from(char::MAX)) {
            Some(value) => Ok(value),
            None => refused(
                format!("`\\{kind}` is not followed by a number"),
                "write `\\x41`, `\\u0041` or `\\u{41}`",
            ),
        }
    }

    /// The rest of `\p{…}`.
    fn property(&mut self, kind: char) -> Outcome {
        if !self.eat("{") {
            return refused(format!("`\\{kind}` is not followed by `{{`"), format!("write `\\{kind}{{L}}`"));
        }
        let name = self.until('}').unwrap_or_default();
        if properties::exists(&name) {
            return Ok(());
        }
        let help = "write it as Unicode does: `\\p{L}`, `\\p{Lowercase_Letter}`, `\\p{Script=Greek}`";
        refused(format!("there is no property `{name}`"), help)
    }

    /// What follows `[`. What Rust takes for an operation on classes is plain text elsewhere.
    fn class(&mut self) -> Outcome<bool> {
        self.eat("^");
        loop {
            if self.eat("]") {
                return Ok(true);
            }
            let first = self.class_atom()?;
            if !(self.peek() == Some('-') && self.characters.get(self.at + 1).is_some_and(|c| *c != ']')) {
                continue;
            }
            self.at += 1;
            let last = self.class_atom()?;
            if first.zip(last).is_none_or(|(first, last)| first > last) {
                return refused(
                    "a range does not lead from one character to a later one",
                    "write a literal `-` as `\\-`",
                );
            }
        }
    }

    fn class_atom(&mut self) -> Outcome<ClassAtom> {
        for operation in ["&&", "--", "~~"] {
            if self.eat(operation) {
                let what = format!("`{operation}` within a class is no operation");
                return refused(what, "list the characters themselves");
            }
        }
        match self.next() {
            Some('\\') if self.eat("b") => Ok(Some(8)),
            Some('\\') => self.character_escape("-"),
            Some('[') => refused("there are no classes within a class", "write a literal `[` as `\\[`"),
            Some(c) => Ok(Some(u32::from(c))),
            None => refused("a class does not end", "write a literal `[` as `\\[`"),
        }
    }
}

#[cfg(test)]
mod tests;
