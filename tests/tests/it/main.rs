//! End-to-end tests: one binary, one module per subject.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod fuzzed;
mod readme;
mod trading;
