//! Two documents in one crate, plain AsyncAPI among them, keep out of each other's way.

mod chat {
    bellwire::asyncapi!("tests/tests/ui/documents/chat.yaml");
}
mod rooms {
    bellwire::asyncapi!("codegen/tests/golden/operations/document.yaml",);
}

pub(crate) fn main() {
    assert_ne!(chat::ENDPOINT.address, rooms::ENDPOINT.address);
}
