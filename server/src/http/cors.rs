//! What web pages of other origins may read over HTTP: the origins that may connect, by the rules of the fetch standard.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use super::OriginPolicy;

/// How long a browser may go without asking again whether it may ask.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

/// The routes, open to pages of the allowed origins.
///
/// Cookies are nobody's identity here, so credentials are never allowed, and methods and headers need no list: which
/// ones there are, the routes decide.
pub(crate) fn with_cors(routes: Router, origins: OriginPolicy) -> Router {
    let layer = CorsLayer::new()
        .allow_origin(allow_origin(origins))
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::ETAG, header::RETRY_AFTER, header::WWW_AUTHENTICATE])
        .max_age(PREFLIGHT_MAX_AGE);
    let plain = TowerToHyperService::new(routes.clone());
    let shared = TowerToHyperService::new(routes.layer(layer));
    Router::new().fallback(async move |request: Request<Body>| {
        // The layer would answer any `OPTIONS`, and hide what the routes say to those that are no preflight.
        let is_preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let is_question = request.method() == Method::OPTIONS && !is_preflight;
        if is_question { plain.call(request).await } else { shared.call(request).await }
    })
}

fn allow_origin(origins: OriginPolicy) -> AllowOrigin {
    if origins.allows_all() {
        return AllowOrigin::any();
    }
    AllowOrigin::predicate(move |_, parts| origins.allows(&parts.headers))
}
