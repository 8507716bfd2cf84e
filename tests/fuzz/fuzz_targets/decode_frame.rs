//! Any bytes as a frame: refused or understood, never a panic.
#![no_main]

#[path = "../../src/fuzzed/decode_frame.rs"]
mod decode_frame;

libfuzzer_sys::fuzz_target!(|data: &[u8]| decode_frame::run(data));
