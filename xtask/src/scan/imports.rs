//! What a file reaches for: `use` trees and inline paths in Rust, module specifiers in TypeScript.

use std::sync::LazyLock;

use regex::Regex;

use super::{Language, code_only, line_of};

#[expect(clippy::expect_used, reason = "the patterns are constants")]
static USE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\buse\s+([^;]+);").expect("a valid pattern"));
#[expect(clippy::expect_used, reason = "the patterns are constants")]
static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?:\w+::)+(?:\w+)").expect("a valid pattern"));
#[expect(clippy::expect_used, reason = "the patterns are constants")]
static SPECIFIER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?:^\s*import\s*|^\s*(?:import|export|\})[^'"\n]*\bfrom\s*|\bimport\(\s*)['"]([^'"\n]+)['"]"#,
    )
    .expect("a valid pattern")
});

/// Every path a Rust file names, absolute from the crate where it began with `crate`, `self` or `super`.
/// `module` is the file's own module path, `["emit", "rust"]`.
pub(crate) fn rust_imports(text: &str, module: &[&str]) -> Vec<(usize, String)> {
    let code = code_only(text, Language::Rust);
    let mut found = Vec::new();
    let mut blanked = code.clone().into_bytes();
    for captures in USE.captures_iter(&code) {
        let (Some(whole), Some(tree)) = (captures.get(0), captures.get(1)) else { continue };
        let mut paths = Vec::new();
        expand(tree.as_str(), "", &mut paths);
        let line = line_of(&code, tree.start());
        found.extend(paths.into_iter().map(|path| (line, absolute(&path, module))));
        blanked[whole.range()].fill(b' ');
    }
    // `use` trees are out of the way (with their line breaks, but offsets into `code` still hold).
    let inline = String::from_utf8(blanked).unwrap_or_default();
    for path in PATH.find_iter(&inline) {
        found.push((line_of(&code, path.start()), absolute(path.as_str(), module)));
    }
    found
}

/// Every module a TypeScript file imports.
pub(crate) fn typescript_imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(specifier) = SPECIFIER.captures(line).and_then(|captures| captures.get(1)) {
            found.push((index + 1, specifier.as_str().to_owned()));
        }
    }
    found
}

/// `a::{b, c::d}` into `a::b`, `a::c::d`.
fn expand(tree: &str, prefix: &str, paths: &mut Vec<String>) {
    for part in split_top_level(tree) {
        let part = part.trim();
        if let Some(open) = part.find('{') {
            let inner = part[open + 1..].trim_end().trim_end_matches('}');
            expand(inner, &format!("{prefix}{}", part[..open].trim()), paths);
        } else if !part.is_empty() {
            let name = part.split_whitespace().next().unwrap_or_default();
            paths.push(format!("{prefix}{name}"));
        }
    }
}

fn split_top_level(tree: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (offset, byte) in tree.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&tree[start..offset]);
                start = offset + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    parts
}

fn absolute(path: &str, module: &[&str]) -> String {
    let mut here = module.to_vec();
    let mut rest = path.trim_start_matches("::");
    let mut relative = false;
    loop {
        if let Some(after) = rest.strip_prefix("super::") {
            here.pop();
            (rest, relative) = (after, true);
        } else if let Some(after) = rest.strip_prefix("self::") {
            (rest, relative) = (after, true);
        } else {
            break;
        }
    }
    if !relative {
        return rest.to_owned();
    }
    let mut whole = String::from("crate::");
    for part in here {
        whole.push_str(part);
        whole.push_str("::");
    }
    whole + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_paths_become_absolute() {
        let text = "use crate::{model::{Api, Name}, emit};\nuse super::idents::Ident as I;\nfn f() { super::super::spec::load(); }\n";
        let found: Vec<String> =
            rust_imports(text, &["emit", "rust"]).into_iter().map(|(_, path)| path).collect();
        let expected = [
            "crate::model::Api",
            "crate::model::Name",
            "crate::emit",
            "crate::emit::idents::Ident",
            "crate::spec::load",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn typescript_specifiers_are_found() {
        let text = "import { a } from 'bellwire';\nimport './x.js';\nexport * from \"../y.js\";\n} from './z.js';\nexport type T = 'text';\n";
        let found: Vec<String> = typescript_imports(text).into_iter().map(|(_, path)| path).collect();
        assert_eq!(found, ["bellwire", "./x.js", "../y.js", "./z.js"]);
    }
}
