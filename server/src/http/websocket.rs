//! The upgrade: who may connect, by which subprotocol, and whether there is room.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Path};
use axum::http::{Extensions, HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tracing::Instrument;

use super::OriginPolicy;
use super::upgrade::Upgrade;
use crate::auth::Carried;
use crate::connection::{Served, refuse, serve};
use crate::contract::Caller;
use crate::protocol::CloseCondition;

/// Connections beyond the limit that are accepted only to be told why they cannot stay.
const REFUSED_LIMIT: usize = 64;

/// Who may pass.
pub(super) struct Gate {
    pub(super) origins: OriginPolicy,
    pub(super) max_connections: usize,
}

pub(super) fn routes(served: Arc<Served>, gate: Arc<Gate>) -> Router {
    let address = served.endpoint.spec.address;
    let handler = async move |path: Path<BTreeMap<String, String>>,
                              extensions: Extensions,
                              uri: Uri,
                              headers: HeaderMap,
                              upgrade: Upgrade| {
        let remote = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let carried = served.guard.carried(&uri, &headers);
        connect(served, &gate, path.0, remote, carried, &headers, upgrade)
    };
    Router::new().route(address, get(handler))
}

fn connect(
    served: Arc<Served>,
    gate: &Gate,
    parameters: BTreeMap<String, String>,
    remote: Option<SocketAddr>,
    carried: Carried,
    headers: &HeaderMap,
    upgrade: Upgrade,
) -> Response {
    if let Some(refusal) = refusal(&served, gate, headers, &upgrade) {
        return refusal;
    }
    let node = served.node.clone();
    let spec = &served.endpoint.spec;
    let subprotocol = spec.connection.subprotocol;
    let chosen = upgrade.offered_subprotocols().iter().any(|name| name == subprotocol).then_some(subprotocol);
    let connections = &node.shared().connections;
    if let Some(permit) = connections.try_acquire(gate.max_connections) {
        let caller =
            Caller::new(node.next_connection(), spec.address, remote, parameters, served.guard.standing());
        let remote = remote.map(tracing::field::display);
        // Kept for as long as the connection: only where someone looks that closely.
        let span = tracing::debug_span!("connection", id = caller.id(), endpoint = spec.address, remote);
        let compression = served.options.compression;
        if span.is_disabled() {
            return upgrade
                .accept(chosen, carried, compression, move |socket| serve(socket, served, caller, permit));
        }
        return upgrade.accept(chosen, carried, compression, move |socket| {
            span.in_scope(|| serve(socket, served, caller, permit)).instrument(span)
        });
    }
    node.shared().metrics.connection_limit_reached.inc();
    // A browser cannot read an HTTP status here, but it can read a close code.
    let Some(permit) = connections.try_acquire(gate.max_connections.saturating_add(REFUSED_LIMIT)) else {
        let text = "Too many connections\n";
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], text).into_response();
    };
    upgrade.accept(chosen, Carried::Nothing, None, async move |socket| {
        refuse(socket, &served, CloseCondition::TooManyConnections).await;
        drop(permit);
    })
}

/// Why the handshake fails, if it does.
fn refusal(served: &Served, gate: &Gate, headers: &HeaderMap, upgrade: &Upgrade) -> Option<Response> {
    if served.node.shared().shutdown.has_begun() {
        let text = "The server is about to stop\n";
        return Some((StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], text).into_response());
    }
    if !gate.origins.allows(headers) {
        return Some(
            (StatusCode::FORBIDDEN, "This origin may not connect (see --allow-origin)\n").into_response(),
        );
    }
    let subprotocol = served.endpoint.spec.connection.subprotocol;
    let offered = upgrade.offered_subprotocols();
    if !offered.is_empty() && !offered.iter().any(|name| name == subprotocol) {
        let text = format!("Of subprotocols this endpoint knows {subprotocol} alone\n");
        return Some((StatusCode::BAD_REQUEST, text).into_response());
    }
    None
}
