//! A service that serves something else.

mod chat {
    bellwire::asyncapi!("tests/tests/ui/documents/chat.yaml");
}

struct Desk;

fn main() {
    let _ = chat::ChatApi { rooms: Desk, requests: Desk }.into_endpoint();
}
