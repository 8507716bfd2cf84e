//! Publishing for back ends in other languages: `POST <base>/publish`.
//!
//! The route exists only where a token is set. Everything is read against the document before it reaches the hub.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::value::RawValue;
use subtle::ConstantTimeEq;

use super::retained::unprocessable;
use super::{below, failure};
use crate::config::Secret;
use crate::connection::Served;
use crate::node::publish_written;
use crate::protocol::encode::Failure;
use crate::protocol::{ErrorCode, Fault, Faults, Retry, is_deeper_than};

/// What a back end sends.
#[derive(Deserialize)]
struct Publication<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// Whom it reached.
#[derive(serde::Serialize)]
struct Published {
    subscribers: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
}

pub(super) fn routes(base: &str, endpoints: Vec<Arc<Served>>, token: Secret) -> Router {
    let endpoints: Arc<[Arc<Served>]> = endpoints.into();
    let token = Arc::new(token);
    let handler = async move |request: Request<Body>| {
        if !is_authorized(request.headers(), &token) {
            let refused = Failure::framework(ErrorCode::NotAuthenticated, "A valid bearer token is needed");
            let mut response = failure(StatusCode::UNAUTHORIZED, &refused);
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
            return response;
        }
        let limit = endpoints.iter().map(|served| served.options.max_message_bytes).max().unwrap_or_default();
        match to_bytes(request.into_body(), limit).await {
            Ok(body) => publish(&endpoints, &body),
            Err(_) => failure(StatusCode::PAYLOAD_TOO_LARGE, &too_large(&format!("At most {limit} bytes"))),
        }
    };
    Router::new().route(&below(base, "publish"), post(handler))
}

fn is_authorized(headers: &HeaderMap, token: &Secret) -> bool {
    let value = headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes).unwrap_or_default();
    let Some((scheme, given)) = value.split_at_checked(7) else { return false };
    scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(given.ct_eq(token.as_bytes()))
}

fn too_large(message: &str) -> Failure<'_> {
    Failure { code: "message-too-big", message, retry: Retry::Never, errors: &[], details: None }
}

fn publish(endpoints: &[Arc<Served>], body: &[u8]) -> Response {
    let max_depth = endpoints.iter().map(|served| served.options.max_depth).max().unwrap_or_default();
    let text = std::str::from_utf8(body).unwrap_or_default();
    // The body's own object is one level more than the frame it becomes.
    let publication = match serde_json::from_str::<Publication<'_>>(text) {
        Ok(publication) if !is_deeper_than(text, max_depth.saturating_add(1)) => publication,
        Ok(_) => return bad_json("The body is nested too deeply"),
        Err(error) => {
            return bad_json(&format!("The body is not {{\"type\",\"params\",\"payload\"}}: {error}"));
        }
    };
    for served in endpoints {
        let published = match publication.kind.strip_suffix(".update").and_then(|route| served.route(route)) {
            Some((index, _)) => publish_update(served, index, &publication),
            None => match publish_message(served, &publication) {
                Some(published) => published,
                None => continue,
            },
        };
        return match published {
            Ok(published) => axum::Json(published).into_response(),
            Err(faults) => unprocessable(&faults),
        };
    }
    let message = format!("No matching type: {}", publication.kind);
    failure(StatusCode::NOT_FOUND, &Failure::framework(ErrorCode::UnknownType, &message))
}

fn publish_update(served: &Served, index: usize, publication: &Publication<'_>) -> Result<Published, Faults> {
    let service = served.endpoint.topics[index].clone();
    let schemas = &served.endpoint.schemas;
    let route = service.spec().route;
    // Both parts are read before either is judged, so that one answer names the faults of both.
    let payload = match publication.payload {
        Some(payload) => service.read_update(schemas, payload.get()),
        None => Err(Faults::new(vec![Fault::new("", "required", "is required")])),
    };
    let resolved = service.resolve(schemas, publication.params.map(RawValue::get));
    let (resolved, payload) = match (resolved, payload) {
        (Ok(resolved), Ok(payload)) => (resolved, payload),
        (resolved, payload) => {
            let params = resolved.err().map(|faults| faults.below("/params"));
            let payload = payload.err().map(|faults| faults.below("/payload"));
            let all = [params, payload].into_iter().flatten();
            return Err(Faults::new(all.flat_map(|faults| faults.as_slice().to_vec()).collect()));
        }
    };
    let topic = resolved.topic().to_string();
    let Some((_, hub_route)) = served.route(route) else {
        return Ok(Published { subscribers: 0, topic: Some(topic) });
    };
    let reached = hub_route.publish(|| Ok::<_, std::convert::Infallible>(topic.clone()), || Ok(payload));
    let subscribers = reached.unwrap_or_default();
    served.node.shared().metrics.published(route, subscribers);
    Ok(Published { subscribers, topic: Some(topic) })
}

fn publish_message(served: &Served, publication: &Publication<'_>) -> Option<Result<Published, Faults>> {
    let publishable = served.endpoint.publishables.iter().find(|known| known.name() == publication.kind)?;
    let written = publishable.read(&served.endpoint.schemas, publication.payload.map(RawValue::get));
    Some(written.map_err(|faults| faults.below("/payload")).map(|written| {
        let reach = publish_written(&served.audience, &written);
        Published { subscribers: reach.subscribers, topic: None }
    }))
}

fn bad_json(message: &str) -> Response {
    failure(StatusCode::BAD_REQUEST, &Failure::framework(ErrorCode::InvalidJson, message))
}
