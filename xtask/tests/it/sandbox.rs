//! A project folder for one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small document that generates without a word of complaint.
pub(crate) const CHAT: &str = "\
asyncapi: 3.0.0
info: { title: Chat, version: 1.0.0 }
channels:
  chat:
    address: /ws
    x-topics:
      messages:
        params: { $ref: '#/components/schemas/Room' }
        update: { $ref: '#/components/schemas/Message' }
components:
  schemas:
    Room: { type: object, required: [room], properties: { room: { type: string } } }
    Message: { type: object, required: [text], properties: { text: { type: string } } }
";

pub(crate) struct Sandbox {
    pub(crate) root: PathBuf,
}

/// How a task ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Sandbox {
    /// An empty folder, called like the test.
    pub(crate) fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // Left over from an earlier run, perhaps.
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("asyncapi")).expect("a folder for the test");
        Self { root }
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a path below the root")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// All files, relative to the root, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(&self.root, &mut found);
        let relative = |path: &PathBuf| path.strip_prefix(&self.root).expect("below").display().to_string();
        let mut files: Vec<String> = found.iter().map(relative).collect();
        files.sort();
        files
    }

    /// Runs a task here.
    pub(crate) fn xtask(&self, arguments: &[&str]) -> Ended {
        self.xtask_with(arguments, &[])
    }

    /// The same with environment variables.
    pub(crate) fn xtask_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .env("BELLWIRE_ROOT", &self.root)
            .env_remove("UPDATE_GOLDEN")
            .envs(variables.iter().copied())
            .current_dir(&self.root)
            .output()
            .expect("the task starts");
        Ended {
            code: output.status.code().expect("no signal"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list(&path, found);
        } else {
            found.push(path);
        }
    }
}
