//! Reading YAML: values, places, and what is refused.

use std::path::Path;

use bellwire_codegen::diagnostics::Diagnostics;
use bellwire_codegen::source::SourceMap;
use bellwire_codegen::spec::References;
use serde_json::json;

use crate::files::{Texts, json_of};

/// Rules that reading a text breaks, each with the text it points at.
fn refused(text: &str) -> Vec<(&'static str, String)> {
    let reader = Texts([("t.yaml".into(), text.to_owned())].into());
    let (mut sources, mut sink) = (SourceMap::default(), Diagnostics::default());
    drop(References::read(Path::new("t.yaml"), &reader, &mut sources, &mut sink));
    let report = sink.into_report(sources);
    let found = report.diagnostics().iter();
    found.map(|found| (found.rule.id, report.sources().slice(found.span).to_owned())).collect()
}

#[test]
fn values_are_those_of_yaml_1_2() {
    let text = "a: yes\nb: !!str 12\nc: '1'\nd: 2026-11-21\ne:\nf: |\n  two\n  lines\n200: on\ng: [1.0, 1e2, 0x10]\n";
    let expected = json!({
        "a": "yes", "b": "12", "c": "1", "d": "2026-11-21", "e": null, "f": "two\nlines\n", "200": "on",
        "g": [1.0, 100.0, 16],
    });
    assert_eq!(json_of(text), expected);
}

#[test]
fn json_is_yaml() {
    assert_eq!(json_of("{\"a\":{\"b\":[1,\"\\u00e9\",null]}}"), json!({ "a": { "b": [1, "é", null] } }));
    assert_eq!(json_of("{\n\t\"a\": [\n\t\t1\n\t]\n}\n"), json!({ "a": [1] }));
}

#[test]
fn aliases_and_merge_keys_bring_copies() {
    let text = "base: &base { a: 1, b: 2 }
more: &more { b: 3, c: 4 }
x: { <<: *base, b: 5 }
y: { a: 9, <<: [*base, *more] }
z: *base
";
    let json = json_of(text);
    assert_eq!(json["x"], json!({ "a": 1, "b": 5 }));
    assert_eq!(json["y"], json!({ "a": 9, "b": 2, "c": 4 }));
    assert_eq!(json["z"], json!({ "a": 1, "b": 2 }));
    assert_eq!(json_of("{ &key name: x, of: *key }"), json!({ "name": "x", "of": "name" }));
}

#[test]
fn mistakes_are_pointed_at() {
    assert_eq!(refused("é: 1\nb: 2\né: 3\n"), [("duplicate-key", "é".to_owned())]);
    assert_eq!(refused("a: {b: 1, b: 2}\r\n"), [("duplicate-key", "b".to_owned())]);
    assert_eq!(refused("a: .nan\n"), [("unsupported-yaml", ".nan".to_owned())]);
    assert_eq!(refused("a: 1\n---\nb: 2\n")[0].0, "unsupported-yaml");
    assert_eq!(refused("a: &x [*x]\n")[0].0, "unsupported-yaml");
    assert_eq!(refused("a: *nowhere\n")[0].0, "invalid-yaml");
    let anchors: String = (0..80).map(|level| format!("&a{level} [")).collect();
    let text = format!("a: {anchors}{}{}\n", "0, ".repeat(5000), "]".repeat(80));
    assert_eq!(refused(&text)[0].0, "document-too-large");
    assert_eq!(refused("")[0].0, "invalid-yaml");
    assert_eq!(refused("a: [1\n")[0].0, "invalid-yaml");
}
