//! RFC 6455 frames and RFC 7692 compression, without sockets and clocks.
//!
//! Bytes go in, events come out; values go in, frames come out. What is here and in no library: frames encoded once and
//! shared by many sockets, a message compressed once for all of them, and a decoder that keeps nothing between two
//! messages. It knows the server's side only, and nothing of Bellwire's own protocol.

mod close;
mod decoder;
mod deflate;
mod encoder;
mod header;
mod mask;
mod utf8;

pub use close::{CloseFrame, Violation};
pub use decoder::{Decoder, Event, Limits};
pub use deflate::{CompressionPolicy, Compressor, Inflating, Negotiated, Terms, accept_extensions};
pub(crate) use encoder::{HEADER_ROOM, put_header};
pub use encoder::{close_frame, control_frame, frame_into, header_len, text_frame};
pub use header::OpCode;
