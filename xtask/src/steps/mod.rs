//! `cargo xtask check` and `cargo xtask test`: named steps, run one after the other, with a table at the end.
//!
//! A failed step does not stop the next one, so that one run shows everything that is wrong.

mod browser;
mod counts;
mod excerpt;
mod fuzz;
mod runner;
mod rust;
mod setup;
mod typescript;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::terminal::{Style, Terminal, readable};
use counts::Counts;
use runner::Session;

/// Check format, lints, house rules, freshness, docs and licences
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    choice: Choice,
}

/// Install what is needed, check, test in both languages, fuzz, look at it in a browser
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    choice: Choice,
}

#[derive(Debug, clap::Args)]
struct Choice {
    /// Run these steps only, e.g. `--only clippy,tidy`
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    only: Vec<String>,
    /// Leave these steps out
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    skip: Vec<String>,
    /// Name the steps and what they do, and run nothing
    #[arg(long)]
    list: bool,
    /// Seconds for each fuzz target
    #[arg(long, default_value_t = 30, value_name = "N")]
    fuzz_seconds: u32,
}

/// One named piece of a run.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Session) -> Result<Outcome>,
}

/// What a step came to.
#[derive(Debug, Default)]
struct Outcome {
    failed: bool,
    /// Tests it ran, where it ran tests.
    counts: Option<Counts>,
    /// One line for the table.
    note: String,
}

impl Outcome {
    fn good(note: impl Into<String>) -> Self {
        Self { note: note.into(), ..Self::default() }
    }

    fn bad(note: impl Into<String>) -> Self {
        Self { failed: true, note: note.into(), ..Self::default() }
    }

    /// Green when every test passed and there was at least one.
    fn tests(success: bool, counts: Counts) -> Self {
        let note = format!("{} passed, {} failed", counts.passed, counts.failed);
        let failed = !success || counts.failed > 0 || counts.passed == 0;
        Self { failed, counts: Some(counts), note }
    }
}

const SETUP: &[Step] = &[
    Step { name: "tools", about: "cargo-deny and cargo-fuzz, chromium", run: setup::tools },
    Step { name: "npm", about: "npm ci in clients-ts", run: setup::npm },
];

const CHECKS: &[Step] = &[
    Step { name: "fmt", about: "cargo fmt --check", run: rust::fmt },
    Step { name: "tidy", about: "the rules no compiler knows", run: rust::tidy },
    Step { name: "generate", about: "generate --check: nothing drifted", run: rust::generated },
    Step { name: "clippy", about: "cargo clippy, warnings denied", run: rust::clippy },
    Step { name: "doc", about: "cargo doc, warnings denied", run: rust::doc },
    Step { name: "deny", about: "licences, bans and sources of dependencies", run: rust::deny },
    Step {
        name: "ts-types",
        about: "the runtime built, tsc with every strict flag",
        run: typescript::typecheck,
    },
    Step { name: "ts-lint", about: "eslint and prettier", run: typescript::lint },
    Step { name: "ts-package", about: "publint and attw: what would be published", run: typescript::package },
];

const TESTS: &[Step] = &[
    Step { name: "rust", about: "every Rust test, goldens compiled", run: rust::test },
    Step { name: "ts", about: "every TypeScript test", run: typescript::test },
    Step { name: "oracle", about: "the official parser on every AsyncAPI document", run: typescript::oracle },
    Step { name: "fuzz", about: "each fuzz target for a while", run: fuzz::run },
    Step { name: "browser", about: "a page and the docs in headless Chromium", run: browser::run },
];

pub(crate) fn check(args: &CheckArgs, terminal: &Terminal) -> Result<bool> {
    run(&[CHECKS], &args.choice, terminal)
}

pub(crate) fn test(args: &TestArgs, terminal: &Terminal) -> Result<bool> {
    run(&[SETUP, CHECKS, TESTS], &args.choice, terminal)
}

/// How one step ended, for the table.
struct Row {
    name: &'static str,
    time: Duration,
    outcome: Outcome,
}

