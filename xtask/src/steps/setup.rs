//! What a bare machine lacks: two cargo tools, the npm packages, a compiler for C++, a browser.

use std::process::Command;

use anyhow::{Result, bail};

use super::Outcome;
use super::runner::Session;

/// A cargo subcommand at the version this project was tested with.
struct Tool {
    package: &'static str,
    version: &'static str,
}

const TOOLS: &[Tool] =
    &[Tool { package: "cargo-deny", version: "0.20.2" }, Tool { package: "cargo-fuzz", version: "0.13.2" }];

/// A program of the system.
struct Program {
    command: &'static str,
    /// Debian's name for it.
    package: &'static str,
    what_for: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program { command: "c++", package: "g++", what_for: "builds the fuzzing engine" },
    Program { command: "chromium", package: "chromium", what_for: "looks at the pages" },
];

pub(super) fn tools(session: &Session) -> Result<Outcome> {
    let mut notes = Vec::new();
    for tool in TOOLS {
        if !session.has(tool.package) {
            install(session, tool)?;
            notes.push(format!("installed {}", tool.package));
        }
    }
    for program in PROGRAMS {
        if !session.has(program.command) {
            debian(session, program)?;
            notes.push(format!("installed {}", program.package));
        }
    }
    Ok(Outcome::good(if notes.is_empty() { "all there".to_owned() } else { notes.join(", ") }))
}

fn install(session: &Session, tool: &Tool) -> Result<()> {
    let Tool { package, version } = tool;
    let arguments = ["install", package, "--version", version, "--locked"];
    // Both tools wait for other programs or for the disk: compiled without optimisation they are ready in half the time.
    let quick = [
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
        ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ];
    if !session.run_with(".", "cargo", &arguments, &quick)?.success {
        bail!("cannot install {package} {version}; see {}", session.log_name());
    }
    Ok(())
}

/// Debian's package: the version is the distribution's, and it comes with the libraries it needs.
fn debian(session: &Session, program: &Program) -> Result<()> {
    let Program { command, package, what_for } = program;
    if !session.has("apt-get") {
        bail!(
            "`{command}` is missing, which {what_for}: install it so that it is on the PATH, then run this again"
        );
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !is_root {
        bail!(
            "`{command}` is missing, which {what_for}: `sudo apt-get install {package}`, then run this again"
        );
    }
    let unattended = [("DEBIAN_FRONTEND", "noninteractive")];
    for arguments in [&["update", "-qq"][..], &["install", "-y", "-qq", "--no-install-recommends", package]] {
        if !session.run_with(".", "apt-get", arguments, &unattended)?.success {
            bail!("cannot install {package}; see {}", session.log_name());
        }
    }
    Ok(())
}

pub(super) fn npm(session: &Session) -> Result<Outcome> {
    if !session.has("npm") {
        bail!("npm is missing: install Node.js 20 or newer");
    }
    session.must("clients-ts", "npm", &["ci", "--no-audit", "--no-fund"])?;
    Ok(Outcome::good(""))
}
