//! Where the document of an invocation stands, and how its files are read.

use std::path::{Path, PathBuf};
use std::{fs, io};

use bellwire_codegen::FileReader;

/// A folder, and everything below it that a document may refer to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// The nearest folder that has the document: the package's own, or one above it.
    pub(crate) fn find(package: &Path, document: &Path) -> Result<Self, String> {
        let found = package.ancestors().find(|folder| folder.join(document).is_file());
        found.map(|folder| Self(folder.to_owned())).ok_or_else(|| {
            format!("there is no `{}` in the package's folder or in any above it", document.display())
        })
    }

    /// The whole path of a file that a load has read.
    pub(crate) fn absolute(&self, file: &Path) -> PathBuf {
        self.0.join(file)
    }
}

impl FileReader for Root {
    fn read(&self, path: &Path) -> io::Result<String> {
        fs::read_to_string(self.absolute(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_comes_before_the_workspace() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = Root::find(package, Path::new("src/lib.rs")).unwrap();
        assert_eq!(own.absolute(Path::new("src/lib.rs")), package.join("src/lib.rs"));
        let shared = Root::find(package, Path::new("asyncapi/trading.yaml")).unwrap();
        assert!(shared.absolute(Path::new("Cargo.lock")).is_file());
    }

    #[test]
    fn a_missing_document_is_named() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let message = Root::find(package, Path::new("asyncapi/missing.yaml")).unwrap_err();
        assert_eq!(message, "there is no `asyncapi/missing.yaml` in the package's folder or in any above it");
    }
}
