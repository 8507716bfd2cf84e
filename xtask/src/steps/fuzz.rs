//! Each fuzz target for a while, on stable and without a sanitizer: there is no unsafe code to sanitise.

use std::fs;

use anyhow::{Context as _, Result};

use super::Outcome;
use super::counts::Counts;
use super::runner::Session;

const FOLDER: &str = "tests/fuzz";

pub(super) fn run(session: &Session) -> Result<Outcome> {
    let mut counts = Counts::default();
    let mut notes = Vec::new();
    for target in targets(session)? {
        let time = format!("-max_total_time={}", session.fuzz_seconds);
        let seeds = format!("seeds/{target}");
        let corpus = format!("corpus/{target}");
        fs::create_dir_all(session.root.join(FOLDER).join(&corpus))?;
        let arguments = [
            "fuzz",
            "run",
            "--fuzz-dir",
            ".",
            "-s",
            "none",
            &target,
            &corpus,
            &seeds,
            "--",
            &time,
            "-max_len=65536",
            "-timeout=10",
        ];
        let finished = session.run(FOLDER, "cargo", &arguments)?;
        let runs = executions(&finished.output);
        // A target that never ran has found nothing; say so instead of passing.
        if finished.success && runs > 0 {
            counts.passed += 1;
        } else {
            counts.failed += 1;
        }
        notes.push(format!("{target} {runs} runs"));
    }
    let outcome = Outcome::tests(true, counts);
    Ok(Outcome { note: notes.join(", "), ..outcome })
}

/// The targets, by file name.
fn targets(session: &Session) -> Result<Vec<String>> {
    let folder = session.root.join(FOLDER).join("fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if let Some(stem) = path.file_stem().filter(|_| path.extension().is_some_and(|end| end == "rs")) {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// `Done 123456 runs in 31 second(s)`, as libFuzzer says at the end.
fn executions(output: &str) -> u64 {
    let done = output.lines().rev().find_map(|line| line.strip_prefix("Done "));
    done.and_then(|rest| rest.split(' ').next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_runs_is_read() {
        assert_eq!(executions("#5 pulse\nDone 123456 runs in 31 second(s)\n"), 123_456);
        assert_eq!(executions("error: could not compile\n"), 0);
    }
}
