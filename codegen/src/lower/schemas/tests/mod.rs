//! Tables of schemas and the types they become.
//!
//! A case is `tests/schemas/<case>.yaml`, a mapping of component schemas, beside `<case>.txt`: its types in a compact
//! rendering, then what is reported. `UPDATE_GOLDEN=1` rewrites the latter.

mod properties;
mod render;

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::{Value, json};

use super::SchemaLowering;
use crate::FileReader;
use crate::diagnostics::{Diagnostics, Report};
use crate::model::TypeDef;
use crate::source::SourceMap;
use crate::spec::References;

/// One text under any path.
struct Text(String);

impl FileReader for Text {
    fn read(&self, path: &Path) -> io::Result<String> {
        if path == Path::new("case.yaml") { Ok(self.0.clone()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// Types and reports of a whole document.
fn lower(document: &str) -> (Vec<TypeDef>, Report) {
    let mut sources = SourceMap::default();
    let mut sink = Diagnostics::default();
    let references =
        References::read(Path::new("case.yaml"), &Text(document.to_owned()), &mut sources, &mut sink);
    let types = references.map(|references| SchemaLowering::new(&references).finish(&mut sink));
    (types.unwrap_or_default(), sink.into_report(sources))
}

/// A document of these components.
fn document(schemas: &str) -> String {
    let indented = schemas.lines().map(|line| format!("    {line}\n"));
    format!("asyncapi: 3.0.0\ncomponents:\n  schemas:\n{}", indented.collect::<String>())
}

/// The normalised schemas as a document again.
fn served(types: &[TypeDef]) -> String {
    let mut schemas = serde_json::Map::new();
    for definition in types {
        if let Some(schema) = &definition.schema {
            schemas.insert(definition.name.wire.clone(), schema.clone());
        }
    }
    json!({ "asyncapi": "3.0.0", "components": { "schemas": Value::Object(schemas) } }).to_string()
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    cases.sort();
    cases
}

#[test]
fn schemas_become_the_types_written_beside_them() {
    let mut wrong = Vec::new();
    for case in cases() {
        let (types, report) = lower(&document(&fs::read_to_string(&case).unwrap()));
        let got = format!("{}{}", render::types(&types), render::reports(&report));
        let golden = case.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, got).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != got {
            wrong.push(format!("{}:\n{got}", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "run with UPDATE_GOLDEN=1 if this is meant:\n{}", wrong.join("\n"));
}

#[test]
fn served_schemas_give_the_same_types() {
    for case in cases() {
        let (types, report) = lower(&document(&fs::read_to_string(&case).unwrap()));
        if report.error_count() > 0 {
            continue;
        }
        let (again, _) = lower(&served(&types));
        assert_eq!(render::types(&again), render::types(&types), "{}", case.display());
        assert_eq!(again, types, "{}", case.display());
    }
}

#[test]
fn served_schemas_are_draft_07() {
    for case in cases() {
        let (types, report) = lower(&document(&fs::read_to_string(&case).unwrap()));
        if report.error_count() > 0 {
            continue;
        }
        let served: Value = serde_json::from_str(&served(&types)).unwrap();
        for (name, schema) in served["components"]["schemas"].as_object().unwrap() {
            let outcome = jsonschema::draft7::meta::validate(schema);
            assert!(outcome.is_ok(), "{}: {name}: {}", case.display(), outcome.unwrap_err());
        }
    }
}
