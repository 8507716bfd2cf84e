//! The bot's dashboard as its users meet it: a process, its socket and its HTTP; and what a bot calls from its threads.

// The very modules of the app: what a bot calls in its own process cannot be called from outside.
#[rustfmt::skip]
#[path = "../../../../server/src/bin/bot/generated/mod.rs"]
mod generated;
#[path = "../../../../server/src/bin/bot/updates.rs"]
mod updates;

mod demo;
mod events;
mod pushing;
mod state;

use e2e::{Spawned, TestSocket};
use serde_json::Value;

/// Starts a dashboard that shows only what is posted.
fn bot(arguments: &[&str]) -> Spawned {
    Spawned::start("bot", &[&["--no-demo"], arguments].concat())
}

/// The `data` of the first frame.
async fn snapshot(socket: &mut TestSocket) -> Value {
    let frame = socket.next().await;
    assert_eq!(frame["type"], "STATE_SNAPSHOT", "{frame}");
    let members: Vec<&String> = frame.as_object().unwrap().keys().collect();
    assert_eq!(members, ["type", "data"], "{frame}");
    frame["data"].clone()
}
