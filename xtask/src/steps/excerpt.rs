//! What is shown of a program that failed: what it says about its failures, wherever that stands, and its last lines.

/// How many of the last lines are shown; the log has all of them.
const LAST: usize = 120;
/// And how many from before them that tell of failed tests.
const TOLD: usize = 200;
/// And of each line: fuzzers print their inputs as one.
const COLUMNS: usize = 300;

/// The lines to show; `log` is where the others are.
pub(super) fn excerpt(output: &str, log: &str) -> Vec<String> {
    let lines: Vec<&str> = output.lines().collect();
    let (before, last) = lines.split_at(lines.len().saturating_sub(LAST));
    let mut shown: Vec<String> = failures(before).take(TOLD).map(cut).collect();
    if !before.is_empty() {
        shown.push(format!("… {} lines before these are in {log}", before.len()));
    }
    shown.extend(last.iter().copied().map(cut));
    shown
}

/// What cargo's test runner tells between the word `failures:` and the result.
fn failures<'a>(lines: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let mut told = false;
    lines.iter().copied().filter(move |line| {
        told = !line.starts_with("test result:") && (told || *line == "failures:");
        told
    })
}

fn cut(line: &str) -> String {
    line.chars().take(COLUMNS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_shown_however_much_follows() {
        let failed =
            "test a ... ok\nfailures:\n\n---- b stdout ----\nleft: 1\n\ntest result: FAILED. 1 passed";
        let output = format!("{failed}\n{}", "another line\n".repeat(LAST));
        let shown = excerpt(&output, "the.log");
        let told = ["failures:", "", "---- b stdout ----", "left: 1", ""];
        assert_eq!(&shown[..told.len()], told);
        assert_eq!(shown[told.len()], "… 7 lines before these are in the.log");
        assert_eq!(shown.len(), told.len() + 1 + LAST);
    }

    #[test]
    fn short_output_is_shown_once_and_whole() {
        let output = format!("failures:\n{}\n", "x".repeat(COLUMNS + 1));
        assert_eq!(excerpt(&output, "the.log"), ["failures:".to_owned(), "x".repeat(COLUMNS)]);
    }
}
