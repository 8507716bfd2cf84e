//! Where functions begin and end.

use std::sync::LazyLock;

use regex::Regex;

use super::{Language, code_only, line_of};

/// One function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// 1-based line of its name.
    pub(crate) line: usize,
    /// Lines from its name to its closing brace.
    pub(crate) length: usize,
}

#[expect(clippy::expect_used, reason = "the patterns are constants")]
static RUST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bfn\s+(\w+)").expect("a valid pattern"));
#[expect(clippy::expect_used, reason = "the patterns are constants")]
static TYPESCRIPT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:(?:const|let)\s+)?([A-Za-z_$][\w$]*)\s*(?:=\s*(?:async\s*)?)?(?:<[^<>()]*>)?\(")
        .expect("a valid pattern")
});

/// Every function of a file, in order. Closures and blocks count towards the function around them.
pub(crate) fn functions(text: &str, language: Language) -> Vec<Function> {
    let code = code_only(text, language);
    let pattern = match language {
        Language::Rust => &RUST,
        Language::TypeScript => &TYPESCRIPT,
    };
    let mut found = Vec::new();
    for captures in pattern.captures_iter(&code) {
        let (Some(whole), Some(name)) = (captures.get(0), captures.get(1)) else { continue };
        let open = match language {
            Language::Rust => rust_body(&code, whole.end()),
            Language::TypeScript if is_keyword(name.as_str()) => None,
            Language::TypeScript => typescript_body(&code, whole.end() - 1),
        };
        let Some(close) = open.and_then(|open| matching(&code, open)) else { continue };
        let line = line_of(&code, name.start());
        let length = line_of(&code, close) - line + 1;
        found.push(Function { name: name.as_str().to_owned(), line, length });
    }
    found
}

fn is_keyword(word: &str) -> bool {
    matches!(word, "if" | "for" | "while" | "switch" | "catch" | "with" | "return" | "await" | "describe")
}

/// The `{` of a Rust function whose signature starts at `from`; a signature without a body ends in `;`.
fn rust_body(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b';' if depth == 0 => return None,
            b'{' if depth == 0 => return Some(offset),
            _ => {}
        }
    }
    None
}

/// The `{` that follows a parameter list opened at `open`, past a return type and an arrow.
fn typescript_body(code: &str, open: usize) -> Option<usize> {
    let close = matching(code, open)?;
    let rest = &code[close + 1..];
    let line_end = rest.find('\n').unwrap_or(rest.len());
    let signature = &rest[..line_end];
    let brace = signature.rfind('{')?;
    let between = signature[..brace].trim();
    let is_body = between.is_empty() || between == "=>" || between.starts_with(':');
    (is_body && signature[brace + 1..].trim().is_empty()).then_some(close + 1 + brace)
}

/// The offset of the bracket that closes the one at `open`.
fn matching(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return Some(offset);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, language: Language) -> Vec<(String, usize)> {
        functions(text, language).into_iter().map(|function| (function.name, function.length)).collect()
    }

    #[test]
    fn rust_functions_are_measured() {
        let text =
            "trait T { fn no_body(&self); }\nfn a<const N: usize>(x: [u8; 2])\nwhere\n{\n    b(\"}\");\n}\n";
        assert_eq!(names(text, Language::Rust), [("a".to_owned(), 5)]);
    }

    #[test]
    fn typescript_functions_are_measured() {
        let text = "export function a(x: number): void {\n  if (x) {\n  }\n}\nconst b = (y: T) => {\n  c({\n  });\n};\n";
        assert_eq!(names(text, Language::TypeScript), [("a".to_owned(), 4), ("b".to_owned(), 4)]);
    }
}
