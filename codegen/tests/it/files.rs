//! Files for tests: folders of the repository, and documents written in place.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use bellwire_codegen::{FileReader, LoadOptions, Loaded, Perspective, Report, load};

/// The crate's `tests` folder.
pub(crate) fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Reads below a folder, so that reports name paths relative to it.
#[derive(Debug)]
pub(crate) struct Below(pub(crate) PathBuf);

impl FileReader for Below {
    fn read(&self, path: &Path) -> io::Result<String> {
        fs::read_to_string(self.0.join(path))
    }
}

/// Documents in memory.
#[derive(Debug)]
pub(crate) struct Texts(pub(crate) HashMap<PathBuf, String>);

impl FileReader for Texts {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file"))
    }
}

/// Loads one document given as text.
pub(crate) fn load_text(text: &str, perspective: Perspective) -> Result<Loaded, Report> {
    let reader = Texts(HashMap::from([("test.yaml".into(), text.to_owned())]));
    load(Path::new("test.yaml"), &reader, &LoadOptions { perspective })
}

/// Compares with a file, or writes it under `UPDATE_GOLDEN=1`.
pub(crate) fn golden(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == actual,
        "{} is not what it was; look at the difference, then run with UPDATE_GOLDEN=1\n--- expected\n{expected}\n--- actual\n{actual}",
        path.display()
    );
}

/// A YAML text as JSON, read the way documents are.
pub(crate) fn json_of(text: &str) -> serde_json::Value {
    use bellwire_codegen::diagnostics::Diagnostics;
    use bellwire_codegen::source::SourceMap;
    use bellwire_codegen::spec::References;

    let reader = Texts(HashMap::from([("test.yaml".into(), text.to_owned())]));
    let mut sink = Diagnostics::default();
    let references = References::read(Path::new("test.yaml"), &reader, &mut SourceMap::default(), &mut sink);
    references.unwrap().root().to_json()
}
