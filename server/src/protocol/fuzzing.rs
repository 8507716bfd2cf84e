//! What the fuzz target of the frame decoder calls; no part of the API.

use super::Frame;
use super::encode;

/// How deeply a fuzzed frame may nest.
const DEPTH: u32 = 32;

/// Decodes any bytes; what decodes must survive being written and read again.
///
/// # Panics
/// When it does not.
pub fn decode_frame(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(frame) = Frame::decode(text, DEPTH) else { return };
    let written = encode::frame(&frame.kind, frame.id, frame.payload);
    let again = std::str::from_utf8(&written).map(|text| Frame::decode(text, DEPTH));
    match again {
        Ok(Ok(again)) => {
            assert_eq!((again.kind, again.id, again.payload), (frame.kind, frame.id, frame.payload));
        }
        other => panic!("{frame:?} was written as something else: {other:?}"),
    }
}
