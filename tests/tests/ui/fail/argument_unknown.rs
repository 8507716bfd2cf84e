//! Arguments the macro does not know.

bellwire::asyncapi!("tests/tests/ui/documents/chat.yaml", perspective = broker);
bellwire::asyncapi!("tests/tests/ui/documents/chat.yaml", side = client);

fn main() {}
