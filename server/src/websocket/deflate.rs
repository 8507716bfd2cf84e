//! permessage-deflate (RFC 7692), always without server context takeover: a message compressed once serves every
//! socket, and an idle connection keeps no window unless its client was allowed one.

mod inflate;
mod offer;

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};
use flate2::{Compress, Compression, FlushCompress};

use super::{OpCode, frame_into};
pub(super) use inflate::Inflater;
pub use inflate::Inflating;
pub use offer::{Negotiated, accept_extensions};

/// What ends every deflated message and is not sent (RFC 7692, 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// The window everybody has, and the only one that shared frames use.
const FULL_WINDOW: u8 = 15;

thread_local! {
    // One state per thread, reset before each message, instead of one per connection; with the level it is for.
    static COMPRESS: RefCell<Option<(u8, Compress)>> = const { RefCell::new(None) };
}

/// How a server compresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompressionPolicy {
    /// Messages shorter than this are sent as they are.
    pub threshold: usize,
    /// From 1, the fastest, to 9, the smallest.
    pub level: u8,
    /// Whether clients may refer to their earlier messages, which costs a window for each that does.
    pub client_context: bool,
}

/// The terms of compression on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The server's side.
    pub policy: CompressionPolicy,
    /// Bits of the window that the client inflates with.
    pub server_window_bits: u8,
    /// What the client deflates with.
    pub inflating: Inflating,
}

impl Terms {
    /// Appends a message as one frame, compressed where that is worth it; says whether it was.
    pub fn frame_into(&self, buffer: &mut BytesMut, opcode: OpCode, payload: &[u8]) -> bool {
        let deflated = self.deflate(payload, self.server_window_bits);
        frame_into(buffer, opcode, deflated.is_some(), deflated.as_deref().unwrap_or(payload));
        deflated.is_some()
    }

    /// A compressed text frame for every client that [takes shared frames](Self::takes_shared) of this length; `None`
    /// where compressing is not worth it.
    #[must_use]
    pub fn shared_frame(&self, payload: &[u8]) -> Option<Bytes> {
        let deflated = self.deflate(payload, FULL_WINDOW)?;
        let mut frame = BytesMut::new();
        frame_into(&mut frame, OpCode::Text, true, &deflated);
        Some(frame.freeze())
    }

    /// Whether the client can inflate what was made of this many bytes with a full window: nothing refers further back
    /// than the message is long.
    #[must_use]
    pub fn takes_shared(&self, len: usize) -> bool {
        self.server_window_bits == FULL_WINDOW || len <= 1 << self.server_window_bits
    }

    fn deflate(&self, payload: &[u8], window_bits: u8) -> Option<Vec<u8>> {
        if payload.len() < self.policy.threshold {
            return None;
        }
        let deflated = Compressor::with_window(payload, self.policy.level, window_bits);
        (deflated.len() < payload.len()).then_some(deflated)
    }
}

/// Deflates whole messages.
#[derive(Debug)]
pub struct Compressor(());

impl Compressor {
    /// The payload of a compressed frame, for clients with a full window.
    #[must_use]
    pub fn shared(payload: &[u8], level: u8) -> Vec<u8> {
        COMPRESS.with_borrow_mut(|kept| match kept {
            Some((known, compress)) if *known == level => {
                compress.reset();
                deflate(compress, payload)
            }
            _ => {
                let (_, compress) = kept.insert((level, Compress::new(level_of(level), false)));
                deflate(compress, payload)
            }
        })
    }

    /// The same for one client with a window of its own.
    #[must_use]
    pub fn with_window(payload: &[u8], level: u8, bits: u8) -> Vec<u8> {
        if bits >= FULL_WINDOW {
            return Self::shared(payload, level);
        }
        deflate(&mut Compress::new_with_window_bits(level_of(level), false, bits.max(9)), payload)
    }
}

fn level_of(level: u8) -> Compression {
    Compression::new(u32::from(level.clamp(1, 9)))
}

fn deflate(compress: &mut Compress, payload: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(payload.len() / 2 + 64);
    let mut consumed = 0;
    loop {
        let before = compress.total_in();
        // Deflating into a growing buffer cannot fail; were it to, the stream would end here and inflate short.
        let status = compress.compress_vec(&payload[consumed..], &mut output, FlushCompress::Sync);
        consumed += usize::try_from(compress.total_in() - before).unwrap_or(0);
        let full = output.len() == output.capacity();
        if status.is_err() || (consumed == payload.len() && !full) {
            break;
        }
        output.reserve(output.len().max(64));
    }
    if output.ends_with(&TAIL) {
        output.truncate(output.len() - TAIL.len());
    }
    output
}

/// Bytes that do not shrink.
#[cfg(test)]
pub(super) fn noise(len: usize) -> Vec<u8> {
    let states = std::iter::successors(Some(0x9e37_79b9_u32), |state| {
        let state = state ^ (state << 13);
        let state = state ^ (state >> 17);
        Some(state ^ (state << 5))
    });
    states.map(|state| state.to_be_bytes()[0]).take(len).collect()
}

#[cfg(test)]
mod tests;
