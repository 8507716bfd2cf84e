//! Who may connect, by which subprotocol, and whether there is room: for a handshake that came through axum, and for one
//! that was read at the `door`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Path};
use axum::http::{Extensions, HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use tracing::{Instrument, Span};

use super::OriginPolicy;
use super::handshake::{Agreed, Handshake};
use super::upgrade::Upgrade;
use crate::auth::Carried;
use crate::connection::{Accepted, Served, Stream, refuse, serve};
use crate::contract::Caller;
use crate::contract::erased::BoxFuture;
use crate::limits::ConnectionPermit;
use crate::protocol::CloseCondition;

/// Connections beyond the limit that are accepted only to be told why they cannot stay.
const REFUSED_LIMIT: usize = 64;

/// Who may pass.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) origins: OriginPolicy,
    pub(super) max_connections: usize,
}

/// A request for a socket.
pub(super) struct Asked<'a> {
    pub(super) handshake: Handshake,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) remote: Option<SocketAddr>,
    /// Those of the address.
    pub(super) parameters: BTreeMap<String, String>,
}

/// A client that gets a socket.
pub(super) struct Admitted {
    pub(super) agreed: Agreed,
    served: Arc<Served>,
    permit: ConnectionPermit,
    stay: Stay,
}

/// What for.
enum Stay {
    Connected {
        caller: Caller,
        carried: Carried,
        span: Span,
    },
    /// Only to be told that there is no room.
    Refused,
}

/// Why the handshake fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Draining,
    Origin,
    /// The endpoint knows this one alone.
    Subprotocol(&'static str),
    Full,
}

pub(super) fn routes(served: Arc<Served>, gate: Arc<Gate>) -> Router {
    let address = served.endpoint.spec.address;
    let handler = async move |path: Path<BTreeMap<String, String>>,
                              extensions: Extensions,
                              uri: Uri,
                              headers: HeaderMap,
                              upgrade: Upgrade| {
        let remote = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let Upgrade { handshake, socket } = upgrade;
        let asked = Asked { handshake, uri: &uri, headers: &headers, remote, parameters: path.0 };
        match admit(&served, &gate, asked) {
            Ok(admitted) => {
                let (agreed, serve) = admitted.into_parts();
                let send_buffer = served.options.send_buffer;
                socket.switch(&agreed, move |stream, early| {
                    // An application's own server leaves its sockets as the system makes them.
                    stream.set_up(send_buffer);
                    serve(stream, early, Bytes::new())
                })
            }
            Err(refused) => {
                if refused == Refused::Full {
                    served.node.shared().metrics.connection_limit_reached.inc();
                }
                refused.into_response()
            }
        }
    };
    Router::new().route(address, get(handler))
}

/// Lets a client in, or says why not.
pub(super) fn admit(served: &Arc<Served>, gate: &Gate, asked: Asked<'_>) -> Result<Admitted, Refused> {
    let Asked { handshake, uri, headers, remote, parameters } = asked;
    let (node, spec) = (&served.node, served.endpoint.spec);
    if node.shared().shutdown.has_begun() {
        return Err(Refused::Draining);
    }
    if !gate.origins.allows(headers) {
        return Err(Refused::Origin);
    }
    let subprotocol = spec.connection.subprotocol;
    let offered = handshake.offered_subprotocols();
    let chosen = offered.iter().any(|name| name == subprotocol).then_some(subprotocol);
    if !offered.is_empty() && chosen.is_none() {
        return Err(Refused::Subprotocol(subprotocol));
    }
    let connections = &node.shared().connections;
    let Some(permit) = connections.try_acquire(gate.max_connections) else {
        // A browser cannot read an HTTP status here, but it can read a close code.
        let beyond = gate.max_connections.saturating_add(REFUSED_LIMIT);
        let permit = connections.try_acquire(beyond).ok_or(Refused::Full)?;
        node.shared().metrics.connection_limit_reached.inc();
        let agreed = handshake.agree(chosen, None);
        return Ok(Admitted { agreed, served: served.clone(), permit, stay: Stay::Refused });
    };
    let carried = served.guard.carried(uri, headers);
    let caller =
        Caller::new(node.next_connection(), spec.address, remote, parameters, served.guard.standing());
    let remote = remote.map(tracing::field::display);
    let span = tracing::debug_span!("connection", id = caller.id(), endpoint = spec.address, remote);
    let agreed = handshake.agree(chosen, served.options.compression);
    Ok(Admitted { agreed, served: served.clone(), permit, stay: Stay::Connected { caller, carried, span } })
}

impl Admitted {
    /// The answer to the client, and what then serves its socket: given what the client sent behind its request, and
    /// what the socket has not taken of the answer.
    pub(super) fn into_parts(
        self,
    ) -> (Agreed, impl FnOnce(Stream, Vec<u8>, Bytes) -> BoxFuture<()> + Send + 'static) {
        let Self { agreed, served, permit, stay } = self;
        let compression = agreed.compression;
        let serve = move |stream, early, unsent| -> BoxFuture<()> {
            match stay {
                Stay::Connected { caller, carried, span } => {
                    let socket = Accepted { stream, unsent, early, carried, compression };
                    if span.is_disabled() {
                        return Box::pin(serve(socket, served, caller, permit));
                    }
                    // Kept for as long as the connection: only where someone looks that closely.
                    let serving = span.in_scope(|| serve(socket, served, caller, permit));
                    Box::pin(serving.instrument(span))
                }
                Stay::Refused => {
                    let socket = Accepted { stream, unsent, early, carried: Carried::Nothing, compression };
                    Box::pin(async move {
                        refuse(socket, &served, CloseCondition::TooManyConnections).await;
                        drop(permit);
                    })
                }
            }
        };
        (agreed, serve)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let unavailable = |seconds: &'static str, text: &'static str| {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, seconds)], text).into_response()
        };
        match self {
            Self::Draining => unavailable("1", "The server is about to stop\n"),
            Self::Full => unavailable("5", "Too many connections\n"),
            Self::Origin => {
                (StatusCode::FORBIDDEN, "This origin may not connect (see --allow-origin)\n").into_response()
            }
            Self::Subprotocol(subprotocol) => {
                let text = format!("Of subprotocols this endpoint knows {subprotocol} alone\n");
                (StatusCode::BAD_REQUEST, text).into_response()
            }
        }
    }
}
