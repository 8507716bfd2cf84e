//! A metric's name is written once, in the table of `server/src/metrics.rs`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::Finding;
use crate::project::Tree;
use crate::scan::line_of;

const TABLE: &str = "server/src/metrics";

#[expect(clippy::expect_used, reason = "the pattern is a constant")]
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"\bregister\(\s*"([a-z0-9_]+)""#).expect("a valid pattern"));

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for file in
        tree.under("server/src/").filter(|file| file.extension() == "rs" && !file.path.contains("/bin/"))
    {
        for name in NAME.captures_iter(&file.text).filter_map(|captures| captures.get(1)) {
            let line = line_of(&file.text, name.start());
            if !file.path.starts_with(TABLE) {
                let message = format!("metric `{}` is named outside its table", name.as_str());
                findings.push(Finding::deny(&file.path, line, message));
            } else if first.insert(name.as_str(), &file.path).is_some() {
                findings.push(Finding::deny(
                    &file.path,
                    line,
                    format!("metric `{}` stands twice", name.as_str()),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    #[test]
    fn names_written_twice_are_found() {
        let tree = Tree::of(&[
            (
                "server/src/metrics.rs",
                "r.register(\"connections\", h);\nr.register(\n\"frames\", h);\nr.register(\"connections\", h);\n",
            ),
            ("server/src/hub/mod.rs", "r.register(\"frames\", h);\n"),
        ]);
        let expected = [
            "server/src/metrics.rs:4: metric `connections` stands twice",
            "server/src/hub/mod.rs:1: metric `frames` is named outside its table",
        ];
        let mut found = messages(&find(&tree));
        found.sort_by_key(|message| message.contains("hub"));
        assert_eq!(found, expected);
    }
}
