//! Any bytes as a document: mistakes become diagnostics, never a panic.
#![no_main]

#[path = "../../src/fuzzed/load_document.rs"]
mod load_document;

libfuzzer_sys::fuzz_target!(|data: &[u8]| load_document::run(data));
