//! Budgets: a file fits in a head, a function on a screen; generated code is no exception.

use super::Finding;
use crate::project::{SourceFile, Tree};
use crate::scan::{self, Language};

const FILE: Budget = Budget { wanted: 300, hard: 500 };
const FUNCTION: Budget = Budget { wanted: 40, hard: 80 };
/// The macro crate holds entry points only; its logic is the generator's.
const MACRO_CRATE: usize = 200;
/// The attribute that excuses one long function, with its reason; a pure table may have it.
const EXCUSE: &str = "clippy::too_many_lines";

struct Budget {
    wanted: usize,
    hard: usize,
}

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let Some(language) = Language::of(file.extension()) else { continue };
        let lines = file.text.lines().count();
        judge(&mut findings, &FILE, lines, &file.path, 0, &format!("{lines} lines"));
        check_functions(file, language, &mut findings);
    }
    let macros: usize = tree.under("macros/src/").map(|file| file.text.lines().count()).sum();
    if macros > MACRO_CRATE {
        let message =
            format!("{macros} lines, at most {MACRO_CRATE}: entry points only, logic belongs in codegen");
        findings.push(Finding::deny("macros/src", 0, message));
    }
    findings
}

fn check_functions(file: &SourceFile, language: Language, findings: &mut Vec<Finding>) {
    for function in scan::functions(&file.text, language) {
        // A test suite's `describe` or `it` is a chapter, not a function; its parts are measured.
        if function.length <= FUNCTION.wanted || is_excused(&file.text, function.line) {
            continue;
        }
        let what = format!("`{}` has {} lines", function.name, function.length);
        judge(findings, &FUNCTION, function.length, &file.path, function.line, &what);
    }
}

fn judge(findings: &mut Vec<Finding>, budget: &Budget, lines: usize, path: &str, line: usize, what: &str) {
    let Budget { wanted, hard } = budget;
    if lines > *hard {
        findings.push(Finding::deny(path, line, format!("{what}, at most {hard}")));
    } else if lines > *wanted {
        findings.push(Finding::warn(path, line, format!("{what}, {wanted} wanted")));
    }
}

/// Whether one of the attributes and comments right above the function excuses its length.
fn is_excused(text: &str, line: usize) -> bool {
    let lines: Vec<&str> = text.lines().take(line.saturating_sub(1)).collect();
    lines
        .iter()
        .rev()
        .take_while(|line| {
            let line = line.trim_start();
            line.starts_with(['#', '/']) || line.starts_with("reason") || line.starts_with(')')
        })
        .chain(lines.last())
        .any(|line| line.contains(EXCUSE))
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    x();\n".repeat(lines - 2))
    }

    #[test]
    fn what_outgrows_its_budget_is_found() {
        let long_file = "const A: u8 = 1;\n".repeat(501);
        let near_file = "const A: u8 = 1;\n".repeat(301);
        let excused = format!("#[expect(clippy::too_many_lines, reason = \"a table\")]\n{}", function(90));
        let tree = Tree::of(&[
            ("server/src/a.rs", &long_file),
            ("server/src/b.rs", &near_file),
            ("server/src/c.rs", &function(81)),
            ("server/src/d.rs", &excused),
            ("clients-ts/runtime/src/e.ts", &function(41).replace("fn", "function")),
            ("macros/src/lib.rs", &"use a;\n".repeat(201)),
            ("README.md", &long_file),
            ("codegen/tests/golden/all/rust/mod.rs", &long_file),
        ]);
        let expected = [
            "server/src/a.rs: 501 lines, at most 500",
            "server/src/b.rs: 301 lines, 300 wanted",
            "server/src/c.rs:1: `long` has 81 lines, at most 80",
            "clients-ts/runtime/src/e.ts:1: `long` has 41 lines, 40 wanted",
            "codegen/tests/golden/all/rust/mod.rs: 501 lines, at most 500",
            "macros/src: 201 lines, at most 200: entry points only, logic belongs in codegen",
        ];
        assert_eq!(messages(&find(&tree)), expected);
    }
}
