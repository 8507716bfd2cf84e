//! Any bytes as what a WebSocket client sends: understood or a violation, never a panic, however they are cut.
#![no_main]

#[path = "../../src/fuzzed/decode_websocket.rs"]
mod decode_websocket;

libfuzzer_sys::fuzz_target!(|data: &[u8]| decode_websocket::run(data));
