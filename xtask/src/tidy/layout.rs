//! The top level is fixed: a new folder there is a decision, not an accident.

use std::collections::BTreeSet;

use super::Finding;
use crate::project::Tree;

const FOLDERS: &[&str] =
    &[".cargo", ".ci", "asyncapi", "clients-ts", "codegen", "macros", "server", "tests", "xtask"];

const FILES: &[&str] = &[
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "PROTOCOL.md",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

/// Files a checkout may hold besides: a worktree's `.git` is one.
const IGNORED: &[&str] = &[".git"];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut folders = BTreeSet::new();
    let mut findings = Vec::new();
    for file in &tree.files {
        match file.path.split_once('/') {
            Some((folder, _)) => {
                folders.insert(folder);
            }
            None if FILES.contains(&file.path.as_str()) || IGNORED.contains(&file.path.as_str()) => {}
            None => findings.push(Finding::deny(&file.path, 0, "does not belong at the top level")),
        }
    }
    for folder in folders.iter().filter(|folder| !FOLDERS.contains(folder)) {
        findings.push(Finding::deny(folder, 0, "is no folder of the fixed top level"));
    }
    for folder in FOLDERS.iter().filter(|folder| !folders.contains(*folder)) {
        findings.push(Finding::deny(folder, 0, "is missing from the top level"));
    }
    for file in FILES.iter().filter(|file| !tree.exists(file)) {
        findings.push(Finding::deny(file, 0, "is missing from the top level"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    #[test]
    fn strangers_and_gaps_at_the_top_are_found() {
        let mut files: Vec<(String, &str)> = FILES.iter().map(|file| ((*file).to_owned(), "")).collect();
        files.extend(FOLDERS.iter().skip(1).map(|folder| (format!("{folder}/x"), "")));
        files.extend([("scripts/build.sh".to_owned(), ""), ("notes.md".to_owned(), "")]);
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let expected = [
            "notes.md: does not belong at the top level",
            "scripts: is no folder of the fixed top level",
            ".cargo: is missing from the top level",
        ];
        assert_eq!(messages(&find(&Tree::of(&files))), expected);
    }
}
