//! The tasks as their users run them: arguments in, exit codes, words and files out, in a folder of their own.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod autobahn;
mod bench;
mod generate;
mod help;
mod new_api;
mod sandbox;
