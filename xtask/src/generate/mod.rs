//! `cargo xtask generate`: from the documents to everything that is made of them.
//!
//! Plan first, then compare with the disk, then write: nothing is touched while any document has a mistake.

mod apply;
mod disk;
mod plan;
mod report;
mod watch;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use bellwire_codegen::Perspective;
use clap::ValueEnum;

use crate::project;
use crate::terminal::Terminal;

pub(crate) use apply::Changes;
use plan::{Output, Work};

const EXAMPLES: &str = "\
Examples:
  cargo xtask generate                          everything in asyncapi/
  cargo xtask generate --check                  compare only: fails on any difference
  cargo xtask generate --watch                  again after every save
  cargo xtask generate chat.yaml                only look for mistakes in one document
  cargo xtask generate chat.yaml --rust src/chat --typescript web/chat
  cargo xtask generate feed.yaml --perspective client --typescript web/feed --docs feed.html

Exit codes: 0 all is well, 1 a document has mistakes or --check found a difference,
2 the command line is wrong.";

/// Generate Rust, TypeScript, AsyncAPI JSON and docs from the documents.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// One document anywhere; without it, everything in asyncapi/
    file: Option<PathBuf>,
    /// Where the Rust module goes, with the documents that it serves
    #[arg(long, value_name = "DIR", requires = "file")]
    rust: Option<PathBuf>,
    /// Where the TypeScript client goes
    #[arg(long, value_name = "DIR", requires = "file")]
    typescript: Option<PathBuf>,
    /// Where the AsyncAPI 3.0.0 document goes
    #[arg(long, value_name = "FILE", requires = "file")]
    asyncapi: Option<PathBuf>,
    /// Where the docs page goes
    #[arg(long, value_name = "FILE", requires = "file")]
    docs: Option<PathBuf>,
    /// From whose side the document is written; `client` turns every direction round
    #[arg(long, value_enum, default_value_t = Side::Server, requires = "file")]
    perspective: Side,
    /// Write nothing; fail if anything would be written or removed
    #[arg(long)]
    check: bool,
    /// Keep going: generate again whenever a document changes
    #[arg(long, conflicts_with = "check")]
    watch: bool,
    /// Print mistakes as JSON, on standard output and alone
    #[arg(long, conflicts_with = "watch")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Side {
    Server,
    Client,
}

impl From<Side> for Perspective {
    fn from(side: Side) -> Self {
        match side {
            Side::Server => Self::Server,
            Side::Client => Self::Client,
        }
    }
}

/// The task.
pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<bool> {
    if args.watch {
        return watch::run(&|| work(args), terminal);
    }
    Ok(once(&work(args)?, args.check, args.json, terminal)?.success)
}

/// Whether everything in `asyncapi/` is as it would be generated; prints what is not.
pub(crate) fn check_project(terminal: &Terminal) -> Result<(bool, Changes)> {
    let once = once(&plan::project(&project::root())?, true, false, terminal)?;
    Ok((once.success, once.changes))
}

/// Generates from one document of `asyncapi/`.
pub(crate) fn document(name: &str, terminal: &Terminal) -> Result<bool> {
    let mut work = plan::project(&project::root())?;
    work.jobs.retain(|job| job.document.file_stem().is_some_and(|stem| stem == name));
    work.sweeps.clear();
    Ok(once(&work, false, false, terminal)?.success)
}

fn work(args: &Args) -> Result<Work> {
    let Some(file) = &args.file else { return plan::project(&project::root()) };
    let mut outputs = Vec::new();
    outputs.extend(args.rust.clone().map(Output::Rust));
    outputs.extend(args.typescript.clone().map(Output::TypeScript));
    outputs.extend(args.asyncapi.clone().map(Output::AsyncApi));
    outputs.extend(args.docs.clone().map(Output::Docs));
    Ok(plan::single(file, args.perspective.into(), outputs))
}

/// What one run came to.
struct Once {
    success: bool,
    changes: Changes,
    /// Every file that was read, to be watched.
    read: Vec<PathBuf>,
}

fn once(work: &Work, check: bool, json: bool, terminal: &Terminal) -> Result<Once> {
    let start = Instant::now();
    let plan = plan::make(work, terminal)?;
    report::mistakes(&plan.reports, json, terminal);
    if plan.has_errors {
        report::refused(&plan, json, terminal);
        return Ok(Once { success: false, changes: Changes::default(), read: plan.read });
    }
    let changes = apply::compare(&plan)?;
    if check {
        report::differences(&changes, json, terminal);
        return Ok(Once { success: changes.is_empty(), changes, read: plan.read });
    }
    apply::write(&changes)?;
    if !json {
        report::summary(&plan, &changes, start.elapsed(), terminal);
    }
    Ok(Once { success: true, changes, read: plan.read })
}
