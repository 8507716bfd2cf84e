//! Files for the generator, which has no IO of its own.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::{fs, io};

use bellwire_codegen::FileReader;

/// Reads from the disk and remembers what was asked for, found or not, so that it can be watched.
#[derive(Debug, Default)]
pub(super) struct Disk {
    asked: RefCell<Vec<PathBuf>>,
}

impl Disk {
    /// Every path the generator asked for.
    pub(super) fn asked(self) -> Vec<PathBuf> {
        self.asked.into_inner()
    }
}

impl FileReader for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.asked.borrow_mut().push(path.to_path_buf());
        fs::read_to_string(path)
    }
}
