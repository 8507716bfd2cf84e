//! `--watch`: generate again after every save; mistakes are printed and waiting goes on.
//!
//! Polls: it works on every file system, and a handful of small files costs nothing to look at.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};
use std::{fs, io};

use anyhow::Result;

use super::plan::Work;
use crate::terminal::{Style, Terminal};

const INTERVAL: Duration = Duration::from_millis(150);

/// Runs until interrupted.
pub(super) fn run(work: &dyn Fn() -> Result<Work>, terminal: &Terminal) -> Result<bool> {
    loop {
        let mut watched = Vec::new();
        match work().and_then(|work| super::once(&work, false, false, terminal)) {
            Ok(once) => watched = once.read,
            Err(error) => terminal.error(&format!("{error:#}")),
        }
        add_neighbours(&mut watched);
        let before = fingerprint(&watched);
        terminal.line(&terminal.paint(Style::Faint, "waiting for a change; Ctrl-C ends"));
        while fingerprint(&watched) == before {
            pause();
        }
        settle(&watched);
    }
}

/// An editor may write in several steps: wait until two looks in a row see the same.
fn settle(watched: &[PathBuf]) {
    let mut seen = fingerprint(watched);
    loop {
        pause();
        let now = fingerprint(watched);
        if now == seen {
            return;
        }
        seen = now;
    }
}

fn pause() {
    // Nobody unparks this thread; waking early by chance only means looking once more.
    thread::park_timeout(INTERVAL);
}

/// The folders of the files too, so that a new document or a file that was missing is noticed.
fn add_neighbours(watched: &mut Vec<PathBuf>) {
    let folders: Vec<PathBuf> =
        watched.iter().filter_map(|path| path.parent().map(Path::to_path_buf)).collect();
    watched.extend(folders);
    watched.sort();
    watched.dedup();
}

/// What a save changes: time and size of each file.
fn fingerprint(watched: &[PathBuf]) -> Vec<Option<(SystemTime, u64)>> {
    let look = |path: &PathBuf| -> io::Result<(SystemTime, u64)> {
        let data = fs::metadata(path)?;
        Ok((data.modified()?, data.len()))
    };
    watched.iter().map(|path| look(path).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saving_creating_and_removing_change_the_fingerprint() {
        let folder = crate::project::root().join("target/xtask-tests/watch");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the test");
        let file = folder.join("chat.yaml");
        let watched = [file.clone()];
        let mut seen = vec![fingerprint(&watched)];
        for text in ["a", "ab"] {
            fs::write(&file, text).expect("a file");
            seen.push(fingerprint(&watched));
        }
        fs::remove_file(&file).expect("the file goes");
        assert_ne!(seen[0], seen[1]);
        assert_ne!(seen[1], seen[2]);
        assert_eq!(fingerprint(&watched), seen[0]);
    }
}
