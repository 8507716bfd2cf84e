//! The texts that were read and places inside them.
//!
//! A leaf: knows nothing of YAML or AsyncAPI. Offsets are bytes everywhere; only people see lines and columns.

use std::path::{Path, PathBuf};

/// One file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(usize);

/// A stretch of one file, as byte offsets into its text; `end` is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// Which file.
    pub file: FileId,
    /// First byte.
    pub start: usize,
    /// One past the last byte; equal to `start` for an empty place such as a value that was left out.
    pub end: usize,
}

impl Span {
    /// A stretch of `file`.
    #[must_use]
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        Self { file, start, end: end.max(start) }
    }
}

/// A place as people count: both from one, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineColumn {
    /// Line, from one.
    pub line: usize,
    /// Character in the line, from one.
    pub column: usize,
}

/// A file's path, text and the offsets at which its lines begin.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SourceFile {
    path: PathBuf,
    text: String,
    line_starts: Vec<usize>,
}

/// Every file that was read, in the order of reading; the document itself is the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file; a byte order mark is dropped.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.files.push(SourceFile { path: path.into(), text, line_starts });
        FileId(self.files.len() - 1)
    }

    /// The path as it was given, for people.
    #[must_use]
    pub fn path(&self, file: FileId) -> &Path {
        self.files.get(file.0).map_or(Path::new(""), |file| &file.path)
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.files.get(file.0).map_or("", |file| &file.text)
    }

    /// The text of a span; empty where the span does not fit its file.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start..span.end).unwrap_or_default()
    }

    /// Line and column of a byte offset.
    #[must_use]
    pub fn line_column(&self, file: FileId, offset: usize) -> LineColumn {
        let Some(source) = self.files.get(file.0) else { return LineColumn { line: 1, column: 1 } };
        let line = source.line_starts.partition_point(|&start| start <= offset).max(1);
        let start = source.line_starts[line - 1];
        let before = source.text.get(start..offset.min(source.text.len())).unwrap_or_default();
        LineColumn { line, column: before.chars().count() + 1 }
    }

    /// Paths of all files, in the order of reading.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_from_one_and_columns_in_characters() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.yaml", "\u{feff}ä: 1\nbé: 2\n");
        assert_eq!(sources.text(file), "ä: 1\nbé: 2\n");
        assert_eq!(sources.line_column(file, 0), LineColumn { line: 1, column: 1 });
        assert_eq!(sources.line_column(file, 4), LineColumn { line: 1, column: 4 });
        assert_eq!(sources.line_column(file, 9), LineColumn { line: 2, column: 3 });
        assert_eq!(sources.line_column(file, 999), LineColumn { line: 3, column: 1 });
    }
}
