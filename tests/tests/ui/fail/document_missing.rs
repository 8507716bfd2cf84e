//! A path that leads nowhere.

bellwire::asyncapi!("asyncapi/nowhere.yaml");

fn main() {}
