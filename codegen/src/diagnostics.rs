//! What is wrong with a document: collected without stopping, then shown to its author.
//!
//! A leaf beside [`crate::source`]: the rules themselves stand in [`crate::rules`].

mod render;

use serde_json::{Value, json};

use crate::source::{SourceMap, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be generated.
    Error,
    /// Something is generated, perhaps not what was meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One kind of mistake; the table of all of them is [`crate::rules::all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rule {
    /// kebab-case noun: `reference-not-found`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it means, in one line.
    pub explanation: &'static str,
    /// What to do about it, in one line; shown as help where a diagnostic brings none of its own.
    pub remedy: &'static str,
}

/// Another place that a diagnostic speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub span: Span,
    /// Why it matters: `first defined here`.
    pub label: String,
}

/// One mistake at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which rule was broken.
    pub rule: &'static Rule,
    /// What is wrong, in one line without a full stop, names in backticks.
    pub message: String,
    /// The offending place.
    pub span: Span,
    /// Short text at the place itself.
    pub label: Option<String>,
    /// What to do, each a line of its own; empty shows the rule's remedy.
    pub help: Vec<String>,
    /// Other places.
    pub related: Vec<Related>,
}

impl Diagnostic {
    /// A mistake against `rule` at `span`; severity comes from the rule.
    #[must_use]
    pub fn new(rule: &'static Rule, span: Span, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), span, label: None, help: Vec::new(), related: Vec::new() }
    }

    /// Adds the short text at the place itself.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds a line of advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push(Related { span, label: label.into() });
        self
    }

    /// Severity of the rule.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.rule.severity
    }

    /// The advice shown: its own lines, else the rule's remedy.
    pub fn advice(&self) -> impl Iterator<Item = &str> {
        let remedy = (self.help.is_empty() && !self.rule.remedy.is_empty()).then_some(self.rule.remedy);
        self.help.iter().map(String::as_str).chain(remedy)
    }
}

/// Where mistakes are pushed while work goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Takes one in.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Whether an error is among them; warnings do not count.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
    }

    /// How many there are: a mark to compare with later, to learn whether a part of the work was clean.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Takes back all but the first `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.list.truncate(count);
    }

    /// Pairs the mistakes with the texts they speak of, in the order of those texts, each said once.
    #[must_use]
    pub fn into_report(mut self, sources: SourceMap) -> Report {
        self.list.sort_by(|a, b| (a.span, a.rule.id, &a.message).cmp(&(b.span, b.rule.id, &b.message)));
        self.list.dedup();
        Report { diagnostics: self.list, sources }
    }
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RenderStyle {
    /// Without escape codes.
    #[default]
    Plain,
    /// With ANSI colours.
    Coloured,
}

/// Diagnostics together with the texts they speak of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    sources: SourceMap,
}

impl Report {
    /// The diagnostics, sorted by place.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The texts.
    #[must_use]
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// How many errors there are.
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many warnings there are.
    #[must_use]
    pub fn warning_count(&self) -> usize {
        self.count(Severity::Warning)
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity() == severity).count()
    }

    /// Everything as text with excerpts, the way rustc shows it; ends with a newline unless empty.
    #[must_use]
    pub fn render(&self, style: RenderStyle) -> String {
        render::report(self, style)
    }

    /// Everything as JSON: a list of objects with `rule`, `severity`, `message`, `file`, `start`, `end` (each
    /// `{line, column, offset}`), `label`, `help` and `related`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.diagnostics.iter().map(|diagnostic| self.diagnostic_json(diagnostic)).collect()
    }

    fn diagnostic_json(&self, diagnostic: &Diagnostic) -> Value {
        let mut object = self.span_json(diagnostic.span);
        object["rule"] = diagnostic.rule.id.into();
        object["severity"] = diagnostic.severity().as_str().into();
        object["message"] = diagnostic.message.as_str().into();
        object["label"] = diagnostic.label.as_deref().into();
        object["help"] = diagnostic.advice().collect::<Vec<_>>().into();
        object["related"] = diagnostic
            .related
            .iter()
            .map(|related| {
                let mut object = self.span_json(related.span);
                object["label"] = related.label.as_str().into();
                object
            })
            .collect();
        object
    }

    fn span_json(&self, span: Span) -> Value {
        let place = |offset| {
            let at = self.sources.line_column(span.file, offset);
            json!({ "line": at.line, "column": at.column, "offset": offset })
        };
        json!({
            "file": self.sources.path(span.file).to_string_lossy(),
            "start": place(span.start),
            "end": place(span.end),
        })
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.render(RenderStyle::Plain))
    }
}

impl std::error::Error for Report {}
