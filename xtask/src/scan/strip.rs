//! Comments and string contents replaced by blanks, every line break kept, so that offsets and lines still hold.

use super::Language;

/// The text with everything that is not code blanked out; same length in bytes.
pub(crate) fn code_only(text: &str, language: Language) -> String {
    let mut stripper =
        Stripper { bytes: text.as_bytes(), out: Vec::with_capacity(text.len()), at: 0, language };
    while stripper.at < stripper.bytes.len() {
        stripper.step();
    }
    // Only ASCII was written over whole literals, so this cannot fail; a blank file is the harmless answer.
    String::from_utf8(stripper.out).unwrap_or_default()
}

struct Stripper<'a> {
    bytes: &'a [u8],
    out: Vec<u8>,
    at: usize,
    language: Language,
}

impl Stripper<'_> {
    fn step(&mut self) {
        let rest = &self.bytes[self.at..];
        match (rest[0], rest.get(1)) {
            (b'/', Some(b'/')) => self.blank_until(|rest| rest[0] == b'\n'),
            (b'/', Some(b'*')) => self.block_comment(),
            (b'"', _) => self.quoted(b'"'),
            (b'\'', _) if self.language == Language::Rust => self.char_or_lifetime(),
            (b'\'', _) => self.quoted(b'\''),
            (b'`', _) if self.language == Language::TypeScript => self.template(),
            (b'/', _) if self.language == Language::TypeScript && self.expects_value() => self.regex(),
            (b'r', _) if self.language == Language::Rust && !self.after_word() => self.raw_string(),
            _ => self.keep(1),
        }
    }

    fn keep(&mut self, count: usize) {
        let end = (self.at + count).min(self.bytes.len());
        self.out.extend_from_slice(&self.bytes[self.at..end]);
        self.at = end;
    }

    fn blank(&mut self, count: usize) {
        let end = (self.at + count).min(self.bytes.len());
        for byte in &self.bytes[self.at..end] {
            self.out.push(if *byte == b'\n' { b'\n' } else { b' ' });
        }
        self.at = end;
    }

    fn blank_until(&mut self, stop: impl Fn(&[u8]) -> bool) {
        while self.at < self.bytes.len() && !stop(&self.bytes[self.at..]) {
            self.blank(1);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            if rest.starts_with(b"/*") && (depth == 0 || self.language == Language::Rust) {
                depth += 1;
                self.blank(2);
            } else if rest.starts_with(b"*/") {
                depth -= 1;
                self.blank(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.blank(1);
            }
        }
    }

    /// A literal in quotes with backslash escapes; the quotes stay.
    fn quoted(&mut self, quote: u8) {
        self.keep(1);
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.blank(2),
                b if *b == quote => return self.keep(1),
                b'\n' if quote == b'\'' => return,
                _ => self.blank(1),
            }
        }
    }

    fn char_or_lifetime(&mut self) {
        let rest = &self.bytes[self.at..];
        let width = match rest.get(1) {
            Some(0xF0..) => 4,
            Some(0xE0..) => 3,
            Some(0xC0..) => 2,
            _ => 1,
        };
        // `'x'` closes right after one character; a lifetime does not.
        if rest.get(1) == Some(&b'\\') || rest.get(1 + width) == Some(&b'\'') {
            self.quoted(b'\'');
        } else {
            self.keep(1);
        }
    }

    fn raw_string(&mut self) {
        let hashes = self.bytes[self.at + 1..].iter().take_while(|byte| **byte == b'#').count();
        if self.bytes.get(self.at + 1 + hashes) != Some(&b'"') {
            return self.keep(1);
        }
        self.keep(hashes + 2);
        let mut end = vec![b'"'];
        end.extend(std::iter::repeat_n(b'#', hashes));
        self.blank_until(|rest| rest.starts_with(&end));
        self.keep(hashes + 1);
    }

    /// A template literal: its text goes, the code inside `${…}` stays.
    fn template(&mut self) {
        self.keep(1);
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.blank(2),
                b'`' => return self.keep(1),
                b'$' if self.bytes.get(self.at + 1) == Some(&b'{') => {
                    self.keep(2);
                    let mut depth = 1;
                    while depth > 0 && self.at < self.bytes.len() {
                        match self.bytes[self.at] {
                            b'{' => depth += 1,
                            b'}' => depth -= 1,
                            _ => {}
                        }
                        self.step();
                    }
                }
                _ => self.blank(1),
            }
        }
    }

    fn regex(&mut self) {
        self.keep(1);
        let mut in_class = false;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.blank(2),
                b'\n' => return,
                b'/' if !in_class => return self.keep(1),
                b'[' | b']' => {
                    in_class = *byte == b'[';
                    self.blank(1);
                }
                _ => self.blank(1),
            }
        }
    }

    /// Whether a `/` here begins a regular expression rather than a division.
    fn expects_value(&self) -> bool {
        let before = self.out.iter().rev().find(|byte| !byte.is_ascii_whitespace());
        before.is_none_or(|byte| b"(,=:[!&|?{};+>".contains(byte))
    }

    fn after_word(&self) -> bool {
        self.out.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_literals_and_comments_go() {
        let cases = [
            ("a // b { c", "a         "),
            ("a /* { /* } */ } */ b", "a                   b"),
            (r#"f("{\"", 'x', '\'', '{')"#, r#"f("   ", ' ', '  ', ' ')"#),
            ("r#\"{ \" }\"# }", "r#\"     \"# }"),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
        ];
        for (text, expected) in cases {
            assert_eq!(code_only(text, Language::Rust), expected, "{text}");
        }
    }

    #[test]
    fn typescript_literals_and_comments_go() {
        let cases = [
            ("a('{') // {", "a(' ')     "),
            ("`{ ${f({})} }`", "`  ${f({})}  `"),
            ("x = /[/'\"{]/; y", "x = /      /; y"),
            ("a / b / c", "a / b / c"),
        ];
        for (text, expected) in cases {
            assert_eq!(code_only(text, Language::TypeScript), expected, "{text}");
        }
    }
}
