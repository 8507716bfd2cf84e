//! Words that must not be committed: paths of somebody's machine, mirrors of registries, unfinished business.

use super::Finding;
use crate::project::{SourceFile, Tree};

/// A word, and what is wrong with it. Written in two halves, so that this file does not find itself.
struct Word {
    halves: (&'static str, &'static str),
    wrong: &'static str,
    /// Whether only source code may not hold it; prose and sample documents may.
    code_only: bool,
}

const WORDS: &[Word] = &[
    Word { halves: ("/ho", "me/"), wrong: "a path of one machine", code_only: false },
    Word { halves: ("/ro", "ot/"), wrong: "a path of one machine", code_only: false },
    Word { halves: ("/Us", "ers/"), wrong: "a path of one machine", code_only: false },
    Word { halves: ("/work/", "main"), wrong: "a path of one machine", code_only: false },
    Word { halves: ("/work/", "shared"), wrong: "a path of one machine", code_only: false },
    Word { halves: ("../sha", "red/"), wrong: "a path outside the project", code_only: false },
    Word { halves: ("/tmp", "/"), wrong: "a path of one machine", code_only: false },
    Word { halves: ("TO", "DO"), wrong: "unfinished business", code_only: true },
    Word { halves: ("FIX", "ME"), wrong: "unfinished business", code_only: true },
    Word { halves: ("XX", "X:"), wrong: "unfinished business", code_only: true },
    Word { halves: ("#[ig", "nore"), wrong: "a test that does not run", code_only: true },
    Word { halves: ("it.sk", "ip("), wrong: "a test that does not run", code_only: true },
    Word { halves: ("it.on", "ly("), wrong: "a test that silences the others", code_only: true },
];

/// Where packages may come from: the public registries, under the names every lock file uses.
const SOURCES: &[&str] =
    &["registry+https://github.com/rust-lang/crates.io-index", "https://registry.npmjs.org/"];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        if is_lock(file) {
            check_sources(file, &mut findings);
        } else {
            check_words(file, &mut findings);
        }
    }
    findings
}

fn is_lock(file: &SourceFile) -> bool {
    file.path.ends_with("Cargo.lock") || file.path.ends_with("package-lock.json")
}

fn check_sources(file: &SourceFile, findings: &mut Vec<Finding>) {
    for (index, line) in file.text.lines().enumerate() {
        let line = line.trim_start();
        let is_source = line.starts_with("source = ") || line.starts_with("\"resolved\": \"http");
        if is_source && !SOURCES.iter().any(|source| line.contains(source)) {
            findings.push(Finding::deny(
                &file.path,
                index + 1,
                "locks a package to a source that is not public",
            ));
        }
    }
}

fn check_words(file: &SourceFile, findings: &mut Vec<Finding>) {
    let is_code = matches!(file.extension(), "rs" | "ts" | "tsx" | "js" | "mjs" | "toml" | "sh");
    for (index, line) in file.text.lines().enumerate() {
        for Word { halves: (first, second), wrong, code_only } in WORDS {
            let word = format!("{first}{second}");
            if stands_alone(line, &word) && (is_code || !code_only) {
                findings.push(Finding::deny(&file.path, index + 1, format!("contains `{word}`: {wrong}")));
            }
        }
    }
}

/// Whether the word is in the line, and not the tail of something longer: `#/root/0` is a pointer, no path.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || "\"'`(=:[<,/".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    #[test]
    fn what_must_not_be_committed_is_found() {
        let path = format!("see {}{}me/x\n", "/ho", "me/");
        let unfinished = format!("// {}{}: later\n", "TO", "DO");
        let tree = Tree::of(&[
            ("README.md", &path),
            ("server/src/lib.rs", &unfinished),
            ("samples/slack.yaml", &unfinished),
            ("samples/rtm.yaml", &format!("#/x#{}ot/0\n", "/ro")),
            ("Cargo.lock", "source = \"registry+https://mirror.example/index\"\n"),
        ]);
        let expected = [
            format!("README.md:1: contains `{}{}`: a path of one machine", "/ho", "me/"),
            format!("server/src/lib.rs:1: contains `{}{}`: unfinished business", "TO", "DO"),
            "Cargo.lock:1: locks a package to a source that is not public".to_owned(),
        ];
        assert_eq!(messages(&find(&tree)), expected);
    }
}
