//! The proof in a browser: `clients-ts/browser` drives headless Chromium against the running server.

use anyhow::Result;

use super::Outcome;
use super::counts::Counts;
use super::runner::Session;

pub(super) fn run(session: &Session) -> Result<Outcome> {
    session.must(".", "cargo", &["build", "--package", "bellwire", "--bins", "--locked"])?;
    let finished = session.run("clients-ts", "npm", &["run", "--silent", "browser"])?;
    let count = |mark: &str| finished.output.lines().filter(|line| line.starts_with(mark)).count();
    let counts = Counts { passed: count("ok "), failed: count("FAILED ") };
    let outcome = Outcome::tests(finished.success, counts);
    Ok(Outcome { note: format!("{}; screenshots in target/browser", outcome.note), ..outcome })
}