fn run(groups: &[&[Step]], choice: &Choice, terminal: &Terminal) -> Result<bool> {
    let steps = chosen(groups, choice)?;
    if choice.list {
        for step in steps {
            terminal.result(&format!("{:<12} {}", step.name, step.about));
        }
        return Ok(true);
    }
    let session = Session::new(*terminal, choice.fuzz_seconds)?;
    let start = Instant::now();
    let rows: Vec<Row> = steps.iter().map(|step| run_one(step, &session, terminal)).collect();
    print_table(&rows, start.elapsed(), terminal);
    Ok(rows.iter().all(|row| !row.outcome.failed))
}

fn chosen<'a>(groups: &[&'a [Step]], choice: &Choice) -> Result<Vec<&'a Step>> {
    let all: Vec<&Step> = groups.iter().flat_map(|group| group.iter()).collect();
    for name in choice.only.iter().chain(&choice.skip) {
        if !all.iter().any(|step| step.name == name) {
            let names: Vec<&str> = all.iter().map(|step| step.name).collect();
            bail!("no step is called `{name}`; there are {}", names.join(", "));
        }
    }
    let wanted = |step: &&Step| {
        let named = |list: &[String]| list.iter().any(|name| name == step.name);
        (choice.only.is_empty() || named(&choice.only)) && !named(&choice.skip)
    };
    Ok(all.into_iter().filter(wanted).collect())
}

fn run_one(step: &Step, session: &Session, terminal: &Terminal) -> Row {
    let start = Instant::now();
    session.begin(step.name);
    let outcome = (step.run)(session).unwrap_or_else(|error| Outcome::bad(format!("{error:#}")));
    let row = Row { name: step.name, time: start.elapsed(), outcome };
    terminal.line(&render(&row, terminal));
    row
}

fn render(row: &Row, terminal: &Terminal) -> String {
    let (style, word) = if row.outcome.failed { (Style::Bad, "FAILED") } else { (Style::Good, "ok") };
    let time = format!("{:>12}", readable(row.time));
    let word = terminal.paint(style, &format!("{word:<6}"));
    format!("{:<12} {word} {} {}", row.name, terminal.paint(Style::Faint, &time), row.outcome.note)
}

fn print_table(rows: &[Row], time: Duration, terminal: &Terminal) {
    terminal.line("");
    terminal.line(&terminal.paint(Style::Strong, "step         result         time"));
    for row in rows {
        terminal.line(&render(row, terminal));
    }
    terminal.line("");
    terminal.result(&closing(rows, time));
}

/// The last line: how many steps and tests passed and failed, so that a run that tested nothing shows.
fn closing(rows: &[Row], time: Duration) -> String {
    let failed_steps: Vec<&str> = rows.iter().filter(|row| row.outcome.failed).map(|row| row.name).collect();
    let total =
        rows.iter().filter_map(|row| row.outcome.counts.as_ref()).fold(Counts::default(), |sum, counts| {
            Counts { passed: sum.passed + counts.passed, failed: sum.failed + counts.failed }
        });
    let good = rows.len() - failed_steps.len();
    let names =
        if failed_steps.is_empty() { String::new() } else { format!(" ({})", failed_steps.join(", ")) };
    format!(
        "tests: {} passed, {} failed; steps: {good} passed, {} failed{names}; {}",
        total.passed,
        total.failed,
        failed_steps.len(),
        readable(time)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, outcome: Outcome) -> Row {
        Row { name, time: Duration::from_secs(1), outcome }
    }

    #[test]
    fn the_last_line_counts_tests_and_steps() {
        let rows = [
            row("fmt", Outcome::good("")),
            row("rust", Outcome::tests(true, Counts { passed: 12, failed: 0 })),
            row("ts", Outcome::tests(false, Counts { passed: 3, failed: 1 })),
        ];
        let expected = "tests: 15 passed, 1 failed; steps: 2 passed, 1 failed (ts); 65.0 s";
        assert_eq!(closing(&rows, Duration::from_secs(65)).replace("1 min 05 s", "65.0 s"), expected);
    }

    #[test]
    fn a_run_that_tested_nothing_fails() {
        assert!(Outcome::tests(true, Counts::default()).failed);
    }

    #[test]
    fn an_unknown_step_is_named() {
        let choice =
            Choice { only: vec!["clipy".to_owned()], skip: Vec::new(), list: false, fuzz_seconds: 1 };
        let error = chosen(&[CHECKS], &choice).map(|_| ()).expect_err("there is no such step");
        assert!(error.to_string().starts_with("no step is called `clipy`"));
    }
}
