//! JSDoc comments: prose from titles and descriptions, tags from constraints.

use serde_json::Value;

use super::literal::{WIDTH, scalar, width};
use crate::model::{Constraint, Docs};

/// Longest `@example` that stays on the tag's line.
const INLINE_EXAMPLE: usize = 70;

/// A comment in the making. Empty comments print as nothing.
#[derive(Debug, Default)]
pub(super) struct Comment {
    paragraphs: Vec<String>,
    tags: Vec<String>,
}

impl Comment {
    /// Summary, description, examples and deprecation.
    pub(super) fn of(docs: &Docs) -> Self {
        let mut comment = Self::default();
        if let Some(summary) = &docs.summary {
            comment.paragraphs.push(summary.clone());
        }
        if let Some(description) =
            docs.description.as_ref().filter(|text| Some(*text) != docs.summary.as_ref())
        {
            comment.paragraphs.push(description.clone());
        }
        comment.tags.extend(docs.examples.iter().map(example));
        if docs.deprecated {
            comment.tags.push("@deprecated".to_owned());
        }
        comment
    }

    /// Whether there is nothing to say yet.
    pub(super) fn is_empty(&self) -> bool {
        self.paragraphs.is_empty() && self.tags.is_empty()
    }

    /// Another paragraph at the end of the prose.
    #[must_use]
    pub(super) fn paragraph(mut self, text: impl Into<String>) -> Self {
        self.paragraphs.push(text.into());
        self
    }

    /// A sentence at the end of the last paragraph, where that is one of plain text, else a paragraph.
    #[must_use]
    pub(super) fn sentence(mut self, text: &str) -> Self {
        match self.paragraphs.last_mut() {
            Some(last) if !last.contains('\n') && last.ends_with(['.', '!', '?']) => {
                last.push(' ');
                last.push_str(text);
                self
            }
            _ => self.paragraph(text),
        }
    }

    /// Where in the document the item stands.
    #[must_use]
    pub(super) fn declared_at(self, pointer: &str) -> Self {
        self.paragraph(format!("Declared at `{pointer}`."))
    }

    /// A tag for each constraint.
    #[must_use]
    pub(super) fn constraints(mut self, constraints: &[Constraint]) -> Self {
        let tags = constraints.iter().map(|constraint| match &constraint.value {
            Value::String(text) => format!("@{} {text}", constraint.keyword),
            Value::Bool(true) => format!("@{}", constraint.keyword),
            other => format!("@{} {other}", constraint.keyword),
        });
        let at = self.tags.iter().position(|tag| tag.starts_with("@example") || tag == "@deprecated");
        let at = at.unwrap_or(self.tags.len());
        self.tags.splice(at..at, tags);
        self
    }

    /// The value that an absent member stands for.
    #[must_use]
    pub(super) fn default_value(mut self, value: &Value) -> Self {
        let text = if value.is_object() || value.is_array() { value.to_string() } else { scalar(value) };
        self.tags.insert(0, format!("@default {text}"));
        self
    }

    /// A tag as it stands.
    #[must_use]
    pub(super) fn tag(mut self, tag: &str) -> Self {
        self.tags.insert(0, tag.to_owned());
        self
    }

    /// The comment with its line feed, or nothing where there is nothing to say.
    pub(super) fn print(&self, indent: usize) -> String {
        let mut lines: Vec<String> = Vec::new();
        for paragraph in &self.paragraphs {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.extend(wrapped(paragraph, WIDTH - indent - 3));
        }
        if !lines.is_empty() && !self.tags.is_empty() {
            lines.push(String::new());
        }
        lines.extend(self.tags.iter().flat_map(|tag| tag.lines().map(str::to_owned).collect::<Vec<_>>()));
        let pad = " ".repeat(indent);
        let lines: Vec<_> = lines.iter().map(|line| line.replace("*/", "*\\/")).collect();
        match lines.as_slice() {
            [] => String::new(),
            [line] if indent + width(line) + 7 <= WIDTH => format!("{pad}/** {line} */\n"),
            lines => {
                let body = lines.iter().map(|line| format!("{pad} * {line}").trim_end().to_owned() + "\n");
                format!("{pad}/**\n{}{pad} */\n", body.collect::<String>())
            }
        }
    }
}

/// `@example` with its value: beside the tag where short, else as a block.
fn example(value: &Value) -> String {
    let line = value.to_string();
    if width(&line) <= INLINE_EXAMPLE {
        return format!("@example {}", if value.is_string() { scalar(value) } else { line });
    }
    let block = serde_json::to_string_pretty(value).unwrap_or(line);
    format!("@example\n```json\n{block}\n```")
}

/// CommonMark with its long lines broken. Code, tables and headings stay as they are; text goes on under the marker of
/// its list item. No break makes a new marker or tag.
fn wrapped(text: &str, limit: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        let line = line.trim_end();
        let start = line.trim_start();
        let fence = start.starts_with("```") || start.starts_with("~~~");
        fenced ^= fence;
        if fenced
            || fence
            || width(line) <= limit
            || start.starts_with(['|', '#'])
            || line.starts_with("    ")
        {
            out.push(if fenced { line.to_owned() } else { without_tag(line) });
        } else {
            wrap_line(line, limit, &mut out);
        }
    }
    out
}

fn wrap_line(line: &str, limit: usize, out: &mut Vec<String>) {
    let start = line.trim_start();
    let indent = line.len() - start.len();
    let marker = start.find(' ').filter(|&end| is_marker(&start[..end])).map_or(0, |end| end + 1);
    let hang = " ".repeat(indent + marker);
    let mut current = line[..indent].to_owned();
    let mut empty = true;
    for word in start.split(' ') {
        let breaks =
            !empty && width(&current) + 1 + width(word) > limit && !is_marker(word) && !word.is_empty();
        if breaks {
            out.push(without_tag(&current));
            current.clone_from(&hang);
        } else if !empty {
            current.push(' ');
        }
        current.push_str(word);
        empty = false;
    }
    out.push(without_tag(&current));
}

/// Whether a line that begins with this word would be a list item, heading, quotation or table.
fn is_marker(word: &str) -> bool {
    let ordered = word.trim_end_matches(['.', ')']);
    matches!(word, "-" | "*" | "+")
        || word.starts_with(['#', '>', '|', '='])
        || (ordered.len() < word.len() && !ordered.is_empty() && ordered.bytes().all(|b| b.is_ascii_digit()))
}

/// An `@` that begins a line would begin a tag.
fn without_tag(line: &str) -> String {
    let start = line.trim_start();
    if start.starts_with('@') {
        format!("{}\\{start}", &line[..line.len() - start.len()])
    } else {
        line.to_owned()
    }
}
