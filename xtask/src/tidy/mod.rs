//! `cargo xtask tidy`: the rules of the project that no compiler knows, as a table of checks over its files.
//!
//! Each check is a pure function from the files to findings, so that each is tested against a bad tree in memory.

mod dependencies;
mod forbidden;
mod headers;
mod imports;
mod layout;
mod links;
mod metrics;
mod protocol;
mod rules;
mod sizes;

use std::env;
use std::fs;

use anyhow::Result;

use crate::project::{self, Tree};
use crate::terminal::{Style, Terminal};

pub(crate) use headers::{HEADERLESS, header};

/// Check the rules no compiler knows: sizes, imports, headers, links, layout.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// List what is near a limit too, not only what is beyond it
    #[arg(long)]
    warnings: bool,
}

/// Whether a finding fails the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    Deny,
    Warn,
}

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    severity: Severity,
    path: String,
    /// 1-based; 0 where the finding is about the whole file.
    line: usize,
    message: String,
}

impl Finding {
    fn deny(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { severity: Severity::Deny, path: path.to_owned(), line, message: message.into() }
    }

    fn warn(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warn, ..Self::deny(path, line, message) }
    }

    fn place(&self) -> String {
        if self.line == 0 { self.path.clone() } else { format!("{}:{}", self.path, self.line) }
    }
}

/// One rule of the house.
struct Check {
    name: &'static str,
    find: fn(&Tree) -> Vec<Finding>,
}

const CHECKS: &[Check] = &[
    Check { name: "layout", find: layout::find },
    Check { name: "sizes", find: sizes::find },
    Check { name: "dependencies", find: dependencies::find },
    Check { name: "imports", find: imports::find },
    Check { name: "headers", find: headers::find },
    Check { name: "rules", find: rules::find },
    Check { name: "metrics", find: metrics::find },
    Check { name: "links", find: links::find },
    Check { name: "forbidden", find: forbidden::find },
    Check { name: "protocol", find: protocol::find },
];

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) files: usize,
    pub(crate) denied: usize,
    pub(crate) warned: usize,
}

/// The task: prints every finding, true when none is denied.
pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<bool> {
    Ok(inspect(args.warnings, terminal)?.denied == 0)
}

/// All checks over the project's files.
pub(crate) fn inspect(warnings: bool, terminal: &Terminal) -> Result<Tally> {
    let root = project::root();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        let tree = Tree::read(&root)?;
        if let Some(text) = protocol::updated(&tree) {
            fs::write(root.join(protocol::DOCUMENT), text)?;
        }
    }
    let tree = Tree::read(&root)?;
    let mut tally = Tally { files: tree.files.len(), denied: 0, warned: 0 };
    for check in CHECKS {
        for finding in (check.find)(&tree) {
            let (style, word) = match finding.severity {
                Severity::Deny => (Style::Bad, "error"),
                Severity::Warn => (Style::Caution, "warning"),
            };
            let line = format!(
                "{} {}: {}",
                terminal.paint(style, &format!("{word}[{}]", check.name)),
                terminal.paint(Style::Strong, &finding.place()),
                finding.message
            );
            match finding.severity {
                Severity::Deny => {
                    tally.denied += 1;
                    terminal.result(&line);
                }
                Severity::Warn => {
                    tally.warned += 1;
                    if warnings {
                        terminal.line(&line);
                    }
                }
            }
        }
    }
    terminal.line(&summary(&tally));
    Ok(tally)
}

fn summary(tally: &Tally) -> String {
    let hint = if tally.warned > 0 { " (`cargo xtask tidy --warnings` lists them)" } else { "" };
    format!("tidy: {} files, {} mistakes, {} near a limit{hint}", tally.files, tally.denied, tally.warned)
}

#[cfg(test)]
fn messages(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{}: {}", finding.place(), finding.message)).collect()
}
