//! The Rust side: everything cargo knows, in one target folder and one profile, so that nothing is built twice.

use anyhow::Result;

use super::runner::Session;
use super::{Outcome, counts};
use crate::{generate, tidy as house};

pub(super) fn fmt(session: &Session) -> Result<Outcome> {
    cargo(session, &["fmt", "--all", "--check"], "run `cargo fmt --all`")
}

pub(super) fn tidy(session: &Session) -> Result<Outcome> {
    let tally = house::inspect(false, &session.terminal)?;
    let note = format!("{} mistakes, {} near a limit", tally.denied, tally.warned);
    Ok(Outcome { failed: tally.denied > 0, counts: None, note })
}

pub(super) fn generated(session: &Session) -> Result<Outcome> {
    let (up_to_date, changes) = generate::check_project(&session.terminal)?;
    let note = format!("{} files up to date", changes.unchanged());
    Ok(if up_to_date { Outcome::good(note) } else { Outcome::bad("run `cargo xtask generate`") })
}

pub(super) fn clippy(session: &Session) -> Result<Outcome> {
    cargo(session, &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], "")
}

pub(super) fn doc(session: &Session) -> Result<Outcome> {
    let arguments = ["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"];
    let finished = session.run_with(".", "cargo", &arguments, &[("RUSTDOCFLAGS", "-D warnings")])?;
    Ok(ended(finished.success, "", session))
}

/// The advisory database is left out: it lives outside the package registries, and a check that depends on what was
/// published this morning belongs in a schedule, not in a test of this tree.
pub(super) fn deny(session: &Session) -> Result<Outcome> {
    cargo(
        session,
        &["deny", "--locked", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"],
        "see deny.toml",
    )
}

pub(super) fn test(session: &Session) -> Result<Outcome> {
    let finished = session.run(".", "cargo", &["test", "--workspace", "--locked", "--no-fail-fast"])?;
    Ok(Outcome::tests(finished.success, counts::cargo(&finished.output)))
}

fn cargo(session: &Session, arguments: &[&str], hint: &str) -> Result<Outcome> {
    let finished = session.run(".", "cargo", arguments)?;
    Ok(ended(finished.success, hint, session))
}

fn ended(success: bool, hint: &str, session: &Session) -> Outcome {
    match (success, hint) {
        (true, _) => Outcome::good(""),
        (false, "") => Outcome::bad(format!("see {}", session.log_name())),
        (false, hint) => Outcome::bad(hint),
    }
}
