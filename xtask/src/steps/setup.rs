//! What a bare machine lacks: two cargo tools, the npm packages, a browser.

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

pub(super) fn tools(session: &Session) -> Result<Outcome> {
    let mut notes = Vec::new();
    for tool in TOOLS {
        if !session.has(tool.package) {
            install(session, tool)?;
            notes.push(format!("installed {}", tool.package));
        }
    }
    if !session.has("chromium") {
        chromium(session)?;
        notes.push("installed chromium".to_owned());
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

/// Debian's browser: the version is the distribution's, and it comes with the libraries it needs.
fn chromium(session: &Session) -> Result<()> {
    if !session.has("apt-get") {
        bail!("chromium is missing: install it so that `chromium` is on the PATH, then run this again");
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !is_root {
        bail!("chromium is missing: `sudo apt-get install chromium`, then run this again");
    }
    session.must(".", "apt-get", &["update", "-qq"])?;
    session.must(".", "apt-get", &["install", "-y", "-qq", "--no-install-recommends", "chromium"])?;
    Ok(())
}

pub(super) fn npm(session: &Session) -> Result<Outcome> {
    if !session.has("npm") {
        bail!("npm is missing: install Node.js 20 or newer");
    }
    session.must("clients-ts", "npm", &["ci", "--no-audit", "--no-fund"])?;
    Ok(Outcome::good(""))
}
