//! Harness of the end-to-end tests: apps as black boxes, sockets with a queue, waiting without sleeping.
//!
//! Panics are its way to fail: it is only ever called from tests.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a harness fails by panicking, with a message")]

mod eventually;
mod exchange;
pub mod fuzzed;
mod http;
mod spawned;
mod temp_path;
mod test_socket;
mod token;

pub use eventually::{PATIENCE, eventually};
pub use exchange::{Exchange, recorded_frames};
pub use http::{Answer, get, get_as, get_from, post};
pub use spawned::{Spawned, project_root};
pub use temp_path::TempPath;
pub use test_socket::{Closed, TestSocket};
pub use token::{AUTH_SECRET, in_seconds, mint};
