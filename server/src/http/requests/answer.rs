//! What a request over HTTP is answered with: status, headers, body.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::contract::erased::Fetched;
use crate::contract::{Content, Refusal};
use crate::http::failure;
use crate::http::tagged::tagged;
use crate::protocol::{ErrorCode, HttpSpec};

/// The answer of a service.
pub(super) fn success(spec: &HttpSpec, fetched: Fetched, headers: &HeaderMap) -> Response {
    let kept = spec.max_age_ms.map(|ms| format!("max-age={}", ms / 1_000));
    match fetched {
        Fetched::Nothing => StatusCode::NO_CONTENT.into_response(),
        Fetched::Json(text) => {
            let cache = kept.unwrap_or_else(|| "no-store".to_owned());
            let headers =
                [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CACHE_CONTROL, cache)];
            (headers, text).into_response()
        }
        // Whoever has the bytes already is told so.
        Fetched::Bytes(content) => bytes(spec, content, kept.as_deref().unwrap_or("no-cache"), headers),
    }
}

fn bytes(spec: &HttpSpec, content: Content, cache: &str, headers: &HeaderMap) -> Response {
    let kind = spec.produces.unwrap_or("application/octet-stream");
    let own = [(header::CONTENT_TYPE, kind), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    tagged(headers, cache, own, content.into_bytes())
}

/// The answer where there is none: the document's status of the code, else the usual one.
pub(in crate::http) fn refused(statuses: &[(&str, u16)], refusal: &Refusal) -> Response {
    let declared = statuses.iter().find(|(code, _)| *code == refusal.code());
    let declared = declared.and_then(|(_, status)| StatusCode::from_u16(*status).ok());
    let status = declared.unwrap_or_else(|| usual_status(refusal.code()));
    let mut response = failure(status, &refusal.failure());
    let headers = response.headers_mut();
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The status of a code that the document says nothing about.
fn usual_status(code: &str) -> StatusCode {
    let framework = [
        (ErrorCode::InvalidJson, StatusCode::BAD_REQUEST),
        (ErrorCode::NotAuthenticated, StatusCode::UNAUTHORIZED),
        (ErrorCode::Forbidden, StatusCode::FORBIDDEN),
        (ErrorCode::UnknownType, StatusCode::NOT_FOUND),
        (ErrorCode::RateLimited, StatusCode::TOO_MANY_REQUESTS),
        (ErrorCode::Internal, StatusCode::INTERNAL_SERVER_ERROR),
        (ErrorCode::ShuttingDown, StatusCode::SERVICE_UNAVAILABLE),
        (ErrorCode::RequestTimeout, StatusCode::GATEWAY_TIMEOUT),
    ];
    let known = framework.iter().find(|(known, _)| known.as_str() == code);
    known.map_or(StatusCode::UNPROCESSABLE_ENTITY, |(_, status)| *status)
}
