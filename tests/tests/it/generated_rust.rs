//! All generated Rust compiles without a warning: one package with a module per document, checked by one cargo run.
//!
//! The package stands in the target folder and uses the workspace's lock file, lints and artefacts, so that it needs no
//! network and builds nothing twice.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use bellwire_codegen::model::Api;
use bellwire_codegen::{
    AsyncApiVersion, FileReader, LoadOptions, RustOptions, emit_asyncapi, emit_docs, emit_rust, load,
};
use e2e::project_root;

struct Disk;

impl FileReader for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        fs::read_to_string(path)
    }
}

#[test]
fn compiles_without_a_warning() {
    let root = project_root();
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated-rust");
    let mut written = Files::default();
    written.add(package.join("Cargo.toml"), manifest(&root));
    let mut modules = "//! The output of every document of the project.\n".to_owned();
    for (name, document) in documents(&root) {
        let api = match load(&document, &Disk, &LoadOptions::default()) {
            Ok(loaded) => loaded.api,
            Err(report) => panic!("{report}"),
        };
        let summary = document.strip_prefix(&root).unwrap_or(&document).display();
        writeln!(modules, "/// From `{summary}`.\npub mod {name};").unwrap();
        written.add_output(&package.join("src").join(&name), &api);
    }
    written.add(package.join("src/lib.rs"), modules);
    written.write(&package.join("src"));
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["clippy", "--offline", "--quiet", "--lib", "--target-dir"])
        .arg(target)
        .args(["--", "-D", "warnings"])
        .current_dir(&package)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Module name and path of each document: golden cases, samples, and the project's own.
fn documents(root: &Path) -> Vec<(String, PathBuf)> {
    let tests = root.join("codegen/tests");
    let golden =
        entries(&tests.join("golden")).into_iter().map(|case| ("golden", case.join("document.yaml")));
    let samples = entries(&tests.join("samples")).into_iter().map(|sample| ("sample", sample));
    let own = entries(&root.join("asyncapi")).into_iter().map(|document| ("asyncapi", document));
    let all = golden.chain(samples).chain(own);
    let documents = all.filter(|(_, path)| {
        path.is_file() && ["yaml", "yml"].map(OsStr::new).contains(&path.extension().unwrap_or_default())
    });
    documents
        .map(|(kind, path)| {
            let stem = if kind == "golden" { path.parent().unwrap().file_name() } else { path.file_stem() };
            (format!("{kind}_{}", stem.unwrap().to_string_lossy().replace('-', "_")), path)
        })
        .collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .map_or_else(|_| Vec::new(), |entries| entries.map(|entry| entry.unwrap().path()).collect());
    entries.sort();
    entries
}

/// A manifest with the workspace's lints and profiles, so that the same is demanded and the same artefacts fit.
fn manifest(root: &Path) -> String {
    let workspace = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let from_lints = workspace.find("[workspace.lints").map_or("", |at| &workspace[at..]);
    let settings = from_lints.replace("[workspace.lints", "[lints");
    format!(
        "[workspace]\n\n[package]\nname = \"generated-rust\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nbellwire = {{ path = {:?}, default-features = false }}\n\n{settings}",
        root.join("server")
    )
}

/// Files on their way to the disk.
#[derive(Default)]
struct Files(Vec<(PathBuf, String)>);

impl Files {
    fn add(&mut self, path: PathBuf, contents: String) {
        self.0.push((path, contents));
    }

    fn add_output(&mut self, folder: &Path, api: &Api) {
        for file in emit_rust(api, &RustOptions::new("document.yaml")) {
            self.add(folder.join(file.path), file.contents);
        }
        self.add(folder.join("asyncapi.json"), emit_asyncapi(api, AsyncApiVersion::V3_0_0));
        self.add(folder.join("asyncapi-2.4.0.json"), emit_asyncapi(api, AsyncApiVersion::V2_4_0));
        self.add(folder.join("docs.html"), emit_docs(api));
    }

    /// Writes what has changed, so that a second run compiles nothing, and removes what is no longer generated.
    fn write(&self, owned: &Path) {
        for (path, contents) in &self.0 {
            if fs::read_to_string(path).is_ok_and(|present| present == *contents) {
                continue;
            }
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        let mut open = vec![owned.to_owned()];
        while let Some(folder) = open.pop() {
            for path in entries(&folder) {
                if path.is_dir() {
                    open.push(path);
                } else if !self.0.iter().any(|(written, _)| *written == path) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
    }
}
