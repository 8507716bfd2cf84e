//! End-to-end tests: one binary, one module per subject.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod bot;
mod carry;
mod charts;
mod fuzzed;
mod generated_rust;
mod generated_types;
mod help;
mod macros;
mod new_api;
mod readme;
mod screener;
mod systems;
mod topics;
mod trading;
mod websocket;
