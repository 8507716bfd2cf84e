//! Each rule has a folder of its name with a document that breaks it, beside what its author is shown.
//!
//! A rule may have several: `<rule-id>.<variant>`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bellwire_codegen::diagnostics::RenderStyle;
use bellwire_codegen::{LoadOptions, Loaded, Report, load, rules};

use crate::files::{Below, golden, tests};

fn folders() -> Vec<String> {
    let entries = fs::read_dir(tests().join("diagnostics")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn rule_of(folder: &str) -> &str {
    folder.split('.').next().unwrap()
}

fn report(folder: &str) -> Report {
    let reader = Below(tests().join("diagnostics").join(folder));
    match load(Path::new("document.yaml"), &reader, &LoadOptions::default()) {
        Ok(Loaded { report, .. }) | Err(report) => report,
    }
}

#[test]
fn every_mistake_is_shown_as_written_beside_it() {
    for folder in folders() {
        let report = report(&folder);
        let shown = report.diagnostics().iter().any(|found| found.rule.id == rule_of(&folder));
        assert!(shown, "{folder} does not break its rule:\n{report}");
        let expected = tests().join("diagnostics").join(&folder).join("expected.txt");
        golden(&expected, &report.render(RenderStyle::Plain));
    }
}

#[test]
fn every_rule_has_a_fixture_and_every_fixture_a_rule() {
    let rules: BTreeSet<&str> = rules::all().map(|rule| rule.id).collect();
    assert_eq!(rules.len(), rules::all().count(), "two rules share an id");
    let folders = folders();
    let shown: BTreeSet<&str> = folders.iter().map(|folder| rule_of(folder)).collect();
    assert_eq!(rules.difference(&shown).collect::<Vec<_>>(), Vec::<&&str>::new(), "rules without a fixture");
    assert_eq!(shown.difference(&rules).collect::<Vec<_>>(), Vec::<&&str>::new(), "fixtures without a rule");
}

#[test]
fn rules_explain_themselves() {
    for rule in rules::all() {
        let kebab = rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        assert!(kebab, "{}", rule.id);
        assert!(rule.explanation.ends_with('.'), "{}: {}", rule.id, rule.explanation);
        assert!(!rule.remedy.ends_with('.'), "{}: {}", rule.id, rule.remedy);
    }
}

#[test]
fn reports_are_also_json_and_in_colour() {
    let report = report("reference-not-found");
    let json = report.to_json();
    let first = &json[0];
    assert_eq!(first["rule"], "reference-not-found");
    assert_eq!(first["severity"], "error");
    assert_eq!(first["file"], "document.yaml");
    assert!(first["start"]["line"].as_u64() > Some(1));
    assert!(first["help"][0].as_str().unwrap().starts_with("did you mean"));
    assert!(report.render(RenderStyle::Coloured).contains('\u{1b}'));
}
