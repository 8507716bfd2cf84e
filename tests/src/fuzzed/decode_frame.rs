//! The frame decoder on one input.

/// Decodes the bytes as a frame and, where they are one, writes and reads it again.
pub fn run(data: &[u8]) {
    bellwire::fuzzing::decode_frame(data);
}
