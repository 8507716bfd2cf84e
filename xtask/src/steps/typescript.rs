//! The TypeScript side: the scripts of `clients-ts/package.json`, which people run by hand under the same names.

use anyhow::Result;

use super::runner::Session;
use super::{Outcome, counts};

const FOLDER: &str = "clients-ts";

pub(super) fn typecheck(session: &Session) -> Result<Outcome> {
    script(session, "typecheck")
}

pub(super) fn lint(session: &Session) -> Result<Outcome> {
    let lint = script(session, "lint")?;
    if lint.failed { Ok(lint) } else { script(session, "format:check") }
}

pub(super) fn package(session: &Session) -> Result<Outcome> {
    script(session, "package")
}

pub(super) fn test(session: &Session) -> Result<Outcome> {
    let finished = session.run(FOLDER, "npm", &["test", "--silent"])?;
    Ok(Outcome::tests(finished.success, counts::vitest(&finished.output)))
}

pub(super) fn oracle(session: &Session) -> Result<Outcome> {
    script(session, "oracle")
}

fn script(session: &Session, name: &str) -> Result<Outcome> {
    let finished = session.run(FOLDER, "npm", &["run", "--silent", name])?;
    Ok(if finished.success {
        Outcome::good("")
    } else {
        Outcome::bad(format!("`npm run {name}` in {FOLDER}; see {}", session.log_name()))
    })
}
