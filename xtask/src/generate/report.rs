//! What a run says: mistakes first, then what was written, removed and left as it was.

use std::path::Path;
use std::time::Duration;

use bellwire_codegen::diagnostics::{RenderStyle, Report};
use serde_json::Value;

use super::apply::Changes;
use super::plan::Plan;
use crate::project;
use crate::terminal::{Style, Terminal, readable};

/// More changed files than this are counted, not listed.
const LISTED: usize = 12;

/// All mistakes of all documents; as JSON one list, empty if there are none.
pub(super) fn mistakes(reports: &[Report], json: bool, terminal: &Terminal) {
    if json {
        let all: Vec<Value> = reports.iter().flat_map(items).collect();
        terminal.result(&format!("{:#}", Value::from(all)));
        return;
    }
    let style = if terminal.is_colourful() { RenderStyle::Coloured } else { RenderStyle::Plain };
    for report in reports.iter().filter(|report| !report.is_empty()) {
        terminal.result(report.render(style).trim_end());
        terminal.result("");
    }
}

fn items(report: &Report) -> Vec<Value> {
    match report.to_json() {
        Value::Array(items) => items,
        other => vec![other],
    }
}

/// Why nothing was written.
pub(super) fn refused(plan: &Plan, json: bool, terminal: &Terminal) {
    if json {
        return;
    }
    let errors: usize = plan.reports.iter().map(Report::error_count).sum();
    let plural = if errors == 1 { "mistake" } else { "mistakes" };
    terminal.error(&format!("{errors} {plural}; nothing was written"));
}

/// What `--check` found, and what to do about it.
pub(super) fn differences(changes: &Changes, json: bool, terminal: &Terminal) {
    if json {
        return;
    }
    for write in &changes.written {
        let word = if write.before.is_some() { "drifted" } else { "missing" };
        terminal.result(&change(Style::Bad, word, &write.path, terminal));
    }
    for path in &changes.removed {
        terminal.result(&change(Style::Bad, "stale", path, terminal));
    }
    if changes.is_empty() {
        terminal.line(&format!("{} generated files are up to date", changes.unchanged));
    } else {
        terminal
            .error("generated files are out of date: run `cargo xtask generate` and commit what it writes");
    }
}

/// What was done.
pub(super) fn summary(plan: &Plan, changes: &Changes, time: Duration, terminal: &Terminal) {
    if changes.written.len() <= LISTED {
        for write in &changes.written {
            terminal.line(&change(Style::Good, "wrote", &write.path, terminal));
        }
    }
    for path in &changes.removed {
        terminal.line(&change(Style::Caution, "removed", path, terminal));
    }
    let documents = if plan.documents == 1 { "document" } else { "documents" };
    let time = terminal.paint(Style::Faint, &readable(time));
    if plan.files.is_empty() {
        terminal.line(&format!(
            "no mistakes; nothing to write: see `--rust`, `--typescript`, `--asyncapi`, `--docs` {time}"
        ));
        return;
    }
    terminal.line(&format!(
        "{} {} {documents}: {} written, {} unchanged, {} removed {time}",
        terminal.paint(Style::Good, "generated"),
        plan.documents,
        changes.written.len(),
        changes.unchanged,
        changes.removed.len(),
    ));
}

fn change(style: Style, word: &str, path: &Path, terminal: &Terminal) -> String {
    let root = project::root();
    let shown = path.strip_prefix(&root).unwrap_or(path).display();
    format!("{} {shown}", terminal.paint(style, &format!("{word:>9}")))
}
