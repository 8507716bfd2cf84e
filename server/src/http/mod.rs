//! Everything that is served over HTTP: the sockets' handshakes, and what stands beside them.

mod accept;
mod body;
mod caller;
mod cors;
mod document;
mod door;
mod echo;
mod handshake;
mod health;
mod origin;
mod publish;
mod rate;
mod replayed;
mod requests;
mod retained;
mod state;
mod tagged;
mod upgrade;
mod websocket;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

pub(crate) use accept::{AcceptOptions, prepare, serve};
pub(crate) use cors::with_cors;
pub(crate) use door::Door;
pub use echo::echo_routes;
pub(crate) use origin::OriginPolicy;

use crate::config::Secret;
use crate::connection::Served;
use crate::node::Node;
use crate::protocol::encode::Failure;
use requests::Requests;

/// What the routes need beside the endpoints.
pub(crate) struct HttpOptions {
    /// Which web pages may connect.
    pub(crate) origins: OriginPolicy,
    /// Most connections at once.
    pub(crate) max_connections: usize,
    /// Opens publishing over HTTP.
    pub(crate) publish_token: Option<Secret>,
}

/// The routes of all endpoints, and the short way to their sockets.
pub(crate) fn router(node: &Node, endpoints: &[Arc<Served>], options: HttpOptions) -> (Router, Door) {
    let requests = Arc::new(Requests::new(node, endpoints, options.origins.clone()));
    let mut router = health::routes(node, endpoints, &requests.health_paths().collect());
    let gate =
        Arc::new(websocket::Gate { origins: options.origins, max_connections: options.max_connections });
    let mut bases: BTreeMap<&'static str, Vec<Arc<Served>>> = BTreeMap::new();
    for served in endpoints {
        bases.entry(served.endpoint.spec.connection.http_base).or_default().push(served.clone());
        router = router
            .merge(websocket::routes(served.clone(), gate.clone()))
            .merge(document::routes(served.endpoint.spec))
            .merge(retained::routes(served))
            .merge(state::routes(served));
    }
    if let Some(token) = options.publish_token {
        for (base, endpoints) in bases {
            router = router.merge(publish::routes(base, endpoints, token.clone()));
        }
    }
    let answer = |missing| {
        let requests = requests.clone();
        async move |request| requests.answer(request, missing).await
    };
    let router = router
        .fallback(answer(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(answer(StatusCode::METHOD_NOT_ALLOWED));
    (router, Door::new(endpoints, gate))
}

/// A failure as the body of an HTTP answer.
fn failure(status: StatusCode, failure: &Failure<'_>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], failure.error()).into_response()
}

/// A path below an endpoint's address.
fn below(address: &str, name: &str) -> String {
    format!("{}/{name}", address.trim_end_matches('/'))
}
