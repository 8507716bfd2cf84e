//! Other programs: run to their end, and what to say where one is missing.

use std::error::Error;
use std::fmt;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// What a task needs is not on this machine: it has not run, which is neither success nor failure.
#[derive(Debug)]
pub(crate) struct Missing(pub(crate) String);

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not run: {}", self.0)
    }
}

impl Error for Missing {}

/// Runs a command to its end; what it printed is told when it fails.
pub(crate) fn finished(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot start {program}; is it installed?"))?;
    if !output.status.success() {
        let printed = [output.stdout, output.stderr].concat();
        bail!("{program} failed:\n{}", String::from_utf8_lossy(&printed).trim_end());
    }
    Ok(())
}

/// The first line a program prints; none where it cannot be started or fails.
pub(crate) fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    text.lines().next().map(|line| line.trim().to_owned())
}
