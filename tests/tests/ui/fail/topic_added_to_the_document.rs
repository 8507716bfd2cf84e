//! The document has learnt a topic since this was written.

mod chat {
    bellwire::asyncapi!("tests/tests/ui/documents/chat-with-presence.yaml");
}

struct Desk;

impl chat::ChatWithPresenceRequests for Desk {
    async fn rooms_leave(
        &self,
        _: &bellwire::contract::Caller,
        _: chat::types::Room,
    ) -> Result<(), chat::RoomsLeaveError> {
        Ok(())
    }
}

fn main() {
    let _ = chat::ChatWithPresenceApi { rooms: (), requests: Desk }.into_endpoint();
}
