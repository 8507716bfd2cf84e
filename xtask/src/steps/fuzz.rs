//! Each fuzz target for a while, on stable and without a sanitizer: there is no unsafe code to sanitise.

use std::fs;

use anyhow::{Context as _, Result};

use super::Outcome;
use super::counts::Counts;
use super::runner::Session;
use crate::project::Tree;

const FOLDER: &str = "tests/fuzz";

/// Where a target's first inputs come from: a folder and the extension of the files in it.
const SEEDS: &[(&str, &str, &str)] = &[
    ("load_document", "asyncapi", "yaml"),
    ("load_document", "codegen/tests", "yaml"),
    ("decode_frame", "tests/frames", "json"),
    ("decode_websocket", "tests/fuzz/seeds/decode_websocket", "bin"),
];

/// Longest input in bytes: short ones run often, and what breaks on a long one breaks on a short one too.
const LONGEST: u64 = 4096;

pub(super) fn run(session: &Session) -> Result<Outcome> {
    let mut counts = Counts::default();
    let mut notes = Vec::new();
    for target in targets(session)? {
        seed(session, &target)?;
        let time = format!("-max_total_time={}", session.fuzz_seconds);
        let longest = format!("-max_len={LONGEST}");
        let mut arguments = vec!["fuzz", "run", "--fuzz-dir", ".", "-s", "none", &target, "--"];
        arguments.extend([time.as_str(), &longest, "-timeout=60"]);
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

/// Fills a target's corpus with the project's own documents and frames, and with what was found before.
fn seed(session: &Session, target: &str) -> Result<()> {
    let corpus = session.root.join(FOLDER).join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let regressions = format!("{FOLDER}/regressions/{target}");
    let seeds =
        SEEDS.iter().filter(|(name, ..)| *name == target).map(|(_, folder, extension)| (*folder, *extension));
    for (folder, extension) in seeds.chain([(regressions.as_str(), "")]) {
        let folder = session.root.join(folder);
        if !folder.is_dir() {
            continue;
        }
        for file in Tree::read(&folder)?.files {
            let is_short = file.text.len() as u64 <= LONGEST;
            if extension.is_empty() || (is_short && file.extension() == extension) {
                fs::copy(folder.join(&file.path), corpus.join(file.path.replace('/', "-")))?;
            }
        }
    }
    Ok(())
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
