//! Entry points of the `asyncapi!` macro.
