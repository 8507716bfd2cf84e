//! `/health` for load balancers and `/metrics` for Prometheus.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value};

use super::below;
use crate::connection::Served;
use crate::node::Node;
use crate::protocol::envelope::iso_8601;

/// Health and metrics; `taken` are the paths at which a request of the document says more.
pub(super) fn routes(node: &Node, endpoints: &[Arc<Served>], taken: &BTreeSet<&str>) -> Router {
    let bases = endpoints.iter().map(|served| served.endpoint.spec.connection.http_base);
    let paths: BTreeSet<String> = bases.chain([""]).map(|base| below(base, "health")).collect();
    let mut router = Router::new().route("/metrics", {
        let node = node.clone();
        get(async move || metrics(&node))
    });
    for path in paths.into_iter().filter(|path| !taken.contains(path.as_str())) {
        let node = node.clone();
        router = router.route(&path, get(async move || health(&node)));
    }
    router
}

/// Healthy with 200; while the node drains, 503, so that nobody is sent here any more.
fn health(node: &Node) -> Response {
    let draining = node.shared().shutdown.has_begun();
    let code = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let body = Value::Object(report(node)).to_string();
    (code, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// What the server says of itself.
pub(super) fn report(node: &Node) -> Map<String, Value> {
    let status = if node.shared().shutdown.has_begun() { "draining" } else { "healthy" };
    Map::from_iter([
        ("status".to_owned(), status.into()),
        ("active_connections".to_owned(), node.connection_count().into()),
        ("timestamp".to_owned(), iso_8601(SystemTime::now()).into()),
    ])
}

fn metrics(node: &Node) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], node.shared().metrics_now()).into_response()
}
