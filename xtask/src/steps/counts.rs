//! How many tests ran, read from what the test runners print.

use std::sync::LazyLock;

use regex::Regex;

/// Tests that passed and failed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: usize,
    pub(super) failed: usize,
}

#[expect(clippy::expect_used, reason = "the patterns are constants")]
static CARGO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"test result: \w+\. (\d+) passed; (\d+) failed").expect("a valid pattern"));
#[expect(clippy::expect_used, reason = "the patterns are constants")]
static VITEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*Tests\s+(?:(\d+) failed \| )?(\d+) passed").expect("a valid pattern")
});
#[expect(clippy::expect_used, reason = "the patterns are constants")]
static VITEST_FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*Tests\s+(\d+) failed\s").expect("a valid pattern"));

/// The sum over all test binaries of a `cargo test`.
pub(super) fn cargo(output: &str) -> Counts {
    sum(&CARGO, output, 1, 2)
}

/// The sum over all runs of vitest.
pub(super) fn vitest(output: &str) -> Counts {
    let mut counts = sum(&VITEST, output, 2, 1);
    if counts.passed == 0 {
        counts.failed += sum(&VITEST_FAILED, output, 0, 1).failed;
    }
    counts
}

fn sum(pattern: &Regex, output: &str, passed: usize, failed: usize) -> Counts {
    let mut counts = Counts::default();
    for captures in pattern.captures_iter(output) {
        let number =
            |group: usize| captures.get(group).and_then(|text| text.as_str().parse().ok()).unwrap_or(0);
        counts.passed += number(passed);
        counts.failed += number(failed);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_are_understood() {
        let rust =
            "test result: ok. 12 passed; 0 failed; 1 ignored;\ntest result: FAILED. 3 passed; 2 failed;\n";
        assert_eq!(cargo(rust), Counts { passed: 15, failed: 2 });
        let cases = [
            (" Test Files  2 passed (2)\n      Tests  31 passed (31)\n", Counts { passed: 31, failed: 0 }),
            ("      Tests  1 failed | 30 passed (31)\n", Counts { passed: 30, failed: 1 }),
            ("      Tests  4 failed (4)\n", Counts { passed: 0, failed: 4 }),
            ("No test files found\n", Counts::default()),
        ];
        for (output, expected) in cases {
            assert_eq!(vitest(output), expected, "{output}");
        }
    }
}
