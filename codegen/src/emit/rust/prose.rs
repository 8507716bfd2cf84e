//! Prose of the document as doc comments that rustdoc takes without a word.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Api, Constraint, Docs, Endpoint, Field};

const WIDTH: usize = 110;

/// Doc attributes, one per line.
pub(super) fn outer(lines: &[String]) -> TokenStream {
    let lines = lines.iter().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}

/// Inner doc attributes, one per line.
pub(super) fn inner(lines: &[String]) -> TokenStream {
    let lines = lines.iter().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote!(#(#![doc = #lines])*)
}

/// Documentation of an item: what the document says (else `fallback`), and where it says so.
pub(super) fn item(docs: &Docs, fallback: &str, pointer: &str) -> TokenStream {
    outer(&lines(docs, fallback, &[format!("Declared at {}.", code(pointer))]))
}

/// Documentation of a field.
pub(super) fn field(field: &Field) -> TokenStream {
    let mut notes = Vec::new();
    let facts = facts(&field.constraints);
    if !facts.is_empty() {
        notes.push(facts);
    }
    if field.read_only {
        notes.push("Read-only.".to_owned());
    }
    if field.write_only {
        notes.push("Write-only.".to_owned());
    }
    outer(&lines(&field.docs, &format!("Member {}.", code(&field.name.wire)), &notes))
}

/// `minimum: 0`, `pattern: "^[A-Z]+$"`.
pub(super) fn facts(constraints: &[Constraint]) -> String {
    let facts: Vec<_> =
        constraints.iter().map(|fact| code(&format!("{}: {}", fact.keyword, fact.value))).collect();
    facts.join(", ")
}

/// The module documentation of the whole output.
pub(super) fn api(api: &Api) -> Vec<String> {
    let mut lines = vec![sentence(&text(&format!("{} {}", api.title(), api.version())).join(" "))];
    if let Some(description) = api.description() {
        lines.push(String::new());
        lines.extend(text(description));
    }
    lines
}

/// The module documentation of one of several endpoints.
pub(super) fn endpoint(endpoint: &Endpoint) -> Vec<String> {
    lines(&endpoint.docs, &format!("The endpoint {}.", code(&endpoint.address)), &[])
}

/// Paragraphs of documentation: summary, description, deprecation, notes.
pub(super) fn lines(docs: &Docs, fallback: &str, notes: &[String]) -> Vec<String> {
    let mut paragraphs: Vec<Vec<String>> = Vec::new();
    let mut prose = [docs.summary.as_deref(), docs.description.as_deref()];
    if prose[0] == prose[1] {
        prose[1] = None;
    }
    paragraphs.extend(prose.into_iter().flatten().map(text).filter(|lines| !lines.is_empty()));
    if paragraphs.is_empty() {
        paragraphs.push(vec![fallback.to_owned()]);
    }
    if docs.deprecated {
        paragraphs.push(vec!["**Deprecated.**".to_owned()]);
    }
    paragraphs.extend(notes.iter().map(|note| vec![note.clone()]));
    paragraphs.join(&String::new())
}

/// A code span, whatever the text.
pub(super) fn code(text: &str) -> String {
    let show =
        |c: char| if c.is_control() || is_bidi(c) { c.escape_default().to_string() } else { c.to_string() };
    let text: String = text.chars().map(show).collect();
    let mut fence = "`".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    if fence.len() > 1 || text.starts_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("`{text}`")
    }
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?', ':']) { text.to_owned() } else { format!("{text}.") }
}

/// Markdown of the document as lines of rustdoc: links and tags that are none are escaped, code is never run as a test.
pub(super) fn text(markdown: &str) -> Vec<String> {
    let normalised =
        markdown.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\t', "    ");
    let mut lines = Vec::new();
    let mut fence: Option<String> = None;
    for line in normalised.trim().split('\n') {
        let line: String = line.trim_end().chars().filter(|c| !c.is_control() && !is_bidi(*c)).collect();
        let trimmed = line.trim_start();
        let marker: String = trimmed.chars().take_while(|c| *c == '`' || *c == '~').collect();
        match &fence {
            Some(open) => {
                let closes = trimmed.starts_with(open.as_str()) && trimmed.len() == marker.len();
                lines.push(line.clone());
                if closes {
                    fence = None;
                }
            }
            None if marker.len() >= 3 => {
                // Without a language rustdoc would compile the block as Rust.
                lines.push(format!(
                    "{marker}{}",
                    if trimmed.len() == marker.len() { "text" } else { language(&trimmed[marker.len()..]) }
                ));
                fence = Some(marker);
            }
            None => wrap(&escape(&line), &mut lines),
        }
    }
    lines.extend(fence);
    lines
}

