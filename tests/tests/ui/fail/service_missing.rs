//! A topic without a service.

mod chat {
    bellwire::asyncapi!("tests/tests/ui/documents/chat.yaml");
}

struct Desk;

impl chat::ChatRequests for Desk {
    async fn rooms_leave(
        &self,
        _: &bellwire::contract::Caller,
        _: chat::types::Room,
    ) -> Result<(), chat::RoomsLeaveError> {
        Ok(())
    }
}

fn main() {
    let _ = chat::ChatApi { requests: Desk };
}
