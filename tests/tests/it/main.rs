//! End-to-end tests: one binary, one module per subject.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod fuzzed;
mod new_api;
mod readme;
mod trading;
