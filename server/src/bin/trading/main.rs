//! The trading API.
fn main() {}
