//! A service implements what it decides and nothing else.

mod chat {
    bellwire::asyncapi!("tests/tests/ui/documents/chat.yaml");
}

use bellwire::contract::Caller;
use chat::{ChatApi, ChatPublishers, ChatRequests, RoomsLeaveError, types};

struct Desk;

impl ChatRequests for Desk {
    async fn rooms_leave(&self, _: &Caller, payload: types::Room) -> Result<(), RoomsLeaveError> {
        drop(payload.room);
        Ok(())
    }
}

pub(crate) fn main() {
    let node = bellwire::Node::new();
    let publish = ChatPublishers::new(&node);
    let reach = publish
        .rooms
        .publish(&types::Room { room: "lobby".to_owned() }, &types::Message { text: "hello".to_owned() });
    assert_eq!(reach.subscribers, 0);
    let _ = ChatApi { rooms: (), requests: Desk }.into_endpoint();
}
