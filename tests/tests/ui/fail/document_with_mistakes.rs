//! Every mistake of the document is an error of its own.

bellwire::asyncapi!("tests/tests/ui/documents/chat-with-mistakes.yaml");

fn main() {}
