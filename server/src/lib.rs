//! Bellwire: an AsyncAPI-first WebSocket framework.
