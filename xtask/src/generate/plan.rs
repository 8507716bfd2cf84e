//! What is to be on the disk: for each document its outputs, as paths and contents. Nothing is written here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use bellwire_codegen::diagnostics::Report;
use bellwire_codegen::model::Api;
use bellwire_codegen::{
    AsyncApiVersion, LoadOptions, OutputFile, Perspective, RustOptions, TypeScriptOptions, editor_schema,
    emit_asyncapi, emit_docs, emit_rust, emit_typescript,
};

use super::disk::Disk;
use crate::terminal::Terminal;

/// The folder of the documents, below the root.
const DOCUMENTS: &str = "asyncapi";
/// Below these, `<api>/generated` and `<api>` belong to the generator.
const RUST: &str = "server/src/bin";
const TYPESCRIPT: &str = "clients-ts/generated";

/// What a run is about.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) jobs: Vec<Job>,
    /// Folders to look through for stale files.
    pub(super) sweeps: Vec<Sweep>,
    /// Where the JSON Schema goes by which editors complete and check documents.
    pub(super) editor_schema: Option<PathBuf>,
}

/// One document and where its outputs go.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) document: PathBuf,
    /// How generated files call the document: never a path of this machine.
    pub(super) source: String,
    pub(super) perspective: Perspective,
    pub(super) outputs: Vec<Output>,
}

/// One kind of output. A new emitter is one more row here and in `render`.
#[derive(Debug, Clone)]
pub(super) enum Output {
    /// A Rust module and the documents that it serves.
    Rust(PathBuf),
    /// A TypeScript client.
    TypeScript(PathBuf),
    /// The document, AsyncAPI 3.0.0.
    AsyncApi(PathBuf),
    /// The docs page.
    Docs(PathBuf),
}

/// A folder in which generated files that nobody plans any more are stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sweep {
    pub(super) folder: PathBuf,
    /// Only files that say they come from this document; `None` where the whole folder is the generator's.
    pub(super) source: Option<String>,
}

/// Everything that one run will write, unless a document has a mistake.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) files: BTreeMap<PathBuf, String>,
    pub(super) sweeps: Vec<Sweep>,
    pub(super) reports: Vec<Report>,
    pub(super) has_errors: bool,
    pub(super) documents: usize,
    /// Every file that was read.
    pub(super) read: Vec<PathBuf>,
}

/// A job per document of the project; its folders are swept whether or not a document still claims them.
pub(super) fn project(root: &Path) -> Result<Work> {
    let mut work = Work::default();
    let mut folders = Vec::new();
    for document in documents(&root.join(DOCUMENTS))? {
        let Some(name) = document.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let (rust, typescript) =
            (root.join(RUST).join(name).join("generated"), root.join(TYPESCRIPT).join(name));
        folders.extend([rust.clone(), typescript.clone()]);
        work.jobs.push(Job {
            source: format!("{DOCUMENTS}/{}", document.file_name().unwrap_or_default().to_string_lossy()),
            perspective: Perspective::Server,
            outputs: vec![Output::Rust(rust), Output::TypeScript(typescript)],
            document,
        });
    }
    folders.extend(subfolders(&root.join(RUST)).into_iter().map(|folder| folder.join("generated")));
    folders.extend(subfolders(&root.join(TYPESCRIPT)));
    folders.sort();
    folders.dedup();
    work.editor_schema = Some(root.join(DOCUMENTS).join("bellwire.schema.json"));
    work.sweeps = folders.into_iter().map(|folder| Sweep { folder, source: None }).collect();
    Ok(work)
}

/// One document, anywhere.
pub(super) fn single(document: &Path, perspective: Perspective, outputs: Vec<Output>) -> Work {
    let relative = document.is_relative() && !document.starts_with("..");
    let named = if relative { document } else { document.file_name().map_or(document, Path::new) };
    let source = named.to_string_lossy().replace('\\', "/");
    let sweeps = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Rust(folder) | Output::TypeScript(folder) => Some(folder.clone()),
            Output::AsyncApi(_) | Output::Docs(_) => None,
        })
        .map(|folder| Sweep { folder, source: Some(source.clone()) })
        .collect();
    let job = Job { document: document.to_path_buf(), source, perspective, outputs };
    Work { jobs: vec![job], sweeps, editor_schema: None }
}

/// Documents stand directly in the folder; what they refer to stands in folders beside them.
fn documents(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut documents = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if is_yaml && path.is_file() {
            documents.push(path);
        }
    }
    documents.sort();
    if documents.is_empty() {
        bail!("{} holds no document; `cargo xtask new NAME` writes one", folder.display());
    }
    Ok(documents)
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// Loads every document and renders its outputs; mistakes of all documents are collected.
pub(super) fn make(work: &Work, terminal: &Terminal) -> Result<Plan> {
    let mut plan = Plan { sweeps: work.sweeps.clone(), documents: work.jobs.len(), ..Plan::default() };
    if let Some(path) = &work.editor_schema {
        plan.files.insert(path.clone(), format!("{:#}\n", editor_schema()));
    }
    for job in &work.jobs {
        terminal.progress(&format!("generating from {} …", job.source));
        let disk = Disk::default();
        let loaded =
            bellwire_codegen::load(&job.document, &disk, &LoadOptions { perspective: job.perspective });
        plan.read.extend(disk.asked());
        match loaded {
            Ok(loaded) => {
                plan.reports.push(loaded.report);
                add(&mut plan, job, &loaded.api)?;
            }
            Err(report) => {
                plan.has_errors = true;
                plan.reports.push(report);
            }
        }
    }
    Ok(plan)
}

fn add(plan: &mut Plan, job: &Job, api: &Api) -> Result<()> {
    for output in &job.outputs {
        for (path, contents) in render(output, api, &job.source) {
            if plan.files.insert(path.clone(), contents).is_some() {
                bail!("two outputs would be written to {}", path.display());
            }
        }
    }
    Ok(())
}

fn render(output: &Output, api: &Api, source: &str) -> Vec<(PathBuf, String)> {
    let below = |folder: &Path, files: Vec<OutputFile>| -> Vec<(PathBuf, String)> {
        files.into_iter().map(|file| (folder.join(file.path), file.contents)).collect()
    };
    match output {
        Output::Rust(folder) => {
            let mut files = below(folder, emit_rust(api, &RustOptions::new(source)));
            files.extend([
                (folder.join("asyncapi.json"), emit_asyncapi(api, AsyncApiVersion::V3_0_0)),
                (folder.join("asyncapi-2.4.0.json"), emit_asyncapi(api, AsyncApiVersion::V2_4_0)),
                (folder.join("docs.html"), emit_docs(api)),
            ]);
            files
        }
        Output::TypeScript(folder) => {
            below(folder, emit_typescript(api, &TypeScriptOptions { source: source.to_owned() }))
        }
        Output::AsyncApi(file) => vec![(file.clone(), emit_asyncapi(api, AsyncApiVersion::V3_0_0))],
        Output::Docs(file) => vec![(file.clone(), emit_docs(api))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_called_by_a_path_that_holds_elsewhere() {
        let cases = [
            ("chat.yaml", "chat.yaml"),
            ("docs/chat.yaml", "docs/chat.yaml"),
            ("../chat.yaml", "chat.yaml"),
            ("/srv/chat.yaml", "chat.yaml"),
        ];
        for (given, expected) in cases {
            let work = single(Path::new(given), Perspective::Server, Vec::new());
            assert_eq!(work.jobs[0].source, expected);
        }
    }
}
