//! Places in the temporary folder that are gone after the test, however it ends.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

/// A path of its own in the temporary folder; whatever is there when it is dropped is removed.
#[derive(Debug)]
pub struct TempPath(PathBuf);

impl TempPath {
    /// Such a path, at which nothing is yet; `name` tells people what it is for.
    #[must_use]
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(env::temp_dir().join(format!("bellwire-e2e-{}-{number}-{name}", process::id())))
    }

    /// An empty folder.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn folder(name: &str) -> Self {
        let path = Self::new(name);
        fs::create_dir(&path).expect("a temporary folder");
        path
    }

    /// The path as an argument of a program.
    ///
    /// # Panics
    /// When the temporary folder is not named in UTF-8.
    #[must_use]
    pub fn argument(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Deref for TempPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for TempPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        // Nothing may be there any more, or never have been.
        let _ = fs::remove_file(&self.0);
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stays_when_a_test_fails() {
        let places = std::panic::catch_unwind(|| {
            let (file, folder, nothing) =
                (TempPath::new("file"), TempPath::folder("folder"), TempPath::new("nothing"));
            fs::write(&file, "x").unwrap();
            fs::write(folder.join("inside"), "x").unwrap();
            let places = [&file, &folder, &nothing].map(|place| place.to_path_buf());
            assert!(file.exists() && folder.exists() && !nothing.exists());
            std::panic::panic_any(places)
        });
        let places: Box<[PathBuf; 3]> = places.unwrap_err().downcast().expect("the places");
        assert!(places.iter().all(|place| !place.exists()), "{places:?}");
    }
}
