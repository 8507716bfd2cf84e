//! A bare echo endpoint: the handshake and the connection layer, and nothing of Bellwire's own protocol.

use axum::Router;
use axum::routing::get;
use bytes::Bytes;

use super::upgrade::Upgrade;
use crate::auth::Carried;
use crate::connection::{Accepted, echo};
use crate::node::Node;
use crate::websocket::CompressionPolicy;

/// Serves an echo of messages up to a size; for suites that test the WebSocket side alone.
pub fn echo_routes(path: &str, max_message: usize, compression: Option<CompressionPolicy>) -> Router {
    let node = Node::new();
    let handler = async move |upgrade: Upgrade| {
        let agreed = upgrade.handshake.agree(None, compression);
        let compression = agreed.compression;
        upgrade.socket.switch(&agreed, move |stream, early| {
            let carried = Carried::Nothing;
            let accepted = Accepted { stream, unsent: Bytes::new(), early, carried, compression };
            Box::pin(echo(accepted, node, max_message))
        })
    };
    Router::new().route(path, get(handler))
}
