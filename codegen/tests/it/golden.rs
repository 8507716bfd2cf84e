//! Golden folders: `golden/<case>/document.yaml` beside what each emitter makes of it.
//!
//! A new folder is a new case. `UPDATE_GOLDEN=1` writes what the emitters print now; review it like code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use bellwire_codegen::model::Api;
use bellwire_codegen::{
    LoadOptions, OutputFile, RustOptions, TypeScriptOptions, emit_rust, emit_typescript, load,
};

use crate::files::{Below, tests};

/// The document's path as the generated headers name it.
const SOURCE: &str = "document.yaml";

/// Every golden folder, sorted by name.
pub(crate) fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<_> =
        fs::read_dir(tests().join("golden")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.join(SOURCE).is_file());
    cases.sort();
    cases
}

/// The model of a case's document, which has no mistakes.
pub(crate) fn api(case: &Path) -> Api {
    match load(Path::new(SOURCE), &Below(case.to_owned()), &LoadOptions::default()) {
        Ok(loaded) => loaded.api,
        Err(report) => panic!("{}:\n{report}", case.display()),
    }
}

#[test]
fn rust_is_as_expected() {
    check("rust", |api| emit_rust(api, &RustOptions::new(SOURCE)));
}

#[test]
fn typescript_is_as_expected() {
    let options = TypeScriptOptions { source: SOURCE.to_owned() };
    check("typescript", |api| emit_typescript(api, &options));
}

/// Compares every case's files of one emitter: those in the subfolder `place`.
fn check(place: &str, emit: impl Fn(&Api) -> Vec<OutputFile>) {
    let mut differences = Vec::new();
    for case in cases() {
        let folder = case.join(place);
        let emitted = emit(&api(&case)).into_iter().map(|file| (file.path, file.contents)).collect();
        if env::var_os("UPDATE_GOLDEN").is_some() {
            write(&folder, &emitted);
        }
        let name = format!("{}/{place}", case.file_name().unwrap().to_string_lossy());
        differences.extend(compare(&name, &read(&folder), &emitted));
    }
    assert!(
        differences.is_empty(),
        "{}\nUPDATE_GOLDEN=1 cargo test -p bellwire-codegen golden writes them anew",
        differences.join("\n")
    );
}

fn compare(
    name: &str,
    expected: &BTreeMap<PathBuf, String>,
    emitted: &BTreeMap<PathBuf, String>,
) -> Vec<String> {
    let gone = expected.keys().filter(|path| !emitted.contains_key(*path));
    let gone = gone.map(|path| format!("{name}/{}: no longer emitted", path.display()));
    let changed = emitted.iter().filter_map(|(path, contents)| match expected.get(path) {
        None => Some(format!("{name}/{}: not in the golden folder", path.display())),
        Some(golden) if golden != contents => {
            Some(first_difference(&format!("{name}/{}", path.display()), golden, contents))
        }
        Some(_) => None,
    });
    gone.chain(changed).collect()
}

fn first_difference(name: &str, golden: &str, emitted: &str) -> String {
    let (mut left, mut right) = (golden.lines(), emitted.lines());
    let mut line = 1;
    loop {
        match (left.next(), right.next()) {
            (Some(left), Some(right)) if left == right => line += 1,
            (left, right) => {
                let show = |text: Option<&str>| text.unwrap_or("the end").to_owned();
                return format!("{name}:{line}:\n  golden  {}\n  emitted {}", show(left), show(right));
            }
        }
    }
}

fn write(folder: &Path, files: &BTreeMap<PathBuf, String>) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    for (path, contents) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
}

fn read(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop().filter(|next| next.is_dir()) {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let relative = path.strip_prefix(folder).unwrap().to_owned();
                files.insert(relative, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}
