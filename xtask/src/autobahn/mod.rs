//! `cargo xtask autobahn`: the Autobahn testsuite against the echo example, that is against the connection layer alone.
//!
//! The suite runs on Python 2.7 only. It is no part of `cargo xtask test`: it takes minutes, and few machines have that Python.

mod python;
mod suite;
mod verdict;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};
use bellwire_load::Server;

use crate::command::{Missing, finished};
use crate::project;
use crate::terminal::{Style, Terminal, readable};
use python::Places;
use suite::Suite;
use verdict::Case;

const EXAMPLES: &str = "\
Examples:
  cargo xtask autobahn                      all 517 cases; most of the time goes to compression
  cargo xtask autobahn --cases '1.*,6.*'    some of them, while you work on it

The suite runs on Python 2.7 only: the one PYTHON2 names, else python2.7 or python2 on the PATH,
else one of pyenv's. Where there is none, one line says so and the exit code is 3. The suite is
installed into target/xtask/autobahn/ once, by that Python's pip.

Exit codes: 0 every case is OK, 1 some are not or the suite failed, 3 there is no Python 2.7.";

/// Run the Autobahn suite against the connection layer
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Run these cases only; `*` at the end stands for all that follow
    #[arg(long, value_delimiter = ',', value_name = "CASES", default_value = "*")]
    cases: Vec<String>,
    /// Test a development build, which is built sooner and runs for longer
    #[arg(long)]
    debug: bool,
}

pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<bool> {
    let Some(python) = python::find(&Places::here()) else {
        bail!(Missing(
            "the Autobahn suite needs Python 2.7; name one in PYTHON2, put python2.7 on the PATH, or \
             `pyenv install 2.7.18`"
                .to_owned()
        ));
    };
    let target = target();
    let suite = Suite::install(&python, &target.join("xtask/autobahn"), terminal)?;
    let server = echo(args.debug, &target, terminal)?;
    let start = Instant::now();
    let expected = suite.run(&args.cases, &format!("ws://{}/", server.address), terminal)?;
    let cases = verdict::read(&suite.index()?)?;
    terminal.line(&verdict::table(&cases));
    let failures: Vec<&Case> = cases.iter().filter(|case| !case.is_well()).collect();
    for case in &failures {
        let report = suite.report().join(&case.page);
        let line = format!("{} {}: {}", case.number(), case.said, report.display());
        terminal.result(&terminal.paint(Style::Bad, &line));
    }
    let untold = expected.saturating_sub(cases.len());
    if untold > 0 {
        terminal.result(&terminal.paint(Style::Bad, &format!("{untold} cases have no verdict")));
    }
    let took = readable(start.elapsed());
    let well = cases.len() - failures.len();
    let index = suite.report().join("index.html");
    terminal.result(&format!("{well} of {expected} cases are well, in {took}: {}", index.display()));
    Ok(failures.is_empty() && untold == 0)
}

/// Where cargo builds.
fn target() -> PathBuf {
    let root = project::root();
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |own| root.join(own))
}

/// Builds and starts the echo example on a free port.
fn echo(debug: bool, target: &Path, terminal: &Terminal) -> Result<Server> {
    terminal.progress("building the echo example …");
    let mut build = Command::new("cargo");
    build.args(["build", "--package", "bellwire", "--example", "echo"]).current_dir(project::root());
    if !debug {
        build.arg("--release");
    }
    finished(&mut build)?;
    let profile = if debug { "debug" } else { "release" };
    let mut command = Command::new(target.join(profile).join("examples/echo"));
    command.args(["--port", "0"]).stderr(Stdio::null());
    Server::start(command, "/")
}
