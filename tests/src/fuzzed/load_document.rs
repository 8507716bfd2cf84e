//! The whole generator on one input: two files in memory, every emitter on what loads.

use std::io;
use std::path::Path;

use bellwire_codegen::{
    AsyncApiVersion, FileReader, LoadOptions, Perspective, RustOptions, TypeScriptOptions, emit_asyncapi,
    emit_docs, emit_rust, emit_typescript,
};

/// Divides an input into the document and a file it may refer to as `other.yaml`.
const DIVIDER: &str = "\n=== other.yaml\n";

struct Memory<'a> {
    document: &'a str,
    other: &'a str,
}

impl FileReader for Memory<'_> {
    fn read(&self, path: &Path) -> io::Result<String> {
        match path.to_str() {
            Some("document.yaml") => Ok(self.document.to_owned()),
            Some("other.yaml") => Ok(self.other.to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// Loads the bytes as a document from both sides, renders every mistake, emits everything from what loads.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (document, other) = text.split_once(DIVIDER).unwrap_or((text, "{}"));
    let reader = Memory { document, other };
    for perspective in [Perspective::Server, Perspective::Client] {
        match bellwire_codegen::load(Path::new("document.yaml"), &reader, &LoadOptions { perspective }) {
            Err(report) => {
                assert!(report.error_count() > 0, "a refusal names at least one error");
                let _ = (report.to_string(), report.to_json());
            }
            Ok(loaded) => {
                let api = &loaded.api;
                let _ = emit_rust(api, &RustOptions::new("document.yaml"));
                let _ = emit_typescript(api, &TypeScriptOptions { source: "document.yaml".to_owned() });
                let _ = emit_asyncapi(api, AsyncApiVersion::V3_0_0);
                let _ = emit_asyncapi(api, AsyncApiVersion::V2_4_0);
                let _ = emit_docs(api);
            }
        }
    }
}
