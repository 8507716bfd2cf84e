//! From the plan to the disk: what differs, and the writing of it, all of it or nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::plan::{Plan, Sweep};
use crate::tidy::{HEADERLESS, header};

/// Marks a file that is being written; one left behind by a crash is overwritten by the next run.
const UNFINISHED: &str = ".bellwire-unfinished";

/// The difference between plan and disk.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// New or different files, with what they are to contain and what they contain now.
    pub(super) written: Vec<Write>,
    /// Files that carry our header and that no document makes any more.
    pub(super) removed: Vec<PathBuf>,
    /// How many files are as planned.
    pub(super) unchanged: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) path: PathBuf,
    pub(super) contents: String,
    /// `None` where there is no file yet.
    pub(super) before: Option<String>,
}

impl Changes {
    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }

    /// How many files the plan and the disk agree on.
    pub(crate) fn unchanged(&self) -> usize {
        self.unchanged
    }
}

/// Looks at the disk; changes nothing.
pub(super) fn compare(plan: &Plan) -> Result<Changes> {
    let mut changes = Changes::default();
    for (path, contents) in &plan.files {
        let before = read(path)?;
        if before.as_ref() == Some(contents) {
            changes.unchanged += 1;
        } else {
            changes.written.push(Write { path: path.clone(), contents: contents.clone(), before });
        }
    }
    for sweep in &plan.sweeps {
        stale(sweep, &sweep.folder, &plan.files, &mut changes.removed)?;
    }
    changes.removed.sort();
    Ok(changes)
}

fn read(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn stale(
    sweep: &Sweep,
    folder: &Path,
    planned: &BTreeMap<PathBuf, String>,
    found: &mut Vec<PathBuf>,
) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot list {}", folder.display())),
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            stale(sweep, &path, planned, found)?;
        } else if !planned.contains_key(&path) && is_ours(sweep, &path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a file may be removed: it says that it was generated, or it has one of the names that cannot say so.
fn is_ours(sweep: &Sweep, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if sweep.source.is_none() && HEADERLESS.contains(&name.as_ref()) {
        return true;
    }
    let Ok(bytes) = fs::read(path) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    let Some(rest) = header(&text) else { return false };
    sweep.source.as_ref().is_none_or(|source| rest.starts_with(&format!("{source}. ")))
}

/// Writes and removes; if anything fails, everything is as it was before.
pub(super) fn write(changes: &Changes) -> Result<()> {
    let mut staged = Vec::new();
    for write in &changes.written {
        if let Err(error) = stage(write) {
            discard(&staged);
            return Err(error)
                .with_context(|| format!("cannot write {}; nothing was changed", write.path.display()));
        }
        staged.push(unfinished(&write.path));
    }
    let mut done = Vec::new();
    for write in &changes.written {
        if let Err(error) = fs::rename(unfinished(&write.path), &write.path) {
            restore(&done);
            discard(&staged);
            return Err(error)
                .with_context(|| format!("cannot replace {}; nothing was changed", write.path.display()));
        }
        done.push(write);
    }
    for path in &changes.removed {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
        remove_empty_folders(path);
    }
    Ok(())
}

fn stage(write: &Write) -> io::Result<()> {
    if let Some(folder) = write.path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(unfinished(&write.path), &write.contents)
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}

// Both undo as much as they can: the error that led here is the one to report.
fn discard(staged: &[PathBuf]) {
    for path in staged {
        let _ = fs::remove_file(path);
    }
}

fn restore(done: &[&Write]) {
    for write in done {
        let _ = match &write.before {
            Some(before) => fs::write(&write.path, before),
            None => fs::remove_file(&write.path),
        };
    }
}

/// A folder whose last file went is of no use; one with other files stays, and so do its parents.
fn remove_empty_folders(path: &Path) {
    for folder in path.ancestors().skip(1) {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Generated by `cargo xtask generate` from ";

    fn sandbox(name: &str) -> PathBuf {
        let folder = crate::project::root().join("target/xtask-tests").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the test");
        folder
    }

    fn plan(folder: &Path, files: &[(&str, &str)], source: Option<&str>) -> Plan {
        Plan {
            files: files.iter().map(|(path, text)| (folder.join(path), (*text).to_owned())).collect(),
            sweeps: vec![Sweep { folder: folder.to_path_buf(), source: source.map(str::to_owned) }],
            ..Plan::default()
        }
    }

    fn listing(folder: &Path) -> Vec<String> {
        let tree = crate::project::Tree::read(folder).expect("a readable folder");
        tree.files.into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn writes_what_differs_and_removes_what_is_stale() {
        let folder = sandbox("apply");
        let header = format!("// {HEADER}asyncapi/chat.yaml. Do not edit.\n");
        fs::create_dir_all(folder.join("old")).expect("a folder");
        for (path, text) in
            [("same.rs", "1"), ("drifted.rs", "old"), ("old/gone.rs", &header), ("mine.rs", "// mine\n")]
        {
            fs::write(folder.join(path), text).expect("a file");
        }
        let plan = plan(&folder, &[("same.rs", "1"), ("drifted.rs", "new"), ("types/new.rs", "2")], None);
        let changes = compare(&plan).expect("a comparison");
        let written: Vec<_> = changes.written.iter().map(|write| write.path.clone()).collect();
        assert_eq!(written, [folder.join("drifted.rs"), folder.join("types/new.rs")]);
        assert_eq!((changes.unchanged, changes.removed.clone()), (1, vec![folder.join("old/gone.rs")]));
        write(&changes).expect("everything written");
        assert_eq!(listing(&folder), ["drifted.rs", "mine.rs", "same.rs", "types/new.rs"]);
        assert!(!folder.join("old").exists());
        assert!(compare(&plan).expect("a comparison").is_empty());
    }

    #[test]
    fn files_of_another_document_are_not_stale() {
        let folder = sandbox("other-document");
        fs::write(folder.join("a.rs"), format!("// {HEADER}a.yaml. Do not edit.\n")).expect("a file");
        fs::write(folder.join("b.rs"), format!("// {HEADER}b.yaml. Do not edit.\n")).expect("a file");
        let changes = compare(&plan(&folder, &[], Some("a.yaml"))).expect("a comparison");
        assert_eq!(changes.removed, [folder.join("a.rs")]);
    }

    #[test]
    fn nothing_is_changed_when_one_file_cannot_be_written() {
        let folder = sandbox("refused");
        fs::write(folder.join("a.rs"), "old").expect("a file");
        fs::write(folder.join("blocked"), "a file where a folder is needed").expect("a file");
        let mut changes = Changes::default();
        for (path, before) in [("a.rs", Some("old")), ("blocked/b.rs", None)] {
            let before = before.map(str::to_owned);
            changes.written.push(Write { path: folder.join(path), contents: "new".to_owned(), before });
        }
        assert!(write(&changes).is_err());
        assert_eq!(listing(&folder), ["a.rs", "blocked"]);
        assert_eq!(fs::read_to_string(folder.join("a.rs")).expect("the file"), "old");
    }
}
