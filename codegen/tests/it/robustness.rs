//! Whatever the bytes: an answer, never a panic, and in reasonable time.

use std::fs;
use std::sync::OnceLock;

use bellwire_codegen::{Perspective, RenderStyle, emit_docs};
use proptest::prelude::*;

use crate::files::{load_text, tests};

fn survives(text: &str) {
    match load_text(text, Perspective::Client) {
        Ok(loaded) => drop(loaded.report.render(RenderStyle::Plain)),
        Err(report) => {
            assert!(report.error_count() > 0);
            drop(report.render(RenderStyle::Coloured));
        }
    }
}

/// Every fixture, and a document that is right.
fn seeds() -> &'static [String] {
    static SEEDS: OnceLock<Vec<String>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let document = |id: &str| tests().join("diagnostics").join(id).join("document.yaml");
        let fixtures =
            bellwire_codegen::rules::all().filter_map(|rule| fs::read_to_string(document(rule.id)).ok());
        let right = fs::read_to_string(tests().join("samples/gemini.yml")).unwrap();
        fixtures.chain([right]).collect()
    })
}

/// Pieces that break things when they stand in the wrong place.
const PIECES: [&str; 24] = [
    "*a",
    "&a ",
    "<<: *a",
    "$ref: '#'",
    "$ref: '#/'",
    "$ref: '#/channels'",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "'",
    "\"",
    "\n",
    "\t",
    "null",
    "- - - ",
    "? ",
    "!!str ",
    "é\u{10ffff}",
    "\u{feff}",
    "---\n",
    "99999999999999999999",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_documents(seed in 0usize..200, edits in prop::collection::vec((any::<u32>(), 0u32..40, 0usize..24), 1..6)) {
        let seeds = seeds();
        let mut text: Vec<char> = seeds[seed % seeds.len()].chars().collect();
        for (at, cut, piece) in edits {
            let at = at as usize % (text.len() + 1);
            let end = (at + cut as usize).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        survives(&text.into_iter().collect::<String>());
    }

    #[test]
    fn arbitrary_text(text in any::<String>()) {
        survives(&text);
    }
}

#[test]
fn deep_nesting() {
    for unit in ["[", "{a: ", "- ", "? ", "!!map {a: "] {
        survives(&unit.repeat(20_000));
        survives(&format!("asyncapi: 3.0.0\nx-deep: {}", unit.repeat(90)));
    }
}

#[test]
fn deep_schemas() {
    let open = "{ type: object, properties: { a: ".repeat(40);
    let close = " } }".repeat(40);
    survives(&format!(
        "asyncapi: 3.0.0\ninfo: {{ title: T, version: 1.0.0 }}\ncomponents:\n  schemas:\n    Deep: {open}true{close}\n"
    ));
}

#[test]
fn expanding_aliases() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let last = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{last}]\n"));
    }
    survives(&text);
    survives("a: &a [*a]\n");
    survives("a: &a { <<: *a, b: 1 }\n");
}

#[test]
fn references_that_multiply() {
    let mut text =
        "asyncapi: 3.0.0\ninfo: { title: T, version: 1.0.0 }\ncomponents:\n  schemas:\n".to_owned();
    for level in 0..30 {
        let next = level + 1;
        text.push_str(&format!(
            "    S{level}: {{ allOf: [{{ $ref: '#/components/schemas/S{next}' }}, {{ $ref: '#/components/schemas/S{next}' }}] }}\n"
        ));
    }
    text.push_str("    S30: { type: object, properties: { a: { type: string } } }\n");
    text.push_str(
        "channels:\n  c:\n    address: /\n    x-topics:\n      t:\n        params: { $ref: '#/components/schemas/S0' }\n        update: { $ref: '#/components/schemas/S0' }\n",
    );
    survives(&text);
}

/// A document about `S0`, with `level` for each of the schemas before the last.
fn chained(levels: usize, level: impl Fn(usize, &str) -> String) -> String {
    let mut text = "asyncapi: 3.0.0\ninfo: { title: T, version: 1.0.0 }\nchannels:\n  c:\n    address: /\n    messages: { m: { payload: { $ref: '#/components/schemas/S0' } } }\noperations:\n  o: { action: send, channel: { $ref: '#/channels/c' } }\ncomponents:\n  schemas:\n".to_owned();
    for at in 0..levels {
        let next = format!("{{ $ref: '#/components/schemas/S{}' }}", at + 1);
        text.push_str(&format!("    S{at}: {}\n", level(at, &next)));
    }
    text.push_str(&format!(
        "    S{levels}: {{ type: object, required: [k], properties: {{ k: {{ const: last }} }} }}\n"
    ));
    text
}

#[test]
fn unions_that_multiply() {
    // Two to the power of forty members are asked for a tag here.
    survives(&chained(40, |at, next| {
        format!(
            "{{ oneOf: [{next}, {{ allOf: [{next}, {{ properties: {{ p{at}: {{ type: string }} }} }}] }}] }}"
        )
    }));
    let layers = (0..120).map(|at| {
        let below =
            (0..30).map(|arm| format!("{{ $ref: '#/components/schemas/S{}' }}", at / 30 * 30 + 30 + arm));
        format!("{{ oneOf: [{}] }}", below.collect::<Vec<_>>().join(", "))
    });
    let layers: Vec<String> = layers.collect();
    let mut text = chained(120, |at, _| layers[at].clone());
    for leaf in 121..150 {
        text.push_str(&format!(
            "    S{leaf}: {{ type: object, required: [k], properties: {{ k: {{ const: v{leaf} }} }} }}\n"
        ));
    }
    survives(&text);
}

#[test]
fn long_chains() {
    survives(&chained(3_000, |_, next| format!("{{ type: object, properties: {{ p: {next} }} }}")));
    survives(&chained(3_000, |_, next| format!("{{ type: array, items: {next} }}")));
    survives(&chained(1_000, |at, next| {
        format!("{{ allOf: [{next}, {{ properties: {{ p{at}: {{ type: string }} }} }}] }}")
    }));
    survives(&chained(500, |at, next| {
        format!(
            "{{ oneOf: [{next}, {{ type: object, required: [k], properties: {{ k: {{ const: v{at} }} }} }}] }}"
        )
    }));
    survives(&chained(500, |_, next| next.to_owned()));
}

#[test]
fn descriptions_that_open_and_never_close() {
    for piece in ["[ ", "[", "< ", "<", "[a](x", "*a ", "**a ", "_a ", "` `` ", "*a _b **c __d "] {
        let text = format!("{}>])", piece.repeat(20_000));
        let text = format!(
            "asyncapi: 3.0.0\ninfo: {{ title: T, version: 1.0.0, description: '{text}' }}\nchannels:\n  c:\n    address: /\n    x-broadcasts: {{ b: {{ payload: {{ type: string }} }} }}\n"
        );
        let page = emit_docs(&load_text(&text, Perspective::Server).unwrap().api);
        assert!(page.contains("<h1"), "{piece}");
    }
}

#[test]
fn references_in_circles() {
    survives(
        "asyncapi: 3.0.0\ninfo: { title: T, version: 1.0.0 }\nservers: { a: { $ref: '#/servers/a/x' } }\nchannels:\n  c: { $ref: '#/channels/c' }\n  d: { $ref: '#/channels/d/messages' }\noperations:\n  o: { $ref: '#/operations/o/traits' }\n",
    );
}
