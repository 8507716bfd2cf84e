//! Every diagnostic rule of the generator is shown by a fixture, and every fixture shows a rule.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::Finding;
use crate::project::Tree;

const FIXTURES: &str = "codegen/tests/diagnostics/";
/// Where the table of rules may stand.
const TABLES: &[&str] =
    &["codegen/src/rules.rs", "codegen/src/diagnostics/rules.rs", "codegen/src/validate/mod.rs"];

#[expect(clippy::expect_used, reason = "the pattern is a constant")]
static RULE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"\bid:\s*"([a-z0-9]+(?:-[a-z0-9]+)*)""#).expect("a valid pattern"));

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let fixtures: BTreeSet<&str> = tree
        .under(FIXTURES)
        .filter_map(|file| file.path[FIXTURES.len()..].split_once('/').map(|(folder, _)| folder))
        .collect();
    let mut rules = BTreeSet::new();
    for (table, text) in TABLES.iter().filter_map(|table| tree.text(table).map(|text| (table, text))) {
        for rule in RULE.captures_iter(text).filter_map(|captures| captures.get(1)) {
            if !rules.insert(rule.as_str()) {
                findings.push(Finding::deny(table, 0, format!("rule `{}` stands twice", rule.as_str())));
            }
            let shown = fixtures.iter().any(|fixture| shows(fixture, rule.as_str()));
            if !shown {
                let message = format!("rule `{0}` has no fixture: add {FIXTURES}{0}/", rule.as_str());
                findings.push(Finding::deny(table, 0, message));
            }
        }
    }
    for fixture in fixtures.iter().filter(|fixture| !rules.iter().any(|rule| shows(fixture, rule))) {
        findings.push(Finding::deny(&format!("{FIXTURES}{fixture}"), 0, "shows no rule of the table"));
    }
    findings
}

/// `reference-not-found` and `reference-not-found.in-message` both show the rule `reference-not-found`.
fn shows(fixture: &str, rule: &str) -> bool {
    fixture.split('.').next() == Some(rule)
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    #[test]
    fn rules_and_fixtures_match_one_to_one() {
        let tree = Tree::of(&[
            (
                "codegen/src/rules.rs",
                "Rule { id: \"a-rule\" }, Rule { id: \"b-rule\" }, Rule { id: \"a-rule\" }",
            ),
            ("codegen/tests/diagnostics/a-rule.again/spec.yaml", ""),
            ("codegen/tests/diagnostics/c-rule/spec.yaml", ""),
        ]);
        let expected = [
            "codegen/src/rules.rs: rule `b-rule` has no fixture: add codegen/tests/diagnostics/b-rule/",
            "codegen/src/rules.rs: rule `a-rule` stands twice",
            "codegen/tests/diagnostics/c-rule: shows no rule of the table",
        ];
        assert_eq!(messages(&find(&tree)), expected);
    }
}