fn language(info: &str) -> &str {
    match info.trim() {
        "" | "rust" | "rs" => "text",
        other => other
            .split([' ', ','])
            .next()
            .filter(|word| word.chars().all(char::is_alphanumeric))
            .unwrap_or("text"),
    }
}

/// Characters that change the direction of text: the compiler refuses them in comments.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Escapes what would be read as an intra-doc link or an HTML tag, outside of code spans.
fn escape(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let is_item = is_list_item(line.trim_start());
    // Four spaces would make a code block, which rustdoc runs.
    let mut out = " ".repeat(if indent >= 4 && !is_item { 2 } else { indent });
    let mut rest = line.trim_start();
    while let Some(c) = rest.chars().next() {
        if c == '`' {
            let ticks = rest.len() - rest.trim_start_matches('`').len();
            let close = rest[ticks..].find(&rest[..ticks]).map(|at| ticks + at + ticks);
            match close {
                Some(end) => {
                    out.push_str(&rest[..end]);
                    rest = &rest[end..];
                }
                None => {
                    out.push_str(&"\\`".repeat(ticks));
                    rest = &rest[ticks..];
                }
            }
        } else if let Some((kept, after)) = link(rest) {
            out.push_str(&kept);
            rest = after;
        } else {
            if matches!(c, '[' | ']' | '<') && !out.ends_with('\\') {
                out.push('\\');
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// An inline link `[text](https://…)`, an autolink, or a bare address at the start of the text.
fn link(text: &str) -> Option<(String, &str)> {
    let is_web = |text: &str| text.starts_with("http://") || text.starts_with("https://");
    if let Some(inside) = text.strip_prefix('[') {
        let middle = inside.find("](")?;
        let end = middle + inside[middle..].find(')')?;
        let (label, target) = (&inside[..middle], &inside[middle + 2..end]);
        let plain = !label.contains(['[', ']', '`', '<']) && !target.contains([' ', '<', '(']);
        return (plain && is_web(target)).then(|| (format!("[{label}]({target})"), &inside[end + 1..]));
    }
    if let Some(inside) = text.strip_prefix('<') {
        let end = inside.find('>')?;
        return (is_web(inside) && !inside[..end].contains(' '))
            .then(|| (text[..end + 2].to_owned(), &inside[end + 1..]));
    }
    if is_web(text) {
        let end = text
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '[' | ']' | '"' | '`'))
            .unwrap_or(text.len());
        let url = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '*', '_']);
        return Some((format!("<{url}>"), &text[url.len()..]));
    }
    None
}

fn is_list_item(line: &str) -> bool {
    line.starts_with("- ")
        || line.starts_with("* ")
        || line.starts_with("+ ")
        || line
            .split_once(". ")
            .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Breaks a long line of a paragraph; headings, tables and quotes stay as they are.
fn wrap(line: &str, lines: &mut Vec<String>) {
    let trimmed = line.trim_start();
    if line.chars().count() <= WIDTH || trimmed.starts_with(['#', '|', '>']) {
        lines.push(line.to_owned());
        return;
    }
    let mut indent = " ".repeat(line.len() - trimmed.len());
    let mut current = indent.clone();
    if is_list_item(trimmed) {
        indent.push_str("  ");
    }
    let mut empty = true;
    for word in trimmed.split(' ').filter(|word| !word.is_empty()) {
        let starts_block = word.starts_with(['-', '+', '*', '#', '>', '=', '|', '~', '`'])
            || word.ends_with(['.', ')']) && word.as_bytes()[0].is_ascii_digit();
        if !empty && !starts_block && current.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut current, indent.clone()));
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        current.push_str(word);
        empty = false;
    }
    lines.push(current);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_tags_that_are_none_are_escaped() {
        assert_eq!(text("a [Bar] of <b>"), [r"a \[Bar\] of \<b>"]);
        assert_eq!(text("`[x]` and `open"), [r"`[x]` and \`open"]);
        assert_eq!(
            text("see [docs](https://a.b/c) or https://a.b."),
            ["see [docs](https://a.b/c) or <https://a.b>."]
        );
    }

    #[test]
    fn code_is_never_a_doctest() {
        assert_eq!(text("x:\n\n```\nlet\n```"), ["x:", "", "```text", "let", "```"]);
        assert_eq!(text("```rust\nlet"), ["```text", "let", "```"]);
        assert_eq!(text("x\r\n\r\n    indented"), ["x", "", "  indented"]);
    }

    #[test]
    fn a_code_span_holds_anything() {
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("a\n\u{202E}b"), r"`a\n\u{202e}b`");
    }
}
