//! Project automation, run as `cargo xtask <task>`. One module per task; this file only dispatches.
//!
//! Depends on the code generator and on nothing else of the project, so that a server that does not compile never
//! stands in the way of regenerating it.

mod autobahn;
mod bench;
mod command;
mod generate;
mod new_api;
mod project;
mod scan;
mod steps;
mod terminal;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  cargo xtask generate              regenerate everything from asyncapi/
  cargo xtask new chat              start an API of your own that runs at once
  cargo xtask check                 what CI checks before it runs tests
  cargo xtask bench --peers bun     what a delivered message costs, here and elsewhere
  cargo xtask autobahn              the Autobahn suite against the connection layer
  cargo xtask test                  everything: installs what it needs, checks, tests, fuzzes

Exit codes: 0 all is well, 1 something was found or failed, 2 the command line is wrong,
3 not run, because this machine lacks what the task needs.";

/// What a task exits with that could not run here.
const NOT_RUN: u8 = 3;

/// Automation of the Bellwire project.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// Print mistakes and failures only
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Generate(generate::Args),
    Autobahn(autobahn::Args),
    Bench(bench::Args),
    New(new_api::Args),
    Tidy(tidy::Args),
    Check(steps::CheckArgs),
    Test(steps::TestArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = Terminal::new(cli.quiet);
    let result = match &cli.task {
        Task::Generate(args) => generate::run(args, &terminal),
        Task::Autobahn(args) => autobahn::run(args, &terminal),
        Task::Bench(args) => bench::run(args, &terminal),
        Task::New(args) => new_api::run(args, &terminal),
        Task::Tidy(args) => tidy::run(args, &terminal),
        Task::Check(args) => steps::check(args, &terminal),
        Task::Test(args) => steps::test(args, &terminal),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.is::<command::Missing>() => {
            terminal.result(&error.to_string());
            ExitCode::from(NOT_RUN)
        }
        Err(error) => {
            terminal.error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
