//! How fast one address may ask over plain HTTP: for requests of the document and for what is retained, counted together
//! for each endpoint. Back ends that publish bear a token and are not counted, nor is who looks after the server.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::Extensions;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

use super::requests::refused;
use crate::connection::Served;
use crate::contract::Refusal;
use crate::protocol::ErrorCode;

/// Counts one more; a refusal where its address asks faster than it may.
pub(super) fn admit(served: &Served, extensions: &Extensions) -> Result<(), Refusal> {
    let remote = extensions.get::<ConnectInfo<SocketAddr>>();
    let (Some(limit), Some(ConnectInfo(remote))) = (&served.http_rate, remote) else { return Ok(()) };
    let is_within = limit.admits(remote.ip(), Instant::now());
    is_within.then_some(()).ok_or_else(|| Refusal::framework(ErrorCode::RateLimited, "Too many requests"))
}

/// Lets only those through who ask no faster than they may.
pub(super) async fn only_within_rate(
    State(served): State<Arc<Served>>,
    request: Request,
    next: Next,
) -> Response {
    match admit(&served, request.extensions()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            served.node.shared().metrics.reply_error(refusal.code());
            refused(&[], &refusal)
        }
    }
}
