//! The AsyncAPI document and the docs page, beside the socket.

use axum::Router;
use axum::extract::Query;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use super::below;
use crate::protocol::EndpointSpec;

/// The page is one file with its script and style inside; it connects to the socket and to nothing else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; \
                           connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Deserialize)]
struct Version {
    version: Option<String>,
}

pub(super) fn routes(spec: &'static EndpointSpec) -> Router {
    Router::new()
        .route(&below(spec.address, "asyncapi.json"), get(move |version| json(spec, version)))
        .route(&below(spec.address, "asyncapi"), get(move || page(spec)))
}

#[expect(clippy::unused_async, reason = "axum's handlers are futures")]
async fn json(spec: &'static EndpointSpec, Query(query): Query<Version>) -> Response {
    let document = match query.version.as_deref() {
        None | Some("3.0.0") => spec.asyncapi_json,
        Some("2.4.0") => spec.asyncapi_2_json,
        Some(_) => return (StatusCode::BAD_REQUEST, "version is one of 2.4.0, 3.0.0\n").into_response(),
    };
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}

#[expect(clippy::unused_async, reason = "axum's handlers are futures")]
async fn page(spec: &'static EndpointSpec) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, spec.docs_html).into_response()
}
