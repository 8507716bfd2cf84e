//! The JSON Schema for editors: what stands beside the documents is what the loader reads, no more and no less.

use std::fs;
use std::path::Path;

use bellwire_codegen::editor_schema;

use crate::files::golden;

fn documents() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../asyncapi")
}

#[test]
fn the_file_beside_the_documents_is_current() {
    let text = format!("{}\n", serde_json::to_string_pretty(&editor_schema()).unwrap());
    golden(&documents().join("bellwire.schema.json"), &text);
}

#[test]
fn our_documents_fit_it() {
    let schema = jsonschema::draft7::new(&editor_schema()).unwrap();
    for entry in fs::read_dir(documents()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let document = crate::files::json_of(&text);
        let problems: Vec<String> = schema
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
    }
}

#[test]
fn it_refuses_what_the_loader_refuses() {
    let schema = jsonschema::draft7::new(&editor_schema()).unwrap();
    let document = |channel: &str| {
        crate::files::json_of(&format!(
            "asyncapi: 3.0.0\ninfo: {{ title: T, version: 1.0.0 }}\nchannels:\n  c: {channel}\n"
        ))
    };
    for good in [
        "{ address: /ws, x-connection: { heartbeat: 30s, lifetime: never, maxMessage: 1MiB } }",
        "{ address: null, x-own: 1 }",
        "{ $ref: 'other.yaml#/c' }",
        "{ x-topics: { t: { params: true, update: {}, state: { kind: window, size: 5 } } } }",
    ] {
        assert!(schema.is_valid(&document(good)), "{good}");
    }
    for bad in [
        "{ adress: /ws }",
        "{ x-connection: { heartbeat: 30 } }",
        "{ x-connection: { closes: { not-json: { kode: 1003 } } } }",
        "{ x-topics: { t: { params: {} } } }",
        "{ x-topics: { t: { params: {}, update: {}, state: keyed } } }",
    ] {
        assert!(!schema.is_valid(&document(bad)), "{bad}");
    }
}
