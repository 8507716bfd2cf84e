//! What the fuzz targets run, shared with the ordinary tests that replay what they once found.
//!
//! Each file stands alone: `tests/fuzz` includes it without depending on this package.

pub mod decode_frame;
pub mod decode_websocket;
pub mod load_document;
pub mod websocket_seeds;
