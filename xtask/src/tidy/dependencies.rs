//! Which package may depend on which: the arrows of ARCHITECTURE.md, read from the manifests.

use super::Finding;
use crate::project::Tree;

/// A package's manifest and the packages of ours it may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("codegen/Cargo.toml", &[]),
    ("macros/Cargo.toml", &["bellwire-codegen"]),
    ("xtask/Cargo.toml", &["bellwire-codegen", "bellwire-load"]),
    ("xtask/load/Cargo.toml", &[]),
    ("server/Cargo.toml", &["bellwire-macros"]),
    ("tests/Cargo.toml", &["bellwire", "bellwire-codegen", "bellwire-macros"]),
    ("tests/fuzz/Cargo.toml", &["bellwire", "bellwire-codegen"]),
];

/// A package that must stay without dependencies: it is what users ship to browsers.
const BARE_PACKAGE: &str = "clients-ts/runtime/package.json";

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (manifest, allowed) in ALLOWED {
        let Some(text) = tree.text(manifest) else { continue };
        for (line, name) in own_dependencies(text) {
            if !allowed.contains(&name.as_str()) {
                let allowed = if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") };
                findings.push(Finding::deny(
                    manifest,
                    line,
                    format!("may not depend on `{name}`; allowed: {allowed}"),
                ));
            }
        }
    }
    if let Some(text) = tree.text(BARE_PACKAGE) {
        let package: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        if package["dependencies"].as_object().is_some_and(|dependencies| !dependencies.is_empty()) {
            findings.push(Finding::deny(BARE_PACKAGE, 0, "the runtime package has no dependencies"));
        }
    }
    findings
}

/// Packages of ours named in any dependency table of a manifest.
fn own_dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_table = false;
    for (index, line) in manifest.lines().enumerate() {
        if let Some(table) = line.strip_prefix('[') {
            in_table = table.trim_end_matches(']').ends_with("dependencies");
            continue;
        }
        let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
        if in_table && (name == "bellwire" || name.starts_with("bellwire-")) {
            found.push((index + 1, name.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    #[test]
    fn a_forbidden_arrow_is_found() {
        let tree = Tree::of(&[
            (
                "xtask/Cargo.toml",
                "[dependencies]\nbellwire-codegen.workspace = true\nbellwire.workspace = true\n",
            ),
            ("codegen/Cargo.toml", "[dev-dependencies]\nbellwire = { path = \"../server\" }\n"),
            ("server/Cargo.toml", "[features]\nbellwire = []\n[dependencies]\nbellwire-macros = \"1\"\n"),
            ("clients-ts/runtime/package.json", r#"{"dependencies":{"left-pad":"1"}}"#),
        ]);
        let expected = [
            "codegen/Cargo.toml:2: may not depend on `bellwire`; allowed: none of ours",
            "xtask/Cargo.toml:3: may not depend on `bellwire`; allowed: bellwire-codegen, bellwire-load",
            "clients-ts/runtime/package.json: the runtime package has no dependencies",
        ];
        assert_eq!(messages(&find(&tree)), expected);
    }
}
