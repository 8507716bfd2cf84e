//! A report as text with excerpts of the source.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, RenderStyle, Report, Severity};
use crate::source::{FileId, SourceMap, Span};

/// Excerpts after this many are left out: nobody reads them, and a broken file can bring thousands.
const SHOWN: usize = 200;

pub(super) fn report(report: &Report, style: RenderStyle) -> String {
    let renderer = match style {
        RenderStyle::Plain => Renderer::plain(),
        RenderStyle::Coloured => Renderer::styled(),
    };
    let mut out = String::new();
    for diagnostic in report.diagnostics.iter().take(SHOWN) {
        out.push_str(&renderer.render(&[group(diagnostic, &report.sources)]));
        out.push_str("\n\n");
    }
    if !report.is_empty() {
        out.push_str(&summary(report));
    }
    out
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Group<'a> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut files: Vec<FileId> = vec![diagnostic.span.file];
    for related in &diagnostic.related {
        if !files.contains(&related.span.file) {
            files.push(related.span.file);
        }
    }
    let snippets = files.into_iter().map(|file| snippet(diagnostic, sources, file));
    let advice = diagnostic.advice().map(|help| Level::HELP.message(help.to_owned()));
    level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.rule.id)
        .elements(snippets)
        .elements(advice)
}

fn snippet<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a SourceMap,
    file: FileId,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let mut snippet =
        Snippet::source(sources.text(file)).path(sources.path(file).to_string_lossy().into_owned());
    if diagnostic.span.file == file {
        let annotation = AnnotationKind::Primary.span(first_line(diagnostic.span, sources));
        snippet = snippet.annotation(annotation.label(diagnostic.label.as_deref()));
    }
    let related = diagnostic.related.iter().filter(|related| related.span.file == file);
    snippet.annotations(related.map(|related| {
        AnnotationKind::Context.span(first_line(related.span, sources)).label(related.label.as_str())
    }))
}

/// A block that runs over many lines is marked at its first: brackets along a whole page hide the page.
fn first_line(span: Span, sources: &SourceMap) -> std::ops::Range<usize> {
    let text = sources.text(span.file);
    let start = floor(text, span.start);
    let end = floor(text, span.end).max(start);
    let line = &text[start..end];
    let end = line.find(['\n', '\r']).map_or(end, |at| start + at);
    start..end
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn summary(report: &Report) -> String {
    let count = |n: usize, noun: &str| match n {
        0 => None,
        1 => Some(format!("1 {noun}")),
        n => Some(format!("{n} {noun}s")),
    };
    let parts = [count(report.error_count(), "error"), count(report.warning_count(), "warning")];
    let left_out = report.diagnostics.len().saturating_sub(SHOWN);
    let mut text = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if left_out > 0 {
        text.push_str(&format!(" (the last {left_out} are not shown)"));
    }
    text.push('\n');
    text
}
