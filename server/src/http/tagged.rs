//! Answers with an `ETag`: a client that polls, and has the body already, is told so instead of getting it again.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, IntoResponseParts, Response};

/// A body with its tag, or 304 where the request's `headers` say that the client has it. `cache` goes with both, `own`
/// (its type, say) with the body alone.
pub(super) fn tagged(
    headers: &HeaderMap,
    cache: &str,
    own: impl IntoResponseParts,
    body: impl Into<Bytes>,
) -> Response {
    let body = body.into();
    let tag = tag(&body);
    let common = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, cache)];
    if is_known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, own, Body::from(body)).into_response()
}

fn tag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}-{:x}\"", hasher.finish(), body.len())
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_who_has_the_body_is_spared_it() {
        let tag = tag(b"[1]");
        let cases = [
            (None, StatusCode::OK),
            (Some("\"other\"".to_owned()), StatusCode::OK),
            (Some(tag.clone()), StatusCode::NOT_MODIFIED),
            (Some(format!("W/{tag}")), StatusCode::NOT_MODIFIED),
            (Some(format!("\"other\", {tag}")), StatusCode::NOT_MODIFIED),
            (Some("*".to_owned()), StatusCode::NOT_MODIFIED),
        ];
        for (known, expected) in cases {
            let value = known.as_deref().map(|known| HeaderValue::from_str(known).unwrap());
            let headers = value.into_iter().map(|value| (header::IF_NONE_MATCH, value)).collect();
            let own = [(header::CONTENT_TYPE, "application/json")];
            let answer = tagged(&headers, "no-cache", own, "[1]");
            assert_eq!(answer.status(), expected, "{known:?}");
            assert_eq!(answer.headers()[header::ETAG], tag);
            assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-cache");
            assert_eq!(answer.headers().contains_key(header::CONTENT_TYPE), expected == StatusCode::OK);
        }
    }
}
