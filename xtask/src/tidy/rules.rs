//! Every diagnostic rule of the generator is shown by a fixture, and every fixture shows a rule.

use std::collections::BTreeSet;

use super::Finding;
use crate::project::Tree;

const FIXTURES: &str = "codegen/tests/diagnostics/";
const TABLE: &str = "codegen/src/rules";

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let rules: Vec<&str> = bellwire_codegen::rules::all().map(|rule| rule.id).collect();
    compare(tree, &rules)
}

fn compare(tree: &Tree, rules: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let fixtures: BTreeSet<&str> = tree
        .under(FIXTURES)
        .filter_map(|file| file.path[FIXTURES.len()..].split_once('/').map(|(folder, _)| folder))
        .collect();
    let mut seen = BTreeSet::new();
    for rule in rules {
        if !seen.insert(rule) {
            findings.push(Finding::deny(TABLE, 0, format!("rule `{rule}` stands twice")));
        } else if !fixtures.iter().any(|fixture| shows(fixture, rule)) {
            findings.push(Finding::deny(
                TABLE,
                0,
                format!("rule `{rule}` has no fixture: add {FIXTURES}{rule}/"),
            ));
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
            "codegen/src/rules: rule `b-rule` has no fixture: add codegen/tests/diagnostics/b-rule/",
            "codegen/src/rules: rule `a-rule` stands twice",
            "codegen/tests/diagnostics/c-rule: shows no rule of the table",
        ];
        assert_eq!(messages(&compare(&tree, &["a-rule", "b-rule", "a-rule"])), expected);
    }
}
