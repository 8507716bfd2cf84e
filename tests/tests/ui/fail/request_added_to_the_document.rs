//! The document has a request that the service does not answer.

mod chat {
    bellwire::asyncapi!("tests/tests/ui/documents/chat.yaml");
}

struct Desk;

impl chat::ChatRequests for Desk {}

fn main() {}
